//! What a server does all the time: it follows the change log, watches the clock, and
//! writes when tokens were used.

use std::{
    sync::PoisonError,
    time::{Duration, Instant},
};

use super::{Live, LiveError};
use crate::{clock::Watch, store};

/// How long a server waits to listen anew where its connection broke.
const LISTEN_AGAIN: Duration = Duration::from_millis(500);

/// How often is forgotten what the database has forgotten.
const TIDYING_INTERVAL: Duration = Duration::from_mins(1);

/// How often the uses of tokens are written.
const WRITE_INTERVAL: Duration = Duration::from_secs(5);

impl Live {
    /// Follows the change log, and writes the uses of tokens, for ever: neither waits for
    /// the other.
    pub async fn follow(&self) {
        self.log.get_or_init(|| self.store.for_change_log());
        tokio::join!(
            self.listen(),
            self.follow_changes(),
            self.keep_writing_uses()
        );
    }

    /// Rings the bell when another server has changed something. Where this fails, the log
    /// is still looked at now and then, and that it does not answer is said there.
    async fn listen(&self) {
        loop {
            if let Err(error) = self.log().listen(|| self.bell.notify_one()).await {
                tracing::debug!(%error, "the change log cannot be listened to");
            }
            tokio::time::sleep(LISTEN_AGAIN).await;
        }
    }

    async fn keep_writing_uses(&self) {
        let mut interval = tokio::time::interval(WRITE_INTERVAL);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            if let Err(error) = self.write_uses().await {
                tracing::warn!(%error, "when tokens were used cannot be written");
            }
        }
    }

    async fn keep_up(&self, tidies: bool) -> Result<(), LiveError> {
        self.watch_jumps().await?;
        self.catch_up().await?;
        if tidies {
            self.forget_removed().await?;
        }
        Ok(())
    }

    /// Loads everything anew where the clock has jumped: what is in memory may have been
    /// judged by a wrong time.
    async fn watch_jumps(&self) -> Result<(), LiveError> {
        if let Some(seconds) = self.watch_clock() {
            tracing::warn!(
                seconds,
                "the clock has jumped: everything is reloaded, and nothing is removed for an hour"
            );
            let _no_others = self.heard.lock().await;
            self.reload().await?;
        }
        Ok(())
    }

    /// Forgets what the database has removed, behind a margin: the clock alone is not
    /// trusted with it. Meanwhile no change is applied, which could be earlier.
    async fn forget_removed(&self) -> Result<(), store::Error> {
        let _no_others = self.heard.lock().await;
        if let Some(earliest) = self.log().earliest_revoked_expiry().await? {
            self.revoked.forget_before(earliest);
        }
        Ok(())
    }

    fn watch_clock(&self) -> Option<i64> {
        self.clock_watch().look(self.clock.now(), Instant::now())
    }

    /// Whether the clock can be trusted with what cannot be undone.
    pub fn clock_is_settled(&self) -> bool {
        self.clock_watch().is_settled(Instant::now())
    }

    fn clock_watch(&self) -> std::sync::MutexGuard<'_, Watch> {
        // A watch is whole between any two calls, so a panic elsewhere does not spoil it.
        self.clock_watch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn follow_changes(&self) {
        let mut interval = tokio::time::interval(self.freshness.poll_interval);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut failing = false;
        let mut tidied = Instant::now();
        loop {
            tokio::select! {
                _ = interval.tick() => {}
                () = self.bell.notified() => {}
            }
            let tidies = tidied.elapsed() > TIDYING_INTERVAL;
            if tidies {
                tidied = Instant::now();
            }
            match self.keep_up(tidies).await {
                Ok(()) if failing => {
                    failing = false;
                    tracing::info!("the change log answers again");
                }
                Ok(()) => {}
                Err(error) if !failing => {
                    failing = true;
                    tracing::error!(%error, "the change log does not answer");
                }
                Err(_) => {}
            }
        }
    }

    /// Writes when personal tokens were used last.
    pub async fn write_uses(&self) -> Result<(), store::Error> {
        let uses = self.uses.take_unwritten(self.clock.now());
        if uses.is_empty() {
            return Ok(());
        }
        let written = self.store.touch_tokens(&uses).await;
        if written.is_err() {
            self.uses.put_back(&uses);
        }
        written
    }
}
