//! The change log: what running servers must learn of.
//!
//! A change has its number before it is committed. On SQLite, which has one writer at a
//! time, the order of the numbers is that of the commits; on PostgreSQL a higher number may
//! be seen before a lower one, and a number whose transaction failed is never seen.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::time::timeout;

use super::{Pools, Result, Store, connections::no_answer, read, row};

/// How long the number of the latest change may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// After how long of silence a listener is replaced: a router may have forgotten its connection.
const RENEWAL: Duration = Duration::from_mins(5);

/// How often SQLite's log is looked at for what another process has written, which costs
/// a question to the file system.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

row! {
    /// One row of the change log.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Change {
        /// Its number.
        pub seq: i64,
        /// What changed: one of the constants of [`Change`].
        pub kind: String,
        /// Which one: a username for [`Change::USER`], an id for others.
        pub key: String,
    }
}

impl Change {
    /// A user was added, changed or removed.
    pub const USER: &'static str = "user";
    /// The catalogue of scopes changed, and with it what users hold.
    pub const SCOPES: &'static str = "scopes";
    /// Tokens were revoked: rows of `revocations` with this change's number.
    pub const REVOCATIONS: &'static str = "revocations";
    /// A client was added, changed or removed.
    pub const CLIENTS: &'static str = "clients";
    /// A personal token was made; the key is its `jti`.
    pub const PERSONAL_TOKEN: &'static str = "personal_token";
    /// A kind of subjects was added or removed.
    pub const SUBJECT_KINDS: &'static str = "subject_kinds";
    /// A signing key came or went.
    pub const KEYS: &'static str = "keys";
}

impl Store {
    /// The highest number that was given to a change. Servers live by the answer: where
    /// there is none for a while, the connection is given up.
    pub async fn latest_change(&self) -> Result<i64> {
        let answer = timeout(PATIENCE, self.try_latest_change()).await;
        answer.map_err(|_| no_answer())?
    }

    async fn try_latest_change(&self) -> Result<i64> {
        let statement = match self.pools {
            Pools::Sqlite { .. } => "SELECT seq FROM change_counter",
            Pools::Postgres(_) => "SELECT last_value FROM change_numbers",
        };
        Ok(read!(self, |connection| {
            sqlx::query_scalar(statement)
                .fetch_one(&mut *connection)
                .await?
        }))
    }

    /// The lowest number in the log; none where it is empty.
    pub async fn oldest_change(&self) -> Result<Option<i64>> {
        Ok(read!(self, |connection| {
            sqlx::query_scalar("SELECT min(seq) FROM changes")
                .fetch_one(&mut *connection)
                .await?
        }))
    }

    /// How many numbers below the highest may belong to changes that are not committed yet.
    pub fn uncommitted_changes(&self) -> i64 {
        match self.pools {
            Pools::Sqlite { .. } => 0,
            Pools::Postgres(_) => 1_000,
        }
    }

    /// Calls whenever there may be news in the log, and when it begins to listen; ends with
    /// the connection.
    pub async fn listen(&self, news: impl Fn()) -> Result<()> {
        match &self.pools {
            Pools::Sqlite { file, .. } => {
                let (mut seen, mut was_new) = (None, false);
                loop {
                    let last = file.last_write();
                    let is_new = seen.replace(last) != Some(last);
                    // A write right after the one that was seen may look the same.
                    if is_new || was_new {
                        news();
                    }
                    was_new = is_new;
                    tokio::time::sleep(LOOK_INTERVAL).await;
                }
            }
            Pools::Postgres(pool) => {
                let mut listener = PgListener::connect_with(pool).await?;
                listener.eager_reconnect(false);
                listener.listen("scopegate_changes").await?;
                news();
                while let Ok(heard) = timeout(RENEWAL, listener.try_recv()).await {
                    if heard?.is_none() {
                        break;
                    }
                    news();
                }
                Ok(())
            }
        }
    }

    /// The changes behind a number, in order.
    pub async fn changes_after(&self, seq: i64) -> Result<Vec<Change>> {
        Ok(read!(self, |connection| {
            sqlx::query_as("SELECT seq, kind, key FROM changes WHERE seq > $1 ORDER BY seq")
                .bind(seq)
                .fetch_all(&mut *connection)
                .await?
        }))
    }
}
