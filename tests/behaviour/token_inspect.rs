//! `token inspect` says what a token says, and why it would be refused.

use serde_json::{Value, json};

use crate::support::*;

/// The settings of the forger's server, for commands.
const HS256: [&str; 4] = [
    "--signing-algorithm",
    "HS256",
    "--signing-secret-file",
    "secret",
];

fn inspect(forger: &Forger, token: &str) -> Done {
    let args = [&["token", "inspect", token], &HS256[..]].concat();
    forger.server.run(&args)
}

#[test]
fn a_good_token_is_explained_and_accepted() {
    let (server, token) = Server::with_user(&["me", "tokens"]);
    let shown = server.run(&["token", "inspect", &token.text]).succeeded();
    let (header, _) = decoded(&token.text);
    let kid = header["kid"].as_str().expect("a kid");
    for word in [
        "username:johndoe",
        "me tokens",
        "ES256",
        kid,
        "active",
        ISSUER,
    ] {
        assert!(shown.stdout.contains(word), "no {word:?} in {shown:#?}");
    }
    assert!(shown.stdout.contains("in 29m") || shown.stdout.contains("in 30m"));
    assert_eq!(shown.stdout.lines().last(), Some("accepted"), "{shown:#?}");
}

#[test]
fn a_token_comes_by_standard_input_as_well() {
    let (server, token) = Server::with_user(&["me"]);
    let input = format!("{}\n", token.text);
    let args = ["token", "inspect", "--json"];
    let shown = server
        .home()
        .run_with_input(&args, &input)
        .succeeded()
        .json();
    assert_eq!(shown["accepted"], true);
    assert_eq!(shown["reason"], Value::Null);
    assert_eq!(shown["claims"]["sub"], "username:johndoe");
    assert_eq!(shown["scopes_in_force"], json!(["me"]));
    assert_eq!(shown["key"]["state"], "active");
}

#[test]
fn the_first_check_that_a_token_fails_is_named() {
    let forger = Forger::with_scopes(&["me"]);
    inspect(&forger, &forger.claiming(|_| {})).succeeded();
    let now = forger.now();
    let refused = [
        ("garbage".to_owned(), "three parts"),
        (
            forger.heading("typ", json!("JWT")),
            "`typ` is not `at+jwt`: it is \"JWT\"",
        ),
        (forger.heading("crit", json!(["x"])), "`crit`"),
        (
            forger.heading("kid", json!("other")),
            "`kid`: it is \"other\"",
        ),
        (
            forger.heading("alg", json!("HS512")),
            "\"HS512\" of a key of HS256",
        ),
        (forger.heading("alg", Value::Null), "header"),
        (forger.claim("exp", json!(now - 3600)), "expired"),
        (
            forger.claim("exp", json!("soon")),
            "invalid type: string \"soon\"",
        ),
        (forger.claim("exp", Value::Null), "missing field `exp`"),
        (
            forger.claim("scope", json!("tokens")),
            "`scope` and `scopes`",
        ),
        (forger.claim("iat", json!(now + 3600)), "not valid yet"),
        (forger.claim("nbf", json!(now + 3600)), "not valid yet"),
        (
            forger.claim("iss", json!("https://evil.example")),
            "issuer: it is \"https://evil",
        ),
        (
            forger.claim("aud", json!("https://other.example")),
            "audience: it is \"https://oth",
        ),
        (forger.claim("sub", json!("username:nobody")), "not active"),
        (
            signed(&forger.header.to_string(), &forger.claims.to_string(), b"x"),
            "signature",
        ),
    ];
    for (token, reason) in refused {
        inspect(&forger, &token).was_refused_naming(reason);
    }
}

#[test]
fn an_old_token_says_when_it_expired() {
    let forger = Forger::with_scopes(&["me"]);
    let token = forger.claim("exp", json!(forger.now() - 3600));
    let done = inspect(&forger, &token).was_refused_naming("1h");
    assert!(done.stderr.contains("ago"), "{done:?}");
    assert!(!done.stdout.contains("accepted"), "{done:?}");
}

#[test]
fn it_knows_what_has_happened_since_as_the_guards_do() {
    let (server, token) = Server::with_user(&["me", "tokens"]);
    let inspect = || server.run(&["token", "inspect", &token.text]);
    server
        .run(&["user", "revoke", "johndoe", "tokens"])
        .succeeded();
    let shown = inspect().succeeded().stdout;
    assert!(shown.contains("no longer tokens"), "{shown}");
    server.run(&["user", "disable", "johndoe"]).succeeded();
    inspect().was_refused_naming("not active");
}

#[test]
fn a_retired_key_is_the_reason() {
    let (server, token) = Server::with_user(&["me"]);
    let (header, _) = decoded(&token.text);
    let kid = header["kid"].as_str().expect("a kid");
    server.run(&["key", "retire", kid]).succeeded();
    let done = server.run(&["token", "inspect", &token.text, "--json"]);
    assert_eq!(done.code, Some(1));
    assert_eq!(done.json()["accepted"], false);
    done.was_refused_naming("is retired");
}

#[test]
fn a_token_cannot_play_with_the_terminal() {
    let forger = Forger::with_scopes(&["me"]);
    let token = forger.claim("iss", json!("\u{1b}[2J\nscopegate: accepted"));
    let done = inspect(&forger, &token);
    for shown in [&done.stdout, &done.stderr] {
        assert!(!shown.contains('\u{1b}'), "{done:?}");
    }
    done.was_refused_naming("issuer");
}
