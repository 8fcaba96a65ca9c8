//! What is held in memory and kept true by the change log, so that a guarded
//! request costs no round trip to the database: revoked tokens, the state of
//! users, signing keys, the catalogue.
//!
//! A writer announces its change in the database ([`crate::store`]); every
//! server applies the announcements in order, its own at once
//! ([`Live::catch_up`]) and those of others as [`Live::follow`] finds them. A
//! server that has not heard from the change log for longer than
//! the setting `max-staleness` says so rather than answer from what may be outdated.

mod apply;
mod feed;
mod follow;
mod heard;
mod keys;
mod registry;
mod revoked;
mod tokens;
mod users;
mod uses;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use quick_cache::sync::Cache;
use thiserror::Error;
use tokio::sync::{Mutex, Notify};
use uuid::Uuid;

use crate::{
    clock::{Clock, Watch},
    config::Freshness,
    scope::{Scope, ScopeSet},
    store::{self, Anchor, Store},
};

use apply::load_scopes;
pub use feed::Feed;
use heard::Heard;
pub use keys::{KeyRing, KeyRingError, KeySettings};
use registry::Registry;
use revoked::Revoked;
use tokens::VerifiedTokens;
use users::CACHED_USERS;
pub use users::UserState;
use uses::Uses;

/// Why the live state cannot be had.
#[derive(Debug, Error)]
pub enum LiveError {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Keys(#[from] KeyRingError),
}

/// The state in memory.
pub struct Live {
    store: Store,
    /// The same, for what the change log brings to a server that follows it.
    log: OnceLock<Store>,
    freshness: Freshness,
    clock: Clock,
    clock_watch: std::sync::Mutex<Watch>,
    key_settings: KeySettings,
    keys: ArcSwap<KeyRing>,
    catalogue: ArcSwap<HashSet<Scope>>,
    /// The scopes whose name had another scope before: tokens with an id that sorts
    /// before this one have that other.
    made_anew: ArcSwap<HashMap<Scope, Uuid>>,
    revoked: Revoked,
    users: Cache<Box<str>, Option<Arc<UserState>>>,
    /// Whom the tokens of shared users belong to.
    anchors: Cache<Box<str>, Option<Arc<Anchor>>>,
    /// Tokens that were verified lately.
    pub tokens: VerifiedTokens,
    /// Clients and subject kinds.
    pub registry: Registry,
    /// When personal tokens were used last.
    pub uses: Uses,
    /// Goes up with every applied batch of changes.
    generation: AtomicU64,
    heard: Mutex<Heard>,
    /// Rings when there may be news in the change log.
    bell: Notify,
    /// Rings when news were applied.
    applied: Notify,
    started: Instant,
    /// Milliseconds from `started` to when the change log last answered.
    heard_at: AtomicI64,
}

impl Live {
    /// Loads the state; generates a signing key if there is none yet.
    pub async fn load(
        store: Store,
        key_settings: KeySettings,
        freshness: Freshness,
        clock: Clock,
    ) -> Result<Self, LiveError> {
        let now = clock.now();
        key_settings.ensure_key(&store, now).await?;
        let heard = Heard::before_loading(&store).await?;
        let keys = key_settings.load(&store, now).await?;
        let scopes = load_scopes(&store).await?;
        let registry = Registry::load(&store, &scopes).await?;
        let live = Self {
            store,
            log: OnceLock::new(),
            freshness,
            clock_watch: std::sync::Mutex::new(Watch::start(now, Instant::now())),
            clock,
            key_settings,
            keys: ArcSwap::from_pointee(keys),
            catalogue: ArcSwap::from_pointee(scopes),
            made_anew: ArcSwap::default(),
            revoked: Revoked::default(),
            users: Cache::new(CACHED_USERS),
            anchors: Cache::new(CACHED_USERS),
            tokens: VerifiedTokens::default(),
            registry,
            uses: Uses::default(),
            generation: AtomicU64::new(0),
            heard: Mutex::new(heard),
            bell: Notify::new(),
            applied: Notify::new(),
            started: Instant::now(),
            heard_at: AtomicI64::new(0),
        };
        live.load_made_anew().await?;
        live.load_all_revocations().await?;
        live.watch_personal_tokens().await?;
        Ok(live)
    }

    /// Encrypts the private keys that are stored plain, where there is a key for it.
    pub async fn seal_keys(&self) -> Result<(), LiveError> {
        Ok(self.key_settings.seal(&self.store).await?)
    }

    /// The keys in force.
    pub fn keys(&self) -> Arc<KeyRing> {
        self.keys.load_full()
    }

    /// What the settings say of signing keys.
    pub fn key_settings(&self) -> &KeySettings {
        &self.key_settings
    }

    /// The names of the catalogue.
    pub fn catalogue(&self) -> Arc<HashSet<Scope>> {
        self.catalogue.load_full()
    }

    /// What a token has of its scopes, where one of them left the catalogue after the
    /// token was issued, and replaced by another of the same name; none where it has all.
    pub fn without_removed(&self, token_id: &Uuid, scopes: &ScopeSet) -> Option<ScopeSet> {
        let made_anew = self.made_anew.load();
        if made_anew.is_empty() {
            return None;
        }
        let is_left = |scope: &str| made_anew.get(scope).is_none_or(|fence| token_id > fence);
        if scopes.iter().all(|scope| is_left(scope.as_str())) {
            return None;
        }
        let mut left = scopes.clone();
        left.retain(is_left);
        Some(left)
    }

    /// Whether a token was revoked.
    pub fn is_revoked(&self, token_id: &Uuid) -> bool {
        self.revoked.contains(token_id)
    }

    /// Goes up whenever anything in memory changed.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether the change log was heard of lately enough to answer by.
    pub fn is_fresh(&self) -> bool {
        self.change_log_age() <= self.freshness.max_staleness
    }

    /// Since when the change log was not heard of.
    pub fn change_log_age(&self) -> Duration {
        let heard = Duration::from_millis(self.heard_at.load(Ordering::Relaxed).unsigned_abs());
        self.started.elapsed().saturating_sub(heard)
    }

    /// How many revoked tokens are in memory.
    pub fn revoked_tokens(&self) -> usize {
        self.revoked.len()
    }

    fn log(&self) -> &Store {
        self.log.get().unwrap_or(&self.store)
    }

    /// Closes the connections to the database.
    pub async fn close(&self) {
        self.log().close().await;
        self.store.close().await;
    }
}
