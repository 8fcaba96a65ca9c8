//! What cannot be read back is not written; where it stands in the database all the
//! same, it does not take the rest with it.

use serde_json::{Value, json};

use crate::support::*;

/// The flags for more scopes than a token can carry, which are in the catalogue.
fn too_many_scopes(server: &Server) -> Vec<String> {
    let names: Vec<String> = (0..65).map(|number| format!("scope-{number}")).collect();
    for name in &names {
        let add = ["scope", "add", name, "--description", "Whatever."];
        server.run(&add).succeeded();
    }
    let flags = names
        .into_iter()
        .flat_map(|name| ["--scope".to_owned(), name]);
    flags.collect()
}

#[test]
fn a_client_or_a_kind_with_more_scopes_than_a_token_can_carry_is_refused() {
    let (server, token) = Server::guarding();
    let flags = too_many_scopes(&server);
    for command in [["client", "add", "app"], ["subject-kind", "add", "car"]] {
        let arguments = command.into_iter().chain(flags.iter().map(String::as_str));
        let arguments: Vec<&str> = arguments.collect();
        server.run(&arguments).was_refused_naming("64");
    }
    // Nor do scopes that fit by themselves come on top of those that are there.
    let first = &flags[..80];
    let add = ["client", "add", "app"].into_iter();
    let add: Vec<&str> = add.chain(first.iter().map(String::as_str)).collect();
    server.run(&add).succeeded();
    let set = ["client", "set", "app"].into_iter();
    let set: Vec<&str> = set.chain(flags.iter().map(String::as_str)).collect();
    server.run(&set).was_refused_naming("64");
    // The change log goes on.
    server.user("jane", PASSWORD, &["me"]);
    server.assert_accepts(&server.login("jane", PASSWORD, &["me"]).text);
    server.assert_accepts(&token);
}

#[test]
fn a_client_that_cannot_be_read_leaves_all_others_as_they_are() {
    let (mut server, token) = Server::guarding();
    let good = server.client("good", &["--scope", "me"]);
    server.client("odd", &["--scope", "me"]);
    let spoil = "UPDATE clients SET grants = 'nonsense' WHERE id = 'odd'";
    server.home().database().execute(spoil);
    // Whatever comes through the change log makes the server read the clients anew.
    server.client("other", &["--scope", "me"]);
    let is_named = |log: &String| log.contains("odd");
    eventually(|| server.log(), is_named);
    let odd = Confidential::of(&json!({"client_id": "odd", "client_secret": "x"}));
    assert_oauth_error(
        &server.client_credentials(&odd, "me").send(),
        401,
        "invalid_client",
    );
    server.token_of(&good, "me");
    server.assert_accepts(&token);
    server.restart();
    server.token_of(&good, "me");
    server.run(&["client", "list"]).succeeded();
}

#[test]
fn a_scope_that_cannot_be_read_leaves_all_others_as_they_are() {
    let (server, _) = Server::guarding();
    let spoil = "INSERT INTO scopes (name, description, builtin, created_at)
                 VALUES ('two words', 'Odd.', FALSE, 1)";
    server.home().database().execute(spoil);
    let give = "INSERT INTO user_scopes (user_id, scope)
                SELECT id, 'two words' FROM users WHERE username = 'johndoe'";
    server.home().database().execute(give);
    server.user("jane", PASSWORD, &["me"]);
    server.assert_accepts(&server.login("jane", PASSWORD, &["me"]).text);
    server.assert_accepts(&server.login("johndoe", PASSWORD, &["me"]).text);
}

#[test]
fn a_token_that_cannot_be_read_is_left_out_of_the_list_and_no_other_is() {
    let (server, _) = Server::with_user(&["me"]);
    let admin = server.admin();
    let listed = || -> Vec<Value> {
        let mut found = Vec::new();
        let mut path = "/tokens?limit=2".to_owned();
        loop {
            let page: Value = server.get(&path).bearer(&admin).send().expect(200);
            found.extend(page["items"].as_array().expect("tokens").clone());
            let Some(cursor) = page["next_cursor"].as_str() else {
                return found;
            };
            path = format!("/tokens?limit=2&cursor={cursor}");
        }
    };
    for _ in 0..4 {
        server.login("johndoe", PASSWORD, &["me"]);
    }
    let before = listed();
    server.home().database().execute(
        "UPDATE tokens SET subject = 'nonsense'
         WHERE id = (SELECT id FROM tokens ORDER BY id LIMIT 1 OFFSET 1)",
    );
    let expected = [&before[..1], &before[2..]].concat();
    assert_eq!(listed(), expected);
    let log = server.log();
    assert!(
        log.contains(before[1]["id"].as_str().expect("an id")),
        "{log}"
    );
    let printed = server.run(&["token", "list", "--json"]).succeeded().json();
    assert_eq!(printed.as_array().map(Vec::len), Some(expected.len()));
}
