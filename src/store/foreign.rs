//! The tables of other applications, which are only read.

use std::{path::Path, str::FromStr, time::Duration};

use futures_util::{Stream, StreamExt, stream};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqliteConnection,
    postgres::PgConnectOptions, sqlite::SqliteConnectOptions,
};
use thiserror::Error;

use super::{clear_text::warn_of_clear_text, row};

/// Stands between the names of groups: a control character that separates units.
const SEPARATOR: char = '\u{1f}';

/// How long a statement waits for a lock of SQLite.
const PATIENCE: Duration = Duration::from_secs(30);

/// Another application's database.
pub enum Foreign {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Where another application's database is.
#[derive(Clone, Debug)]
pub(super) enum Location {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
}

impl Location {
    /// Of a URL, or of the path of a SQLite file.
    pub(super) fn of(source: &str) -> Result<Self, ForeignError> {
        let (kind, rest) = kind_of(source);
        let file = match kind {
            "postgres" | "postgresql" | "postgis" | "psql" | "pgsql" => {
                let url = format!("postgres:{rest}");
                return Ok(Self::Postgres(PgConnectOptions::from_str(&url)?));
            }
            "sqlite" | "sqlite3" => sqlite_file(rest),
            _ if source.contains("://") => return Err(ForeignError::UnknownKind),
            _ => source,
        };
        let options = SqliteConnectOptions::new().filename(file);
        Ok(Self::Sqlite(options.create_if_missing(false)))
    }
}

/// The kind of database that a URL names, without the driver that SQLAlchemy writes
/// behind it (`postgresql+psycopg2`), and what follows the colon.
fn kind_of(source: &str) -> (&str, &str) {
    let (scheme, rest) = source.split_once(':').unwrap_or(("", source));
    let kind = scheme.split_once('+').map_or(scheme, |(kind, _)| kind);
    (kind, rest)
}

/// The file of a SQLite URL. Three slashes are a relative path in SQLAlchemy and in
/// Django, where an absolute one has four, and elsewhere an absolute one: what exists
/// counts.
fn sqlite_file(rest: &str) -> &str {
    let path = rest.split('?').next().unwrap_or_default();
    if let Some(path) = path.strip_prefix("///") {
        let absolute = &rest[2..=2 + path.len()];
        let is_absolute = !path.starts_with('/') && Path::new(absolute).exists();
        return if is_absolute { absolute } else { path };
    }
    path.strip_prefix("//").unwrap_or(path)
}

/// Whether another application's database can be of this URL or file.
pub fn can_read(source: &str) -> bool {
    Location::of(source).is_ok()
}

/// Why another application's tables cannot be read.
#[derive(Debug, Error)]
pub enum ForeignError {
    #[error(
        "the source must be the URL of a PostgreSQL or SQLite database (`postgres://…`, `sqlite:…`) or \
         a file of SQLite; users of other databases come as CSV or JSON lines"
    )]
    UnknownKind,
    #[error("file {0} not found")]
    NoFile(String),
    #[error("the source cannot be read: {0}")]
    Unreadable(#[from] sqlx::Error),
    /// Why the tables are not what was looked for.
    #[error("{0}")]
    Tables(String),
    #[error("the table `{table}` has more than one user `{username}`")]
    Ambiguous { table: String, username: String },
}

/// Where an application has its users: names of a table and its columns, all of
/// which exist.
#[derive(Clone, Debug, Default)]
pub struct UserTable {
    pub table: String,
    pub id: Option<String>,
    pub username: String,
    pub password_hash: Option<String>,
    pub email: Option<String>,
    /// Columns whose texts make a name, joined by blanks.
    pub full_name: Vec<String>,
    pub active: Option<String>,
    pub disabled: Option<String>,
    pub superuser: Option<String>,
    pub groups: Option<GroupTables>,
}

/// The table of groups (or roles) and the one that says who is in which.
#[derive(Clone, Debug)]
pub struct GroupTables {
    pub groups: String,
    pub group_id: String,
    pub group_name: String,
    pub members: String,
    pub member_user: String,
    pub member_group: String,
}

