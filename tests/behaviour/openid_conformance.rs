//! What the modules of the OpenID Foundation's basic and config plans check, as far as no
//! other test does: `docs/openid-conformance.md` says which test stands for which module.

use serde_json::{Value, json};

use crate::support::*;

/// A server with a relying party that needs no consent, and somebody who may sign in there.
fn relying_party() -> Server {
    let scopes = ["openid", "profile", "email"];
    let flags: Vec<&str> = scopes
        .iter()
        .flat_map(|scope| ["--scope", scope])
        .chain(["--first-party"])
        .collect();
    let server = Server::with_shop(&flags);
    let mut grant = vec!["user", "grant", "johndoe"];
    grant.extend(scopes);
    server.run(&grant).succeeded();
    let profile = ["--email", "john@example.com", "--full-name", "John Doe"];
    let mut change = vec!["user", "set", "johndoe"];
    change.extend(profile);
    server.run(&change).succeeded();
    server
}

/// The path of a request for `openid` with more parameters.
fn asking(more: &[(&str, &str)]) -> String {
    let mut all = vec![("scope", "openid")];
    all.extend(more.iter().filter(|(name, _)| *name != "scope"));
    if let Some(scope) = more.iter().find(|(name, _)| *name == "scope") {
        all[0] = *scope;
    }
    authorize_path(&all)
}

/// What the token endpoint answers to the code that a request led to.
#[track_caller]
fn tokens(server: &Server, answer: &Answer) -> Value {
    let url = redirect_of(answer);
    let code = parameter(&url, "code").unwrap_or_else(|| panic!("no code: {url}"));
    server.redeem(&code).send().expect(200)
}

fn id_claims(tokens: &Value) -> Value {
    decoded(tokens["id_token"].as_str().expect("an ID token")).1
}

#[track_caller]
fn error_of(answer: &Answer) -> String {
    let url = redirect_of(answer);
    assert_eq!(parameter(&url, "code"), None, "{url}");
    parameter(&url, "error").unwrap_or_else(|| panic!("no error: {url}"))
}

#[test]
fn a_request_without_a_nonce_gets_an_id_token_without_one() {
    let server = relying_party();
    let mut browser = Browser::signed_in(&server, "johndoe");
    let claims = id_claims(&tokens(&server, &browser.open(&asking(&[]))));
    assert_eq!(claims.get("nonce"), None);
    assert_eq!(claims["sub"], "username:johndoe");
}

#[test]
fn userinfo_has_what_profile_and_email_stand_for() {
    let server = relying_party();
    let mut browser = Browser::signed_in(&server, "johndoe");
    let mut info = |scope: &str| {
        let tokens = tokens(&server, &browser.open(&asking(&[("scope", scope)])));
        let token = tokens["access_token"].as_str().expect("a token").to_owned();
        server.get("/userinfo").bearer(&token).send().expect(200)
    };
    let profile = info("openid profile");
    assert_eq!(profile["name"], "John Doe");
    assert_eq!(profile["preferred_username"], "johndoe");
    assert!(profile["updated_at"].as_i64() > Some(1_700_000_000));
    assert_eq!(profile.get("email"), None);
    let email = json!({"sub": "username:johndoe", "email": "john@example.com"});
    assert_eq!(info("openid email"), email);
    // The order of scopes means nothing.
    assert_eq!(info("email profile openid"), info("openid profile email"));
}

#[test]
fn address_and_phone_are_no_scopes_of_this_server() {
    let server = relying_party();
    let mut browser = Browser::signed_in(&server, "johndoe");
    let metadata = server.get("/.well-known/openid-configuration").send();
    let metadata = metadata.expect(200);
    for scope in ["address", "phone"] {
        let asked = asking(&[("scope", &format!("openid {scope}"))]);
        assert_eq!(error_of(&browser.get(&asked)), "invalid_scope");
        let known = metadata["scopes_supported"].as_array().expect("scopes");
        assert!(!known.contains(&json!(scope)));
    }
}

