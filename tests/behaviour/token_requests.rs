//! What `POST /token` takes for a request, and how it refuses the rest.

use crate::support::*;

const LOGIN: &str = "grant_type=password&username=johndoe&password=secret-password&scope=me";
const FORM: &str = "application/x-www-form-urlencoded";

fn server() -> Server {
    let server = Server::start();
    server.user("johndoe", PASSWORD, &["me"]);
    server
}

#[test]
fn the_built_in_client_may_be_named_in_every_way_or_not_at_all() {
    let server = server();
    let login = || server.try_login("johndoe", PASSWORD, &["me"]);
    login().send().expect(200);
    login().basic("", "").send().expect(200);
    login().basic("scopegate-docs", "").send().expect(200);
    login()
        .header("authorization", "basic Og==")
        .send()
        .expect(200);
    let named = format!("{LOGIN}&client_id=scopegate-docs");
    server.post("/token").body(FORM, named).send().expect(200);
}

#[test]
fn an_unknown_client_is_refused_with_a_challenge() {
    let server = server();
    let login = || server.try_login("johndoe", PASSWORD, &["me"]);
    for (id, secret) in [
        ("docs", ""),
        ("nobody", "secret"),
        ("", "secret"),
        ("Scopegate-Docs", ""),
    ] {
        let answer = login().basic(id, secret).send();
        assert_oauth_error(&answer, 401, "invalid_client");
    }
    let named = format!("{LOGIN}&client_id=nobody");
    let answer = server.post("/token").body(FORM, named).send();
    assert_oauth_error(&answer, 401, "invalid_client");
}

#[test]
fn the_built_in_client_has_no_secret() {
    let server = server();
    let answer = server.try_login("johndoe", PASSWORD, &["me"]);
    let answer = answer.basic("scopegate-docs", "guessed").send();
    assert_oauth_error(&answer, 401, "invalid_client");
}

#[test]
fn p26_an_unknown_client_and_a_wrong_secret_get_the_same_bytes() {
    let server = server();
    let body = |id| {
        let login = server.try_login("johndoe", PASSWORD, &["me"]);
        login.basic(id, "guessed").send().body
    };
    assert_eq!(body("nobody"), body("scopegate-docs"));
}

#[test]
fn p09_a_client_named_twice_is_an_invalid_request() {
    let server = server();
    let twice = format!("{LOGIN}&client_id=nobody&client_secret=guessed");
    let answer = server
        .post("/token")
        .basic("scopegate-docs", "")
        .body(FORM, twice)
        .send();
    assert_oauth_error(&answer, 400, "invalid_request");
}

#[test]
fn credentials_that_are_not_basic_ones_do_not_authenticate() {
    let server = server();
    for value in [
        "Basic",
        "Basic !!!",
        "Basic bm9jb2xvbg==",
        "Basic //4=",
        "Digest x",
    ] {
        let answer = server
            .post("/token")
            .header("authorization", value)
            .body(FORM, LOGIN)
            .send();
        assert!([400, 401].contains(&answer.status), "{value}: {answer:?}");
        assert_oauth_shape(&answer);
    }
}

#[test]
fn p07_a_parameter_that_stands_twice_is_an_invalid_request() {
    let server = server();
    let again = [
        "grant_type=password",
        "username=johndoe",
        "password=secret-password",
        "scope=me",
    ];
    let twice = again.map(|parameter| format!("{LOGIN}&{parameter}"));
    let client = format!("{LOGIN}&client_id=scopegate-docs&client_id=scopegate-docs");
    for body in twice.into_iter().chain([client]) {
        let answer = server.post("/token").body(FORM, body).send();
        assert_oauth_error(&answer, 400, "invalid_request");
    }
}

#[test]
fn p08_parameters_in_the_query_are_not_read() {
    let server = server();
    let answer = server
        .post(&format!("/token?{LOGIN}"))
        .body(FORM, "")
        .send();
    assert_oauth_error(&answer, 400, "invalid_request");
    let answer = server.post("/token?scope=me&username=nobody&grant_type=x");
    let without_scope = LOGIN.trim_end_matches("&scope=me");
    let token = Token::of(&answer.body(FORM, without_scope).send());
    assert_eq!(token.scope(), "");
}

