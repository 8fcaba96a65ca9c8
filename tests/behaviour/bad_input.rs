//! Malformed requests of every kind: none gives a 5xx, a panic, or an error
//! outside the contract's shapes.

use serde_json::json;

use crate::support::*;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A request with its body and the body's type.
type Row = (&'static str, &'static str, &'static str, Vec<u8>);

fn row(
    method: &'static str,
    path: &'static str,
    kind: &'static str,
    body: impl Into<Vec<u8>>,
) -> Row {
    (method, path, kind, body.into())
}

fn token_requests() -> Vec<Row> {
    let bodies: Vec<Vec<u8>> = vec![
        b"".into(),
        b"=".into(),
        b"&".into(),
        b"=&=&=".into(),
        b"grant_type".into(),
        b"grant_type=".into(),
        b"grant_type=%".into(),
        b"grant_type=%zz".into(),
        b"grant_type=%ff".into(),
        b"grant_type=\xff".into(),
        b"grant_type=password".into(),
        b"grant_type=password&username=x".into(),
        b"grant_type=password&password=x".into(),
        b"grant_type=password&username=x&password=y&scope=%00".into(),
        b"grant_type=password&username=%00&password=%00".into(),
        b"grant_type=password&username=x&username=y&password=z".into(),
        b"grant_type[]=password&username=x&password=y".into(),
        b"grant_type=password;username=x;password=y".into(),
        b"grant_type=refresh_token".into(),
        b"grant_type=refresh_token&refresh_token=x".into(),
        b"grant_type=authorization_code&code=x".into(),
        b"grant_type=client_credentials".into(),
        b"grant_type=client_credentials&client_id=scopegate-docs".into(),
        b"grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=x".into(),
        b"grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=x".into(),
        b"grant_type=password&username=x&password=y&client_id=%00".into(),
        b"{\"grant_type\":\"password\"}".into(),
        b"\x00\x01\x02".into(),
        "&".repeat(60_000).into(),
        format!("grant_type={}", "x".repeat(60_000)).into(),
        format!(
            "grant_type=password&username={}&password=y",
            "x".repeat(60_000)
        )
        .into(),
        format!(
            "grant_type=password&username=x&password=y&scope={}",
            "+".repeat(60_000)
        )
        .into(),
        "a=b&".repeat(16_000).into(),
        "x".repeat(70_000).into(),
    ];
    let of_form = bodies
        .into_iter()
        .map(|body| row("POST", "/token", FORM, body));
    of_form
        .chain([
            row("POST", "/token", JSON, "{}"),
            row("POST", "/token", "", "grant_type=password"),
            row("POST", "/token", "multipart/form-data", "--"),
            row(
                "POST",
                "/token",
                "application/x-www-form-urlencodedx",
                "grant_type=password",
            ),
            row("POST", "/token/", FORM, "grant_type=nonsense"),
            row("POST", "/token/x", FORM, ""),
            row("GET", "/token", FORM, ""),
            row("PUT", "/token", FORM, ""),
            row("OPTIONS", "/token", FORM, ""),
        ])
        .collect()
}

fn user_requests() -> Vec<Row> {
    let bodies: Vec<Vec<u8>> = vec![
        b"".into(),
        b"{".into(),
        b"null".into(),
        b"[]".into(),
        b"\"x\"".into(),
        b"1e999".into(),
        b"{\"username\":}".into(),
        b"{\"username\":null}".into(),
        b"{\"username\":[]}".into(),
        b"{\"username\":{}}".into(),
        b"{\"username\":\"\\ud800\"}".into(),
        b"{\"username\":\"\\u0000\",\"password\":\"12345678\"}".into(),
        b"{\"username\":\"x\",\"password\":12345678}".into(),
        b"{\"username\":\"x\",\"password\":\"12345678\",\"scopes\":\"me\"}".into(),
        b"{\"username\":\"x\",\"password\":\"12345678\",\"scopes\":[null]}".into(),
        b"{\"username\":\"x\",\"password\":\"12345678\",\"scopes\":[\"a b\"]}".into(),
        b"{\"username\":\"x\",\"password\":\"12345678\",\"email\":\"@\"}".into(),
        b"{\"username\":\"x\",\"password\":\"12345678\",\"email\":[\"a@b.example\"]}".into(),
        b"{\"disabled\":\"yes\"}".into(),
        b"{\"full_name\":\"\xff\"}".into(),
        b"{\"__proto__\":{}}".into(),
        b"\xff\xfe{\x00}\x00".into(),
        "[".repeat(60_000).into(),
        "{\"a\":".repeat(12_000).into(),
        format!("{{\"username\":\"{}\"}}", "x".repeat(60_000)).into(),
        format!("{{\"scopes\":[{}\"x\"]}}", "\"x\",".repeat(15_000)).into(),
        " ".repeat(70_000).into(),
    ];
    let everywhere = |body: Vec<u8>| {
        [
            row("POST", "/users", JSON, body.clone()),
            row("PATCH", "/users/me", JSON, body.clone()),
            row("PATCH", "/users/nobody", JSON, body.clone()),
            row("PUT", "/users/me/password", JSON, body),
        ]
    };
    bodies.into_iter().flat_map(everywhere).collect()
}

fn odd_paths() -> Vec<Row> {
    let paths = [
        "/users/%00",
        "/users/%ff",
        "/users/%2F",
        "/users/a%2Fb",
        "/users/%",
        "/users/%zz",
        "/users/nobody/nothing",
        "/users/%F0%9F%94%91",
        "/users/'%20OR%201=1",
        "/users?limit=0",
        "/users?limit=-1",
        "/users?limit=1e9",
        "/users?limit=18446744073709551616",
        "/users?cursor=x",
        "/users?cursor=%00",
        "/users?cursor=%ff",
        "/users?limit=%ff",
        "/scopes/%00",
        "/scopes/%ff",
        "/Users/me",
        "/users/ME",
    ];
    paths.map(|path| row("GET", path, JSON, "")).into()
}

#[test]
fn no_malformed_request_gets_anything_but_an_error_of_the_contract() {
    let (server, token) = Server::with_user(&["me", "me:write", "users:read", "users:write"]);
    let document = Document::of(&server);
    let rows = [token_requests(), user_requests(), odd_paths()].concat();
    assert!(rows.len() >= 60);
    for (method, path, kind, body) in rows {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        println!("{method} {path} {kind} {shown:?}");
        let call = server.call(method, path).body(kind, body);
        let answer = match path.starts_with("/token") {
            true => call.send(),
            false => call.bearer(&token).send(),
        };
        if method == "OPTIONS" && answer.status < 300 {
            continue;
        }
        if let Some(operation) = document.operation(method, path) {
            assert!(
                operation.documents(answer.status),
                "an undocumented {answer:?}"
            );
        }
        assert_contract_shape(path, &answer);
    }
    assert!(!server.log().contains("panicked"), "{}", server.log());
    server.get("/users/me").bearer(&token).send().expect(200);
}

#[test]
fn a_member_that_stands_twice_is_refused() {
    let (server, token) = Server::with_user(&["users:write"]);
    let body = r#"{"username":"x","username":"y","password":"secret-password"}"#;
    let answer = server.post("/users").bearer(&token).body(JSON, body).send();
    assert!([400, 422].contains(&answer.status), "{answer:?}");
}

#[test]
fn what_is_not_http_is_refused_or_hung_up_on() {
    let (server, token) = Server::with_user(&["me"]);
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let requests: Vec<Vec<u8>> = vec![
        b"nonsense\r\n\r\n".into(),
        b"\r\n\r\n\r\n\x00\r\n\r\n".into(),
        b"GET\r\n\r\n".into(),
        b"GET /\r\n\r\n".into(),
        b"GET / HTTP/9.9\r\nhost: x\r\n\r\n".into(),
        b"GET  /users/me  HTTP/1.1\r\nhost: x\r\n\r\n".into(),
        b"GET /users/me\x00 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".into(),
        b"GET /users/\xff HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".into(),
        b"GET /users/me HTTP/1.1\r\nhost: x\r\nx: a\x00b\r\nconnection: close\r\n\r\n".into(),
        b"GET /users/me HTTP/1.1\r\nhost: x\r\nbad header\r\nconnection: close\r\n\r\n".into(),
        b"GET /users/me HTTP/1.1\r\nhost: x\r\n: x\r\nconnection: close\r\n\r\n".into(),
        b"GET /users/me HTTP/1.1\r\nhost: x\r\nbad name: x\r\nconnection: close\r\n\r\n".into(),
        b"GET /users/me HTTP/1.1\r\nhost: x\r\n folded: x\r\nconnection: close\r\n\r\n".into(),
        b"GET /users/me HTTP/1.1\r\nconnection: close\r\n\r\n".into(),
        b"GET /users/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \xff\r\nconnection: close\r\n\r\n".into(),
        b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".into(),
        b"GET http://[ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".into(),
        b"GET * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".into(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".into(),
        post(&format!("{form}content-length: x\r\n"), ""),
        post(&format!("{form}content-length: -1\r\n"), ""),
        post(&format!("{form}content-length: 99999999999999999999\r\n"), ""),
        post(&format!("{form}transfer-encoding: nonsense\r\n"), "x"),
        post(&format!("{form}transfer-encoding: chunked\r\n"), "zz\r\n"),
        post(&format!("{form}transfer-encoding: chunked\r\n"), "-1\r\n\r\n"),
        post(&format!("{form}content-length: 99999999999\r\n"), ""),
        post(&format!("{form}content-type: application/json\r\ncontent-length: 0\r\n"), ""),
    ];
    let mut wrong = Vec::new();
    for request in requests {
        let answer = server.raw(&request);
        let is_refused = match raw_status(&answer) {
            Some(status) => (400..500).contains(&status),
            None => answer.is_empty(),
        };
        if !is_refused {
            wrong.push((String::from_utf8_lossy(&request).into_owned(), answer));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(!server.log().contains("panicked"), "{}", server.log());
    server.get("/users/me").bearer(&token).send().expect(200);
}

#[test]
fn p11_a_body_of_two_lengths_is_refused() {
    let (server, _) = Server::with_user(&["me"]);
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let login = "grant_type=password&username=johndoe&password=secret-password";
    let chunked = format!("{:x}\r\n{login}\r\n0\r\n\r\n", login.len());
    let length = login.len();
    let requests = [
        post(
            &format!(
                "{form}content-length: {length}\r\ncontent-length: {}\r\n",
                length - 1
            ),
            login,
        ),
        post(
            &format!("{form}content-length: {length}, {}\r\n", length - 1),
            login,
        ),
        post(
            &format!("{form}content-length: {length}\r\ntransfer-encoding: chunked\r\n"),
            &chunked,
        ),
        post(
            &format!("{form}transfer-encoding: chunked\r\ncontent-length: {length}\r\n"),
            &chunked,
        ),
        post(
            &format!("{form}transfer-encoding: chunked, identity\r\n"),
            &chunked,
        ),
    ];
    let mut accepted = Vec::new();
    for request in requests {
        let answer = server.raw(&request);
        if !answer.is_empty() && !matches!(raw_status(&answer), Some(400 | 501)) {
            accepted.push((String::from_utf8_lossy(&request).into_owned(), answer));
        }
    }
    assert!(accepted.is_empty(), "{accepted:#?}");
}

fn post(headers: &str, body: &str) -> Vec<u8> {
    format!("POST /token HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n{body}").into()
}

#[test]
fn a10_a_request_has_exactly_one_host() {
    let (server, _) = Server::with_user(&["me"]);
    let ask = |hosts: &str| {
        let request = format!("GET /healthz HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        raw_status(&server.raw(request.as_bytes()))
    };
    assert_eq!(ask("Host: localhost\r\n"), Some(200));
    assert_eq!(ask("Host: localhost:8000\r\n"), Some(200));
    for hosts in [
        "",
        "Host: localhost\r\nHost: localhost\r\n",
        "Host: localhost\r\nHost: evil.example\r\n",
        "Host:\r\n",
        "Host: a b\r\n",
        "Host: user@localhost\r\n",
        "Host: localhost/path\r\n",
    ] {
        assert_eq!(ask(hosts), Some(400), "{hosts:?}");
    }
    let old = "GET /healthz HTTP/1.0\r\n\r\n";
    let answer = server.raw(old.as_bytes());
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
}

#[test]
fn a10_an_encoded_body_is_a_415() {
    let (server, token) = Server::with_user(&["me:write"]);
    let call = server.patch("/users/me").bearer(&token);
    let call = call
        .header("content-encoding", "gzip")
        .json(&json!({"email": null}));
    assert_problem(&call.send(), 415);
}

#[test]
fn a8_a_nul_in_a_body_is_refused_and_never_a_503() {
    let server = Server::start();
    let admin = server.admin();
    server.user("johndoe", PASSWORD, &["me", "me:write", "tokens"]);
    let own = server.login("johndoe", PASSWORD, &["me", "me:write", "tokens"]);
    let call = |method: &str, path: &str| match path.starts_with("/users/me") {
        true => server.call(method, path).bearer(&own),
        false => server.call(method, path).bearer(&admin),
    };
    let in_a_body = [
        (
            "POST",
            "/users",
            json!({"username": "a\0b", "password": PASSWORD}),
        ),
        (
            "POST",
            "/users",
            json!({"username": "ann", "full_name": "a\0b"}),
        ),
        (
            "POST",
            "/users",
            json!({"username": "ann", "email": "a\0b@example.com"}),
        ),
        (
            "POST",
            "/users",
            json!({"username": "ann", "scopes": ["a\0b"]}),
        ),
        (
            "POST",
            "/scopes",
            json!({"name": "a\0b", "description": "A scope"}),
        ),
        (
            "POST",
            "/scopes",
            json!({"name": "ab", "description": "a\0b"}),
        ),
        (
            "POST",
            "/clients",
            json!({"client_id": "a\0b", "client_name": "A"}),
        ),
        (
            "POST",
            "/clients",
            json!({"client_id": "ab", "client_name": "a\0b"}),
        ),
        (
            "POST",
            "/subject-kinds",
            json!({"kind": "a\0b", "scopes": []}),
        ),
        (
            "POST",
            "/tokens",
            json!({"subject": "car:a\0b", "scopes": []}),
        ),
        (
            "POST",
            "/users/me/tokens",
            json!({"name": "a\0b", "scopes": [], "expires_in": 60}),
        ),
        ("PATCH", "/users/me", json!({"full_name": "a\0b"})),
    ];
    for (method, path, body) in in_a_body {
        let answer = call(method, path).json(&body).send();
        assert!(
            [400, 404, 422].contains(&answer.status),
            "{body}: {answer:?}"
        );
    }
}

#[test]
fn a8_a_nul_in_a_path_or_a_query_is_never_a_503() {
    let server = Server::start();
    let admin = server.admin();
    let in_a_path = [
        ("GET", "/users?prefix=a%00b"),
        ("GET", "/users?cursor=a%00b"),
        ("GET", "/users/a%00b"),
        ("DELETE", "/users/a%00b"),
        ("DELETE", "/scopes/a%00b"),
        ("GET", "/tokens?subject=car%3Aa%00b"),
        ("DELETE", "/tokens?subject=car%3Aa%00b"),
        ("DELETE", "/tokens/a%00b"),
        ("DELETE", "/clients/a%00b"),
        ("DELETE", "/keys/a%00b"),
        ("GET", "/device?user_code=a%00b"),
        ("GET", "/authorize?client_id=a%00b"),
        ("GET", "/consent?request=a%00b"),
    ];
    for (method, path) in in_a_path {
        let status = server.call(method, path).bearer(&admin).send().status;
        assert!(status < 500, "{method} {path}: {status}");
    }
}

#[test]
fn a8_a_nul_in_a_form_is_never_a_503() {
    let server = Server::start();
    let in_a_form = [
        (
            "/token",
            vec![
                ("grant_type", "password"),
                ("username", "a\0b"),
                ("password", "x"),
            ],
        ),
        (
            "/token",
            vec![
                ("grant_type", "password"),
                ("username", "johndoe"),
                ("password", "\0"),
            ],
        ),
        (
            "/token",
            vec![("grant_type", "refresh_token"), ("refresh_token", "a\0b")],
        ),
        (
            "/token",
            vec![
                ("grant_type", "authorization_code"),
                ("code", "\0"),
                ("code_verifier", "\0"),
            ],
        ),
        (
            "/token",
            vec![
                ("grant_type", "client_credentials"),
                ("client_id", "\0"),
                ("client_secret", "\0"),
            ],
        ),
        ("/revoke", vec![("token", "a\0b")]),
        (
            "/device_authorization",
            vec![("client_id", "scopegate-docs"), ("scope", "a\0b")],
        ),
        (
            "/par",
            vec![("client_id", "scopegate-docs"), ("state", "a\0b")],
        ),
    ];
    for (path, form) in in_a_form {
        let status = server.post(path).form(&form).send().status;
        assert!(status < 500, "{path} {form:?}: {status}");
    }
}
