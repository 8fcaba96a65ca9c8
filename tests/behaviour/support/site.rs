//! Real applications in Python whose users are shared.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

/// Where the foreign programs are, with all that they need installed.
pub fn foreign_directory() -> PathBuf {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    let install = || {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign");
        let output = Command::new(directory.join("install")).output();
        let output = output.expect("a script that runs");
        assert!(output.status.success(), "{output:#?}");
        directory
    };
    INSTALLED.get_or_init(install).clone()
}

/// The Python that the foreign programs run in.
pub fn foreign_python() -> PathBuf {
    foreign_directory().join("../../target/foreign/venv/bin/python")
}

/// An application that runs, and its database. It dies with this value.
pub struct Site {
    /// The file of its SQLite database.
    pub database: PathBuf,
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Site {
    /// Runs a script of tests/foreign on a directory that it makes.
    #[track_caller]
    pub fn start(script: &str, directory: &Path) -> Self {
        let mut process = Command::new(foreign_python())
            .arg(foreign_directory().join(script))
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a running application");
        let orders = process.stdin.take().expect("a piped standard input");
        let answers = process.stdout.take().expect("a piped standard output");
        let mut site = Self {
            database: PathBuf::new(),
            process,
            orders,
            answers: BufReader::new(answers),
        };
        site.database = site.answer().as_str().expect("a path").into();
        site
    }

    /// Has the application do something, by its own means.
    #[track_caller]
    pub fn told(&mut self, order: Value) -> Value {
        writeln!(self.orders, "{order}").expect("an application that listens");
        self.answer()
    }

    #[track_caller]
    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("an answer");
        serde_json::from_str(&line).expect("JSON, unless the application failed: see above")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
