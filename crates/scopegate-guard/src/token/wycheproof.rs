//! The test vectors of Wycheproof for JWS and JWK, in `vectors/`
//! (<https://github.com/C2SP/wycheproof>, Apache License 2.0; without the private halves of
//! key pairs): signatures and keys that verifiers are known to have fallen for.

use std::{fs, path::Path};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Algorithm, Keys, VerificationKey};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors {
    number_of_tests: usize,
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    comment: String,
    public: Option<Value>,
    private: Option<Value>,
    tests: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    tc_id: usize,
    comment: String,
    jws: Value,
    result: String,
}

impl Vectors {
    fn of(file: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("vectors")
            .join(file);
        let text = fs::read_to_string(path).expect("vectors");
        serde_json::from_str(&text).expect("vectors")
    }
}

impl Group {
    /// The keys as a JWK set.
    fn set(&self) -> Value {
        let keys = self.public.as_ref().or(self.private.as_ref());
        let keys = keys.expect("a key").clone();
        match keys.get("keys") {
            Some(_) => keys,
            None => json!({"keys": [keys]}),
        }
    }

    /// Whether tokens are signed with its algorithm.
    fn has_our_algorithm(&self) -> bool {
        let set = self.set();
        let named = set["keys"][0]["alg"].as_str();
        named.is_none_or(|named| named.parse::<Algorithm>().is_ok())
    }

    /// What a verifier makes of them. A secret is never one of a set: it is configured.
    fn keys(&self) -> Keys {
        let set = self.set();
        let [key] = set["keys"].as_array().expect("keys").as_slice() else {
            return Keys::from_jwks(&set.to_string()).unwrap_or_default();
        };
        match (key["alg"].as_str(), key["k"].as_str()) {
            (Some("HS256"), Some(secret)) => {
                let id = key["kid"].as_str().expect("an id").to_owned();
                let secret = URL_SAFE_NO_PAD.decode(secret).expect("base64url");
                let is_long = secret.len() >= Algorithm::MIN_SECRET_BYTES;
                let key = is_long.then(|| VerificationKey::from_secret(id, &secret));
                key.into_iter().collect()
            }
            _ => Keys::from_jwks(&set.to_string()).unwrap_or_default(),
        }
    }
}

impl Vector {
    fn is_accepted(&self, keys: &Keys) -> bool {
        // Some are in the JSON serialization, which no token is.
        let Value::String(token) = &self.jws else {
            return false;
        };
        keys.open(token, |_| true, 0).is_ok()
    }
}

/// Tries every vector of a file: it must be accepted where it is valid and its algorithm is one
/// that tokens have, and refused otherwise; but for some, by number.
fn check(file: &str, otherwise: &[usize]) {
    let vectors = Vectors::of(file);
    let mut tried = 0;
    let mut different = Vec::new();
    for group in &vectors.test_groups {
        let keys = group.keys();
        for vector in &group.tests {
            tried += 1;
            let expected = vector.result == "valid" && group.has_our_algorithm();
            if vector.is_accepted(&keys) != expected {
                println!("{} {}: {}", group.comment, vector.tc_id, vector.comment);
                different.push(vector.tc_id);
            }
        }
    }
    assert_eq!(tried, vectors.number_of_tests);
    assert_eq!(different, otherwise);
}

/// The higher of the two signatures that ECDSA has for a text.
const HIGH_SIGNATURE: usize = 18;

/// The same text as a valid one: the padding that they are about is not in the file.
const LOST_PADDING: [usize; 2] = [367, 370];

/// A question mark in base64url may be passed over, and is not.
const QUESTION_MARK: [usize; 2] = [372, 373];

#[test]
fn signatures_are_accepted_as_wycheproof_expects() {
    let otherwise = [&[HIGH_SIGNATURE][..], &LOST_PADDING, &QUESTION_MARK].concat();
    check("json_web_signature_test.json", &otherwise);
}

/// A set of secrets: a secret is configured by itself.
const SECRETS: usize = 2;

/// A key that a faulty library made, which nobody looks for.
const ROCA: usize = 7;

#[test]
fn keys_are_accepted_as_wycheproof_expects() {
    check("json_web_key_test.json", &[SECRETS, ROCA]);
}
