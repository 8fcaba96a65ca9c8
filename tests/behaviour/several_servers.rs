//! Servers that share a database.

use std::thread::{self, ScopedJoinHandle};

use serde_json::json;

use crate::support::*;

/// Settings of servers that would learn of each other's changes very late, if nobody told
/// them: tests wait for less.
const RARELY: [&str; 4] = ["--poll-interval", "30s", "--max-staleness", "60s"];

/// Another server on the database of the first.
fn beside(server: &Server, settings: &[&str]) -> Running {
    let mut args = vec!["serve"];
    args.extend(settings);
    Running::start(server.home().command(&args))
}

/// A server with the user johndoe that reaches its database through a proxy; none where the
/// database is a file.
fn with_a_proxy_before_the_database(settings: &[&str]) -> Option<(Proxy, Server)> {
    let home = Home::new();
    let database = home.database();
    if !database.is_server() {
        return None;
    }
    home.user("johndoe", PASSWORD, &["me"]);
    let url = database.url();
    let (before, behind) = url.split_once('@').expect("a user");
    let (target, name) = behind.split_once('/').expect("a name");
    let proxy = Proxy::to(target.to_owned());
    let url = format!("{before}@{}/{name}", proxy.address);
    let args = [&["--database-url", &url], settings].concat();
    Some((proxy, Server::start_in(home, &args)))
}

/// How many connections a server has to its database, beside those of the change log.
const CONNECTIONS: u8 = 16;

/// The answers to as many logins as there are connections, each of which waits on one for a
/// lock until it is released.
fn on_every_connection(server: &Server, release: impl FnOnce(WriteLock)) -> Vec<Answer> {
    let database = server.home().database();
    let log_in = || server.try_login("johndoe", PASSWORD, &["me"]).send();
    let lock = database.lock();
    thread::scope(|scope| {
        let logins: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(log_in)).collect();
        let waiting = || database.number(WAITING_FOR_LOCKS);
        eventually(waiting, |waiting| *waiting >= i64::from(CONNECTIONS));
        release(lock);
        let answer = |login: ScopedJoinHandle<'_, Answer>| login.join().expect("an answer");
        logins.into_iter().map(answer).collect()
    })
}

const WAITING_FOR_LOCKS: &str = "SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'";

fn profile_at(server: &Running, token: &Token) -> Answer {
    server.call("GET", "/users/me").bearer(&token.text).send()
}

#[test]
fn a_revocation_reaches_the_other_servers_without_their_asking() {
    let server = Server::with_args(&RARELY);
    server.user("johndoe", PASSWORD, &["me"]);
    let other = beside(&server, &RARELY);
    for _ in 0..5 {
        let token = server.login("johndoe", PASSWORD, &["me"]);
        profile_at(&other, &token).expect(200);
        let form = [("token", token.text.as_str())];
        server.post("/revoke").form(&form).send().expect(200);
        eventually(|| profile_at(&other, &token), |answer| answer.status == 401);
    }
}

#[test]
fn who_lost_the_connections_to_the_database_is_told_again() {
    let server = Server::with_args(&RARELY);
    let database = server.home().database();
    if !database.is_server() {
        // A file has no connections that somebody else could end.
        return;
    }
    server.user("johndoe", PASSWORD, &["me"]);
    let other = beside(&server, &RARELY);
    for _ in 0..3 {
        let token = server.login("johndoe", PASSWORD, &["me"]);
        profile_at(&other, &token).expect(200);
        database.end_connections();
        let form = [("token", token.text.as_str())];
        let revoke = || server.post("/revoke").form(&form).send();
        eventually(revoke, |answer| answer.status == 200);
        eventually(|| profile_at(&other, &token), |answer| answer.status == 401);
    }
}

#[test]
fn a_server_that_is_frozen_keeps_the_others_from_nothing() {
    let server = Server::start();
    if !server.home().database().is_server() {
        // A file that another process has locked cannot be written.
        return;
    }
    server.user("johndoe", PASSWORD, &["me"]);
    server.user("busy", PASSWORD, &["me:write"]);
    let busy = server.login("busy", PASSWORD, &["me:write"]);
    for _ in 0..5 {
        let frozen = beside(&server, &[]);
        let token = server.login("johndoe", PASSWORD, &["me"]);
        thread::scope(|scope| {
            // Changes are under way there, each with a number of the change log.
            let writers: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        let patch = serde_json::json!({"full_name": "Busy"});
                        let call = || frozen.call("PATCH", "/users/me").bearer(&busy.text);
                        while call().json(&patch).try_send().is_some() {}
                    })
                })
                .collect();
            for _ in 0..20 {
                profile_at(&frozen, &token).expect(200);
            }
            frozen.signal("-STOP");
            let other = server.login("johndoe", PASSWORD, &["me"]);
            let form = [("token", token.text.as_str())];
            server.post("/revoke").form(&form).send().expect(200);
            server.assert_refuses(&token.text);
            server.assert_accepts(&other.text);
            frozen.signal("-CONT");
            eventually(
                || profile_at(&frozen, &token),
                |answer| answer.status == 401,
            );
            frozen.signal("-KILL");
            for writer in writers {
                writer.join().expect("an end");
            }
        });
    }
}

