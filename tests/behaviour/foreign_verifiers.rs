//! Tokens verified by code that is not ours: PyJWT and joserfc in Python, jose
//! in JavaScript. They are installed where they are missing, never skipped.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::*;

/// What each foreign verifier says of a token.
fn verdicts(case: &Value) -> Vec<Value> {
    let directory = foreign_directory();
    let scripts = [
        (foreign_python(), "verify.py"),
        ("node".into(), "verify.mjs"),
    ];
    let mut verdicts = Vec::new();
    for (program, script) in scripts {
        let mut command = Command::new(program);
        command.arg(directory.join(script));
        let done = Done::given(&mut command, case.to_string()).succeeded();
        let lines = done.stdout.lines().map(serde_json::from_str::<Value>);
        verdicts.extend(lines.map(|line| line.expect("JSON")));
    }
    verdicts
}

#[track_caller]
fn assert_verified_by_all(case: &Value) {
    let verdict = |verifier: &str| json!({"verifier": verifier, "sub": "username:johndoe", "scope": "me tokens"});
    let expected = ["PyJWT", "joserfc", "jose"].map(verdict);
    assert_eq!(verdicts(case), expected);
}

/// The token with another subject, under the same signature.
fn tampered(token: &str) -> String {
    let [header, _, signature] = parts(token);
    let mut claims = decoded(token).1;
    claims["sub"] = json!("username:admin");
    format!("{header}.{}.{signature}", part(claims.to_string()))
}

fn serving(algorithm: &str, args: &[&str]) -> (Server, String) {
    let home = Home::new();
    home.write("secret", SECRET);
    home.user("johndoe", PASSWORD, &["me", "tokens"]);
    let args = [&["--signing-algorithm", algorithm], args].concat();
    let server = Server::start_in(home, &args);
    let token = server.login("johndoe", PASSWORD, &["me", "tokens"]).text;
    assert_eq!(decoded(&token).0["alg"], algorithm);
    (server, token)
}

fn case(algorithm: &str, token: &str) -> Value {
    json!({
        "token": token,
        "tampered": tampered(token),
        "algorithm": algorithm,
        "issuer": ISSUER,
        "audience": ISSUER,
    })
}

#[track_caller]
fn assert_verified_by_the_key_set(algorithm: &str) {
    let (server, token) = serving(algorithm, &[]);
    // Other keys stand beside it, so that the `kid` has to be looked at.
    server
        .run(&["key", "generate", "--algorithm", "ES256"])
        .succeeded();
    server
        .run(&["key", "generate", "--algorithm", "RS256"])
        .succeeded();
    let ask = || server.get("/.well-known/jwks.json").send().expect(200);
    eventually(ask, |set| {
        set["keys"].as_array().is_some_and(|keys| keys.len() >= 3)
    });
    let mut case = case(algorithm, &token);
    case["jwks_url"] = json!(format!("http://{}/.well-known/jwks.json", server.address()));
    assert_verified_by_all(&case);
}

#[test]
fn es256_is_verified_by_the_key_set_alone() {
    assert_verified_by_the_key_set("ES256");
}

#[test]
fn eddsa_is_verified_by_the_key_set_alone() {
    assert_verified_by_the_key_set("EdDSA");
}

#[test]
fn rs256_is_verified_by_the_key_set_alone() {
    assert_verified_by_the_key_set("RS256");
}

#[test]
fn hs256_is_verified_by_the_shared_secret() {
    let (_server, token) = serving("HS256", &["--signing-secret-file", "secret"]);
    let mut case = case("HS256", &token);
    case["secret"] = json!(SECRET);
    assert_verified_by_all(&case);
}
