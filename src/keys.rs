//! Signing keys: generated, rotated, retired.
//!
//! A rotation never surprises anybody: the new key is published, and signs only
//! when every running server has heard of it and every copy of the JWKS that
//! was fetched before has expired. The old one verifies until the last token
//! that it can have signed has expired.

use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::{
    actor::Actor,
    audit_event::{Action, Event},
    authority::Authority,
    error::Error,
    fields::Unfit,
    live::KeyRingError,
    store::{KeyRow, KeyState, Transaction},
    token::{Algorithm, LEEWAY_SECONDS},
};

/// For how long a copy of the JWKS may be used, in seconds.
pub const JWKS_MAX_AGE: u32 = 300;

/// How long a new key is published before it signs, where nothing else is asked
/// for: longer than a copy of the JWKS lives that was fetched right before, also where a
/// verifier keeps it for ten minutes whatever we say, as the usual ones in Node do.
pub const DEFAULT_GRACE: Duration = Duration::from_mins(12);

/// The longest time that may be asked for.
const MAX_GRACE: Duration = Duration::from_hours(720);

/// The fewest seconds before a new key signs: every running server hears of it
/// within one.
const PROPAGATION: i64 = 2;

/// A signing key, without its private part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its `kid`.
    pub id: String,
    pub algorithm: String,
    pub state: KeyState,
    /// The times in the row of the database; a secret of the settings has none.
    pub created_at: Option<i64>,
    pub activates_at: Option<i64>,
    pub retires_at: Option<i64>,
    pub verifies_until: Option<i64>,
}

impl Key {
    fn of(row: &KeyRow, now: i64) -> Self {
        Self {
            id: row.id.clone(),
            algorithm: row.algorithm.clone(),
            state: row.state(now),
            created_at: Some(row.created_at),
            activates_at: row.activates_at,
            retires_at: row.retires_at,
            verifies_until: row.verifies_until,
        }
    }
}

/// All keys in the order in which they sign; the secret of the settings at the end.
pub async fn list(authority: &Authority) -> Result<Vec<Key>, Error> {
    let now = authority.clock.now();
    let mut rows = authority.store.keys().await?;
    rows.sort_by_key(|row| (row.activates_at.unwrap_or(i64::MAX), row.created_at));
    let mut keys: Vec<Key> = rows.iter().map(|row| Key::of(row, now)).collect();
    if let Some(secret) = authority.live.keys().secret() {
        keys.push(Key {
            id: secret.id().to_owned(),
            algorithm: secret.algorithm().name().to_owned(),
            state: KeyState::Active,
            created_at: None,
            activates_at: None,
            retires_at: None,
            verifies_until: None,
        });
    }
    Ok(keys)
}

/// Adds a key that is published and waits for a rotation; of the configured
/// algorithm unless another is asked for.
pub async fn generate(
    authority: &Authority,
    actor: &Actor,
    algorithm: Option<Algorithm>,
) -> Result<Key, Error> {
    let algorithm = algorithm.unwrap_or(authority.config.signing_algorithm);
    let now = authority.clock.now();
    let row = fresh(authority, algorithm, now).await?;
    let key = Key::of(&row, now);
    let plan = |rows: &mut Vec<KeyRow>, _| {
        rows.push(row);
        Ok(())
    };
    change(authority, actor, now, plan).await?;
    Ok(key)
}

