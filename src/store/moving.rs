//! Moving everything from one database to another, of either kind.

use std::fmt::Write as _;

use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, QueryBuilder, Row};
use thiserror::Error;

use super::{
    Pools, Store, Transaction,
    transaction::{Inner, within, within_any_time},
};

/// What moves, each table behind those that it refers to.
const TABLES: [&str; 27] = [
    "scopes",
    "users",
    "user_scopes",
    "signing_keys",
    "subject_kinds",
    "subject_kind_scopes",
    "clients",
    "client_assertions",
    "grants",
    "refresh_tokens",
    "tokens",
    "token_clients",
    "revocations",
    "withdrawals",
    "imported_hashes",
    "login_failures",
    "usual_addresses",
    "shared_users",
    "device_codes",
    "sessions",
    "authorization_requests",
    "authorization_codes",
    "consents",
    "removed_scopes",
    "served_as",
    "registration_tokens",
    "audit_log",
];

/// What does not move as a table: it is of the database that it is in, or has a row in every one.
const LEFT: [&str; 6] = [
    "audit_chain",
    "_sqlx_migrations",
    "change_counter",
    "changes",
    "leases",
    "write_probe",
];

/// How many rows are written at once.
const BATCH: usize = 500;

/// Why not everything moved; then nothing did.
#[derive(Debug, Error)]
pub enum MoveError {
    #[error("the target is not empty: its table `{0}` has rows. Move into a new database")]
    NotEmpty(&'static str),
    #[error("the table `{0}` is not known: it was not moved")]
    UnknownTable(String),
    #[error("the column `{table}.{column}` has the unknown type {kind}")]
    UnknownType {
        table: &'static str,
        column: String,
        kind: String,
    },
    #[error("the table `{0}` differs in the target: nothing was moved")]
    Differs(&'static str),
    #[error("the database did not answer: {0}")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Store(#[from] super::Error),
}

/// A value of a column.
enum Value {
    Flag(Option<bool>),
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

#[derive(Clone, Copy)]
enum Kind {
    Flag,
    Number,
    Text,
    Bytes,
}

struct Column {
    name: String,
    kind: Kind,
}

/// The rows of a table, whatever their order: how many, and the sum of their digests.
#[derive(Default, PartialEq, Eq)]
struct Sum {
    rows: u64,
    digests: u128,
}

impl Sum {
    fn add(&mut self, row: &[Value]) {
        let mut digest = Sha256::new();
        for value in row {
            let mut field = |tag: u8, bytes: Option<&[u8]>| {
                digest.update([tag, u8::from(bytes.is_some())]);
                let bytes = bytes.unwrap_or_default();
                digest.update(bytes.len().to_be_bytes());
                digest.update(bytes);
            };
            match value {
                Value::Flag(flag) => {
                    let byte = flag.map(|flag| [u8::from(flag)]);
                    field(0, byte.as_ref().map(<[u8; 1]>::as_slice));
                }
                Value::Number(number) => {
                    let bytes = number.map(i64::to_be_bytes);
                    field(1, bytes.as_ref().map(<[u8; 8]>::as_slice));
                }
                Value::Text(text) => field(2, text.as_deref().map(str::as_bytes)),
                Value::Bytes(bytes) => field(3, bytes.as_deref()),
            }
        }
        let mut half = [0; 16];
        half.copy_from_slice(&digest.finalize()[..16]);
        self.digests = self.digests.wrapping_add(u128::from_be_bytes(half));
        self.rows += 1;
    }
}

/// Reads a row, as `columns` say.
macro_rules! values {
    ($row:expr, $columns:expr) => {{
        let mut values = Vec::with_capacity($columns.len());
        for (index, column) in $columns.iter().enumerate() {
            values.push(match column.kind {
                Kind::Flag => Value::Flag($row.try_get(index)?),
                Kind::Number => Value::Number($row.try_get(index)?),
                Kind::Text => Value::Text($row.try_get(index)?),
                Kind::Bytes => Value::Bytes($row.try_get(index)?),
            });
        }
        values
    }};
}

impl Store {
    /// Copies everything into another, empty database, and compares: all of it or nothing,
    /// as of one moment. Gives how many rows there were; `progress` is told each table and how
    /// many of its rows are there already.
    pub async fn move_to(
        &self,
        target: &Self,
        mut progress: impl FnMut(&str, u64),
    ) -> Result<u64, MoveError> {
        let mut source = self.snapshot().await?;
        let mut target = target.begin().await?;
        for side in [&mut source, &mut target] {
            side.take_time().await?;
        }
        source.knows_every_table().await?;
        for table in TABLES {
            if !target.is_empty(table).await? {
                return Err(MoveError::NotEmpty(table));
            }
        }
        let mut moved = 0;
        for table in TABLES {
            let columns = source.columns(table).await?;
            let sum = copy(&mut source, &mut target, table, &columns, &mut progress).await?;
            if target.sum(table, &columns).await? != sum {
                return Err(MoveError::Differs(table));
            }
            progress(table, sum.rows);
            moved += sum.rows;
        }
        target.count_on_from_revocations().await?;
        let chain = source.audit_chain().await?;
        target.put_audit_chain(&chain).await?;
        target.commit().await?;
        Ok(moved)
    }

    /// A transaction that sees the database as of one moment.
    async fn snapshot(&self) -> Result<Transaction, MoveError> {
        let inner = match &self.pools {
            Pools::Sqlite { file, readers, .. } => {
                file.check()?;
                Inner::Sqlite(readers.begin().await?)
            }
            Pools::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Inner::Postgres(pool.begin_with(begin).await?)
            }
        };
        Ok(Transaction {
            inner,
            announces: false,
            events: Vec::new(),
        })
    }
}

async fn copy(
    source: &mut Transaction,
    target: &mut Transaction,
    table: &'static str,
    columns: &[Column],
    progress: &mut impl FnMut(&str, u64),
) -> Result<Sum, MoveError> {
    let mut sum = Sum::default();
    let mut batch = Vec::new();
    let select = select(table, columns);
    within_any_time!(source, |connection| {
        let mut rows = sqlx::query(AssertSqlSafe(select)).fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            let row = values!(row, columns);
            sum.add(&row);
            batch.push(row);
            if batch.len() == BATCH {
                target
                    .insert(table, columns, std::mem::take(&mut batch))
                    .await?;
                progress(table, sum.rows);
            }
        }
    });
    if !batch.is_empty() {
        target.insert(table, columns, batch).await?;
    }
    Ok(sum)
}

fn names(columns: &[Column]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| &*column.name).collect();
    names.join(", ")
}

