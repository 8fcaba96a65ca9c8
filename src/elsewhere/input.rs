//! The file that users are read from, or standard input.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

/// A file, or standard input.
pub(super) type Input = BufReader<Box<dyn Read + Send>>;

/// Why a file cannot be read.
pub(super) enum FileError {
    Io(io::Error),
    Header(String),
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
    Ok(BufReader::new(file))
}
