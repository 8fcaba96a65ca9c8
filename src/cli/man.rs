//! `scopegate man`.

use std::{fs, path::PathBuf};

use clap::{Args, Command};
use clap_mangen::generate_to;

use super::{Outcome, output::line};

/// Write the manual pages, one for each command
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate man /usr/local/share/man/man1")]
pub struct Man {
    /// The folder to write them to, which is created if it does not exist
    folder: PathBuf,
}

impl Man {
    pub fn run(self, command: Command) -> Outcome {
        let folder = self.folder.display();
        fs::create_dir_all(&self.folder)
            .and_then(|()| generate_to(command, &self.folder))
            .map_err(|error| format!("the manual pages cannot be written to {folder}: {error}"))?;
        line!("wrote the manual pages to {folder}");
        Ok(())
    }
}
