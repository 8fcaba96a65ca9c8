//! Administration of users over HTTP.

use std::thread;

use serde_json::{Value, json};

use crate::support::*;

/// A server, and a token of its administrator for these scopes.
fn administered() -> (Server, Token) {
    let scopes = ["me", "me:write", "tokens", "users:read", "users:write"];
    let server = Server::start();
    server.user("admin", PASSWORD, &scopes);
    let token = server.login("admin", PASSWORD, &scopes);
    (server, token)
}

fn add(server: &Server, token: &Token, user: Value) -> Answer {
    server.post("/users").bearer(token).json(&user).send()
}

#[test]
fn a_user_that_was_added_can_log_in() {
    let (server, admin) = administered();
    let user = json!({
        "username": "johndoe",
        "password": PASSWORD,
        "email": "john@example.com",
        "full_name": "John Doe",
        "scopes": ["me:write", "me"],
    });
    let expected = json!({
        "username": "johndoe",
        "email": "john@example.com",
        "full_name": "John Doe",
        "disabled": false,
        "scopes": ["me", "me:write"],
    });
    let answer = add(&server, &admin, user);
    assert_eq!(answer.expect(201), expected);
    assert_eq!(answer.header("location"), "/users/johndoe");
    let token = server.login("johndoe", PASSWORD, &["me"]);
    assert_eq!(
        server.get("/users/me").bearer(&token).send().expect(200),
        expected
    );
    assert_eq!(
        server
            .get("/users/johndoe")
            .bearer(&admin)
            .send()
            .expect(200),
        expected
    );
}

#[test]
fn only_a_name_and_a_password_are_needed() {
    let (server, admin) = administered();
    let user = json!({"username": "johndoe", "password": PASSWORD});
    let added = add(&server, &admin, user).expect(201);
    assert_eq!(added["scopes"], json!([]));
    assert_eq!(added["email"], Value::Null);
    assert_eq!(server.login("johndoe", PASSWORD, &[]).scope(), "");
}

#[test]
fn a_name_is_taken_once() {
    let (server, admin) = administered();
    let user = json!({"username": "johndoe", "password": PASSWORD});
    add(&server, &admin, user.clone()).expect(201);
    assert_problem(&add(&server, &admin, user), 409);
}

#[test]
fn names_that_cannot_be_told_apart_are_refused() {
    let (server, admin) = administered();
    let long = "x".repeat(256);
    let bad = [
        "",
        " ",
        " johndoe",
        "johndoe ",
        "john\ndoe",
        "john\0doe",
        "john\u{7f}",
        &long,
    ];
    for username in bad {
        let answer = add(
            &server,
            &admin,
            json!({"username": username, "password": PASSWORD}),
        );
        assert_wrong_fields(&answer, &["username"]);
    }
}

#[test]
fn names_that_a_path_cannot_carry_are_refused() {
    let (server, admin) = administered();
    for username in ["me", ".", ".."] {
        let answer = add(
            &server,
            &admin,
            json!({"username": username, "password": PASSWORD}),
        );
        assert_wrong_fields(&answer, &["username"]);
    }
}

#[test]
fn a_name_may_be_an_address_or_have_letters_of_any_language() {
    let (server, admin) = administered();
    for (username, path) in [
        ("john@example.com", "john%40example.com"),
        ("jürgen", "j%C3%BCrgen"),
    ] {
        let user = json!({"username": username, "password": PASSWORD, "scopes": ["me"]});
        let answer = add(&server, &admin, user);
        assert_eq!(answer.expect(201)["username"], username);
        assert!(answer.header("location").is_ascii());
        let read = server.get(&format!("/users/{path}")).bearer(&admin).send();
        assert_eq!(read.expect(200)["username"], username);
        let token = server.login(username, PASSWORD, &["me"]);
        server.get("/users/me").bearer(&token).send().expect(200);
    }
}

