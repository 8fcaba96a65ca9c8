//! The catalogue of scopes.

use serde_json::{Value, json};

use crate::support::*;

const URL: &str = "https://api.example/read";
const URL_IN_A_PATH: &str = "https%3A%2F%2Fapi.example%2Fread";

fn managed() -> (Server, Token) {
    Server::with_user(&["me", "users:write", "scopes:write"])
}

fn add(server: &Server, token: &Token, name: &str) -> Answer {
    let body = json!({"name": name, "description": "Something that may be done"});
    server.post("/scopes").bearer(token).json(&body).send()
}

fn remove(server: &Server, token: &Token, name: &str) -> Answer {
    server
        .delete(&format!("/scopes/{name}"))
        .bearer(token)
        .send()
}

fn catalogue(server: &Server, token: &Token) -> Vec<String> {
    let list = server
        .get("/scopes?limit=100")
        .bearer(token)
        .send()
        .expect(200);
    let items = list["items"].as_array().expect("items").iter();
    items
        .map(|scope| scope["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn the_built_in_scopes_are_there_from_the_start_and_described() {
    let (server, token) = managed();
    let names = catalogue(&server, &token);
    for name in [
        "me",
        "me:write",
        "tokens",
        "users:read",
        "users:write",
        "scopes:write",
        "introspect",
    ] {
        assert!(
            names.contains(&name.to_owned()),
            "{name} is not in {names:?}"
        );
    }
    let list = server
        .get("/scopes?limit=100")
        .bearer(&token)
        .send()
        .expect(200);
    for scope in list["items"].as_array().expect("items") {
        assert!(
            !scope["description"].as_str().unwrap_or_default().is_empty(),
            "{scope}"
        );
    }
}

#[test]
fn a_scope_that_was_added_can_be_given_and_granted() {
    let (server, token) = managed();
    let added = add(&server, &token, "items");
    assert_eq!(added.expect(201)["name"], "items");
    assert_eq!(added.header("location"), "/scopes/items");
    assert!(catalogue(&server, &token).contains(&"items".to_owned()));
    server.user("jane", PASSWORD, &["items"]);
    assert_eq!(server.login("jane", PASSWORD, &["items"]).scope(), "items");
}

#[test]
fn who_holds_every_scope_holds_a_new_one_and_can_give_it() {
    let home = Home::new();
    let root = ["user", "add", "root", "--admin", "--password-stdin"];
    home.run_with_input(&root, PASSWORD).succeeded();
    home.user(
        "helper",
        PASSWORD,
        &["me", "users:grant", "users:write", "scopes:write"],
    );
    home.run(&["scope", "add", "items"]).succeeded();
    let server = Server::start_in(home, &[]);
    let give = |who: &str, name: &str| {
        let token = server.login(who, PASSWORD, &["users:grant", "users:write"]);
        let user = json!({"username": name, "password": PASSWORD, "scopes": ["items"]});
        let answer = server.post("/users").bearer(&token).json(&user).send();
        answer.status
    };
    assert_eq!(give("root", "jane"), 201);
    assert_eq!(give("helper", "jack"), 403);
}

#[test]
fn the_command_and_the_api_share_one_catalogue() {
    let (server, token) = managed();
    server
        .run(&["scope", "add", "items", "--description", "Read items"])
        .succeeded();
    assert_problem(&add(&server, &token, "items"), 409);
    add(&server, &token, "drive").expect(201);
    let listed = server.run(&["scope", "list"]).succeeded().stdout;
    assert!(
        listed.contains("items") && listed.contains("drive"),
        "{listed}"
    );
    server.run(&["scope", "remove", "drive"]).succeeded();
    assert_problem(&remove(&server, &token, "drive"), 404);
}

#[test]
fn a_scope_may_be_a_url() {
    let (server, token) = managed();
    let added = add(&server, &token, URL);
    assert_eq!(added.expect(201)["name"], URL);
    assert_eq!(added.header("location"), format!("/scopes/{URL_IN_A_PATH}"));
    assert_eq!(remove(&server, &token, URL_IN_A_PATH).status, 204);
    assert!(!catalogue(&server, &token).contains(&URL.to_owned()));
}

#[test]
fn a_scope_is_added_once() {
    let (server, token) = managed();
    add(&server, &token, "items").expect(201);
    for name in ["items", "me", "users:write"] {
        assert_problem(&add(&server, &token, name), 409);
    }
}

#[test]
fn a_name_that_rfc_6749_does_not_allow_is_refused() {
    let (server, token) = managed();
    let long = "x".repeat(2049);
    for name in ["", "a b", "a\"b", "a\\b", "ä", "a\n", "a\0", &long] {
        assert_wrong_fields(&add(&server, &token, name), &["name"]);
    }
}

#[test]
fn a_built_in_scope_cannot_be_removed() {
    let (server, token) = managed();
    for name in ["me", "me:write", "users%3Awrite", "scopes:write"] {
        assert_problem(&remove(&server, &token, name), 409);
    }
    let refused = server
        .run(&["scope", "remove", "me"])
        .was_refused_naming("me");
    assert_eq!(refused.stdout, "");
}

#[test]
fn a_scope_that_is_not_there_cannot_be_removed() {
    let (server, token) = managed();
    assert_problem(&remove(&server, &token, "nothing-like-it"), 404);
    server
        .run(&["scope", "remove", "nothing-like-it"])
        .was_refused_naming("nothing-like-it");
}

#[test]
fn a_removed_scope_is_gone_from_users_and_can_no_longer_be_asked_for() {
    let (server, token) = managed();
    add(&server, &token, "items").expect(201);
    server.user("jane", PASSWORD, &["me", "items"]);
    remove(&server, &token, "items").expect(204);
    let answer = server.try_login("jane", PASSWORD, &["items"]).send();
    assert_oauth_error(&answer, 400, "invalid_scope");
    let jane = server.login("jane", PASSWORD, &["me"]);
    let profile = server.get("/users/me").bearer(&jane).send().expect(200);
    assert_eq!(profile["scopes"], json!(["me"]));
}

#[test]
fn a_scope_that_comes_back_is_not_held_by_those_who_held_it() {
    let (server, token) = managed();
    add(&server, &token, "items").expect(201);
    server.user("jane", PASSWORD, &["me", "items"]);
    remove(&server, &token, "items").expect(204);
    add(&server, &token, "items").expect(201);
    let answer = server.try_login("jane", PASSWORD, &["items"]).send();
    assert_oauth_error(&answer, 400, "invalid_scope");
}

#[test]
fn removing_a_scope_leaves_other_tokens_alone() {
    let (server, token) = managed();
    add(&server, &token, "items").expect(201);
    server.user("jane", PASSWORD, &["me", "items"]);
    let jane = server.login("jane", PASSWORD, &["me", "items"]);
    remove(&server, &token, "items").expect(204);
    let answer = server.get("/users/me").bearer(&jane).send();
    assert_eq!(answer.expect(200)["scopes"], json!(["me"]));
}

#[test]
fn a_description_is_text_and_nothing_else() {
    let (server, token) = managed();
    for body in [
        json!({"name": "items", "description": 7}),
        json!({"name": "items", "description": []}),
    ] {
        let answer = server.post("/scopes").bearer(&token).json(&body).send();
        assert_wrong_fields(&answer, &["description"]);
    }
    let text = "<b>Read</b> \"items\" </script>";
    let body = json!({"name": "items", "description": text});
    let added: Value = server
        .post("/scopes")
        .bearer(&token)
        .json(&body)
        .send()
        .expect(201);
    assert_eq!(added["description"], text);
}
