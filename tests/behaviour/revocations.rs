//! What other APIs are told of revoked tokens (`GET /revocations`).

use std::thread;

use serde_json::Value;

use crate::support::*;

/// Who may ask, and how.
struct Guard {
    origin: String,
    token: Token,
}

impl Guard {
    fn of(server: &Server) -> Self {
        server.user("guard", PASSWORD, &["revocations:read"]);
        Self {
            origin: format!("http://{}", server.address()),
            token: server.login("guard", PASSWORD, &["revocations:read"]),
        }
    }

    fn at(self, server: &Running) -> Self {
        let origin = format!("http://{}", server.address);
        Self { origin, ..self }
    }

    #[track_caller]
    fn ask(&self, query: &str) -> (Vec<String>, i64) {
        let url = format!("{}/revocations{query}", self.origin);
        let answer = Call::new("GET", &url)
            .bearer(&self.token)
            .send()
            .expect(200);
        let list = answer["revocations"].as_array().expect("a list");
        let id = |revoked: &Value| {
            assert!(revoked["exp"].is_i64(), "{revoked}");
            revoked["jti"].as_str().expect("an id").to_owned()
        };
        let next = answer["next"].as_i64().expect("a number");
        (list.iter().map(id).collect(), next)
    }
}

fn with_johndoe() -> Server {
    let server = Server::start();
    server.user("johndoe", PASSWORD, &["me"]);
    server
}

/// Revokes a new token, and gives its id.
fn revoke_one(server: &Server) -> String {
    let token = server.login("johndoe", PASSWORD, &["me"]);
    let form = [("token", token.text.as_str())];
    server.post("/revoke").form(&form).send().expect(200);
    let id = &decoded(&token.text).1["jti"];
    id.as_str().expect("an id").to_owned()
}

#[test]
fn all_revoked_tokens_are_told_and_then_each_that_follows() {
    let server = with_johndoe();
    let guard = Guard::of(&server);
    let (none, _) = guard.ask("");
    assert_eq!(none, Vec::<String>::new());
    let first = [revoke_one(&server), revoke_one(&server)];
    let (mut all, next) = guard.ask("");
    let mut expected = first.to_vec();
    all.sort();
    expected.sort();
    assert_eq!(all, expected);
    let third = revoke_one(&server);
    // A change that is not committed yet makes some be told again.
    let (news, _) = guard.ask(&format!("?since={next}"));
    assert!(news.contains(&third), "{news:?}");
    let (again, _) = guard.ask("");
    assert_eq!(again.len(), 3);
}

#[test]
fn whoever_waits_is_told_at_once_by_every_server() {
    let server = with_johndoe();
    let other = Running::start(server.home().command(&["serve"]));
    let here = Guard::of(&server);
    let there = Guard {
        origin: here.origin.clone(),
        token: server.login("guard", PASSWORD, &["revocations:read"]),
    };
    let there = there.at(&other);
    for guard in [here, there] {
        let (_, next) = guard.ask("");
        let query = format!("?since={next}&wait_seconds=60");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| guard.ask(&query).0);
            let id = revoke_one(&server);
            // Much sooner than after the minute, in which this test would be given up.
            let told = waiting.join().expect("an answer");
            let later = || guard.ask(&format!("?since={next}&wait_seconds=0")).0;
            assert!(!told.is_empty());
            eventually(later, |told| told.contains(&id));
        });
    }
}

#[test]
fn where_nothing_is_revoked_the_answer_is_empty_after_the_wait() {
    let server = with_johndoe();
    let guard = Guard::of(&server);
    revoke_one(&server);
    let (_, next) = guard.ask("");
    for wait in ["0", "1"] {
        let (none, same) = guard.ask(&format!("?since={next}&wait_seconds={wait}"));
        // What was revoked may be told again where a change is not committed yet.
        assert!(none.len() <= 1 && same >= next, "{none:?}");
    }
}

#[test]
fn a_number_of_another_database_begins_anew() {
    let server = with_johndoe();
    let guard = Guard::of(&server);
    let revoked = revoke_one(&server);
    let (all, next) = guard.ask("?since=4611686018427387904");
    assert_eq!(all, [revoked]);
    assert!(next < 1_000_000, "{next}");
}

#[test]
fn a_server_that_stops_lets_nobody_wait() {
    let server = with_johndoe();
    let guard = Guard::of(&server);
    let (_, next) = guard.ask("");
    let args = ["serve", "--shutdown-delay", "30s"];
    let stopping = Running::start(server.home().command(&args));
    stopping.signal("-TERM");
    let ready = || stopping.call("GET", "/readyz").send();
    eventually(ready, |answer| answer.status == 503);
    // Much sooner than after the minute, in which this test would be given up.
    let (none, _) = guard
        .at(&stopping)
        .ask(&format!("?since={next}&wait_seconds=60"));
    assert_eq!(none, Vec::<String>::new());
}

#[test]
fn it_takes_the_scope_and_numbers_within_their_bounds() {
    let (server, token) = Server::with_user(&["me"]);
    let asked = server.get("/revocations").bearer(&token).send();
    assert_insufficient_scope(&asked, "revocations:read");
    let guard = Guard::of(&server);
    for (query, field) in [
        ("since=-1", "since"),
        ("since=x", "since"),
        ("since=1&wait_seconds=61", "wait_seconds"),
        ("since=1&wait_seconds=", "wait_seconds"),
    ] {
        let path = format!("/revocations?{query}");
        let answer = server.get(&path).bearer(&guard.token).send();
        assert_wrong_fields(&answer, &[field]);
    }
}
