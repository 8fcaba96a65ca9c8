//! What other APIs are told of revoked tokens (`GET /revocations`).

use std::{collections::BTreeSet, thread};

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
    id_of(&token)
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

fn id_of(token: &Token) -> String {
    let id = &decoded(&token.text).1["jti"];
    id.as_str().expect("an id").to_owned()
}

/// An API that asks again and again.
struct Listener {
    guard: Guard,
    next: i64,
    told: BTreeSet<String>,
}

impl Listener {
    fn of(server: &Server) -> Self {
        let guard = Guard::of(server);
        let (told, next) = guard.ask("");
        let told = told.into_iter().collect();
        Self { guard, next, told }
    }

    /// These tokens are told next, and no others but some once more.
    #[track_caller]
    fn assert_told<const N: usize>(&mut self, expected: [&str; N]) {
        let expected = BTreeSet::from(expected.map(str::to_owned));
        let news = || {
            let (told, next) = self
                .guard
                .ask(&format!("?since={}&wait_seconds=0", self.next));
            let news = told.into_iter().filter(|id| !self.told.contains(id));
            (news.collect::<BTreeSet<_>>(), next)
        };
        self.next = eventually(news, |(news, _)| *news == expected).1;
        self.told.extend(expected);
    }
}

#[test]
fn the_tokens_of_a_disabled_user_are_told_though_they_are_good_here_again_once_enabled() {
    let (server, token) = Server::with_user(&["me", "tokens"]);
    let mut listener = Listener::of(&server);
    let personal = Token::of(&server.personal(&token, &["me"]));
    let (first, second) = (id_of(&token), id_of(&personal));
    server.run(&["user", "disable", "johndoe"]).succeeded();
    listener.assert_told([&first, &second]);
    server.run(&["user", "enable", "johndoe"]).succeeded();
    eventually(
        || server.get("/users/me").bearer(&token).send(),
        |answer| answer.status == 200,
    );
    let later = server.login("johndoe", PASSWORD, &["me"]);
    listener.assert_told([]);
    // Whoever asks from the beginning hears of them as well, and of each once.
    let (mut all, _) = listener.guard.ask("");
    all.sort();
    let mut both = [first, second];
    both.sort();
    assert_eq!(all, both);
    server.run(&["user", "disable", "johndoe"]).succeeded();
    listener.assert_told([&id_of(&later)]);
}

#[test]
fn of_a_user_who_loses_a_scope_those_tokens_are_told_that_have_it() {
    let server = Server::start();
    for scope in ["it_ms", "it.ms"] {
        server.run(&["scope", "add", scope]).succeeded();
    }
    server.user("johndoe", PASSWORD, &["me", "it_ms", "it.ms"]);
    server.user("jane", PASSWORD, &["it_ms"]);
    let mut listener = Listener::of(&server);
    let with = server.login("johndoe", PASSWORD, &["it_ms"]);
    let with_more = server.login("johndoe", PASSWORD, &["me", "it_ms"]);
    server.login("johndoe", PASSWORD, &["it.ms"]);
    server.login("jane", PASSWORD, &["it_ms"]);
    let user = |does: &str, scope: &str| {
        server.run(&["user", does, "johndoe", scope]).succeeded();
    };
    user("grant", "tokens");
    listener.assert_told([]);
    user("revoke", "it_ms");
    listener.assert_told([&id_of(&with), &id_of(&with_more)]);
}

#[test]
fn the_tokens_are_told_that_a_client_a_kind_or_the_catalogue_takes_a_scope_from() {
    let server = Server::start();
    let run = |args: &[&str]| server.run(args).succeeded();
    run(&["scope", "add", "drive"]);
    run(&["scope", "add", "park"]);
    run(&[
        "subject-kind",
        "add",
        "car",
        "--scope",
        "drive",
        "--scope",
        "park",
    ]);
    let add = [
        "client", "add", "app", "--json", "--scope", "drive", "--scope", "park",
    ];
    let client = Confidential::of(&run(&add).json());
    let mut listener = Listener::of(&server);
    let client_token = |scope: &str| {
        let ask = || server.client_credentials(&client, scope).send();
        id_of(&Token::of(&eventually(ask, |answer| answer.status == 200)))
    };
    let (client_drives, client_parks) = (client_token("drive"), client_token("park"));
    let mint = |scope: &str| {
        let mint = [
            "token",
            "mint",
            "--json",
            "--subject",
            "car:1",
            "--scope",
            scope,
        ];
        let id = &run(&mint).json()["id"];
        id.as_str().expect("an id").to_owned()
    };
    let (car_drives, car_parks) = (mint("drive"), mint("park"));
    run(&["client", "set", "app", "--scope", "park"]);
    listener.assert_told([&client_drives]);
    let setup = "subject_kinds: [{kind: car, scopes: [park]}]";
    server.home().write("setup.yaml", setup);
    run(&["apply", "setup.yaml"]);
    listener.assert_told([&car_drives]);
    run(&["scope", "remove", "park"]);
    listener.assert_told([&client_parks, &car_parks]);
    let without = client_token("");
    run(&["client", "set", "app", "--disabled"]);
    listener.assert_told([&without]);
}

#[test]
fn the_tokens_of_users_whom_an_import_disables_or_narrows_are_told() {
    let server = Server::start();
    server.run(&["scope", "add", "items"]).succeeded();
    let import = |rows: &str| {
        server.home().write("users.csv", rows);
        let args = ["user", "import", "--from", "csv", "users.csv", "--update"];
        server.run(&args).succeeded();
    };
    // Django's salted MD5 of `secret`.
    let hash = "md5$salt$d42a0f742ffc1be4e1cc0845c2429c97";
    let header = "username,password_hash,disabled,scopes";
    import(&format!(
        "{header}\nada,{hash},false,me items\nbob,{hash},false,me\n"
    ));
    let mut listener = Listener::of(&server);
    let [ada, bob] =
        ["ada", "bob"].map(|name| id_of(&server.login(name, "secret", &["me", "items"])));
    import(&format!(
        "{header}\nada,{hash},false,me\nbob,{hash},true,me\n"
    ));
    listener.assert_told([&ada, &bob]);
}
