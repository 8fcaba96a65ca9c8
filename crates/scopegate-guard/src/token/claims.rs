//! What an access token says (RFC 9068 §2.2).

use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

use crate::{scope::ScopeSet, subject::Subject};

/// The claims of an access token. The scopes are one field here and two claims
/// outside: `scopes`, an array, and `scope`, joined by spaces.
///
/// ```
/// use scopegate_guard::token::Claims;
///
/// fn log(claims: &Claims) {
///     println!("{} by {} until {}", claims.subject, claims.client_id, claims.expires_at);
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// `iss`: who made the token.
    pub issuer: String,
    /// `aud`: for whom it is.
    pub audience: Audience,
    /// `sub`: whom it is about.
    pub subject: Subject,
    /// `scopes` and `scope`: what it may do.
    pub scopes: ScopeSet,
    /// `client_id`: the client that it was given to.
    pub client_id: String,
    /// `iat`, in seconds since 1970.
    pub issued_at: i64,
    /// `exp`, in seconds since 1970.
    pub expires_at: i64,
    /// `jti`: a UUIDv7 of its own.
    pub id: Uuid,
    /// `act`: who acts for the subject (RFC 8693 §4.1).
    pub actor: Option<Actor>,
    /// `via`: the clients of the tokens that it was derived from, where they are
    /// others than its own. Each of them limits it.
    pub via: Vec<String>,
}

/// Serialises as it stands in a token.
impl Serialize for Claims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire::from(self).serialize(serializer)
    }
}

/// Who acts for a token's subject, and whom it got the token from in turn.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use scopegate_guard::token::Actor;
///
/// let actor: Actor = serde_json::from_str(r#"{"sub":"client:shop"}"#)?;
/// assert_eq!(actor.sub.id(), "shop");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The one that acts.
    pub sub: Subject,
    /// The one that acted before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<Actor>>,
}

/// The `aud` claim: a string for one audience, an array for several.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use scopegate_guard::token::Audience;
///
/// let audience = Audience::of(vec!["https://api.example".to_owned()]);
/// assert!(audience.contains("https://api.example"));
/// assert_eq!(serde_json::to_string(&audience)?, r#""https://api.example""#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One audience.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Audience {
    /// The claim for one audience or more.
    pub fn of(audiences: Vec<String>) -> Self {
        match <[String; 1]>::try_from(audiences) {
            Ok([one]) => Self::One(one),
            Err(many) => Self::Many(many),
        }
    }

    /// Each audience.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
        .iter()
        .map(String::as_str)
    }

    /// Whether this names the audience.
    pub fn contains(&self, audience: &str) -> bool {
        self.iter().any(|one| one == audience)
    }
}

/// The claims as they stand in a token.
#[derive(Serialize, Deserialize)]
pub(super) struct Wire {
    iss: String,
    aud: Audience,
    sub: Subject,
    scopes: ScopeSet,
    scope: String,
    client_id: String,
    iat: i64,
    pub(super) exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nbf: Option<i64>,
    jti: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    act: Option<Actor>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    via: Vec<String>,
}

impl From<&Claims> for Wire {
    fn from(claims: &Claims) -> Self {
        Self {
            iss: claims.issuer.clone(),
            aud: claims.audience.clone(),
            sub: claims.subject.clone(),
            scopes: claims.scopes.clone(),
            scope: claims.scopes.to_string(),
            client_id: claims.client_id.clone(),
            iat: claims.issued_at,
            exp: claims.expires_at,
            nbf: None,
            jti: claims.id,
            act: claims.actor.clone(),
            via: claims.via.clone(),
        }
    }
}

impl Wire {
    /// The claims, unless `scope` and `scopes` say different things.
    pub(super) fn into_claims(self) -> Option<Claims> {
        (self.scope == self.scopes.to_string()).then_some(Claims {
            issuer: self.iss,
            audience: self.aud,
            subject: self.sub,
            scopes: self.scopes,
            client_id: self.client_id,
            issued_at: self.iat,
            expires_at: self.exp,
            id: self.jti,
            actor: self.act,
            via: self.via,
        })
    }
}