#[test]
fn a_password_has_8_to_1024_bytes() {
    let (server, admin) = administered();
    let of = |length| json!({"username": "johndoe", "password": "x1y2z3w4".repeat(200)[..length]});
    for length in [0, 1, 7, 1025] {
        assert_wrong_fields(&add(&server, &admin, of(length)), &["password"]);
    }
    add(&server, &admin, of(1024)).expect(201);
}

#[test]
fn a_user_is_changed_field_by_field() {
    let (server, admin) = administered();
    server.user("johndoe", PASSWORD, &["me"]);
    let change = |body: Value| {
        let call = server.patch("/users/johndoe").bearer(&admin);
        call.json(&body).send().expect(200)
    };
    assert_eq!(
        change(json!({"email": "john@example.com"}))["email"],
        "john@example.com"
    );
    assert_eq!(
        change(json!({"full_name": "John Doe"}))["email"],
        "john@example.com"
    );
    assert_eq!(
        change(json!({"scopes": ["tokens"]}))["scopes"],
        json!(["tokens"])
    );
    assert_eq!(change(json!({"disabled": true}))["full_name"], "John Doe");
    assert_eq!(change(json!({"email": null}))["email"], Value::Null);
    assert_eq!(change(json!({}))["disabled"], true);
}

#[test]
fn a_switch_and_a_list_cannot_be_emptied() {
    let (server, admin) = administered();
    server.user("johndoe", PASSWORD, &["me"]);
    for field in ["disabled", "scopes", "password"] {
        let call = server.patch("/users/johndoe").bearer(&admin);
        let answer = call.json(&json!({field: null})).send();
        assert_wrong_fields(&answer, &[field]);
    }
}

#[test]
fn of_those_who_add_one_name_at_once_one_succeeds() {
    let (server, admin) = administered();
    let user = json!({"username": "johndoe", "password": PASSWORD});
    let statuses = thread::scope(|scope| {
        let tries = [(); 8].map(|()| scope.spawn(|| add(&server, &admin, user.clone()).status));
        tries.map(|one| one.join().expect("an answer"))
    });
    let with = |status| statuses.iter().filter(|one| **one == status).count();
    assert_eq!((with(201), with(409)), (1, 7), "{statuses:?}");
}

#[test]
fn a_disabled_user_cannot_log_in_until_enabled() {
    let (server, admin) = administered();
    server.user("johndoe", PASSWORD, &["me"]);
    let disable = |disabled: bool| {
        let call = server.patch("/users/johndoe").bearer(&admin);
        call.json(&json!({"disabled": disabled})).send().expect(200)
    };
    disable(true);
    let answer = server.try_login("johndoe", PASSWORD, &["me"]).send();
    assert_oauth_error(&answer, 400, "invalid_grant");
    disable(false);
    server.login("johndoe", PASSWORD, &["me"]);
}

#[test]
fn a_removed_user_is_gone() {
    let (server, admin) = administered();
    server.user("johndoe", PASSWORD, &["me"]);
    let answer = server.delete("/users/johndoe").bearer(&admin).send();
    assert_eq!((answer.status, &*answer.body), (204, ""));
    assert_problem(&server.delete("/users/johndoe").bearer(&admin).send(), 404);
    assert_problem(&server.get("/users/johndoe").bearer(&admin).send(), 404);
    let answer = server.try_login("johndoe", PASSWORD, &["me"]).send();
    assert_oauth_error(&answer, 400, "invalid_grant");
}

#[test]
fn the_list_shows_users_by_name_and_no_password() {
    let (server, admin) = administered();
    server.user("johndoe", PASSWORD, &["me"]);
    let answer = server.get("/users").bearer(&admin).send();
    let list = answer.expect(200);
    assert_eq!(names(&list), ["admin", "johndoe"]);
    assert_eq!(list["next_cursor"], Value::Null);
    let fields: Vec<&String> = list["items"][0]
        .as_object()
        .expect("a user")
        .keys()
        .collect();
    assert_eq!(
        fields,
        ["username", "email", "full_name", "disabled", "scopes"]
    );
    assert!(!answer.body.contains("$2"), "{answer:?}");
}

