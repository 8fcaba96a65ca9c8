//! The authorization code flow with PKCE (RFC 6749 §4.1, RFC 7636, RFC 9207).

use serde_json::json;

use crate::support::*;

/// An answer at the client's address that names an error.
#[track_caller]
fn assert_told(answer: &Answer, error: &str) {
    let url = redirect_of(answer);
    assert!(url.as_str().starts_with(CALLBACK), "{url}");
    assert_eq!(parameter(&url, "error").as_deref(), Some(error), "{url}");
    assert_eq!(parameter(&url, "code"), None);
    assert_eq!(parameter(&url, "state").as_deref(), Some("af0 ifj/&x"));
    assert_eq!(parameter(&url, "iss").as_deref(), Some(ISSUER));
}

/// A page for the person, and no way on.
#[track_caller]
fn assert_error_page(answer: &Answer) {
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(answer.header("location"), "");
    assert!(answer.header("content-type").starts_with("text/html"));
}

#[test]
fn c08_a_user_lets_an_application_have_some_of_what_it_asks_for() {
    let server = Server::with_shop(&[]);
    let mut browser = Browser::at(&server);
    let login = browser.open(&authorize_path(&[]));
    let typed = [("username", "johndoe"), ("password", PASSWORD)];
    let answer = browser.submit(&login.form("/login"), &typed);
    let question = browser.follow(answer);
    assert!(question.body.contains("The Shop"), "{question:?}");
    assert!(question.body.contains("Read your items"));
    assert_eq!(question.form("/consent").boxes, ["items", "me"]);
    let url = browser.answer_consent(&question, &["me"]);
    assert_eq!(parameter(&url, "state").as_deref(), Some("af0 ifj/&x"));
    assert_eq!(parameter(&url, "iss").as_deref(), Some(ISSUER));
    let code = parameter(&url, "code").expect("a code");
    let answer = server.redeem(&code).send();
    assert_not_stored(&answer);
    let token = Token::of(&answer);
    assert_eq!(token.scope(), "me");
    let claims = decoded(&token.text).1;
    assert_eq!(claims["sub"], "username:johndoe");
    assert_eq!(claims["client_id"], "shop");
    server.assert_accepts(&token.text);
}

