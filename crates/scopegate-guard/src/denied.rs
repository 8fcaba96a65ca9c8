//! Why a guarded request is turned away (RFC 6750 §3).

use std::sync::Arc;

use http::{HeaderMap, Response, StatusCode, header};
use serde_json::json;
use thiserror::Error;

use crate::scope::ScopeSet;

/// The reason, which decides status and `WWW-Authenticate`.
///
/// ```
/// use http::header;
/// use scopegate_guard::Denied;
///
/// let answer = Denied::NoToken.in_realm("garage").answer::<String>();
/// assert_eq!(answer.status(), 401);
/// assert_eq!(answer.headers()[header::WWW_AUTHENTICATE], "Bearer realm=\"garage\"");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Denied {
    /// No bearer token came along: no error code either (RFC 6750 §3.1).
    #[error("a bearer token is required")]
    NoToken,
    /// More than one `Authorization` header, or one that is not text.
    #[error("there must be one `Authorization` header, in plain ASCII")]
    Malformed,
    /// The token is expired, revoked, forged or malformed.
    #[error("{0}")]
    InvalidToken(String),
    /// The token lacks a scope.
    #[error("this needs a token with the scope {0}")]
    InsufficientScope(ScopeSet),
    /// Whether the token was revoked cannot be known now.
    #[error("tokens cannot be checked at the moment")]
    Unavailable,
}

/// In whose name requests are refused (RFC 9110 §11.5), and where clients read how to get a
/// token (RFC 9728 §5.1).
///
/// ```
/// use http::header;
/// use scopegate_guard::{Denied, Realm};
///
/// let metadata = "https://api.example/.well-known/oauth-protected-resource";
/// let realm = Realm::new("garage").with_metadata(metadata);
/// let answer = Denied::NoToken.in_realm(realm).answer::<String>();
/// assert_eq!(
///     answer.headers()[header::WWW_AUTHENTICATE],
///     format!("Bearer realm=\"garage\", resource_metadata=\"{metadata}\""),
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm {
    name: Arc<str>,
    metadata: Option<Arc<str>>,
}

impl Realm {
    /// A realm of this name.
    ///
    /// ```
    /// assert_eq!(scopegate_guard::Realm::new("garage"), "garage".into());
    /// ```
    pub fn new(name: &str) -> Self {
        Self {
            name: quotable(name).into(),
            metadata: None,
        }
    }

    /// The same, with the address of the API's own metadata.
    ///
    /// ```
    /// use scopegate_guard::Realm;
    ///
    /// let realm = Realm::new("garage");
    /// assert_ne!(realm.clone().with_metadata("https://api.example/metadata"), realm);
    /// ```
    #[must_use]
    pub fn with_metadata(self, url: &str) -> Self {
        Self {
            metadata: Some(quotable(url).into()),
            ..self
        }
    }
}

impl From<&str> for Realm {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

/// A refusal in the name of a realm: the response.
///
/// ```
/// use scopegate_guard::Denied;
///
/// let answer = Denied::Unavailable.in_realm("garage").answer::<String>();
/// assert_eq!(answer.status(), 503);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{denied}")]
pub struct Refusal {
    denied: Denied,
    realm: Realm,
}

impl Refusal {
    /// Why it is refused.
    ///
    /// ```
    /// use scopegate_guard::Denied;
    ///
    /// assert_eq!(Denied::NoToken.in_realm("garage").denied(), &Denied::NoToken);
    /// ```
    pub fn denied(&self) -> &Denied {
        &self.denied
    }
}

impl Denied {
    /// Refuses in the name of a realm (RFC 9110 §11.5).
    pub fn in_realm(self, realm: impl Into<Realm>) -> Refusal {
        Refusal {
            denied: self,
            realm: realm.into(),
        }
    }

    fn challenge(&self, realm: &Realm) -> Option<String> {
        let metadata = realm.metadata.as_ref();
        let metadata = metadata.map(|url| format!(", resource_metadata=\"{url}\""));
        let metadata = metadata.unwrap_or_default();
        let realm = format!("Bearer realm=\"{}\"", realm.name);
        match self {
            Self::NoToken => Some(format!("{realm}{metadata}")),
            Self::Malformed => Some(format!("{realm}, error=\"invalid_request\"")),
            Self::InvalidToken(reason) => Some(format!(
                "{realm}, error=\"invalid_token\", error_description=\"{}\"{metadata}",
                quotable(reason)
            )),
            Self::InsufficientScope(needed) => Some(format!(
                "{realm}, error=\"insufficient_scope\", scope=\"{needed}\", \
                 error_description=\"this needs a token with the scope {needed}\""
            )),
            Self::Unavailable => None,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::NoToken | Self::InvalidToken(_) => "Unauthorized",
            Self::Malformed => "Bad Request",
            Self::InsufficientScope(_) => "Forbidden",
            Self::Unavailable => "Service Unavailable",
        }
    }
}

/// The characters that an `error_description` may have (RFC 6749 §5.2, RFC 6750 §3).
///
/// ```
/// assert_eq!(scopegate_guard::quotable("a \"quoted\" word"), "a quoted word");
/// ```
pub fn quotable(text: &str) -> String {
    let is_allowed = |c: &char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    text.chars().filter(is_allowed).collect()
}

impl Denied {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NoToken | Self::InvalidToken(_) => StatusCode::UNAUTHORIZED,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::InsufficientScope(_) => StatusCode::FORBIDDEN,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Refusal {
    /// The answer: a problem (RFC 9457) with the header that says what was missing.
    ///
    /// ```
    /// use scopegate_guard::Denied;
    ///
    /// let answer = Denied::NoToken.in_realm("garage").answer::<String>();
    /// assert!(answer.body().contains("a bearer token is required"));
    /// ```
    pub fn answer<B: From<String>>(&self) -> Response<B> {
        let status = self.denied.status();
        let mut problem = json!({
            "type": "about:blank",
            "title": self.denied.title(),
            "status": status.as_u16(),
            "detail": self.to_string(),
        });
        if let Denied::InsufficientScope(needed) = &self.denied {
            problem["scope"] = json!(needed.to_string());
        }
        let mut response = Response::new(B::from(problem.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let problem = header::HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem);
        // It is printable ASCII: names and reasons are quotable, scopes are.
        let challenge = self.denied.challenge(&self.realm);
        if let Some(challenge) = challenge.and_then(|text| text.try_into().ok()) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if self.denied == Denied::Unavailable {
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}

/// The token of the one `Authorization: Bearer …` header (RFC 6750 §2.1); one in
/// the query or the body is not looked for.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer abc"));
/// assert_eq!(scopegate_guard::bearer_token(&headers), Ok("abc"));
/// ```
///
/// # Errors
/// There is none, or more than one `Authorization` header.
pub fn bearer_token(headers: &HeaderMap) -> Result<&str, Denied> {
    let mut headers = headers.get_all(header::AUTHORIZATION).iter();
    let value = headers.next().ok_or(Denied::NoToken)?;
    if headers.next().is_some() {
        return Err(Denied::Malformed);
    }
    let value = value.to_str().map_err(|_| Denied::Malformed)?;
    let (scheme, token) = value.split_once(' ').ok_or(Denied::NoToken)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Denied::NoToken);
    }
    // RFC 6750 §2.1 has one space or more between the two.
    Ok(token.trim_start_matches(' '))
}
