//! The file of a SQLite database.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::{Error, Result};

/// A file that was opened: its name, and which file that was. A connection keeps the file
/// that it opened, whatever becomes of the name: what it wrote then would be gone with it.
#[derive(Clone, Debug)]
pub struct DatabaseFile {
    path: PathBuf,
    log: PathBuf,
    identity: Identity,
}

/// What tells one write to a database from another, but for two within one tick of the
/// system's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastWrite {
    size: u64,
    modified: (i64, i64),
}

impl DatabaseFile {
    /// Creates the file if it is missing. It holds password hashes and private keys;
    /// SQLite gives its mode to the write-ahead log beside it.
    pub fn create(path: &Path) -> io::Result<Self> {
        let created = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path);
        match created {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let identity = identity(path)?;
        // Settled, so that it is still found from elsewhere.
        let path = path.canonicalize()?;
        let mut log = path.clone().into_os_string();
        log.push("-wal");
        Ok(Self {
            path,
            log: log.into(),
            identity,
        })
    }

    /// The last write to the write-ahead log, by whichever process; none where there is no
    /// log.
    pub fn last_write(&self) -> Option<LastWrite> {
        let found = fs::metadata(&self.log).ok()?;
        Some(LastWrite {
            size: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
        })
    }

    /// Refuses where the name is gone or another file's by now.
    pub fn check(&self) -> Result<()> {
        let is_the_same = identity(&self.path).is_ok_and(|found| found == self.identity);
        match is_the_same {
            true => Ok(()),
            false => Err(Error::FileGone(self.path.clone())),
        }
    }
}

/// Which file it is, whatever its name: device and inode.
pub(super) type Identity = (u64, u64);

/// Which file has a name at the moment.
pub(super) fn identity(path: &Path) -> io::Result<Identity> {
    let found = fs::metadata(path)?;
    Ok((found.dev(), found.ino()))
}
