//! Users: what is done to them, how they log in, and how those of other applications
//! are imported.

pub mod import;
mod login;
mod password;

use std::sync::Arc;

use uuid::Uuid;

pub use login::{LoginRefused, NotLoggedIn, log_in};
pub use password::change_own_password;

use password::{check_password, hash};

use crate::{
    actor::Actor,
    authority::Authority,
    error::Error,
    fields::{self, Unfit, fit},
    live::UserState,
    password::{Password, PasswordHash},
    profile::{Profile, ProfilePatch},
    scope::ScopeSet,
    scopes,
    store::{self, NewUser, Transaction, UserPage, UserPatch, UserRow},
};

/// A user to be added.
#[derive(Debug, Default)]
pub struct NewAccount {
    pub username: String,
    /// None for a user who cannot log in with a password.
    pub password: Option<Password>,
    pub profile: Profile,
    pub disabled: bool,
    pub scopes: ScopeSet,
}

/// A change: `None` leaves a field as it is, `Some(None)` empties it.
#[derive(Debug, Default)]
pub struct Patch {
    pub profile: ProfilePatch,
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
    Ok(authority.directory.list(&authority.live, &page).await?)
}

/// Adds a user.
pub async fn add(
    authority: &Authority,
    actor: &Actor,
    account: NewAccount,
) -> Result<UserRow, Error> {
    are_own_users(authority)?;
    fit("username", fields::username(&account.username))?;
    account.profile.check()?;
    scopes::known(authority, "scopes", &account.scopes)?;
    actor.has_power_over(&account.scopes)?;
    let password_hash = match account.password {
        Some(password) => Some(new_hash(authority, password, &account.username).await?),
        None => None,
    };
    let new = NewUser {
        id: Uuid::now_v7().to_string(),
        username: account.username,
        password_hash,
        profile: account.profile,
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
        let settle = transaction.settle_administrator(&new.username, actor.is_operator());
        settle.await?;
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
    patch.profile.clone().filled().check()?;
    if let Some(scopes) = &patch.scopes {
        scopes::known(authority, "scopes", scopes)?;
    }
    let password_hash = match patch.password {
        Some(password) => {
            // Before the hash is made, which is dear; under the lock it is looked at again.
            actor.has_power_over(&user(authority, username).await?.scopes)?;
            Some(new_hash(authority, password, username).await?)
        }
        None => None,
    };
    let patch = UserPatch {
        profile: patch.profile,
        disabled: patch.disabled,
        scopes: patch.scopes,
        password_hash,
    };
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| {
        may_change(actor, &stored(transaction, username).await?, &patch)?;
        put(transaction, actor, username, &patch, None, now).await?;
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
    scopes::known(authority, "scopes", given)?;
    actor.has_power_over(given)?;
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| {
        let before = stored(transaction, username).await?;
        let left = before.scopes.difference(taken);
        let patch = UserPatch {
            scopes: Some(left.iter().chain(given.iter()).cloned().collect()),
            ..UserPatch::default()
        };
        put(transaction, actor, username, &patch, None, now).await?;
        stored(transaction, username).await
    };
    authority.write(actor, write).await
}

/// Removes a user and ends all tokens that it has.
pub async fn remove(authority: &Authority, actor: &Actor, username: &str) -> Result<(), Error> {
    are_own_users(authority)?;
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| {
        // Anyone who may write users may remove one, whatever that user may hold.
        stored(transaction, username).await?;
        transaction.remove_user(username, now).await?;
        Ok(())
    };
    authority.write(actor, write).await
}

/// The hash of a new password, if it may be one.
pub(crate) async fn new_hash(
    authority: &Authority,
    password: Password,
    username: &str,
) -> Result<PasswordHash, Error> {
    check_password(authority, "password", &password, username)?;
    hash(authority, password).await
}

/// Whether an actor may change a user so. Scopes that are added need power over them;
/// taking over an account (by its password, its address or its state) needs power over
/// all that it may hold. Anyone who may write users may narrow and disable.
fn may_change(actor: &Actor, before: &UserRow, patch: &UserPatch) -> Result<(), Error> {
    if let Some(scopes) = &patch.scopes {
        actor.has_power_over(&scopes.difference(&before.scopes))?;
    }
    let takes_over = patch.password_hash.is_some()
        || patch.profile.email.is_some()
        || patch.disabled == Some(false);
    if takes_over {
        actor.has_power_over(&before.scopes)?;
    }
    Ok(())
}

async fn stored(transaction: &mut Transaction, username: &str) -> Result<UserRow, Error> {
    let user = transaction.user(username).await?;
    user.ok_or_else(|| Error::NoSuchUser(username.to_owned()))
}

async fn put(
    transaction: &mut Transaction,
    actor: &Actor,
    username: &str,
    patch: &UserPatch,
    kept: Option<&str>,
    now: i64,
) -> Result<(), Error> {
    let changed = transaction.change_user(username, patch, kept, now).await;
    match (changed, &patch.scopes) {
        (Err(store::Error::MissingReference), Some(scopes)) => Err(vanished(scopes)),
        (other, None) => Ok(other.map(drop)?),
        (other, Some(_)) => {
            other?;
            let settle = transaction.settle_administrator(username, actor.is_operator());
            Ok(settle.await?)
        }
    }
}

/// Scopes that left the catalogue between the check and the write.
fn vanished(scopes: &ScopeSet) -> Error {
    Unfit::new("scopes", format!("not in the catalogue: {scopes}")).into()
}

/// Refuses to change users who live elsewhere.
pub fn are_own_users(authority: &Authority) -> Result<(), Error> {
    match authority.directory.whereabouts() {
        None => Ok(()),
        Some(place) => Err(Error::UsersElsewhere(place)),
    }
}

/// Ends what was given out to users of another application, where users are
/// Scopegate's own again: a user of its own may have the same name.
pub async fn forget_shared(authority: &Authority) -> Result<(), Error> {
    if authority.directory.whereabouts().is_some() {
        return Ok(());
    }
    let now = authority.clock.now();
    let forget = async |transaction: &mut Transaction| {
        Ok::<_, Error>(transaction.forget_anchors(now).await?)
    };
    let forgotten = authority.write(&Actor::system(), forget).await?;
    if forgotten > 0 {
        tracing::warn!(
            users = forgotten,
            "user-source is own now: the tokens of shared users are revoked"
        );
    }
    Ok(())
}