row! {
    /// A user of another application. A column that was not asked for is `None`.
    #[derive(Debug)]
    pub struct ForeignUser {
        pub id: Option<String>,
        pub username: Option<String>,
        pub password_hash: Option<String>,
        pub email: Option<String>,
        pub full_name: Option<String>,
        active: Option<i32>,
        disabled: Option<i32>,
        superuser: Option<i32>,
        group_names: Option<String>,
    }
}

impl ForeignUser {
    /// The names of the groups that the user is in.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        let names = self.group_names.as_deref().unwrap_or_default();
        names.split(SEPARATOR).filter(|name| !name.is_empty())
    }

    /// Whether the user is marked as one who may do everything.
    pub fn is_superuser(&self) -> bool {
        self.superuser.is_some_and(|value| value != 0)
    }

    /// Whether the user may not log in: one that is not marked as active is not.
    pub fn is_disabled(&self, table: &UserTable) -> bool {
        let is_active = table.active.is_none() || self.active.is_some_and(|value| value != 0);
        !is_active || self.disabled.is_some_and(|value| value != 0)
    }
}

impl Foreign {
    /// Opens a database of a URL or a SQLite file of a path, to read it. No
    /// database is created.
    pub async fn open(source: &str) -> Result<Self, ForeignError> {
        Ok(match Location::of(source)? {
            Location::Postgres(options) => {
                let options = options.options([("default_transaction_read_only", "on")]);
                let mut connection = options.connect().await?;
                warn_of_clear_text(&options, &mut connection).await;
                Self::Postgres(connection)
            }
            Location::Sqlite(options) => {
                let path = options.get_filename();
                if !path.is_file() {
                    return Err(ForeignError::NoFile(path.display().to_string()));
                }
                let options = options.read_only(true).busy_timeout(PATIENCE);
                Self::Sqlite(options.connect().await?)
            }
        })
    }

    /// The columns of a table, in order; none where there is no such table.
    pub async fn columns(&mut self, table: &str) -> Result<Vec<String>, ForeignError> {
        Ok(match self {
            Self::Sqlite(connection) => {
                sqlx::query_scalar("SELECT name FROM pragma_table_info($1) ORDER BY cid")
                    .bind(table)
                    .fetch_all(connection)
                    .await?
            }
            Self::Postgres(connection) => {
                sqlx::query_scalar(
                    "SELECT CAST(column_name AS TEXT) FROM information_schema.columns
                     WHERE table_name = $1 AND table_schema = ANY (current_schemas(false))
                     ORDER BY ordinal_position",
                )
                .bind(table)
                .fetch_all(connection)
                .await?
            }
        })
    }

    /// All users by id, one after the other: a million are never in memory at
    /// once. They are those of one moment.
    pub fn users(
        &mut self,
        table: &UserTable,
    ) -> impl Stream<Item = Result<ForeignUser, ForeignError>> + Send {
        let statement = AssertSqlSafe(table.statement());
        let rows: stream::BoxStream<'_, Result<ForeignUser, sqlx::Error>> = match self {
            Self::Sqlite(connection) => sqlx::query_as(statement).fetch(connection),
            Self::Postgres(connection) => sqlx::query_as(statement).fetch(connection),
        };
        rows.map(|row| Ok(row?))
    }

    /// Closes the connection.
    pub async fn close(self) -> Result<(), ForeignError> {
        match self {
            Self::Sqlite(connection) => connection.close().await?,
            Self::Postgres(connection) => connection.close().await?,
        }
        Ok(())
    }
}

impl UserTable {
    /// All users. Who is in which group is gathered once: a table of members need
    /// not have an index.
    fn statement(&self) -> String {
        let (group_names, members) = match (&self.groups, &self.id) {
            (Some(groups), Some(id)) => (
                "m.names",
                format!(
                    "LEFT JOIN ({}) m ON m.member = u.{}",
                    groups.statement(),
                    quoted(id)
                ),
            ),
            _ => ("CAST(NULL AS TEXT)", String::new()),
        };
        let order = self
            .id
            .as_ref()
            .map_or(String::new(), |id| format!("ORDER BY u.{}", quoted(id)));
        format!("{} {members} {order}", self.selection(group_names))
    }

