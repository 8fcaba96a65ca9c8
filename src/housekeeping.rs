//! What has expired is removed: by one server at a time, a little at a time.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};
use uuid::Uuid;

use crate::{
    actor::Actor,
    authority::Authority,
    infrastructure::Infrastructure,
    store::{self, Expired, Keep, Transaction},
};

const LEASE: &str = "housekeeping";

/// How often is looked for what has expired.
const INTERVAL: Duration = Duration::from_mins(1);

/// For how long a server that stops leaves the lease taken, in seconds.
const LEASE_LIFE: i64 = 180;

/// Removes what has expired, for ever.
pub async fn keep_house(authority: &Authority) {
    let holder = Uuid::now_v7().to_string();
    let mut interval = interval_at(Instant::now() + INTERVAL, INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        match tidy(authority, &holder).await {
            Ok(rows) => authority.metrics.removed(rows),
            Err(error) => tracing::warn!(%error, "what has expired was not removed"),
        }
    }
}

/// Removes what has expired by now, unless another server is doing so. Gives how many
/// rows went.
///
/// # Errors
/// The database does not answer. What was removed before stays so.
pub async fn tidy(authority: &Authority, holder: &str) -> Result<u64, Infrastructure> {
    let mut removed = 0;
    if !authority.live.clock_is_settled() {
        return Ok(removed);
    }
    if !has_lease(authority, holder).await? {
        return Ok(removed);
    }
    for kind in Expired::ALL {
        let keep = match kind.keep {
            Keep::Setting => authority.config.keep_expired_tokens.as_secs(),
            Keep::Seconds(seconds) => seconds.unsigned_abs(),
        };
        let before = authority.clock.now().saturating_sub_unsigned(keep);
        loop {
            let (batch, has_more) = authority.store.remove_expired(&kind, before).await?;
            removed += batch;
            if batch > 0 {
                tracing::info!(rows = batch, "removed expired {}", kind.name);
            }
            // A round with much to do outlasts the lease.
            if has_more && !has_lease(authority, holder).await? {
                return Ok(removed);
            }
            if !has_more {
                break;
            }
        }
    }
    removed += remove_unused_clients(authority).await?;
    removed += remove_old_audit(authority).await?;
    let now = authority.clock.now();
    Ok(removed + authority.store.remove_expired_assertions(now).await?)
}

/// Removes the clients that registered themselves and were not used in time.
async fn remove_unused_clients(authority: &Authority) -> Result<u64, Infrastructure> {
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| {
        Ok::<_, Infrastructure>(transaction.remove_unused_clients(now).await?)
    };
    let removed = authority.write(&Actor::system(), write).await?;
    if removed > 0 {
        tracing::info!(rows = removed, "removed unused clients");
    }
    Ok(removed as u64)
}

/// Removes the entries of the audit log that are older than the setting says.
async fn remove_old_audit(authority: &Authority) -> Result<u64, Infrastructure> {
    let keep = authority.config.keep_audit_log.as_secs();
    let before = authority.clock.now().saturating_sub_unsigned(keep);
    let mut removed = 0;
    loop {
        let (batch, has_more) = authority.store.remove_old_audit(before).await?;
        if batch > 0 {
            tracing::info!(rows = batch, "removed old entries of the audit log");
        }
        removed += batch;
        if !has_more {
            return Ok(removed);
        }
    }
}

/// Takes the lease, or renews it; says whether this server has it.
async fn has_lease(authority: &Authority, holder: &str) -> store::Result<bool> {
    let now = authority.clock.now();
    let until = now + LEASE_LIFE;
    authority.store.take_lease(LEASE, holder, now, until).await
}