fn select(table: &str, columns: &[Column]) -> String {
    let mut select = String::from("SELECT ");
    for (index, column) in columns.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let name = &column.name;
        let _ = match column.kind {
            Kind::Number => write!(select, "{comma}CAST({name} AS BIGINT)"),
            _ => write!(select, "{comma}{name}"),
        };
    }
    select + " FROM " + table
}

impl Transaction {
    /// Lets statements take as long as they take, which those of a server must not.
    async fn take_time(&mut self) -> Result<(), MoveError> {
        if let Inner::Postgres(connection) = &mut self.inner {
            let settings = "SET LOCAL statement_timeout = 0;
                            SET LOCAL idle_in_transaction_session_timeout = 0";
            sqlx::raw_sql(settings).execute(&mut **connection).await?;
        }
        Ok(())
    }

    /// The next change has a higher number than those that came with the revocations.
    async fn count_on_from_revocations(&mut self) -> Result<(), MoveError> {
        let statement = match self.inner {
            Inner::Sqlite(_) => {
                "UPDATE change_counter
                 SET seq = max(seq, (SELECT coalesce(max(seq), 0) FROM revocations),
                     (SELECT coalesce(max(seq), 0) FROM withdrawals))"
            }
            Inner::Postgres(_) => {
                "SELECT setval('change_numbers',
                     greatest(last_value, (SELECT max(seq) FROM revocations),
                         (SELECT max(seq) FROM withdrawals)))
                 FROM change_numbers"
            }
        };
        within!(self, |connection| {
            sqlx::query(statement).execute(&mut *connection).await?;
        });
        Ok(())
    }

    async fn knows_every_table(&mut self) -> Result<(), MoveError> {
        let statement = match self.inner {
            Inner::Sqlite(_) => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            }
            Inner::Postgres(_) => {
                "SELECT table_name::text FROM information_schema.tables
                 WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
            }
        };
        let found: Vec<String> = within!(self, |connection| {
            sqlx::query_scalar(statement)
                .fetch_all(&mut *connection)
                .await?
        });
        let is_known = |name: &String| TABLES.contains(&&**name) || LEFT.contains(&&**name);
        match found.into_iter().find(|name| !is_known(name)) {
            Some(unknown) => Err(MoveError::UnknownTable(unknown)),
            None => Ok(()),
        }
    }

    async fn is_empty(&mut self, table: &str) -> Result<bool, MoveError> {
        let first = format!("SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT 1) AS first");
        let count: i64 = within!(self, |connection| {
            sqlx::query_scalar(AssertSqlSafe(first))
                .fetch_one(&mut *connection)
                .await?
        });
        Ok(count == 0)
    }

    async fn columns(&mut self, table: &'static str) -> Result<Vec<Column>, MoveError> {
        let statement = match self.inner {
            Inner::Sqlite(_) => "SELECT name, type FROM pragma_table_info($1) ORDER BY cid",
            Inner::Postgres(_) => {
                "SELECT column_name::text, data_type::text FROM information_schema.columns
                 WHERE table_schema = current_schema() AND table_name = $1
                 ORDER BY ordinal_position"
            }
        };
        let found: Vec<(String, String)> = within!(self, |connection| {
            sqlx::query_as(statement)
                .bind(table)
                .fetch_all(&mut *connection)
                .await?
        });
        let read = |(name, kind): (String, String)| {
            let of_kind = |kind| {
                Ok(Column {
                    name: name.clone(),
                    kind,
                })
            };
            match kind.to_ascii_lowercase().as_str() {
                "boolean" => of_kind(Kind::Flag),
                "bigint" | "integer" => of_kind(Kind::Number),
                "text" => of_kind(Kind::Text),
                "blob" | "bytea" => of_kind(Kind::Bytes),
                _ => Err(MoveError::UnknownType {
                    table,
                    column: name.clone(),
                    kind,
                }),
            }
        };
        found.into_iter().map(read).collect()
    }

    async fn insert(
        &mut self,
        table: &str,
        columns: &[Column],
        rows: Vec<Vec<Value>>,
    ) -> Result<(), MoveError> {
        let insert = format!("INSERT INTO {table} ({}) ", names(columns));
        within!(self, |connection| {
            let mut builder = QueryBuilder::new(insert);
            builder.push_values(rows, |mut values, row| {
                for value in row {
                    match value {
                        Value::Flag(flag) => values.push_bind(flag),
                        Value::Number(number) => values.push_bind(number),
                        Value::Text(text) => values.push_bind(text),
                        Value::Bytes(bytes) => values.push_bind(bytes),
                    };
                }
            });
            builder.build().execute(&mut *connection).await?;
        });
        Ok(())
    }

    async fn sum(&mut self, table: &str, columns: &[Column]) -> Result<Sum, MoveError> {
        let mut sum = Sum::default();
        let select = select(table, columns);
        within_any_time!(self, |connection| {
            let mut rows = sqlx::query(AssertSqlSafe(select)).fetch(&mut *connection);
            while let Some(row) = rows.try_next().await? {
                sum.add(&values!(row, columns));
            }
        });
        Ok(sum)
    }
}
