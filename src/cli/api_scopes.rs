//! `scopegate scope import` and `scopegate scope check`: the OpenAPI documents of the
//! team's own APIs.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use scopegate::{
    actor::Actor,
    api_document::{self, ApiDocument, Checked, Finding, Operation, Requirement, Security},
    authority::Authority,
    scopes::{self, ImportOptions, Imported},
    store::ScopeRow,
};
use serde_json::{Value, json};

use super::{
    Outcome,
    output::{self, line, plain},
};

/// Add the scopes that an API's OpenAPI document declares to the catalogue
///
/// Reads the scopes of its OAuth 2 schemes and of its operations, with their descriptions. OpenAPI
/// 3.0, 3.1 and 3.2, as JSON or YAML. It is safe to run again.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  scopegate scope import openapi.yaml --dry-run\n  scopegate scope import https://api.example.com/openapi.json"
)]
pub struct Import {
    /// The document: a file, an address (https://…), or `-` for standard input
    #[arg(value_name = "FILE-OR-URL")]
    document: String,
    /// Update the descriptions of scopes that exist
    #[arg(long)]
    update: bool,
    /// Print what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Check which scopes the operations of an API require, from its OpenAPI document
///
/// Lists every operation with its scopes. The exit status is 1 if one declares no security,
/// requires a scope that is not in the catalogue, or uses a scheme that does not point at this
/// issuer. `security: []` declares an operation open, which is no error.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  scopegate scope check openapi.yaml --issuer https://auth.example.com\n  scopegate scope check http://127.0.0.1:9000/openapi.json --open /healthz"
)]
pub struct Check {
    /// The document: a file, an address (https://…), or `-` for standard input
    #[arg(value_name = "FILE-OR-URL")]
    document: String,
    /// A path whose operations may be open though the document does not say so
    #[arg(long, value_name = "PATH")]
    open: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Import {
    pub async fn run(self, authority: &Authority) -> Outcome {
        let document = api_document::load(&self.document).await?;
        let options = ImportOptions {
            update: self.update,
            dry_run: self.dry_run,
        };
        let operator = Actor::operator();
        let imported = scopes::import(authority, &operator, &document.scopes(), options).await?;
        match self.json {
            true => output::json(&imported.iter().map(imported_as_json).collect()),
            false => self.print(&document, &imported),
        }
        let is_refused = |(_, outcome): &&(_, _)| matches!(outcome, Imported::Refused(_));
        match imported.iter().filter(is_refused).count() {
            0 => Ok(()),
            refused => Err(format!("{refused} of {} scopes refused", imported.len()).into()),
        }
    }

    fn print(&self, document: &ApiDocument, imported: &[(ScopeRow, Imported)]) {
        if imported.is_empty() {
            line!("{}: no scopes", plain(&document.title));
            return;
        }
        let rows: Vec<Vec<String>> = imported
            .iter()
            .map(|(scope, outcome)| {
                let about = match outcome {
                    Imported::Refused(unfit) => unfit.to_string(),
                    _ => scope.description.clone(),
                };
                vec![plain(&scope.name), word(outcome).to_owned(), plain(&about)]
            })
            .collect();
        output::table(&["scope", "", "description"], &rows);
        if self.dry_run {
            line!("nothing was changed (--dry-run)");
        }
    }
}

fn word(outcome: &Imported) -> &'static str {
    match outcome {
        Imported::Added => "added",
        Imported::Changed => "changed",
        Imported::Unchanged => "unchanged",
        Imported::Builtin => "built in",
        Imported::Refused(_) => "refused",
    }
}

fn imported_as_json((scope, outcome): &(ScopeRow, Imported)) -> Value {
    let mut value = json!({
        "name": scope.name,
        "description": scope.description,
        "outcome": word(outcome),
    });
    if let Imported::Refused(unfit) = outcome {
        value["detail"] = unfit.to_string().into();
    }
    value
}

impl Check {
    pub async fn run(self, authority: &Authority) -> Outcome {
        let document = api_document::load(&self.document).await?;
        let catalogue = authority.store.scopes().await?;
        let catalogue: BTreeSet<&str> = catalogue.iter().map(|row| row.name.as_str()).collect();
        for path in &self.open {
            if !document.operations.iter().any(|one| one.path == *path) {
                return Err(format!("--open {path}: the document has no such path").into());
            }
        }
        let mut checked = document.check(&authority.config.issuer, &catalogue);
        for one in &mut checked {
            if self.open.contains(&one.operation.path) {
                one.findings.retain(|found| *found != Finding::NoSecurity);
            }
        }
        match self.json {
            true => output::json(&json!({
                "title": document.title,
                "issuer": authority.config.issuer,
                "operations": checked.iter().map(checked_as_json).collect::<Vec<_>>(),
            })),
            false => print(&checked),
        }
        match checked
            .iter()
            .filter(|one| !one.findings.is_empty())
            .count()
        {
            0 => Ok(()),
            bad => Err(format!(
                "{bad} of {} operations do not require what this issuer gives",
                checked.len()
            )
            .into()),
        }
    }
}

fn print(checked: &[Checked<'_>]) {
    let rows: Vec<Vec<String>> = checked
        .iter()
        .map(|one| {
            let findings = one.findings.iter().map(Finding::to_string);
            vec![
                one.operation.method.clone(),
                plain(&one.operation.path),
                plain(&requires(&one.operation.security)),
                plain(&findings.collect::<Vec<_>>().join("; ")),
            ]
        })
        .collect();
    output::table(&["method", "path", "requires", ""], &rows);
}

/// What is required, for people: scopes with blanks between them, the ways with "or".
fn requires(security: &Security) -> String {
    match security {
        Security::Missing => "?".to_owned(),
        Security::Open => "nothing".to_owned(),
        Security::OneOf(ways) => {
            let ways: BTreeSet<String> = ways.iter().map(way).collect();
            ways.into_iter().collect::<Vec<_>>().join(" or ")
        }
    }
}

fn way(requirement: &Requirement) -> String {
    if requirement.is_empty() {
        return "nothing".to_owned();
    }
    let each = requirement
        .iter()
        .map(|(scheme, scopes)| match scopes.as_slice() {
            [] => format!("({scheme})"),
            scopes => scopes.join(" "),
        });
    each.collect::<Vec<_>>().join(" and ")
}

fn checked_as_json(checked: &Checked<'_>) -> Value {
    let Operation {
        method,
        path,
        id,
        security,
    } = checked.operation;
    let ways: Option<&[BTreeMap<_, _>]> = match security {
        Security::Missing => None,
        Security::Open => Some(&[]),
        Security::OneOf(ways) => Some(ways),
    };
    let findings = checked
        .findings
        .iter()
        .map(|finding| json!({"kind": finding.kind(), "detail": finding.to_string()}));
    json!({
        "method": method,
        "path": path,
        "operation_id": id,
        "security": ways,
        "findings": findings.collect::<Vec<_>>(),
    })
}