#[test]
fn pages_together_are_the_whole_list() {
    let (server, admin) = administered();
    let mut all = ["50%off", "Zoe", "a&b=c", "admin", "b+c", "jürgen", "ünal"];
    for name in all.iter().filter(|name| **name != "admin") {
        server.user(name, PASSWORD, &[]);
    }
    let (mut seen, mut path, mut pages) = (Vec::new(), "/users?limit=3".to_owned(), 0);
    loop {
        let page = server.get(&path).bearer(&admin).send().expect(200);
        pages += 1;
        seen.extend(names(&page));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        assert_eq!(names(&page).len(), 3);
        path = format!("/users?limit=3&cursor={}", percent_encoded(cursor));
    }
    all.sort_unstable();
    assert_eq!((pages, seen), (3, all.map(str::to_owned).to_vec()));
}

#[test]
fn a_full_last_page_has_no_cursor() {
    let (server, admin) = administered();
    server.user("johndoe", PASSWORD, &[]);
    let page = server
        .get("/users?limit=2")
        .bearer(&admin)
        .send()
        .expect(200);
    assert_eq!(names(&page).len(), 2);
    assert_eq!(page["next_cursor"], Value::Null);
}

#[test]
fn a_page_does_not_move_when_users_come_and_go() {
    let (server, admin) = administered();
    for name in ["b", "d", "f"] {
        server.user(name, PASSWORD, &[]);
    }
    let first = server
        .get("/users?limit=2")
        .bearer(&admin)
        .send()
        .expect(200);
    assert_eq!(names(&first), ["admin", "b"]);
    server.user("a", PASSWORD, &[]);
    server.delete("/users/b").bearer(&admin).send().expect(204);
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let second = server
        .get(&format!(
            "/users?limit=2&cursor={}",
            percent_encoded(cursor)
        ))
        .bearer(&admin)
        .send();
    assert_eq!(names(&second.expect(200)), ["d", "f"]);
}

#[test]
fn a_prefix_finds_users_and_its_signs_are_taken_as_they_are() {
    let (server, admin) = administered();
    for name in ["john", "johndoe", "jane", "50%off", "under_score"] {
        server.user(name, PASSWORD, &[]);
    }
    let find = |prefix| {
        let call = server
            .get(&format!("/users?prefix={prefix}"))
            .bearer(&admin);
        names(&call.send().expect(200))
    };
    assert_eq!(find("john"), ["john", "johndoe"]);
    assert_eq!(find("50%25"), ["50%off"]);
    assert_eq!(find("under_"), ["under_score"]);
    for nothing in ["%25", "_", "*", "'", "ohn", "JOHN"] {
        assert_eq!(find(nothing), Vec::<String>::new(), "{nothing}");
    }
}

#[test]
fn nobody_gives_what_they_do_not_hold() {
    let (server, admin) = administered();
    let new = json!({"username": "johndoe", "password": PASSWORD, "scopes": ["audit:read"]});
    let answer = add(&server, &admin, new);
    assert!([403, 422].contains(&answer.status), "{answer:?}");
    assert_problem(&server.get("/users/johndoe").bearer(&admin).send(), 404);
    let more = json!({"scopes": ["me", "users:read", "users:write", "audit:read"]});
    let answer = server
        .patch("/users/admin")
        .bearer(&admin)
        .json(&more)
        .send();
    assert!([403, 422].contains(&answer.status), "{answer:?}");
    let admin = server.get("/users/admin").bearer(&admin).send().expect(200);
    assert!(!strings(&admin["scopes"]).contains(&"audit:read".to_owned()));
}

