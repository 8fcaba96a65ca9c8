//! The file that users are read from, or standard input.

use std::{
    fs::File,
    io::{self, BufReader, Cursor, Read},
    path::Path,
};

use crate::text;

/// A file, or standard input.
pub(super) type Input = BufReader<Box<dyn Read + Send>>;

/// How much of a file is read before anybody looks.
const HEAD_BYTES: u64 = 64 * 1024;

/// Why a file cannot be read.
pub(super) enum FileError {
    Io(io::Error),
    Header(String),
    /// What is wrong with a document as a whole.
    Document(String),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

pub(super) fn open(path: &Path) -> Result<Input, FileError> {
    let file: Box<dyn Read + Send> = if path.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path)?)
    };
    let mut text = text::in_utf8(file);
    // How a file begins says what it is: it is read first.
    let mut head = Vec::new();
    text.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(BufReader::new(Box::new(Cursor::new(head).chain(text))))
}
