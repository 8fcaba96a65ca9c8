//! Devices without a keyboard (RFC 8628).

use serde_json::Value;

use crate::support::*;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A server with `johndoe`, who has `me items offline_access`, and the public
/// client `tv`, which may ask for these.
fn with_tv() -> Server {
    let server = Server::start();
    server
        .run(&["scope", "add", "items", "--description", "Read your items"])
        .succeeded();
    server.user("johndoe", PASSWORD, &["me", "items", "offline_access"]);
    add_device_client(&server, "tv");
    server
}

fn add_device_client(server: &Server, id: &str) {
    let mut args = vec!["client", "add", id, "--name", "The Television", "--public"];
    args.extend(["--grant", GRANT, "--grant", "refresh_token"]);
    for scope in ["me", "items", "offline_access"] {
        args.extend(["--scope", scope]);
    }
    server.run(&args).succeeded();
    let begin = || {
        server
            .post("/device_authorization")
            .form(&[("client_id", id)])
            .send()
    };
    eventually(begin, |answer| answer.status == 200);
}

/// What the device was given to wait with.
struct Waiting {
    answer: Value,
}

impl Waiting {
    fn begun(server: &Server, scope: &str) -> Self {
        let asked = [("client_id", "tv"), ("scope", scope)];
        let answer = server.post("/device_authorization").form(&asked).send();
        assert_not_stored(&answer);
        Self {
            answer: answer.expect(200),
        }
    }

    fn text(&self, name: &str) -> &str {
        self.answer[name].as_str().expect("text")
    }

    fn user_code(&self) -> &str {
        self.text("user_code")
    }

    fn ask_as(&self, server: &Server, client: &str) -> Answer {
        let code = self.text("device_code");
        let asked = [
            ("grant_type", GRANT),
            ("device_code", code),
            ("client_id", client),
        ];
        server.post("/token").form(&asked).send()
    }

    fn ask(&self, server: &Server) -> Answer {
        self.ask_as(server, "tv")
    }
}

/// Types a code in, and gives the page that follows.
fn type_code(browser: &mut Browser, code: &str) -> Answer {
    let form = browser.open("/device").form("/device");
    browser.submit(&form, &[("user_code", code)])
}

#[test]
fn a_device_gets_what_its_user_left_ticked() {
    let server = with_tv();
    let device = Waiting::begun(&server, "me items");
    assert_eq!(device.text("verification_uri"), format!("{ISSUER}/device"));
    assert_eq!(device.answer["expires_in"], 600);
    assert_eq!(device.answer["interval"], 5);
    let complete = device.text("verification_uri_complete");
    assert!(complete.ends_with(&format!("/device?user_code={}", device.user_code())));
    assert_oauth_error(&device.ask(&server), 400, "authorization_pending");

    let mut browser = Browser::at(&server);
    let path = format!("/device?user_code={}", device.user_code());
    let login = browser.open(&path).form("/login");
    let signed_in = browser.submit(&login, &[("username", "johndoe"), ("password", PASSWORD)]);
    let question = browser.follow(signed_in);
    assert!(question.body.contains("The Television"), "{question:?}");
    assert!(question.body.contains("Read your items"));
    let form = question.form("/device");
    assert_eq!(form.boxes, ["items", "me"]);
    let done = browser.submit(&form, &[("decision", "allow"), ("scope", "me")]);
    assert_eq!(done.status, 200, "{done:?}");
    let token = Token::of(&device.ask(&server));
    assert_eq!(token.scope(), "me");
    assert_eq!(decoded(&token.text).1["sub"], "username:johndoe");
    server.assert_accepts(&token.text);
}

#[test]
fn a_code_may_be_typed_in_small_letters_and_without_its_hyphen() {
    let server = with_tv();
    let device = Waiting::begun(&server, "me");
    let typed = device.user_code().replace('-', "").to_lowercase();
    let mut browser = Browser::signed_in(&server, "johndoe");
    let question = type_code(&mut browser, &typed);
    assert!(question.body.contains(device.user_code()), "{question:?}");
}