#[test]
fn a5_a_token_gives_what_it_holds_and_with_users_grant_what_its_account_may_hold() {
    let (server, _) = administered();
    server
        .run(&["user", "grant", "admin", "users:grant"])
        .succeeded();
    let user = |name: &str, scope: &str| json!({"username": name, "password": PASSWORD, "scopes": [scope]});
    let narrow = server.login("admin", PASSWORD, &["users:write"]);
    assert_eq!(add(&server, &narrow, user("a", "users:write")).status, 201);
    assert_eq!(add(&server, &narrow, user("b", "tokens")).status, 403);
    let own =
        json!({"scopes": ["me", "me:write", "tokens", "users:read", "users:write", "users:grant"]});
    let call = server.patch("/users/a").bearer(&narrow);
    assert_eq!(call.json(&own).send().status, 403);
    let wide = server.login("admin", PASSWORD, &["users:grant", "users:write"]);
    assert_eq!(add(&server, &wide, user("c", "tokens")).status, 201);
    assert_eq!(add(&server, &wide, user("d", "audit:read")).status, 403);
}

#[test]
fn a5_to_narrow_to_disable_and_to_remove_is_for_whoever_may_write() {
    let (server, _) = administered();
    server.user("auditor", PASSWORD, &["me", "audit:read"]);
    let token = server.login("auditor", PASSWORD, &["me"]);
    let writer = server.login("admin", PASSWORD, &["users:write"]);
    let patch = |body: Value| {
        let call = server.patch("/users/auditor").bearer(&writer);
        call.json(&body).send().status
    };
    assert_eq!(patch(json!({"email": "taken@over.example"})), 403);
    assert_eq!(patch(json!({"password": "taken-over-by-admin"})), 403);
    assert_eq!(patch(json!({"scopes": ["me"]})), 200);
    assert_eq!(patch(json!({"scopes": ["me", "audit:read"]})), 403);
    assert_eq!(patch(json!({"disabled": true})), 200);
    server.assert_refuses(&token.text);
    assert_eq!(patch(json!({"disabled": false})), 403);
    let path = "/users/auditor";
    assert_eq!(server.delete(path).bearer(&writer).send().status, 204);
}

#[test]
fn nobody_takes_over_a_user_who_may_do_more() {
    let (server, admin) = administered();
    server.user("auditor", PASSWORD, &["me", "audit:read"]);
    let password = json!({"password": "taken-over-by-admin"});
    let answer = server
        .patch("/users/auditor")
        .bearer(&admin)
        .json(&password)
        .send();
    assert!((400..500).contains(&answer.status), "{answer:?}");
    let answer = server
        .try_login("auditor", "taken-over-by-admin", &[])
        .send();
    assert_oauth_error(&answer, 400, "invalid_grant");
}

#[test]
fn a_scope_that_is_not_in_the_catalogue_cannot_be_given() {
    let (server, admin) = administered();
    let user = json!({"username": "johndoe", "password": PASSWORD, "scopes": ["nothing-like-it"]});
    assert_wrong_fields(&add(&server, &admin, user), &["scopes"]);
}

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().expect("items").iter();
    items
        .map(|user| user["username"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn a_user_has_a_locale_that_the_user_and_the_operator_can_change() {
    let (server, token) = Server::with_user(&["me", "me:write"]);
    let me = || server.get("/users/me").bearer(&token).send().expect(200);
    assert_eq!(me().get("locale"), None);
    let patch = |body| {
        let call = server.patch("/users/me").bearer(&token);
        call.json(&body).send()
    };
    assert_eq!(
        patch(json!({"locale": "de-AT"})).expect(200)["locale"],
        "de-AT"
    );
    assert_eq!(me()["locale"], "de-AT");
    assert_wrong_fields(&patch(json!({"locale": "deutsch, bitte"})), &["locale"]);

    let set = [
        "user",
        "set",
        "johndoe",
        "--locale",
        "en",
        "--email",
        "john@example.com",
    ];
    server.run(&set).succeeded();
    let has_changed = |user: &serde_json::Value| user["locale"] == "en";
    assert_eq!(eventually(me, has_changed)["email"], "john@example.com");
    server
        .run(&["user", "set", "johndoe", "--locale", ""])
        .succeeded();
    let shown = server.run(&["user", "show", "johndoe", "--json"]).json();
    assert_eq!(shown.get("locale"), None);
    assert_eq!(shown["email"], "john@example.com");
    let odd = ["user", "set", "johndoe", "--locale", "x"];
    server.run(&odd).was_refused_naming("locale");
}