#[test]
fn what_was_agreed_to_is_not_asked_again_and_what_is_new_is() {
    let server = Server::with_shop(&[]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    browser.allow(&authorize_path(&[]), &["me"]);
    let again = redirect_of(&browser.open(&authorize_path(&[])));
    let code = parameter(&again, "code").expect("a code without a question");
    assert_eq!(Token::of(&server.redeem(&code).send()).scope(), "me");
    let more = browser.open(&authorize_path(&[("scope", "me items offline_access")]));
    assert_eq!(
        more.form("/consent").boxes,
        ["items", "me", "offline_access"]
    );
    let asked = browser.open(&authorize_path(&[("prompt", "consent")]));
    asked.form("/consent");
}

#[test]
fn who_refuses_gives_nothing() {
    let server = Server::with_shop(&[]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    let page = browser.open(&authorize_path(&[]));
    let refused = browser.submit(&page.form("/consent"), &[("decision", "deny")]);
    assert_told(&refused, "access_denied");
    let page = browser.open(&authorize_path(&[]));
    let nothing_ticked = browser.submit(&page.form("/consent"), &[("decision", "allow")]);
    assert_told(&nothing_ticked, "access_denied");
}

#[test]
fn an_application_of_the_house_needs_no_consent() {
    let server = Server::with_shop(&["--first-party"]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    let url = redirect_of(&browser.open(&authorize_path(&[])));
    let token = Token::of(
        &server
            .redeem(&parameter(&url, "code").expect("a code"))
            .send(),
    );
    assert_eq!(token.scope(), "items me");
}

#[test]
fn with_offline_access_a_refresh_token_comes_that_the_revoked_consent_ends() {
    let server = Server::with_shop(&[]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    let path = authorize_path(&[("scope", "me offline_access")]);
    let url = browser.allow(&path, &["me", "offline_access"]);
    let token = Token::of(
        &server
            .redeem(&parameter(&url, "code").expect("a code"))
            .send(),
    );
    let refresh = token.answer["refresh_token"]
        .as_str()
        .expect("a refresh token");
    server.assert_accepts(&token.text);
    let account = browser.open("/account");
    assert!(account.body.contains("The Shop"));
    let revoked = browser.submit(&account.form("/account/apps/revoke"), &[]);
    assert_eq!(revoked.status, 303);
    server.assert_refuses(&token.text);
    let again = server.post("/token").form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_id", "shop"),
    ]);
    assert_oauth_error(&again.send(), 400, "invalid_grant");
    assert!(!browser.open("/account").body.contains("The Shop"));
    browser.open(&authorize_path(&[])).form("/consent");
}

#[test]
fn c01_a_redirect_uri_that_is_not_the_registered_one_leads_nowhere() {
    let server = Server::with_shop(&[]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    for wrong in [
        "https://shop.example/other",
        "https://shop.example/back/",
        "https://shop.example/back?x=1",
        "https://shop.example:8443/back",
        "https://SHOP.example/back",
        "https://shop.example/Back",
        "http://shop.example/back",
        "https://user@shop.example/back",
        "https://shop.example@evil.example/back",
        "https://shop.example/back#fragment",
        "https://shop.example/x/../back",
        "https://shop.example\\@evil.example/back",
        "https://shop.example/%62ack",
        "https://shop.example%2fback",
        "https://evil.shop.example/back",
        "https://shop.example.evil/back",
        "javascript:alert(1)",
        "//shop.example/back",
        "/back",
        " https://shop.example/back",
    ] {
        assert_error_page(&browser.get(&authorize_path(&[("redirect_uri", wrong)])));
    }
    assert_error_page(&browser.get(&authorize_path(&[("client_id", "nobody")])));
    assert_error_page(&browser.get(&authorize_path(&[("client_id", "")])));
}

#[test]
fn c02_one_of_several_registered_addresses_must_be_named() {
    let server = Server::with_shop(&["--redirect-uri", "https://shop.example/two"]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    assert_error_page(&browser.get(&authorize_path(&[("redirect_uri", "")])));
}

#[test]
fn the_only_registered_address_need_not_be_named() {
    let server = Server::with_shop(&[]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    let url = browser.allow(&authorize_path(&[("redirect_uri", "")]), &["me"]);
    let code = parameter(&url, "code").expect("a code");
    let answer = server.redeem_with(&code, &[("redirect_uri", "")]).send();
    assert_eq!(Token::of(&answer).scope(), "me");
}

#[test]
fn c03_a_native_application_is_answered_at_any_port_of_its_loopback_address() {
    let add = |server: &Server, kind| {
        let id = format!("tool-{kind}");
        let mut args = vec![
            "client",
            "add",
            &id,
            "--public",
            "--grant",
            "authorization_code",
            "--redirect-uri",
            "http://127.0.0.1/cb",
            "--scope",
            "me",
        ];
        if kind == "native" {
            args.push("--native");
        }
        server.run(&args).succeeded();
        id
    };
    let server = Server::with_shop(&[]);
    let (native, web) = (add(&server, "native"), add(&server, "web"));
    let path = |id: &str, uri: &str| authorize_path(&[("client_id", id), ("redirect_uri", uri)]);
    let leads_on = |answer: &Answer| answer.status == 303;
    let other_port = "http://127.0.0.1:51004/cb";
    eventually(|| server.get(&path(&native, other_port)).send(), leads_on);
    let registered = path(&web, "http://127.0.0.1/cb");
    eventually(|| server.get(&registered).send(), leads_on);
    assert_error_page(&server.get(&path(&web, other_port)).send());
    for wrong in [
        "http://127.0.0.1:51004/other",
        "http://127.0.0.2:51004/cb",
        "https://127.0.0.1:51004/cb",
    ] {
        assert_error_page(&server.get(&path(&native, wrong)).send());
    }
}

#[test]
fn c04_without_pkce_by_s256_nothing_is_given() {
    let server = Server::with_shop(&[]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    for changes in [
        [("code_challenge", ""), ("code_challenge_method", "")],
        [("code_challenge", ""), ("code_challenge_method", "S256")],
        [
            ("code_challenge", VERIFIER),
            ("code_challenge_method", "plain"),
        ],
        [("code_challenge", CHALLENGE), ("code_challenge_method", "")],
        [
            ("code_challenge", "short"),
            ("code_challenge_method", "S256"),
        ],
    ] {
        assert_told(&browser.get(&authorize_path(&changes)), "invalid_request");
    }
    let padded = "a".repeat(129);
    let another = "b".repeat(43);
    for verifier in ["", &VERIFIER[..42], &padded, &another, CHALLENGE] {
        let code = browser.code();
        let answer = server
            .redeem_with(&code, &[("code_verifier", verifier)])
            .send();
        let error = match verifier.is_empty() {
            true => "invalid_request",
            false => "invalid_grant",
        };
        assert_oauth_error(&answer, 400, error);
    }
}

#[test]
fn c05_a_code_that_is_used_twice_ends_what_it_gave() {
    let server = Server::with_shop(&[]);
    let code = Browser::signed_in(&server, "johndoe").code();
    let token = Token::of(&server.redeem(&code).send());
    server.assert_accepts(&token.text);
    assert_oauth_error(&server.redeem(&code).send(), 400, "invalid_grant");
    server.assert_refuses(&token.text);
}

#[test]
fn c06_a_code_is_bound_to_its_client_and_address() {
    let server = Server::with_shop(&[]);
    let args = [
        "client",
        "add",
        "other",
        "--public",
        "--grant",
        "authorization_code",
        "--redirect-uri",
        CALLBACK,
        "--scope",
        "me",
    ];
    server.run(&args).succeeded();
    let other = authorize_path(&[("client_id", "other")]);
    eventually(|| server.get(&other).send(), |answer| answer.status == 303);
    let code = Browser::signed_in(&server, "johndoe").code();
    for change in [
        ("client_id", "other"),
        ("redirect_uri", "https://shop.example/other"),
        ("redirect_uri", ""),
    ] {
        let answer = server.redeem_with(&code, &[change]).send();
        assert_oauth_error(&answer, 400, "invalid_grant");
    }
    server.redeem(&code).send().expect(200);
}

#[test]
fn c07_other_response_types_are_not_there() {
    let server = Server::with_shop(&[]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    for kind in ["token", "id_token", "code id_token", "none"] {
        let answer = browser.get(&authorize_path(&[("response_type", kind)]));
        assert_told(&answer, "unsupported_response_type");
    }
    assert_told(
        &browser.get(&authorize_path(&[("response_type", "")])),
        "invalid_request",
    );
    let twice = format!("{}&scope=items", authorize_path(&[]));
    assert_told(&browser.get(&twice), "invalid_request");
    assert_told(
        &browser.get(&authorize_path(&[("scope", "users:write")])),
        "invalid_scope",
    );
}

#[test]
fn c13_a_scope_that_was_not_asked_for_cannot_be_ticked() {
    let server = Server::with_shop(&[]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    let path = authorize_path(&[("scope", "me")]);
    let url = browser.allow(&path, &["me", "items", "users:write"]);
    let token = Token::of(
        &server
            .redeem(&parameter(&url, "code").expect("a code"))
            .send(),
    );
    assert_eq!(token.scope(), "me");
}

#[test]
fn c20_of_fifty_that_redeem_one_code_at_once_one_gets_a_token() {
    let server = Server::with_shop(&[]);
    let code = Browser::signed_in(&server, "johndoe").code();
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let redeeming: Vec<_> = (0..50)
            .map(|_| scope.spawn(|| server.redeem(&code).send()))
            .collect();
        let joined = redeeming
            .into_iter()
            .map(std::thread::ScopedJoinHandle::join);
        joined.map(|answer| answer.expect("an answer")).collect()
    });
    let won: Vec<&Answer> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    for lost in answers.iter().filter(|answer| answer.status != 200) {
        assert_oauth_error(lost, 400, "invalid_grant");
    }
    server.assert_refuses(&Token::of(won[0]).text);
}

#[test]
fn c21_a_question_is_answered_once_and_by_whom_it_was_put_to() {
    let server = Server::with_shop(&[]);
    server.user("alice", PASSWORD, &["me", "items"]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    let page = browser.open(&authorize_path(&[]));
    browser.answer_consent(&page, &["me"]);
    let typed = [("decision", "allow"), ("scope", "me")];
    assert_error_page(&browser.submit(&page.form("/consent"), &typed));

    let page = browser.open(&authorize_path(&[("prompt", "consent")]));
    let account = browser.open("/account");
    browser.submit(&account.form("/logout"), &[]);
    assert_eq!(browser.submit(&page.form("/consent"), &typed).status, 403);

    let mut alice = Browser::signed_in(&server, "alice");
    let own = alice.open(&authorize_path(&[])).form("/consent");
    let of_john = page.form("/consent");
    let ticket = |form: &Form| {
        form.fields
            .iter()
            .find(|(name, _)| name == "request")
            .cloned()
    };
    let swapped = Form {
        fields: own
            .fields
            .iter()
            .filter(|(name, _)| name != "request")
            .cloned()
            .chain(ticket(&of_john))
            .collect(),
        ..own
    };
    assert_error_page(&alice.submit(&swapped, &typed));
}

#[test]
fn what_asks_for_no_page_is_answered_without_one() {
    let server = Server::with_shop(&[]);
    let silent = authorize_path(&[("prompt", "none")]);
    let mut browser = Browser::at(&server);
    assert_told(&browser.get(&silent), "login_required");
    browser.sign_in("johndoe", PASSWORD, "/login");
    assert_told(&browser.get(&silent), "consent_required");
    browser.allow(&authorize_path(&[]), &["me", "items"]);
    let url = redirect_of(&browser.get(&silent));
    assert!(parameter(&url, "code").is_some(), "{url}");
    browser
        .open(&authorize_path(&[("prompt", "login")]))
        .form("/login");
    browser
        .open(&authorize_path(&[("max_age", "0")]))
        .form("/login");
}

#[test]
fn the_id_token_names_the_client_the_nonce_and_when_the_user_logged_in() {
    let server = Server::with_shop(&["--scope", "openid", "--first-party"]);
    server
        .run(&["user", "grant", "johndoe", "openid"])
        .succeeded();
    let mut browser = Browser::signed_in(&server, "johndoe");
    let path = authorize_path(&[("scope", "openid"), ("nonce", "n-0S6")]);
    let has_code = |answer: &Answer| answer.header("location").contains("code=");
    let answer = eventually(|| browser.open(&path), has_code);
    let code = parameter(&redirect_of(&answer), "code").expect("a code");
    let answer = server.redeem(&code).send().expect(200);
    let claims = decoded(answer["id_token"].as_str().expect("an ID token")).1;
    assert_eq!(claims["nonce"], "n-0S6");
    assert_eq!(claims["aud"], "shop");
    assert!(claims["auth_time"].is_i64());
}

#[test]
fn a_new_password_ends_sessions_and_codes() {
    let server = Server::with_shop(&[]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    let code = browser.code();
    let args = ["user", "set-password", "johndoe", "--password-stdin"];
    server
        .home()
        .run_with_input(&args, "another-password")
        .succeeded();
    assert_oauth_error(&server.redeem(&code).send(), 400, "invalid_grant");
    browser.open("/account").form("/login");
}

#[test]
fn the_metadata_names_what_there_is() {
    let server = Server::start();
    let metadata = server
        .get("/.well-known/oauth-authorization-server")
        .send()
        .expect(200);
    assert_eq!(
        metadata["authorization_endpoint"],
        format!("{ISSUER}/authorize")
    );
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    assert_eq!(
        metadata["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert_eq!(
        metadata["authorization_response_iss_parameter_supported"],
        true
    );
}

#[test]
fn an_answer_can_be_posted_with_and_without_javascript() {
    let server = Server::with_shop(&[]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    let path = authorize_path(&[("response_mode", "form_post")]);
    let question = browser.open(&path);
    let page = browser.submit(
        &question.form("/consent"),
        &[("decision", "allow"), ("scope", "me")],
    );
    assert_eq!(page.status, 200, "{page:?}");
    let form = page.form(CALLBACK);
    let names: Vec<&str> = form.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["code", "state", "iss"]);
    assert!(page.body.contains("<button>"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("script-src 'self'"), "{policy}");
    let code = &form.fields[0].1;
    let answer = server.redeem(code).send();
    assert_eq!(Token::of(&answer).scope(), "me");
}
