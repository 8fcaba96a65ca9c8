//! Changes at the same time: none undoes another, and what ends something ends
//! what is being issued from it at that moment. In rounds, since a race is lost
//! only now and then.

use std::{collections::BTreeSet, thread};

use serde_json::{Value, json};

use crate::support::*;

const ROUNDS: usize = 40;

/// A server with an administrator, whose token may do everything that is tried here.
fn with_admin() -> (Server, Token) {
    let home = Home::new();
    for scope in ["items", "drive"] {
        let add = ["scope", "add", scope, "--description", "Whatever."];
        home.run(&add).succeeded();
    }
    let args = ["user", "add", "admin", "--admin", "--password-stdin"];
    home.run_with_input(&args, PASSWORD).succeeded();
    let server = Server::start_in(home, &[]);
    let scopes = [
        "clients:read",
        "clients:write",
        "drive",
        "items",
        "scopes:write",
        "tokens:mint",
        "tokens:write",
        "users:grant",
        "users:read",
        "users:write",
    ];
    let admin = server.login("admin", PASSWORD, &scopes);
    (server, admin)
}

#[test]
fn a_rename_does_not_give_a_client_back_the_scope_that_was_just_taken() {
    let (server, admin) = with_admin();
    let patch = |body: &Value| {
        let call = server.patch("/clients/app").bearer(&admin);
        call.json(body).send().expect(200)
    };
    server.client("app", &["--scope", "items"]);
    for round in 0..ROUNDS {
        patch(&json!({"scopes": ["items", "drive"], "client_name": "App"}));
        let name = format!("App {round}");
        thread::scope(|scope| {
            scope.spawn(|| patch(&json!({"scopes": ["items"]})));
            scope.spawn(|| patch(&json!({"client_name": name})));
        });
        let client = server.get("/clients/app").bearer(&admin).send().expect(200);
        assert_eq!(client["scopes"], json!(["items"]), "round {round}");
        assert_eq!(client["client_name"], json!(name), "round {round}");
    }
}

#[test]
fn of_two_commands_that_change_scopes_neither_undoes_the_other() {
    let (server, admin) = with_admin();
    server.user("johndoe", PASSWORD, &[]);
    for round in 0..ROUNDS / 4 {
        server
            .run(&["user", "grant", "johndoe", "items"])
            .succeeded();
        server
            .run(&["user", "revoke", "johndoe", "drive"])
            .succeeded();
        thread::scope(|scope| {
            scope.spawn(|| {
                server
                    .run(&["user", "revoke", "johndoe", "items"])
                    .succeeded()
            });
            scope.spawn(|| {
                server
                    .run(&["user", "grant", "johndoe", "drive"])
                    .succeeded()
            });
        });
        let user = server.get("/users/johndoe").bearer(&admin).send();
        assert_eq!(
            user.expect(200)["scopes"],
            json!(["drive"]),
            "round {round}"
        );
    }
}

#[test]
fn of_two_password_changes_with_one_old_password_one_wins() {
    let (server, _) = with_admin();
    server.user("johndoe", "password-0", &["me", "me:write"]);
    let mut current = "password-0".to_owned();
    for round in 0..10 {
        let login = || server.login("johndoe", &current, &["me:write"]);
        let tokens = [login(), login()];
        let change = |token: &Token, new: &str| {
            let body = json!({"current_password": current, "new_password": new});
            let call = server.put("/users/me/password").bearer(token);
            call.json(&body).send().status
        };
        let names = [0, 1].map(|which| format!("password-{round}-{which}"));
        let [first, second] = thread::scope(|scope| {
            let first = scope.spawn(|| change(&tokens[0], &names[0]));
            let second = scope.spawn(|| change(&tokens[1], &names[1]));
            [first, second].map(|thread| thread.join().expect("an answer"))
        });
        let won = [first, second]
            .iter()
            .filter(|status| **status == 204)
            .count();
        assert_eq!(won, 1, "round {round}: {first} and {second}");
        let winner = usize::from(second == 204);
        server.login("johndoe", &names[winner], &[]);
        current.clone_from(&names[winner]);
    }
}

/// Runs what issues beside what ends, and gives the token where one was issued.
fn beside(issue: impl FnOnce() -> Answer + Send, end: impl FnOnce() + Send) -> Option<String> {
    let answer = thread::scope(|scope| {
        let issuing = scope.spawn(issue);
        scope.spawn(end);
        issuing.join().expect("an answer")
    });
    let issued = matches!(answer.status, 200 | 201);
    issued.then(|| answer.json()["access_token"].as_str().map(str::to_owned))?
}

/// No token that was issued beside the end of what it rests on is accepted.
#[track_caller]
fn assert_dead(server: &Server, token: Option<String>, round: usize) {
    if let Some(token) = token {
        let answer = server.get("/users/me").bearer(&token).send();
        assert_eq!(answer.status, 401, "round {round}: {answer:?}");
    }
}

