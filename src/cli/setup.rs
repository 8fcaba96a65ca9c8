//! `scopegate apply` and `scopegate export`.

use clap::{Args, ValueEnum};
use scopegate::{
    actor::Actor,
    authority::Authority,
    setup::{self, Format, Options},
};
use serde_json::json;

use super::{
    Outcome, Settings, block_on,
    output::{self, line},
};

/// Create and change scopes, subject kinds, clients and users to match a file
///
/// Prints the differences, and applies them in one transaction. What the file does not mention
/// stays as it is. It is safe to run again. `scopegate export` writes such a file.
///
/// A user's password comes from `password_hash`, `password_file` or `password_variable`, and is
/// used only when the user is added. A client's secret comes from `secret_file` or
/// `secret_variable`; a new client without one gets a generated one, which is shown once.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  scopegate apply setup.yaml --dry-run\n  scopegate apply setup.yaml --prune"
)]
pub struct Apply {
    /// The file, in TOML, YAML or JSON; `-` for standard input
    file: String,
    /// Print the differences, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Remove what the sections of the file do not list
    #[arg(long)]
    prune: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Print scopes, subject kinds, clients and users as a file for apply
///
/// Secrets, passwords and clients that registered themselves are left out.
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate export > setup.yaml")]
pub struct Export {
    /// The format
    #[arg(long, value_name = "FORMAT", default_value = "yaml")]
    format: Written,
    /// Print JSON, as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Written {
    Toml,
    Yaml,
    Json,
}

impl From<Written> for Format {
    fn from(written: Written) -> Self {
        match written {
            Written::Toml => Self::Toml,
            Written::Yaml => Self::Yaml,
            Written::Json => Self::Json,
        }
    }
}

impl Apply {
    pub fn run(self, settings: Settings) -> Outcome {
        let config = settings.check()?;
        let setup = setup::read(&self.file)?;
        block_on(async {
            let authority = Authority::open(config).await?;
            let options = Options { prune: self.prune };
            let plan = setup::plan(&authority, &setup, options).await?;
            let changes = plan.lines();
            if !self.json {
                for change in &changes {
                    line!("{change}");
                }
            }
            let secrets = match self.dry_run {
                true => Vec::new(),
                false => setup::apply(&authority, &Actor::operator(), plan).await?,
            };
            if self.json {
                let secrets: serde_json::Map<_, _> = secrets
                    .iter()
                    .map(|(id, secret)| (id.clone(), secret.expose().into()))
                    .collect();
                output::json(&json!({
                    "changes": changes,
                    "applied": !self.dry_run,
                    "client_secrets": secrets,
                }));
                return Ok(());
            }
            for (id, secret) in secrets {
                line!("secret of {id}, shown only once: {}", secret.expose());
            }
            match (changes.len(), self.dry_run) {
                (0, _) => line!("nothing differs"),
                (_, true) => line!("nothing was changed (--dry-run)"),
                (_, false) => {}
            }
            Ok(())
        })
    }
}

impl Export {
    pub fn run(self, settings: Settings) -> Outcome {
        let config = settings.check()?;
        let format = if self.json {
            Written::Json
        } else {
            self.format
        };
        block_on(async {
            let authority = Authority::open(config).await?;
            let setup = setup::export(&authority).await?;
            line!("{}", setup.write(format.into())?.trim_end());
            Ok(())
        })
    }
}
