//! The audit log: who did what to what, from where, through which client and token.
//!
//! What changes something is recorded by the transaction that changes it
//! ([`Transaction::record`](crate::store::Transaction::record)), and written by
//! [`Authority::write`] with the one who did it. Logins and refusals change nothing: they are
//! [noticed](crate::noticed) in memory and written every second.

use std::{io, path::Path, time::Duration};

use thiserror::Error;
use tokio::{
    fs::OpenOptions,
    io::AsyncWriteExt,
    time::{Instant, MissedTickBehavior, interval_at},
};

use crate::{
    authority::Authority,
    store::{self, AuditEntry, AuditFilter, Link},
};

/// How often what was noticed is written, and what was written is bound to the chain.
const INTERVAL: Duration = Duration::from_secs(1);

/// How many entries are read at once where all are.
const PAGE: i64 = 5_000;

/// Writes what was noticed.
///
/// # Errors
/// The database does not answer; what was noticed until now is lost then, and in the log.
pub async fn write_noticed(authority: &Authority) -> store::Result<()> {
    let entries = authority.noticed.take(authority.clock.now());
    if entries.is_empty() {
        return Ok(());
    }
    let written = authority.store.add_audit(&entries).await;
    written.inspect_err(|_| {
        tracing::warn!(
            entries = entries.len(),
            "logins and refusals are missing in the audit log"
        );
    })
}

/// Binds what was written to the chain, and appends it to the stream of the settings.
///
/// # Errors
/// The database does not answer: it is bound later.
pub async fn chain(authority: &Authority) -> store::Result<()> {
    while authority.store.has_unchained().await? {
        let entries = authority.store.chain_audit_log().await?;
        if let Some(path) = &authority.config.audit_stream
            && let Err(error) = append(path, &entries).await
        {
            let (path, entries) = (path.display(), entries.len());
            tracing::warn!(%path, %error, entries, "the audit-stream lacks entries of the database");
        }
    }
    Ok(())
}

/// Opened each time: log rotation puts another file there.
async fn append(path: &Path, entries: &[AuditEntry]) -> io::Result<()> {
    let mut lines = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut lines, entry)?;
        lines.push(b'\n');
    }
    let mut open = OpenOptions::new();
    let mut file = open
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .await?;
    file.write_all(&lines).await?;
    file.flush().await
}

/// Writes and binds, for ever.
pub async fn keep(authority: &Authority) {
    let mut interval = interval_at(Instant::now() + INTERVAL, INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let done = async {
            write_noticed(authority).await?;
            chain(authority).await
        };
        if let Err(error) = done.await {
            tracing::warn!(%error, "the audit log cannot be written");
        }
    }
}

/// Entries that fit, the youngest first, with what this server noticed a moment ago.
///
/// # Errors
/// The database does not answer.
pub async fn list(
    authority: &Authority,
    filter: &AuditFilter<'_>,
) -> store::Result<Vec<AuditEntry>> {
    write_noticed(authority).await?;
    authority.store.audit_log(filter).await
}

/// A chain that holds.
#[derive(Debug)]
pub struct Verified {
    pub entries: u64,
    /// The last entry that retention removed; its number is 0 before it removed any.
    pub base: Link,
    pub head: Link,
}

/// Why a log is not what was written.
#[derive(Debug, Error)]
pub enum NotVerified {
    #[error("entry {0} is missing")]
    Missing(i64),
    #[error("entry {0} was changed or moved")]
    Changed(i64),
    #[error("the entries after {last} are missing: the last one was {head}")]
    Cut { last: i64, head: i64 },
    #[error("entry {0} was added from outside")]
    Added(i64),
    #[error("entry {0} is not the one that was expected")]
    Unexpected(i64),
    #[error("the expected entry {0} has been removed, as it was too old")]
    Removed(i64),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Checks that every entry of the chain is there, in its place and as it was written.
/// Someone who rewrites all of it is found out by an entry that was kept elsewhere: the
/// `expected` one.
///
/// # Errors
/// The first entry that is not, or the database does not answer.
pub async fn verify(
    authority: &Authority,
    expected: Option<&Link>,
) -> Result<Verified, NotVerified> {
    chain(authority).await?;
    loop {
        let base = authority.store.audit_chain().await?.base;
        let verified = verify_from(authority, &base, expected).await;
        let is_base = authority.store.audit_chain().await?.base == base;
        // Entries that went meanwhile are missing for a good reason.
        if verified.is_ok() || is_base {
            return verified;
        }
    }
}

async fn verify_from(
    authority: &Authority,
    base: &Link,
    expected: Option<&Link>,
) -> Result<Verified, NotVerified> {
    let mut last = base.clone();
    let compare = |link: &Link| match expected {
        Some(expected) if expected.number == link.number && expected.digest != link.digest => {
            Err(NotVerified::Unexpected(link.number))
        }
        _ => Ok(()),
    };
    if let Some(expected) = expected
        && expected.number < base.number
    {
        return Err(NotVerified::Removed(expected.number));
    }
    compare(&last)?;
    let head = loop {
        // Read first: what is behind it was bound meanwhile.
        let head = authority.store.audit_chain().await?.head;
        let page = authority.store.audit_log_behind(last.number, PAGE).await?;
        if page.is_empty() {
            break head;
        }
        for entry in page {
            let number = last.number + 1;
            if entry.number != Some(number) {
                return Err(NotVerified::Missing(number));
            }
            let digest = entry.digest_behind(&last.digest, number);
            if entry.digest.as_deref() != Some(digest.as_str()) {
                return Err(NotVerified::Changed(number));
            }
            last = Link { number, digest };
            compare(&last)?;
        }
    };
    let least = expected.map_or(head.number, |expected| head.number.max(expected.number));
    if last.number < least {
        return Err(NotVerified::Cut {
            last: last.number,
            head: least,
        });
    }
    if last != head {
        return Err(NotVerified::Added(head.number + 1));
    }
    Ok(Verified {
        entries: last.number.abs_diff(base.number),
        base: base.clone(),
        head,
    })
}
