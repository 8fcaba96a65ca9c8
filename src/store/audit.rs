//! The audit log: entries that are written with the change that they tell of, and bound to
//! each other a moment later.
//!
//! An entry has no number when it is written, so that no two writers wait for each other.
//! The first server to come gives those that were committed their numbers, one by one, and to
//! each the digest of itself and of the one before.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, QueryBuilder};
use uuid::Uuid;

use super::{
    Result, Store, Transaction, read, row,
    transaction::{Lock, within},
};
use crate::{
    actor::{Actor, Who},
    audit_event::{Event, Outcome},
    request_context::RequestContext,
    text::without_controls,
};

row! {
    /// An entry of the log.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct AuditEntry {
        /// A UUIDv7: entries are listed by it.
        pub id: String,
        /// Its place in the chain; none where it was written this very moment.
        pub number: Option<i64>,
        pub created_at: i64,
        pub action: String,
        pub outcome: String,
        /// `operator`, `system`, `anonymous`, or a subject.
        pub who: String,
        pub target: String,
        pub detail: Option<String>,
        /// The client that the request came through.
        pub client_id: Option<String>,
        /// The `jti` of the token that the request bore.
        pub token_id: Option<String>,
        pub address: Option<String>,
        pub request_id: Option<String>,
        /// How many times it happened, where the same came again and again.
        pub times: i64,
        pub digest: Option<String>,
    }
}

/// An end of the chain: an entry's number and digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub number: i64,
    pub digest: String,
}

/// The chain's ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The last entry that was removed as too old; the number 0 before any was.
    pub base: Link,
    /// The last entry.
    pub head: Link,
}

/// Which entries to list, the youngest first.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditFilter<'a> {
    pub action: Option<&'a str>,
    pub outcome: Option<&'a str>,
    pub who: Option<&'a str>,
    pub target: Option<&'a str>,
    /// Those from a time on, in seconds since 1970.
    pub since: Option<i64>,
    /// Those before a time.
    pub until: Option<i64>,
    /// Those with a lower id; all where it is empty.
    pub before: &'a str,
    pub limit: u32,
}

impl AuditEntry {
    pub fn new(actor: &Actor, event: Event, outcome: Outcome, now: i64) -> Self {
        let request = RequestContext::current();
        let address = request.as_ref().map(|request| request.address);
        Self {
            id: Uuid::now_v7().to_string(),
            number: None,
            created_at: now,
            action: event.action.name().to_owned(),
            outcome: outcome.name().to_owned(),
            who: match &actor.who {
                Who::Operator => "operator".to_owned(),
                Who::System => "system".to_owned(),
                Who::Anonymous => "anonymous".to_owned(),
                Who::Subject(subject) => subject.to_string(),
            },
            target: storable(&event.target),
            detail: event.detail.as_deref().map(storable),
            client_id: actor.client_id.clone(),
            token_id: actor.token_id.clone(),
            address: address.map(|address| address.to_canonical().to_string()),
            request_id: request.map(|request| request.id.to_string()),
            times: 1,
            digest: None,
        }
    }

    /// What binds it to the entry before: SHA-256 over that one's digest and all that this one
    /// says, each value as its length in eight bytes and itself, a missing one as eight bytes of ones.
    pub fn digest_behind(&self, before: &str, number: i64) -> String {
        let mut digest = Sha256::new();
        let mut add = |value: Option<&str>| {
            let length = value.map_or(u64::MAX, |value| value.len() as u64);
            digest.update(length.to_be_bytes());
            digest.update(value.unwrap_or_default());
        };
        add(Some(before));
        for number in [number, self.created_at, self.times] {
            add(Some(&number.to_string()));
        }
        for text in [
            &self.id,
            &self.action,
            &self.outcome,
            &self.who,
            &self.target,
        ] {
            add(Some(text));
        }
        for text in [
            &self.detail,
            &self.client_id,
            &self.token_id,
            &self.address,
            &self.request_id,
        ] {
            add(text.as_deref());
        }
        URL_SAFE_NO_PAD.encode(digest.finalize())
    }
}

/// The longest text of an entry, in characters.
const LONGEST: usize = 1_000;

/// What may come from a request: not endless.
fn storable(text: &str) -> String {
    without_controls(text).chars().take(LONGEST).collect()
}

/// UUIDs have no letter behind `f`.
const BEHIND_ALL_IDS: &str = "g";

/// How many entries are chained, or removed, in a transaction.
const BATCH: i64 = 500;

/// How many entries a statement writes: each binds twelve values, of some 32,000 at most.
const WRITTEN_AT_ONCE: usize = 1000;

