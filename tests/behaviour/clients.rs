//! OAuth clients: who adds them, how they authenticate, and what ends their tokens.

use serde_json::{Value, json};

use crate::support::*;

fn add(server: &Server, by: &Token, body: &Value) -> Answer {
    server.post("/clients").bearer(by).json(body).send()
}

fn patch(server: &Server, by: &Token, id: &str, body: Value) -> Answer {
    let call = server.patch(&format!("/clients/{id}")).bearer(by);
    call.json(&body).send()
}

fn billing(grants: &[&str], scopes: &[&str]) -> Value {
    json!({"client_id": "billing", "client_name": "Billing", "grant_types": grants, "scopes": scopes})
}

/// A server, its administrator, and a client `billing` that may list users.
fn with_billing() -> (Server, Token, Confidential) {
    let server = Server::start();
    let admin = server.admin();
    let body = billing(&["client_credentials"], &["users:read", "clients:read"]);
    let client = Confidential::of(&add(&server, &admin, &body).expect(201));
    (server, admin, client)
}

#[test]
fn s06_a_secret_is_shown_once_and_stored_hashed() {
    let (server, admin, client) = with_billing();
    let by_command = server.client("reports", &["--scope", "users:read"]);
    for client in [&client, &by_command] {
        let path = format!("/clients/{}", client.id);
        let read = server.get(&path).bearer(&admin).send();
        read.expect(200);
        let listed = server.get("/clients").bearer(&admin).send();
        let shown = server.run(&["client", "show", &client.id, "--json"]);
        let list = server.run(&["client", "list", "--json"]);
        for text in [&read.body, &listed.body, &shown.stdout, &list.stdout] {
            assert!(text.contains(&client.id), "{text}");
            assert!(!text.contains("secret\""), "{text}");
            assert!(!text.contains(&client.secret), "{text}");
        }
        assert!(!server.home().database_contains(client.secret.as_bytes()));
        assert!(!server.log().contains(&client.secret));
    }
    assert!(server.home().database_contains(b"billing"));
}

#[test]
fn command_and_api_show_the_same_client() {
    let (server, admin, client) = with_billing();
    let read = server.get("/clients/billing").bearer(&admin).send();
    let shown = server.run(&["client", "show", "billing", "--json"]);
    assert_eq!(read.expect(200), shown.succeeded().json());
    let plain = server.run(&["client", "show", "billing"]).succeeded();
    assert!(plain.stdout.contains("clients:read users:read"));
    server.run(&["client", "remove", &client.id]).succeeded();
    let again = server.run(&["client", "show", &client.id]);
    again.was_refused_naming("billing");
    let read = server.get("/clients/billing").bearer(&admin).send();
    assert_problem(&read, 404);
}

#[test]
fn clients_are_listed_in_pages_by_id() {
    let (server, admin, _) = with_billing();
    server.client("archive", &[]);
    let page = |query: &str| {
        let path = format!("/clients?limit=1{query}");
        server.get(&path).bearer(&admin).send().expect(200)
    };
    let first = page("");
    assert_eq!(first["items"][0]["client_id"], "archive");
    let cursor = first["next_cursor"].as_str().expect("a next page");
    let second = page(&format!("&cursor={}", percent_encoded(cursor)));
    assert_eq!(second["items"][0]["client_id"], "billing");
    assert_eq!(second["next_cursor"], Value::Null);
}

#[test]
fn a_client_that_does_not_fit_is_refused() {
    let (server, admin, _) = with_billing();
    let body = billing(&["client_credentials"], &[]);
    assert_problem(&add(&server, &admin, &body), 409);
    let unfit = [
        ("client_id", json!("a b")),
        ("client_id", json!("scopegate-docs")),
        ("client_id", json!("..")),
        ("client_name", json!("")),
        ("client_name", json!("a\u{0}b")),
        ("scopes", json!(["nothing-like-it"])),
        ("default_scopes", json!(["users:read"])),
        ("audiences", json!(["https://a.example/#fragment"])),
        ("audiences", json!(["a b"])),
    ];
    for (field, value) in unfit {
        let mut body = billing(&["client_credentials"], &[]);
        body["client_id"] = json!("other");
        body[field] = value;
        assert_wrong_fields(&add(&server, &admin, &body), &[field]);
    }
    let mut public = billing(&["client_credentials"], &[]);
    public["client_id"] = json!("other");
    public["token_endpoint_auth_method"] = json!("none");
    assert_wrong_fields(&add(&server, &admin, &public), &["grant_types"]);
    let taken = server.run(&["client", "add", "billing"]);
    taken.was_refused_naming("billing");
    let public = server.run(&[
        "client",
        "add",
        "x",
        "--public",
        "--grant",
        "client_credentials",
    ]);
    public.was_refused_naming("grant_types");
}

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

#[test]
fn a_rotated_secret_is_refused_at_once() {
    let (server, admin, old) = with_billing();
    let token = server.token_of(&old, "users:read");
    let path = "/clients/billing/secret";
    let new = Confidential::of(&server.post(path).bearer(&admin).send().expect(200));
    let refused = server.client_credentials(&old, "users:read").send();
    assert_oauth_error(&refused, 401, "invalid_client");
    server.token_of(&new, "users:read");
    server.assert_lists_users(&token);

    let rotated = server.run(&["client", "rotate-secret", "billing", "--json"]);
    let newest = Confidential::of(&rotated.succeeded().json());
    eventually_within(
        1,
        || server.client_credentials(&new, "users:read").send(),
        |answer| answer.status == 401,
    );
    server.token_of(&newest, "users:read");
    for secret in [&new.secret, &newest.secret] {
        assert!(!server.home().database_contains(secret.as_bytes()));
    }
}

