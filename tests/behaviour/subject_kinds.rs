//! Kinds of subjects without an account, and what ends with them.

use serde_json::{Value, json};

use crate::{
    minted_tokens::{assert_dead, minted, minted_by_command, with_cars},
    support::*,
};

#[test]
fn subject_kinds_are_the_same_by_command_and_api() {
    let (server, admin) = with_cars();
    let add = ["subject-kind", "add", "post", "--scope", "clients:read"];
    server.run(&add).succeeded();
    let listed = server
        .get("/subject-kinds")
        .bearer(&admin)
        .send()
        .expect(200);
    let printed = server.run(&["subject-kind", "list", "--json"]).succeeded();
    assert_eq!(listed["items"], printed.json());
    let expected = json!([
        {"kind": "car", "scopes": ["clients:read", "users:read"]},
        {"kind": "post", "scopes": ["clients:read"]},
    ]);
    assert_eq!(listed["items"], expected);
    server.run(&add).was_refused_naming("post");
    server.run(&["subject-kind", "remove", "post"]).succeeded();
    server
        .run(&["subject-kind", "remove", "post"])
        .was_refused_naming("post");
}

#[test]
fn a_kind_that_does_not_fit_is_refused() {
    let (server, admin) = with_cars();
    let add = |by: &Token, body: &Value| server.post("/subject-kinds").bearer(by).json(body).send();
    for kind in [
        "username",
        "client",
        "Car",
        "1car",
        "a:b",
        "",
        "a_b",
        &"x".repeat(33),
    ] {
        let body = json!({"kind": kind, "scopes": []});
        assert_wrong_fields(&add(&admin, &body), &["kind"]);
    }
    assert_problem(&add(&admin, &json!({"kind": "car", "scopes": []})), 409);
    let unknown = json!({"kind": "post", "scopes": ["nothing-like-it"]});
    assert_wrong_fields(&add(&admin, &unknown), &["scopes"]);
    let beyond = json!({"kind": "post", "scopes": ["keys:write"]});
    assert_problem(&add(&admin, &beyond), 403);
    let minter = server.login("root", PASSWORD, &["tokens:mint"]);
    let post = json!({"kind": "post", "scopes": []});
    assert_insufficient_scope(&add(&minter, &post), "scopes:write");
}

#[test]
fn removing_what_is_no_kind_ends_no_tokens() {
    let (server, admin) = with_cars();
    let client = server.client("billing", &["--scope", "users:read"]);
    let of_client = server.token_of(&client, "users:read");
    let car = minted(&server, &admin, "car:7f3a", &["users:read"]);
    for kind in ["username", "client", "%25", "c_r", "post"] {
        let path = format!("/subject-kinds/{kind}");
        assert_problem(&server.delete(&path).bearer(&admin).send(), 404);
    }
    for kind in ["username", "client", "%"] {
        let removed = server.run(&["subject-kind", "remove", kind]);
        removed.was_refused_naming(kind);
    }
    // The server has applied all changes of the commands when it knows this one.
    server.client("sentinel", &[]);
    for token in [&admin, &of_client, &car] {
        server.assert_lists_users(token);
    }
}

#[test]
fn removing_a_kind_ends_its_tokens_for_good() {
    let (server, admin) = with_cars();
    let token = minted(&server, &admin, "car:7f3a", &["users:read"]);
    let by_command = minted(&server, &admin, "car:8", &["users:read"]);
    server.assert_lists_users(&token);
    let removed = server.delete("/subject-kinds/car").bearer(&admin).send();
    assert_eq!(removed.status, 204);
    assert_dead(&server, &token);
    server.subject_kind(&admin, "car", &["users:read"]);
    assert_dead(&server, &token);
    assert_dead(&server, &by_command);
    let again = minted(&server, &admin, "car:7f3a", &["users:read"]);
    server.assert_lists_users(&again);
    server.run(&["subject-kind", "remove", "car"]).succeeded();
    eventually_within(
        1,
        || server.get("/users").bearer(&again).send().status,
        |status| *status == 401,
    );
}

#[test]
fn a_scope_removed_from_the_catalogue_is_gone_from_minted_tokens() {
    let (server, admin) = with_cars();
    server
        .run(&["scope", "add", "drive", "--description", "Drive"])
        .succeeded();
    server
        .run(&["subject-kind", "add", "bus", "--scope", "drive"])
        .succeeded();
    let token = minted_by_command(&server, &["--subject", "bus:1", "--scope", "drive"]);
    let introspected = || {
        let form = [("token", token.as_str())];
        let call = server.post("/introspect").bearer(&admin).form(&form);
        call.send().expect(200)
    };
    let fresh = eventually(introspected, |answer| answer["scope"] == "drive");
    assert_eq!(fresh["sub"], "bus:1");
    let removed = server.delete("/scopes/drive").bearer(&admin).send();
    assert_eq!(removed.status, 204);
    let narrowed = introspected();
    assert_eq!(narrowed["active"], true);
    assert_ne!(narrowed["scope"], "drive");
}
