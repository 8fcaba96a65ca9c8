//! What clients and verifiers find by themselves.

use serde_json::json;

use crate::support::*;

const KEYS: &str = "/.well-known/jwks.json";
const METADATA: &str = "/.well-known/oauth-authorization-server";

#[test]
fn the_public_keys_are_there_and_nothing_private_with_them() {
    let server = Server::start();
    let set = server.get(KEYS).send().expect(200);
    let keys = set["keys"].as_array().expect("keys");
    assert_eq!(keys.len(), 1, "{set}");
    let names: Vec<&String> = keys[0].as_object().expect("a key").keys().collect();
    assert_eq!(names, ["kty", "use", "alg", "kid", "crv", "x", "y"]);
    assert_eq!(keys[0]["kty"], "EC");
    assert_eq!(keys[0]["use"], "sig");
    assert_eq!(keys[0]["alg"], "ES256");
}

#[test]
fn a_copy_of_the_keys_may_be_kept_and_asked_about() {
    let server = Server::start();
    let answer = server.get(KEYS).send();
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let tag = answer.header("etag");
    let ask = |known: &str| server.get(KEYS).header("if-none-match", known).send();
    for known in [tag, &format!("W/{tag}"), &format!("\"x\", {tag}"), "*"] {
        let answer = ask(known);
        assert_eq!(answer.status, 304, "{answer:?}");
        assert_eq!(answer.body, "");
        assert_eq!(answer.header("etag"), tag);
    }
    ask("\"another\"").expect(200);
    server.run(&["key", "generate"]).succeeded();
    let changed = eventually(|| ask(tag), |answer| answer.status == 200);
    assert_ne!(changed.header("etag"), tag);
}

#[test]
fn a_secret_is_never_among_the_keys() {
    let forger = Forger::with_scopes(&["me"]);
    let set = forger.server.get(KEYS).send().expect(200);
    let kinds = set["keys"].as_array().expect("keys").iter();
    assert!(kinds.clone().all(|key| key["kty"] != "oct"), "{set}");
    assert!(kinds.into_iter().all(|key| key["alg"] != "HS256"), "{set}");
}

#[test]
fn every_value_of_the_metadata_is_true() {
    let address = "http://localhost:8123";
    let server = Server::with_args(&["--issuer", address]);
    let metadata = server.get(METADATA).send().expect(200);
    assert_eq!(metadata["issuer"], address);
    let document = Document::of(&server);
    for (name, value) in members(&metadata) {
        let is_address = name.ends_with("_endpoint") || name.ends_with("_uri");
        if !is_address {
            continue;
        }
        let url = value.as_str().expect("an address");
        let path = url.strip_prefix(address).expect("an address of the issuer");
        let is_operation = ["GET", "POST"].map(|method| document.operation(method, path).is_some());
        let is_page = || server.get(path).header("accept", "text/html").send().status != 404;
        assert!(
            is_operation.contains(&true) || is_page(),
            "{name}: there is nothing at {path}"
        );
    }
    let documented = |path: &str| document.operation("POST", path).is_some();
    for (name, path) in [
        ("token_endpoint", "/token"),
        ("revocation_endpoint", "/revoke"),
        ("introspection_endpoint", "/introspect"),
    ] {
        assert_eq!(metadata[name].is_string(), documented(path), "{metadata}");
    }
    assert_eq!(strings(&metadata["scopes_supported"]), document.scopes());
}

#[test]
fn each_grant_of_the_metadata_is_offered_and_no_other() {
    let server = Server::start();
    let metadata = server.get(METADATA).send().expect(200);
    let offered = strings(&metadata["grant_types_supported"]);
    assert!(offered.contains(&"password".to_owned()));
    let all = [
        "password",
        "refresh_token",
        "client_credentials",
        "authorization_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:device_code",
        "implicit",
    ];
    for grant in all {
        let answer = server.post("/token").form(&[("grant_type", grant)]).send();
        let is_unsupported = answer.json()["error"] == "unsupported_grant_type";
        let is_offered = offered.iter().any(|name| name == grant);
        assert_eq!(is_offered, !is_unsupported, "{grant}: {answer:?}");
    }
}

#[test]
fn a_grant_that_is_turned_off_is_not_in_the_metadata() {
    let server = Server::with_args(&["--password-grant", "off"]);
    let metadata = server.get(METADATA).send().expect(200);
    let offered = strings(&metadata["grant_types_supported"]);
    assert!(!offered.contains(&"password".to_owned()), "{metadata}");
}

#[test]
fn a_scope_of_the_catalogue_is_in_the_metadata() {
    let (server, token) = Server::with_user(&["scopes:write"]);
    let scope = json!({"name": "items", "description": "Read items"});
    server
        .post("/scopes")
        .bearer(&token)
        .json(&scope)
        .send()
        .expect(201);
    let metadata = server.get(METADATA).send().expect(200);
    assert!(strings(&metadata["scopes_supported"]).contains(&"items".to_owned()));
}