macro_rules! select_entries {
    ($rest:literal) => {
        concat!(
            "SELECT id, number, created_at, action, outcome, who, target, detail, client_id,
                    token_id, address, request_id, times, digest
             FROM audit_log ",
            $rest
        )
    };
}

const SELECT_CHAIN: &str =
    "SELECT base_number, base_digest, head_number, head_digest FROM audit_chain WHERE only_row = 1";

type Ends = (i64, String, i64, String);

impl From<Ends> for Chain {
    fn from((base, base_digest, head, head_digest): Ends) -> Self {
        let link = |number, digest| Link { number, digest };
        Self {
            base: link(base, base_digest),
            head: link(head, head_digest),
        }
    }
}

impl Store {
    /// Entries that fit a filter, the youngest first.
    pub async fn audit_log(&self, filter: &AuditFilter<'_>) -> Result<Vec<AuditEntry>> {
        let before = match filter.before {
            "" => BEHIND_ALL_IDS,
            before => before,
        };
        Ok(read!(self, |connection| {
            sqlx::query_as(select_entries!(
                "WHERE id < $1
                     AND (CAST($2 AS TEXT) IS NULL OR action = $2)
                     AND (CAST($3 AS TEXT) IS NULL OR outcome = $3)
                     AND (CAST($4 AS TEXT) IS NULL OR who = $4)
                     AND (CAST($5 AS TEXT) IS NULL OR target = $5)
                     AND (CAST($6 AS BIGINT) IS NULL OR created_at >= $6)
                     AND (CAST($7 AS BIGINT) IS NULL OR created_at < $7)
                 ORDER BY id DESC LIMIT $8"
            ))
            .bind(before)
            .bind(filter.action)
            .bind(filter.outcome)
            .bind(filter.who)
            .bind(filter.target)
            .bind(filter.since)
            .bind(filter.until)
            .bind(i64::from(filter.limit))
            .fetch_all(&mut *connection)
            .await?
        }))
    }

    /// The entries of the chain behind a number, in its order.
    pub async fn audit_log_behind(&self, number: i64, limit: i64) -> Result<Vec<AuditEntry>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(select_entries!(
                "WHERE number > $1 ORDER BY number LIMIT $2"
            ))
            .bind(number)
            .bind(limit)
            .fetch_all(&mut *connection)
            .await?
        }))
    }

    /// The ends of the chain.
    pub async fn audit_chain(&self) -> Result<Chain> {
        let ends: Ends = read!(self, |connection| {
            sqlx::query_as(SELECT_CHAIN)
                .fetch_one(&mut *connection)
                .await?
        });
        Ok(ends.into())
    }

    /// Whether there are entries that are not in the chain yet.
    pub async fn has_unchained(&self) -> Result<bool> {
        let first: Option<String> = read!(self, |connection| {
            sqlx::query_scalar("SELECT id FROM audit_log WHERE number IS NULL LIMIT 1")
                .fetch_optional(&mut *connection)
                .await?
        });
        Ok(first.is_some())
    }

    /// Puts a batch of entries into the chain, and gives them.
    pub async fn chain_audit_log(&self) -> Result<Vec<AuditEntry>> {
        let mut transaction = self.begin().await?;
        let mut chain = transaction.lock_audit_chain().await?;
        let head = &mut chain.head;
        let entries = within!(transaction, |connection| {
            let mut entries: Vec<AuditEntry> =
                sqlx::query_as(select_entries!("WHERE number IS NULL ORDER BY id LIMIT $1"))
                    .bind(BATCH)
                    .fetch_all(&mut *connection)
                    .await?;
            for entry in &mut entries {
                head.number += 1;
                head.digest = entry.digest_behind(&head.digest, head.number);
                entry.number = Some(head.number);
                entry.digest = Some(head.digest.clone());
            }
            if !entries.is_empty() {
                let mut update = QueryBuilder::new("WITH bound (id, number, digest) AS (");
                update.push_values(&entries, |mut row, entry| {
                    row.push_bind(&entry.id)
                        .push_bind(entry.number)
                        .push_bind(&entry.digest);
                });
                update.push(
                    ") UPDATE audit_log SET number = bound.number, digest = bound.digest
                     FROM bound WHERE audit_log.id = bound.id",
                );
                let update = update.build().persistent(entries.len() == 1);
                update.execute(&mut *connection).await?;
            }
            entries
        });
        transaction.put_audit_chain(&chain).await?;
        transaction.commit().await?;
        Ok(entries)
    }

    /// Removes a batch of the chain's oldest entries, of before a time; gives how many, and
    /// whether there may be more. The chain begins behind them from then on.
    pub async fn remove_old_audit(&self, before: i64) -> Result<(u64, bool)> {
        let mut transaction = self.begin().await?;
        let mut chain = transaction.lock_audit_chain().await?;
        let oldest: Vec<(i64, i64, String)> = within!(transaction, |connection| {
            sqlx::query_as(
                "SELECT number, created_at, digest FROM audit_log
                 WHERE number IS NOT NULL ORDER BY number LIMIT $1",
            )
            .bind(BATCH)
            .fetch_all(&mut *connection)
            .await?
        });
        let old = oldest.into_iter().take_while(|(_, at, _)| *at < before);
        let old: Vec<Link> = old
            .map(|(number, _, digest)| Link { number, digest })
            .collect();
        let removed = old.len() as u64;
        let Some(last) = old.into_iter().next_back() else {
            return Ok((0, false));
        };
        within!(transaction, |connection| {
            sqlx::query("DELETE FROM audit_log WHERE number <= $1")
                .bind(last.number)
                .execute(&mut *connection)
                .await?;
        });
        chain.base = last;
        transaction.put_audit_chain(&chain).await?;
        transaction.commit().await?;
        Ok((removed, removed == BATCH.unsigned_abs()))
    }

    /// Writes entries that tell of no change.
    pub async fn add_audit(&self, entries: &[AuditEntry]) -> Result<()> {
        let mut transaction = self.begin().await?;
        let entries: Vec<&AuditEntry> = entries.iter().collect();
        transaction.add_audit(&entries).await?;
        transaction.commit().await?;
        Ok(())
    }
}

