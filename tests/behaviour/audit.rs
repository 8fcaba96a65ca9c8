//! The audit log.

use serde_json::{Value, json};

use crate::support::*;

/// The entries of a query, the youngest first.
fn entries(server: &Server, admin: &Token, query: &str) -> Vec<Value> {
    let path = format!("/audit?{query}");
    let page = server.get(&path).bearer(admin).send().expect(200);
    page["items"].as_array().expect("items").clone()
}

fn texts<'a>(entries: &'a [Value], field: &str) -> Vec<&'a str> {
    entries
        .iter()
        .filter_map(|entry| entry[field].as_str())
        .collect()
}

/// The number and digest that `audit verify` prints of the last entry.
fn head(home: &Home) -> (i64, String) {
    let shown = home.run(&["audit", "verify", "--json"]).succeeded().json();
    let digest = shown["digest"].as_str().expect("a digest");
    (shown["last"].as_i64().expect("a number"), digest.to_owned())
}

/// A database with some history, and no server.
fn with_history() -> Home {
    let home = Home::new();
    home.user("ada", PASSWORD, &["me"]);
    for scope in ["items", "drive", "edit", "read"] {
        home.run(&["scope", "add", scope]).succeeded();
    }
    home
}

#[test]
fn each_change_tells_who_did_what_to_what_from_where_and_by_which_token() {
    let server = Server::start();
    server.user("ada", PASSWORD, &["users:read"]);
    let admin = server.admin();
    let (_, claims) = decoded(admin.as_ref());
    let patch = json!({"scopes": ["users:read"], "full_name": "Ada Lovelace"});
    server
        .patch("/users/ada")
        .bearer(&admin)
        .json(&patch)
        .send()
        .expect(200);

    let found = entries(&server, &admin, "target=username:ada&action=user.changed");
    assert_eq!(found.len(), 1, "{found:?}");
    let entry = &found[0];
    assert_eq!(entry["outcome"], "done");
    assert_eq!(entry["who"], claims["sub"]);
    assert_eq!(entry["token_id"], claims["jti"]);
    assert_eq!(entry["client_id"], "scopegate-docs");
    assert_eq!(entry["address"], "127.0.0.1");
    assert_eq!(entry["detail"], "full name, scopes: users:read");
    assert_eq!(entry["times"], 1);
    let added = entries(&server, &admin, "target=username:ada&action=user.added");
    assert_eq!(texts(&added, "who"), ["operator"]);
    assert_eq!(added[0]["address"], Value::Null);
}

#[test]
fn everything_that_can_be_changed_is_told() {
    let server = Server::start();
    let admin = server.admin();
    for args in [
        &["scope", "add", "items"] as &[&str],
        &["subject-kind", "add", "car", "--scope", "items"],
        &[
            "client",
            "add",
            "ci",
            "--grant",
            "client_credentials",
            "--scope",
            "items",
        ],
        &["client", "set", "ci", "--name", "Builds"],
        &["token", "mint", "--subject", "car:7f3a", "--scope", "items"],
        &["token", "revoke", "--subject", "car:7f3a"],
        &["key", "generate"],
        &["client", "remove", "ci"],
        &["subject-kind", "remove", "car"],
        &["scope", "remove", "items"],
    ] {
        server.run(args).succeeded();
    }
    server.user("bob", PASSWORD, &[]);
    server.run(&["user", "disable", "bob"]).succeeded();
    server.run(&["user", "remove", "bob"]).succeeded();
    let found = entries(&server, &admin, "who=operator&limit=200");
    let told: Vec<String> = found
        .iter()
        .rev()
        .map(|entry| format!("{} {}", entry["action"], entry["target"]).replace('"', ""))
        .collect();
    let is_id = |text: &str| {
        text.starts_with("token.issued token:") || text.starts_with("key.changed key:")
    };
    let named: Vec<&str> = told
        .iter()
        .map(String::as_str)
        .filter(|text| !is_id(text))
        .collect();
    let admin_added = named
        .iter()
        .position(|text| *text == "scope.added scope:items");
    assert_eq!(
        named[admin_added.expect("the scope")..],
        [
            "scope.added scope:items",
            "subject-kind.added subject-kind:car",
            "client.added client:ci",
            "client.changed client:ci",
            "tokens.revoked car:7f3a",
            "client.removed client:ci",
            "subject-kind.removed subject-kind:car",
            "scope.removed scope:items",
            "user.added username:bob",
            "user.changed username:bob",
            "user.removed username:bob",
        ]
    );
    assert_eq!(told.len(), named.len() + 2);
}

