//! Tokens about subjects without an account, and the lists of tokens.

use serde_json::{Value, json};

use crate::support::*;

/// A server, its administrator, and the subject kind `car`.
pub fn with_cars() -> (Server, Token) {
    let server = Server::start();
    let admin = server.admin();
    server.subject_kind(&admin, "car", &["users:read", "clients:read"]);
    (server, admin)
}

fn body(subject: &str, scopes: &[&str]) -> Value {
    json!({"subject": subject, "scopes": scopes})
}

#[track_caller]
pub fn minted(server: &Server, admin: &Token, subject: &str, scopes: &[&str]) -> Token {
    let answer = server.mint(admin, body(subject, scopes));
    assert_eq!(answer.status, 201, "{answer:?}");
    Token::of(&answer)
}

#[track_caller]
pub fn minted_by_command(server: &Server, args: &[&str]) -> String {
    let args = [&["token", "mint"], args].concat();
    let printed = server.run(&args).succeeded().stdout;
    printed.trim().to_owned()
}

fn list(server: &Server, admin: &Token, query: &str) -> Value {
    let path = format!("/tokens{query}");
    server.get(&path).bearer(admin).send().expect(200)
}

fn ids(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("items").iter();
    items
        .map(|item| item["id"].as_str().expect("an id"))
        .collect()
}

#[track_caller]
pub fn assert_dead(server: &Server, token: impl AsRef<str>) {
    assert_invalid_token(&server.get("/users").bearer(token).send());
}

