//! Every error has the shape that its place has (contract §5).

use serde_json::{Value, json};

use crate::support::*;

/// A server and a token that may do everything to users.
fn managed() -> (Server, Token) {
    Server::with_user(&[
        "me",
        "me:write",
        "users:read",
        "users:write",
        "scopes:write",
    ])
}

#[test]
fn a_path_that_is_not_there_is_a_404() {
    let server = Server::start();
    for path in [
        "/nothing",
        "/users/me/nothing",
        "/token/x",
        "//",
        "/../etc/passwd",
        "/%00",
        "/%ff",
    ] {
        let answer = server.get(path).send();
        assert!([400, 404].contains(&answer.status), "{path}: {answer:?}");
        assert_problem(&answer, answer.status);
    }
}

#[test]
fn a_user_that_is_not_there_is_a_404() {
    let (server, token) = managed();
    for method in ["GET", "DELETE"] {
        assert_problem(
            &server.call(method, "/users/nobody").bearer(&token).send(),
            404,
        );
    }
    let answer = server
        .patch("/users/nobody")
        .bearer(&token)
        .json(&json!({}))
        .send();
    assert_problem(&answer, 404);
}

#[test]
fn a_method_that_is_not_offered_is_a_405_that_lists_those_that_are() {
    let server = Server::start();
    for operation in Document::of(&server).operations() {
        let path = operation.absent_path();
        let answer = server.call("TRACE", &path).send();
        assert_problem(&answer, 405);
        let allowed: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
        assert!(allowed.contains(&&*operation.method), "{path}: {allowed:?}");
    }
}

#[test]
fn an_unheard_of_method_is_a_405() {
    let server = Server::start();
    for path in [
        "/users/me",
        "/token",
        "/users",
        "/docs",
        "/openapi.json",
        "/healthz",
    ] {
        assert_problem(&server.call("BREW", path).send(), 405);
    }
}

#[test]
fn head_answers_as_get_without_the_body() {
    let server = Server::start();
    for path in ["/openapi.json", "/docs", "/healthz"] {
        let (head, get) = (server.call("HEAD", path).send(), server.get(path).send());
        assert_eq!(head.status, 200, "{path}");
        assert!(head.body.is_empty());
        assert_eq!(head.header("content-type"), get.header("content-type"));
    }
    assert_eq!(server.call("HEAD", "/users/me").send().status, 401);
    assert_eq!(server.call("HEAD", "/nothing").send().status, 404);
}

#[test]
fn options_lists_the_methods() {
    let server = Server::start();
    for path in ["/users/me", "/token", "/users"] {
        let answer = server.call("OPTIONS", path).send();
        assert!(
            [200, 204, 405].contains(&answer.status),
            "{path}: {answer:?}"
        );
        assert!(!answer.header("allow").is_empty(), "{path}: {answer:?}");
        if answer.status == 405 {
            assert_problem(&answer, 405);
        }
    }
}

#[test]
fn a_body_over_64_kib_is_a_413() {
    let (server, token) = managed();
    let large = json!({"full_name": "x".repeat(65 << 10)});
    let bodies = [
        ("PATCH", "/users/me"),
        ("POST", "/users"),
        ("PATCH", "/users/johndoe"),
    ];
    for (method, path) in bodies {
        assert_problem(
            &server.call(method, path).bearer(&token).json(&large).send(),
            413,
        );
    }
    let form = [
        ("grant_type", "password"),
        ("username", &"x".repeat(65 << 10)),
    ];
    let answer = server.post("/token").form(&form).send();
    assert_eq!(answer.status, 413, "{answer:?}");
    assert_contract_shape("/token", &answer);
}

#[test]
fn a_body_over_64_kib_in_chunks_is_a_413() {
    let (server, token) = managed();
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    let request = format!(
        "PATCH /users/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{}0\r\n\r\n",
        token.text,
        chunk.repeat(17)
    );
    assert_eq!(raw_status(&server.raw(request.as_bytes())), Some(413));
}

#[test]
fn a_body_of_another_type_is_a_415() {
    let (server, token) = managed();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "json",
        "",
    ] {
        let call = server.patch("/users/me").bearer(&token);
        assert_problem(&call.body(kind, "{}").send(), 415);
    }
}

#[test]
fn a_body_that_is_not_json_is_a_400() {
    let (server, token) = managed();
    let deep = "[".repeat(10_000);
    let bad: [&[u8]; 8] = [
        b"",
        b"{",
        b"{\"full_name\": }",
        b"nonsense",
        b"{'full_name': 'x'}",
        b"{} {}",
        b"\xef\xbb\xbf{",
        deep.as_bytes(),
    ];
    for body in bad {
        let call = server.patch("/users/me").bearer(&token);
        let answer = call.body("application/json", body).send();
        assert_problem(&answer, 400);
    }
}