#[test]
fn logins_and_refusals_are_told_and_the_same_ones_once() {
    let server = Server::start();
    let admin = server.admin();
    server.user("ada", PASSWORD, &["me"]);
    let token = server.login("ada", PASSWORD, &["me"]);
    for _ in 0..3 {
        server
            .try_login("ada", "a wrong one", &[])
            .send()
            .expect(400);
    }
    server
        .try_login("a secret in the wrong field", "x", &[])
        .send()
        .expect(400);
    server.get("/users").bearer(&token).send().expect(403);
    server.get("/users/me").bearer("garbage").send().expect(401);
    server.get("/users/me").send().expect(401);

    let logins = entries(&server, &admin, "action=login&target=username:ada");
    let done: Vec<&Value> = logins
        .iter()
        .filter(|entry| entry["outcome"] == "done")
        .collect();
    assert_eq!(done.len(), 1);
    assert_eq!(done[0]["who"], "username:ada");
    let refused = logins.iter().filter(|entry| entry["outcome"] == "refused");
    let times: i64 = refused
        .clone()
        .filter_map(|entry| entry["times"].as_i64())
        .sum();
    assert_eq!(times, 3);
    for entry in refused {
        assert_eq!(entry["who"], "anonymous");
        assert_eq!(entry["address"], "127.0.0.1");
        assert_eq!(entry["detail"], "the password of user `ada` is wrong");
    }
    let all = entries(&server, &admin, "limit=200");
    assert!(!format!("{all:?}").contains("a secret in the wrong field"));

    let refused = entries(&server, &admin, "action=request.refused");
    let mut whos = texts(&refused, "who");
    whos.sort_unstable();
    assert_eq!(whos, ["anonymous", "username:ada"], "{refused:?}");
    let lacking = refused.iter().find(|entry| entry["who"] == "username:ada");
    let lacking = lacking.expect("an entry of the user");
    assert_eq!(lacking["target"], "GET /users");
    assert!(
        lacking["detail"]
            .as_str()
            .expect("a detail")
            .contains("users:read")
    );
}

#[test]
fn a_flood_of_refusals_is_counted() {
    let server = Server::start();
    let admin = server.admin();
    for number in 0..300 {
        let path = format!("/users/{number}");
        server.get(&path).bearer("garbage").send().expect(401);
    }
    let counted = || {
        let found = entries(&server, &admin, "action=request.refused&limit=200");
        let times = found.iter().filter_map(|entry| entry["times"].as_i64());
        (found.len(), times.sum::<i64>())
    };
    let (rows, times) = eventually(counted, |(_, times)| *times >= 300);
    assert_eq!(times, 300);
    assert!(rows < 300, "{rows} rows");
}

#[test]
fn the_log_comes_in_pages_and_by_filters() {
    let server = Server::start();
    for scope in ["items", "drive", "edit"] {
        server.run(&["scope", "add", scope]);
    }
    let admin = server.admin();
    let get = |path: &str| server.get(path).bearer(&admin).send().expect(200);
    let first = get("/audit?action=scope.added&limit=2");
    let items = first["items"].as_array().expect("items");
    assert_eq!(texts(items, "target"), ["scope:edit", "scope:drive"]);
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let second = get(&format!(
        "/audit?action=scope.added&limit=2&cursor={cursor}"
    ));
    let items = second["items"].as_array().expect("items");
    assert_eq!(texts(items, "target"), ["scope:items"]);
    assert_eq!(second["next_cursor"], Value::Null);
    let at = items[0]["created_at"].as_i64().expect("a time");
    let before = get(&format!("/audit?until={at}&target=scope:items"));
    assert_eq!(before["items"], json!([]));
    let from = get(&format!(
        "/audit?since={at}&target=scope:items&outcome=done"
    ));
    assert_eq!(from["items"].as_array().expect("items").len(), 1);
    let unfit = server.get("/audit?outcome=maybe").bearer(&admin).send();
    assert_wrong_fields(&unfit, &["outcome"]);
}

#[test]
fn whoever_lacks_the_scope_does_not_read_it() {
    let (server, token) = Server::with_user(&["me"]);
    let answer = server.get("/audit").bearer(&token).send();
    assert_insufficient_scope(&answer, "audit:read");
}

#[test]
fn the_command_lists_it_for_people_and_for_programs() {
    let home = with_history();
    let shown = home
        .run(&["audit", "list", "--limit", "2"])
        .succeeded()
        .stdout;
    assert!(shown.contains("scope.added  scope:read"), "{shown}");
    assert!(!shown.contains("scope:drive"), "{shown}");
    let shown = home.run(&["audit", "list", "--action", "user.added", "--json"]);
    let shown = shown.succeeded().json();
    assert_eq!(shown[0]["target"], "username:ada");
    let recent = home
        .run(&["audit", "list", "--since", "1h", "--json"])
        .succeeded()
        .json();
    assert!(recent.as_array().is_some_and(|entries| entries.len() >= 5));
    home.run(&["audit", "list", "--until", "2001-01-01T00:00:00Z", "--json"])
        .succeeded();
}

#[test]
fn a_log_that_is_as_it_was_written_is_verified() {
    let home = with_history();
    let (last, digest) = head(&home);
    assert!(last >= 5);
    let expected = format!("{last}:{digest}");
    let shown = home.run(&["audit", "verify"]).succeeded().stdout;
    assert!(shown.contains(&expected), "{shown}");
    home.run(&["scope", "add", "more"]).succeeded();
    home.run(&["audit", "verify", "--expect", &expected])
        .succeeded();
}

