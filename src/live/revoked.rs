//! The revoked tokens that have not expired.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use uuid::Uuid;

/// Into how many parts the set is divided: a part is locked alone, and moves
/// alone when it grows.
const PARTS: usize = 64;

/// A set of `jti`, each with the `exp` behind which it is of no matter.
pub struct Revoked([RwLock<Part>; PARTS]);

/// The expiry in minutes since 1970, rounded up: a part has 20 bytes an entry
/// then, not 24.
type Part = HashMap<Uuid, [u8; 4], BuildHasherDefault<Random>>;

impl Default for Revoked {
    fn default() -> Self {
        Self(std::array::from_fn(|_| RwLock::default()))
    }
}

impl Revoked {
    /// Whether a token was revoked.
    pub fn contains(&self, token_id: &Uuid) -> bool {
        read(self.part(token_id)).contains_key(token_id)
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(|part| read(part).len()).sum()
    }

    /// Adds a token.
    pub fn insert(&self, token_id: Uuid, expires_at: i64) {
        write(self.part(&token_id)).insert(token_id, minute(expires_at).to_ne_bytes());
    }

    /// Forgets those that expire before a time.
    pub fn forget_before(&self, time: i64) {
        let first = minute(time);
        for part in &self.0 {
            write(part).retain(|_, expires_at| u32::from_ne_bytes(*expires_at) >= first);
        }
    }

    fn part(&self, token_id: &Uuid) -> &RwLock<Part> {
        &self.0[usize::from(token_id.as_bytes()[15]) % PARTS]
    }
}

fn minute(time: i64) -> u32 {
    u32::try_from(time / 60 + 1).unwrap_or(if time < 0 { 0 } else { u32::MAX })
}

/// A map is whole between any two calls, so a panic elsewhere does not spoil it.
fn read(part: &RwLock<Part>) -> RwLockReadGuard<'_, Part> {
    part.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(part: &RwLock<Part>) -> RwLockWriteGuard<'_, Part> {
    part.write().unwrap_or_else(PoisonError::into_inner)
}

/// Spreads the last eight bytes of a `jti`: a random number and the low bits of
/// a counter with a random start (RFC 9562 §6.2), which nobody chooses.
#[derive(Default)]
struct Random(u64);

/// An odd number without a pattern: 2⁶⁴ by the golden ratio.
const SPREAD: u128 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for Random {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk() {
            self.0 = u64::from_ne_bytes(*last);
        }
    }

    fn finish(&self) -> u64 {
        let [low, high] = split(u128::from(self.0) * SPREAD);
        low ^ high
    }
}

fn split(number: u128) -> [u64; 2] {
    [number as u64, (number >> 64) as u64]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expires_before_a_time_is_forgotten_and_nothing_else() {
        let (short, long) = (Uuid::now_v7(), Uuid::now_v7());
        let revoked = Revoked::default();
        revoked.insert(short, 1_000_000);
        revoked.insert(long, 2_000_000);
        revoked.forget_before(1_000_000);
        assert!(revoked.contains(&short) && revoked.contains(&long));
        revoked.forget_before(1_000_060);
        assert!(!revoked.contains(&short) && revoked.contains(&long));
    }
}
