//! Texts that people bring: in UTF-8 with or without a byte order mark, or in UTF-16 with
//! one, as spreadsheets and editors of Windows write them.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use encoding_rs_io::DecodeReaderBytesBuilder;

/// The same text in UTF-8, without a byte order mark. What is not UTF-16 passes as it is.
pub fn in_utf8<R: Read>(text: R) -> impl Read + use<R> {
    DecodeReaderBytesBuilder::new()
        .utf8_passthru(true)
        .strip_bom(true)
        .build(text)
}

/// A text that cannot move a cursor or hide what is beside it, and that every database takes.
pub fn without_controls(text: &str) -> String {
    let visible = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(visible).collect()
}

/// Reads a whole text.
///
/// # Errors
/// It cannot be read, or is no text.
pub fn read(text: impl Read) -> io::Result<String> {
    let mut read = String::new();
    in_utf8(text).read_to_string(&mut read)?;
    Ok(read)
}

/// Reads a file that is a text.
///
/// # Errors
/// As for [`read`].
pub fn read_file(path: &Path) -> io::Result<String> {
    read(File::open(path)?)
}
