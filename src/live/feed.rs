//! What other APIs are told of revoked tokens.

use std::time::Duration;

use tokio::{sync::futures::Notified, time::Instant};

use super::Live;
use crate::store::{self, Revocation};

/// How many revocations are told at once, but for those of one change.
const MOST: usize = 10_000;

/// For how many seconds behind its `exp` a token may still be accepted somewhere.
const LEEWAY: i64 = 300;

/// How often a waiting request looks whether the server is about to stop, and how long it waits
/// who has been told all but what a change that is not committed yet may add before it.
const PAUSE: Duration = Duration::from_millis(500);

/// The revocations behind a number.
#[derive(Debug)]
pub struct Feed {
    pub revocations: Vec<Revocation>,
    /// Behind which number to ask next. Some of the revocations may be beyond it, and are
    /// told again then.
    pub next: i64,
}

impl Feed {
    fn is_new(&self) -> bool {
        let mut revocations = self.revocations.iter();
        revocations.any(|revocation| revocation.seq <= self.next)
    }
}

impl Live {
    /// The revocations behind a number, of tokens that may still be accepted. Where there are
    /// none, they are waited for until a time, or until the server `is_stopping`.
    pub async fn revocations_since(
        &self,
        since: i64,
        until: Instant,
        is_stopping: impl Fn() -> bool,
    ) -> Result<Feed, store::Error> {
        loop {
            // Before looking, so that nothing comes in between unnoticed.
            let mut applied = std::pin::pin!(self.applied.notified());
            applied.as_mut().enable();
            let feed = self.feed(since).await?;
            let is_over = || Instant::now() >= until || is_stopping();
            if feed.is_new() || is_over() {
                return Ok(feed);
            }
            if !feed.revocations.is_empty() {
                tokio::time::sleep(PAUSE).await;
                return Ok(feed);
            }
            while !is_over() && !is_rung(applied.as_mut(), until).await {}
        }
    }

    async fn feed(&self, since: i64) -> Result<Feed, store::Error> {
        // Numbers that were never given are those of another database, as before a restore.
        let since = match self.store.latest_change().await? < since {
            true => 0,
            false => since,
        };
        let up_to = self.heard.lock().await.up_to();
        let after = self.clock.now() - LEEWAY;
        let found = self.store.revocations_after(since, after, MOST);
        let (revocations, has_more) = found.await?;
        let told = revocations.last().map(|last| last.seq);
        let next = told.filter(|_| has_more).unwrap_or(up_to).min(up_to);
        Ok(Feed {
            revocations,
            next: next.max(since),
        })
    }
}

/// Waits a little, and not beyond a time; whether there are news.
async fn is_rung(applied: std::pin::Pin<&mut Notified<'_>>, until: Instant) -> bool {
    tokio::select! {
        () = applied => true,
        () = tokio::time::sleep_until(until.min(Instant::now() + PAUSE)) => false,
    }
}
