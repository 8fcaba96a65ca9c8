//! The live table of users of another application: read at each request, never
//! written but for what that application writes itself at a login.

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgPool, SqlitePool,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::{
    ForeignError, ForeignUser, UserPage, UserTable,
    file::{Identity, identity},
    foreign::{Location, quoted},
    users::end_of_prefix,
};

/// How long a request waits for a connection or a lock.
const PATIENCE: Duration = Duration::from_secs(2);

/// A column that says when a user logged in last.
#[derive(Clone, Debug)]
pub struct LoginColumn(pub String);

/// Another application's database, held open.
#[derive(Debug)]
pub struct SharedTable {
    pools: Pools,
}

#[derive(Debug)]
enum Pools {
    Sqlite {
        options: Box<SqliteConnectOptions>,
        opened: Mutex<Option<OpenFile>>,
    },
    Postgres {
        readers: PgPool,
        writers: PgPool,
    },
}

/// An open file keeps its content when it is removed or another one takes its
/// name: the file itself must be looked at.
#[derive(Clone, Debug)]
struct OpenFile {
    identity: Identity,
    readers: SqlitePool,
}

macro_rules! read {
    ($table:expr, |$connection:ident| $body:expr) => {
        match &$table.pools {
            Pools::Sqlite { options, opened } => {
                let mut $connection = readers(options, opened)?.acquire().await?;
                $body
            }
            Pools::Postgres { readers, .. } => {
                let mut $connection = readers.acquire().await?;
                $body
            }
        }
    };
}

macro_rules! write {
    ($table:expr, |$connection:ident| $body:expr) => {
        match &$table.pools {
            Pools::Sqlite { options, .. } => {
                let mut opened = options.clone().connect().await?;
                let outcome = {
                    let $connection = &mut opened;
                    $body
                };
                opened.close().await?;
                outcome
            }
            Pools::Postgres { writers, .. } => {
                let mut pooled = writers.acquire().await?;
                let $connection = &mut *pooled;
                $body
            }
        }
    };
}

impl SharedTable {
    /// Of a URL, or of the path of a SQLite file. Connects when it is used.
    pub fn new(source: &str) -> Result<Self, ForeignError> {
        let pools = match Location::of(source)? {
            Location::Sqlite(options) => Pools::Sqlite {
                options: Box::new(options.busy_timeout(PATIENCE)),
                opened: Mutex::default(),
            },
            Location::Postgres(options) => {
                let options = options.options([("statement_timeout", "2s")]);
                let read_only = options
                    .clone()
                    .options([("default_transaction_read_only", "on")]);
                let pool = || PgPoolOptions::new().acquire_timeout(PATIENCE);
                Pools::Postgres {
                    readers: pool().max_connections(16).connect_lazy_with(read_only),
                    writers: pool().max_connections(2).connect_lazy_with(options),
                }
            }
        };
        Ok(Self { pools })
    }

    /// The user of a name, as the table has it at this moment. One without a
    /// username goes by the e-mail address.
    pub async fn user(
        &self,
        table: &UserTable,
        username: &str,
    ) -> Result<Option<ForeignUser>, ForeignError> {
        let by_name = format!("u.{} = $1", quoted(&table.username));
        let user = self.one(table, &by_name, username).await?;
        let Some(email) = table.email_as_name().filter(|_| user.is_none()) else {
            return Ok(user.filter(|user| user.username.as_deref() == Some(username)));
        };
        let nameless = format!(
            "u.{} = $1 AND coalesce(CAST(u.{} AS TEXT), '') = ''",
            quoted(email),
            quoted(&table.username)
        );
        let user = self.one(table, &nameless, username).await?;
        Ok(user.filter(|user| user.email.as_deref() == Some(username)))
    }

    /// The user of a name, whatever the case of either.
    pub async fn user_ignoring_case(
        &self,
        table: &UserTable,
        name: &str,
    ) -> Result<Option<ForeignUser>, ForeignError> {
        let by_name = format!("lower({}) = lower($1)", table.name());
        self.one(table, &by_name, name).await
    }

