//! Rows that have served: removed in small batches, so that no writer waits for
//! long.

use super::{Result, Store, commit};

/// How many rows a batch removes at most.
const BATCH: u64 = 500;

/// A kind of rows that are of no use behind a time.
#[derive(Clone, Copy, Debug)]
pub struct Expired {
    /// What they are, for the log.
    pub name: &'static str,
    /// Removes a batch of those that are older than `$1`.
    statement: &'static str,
    /// For how many seconds they are kept behind their end.
    pub keep: Keep,
}

/// How long rows are kept behind their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// As long as somebody may want to look back: a setting.
    Setting,
    /// A number of seconds.
    Seconds(i64),
}

const DAY: i64 = 24 * 60 * 60;

macro_rules! remove {
    ($name:literal, $table:literal, $key:literal, $condition:literal, $keep:expr) => {
        Expired {
            name: $name,
            statement: concat!(
                "DELETE FROM ",
                $table,
                " WHERE ",
                $key,
                " IN (SELECT ",
                $key,
                " FROM ",
                $table,
                " WHERE ",
                $condition,
                " LIMIT 500)"
            ),
            keep: $keep,
        }
    };
}

impl Expired {
    /// For how long the change log reaches back, in seconds. A server that was away
    /// for longer loads everything anew.
    pub const CHANGE_LOG_REACH: i64 = 60 * 60;

    /// All kinds, in the order in which they are removed.
    pub const ALL: [Self; 11] = [
        remove!("tokens", "tokens", "id", "expires_at < $1", Keep::Setting),
        remove!(
            "refresh tokens",
            "refresh_tokens",
            "hash",
            "expires_at < $1",
            Keep::Setting
        ),
        remove!(
            "grants",
            "grants",
            "id",
            "created_at < $1
             AND NOT EXISTS (SELECT 1 FROM refresh_tokens WHERE grant_id = grants.id)
             AND NOT EXISTS (SELECT 1 FROM tokens WHERE grant_id = grants.id)",
            Keep::Setting
        ),
        // The clock of another server may be behind.
        remove!(
            "revocations",
            "revocations",
            "token_id",
            "expires_at < $1",
            Keep::Seconds(DAY)
        ),
        remove!(
            "withdrawals",
            "withdrawals",
            "token_id",
            "expires_at < $1",
            Keep::Seconds(DAY)
        ),
        remove!(
            "changes",
            "changes",
            "seq",
            "created_at < $1",
            Keep::Seconds(Self::CHANGE_LOG_REACH)
        ),
        remove!(
            "authorization requests",
            "authorization_requests",
            "hash",
            "expires_at < $1",
            Keep::Seconds(0)
        ),
        // A code that is used a second time ends what the first use gave.
        remove!(
            "authorization codes",
            "authorization_codes",
            "hash",
            "expires_at < $1",
            Keep::Seconds(DAY)
        ),
        remove!(
            "device codes",
            "device_codes",
            "hash",
            "expires_at < $1",
            Keep::Seconds(DAY)
        ),
        remove!(
            "sessions",
            "sessions",
            "hash",
            "expires_at < $1",
            Keep::Seconds(0)
        ),
        remove!(
            "registration tokens",
            "registration_tokens",
            "hash",
            "expires_at < $1",
            Keep::Seconds(0)
        ),
    ];
}

impl Store {
    /// Takes or renews a lease, which one server at a time holds; says whether this
    /// one does.
    pub async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        now: i64,
        expires_at: i64,
    ) -> Result<bool> {
        Ok(commit!(self, |transaction| {
            sqlx::query(
                "INSERT INTO leases AS lease (name, holder, expires_at) VALUES ($1, $2, $3)
                 ON CONFLICT (name) DO UPDATE SET holder = $2, expires_at = $3
                 WHERE lease.holder = $2 OR lease.expires_at <= $4",
            )
            .bind(name)
            .bind(holder)
            .bind(expires_at)
            .bind(now)
            .execute(&mut *transaction)
            .await?
            .rows_affected()
                > 0
        }))
    }

    /// Removes a batch of the rows of a kind that ended before a time; gives how
    /// many, and whether there may be more.
    pub async fn remove_expired(&self, kind: &Expired, before: i64) -> Result<(u64, bool)> {
        let removed = commit!(self, |transaction| {
            sqlx::query(kind.statement)
                .bind(before)
                .execute(&mut *transaction)
                .await?
                .rows_affected()
        });
        Ok((removed, removed == BATCH))
    }

    /// Removes the used client assertions that have expired: they have a key of two
    /// columns.
    pub async fn remove_expired_assertions(&self, now: i64) -> Result<u64> {
        Ok(commit!(self, |transaction| {
            sqlx::query("DELETE FROM client_assertions WHERE expires_at < $1")
                .bind(now)
                .execute(&mut *transaction)
                .await?
                .rows_affected()
        }))
    }
}
