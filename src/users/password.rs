//! Passwords of users: new ones, and a change of one's own.

use std::{net::IpAddr, sync::Arc};

use super::{are_own_users, login::log_in_and_stay, put, stored};
use crate::{
    actor::Actor,
    authority::Authority,
    error::Error,
    fields::{self, Unfit, fit},
    password::{Password, PasswordHash, guessable},
    store::{Basis, Transaction, UserPatch},
    throttle::Origin,
    users::NotLoggedIn,
};

/// Changes a user's own password, which ends the tokens that the old one
/// opened, but for the one that asks (the actor's). Of two changes at once with
/// one old password, one wins.
pub async fn change_own_password(
    authority: &Arc<Authority>,
    actor: &Actor,
    username: &str,
    current: Password,
    new: Password,
    address: IpAddr,
) -> Result<(), Error> {
    are_own_users(authority)?;
    check_password(authority, "new_password", &new, username)?;
    let (user, place) = log_in_and_stay(authority, username, current, Origin::Address(address))
        .await
        .map_err(|error| match error {
            NotLoggedIn::Refused(_) => Error::WrongPassword,
            NotLoggedIn::Throttled(throttled) => throttled.into(),
            NotLoggedIn::Infrastructure(failure) => failure.into(),
        })?;
    let patch = UserPatch {
        password_hash: Some(place.hash(Arc::new(new)).await??),
        ..UserPatch::default()
    };
    let basis = Basis {
        token: actor.token_id.as_deref(),
        ..Basis::default()
    };
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| {
        let found = stored(transaction, username).await?;
        let is_the_same = found.id == user.id && found.password_version == user.password_version;
        if !is_the_same || !transaction.holds(&basis).await? {
            return Err(Error::WrongPassword);
        }
        let kept = actor.token_id.as_deref();
        put(transaction, actor, username, &patch, kept, now).await
    };
    authority.write(actor, write).await
}

pub(super) async fn hash(authority: &Authority, password: Password) -> Result<PasswordHash, Error> {
    let place = authority.hashing.reserve()?;
    Ok(place.hash(Arc::new(password)).await??)
}

pub(super) fn check_password(
    authority: &Authority,
    field: &'static str,
    password: &Password,
    username: &str,
) -> Result<(), Error> {
    fit(field, fields::new_password(password.as_bytes()))?;
    if !authority.config.password_check {
        return Ok(());
    }
    let host = authority.config.issuer.split("://").last();
    let about = [username, host.unwrap_or_default(), "scopegate"];
    match guessable(password, &about) {
        None => Ok(()),
        Some(reason) => Err(Unfit::new(field, reason).into()),
    }
}