#[test]
fn wishes_that_are_not_met_do_no_harm() {
    let server = relying_party();
    let mut browser = Browser::signed_in(&server, "johndoe");
    for (name, value) in [
        ("display", "page"),
        ("display", "popup"),
        ("ui_locales", "se nn-NO"),
        ("claims_locales", "se"),
        ("acr_values", "1 2"),
        ("claims", r#"{"userinfo":{"name":{"essential":true}}}"#),
        ("extra", "foobar"),
    ] {
        tokens(&server, &browser.open(&asking(&[(name, value)])));
    }
}

#[test]
fn a_login_that_is_asked_for_again_is_a_later_one_of_the_same_user() {
    let server = relying_party();
    let mut browser = Browser::signed_in(&server, "johndoe");
    let first = id_claims(&tokens(&server, &browser.open(&asking(&[]))));
    for again in [("prompt", "login"), ("max_age", "0")] {
        let login = browser.open(&asking(&[again])).form("/login");
        let typed = [("username", "johndoe"), ("password", PASSWORD)];
        let answer = browser.submit(&login, &typed);
        let answer = browser.follow(answer);
        let second = id_claims(&tokens(&server, &answer));
        assert_eq!(second["sub"], first["sub"]);
        assert!(second["auth_time"].as_i64() >= first["auth_time"].as_i64());
    }
    let long_ago = asking(&[("max_age", "10000"), ("prompt", "none")]);
    let third = id_claims(&tokens(&server, &browser.open(&long_ago)));
    assert_eq!(third["sub"], first["sub"]);
}

#[test]
fn a_hint_names_who_must_be_signed_in() {
    let server = relying_party();
    let mut browser = Browser::signed_in(&server, "johndoe");
    let first = tokens(&server, &browser.open(&asking(&[])));
    let hint = first["id_token"].as_str().expect("an ID token");
    let silent = asking(&[("prompt", "none"), ("id_token_hint", hint)]);
    let again = id_claims(&tokens(&server, &browser.open(&silent)));
    assert_eq!(again["sub"], id_claims(&first)["sub"]);

    server.user("alice", PASSWORD, &["openid"]);
    let mut browser = Browser::signed_in(&server, "alice");
    assert_eq!(error_of(&browser.get(&silent)), "login_required");
    let loud = asking(&[("id_token_hint", hint)]);
    assert_eq!(error_of(&browser.get(&loud)), "login_required");
    let mut browser = Browser::at(&server);
    let login = browser.open(&loud).form("/login");
    let typed = [("username", "alice"), ("password", PASSWORD)];
    let answer = browser.submit(&login, &typed);
    assert_eq!(error_of(&browser.follow(answer)), "login_required");

    let garbage = asking(&[("id_token_hint", "garbage")]);
    assert_eq!(error_of(&browser.get(&garbage)), "invalid_request");
}

#[test]
fn the_login_page_knows_the_hint_and_speaks_the_language_that_was_asked_for() {
    let server = relying_party();
    let wishes = asking(&[
        ("login_hint", "johndoe"),
        ("ui_locales", "se de-AT en"),
        ("prompt", "login consent"),
    ]);
    let mut browser = Browser::at(&server);
    let login = browser.open(&wishes);
    assert!(login.body.contains(r#"<html lang="de""#), "{login:?}");
    assert!(login.body.contains(r#"value="johndoe""#), "{login:?}");
    let form = login.form("/login");
    let wrong = [("username", "johndoe"), ("password", "wrong password")];
    let wrong = browser.submit(&form, &wrong);
    assert!(wrong.body.contains(r#"<html lang="de""#), "{wrong:?}");
    let typed = [("username", "johndoe"), ("password", PASSWORD)];
    let answer = browser.submit(&form, &typed);
    let question = browser.follow(answer);
    question.form("/consent");
    assert!(question.body.contains(r#"<html lang="de""#), "{question:?}");
}

#[test]
fn a_request_may_be_posted() {
    let server = relying_party();
    let mut browser = Browser::signed_in(&server, "johndoe");
    let path = asking(&[]);
    let (path, query) = path.split_once('?').expect("a query");
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let answer = browser.post(path, &fields);
    tokens(&server, &answer);
}

#[test]
fn request_objects_are_refused_as_not_supported() {
    let server = relying_party();
    let mut browser = Browser::signed_in(&server, "johndoe");
    // An unsigned one, which names another address than the registered one.
    let object = "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwuZXhhbXBsZSJ9.";
    let asked = browser.get(&asking(&[("request", object)]));
    assert_eq!(error_of(&asked), "request_not_supported");
    let elsewhere = ("request_uri", "https://shop.example/request.jwt");
    let asked = browser.get(&asking(&[elsewhere]));
    assert_eq!(error_of(&asked), "request_uri_not_supported");
}

#[test]
fn a_refresh_gives_an_id_token_of_the_same_login_again() {
    let server = relying_party();
    let mut browser = Browser::signed_in(&server, "johndoe");
    let path = asking(&[("scope", "openid offline_access"), ("nonce", "n-0S6")]);
    let first = tokens(&server, &browser.open(&path));
    let refresh = first["refresh_token"].as_str().expect("a refresh token");
    let refreshed = server.post("/token").form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_id", "shop"),
    ]);
    let second = id_claims(&refreshed.send().expect(200));
    for claim in ["iss", "sub", "aud", "auth_time"] {
        assert_eq!(second[claim], id_claims(&first)[claim], "{claim}");
    }
}

#[test]
fn discovery_says_what_a_relying_party_may_count_on() {
    let home = Home::new();
    let server = Server::start_in(home, &["--signing-algorithm", "RS256"]);
    let found = server
        .get("/.well-known/openid-configuration")
        .send()
        .expect(200);
    assert_eq!(found["issuer"], ISSUER);
    for endpoint in [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
    ] {
        let url = found[endpoint].as_str().expect("a URL");
        assert!(url.starts_with(ISSUER), "{endpoint}: {url}");
    }
    let signed = &found["id_token_signing_alg_values_supported"];
    assert_eq!(signed, &json!(["RS256"]));
    assert_eq!(found["response_types_supported"], json!(["code"]));
    assert_eq!(found["request_uri_parameter_supported"], false);
    let claims = found["claims_supported"].as_array().expect("claims");
    for claim in [
        "sub",
        "name",
        "preferred_username",
        "locale",
        "updated_at",
        "email",
    ] {
        assert!(claims.contains(&json!(claim)), "{claim}");
    }
    let keys = server.get("/.well-known/jwks.json").send().expect(200);
    let keys = keys["keys"].as_array().expect("keys").clone();
    assert!(
        keys.iter()
            .all(|key| key["kty"] == "RSA" && key.get("d").is_none())
    );
}

#[test]
fn every_module_of_the_plans_has_its_line_and_every_line_its_tests() {
    let table = include_str!("../../docs/openid-conformance.md");
    let modules: Vec<&str> = table
        .lines()
        .filter(|line| line.starts_with("| `oidcc-"))
        .collect();
    assert_eq!(modules.len(), 39);
    assert_names_tests(&modules, 2);
}
