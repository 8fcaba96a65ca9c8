//! The catalogue of scopes.

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
