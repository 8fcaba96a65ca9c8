//! The password grant (RFC 6749 §4.3).

use std::{net::IpAddr, sync::Arc};

use crate::{
    authority::Authority,
    client::GrantType,
    hashing::Place,
    password::{Password, PasswordHash, Verdict},
    store::UserRow,
    subject,
    throttle::Outcome,
};

use super::{
    ClientCredentials, Error, LoginRefused, Requester, TokenResponse, audience,
    issue::{Login, issue_for_user},
    scope_policy,
};

/// The parameters of the grant; an empty one counts as left out (RFC 6749 §3.2).
pub struct PasswordGrant {
    pub username: Option<String>,
    pub password: Option<Password>,
    pub scope: Option<String>,
    pub resources: Vec<String>,
    pub client: ClientCredentials,
    /// Where the request comes from.
    pub address: IpAddr,
}

/// Logs a user in.
pub async fn password(
    authority: &Authority,
    request: PasswordGrant,
) -> Result<TokenResponse, Error> {
    let client = Requester::authenticate(authority, &request.client).await?;
    client.may_use(GrantType::Password)?;
    if !authority.config.password_grant {
        return Err(Error::UnsupportedGrantType);
    }
    let username = request.username.ok_or_else(|| Error::missing("username"))?;
    let password = request.password.ok_or_else(|| Error::missing("password"))?;
    let audience = audience::requested(authority, &client, &request.resources)?;
    let user = log_in(authority, &username, password, request.address).await?;
    let scope = request.scope.as_deref();
    let scopes = scope_policy::grant(authority, &client, scope, &user.scopes)?;
    let login = Login {
        at: authority.clock.now(),
        nonce: None,
    };
    issue_for_user(authority, &user, &client, scopes, audience, login).await
}

/// Checks a password, within the limits of failed logins: the one way to log in,
/// for the token endpoint and for the page. An unknown user, a wrong password, a
/// disabled user and a stored hash that cannot be verified are one answer after
/// one hash's time.
pub async fn log_in(
    authority: &Authority,
    username: &str,
    password: Password,
    address: IpAddr,
) -> Result<UserRow, Error> {
    if password.as_bytes().len() > Password::MAX_BYTES {
        return Err(Error::from(LoginRefused::TooLong));
    }
    let password = Arc::new(password);
    let attempt = authority
        .throttle
        .admit(&authority.hashing, username, address)
        .await?;
    let user = check(authority, attempt.place(), username, &password).await;
    drop(attempt.end(outcome(&user)).await);
    user
}

fn outcome(checked: &Result<UserRow, Error>) -> Outcome {
    match checked {
        Ok(_) => Outcome::Right,
        Err(Error::InvalidGrant(_)) => Outcome::Wrong,
        Err(_) => Outcome::Unchecked,
    }
}

async fn check(
    authority: &Authority,
    place: &Place<'_>,
    username: &str,
    password: &Arc<Password>,
) -> Result<UserRow, Error> {
    // What cannot be a name is nobody's, and nothing to ask the database for.
    let user = match subject::is_id(username) {
        true => authority.user(username).await?,
        false => None,
    };
    let Some((user, stored)) = user.and_then(with_password_hash) else {
        place.verify_nobody(Arc::clone(password)).await?;
        return Err(Error::from(LoginRefused::UnknownUser));
    };
    let verdict = place.verify(Arc::clone(password), stored.clone()).await?;
    let needs_rehash = match verdict {
        Ok(Verdict::Match { needs_rehash }) => needs_rehash,
        Ok(Verdict::Mismatch) => {
            return Err(Error::from(LoginRefused::WrongPassword(user.username)));
        }
        Err(refused) => {
            tracing::warn!(user = user.username, %refused, "the stored password hash cannot be verified");
            place.verify_nobody(Arc::clone(password)).await?;
            return Err(Error::from(LoginRefused::UnreadableHash(user.username)));
        }
    };
    if user.disabled {
        return Err(Error::from(LoginRefused::Disabled(user.username)));
    }
    if let Some(shared) = &authority.shared_users {
        let id = shared.logged_in(authority, &user).await?;
        return Ok(UserRow { id, ..user });
    }
    if needs_rehash {
        rehash(authority, place, &user, &stored, password).await;
    }
    Ok(user)
}

fn with_password_hash(user: UserRow) -> Option<(UserRow, PasswordHash)> {
    let stored = user.password_hash.clone()?;
    Some((user, stored))
}

/// Writes a hash of the current scheme. That it fails is no reason to turn the
/// user away: the next login tries again.
async fn rehash(
    authority: &Authority,
    place: &Place<'_>,
    user: &UserRow,
    stored: &PasswordHash,
    password: &Arc<Password>,
) {
    let Ok(Ok(better)) = place.hash(Arc::clone(password)).await else {
        return;
    };
    match authority.store.rehash(&user.id, stored, &better).await {
        Ok(true) => tracing::info!(user = user.username, "password hash renewed"),
        Ok(false) => {}
        Err(error) => {
            tracing::warn!(user = user.username, %error, "password hash not renewed");
        }
    }
}
