//! The catalogue of scopes.

use crate::{
    authority::Authority,
    clock,
    store::{self, ScopeRow},
};

use super::{Error, fields, fit};

/// Adds a scope of the team's own APIs.
pub async fn add_scope(
    authority: &Authority,
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
        created_at: clock::now(),
    };
    match authority.store.add_scope(&row).await {
        Err(store::Error::Exists) => return Err(Error::ScopeExists(row.name)),
        other => other?,
    }
    authority.live.catch_up().await?;
    Ok(row)
}

/// Removes a scope from the catalogue and from everybody who holds it.
pub async fn remove_scope(authority: &Authority, name: &str) -> Result<(), Error> {
    let scopes = authority.store.scopes().await?;
    match scopes.iter().find(|scope| scope.name == name) {
        None => return Err(Error::NoSuchScope(name.to_owned())),
        Some(scope) if scope.builtin => return Err(Error::BuiltinScope(name.to_owned())),
        Some(_) => {}
    }
    authority.store.remove_scope(name, clock::now()).await?;
    Ok(authority.live.catch_up().await?)
}
