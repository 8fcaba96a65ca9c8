//! RFC 6749 §4.3: a user's name and password for a token.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use uuid::Uuid;

use crate::support::*;

#[test]
fn a_user_logs_in_and_reads_their_own_profile() {
    let (server, token) = Server::with_user(&["me", "me:write"]);
    let profile = server.get("/users/me").bearer(&token).send().expect(200);
    let expected = json!({
        "username": "johndoe",
        "email": null,
        "full_name": null,
        "disabled": false,
        "scopes": ["me", "me:write"],
    });
    assert_eq!(profile, expected);
}

#[test]
fn the_profile_has_what_the_command_was_told() {
    let home = Home::new();
    let about = ["--email", "john@example.com", "--full-name", "John Doe"];
    home.user_with("johndoe", PASSWORD, &["me"], &about);
    let server = Server::start_in(home, &[]);
    let token = server.login("johndoe", PASSWORD, &["me"]);
    let profile = server.get("/users/me").bearer(&token).send().expect(200);
    assert_eq!(profile["email"], "john@example.com");
    assert_eq!(profile["full_name"], "John Doe");
}

#[test]
fn the_answer_has_the_members_of_rfc_6749_and_no_others() {
    let (server, _) = Server::with_user(&["me"]);
    let answer = server.try_login("johndoe", PASSWORD, &["me"]).send();
    assert_not_stored(&answer);
    assert!(
        answer
            .header("content-type")
            .starts_with("application/json")
    );
    let body = answer.expect(200);
    let names: Vec<&String> = body.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["access_token", "token_type", "expires_in", "scope"]);
    assert_eq!(body["token_type"], "bearer");
    assert_eq!(body["expires_in"], 1800);
}

#[test]
fn the_header_of_a_token_is_that_of_rfc_9068() {
    let (_server, token) = Server::with_user(&["me"]);
    let (header, _) = decoded(&token.text);
    let kid = header["kid"].as_str().expect("a kid");
    assert!(!kid.is_empty());
    assert_eq!(header, json!({"alg": "ES256", "kid": kid, "typ": "at+jwt"}));
}

#[test]
fn the_claims_of_a_token_are_those_of_the_contract_and_no_others() {
    let before = now();
    let (_server, token) = Server::with_user(&["me:write", "me"]);
    let (_, claims) = decoded(&token.text);
    let issued = claims["iat"].as_u64().expect("a time");
    assert!((before..=now()).contains(&issued));
    let expected = json!({
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": "username:johndoe",
        "scopes": ["me", "me:write"],
        "scope": "me me:write",
        "client_id": "scopegate-docs",
        "iat": issued,
        "exp": issued + 1800,
        "jti": claims["jti"],
    });
    assert_eq!(claims, expected);
}

#[test]
fn each_token_has_a_uuid_version_7_of_its_own() {
    let (server, first) = Server::with_user(&["me"]);
    let second = server.login("johndoe", PASSWORD, &["me"]);
    let id = |token: &Token| {
        let (_, claims) = decoded(&token.text);
        Uuid::parse_str(claims["jti"].as_str().expect("an id")).expect("a UUID")
    };
    assert_eq!(id(&first).get_version_num(), 7);
    assert_ne!(id(&first), id(&second));
}

#[test]
fn the_life_of_a_token_is_a_setting() {
    let server = Server::with_args(&["--access-token-ttl", "5m"]);
    server.user("johndoe", PASSWORD, &["me"]);
    let token = server.login("johndoe", PASSWORD, &["me"]);
    let (_, claims) = decoded(&token.text);
    assert_eq!(token.answer["expires_in"], 300);
    assert_eq!(
        claims["exp"].as_u64(),
        claims["iat"].as_u64().map(|issued| issued + 300)
    );
}

#[test]
fn issuer_and_audience_are_settings() {
    let (issuer, audience) = ("https://login.example", "https://api.example");
    let server = Server::with_args(&["--issuer", issuer, "--audience", audience]);
    server.user("johndoe", PASSWORD, &["me"]);
    let token = server.login("johndoe", PASSWORD, &["me"]);
    let (_, claims) = decoded(&token.text);
    assert_eq!(claims["iss"], issuer);
    assert_eq!(claims["aud"], audience);
    server.get("/users/me").bearer(&token).send().expect(200);
}

