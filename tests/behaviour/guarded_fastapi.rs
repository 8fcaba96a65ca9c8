//! The FastAPI applications of the documentation, run as its pages have them.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::support::*;

/// The application, on a port of its own.
struct Application {
    _process: Program,
    url: String,
}

impl Application {
    /// The one that a page has, which is guarded at a path.
    fn start(page: &str, path: &str, home: &Home, issuer: &str) -> Self {
        home.write("main.py", block(page, "python", 0));
        let port = free_address().port().to_string();
        let process = Program::start(
            Command::new(foreign_python())
                .args(["-m", "uvicorn", "main:app", "--port", &port])
                .current_dir(home.path())
                .env("ISSUER", issuer)
                .env("PYTHONPATH", GUARD)
                .stderr(Stdio::null()),
        );
        let url = format!("http://127.0.0.1:{port}{path}");
        let application = Self {
            _process: process,
            url,
        };
        let answer = || Call::new("GET", &application.url).try_send();
        eventually(|| answer().is_some(), |answers| *answers);
        application
    }

    fn get(&self, token: &str) -> Answer {
        Call::new("GET", &self.url).bearer(token).send()
    }
}

/// The package for Python.
const GUARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/python/src");

/// One of the blocks of a page in a language, counted from 0.
#[track_caller]
fn block<'a>(page: &'a str, language: &str, number: usize) -> &'a str {
    blocks(page, language)[number]
}

#[test]
fn the_application_of_the_page_takes_scopegates_tokens_and_no_others() {
    let address = free_address().to_string();
    let server = Server::with_args(&["--listen", &address]);
    let issuer = format!("http://{address}");
    let page = include_str!("../../docs/guard-fastapi.md");
    let application = Application::start(page, "/items", server.home(), &issuer);

    let document = application.url.replace("/items", "/openapi.json");
    let check = || server.run(&["scope", "check", &document, "--issuer", &issuer]);
    check().was_refused_naming("1 of 1 operations");
    server.run(&["scope", "import", &document]).succeeded();
    check().succeeded();
    server.user("johndoe", PASSWORD, &["items", "me"]);
    let items = || server.login("johndoe", PASSWORD, &["me"]);
    items();

    let token = eventually(
        || server.try_login("johndoe", PASSWORD, &["items"]).send(),
        |answer| answer.status == 200,
    );
    let token = Token::of(&token);
    let answer = application.get(&token.text);
    assert_eq!(answer.expect(200)["owner"], "username:johndoe");

    let lacking = application.get(&items().text);
    assert_eq!(lacking.status, 403, "{lacking:?}");
    let challenge = lacking.header("www-authenticate");
    assert_eq!(
        challenge,
        "Bearer error=\"insufficient_scope\", scope=\"items\""
    );

    let [header, claims, signature] = parts(&token.text);
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{header}.{claims}.{first}{}", &signature[1..]);
    for bad in ["garbage", &forged] {
        let refused = application.get(bad);
        assert_eq!(refused.status, 401, "{refused:?}");
    }
    let missing = Call::new("GET", &application.url).send();
    assert_eq!(missing.status, 401, "{missing:?}");
}

/// What an application of FastAPI's tutorial has of its users, by the names that are used there;
/// the password is `secret`.
const USERS: &str = r#"
fake_users_db = {
    "johndoe": {
        "username": "johndoe",
        "full_name": "John Doe",
        "email": "johndoe@example.com",
        "hashed_password": "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW",
        "disabled": False,
    },
    "alice": {
        "username": "alice",
        "hashed_password": "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW",
        "disabled": True,
    },
}
"#;

#[test]
fn users_of_the_tutorial_log_in_with_their_passwords_at_the_application_of_its_page() {
    let page = include_str!("../../docs/from-the-fastapi-tutorial.md");
    let address = free_address().to_string();
    let server = Server::with_args(&["--listen", &address]);
    let home = server.home();
    let binary = Path::new(env!("CARGO_BIN_EXE_scopegate"));
    let python = foreign_python();
    let [binaries, pythons] = [binary, &python].map(|program| program.parent().expect("a folder"));
    let path = std::env::var("PATH").expect("a PATH");
    let path = format!("{}:{}:{path}", binaries.display(), pythons.display());
    let run = |script: &str| {
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", script])
            .current_dir(home.path())
            .env("PATH", &path)
            .env("SCOPEGATE_DATABASE_URL", home.database().url());
        Done::of(&mut bash).succeeded().stdout
    };

    home.write("main.py", USERS);
    let add_scope = block(page, "sh", 0).lines().next().expect("a command");
    run(add_scope);
    run(block(page, "sh", 1));

    let issuer = format!("http://{address}");
    let application = Application::start(page, "/users/me/items/", home, &issuer);
    let origin = application.url.replace("/users/me/items/", "");
    let shown = run(&block(page, "sh", 4)
        .replace("http://127.0.0.1:8000", &issuer)
        .replace("http://127.0.0.1:9000", &origin));
    assert_eq!(shown.trim(), block(page, "json", 0).trim());

    let me = server.login("johndoe", "secret", &["me"]);
    let profile: Value = server.get("/users/me").bearer(&me).send().expect(200);
    assert_eq!(profile["full_name"], "John Doe");
    assert_eq!(application.get(&me.text).status, 403);
    let disabled = server.try_login("alice", "secret", &["items"]).send();
    assert_oauth_error(&disabled, 400, "invalid_grant");
}
