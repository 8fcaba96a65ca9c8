//! Users who live in the table of a real Django or Flask application, which
//! runs beside the server and changes them by its own means.

use std::fs;

use serde_json::{Value, json};

use crate::support::*;

const OTHER_PASSWORD: &str = "another-password";

/// A Django project with the user `ada`, an editor.
fn django() -> (Home, Site) {
    let home = Home::new();
    let mut site = Site::start("django_site.py", &home.path().join("django"));
    site.told(
        json!({"do": "register", "name": "ada", "password": PASSWORD, "email": "ada@example.com"}),
    );
    site.told(json!({"do": "join", "name": "ada", "group": "editors"}));
    (home, site)
}

/// A server on the users of a Django project.
fn serving_django(args: &[&str]) -> (Server, Site) {
    let (home, site) = django();
    let args = [DJANGO, args].concat();
    (Server::start_in(home, &args), site)
}

const DJANGO: &[&str] = &[
    "--user-source=django",
    "--user-source-url=sqlite:django/db.sqlite3",
    "--user-source-scope=me",
    "--group-scope=editors=users:read,editors=me:write,editors=tokens,editors=offline_access",
];

/// A server on the users of a Flask application, with the user `ada`.
fn serving_flask() -> (Server, Site) {
    let home = Home::new();
    let mut site = Site::start("flask_site.py", &home.path().join("flask"));
    site.told(json!({"do": "register", "name": "ada", "password": PASSWORD, "method": "scrypt"}));
    let columns = "id=key,username=login,password_hash=pw,email=mail,disabled=locked";
    let args = [
        "--user-source=flask",
        "--user-source-url=flask/app.db",
        "--user-source-table=members",
        &format!("--user-source-column={columns}"),
        "--user-source-scope=me",
    ];
    (Server::start_in(home, &args), site)
}

fn set_password(site: &mut Site, password: &str) {
    site.told(json!({"do": "set_password", "name": "ada", "password": password}));
}

fn logs_in(site: &mut Site, password: &str) -> bool {
    let answer = site.told(json!({"do": "logs_in", "name": "ada", "password": password}));
    answer == json!(true) || answer == json!([true])
}

fn stored(site: &mut Site) -> Value {
    site.told(json!({"do": "stored", "name": "ada"}))
}

#[track_caller]
fn assert_cannot_log_in(server: &Server, username: &str, password: &str) {
    let answer = server.try_login(username, password, &[]).send();
    assert_eq!(answer.expect(400)["error"], "invalid_grant");
}

#[test]
fn a_user_registered_in_django_logs_in_here_and_there_and_nothing_is_migrated() {
    let (server, mut site) = serving_django(&[]);
    let before = stored(&mut site);
    assert_eq!(before["last_login"], Value::Null);
    let token = server.login("ada", PASSWORD, &["me", "users:read"]);
    let me = server.get("/users/me").bearer(&token.text).send();
    assert_eq!(
        me.expect(200),
        json!({"username": "ada", "email": "ada@example.com", "full_name": null, "disabled": false,
               "scopes": ["me", "me:write", "offline_access", "tokens", "users:read"]})
    );
    assert_cannot_log_in(&server, "ada", OTHER_PASSWORD);
    assert_cannot_log_in(&server, "Ada", PASSWORD);
    assert_cannot_log_in(&server, "bob", PASSWORD);

    assert!(logs_in(&mut site, PASSWORD));
    let after = stored(&mut site);
    assert_eq!(after["password"], before["password"]);
    assert!(after["last_login"].as_f64().is_some(), "{after}");
}

#[test]
fn a_password_changed_in_django_ends_what_the_old_one_opened() {
    let (server, mut site) = serving_django(&[]);
    let token = server.login("ada", PASSWORD, &["me"]);
    server.assert_accepts(&token.text);
    set_password(&mut site, OTHER_PASSWORD);
    server.assert_refuses(&token.text);
    assert_cannot_log_in(&server, "ada", PASSWORD);
    let next = server.login("ada", OTHER_PASSWORD, &["me"]);
    server.assert_accepts(&next.text);
    server.assert_refuses(&token.text);
    assert!(logs_in(&mut site, OTHER_PASSWORD));
}