#[test]
fn a_database_that_does_not_answer_is_waited_for_within_bounds() {
    let Some((proxy, server)) = with_a_proxy_before_the_database(&["--max-staleness", "1s"]) else {
        return;
    };
    let token = server.login("johndoe", PASSWORD, &["me"]);
    let profile = || server.get("/users/me").bearer(&token.text).send();
    let log_in = || server.try_login("johndoe", PASSWORD, &["me"]).send();
    let ready = || server.get("/readyz").send();
    type Then = fn(&Proxy);
    let thens: [Then; 3] = [|_| (), Proxy::cut, Proxy::forget];
    for then in thens {
        proxy.block();
        thread::scope(|scope| {
            let logins: Vec<_> = (0..4).map(|_| scope.spawn(log_in)).collect();
            let readiness = scope.spawn(ready);
            eventually(profile, |answer| answer.status == 503);
            for login in logins {
                let answer = login.join().expect("an answer");
                assert_oauth_error(&answer, 503, "temporarily_unavailable");
                assert!(answer.headers.contains_key("retry-after"));
            }
            assert_eq!(readiness.join().expect("an answer").status, 503);
        });
        then(&proxy);
        proxy.unblock();
        eventually(profile, |answer| answer.status == 200);
        eventually(log_in, |answer| answer.status == 200);
        eventually(ready, |answer| answer.status == 200);
    }
}

#[test]
fn where_a_router_has_forgotten_every_connection_others_take_their_place_at_once() {
    let Some((proxy, server)) = with_a_proxy_before_the_database(&[]) else {
        return;
    };
    let other = beside(&server, &[]);
    on_every_connection(&server, WriteLock::release);
    let token = server.login("johndoe", PASSWORD, &["me"]);
    proxy.forget();
    let form = [("token", token.text.as_str())];
    other.call("POST", "/revoke").form(&form).send().expect(200);
    server.login("johndoe", PASSWORD, &["me"]);
    let profile = || server.get("/users/me").bearer(&token.text).send();
    eventually(profile, |answer| answer.status == 401);
    let tried = proxy.tried_in_vain();
    assert!(
        tried < u32::from(CONNECTIONS / 2),
        "each was tried: {tried}"
    );
}

#[test]
fn who_waits_on_connections_that_a_router_has_forgotten_is_answered_and_others_take_their_place() {
    let Some((proxy, server)) = with_a_proxy_before_the_database(&[]) else {
        return;
    };
    let answers = on_every_connection(&server, |lock| {
        proxy.forget();
        lock.release();
    });
    let lost: Vec<_> = answers.iter().filter(|it| it.status != 200).collect();
    assert!(lost.len() > usize::from(CONNECTIONS / 2), "{lost:?}");
    for answer in lost {
        assert_oauth_error(answer, 503, "temporarily_unavailable");
    }
    let log_in = || server.try_login("johndoe", PASSWORD, &["me"]).send();
    eventually(log_in, |answer| answer.status == 200);
}

/// What a newer version may do to a database that servers of this one still use: add.
const NEWER: [&str; 14] = [
    "ALTER TABLE users ADD COLUMN later TEXT",
    "ALTER TABLE user_scopes ADD COLUMN later TEXT",
    "ALTER TABLE scopes ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE clients ADD COLUMN later TEXT",
    "ALTER TABLE tokens ADD COLUMN later TEXT",
    "ALTER TABLE revocations ADD COLUMN later TEXT",
    "ALTER TABLE refresh_tokens ADD COLUMN later TEXT",
    "ALTER TABLE grants ADD COLUMN later TEXT",
    "ALTER TABLE signing_keys ADD COLUMN later TEXT",
    "ALTER TABLE sessions ADD COLUMN later TEXT",
    "ALTER TABLE changes ADD COLUMN later TEXT",
    "ALTER TABLE subject_kinds ADD COLUMN later TEXT",
    "CREATE TABLE later (id TEXT PRIMARY KEY)",
    "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
     VALUES (9999, 'later', TRUE, '', 0)",
];

#[test]
fn a_server_goes_on_where_a_newer_version_has_migrated_the_database() {
    let server = Server::start();
    server.user("johndoe", PASSWORD, &["offline_access"]);
    let admin = server.admin();
    let everything = |name: &str| {
        let post = |path: &str, body: serde_json::Value| {
            let call = server.post(path).bearer(&admin);
            call.json(&body).send().expect(201)
        };
        let password = json!({"username": name, "password": PASSWORD});
        post("/users", password);
        post("/scopes", json!({"name": name, "description": "Later."}));
        server.subject_kind(&admin, name, &["users:read"]);
        let wanted = json!({"subject": format!("{name}:1"), "scopes": ["users:read"]});
        let minted = post("/tokens", wanted);
        let client =
            json!({"client_id": name, "client_name": name, "grant_types": ["client_credentials"]});
        let client = Confidential::of(&post("/clients", client));
        server.token_of(&client, "");
        let path = format!("/tokens/{}", minted["id"].as_str().expect("an id"));
        server.delete(&path).bearer(&admin).send().expect(204);
        let login = server.login("johndoe", PASSWORD, &["offline_access"]);
        let form = [
            ("grant_type", "refresh_token"),
            (
                "refresh_token",
                login.answer["refresh_token"].as_str().expect("one"),
            ),
        ];
        server.post("/token").form(&form).send().expect(200);
        Browser::signed_in(&server, name).open("/account");
        server.get("/users").bearer(&admin).send().expect(200);
        server.get("/readyz").send().expect(200);
    };
    // By statements that are prepared by then.
    everything("before");
    for statement in NEWER {
        server.home().database().execute(statement);
    }
    everything("after");
    let refused = server.run(&["user", "list"]);
    refused.was_refused_naming("newer Scopegate (migration 9999)");
}
