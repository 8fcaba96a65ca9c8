//! The catalogue of scopes.

use serde_json::{Value, json};

use crate::support::*;

const URL: &str = "https://api.example/read";
const URL_IN_A_PATH: &str = "https%3A%2F%2Fapi.example%2Fread";

fn managed() -> (Server, Token) {
    Server::with_user(&["me", "users:write", "scopes:write"])
}

fn add(server: &Server, token: &Token, name: &str) -> Answer {
    let body = json!({"name": name, "description": "Something that may be done"});
    server.post("/scopes").bearer(token).json(&body).send()
}

fn remove(server: &Server, token: &Token, name: &str) -> Answer {
    server
        .delete(&format!("/scopes/{name}"))
        .bearer(token)
        .send()
}

fn catalogue(server: &Server, token: &Token) -> Vec<String> {
    let list = server
        .get("/scopes?limit=100")
        .bearer(token)
        .send()
        .expect(200);
    let items = list["items"].as_array().expect("items").iter();
    items
        .map(|scope| scope["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn the_built_in_scopes_are_there_from_the_start_and_described() {
    let (server, token) = managed();
    let names = catalogue(&server, &token);
    for name in [
        "me",
        "me:write",
        "tokens",
        "users:read",
        "users:write",
        "scopes:write",
        "introspect",
    ] {
        assert!(
            names.contains(&name.to_owned()),
            "{name} is not in {names:?}"
        );
    }
    let list = server
        .get("/scopes?limit=100")
        .bearer(&token)
        .send()
        .expect(200);
    for scope in list["items"].as_array().expect("items") {
        assert!(
            !scope["description"].as_str().unwrap_or_default().is_empty(),
            "{scope}"
        );
    }
}

#[test]
fn a_scope_that_was_added_can_be_given_and_granted() {
    let (server, token) = managed();
    let added = add(&server, &token, "items");
    assert_eq!(added.expect(201)["name"], "items");
    assert_eq!(added.header("location"), "/scopes/items");
    assert!(catalogue(&server, &token).contains(&"items".to_owned()));
    server.user("jane", PASSWORD, &["items"]);
    assert_eq!(server.login("jane", PASSWORD, &["items"]).scope(), "items");
}

#[test]
fn who_holds_every_scope_holds_a_new_one_and_can_give_it() {
    let home = Home::new();
    let root = ["user", "add", "root", "--admin", "--password-stdin"];
    home.run_with_input(&root, PASSWORD).succeeded();
    home.user(
        "helper",
        PASSWORD,
        &["me", "users:grant", "users:write", "scopes:write"],
    );
    home.run(&["scope", "add", "items"]).succeeded();
    let server = Server::start_in(home, &[]);
    let give = |who: &str, name: &str| {
        let token = server.login(who, PASSWORD, &["users:grant", "users:write"]);
        let user = json!({"username": name, "password": PASSWORD, "scopes": ["items"]});
        let answer = server.post("/users").bearer(&token).json(&user).send();
        answer.status
    };
    assert_eq!(give("root", "jane"), 201);
    assert_eq!(give("helper", "jack"), 403);
}

#[test]
fn the_command_and_the_api_share_one_catalogue() {
    let (server, token) = managed();
    server
        .run(&["scope", "add", "items", "--description", "Read items"])
        .succeeded();
    assert_problem(&add(&server, &token, "items"), 409);
    add(&server, &token, "drive").expect(201);
    let listed = server.run(&["scope", "list"]).succeeded().stdout;
    assert!(
        listed.contains("items") && listed.contains("drive"),
        "{listed}"
    );
    server.run(&["scope", "remove", "drive"]).succeeded();
    assert_problem(&remove(&server, &token, "drive"), 404);
}

#[test]
fn a_scope_may_be_a_url() {
    let (server, token) = managed();
    let added = add(&server, &token, URL);
    assert_eq!(added.expect(201)["name"], URL);
    assert_eq!(added.header("location"), format!("/scopes/{URL_IN_A_PATH}"));
    assert_eq!(remove(&server, &token, URL_IN_A_PATH).status, 204);
    assert!(!catalogue(&server, &token).contains(&URL.to_owned()));
}

#[test]
fn a_scope_is_added_once() {
    let (server, token) = managed();
    add(&server, &token, "items").expect(201);
    for name in ["items", "me", "users:write"] {
        assert_problem(&add(&server, &token, name), 409);
    }
}

#[test]
fn a_name_that_rfc_6749_does_not_allow_is_refused() {
    let (server, token) = managed();
    let long = "x".repeat(2049);
    for name in ["", "a b", "a\"b", "a\\b", "ä", "a\n", "a\0", &long] {
        assert_wrong_fields(&add(&server, &token, name), &["name"]);
    }
}

#[test]
fn a_built_in_scope_cannot_be_removed() {
    let (server, token) = managed();
    for name in ["me", "me:write", "users%3Awrite", "scopes:write"] {
        assert_problem(&remove(&server, &token, name), 409);
    }
    let refused = server
        .run(&["scope", "remove", "me"])
        .was_refused_naming("me");
    assert_eq!(refused.stdout, "");
}

#[test]
fn a_scope_that_is_not_there_cannot_be_removed() {
    let (server, token) = managed();
    assert_problem(&remove(&server, &token, "nothing-like-it"), 404);
    server
        .run(&["scope", "remove", "nothing-like-it"])
        .was_refused_naming("nothing-like-it");
}

#[test]
fn a_removed_scope_is_gone_from_users_and_can_no_longer_be_asked_for() {
    let (server, token) = managed();
    add(&server, &token, "items").expect(201);
    server.user("jane", PASSWORD, &["me", "items"]);
    remove(&server, &token, "items").expect(204);
    let answer = server.try_login("jane", PASSWORD, &["items"]).send();
    assert_oauth_error(&answer, 400, "invalid_scope");
    let jane = server.login("jane", PASSWORD, &["me"]);
    let profile = server.get("/users/me").bearer(&jane).send().expect(200);
    assert_eq!(profile["scopes"], json!(["me"]));
}

#[test]
fn a_scope_that_comes_back_is_not_held_by_those_who_held_it() {
    let (server, token) = managed();
    add(&server, &token, "items").expect(201);
    server.user("jane", PASSWORD, &["me", "items"]);
    remove(&server, &token, "items").expect(204);
    add(&server, &token, "items").expect(201);
    let answer = server.try_login("jane", PASSWORD, &["items"]).send();
    assert_oauth_error(&answer, 400, "invalid_scope");
}

#[test]
fn removing_a_scope_leaves_other_tokens_alone() {
    let (server, token) = managed();
    add(&server, &token, "items").expect(201);
    server.user("jane", PASSWORD, &["me", "items"]);
    let jane = server.login("jane", PASSWORD, &["me", "items"]);
    remove(&server, &token, "items").expect(204);
    let answer = server.get("/users/me").bearer(&jane).send();
    assert_eq!(answer.expect(200)["scopes"], json!(["me"]));
}

#[test]
fn a_description_is_text_and_nothing_else() {
    let (server, token) = managed();
    for body in [
        json!({"name": "items", "description": 7}),
        json!({"name": "items", "description": []}),
    ] {
        let answer = server.post("/scopes").bearer(&token).json(&body).send();
        assert_wrong_fields(&answer, &["description"]);
    }
    let text = "<b>Read</b> \"items\" </script>";
    let body = json!({"name": "items", "description": text});
    let added: Value = server
        .post("/scopes")
        .bearer(&token)
        .json(&body)
        .send()
        .expect(201);
    assert_eq!(added["description"], text);
}

/// A description is data of the API; the pages of the document have no script in them.
#[test]
fn c15_a_description_is_in_no_page_of_the_document() {
    let (server, token) = managed();
    let text = "</script><script>alert(1)</script>";
    let body = json!({"name": "items", "description": text});
    let added = server.post("/scopes").bearer(&token).json(&body).send();
    assert_eq!(added.status, 201, "{added:?}");
    for path in ["/docs", "/redoc"] {
        let page = server.get(path).send();
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("alert(1)"), "{path}");
        let scripts = page.body.matches("<script").count();
        assert!(scripts > 0, "{path}");
        assert_eq!(page.body.matches("<script src=").count(), scripts, "{path}");
        assert_eq!(page.body.matches("></script>").count(), scripts, "{path}");
    }
}

/// Everything that held `drive` before it was removed and added again.
#[test]
fn a6_a_scope_that_is_added_again_under_its_name_starts_with_nobody() {
    let server = Server::start();
    let power = [
        "clients:read",
        "clients:write",
        "scopes:write",
        "tokens:mint",
        "users:grant",
    ];
    let power = [&power[..], &["users:read", "users:write", "me"]].concat();
    server.user("root", PASSWORD, &power);
    let root = server.login("root", PASSWORD, &power);
    server.run(&["scope", "add", "drive"]).succeeded();
    server.user(
        "john",
        PASSWORD,
        &["drive", "me", "offline_access", "tokens"],
    );
    let billing = server.client("billing", &["--scope", "drive", "--scope", "users:read"]);
    server
        .run(&["subject-kind", "add", "car", "--scope", "drive"])
        .succeeded();

    let known = |scope: &str| {
        let asked = server.login("john", PASSWORD, &["drive", "me", scope]);
        asked.scope().contains("drive").then_some(asked)
    };
    let all = eventually(|| known("offline_access tokens"), Option::is_some).expect("a token");
    let refresh = all.answer["refresh_token"]
        .as_str()
        .expect("one")
        .to_owned();
    let personal = server.personal(&all, &["drive", "me"]).expect(201);
    let personal = personal["access_token"].as_str().expect("a token");
    let minted = server.mint(&root, json!({"subject": "car:1", "scopes": ["drive"]}));
    let minted = minted.expect(201)["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let scopes_of = |token: &str| {
        let form = [("token", token)];
        let call = server.post("/introspect").form(&form);
        let call = call.basic(&billing.id, &billing.secret);
        call.send().expect(200)["scope"].clone()
    };
    let tokens = [
        (all.text.as_str(), "me offline_access tokens"),
        (personal, "me"),
        (&minted, ""),
    ];
    for (token, _) in tokens {
        assert!(scopes_of(token).to_string().contains("drive"), "{token}");
    }

    server.run(&["scope", "remove", "drive"]).succeeded();
    server.run(&["scope", "add", "drive"]).succeeded();
    // The holders get it anew; what was issued before does not have it.
    eventually(
        || catalogue(&server, &root),
        |names| names.contains(&"drive".to_owned()),
    );
    let john = server.get("/users/john").bearer(&root).send().expect(200);
    assert_eq!(john["scopes"], json!(["me", "offline_access", "tokens"]));
    let client = server
        .get("/clients/billing")
        .bearer(&root)
        .send()
        .expect(200);
    assert_eq!(client["scopes"], json!(["users:read"]));
    let kinds = server
        .run(&["subject-kind", "list", "--json"])
        .succeeded()
        .json();
    assert_eq!(kinds[0]["scopes"], json!([]));
    let grant = ["user", "grant", "john", "drive"];
    server.run(&grant).succeeded();
    server
        .run(&[
            "client",
            "set",
            "billing",
            "--scope",
            "users:read",
            "--scope",
            "drive",
        ])
        .succeeded();
    server.run(&["subject-kind", "remove", "car"]).succeeded();
    server
        .run(&["subject-kind", "add", "car", "--scope", "drive"])
        .succeeded();
    eventually(|| known("me"), Option::is_some);
    for (token, left) in &tokens[..2] {
        assert_eq!(scopes_of(token), *left);
    }
    let form = [("grant_type", "refresh_token"), ("refresh_token", &refresh)];
    let refreshed = Token::of(&server.post("/token").form(&form).send());
    assert_eq!(refreshed.scope(), "me offline_access tokens");
}

#[test]
fn a6_administrators_hold_what_is_added_and_nobody_climbs_by_adding() {
    let (server, clerk) = Server::with_user(&["me", "scopes:write", "users:read"]);
    server.run(&["scope", "add", "secret"]).succeeded();
    let home = server.home();
    let add = ["user", "add", "root", "--admin", "--password-stdin"];
    home.run_with_input(&add, PASSWORD).succeeded();
    // One who holds everything but the scope `secret`.
    let add = ["user", "add", "almost", "--admin", "--password-stdin"];
    home.run_with_input(&add, PASSWORD).succeeded();
    server
        .run(&["user", "revoke", "almost", "secret"])
        .succeeded();
    let scopes = |name: &str| {
        let user = server.get(&format!("/users/{name}")).bearer(&clerk).send();
        user.expect(200)["scopes"].to_string()
    };
    eventually(
        || remove(&server, &clerk, "secret").status,
        |status| *status == 204,
    );
    add_one(&server, &clerk, "secret");
    add_one(&server, &clerk, "another");
    for scope in ["\"secret\"", "\"another\""] {
        assert!(scopes("root").contains(scope), "{}", scopes("root"));
        assert!(!scopes("almost").contains(scope), "{}", scopes("almost"));
    }
    // Whom another user lets hold everything is no administrator by that.
    let root = server.login("root", PASSWORD, &["users:write", "users:grant"]);
    let everything = catalogue(&server, &clerk);
    let call = server.patch("/users/almost").bearer(&root);
    call.json(&json!({"scopes": everything})).send().expect(200);
    add_one(&server, &clerk, "third");
    assert!(!scopes("almost").contains("third"), "{}", scopes("almost"));
    assert!(scopes("root").contains("third"), "{}", scopes("root"));
}

fn add_one(server: &Server, token: &Token, name: &str) {
    add(server, token, name).expect(201);
}
