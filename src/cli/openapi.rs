//! `scopegate openapi`.

use clap::{Args, ValueEnum};
use scopegate::api::{Reader, Served};

use super::{Outcome, output::line};

/// Print the OpenAPI document
///
/// The document is derived from the code: it is the one that a running server serves at
/// `/openapi.json`.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  scopegate openapi --yaml > scopegate.yaml\n  scopegate openapi --for progenitor > scopegate.json"
)]
pub struct OpenApi {
    /// Print YAML
    #[arg(long)]
    yaml: bool,

    /// Print JSON, which is the default
    #[arg(long, conflicts_with = "yaml")]
    json: bool,

    /// Adapt it to a generator that does not support all of it
    #[arg(long = "for", value_name = "GENERATOR")]
    generator: Option<Generator>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Generator {
    /// Clients in Rust
    Progenitor,
}

impl From<Generator> for Reader {
    fn from(generator: Generator) -> Self {
        match generator {
            Generator::Progenitor => Self::Progenitor,
        }
    }
}

impl OpenApi {
    pub fn run(self) -> Outcome {
        let served = Served {
            reader: self.generator.map(Reader::from),
            ..Served::default()
        };
        let document = if self.yaml {
            scopegate::api::document_yaml(&served)?
        } else {
            scopegate::api::document_json(&served)?
        };
        line!("{}", document.trim_end());
        Ok(())
    }
}
