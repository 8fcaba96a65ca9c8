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

/// How many tokens are kept; others cost one verification.
const CACHED_TOKENS: usize = 128 * 1024;

/// How many different sets of scopes their tokens and users share.
const SHARED_SETS: usize = 4 * 1024;

/// The tokens, by digest.
pub struct VerifiedTokens {
    tokens: Cache<Digest, Proof>,
    sets: Cache<ScopeSet, ScopeSet>,
}

type Digest = [u8; SHA256_OUTPUT_LEN];

/// What a verification proved, for a span of time and a state of the keys.
#[derive(Clone)]
struct Proof {
    caller: Arc<Caller>,
    keys: u64,
    since: i64,
    until: i64,
}

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self {
            tokens: Cache::new(CACHED_TOKENS),
            sets: Cache::new(SHARED_SETS),
        }
    }
}

impl VerifiedTokens {
    /// How many tokens are kept.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The caller of a token that these keys have verified, unless it or a key
    /// has reached its end since.
    pub fn get(&self, token: &str, keys: &KeyRing, now: i64) -> Option<Arc<Caller>> {
        let proof = self.tokens.get(&digest_of(token))?;
        let holds = proof.keys == keys.number && (proof.since..proof.until).contains(&now);
        holds.then_some(proof.caller)
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
        let expiry = claims.expires_at.saturating_add(LEEWAY_SECONDS);
        let end_of_keys = keys.verification.next_end(now);
        let proof = Proof {
            caller: Arc::clone(&caller),
            keys: keys.number,
            since: now,
            until: end_of_keys.map_or(expiry, |end| end.min(expiry)),
        };
        self.tokens.insert(digest_of(token), proof);
        caller
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
