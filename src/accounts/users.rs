//! Users.

use std::{net::IpAddr, sync::Arc};

use uuid::Uuid;

use crate::{
    authority::Authority,
    clock,
    hashing::Place,
    live::UserState,
    password::{Password, PasswordHash, Verdict, guessable},
    scope::ScopeSet,
    store::{self, NewUser, UserPage, UserPatch, UserRow},
    throttle::Outcome,
};

use super::{Error, are_own_users, field, fields, fit, unknown_scopes};

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

/// By whose power users are changed.
#[derive(Debug)]
pub enum Grantor {
    /// The operator at the command line: every scope.
    Operator,
    /// Somebody with a token: the scopes that they may hold. They can neither
    /// hand on others nor change users who hold others.
    Holder(ScopeSet),
}

impl Grantor {
    pub(super) fn check(&self, scopes: &ScopeSet) -> Result<(), Error> {
        match self {
            Self::Operator => Ok(()),
            Self::Holder(held) if scopes.is_subset(held) => Ok(()),
            Self::Holder(held) => Err(Error::BeyondYou(scopes.difference(held))),
        }
    }
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
    account: NewAccount,
    grantor: &Grantor,
) -> Result<UserRow, Error> {
    are_own_users(authority)?;
    fit("username", fields::username(&account.username))?;
    check_profile(account.email.as_deref(), account.full_name.as_deref())?;
    unknown_scopes(authority, "scopes", &account.scopes)?;
    grantor.check(&account.scopes)?;
    let password_hash = match account.password {
        Some(password) => {
            check_password(authority, "password", &password, &account.username)?;
            Some(hash(authority, password).await?)
        }
        None => None,
    };
    let user = NewUser {
        id: Uuid::now_v7().to_string(),
        username: account.username,
        password_hash,
        email: account.email,
        full_name: account.full_name,
        disabled: account.disabled,
        scopes: account.scopes,
    };
    match authority.store.add_user(&user, clock::now()).await {
        Err(store::Error::Exists) => return Err(Error::UserExists(user.username)),
        Err(store::Error::MissingReference) => return Err(vanished(&user.scopes)),
        other => other?,
    }
    authority.live.catch_up().await?;
    self::user(authority, &user.username).await
}

/// Changes a user; a new password ends all tokens that the user has.
pub async fn change(
    authority: &Authority,
    username: &str,
    patch: Patch,
    grantor: &Grantor,
) -> Result<UserRow, Error> {
    are_own_users(authority)?;
    let before = user(authority, username).await?;
    grantor.check(&before.scopes)?;
    check_profile(
        patch.email.as_ref().and_then(Option::as_deref),
        patch.full_name.as_ref().and_then(Option::as_deref),
    )?;
    if let Some(scopes) = &patch.scopes {
        unknown_scopes(authority, "scopes", scopes)?;
        grantor.check(scopes)?;
    }
    let password_hash = match patch.password {
        Some(password) => {
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
    write(authority, username, &patch, None).await?;
    user(authority, username).await
}

/// Changes a user's own password, which ends the tokens that the old one
/// opened, but for the one that asks (`token_id`).
pub async fn change_own_password(
    authority: &Authority,
    username: &str,
    current: Password,
    new: Password,
    token_id: &str,
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
    write(authority, username, &patch, Some(token_id)).await
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
pub async fn remove(authority: &Authority, username: &str, grantor: &Grantor) -> Result<(), Error> {
    are_own_users(authority)?;
    let before = user(authority, username).await?;
    grantor.check(&before.scopes)?;
    if !authority.store.remove_user(username, clock::now()).await? {
        return Err(Error::NoSuchUser(username.to_owned()));
    }
    Ok(authority.live.catch_up().await?)
}

async fn write(
    authority: &Authority,
    username: &str,
    patch: &UserPatch,
    kept: Option<&str>,
) -> Result<(), Error> {
    let changed = authority
        .store
        .change_user(username, patch, kept, clock::now())
        .await;
    match (changed, &patch.scopes) {
        (Err(store::Error::MissingReference), Some(scopes)) => return Err(vanished(scopes)),
        (Ok(false), _) => return Err(Error::NoSuchUser(username.to_owned())),
        (other, _) => other?,
    };
    Ok(authority.live.catch_up().await?)
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
