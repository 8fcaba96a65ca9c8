//! `scopegate token`.

use clap::Subcommand;

use super::{Outcome, Settings, inspect::Inspect};

/// Tokens: explain one
#[derive(Subcommand)]
pub enum Token {
    Inspect(Inspect),
}

impl Token {
    pub fn run(self, settings: Settings) -> Outcome {
        match self {
            Self::Inspect(inspect) => inspect.run(settings),
        }
    }
}
