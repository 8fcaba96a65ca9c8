//! Users.

use std::{net::IpAddr, sync::Arc};

use uuid::Uuid;

use crate::{
    actor::Actor,
    authority::Authority,
    hashing::Place,
    live::UserState,
    password::{Password, PasswordHash, Verdict, guessable},
    scope::ScopeSet,
    store::{self, Basis, NewUser, Transaction, UserPage, UserPatch, UserRow},
    throttle::Outcome,
};

use super::{Error, are_own_users, field, fields, fit, known_scopes};

/// A user to be added.
#[derive(Debug, Default)]
pub struct NewAccount {
    pub username: String,
    /// None for a user who cannot log in with a password.
    pub password: Option<Password>,
    pub email: Option<String>,
    pub full_name: Option<String>,
    pub disabled: bool,
    pub scopes: ScopeSet,
}

/// What is to change: `None` leaves a field as it is, `Some(None)` empties it.
#[derive(Debug, Default)]
pub struct Patch {
    pub email: Option<Option<String>>,
    pub full_name: Option<Option<String>>,
    pub disabled: Option<bool>,
    pub scopes: Option<ScopeSet>,
    pub password: Option<Password>,
}

/// The user of a name.
pub async fn user(authority: &Authority, username: &str) -> Result<UserRow, Error> {
    let user = authority.user(username).await?;
    user.ok_or_else(|| Error::NoSuchUser(username.to_owned()))
}

/// The user of a name, from memory where users are Scopegate's own.
pub async fn profile(authority: &Authority, username: &str) -> Result<Arc<UserState>, Error> {
    let user = authority.user_state(username).await?;
    user.ok_or_else(|| Error::NoSuchUser(username.to_owned()))
}

/// Users by name, with a prefix and behind a name; `limit` of them at most.
pub async fn list(
    authority: &Authority,
    prefix: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<UserRow>, Error> {
    let page = UserPage {
        after,
        prefix,
        limit,
    };
    Ok(match &authority.shared_users {
        Some(shared) => shared.users(&page, &authority.live.catalogue()).await?,
        None => authority.store.users(&page).await?,
    })
}

/// Adds a user.
pub async fn add(
    authority: &Authority,
    actor: &Actor,
    account: NewAccount,
) -> Result<UserRow, Error> {
    are_own_users(authority)?;
    fit("username", fields::username(&account.username))?;
    check_profile(account.email.as_deref(), account.full_name.as_deref())?;
    known_scopes(authority, "scopes", &account.scopes)?;
    actor.has_power_over(&account.scopes)?;
    let password_hash = match account.password {
        Some(password) => {
            check_password(authority, "password", &password, &account.username)?;
            Some(hash(authority, password).await?)
        }
        None => None,
    };
    let new = NewUser {
        id: Uuid::now_v7().to_string(),
        username: account.username,
        password_hash,
        email: account.email,
        full_name: account.full_name,
        disabled: account.disabled,
        scopes: account.scopes,
    };
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| {
        match transaction.add_user(&new, now).await {
            Err(store::Error::Exists) => return Err(Error::UserExists(new.username.clone())),
            Err(store::Error::MissingReference) => return Err(vanished(&new.scopes)),
            other => other?,
        }
        stored(transaction, &new.username).await
    };
    authority.write(actor, write).await
}

/// Changes a user; a new password ends all tokens that the user has.
pub async fn change(
    authority: &Authority,
    actor: &Actor,
    username: &str,
    patch: Patch,
) -> Result<UserRow, Error> {
    are_own_users(authority)?;
    check_profile(
        patch.email.as_ref().and_then(Option::as_deref),
        patch.full_name.as_ref().and_then(Option::as_deref),
    )?;
    if let Some(scopes) = &patch.scopes {
        known_scopes(authority, "scopes", scopes)?;
        actor.has_power_over(scopes)?;
    }
    let password_hash = match patch.password {
        Some(password) => {
            actor.has_power_over(&user(authority, username).await?.scopes)?;
            check_password(authority, "password", &password, username)?;
            Some(hash(authority, password).await?)
        }
        None => None,
    };
    let patch = UserPatch {
        email: patch.email,
        full_name: patch.full_name,
        disabled: patch.disabled,
        scopes: patch.scopes,
        password_hash,
    };
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| {
        locked(transaction, actor, username).await?;
        put(transaction, username, &patch, None, now).await?;
        stored(transaction, username).await
    };
    authority.write(actor, write).await
}

/// Gives and takes scopes of a user, leaving all others as they are.
pub async fn change_scopes(
    authority: &Authority,
    actor: &Actor,
    username: &str,
    given: &ScopeSet,
    taken: &ScopeSet,
) -> Result<UserRow, Error> {
    are_own_users(authority)?;
    known_scopes(authority, "scopes", given)?;
    actor.has_power_over(given)?;
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| {
        let before = locked(transaction, actor, username).await?;
        let left = before.scopes.difference(taken);
        let patch = UserPatch {
            scopes: Some(left.iter().chain(given.iter()).cloned().collect()),
            ..UserPatch::default()
        };
        put(transaction, username, &patch, None, now).await?;
        stored(transaction, username).await
    };
    authority.write(actor, write).await
}

/// Changes a user's own password, which ends the tokens that the old one
/// opened, but for the one that asks (the actor's). Of two changes at once with
/// one old password, one wins.
pub async fn change_own_password(
    authority: &Authority,
    actor: &Actor,
    username: &str,
    current: Password,
    new: Password,
    address: IpAddr,
) -> Result<(), Error> {
    are_own_users(authority)?;
    check_password(authority, "new_password", &new, username)?;
    if current.as_bytes().len() > Password::MAX_BYTES {
        return Err(Error::WrongPassword);
    }
    let user = user(authority, username).await?;
    let current = Arc::new(current);
    let attempt = authority
        .throttle
        .admit(&authority.hashing, username, address)
        .await?;
    let checked = check_current(attempt.place(), user.password_hash, current).await;
    let place = attempt.end(outcome(&checked)).await;
    checked?;
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
        let now_stored = stored(transaction, username).await?;
        let is_the_same =
            now_stored.id == user.id && now_stored.password_version == user.password_version;
        if !is_the_same || !transaction.holds(&basis).await? {
            return Err(Error::WrongPassword);
        }
        put(
            transaction,
            username,
            &patch,
            actor.token_id.as_deref(),
            now,
        )
        .await
    };
    authority.write(actor, write).await
}

