//! `scopegate migrate`.

use std::io::{IsTerminal, Write, stderr};

use clap::Args;
use scopegate::store::Store;

use super::{Outcome, block_on, output::line};

/// Move everything from one database into another, empty one
///
/// Stop the servers first: what they write in the meantime is not moved. The source is read as a
/// consistent snapshot and is not changed. Finally the tables are compared by number of rows and
/// digest: either everything is moved or nothing.
#[derive(Args)]
#[command(
    after_help = "Example:\n  scopegate migrate --from sqlite:scopegate.db --to postgres://scopegate@db/scopegate"
)]
pub struct Migrate {
    /// The database to read: sqlite:FILE or postgres://…
    #[arg(long, value_name = "URL")]
    from: String,
    /// The database to fill, which must be empty
    #[arg(long, value_name = "URL")]
    to: String,
}

impl Migrate {
    pub fn run(self) -> Outcome {
        block_on(async {
            let source = Store::open_existing(&self.from).await;
            let source = source.map_err(|error| format!("--from: {error}"))?;
            let target = Store::open(&self.to).await;
            let target = target.map_err(|error| format!("--to: {error}"))?;
            let shows = stderr().is_terminal();
            let progress = |table: &str, rows: u64| {
                if shows {
                    // Over the line before.
                    let _ = write!(stderr(), "\r\x1b[K{table}: {rows}\r");
                }
            };
            let rows = source.move_to(&target, progress).await?;
            line!("moved {rows} rows, and compared them");
            source.close().await;
            target.close().await;
            Ok(())
        })
    }
}
