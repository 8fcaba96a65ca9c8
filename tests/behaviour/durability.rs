//! What was answered is true after `kill -9`, and a command is in force in
//! the running server within a second.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::*;

const LIMIT: Duration = Duration::from_secs(1);

/// Asks until the answer has the status, for a second at most.
#[track_caller]
fn within_a_second(status: u16, ask: impl Fn() -> Answer) {
    let start = Instant::now();
    loop {
        let answer = ask();
        if answer.status == status {
            return;
        }
        assert!(
            start.elapsed() < LIMIT,
            "after {:?} still {answer:?}",
            start.elapsed()
        );
    }
}

#[test]
fn a_user_is_there_after_a_kill_right_behind_the_answer() {
    let mut server = Server::start();
    server.user("admin", PASSWORD, &["users:read", "users:write"]);
    let admin = server.login("admin", PASSWORD, &["users:read", "users:write"]);
    for round in 0..5 {
        let username = format!("user-{round}");
        let user = json!({"username": username, "password": PASSWORD});
        let answer = server.post("/users").bearer(&admin).json(&user).send();
        server.kill();
        answer.expect(201);
        server.restart();
        let path = format!("/users/{username}");
        server.get(&path).bearer(&admin).send().expect(200);
        server.login(&username, PASSWORD, &[]);
    }
}

#[test]
fn of_fifty_kills_under_writes_none_loses_what_was_answered() {
    let mut server = Server::start();
    server.user("admin", PASSWORD, &["users:read", "users:write"]);
    let admin = server.login("admin", PASSWORD, &["users:read", "users:write"]);
    let mut answered: Vec<String> = Vec::new();
    for round in 0..50 {
        let added = std::sync::Mutex::new(Vec::new());
        let address = server.address();
        thread::scope(|scope| {
            for writer in 0..3 {
                let (added, admin) = (&added, &admin);
                scope.spawn(move || {
                    for number in 0..1000 {
                        let username = format!("user-{round}-{writer}-{number}");
                        let user = json!({"username": username});
                        let call = Call::new("POST", &format!("http://{address}/users"));
                        match call.bearer(admin).json(&user).try_send() {
                            Some(answer) if answer.status == 201 => {
                                added.lock().expect("the list").push(username);
                            }
                            _ => return,
                        }
                    }
                });
            }
            // In the middle of it, once there is something to lose.
            let has_begun = |count: &usize| *count >= 5 + round % 7;
            eventually(|| added.lock().expect("the list").len(), has_begun);
            server.kill();
        });
        answered.extend(added.into_inner().expect("the list"));
        server.restart();
    }
    let listed = server.run(&["user", "list", "--json"]).json();
    let listed: std::collections::HashSet<&str> = listed
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|user| user["username"].as_str())
        .collect();
    let lost = answered
        .iter()
        .filter(|name| !listed.contains(name.as_str()));
    assert_eq!(lost.collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(answered.len() >= 250, "{}", answered.len());
}

#[test]
fn a_removal_holds_after_a_kill_right_behind_the_answer() {
    let (mut server, token) = Server::with_user(&["me"]);
    server.user("admin", PASSWORD, &["me", "users:write"]);
    let admin = server.login("admin", PASSWORD, &["me", "users:write"]);
    let answer = server.delete("/users/johndoe").bearer(&admin).send();
    server.kill();
    answer.expect(204);
    server.restart();
    assert_invalid_token(&server.get("/users/me").bearer(&token).send());
}

#[test]
fn a_new_password_holds_after_a_kill_right_behind_the_answer() {
    let (mut server, token) = Server::with_user(&["me:write"]);
    let body = json!({"current_password": PASSWORD, "new_password": "another-password"});
    let answer = server
        .put("/users/me/password")
        .bearer(&token)
        .json(&body)
        .send();
    server.kill();
    answer.expect(204);
    server.restart();
    server.login("johndoe", "another-password", &[]);
}

#[test]
fn tokens_and_the_key_that_signed_them_survive_a_restart() {
    let (mut server, token) = Server::with_user(&["me"]);
    server.restart();
    server.get("/users/me").bearer(&token).send().expect(200);
    let new = server.login("johndoe", PASSWORD, &["me"]);
    assert_eq!(decoded(&token.text).0, decoded(&new.text).0);
}

#[test]
fn a_user_added_by_a_command_can_log_in_within_a_second() {
    let server = Server::start();
    server.user("johndoe", PASSWORD, &["me"]);
    within_a_second(200, || {
        server.try_login("johndoe", PASSWORD, &["me"]).send()
    });
}

#[test]
fn a_user_disabled_by_a_command_is_refused_within_a_second() {
    let (server, token) = Server::with_user(&["me"]);
    let ask = || server.get("/users/me").bearer(&token).send();
    server.run(&["user", "disable", "johndoe"]).succeeded();
    within_a_second(401, ask);
    server.run(&["user", "enable", "johndoe"]).succeeded();
    within_a_second(200, || {
        server.try_login("johndoe", PASSWORD, &["me"]).send()
    });
}