#[test]
fn a_change_at_the_same_time_brings_no_rotated_secret_back() {
    let (server, admin, _) = with_billing();
    for round in 0..20 {
        let change = json!({"client_name": format!("Billing {round}")});
        let rotated = std::thread::scope(|scope| {
            let changing = scope.spawn(|| {
                for _ in 0..4 {
                    patch(&server, &admin, "billing", change.clone()).expect(200);
                }
            });
            let path = "/clients/billing/secret";
            let rotated = server.post(path).bearer(&admin).send().expect(200);
            changing.join().expect("changes");
            rotated
        });
        server.token_of(&Confidential::of(&rotated), "users:read");
    }
}

#[test]
fn a_client_without_a_secret_has_none_to_rotate() {
    let server = Server::start();
    let admin = server.admin();
    server
        .run(&["client", "add", "app", "--public"])
        .succeeded();
    let rotated = server.post("/clients/app/secret").bearer(&admin).send();
    assert_problem(&rotated, 409);
    let refused = server.run(&["client", "rotate-secret", "app"]);
    refused.was_refused_naming("app");
}

#[test]
fn the_tokens_of_a_disabled_client_are_refused_until_it_is_enabled() {
    let (server, admin, client) = with_billing();
    let token = server.token_of(&client, "users:read");
    let disable = |disabled: bool| {
        let answer = patch(&server, &admin, "billing", json!({"disabled": disabled}));
        assert_eq!(answer.expect(200)["disabled"], disabled);
    };
    server.assert_lists_users(&token);
    disable(true);
    assert_invalid_token(&server.get("/users").bearer(&token).send());
    disable(false);
    server.assert_lists_users(&token);
}

#[test]
fn t26_the_tokens_of_a_removed_client_are_refused_also_when_one_of_its_name_comes() {
    let (server, admin, client) = with_billing();
    let token = server.token_of(&client, "users:read");
    let removed = server.delete("/clients/billing").bearer(&admin).send();
    assert_eq!(removed.status, 204);
    assert_invalid_token(&server.get("/users").bearer(&token).send());
    let again = add(
        &server,
        &admin,
        &billing(&["client_credentials"], &["users:read"]),
    );
    let again = Confidential::of(&again.expect(201));
    assert_invalid_token(&server.get("/users").bearer(&token).send());
    let refused = server.client_credentials(&client, "users:read").send();
    assert_oauth_error(&refused, 401, "invalid_client");
    server.assert_lists_users(server.token_of(&again, "users:read"));
}

#[test]
fn a_client_removed_by_the_command_is_refused_within_a_second() {
    let (server, _, client) = with_billing();
    let token = server.token_of(&client, "users:read");
    server.assert_lists_users(&token);
    server.run(&["client", "remove", "billing"]).succeeded();
    eventually_within(
        1,
        || server.get("/users").bearer(&token).send(),
        |answer| answer.status == 401,
    );
    let refused = server.client_credentials(&client, "users:read").send();
    assert_oauth_error(&refused, 401, "invalid_client");
}

#[test]
fn a_scope_taken_from_a_client_is_gone_from_its_tokens() {
    let (server, admin, client) = with_billing();
    let token = server.token_of(&client, "users:read clients:read");
    server.assert_lists_users(&token);
    patch(
        &server,
        &admin,
        "billing",
        json!({"scopes": ["clients:read"]}),
    )
    .expect(200);
    server.assert_may_not_list_users(&token);
    server.get("/clients").bearer(&token).send().expect(200);
}

#[test]
fn nobody_gives_a_client_scopes_that_they_do_not_hold() {
    let (server, _, _) = with_billing();
    server.user("clerk", PASSWORD, &["clients:read", "clients:write"]);
    let clerk = server.login("clerk", PASSWORD, &["clients:write"]);
    let mut body = billing(&["client_credentials"], &["users:read"]);
    body["client_id"] = json!("own");
    assert_problem(&add(&server, &clerk, &body), 403);
    body["scopes"] = json!(["clients:read"]);
    let own = Confidential::of(&add(&server, &clerk, &body).expect(201));
    let wider = json!({"scopes": ["clients:read", "users:read"]});
    assert_problem(&patch(&server, &clerk, "own", wider), 403);
    server.token_of(&own, "clients:read");

    let path = "/clients/billing";
    let secret = server.post("/clients/billing/secret").bearer(&clerk).send();
    assert_problem(&secret, 403);
    assert_problem(&server.delete(path).bearer(&clerk).send(), 403);
    let narrower = json!({"scopes": []});
    assert_problem(&patch(&server, &clerk, "billing", narrower), 403);
}

#[test]
fn clients_want_their_scopes() {
    let (server, admin, _) = with_billing();
    let reader = server.login("root", PASSWORD, &["clients:read"]);
    let body = billing(&["client_credentials"], &[]);
    assert_insufficient_scope(&add(&server, &reader, &body), "clients:write");
    let changed = patch(&server, &reader, "billing", json!({"disabled": true}));
    assert_insufficient_scope(&changed, "clients:write");
    let secret = server
        .post("/clients/billing/secret")
        .bearer(&reader)
        .send();
    assert_insufficient_scope(&secret, "clients:write");
    let unknown = json!({"colour": "blue"});
    assert_wrong_fields(&patch(&server, &admin, "billing", unknown), &["colour"]);
    let writer = server.login("root", PASSWORD, &["clients:write"]);
    let listed = server.get("/clients").bearer(&writer).send();
    assert_insufficient_scope(&listed, "clients:read");
}
