//! Clients that authenticate by a JWT of their own, `private_key_jwt` (RFC 7523).

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde_json::{Value, json};

use crate::support::*;

/// A key pair of a client.
struct Signer {
    private: EncodingKey,
    public: Value,
    point: Vec<u8>,
}

impl Signer {
    fn new() -> Self {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new());
        let pkcs8 = pkcs8.expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref()).expect("a key pair");
        let private = EncodingKey::from_ec_der(pkcs8.as_ref());
        let public = Jwk::from_encoding_key(&private, Algorithm::ES256).expect("a public key");
        Self {
            private,
            public: serde_json::to_value(public).expect("JSON"),
            point: pair.public_key().as_ref().to_vec(),
        }
    }

    fn jwks(&self) -> String {
        json!({"keys": [self.public]}).to_string()
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header::new(Algorithm::ES256);
        jsonwebtoken::encode(&header, claims, &self.private).expect("a signed assertion")
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("a time after 1970").as_secs()
}

/// What a good assertion of the client `robot` says, under a name of its own.
fn claims(jti: &str) -> Value {
    let now = now();
    json!({"iss": "robot", "sub": "robot", "aud": ISSUER, "jti": jti, "iat": now, "exp": now + 60})
}

/// The claims with one of them set, or without it where the value is null.
fn with(jti: &str, name: &str, value: Value) -> Value {
    let mut claims = claims(jti);
    let members = claims.as_object_mut().expect("an object");
    match value {
        Value::Null => drop(members.remove(name)),
        value => drop(members.insert(name.to_owned(), value)),
    }
    claims
}

/// A server with the client `robot`, and the client's key.
fn with_robot() -> (Server, Signer) {
    let signer = Signer::new();
    let home = Home::new();
    home.write("robot.jwks", &signer.jwks());
    let add = ["client", "add", "robot", "--jwks", "robot.jwks"];
    let added = home.run(&[&add[..], &["--scope", "users:read", "--json"]].concat());
    assert_eq!(added.succeeded().json().get("client_secret"), None);
    (Server::start_in(home, &[]), signer)
}

fn ask(server: &Server, assertion: &str, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("scope", "users:read"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    form.extend(more);
    server.post("/token").form(&form).send()
}

#[track_caller]
fn assert_refused(server: &Server, assertion: &str) {
    assert_oauth_error(&ask(server, assertion, &[]), 401, "invalid_client");
}

#[test]
fn a_good_assertion_authenticates_with_and_without_a_client_id() {
    let (server, signer) = with_robot();
    let token = Token::of(&ask(&server, &signer.sign(&claims("one")), &[]));
    assert_eq!(decoded(&token.text).1["sub"], "client:robot");
    server.assert_lists_users(&token);
    let named = [("client_id", "robot")];
    ask(&server, &signer.sign(&claims("two")), &named).expect(200);
    for audience in [
        json!(format!("{ISSUER}/token")),
        json!([ISSUER, "https://other.example"]),
    ] {
        let jti = audience.to_string();
        let assertion = signer.sign(&with(&jti, "aud", audience));
        ask(&server, &assertion, &[]).expect(200);
    }
}

#[test]
fn a_client_added_by_the_api_authenticates_with_any_of_its_keys() {
    let server = Server::start();
    let admin = server.admin();
    let (first, second) = (Signer::new(), Signer::new());
    let mut keys = [first.public.clone(), second.public.clone()];
    keys[0]["kid"] = json!("first");
    keys[1]["kid"] = json!("second");
    let body = json!({
        "client_id": "robot", "client_name": "Robot", "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "private_key_jwt", "scopes": ["users:read"],
        "jwks": json!({"keys": keys}).to_string(),
    });
    let add = |body: &Value| server.post("/clients").bearer(&admin).json(body).send();
    assert_eq!(add(&body).expect(201).get("client_secret"), None);
    let signed = |by: &Signer, kid: &str, jti: &str| {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(kid.to_owned());
        jsonwebtoken::encode(&header, &claims(jti), &by.private).expect("an assertion")
    };
    ask(&server, &signed(&first, "first", "a"), &[]).expect(200);
    ask(&server, &signed(&second, "second", "b"), &[]).expect(200);
    assert_refused(&server, &signed(&first, "second", "c"));
    assert_refused(&server, &signed(&first, "third", "d"));
}

#[test]
fn p25_a_replayed_assertion_is_refused_also_after_a_restart() {
    let (mut server, signer) = with_robot();
    let assertion = signer.sign(&claims("once"));
    ask(&server, &assertion, &[]).expect(200);
    assert_refused(&server, &assertion);
    server.restart();
    assert_refused(&server, &assertion);
    assert_refused(&server, &signer.sign(&claims("once")));
    ask(&server, &signer.sign(&claims("twice")), &[]).expect(200);
}

#[test]
fn p25_one_of_many_replays_at_once_wins() {
    let (server, signer) = with_robot();
    let assertion = signer.sign(&claims("once"));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let replay = || ask(&server, &assertion, &[]).status;
        let replays: Vec<_> = (0..8).map(|_| scope.spawn(replay)).collect();
        let ended = replays.into_iter().map(std::thread::ScopedJoinHandle::join);
        ended.map(|status| status.expect("an answer")).collect()
    });
    let won = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(won, 1, "{statuses:?}");
}

#[test]
fn p25_an_assertion_for_another_audience_is_refused() {
    let (server, signer) = with_robot();
    for audience in [
        json!("https://other.example"),
        json!(["https://other.example"]),
        json!([]),
        json!(format!("{ISSUER}/tokens")),
        json!(7),
        Value::Null,
    ] {
        assert_refused(&server, &signer.sign(&with("a", "aud", audience)));
    }
    ask(&server, &signer.sign(&claims("a")), &[]).expect(200);
}

