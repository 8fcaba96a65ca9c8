//! What the server does when the machine lets it down.

use std::{fs, net::TcpStream, process::Command, thread};

use crate::support::*;

/// A SQLite database whatever the other tests run on: these are faults of the server's own
/// disk.
const OWN: &str = "--database-url=sqlite:own.db";

/// A server below a shell that does something first.
fn start_below(home: &Home, shell: &str, args: &[&str]) -> Running {
    let server = home.command(args);
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{shell} exec \"$0\" \"$@\""))
        .arg(server.get_program())
        .args(server.get_args())
        .current_dir(home.path())
        .env_clear()
        .envs(
            server
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    Running::start(command)
}

fn with_johndoe() -> Home {
    let home = Home::new();
    home.user_with("johndoe", PASSWORD, &["me"], &[OWN]);
    home
}

fn readiness(server: &Running) -> u16 {
    server.call("GET", "/readyz").send().status
}

#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let home = with_johndoe();
    let server = start_below(&home, "exec 2>/dev/full;", &["serve", "--log=debug", OWN]);
    assert_oauth_error(&server.log_in("johndoe", "wrong"), 400, "invalid_grant");
    server.log_in("johndoe", PASSWORD).expect(200);
}

#[test]
fn a_hangup_of_the_terminal_stops_nothing() {
    let home = with_johndoe();
    let server = start_below(&home, "", &["serve", OWN]);
    server.signal("-HUP");
    server.log_in("johndoe", PASSWORD).expect(200);
}

#[test]
fn a_full_disk_is_answered_with_503_and_leaves_no_trace_when_there_is_space_again() {
    let home = with_johndoe();
    let server = start_below(&home, "trap '' XFSZ;", &["serve", OWN]);
    let space = |limit: &str| {
        let limit = format!("--fsize={limit}:unlimited");
        let id = server.id().to_string();
        let set = Command::new("prlimit")
            .args(["--pid", &id, &limit])
            .status();
        assert!(set.expect("prlimit").success());
    };
    server.log_in("johndoe", PASSWORD).expect(200);
    for _ in 0..3 {
        space("0");
        for _ in 0..3 {
            assert_oauth_error(
                &server.log_in("johndoe", PASSWORD),
                503,
                "temporarily_unavailable",
            );
        }
        eventually(|| readiness(&server), |status| *status == 503);
        space("unlimited");
        server.log_in("johndoe", PASSWORD).expect(200);
        eventually(|| readiness(&server), |status| *status == 200);
    }
}

#[test]
fn nothing_is_written_into_a_database_whose_file_is_gone_or_another() {
    let home = with_johndoe();
    let server = start_below(&home, "", &["serve", "--max-staleness=1s", OWN]);
    let token = Token::of(&server.log_in("johndoe", PASSWORD));
    let profile = || server.call("GET", "/users/me").bearer(&token.text).send();
    profile().expect(200);
    let (own, aside) = (home.path().join("own.db"), home.path().join("aside.db"));
    for replaced in [false, true] {
        fs::rename(&own, &aside).expect("a renamed file");
        if replaced {
            fs::copy(&aside, &own).expect("a copy");
        }
        assert_oauth_error(
            &server.log_in("johndoe", PASSWORD),
            503,
            "temporarily_unavailable",
        );
        assert_eq!(readiness(&server), 503);
        // It cannot hear of revocations there.
        eventually(profile, |answer| answer.status == 503);
        fs::rename(&aside, &own).expect("a renamed file");
        server.log_in("johndoe", PASSWORD).expect(200);
        eventually(|| readiness(&server), |status| *status == 200);
        eventually(profile, |answer| answer.status == 200);
    }
}

#[test]
fn before_it_stops_it_says_that_it_is_not_ready_and_takes_requests_still() {
    let home = with_johndoe();
    let args = ["serve", "--shutdown-delay=5m", OWN];
    let server = start_below(&home, "", &args);
    assert_eq!(readiness(&server), 200);
    server.signal("-TERM");
    eventually(|| readiness(&server), |status| *status == 503);
    let unready = server.call("GET", "/readyz").send();
    assert_problem(&unready, 503);
    assert_eq!(unready.header("retry-after"), "1");
    server.log_in("johndoe", PASSWORD).expect(200);
    // Whoever does not want to wait says so again.
    server.signal("-TERM");
    let refused = || server.call("GET", "/healthz").try_send().is_none();
    eventually(refused, |refused| *refused);
}

