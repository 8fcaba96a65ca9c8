//! Tokens whose signature and claims were verified lately, so that a token that
//! comes again costs a digest instead of a signature.
//!
//! Only what a verification proved is kept: whether the token was revoked, and
//! what its subject and client still hold, is looked up at every request. What
//! failed a check is never kept, so garbage drives nothing out.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use quick_cache::sync::Cache;

use super::KeyRing;
use crate::{
    guard::Caller,
    scope::ScopeSet,
    token::{Claims, LEEWAY_SECONDS, Verified},
};

/// How many tokens of those who call are kept; others cost one verification.
const CALLERS: usize = 128 * 1024;

/// How many are kept of those that are asked about, whose claims take more room.
const ASKED_ABOUT: usize = 16 * 1024;

/// How many different sets of scopes their tokens and users share.
const SHARED_SETS: usize = 4 * 1024;

/// The tokens that were verified.
pub struct VerifiedTokens {
    /// What the tokens of those who call say, for this server's audience.
    callers: Remembered<Arc<Caller>>,
    /// What tokens for any audience say.
    claims: Remembered<Arc<Verified<Claims>>>,
    sets: Cache<ScopeSet, ScopeSet>,
}

/// What was verified, by the digest of the token.
struct Remembered<T>(Cache<Digest, Proof<T>>);

type Digest = [u8; SHA256_OUTPUT_LEN];

/// What a verification proved, for a span of time and a state of the keys.
#[derive(Clone)]
struct Proof<T> {
    proved: T,
    keys: u64,
    since: i64,
    until: i64,
}

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self {
            callers: Remembered(Cache::new(CALLERS)),
            claims: Remembered(Cache::new(ASKED_ABOUT)),
            sets: Cache::new(SHARED_SETS),
        }
    }
}

impl<T: Clone> Remembered<T> {
    fn get(&self, token: &str, keys: &KeyRing, now: i64) -> Option<T> {
        let proof = self.0.get(&digest_of(token))?;
        let holds = proof.keys == keys.number && (proof.since..proof.until).contains(&now);
        holds.then_some(proof.proved)
    }

    fn keep(&self, token: &str, proved: T, expires_at: i64, keys: &KeyRing, now: i64) {
        let expiry = expires_at.saturating_add(LEEWAY_SECONDS);
        let end_of_keys = keys.verification.next_end(now);
        let proof = Proof {
            proved,
            keys: keys.number,
            since: now,
            until: end_of_keys.map_or(expiry, |end| end.min(expiry)),
        };
        self.0.insert(digest_of(token), proof);
    }
}

impl VerifiedTokens {
    /// How many tokens of callers are kept.
    pub fn len(&self) -> usize {
        self.callers.0.len()
    }

    /// The caller of a token that these keys have verified, unless it or a key
    /// has reached its end since.
    pub fn get(&self, token: &str, keys: &KeyRing, now: i64) -> Option<Arc<Caller>> {
        self.callers.get(token, keys, now)
    }

    /// Keeps a token that these keys have verified at `now`; gives its caller.
    pub fn keep(
        &self,
        token: &str,
        claims: &Verified<Claims>,
        keys: &KeyRing,
        now: i64,
    ) -> Arc<Caller> {
        let caller = Arc::new(Caller {
            scopes: self.shared(&claims.scopes),
            ..Caller::from(&**claims)
        });
        let known = Arc::clone(&caller);
        self.callers
            .keep(token, known, claims.expires_at, keys, now);
        caller
    }

    /// What a token for any audience says, as [`get`](Self::get) knows it.
    pub fn claims(&self, token: &str, keys: &KeyRing, now: i64) -> Option<Arc<Verified<Claims>>> {
        self.claims.get(token, keys, now)
    }

    /// Keeps what a token for any audience says that these keys have verified at `now`.
    pub fn keep_claims(
        &self,
        token: &str,
        claims: Verified<Claims>,
        keys: &KeyRing,
        now: i64,
    ) -> Arc<Verified<Claims>> {
        let claims = Arc::new(claims);
        let known = Arc::clone(&claims);
        self.claims.keep(token, known, claims.expires_at, keys, now);
        claims
    }

    /// The same set, in the memory of one that was seen before.
    pub fn shared(&self, scopes: &ScopeSet) -> ScopeSet {
        if let Some(known) = self.sets.get(scopes) {
            return known;
        }
        self.sets.insert(scopes.clone(), scopes.clone());
        scopes.clone()
    }
}

fn digest_of(token: &str) -> Digest {
    let mut bytes = Digest::default();
    bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    bytes
}
