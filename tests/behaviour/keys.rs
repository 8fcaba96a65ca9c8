//! Signing keys: how they come, sign, and go.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::*;

fn managed() -> (Server, Token) {
    Server::with_user(&["me", "keys:write"])
}

fn list(server: &Server) -> Vec<Value> {
    let shown = server.run(&["key", "list", "--json"]).succeeded().json();
    shown.as_array().expect("a list").clone()
}

fn kid(token: impl AsRef<str>) -> String {
    text(&decoded(token.as_ref()).0, "kid")
}

fn text(object: &Value, member: &str) -> String {
    let text = object[member].as_str().map(str::to_owned);
    text.unwrap_or_else(|| panic!("no {member} in {object}"))
}

fn states(server: &Server) -> Vec<String> {
    list(server).iter().map(|key| text(key, "state")).collect()
}

fn published(server: &Server) -> BTreeSet<String> {
    let set = server.get("/.well-known/jwks.json").send().expect(200);
    let keys = set["keys"].as_array().expect("keys").iter();
    keys.map(|key| text(key, "kid")).collect()
}

fn rotate(server: &Server, args: &[&str]) -> Value {
    let all = [&["key", "rotate", "--json"], args].concat();
    server.run(&all).succeeded().json()
}

/// A token signed with a key of this id, which is about to sign.
fn token_of(server: &Server, wanted: &str) -> Token {
    let get = || server.login("johndoe", PASSWORD, &["me"]);
    eventually(get, |token| kid(token) == wanted)
}

#[test]
fn the_first_start_generates_a_key_that_signs() {
    let (server, token) = managed();
    let keys = list(&server);
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert_eq!(keys[0]["state"], "active");
    assert_eq!(keys[0]["algorithm"], "ES256");
    assert_eq!(text(&keys[0], "kid"), kid(&token));
}

#[test]
fn a_rotated_key_is_published_before_it_signs() {
    let (server, token) = managed();
    let next = text(&rotate(&server, &["--grace", "1h"]), "kid");
    assert_eq!(states(&server), ["active", "pending"]);
    eventually(|| published(&server), |kids| kids.contains(&next));
    let still = server.login("johndoe", PASSWORD, &["me"]);
    assert_eq!(kid(&still), kid(&token));
    assert_eq!(
        published(&server),
        BTreeSet::from([kid(&token), next.clone()])
    );
}

#[test]
fn at_once_is_as_soon_as_every_server_knows_the_new_key() {
    let (server, _) = managed();
    for args in [&["--now"][..], &["--grace", "1s"]] {
        let key = rotate(&server, args);
        let time = |name: &str| key[name].as_i64().expect("a time");
        assert!(time("activates_at") >= time("created_at") + 2, "{key}");
        token_of(&server, &text(&key, "kid"));
    }
}

#[test]
fn an_old_key_verifies_while_its_tokens_live_and_signs_no_more() {
    let (mut server, old) = managed();
    let next = text(&rotate(&server, &["--now"]), "kid");
    let new = token_of(&server, &next);
    assert_eq!(states(&server), ["retiring", "active"]);
    server.assert_accepts(&old.text);
    server.assert_accepts(&new.text);
    assert!(published(&server).contains(&kid(&old)));
    server.restart();
    server.assert_accepts(&old.text);
    server.assert_accepts(&new.text);
    assert_eq!(kid(server.login("johndoe", PASSWORD, &["me"])), next);
}

#[test]
fn a_key_is_retired_when_its_last_token_has_expired() {
    let home = Home::new();
    home.user("johndoe", PASSWORD, &["me"]);
    let short = ["--access-token-ttl", "1s", "--max-token-ttl", "1s"];
    let server = Server::start_in(home, &short);
    let old = kid(server.login("johndoe", PASSWORD, &["me"]));
    rotate(
        &server,
        &["--now", "--access-token-ttl", "1s", "--max-token-ttl", "1s"],
    );
    let is_gone = |states: &Vec<String>| *states == ["retired", "active"];
    eventually_within(20, || states(&server), is_gone);
    assert!(!published(&server).contains(&old));
}

#[test]
fn a_token_with_a_longer_life_than_the_settings_allow_now_keeps_its_key() {
    let (server, token) = managed();
    let expires = decoded(token.as_ref()).1["exp"].as_i64().expect("a time");
    let short = ["--access-token-ttl", "1s", "--max-token-ttl", "1s"];
    rotate(&server, &[&["--now"], &short[..]].concat());
    let until = list(&server)[0]["verifies_until"].as_i64();
    assert!(until.expect("a time") >= expires + 5, "{until:?} {expires}");
}

