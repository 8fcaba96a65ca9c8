//! Which scopes a token gets: requested, and held, and open to the client.

use std::collections::HashSet;

use super::{Error, Requester};
use crate::{
    authority::Authority,
    scope::{Scope, ScopeSet},
};

/// The scopes to be granted of those `requested` (RFC 6749 §3.3). Nothing asked
/// for gives the client's default scopes; something asked for of which nothing
/// is left is an error.
pub(super) fn grant(
    authority: &Authority,
    client: &Requester,
    requested: Option<&str>,
    held: &ScopeSet,
) -> Result<ScopeSet, Error> {
    let catalogue = authority.live.catalogue();
    let asked = parse(requested, &catalogue)?;
    let wanted = match asked.is_empty() {
        true => client.default_scopes(),
        false => asked.clone(),
    };
    let granted = open_to(client, wanted.intersection(held));
    if asked.is_empty() && granted.is_empty() {
        tracing::info!(
            client = client.id(),
            "the token can do nothing: the request named no scope, and the client has no default \
             scopes"
        );
    }
    if granted.is_empty() && !asked.is_empty() {
        return Err(nothing_left());
    }
    Ok(granted)
}

/// The scopes that a client may ask a user for of those `requested`, before it is
/// known who the user is.
pub(super) fn askable(
    authority: &Authority,
    client: &Requester,
    requested: Option<&str>,
) -> Result<ScopeSet, Error> {
    let asked = parse(requested, &authority.live.catalogue())?;
    if asked.is_empty() {
        return Ok(client.default_scopes());
    }
    let askable = open_to(client, asked);
    if askable.is_empty() {
        return Err(nothing_left());
    }
    Ok(askable)
}

fn open_to(client: &Requester, scopes: ScopeSet) -> ScopeSet {
    match client.scopes() {
        Some(open) => scopes.intersection(open),
        None => scopes,
    }
}

/// The scopes asked for of those that a token has already: all of them where
/// nothing is asked for. One more is an error (RFC 6749 §6). Of them those are
/// given that are `open` to user and client here and now.
pub(super) fn narrow(
    authority: &Authority,
    requested: Option<&str>,
    had: &ScopeSet,
    open: &ScopeSet,
) -> Result<ScopeSet, Error> {
    let asked = parse(requested, &authority.live.catalogue())?;
    if asked.is_empty() {
        return Ok(had.intersection(open));
    }
    let further = asked.difference(had);
    if !further.is_empty() {
        return Err(Error::InvalidScope(format!(
            "the token does not have: {further}"
        )));
    }
    let granted = asked.intersection(open);
    if granted.is_empty() {
        return Err(nothing_left());
    }
    Ok(granted)
}

fn nothing_left() -> Error {
    Error::InvalidScope("none of these scopes can be granted".to_owned())
}

fn parse(requested: Option<&str>, catalogue: &HashSet<Scope>) -> Result<ScopeSet, Error> {
    let asked = ScopeSet::parse(requested.unwrap_or_default())
        .map_err(|error| Error::InvalidScope(error.to_string()))?;
    if let Some(unknown) = asked.iter().find(|scope| !catalogue.contains(*scope)) {
        return Err(Error::InvalidScope(format!("there is no scope {unknown}")));
    }
    Ok(asked)
}
