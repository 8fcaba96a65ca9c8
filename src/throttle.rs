//! Limits on failed logins, per username and per origin (an address, or a client that
//! passes on the passwords of its users), and on what strangers make the server do.
//!
//! An attempt is counted in the database before its password is hashed, and taken
//! back when the password is right: fifty attempts at once are fifty, and neither
//! a restart nor a second server begins anew. From an origin where the user
//! has logged in before, only what fails from there counts, so that a stranger
//! cannot lock a user out. A name that nobody has is counted like any other.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::time::{Instant, sleep};

use crate::{
    clock::Clock,
    hashing::{Gone, HashPool, Overloaded, Place},
    login_name,
    store::{self, Counted, Ending, Store, Window},
};

/// Attempts that may fail for a username, within the window.
const PER_USER: i64 = 10;
/// Attempts that may fail from an address, within the window.
const PER_ADDRESS: i64 = 100;
/// Attempts that may fail through a client that authenticated with its secret.
const PER_CLIENT: i64 = 10_000;
/// Clients that may register themselves from an address, within the window.
const REGISTRATIONS: i64 = 100;
/// Documents of clients that are fetched for an address, within the window.
const DOCUMENTS: i64 = 300;
/// The window, in seconds.
const WINDOW: i64 = 15 * 60;
const DAY: i64 = 24 * 60 * 60;
/// For how long an address stays a user's usual one after a login, in seconds.
const USUAL_FOR: i64 = 90 * DAY;
/// How long an attempt waits to learn whether those before it failed.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same at a usual address, where it is most likely the user who logs in, perhaps
/// many times at once. It keeps its place, so that no more wait than the queue holds.
const PATIENCE_AT_USUAL: Duration = Duration::from_secs(30);
/// The first pause before asking again, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(400)];
/// For an attempt that has waited and then finds no place.
const SOON: Throttled = Throttled { retry_after: 1 };
/// Old rows are removed at every so many attempts.
const TIDY_EVERY: u32 = 64;

/// What counts attempts.
pub struct Throttle {
    store: Store,
    clock: Clock,
    attempts: AtomicU32,
}

/// Too many attempts have failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many attempts: try again later")]
pub struct Throttled {
    /// After how many seconds to try again.
    pub retry_after: u64,
}