impl Transaction {
    /// Notes what the transaction does, for the audit log.
    pub fn record(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Writes to the audit log what was done, and by whom.
    pub async fn audit(&mut self, actor: &Actor, now: i64) -> Result<()> {
        let events = std::mem::take(&mut self.events);
        let entry = |event| AuditEntry::new(actor, event, Outcome::Done, now);
        let entries: Vec<AuditEntry> = events.into_iter().map(entry).collect();
        let entries: Vec<&AuditEntry> = entries.iter().collect();
        self.add_audit(&entries).await
    }

    pub(super) async fn add_audit(&mut self, entries: &[&AuditEntry]) -> Result<()> {
        for entries in entries.chunks(WRITTEN_AT_ONCE) {
            within!(self, |connection| {
                let mut insert = QueryBuilder::new(
                    "INSERT INTO audit_log (id, created_at, action, outcome, who, target, detail,
                                            client_id, token_id, address, request_id, times) ",
                );
                insert.push_values(entries, |mut row, entry| {
                    row.push_bind(&entry.id)
                        .push_bind(entry.created_at)
                        .push_bind(&entry.action)
                        .push_bind(&entry.outcome)
                        .push_bind(&entry.who)
                        .push_bind(&entry.target)
                        .push_bind(&entry.detail)
                        .push_bind(&entry.client_id)
                        .push_bind(&entry.token_id)
                        .push_bind(&entry.address)
                        .push_bind(&entry.request_id)
                        .push_bind(entry.times);
                });
                let insert = insert.build().persistent(entries.len() == 1);
                insert.execute(&mut *connection).await?;
            });
        }
        Ok(())
    }

    /// Writes the ends of the chain.
    pub(super) async fn put_audit_chain(&mut self, chain: &Chain) -> Result<()> {
        within!(self, |connection| {
            sqlx::query(
                "UPDATE audit_chain SET base_number = $1, base_digest = $2, head_number = $3,
                                        head_digest = $4
                 WHERE only_row = 1",
            )
            .bind(chain.base.number)
            .bind(&chain.base.digest)
            .bind(chain.head.number)
            .bind(&chain.head.digest)
            .execute(&mut *connection)
            .await?;
        });
        Ok(())
    }

    /// The ends of the chain.
    pub(super) async fn audit_chain(&mut self) -> Result<Chain> {
        self.ends_of_chain(SELECT_CHAIN.to_owned()).await
    }

    /// The ends of the chain, locked until the transaction ends.
    async fn lock_audit_chain(&mut self) -> Result<Chain> {
        let statement = self.locking(SELECT_CHAIN, Lock::Update);
        self.ends_of_chain(statement).await
    }

    async fn ends_of_chain(&mut self, statement: String) -> Result<Chain> {
        let ends: Ends = within!(self, |connection| {
            sqlx::query_as(AssertSqlSafe(statement))
                .fetch_one(&mut *connection)
                .await?
        });
        Ok(ends.into())
    }
}
