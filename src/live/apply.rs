//! How memory is brought up to date by the change log.

use std::{
    collections::HashSet,
    ops::RangeInclusive,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use uuid::Uuid;

use super::{Live, LiveError, heard::Heard};
use crate::{
    scope::Scope,
    store::{self, Change, Store},
};

impl Live {
    /// Applies the changes that were committed up to now. After it, a change
    /// of this very server is in force here.
    pub async fn catch_up(&self) -> Result<(), LiveError> {
        let mut heard = self.heard.lock().await;
        // What happened after the question is not in the answer.
        let asked_at = self.started.elapsed().as_millis();
        let latest = self.log().latest_change().await?;
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
        let mut changes = self.log().changes_after(heard.up_to()).await?;
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
        let oldest = self.log().oldest_change().await?;
        Ok(oldest.is_some_and(|oldest| oldest <= seq + 1))
    }

    pub(super) async fn reload(&self) -> Result<(), LiveError> {
        self.load_keys().await?;
        self.load_all_revocations().await?;
        self.load_catalogue().await?;
        self.registry.reload(self.log(), &self.catalogue()).await?;
        self.watch_personal_tokens().await?;
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.users.clear();
        self.anchors.clear();
        Ok(())
    }

    pub(super) async fn watch_personal_tokens(&self) -> Result<(), store::Error> {
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
            self.load_keys().await?;
        }
        let revoking = changes
            .iter()
            .filter(|change| change.kind == Change::REVOCATIONS)
            .map(|change| change.seq);
        if let (Some(first), Some(last)) = (revoking.clone().min(), revoking.max()) {
            self.load_revocations(first..=last).await?;
        }
        if has(Change::SCOPES) {
            self.load_catalogue().await?;
        }
        if has(Change::SUBJECT_KINDS) || has(Change::SCOPES) {
            self.registry.reload(self.log(), &self.catalogue()).await?;
        } else if has(Change::CLIENTS) {
            let is_client = |change: &&Change| change.kind == Change::CLIENTS;
            let ids = changes.iter().filter(is_client).map(|change| &*change.key);
            self.registry
                .reload_clients(self.log(), &self.catalogue(), ids)
                .await?;
        }
        for change in changes {
            if change.kind == Change::PERSONAL_TOKEN
                && let Some(token) = self.log().token(&change.key).await?
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

    async fn load_keys(&self) -> Result<(), LiveError> {
        let keys = self.key_settings.load(self.log(), self.clock.now()).await?;
        self.keys.store(Arc::new(keys));
        Ok(())
    }

    async fn load_catalogue(&self) -> Result<(), LiveError> {
        let scopes = load_scopes(self.log()).await?;
        self.catalogue.store(Arc::new(scopes));
        self.load_made_anew().await
    }

    pub(super) async fn load_made_anew(&self) -> Result<(), LiveError> {
        let rows = self.log().scopes_made_anew().await?;
        let read = |(name, fence): &(String, String)| {
            Some((Scope::parse(name).ok()?, Uuid::parse_str(fence).ok()?))
        };
        let made_anew = rows.iter().filter_map(read).collect();
        self.made_anew.store(Arc::new(made_anew));
        Ok(())
    }

    pub(super) async fn load_all_revocations(&self) -> Result<(), store::Error> {
        self.log()
            .all_revocations(|id, exp| self.revoke(id, exp))
            .await
    }

    async fn load_revocations(&self, of: RangeInclusive<i64>) -> Result<(), store::Error> {
        self.log()
            .revocations_of(of, |id, exp| self.revoke(id, exp))
            .await
    }

    fn revoke(&self, token_id: &str, expires_at: i64) {
        if let Ok(id) = Uuid::parse_str(token_id) {
            self.revoked.insert(id, expires_at);
        }
    }
}

pub(super) async fn load_scopes(store: &Store) -> Result<HashSet<Scope>, LiveError> {
    let names = store.scopes().await?;
    Ok(names
        .iter()
        .filter_map(|row| Scope::parse(&row.name).ok())
        .collect())
}
