//! The database of a test: a SQLite file, or a database of its own on the
//! PostgreSQL server that `TEST_POSTGRES` names. No test knows which.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use sqlx::{
    AssertSqlSafe, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions,
};
use uuid::Uuid;

use super::Done;

/// Where a test's data lives. A database on a server is dropped with this value.
pub enum Database {
    /// `scopegate.db` in the test's directory.
    File(PathBuf),
    Postgres {
        server: String,
        name: String,
    },
}

/// Prints the statements that make a database file, which Python knows how to.
const SQLITE_DUMP: &str =
    "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).iterdump(), sep='\\n')";

/// Runs statements on a connection of its own to either kind.
macro_rules! on_connection {
    ($database:expr, |$connection:ident| $body:expr) => {{
        let url = $database.absolute_url();
        match $database {
            Database::File(_) => block_on(async {
                let mut $connection = SqliteConnection::connect(&url).await?;
                let outcome = $body;
                // Dropped, it writes its log into the file later, when that may be read.
                $connection.close().await?;
                Ok(outcome)
            }),
            Database::Postgres { .. } => block_on(async {
                let mut $connection = PgConnection::connect(&url).await?;
                Ok($body)
            }),
        }
    }};
}

/// The URL of the PostgreSQL server, where the tests run on one.
fn server() -> Option<String> {
    std::env::var("TEST_POSTGRES").ok()
}

impl Database {
    /// A database that a command has made, and that has no key yet.
    pub fn new(directory: &Path) -> Self {
        let Some(server) = server() else {
            let path = directory.join("scopegate.db");
            fs::write(&path, template_file()).expect("a database");
            fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("its mode");
            return Self::File(path);
        };
        let template = template(&server);
        Self::create(server, &format!("TEMPLATE {template} STRATEGY FILE_COPY"))
    }

    /// A file that is not there, or a database without a table.
    pub fn bare(directory: &Path) -> Self {
        match server() {
            None => Self::File(directory.join("scopegate.db")),
            Some(server) => Self::create(server, ""),
        }
    }

    fn create(server: String, options: &str) -> Self {
        let name = format!("test_{}", Uuid::now_v7().simple());
        let create = format!("CREATE DATABASE {name} {options}");
        on_server(&format!("{server}/postgres?sslmode=disable"), create);
        Self::Postgres { server, name }
    }

    /// What `database-url` is set to.
    pub fn url(&self) -> String {
        match self {
            Self::File(_) => "sqlite:scopegate.db".to_owned(),
            // Each connection costs a tenth of a second with TLS.
            Self::Postgres { .. } => format!("{}?sslmode=disable", self.plain_url()),
        }
    }

    /// The same without a word on TLS.
    pub fn plain_url(&self) -> String {
        match self {
            Self::File(_) => self.url(),
            Self::Postgres { server, name } => format!("{server}/{name}"),
        }
    }

    /// What `database-url` is set to, from wherever it is read.
    pub fn absolute_url(&self) -> String {
        match self {
            Self::File(path) => format!("sqlite:{}", path.display()),
            Self::Postgres { .. } => self.url(),
        }
    }

    /// Whether what is stored has these bytes: the files of SQLite, the dump of
    /// PostgreSQL.
    pub fn contains(&self, bytes: &[u8]) -> bool {
        let has = |content: &[u8]| content.windows(bytes.len()).any(|window| window == bytes);
        match self {
            Self::File(path) => ["", "-wal", "-shm"].iter().any(|end| {
                let path = format!("{}{end}", path.display());
                std::fs::read(path).is_ok_and(|content| has(&content))
            }),
            Self::Postgres { .. } => {
                let dump = Done::of(Command::new("pg_dump").arg(self.url())).succeeded();
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                has(dump.stdout.as_bytes()) || dump.stdout.contains(&hex)
            }
        }
    }

    /// The statements that make the database anew.
    pub fn dump(&self) -> String {
        let mut command = match self {
            Self::File(path) => {
                let mut command = Command::new("python3");
                command.args(["-c", SQLITE_DUMP]).arg(path);
                command
            }
            Self::Postgres { .. } => {
                let mut command = Command::new("pg_dump");
                command.args(["--inserts", "--no-owner", "--no-privileges"]);
                command.arg(self.url());
                command
            }
        };
        let dump = Done::of(&mut command).succeeded().stdout;
        // Remarks, and what only `psql` or another version of the server understands.
        let is_statement = |line: &&str| {
            let others = ["--", "\\", "SET "];
            !line.is_empty() && !others.iter().any(|start| line.starts_with(start))
        };
        let lines: Vec<&str> = dump.lines().filter(is_statement).collect();
        lines.join("\n") + "\n"
    }

