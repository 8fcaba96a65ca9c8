//! `scopegate scope`.

use clap::{Args, Subcommand};
use scopegate::{actor::Actor, authority::Authority, scopes, store::ScopeRow};
use serde_json::json;

use super::api_scopes::{Check, Import};

use super::{
    Outcome, Settings, block_on,
    output::{self, line, plain},
};

/// The catalogue: the scopes that tokens may have
#[derive(Subcommand)]
#[command(
    after_help = "Examples:\n  scopegate scope add items --description \"Read items\"\n  scopegate scope list"
)]
pub enum Scope {
    Add(Add),
    List(List),
    Remove(Remove),
    Import(Import),
    Check(Check),
}

/// Add a scope of your own APIs
///
/// Administrators (added with --admin) hold it at once, as long as they hold every other scope.
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate scope add items --description \"Read items\"")]
pub struct Add {
    /// Its name in tokens: printable ASCII without spaces, quotes and backslashes
    name: String,
    /// What it allows, in words for the people who are asked for it
    #[arg(long, default_value = "")]
    description: String,
    /// Print the scope as JSON
    #[arg(long)]
    json: bool,
}

/// List the catalogue
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate scope list --json")]
pub struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Remove a scope, including from everyone who holds it
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate scope remove items")]
pub struct Remove {
    /// The scope
    name: String,
}

impl Scope {
    pub fn run(self, settings: Settings) -> Outcome {
        let config = settings.check()?;
        block_on(async {
            let authority = Authority::open(config).await?;
            match self {
                Self::Add(add) => {
                    let scope =
                        scopes::add(&authority, &Actor::operator(), &add.name, &add.description)
                            .await?;
                    if add.json {
                        output::json(&as_json(&scope));
                    } else {
                        line!("added scope {}", scope.name);
                    }
                }
                Self::List(list) => print(&authority.store.scopes().await?, list.json),
                Self::Remove(remove) => {
                    scopes::remove(&authority, &Actor::operator(), &remove.name).await?;
                    line!("removed scope {}", remove.name);
                }
                Self::Import(import) => import.run(&authority).await?,
                Self::Check(check) => check.run(&authority).await?,
            }
            Ok(())
        })
    }
}

fn print(scopes: &[ScopeRow], json: bool) {
    if json {
        output::json(&scopes.iter().map(as_json).collect());
        return;
    }
    let rows: Vec<Vec<String>> = scopes
        .iter()
        .map(|scope| {
            let origin = if scope.builtin { "built in" } else { "" };
            vec![
                scope.name.clone(),
                origin.to_owned(),
                plain(&scope.description),
            ]
        })
        .collect();
    output::table(&["scope", "", "description"], &rows);
}

fn as_json(scope: &ScopeRow) -> serde_json::Value {
    json!({
        "name": scope.name,
        "description": scope.description,
        "builtin": scope.builtin,
    })
}