#[test]
fn who_is_disabled_or_leaves_a_group_in_django_is_so_here_at_the_next_request() {
    let (server, mut site) = serving_django(&[]);
    let token = server.login("ada", PASSWORD, &["me", "users:read"]);
    let list = || server.get("/users").bearer(&token.text).send();
    list().expect(200);
    site.told(json!({"do": "leave", "name": "ada", "group": "editors"}));
    list().expect(403);
    site.told(json!({"do": "join", "name": "ada", "group": "editors"}));
    list().expect(200);
    site.told(json!({"do": "change", "name": "ada", "is_active": false}));
    server.assert_refuses(&token.text);
    assert_cannot_log_in(&server, "ada", PASSWORD);
    site.told(json!({"do": "change", "name": "ada", "is_active": true}));
    server.assert_accepts(&token.text);
}

#[test]
fn t26_who_is_removed_in_django_and_registered_again_is_somebody_else() {
    let (server, mut site) = serving_django(&[]);
    let token = server.login("ada", PASSWORD, &["me"]);
    let hash = stored(&mut site)["password"].clone();
    site.told(json!({"do": "remove", "name": "ada"}));
    server.assert_refuses(&token.text);
    site.told(json!({"do": "register", "name": "ada", "password": PASSWORD}));
    server.assert_refuses(&token.text);
    // The same password hash makes nobody the same user.
    site.told(json!({"do": "change", "name": "ada", "password": hash}));
    server.assert_refuses(&token.text);
    let next = server.login("ada", PASSWORD, &["me"]);
    server.assert_accepts(&next.text);
    server.assert_refuses(&token.text);
}

#[test]
fn superusers_of_django_hold_every_scope_or_those_that_are_set() {
    let (mut server, mut site) = serving_django(&[]);
    site.told(json!({"do": "register", "name": "root", "password": PASSWORD, "superuser": true}));
    let granted = server.login("root", PASSWORD, &["keys:write", "users:write"]);
    assert_eq!(granted.scope(), "keys:write users:write");
    drop(server);
    let (home, mut site) = django();
    site.told(json!({"do": "register", "name": "root", "password": PASSWORD, "superuser": true}));
    let args = [DJANGO, &["--user-source-superuser-scope=users:read"]].concat();
    server = Server::start_in(home, &args);
    let granted = server.login("root", PASSWORD, &["keys:write", "users:read", "me"]);
    assert_eq!(granted.scope(), "me users:read");
}

#[test]
fn users_are_read_there_and_changed_there() {
    let (server, mut site) = serving_django(&[]);
    site.told(json!({"do": "register", "name": "root", "password": PASSWORD, "superuser": true}));
    site.told(json!({"do": "register", "name": "anna", "password": PASSWORD}));
    let root = server.login("root", PASSWORD, &["users:read", "users:write", "me:write"]);
    let names = |path: &str| {
        let page = server.get(path).bearer(&root.text).send().expect(200);
        let users = page["items"].as_array().expect("users").clone();
        let names = users.iter().map(|user| user["username"].clone());
        (names.collect::<Vec<_>>(), page["next_cursor"].clone())
    };
    assert_eq!(names("/users").0, ["ada", "anna", "root"]);
    assert_eq!(names("/users?prefix=a").0, ["ada", "anna"]);
    let (first, cursor) = names("/users?limit=2");
    assert_eq!(first, ["ada", "anna"]);
    let cursor = cursor.as_str().expect("a cursor");
    assert_eq!(
        names(&format!("/users?limit=2&cursor={cursor}")).0,
        ["root"]
    );
    server
        .get("/users/nobody")
        .bearer(&root.text)
        .send()
        .expect(404);

    let user = json!({"username": "bob", "password": PASSWORD});
    let password = json!({"current_password": PASSWORD, "new_password": OTHER_PASSWORD});
    for call in [
        server.post("/users").json(&user),
        server.patch("/users/ada").json(&json!({"disabled": true})),
        server.delete("/users/ada"),
        server
            .patch("/users/me")
            .json(&json!({"full_name": "Root"})),
        server.put("/users/me/password").json(&password),
    ] {
        let problem = call.bearer(&root.text).send().expect(409);
        let detail = problem["detail"].as_str().expect("a detail").to_owned();
        assert!(
            detail.contains("Django application, table `auth_user`"),
            "{detail}"
        );
    }
    assert!(logs_in(&mut site, PASSWORD));
}