#[test]
fn s06_a_minted_token_says_what_it_is_about_and_is_not_kept() {
    let (server, admin) = with_cars();
    let mut wanted = body("car:7f3a", &["users:read"]);
    wanted["expires_in"] = json!(60);
    wanted["name"] = json!("the red one");
    let answer = server.mint(&admin, wanted);
    answer.expect(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let token = Token::of(&answer);
    let (header, claims) = decoded(&token.text);
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(claims["sub"], "car:7f3a");
    assert_eq!(claims["scopes"], json!(["users:read"]));
    assert_eq!(claims["aud"], ISSUER);
    assert_eq!(token.answer["id"], claims["jti"]);
    assert_eq!(token.answer["expires_in"], 60);
    assert_eq!(token.answer["expires_at"], claims["exp"]);
    server.assert_lists_users(&token);
    let signature = parts(&token.text)[2];
    assert!(!server.home().database_contains(signature.as_bytes()));
    assert!(!server.log().contains(signature));
}

#[test]
fn the_command_mints_what_the_server_takes() {
    let (server, admin) = with_cars();
    let args = ["--subject", "car:7f3a", "--scope", "users:read"];
    let token = minted_by_command(&server, &[&args[..], &["--expires-in", "7d"]].concat());
    let claims = decoded(&token).1;
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(life, 7 * 24 * 3600);
    server.assert_lists_users(&token);
    let listed = list(&server, &admin, "?subject=car%3A7f3a");
    assert_eq!(ids(&listed), [claims["jti"].as_str().unwrap()]);
    assert_eq!(listed["items"][0]["kind"], "minted");

    let elsewhere = [&args[..], &["--audience", "https://cars.example"]].concat();
    let elsewhere = minted_by_command(&server, &elsewhere);
    assert_eq!(decoded(&elsewhere).1["aud"], "https://cars.example");
    assert_dead(&server, &elsewhere);
}

#[test]
fn subjects_of_one_id_and_other_kinds_never_collide() {
    let (server, admin) = with_cars();
    server.subject_kind(&admin, "post", &["users:read"]);
    server.user("foo", PASSWORD, &["me", "users:read"]);
    let user = server.login("foo", PASSWORD, &["me", "users:read"]);
    let car = minted(&server, &admin, "car:foo", &["users:read"]);
    let post = minted(&server, &admin, "post:foo", &["users:read"]);
    for other in [&car, &post] {
        let profile = server.get("/users/me").bearer(other).send();
        assert_insufficient_scope(&profile, "me");
    }
    let counted = |subject: &str| {
        let query = format!("?subject={}", percent_encoded(subject));
        ids(&list(&server, &admin, &query)).len()
    };
    assert_eq!(
        ["car:foo", "post:foo", "username:foo", "foo", "CAR:foo"].map(counted),
        [1, 1, 1, 0, 0]
    );

    server.run(&["user", "disable", "foo"]).succeeded();
    eventually_within(
        1,
        || server.get("/users/me").bearer(&user).send().status,
        |status| *status == 401,
    );
    server.assert_lists_users(&car);
    let revoked = server
        .delete("/tokens?subject=car%3Afoo")
        .bearer(&admin)
        .send();
    assert_eq!(revoked.expect(200)["revoked"], 1);
    assert_dead(&server, &car);
    server.assert_lists_users(&post);
    let removed = server.delete("/subject-kinds/post").bearer(&admin).send();
    assert_eq!(removed.status, 204);
    assert_dead(&server, &post);
}

#[test]
fn p23_minting_for_users_clients_and_unknown_kinds_is_refused() {
    let (server, admin) = with_cars();
    server.client("billing", &["--scope", "users:read"]);
    for subject in [
        "username:root",
        "username:nobody",
        "client:billing",
        "client:scopegate-docs",
        "post:1",
        "Car:7f3a",
        "cars:7f3a",
        "car",
        "car:",
        ":7f3a",
        "car:a\nb",
        "car :7f3a",
        " car:7f3a",
    ] {
        let answer = server.mint(&admin, body(subject, &["users:read"]));
        assert_wrong_fields(&answer, &["subject"]);
        let args = ["token", "mint", "--subject", subject];
        server.run(&args).was_refused_naming("subject");
    }
    let long = format!("car:{}", "x".repeat(256));
    assert_wrong_fields(&server.mint(&admin, body(&long, &[])), &["subject"]);
}

#[test]
fn p23_minting_beyond_the_scopes_of_the_kind_is_refused() {
    let (server, admin) = with_cars();
    for scopes in [
        &["users:write"][..],
        &["users:read", "users:write"],
        &["nothing-like-it"],
    ] {
        let answer = server.mint(&admin, body("car:7f3a", scopes));
        assert_wrong_fields(&answer, &["scopes"]);
    }
    let args = [
        "token",
        "mint",
        "--subject",
        "car:7f3a",
        "--scope",
        "users:write",
    ];
    server.run(&args).was_refused_naming("users:write");
    assert_eq!(minted(&server, &admin, "car:7f3a", &[]).scope(), "");
}

#[test]
fn p23_minting_wants_its_scope() {
    let (server, _) = with_cars();
    let reader = server.login("root", PASSWORD, &["tokens:read", "tokens:write"]);
    let answer = server.mint(&reader, body("car:7f3a", &["users:read"]));
    assert_insufficient_scope(&answer, "tokens:mint");
    let listed = server.login("root", PASSWORD, &["tokens:mint"]);
    let answer = server.get("/tokens").bearer(&listed).send();
    assert_insufficient_scope(&answer, "tokens:read");
    let answer = server
        .delete("/tokens?subject=car%3A1")
        .bearer(&listed)
        .send();
    assert_insufficient_scope(&answer, "tokens:write");
}

#[test]
fn a_life_over_the_longest_and_an_audience_that_is_not_allowed_are_refused() {
    let home = Home::new();
    let args = [
        "--max-token-ttl",
        "1h",
        "--allowed-audience",
        "https://cars.example",
    ];
    home.run(&["subject-kind", "add", "car", "--scope", "users:read"])
        .succeeded();
    let server = Server::start_in(home, &args);
    let admin = server.admin();
    let with = |field: &str, value: Value| {
        let mut wanted = body("car:7f3a", &["users:read"]);
        wanted[field] = value;
        server.mint(&admin, wanted)
    };
    with("expires_in", json!(3600)).expect(201);
    for life in [
        json!(3601),
        json!(0),
        json!(-1),
        json!(1.5),
        json!("1h"),
        json!(u64::MAX),
    ] {
        assert_wrong_fields(&with("expires_in", life), &["expires_in"]);
    }
    let for_cars = with("audience", json!("https://cars.example"));
    assert_eq!(
        decoded(&Token::of(&for_cars).text).1["aud"],
        "https://cars.example"
    );
    for audience in ["https://evil.example", "https://cars.example/", "a b", ""] {
        assert_wrong_fields(&with("audience", json!(audience)), &["audience"]);
    }
    let args = [
        "token",
        "mint",
        "--subject",
        "car:7f3a",
        "--expires-in",
        "91d",
    ];
    server.run(&args).was_refused_naming("expires_in");
}

#[test]
fn tokens_are_listed_in_pages_and_revoked_by_id() {
    let (server, admin) = with_cars();
    let subject = |number: u32| format!("car:{number}");
    let tokens: Vec<Token> = (0..3)
        .map(|number| minted(&server, &admin, &subject(number), &["users:read"]))
        .collect();
    let mut seen = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let page = list(&server, &admin, &query);
        assert!(ids(&page).len() <= 2, "{page}");
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=2&cursor={}", percent_encoded(cursor));
    }
    let jtis: Vec<String> = [&admin]
        .into_iter()
        .chain(&tokens)
        .map(|token| decoded(&token.text).1["jti"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(seen, jtis);

    let path = format!("/tokens/{}", jtis[1]);
    let revoked = server.delete(&path).bearer(&admin).send();
    assert_eq!(revoked.status, 204);
    assert_dead(&server, &tokens[0]);
    assert_problem(&server.delete(&path).bearer(&admin).send(), 404);
    assert!(!ids(&list(&server, &admin, "")).contains(&jtis[1].as_str()));
    server.run(&["token", "revoke", &jtis[2]]).succeeded();
    eventually_within(
        1,
        || server.get("/users").bearer(&tokens[1]).send().status,
        |status| *status == 401,
    );
    server.assert_lists_users(&tokens[2]);
    let printed = server.run(&["token", "list", "--json", "--subject", "car:2"]);
    assert_eq!(printed.succeeded().json()[0]["id"], jtis[3].as_str());
}