#[test]
fn a_body_that_is_not_utf_8_is_a_400() {
    let (server, token) = managed();
    let bad: [&[u8]; 3] = [
        b"\xff\xfe",
        b"{\"full_name\":\"\xff\"}",
        b"{\"full_name\":\"\xc3\x28\"}",
    ];
    for body in bad {
        let call = server.patch("/users/me").bearer(&token);
        assert_problem(&call.body("application/json", body).send(), 400);
    }
}

#[test]
fn each_field_that_does_not_fit_is_named() {
    let (server, token) = managed();
    let post = |body: &Value| server.post("/users").bearer(&token).json(body).send();
    assert_wrong_fields(&post(&json!({"password": PASSWORD})), &["username"]);
    assert_wrong_fields(
        &post(&json!({"username": 1, "password": PASSWORD})),
        &["username"],
    );
    let short = json!({"username": "new", "password": "short"});
    assert_wrong_fields(&post(&short), &["password"]);
    let many = json!({"username": "", "password": "", "email": "nonsense", "scopes": ["a b"]});
    let problem = assert_problem(&post(&many), 422);
    assert_eq!(
        problem["errors"].as_array().map(Vec::len),
        Some(4),
        "{problem}"
    );
}

#[test]
fn a_body_of_the_wrong_shape_is_a_422() {
    let (server, token) = managed();
    for body in [json!([]), json!("x"), json!(1), json!(null), json!(true)] {
        let answer = server.patch("/users/me").bearer(&token).json(&body).send();
        assert_problem(&answer, 422);
    }
}

#[test]
fn a_field_that_is_not_known_is_named() {
    let (server, token) = managed();
    let body = json!({"username": "new", "password": PASSWORD, "colour": "blue"});
    let answer = server.post("/users").bearer(&token).json(&body).send();
    assert_wrong_fields(&answer, &["colour"]);
}

#[test]
fn a_refused_password_is_not_in_the_answer() {
    let (server, token) = managed();
    let body = json!({"username": "new", "password": "s3cr3t!"});
    let answer = server.post("/users").bearer(&token).json(&body).send();
    assert_wrong_fields(&answer, &["password"]);
    assert!(!answer.body.contains("s3cr3t!"), "{answer:?}");
}

#[test]
fn a_query_that_does_not_fit_is_a_problem() {
    let (server, token) = managed();
    for query in [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=99999999999",
        "cursor=%00",
        "cursor=nonsense",
        "limit=%ff",
    ] {
        let answer = server.get(&format!("/users?{query}")).bearer(&token).send();
        assert!([400, 422].contains(&answer.status), "{query}: {answer:?}");
        assert_problem(&answer, answer.status);
    }
}

#[test]
fn s02_one_header_over_32_kib_is_a_431() {
    let server = Server::start();
    assert_headers_too_large(&server, &format!("x-large: {}\r\n", "x".repeat(33 << 10)));
}

#[test]
fn s02_many_headers_over_32_kib_are_a_431() {
    let server = Server::start();
    let header = |n| format!("x-{n}: {}\r\n", "x".repeat(500));
    assert_headers_too_large(&server, &(0..70).map(header).collect::<String>());
}