#[test]
fn commands_show_shared_users_and_refuse_to_change_them() {
    let (home, _site) = django();
    let run = |args: &[&str]| home.run(&[args, DJANGO].concat());
    let list = run(&["user", "list", "--json"]).succeeded().json();
    assert_eq!(list[0]["username"], "ada");
    assert_eq!(
        run(&["user", "show", "ada", "--json"]).succeeded().json()["email"],
        "ada@example.com"
    );
    for args in [
        &["user", "add", "bob", "--password-stdin"][..],
        &["user", "set-password", "ada", "--password-stdin"],
        &["user", "grant", "ada", "me"],
        &["user", "revoke", "ada", "me"],
        &["user", "disable", "ada"],
        &["user", "enable", "ada"],
        &["user", "remove", "ada"],
        &["user", "import", "--from", "csv", "users.csv"],
    ] {
        run(args).was_refused_naming("users are managed in the database of the Django application");
    }
}

#[test]
fn shared_users_have_personal_and_refresh_tokens_which_end_with_the_password() {
    let (server, mut site) = serving_django(&[]);
    let scopes = ["me", "tokens", "offline_access"];
    let answer = server
        .try_login("ada", PASSWORD, &scopes)
        .send()
        .expect(200);
    let token = answer["access_token"].as_str().expect("a token");
    let personal = json!({"name": "robot", "scopes": ["me"], "expires_in": 3600});
    let made = server
        .post("/users/me/tokens")
        .bearer(token)
        .json(&personal)
        .send();
    let made = made.expect(201);
    let personal = made["access_token"].as_str().expect("a token");
    server.assert_accepts(personal);
    let refresh = |token: &Value| {
        let token = token.as_str().expect("a refresh token").to_owned();
        server
            .post("/token")
            .form(&[("grant_type", "refresh_token"), ("refresh_token", &token)])
            .send()
    };
    let next = refresh(&answer["refresh_token"]).expect(200);
    server.assert_accepts(next["access_token"].as_str().expect("a token"));

    set_password(&mut site, OTHER_PASSWORD);
    server.assert_refuses(personal);
    refresh(&next["refresh_token"]).expect(400);
    server.login("ada", OTHER_PASSWORD, &["me"]);
    server.assert_refuses(personal);
    refresh(&next["refresh_token"]).expect(400);
}

#[test]
fn without_the_other_database_nothing_is_guessed() {
    let (server, site) = serving_django(&[]);
    let token = server.login("ada", PASSWORD, &["me"]);
    let aside = site.database.with_extension("aside");
    fs::rename(&site.database, &aside).expect("a file set aside");
    let ask = || server.get("/users/me").bearer(&token.text).send();
    ask().expect(503);
    server
        .try_login("ada", PASSWORD, &["me"])
        .send()
        .expect(503);
    server.get("/readyz").send().expect(503);
    fs::rename(&aside, &site.database).expect("a file put back");
    ask().expect(200);
    server.login("ada", PASSWORD, &["me"]);
    server.get("/readyz").send().expect(200);
}

#[test]
fn tokens_of_shared_users_end_where_users_are_scopegates_own_again() {
    let (home, _site) = django();
    home.user("ada", OTHER_PASSWORD, &["users:write", "me"]);
    let mut args = vec!["serve"];
    args.extend(DJANGO);
    let shared = Running::start(home.command(&args));
    let url = |path: &str, running: &Running| format!("http://{}{path}", running.address);
    let form = [
        ("grant_type", "password"),
        ("username", "ada"),
        ("password", PASSWORD),
        ("scope", "me"),
    ];
    let token = Call::new("POST", &url("/token", &shared))
        .form(&form)
        .send()
        .expect(200);
    let token = token["access_token"].as_str().expect("a token").to_owned();
    drop(shared);
    let server = Server::start_in(home, &[]);
    server.assert_refuses(&token);
    let own = server.login("ada", OTHER_PASSWORD, &["me"]);
    server.assert_accepts(&own.text);
    server.assert_refuses(&token);
}

