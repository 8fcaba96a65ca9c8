//! Tokens that are signed with the wrong key, made from the real keys that the
//! server shows.

use serde_json::{Value, json};

use crate::support::*;

/// A server with a live key of each asymmetric algorithm, a good token, and
/// the public keys.
fn server_with_many_keys() -> (Server, String, Vec<Value>) {
    let (server, token) = Server::guarding();
    for algorithm in ["EdDSA", "RS256"] {
        server
            .run(&["key", "generate", "--algorithm", algorithm])
            .succeeded();
    }
    let ask = || server.get("/.well-known/jwks.json").send().expect(200);
    let set = eventually(ask, |set| {
        set["keys"].as_array().is_some_and(|keys| keys.len() == 3)
    });
    let keys = set["keys"].as_array().cloned().expect("keys");
    (server, token, keys)
}

/// Every text of a public key that somebody may take for a secret.
fn forms(key: &Value) -> Vec<Vec<u8>> {
    let raw = |name: &str| key[name].as_str().map(bytes);
    let mut forms = vec![
        key.to_string().into_bytes(),
        serde_json::to_vec_pretty(key).expect("JSON"),
        json!({"keys": [key]}).to_string().into_bytes(),
        Vec::new(),
    ];
    for name in ["x", "y", "n", "e"] {
        forms.extend(raw(name));
        forms.extend(key[name].as_str().map(|text| text.as_bytes().to_vec()));
    }
    if let (Some(x), Some(y)) = (raw("x"), raw("y")) {
        let point = [&[4][..], &x, &y].concat();
        let info = [P256_INFO, &point].concat();
        forms.extend([pem(&info), info, point]);
    }
    if let (Some(x), None) = (raw("x"), raw("y")) {
        let info = [ED25519_INFO, &x].concat();
        forms.extend([pem(&info), info]);
    }
    if let (Some(n), Some(e)) = (raw("n"), raw("e")) {
        let numbers = [RSA_N, &n, RSA_E, &e].concat();
        let info = [RSA_INFO, &numbers].concat();
        forms.extend([pem(&info), info, numbers]);
    }
    forms
}

/// What stands before a key in its SubjectPublicKeyInfo (RFC 5480 §2, RFC 8410 §4).
const P256_INFO: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
const ED25519_INFO: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// The same for RSA with 3072 bits and an exponent of three bytes (RFC 8017 §A.1).
const RSA_INFO: &[u8] = b"\x30\x82\x01\xa2\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x8f\x00";
const RSA_N: &[u8] = b"\x30\x82\x01\x8a\x02\x82\x01\x81\x00";
const RSA_E: &[u8] = b"\x02\x03";

fn pem(der: &[u8]) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let lines = STANDARD.encode(der);
    let lines: Vec<&str> = lines
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).expect("base64"))
        .collect();
    let body = lines.join("\n");
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n").into_bytes()
}

#[test]
fn t06_t33_a_public_key_is_no_secret_in_any_form() {
    let (server, token, keys) = server_with_many_keys();
    let claims = decoded(&token).1.to_string();
    for key in &keys {
        for form in forms(key) {
            let header = json!({"alg": "HS256", "kid": key["kid"], "typ": "at+jwt"});
            server.assert_refuses(&signed(&header.to_string(), &claims, &form));
        }
    }
}

#[test]
fn t33_the_empty_key_of_a_path_is_refused() {
    let (server, token, _) = server_with_many_keys();
    let claims = decoded(&token).1.to_string();
    for kid in ["../../dev/null", "/dev/null", "", "."] {
        let header = json!({"alg": "HS256", "kid": kid, "typ": "at+jwt"});
        server.assert_refuses(&signed(&header.to_string(), &claims, b""));
    }
}

#[test]
fn t07_the_algorithm_of_another_live_key_is_refused() {
    let (server, token, keys) = server_with_many_keys();
    let (header, _) = decoded(&token);
    let [_, claims, signature] = parts(&token);
    for key in &keys {
        for other in &keys {
            let changed = json!({"alg": other["alg"], "kid": key["kid"], "typ": "at+jwt"});
            if (&changed["alg"], &changed["kid"]) == (&header["alg"], &header["kid"]) {
                continue;
            }
            let changed = part(changed.to_string());
            server.assert_refuses(&format!("{changed}.{claims}.{signature}"));
        }
    }
}

#[test]
fn t07_the_secret_does_not_sign_in_the_name_of_another_live_key() {
    let forger = Forger::with_scopes(&["me"]);
    let server = &forger.server;
    server
        .run(&["key", "generate", "--algorithm", "ES256"])
        .succeeded();
    let ask = || server.get("/.well-known/jwks.json").send().expect(200);
    let set = eventually(ask, |set| !set["keys"][0].is_null());
    let claims = forger.claims.to_string();
    for alg in ["HS256", "ES256"] {
        let header = json!({"alg": alg, "kid": set["keys"][0]["kid"], "typ": "at+jwt"});
        server.assert_refuses(&signed(&header.to_string(), &claims, SECRET.as_bytes()));
    }
    server.assert_accepts(&forger.claiming(|_| {}));
}

#[test]
fn t07_the_right_private_key_does_not_sign_under_another_algorithm() {
    let (server, token) = Server::guarding();
    let (mut header, claims) = decoded(&token);
    let private = private_key(&server);
    let sign = |header: &Value| {
        let signed = format!("{}.{}", part(header.to_string()), part(claims.to_string()));
        let key = jsonwebtoken::EncodingKey::from_ec_der(&private);
        let algorithm = jsonwebtoken::Algorithm::ES256;
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, algorithm);
        format!("{signed}.{}", signature.expect("a signature"))
    };
    // Of two signatures one is in the form that the server takes.
    let mut tries = (0..64).map(|_| server.get("/users/me").bearer(sign(&header)).send());
    assert!(tries.any(|answer| answer.status == 200));
    for alg in ["none", "HS256", "EdDSA", "RS256", "ES384", "es256", ""] {
        header["alg"] = json!(alg);
        for _ in 0..8 {
            server.assert_refuses(&sign(&header));
        }
    }
}

/// What a thief of the database finds, where nothing is encrypted.
fn private_key(server: &Server) -> Vec<u8> {
    let database = server.home().database();
    database.bytes("SELECT private_key FROM signing_keys")
}

#[test]
fn t07_a_good_token_under_the_name_of_another_live_key_is_refused() {
    let (server, token, _) = server_with_many_keys();
    server.run(&["key", "rotate", "--now"]).succeeded();
    let kid = |token: &str| decoded(token).0["kid"].clone();
    let login = || server.login("johndoe", PASSWORD, &["me"]).text;
    let new = eventually(login, |new| kid(new) != kid(&token));
    server.assert_accepts(&token);
    server.assert_accepts(&new);
    for (taken, named) in [(&token, &new), (&new, &token)] {
        let [_, claims, signature] = parts(taken);
        let header = parts(named)[0];
        server.assert_refuses(&format!("{header}.{claims}.{signature}"));
    }
}
