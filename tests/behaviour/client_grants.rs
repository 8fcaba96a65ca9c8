//! How clients authenticate at the token endpoint, and the grants that are theirs.

use serde_json::json;

use crate::{
    clients::{add, billing, patch, with_billing},
    support::*,
};

#[test]
fn a_client_authenticates_in_the_header_or_in_the_body() {
    let (server, _, client) = with_billing();
    let in_header = server.token_of(&client, "users:read");
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "users:read"),
        ("client_id", &client.id),
        ("client_secret", &client.secret),
    ];
    let in_body = Token::of(&server.post("/token").form(&form).send());
    for token in [in_header, in_body] {
        let (_, claims) = decoded(&token.text);
        assert_eq!(claims["sub"], "client:billing");
        assert_eq!(claims["client_id"], "billing");
        assert_eq!(token.scope(), "users:read");
        assert_eq!(token.answer.get("refresh_token"), None);
        server.assert_lists_users(&token);
    }
}

#[test]
fn p09_a_client_that_authenticates_twice_is_an_invalid_request() {
    let (server, _, client) = with_billing();
    let (id, secret) = (client.id.as_str(), client.secret.as_str());
    let assertion = [
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", "a.b.c"),
    ];
    let again: [&[(&str, &str)]; 4] = [
        &[("client_id", id), ("client_secret", secret)],
        &[("client_secret", secret)],
        &[("client_id", "another")],
        &assertion,
    ];
    for more in again {
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(more);
        let call = server.post("/token").basic(id, secret).form(&form);
        assert_oauth_error(&call.send(), 400, "invalid_request");
    }
    let mut form = vec![("client_id", id), ("client_secret", secret)];
    form.extend([("grant_type", "client_credentials")]);
    form.extend(assertion);
    let answer = server.post("/token").form(&form).send();
    assert_oauth_error(&answer, 400, "invalid_request");
}

#[test]
fn p24_client_credentials_by_a_public_client_is_unauthorized() {
    let server = Server::start();
    let admin = server.admin();
    let mut body = billing(&[TOKEN_EXCHANGE], &["users:read"]);
    body["token_endpoint_auth_method"] = json!("none");
    let added = add(&server, &admin, &body).expect(201);
    assert_eq!(added.get("client_secret"), None);
    let public = Confidential {
        id: "billing".to_owned(),
        secret: String::new(),
    };
    let answer = server.client_credentials(&public, "users:read").send();
    assert_oauth_error(&answer, 400, "unauthorized_client");
    let form = [("grant_type", "client_credentials"), ("scope", "me")];
    for call in [server.post("/token"), server.post("/token").basic("", "")] {
        let answer = call.form(&form).send();
        assert_oauth_error(&answer, 400, "unauthorized_client");
    }
    let refused = patch(
        &server,
        &admin,
        "billing",
        json!({"grant_types": ["client_credentials"]}),
    );
    assert_wrong_fields(&refused, &["grant_types"]);
}

#[test]
fn p26_unknown_client_wrong_secret_and_disabled_client_get_identical_bytes() {
    let (server, admin, client) = with_billing();
    let ask = |id: &str, secret: &str| {
        let client = Confidential {
            id: id.to_owned(),
            secret: secret.to_owned(),
        };
        let answer = server.client_credentials(&client, "users:read").send();
        assert_oauth_error(&answer, 401, "invalid_client");
        let mut headers = answer.headers;
        headers.remove("date");
        headers.remove("x-request-id");
        (answer.body, headers)
    };
    let unknown = ask("nobody", &client.secret);
    assert_eq!(ask("billing", "sgc_guessed"), unknown);
    assert_eq!(ask("billing", ""), unknown);
    assert_eq!(ask("Billing", &client.secret), unknown);
    patch(&server, &admin, "billing", json!({"disabled": true})).expect(200);
    assert_eq!(ask("billing", &client.secret), unknown);
}

#[test]
fn a_client_that_asks_for_nothing_gets_its_default_scopes() {
    let (server, admin, client) = with_billing();
    assert_eq!(server.token_of(&client, "").scope(), "");
    let defaults = json!({"default_scopes": ["users:read"]});
    patch(&server, &admin, "billing", defaults).expect(200);
    assert_eq!(server.token_of(&client, "").scope(), "users:read");
    let asked = server.token_of(&client, "clients:read");
    assert_eq!(asked.scope(), "clients:read");
    let answer = server.client_credentials(&client, "me").send();
    assert_oauth_error(&answer, 400, "invalid_scope");
    let some = server.token_of(&client, "me users:read");
    assert_eq!(some.scope(), "users:read");
}

#[test]
fn a_grant_that_a_client_was_not_given_by_name_is_unauthorized() {
    let (server, admin, client) = with_billing();
    server.user("johndoe", PASSWORD, &["me", "users:read"]);
    let login = || {
        let login = server.try_login("johndoe", PASSWORD, &["users:read"]);
        login.basic(&client.id, &client.secret).send()
    };
    let exchange = || {
        let call = server.try_exchange(&admin, &[("scope", "users:read")]);
        call.basic(&client.id, &client.secret).send()
    };
    let refresh = server
        .post("/token")
        .basic(&client.id, &client.secret)
        .form(&[("grant_type", "refresh_token"), ("refresh_token", "x")])
        .send();
    for answer in [login(), exchange(), refresh] {
        assert_oauth_error(&answer, 400, "unauthorized_client");
    }
    let grants = json!({"grant_types": ["password", TOKEN_EXCHANGE]});
    patch(&server, &admin, "billing", grants).expect(200);
    assert_eq!(Token::of(&login()).scope(), "users:read");
    assert_eq!(Token::of(&exchange()).scope(), "users:read");
    let answer = server.client_credentials(&client, "users:read").send();
    assert_oauth_error(&answer, 400, "unauthorized_client");
}

#[test]
fn a_login_by_a_client_gives_what_both_may_have() {
    let (server, admin, client) = with_billing();
    patch(
        &server,
        &admin,
        "billing",
        json!({"grant_types": ["password"]}),
    )
    .expect(200);
    server.user("johndoe", PASSWORD, &["me", "users:read"]);
    let login = |scopes: &[&str]| {
        let login = server.try_login("johndoe", PASSWORD, scopes);
        login.basic(&client.id, &client.secret).send()
    };
    let token = Token::of(&login(&["me", "users:read", "clients:read"]));
    assert_eq!(token.scope(), "users:read");
    assert_eq!(decoded(&token.text).1["sub"], "username:johndoe");
    assert_eq!(decoded(&token.text).1["client_id"], "billing");
    assert_oauth_error(&login(&["me"]), 400, "invalid_scope");

    server.assert_lists_users(&token);
    patch(
        &server,
        &admin,
        "billing",
        json!({"scopes": ["clients:read"]}),
    )
    .expect(200);
    server.assert_may_not_list_users(&token);
    patch(&server, &admin, "billing", json!({"disabled": true})).expect(200);
    assert_invalid_token(&server.get("/users").bearer(&token).send());
}
