//! Personal tokens: what somebody gives to a third party to act in their name.

use serde_json::{Value, json};

use crate::support::*;

const SCOPES: &[&str] = &["me", "me:write", "tokens", "users:read"];

/// A server and the token of `johndoe` for all that they may hold.
fn with_user() -> (Server, Token) {
    Server::with_user(SCOPES)
}

#[track_caller]
fn made(server: &Server, with: &Token, scopes: &[&str]) -> Token {
    let answer = server.personal(with, scopes);
    assert_eq!(answer.status, 201, "{answer:?}");
    Token::of(&answer)
}

fn list(server: &Server, with: &Token) -> Vec<Value> {
    let list = server.get("/users/me/tokens").bearer(with).send();
    list.expect(200)["items"].as_array().expect("items").clone()
}

fn path(token: &Token) -> String {
    let id = token.answer["id"].as_str().expect("an id");
    format!("/users/me/tokens/{id}")
}

#[track_caller]
fn assert_dies_within_a_second(server: &Server, token: &Token) {
    eventually_within(
        1,
        || server.get("/users/me").bearer(token).send(),
        |answer| answer.status == 401,
    );
    server.assert_refuses(&token.text);
}

#[test]
fn s06_a_personal_token_is_shown_once_and_not_kept() {
    let (server, token) = with_user();
    let answer = server.personal(&token, &["me"]);
    answer.expect(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let personal = Token::of(&answer);
    assert_eq!(personal.scope(), "me");
    assert_eq!(personal.answer["name"], "backup bot");
    assert_eq!(decoded(&personal.text).1["sub"], "username:johndoe");
    server.assert_accepts(&personal.text);
    let listed = server.get("/users/me/tokens").bearer(&token).send();
    let signature = parts(&personal.text)[2];
    assert!(!listed.body.contains(signature));
    assert!(!server.home().database_contains(signature.as_bytes()));
    assert!(!server.log().contains(signature));
    assert!(server.home().database_contains(b"backup bot"));
}

#[test]
fn p17_a_personal_token_has_no_scope_that_the_token_it_is_made_with_has_not() {
    let (server, _) = with_user();
    let narrow = server.login("johndoe", PASSWORD, &["me", "tokens"]);
    for scopes in [
        &["users:read"][..],
        &["me", "users:read"],
        &["clients:read"],
    ] {
        assert_problem(&server.personal(&narrow, scopes), 403);
    }
    assert_eq!(made(&server, &narrow, &["me"]).scope(), "me");
    assert_eq!(made(&server, &narrow, &[]).scope(), "");
}

#[test]
fn p17_a_personal_token_loses_what_the_user_loses() {
    let (server, token) = with_user();
    let personal = made(&server, &token, &["me", "users:read"]);
    server.assert_lists_users(&personal);
    let revoke = ["user", "revoke", "johndoe", "users:read"];
    server.run(&revoke).succeeded();
    eventually_within(
        1,
        || server.get("/users").bearer(&personal).send().status,
        |status| *status == 403,
    );
    server.assert_may_not_list_users(&personal);
    server.assert_accepts(&personal.text);
}

#[test]
fn p17_a_personal_token_lives_no_longer_than_the_longest_life() {
    let (server, token) = with_user();
    let with_life = |life: Value| {
        let body = json!({"name": "bot", "scopes": ["me"], "expires_in": life});
        let call = server.post("/users/me/tokens").bearer(&token);
        call.json(&body).send()
    };
    let days_90 = 90 * 24 * 3600;
    with_life(json!(days_90)).expect(201);
    for life in [json!(days_90 + 1), json!(0), json!(u64::MAX)] {
        assert_wrong_fields(&with_life(life), &["expires_in"]);
    }
}

#[test]
fn a_personal_token_needs_a_name() {
    let (server, token) = with_user();
    let named = |name: Value| {
        let body = json!({"name": name, "scopes": ["me"]});
        let call = server.post("/users/me/tokens").bearer(&token);
        call.json(&body).send()
    };
    for name in [
        json!(""),
        json!("a\u{0}b"),
        json!("x".repeat(256)),
        json!(7),
    ] {
        assert_wrong_fields(&named(name), &["name"]);
    }
    named(json!("<b>bot</b> ü")).expect(201);
}

#[test]
fn p32_another_users_personal_token_is_not_found() {
    let (server, token) = with_user();
    server.user("jane", PASSWORD, SCOPES);
    let jane = server.login("jane", PASSWORD, SCOPES);
    let personal = made(&server, &token, &["me"]);
    let foreign = server.delete(&path(&personal)).bearer(&jane).send();
    assert_problem(&foreign, 404);
    server.assert_accepts(&personal.text);
    assert_eq!(list(&server, &jane), Vec::<Value>::new());
    let nowhere = "/users/me/tokens/019a2f2e-8c5e-7b5a-9f0c-3f1d2f6f7c11";
    let unknown = server.delete(nowhere).bearer(&jane).send();
    assert_problem(&unknown, 404);
    let own = decoded(&token.text).1["jti"].as_str().unwrap().to_owned();
    let login = format!("/users/me/tokens/{own}");
    assert_problem(&server.delete(&login).bearer(&token).send(), 404);
    server.assert_accepts(&token.text);
}

#[test]
fn p33_a_personal_token_makes_others_only_with_the_scope_tokens() {
    let (server, token) = with_user();
    let without = made(&server, &token, &["me"]);
    assert_insufficient_scope(&server.personal(&without, &["me"]), "tokens");
    let listed = server.get("/users/me/tokens").bearer(&without).send();
    assert_insufficient_scope(&listed, "tokens");
    let deleted = server.delete(&path(&without)).bearer(&without).send();
    assert_insufficient_scope(&deleted, "tokens");
    let with = made(&server, &token, &["me", "tokens"]);
    assert_problem(&server.personal(&with, &["users:read"]), 403);
    server.assert_accepts(&made(&server, &with, &["me"]).text);
}

#[test]
fn a_personal_token_dies_with_the_one_that_it_was_made_with() {
    let (server, token) = with_user();
    let first = made(&server, &token, &["me", "tokens"]);
    let second = made(&server, &first, &["me", "tokens"]);
    let third = made(&server, &second, &["me"]);
    let exchanged = server.exchange(&first, &[]);
    let by_exchange = made(&server, &exchanged, &["me"]);
    let sibling = made(&server, &token, &["me"]);
    server.assert_accepts(&third.text);
    server.assert_accepts(&by_exchange.text);
    let life = |token: &Token| token.answer["expires_at"].as_i64().expect("a time");
    assert!(life(&second) <= life(&first) && life(&third) <= life(&second));

    let revoked = server.delete(&path(&first)).bearer(&token).send();
    assert_eq!(revoked.status, 204);
    for dead in [&first, &second, &third, &exchanged, &by_exchange] {
        server.assert_refuses(&dead.text);
    }
    server.assert_accepts(&sibling.text);
    assert_eq!(list(&server, &token).len(), 1);
}

#[test]
fn p17_a_personal_token_made_with_a_personal_one_lives_no_longer() {
    let (server, token) = with_user();
    let body = json!({"name": "short", "scopes": ["me", "tokens"], "expires_in": 60});
    let call = server.post("/users/me/tokens").bearer(&token);
    let short = Token::of(&call.json(&body).send());
    let body = json!({"name": "long", "scopes": ["me"], "expires_in": 86_400});
    let call = server.post("/users/me/tokens").bearer(&short);
    let long = Token::of(&call.json(&body).send());
    let end = |token: &Token| decoded(&token.text).1["exp"].as_i64().expect("a time");
    assert!(end(&long) <= end(&short));
}

#[test]
fn personal_tokens_are_listed_with_their_last_use() {
    let (server, token) = with_user();
    let used = made(&server, &token, &["me"]);
    let unused = made(&server, &token, &["users:read"]);
    server.assert_accepts(&used.text);
    let listed = list(&server, &token);
    let ids: Vec<&Value> = listed.iter().map(|item| &item["id"]).collect();
    assert_eq!(ids, [&used.answer["id"], &unused.answer["id"]]);
    assert_eq!(listed[0]["name"], "backup bot");
    assert_eq!(listed[0]["scopes"], json!(["me"]));
    assert_eq!(listed[0]["kind"], "personal");
    let last = listed[0]["last_used_at"].as_i64().expect("a time");
    assert!(last >= listed[0]["issued_at"].as_i64().expect("a time"));
    assert_eq!(listed[1]["last_used_at"], Value::Null);
}

#[test]
fn the_last_use_survives_a_restart() {
    let (mut server, token) = with_user();
    let used = made(&server, &token, &["me"]);
    server.assert_accepts(&used.text);
    let before = list(&server, &token)[0]["last_used_at"].clone();
    assert!(before.is_i64(), "{before}");
    server.restart();
    assert_eq!(list(&server, &token)[0]["last_used_at"], before);
    server.assert_accepts(&used.text);
}

#[test]
fn t29_a_revoked_personal_token_is_refused_at_once_and_after_a_restart() {
    let (mut server, token) = with_user();
    let personal = made(&server, &token, &["me"]);
    server.assert_accepts(&personal.text);
    let revoke = || server.delete(&path(&personal)).bearer(&token).send();
    assert_eq!(revoke().status, 204);
    server.assert_refuses(&personal.text);
    assert_problem(&revoke(), 404);
    server.restart();
    server.assert_refuses(&personal.text);
    assert_eq!(list(&server, &token), Vec::<Value>::new());
}

#[test]
fn t27_a_personal_token_dies_with_a_disabled_and_with_a_removed_user() {
    let (server, token) = with_user();
    let personal = made(&server, &token, &["me"]);
    server.run(&["user", "disable", "johndoe"]).succeeded();
    assert_dies_within_a_second(&server, &personal);

    server.user("jane", PASSWORD, SCOPES);
    let jane = server.login("jane", PASSWORD, SCOPES);
    let of_jane = made(&server, &jane, &["me"]);
    server.run(&["user", "remove", "jane"]).succeeded();
    assert_dies_within_a_second(&server, &of_jane);
    server.user("jane", PASSWORD, SCOPES);
    server.assert_accepts(&server.login("jane", PASSWORD, SCOPES).text);
    server.assert_refuses(&of_jane.text);
}

#[test]
fn t27_a_personal_token_dies_with_a_change_of_the_password() {
    let (server, token) = with_user();
    let personal = made(&server, &token, &["me"]);
    let body = json!({"current_password": PASSWORD, "new_password": "another-password"});
    let call = server.put("/users/me/password").bearer(&token);
    assert_eq!(call.json(&body).send().status, 204);
    server.assert_refuses(&personal.text);
    let token = server.login("johndoe", "another-password", SCOPES);
    let personal = made(&server, &token, &["me"]);
    let set = ["user", "set-password", "johndoe", "--password-stdin"];
    let home = server.home();
    home.run_with_input(&set, "a-third-password").succeeded();
    assert_dies_within_a_second(&server, &personal);
}

#[test]
fn who_is_no_user_has_no_personal_tokens() {
    let server = Server::start();
    let client = server.client("robot", &["--scope", "tokens"]);
    let token = server.token_of(&client, "tokens");
    assert_problem(&server.personal(&token, &["tokens"]), 404);
    assert_eq!(list(&server, &token), Vec::<Value>::new());
}

#[test]
fn a11_a_user_has_a_limited_number_of_personal_tokens() {
    let server = Server::with_args(&["--max-personal-tokens", "3"]);
    server.user("johndoe", PASSWORD, SCOPES);
    let token = server.login("johndoe", PASSWORD, SCOPES);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let make = || server.personal(&token, &["me"]).status;
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        let statuses = threads
            .into_iter()
            .map(|thread| thread.join().expect("an answer"));
        statuses.collect()
    });
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(201), count(409)), (3, 5), "{statuses:?}");
    let id = list(&server, &token)[0]["id"].clone();
    let path = format!("/users/me/tokens/{}", id.as_str().expect("an id"));
    assert_eq!(server.delete(&path).bearer(&token).send().status, 204);
    assert_eq!(server.personal(&token, &["me"]).status, 201);
}