async fn check_current(
    place: &Place<'_>,
    stored: Option<PasswordHash>,
    current: Arc<Password>,
) -> Result<(), Error> {
    let stored = stored.ok_or(Error::WrongPassword)?;
    match place.verify(current, stored).await?? {
        Verdict::Match { .. } => Ok(()),
        Verdict::Mismatch => Err(Error::WrongPassword),
    }
}

fn outcome(checked: &Result<(), Error>) -> Outcome {
    match checked {
        Ok(()) => Outcome::Right,
        Err(Error::WrongPassword | Error::StoredHash(_)) => Outcome::Wrong,
        Err(_) => Outcome::Unchecked,
    }
}

/// Removes a user and ends all tokens that it has.
pub async fn remove(authority: &Authority, actor: &Actor, username: &str) -> Result<(), Error> {
    are_own_users(authority)?;
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| {
        locked(transaction, actor, username).await?;
        transaction.remove_user(username, now).await?;
        Ok(())
    };
    authority.write(actor, write).await
}

/// The user who is about to change, over whom the actor has power.
async fn locked(
    transaction: &mut Transaction,
    actor: &Actor,
    username: &str,
) -> Result<UserRow, Error> {
    let user = stored(transaction, username).await?;
    actor.has_power_over(&user.scopes)?;
    Ok(user)
}

async fn stored(transaction: &mut Transaction, username: &str) -> Result<UserRow, Error> {
    let user = transaction.user(username).await?;
    user.ok_or_else(|| Error::NoSuchUser(username.to_owned()))
}

async fn put(
    transaction: &mut Transaction,
    username: &str,
    patch: &UserPatch,
    kept: Option<&str>,
    now: i64,
) -> Result<(), Error> {
    let changed = transaction.change_user(username, patch, kept, now).await;
    match (changed, &patch.scopes) {
        (Err(store::Error::MissingReference), Some(scopes)) => Err(vanished(scopes)),
        (other, _) => Ok(other.map(drop)?),
    }
}

async fn hash(authority: &Authority, password: Password) -> Result<PasswordHash, Error> {
    let place = authority.hashing.reserve()?;
    Ok(place.hash(Arc::new(password)).await??)
}

fn check_password(
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
        Some(reason) => Err(self::field(field, reason)),
    }
}

fn check_profile(email: Option<&str>, full_name: Option<&str>) -> Result<(), Error> {
    fit("email", email.map_or(Ok(()), fields::email))?;
    fit("full_name", full_name.map_or(Ok(()), fields::full_name))
}

/// Scopes that left the catalogue between the check and the write.
fn vanished(scopes: &ScopeSet) -> Error {
    field("scopes", format!("not in the catalogue: {scopes}"))
}
