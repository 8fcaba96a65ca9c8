//! A token that was verified a moment ago is judged anew at every request: each
//! test shows a token that is good, twice, so that it is remembered, and then
//! ends it.

use serde_json::json;

use crate::{clients, support::*};

#[track_caller]
fn assert_remembered(server: &Server, token: &str) {
    server.assert_accepts(token);
    server.assert_accepts(token);
}

#[test]
fn t29_a_remembered_token_is_refused_right_after_its_revocation() {
    let (server, token) = Server::guarding();
    assert_remembered(&server, &token);
    let form = [("token", &*token)];
    server.post("/revoke").form(&form).send().expect(200);
    server.assert_refuses(&token);
}

#[test]
fn t29_a_remembered_token_is_refused_after_its_expiry() {
    let forger = Forger::with_scopes(&["me"]);
    // Of the leeway of 5 seconds two are left.
    let dying = forger.claim("exp", json!(forger.now() - 3));
    assert_remembered(&forger.server, &dying);
    let ask = || forger.server.get("/users/me").bearer(&dying).send();
    assert_invalid_token(&eventually(ask, |answer| answer.status != 200));
}

/// Whether the introspection endpoint calls a token active.
fn is_active(server: &Server, client: &Confidential, token: &str) -> bool {
    let call = server.post("/introspect").basic(&client.id, &client.secret);
    let answer = call.form(&[("token", token)]).send().expect(200);
    answer["active"].as_bool().expect("a boolean")
}

#[test]
fn t29_a_token_that_was_asked_about_is_not_active_right_after_its_end() {
    let forger = Forger::with_scopes(&["me"]);
    let server = &forger.server;
    let client = server.client("api", &["--scope", "me"]);
    let asked = |token: &str| is_active(server, &client, token);
    let dying = forger.claim("exp", json!(forger.now() - 3));
    let revoked = server.login("johndoe", PASSWORD, &["me"]).text;
    for token in [&dying, &revoked, &dying, &revoked] {
        assert!(asked(token));
    }
    let form = [("token", &*revoked)];
    server.post("/revoke").form(&form).send().expect(200);
    assert!(!asked(&revoked));
    eventually(|| asked(&dying), |is_active| !is_active);
}

#[test]
fn t29_a_token_that_was_asked_about_ends_with_its_key() {
    let (server, token) = Server::guarding();
    let client = server.client("api", &["--scope", "me"]);
    let asked = || is_active(&server, &client, &token);
    assert!(asked() && asked());
    let kid = decoded(&token).0["kid"].clone();
    let retire = ["key", "retire", kid.as_str().expect("a kid")];
    server.run(&retire).succeeded();
    eventually_within(2, asked, |is_active| !is_active);
}

#[test]
fn t27_a_remembered_token_holds_what_its_user_holds_at_the_moment() {
    let (server, token) = Server::guarding();
    assert_remembered(&server, &token);
    let user = |does: &[&str]| {
        let command = [&["user"], does].concat();
        server.run(&command).succeeded();
    };
    let becomes = |status| {
        let ask = || server.get("/users/me").bearer(&token).send();
        eventually_within(2, ask, |answer| answer.status == status)
    };
    user(&["revoke", "johndoe", "me"]);
    assert_insufficient_scope(&becomes(403), "me");
    user(&["grant", "johndoe", "me"]);
    becomes(200);
    user(&["disable", "johndoe"]);
    assert_invalid_token(&becomes(401));
    user(&["enable", "johndoe"]);
    becomes(200);
    user(&["remove", "johndoe"]);
    assert_invalid_token(&becomes(401));
}

#[test]
fn a_remembered_token_ends_with_its_client() {
    let (server, admin, client) = clients::with_billing();
    let token = server.token_of(&client, "users:read");
    server.assert_lists_users(&token);
    server.assert_lists_users(&token);
    let scopes = json!({"scopes": ["clients:read"]});
    clients::patch(&server, &admin, &client.id, scopes).expect(200);
    server.assert_may_not_list_users(&token);
    let path = format!("/clients/{}", client.id);
    server.delete(&path).bearer(&admin).send().expect(204);
    let answer = server.get("/users").bearer(&token).send();
    assert_invalid_token(&answer);
}

#[test]
fn what_resembles_a_remembered_token_is_not_it() {
    let (server, token) = Server::guarding();
    assert_remembered(&server, &token);
    let [header, claims, signature] = parts(&token);
    for other in [
        format!("{token}="),
        format!("{token}."),
        token.to_lowercase(),
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        format!("{header}.{}.{signature}", part(b"{}")),
        format!("{}.{claims}.{signature}", part(b"{}")),
    ] {
        server.assert_refuses(&other);
    }
    server.assert_accepts(&token);
}

#[test]
fn the_scheme_and_the_token_may_be_several_spaces_apart() {
    let (server, token) = Server::guarding();
    server.assert_accepts(&format!("   {token}"));
}

#[test]
fn a_profile_is_read_as_it_is_now() {
    let server = Server::start();
    let scopes = &["me", "me:write"];
    server.user("johndoe", PASSWORD, scopes);
    let token = server.login("johndoe", PASSWORD, scopes);
    let me = || server.get("/users/me").bearer(&token).send().expect(200);
    assert_eq!(me()["email"], json!(null));
    let body = json!({"email": "john@example.com"});
    let call = server.patch("/users/me").bearer(&token).json(&body);
    call.send().expect(200);
    assert_eq!(me()["email"], "john@example.com");
}
