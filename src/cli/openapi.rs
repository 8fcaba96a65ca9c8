//! `scopegate openapi`.

use clap::Args;
use scopegate::api::Served;

use super::{Outcome, output::line};

/// Print the OpenAPI document
///
/// The document is derived from the code: the same that a running server shows at `/openapi.json`.
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate openapi --yaml > scopegate.yaml")]
pub struct OpenApi {
    /// Print YAML
    #[arg(long)]
    yaml: bool,

    /// Print JSON, which is the default
    #[arg(long, conflicts_with = "yaml")]
    json: bool,
}

impl OpenApi {
    pub fn run(self) -> Outcome {
        let document = if self.yaml {
            scopegate::api::document_yaml(&Served::default())?
        } else {
            scopegate::api::document_json(&Served::default())?
        };
        line!("{}", document.trim_end());
        Ok(())
    }
}