    /// Reads every column as text or number, whatever its type is.
    pub(super) fn selection(&self, group_names: &str) -> String {
        let text = |column: &Option<String>| match column {
            Some(column) => format!("CAST(u.{} AS TEXT)", quoted(column)),
            None => "CAST(NULL AS TEXT)".to_owned(),
        };
        let truth = |column: &Option<String>| match column {
            Some(column) => format!("CAST(u.{} AS INTEGER)", quoted(column)),
            None => "CAST(NULL AS INTEGER)".to_owned(),
        };
        let names: Vec<String> = self
            .full_name
            .iter()
            .map(|column| format!("coalesce(CAST(u.{} AS TEXT), '')", quoted(column)))
            .collect();
        let full_name = if names.is_empty() {
            "CAST(NULL AS TEXT)".to_owned()
        } else {
            format!("trim({})", names.join(" || ' ' || "))
        };
        format!(
            "SELECT {} AS id, {} AS username, {} AS password_hash, {} AS email,
                 {full_name} AS full_name, {} AS active, {} AS disabled, {} AS superuser,
                 {group_names} AS group_names
             FROM {} u",
            text(&self.id),
            text(&Some(self.username.clone())),
            text(&self.password_hash),
            text(&self.email),
            truth(&self.active),
            truth(&self.disabled),
            truth(&self.superuser),
            quoted(&self.table),
        )
    }
}

impl GroupTables {
    /// The names of the groups that one user is in, within a selection.
    pub(super) fn names_of(&self, user_id: &str) -> String {
        format!(
            "(SELECT string_agg(CAST(g.{name} AS TEXT), '{SEPARATOR}')
              FROM {members} l JOIN {groups} g ON g.{id} = l.{group} WHERE l.{user} = u.{owner})",
            user = quoted(&self.member_user),
            name = quoted(&self.group_name),
            members = quoted(&self.members),
            groups = quoted(&self.groups),
            id = quoted(&self.group_id),
            group = quoted(&self.member_group),
            owner = quoted(user_id),
        )
    }

    fn statement(&self) -> String {
        format!(
            "SELECT l.{user} AS member, string_agg(CAST(g.{name} AS TEXT), '{SEPARATOR}') AS names
             FROM {members} l JOIN {groups} g ON g.{id} = l.{group} GROUP BY l.{user}",
            user = quoted(&self.member_user),
            name = quoted(&self.group_name),
            members = quoted(&self.members),
            groups = quoted(&self.groups),
            id = quoted(&self.group_id),
            group = quoted(&self.member_group),
        )
    }
}

/// A name as both databases quote it: nothing in it is taken for SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(source: &str) -> String {
        match Location::of(source) {
            Ok(Location::Sqlite(options)) => options.get_filename().display().to_string(),
            other => panic!("{source}: {other:?}"),
        }
    }

    #[test]
    fn b3_a_sqlite_database_is_written_as_sqlalchemy_django_and_rails_do() {
        for source in [
            "app.db",
            "sqlite:app.db",
            "sqlite://app.db",
            "sqlite:///app.db",
            "sqlite+aiosqlite:///app.db",
            "sqlite3:app.db?timeout=5000",
        ] {
            assert_eq!(file(source), "app.db", "{source}");
        }
        assert_eq!(file("sqlite:////srv/app.db"), "/srv/app.db");
        assert_eq!(file("/srv/app.db"), "/srv/app.db");
        // What exists is meant where both could be.
        assert_eq!(file("sqlite:///etc/hostname"), "/etc/hostname");
    }

    #[test]
    fn b3_a_postgresql_database_is_written_as_sqlalchemy_django_and_rails_do() {
        for scheme in ["postgres", "postgresql", "postgresql+psycopg2", "postgis"] {
            let source = format!("{scheme}://reader:secret@db.example:5433/site");
            let Ok(Location::Postgres(options)) = Location::of(&source) else {
                panic!("{scheme}");
            };
            assert_eq!(options.get_host(), "db.example");
            assert_eq!(options.get_port(), 5433);
            assert_eq!(options.get_database(), Some("site"));
        }
        assert!(Location::of("mysql://db/site").is_err());
    }
}