#[test]
fn a_refused_device_gets_nothing() {
    let server = with_tv();
    let mut browser = Browser::signed_in(&server, "johndoe");
    for refusal in [
        vec![("decision", "deny"), ("scope", "me")],
        vec![("decision", "allow")],
    ] {
        let device = Waiting::begun(&server, "me");
        let form = type_code(&mut browser, device.user_code()).form("/device");
        browser.submit(&form, &refusal);
        assert_oauth_error(&device.ask(&server), 400, "access_denied");
    }
}

#[test]
fn with_offline_access_a_device_gets_a_refresh_token() {
    let server = with_tv();
    let device = Waiting::begun(&server, "me offline_access");
    let mut browser = Browser::signed_in(&server, "johndoe");
    let form = type_code(&mut browser, device.user_code()).form("/device");
    let typed = [
        ("decision", "allow"),
        ("scope", "me"),
        ("scope", "offline_access"),
    ];
    browser.submit(&form, &typed);
    let token = Token::of(&device.ask(&server));
    let refresh = token.answer["refresh_token"].as_str().expect("one");
    let asked = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_id", "tv"),
    ];
    let next = Token::of(&server.post("/token").form(&asked).send());
    server.assert_accepts(&next.text);
}

#[test]
fn c17_a_device_that_asks_too_often_is_slowed_down() {
    let server = with_tv();
    let device = Waiting::begun(&server, "me");
    assert_oauth_error(&device.ask(&server), 400, "authorization_pending");
    assert_oauth_error(&device.ask(&server), 400, "slow_down");
}

#[test]
fn c17_a_code_lets_one_device_in_and_gives_one_token() {
    let server = with_tv();
    let device = Waiting::begun(&server, "me");
    let mut browser = Browser::signed_in(&server, "johndoe");
    let form = type_code(&mut browser, device.user_code()).form("/device");
    let typed = [("decision", "allow"), ("scope", "me")];
    assert_eq!(browser.submit(&form, &typed).status, 200);
    assert_eq!(browser.submit(&form, &typed).status, 400);
    Token::of(&device.ask(&server));
    assert_oauth_error(&device.ask(&server), 400, "invalid_grant");
}

#[test]
fn c17_wrong_codes_are_limited() {
    let server = with_tv();
    let device = Waiting::begun(&server, "me");
    let mut browser = Browser::signed_in(&server, "johndoe");
    let form = browser.open("/device").form("/device");
    for _ in 0..10 {
        let answer = browser.submit(&form, &[("user_code", "BBBB-BBBB")]);
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    let answer = browser.submit(&form, &[("user_code", device.user_code())]);
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").parse::<u64>().is_ok());
}

#[test]
fn a_device_code_is_good_for_its_client_alone() {
    let server = with_tv();
    add_device_client(&server, "radio");
    let device = Waiting::begun(&server, "me");
    assert_oauth_error(&device.ask_as(&server, "radio"), 400, "invalid_grant");
    assert_oauth_error(&device.ask(&server), 400, "authorization_pending");
}

#[test]
fn who_may_not_use_the_grant_cannot_begin() {
    let server = with_tv();
    server
        .run(&["client", "add", "shop", "--public", "--scope", "me"])
        .succeeded();
    let begin = |client: &str| {
        let asked = [("client_id", client), ("scope", "me")];
        server.post("/device_authorization").form(&asked).send()
    };
    eventually(|| begin("shop"), |answer| answer.status == 400);
    assert_oauth_error(&begin("shop"), 400, "unauthorized_client");
    assert_oauth_error(&begin("nobody"), 401, "invalid_client");
    let too_much = [("client_id", "tv"), ("scope", "users:write")];
    let answer = server.post("/device_authorization").form(&too_much).send();
    assert_oauth_error(&answer, 400, "invalid_scope");
}
