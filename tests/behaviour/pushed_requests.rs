//! Pushed authorization requests (RFC 9126).

use serde_json::Value;

use crate::support::*;

const PUSHED: &[(&str, &str)] = &[
    ("client_id", "shop"),
    ("response_type", "code"),
    ("redirect_uri", CALLBACK),
    ("scope", "me items"),
    ("state", "s1"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

fn push(server: &Server, changes: &[(&str, &str)]) -> Answer {
    let usual = PUSHED.iter().filter(|(name, _)| {
        let is_changed = |(one, _): &(&str, &str)| one == name;
        !changes.iter().any(is_changed)
    });
    let form: Vec<_> = usual.chain(changes).copied().collect();
    server.post("/par").form(&form).send()
}

/// Where the browser is sent for a request that was pushed.
fn authorize(client_id: &str, pushed: &Value) -> String {
    let reference = pushed["request_uri"].as_str().expect("a reference");
    let reference = percent_encoded(reference);
    format!("/authorize?client_id={client_id}&request_uri={reference}")
}

/// Follows a path to the login page, types the password, and goes on from there.
fn log_in(browser: &mut Browser, path: &str) -> Answer {
    let page = browser.open(path);
    let typed = [("username", "johndoe"), ("password", PASSWORD)];
    let answer = browser.submit(&page.form("/login"), &typed);
    browser.follow(answer)
}

#[test]
fn a_request_that_was_pushed_leads_to_a_code_and_serves_once() {
    let server = Server::with_shop(&[]);
    let answer = push(&server, &[]);
    assert_not_stored(&answer);
    let pushed = answer.expect(201);
    assert_eq!(pushed["expires_in"], 600);
    let path = authorize("shop", &pushed);
    let mut browser = Browser::at(&server);
    let page = log_in(&mut browser, &path);
    let url = browser.answer_consent(&page, &["me"]);
    assert_eq!(parameter(&url, "state").as_deref(), Some("s1"));
    let code = parameter(&url, "code").expect("a code");
    let token = Token::of(&server.redeem(&code).send());
    assert_eq!(token.scope(), "me");
    let again = browser.open(&path);
    assert_eq!(again.status, 400);
    assert!(again.body.contains("start again"), "{again:?}");
}

#[test]
fn what_was_pushed_cannot_be_changed_on_the_way() {
    let server = Server::with_shop(&[]);
    let pushed = push(&server, &[("scope", "me")]).expect(201);
    let path = authorize("shop", &pushed) + "&scope=items&state=other";
    let mut browser = Browser::at(&server);
    let page = log_in(&mut browser, &path);
    let url = browser.answer_consent(&page, &["me", "items"]);
    assert_eq!(parameter(&url, "state").as_deref(), Some("s1"));
    let code = parameter(&url, "code").expect("a code");
    assert_eq!(Token::of(&server.redeem(&code).send()).scope(), "me");
}

#[test]
fn a_reference_is_for_the_client_that_pushed_it() {
    let server = Server::with_shop(&[]);
    let pushed = push(&server, &[]).expect(201);
    let unknown = serde_json::json!({"request_uri": "urn:ietf:params:oauth:request_uri:x"});
    for path in [
        authorize("scopegate-docs", &pushed),
        authorize("", &pushed),
        authorize("shop", &unknown),
    ] {
        let answer = server.get(&path).send();
        assert_eq!(answer.status, 400, "{path}");
        assert!(!answer.headers.contains_key("location"));
    }
    let elsewhere = authorize_path(&[("request_uri", "https://shop.example/request")]);
    let url = redirect_of(&server.get(&elsewhere).send());
    let error = parameter(&url, "error");
    assert_eq!(error.as_deref(), Some("request_uri_not_supported"));
}

#[test]
fn whoever_pushes_is_told_what_is_wrong() {
    let server = Server::with_shop(&[]);
    for (name, value, error) in [
        ("redirect_uri", "https://thief.example/", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("scope", "users:write", "invalid_scope"),
        ("resource", "https://elsewhere.example", "invalid_target"),
        (
            "request",
            "eyJhbGciOiJub25lIn0.e30.",
            "request_not_supported",
        ),
        (
            "request_uri",
            "urn:ietf:params:oauth:request_uri:x",
            "request_uri_not_supported",
        ),
        ("prompt", "none login", "invalid_request"),
        ("max_age", "soon", "invalid_request"),
    ] {
        assert_oauth_error(&push(&server, &[(name, value)]), 400, error);
    }
    let unknown = push(&server, &[("client_id", "nobody")]);
    assert_oauth_error(&unknown, 401, "invalid_client");
}

#[test]
fn a_confidential_client_authenticates_to_push() {
    let server = Server::with_shop(&[]);
    let grants = [
        "--grant",
        "authorization_code",
        "--redirect-uri",
        CALLBACK,
        "--scope",
        "me",
    ];
    let client = server.client("web", &grants);
    let without = push(&server, &[("client_id", "web")]);
    assert_oauth_error(&without, 401, "invalid_client");
    let form: Vec<_> = PUSHED[1..]
        .iter()
        .map(|(name, value)| (*name, if *name == "scope" { "me" } else { value }))
        .collect();
    let call = server.post("/par").basic(&client.id, &client.secret);
    call.form(&form).send().expect(201);
}

#[test]
fn a_pushed_request_for_a_new_login_is_met_by_a_login_after_it() {
    let server = Server::with_shop(&["--first-party"]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    let pushed = push(&server, &[("prompt", "login")]).expect(201);
    let path = authorize("shop", &pushed);
    let answered = log_in(&mut browser, &path);
    assert!(parameter(&redirect_of(&answered), "code").is_some());
}

#[test]
fn the_login_page_speaks_the_language_that_a_pushed_request_asks_for() {
    let server = Server::with_shop(&["--first-party"]);
    let pushed = push(&server, &[("ui_locales", "se de-AT")]).expect(201);
    let mut browser = Browser::at(&server);
    let login = browser.open(&authorize("shop", &pushed));
    assert!(login.body.contains(r#"<html lang="de""#), "{login:?}");
    let typed = [("username", "johndoe"), ("password", PASSWORD)];
    let answer = browser.submit(&login.form("/login"), &typed);
    let answered = browser.follow(answer);
    assert!(parameter(&redirect_of(&answered), "code").is_some());
}

#[test]
fn the_endpoint_is_in_the_metadata() {
    let server = Server::start();
    let path = "/.well-known/oauth-authorization-server";
    let metadata = server.get(path).send().expect(200);
    let issuer = metadata["issuer"].as_str().expect("an issuer");
    let endpoint = format!("{issuer}/par");
    assert_eq!(metadata["pushed_authorization_request_endpoint"], endpoint);
}
