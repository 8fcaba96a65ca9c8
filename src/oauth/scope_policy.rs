//! Which scopes a token gets: those asked for that the user may hold.

use std::collections::HashSet;

use crate::scope::{Scope, ScopeSet};

use super::Error;

/// The scopes to be granted of those `requested` (RFC 6749 §3.3). Nothing asked
/// for is nothing granted; something asked for of which nothing is left is an
/// error.
pub(super) fn grant(
    requested: Option<&str>,
    held: &ScopeSet,
    catalogue: &HashSet<Scope>,
) -> Result<ScopeSet, Error> {
    let requested = ScopeSet::parse(requested.unwrap_or_default())
        .map_err(|error| Error::InvalidScope(error.to_string()))?;
    if let Some(unknown) = requested.iter().find(|scope| !catalogue.contains(*scope)) {
        return Err(Error::InvalidScope(format!("there is no scope {unknown}")));
    }
    let granted = requested.intersection(held);
    if granted.is_empty() && !requested.is_empty() {
        return Err(Error::InvalidScope(
            "the user holds none of these scopes".to_owned(),
        ));
    }
    Ok(granted)
}
