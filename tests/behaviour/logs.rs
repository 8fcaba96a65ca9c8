//! No secret is in a log, an answer or, in clear, in the database.

use serde_json::{Value, json};

use crate::support::*;

const SECRETS: [&str; 5] = [
    "first-password-7f3a",
    "wrong-password-7f3a",
    "second-password-7f3a",
    "third-password-7f3a",
    "bearer-garbage-7f3a",
];

/// Uses every secret, rightly and wrongly, and returns the token as well.
fn use_secrets(server: &Server) -> String {
    let [first, wrong, second, third, garbage] = SECRETS;
    server.user("johndoe", first, &["me", "me:write", "users:write"]);
    server.try_login("johndoe", wrong, &["me"]).send();
    server
        .try_login(wrong, wrong, &["me"])
        .basic(wrong, wrong)
        .send();
    let token = server.login("johndoe", first, &["me", "me:write", "users:write"]);
    let user = json!({"username": "jane", "password": second, "scopes": ["me"]});
    server
        .post("/users")
        .bearer(&token)
        .json(&user)
        .send()
        .expect(201);
    let change = json!({"current_password": first, "new_password": third});
    server
        .put("/users/me/password")
        .bearer(&token)
        .json(&change)
        .send()
        .expect(204);
    let bad = format!("{{\"password\": \"{second}\", ");
    server
        .post("/users")
        .bearer(&token)
        .body("application/json", bad)
        .send();
    server.get("/users/me").bearer(garbage).send();
    server
        .get(&format!("/users/me?access_token={garbage}"))
        .send();
    server.post(&format!("/token?password={wrong}")).send();
    token.text
}

#[test]
fn s05_no_secret_is_in_the_log() {
    for format in ["text", "json"] {
        let server = Server::with_args(&["--log", "trace", "--log-format", format]);
        let token = use_secrets(&server);
        let signature = parts(&token)[2].to_owned();
        let log = server.log();
        for secret in SECRETS.into_iter().chain([&*token, &signature, "$2b$"]) {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret}");
        }
    }
}

#[test]
fn s06_no_secret_is_in_the_database_in_clear() {
    let server = Server::start();
    let token = use_secrets(&server);
    for secret in SECRETS.into_iter().chain([&*token]) {
        assert!(
            !server.home().database_contains(secret.as_bytes()),
            "{secret}"
        );
    }
}

#[test]
fn lines_of_the_json_log_are_json() {
    let server = Server::with_args(&["--log-format", "json", "--log", "debug"]);
    server.get("/users/me").send();
    server.try_login("nobody", PASSWORD, &[]).send();
    let log = server.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.starts_with('{')).collect();
    for line in &lines {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    assert!(!lines.is_empty(), "{log}");
}

#[test]
fn a_line_break_in_a_username_makes_no_line_of_its_own() {
    let server = Server::with_args(&["--log", "debug"]);
    server
        .try_login("x\n2026-01-01 forged line", PASSWORD, &[])
        .send();
    server.get("/users/x%0aforged%20line").send();
    let log = server.log();
    let forged = log.lines().find(|line| {
        line.trim_start().starts_with("2026-01-01 forged")
            || line.trim_start().starts_with("forged line")
    });
    assert_eq!(forged, None);
}

#[test]
fn each_refusal_says_in_the_log_why() {
    let server = Server::start();
    server.user("johndoe", PASSWORD, &["me"]);
    server.user("alice", PASSWORD, &["me"]);
    server.run(&["user", "disable", "alice"]).succeeded();
    let client = server.client("app", &["--scope", "me"]);
    let token = server.login("johndoe", PASSWORD, &["me"]);

    server.try_login("nobody", PASSWORD, &[]).send();
    server.try_login("johndoe", "wrong", &[]).send();
    server.try_login("alice", PASSWORD, &[]).send();
    let question = [("token", &*token.text)];
    let ask = |id: &str, secret: &str| {
        let call = server.post("/introspect").basic(id, secret);
        call.form(&question).send()
    };
    ask("app", "wrong");
    ask("unknown", &client.secret);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    server.post("/token").form(&refresh).send();
    server.get("/users/me").bearer("garbage").send();
    server.try_exchange("garbage", &[]).send();

    for why in [
        "there is no such user",
        "the password of user `johndoe` is wrong",
        "user `alice` is disabled",
        "the secret of client `app` is wrong",
        "the client is not registered",
        "it is not known",
        "token refused",
        "the subject_token is not accepted",
    ] {
        let says = |log: &String| {
            let mut lines = log.lines();
            lines.any(|line| line.contains(why) && line.contains("INFO"))
        };
        eventually(|| server.log(), says);
    }
}

#[test]
fn a_request_has_an_id_in_its_answer_in_the_problem_in_the_log_and_in_the_audit_log() {
    let server = Server::with_args(&["--log-format", "json", "--log", "scopegate=debug"]);
    let admin = server.admin();
    let refused = server.get("/users/me").bearer("garbage").send();
    let problem = assert_problem(&refused, 401);
    let id = refused.header("x-request-id").to_owned();
    assert_eq!(problem["request_id"], id);
    let another = server.get("/users/me").send();
    assert_ne!(another.header("x-request-id"), id);

    let log = server.log();
    let lines = log.lines().filter(|line| line.contains(&id));
    let lines: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    assert!(
        lines.iter().all(|line| line["request_id"] == id),
        "{lines:?}"
    );
    let of = |message: &str| {
        lines
            .iter()
            .find(|line| line["fields"]["message"] == message)
    };
    assert!(of("token refused").is_some(), "{log}");
    let answered = &of("answered").expect("a line a request")["fields"];
    assert_eq!(answered["method"], "GET");
    assert_eq!(answered["path"], "/users/me");
    assert_eq!(answered["status"], 401);

    let path = "/audit?action=request.refused";
    let told = server.get(path).bearer(&admin).send().expect(200);
    assert_eq!(told["items"][0]["request_id"], id);
}

#[test]
fn the_id_of_a_request_is_a_trusted_proxys_and_nobody_elses() {
    let proxied = Server::with_args(&["--trusted-proxy", "127.0.0.1/32"]);
    let direct = Server::start();
    let id = |server: &Server, id: &str| {
        let answer = server.get("/healthz").header("x-request-id", id).send();
        answer.header("x-request-id").to_owned()
    };
    assert_eq!(id(&proxied, "1-67891233-abcdef"), "1-67891233-abcdef");
    assert_ne!(id(&direct, "1-67891233-abcdef"), "1-67891233-abcdef");
    for unfit in ["two words", &"x".repeat(129)] {
        assert_ne!(id(&proxied, unfit), unfit);
    }
}
