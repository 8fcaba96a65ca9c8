//! A directory of its own with a database in it, and the commands run there.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rcgen::generate_simple_self_signed;
use tempfile::TempDir;

use super::Database;

const COMMAND_LIMIT: Duration = Duration::from_secs(10);

/// A working directory and a database, which are gone when the test ends.
pub struct Home {
    directory: TempDir,
    database: Database,
}

impl Home {
    pub fn new() -> Self {
        Self::with(Database::new)
    }

    /// One whose database has not been made, or has nothing in it.
    pub fn bare() -> Self {
        Self::with(Database::bare)
    }

    fn with(database: impl FnOnce(&Path) -> Database) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let database = database(directory.path());
        Self {
            directory,
            database,
        }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Writes a file into the directory.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).expect("a written file");
        path
    }

    /// Writes a new certificate for this machine, `cert.pem`, and its key, `key.pem`.
    pub fn write_certificate(&self) {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let made = generate_simple_self_signed(names).expect("a certificate");
        self.write("key.pem", &made.signing_key.serialize_pem());
        self.write("cert.pem", &made.cert.pem());
    }

    /// Whether the database has these bytes.
    pub fn database_contains(&self, bytes: &[u8]) -> bool {
        self.database.contains(bytes)
    }

    /// The binary, about to run here on this directory's database on a
    /// free port, with the least cost of hashing; nothing of the caller's environment counts.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scopegate"));
        command
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TMPDIR", self.path())
            .env("SCOPEGATE_DATABASE_URL", self.database.url())
            .env("SCOPEGATE_LISTEN", "127.0.0.1:0")
            .env("SCOPEGATE_BCRYPT_COST", "4")
            .env("WEAK_HASHES_FOR_TESTS", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Done {
        Done::of(&mut self.command(args))
    }

    /// Runs a command to its end with a text on its standard input.
    #[track_caller]
    pub fn run_with_input(&self, args: &[&str], input: impl AsRef<[u8]>) -> Done {
        Done::given(&mut self.command(args), input)
    }

    /// Adds a user by the command.
    #[track_caller]
    pub fn user(&self, name: &str, password: &str, scopes: &[&str]) {
        self.user_with(name, password, scopes, &[]);
    }

    /// Adds a user by the command with more flags.
    #[track_caller]
    pub fn user_with(&self, name: &str, password: &str, scopes: &[&str], flags: &[&str]) {
        let mut args = vec!["user", "add", name, "--password-stdin"];
        for scope in scopes {
            args.extend(["--scope", scope]);
        }
        args.extend(flags);
        self.run_with_input(&args, password).succeeded();
    }
}

/// A text as editors and shells of Windows write it: with a byte order mark, in UTF-8, and in
/// UTF-16 of either order.
pub fn as_windows_writes_it(text: &str) -> [Vec<u8>; 3] {
    let marked = format!("\u{feff}{text}");
    let units: Vec<u16> = marked.encode_utf16().collect();
    [
        marked.into_bytes(),
        units.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        units.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
    ]
}

/// A command that has ended.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    /// Runs a command to its end.
    #[track_caller]
    pub fn of(command: &mut Command) -> Self {
        Self::given(command, "")
    }

    /// Runs a command to its end with a text on its standard input. One that
    /// goes on for long, as a server does that should have refused to start,
    /// is killed and has no exit status.
    #[track_caller]
    pub fn given(command: &mut Command, input: impl AsRef<[u8]>) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a running command");
        let mut stdin = child.stdin.take().expect("a piped standard input");
        // A command that does not read closes the pipe; its output tells why.
        let _ = stdin.write_all(input.as_ref());
        drop(stdin);
        let streams = [
            read_to_end(child.stdout.take()),
            read_to_end(child.stderr.take()),
        ];
        let deadline = Instant::now() + COMMAND_LIMIT;
        let is_over = streams.iter().all(|(ended, _)| {
            let left = deadline.saturating_duration_since(Instant::now());
            ended.recv_timeout(left).is_ok()
        });
        if !is_over {
            child.kill().expect("a command to kill");
        }
        let status = child.wait().expect("the end of the command");
        let [stdout, stderr] = streams.map(|(_, reader)| reader.join().expect("its output"));
        Self {
            code: status.code(),
            stdout,
            stderr,
        }
    }

    /// Exit status 0.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// Exit status 1, with one clear line that names something.
    #[track_caller]
    pub fn was_refused_naming(self, what: &str) -> Self {
        assert_eq!(self.code, Some(1), "{self:#?}");
        assert!(self.stderr.contains(what), "no {what:?} in {self:#?}");
        assert_eq!(self.stderr.trim().lines().count(), 1, "{self:#?}");
        self
    }

    /// What it printed, as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// Reads a stream in the background; says when it has ended and gives what it read.
fn read_to_end(
    stream: Option<impl Read + Send + 'static>,
) -> (mpsc::Receiver<()>, JoinHandle<String>) {
    let mut stream = stream.expect("a piped stream");
    let (end, ended) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is what there is.
        let _ = stream.read_to_end(&mut bytes);
        let _ = end.send(());
        String::from_utf8_lossy(&bytes).into_owned()
    });
    (ended, reader)
}
