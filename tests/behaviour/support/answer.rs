//! Answers, and the three shapes that an error may have.

use reqwest::{blocking::Response, header::HeaderMap};
use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn read(response: Response) -> Self {
        Self::try_read(response).expect("a body")
    }

    /// The answer; none where it breaks off.
    pub fn try_read(response: Response) -> Option<Self> {
        Some(Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().ok()?,
        })
    }

    /// A header's value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str());
        value.and_then(Result::ok).unwrap_or_default()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body of a success, as JSON.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        match self.body.is_empty() {
            true => Value::Null,
            false => self.json(),
        }
    }
}

/// An access token and the answer that it came in.
#[derive(Debug)]
pub struct Token {
    pub text: String,
    pub answer: Value,
}

impl Token {
    #[track_caller]
    pub fn of(answer: &Answer) -> Self {
        let answer = answer.json();
        let text = answer["access_token"].as_str().expect("an access token");
        Self {
            text: text.to_owned(),
            answer,
        }
    }

    /// The scopes that the answer names.
    #[track_caller]
    pub fn scope(&self) -> &str {
        self.answer["scope"].as_str().expect("a scope, always")
    }
}

impl AsRef<str> for Token {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

/// RFC 9457, and the four members that always stand in it.
#[track_caller]
pub fn assert_problem(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{answer:?}");
    let kind = answer.header("content-type");
    assert!(kind.starts_with("application/problem+json"), "{answer:?}");
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{answer:?}");
    for member in ["type", "title", "detail"] {
        let text = problem[member].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "no {member:?} in {answer:?}");
    }
    problem
}

/// A body that does not fit: its wrong fields, one entry each.
#[track_caller]
pub fn assert_wrong_fields(answer: &Answer, fields: &[&str]) {
    let problem = assert_problem(answer, 422);
    let errors = problem["errors"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer:?}"));
    let named: Vec<&str> = errors
        .iter()
        .map(|error| {
            assert!(error["detail"].is_string(), "{answer:?}");
            let name = error["field"].as_str();
            name.unwrap_or_else(|| panic!("{answer:?}"))
        })
        .map(|name| name.split('[').next().unwrap_or_default())
        .collect();
    assert_eq!(named, fields, "{answer:?}");
}

/// RFC 6749 §5.2.
#[track_caller]
pub fn assert_oauth_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_oauth_shape(answer);
    assert_eq!(answer.json()["error"], error, "{answer:?}");
}

/// RFC 6749 §5.2 where a bearer token is refused, with the challenge of RFC 6750 §3.
#[track_caller]
pub fn assert_bearer_oauth_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let challenge = answer.header("www-authenticate");
    let code = format!("error=\"{error}\"");
    let is_bearer = challenge.starts_with("Bearer realm=\"scopegate\"");
    assert!(is_bearer && challenge.contains(&code), "{answer:?}");
    assert_oauth_body(answer);
    assert_eq!(answer.json()["error"], error, "{answer:?}");
}

/// RFC 6749 §5.2, whichever error it is.
#[track_caller]
pub fn assert_oauth_shape(answer: &Answer) {
    let challenged = answer.header("www-authenticate").starts_with("Basic ");
    assert_eq!(answer.status == 401, challenged, "{answer:?}");
    assert_oauth_body(answer);
}

#[track_caller]
fn assert_oauth_body(answer: &Answer) {
    let kind = answer.header("content-type");
    assert!(kind.starts_with("application/json"), "{answer:?}");
    assert_not_stored(answer);
    let body = answer.json();
    let members: Vec<&String> = body.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["error", "error_description"], "{answer:?}");
    let printable = |byte: u8| matches!(byte, 0x20 | 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    let description = body["error_description"].as_str().expect("a description");
    assert!(description.bytes().all(printable), "{answer:?}");
}

/// RFC 6749 §5.1: nobody keeps the answer.
#[track_caller]
pub fn assert_not_stored(answer: &Answer) {
    assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
    assert_eq!(answer.header("pragma"), "no-cache", "{answer:?}");
}

/// RFC 6750 §3: no token, so a challenge without an error code.
#[track_caller]
pub fn assert_asked_for_a_token(answer: &Answer) {
    assert_problem(answer, 401);
    let challenge = answer.header("www-authenticate");
    assert!(
        challenge.starts_with("Bearer realm=\"scopegate\""),
        "{answer:?}"
    );
    assert!(!challenge.contains("error"), "{answer:?}");
}

/// RFC 6750 §3.1: a token that is not accepted.
#[track_caller]
pub fn assert_invalid_token(answer: &Answer) {
    assert_problem(answer, 401);
    let challenge = answer.header("www-authenticate");
    assert!(
        challenge.starts_with("Bearer realm=\"scopegate\""),
        "{answer:?}"
    );
    assert!(challenge.contains("error=\"invalid_token\""), "{answer:?}");
}

/// RFC 6750 §3.1: a token without the scope that is needed.
#[track_caller]
pub fn assert_insufficient_scope(answer: &Answer, scope: &str) {
    assert_problem(answer, 403);
    let challenge = answer.header("www-authenticate");
    assert!(
        challenge.starts_with("Bearer realm=\"scopegate\""),
        "{answer:?}"
    );
    assert!(
        challenge.contains("error=\"insufficient_scope\""),
        "{answer:?}"
    );
    assert!(
        challenge.contains(&format!("scope=\"{scope}\"")),
        "{answer:?}"
    );
}

/// Whatever went wrong at a path, it has the contract's shape for it.
#[track_caller]
pub fn assert_contract_shape(path: &str, answer: &Answer) {
    assert!((400..500).contains(&answer.status), "{answer:?}");
    let path = path.split('?').next().unwrap_or_default();
    let is_oauth = ["/token", "/revoke", "/introspect"].contains(&path.trim_end_matches('/'));
    let is_problem = answer
        .header("content-type")
        .starts_with("application/problem+json");
    match answer.status {
        400 | 401 if is_oauth => assert_oauth_shape(answer),
        _ if is_oauth && !is_problem => assert_oauth_shape(answer),
        401 if answer.header("www-authenticate").contains("error=") => assert_invalid_token(answer),
        401 => assert_asked_for_a_token(answer),
        status => drop(assert_problem(answer, status)),
    }
}