#[test]
fn a_user_removed_by_a_command_is_refused_within_a_second() {
    let (server, token) = Server::with_user(&["me"]);
    server.run(&["user", "remove", "johndoe"]).succeeded();
    within_a_second(401, || server.get("/users/me").bearer(&token).send());
}

#[test]
fn a_scope_revoked_or_granted_by_a_command_is_in_force_within_a_second() {
    let (server, token) = Server::with_user(&["me"]);
    let ask = || server.get("/users/me").bearer(&token).send();
    server.run(&["user", "revoke", "johndoe", "me"]).succeeded();
    within_a_second(403, ask);
    server.run(&["user", "grant", "johndoe", "me"]).succeeded();
    within_a_second(200, || {
        server.try_login("johndoe", PASSWORD, &["me"]).send()
    });
}

#[test]
fn a_scope_removed_by_a_command_is_unknown_within_a_second() {
    let home = Home::new();
    home.run(&["scope", "add", "items", "--description", "Read items"])
        .succeeded();
    let server = Server::start_in(home, &[]);
    server.user("johndoe", PASSWORD, &["items"]);
    server.login("johndoe", PASSWORD, &["items"]);
    server.run(&["scope", "remove", "items"]).succeeded();
    within_a_second(400, || {
        server.try_login("johndoe", PASSWORD, &["items"]).send()
    });
}

#[test]
fn a_password_set_by_a_command_is_in_force_within_a_second() {
    let (server, _) = Server::with_user(&["me"]);
    let args = ["user", "set-password", "johndoe", "--password-stdin"];
    server
        .home()
        .run_with_input(&args, "another-password")
        .succeeded();
    within_a_second(200, || {
        server.try_login("johndoe", "another-password", &[]).send()
    });
    within_a_second(400, || server.try_login("johndoe", PASSWORD, &[]).send());
}

#[test]
fn commands_and_requests_at_once_all_succeed() {
    let (server, token) = Server::with_user(&["me:write"]);
    let names = ["a", "b", "c", "d", "e", "f"];
    let rename = |name: &str| {
        let change = json!({"full_name": name});
        let call = server.patch("/users/me").bearer(&token);
        call.json(&change).send().expect(200)
    };
    thread::scope(|scope| {
        for name in &names {
            scope.spawn(|| server.user(name, PASSWORD, &[]));
            scope.spawn(|| rename(name));
        }
    });
    for name in names {
        server.login(name, PASSWORD, &[]);
    }
}

#[test]
fn two_servers_on_one_file_agree_within_a_second() {
    let (first, token) = Server::with_user(&["me"]);
    first.user("admin", PASSWORD, &["me", "users:write"]);
    let admin = first.login("admin", PASSWORD, &["me", "users:write"]);
    let second = Running::start(first.home().command(&["serve"]));
    let ask = || {
        let url = format!("http://{}/users/me", second.address);
        Call::new("GET", &url).bearer(&token).send()
    };
    ask().expect(200);
    first
        .delete("/users/johndoe")
        .bearer(&admin)
        .send()
        .expect(204);
    within_a_second(401, ask);
}

#[test]
fn a_copy_of_a_database_in_use_can_be_put_in_its_place() {
    let own = "--database-url=sqlite:own.db";
    let home = Home::new();
    let back_up = |file: &str| home.run(&["backup", file, own]);
    back_up("early.db").was_refused_naming("not found");
    home.user_with("johndoe", PASSWORD, &["me"], &[own]);
    let server = Running::start(home.command(&["serve", own]));
    let token = Token::of(&server.log_in("johndoe", PASSWORD));
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                server.log_in("johndoe", PASSWORD).expect(200);
            }
        });
        back_up("copy.db").succeeded();
        is_over.store(true, Ordering::Relaxed);
        writer.join().expect("an end");
    });
    back_up("copy.db").was_refused_naming("already exists");
    let copy = home.path().join("copy.db");
    let mode = copy.metadata().expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(server);
    for file in ["own.db-wal", "own.db-shm"] {
        let _ = fs::remove_file(home.path().join(file));
    }
    fs::rename(copy, home.path().join("own.db")).expect("a restored database");
    let server = Running::start(home.command(&["serve", own]));
    server
        .call("GET", "/users/me")
        .bearer(&token.text)
        .send()
        .expect(200);
    server.log_in("johndoe", PASSWORD).expect(200);
}

#[test]
fn a_postgresql_is_backed_up_by_its_own_means() {
    let home = Home::new();
    if home.database().is_server() {
        home.run(&["backup", "copy.db"])
            .was_refused_naming("pg_dump");
    }
}
