//! Three servers behind a real nginx, by the configuration that the documentation shows.

use std::{
    fs,
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::json;

use crate::support::*;

const CONFIGURATION: &str = include_str!("../../examples/nginx/scopegate.conf");

/// nginx, and where it listens.
struct Nginx {
    _process: Program,
    origin: String,
}

impl Nginx {
    fn before(home: &Home, servers: &[&Running]) -> Self {
        let address = free_address();
        let mut site = CONFIGURATION
            .lines()
            .filter(|line| !line.trim().starts_with("ssl_certificate"))
            .collect::<Vec<_>>()
            .join("\n")
            .replace("listen 443 ssl;", &format!("listen {address};"));
        for (number, server) in servers.iter().enumerate() {
            let shown = format!("10.0.0.{}:8000", number + 1);
            assert!(site.contains(&shown));
            site = site.replace(&shown, &server.address.to_string());
        }
        let directory = home.path().display();
        let whole = format!(
            "daemon off; master_process off; pid {directory}/nginx.pid; error_log stderr;\n\
             events {{}}\n\
             http {{ access_log off; client_body_temp_path {directory}/body;\n\
             proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;\n\
             uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;\n{site}\n}}\n"
        );
        let path = home.write("nginx.conf", &whole);
        let process = Program::start(
            Command::new("/usr/sbin/nginx")
                .arg("-c")
                .arg(&path)
                .arg("-p")
                .arg(home.path())
                .stdout(Stdio::null())
                .stderr(fs::File::create(home.path().join("nginx.log")).expect("a log")),
        );
        let origin = format!("http://{address}");
        let nginx = Self {
            _process: process,
            origin,
        };
        let alive = || nginx.call("GET", "/healthz").try_send();
        eventually(alive, Option::is_some);
        nginx
    }

    fn call(&self, method: &str, path: &str) -> Call {
        Call::new(method, &format!("{}{path}", self.origin))
    }
}

/// Three servers on one database, and nginx before them.
fn three_behind_nginx(home: &Home) -> (Vec<Running>, Nginx) {
    let serve = || {
        let args = [
            "serve",
            "--trusted-proxy",
            "127.0.0.0/8",
            "--max-personal-tokens",
            "10000",
        ];
        Running::start(home.command(&args))
    };
    let servers = vec![serve(), serve(), serve()];
    let nginx = Nginx::before(home, &servers.iter().collect::<Vec<_>>());
    (servers, nginx)
}

/// Logs `johndoe` in with these scopes.
#[track_caller]
fn log_in(nginx: &Nginx, scope: &str) -> Token {
    let form = [
        ("grant_type", "password"),
        ("username", "johndoe"),
        ("password", PASSWORD),
        ("scope", scope),
    ];
    Token::of(&nginx.call("POST", "/token").form(&form).send())
}

#[test]
fn of_three_servers_one_may_die_and_a_revocation_holds_in_all() {
    let home = Home::new();
    home.user("johndoe", PASSWORD, &["me"]);
    let (mut servers, nginx) = three_behind_nginx(&home);
    let log_in = || log_in(&nginx, "me");
    let profile = |token: &Token| nginx.call("GET", "/users/me").bearer(&token.text).send();
    let revoke = |token: &Token| {
        let form = [("token", token.text.as_str())];
        nginx.call("POST", "/revoke").form(&form).send().expect(200);
    };
    let (kept, revoked) = (log_in(), log_in());
    revoke(&revoked);
    for server in &servers {
        let url = format!("http://{}/users/me", server.address);
        let there = || Call::new("GET", &url).bearer(&revoked.text).send();
        eventually(there, |answer| answer.status == 401);
    }
    while servers.len() > 1 {
        drop(servers.pop());
        for _ in 0..6 {
            profile(&kept).expect(200);
        }
        revoke(&log_in());
    }
}

#[test]
fn under_load_nobody_notices_that_a_server_dies_but_who_waits_for_its_answer_to_a_post() {
    let home = Home::new();
    home.user("johndoe", PASSWORD, &["me", "tokens"]);
    let (mut servers, nginx) = three_behind_nginx(&home);
    let token = log_in(&nginx, "me tokens");
    let answered = AtomicUsize::new(0);
    let goes_on = AtomicBool::new(true);
    let rounds = |work: &dyn Fn()| {
        while goes_on.load(Ordering::Relaxed) {
            work();
            answered.fetch_add(1, Ordering::Relaxed);
        }
    };
    let read = || {
        rounds(&|| {
            let me = nginx.call("GET", "/users/me").bearer(&token.text);
            me.send().expect(200);
        });
    };
    let write = || {
        let made = Mutex::new(Vec::new());
        rounds(&|| {
            let body = json!({"name": "a bot", "scopes": ["me"]});
            let call = nginx.call("POST", "/users/me/tokens").bearer(&token.text);
            let answer = call.json(&body).send();
            match answer.status {
                201 => {
                    let token = answer.json()["access_token"].as_str().map(str::to_owned);
                    made.lock().expect("a list").extend(token);
                }
                // nginx does not know whether the server did it before it died.
                502 | 504 => {}
                other => panic!("{other}: {answer:?}"),
            }
        });
        made.into_inner().expect("a list")
    };
    let made: Vec<String> = thread::scope(|scope| {
        let reading = [scope.spawn(read), scope.spawn(read)];
        let writing = [scope.spawn(write), scope.spawn(write)];
        let after = |more: usize| {
            let now = answered.load(Ordering::Relaxed);
            let count = || answered.load(Ordering::Relaxed);
            eventually_within(20, count, |count| *count >= now + more);
        };
        after(60);
        drop(servers.remove(1));
        after(120);
        goes_on.store(false, Ordering::Relaxed);
        for one in reading {
            one.join().expect("only good answers");
        }
        let made = writing.map(|one| one.join().expect("only answers that nginx explains"));
        made.concat()
    });
    assert!(made.len() > 5, "{}", made.len());
    for token in &made {
        for server in &servers {
            let url = format!("http://{}/users/me", server.address);
            Call::new("GET", &url).bearer(token).send().expect(200);
        }
    }
}