    /// Makes an empty database what a dump is of.
    pub fn load(&self, dump: &str) {
        match self {
            Self::File(path) => block_on(async {
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true)
                    // Tables come in another order than that of their references.
                    .foreign_keys(false);
                let mut connection = SqliteConnection::connect_with(&options).await?;
                sqlx::raw_sql(AssertSqlSafe(dump))
                    .execute(&mut connection)
                    .await?;
                connection.close().await
            }),
            Self::Postgres { .. } => on_server(&self.url(), dump.to_owned()),
        }
    }

    /// Whether it is a server, which other processes reach by connections.
    pub fn is_server(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// Ends all connections to a database on a server, as an administrator may.
    pub fn end_connections(&self) {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        on_server(&self.url(), end.to_owned());
    }

    /// Runs a statement on a server, which may have been done before.
    pub fn try_execute(&self, statement: &str) {
        let _ = try_on_server(&self.url(), statement.to_owned());
    }

    /// Runs a statement that both databases understand.
    pub fn execute(&self, statement: &'static str) {
        on_connection!(self, |connection| {
            sqlx::query(statement).execute(&mut connection).await?;
        });
    }

    /// The first column of the first row of a query, a number.
    pub fn number(&self, query: &'static str) -> i64 {
        on_connection!(self, |connection| {
            sqlx::query_scalar(query).fetch_one(&mut connection).await?
        })
    }

    /// The first column of the first row of a query, bytes.
    pub fn bytes(&self, query: &'static str) -> Vec<u8> {
        on_connection!(self, |connection| {
            sqlx::query_scalar(query).fetch_one(&mut connection).await?
        })
    }
}

/// A transaction of somebody else, which keeps all writers waiting until this is dropped.
pub struct WriteLock {
    connection: Held,
    runtime: tokio::runtime::Runtime,
}

enum Held {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    /// Keeps writers waiting.
    pub fn lock(&self) -> WriteLock {
        let runtime = runtime();
        let url = self.absolute_url();
        let connection = runtime.block_on(async {
            match self {
                Self::File(_) => {
                    let mut connection = SqliteConnection::connect(&url).await?;
                    sqlx::query("BEGIN IMMEDIATE")
                        .execute(&mut connection)
                        .await?;
                    Ok::<_, sqlx::Error>(Held::Sqlite(connection))
                }
                Self::Postgres { .. } => {
                    let mut connection = PgConnection::connect(&url).await?;
                    sqlx::raw_sql(
                        "BEGIN; LOCK TABLE tokens, login_failures IN ACCESS EXCLUSIVE MODE",
                    )
                    .execute(&mut connection)
                    .await?;
                    Ok(Held::Postgres(connection))
                }
            }
        });
        WriteLock {
            connection: connection.expect("a lock"),
            runtime,
        }
    }
}

impl WriteLock {
    /// Lets the writers go on.
    pub fn release(self) {
        let closed = self.runtime.block_on(async {
            match self.connection {
                Held::Sqlite(connection) => connection.close().await,
                Held::Postgres(connection) => connection.close().await,
            }
        });
        closed.expect("a closed connection");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { server, name } = self {
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            // What cannot be dropped goes with the server.
            let _ = try_on_server(&format!("{server}/postgres?sslmode=disable"), drop);
        }
    }
}

/// A migrated file without a key, of which those of the tests are copies.
fn template_file() -> &'static [u8] {
    static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let database = Database::File(directory.path().join("scopegate.db"));
        migrate(&database.absolute_url());
        database.execute(WITHOUT_KEYS);
        // Nor may a byte of it be left.
        database.execute("VACUUM");
        fs::read(directory.path().join("scopegate.db")).expect("a database")
    })
}

/// The key of one database must not verify the tokens of another.
const WITHOUT_KEYS: &str = "DELETE FROM signing_keys";

/// Has a command bring a database up to date.
fn migrate(url: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scopegate"));
    command
        .args(["user", "list"])
        .env_clear()
        .env("SCOPEGATE_DATABASE_URL", url);
    Done::of(&mut command).succeeded();
}

/// A migrated database without a key, of which those of the tests are copies:
/// made once, by the first test.
fn template(server: &str) -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = format!("template_{}", Uuid::now_v7().simple());
        on_server(
            &format!("{server}/postgres"),
            format!("CREATE DATABASE {name}"),
        );
        let url = format!("{server}/{name}");
        migrate(&url);
        on_server(&url, WITHOUT_KEYS.to_owned());
        name
    })
}

/// Runs a statement on a database of a server.
fn on_server(url: &str, statement: String) {
    if let Err(error) = try_on_server(url, statement) {
        panic!("{error}");
    }
}

fn try_on_server(url: &str, statement: String) -> Result<(), sqlx::Error> {
    on_a_thread(async {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut connection)
            .await?;
        connection.close().await
    })
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

fn block_on<T: Send>(future: impl Future<Output = Result<T, sqlx::Error>> + Send) -> T {
    on_a_thread(future).expect("the database's answer")
}

/// Runs on a thread of its own: the caller may be within a runtime.
fn on_a_thread<T: Send>(future: impl Future<Output = T> + Send) -> T {
    let run = || runtime().block_on(future);
    std::thread::scope(|scope| scope.spawn(run).join()).expect("the database's answer")
}