#[test]
fn a1_a_refresh_beside_a_revocation_leaves_no_live_token() {
    let (server, admin) = with_admin();
    server.user("johndoe", PASSWORD, &["me", "offline_access"]);
    for round in 0..ROUNDS {
        let login = server.try_login("johndoe", PASSWORD, &["me", "offline_access"]);
        let refresh_token = login.send().expect(200)["refresh_token"].clone();
        let refresh_token = refresh_token.as_str().expect("a refresh token");
        let refresh = || {
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh_token),
            ];
            server.post("/token").form(&form).send()
        };
        let revoke = || {
            let path = "/tokens?subject=username:johndoe";
            server.delete(path).bearer(&admin).send().expect(200);
        };
        assert_dead(&server, beside(refresh, revoke), round);
    }
}

#[test]
fn a1_an_exchange_beside_a_revocation_leaves_no_live_token() {
    let (server, admin) = with_admin();
    server.user("johndoe", PASSWORD, &["me"]);
    for round in 0..ROUNDS {
        let parent = server.login("johndoe", PASSWORD, &["me"]);
        let exchange = || server.try_exchange(&parent, &[]).send();
        let id = decoded(&parent.text).1["jti"].clone();
        let path = format!("/tokens/{}", id.as_str().expect("a jti"));
        let revoke = || {
            server.delete(&path).bearer(&admin).send().expect(204);
        };
        assert_dead(&server, beside(exchange, revoke), round);
    }
}

#[test]
fn a1_a_personal_token_beside_a_revocation_of_what_makes_it_is_dead() {
    let (server, admin) = with_admin();
    server.user("johndoe", PASSWORD, &["me", "tokens"]);
    for round in 0..ROUNDS {
        let maker = server.login("johndoe", PASSWORD, &["me", "tokens"]);
        let make = || server.personal(&maker, &["me"]);
        let revoke = || {
            let path = "/tokens?subject=username:johndoe";
            server.delete(path).bearer(&admin).send().expect(200);
        };
        assert_dead(&server, beside(make, revoke), round);
    }
}

#[test]
fn a1_a_login_beside_a_change_of_the_password_leaves_no_live_token() {
    let (server, admin) = with_admin();
    server.user("johndoe", "password-0", &["me"]);
    for round in 0..10 {
        let (old, new) = (
            format!("password-{round}"),
            format!("password-{}", round + 1),
        );
        let login = || server.try_login("johndoe", &old, &["me"]).send();
        let change = || {
            let call = server.patch("/users/johndoe").bearer(&admin);
            call.json(&json!({"password": new})).send().expect(200);
        };
        assert_dead(&server, beside(login, change), round);
    }
}

#[test]
fn a1_a_grant_to_a_client_beside_its_removal_leaves_no_live_token_for_one_of_its_name() {
    let (server, admin) = with_admin();
    let add = || {
        let body = json!({
            "client_id": "app",
            "client_name": "App",
            "grant_types": ["client_credentials"],
            "scopes": ["items"],
        });
        let call = server.post("/clients").bearer(&admin);
        Confidential::of(&call.json(&body).send().expect(201))
    };
    for round in 0..ROUNDS {
        let client = add();
        let ask = || server.client_credentials(&client, "items").send();
        let remove = || {
            let call = server.delete("/clients/app").bearer(&admin);
            call.send().expect(204);
        };
        let token = beside(ask, remove);
        add();
        assert_dead(&server, token, round);
        server
            .delete("/clients/app")
            .bearer(&admin)
            .send()
            .expect(204);
    }
}

#[test]
fn tokens_that_clients_ask_for_at_once_are_each_stored_and_told_of() {
    let (server, _) = with_admin();
    let clients = ["one", "two", "three"].map(|id| server.client(id, &["--scope", "items"]));
    let issued: Vec<(String, String)> = thread::scope(|scope| {
        let asking: Vec<_> = (0..24)
            .map(|number| {
                let client = &clients[number % clients.len()];
                scope.spawn(|| {
                    let ask = || server.token_of(client, "items");
                    let tokens: Vec<Token> = (0..5).map(|_| ask()).collect();
                    tokens
                })
            })
            .collect();
        let tokens = asking
            .into_iter()
            .flat_map(|one| one.join().expect("tokens"));
        let claims = tokens.map(|token| decoded(&token.text).1);
        let named = |value: &Value| value.as_str().expect("a text").to_owned();
        claims
            .map(|claims| (named(&claims["jti"]), named(&claims["sub"])))
            .collect()
    });
    let found = |command: &[&str], id: &str, who: &str| -> BTreeSet<(String, String)> {
        let listed = server.run(command).succeeded().json();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let rows = listed.as_array().expect("a list").iter();
        rows.map(|row| (text(row, id), text(row, who))).collect()
    };
    let issued: BTreeSet<(String, String)> = issued.into_iter().collect();
    assert_eq!(issued.len(), 24 * 5);
    let stored = found(&["token", "list", "--json"], "id", "subject");
    assert!(issued.is_subset(&stored));
    let told = [
        "audit",
        "list",
        "--action",
        "token.issued",
        "--limit",
        "500",
        "--json",
    ];
    let told = found(&told, "target", "who");
    let told = told
        .into_iter()
        .map(|(target, who)| (target.replace("token:", ""), who));
    assert!(issued.is_subset(&told.collect()));
    server.run(&["audit", "verify"]).succeeded();
}