#[test]
fn p10_only_a_form_is_read() {
    let server = server();
    let json = r#"{"grant_type":"password","username":"johndoe","password":"secret-password"}"#;
    let multipart =
        "--x\r\ncontent-disposition: form-data; name=\"grant_type\"\r\n\r\npassword\r\n--x--\r\n";
    let bodies = [
        ("application/json", json),
        ("multipart/form-data; boundary=x", multipart),
        ("text/plain", LOGIN),
        ("nonsense", LOGIN),
    ];
    for (kind, body) in bodies {
        let answer = server.post("/token").body(kind, body).send();
        match answer.status {
            415 => drop(assert_problem(&answer, 415)),
            _ => assert_oauth_error(&answer, 400, "invalid_request"),
        }
    }
}

#[test]
fn a_form_may_name_its_character_set() {
    let server = server();
    let kind = "Application/X-WWW-Form-Urlencoded; charset=UTF-8";
    server.post("/token").body(kind, LOGIN).send().expect(200);
}

#[test]
fn p27_a_grant_type_that_is_not_offered_is_unsupported() {
    let server = server();
    for grant in [
        "PASSWORD",
        "Password",
        "implicit",
        "urn:example:other",
        "password ",
    ] {
        let parameters = [
            ("grant_type", grant),
            ("username", "johndoe"),
            ("password", PASSWORD),
        ];
        let answer = server.post("/token").form(&parameters).send();
        assert_oauth_error(&answer, 400, "unsupported_grant_type");
    }
}

#[test]
fn a_parameter_that_is_missing_or_empty_makes_an_invalid_request() {
    let server = server();
    let requests = [
        "",
        "username=johndoe&password=secret-password",
        "grant_type=&username=johndoe&password=secret-password",
        "grant_type=password&password=secret-password",
        "grant_type=password&username=&password=secret-password",
        "grant_type=password&username=johndoe",
        "grant_type",
        "&&&",
    ];
    for body in requests {
        let answer = server.post("/token").body(FORM, body).send();
        assert_oauth_error(&answer, 400, "invalid_request");
    }
}

#[test]
fn an_empty_parameter_counts_as_left_out() {
    let server = server();
    let body = format!("{LOGIN}&client_id=&client_secret=&resource=");
    server.post("/token").body(FORM, body).send().expect(200);
}

#[test]
fn an_unknown_parameter_is_ignored() {
    let server = server();
    let body = format!("{LOGIN}&colour=blue");
    server.post("/token").body(FORM, body).send().expect(200);
}

#[test]
fn p28_the_method_is_post() {
    let server = server();
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let answer = server.call(method, "/token").send();
        assert_problem(&answer, 405);
        assert_eq!(answer.header("allow"), "POST");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[test]
fn p02_a_body_of_a_mebibyte_is_too_large() {
    let server = server();
    let answer = server
        .try_login("johndoe", &"x".repeat(1 << 20), &[])
        .send();
    assert_eq!(answer.status, 413, "{answer:?}");
    assert_contract_shape("/token", &answer);
    assert_not_stored(&answer);
}

#[test]
fn a_form_that_is_not_utf_8_is_an_invalid_request() {
    let server = server();
    let bad: [&[u8]; 3] = [
        b"grant_type=password&username=john\xff&password=secret-password",
        b"grant_type=password&username=john%ff&password=secret-password",
        b"grant_type=password&username=johndoe&password=%c3%28",
    ];
    for body in bad {
        let answer = server.post("/token").body(FORM, body).send();
        assert_oauth_error(&answer, 400, "invalid_request");
    }
}

#[test]
fn a_trailing_slash_changes_nothing() {
    let server = server();
    server.post("/token/").body(FORM, LOGIN).send().expect(200);
    let answer = server.get("/token/").send();
    assert_problem(&answer, 405);
}

#[test]
fn the_password_grant_can_be_turned_off() {
    let home = Home::new();
    home.user("johndoe", PASSWORD, &["me"]);
    let server = Server::start_in(home, &["--password-grant", "off"]);
    let answer = server.try_login("johndoe", PASSWORD, &["me"]).send();
    assert_eq!(answer.status, 400);
    let error = answer.json()["error"].clone();
    assert!(
        error == "unsupported_grant_type" || error == "unauthorized_client",
        "{error}"
    );
}
