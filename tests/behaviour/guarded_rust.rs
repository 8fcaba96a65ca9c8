//! The guard for APIs in Rust, by way of `examples/garage` and `examples/axum`.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::*;

/// An example that runs, on a port of its own.
struct Api {
    _process: Program,
    url: String,
}

impl Api {
    /// Starts an example on an issuer, following revocations as a client where there is one.
    fn start(example: &str, issuer: &str, client: Option<(&str, &str)>) -> Self {
        let listen = free_address().to_string();
        let folder = Path::new(env!("CARGO_BIN_EXE_scopegate")).with_file_name("examples");
        let mut command = Command::new(folder.join(example));
        command.env("ISSUER", issuer).env("LISTEN", &listen);
        if let Some((id, secret)) = client {
            command.env("CLIENT_ID", id).env("CLIENT_SECRET", secret);
        }
        let process = Program::start(command.stdout(Stdio::null()).stderr(Stdio::null()));
        let api = Self {
            _process: process,
            url: format!("http://{listen}"),
        };
        let health = || Call::new("GET", &format!("{}/health", api.url)).try_send();
        eventually(health, Option::is_some);
        api
    }

    fn call(&self, method: &str, path: &str, token: &str) -> Answer {
        Call::new(method, &format!("{}{path}", self.url))
            .bearer(token)
            .send()
    }

    /// Calls until the issuer's keys and revocations are there.
    fn served(&self, method: &str, path: &str, token: &str) -> Answer {
        eventually(
            || self.call(method, path, token),
            |answer| answer.status != 503,
        )
    }
}

/// A server with what the examples need, and its issuer.
fn garage() -> (Server, String) {
    let address = free_address().to_string();
    let server = Server::with_args(&[
        "--listen",
        &address,
        "--allowed-audience",
        "https://other.example",
    ]);
    for scope in ["items", "edit", "drive"] {
        server.run(&["scope", "add", scope]).succeeded();
    }
    for (kind, scope) in [("car", "drive"), ("post", "edit")] {
        let add = ["subject-kind", "add", kind, "--scope", scope];
        server.run(&add).succeeded();
    }
    (server, format!("http://{address}"))
}

/// Mints a token at the issuer.
fn mint(server: &Server, issuer: &str, args: &[&str]) -> String {
    let mint = ["token", "mint", "--json", "--issuer", issuer];
    let allowed = ["--allowed-audience", "https://other.example"];
    let made = server
        .run(&[&mint[..], &allowed, args].concat())
        .succeeded();
    let token = made.json()["access_token"].clone();
    token.as_str().expect("a token").to_owned()
}

fn refuses_what_is_not_for_it(example: &str) {
    let (server, issuer) = garage();
    let api = Api::start(example, &issuer, None);
    let mint = |args: &[&str]| mint(&server, &issuer, args);

    let car = mint(&["--subject", "car:7f3a", "--scope", "drive"]);
    let driven = api.served("POST", "/cars/7f3a/drive", &car);
    assert_eq!(
        driven.expect(200),
        json!({"car": "7f3a", "state": "driving"})
    );
    let other = api.call("POST", "/cars/8b21/drive", &car);
    assert_eq!(other.status, 404, "{other:?}");
    let lacking = api.call("GET", "/items", &car);
    assert_eq!(lacking.status, 403, "{lacking:?}");
    let challenge = lacking.header("www-authenticate");
    assert!(
        challenge.contains("insufficient_scope\", scope=\"items\""),
        "{challenge}"
    );

    let post = mint(&["--subject", "post:1", "--scope", "edit"]);
    let edited = api.call("PATCH", "/posts/1?text=Hi", &post);
    assert_eq!(edited.expect(200)["by"], "post:1");
    let [header, claims, signature] = parts(&post);
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{header}.{claims}.{first}{}", &signature[1..]);
    let audience = ["--audience", "https://other.example"];
    let theirs = mint(&[&["--subject", "post:1", "--scope", "edit"], &audience[..]].concat());
    for bad in ["garbage", &forged, &theirs] {
        let refused = api.call("PATCH", "/posts/1?text=Hi", bad);
        assert_eq!(refused.status, 401, "{refused:?}");
        let challenge = refused.header("www-authenticate");
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
    let without = Call::new("PATCH", &format!("{}/posts/1?text=Hi", api.url)).send();
    assert_eq!(without.status, 401, "{without:?}");
    assert_eq!(
        without.header("www-authenticate"),
        "Bearer realm=\"garage\""
    );
    let brief = mint(&[
        "--subject",
        "post:1",
        "--scope",
        "edit",
        "--expires-in",
        "1s",
    ]);
    let expired = eventually(
        || api.call("PATCH", "/posts/1?text=Hi", &brief),
        |answer| answer.status == 401,
    );
    assert!(
        expired.header("www-authenticate").contains("expired"),
        "{expired:?}"
    );
}

#[test]
fn an_api_of_poem_openapi_refuses_what_is_not_for_it() {
    refuses_what_is_not_for_it("garage");
}

#[test]
fn an_api_of_axum_refuses_what_is_not_for_it() {
    refuses_what_is_not_for_it("axum");
}

#[test]
fn an_api_that_follows_the_issuer_refuses_a_revoked_token_within_a_second() {
    let (server, issuer) = garage();
    let client = [
        "client",
        "add",
        "garage",
        "--json",
        "--grant",
        "client_credentials",
    ];
    let scope = ["--scope", "revocations:read"];
    let added = server
        .run(&[&client[..], &scope].concat())
        .succeeded()
        .json();
    let secret = added["client_secret"].as_str().expect("a secret");
    let api = Api::start("axum", &issuer, Some(("garage", secret)));
    let token = || {
        mint(
            &server,
            &issuer,
            &["--subject", "post:1", "--scope", "edit"],
        )
    };
    let call = |token: &str| api.served("PATCH", "/posts/1?text=Hi", token);
    let revoke = |token: &str| {
        let id = decoded(token).1["jti"].as_str().expect("an id").to_owned();
        server.run(&["token", "revoke", &id]).succeeded();
    };

    let (before, after) = (token(), token());
    revoke(&before);
    let refused = eventually(|| call(&before), |answer| answer.status == 401);
    assert!(
        refused.header("www-authenticate").contains("revoked"),
        "{refused:?}"
    );
    call(&after).expect(200);
    revoke(&after);
    let revoked = Instant::now();
    eventually(|| call(&after), |answer| answer.status == 401);
    let took = revoked.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn an_api_starts_without_its_issuer() {
    let (server, issuer) = garage();
    let nowhere = format!("http://{}", free_address());
    let api = Api::start("garage", &nowhere, None);
    let token = mint(
        &server,
        &issuer,
        &["--subject", "post:1", "--scope", "edit"],
    );
    let answer = api.call("PATCH", "/posts/1?text=Hi", &token);
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.header("retry-after"), "1");
}
