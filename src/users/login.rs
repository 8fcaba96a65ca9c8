//! Logging in: the one place where a password is checked, for the password grant, the
//! pages and a change of one's own password. Throttle, place in the hash pool, look-up
//! wherever users live, verification, renewal of the hash.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use thiserror::Error;
use tracing::Instrument;

use crate::{
    actor::Actor,
    audit_event::{self, Action, Event},
    authority::Authority,
    directory::Directory,
    elsewhere::{SharedUsers, credential},
    hashing::{Gone, Overloaded, Place},
    infrastructure::{Infrastructure, from_infrastructure},
    live::LiveError,
    password::{Password, PasswordHash, Verdict},
    request_context::RequestContext,
    store::{self, Transaction, UserRow},
    subject::Subject,
    throttle::{Keys, NotAdmitted, Origin, Outcome, Throttled},
    traces,
};

/// Why nobody was logged in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LoginRefused {
    #[error("there is no such user, or it has no password")]
    UnknownUser,
    #[error("the password of user `{0}` is wrong")]
    WrongPassword(String),
    #[error("user `{0}` is disabled")]
    Disabled(String),
    #[error("the stored password hash of user `{0}` cannot be verified")]
    UnreadableHash(String),
    #[error("the password is longer than 1,024 bytes")]
    TooLong,
    #[error("user `{0}` or the client was changed, disabled or removed meanwhile")]
    Gone(String),
}