    async fn one(
        &self,
        table: &UserTable,
        condition: &str,
        username: &str,
    ) -> Result<Option<ForeignUser>, ForeignError> {
        let statement = format!("{} WHERE {condition} LIMIT 2", table.selection_of_few());
        let mut users: Vec<ForeignUser> = read!(self, |connection| {
            sqlx::query_as(AssertSqlSafe(statement))
                .bind(username)
                .fetch_all(&mut *connection)
                .await?
        });
        if users.len() > 1 {
            return Err(ForeignError::Ambiguous {
                table: table.table.clone(),
                username: username.to_owned(),
            });
        }
        Ok(users.pop())
    }

    /// Users by name, from a page on.
    pub async fn users(
        &self,
        table: &UserTable,
        page: &UserPage<'_>,
    ) -> Result<Vec<ForeignUser>, ForeignError> {
        let name = table.name();
        let collation = match &self.pools {
            Pools::Sqlite { .. } => "BINARY",
            Pools::Postgres { .. } => "\"C\"",
        };
        let sorted = format!("{name} COLLATE {collation}");
        let statement = format!(
            "{} WHERE {sorted} > $1 AND {sorted} >= $2 AND {sorted} < $3
                 AND length({name}) BETWEEN 1 AND 255
             ORDER BY {sorted} LIMIT $4",
            table.selection_of_few()
        );
        Ok(read!(self, |connection| {
            sqlx::query_as(AssertSqlSafe(statement))
                .bind(page.after)
                .bind(page.prefix)
                .bind(end_of_prefix(page.prefix))
                .bind(i64::from(page.limit))
                .fetch_all(&mut *connection)
                .await?
        }))
    }

    /// Writes that a user has logged in now, as Django itself does.
    pub async fn note_login(
        &self,
        table: &UserTable,
        column: &LoginColumn,
        username: &str,
        id: &str,
    ) -> Result<(), ForeignError> {
        let now = match &self.pools {
            // Django's form of a time in UTC.
            Pools::Sqlite { .. } => "strftime('%Y-%m-%d %H:%M:%f000', 'now')",
            Pools::Postgres { .. } => "now()",
        };
        let statement = format!(
            "UPDATE {} SET {} = {now} WHERE {}",
            quoted(&table.table),
            quoted(&column.0),
            table.is_row()
        );
        write!(self, |connection| {
            sqlx::query(AssertSqlSafe(statement))
                .bind(username)
                .bind(id)
                .execute(connection)
                .await?;
        });
        Ok(())
    }

    /// Asks the database for an answer.
    pub async fn ping(&self) -> Result<(), ForeignError> {
        read!(self, |connection| {
            sqlx::query("SELECT 1").fetch_one(&mut *connection).await?;
        });
        Ok(())
    }
}

impl UserTable {
    /// Selects users of whom there are few, so that each one's groups are
    /// looked up by themselves.
    fn selection_of_few(&self) -> String {
        match (&self.groups, &self.id) {
            (Some(groups), Some(id)) => self.selection(&groups.names_of(id)),
            _ => self.selection("CAST(NULL AS TEXT)"),
        }
    }

    /// The column that replaces an empty username.
    fn email_as_name(&self) -> Option<&str> {
        let email = self.email.as_deref();
        email.filter(|email| *email != self.username)
    }

    fn name(&self) -> String {
        let username = format!("CAST(u.{} AS TEXT)", quoted(&self.username));
        match self.email_as_name() {
            Some(email) => {
                let email = quoted(email);
                format!("coalesce(nullif({username}, ''), CAST(u.{email} AS TEXT))")
            }
            None => username,
        }
    }

    /// Whether a row is the one of a name ($1) and an id ($2); the name is what
    /// there is an index for.
    fn is_row(&self) -> String {
        let id = self.id.as_ref().unwrap_or(&self.username);
        format!(
            "{} = $1 AND CAST({} AS TEXT) = $2",
            quoted(&self.username),
            quoted(id)
        )
    }
}

fn readers(
    options: &SqliteConnectOptions,
    opened: &Mutex<Option<OpenFile>>,
) -> Result<SqlitePool, ForeignError> {
    let path = options.get_filename();
    let identity = identity(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ForeignError::NoFile(path.display().to_string()),
        _ => sqlx::Error::Io(error).into(),
    })?;
    let mut opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(open) = opened.as_ref()
        && open.identity == identity
    {
        return Ok(open.readers.clone());
    }
    let readers = SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .connect_lazy_with(options.clone().read_only(true));
    *opened = Some(OpenFile {
        identity,
        readers: readers.clone(),
    });
    Ok(readers)
}