#[test]
fn one_rotation_at_a_time() {
    let (server, token) = managed();
    let next = text(&rotate(&server, &["--grace", "1h"]), "kid");
    server.run(&["key", "rotate"]).was_refused_naming(&next);
    let again = server.post("/keys/rotate").bearer(&token).json(&json!({}));
    assert_problem(&again.send(), 409);
}

#[test]
fn a_key_that_was_published_long_enough_signs_at_once() {
    let (server, _) = managed();
    let waiting = server
        .run(&["key", "generate", "--json"])
        .succeeded()
        .json();
    assert_eq!(waiting["state"], "pending");
    let rotated = rotate(&server, &["--grace", "1s"]);
    assert_eq!(rotated["kid"], waiting["kid"]);
    token_of(&server, &text(&waiting, "kid"));
}

#[test]
fn t29_tokens_of_a_retired_key_are_refused_in_every_server() {
    let (server, token) = managed();
    let other = Running::start(server.home().command(&["serve"]));
    let url = format!("http://{}/users/me", other.address);
    let elsewhere = || Call::new("GET", &url).bearer(&token).send();
    elsewhere().expect(200);
    server.assert_accepts(&token.text);
    let path = format!("/keys/{}", kid(&token));
    let retired = server.delete(&path).bearer(&token).send().expect(200);
    server.assert_refuses(&token.text);
    eventually_within(1, elsewhere, |answer| answer.status == 401);
    assert!(!published(&server).contains(&kid(&token)));
    let new = server.login("johndoe", PASSWORD, &["me"]);
    assert_eq!(kid(&new), text(&retired["successor"], "kid"));
    server.assert_accepts(&new.text);
}

#[test]
fn t29_a_key_retired_by_a_command_is_out_within_a_second() {
    let (mut server, token) = managed();
    server.run(&["key", "retire", &kid(&token)]).succeeded();
    let ask = || server.get("/users/me").bearer(&token).send();
    eventually_within(1, ask, |answer| answer.status == 401);
    server.restart();
    server.assert_refuses(&token.text);
}

#[test]
fn retiring_the_old_key_leaves_the_new_one_alone() {
    let (server, old) = managed();
    let next = text(&rotate(&server, &["--now"]), "kid");
    let new = token_of(&server, &next);
    server.run(&["key", "retire", &kid(&old)]).succeeded();
    let ask = || server.get("/users/me").bearer(&old).send();
    eventually_within(1, ask, |answer| answer.status == 401);
    server.assert_accepts(&new.text);
    assert_eq!(states(&server), ["retired", "active"]);
}

#[test]
fn a_rotation_is_called_off_by_retiring_the_new_key() {
    let (server, token) = managed();
    let next = text(&rotate(&server, &["--grace", "1h"]), "kid");
    server.run(&["key", "retire", &next]).succeeded();
    let keys = list(&server);
    assert_eq!(keys[0]["state"], "active");
    assert_eq!(keys[0]["retires_at"], Value::Null);
    assert_eq!(keys[1]["state"], "retired");
    server.assert_accepts(&token.text);
    rotate(&server, &["--grace", "1h"]);
}

#[test]
fn a_key_that_is_not_there_cannot_be_retired() {
    let (server, token) = managed();
    server
        .run(&["key", "retire", "-nothing-like-it"])
        .was_refused_naming("-nothing-like-it");
    let answer = server.delete("/keys/nothing-like-it").bearer(&token).send();
    assert_problem(&answer, 404);
}

