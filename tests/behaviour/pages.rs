//! The pages for people: who may send their forms, what a browser is told about
//! them, sessions, and what one has at `/account`.

use crate::support::*;

const PAGES: [&str; 4] = ["/login", "/account", "/device", "/logout"];

/// A server with `johndoe`, who has `me items tokens`, and his browser.
fn with_johndoe(args: &[&str]) -> Server {
    let server = Server::with_args(args);
    server.user("johndoe", PASSWORD, &["me", "scopes:write", "tokens"]);
    server
}

fn hidden(name: &str, form: &Form) -> String {
    let mut fields = form.fields.iter();
    let field = fields.find(|(one, _)| one == name).expect("the field");
    field.1.clone()
}

/// A form with the token of another session.
fn with_csrf(form: &Form, token: &str) -> Form {
    let fields = form.fields.iter().cloned();
    let fields = fields.filter(|(name, _)| name != "csrf");
    let token = ("csrf".to_owned(), token.to_owned());
    Form {
        fields: fields.chain([token]).collect(),
        ..form.clone()
    }
}

#[test]
fn c09_a_form_counts_only_from_our_page_and_the_session_it_was_shown_to() {
    let server = Server::with_shop(&[]);
    server.user("alice", PASSWORD, &["me"]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    browser.allow(&authorize_path(&[]), &["me"]);
    let made = browser.open("/account").form("/account/tokens");
    let typed = [("name", "bot"), ("days", "1"), ("scope", "me")];
    assert_eq!(browser.submit(&made, &typed).status, 200);
    Browser::signed_in(&server, "johndoe");
    let account = browser.open("/account");
    let question = browser.open(&authorize_path(&[("prompt", "consent")]));
    let mut forms = account.forms();
    forms.push(question.form("/consent"));
    forms.push(browser.open("/device").form("/device"));
    forms.push(browser.open("/login").form("/login"));
    let of_alice = Browser::signed_in(&server, "alice").open("/account");
    let of_alice = hidden("csrf", &of_alice.form("/logout"));
    let actions: Vec<&str> = forms.iter().map(|form| form.action.as_str()).collect();
    for action in [
        "/account/password",
        "/account/tokens",
        "/account/tokens/revoke",
        "/account/apps/revoke",
        "/account/sessions/end",
        "/account/sessions/end-all",
        "/consent",
        "/device",
        "/login",
        "/logout",
    ] {
        assert!(actions.contains(&action), "{actions:?}");
    }
    let answers = [
        ("username", "johndoe"),
        ("password", PASSWORD),
        ("current_password", PASSWORD),
        ("new_password", "another-password"),
        ("decision", "allow"),
        ("scope", "me"),
        ("name", "second"),
        ("days", "1"),
        ("user_code", "BBBB-BBBB"),
    ];
    for form in &forms {
        for token in ["", "x", &of_alice] {
            let answer = browser.submit(&with_csrf(form, token), &answers);
            assert_eq!(answer.status, 403, "{form:?}: {answer:?}");
            assert!(answer.header("content-type").starts_with("text/html"));
        }
        let fields: Vec<(&str, &str)> = form
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain(answers)
            .collect();
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let call = server.post(&form.action).form(&fields);
            let answer = browser.send(call.header(name, value));
            assert_eq!(answer.status, 403, "{form:?} {name}: {value}");
        }
    }
    let after = browser.open("/account");
    assert_eq!(
        after.forms().len(),
        account.forms().len(),
        "nothing was done"
    );
    server.login("johndoe", PASSWORD, &["me"]);
}