#[test]
fn a_user_of_a_flask_application_logs_in_here_and_there() {
    let (server, mut site) = serving_flask();
    let token = server.login("ada", PASSWORD, &["me"]);
    let me = server
        .get("/users/me")
        .bearer(&token.text)
        .send()
        .expect(200);
    assert_eq!(me["email"], "ada@example.com");
    let hash = stored(&mut site);
    assert!(hash[0].as_str().expect("a hash").starts_with("scrypt:"));
    assert!(logs_in(&mut site, PASSWORD));
    assert_cannot_log_in(&server, "ada", OTHER_PASSWORD);

    set_password(&mut site, OTHER_PASSWORD);
    server.assert_refuses(&token.text);
    assert_cannot_log_in(&server, "ada", PASSWORD);
    let token = server.login("ada", OTHER_PASSWORD, &["me"]);
    assert!(logs_in(&mut site, OTHER_PASSWORD));

    site.told(json!({"do": "lock", "name": "ada", "locked": true}));
    server.assert_refuses(&token.text);
    assert_cannot_log_in(&server, "ada", OTHER_PASSWORD);
    site.told(json!({"do": "lock", "name": "ada", "locked": false}));
    server.assert_accepts(&token.text);

    // SQLite gives the key of the last row again.
    site.told(json!({"do": "remove", "name": "ada"}));
    site.told(
        json!({"do": "register", "name": "ada", "password": OTHER_PASSWORD, "method": "pbkdf2"}),
    );
    server.assert_refuses(&token.text);
    server.login("ada", OTHER_PASSWORD, &["me"]);
    server.assert_refuses(&token.text);
}

#[test]
fn a_source_of_users_that_cannot_be_is_refused_at_the_start() {
    let home = Home::new();
    let refused = |args: &[&str], what: &str| {
        home.run(&[&["serve"], args].concat())
            .was_refused_naming(what);
    };
    refused(&["--user-source=rails"], "user-source");
    refused(&["--user-source=django"], "user-source-url");
    refused(&["--user-source-url=sqlite:x"], "user-source-url");
    let django = "--user-source=django";
    refused(
        &[django, "--user-source-url=mysql://u:hunter2@h/x"],
        "user-source-url",
    );
    refused(&[django, "--user-source-url=none.db"], "none.db");
    home.write("empty.db", "");
    refused(&[django, "--user-source-url=empty.db"], "auth_user");
}

#[test]
fn b1_a_name_is_typed_as_in_djangos_login_form() {
    let (server, mut site) = serving_django(&[]);
    site.told(json!({"do": "register", "name": "jos\u{e9}", "password": PASSWORD}));
    site.told(json!({"do": "register", "name": "Eve@example.com", "password": PASSWORD}));
    for typed in ["jos\u{e9}", "  jose\u{301} ", "\u{ff4a}os\u{e9}"] {
        let token = server.login(typed, PASSWORD, &["me"]);
        assert_eq!(decoded(&token.text).1["sub"], "username:jos\u{e9}");
    }
    // The case counts in Django, of an e-mail address as well.
    assert_cannot_log_in(&server, "eve@example.com", PASSWORD);
    assert_cannot_log_in(&server, "Jos\u{e9}", PASSWORD);
}

#[test]
fn b1_the_case_of_an_email_address_does_not_count_in_a_flask_application() {
    let (server, mut site) = serving_flask();
    for name in ["Eve@Example.com", "Bob@example.com", "BOB@example.com"] {
        site.told(
            json!({"do": "register", "name": name, "password": PASSWORD, "method": "scrypt"}),
        );
    }
    let token = server.login("eve@example.COM", PASSWORD, &["me"]);
    assert_eq!(decoded(&token.text).1["sub"], "username:Eve@Example.com");
    server.assert_accepts(&token.text);
    server.login("Bob@example.com", PASSWORD, &["me"]);
    // Two rows have this name: nobody is guessed, and the log says so.
    assert_cannot_log_in(&server, "bob@example.com", PASSWORD);
    assert!(
        server.log().contains("more than one user"),
        "{}",
        server.log()
    );
    assert_cannot_log_in(&server, "Ada", PASSWORD);
}

#[test]
fn b1_whether_the_case_counts_is_a_setting() {
    let (server, mut site) = serving_django(&["--user-source-name-case=ignore"]);
    site.told(json!({"do": "register", "name": "Eve@example.com", "password": PASSWORD}));
    let token = server.login("eve@example.com", PASSWORD, &["me"]);
    assert_eq!(decoded(&token.text).1["sub"], "username:Eve@example.com");
}