#[test]
fn p25_an_assertion_out_of_its_time_is_refused() {
    let (server, signer) = with_robot();
    for (name, value) in [
        ("exp", json!(now() - 60)),
        ("exp", json!(now() + 3_600)),
        ("exp", json!(1e300)),
        ("exp", json!(-1)),
        ("exp", json!("soon")),
        ("exp", Value::Null),
        ("nbf", json!(now() + 60)),
    ] {
        assert_refused(&server, &signer.sign(&with("a", name, value)));
    }
    ask(&server, &signer.sign(&claims("a")), &[]).expect(200);
}

#[test]
fn p25_an_assertion_about_another_client_or_without_a_name_is_refused() {
    let (server, signer) = with_robot();
    server.client("billing", &[]);
    for (name, value) in [
        ("iss", json!("billing")),
        ("sub", json!("billing")),
        ("sub", json!("nobody")),
        ("sub", json!("scopegate-docs")),
        ("iss", Value::Null),
        ("sub", Value::Null),
        ("jti", Value::Null),
        ("jti", json!("")),
        ("jti", json!("x".repeat(256))),
    ] {
        assert_refused(&server, &signer.sign(&with("a", name, value)));
    }
    let other = [("client_id", "billing")];
    let answer = ask(&server, &signer.sign(&claims("a")), &other);
    assert_oauth_error(&answer, 401, "invalid_client");
    ask(&server, &signer.sign(&claims("a")), &[]).expect(200);
}

#[test]
fn p25_an_assertion_that_the_key_did_not_sign_is_refused() {
    let (server, signer) = with_robot();
    assert_refused(&server, &Signer::new().sign(&claims("a")));
    let good = signer.sign(&claims("a"));
    let [header, body, signature] = parts(&good);
    let other = part(with("a", "exp", json!(now() + 61)).to_string());
    for bad in [
        format!("{header}.{other}.{signature}"),
        format!("{header}.{body}."),
        format!("{header}.{body}"),
        format!("{header}.{body}.{}", part([0; 64])),
        "nonsense".to_owned(),
        "..".to_owned(),
    ] {
        assert_refused(&server, &bad);
    }
    ask(&server, &good, &[]).expect(200);
}

#[test]
fn p25_the_algorithm_is_the_keys() {
    let (server, signer) = with_robot();
    let claims = claims("a").to_string();
    for none in ["none", "None", "nOnE", ""] {
        let header = part(json!({"alg": none, "typ": "JWT"}).to_string());
        assert_refused(&server, &format!("{header}.{}.", part(&claims)));
    }
    let public = signer.public.to_string();
    let jwks = signer.jwks();
    let secrets: [&[u8]; 4] = [&signer.point, public.as_bytes(), jwks.as_bytes(), b""];
    for secret in secrets {
        assert_refused(&server, &signed(r#"{"alg":"HS256"}"#, &claims, secret));
    }
}

#[test]
fn an_assertion_without_its_type_is_an_invalid_request() {
    let (server, signer) = with_robot();
    let assertion = signer.sign(&claims("a"));
    let grant = ("grant_type", "client_credentials");
    let shown = ("client_assertion", assertion.as_str());
    let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    for form in [
        vec![grant, shown],
        vec![grant, shown, ("client_assertion_type", saml)],
        vec![grant, ("client_assertion_type", ASSERTION_TYPE)],
    ] {
        let answer = server.post("/token").form(&form).send();
        assert_oauth_error(&answer, 400, "invalid_request");
    }
    ask(&server, &assertion, &[]).expect(200);
}

#[test]
fn a_client_with_a_key_has_no_other_way_in() {
    let (server, signer) = with_robot();
    for secret in ["", "guessed", &signer.jwks()] {
        let client = Confidential {
            id: "robot".to_owned(),
            secret: secret.to_owned(),
        };
        let answer = server.client_credentials(&client, "users:read").send();
        assert_oauth_error(&answer, 401, "invalid_client");
    }
    let billing = server.client("billing", &[]);
    let mut of_billing = claims("a");
    of_billing["iss"] = json!(billing.id);
    of_billing["sub"] = json!(billing.id);
    assert_refused(&server, &signer.sign(&of_billing));
    let header = r#"{"alg":"HS256"}"#;
    let with_secret = signed(header, &of_billing.to_string(), billing.secret.as_bytes());
    assert_refused(&server, &with_secret);
}

#[test]
fn what_is_no_set_of_public_keys_is_refused() {
    let home = Home::new();
    let public = Signer::new().public;
    let mut private = public.clone();
    private["d"] = json!("AAAA");
    let p521 = json!({"kty": "EC", "crv": "P-521", "x": "AAAA", "y": "AAAA"});
    for bad in [
        json!({"keys": []}),
        json!({"keys": [private]}),
        json!({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}),
        json!({"keys": [public, p521]}),
        json!({}),
        public.clone(),
    ] {
        home.write("bad.jwks", &bad.to_string());
        let added = home.run(&["client", "add", "robot", "--jwks", "bad.jwks"]);
        added.was_refused_naming("jwks");
    }
    let missing = home.run(&["client", "add", "robot", "--jwks", "missing.jwks"]);
    missing.was_refused_naming("missing.jwks");
}

#[test]
fn b3_a_jwk_set_in_a_file_of_windows_is_read() {
    let signer = Signer::new();
    let home = Home::new();
    for (number, text) in as_windows_writes_it(&signer.jwks()).iter().enumerate() {
        std::fs::write(home.path().join("robot.jwks"), text).expect("a file");
        let id = format!("robot-{number}");
        home.run(&["client", "add", &id, "--jwks", "robot.jwks"])
            .succeeded();
    }
}