#[test]
fn tokens_can_be_signed_with_a_secret_as_in_the_tutorial() {
    let forger = Forger::with_scopes(&["me"]);
    let token = forger.server.login("johndoe", PASSWORD, &["me"]);
    let [header, claims, _] = parts(&token.text);
    let text = |part| String::from_utf8(bytes(part)).expect("text");
    assert_eq!(decoded(&token.text).0["alg"], "HS256");
    assert_eq!(
        token.text,
        signed(&text(header), &text(claims), SECRET.as_bytes())
    );
    forger
        .server
        .get("/users/me")
        .bearer(&token)
        .send()
        .expect(200);
}

#[test]
fn p01_every_failed_login_gets_the_same_answer() {
    let server = Server::start();
    server.user("johndoe", PASSWORD, &["me"]);
    server.user("alice", PASSWORD, &["me"]);
    server.run(&["user", "disable", "alice"]).succeeded();
    let tries = [
        ("nobody", PASSWORD),
        ("johndoe", "another-password"),
        ("alice", PASSWORD),
        ("alice", "another-password"),
    ];
    let mut answers = Vec::new();
    for (username, password) in tries {
        let mut answer = server.try_login(username, password, &["me"]).send();
        assert_oauth_error(&answer, 400, "invalid_grant");
        for changing in ["date", "x-request-id"] {
            answer.headers.remove(changing);
        }
        answers.push((answer.body, answer.headers));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[test]
fn p02_a_password_over_1024_bytes_is_refused_and_one_of_1024_is_tried() {
    let server = Server::start();
    let longest = "x".repeat(1024);
    server.user("johndoe", &longest, &["me"]);
    server.login("johndoe", &longest, &["me"]);
    let answer = server
        .try_login("johndoe", &"x".repeat(1025), &["me"])
        .send();
    assert_eq!(answer.status, 400);
    assert_contract_shape("/token", &answer);
}

#[test]
fn p03_a_password_with_a_nul_never_verifies_as_a_part_of_it() {
    let server = Server::start();
    server.user("johndoe", "abcdefgh", &["me"]);
    for password in ["abcdefgh\0", "abcdefgh\0abcdefgh", "\0", "abcdefgh\0x", ""] {
        let answer = server.try_login("johndoe", password, &["me"]).send();
        assert_eq!(answer.status, 400, "{password:?}: {answer:?}");
    }
}

#[test]
fn p04_every_byte_of_a_long_password_counts() {
    let server = Server::start();
    let long = "x".repeat(72);
    server.user("johndoe", &format!("{long}yz"), &["me"]);
    server.login("johndoe", &format!("{long}yz"), &["me"]);
    for other in [
        long.clone(),
        format!("{long}y"),
        format!("{long}zz"),
        format!("{long}ya"),
    ] {
        let answer = server.try_login("johndoe", &other, &["me"]).send();
        assert_oauth_error(&answer, 400, "invalid_grant");
    }
}

#[test]
fn p06_a_username_that_looks_alike_is_nobody() {
    let server = Server::start();
    server.user("johndoe", PASSWORD, &["me"]);
    let alike = [
        " johndoe",
        "johndoe ",
        "johndoe\n",
        "johndoe\0",
        "JohnDoe",
        "jоhndoe",  // a Cyrillic о
        "ｊohndoe", // a full-width j
        "johndoe\u{200b}",
        "johndoe%00",
        "username:johndoe",
    ];
    for username in alike {
        let answer = server.try_login(username, PASSWORD, &["me"]).send();
        assert_oauth_error(&answer, 400, "invalid_grant");
    }
}

#[test]
fn any_character_may_stand_in_a_password() {
    let server = Server::start();
    let password = "pä ss+wörd&scope=me%20☃ 🔑\"'\\";
    server.user("johndoe", password, &["me"]);
    let token = server.login("johndoe", password, &["me"]);
    assert_eq!(token.scope(), "me");
}

#[test]
fn a_password_from_standard_input_ends_where_its_line_ends() {
    let server = Server::start();
    server.user("johndoe", &format!("{PASSWORD}\n"), &["me"]);
    server.user("windows", &format!("{PASSWORD}\r\n"), &["me"]);
    server.login("johndoe", PASSWORD, &["me"]);
    server.login("windows", PASSWORD, &["me"]);
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("a time after 1970").as_secs()
}

#[test]
fn p05_a_password_is_the_bytes_that_were_typed_whatever_their_unicode_form() {
    let (composed, decomposed) = ("caf\u{e9}-password", "cafe\u{301}-password");
    let server = Server::start();
    server.user("johndoe", composed, &[]);
    server.login("johndoe", composed, &[]);
    let refused = server.try_login("johndoe", decomposed, &[]).send();
    assert_oauth_error(&refused, 400, "invalid_grant");
}