/// Why an attempt was not admitted.
#[derive(Debug, Error)]
pub enum NotAdmitted {
    #[error(transparent)]
    Throttled(#[from] Throttled),
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What is counted beside logins.
#[derive(Clone, Copy, Debug)]
pub enum Counting {
    /// A client registers itself.
    Registration,
    /// The document of a client is fetched.
    Document,
}

/// Why something that is counted was not admitted.
#[derive(Debug, Error)]
pub enum NotCounted {
    #[error(transparent)]
    Throttled(#[from] Throttled),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Right,
    Wrong,
    /// The password was not checked after all.
    Unchecked,
}

/// Where an attempt comes from.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// From an address, over the network.
    Address(IpAddr),
    /// Through a client that has authenticated with its secret. A mail server, say,
    /// passes the passwords of all of its users on, from one address.
    Client(&'a str),
}

/// An attempt that was admitted. One that is dropped without an outcome stays counted.
#[must_use]
pub struct Attempt {
    store: Store,
    clock: Clock,
    place: Place,
    keys: Keys,
    /// What it is counted under, each since when.
    counted: Vec<(String, i64)>,
}

/// What an attempt is counted under: digests, so that rows are small and name no user.
pub struct Keys {
    origin: String,
    /// How many attempts may fail from there.
    per_origin: i64,
    user: String,
    pair: String,
}

impl Throttle {
    pub fn new(store: Store, clock: Clock) -> Self {
        Self {
            store,
            clock,
            attempts: AtomicU32::new(0),
        }
    }

    /// Admits an attempt to log in and gives it a place in the hash pool, or refuses it: at
    /// once where no place is free, before anything is read or written.
    pub async fn admit_login(
        &self,
        hashing: &Arc<HashPool>,
        keys: Keys,
        gone: &Gone,
    ) -> Result<Attempt, NotAdmitted> {
        let mut place = hashing.reserve_unless(gone.clone())?;
        self.tidy().await;
        let (asked_at, [mut pause, longest_pause]) = (Instant::now(), PAUSES);
        loop {
            let now = self.clock.now();
            let is_usual = self.store.is_usual_address(&keys.pair, now - USUAL_FOR);
            let is_usual = is_usual.await?;
            let patience = if is_usual {
                PATIENCE_AT_USUAL
            } else {
                PATIENCE
            };
            let counts = keys.counts(is_usual);
            match self.store.count_attempt(&counts, window(now)).await? {
                Counted::Yes { since } => {
                    let counted = counts.iter().map(|(key, _)| (*key).to_owned());
                    return Ok(Attempt {
                        store: self.store.clone(),
                        clock: self.clock.clone(),
                        place,
                        counted: counted.zip(since).collect(),
                        keys,
                    });
                }
                Counted::Undecided { .. } if asked_at.elapsed() < patience => {
                    if is_usual {
                        sleep(pause).await;
                    } else {
                        // Meanwhile the place is for others.
                        drop(place);
                        sleep(pause).await;
                        place = hashing.reserve_unless(gone.clone()).map_err(|_| SOON)?;
                    }
                    pause = (pause * 2).min(longest_pause);
                }
                Counted::Undecided { since } | Counted::No { since } => {
                    return Err(throttled(since, now).into());
                }
            }
        }
    }

    /// Counts what an address does without anybody having logged in, or refuses it.
    pub async fn admit(&self, what: Counting, address: IpAddr) -> Result<(), NotCounted> {
        self.tidy().await;
        let (name, limit) = match what {
            Counting::Registration => ("registration", REGISTRATIONS),
            Counting::Document => ("document", DOCUMENTS),
        };
        let key = digest(&[name, &network(address).to_string()]);
        let now = self.clock.now();
        let counts = [(&*key, limit)];
        match self.store.count_attempt(&counts, window(now)).await? {
            Counted::Yes { .. } => Ok(()),
            Counted::Undecided { since } | Counted::No { since } => {
                Err(throttled(since, now).into())
            }
        }
    }

    async fn tidy(&self) {
        let number = self.attempts.fetch_add(1, Ordering::Relaxed);
        if !number.is_multiple_of(TIDY_EVERY) {
            return;
        }
        let now = self.clock.now();
        if let Err(error) = self.store.forget_tries(window(now), now - USUAL_FOR).await {
            tracing::warn!(%error, "old counts of failed logins were not removed");
        }
    }
}

impl Attempt {
    /// Where its password is checked.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Ends the attempt and leaves its place. That it cannot be written is no reason
    /// to turn a user away: the attempt then stays counted.
    pub async fn end(self, outcome: Outcome) -> Place {
        if let Err(error) = self.write(outcome).await {
            tracing::warn!(%error, "the outcome of a login was not counted");
        }
        self.place
    }

    async fn write(&self, outcome: Outcome) -> store::Result<()> {
        let counted: Vec<(&str, i64)> = self
            .counted
            .iter()
            .map(|(key, since)| (key.as_str(), *since))
            .collect();
        let ending = match outcome {
            Outcome::Wrong => Ending::Failed,
            Outcome::Right | Outcome::Unchecked => Ending::Forgiven,
        };
        let usual = (outcome == Outcome::Right).then_some(&*self.keys.pair);
        let now = self.clock.now();
        self.store.end_attempt(&counted, ending, usual, now).await
    }
}

impl Keys {
    /// Of an attempt to log in as somebody from somewhere.
    pub fn new(username: &str, origin: Origin<'_>) -> Self {
        let (kind, origin, per_origin) = match origin {
            Origin::Address(address) => ("address", network(address).to_string(), PER_ADDRESS),
            Origin::Client(id) => ("client", id.to_owned(), PER_CLIENT),
        };
        let username = login_name::common(username);
        Self {
            pair: digest(&["usual", kind, &origin, &username]),
            user: digest(&["user", &username]),
            origin: digest(&[kind, &origin]),
            per_origin,
        }
    }

    /// What an attempt is counted under, with the limit of each.
    fn counts(&self, is_usual: bool) -> Vec<(&str, i64)> {
        match is_usual {
            true => vec![(&self.pair, PER_USER)],
            false => vec![(&self.origin, self.per_origin), (&self.user, PER_USER)],
        }
    }
}

/// What an origin is known by: of IPv6 the upper 64 bits, since one person has all of the rest.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

fn digest(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\n"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn window(now: i64) -> Window {
    Window {
        now,
        length: WINDOW,
    }
}

fn throttled(since: i64, now: i64) -> Throttled {
    let left = (since + WINDOW - now).max(1);
    Throttled {
        retry_after: left.unsigned_abs(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(address: &str) -> String {
        Keys::new(
            "johndoe",
            Origin::Address(address.parse().expect("an address")),
        )
        .origin
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:2"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
    }

    #[test]
    fn a_mapped_address_is_the_ipv4_address() {
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }
}