#[track_caller]
fn assert_headers_too_large(server: &Server, headers: &str) {
    let request =
        format!("GET /users/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
    assert_eq!(raw_status(&server.raw(request.as_bytes())), Some(431));
}

#[test]
fn a_header_block_just_under_32_kib_is_read() {
    let server = Server::start();
    let large = "x".repeat(31 << 10);
    let request = format!(
        "GET /users/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-large: {large}\r\n\r\n"
    );
    assert_eq!(raw_status(&server.raw(request.as_bytes())), Some(401));
}

#[test]
fn a_trailing_slash_is_the_same_path() {
    let (server, token) = managed();
    for path in [
        "/users/me",
        "/users",
        "/users/johndoe",
        "/scopes",
        "/openapi.json",
        "/healthz",
    ] {
        let with = server.get(&format!("{path}/")).bearer(&token).send();
        let without = server.get(path).bearer(&token).send();
        assert_eq!(with.status, 200, "{path}: {with:?}");
        assert_eq!(with.body, without.body, "{path}");
    }
}

#[test]
fn the_server_says_that_it_is_alive_and_ready() {
    let server = Server::start();
    assert_eq!(server.get("/healthz").send().status, 200);
    assert_eq!(server.get("/readyz").send().status, 200);
}

/// The last part of a problem's `type`, whose page is there.
#[track_caller]
fn kind_of(server: &Server, problem: &Value) -> String {
    let kind = problem["type"].as_str().expect("a type");
    let path = kind.strip_prefix("http://127.0.0.1:8000").expect(kind);
    let page = server.get(path).send();
    assert_eq!(page.status, 200, "{kind}");
    let name = path.strip_prefix("/problems/").expect(kind);
    assert!(page.body.contains(name), "{page:?}");
    name.to_owned()
}

#[test]
fn a_problem_says_of_which_kind_it_is_and_a_page_there_says_what_to_do() {
    let (server, token) = managed();
    let get = |path: &str| server.get(path).bearer(&token).send();
    let add = |user: Value| server.post("/users").bearer(&token).json(&user).send();
    let compressed = server.post("/users").bearer(&token).json(&json!({}));
    for (answer, status, kind) in [
        (server.get("/users/me").send(), 401, "token-required"),
        (
            server.get("/users/me").bearer("x").send(),
            401,
            "invalid-token",
        ),
        (get("/clients"), 403, "insufficient-scope"),
        (get("/users/nobody"), 404, "not-found"),
        (get("/nothing"), 404, "not-found"),
        (server.put("/users").send(), 405, "method-not-allowed"),
        (add(json!({"username": "johndoe"})), 409, "conflict"),
        (
            add(json!({"username": "x", "scopes": ["openid"]})),
            403,
            "beyond-you",
        ),
        (add(json!({"username": ""})), 422, "invalid-fields"),
        (get("/users?limit=many"), 422, "invalid-fields"),
        (get("/users?prefix=%00"), 400, "bad-request"),
        (
            compressed.header("content-encoding", "gzip").send(),
            415,
            "unsupported-media-type",
        ),
    ] {
        let problem = assert_problem(&answer, status);
        assert_eq!(kind_of(&server, &problem), kind, "{answer:?}");
    }
}

#[test]
fn what_scope_is_missing_is_a_member_of_its_own() {
    let (server, token) = managed();
    let answer = server.get("/clients").bearer(&token).send();
    assert_eq!(assert_problem(&answer, 403)["scope"], "clients:read");
    let user = json!({"username": "x", "scopes": ["openid", "tokens:mint"]});
    let answer = server.post("/users").bearer(&token).json(&user).send();
    assert_eq!(assert_problem(&answer, 403)["scope"], "openid tokens:mint");
    let answer = server.get("/users/me").send();
    assert_eq!(assert_problem(&answer, 401).get("scope"), None);
}

#[test]
fn where_a_client_may_authenticate_a_bad_token_is_refused_in_the_shape_of_oauth() {
    let (server, token) = managed();
    for path in ["/introspect", "/revoke"] {
        let form = [("token", token.text.as_str())];
        let ask = |bearer: &str| server.post(path).bearer(bearer).form(&form).send();
        let answer = ask("garbage");
        assert_bearer_oauth_error(&answer, 401, "invalid_token");
        let two = server
            .post(path)
            .bearer("a")
            .header("authorization", "Basic b");
        assert_eq!(two.form(&form).send().json()["error"], "invalid_request");
        let encoded = server.post(path).bearer(&token).form(&form);
        let encoded = encoded.header("content-encoding", "gzip").send();
        assert_oauth_error(&encoded, 400, "invalid_request");
    }
    let form = [("token", token.text.as_str())];
    let answer = server.post("/introspect").bearer(&token).form(&form).send();
    assert_bearer_oauth_error(&answer, 403, "insufficient_scope");
    assert!(
        answer
            .header("www-authenticate")
            .contains("scope=\"introspect\"")
    );
}

#[test]
fn no_error_speaks_of_types_of_the_program() {
    let (server, token) = managed();
    for (path, field, detail) in [
        (
            "/users?limit=many",
            "limit",
            "must be a number from 1 to 200",
        ),
        ("/users?limit=0", "limit", "must be a number from 1 to 200"),
        (
            "/users?limit=99999999999",
            "limit",
            "must be a number from 1 to 200",
        ),
    ] {
        let answer = server.get(path).bearer(&token).send();
        let problem = assert_problem(&answer, 422);
        let errors = json!([{"field": field, "detail": detail}]);
        assert_eq!(problem["errors"], errors, "{path}");
    }
    let admin = server.admin();
    let nobody = server.delete("/tokens").bearer(&admin).send();
    let errors = json!([{"field": "subject", "detail": "is required"}]);
    assert_eq!(assert_problem(&nobody, 422)["errors"], errors);
    let open = Server::with_args(&["--registration", "open"]);
    let wrong = open.post("/register").json(&json!({"redirect_uris": "x"}));
    let wrong = wrong.send();
    assert_oauth_error(&wrong, 400, "invalid_client_metadata");
    let description = "redirect_uris: must be an array";
    assert_eq!(wrong.json()["error_description"], description);
    let text = server.post("/users").bearer(&token);
    let answer = text.body("text/plain", "x").send();
    let detail = "the body must be application/json, not text/plain";
    assert_eq!(assert_problem(&answer, 415)["detail"], detail);
}
