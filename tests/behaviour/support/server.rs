//! A running server.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use super::{Answer, Call, Done, Home, PASSWORD, Token, assert_invalid_token};

const START_LIMIT: Duration = Duration::from_secs(30);

/// The real binary, serving a database of its own on a free port.
pub struct Server {
    home: Home,
    args: Vec<String>,
    running: Running,
}

impl Server {
    /// Serves an empty database.
    pub fn start() -> Self {
        Self::with_args(&[])
    }

    /// Serves an empty database with more flags.
    pub fn with_args(args: &[&str]) -> Self {
        Self::start_in(Home::new(), args)
    }

    /// Serves the database of a directory.
    pub fn start_in(home: Home, args: &[&str]) -> Self {
        let mut all = vec!["serve"];
        all.extend(args);
        let running = Running::start(home.command(&all));
        Self {
            home,
            args: all.into_iter().map(str::to_owned).collect(),
            running,
        }
    }

    /// An empty server, a user `johndoe` with these scopes, and their token
    /// for all of them.
    pub fn with_user(scopes: &[&str]) -> (Self, Token) {
        let server = Self::start();
        server.user("johndoe", PASSWORD, scopes);
        let token = server.login("johndoe", PASSWORD, scopes);
        (server, token)
    }

    /// A server and a good token for `me`, which is tried first.
    pub fn guarding() -> (Self, String) {
        let (server, token) = Self::with_user(&["me"]);
        server.assert_accepts(&token.text);
        (server, token.text)
    }

    /// A guarded endpoint takes the token.
    #[track_caller]
    pub fn assert_accepts(&self, token: &str) {
        self.get("/users/me").bearer(token).send().expect(200);
    }

    /// A guarded endpoint does not take the token.
    #[track_caller]
    pub fn assert_refuses(&self, token: &str) {
        assert_invalid_token(&self.get("/users/me").bearer(token).send());
    }

    /// Adds a user by the command, while the server runs.
    #[track_caller]
    pub fn user(&self, name: &str, password: &str, scopes: &[&str]) {
        self.home.user(name, password, scopes);
    }

    /// Runs a command on the server's database.
    pub fn run(&self, args: &[&str]) -> Done {
        self.home.run(args)
    }

    /// Logs in and gets a token, for some scopes or for none.
    #[track_caller]
    pub fn login(&self, username: &str, password: &str, scopes: &[&str]) -> Token {
        let answer = self.try_login(username, password, scopes).send();
        assert_eq!(answer.status, 200, "{answer:?}");
        Token::of(&answer)
    }

    /// A login about to be sent.
    pub fn try_login(&self, username: &str, password: &str, scopes: &[&str]) -> Call {
        self.post("/token").form(&[
            ("grant_type", "password"),
            ("username", username),
            ("password", password),
            ("scope", &scopes.join(" ")),
        ])
    }

    pub fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    pub fn post(&self, path: &str) -> Call {
        self.call("POST", path)
    }

    pub fn put(&self, path: &str) -> Call {
        self.call("PUT", path)
    }

    pub fn patch(&self, path: &str) -> Call {
        self.call("PATCH", path)
    }

    pub fn delete(&self, path: &str) -> Call {
        self.call("DELETE", path)
    }

    /// A request of any method.
    pub fn call(&self, method: &str, path: &str) -> Call {
        Call::new(method, &format!("http://{}{path}", self.address()))
    }

    pub fn address(&self) -> SocketAddr {
        self.running.address
    }

    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Everything that all runs of the server have printed so far.
    pub fn log(&self) -> String {
        self.running.log.lock().expect("the log").clone()
    }

    /// Ends the server with SIGKILL: it gets no chance to tidy up.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// Kills the server and serves the same database again.
    pub fn restart(&mut self) {
        self.kill();
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        self.running = Running::start(self.home.command(&args));
    }
}

/// A process that has said where it listens. It dies with this value.
pub struct Running {
    pub address: SocketAddr,
    /// The line that said so and all before it.
    pub greeting: String,
    log: Arc<Mutex<String>>,
    process: Child,
}

impl Running {
    #[track_caller]
    pub fn start(mut command: Command) -> Self {
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a running server");
        let log = Arc::new(Mutex::new(String::new()));
        let (lines, arriving) = mpsc::channel();
        follow(process.stdout.take(), &log, &lines);
        follow(process.stderr.take(), &log, &lines);
        drop(lines);

        let mut greeting = String::new();
        let deadline = Instant::now() + START_LIMIT;
        let address = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = arriving.recv_timeout(left) else {
                let _ = process.kill();
                let _ = process.wait();
                panic!("the server does not say where it listens:\n{greeting}");
            };
            greeting.push_str(&line);
            greeting.push('\n');
            if let Some(address) = address_in(&line) {
                break address;
            }
        };
        Self {
            address,
            greeting,
            log,
            process,
        }
    }

    pub fn call(&self, method: &str, path: &str) -> Call {
        Call::new(method, &format!("http://{}{path}", self.address))
    }

    /// Asks for a token for all that the user may have of `me`.
    pub fn log_in(&self, username: &str, password: &str) -> Answer {
        let form = [
            ("grant_type", "password"),
            ("username", username),
            ("password", password),
            ("scope", "me"),
        ];
        self.call("POST", "/token").form(&form).send()
    }

    /// Sends the process a signal, as in `-TERM`.
    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status();
        assert!(sent.expect("kill").success());
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    fn kill(&mut self) {
        self.process.kill().expect("a process to kill");
        self.process.wait().expect("the end of the process");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, url) = line.split_once("listening on ")?;
    let (_, address) = url.split_once("://")?;
    address.split_whitespace().next()?.parse().ok()
}

/// Reads a stream to its end in the background: a full pipe would stop the server.
fn follow(
    stream: Option<impl Read + Send + 'static>,
    log: &Arc<Mutex<String>>,
    lines: &mpsc::Sender<String>,
) {
    let stream = BufReader::new(stream.expect("a piped stream"));
    let (log, lines) = (Arc::clone(log), lines.clone());
    thread::spawn(move || {
        for line in stream.lines().map_while(Result::ok) {
            {
                let mut log = log.lock().expect("the log");
                log.push_str(&line);
                log.push('\n');
            }
            // Nobody waits for lines once the address is known.
            let _ = lines.send(line);
        }
    });
}
