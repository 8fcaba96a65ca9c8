//! What is held in memory and kept true by the change log, so that a guarded
//! request costs no round trip to the database: revoked tokens, the state of
//! users, signing keys, the catalogue.
//!
//! A writer announces its change in the database ([`crate::store`]); every
//! server applies the announcements in order, its own at once
//! ([`Live::catch_up`]) and those of others as [`Live::follow`] finds them. A
//! server that has not heard from the change log for longer than
//! the setting `max-staleness` says so rather than answer from what may be outdated.

mod feed;
mod follow;
mod heard;
mod keys;
mod registry;
mod revoked;
mod tokens;
mod uses;

use std::{
    collections::{HashMap, HashSet},
    ops::RangeInclusive,
    sync::{
        Arc,
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
    profile::Profile,
    scope::{Scope, ScopeSet},
    store::{self, Anchor, Change, Store},
};

pub use feed::Feed;
use heard::Heard;
pub use keys::{KeyRing, KeyRingError, KeySettings};
use registry::Registry;
use revoked::Revoked;
use tokens::VerifiedTokens;
use uses::Uses;

/// How many users' states are held; others cost one look-up.
const CACHED_USERS: usize = 100_000;

/// A user, but for what only a login has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserState {
    pub profile: Profile,
    pub disabled: bool,
    pub scopes: ScopeSet,
}

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
    /// The same, for what the change log brings.
    log: Store,
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
        let mut live = Self {
            // The connections that are there: to make its own takes longer than to load.
            log: store.clone(),
            store,
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
        live.log = live.store.for_change_log();
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

    /// The state of a user, from memory or else from the database.
    pub async fn user(&self, username: &str) -> Result<Option<Arc<UserState>>, store::Error> {
        let load = async || {
            let user = self.store.user(username).await?;
            Ok(user.map(|user| UserState {
                profile: user.profile,
                disabled: user.disabled,
                scopes: self.tokens.shared(&user.scopes),
            }))
        };
        self.remembered(&self.users, username, load).await
    }

    /// Whom the tokens of a shared user belong to, from memory or else from the
    /// database.
    pub async fn anchor(&self, username: &str) -> Result<Option<Arc<Anchor>>, store::Error> {
        let load = async || self.store.anchor(username).await;
        self.remembered(&self.anchors, username, load).await
    }

    async fn remembered<T>(
        &self,
        cache: &Cache<Box<str>, Option<Arc<T>>>,
        username: &str,
        load: impl AsyncFnOnce() -> Result<Option<T>, store::Error>,
    ) -> Result<Option<Arc<T>>, store::Error> {
        if let Some(known) = cache.get(username) {
            return Ok(known);
        }
        let generation = self.generation();
        // Boxed, so that requests which find it in memory carry no room for a look-up about.
        let found = Box::pin(load()).await?.map(Arc::new);
        // A change that came between the look-up and here is dropped by the
        // second comparison, one that comes later by `apply`.
        if generation == self.generation() {
            cache.insert(username.into(), found.clone());
            if generation != self.generation() {
                cache.remove(username);
            }
        }
        Ok(found)
    }

    /// Applies the changes that were committed up to now. After it, a change
    /// of this very server is in force here.
    pub async fn catch_up(&self) -> Result<(), LiveError> {
        let mut heard = self.heard.lock().await;
        // What happened after the question is not in the answer.
        let asked_at = self.started.elapsed().as_millis();
        let latest = self.log.latest_change().await?;
        if !heard.has_all_up_to(latest) {
            self.hear(&mut heard, latest).await?;
            self.applied.notify_waiters();
        }
        let asked_at = i64::try_from(asked_at).unwrap_or(i64::MAX);
        self.heard_at.store(asked_at, Ordering::Relaxed);
        Ok(())
    }

    /// Applies the changes that were not seen yet. Where the log does not reach back to
    /// what this server knows, everything is loaded anew.
    async fn hear(&self, heard: &mut Heard, latest: i64) -> Result<(), LiveError> {
        let mut changes = self.log.changes_after(heard.up_to()).await?;
        heard.leave_unseen(&mut changes);
        if heard.misses_the_next(&changes) && !self.log_reaches_back_to(heard.up_to()).await? {
            let up_to = heard.up_to();
            tracing::warn!(
                up_to,
                latest,
                "the change log no longer reaches back far enough: reloading everything"
            );
            self.reload().await?;
        } else if !changes.is_empty() {
            self.apply(&changes).await?;
        }
        heard.note(&changes, latest, Instant::now());
        Ok(())
    }

    async fn log_reaches_back_to(&self, seq: i64) -> Result<bool, store::Error> {
        let oldest = self.log.oldest_change().await?;
        Ok(oldest.is_some_and(|oldest| oldest <= seq + 1))
    }

    async fn reload(&self) -> Result<(), LiveError> {
        let keys = self.key_settings.load(&self.log, self.clock.now()).await?;
        self.keys.store(Arc::new(keys));
        self.load_all_revocations().await?;
        self.catalogue
            .store(Arc::new(load_scopes(&self.log).await?));
        self.load_made_anew().await?;
        self.registry.reload(&self.log, &self.catalogue()).await?;
        self.watch_personal_tokens().await?;
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.users.clear();
        self.anchors.clear();
        Ok(())
    }

    /// Closes the connections to the database.
    pub async fn close(&self) {
        self.log.close().await;
        self.store.close().await;
    }

    /// Whether a name is remembered as not found.
    pub fn remembers_nobody(&self, username: &str) -> bool {
        matches!(self.users.get(username), Some(None))
    }

    async fn watch_personal_tokens(&self) -> Result<(), store::Error> {
        for (id, expires_at) in self.store.personal_tokens(self.clock.now()).await? {
            self.watch(&id, expires_at);
        }
        Ok(())
    }

    fn watch(&self, token_id: &str, expires_at: i64) {
        if let Ok(id) = Uuid::parse_str(token_id) {
            self.uses.watch(id, expires_at);
        }
    }

    async fn apply(&self, changes: &[Change]) -> Result<(), LiveError> {
        let has = |kind: &str| changes.iter().any(|change| change.kind == kind);
        if has(Change::KEYS) {
            let keys = self.key_settings.load(&self.log, self.clock.now()).await?;
            self.keys.store(Arc::new(keys));
        }
        let revoking = changes
            .iter()
            .filter(|change| change.kind == Change::REVOCATIONS)
            .map(|change| change.seq);
        if let (Some(first), Some(last)) = (revoking.clone().min(), revoking.max()) {
            self.load_revocations(first..=last).await?;
        }
        if has(Change::SCOPES) {
            self.catalogue
                .store(Arc::new(load_scopes(&self.log).await?));
            self.load_made_anew().await?;
        }
        if has(Change::SUBJECT_KINDS) || has(Change::SCOPES) {
            self.registry.reload(&self.log, &self.catalogue()).await?;
        } else if has(Change::CLIENTS) {
            let is_client = |change: &&Change| change.kind == Change::CLIENTS;
            let ids = changes.iter().filter(is_client).map(|change| &*change.key);
            self.registry
                .reload_clients(&self.log, &self.catalogue(), ids)
                .await?;
        }
        for change in changes {
            if change.kind == Change::PERSONAL_TOKEN
                && let Some(token) = self.log.token(&change.key).await?
            {
                self.watch(&token.id, token.expires_at);
            }
        }
        self.generation.fetch_add(1, Ordering::AcqRel);
        if has(Change::SCOPES) {
            self.users.clear();
        }
        for change in changes.iter().filter(|change| change.kind == Change::USER) {
            self.users.remove(&*change.key);
            self.anchors.remove(&*change.key);
        }
        Ok(())
    }

    async fn load_made_anew(&self) -> Result<(), LiveError> {
        let rows = self.log.scopes_made_anew().await?;
        let read = |(name, fence): &(String, String)| {
            Some((Scope::parse(name).ok()?, Uuid::parse_str(fence).ok()?))
        };
        let made_anew = rows.iter().filter_map(read).collect();
        self.made_anew.store(Arc::new(made_anew));
        Ok(())
    }

    async fn load_all_revocations(&self) -> Result<(), store::Error> {
        self.log
            .all_revocations(|id, exp| self.revoke(id, exp))
            .await
    }

    async fn load_revocations(&self, of: RangeInclusive<i64>) -> Result<(), store::Error> {
        self.log
            .revocations_of(of, |id, exp| self.revoke(id, exp))
            .await
    }

    fn revoke(&self, token_id: &str, expires_at: i64) {
        if let Ok(id) = Uuid::parse_str(token_id) {
            self.revoked.insert(id, expires_at);
        }
    }
}

async fn load_scopes(store: &Store) -> Result<HashSet<Scope>, LiveError> {
    let names = store.scopes().await?;
    Ok(names
        .iter()
        .filter_map(|row| Scope::parse(&row.name).ok())
        .collect())
}