#[test]
fn s04_where_descriptors_are_few_connections_wait_and_the_database_has_its_own() {
    let home = with_johndoe();
    let server = start_below(&home, "ulimit -n 256;", &["serve", OWN]);
    let idle = || TcpStream::connect(server.address).expect("a connection");
    let idle: Vec<TcpStream> = (0..400).map(|_| idle()).collect();
    for _ in 0..5 {
        server.log_in("johndoe", PASSWORD).expect(200);
        assert_eq!(readiness(&server), 200);
    }
    drop(idle);
}

#[test]
fn commands_that_make_a_database_at_once_make_one() {
    for _ in 0..5 {
        let home = Home::new();
        let done: Vec<Done> = thread::scope(|scope| {
            let running: Vec<_> = (0..6)
                .map(|number| {
                    let name = format!("scope-{number}");
                    let home = &home;
                    scope.spawn(move || {
                        let add = ["scope", "add", &name, "--description", "A scope", OWN];
                        home.run(&add)
                    })
                })
                .collect();
            let running = running.into_iter();
            running.map(|one| one.join().expect("a command")).collect()
        });
        for one in done {
            one.succeeded();
        }
    }
}

#[test]
fn whoever_waits_for_a_lock_of_somebody_else_does_not_hold_up_the_guards() {
    let server = Server::with_args(&["--max-staleness", "1s"]);
    server.user("johndoe", PASSWORD, &["me", "tokens"]);
    let token = server.login("johndoe", PASSWORD, &["me", "tokens"]);
    let personal = server.post("/users/me/tokens").bearer(&token.text);
    let personal = personal.json(&serde_json::json!({"name": "robot", "scopes": ["me"]}));
    let personal = personal.send().expect(201);
    // Its use is to be written while nothing can be.
    let personal = personal["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let lock = server.home().database().lock();
    server.assert_accepts(&personal);
    thread::scope(|scope| {
        // More than there are connections.
        let log_in = || server.try_login("johndoe", PASSWORD, &["me"]).send();
        let logins: Vec<_> = (0..20).map(|_| scope.spawn(log_in)).collect();
        while !logins.iter().all(thread::ScopedJoinHandle::is_finished) {
            server.assert_accepts(&personal);
        }
        for login in logins {
            let answer = login.join().expect("an answer");
            assert_oauth_error(&answer, 503, "temporarily_unavailable");
            assert!(answer.headers.contains_key("retry-after"));
        }
    });
    lock.release();
    let is_back = |answer: &Answer| answer.status == 200;
    eventually(
        || server.try_login("johndoe", PASSWORD, &["me"]).send(),
        is_back,
    );
}

#[test]
fn clients_that_ask_while_nothing_can_be_written_are_all_answered() {
    let server = Server::start();
    let client = server.client("app", &["--scope", "me"]);
    let lock = server.home().database().lock();
    thread::scope(|scope| {
        let ask = || server.client_credentials(&client, "me").send();
        let asking: Vec<_> = (0..20).map(|_| scope.spawn(ask)).collect();
        for one in asking {
            let answer = one.join().expect("an answer");
            assert_oauth_error(&answer, 503, "temporarily_unavailable");
            assert!(answer.headers.contains_key("retry-after"));
        }
    });
    lock.release();
    let ask = || server.client_credentials(&client, "me").send();
    eventually(ask, |answer| answer.status == 200);
}

#[test]
fn how_old_the_news_may_be_is_a_setting_within_bounds() {
    let home = Home::new();
    for bad in ["0s", "500ms", "2m", "soon"] {
        home.run(&["config", "--max-staleness", bad])
            .was_refused_naming("max-staleness");
    }
    home.run(&["config", "--max-staleness", "30s"]).succeeded();
    for bad in ["0s", "1ms", "3s"] {
        home.run(&["config", "--poll-interval", bad])
            .was_refused_naming("poll-interval");
    }
}
