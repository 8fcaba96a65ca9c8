//! `scopegate backup`.

use std::path::PathBuf;

use clap::Args;
use scopegate::store::Store;

use super::{Outcome, Settings, block_on, output::line};

/// Write a copy of the database, which may be in use, into a new file
///
/// The copy is a consistent snapshot, and is checked. To restore it, put it in the place of the
/// database while no server runs. For PostgreSQL use `pg_dump`. Neither contains the key encryption
/// key.
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate backup /backup/scopegate-2026-11-26.db")]
pub struct Backup {
    /// The file, which must not exist yet
    file: PathBuf,
}

impl Backup {
    pub fn run(self, settings: Settings) -> Outcome {
        let config = settings.check()?;
        block_on(async {
            let store = Store::open_existing(config.database_url.expose()).await?;
            let bytes = store.back_up(&self.file).await?;
            line!("{}: {bytes} bytes", self.file.display());
            Ok(())
        })
    }
}