#[test]
fn the_api_does_what_the_commands_do() {
    let (server, token) = managed();
    let create = |body: Value| server.post("/keys").bearer(&token).json(&body).send();
    let added = create(json!({"algorithm": "EdDSA"}));
    let key = added.expect(201);
    assert_eq!(
        (&key["algorithm"], &key["state"]),
        (&json!("EdDSA"), &json!("pending"))
    );
    assert_eq!(
        added.header("location"),
        format!("/keys/{}", text(&key, "kid"))
    );
    assert_wrong_fields(&create(json!({"algorithm": "HS256"})), &["algorithm"]);
    let rotation = json!({"grace": 3600});
    let rotated = server.post("/keys/rotate").bearer(&token).json(&rotation);
    assert_eq!(rotated.send().expect(201)["algorithm"], "ES256");
    let listed = server.get("/keys").bearer(&token).send().expect(200);
    let listed: BTreeSet<String> = listed["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|key| text(key, "kid"))
        .collect();
    let by_command = list(&server).iter().map(|key| text(key, "kid")).collect();
    assert_eq!(listed, by_command);
    assert_eq!(listed.len(), 3);
}

#[test]
fn no_answer_and_no_list_shows_a_private_key() {
    let (server, token) = managed();
    let shown = [
        server.get("/keys").bearer(&token).send().body,
        server.get("/.well-known/jwks.json").send().body,
        server.run(&["key", "list", "--json"]).stdout,
    ];
    for shown in shown {
        for private in ["\"d\"", "\"k\"", "private", "secret"] {
            assert!(!shown.contains(private), "{shown}");
        }
    }
}

#[test]
fn a_generated_secret_is_32_bytes_and_another_one_each_time() {
    let home = Home::bare();
    let secret = || {
        home.run(&["key", "generate", "--secret"])
            .succeeded()
            .stdout
    };
    let (one, other) = (secret(), secret());
    assert_ne!(one, other);
    assert_eq!(one.trim_end().len(), 64);
    assert!(one.trim_end().bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(!home.path().join("scopegate.db").exists());
}

#[test]
fn every_algorithm_signs_and_verifies() {
    for algorithm in ["ES256", "EdDSA", "RS256"] {
        let home = Home::new();
        home.user("johndoe", PASSWORD, &["me"]);
        let server = Server::start_in(home, &["--signing-algorithm", algorithm]);
        let token = server.login("johndoe", PASSWORD, &["me"]);
        assert_eq!(decoded(&token.text).0["alg"], algorithm);
        server.assert_accepts(&token.text);
    }
}

#[test]
fn another_algorithm_in_the_settings_is_a_rotation_where_tokens_are_out() {
    let (server, old) = managed();
    let other = Running::start(
        server
            .home()
            .command(&["serve", "--signing-algorithm", "EdDSA"]),
    );
    let keys = list(&server);
    assert_eq!(keys[1]["algorithm"], "EdDSA");
    assert_eq!(states(&server), ["active", "pending"]);
    let get = |path: &str| Call::new("GET", &format!("http://{}{path}", other.address));
    get("/users/me").bearer(&old).send().expect(200);
    // Tokens of both come, so both are named.
    let metadata = get("/.well-known/openid-configuration").send().expect(200);
    let named = &metadata["id_token_signing_alg_values_supported"];
    assert_eq!(named, &json!(["EdDSA", "ES256"]));
}

#[test]
fn a_secret_of_the_settings_is_neither_rotated_nor_retired_nor_stored() {
    let forger = Forger::with_scopes(&["me", "keys:write"]);
    let server = &forger.server;
    let token = forger.claiming(|_| {});
    let rotated = server.post("/keys/rotate").bearer(&token).json(&json!({}));
    assert_problem(&rotated.send(), 409);
    let path = format!("/keys/{}", kid(&token));
    assert_problem(&server.delete(&path).bearer(&token).send(), 409);
    let listed = server.get("/keys").bearer(&token).send().body;
    assert!(listed.contains(&kid(&token)), "{listed}");
    let set = server.get("/.well-known/jwks.json").send().body;
    for shown in [listed, set] {
        assert!(!shown.contains(SECRET) && !shown.contains(&part(SECRET)));
    }
    assert!(!published(server).contains(&kid(&token)));
    assert!(!server.home().database_contains(SECRET.as_bytes()));
}

#[test]
fn a_public_key_is_shown_as_pem_that_openssl_reads() {
    for algorithm in ["ES256", "EdDSA", "RS256"] {
        let home = Home::new();
        let generated = home.run(&["key", "generate", "--algorithm", algorithm, "--json"]);
        let kid = generated.succeeded().json()["kid"].clone();
        let kid = kid.as_str().expect("a kid");
        let pem = home.run(&["key", "show", kid, "--pem"]).succeeded().stdout;
        let mut openssl = std::process::Command::new("openssl");
        let read = Done::given(openssl.args(["pkey", "-pubin", "-noout", "-text"]), &pem);
        assert!(read.succeeded().stdout.contains("Public"), "{algorithm}");
        let jwk = home.run(&["key", "show", kid]).succeeded().json();
        assert_eq!(jwk["kid"], kid);
        assert_eq!(jwk.get("d"), None);
    }
    let home = Home::new();
    home.run(&["key", "show", "absent", "--pem"])
        .was_refused_naming("absent");
}