/// Schedules a new key: it signs as soon as it has been published for `grace`.
/// One that waits for a rotation is taken, else one is generated.
pub async fn rotate(authority: &Authority, actor: &Actor, grace: Duration) -> Result<Key, Error> {
    if grace > MAX_GRACE {
        return Err(Unfit::new("grace", "a new key waits for 30 days at most").into());
    }
    let now = authority.clock.now();
    let row = fresh(authority, authority.config.signing_algorithm, now).await?;
    let longest = longest_life(authority);
    let plan = |rows: &mut Vec<KeyRow>, latest_expiry: Option<i64>| {
        if let Some(scheduled) = rows.iter().find(|row| row.is_scheduled(now)) {
            return Err(Error::RotationUnderWay(scheduled.id.clone()));
        }
        let next = standby(rows, row);
        let waits_until = rows[next]
            .created_at
            .saturating_add_unsigned(grace.as_secs());
        let switch = waits_until.max(now + PROPAGATION);
        let last_expiry = switch
            .saturating_add_unsigned(longest.as_secs())
            .max(latest_expiry.unwrap_or_default());
        for row in rows
            .iter_mut()
            .filter(|row| row.state(now) == KeyState::Active)
        {
            row.retires_at = Some(switch);
            row.verifies_until = Some(last_expiry + margin(authority));
        }
        rows[next].activates_at = Some(switch);
        forget_retired(rows, now);
        Ok(Key::of(&rows[next], now))
    };
    let key = change(authority, actor, now, plan).await?;
    tracing::info!(
        kid = key.id,
        algorithm = key.algorithm,
        activates_at = key.activates_at,
        "a new signing key is published"
    );
    Ok(key)
}

/// Ends a key at once: no token of it is accepted any more. Gives the key that
/// takes its place, if it was the one that signs. A retired key stays as it is.
pub async fn retire(authority: &Authority, actor: &Actor, id: &str) -> Result<Option<Key>, Error> {
    if authority
        .live
        .keys()
        .secret()
        .is_some_and(|secret| secret.id() == id)
    {
        return Err(Error::SecretOfSettings);
    }
    let now = authority.clock.now();
    // Generated before it is known whether it is needed: the database is locked then.
    let algorithm = authority.config.signing_algorithm;
    let successor = match algorithm {
        Algorithm::Hs256 => None,
        _ => Some(fresh(authority, algorithm, now).await?),
    };
    let plan = |rows: &mut Vec<KeyRow>, _| retire_row(rows, id, successor, now);
    let successor = change(authority, actor, now, plan).await?;
    tracing::warn!(kid = id, "a signing key is retired: its tokens are refused");
    Ok(successor)
}

fn retire_row(
    rows: &mut Vec<KeyRow>,
    id: &str,
    successor: Option<KeyRow>,
    now: i64,
) -> Result<Option<Key>, Error> {
    let retired = rows
        .iter_mut()
        .find(|row| row.id == id)
        .ok_or_else(|| Error::NoSuchKey(id.to_owned()))?;
    let before = retired.clone();
    if before.state(now) != KeyState::Retired {
        retired.retires_at = Some(before.retires_at.map_or(now, |time| time.min(now)));
        retired.verifies_until = Some(now);
    }
    forget_retired(rows, now);
    if before.is_scheduled(now) {
        // Its predecessor has no successor any more.
        let waits = |row: &&mut KeyRow| row.state(now) == KeyState::Active;
        for row in rows.iter_mut().filter(waits) {
            row.retires_at = None;
            row.verifies_until = None;
        }
    }
    let Some(successor) = successor.filter(|_| before.state(now) == KeyState::Active) else {
        return Ok(None);
    };
    if rows.iter().any(|row| row.state(now) == KeyState::Active) {
        return Ok(None);
    }
    let scheduled = rows.iter().position(|row| row.is_scheduled(now));
    let next = scheduled.unwrap_or_else(|| standby(rows, successor));
    rows[next].activates_at = Some(now);
    Ok(Some(Key::of(&rows[next], now)))
}

/// Sees to it that a server whose settings name another algorithm than its keys
/// have comes to sign with it: by a rotation, or at once where no token is out.
pub async fn adopt_algorithm(authority: &Authority) -> Result<(), Error> {
    let algorithm = authority.config.signing_algorithm;
    let now = authority.clock.now();
    let fits = |row: &KeyRow| {
        let signs = row.state(now) == KeyState::Active && row.retires_at.is_none();
        row.algorithm == algorithm.name() && (signs || row.is_scheduled(now))
    };
    if algorithm == Algorithm::Hs256 || authority.store.keys().await?.iter().any(fits) {
        return Ok(());
    }
    let row = fresh(authority, algorithm, now).await?;
    let plan = |rows: &mut Vec<KeyRow>, latest_expiry: Option<i64>| {
        if latest_expiry.is_some_and(|expiry| expiry + LEEWAY_SECONDS > now) {
            return Ok(false);
        }
        let next = standby(rows, row);
        for row in rows.iter_mut().filter(|row| row.activates_at.is_some()) {
            row.retires_at = row.retires_at.or(Some(now));
            row.verifies_until = Some(now);
        }
        rows[next].activates_at = Some(now);
        forget_retired(rows, now);
        Ok(true)
    };
    let system = Actor::system();
    if change(authority, &system, now, plan).await? {
        return Ok(());
    }
    match rotate(authority, &system, DEFAULT_GRACE).await {
        Err(Error::RotationUnderWay(id)) => {
            tracing::warn!(kid = id, "a rotation to another algorithm is under way");
            Ok(())
        }
        other => other.map(drop),
    }
}

