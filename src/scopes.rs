//! The catalogue of scopes.

use std::collections::BTreeMap;

use crate::{
    actor::Actor,
    authority::Authority,
    error::Error,
    fields::{self, Unfit, fit},
    scope::{Scope, ScopeSet},
    store::{self, ScopeRow, Transaction},
};

/// Adds a scope of the team's own APIs.
pub async fn add(
    authority: &Authority,
    actor: &Actor,
    name: &str,
    description: &str,
) -> Result<ScopeRow, Error> {
    let description = description.trim();
    fit("name", fields::scope_name(name))?;
    fit("description", fields::description(description))?;
    let row = ScopeRow {
        name: name.to_owned(),
        description: description.to_owned(),
        builtin: false,
        created_at: authority.clock.now(),
    };
    let write = async |transaction: &mut Transaction| match transaction.add_scope(&row).await {
        Err(store::Error::Exists) => Err(Error::ScopeExists(row.name.clone())),
        other => Ok(other?),
    };
    authority.write(actor, write).await?;
    Ok(row)
}

/// What becomes of a scope that is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    Added,
    /// It was there with another description, and has this one now.
    Changed,
    /// It is as it was.
    Unchanged,
    /// It is one of Scopegate's own.
    Builtin,
    Refused(Unfit),
}

/// How scopes are imported.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportOptions {
    /// Whether an existing scope gets the new description.
    pub update: bool,
    /// Whether nothing is changed.
    pub dry_run: bool,
}

/// Adds the scopes that are missing, in one transaction, and says of each what became of it.
pub async fn import(
    authority: &Authority,
    actor: &Actor,
    scopes: &BTreeMap<&str, &str>,
    options: ImportOptions,
) -> Result<Vec<(ScopeRow, Imported)>, Error> {
    let known = authority.store.scopes().await?;
    let now = authority.clock.now();
    let plan: Vec<(ScopeRow, Imported)> = scopes
        .iter()
        .map(|(name, description)| {
            let row = ScopeRow {
                name: (*name).to_owned(),
                // In documents they have several lines.
                description: description.split_whitespace().collect::<Vec<_>>().join(" "),
                builtin: false,
                created_at: now,
            };
            let known = known.iter().find(|scope| scope.name == row.name);
            let outcome = planned(&row, known, options.update);
            (row, outcome)
        })
        .collect();
    let is_change = |(_, outcome): &_| matches!(outcome, Imported::Added | Imported::Changed);
    if options.dry_run || !plan.iter().any(is_change) {
        return Ok(plan);
    }
    let write = async |transaction: &mut Transaction| {
        for (row, outcome) in &plan {
            match outcome {
                Imported::Added => match transaction.add_scope(row).await {
                    Err(store::Error::Exists) => return Err(Error::ScopeExists(row.name.clone())),
                    other => other?,
                },
                Imported::Changed => {
                    let (name, description) = (&row.name, &row.description);
                    transaction.describe_scope(name, description, now).await?;
                }
                _ => {}
            }
        }
        Ok(())
    };
    authority.write(actor, write).await?;
    Ok(plan)
}

fn planned(row: &ScopeRow, known: Option<&ScopeRow>, update: bool) -> Imported {
    let is_fit = fit("name", fields::scope_name(&row.name))
        .and_then(|()| fit("description", fields::description(&row.description)));
    match (is_fit, known) {
        (Err(unfit), _) => Imported::Refused(unfit),
        (Ok(()), None) => Imported::Added,
        (Ok(()), Some(known)) if known.builtin => Imported::Builtin,
        (Ok(()), Some(known)) => {
            let is_new = !row.description.is_empty() && row.description != known.description;
            if update && is_new {
                Imported::Changed
            } else {
                Imported::Unchanged
            }
        }
    }
}

/// Removes a scope from the catalogue and from everybody who holds it.
pub async fn remove(authority: &Authority, actor: &Actor, name: &str) -> Result<(), Error> {
    let scopes = authority.store.scopes().await?;
    match scopes.iter().find(|scope| scope.name == name) {
        None => return Err(Error::NoSuchScope(name.to_owned())),
        Some(scope) if scope.builtin => return Err(Error::BuiltinScope(name.to_owned())),
        Some(_) => {}
    }
    let now = authority.clock.now();
    let write =
        async |transaction: &mut Transaction| match transaction.remove_scope(name, now).await? {
            true => Ok(()),
            false => Err(Error::NoSuchScope(name.to_owned())),
        };
    authority.write(actor, write).await
}

/// Refuses scopes that are not in the catalogue, and more than a token can carry.
pub fn check(authority: &Authority, name: &'static str, scopes: &ScopeSet) -> Result<(), Error> {
    known(authority, name, scopes)?;
    check_limits(name, scopes)
}

/// Refuses more scopes than a token can carry.
pub fn check_limits(name: &'static str, scopes: &ScopeSet) -> Result<(), Error> {
    let checked = scopes.check_limits();
    Ok(fit(name, checked.map_err(|error| error.to_string()))?)
}

/// Refuses scopes that are not in the catalogue.
pub fn known(authority: &Authority, name: &'static str, scopes: &ScopeSet) -> Result<(), Error> {
    let catalogue = authority.live.catalogue();
    let is_unknown = |scope: &&Scope| !catalogue.contains(*scope);
    let unknown: ScopeSet = scopes.iter().filter(is_unknown).cloned().collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(Unfit::new(name, format!(
                "not in the catalogue: {unknown} (add a scope with `scopegate scope add` or POST /scopes)"
            )).into()),
    }
}
