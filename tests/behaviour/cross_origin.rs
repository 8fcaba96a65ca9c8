//! Pages of other origins: configured ones alone, and never with cookies.

use crate::support::*;

const ORIGIN: &str = "https://api.example";

fn server() -> Server {
    Server::with_args(&["--cors-origin", ORIGIN])
}

/// What a browser asks before it sends a request with these headers.
fn preflight(server: &Server, origin: &str, path: &str, headers: &str) -> Answer {
    let call = server.call("OPTIONS", path).header("origin", origin);
    let call = call.header("access-control-request-method", "POST");
    call.header("access-control-request-headers", headers)
        .send()
}

#[test]
fn s09_a_page_of_a_configured_origin_may_send_what_swagger_ui_sends() {
    let server = server();
    let answer = preflight(&server, ORIGIN, "/token", "authorization,x-requested-with");
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    let allowed = answer.header("access-control-allow-headers");
    let allowed: Vec<&str> = allowed.split(", ").collect();
    assert_eq!(
        allowed,
        ["authorization", "content-type", "x-requested-with"]
    );
    assert!(
        !answer
            .headers
            .contains_key("access-control-allow-credentials")
    );
    let answer = server.get("/healthz").header("origin", ORIGIN).send();
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    assert!(answer.header("vary").contains("origin"));
}

#[test]
fn s09_a_page_of_another_origin_may_not() {
    let server = server();
    for origin in [
        "https://evil.example",
        "https://api.example.evil.example",
        "http://api.example",
        "https://api.example:8443",
        "null",
    ] {
        for answer in [
            preflight(&server, origin, "/token", "authorization"),
            server.get("/healthz").header("origin", origin).send(),
        ] {
            for name in [
                "access-control-allow-origin",
                "access-control-allow-headers",
            ] {
                assert!(!answer.headers.contains_key(name), "{origin}: {answer:?}");
            }
        }
    }
}

#[test]
fn s09_without_the_setting_no_origin_may() {
    let server = Server::start();
    let answer = preflight(&server, ORIGIN, "/token", "authorization");
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
}
