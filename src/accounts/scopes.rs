//! The catalogue of scopes.

use crate::{
    actor::Actor,
    authority::Authority,
    store::{self, ScopeRow, Transaction},
};

use super::{Error, fields, fit};

/// Adds a scope of the team's own APIs.
pub async fn add_scope(
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
pub async fn remove_scope(authority: &Authority, actor: &Actor, name: &str) -> Result<(), Error> {
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
