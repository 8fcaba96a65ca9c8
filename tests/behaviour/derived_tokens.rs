//! What came through a client stays bound to it, however it is handed on.

use serde_json::json;

use crate::{clients::patch, support::*};

/// A server with a public client `app`, and a token that a user got through it.
fn with_app() -> (Server, Token, Token) {
    let server = Server::start();
    let power = ["clients:write", "me", "tokens", "users:read"];
    server.user("root", PASSWORD, &power);
    let admin = server.login("root", PASSWORD, &power);
    add_app(&server, &admin);
    server.user("johndoe", PASSWORD, &["me", "tokens", "users:read"]);
    let form = [
        ("grant_type", "password"),
        ("username", "johndoe"),
        ("password", PASSWORD),
        ("scope", "me tokens users:read"),
        ("client_id", "app"),
    ];
    let token = Token::of(&server.post("/token").form(&form).send());
    (server, admin, token)
}

fn add_app(server: &Server, admin: &Token) {
    let app = json!({
        "client_id": "app",
        "client_name": "App",
        "token_endpoint_auth_method": "none",
        "grant_types": ["password", "authorization_code"],
        "redirect_uris": ["https://app.example/cb"],
        "scopes": ["me", "tokens", "users:read"],
    });
    let answer = server.post("/clients").bearer(admin).json(&app).send();
    answer.expect(201);
}

/// Narrows, disables and removes `app`, and adds one under its name again.
fn assert_bound_to_app(server: &Server, admin: &Token, tokens: &[&str]) {
    for token in tokens {
        server.assert_accepts(token);
        server.assert_lists_users(token);
    }
    patch(server, admin, "app", json!({"scopes": ["me"]})).expect(200);
    for token in tokens {
        server.assert_accepts(token);
        server.assert_may_not_list_users(token);
    }
    patch(server, admin, "app", json!({"disabled": true})).expect(200);
    for token in tokens {
        server.assert_refuses(token);
    }
    let enabled = json!({"disabled": false, "scopes": ["me", "tokens", "users:read"]});
    patch(server, admin, "app", enabled).expect(200);
    for token in tokens {
        server.assert_lists_users(token);
    }
    let removed = server.delete("/clients/app").bearer(admin).send();
    assert_eq!(removed.status, 204);
    add_app(server, admin);
    for token in tokens {
        server.assert_refuses(token);
    }
}

#[test]
fn a3_what_is_exchanged_without_a_client_stays_bound_to_the_one_it_came_through() {
    let (server, admin, token) = with_app();
    let once = server.exchange(&token, &[]);
    assert_eq!(decoded(&once.text).1["via"], json!(["app"]));
    let twice = server.exchange(&once, &[]);
    assert_bound_to_app(&server, &admin, &[&once.text, &twice.text]);
}

#[test]
fn a3_what_another_client_exchanges_is_bound_to_both() {
    let (server, admin, token) = with_app();
    let gateway = server.client(
        "gateway",
        &[
            "--grant",
            "token-exchange",
            "--scope",
            "me",
            "--scope",
            "users:read",
        ],
    );
    let call = server.try_exchange(&token, &[]);
    let exchanged = Token::of(&call.basic(&gateway.id, &gateway.secret).send());
    assert_eq!(decoded(&exchanged.text).1["client_id"], "gateway");
    patch(&server, &admin, "gateway", json!({"disabled": true})).expect(200);
    server.assert_refuses(&exchanged.text);
    patch(&server, &admin, "gateway", json!({"disabled": false})).expect(200);
    assert_bound_to_app(&server, &admin, &[&exchanged.text]);
}

#[test]
fn a3_a_personal_token_stays_bound_to_the_client_whose_token_made_it() {
    let (server, admin, token) = with_app();
    let made = server.personal(&token, &["me", "users:read"]).expect(201);
    let personal = made["access_token"].as_str().expect("a token");
    let derived = server.exchange(personal, &[]);
    assert_bound_to_app(&server, &admin, &[personal, &derived.text]);
}

#[test]
fn a3_a_token_is_not_handed_on_for_ever() {
    let (server, _admin, token) = with_app();
    let clients = ["left", "right"].map(|id| {
        let grants = ["--grant", "token-exchange", "--scope", "me"];
        server.client(id, &grants)
    });
    let mut token = token;
    for hop in 0.. {
        let client = &clients[hop % 2];
        let call = server.try_exchange(&token, &[("scope", "me")]);
        let answer = call.basic(&client.id, &client.secret).send();
        if answer.status != 200 {
            assert_oauth_error(&answer, 400, "invalid_request");
            assert!((10..20).contains(&hop), "after {hop} exchanges");
            return;
        }
        token = Token::of(&answer);
        server.assert_accepts(&token.text);
    }
}
