//! Limits on failed logins, per username and per address.
//!
//! A try is counted in the database before its password is hashed, and taken
//! back when the password is right: fifty tries at once are fifty, and neither
//! a restart nor a second server begins anew. From an address where the user
//! has logged in before, only what fails from there counts, so that a stranger
//! cannot lock a user out. A name that nobody has is counted like any other.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::time::{Instant, sleep};

use crate::{
    clock::Clock,
    hashing::{HashPool, Overloaded, Place},
    store::{self, Counted, Ending, Store, UsualAddress, Window},
};

/// Tries that may fail for a username, within the window.
const PER_USER: i64 = 10;
/// Tries that may fail from an address, within the window.
const PER_ADDRESS: i64 = 100;
/// The window, in seconds.
const WINDOW: i64 = 15 * 60;
const DAY: i64 = 24 * 60 * 60;
/// For how long an address stays a user's usual one after a login, in seconds.
const USUAL_FOR: i64 = 90 * DAY;
/// How long a try waits to learn whether those before it failed.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);
/// For a try that has waited and then finds no place.
const SOON: Throttled = Throttled { retry_after: 1 };
/// Old rows are removed at every so many tries.
const TIDY_EVERY: u32 = 64;

/// What counts tries.
pub struct Throttle {
    store: Store,
    clock: Clock,
    tries: AtomicU32,
}

/// Too many tries have failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many logins have failed: try again later")]
pub struct Throttled {
    /// After how many seconds to try again.
    pub retry_after: u64,
}

/// Why a try was not admitted.
#[derive(Debug, Error)]
pub enum NotAdmitted {
    #[error(transparent)]
    Throttled(#[from] Throttled),
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Right,
    Wrong,
    /// The password was not checked after all.
    Unchecked,
}

/// A try that was admitted. One that is dropped without an outcome, as when
/// the client hangs up, stays counted.
#[must_use]
pub struct Try<'a> {
    throttle: &'a Throttle,
    place: Place<'a>,
    keys: Keys,
    admitted: Admitted,
}

enum Admitted {
    Counted { since: [i64; 2] },
    Usual(UsualAddress),
}

/// Digests, so that the rows are small and name nobody.
struct Keys {
    address: String,
    user: String,
    pair: String,
}

impl Throttle {
    pub fn new(store: Store, clock: Clock) -> Self {
        Self {
            store,
            clock,
            tries: AtomicU32::new(0),
        }
    }

    /// Admits a try to log in as `username` from `address` and gives it a place
    /// in the hash pool, or refuses it: at once where no place is free, before
    /// anything is read or written.
    pub async fn admit<'a>(
        &'a self,
        hashing: &'a HashPool,
        username: &str,
        address: IpAddr,
    ) -> Result<Try<'a>, NotAdmitted> {
        let mut place = hashing.reserve()?;
        self.tidy().await;
        let keys = Keys::new(username, address);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let now = self.clock.now();
            if let Some(usual) = self
                .store
                .usual_address(&keys.pair, now - USUAL_FOR)
                .await?
            {
                if usual.failures >= PER_USER && usual.since > now - WINDOW {
                    return Err(throttled(usual.since, now).into());
                }
                return Ok(self.admitted(place, keys, Admitted::Usual(usual)));
            }
            let counts = [(&*keys.address, PER_ADDRESS), (&*keys.user, PER_USER)];
            match self.store.count_try(counts, window(now)).await? {
                Counted::Yes { since } => {
                    return Ok(self.admitted(place, keys, Admitted::Counted { since }));
                }
                Counted::Undecided { .. } if Instant::now() < deadline => {
                    // Meanwhile the place is for others.
                    drop(place);
                    sleep(PAUSE).await;
                    place = hashing.reserve().map_err(|_| SOON)?;
                }
                Counted::Undecided { since } | Counted::No { since } => {
                    return Err(throttled(since, now).into());
                }
            }
        }
    }

    fn admitted<'a>(&'a self, place: Place<'a>, keys: Keys, admitted: Admitted) -> Try<'a> {
        Try {
            throttle: self,
            place,
            keys,
            admitted,
        }
    }

    async fn tidy(&self) {
        let number = self.tries.fetch_add(1, Ordering::Relaxed);
        if !number.is_multiple_of(TIDY_EVERY) {
            return;
        }
        let now = self.clock.now();
        if let Err(error) = self.store.forget_tries(window(now), now - USUAL_FOR).await {
            tracing::warn!(%error, "old counts of failed logins were not removed");
        }
    }
}

impl<'a> Try<'a> {
    /// Where its password is checked.
    pub fn place(&self) -> &Place<'a> {
        &self.place
    }

    /// Ends the try and leaves its place. That it cannot be written is no reason
    /// to turn a user away: the try then stays counted.
    pub async fn end(self, outcome: Outcome) -> Place<'a> {
        if let Err(error) = self.write(outcome).await {
            tracing::warn!(%error, "the outcome of a login was not counted");
        }
        self.place
    }

    async fn write(&self, outcome: Outcome) -> store::Result<()> {
        let (store, now) = (&self.throttle.store, self.throttle.clock.now());
        let usual = (outcome == Outcome::Right).then_some(&*self.keys.pair);
        match &self.admitted {
            Admitted::Counted {
                since: [address, user],
            } => {
                let ending = match outcome {
                    Outcome::Wrong => Ending::Failed,
                    Outcome::Right | Outcome::Unchecked => Ending::Forgiven,
                };
                let keys = [(&*self.keys.address, *address), (&*self.keys.user, *user)];
                store.end_try(keys, ending, usual, now).await
            }
            Admitted::Usual(_) if outcome == Outcome::Wrong => {
                let window = window(now);
                store.count_failure_at_usual(&self.keys.pair, window).await
            }
            Admitted::Usual(known) => {
                // Most logins are of this kind, and write nothing.
                let is_fresh = known.failures == 0 && known.seen_at > now - DAY;
                if outcome == Outcome::Unchecked || is_fresh {
                    return Ok(());
                }
                store
                    .end_try([("", 0); 2], Ending::Forgiven, usual, now)
                    .await
            }
        }
    }
}

impl Keys {
    fn new(username: &str, address: IpAddr) -> Self {
        let address = network(address).to_string();
        Self {
            pair: digest(&["usual", &address, username]),
            user: digest(&["user", username]),
            address: digest(&["address", &address]),
        }
    }
}

/// Whoever has an IPv6 address has the 64 bits behind its network.
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
        Keys::new("johndoe", address.parse().expect("an address")).address
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
