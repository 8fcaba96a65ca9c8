//! What clients and verifiers find by themselves.

use serde_json::json;

use crate::support::*;

const KEYS: &str = "/.well-known/jwks.json";
const METADATA: &str = "/.well-known/oauth-authorization-server";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";

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

#[test]
fn a_refused_request_says_where_the_api_describes_itself() {
    let server = Server::start();
    let metadata = server.get(RESOURCE).send().expect(200);
    let issuer = metadata["resource"].as_str().expect("an address");
    assert_eq!(metadata["authorization_servers"], json!([issuer]));
    assert_eq!(metadata["bearer_methods_supported"], json!(["header"]));
    let scopes = strings(&metadata["scopes_supported"]);
    assert!(scopes.contains(&"me".to_owned()), "{metadata}");
    let pointer = format!("resource_metadata=\"{issuer}{RESOURCE}\"");
    for call in [
        server.get("/users/me"),
        server.get("/users/me").bearer("garbage"),
        server
            .post("/revoke")
            .bearer("garbage")
            .form(&[("token", "x")]),
    ] {
        let answer = call.send();
        assert_eq!(answer.status, 401);
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains(&pointer), "{challenge}");
    }
}

#[test]
fn another_api_is_described_for_it_to_serve() {
    let api = "https://api.example";
    let server = Server::with_args(&["--allowed-audience", api]);
    server
        .run(&["scope", "add", "drive", "--description", "Drive a car"])
        .succeeded();
    let path = format!("{RESOURCE}?resource={}", percent_encoded(api));
    let is_known = |answer: &Answer| answer.json()["scopes_supported"] == json!(["drive"]);
    let metadata = eventually(|| server.get(&path).send(), is_known).json();
    assert_eq!(metadata["resource"], api);
    let own = server.get(RESOURCE).send().expect(200);
    assert_eq!(metadata["authorization_servers"], json!([own["resource"]]));
    let other = percent_encoded("https://elsewhere.example");
    let path = format!("{RESOURCE}?resource={other}");
    assert_problem(&server.get(&path).send(), 404);
}

#[test]
fn everything_is_found_below_the_path_of_the_issuer_and_without_it() {
    let issuer = "http://localhost:8123/auth";
    let server = Server::with_args(&["--issuer", issuer]);
    server.user("johndoe", PASSWORD, &["me"]);
    let token = server.login("johndoe", PASSWORD, &["me"]);
    for path in ["/users/me", "/auth/users/me", "/auth/users/me/"] {
        server.get(path).bearer(&token).send().expect(200);
    }
    for path in [
        "/",
        "/auth",
        "/auth/",
        "/auth/docs",
        "/auth/login",
        "/login",
    ] {
        assert_eq!(server.get(path).send().status, 200, "{path}");
    }
    let document = server.get("/auth/openapi.json").send().expect(200);
    assert_eq!(document["servers"], json!([{"url": "/auth"}]));
    let flows = &document["components"]["securitySchemes"]["scopegate"]["flows"];
    assert_eq!(flows["password"]["tokenUrl"], "/auth/token");
    assert_eq!(
        flows["authorizationCode"]["authorizationUrl"],
        "/auth/authorize"
    );
    for path in ["/authusers/me", "/auth/auth/users/me", "/docs/auth"] {
        assert_eq!(server.get(path).send().status, 404, "{path}");
    }
    for path in [
        "/.well-known/oauth-authorization-server/auth",
        "/.well-known/openid-configuration/auth",
        "/auth/.well-known/openid-configuration",
        METADATA,
    ] {
        assert_eq!(
            server.get(path).send().expect(200)["issuer"],
            issuer,
            "{path}"
        );
    }
    let described = "/.well-known/oauth-protected-resource/auth";
    assert_eq!(server.get(described).send().expect(200)["resource"], issuer);
    let refused = server.get("/auth/users/me").send();
    let pointer = format!("resource_metadata=\"http://localhost:8123{described}\"");
    let challenge = refused.header("www-authenticate");
    assert!(challenge.contains(&pointer), "{challenge}");
}
