//! For whom a token is: resource indicators (RFC 8707), and the audience of a
//! token exchange (RFC 8693 §2.1).

use super::{Error, Requester};
use crate::{authority::Authority, token::Audience};

/// The audience that a client asks for: that of the settings where it asks for
/// none.
pub(super) fn requested(
    authority: &Authority,
    client: &Requester,
    requested: &[String],
) -> Result<Audience, Error> {
    if requested.is_empty() {
        return Ok(Audience::One(authority.config.audience.clone()));
    }
    let is_allowed = |audience: &String| client.may_address(authority, audience);
    allowed(requested, is_allowed)
}

/// The audience asked for of those that a token has already: all of them where
/// none is asked for.
pub(super) fn narrowed(requested: &[String], had: &Audience) -> Result<Audience, Error> {
    if requested.is_empty() {
        return Ok(had.clone());
    }
    allowed(requested, |audience| had.contains(audience))
}

fn allowed(requested: &[String], is_allowed: impl Fn(&String) -> bool) -> Result<Audience, Error> {
    if !requested.iter().all(is_allowed) {
        return Err(Error::InvalidTarget);
    }
    let mut audiences: Vec<String> = Vec::new();
    for audience in requested {
        if !audiences.contains(audience) {
            audiences.push(audience.clone());
        }
    }
    Ok(Audience::of(audiences))
}
