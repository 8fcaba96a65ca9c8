//! Tokens taken apart, changed, and put together again.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Home, PASSWORD, Server};

/// The secret of servers that sign with HS256.
pub const SECRET: &str = "b1946ac92492d2347c6235b4d2611184f0e1d2c3b4a5968778695a4b3c2d1e0f";

/// The header and the claims of a token, unverified.
#[track_caller]
pub fn decoded(token: &str) -> (Value, Value) {
    let [header, claims, _] = parts(token);
    let json = |part: &str| serde_json::from_slice(&bytes(part)).expect("JSON in a token");
    (json(header), json(claims))
}

/// The three parts of a token.
#[track_caller]
pub fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<&str> = token.split('.').collect();
    parts.try_into().expect("a token of three parts")
}

/// What a part of a token says.
#[track_caller]
pub fn bytes(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).expect("base64url in a token")
}

/// A part of a token that says something else.
pub fn part(content: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(content)
}

/// A token of these parts, signed with HMAC and SHA-256.
pub fn signed(header: &str, claims: &str, secret: &[u8]) -> String {
    let input = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length");
    mac.update(input.as_bytes());
    format!("{input}.{}", part(mac.finalize().into_bytes()))
}

/// Somebody who knows the server's secret: the signature always holds, so
/// that what is refused is refused for what the token says.
pub struct Forger {
    pub server: Server,
    pub header: Value,
    pub claims: Value,
}

impl Forger {
    /// A server that signs with [`SECRET`], and a token of its user `johndoe`
    /// with all of these scopes.
    pub fn with_scopes(scopes: &[&str]) -> Self {
        let home = Home::new();
        home.write("secret", &format!("{SECRET}\n"));
        home.user("johndoe", PASSWORD, scopes);
        let args = [
            "--signing-algorithm",
            "HS256",
            "--signing-secret-file",
            "secret",
        ];
        let server = Server::start_in(home, &args);
        let (header, claims) = decoded(&server.login("johndoe", PASSWORD, scopes).text);
        Self {
            server,
            header,
            claims,
        }
    }

    /// The token with other claims.
    pub fn claiming(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims.clone();
        change(&mut claims);
        self.sign(&self.header, &claims)
    }

    /// The token with one claim set, or without it where the value is null.
    pub fn claim(&self, name: &str, value: Value) -> String {
        self.claiming(|claims| replace(claims, name, value))
    }

    /// The token with one header parameter set, or without it where the value is null.
    pub fn heading(&self, name: &str, value: Value) -> String {
        let mut header = self.header.clone();
        replace(&mut header, name, value);
        self.sign(&header, &self.claims)
    }

    /// The token for other scopes, in both claims.
    pub fn scoped(&self, scopes: &[&str]) -> String {
        self.claiming(|claims| {
            claims["scopes"] = json!(scopes);
            claims["scope"] = json!(scopes.join(" "));
        })
    }

    /// Seconds since 1970 as the token has them.
    pub fn now(&self) -> i64 {
        self.claims["iat"].as_i64().expect("a time")
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        signed(&header.to_string(), &claims.to_string(), SECRET.as_bytes())
    }
}

fn replace(object: &mut Value, name: &str, value: Value) {
    let members = object.as_object_mut().expect("an object");
    match value {
        Value::Null => drop(members.remove(name)),
        value => drop(members.insert(name.to_owned(), value)),
    }
}