/// Why somebody is not logged in.
#[derive(Debug, Error)]
pub enum NotLoggedIn {
    /// The reason is for the log: outside all of them are one answer, after one time.
    #[error("the username or the password is wrong")]
    Refused(#[from] LoginRefused),
    #[error(transparent)]
    Throttled(#[from] Throttled),
    #[error(transparent)]
    Infrastructure(#[from] Infrastructure),
}

from_infrastructure!(NotLoggedIn: store::Error, LiveError, Overloaded);

impl From<NotAdmitted> for NotLoggedIn {
    fn from(error: NotAdmitted) -> Self {
        match error {
            NotAdmitted::Throttled(error) => error.into(),
            NotAdmitted::Overloaded(error) => error.into(),
            NotAdmitted::Store(error) => error.into(),
        }
    }
}

/// Logs a user in by the password, within the limits of failed logins.
pub async fn log_in(
    authority: &Arc<Authority>,
    username: &str,
    password: Password,
    origin: Origin<'_>,
) -> Result<UserRow, NotLoggedIn> {
    let (user, _) = log_in_and_stay(authority, username, password, origin).await?;
    Ok(user)
}

/// Logs in as [`log_in`] does, and keeps the place in the hash pool for what is to be
/// hashed next.
///
/// Whoever hangs up meanwhile does not end what has begun: a wrong password counts, though
/// nobody waits for the answer, and a right one does not.
pub(super) async fn log_in_and_stay(
    authority: &Arc<Authority>,
    username: &str,
    password: Password,
    origin: Origin<'_>,
) -> Result<(UserRow, Place), NotLoggedIn> {
    if password.as_bytes().len() > Password::MAX_BYTES {
        return Err(LoginRefused::TooLong.into());
    }
    let (gone, keys) = (Gone::default(), Keys::new(username, origin));
    let waiting = gone.guard();
    let (authority, username) = (Arc::clone(authority), username.to_owned());
    let attempt = async move {
        let began = Instant::now();
        let answer = attempt(&authority, &username, password, keys, &gone).await;
        take_note(&authority, &username, &answer, began.elapsed());
        answer
    };
    let attempt = attempt.instrument(traces::part("login"));
    let answer = match RequestContext::current() {
        Some(context) => tokio::spawn(context.around(attempt)).await,
        None => tokio::spawn(attempt).await,
    };
    waiting.stayed();
    // A task ends without an answer only by a panic, which is in the log.
    answer.unwrap_or_else(|_| Err(Overloaded.into()))
}

/// Counts the attempt, and has the audit log tell of it: by the name of a user who is
/// there, since what is typed in the place of a name may be a password.
fn take_note(
    authority: &Authority,
    username: &str,
    answer: &Result<(UserRow, Place), NotLoggedIn>,
    took: Duration,
) {
    let (counted, outcome, why) = match answer {
        Ok(_) => ("accepted", audit_event::Outcome::Done, None),
        Err(NotLoggedIn::Refused(why)) => (
            "refused",
            audit_event::Outcome::Refused,
            Some(why.to_string()),
        ),
        Err(NotLoggedIn::Throttled(_)) => (
            "throttled",
            audit_event::Outcome::Refused,
            Some("too many failed logins".to_owned()),
        ),
        Err(NotLoggedIn::Infrastructure(_)) => {
            return authority.metrics.tried_login("failed", took);
        }
    };
    authority.metrics.tried_login(counted, took);
    let is_known = match answer {
        Err(NotLoggedIn::Refused(why)) => *why != LoginRefused::UnknownUser,
        Err(_) => false,
        Ok(_) => true,
    };
    let name = if is_known { username } else { "?" };
    let event = Event::new(Action::Login, Subject::USERNAME, name).saying(why.unwrap_or_default());
    let who = match (answer, Subject::new(Subject::USERNAME, username)) {
        (Ok(user), Ok(subject)) => Actor::subject(subject, user.0.scopes.clone()),
        _ => Actor::anonymous(),
    };
    let now = authority.clock.now();
    authority.noticed.notice(&who, event, outcome, now);
}

async fn attempt(
    authority: &Authority,
    username: &str,
    password: Password,
    keys: Keys,
    gone: &Gone,
) -> Result<(UserRow, Place), NotLoggedIn> {
    let password = Arc::new(password);
    let attempt = authority
        .throttle
        .admit_login(&authority.hashing, keys, gone)
        .await?;
    match check(authority, attempt.place(), username, &password).await {
        Ok(user) => Ok((user, attempt.end(Outcome::Right).await)),
        Err(NotLoggedIn::Refused(refused)) => {
            let place = attempt.end(Outcome::Wrong).await;
            let left = place.left_to_refuse(password).await?;
            // Meanwhile the place is for others.
            drop(place);
            tokio::time::sleep(left).await;
            Err(refused.into())
        }
        Err(failed) => {
            drop(attempt.end(Outcome::Unchecked).await);
            Err(failed)
        }
    }
}

async fn check(
    authority: &Authority,
    place: &Place,
    username: &str,
    password: &Arc<Password>,
) -> Result<UserRow, NotLoggedIn> {
    let user = authority
        .directory
        .user_for_login(&authority.live, username);
    let user = user.await?;
    let Some((user, stored)) = user.and_then(with_password_hash) else {
        place.verify_nobody(Arc::clone(password)).await?;
        return Err(LoginRefused::UnknownUser.into());
    };
    let verdict = place.verify(Arc::clone(password), stored.clone()).await?;
    let needs_rehash = match verdict {
        Ok(Verdict::Match { needs_rehash }) => needs_rehash,
        Ok(Verdict::Mismatch) => return Err(LoginRefused::WrongPassword(user.username).into()),
        Err(refused) => {
            tracing::warn!(user = user.username, %refused, "the stored password hash cannot be verified");
            place.verify_nobody(Arc::clone(password)).await?;
            return Err(LoginRefused::UnreadableHash(user.username).into());
        }
    };
    if user.disabled {
        return Err(LoginRefused::Disabled(user.username).into());
    }
    match &authority.directory {
        Directory::Shared(shared) => {
            let id = note_shared_login(authority, shared, &user).await?;
            Ok(UserRow { id, ..user })
        }
        Directory::Own(_) => {
            if needs_rehash {
                rehash(authority, place, &user, &stored, password).await;
            }
            Ok(user)
        }
    }
}

fn with_password_hash(user: UserRow) -> Option<(UserRow, PasswordHash)> {
    let stored = user.password_hash.clone()?;
    Some((user, stored))
}

/// Writes a hash of the current scheme. That it fails is no reason to turn the
/// user away: the next login tries again.
async fn rehash(
    authority: &Authority,
    place: &Place,
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

/// Takes note of a login of another application's user: what is issued from now on
/// belongs to this row and this password. Gives the id of our own row.
async fn note_shared_login(
    authority: &Authority,
    shared: &SharedUsers,
    user: &UserRow,
) -> Result<String, Infrastructure> {
    let known = authority.live.anchor(&user.username).await?;
    let known = known.filter(|anchor| anchor.holds(&user.id, &credential(user)));
    let id = match known {
        Some(anchor) => anchor.user_id.clone(),
        None => match anchor(authority, user).await {
            // Somebody else was faster with the same name.
            Err(Infrastructure::Store(store::Error::Exists)) => anchor(authority, user).await?,
            other => other?,
        },
    };
    shared.note_login(user).await;
    Ok(id)
}

async fn anchor(authority: &Authority, user: &UserRow) -> Result<String, Infrastructure> {
    let now = authority.clock.now();
    let anchor = async |transaction: &mut Transaction| {
        let (name, credential) = (&user.username, credential(user));
        let id = transaction.anchor_user(name, &user.id, &credential, now);
        Ok(id.await?)
    };
    authority.write(&Actor::system(), anchor).await
}
