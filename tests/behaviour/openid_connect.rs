//! Who the user is: ID tokens, `/userinfo` and discovery (OpenID Connect Core).

use serde_json::json;

use crate::support::*;

fn signed_in(server: &Server, scopes: &[&str]) -> Token {
    server.user(
        "johndoe",
        PASSWORD,
        &["me", "me:write", "openid", "profile", "email"],
    );
    let token = server.login("johndoe", PASSWORD, &["me:write"]);
    let profile = json!({"full_name": "John Doe", "email": "john@example.com"});
    let patch = server.patch("/users/me").bearer(&token).json(&profile);
    patch.send().expect(200);
    server.login("johndoe", PASSWORD, scopes)
}

#[test]
fn an_application_learns_who_the_user_is() {
    let server = Server::start();
    let token = signed_in(&server, &["openid", "profile", "email"]);
    assert_eq!(token.scope(), "email openid profile");
    let info = server.get("/userinfo").bearer(&token).send().expect(200);
    let expected = json!({
        "sub": "username:johndoe", "name": "John Doe",
        "preferred_username": "johndoe", "updated_at": info["updated_at"],
        "email": "john@example.com",
    });
    assert_eq!(info, expected);
    assert_eq!(
        server.post("/userinfo").bearer(&token).send().expect(200),
        expected
    );
}

#[test]
fn userinfo_tells_what_the_scopes_open_and_no_more() {
    let server = Server::start();
    let token = signed_in(&server, &["openid"]);
    let info = server.get("/userinfo").bearer(&token).send().expect(200);
    assert_eq!(info, json!({"sub": "username:johndoe"}));
    let without = server.login("johndoe", PASSWORD, &["me"]);
    let refused = server.get("/userinfo").bearer(&without).send();
    assert_insufficient_scope(&refused, "openid");
    assert_asked_for_a_token(&server.get("/userinfo").send());
}

#[test]
fn the_id_token_says_who_logged_in_where_and_when() {
    let server = Server::start();
    let token = signed_in(&server, &["openid"]);
    let id_token = token.answer["id_token"].as_str().expect("an ID token");
    let (header, claims) = decoded(id_token);
    assert_eq!(header["typ"], "JWT");
    assert_eq!(header["kid"], decoded(&token.text).0["kid"]);
    assert_eq!(claims["iss"], "http://127.0.0.1:8000");
    assert_eq!(claims["sub"], "username:johndoe");
    assert_eq!(claims["aud"], "scopegate-docs");
    assert_eq!(claims["auth_time"], claims["iat"]);
    assert!(claims["exp"].as_i64() > claims["iat"].as_i64());
    let plain = server.login("johndoe", PASSWORD, &["me"]);
    assert_eq!(plain.answer.get("id_token"), None);
}

#[test]
fn t28_an_id_token_is_no_bearer_token() {
    let server = Server::start();
    let token = signed_in(&server, &["openid", "me"]);
    server.assert_refuses(token.answer["id_token"].as_str().expect("an ID token"));
}

#[test]
fn discovery_is_the_metadata_under_another_name() {
    let server = Server::start();
    let found = server
        .get("/.well-known/openid-configuration")
        .send()
        .expect(200);
    let metadata = server.get("/.well-known/oauth-authorization-server").send();
    assert_eq!(found, metadata.expect(200));
    assert_eq!(found["userinfo_endpoint"], "http://127.0.0.1:8000/userinfo");
    assert_eq!(
        found["id_token_signing_alg_values_supported"],
        json!(["ES256"])
    );
    assert_eq!(found["subject_types_supported"], json!(["public"]));
}

#[test]
fn where_it_is_off_nothing_of_it_is_there() {
    let server = Server::with_args(&["--openid-connect", "off"]);
    server.user("johndoe", PASSWORD, &["openid"]);
    let token = server.login("johndoe", PASSWORD, &["openid"]);
    assert_eq!(token.answer.get("id_token"), None);
    assert_problem(&server.get("/userinfo").bearer(&token).send(), 404);
    let found = server.get("/.well-known/openid-configuration").send();
    assert_problem(&found, 404);
    let metadata = server.get("/.well-known/oauth-authorization-server").send();
    assert_eq!(metadata.expect(200).get("userinfo_endpoint"), None);
}

#[test]
fn with_hs256_it_is_off_since_no_client_could_verify_the_id_token() {
    let home = Home::new();
    home.write("secret", SECRET);
    let args = [
        "--signing-algorithm",
        "HS256",
        "--signing-secret-file",
        "secret",
    ];
    let server = Server::start_in(home, &args);
    assert_problem(&server.get("/.well-known/openid-configuration").send(), 404);
}