#[test]
fn what_was_changed_moved_or_removed_is_named() {
    for (tampering, named) in [
        (
            "UPDATE audit_log SET who = 'username:eve' WHERE number = 3",
            "entry 3 was changed",
        ),
        (
            "UPDATE audit_log SET detail = NULL WHERE number = 1",
            "entry 1 was changed",
        ),
        (
            "DELETE FROM audit_log WHERE number = 2",
            "entry 2 is missing",
        ),
        (
            "UPDATE audit_log SET number = NULL WHERE number = 2",
            "entry 2 is missing",
        ),
        (
            "UPDATE audit_log SET number = CASE number WHEN 2 THEN -3 ELSE -2 END
             WHERE number IN (2, 3); UPDATE audit_log SET number = -number WHERE number < 0",
            "entry 2 was changed or moved",
        ),
        (
            "DELETE FROM audit_log WHERE number >= 4",
            "the entries after 3 are missing",
        ),
    ] {
        let home = with_history();
        head(&home);
        for statement in tampering.split(';') {
            home.database().execute(statement);
        }
        home.run(&["audit", "verify"]).was_refused_naming(named);
    }
}

#[test]
fn a_log_that_was_written_anew_is_not_the_one_that_somebody_kept_an_entry_of() {
    let home = with_history();
    let (last, _) = head(&home);
    let another = format!("{last}:{}", "A".repeat(43));
    let refused = home.run(&["audit", "verify", "--expect", &another]);
    refused.was_refused_naming("is not the one that was expected");
    let (_, digest) = head(&home);
    let later = format!("{}:{digest}", last + 7);
    let refused = home.run(&["audit", "verify", "--expect", &later]);
    refused.was_refused_naming("are missing");
    let unfit = home.run(&["audit", "verify", "--expect", "4711"]);
    assert_eq!(unfit.code, Some(2));
}

#[test]
fn servers_and_commands_that_write_at_once_keep_one_chain() {
    let server = Server::start();
    let admin = server.admin();
    let beside = Running::start(server.home().command(&["serve", "--listen", "127.0.0.1:0"]));
    std::thread::scope(|threads| {
        for writer in ["one", "two", "three"] {
            let (server, beside, admin) = (&server, &beside, &admin);
            threads.spawn(move || {
                for number in 0..15 {
                    let name = format!("{writer}-{number}");
                    let call = match writer {
                        "one" => server.call("POST", "/scopes"),
                        "two" => beside.call("POST", "/scopes"),
                        _ => {
                            server.run(&["scope", "add", &name]).succeeded();
                            continue;
                        }
                    };
                    let body = json!({"name": name, "description": ""});
                    call.bearer(admin).json(&body).send().expect(201);
                }
            });
        }
    });
    let added = entries(&server, &admin, "action=scope.added&limit=200");
    assert_eq!(added.len(), 45);
    head(server.home());
    let numbers = entries(&server, &admin, "action=scope.added&limit=200");
    let mut numbers: Vec<i64> = numbers
        .iter()
        .filter_map(|entry| entry["number"].as_i64())
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 45);
}

#[test]
fn each_entry_is_a_line_of_the_stream_which_may_be_rotated() {
    let server = Server::with_args(&["--audit-stream", "audit.jsonl"]);
    let stream = server.home().path().join("audit.jsonl");
    let lines = || -> Vec<Value> {
        let text = std::fs::read_to_string(&stream).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    };
    let targets = |lines: &Vec<Value>| texts(lines, "target").join(" ");
    server.run(&["scope", "add", "items"]).succeeded();
    let found = eventually(lines, |lines| targets(lines).contains("scope:items"));
    let entry = found.iter().find(|entry| entry["target"] == "scope:items");
    let listed = server.run(&["audit", "list", "--target", "scope:items", "--json"]);
    assert_eq!(listed.succeeded().json()[0], *entry.expect("the entry"));
    std::fs::rename(&stream, server.home().path().join("audit.old")).expect("rotated");
    server.run(&["scope", "add", "drive"]).succeeded();
    let found = eventually(lines, |lines| !lines.is_empty());
    assert_eq!(targets(&found), "scope:drive");
}

#[test]
fn whoever_uses_a_revoked_token_is_named() {
    let server = Server::start();
    let admin = server.admin();
    server.user("ada", PASSWORD, &["me"]);
    let token = server.login("ada", PASSWORD, &["me"]);
    let form = [("token", &*token.text)];
    server.post("/revoke").form(&form).send().expect(200);
    server.assert_refuses(&token.text);
    let refused = entries(&server, &admin, "action=request.refused");
    assert_eq!(texts(&refused, "who"), ["username:ada"]);
    assert_eq!(texts(&refused, "detail"), ["the token was revoked"]);
}
