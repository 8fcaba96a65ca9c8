//! OAuth clients: who adds them, how they authenticate, and what ends their tokens.

use serde_json::{Value, json};

use crate::support::*;

pub fn add(server: &Server, by: &Token, body: &Value) -> Answer {
    server.post("/clients").bearer(by).json(body).send()
}

pub fn patch(server: &Server, by: &Token, id: &str, body: Value) -> Answer {
    let call = server.patch(&format!("/clients/{id}")).bearer(by);
    call.json(&body).send()
}

pub fn billing(grants: &[&str], scopes: &[&str]) -> Value {
    json!({"client_id": "billing", "client_name": "Billing", "grant_types": grants, "scopes": scopes})
}

/// A server, its administrator, and a client `billing` that may list users.
pub fn with_billing() -> (Server, Token, Confidential) {
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
    let clerk = server.login("clerk", PASSWORD, &["clients:read", "clients:write"]);
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
    let elsewhere = json!({"client_name": "Not billing"});
    assert_problem(&patch(&server, &clerk, "billing", elsewhere), 403);
    // To narrow, to disable and to remove is for whoever may write at all.
    patch(&server, &clerk, "billing", json!({"disabled": true})).expect(200);
    assert_problem(
        &patch(&server, &clerk, "billing", json!({"disabled": false})),
        403,
    );
    patch(&server, &clerk, "billing", json!({"scopes": []})).expect(200);
    assert_eq!(server.delete(path).bearer(&clerk).send().status, 204);
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

#[test]
fn client_set_changes_what_is_given_and_leaves_the_rest() {
    let home = Home::new();
    let add = [
        "client",
        "add",
        "app",
        "--public",
        "--redirect-uri",
        "https://app.example/back",
        "--scope",
        "me",
        "--name",
        "App",
    ];
    home.run(&add).succeeded();
    let uris = ["https://app.example/one", "https://app.example/two"];
    let set = [
        "client",
        "set",
        "app",
        "--redirect-uri",
        uris[0],
        "--redirect-uri",
        uris[1],
        "--first-party",
    ];
    home.run(&set).succeeded();
    let client = home.run(&["client", "show", "app", "--json"]).json();
    assert_eq!(client["redirect_uris"], json!(uris));
    assert_eq!(client["first_party"], true);
    assert_eq!(client["scopes"], json!(["me"]));
    assert_eq!(client["client_name"], "App");
    home.run(&["client", "set", "app", "--disabled", "--scope", ""])
        .succeeded();
    let client = home.run(&["client", "show", "app", "--json"]).json();
    assert_eq!(client["disabled"], true);
    assert_eq!(client["scopes"], json!([]));
    let odd = [
        "client",
        "set",
        "app",
        "--redirect-uri",
        "http://app.example/",
    ];
    home.run(&odd).was_refused_naming("redirect_uris");
    home.run(&["client", "set", "absent"])
        .was_refused_naming("absent");
}
