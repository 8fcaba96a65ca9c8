//! What users do to their own account.

use serde_json::{Value, json};

use crate::support::*;

const NEW: &str = "another-password";

fn change_password(server: &Server, token: &Token, current: &str, new: &str) -> Answer {
    let body = json!({"current_password": current, "new_password": new});
    server
        .put("/users/me/password")
        .bearer(token)
        .json(&body)
        .send()
}

#[test]
fn a_user_changes_their_email_and_full_name() {
    let (server, token) = Server::with_user(&["me", "me:write"]);
    let change = |body: Value| {
        let call = server.patch("/users/me").bearer(&token);
        call.json(&body).send().expect(200)
    };
    assert_eq!(
        change(json!({"email": "john@example.com"}))["email"],
        "john@example.com"
    );
    assert_eq!(
        change(json!({"full_name": "John Doe"}))["full_name"],
        "John Doe"
    );
    let profile = server.get("/users/me").bearer(&token).send().expect(200);
    assert_eq!(profile, change(json!({})));
    assert_eq!(profile["email"], "john@example.com");
    assert_eq!(change(json!({"email": null}))["email"], Value::Null);
}

#[test]
fn a_user_does_not_change_what_is_not_theirs_to_change() {
    let (server, token) = Server::with_user(&["me", "me:write"]);
    let bodies = [
        json!({"scopes": ["me", "me:write", "users:write"]}),
        json!({"username": "admin"}),
        json!({"disabled": true}),
        json!({"password": NEW}),
    ];
    for body in bodies {
        let answer = server.patch("/users/me").bearer(&token).json(&body).send();
        assert_problem(&answer, 422);
    }
    let profile = server.get("/users/me").bearer(&token).send().expect(200);
    assert_eq!(profile["scopes"], json!(["me", "me:write"]));
    server.login("johndoe", PASSWORD, &["me"]);
}

#[test]
fn a_profile_that_does_not_fit_is_refused_field_by_field() {
    let (server, token) = Server::with_user(&["me", "me:write"]);
    let patch = |body: Value| server.patch("/users/me").bearer(&token).json(&body).send();
    let long = "x".repeat(10_000);
    for email in ["", "nonsense", "john@example.com\n", &long] {
        assert_wrong_fields(&patch(json!({"email": email})), &["email"]);
    }
    for name in [json!(7), json!([]), json!(long), json!("a\u{0}b")] {
        assert_wrong_fields(&patch(json!({"full_name": name})), &["full_name"]);
    }
}

#[test]
fn what_a_user_writes_comes_back_as_it_was() {
    let (server, token) = Server::with_user(&["me", "me:write"]);
    for name in [
        "'; DROP TABLE users; --",
        "<script>alert(1)</script>",
        "Jürgen ☃ 👩‍👩‍👧",
        "\"\\",
    ] {
        let call = server.patch("/users/me").bearer(&token);
        let profile = call.json(&json!({"full_name": name})).send().expect(200);
        assert_eq!(profile["full_name"], name);
    }
}

#[test]
fn a_user_changes_their_password() {
    let (server, token) = Server::with_user(&["me:write"]);
    let answer = change_password(&server, &token, PASSWORD, NEW);
    assert_eq!((answer.status, &*answer.body), (204, ""));
    let old = server.try_login("johndoe", PASSWORD, &[]).send();
    assert_oauth_error(&old, 400, "invalid_grant");
    server.login("johndoe", NEW, &[]);
}

#[test]
fn the_current_password_is_needed() {
    let (server, token) = Server::with_user(&["me:write"]);
    for wrong in ["", "wrong-password", "secret-password\0", &"x".repeat(1025)] {
        let answer = change_password(&server, &token, wrong, NEW);
        assert!([400, 403, 422].contains(&answer.status), "{answer:?}");
        assert_problem(&answer, answer.status);
    }
    let without = server.put("/users/me/password").bearer(&token);
    let answer = without.json(&json!({"new_password": NEW})).send();
    assert_wrong_fields(&answer, &["current_password"]);
    server.login("johndoe", PASSWORD, &[]);
}

#[test]
fn a_new_password_has_8_to_1024_bytes() {
    let (server, token) = Server::with_user(&["me:write"]);
    for bad in ["", "short-1", &"x".repeat(1025)] {
        let answer = change_password(&server, &token, PASSWORD, bad);
        assert_wrong_fields(&answer, &["new_password"]);
    }
    server.login("johndoe", PASSWORD, &[]);
}

#[test]
fn reading_and_writing_a_profile_are_two_scopes() {
    let (server, both) = Server::with_user(&["me", "me:write"]);
    let reader = server.login("johndoe", PASSWORD, &["me"]);
    let writer = server.login("johndoe", PASSWORD, &["me:write"]);
    let patch = |token: &Token| {
        server
            .patch("/users/me")
            .bearer(token)
            .json(&json!({}))
            .send()
    };
    assert_insufficient_scope(&patch(&reader), "me:write");
    assert_insufficient_scope(
        &change_password(&server, &reader, PASSWORD, NEW),
        "me:write",
    );
    assert_insufficient_scope(&server.get("/users/me").bearer(&writer).send(), "me");
    patch(&writer).expect(200);
    patch(&both).expect(200);
}