#[test]
fn c10_c22_no_page_can_be_framed_stored_or_made_to_run_anything() {
    let server = with_johndoe(&[]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    let wrong = ["/authorize?client_id=nobody", "/consent?request=none"];
    for path in PAGES.iter().chain(&wrong) {
        let page = browser.get(path);
        assert!(
            page.header("content-type").starts_with("text/html"),
            "{path}"
        );
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(page.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
    }
}

#[test]
fn c22_the_cookie_is_for_this_server_alone() {
    let flags = |server: &Server| {
        let cookie = server.get("/login").send().header("set-cookie").to_owned();
        let (pair, flags) = cookie.split_once("; ").expect("flags");
        let name = pair.split('=').next().expect("a name").to_owned();
        (name, flags.to_owned())
    };
    let (name, plain) = flags(&Server::start());
    assert_eq!(name, "scopegate_session");
    assert_eq!(plain, "Path=/; HttpOnly; SameSite=Lax");
    let https = Server::with_args(&["--issuer", "https://login.example"]);
    let (name, secure) = flags(&https);
    assert_eq!(name, "__Host-scopegate");
    assert_eq!(secure, "Path=/; HttpOnly; SameSite=Lax; Secure");
}

#[test]
fn c11_who_signs_in_gets_a_session_that_nobody_knew_before() {
    let server = with_johndoe(&[]);
    let mut browser = Browser::at(&server);
    browser.open("/login");
    let before = browser.cookie.clone();
    browser.sign_in("johndoe", PASSWORD, "/login");
    let first = browser.cookie.clone();
    assert!(before.is_some() && first.is_some() && before != first);
    browser.sign_in("johndoe", PASSWORD, "/login");
    assert_ne!(first, browser.cookie);
    for old in [before, first] {
        let mut thief = Browser::at(&server);
        thief.cookie = old;
        thief.open("/account").form("/login");
    }
    assert!(browser.open("/account").body.contains("johndoe"));
}

#[test]
fn c12_c23_a_login_leads_to_paths_of_this_server_only() {
    let server = with_johndoe(&[]);
    for (target, to) in [
        ("/device", "/device"),
        ("//evil.example", "/account"),
        ("/\\evil.example", "/account"),
        ("\\/evil.example", "/account"),
        ("https:evil.example", "/account"),
        ("https://evil.example/", "/account"),
        ("/\t/evil.example", "/account"),
        ("javascript:alert(1)", "/account"),
        ("", "/account"),
    ] {
        let mut browser = Browser::at(&server);
        let path = format!("/login?return_to={}", percent_encoded(target));
        let answer = browser.sign_in("johndoe", PASSWORD, &path);
        assert_eq!(answer.status, 303, "{answer:?}");
        assert_eq!(answer.header("location"), to, "{target}");
    }
    for target in ["//evil.example", "/\\evil.example"] {
        let mut browser = Browser::at(&server);
        let form = browser.open("/login").form("/login");
        let typed = [
            ("return_to", target),
            ("username", "johndoe"),
            ("password", PASSWORD),
        ];
        let answer = browser.submit(&form, &typed);
        assert_eq!(answer.header("location"), "/account", "{target}");
    }
}

#[test]
fn c14_stored_text_is_shown_as_text() {
    let server = Server::start();
    let html = "<script>alert('x')</script>";
    let shown = "&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;";
    server
        .run(&["scope", "add", "items", "--description", html])
        .succeeded();
    server.user("johndoe", PASSWORD, &["items", "tokens"]);
    let mut add = vec!["client", "add", "shop", "--name", html, "--public"];
    add.extend(["--grant", "authorization_code", "--redirect-uri", CALLBACK]);
    add.extend(["--scope", "items"]);
    server.run(&add).succeeded();
    let request = authorize_path(&[("scope", "items")]);
    eventually(
        || server.get(&request).send(),
        |answer| answer.status == 303,
    );
    let mut browser = Browser::at(&server);
    let form = browser.open("/login").form("/login");
    let fields = hidden("csrf", &form);
    let login = [
        ("csrf", fields.as_str()),
        ("username", "johndoe"),
        ("password", PASSWORD),
    ];
    browser.send(
        server
            .post("/login")
            .form(&login)
            .header("user-agent", html),
    );
    let question = browser.open(&request);
    browser.answer_consent(&question, &["items"]);
    let form = browser.open("/account").form("/account/tokens");
    let typed = [("name", html), ("days", "1"), ("scope", "items")];
    let made = browser.submit(&form, &typed);
    for page in [question, made, browser.open("/account")] {
        assert_eq!(page.status, 200, "{page:?}");
        assert!(page.body.contains(shown), "{page:?}");
        assert!(!page.body.contains("<script>alert"), "{page:?}");
    }
    let form = browser.open("/login").form("/login");
    let typed = [("username", "\"><script>alert(1)"), ("password", "x")];
    let wrong = browser.submit(&form, &typed);
    assert_eq!(wrong.status, 400);
    assert!(!wrong.body.contains("<script>"), "{wrong:?}");
}

#[test]
fn c18_who_signs_out_has_no_session_left_on_the_server() {
    let server = with_johndoe(&[]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    let stolen = browser.cookie.clone();
    let form = browser.open("/account").form("/logout");
    assert_eq!(browser.submit(&form, &[]).status, 303);
    assert_eq!(browser.cookie, None);
    browser.cookie = stolen;
    browser.open("/account").form("/login");
}

#[test]
fn c19_a_foreign_host_header_reaches_no_address() {
    let server = Server::with_shop(&[]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    for path in [
        "/",
        "/account",
        "/device",
        "/login",
        "/.well-known/oauth-authorization-server",
        "/openapi.json",
        &authorize_path(&[]),
    ] {
        let answer = browser.send(server.get(path).header("host", "evil.example"));
        assert!(!answer.body.contains("evil.example"), "{path}: {answer:?}");
        let location = answer.header("location");
        assert!(!location.contains("evil.example"), "{path}: {location}");
    }
}

#[test]
fn a_sign_in_ends_where_it_is_not_wanted_any_more() {
    let server = with_johndoe(&[]);
    let mut here = Browser::signed_in(&server, "johndoe");
    let mut there = Browser::signed_in(&server, "johndoe");
    let form = here.open("/account").form("/account/sessions/end");
    assert_eq!(here.submit(&form, &[]).status, 303);
    there.open("/account").form("/login");
    assert!(here.open("/account").body.contains("This browser"));
}

#[test]
fn nobody_ends_the_sign_in_of_another() {
    let server = with_johndoe(&[]);
    server.user("alice", PASSWORD, &["me"]);
    let mut john = Browser::signed_in(&server, "johndoe");
    Browser::signed_in(&server, "johndoe");
    let of_john = john.open("/account").form("/account/sessions/end");
    let mut alice = Browser::signed_in(&server, "alice");
    let of_alice = alice.open("/account").form("/logout");
    let forged = with_csrf(&of_john, &hidden("csrf", &of_alice));
    alice.submit(&forged, &[]);
    john.open("/account").form("/account/sessions/end");
}

#[test]
fn a_personal_token_is_made_shown_once_and_revoked() {
    let server = with_johndoe(&[]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    let form = browser.open("/account").form("/account/tokens");
    assert_eq!(form.boxes, ["me", "scopes:write", "tokens"]);
    let typed = [("name", "backup"), ("days", "7"), ("scope", "me")];
    let made = browser.submit(&form, &typed);
    assert_eq!(made.status, 200, "{made:?}");
    let (_, rest) = made
        .body
        .split_once("aria-label=\"The token\">")
        .expect("it");
    let token = rest.split('<').next().expect("its text");
    assert!(made.body.contains(&format!("curl {ISSUER}/users/me")));
    server.assert_accepts(token);
    let claims = decoded(token).1;
    assert_eq!(claims["scopes"], serde_json::json!(["me"]));
    let lifetime = claims["exp"].as_i64().zip(claims["iat"].as_i64());
    assert_eq!(lifetime.map(|(exp, iat)| exp - iat), Some(7 * 86_400));
    let account = browser.open("/account");
    assert!(account.body.contains("backup") && !account.body.contains(token));
    let form = account.form("/account/tokens/revoke");
    assert_eq!(browser.submit(&form, &[]).status, 303);
    server.assert_refuses(token);
    assert!(!browser.open("/account").body.contains("backup"));
}

#[test]
fn a_wrong_personal_token_is_not_made() {
    let server = with_johndoe(&[]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    let form = browser.open("/account").form("/account/tokens");
    for typed in [
        [("name", "x"), ("days", "0"), ("scope", "me")],
        [("name", "x"), ("days", "9999999999999999"), ("scope", "me")],
        [("name", "x"), ("days", "-1"), ("scope", "me")],
        [("name", "x"), ("days", "1"), ("scope", "users:write")],
        [("name", ""), ("days", "1"), ("scope", "me")],
    ] {
        let answer = browser.submit(&form, &typed);
        assert_eq!(answer.status, 400, "{typed:?}: {answer:?}");
        assert!(
            answer.body.contains("The token was not created"),
            "{typed:?}"
        );
    }
}

#[test]
fn a_new_password_keeps_this_browser_and_ends_the_rest() {
    let server = with_johndoe(&[]);
    let token = server.login("johndoe", PASSWORD, &["me"]);
    let mut here = Browser::signed_in(&server, "johndoe");
    let mut there = Browser::signed_in(&server, "johndoe");
    let form = here.open("/account").form("/account/password");
    let wrong = [
        ("current_password", "not-this-one"),
        ("new_password", "another-password"),
    ];
    assert_eq!(here.submit(&form, &wrong).status, 400);
    let short = [("current_password", PASSWORD), ("new_password", "short")];
    assert_eq!(here.submit(&form, &short).status, 400);
    server.assert_accepts(&token.text);
    let right = [
        ("current_password", PASSWORD),
        ("new_password", "another-password"),
    ];
    let answer = here.submit(&form, &right);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(here.open("/account").body.contains("This browser"));
    there.open("/account").form("/login");
    server.assert_refuses(&token.text);
    server.login("johndoe", "another-password", &["me"]);
}

#[test]
fn a_wrong_password_is_said_and_counted() {
    let server = with_johndoe(&[]);
    let mut browser = Browser::at(&server);
    let answer = browser.sign_in("johndoe", "wrong", "/login");
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("role=\"alert\""));
    assert!(
        !answer.body.contains("wrong\""),
        "the password is not shown"
    );
    let unknown = browser.sign_in("nobody", "wrong", "/login");
    assert_eq!(unknown.status, 400);
    let is_refused = |answer: &Answer| answer.status == 429;
    let answer = eventually(|| browser.sign_in("johndoe", "wrong", "/login"), is_refused);
    assert!(answer.header("retry-after").parse::<u64>().is_ok());
}

#[test]
fn a_user_who_is_disabled_or_removed_has_no_session() {
    let server = with_johndoe(&[]);
    server.user("alice", PASSWORD, &["me"]);
    for (name, command) in [("johndoe", "disable"), ("alice", "remove")] {
        let mut browser = Browser::signed_in(&server, name);
        server.run(&["user", command, name]).succeeded();
        browser.open("/account").form("/login");
    }
}

#[test]
fn a_session_survives_a_restart() {
    let mut server = with_johndoe(&[]);
    let cookie = Browser::signed_in(&server, "johndoe").cookie;
    server.restart();
    let mut browser = Browser::at(&server);
    browser.cookie = cookie;
    assert!(browser.open("/account").body.contains("This browser"));
}

#[test]
fn log_out_everywhere_ends_every_session_of_the_user() {
    let server = with_johndoe(&[]);
    server.user("alice", PASSWORD, &["me"]);
    let mut alice = Browser::signed_in(&server, "alice");
    let mut elsewhere = Browser::signed_in(&server, "johndoe");
    let mut here = Browser::signed_in(&server, "johndoe");
    let account = here.open("/account");
    for button in [">Log out<", ">Log out everywhere<"] {
        assert!(account.body.contains(button), "{button}");
    }
    let form = account.form("/account/sessions/end-all");
    here.submit(&form, &[]);
    here.open("/account").form("/login");
    elsewhere.open("/account").form("/login");
    alice.open("/account").form("/logout");
}

#[test]
fn an_application_may_ask_for_a_logout_by_get_and_by_post_with_or_without_a_hint() {
    let bye = ["--post-logout-redirect-uri", "https://shop.example/bye"];
    let server = Server::with_shop(&bye);
    let there = [
        ("client_id", "shop"),
        ("post_logout_redirect_uri", "https://shop.example/bye"),
        ("state", "s 1"),
    ];
    let mut browser = Browser::signed_in(&server, "johndoe");
    let asked = browser.post("/logout", &there);
    assert_eq!(asked.status, 303, "{asked:?}");
    let question = browser.open(asked.header("location"));
    let done = browser.submit(&question.form("/logout"), &[]);
    assert_eq!(
        done.header("location"),
        "https://shop.example/bye?state=s+1"
    );
    browser.open("/account").form("/login");

    // Nobody is signed in: there is nothing to ask. Elsewhere leads nowhere.
    let elsewhere = "/logout?client_id=shop&post_logout_redirect_uri=https%3A%2F%2Fevil.example";
    let answer = server.get(elsewhere).send();
    assert!(!answer.header("location").contains("evil"), "{answer:?}");
    assert_eq!(server.get("/logout").send().status, 303);
}
