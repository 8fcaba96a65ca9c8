//! `scopegate subject-kind`.

use clap::{Args, Subcommand};
use scopegate::{actor::Actor, authority::Authority, kinds, scope::Scope, store::SubjectKindRow};
use serde_json::json;

use super::{
    Outcome, Settings, block_on,
    output::{self, line},
};

/// Kinds of subjects without accounts, such as cars: what tokens may be about, besides users and
/// clients
#[derive(Subcommand)]
#[command(
    after_help = "Examples:\n  scopegate subject-kind add car --scope items\n  scopegate subject-kind list"
)]
pub enum SubjectKind {
    Add(Add),
    List(List),
    Remove(Remove),
}

/// Add a kind, with the scopes that tokens of its subjects may carry
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate subject-kind add car --scope drive")]
pub struct Add {
    /// The part before the colon: a-z, 0-9 and `-`, beginning with a letter
    kind: String,
    /// A scope that its tokens may carry; may be repeated
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<Scope>,
    /// Print the kind as JSON
    #[arg(long)]
    json: bool,
}

/// List the kinds by name
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate subject-kind list --json")]
pub struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Remove a kind, and end all tokens of its subjects
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate subject-kind remove car")]
pub struct Remove {
    /// The kind
    kind: String,
}

impl SubjectKind {
    pub fn run(self, settings: Settings) -> Outcome {
        let config = settings.check()?;
        block_on(async {
            let authority = Authority::open(config).await?;
            match self {
                Self::Add(add) => {
                    let kind = SubjectKindRow {
                        name: add.kind,
                        scopes: add.scope.into_iter().collect(),
                    };
                    let kind = kinds::add(&authority, &Actor::operator(), kind).await?;
                    if add.json {
                        output::json(&as_json(&kind));
                    } else {
                        line!("added subject kind {}", kind.name);
                    }
                }
                Self::List(list) => print(&authority.store.subject_kinds().await?, list.json),
                Self::Remove(remove) => {
                    kinds::remove(&authority, &Actor::operator(), &remove.kind).await?;
                    line!("removed subject kind {}", remove.kind);
                }
            }
            Ok(())
        })
    }
}

fn print(kinds: &[SubjectKindRow], json: bool) {
    if json {
        output::json(&kinds.iter().map(as_json).collect());
        return;
    }
    let as_row = |kind: &SubjectKindRow| vec![kind.name.clone(), kind.scopes.to_string()];
    let rows: Vec<Vec<String>> = kinds.iter().map(as_row).collect();
    output::table(&["kind", "scopes"], &rows);
}

fn as_json(kind: &SubjectKindRow) -> serde_json::Value {
    json!({"kind": kind.name, "scopes": kind.scopes})
}
