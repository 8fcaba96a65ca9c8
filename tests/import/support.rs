//! The real command on a database of its own, and a server on it.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

use scopegate::{
    password::{Context, CurrentScheme, Policy},
    store::{Store, UserRow},
};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

/// The cost of new hashes: the lowest that a server takes.
pub const COST: &str = "10";

/// A directory with a database, gone at the end.
pub struct Site {
    directory: TempDir,
}

/// What a command printed and how it ended.
pub struct Ended {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// The four numbers of a summary: imported, updated, unchanged, refused.
    pub fn counts(&self) -> [u64; 4] {
        let summary: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|_| panic!("no summary: {} {}", self.stdout, self.stderr));
        ["imported", "updated", "unchanged", "refused"].map(|name| summary[name].as_u64().unwrap())
    }
}

impl Site {
    pub fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.directory.path().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(arguments).output().unwrap();
        Ended {
            status: status.code().unwrap(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// `user import --json` with further arguments.
    pub fn import(&self, arguments: &[&str]) -> Ended {
        self.run(&[&["user", "import", "--json"], arguments].concat())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scopegate"));
        command.args(arguments).current_dir(self.directory.path());
        command
    }

    pub fn user(&self, username: &str) -> Option<UserRow> {
        let path = self.directory.path().join("scopegate.db");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let store = Store::open(&format!("sqlite:{}", path.display()))
                .await
                .unwrap();
            let user = store.user(username).await.unwrap();
            store.close().await;
            user
        })
    }

    /// The stored hash of a user who has one.
    pub fn hash_of(&self, username: &str) -> String {
        let user = self.user(username).unwrap();
        user.password_hash.unwrap().expose().to_owned()
    }

    pub fn scopes_of(&self, username: &str) -> String {
        self.user(username).unwrap().scopes.to_string()
    }

    /// Whether the stored hash of a user is in the scheme of new ones.
    pub fn has_current_hash(&self, username: &str) -> bool {
        let context = Context::new(Policy {
            current: CurrentScheme::Bcrypt {
                cost: COST.parse().unwrap(),
            },
            ..Policy::default()
        });
        let user = self.user(username).unwrap();
        !context.unwrap().needs_rehash(&user.password_hash.unwrap())
    }

    pub fn serve(&self, settings: &[&str]) -> Server {
        let serve = ["serve", "--listen", "127.0.0.1:0", "--bcrypt-cost", COST];
        let mut process = self
            .command(&[&serve, settings].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let url = output
            .lines()
            .find_map(|line| Some(line.unwrap().strip_prefix("listening on ")?.to_owned()))
            .expect("the server ended before it listened");
        Server { process, url }
    }
}

/// A running server.
pub struct Server {
    process: Child,
    url: String,
}

impl Server {
    /// Logs in and gives the granted scopes, joined by spaces, or the error.
    pub fn log_in(&self, username: &str, password: &str, scope: &str) -> Result<String, String> {
        let form = [
            ("grant_type", "password"),
            ("username", username),
            ("password", password),
            ("scope", scope),
        ];
        let answer = reqwest::blocking::Client::new()
            .post(format!("{}/token", self.url))
            .form(&form)
            .send()
            .unwrap();
        let body: Value = answer.json().unwrap();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        match text("error") {
            Some(error) => Err(error),
            None => Ok(text("scope").unwrap()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The files that the tests read.
pub fn vector(name: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(name)
        .display()
        .to_string()
}

/// A user of `import_expect.json`.
#[derive(Clone, Deserialize)]
pub struct Expected {
    pub username: Option<String>,
    pub email: String,
    pub password: Option<String>,
    pub login_should_succeed: bool,
    #[serde(alias = "active")]
    pub is_active: bool,
    #[serde(default)]
    pub is_superuser: bool,
    #[serde(alias = "roles")]
    pub groups: Vec<String>,
}

impl Expected {
    /// The name to log in with.
    pub fn name(&self) -> &str {
        self.username.as_deref().unwrap_or(&self.email)
    }
}

pub fn expected(application: &str) -> Vec<Expected> {
    let text = fs::read_to_string(vector("import_expect.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(all[application]["users"].clone()).unwrap()
}
