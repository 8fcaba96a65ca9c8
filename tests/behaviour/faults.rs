//! What the server does when the machine lets it down.

use std::{process::Command, thread};

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
    let add = [
        "user",
        "add",
        "johndoe",
        "--scope",
        "me",
        "--password-stdin",
        OWN,
    ];
    home.run_with_input(&add, PASSWORD).succeeded();
    home
}

fn log_in(server: &Running, password: &str) -> Answer {
    let form = [
        ("grant_type", "password"),
        ("username", "johndoe"),
        ("password", password),
        ("scope", "me"),
    ];
    let url = format!("http://{}/token", server.address);
    Call::new("POST", &url).form(&form).send()
}

#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let home = with_johndoe();
    let server = start_below(&home, "exec 2>/dev/full;", &["serve", "--log=debug", OWN]);
    assert_oauth_error(&log_in(&server, "wrong"), 400, "invalid_grant");
    log_in(&server, PASSWORD).expect(200);
}

#[test]
fn a_hangup_of_the_terminal_stops_nothing() {
    let home = with_johndoe();
    let server = start_below(&home, "", &["serve", OWN]);
    let id = server.id().to_string();
    let sent = Command::new("kill").args(["-HUP", &id]).status();
    assert!(sent.expect("kill").success());
    log_in(&server, PASSWORD).expect(200);
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
    log_in(&server, PASSWORD).expect(200);
    for _ in 0..3 {
        space("0");
        for _ in 0..3 {
            assert_oauth_error(&log_in(&server, PASSWORD), 503, "temporarily_unavailable");
        }
        space("unlimited");
        log_in(&server, PASSWORD).expect(200);
    }
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