/// Changes the keys by a plan, which sees them as nobody else can change them
/// meanwhile, and the latest expiry of any token. The plan may change and add rows.
async fn change<T>(
    authority: &Authority,
    actor: &Actor,
    now: i64,
    plan: impl FnOnce(&mut Vec<KeyRow>, Option<i64>) -> Result<T, Error> + Clone,
) -> Result<T, Error> {
    let write = async |transaction: &mut Transaction| {
        let (mut rows, latest_expiry) = transaction.keys(now).await?;
        let before = rows.clone();
        let outcome = plan(&mut rows, latest_expiry)?;
        transaction.put_keys(&rows).await?;
        for row in &rows {
            let before = before.iter().find(|before| before.id == row.id);
            if let Some(news) = news_of(row, before, now) {
                transaction.record(Event::new(Action::KeyChanged, "key", &row.id).saying(news));
            }
        }
        Ok(outcome)
    };
    authority.write(actor, write).await
}

/// What the audit log tells of a key.
fn news_of(row: &KeyRow, before: Option<&KeyRow>, now: i64) -> Option<String> {
    let times = |row: &KeyRow| (row.activates_at, row.retires_at, row.verifies_until);
    if before.is_some_and(|before| times(before) == times(row)) {
        return None;
    }
    let state = row.state(now).name();
    Some(match (before, row.activates_at, row.retires_at) {
        (_, Some(at), None) if row.is_scheduled(now) => format!("{state}, signs from {at} on"),
        (_, _, Some(at)) if at > now => format!("{state}, signs until {at}"),
        _ => state.to_owned(),
    })
}

/// The key of the configured algorithm that has waited the longest, else a new
/// one: its place among the rows.
fn standby(rows: &mut Vec<KeyRow>, fresh: KeyRow) -> usize {
    let waits = |row: &KeyRow| {
        row.algorithm == fresh.algorithm
            && row.activates_at.is_none()
            && row.verifies_until.is_none()
    };
    rows.iter().position(waits).unwrap_or_else(|| {
        rows.push(fresh);
        rows.len() - 1
    })
}

/// Of keys that verify nothing any more, the private part is of no use but to a thief.
fn forget_retired(rows: &mut [KeyRow], now: i64) {
    for row in rows {
        if row.state(now) == KeyState::Retired {
            row.private_key.clear();
        }
    }
}

/// A new key, generated off the threads that serve: RSA takes its time.
async fn fresh(authority: &Authority, algorithm: Algorithm, now: i64) -> Result<KeyRow, Error> {
    if algorithm == Algorithm::Hs256 {
        return Err(Error::SecretOfSettings);
    }
    let settings = authority.live.key_settings().clone();
    let generated = spawn_blocking(move || settings.generate(algorithm, now)).await;
    Ok(generated.unwrap_or(Err(KeyRingError::NoActiveKey))?)
}

/// The longest life of a token by the settings. Tokens that were issued by
/// others are in the database with their expiry.
fn longest_life(authority: &Authority) -> Duration {
    let config = &authority.config;
    config.access_token_ttl.max(config.max_token_ttl)
}

/// Seconds for which a token is accepted behind its expiry, and for which a
/// server that has not heard of a rotation may still sign.
fn margin(authority: &Authority) -> i64 {
    let staleness = authority.config.freshness.max_staleness;
    LEEWAY_SECONDS.saturating_add_unsigned(staleness.as_secs())
}
