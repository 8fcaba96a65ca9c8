//! Guards for APIs that take Scopegate's tokens: the scopes that an operation
//! declares are what its callers need.
//!
//! poem-openapi puts an operation's security requirement into the OpenAPI
//! document and does not enforce it. [`Enforced`] wraps an API and does: before
//! anything of a request but its `Authorization` header is read, it verifies the
//! token by an [`Authenticate`], compares its scopes with the requirement, and
//! hands the [`Caller`] on. An operation is open only if it says so by a
//! [`Public`] or [`OptionalClient`] parameter; one that says nothing, or what cannot
//! be enforced to the letter, stops the program at its start.
//!
//! A handler gets the caller by a security scheme of poem-openapi whose checker
//! is [`caller`]: it reads what `Enforced` left. Without `Enforced` there is
//! nothing to read and the answer is 401, so forgetting it opens nothing.
//!
//! Tokens are verified without a question to the server that issued them:
//! [`Offline`] needs its JWKS, its issuer and the audience of the API. `Issuer`
//! (feature `jwks-client`) fetches the JWKS itself, and learns what was revoked. What
//! the server itself does, and no other API can, is to ask its live state as well; it
//! brings an [`Authenticate`] of its own.
//!
//! APIs written with axum, or anything else on tower, guard their routes by the layer
//! `RequireScopes` (feature `tower`), and can do without the feature `poem`.
//!
//! ```
//! use std::sync::Arc;
//!
//! use poem::Route;
//! use poem_openapi::{OpenApi, OpenApiService, SecurityScheme, payload::PlainText};
//! use scopegate_guard::{Caller, Enforced, Offline, caller};
//!
//! #[derive(SecurityScheme)]
//! #[oai(ty = "bearer", checker = "caller")]
//! struct Auth(Arc<Caller>);
//!
//! # #[derive(poem_openapi::OAuthScopes)]
//! # enum Garage {
//! #     /// Drive a car.
//! #     #[oai(rename = "drive")]
//! #     Drive,
//! # }
//! struct Cars;
//!
//! #[OpenApi]
//! impl Cars {
//!     /// Drive a car: for tokens about this very car.
//!     #[oai(path = "/cars/:id/drive", method = "post")]
//!     async fn drive(
//!         &self,
//!         #[oai(scope = "Garage::Drive")] auth: Auth,
//!         id: poem_openapi::param::Path<String>,
//!     ) -> poem::Result<PlainText<&'static str>> {
//!         let is_this_car = auth.0.subject.kind() == "car" && auth.0.subject.id() == id.0;
//!         if !is_this_car {
//!             return Err(poem::http::StatusCode::NOT_FOUND.into());
//!         }
//!         Ok(PlainText("brum"))
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // As fetched from https://login.example/.well-known/jwks.json
//! let jwks = r#"{"keys":[]}"#;
//! let tokens = Offline::new(jwks, "https://login.example", "https://garage.example")?;
//! let guarded = Enforced::new(Cars, Arc::new(tokens), "garage")?;
//! let app = Route::new().nest("/", OpenApiService::new(guarded, "Garage", "1.0"));
//! # drop(app);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod denied;
#[cfg(feature = "poem")]
mod enforced;
pub mod es256;
#[cfg(feature = "jwks-client")]
mod issuer;
mod json;
mod offline;
#[cfg(feature = "poem")]
mod public;
#[cfg(feature = "tower")]
mod require;
#[cfg(feature = "poem")]
mod requirement;
pub mod scope;
pub mod subject;
pub mod token;

use std::sync::Arc;

use uuid::Uuid;

pub use denied::{Denied, Realm, Refusal, bearer_token, quotable};
#[cfg(feature = "poem")]
pub use enforced::{Enforced, Undeclared, caller};
#[cfg(feature = "jwks-client")]
pub use issuer::{Issuer, IssuerError};
pub use json::from_slice as unambiguous_json;
pub use offline::{NotAJwks, Offline};
#[cfg(feature = "poem")]
pub use public::{NO_CREDENTIAL, OptionalClient, Public, SELF_CHECKED, register_clients};
#[cfg(feature = "tower")]
pub use require::{RequireScopes, Required};
#[cfg(feature = "poem")]
pub use requirement::{CLIENT_SCHEME, Requirement};

use crate::{scope::ScopeSet, subject::Subject, token::Claims};

/// Who calls, as a verified token says.
///
/// ```
/// use scopegate_guard::Caller;
///
/// fn may_drive(caller: &Caller, car: &str) -> bool {
///     caller.subject.kind() == "car" && caller.subject.id() == car && caller.scopes.contains("drive")
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Whom the token is about.
    pub subject: Subject,
    /// What it may do here and now.
    pub scopes: ScopeSet,
    /// The client that it was issued to.
    pub client_id: String,
    /// Its `jti`.
    pub token_id: Uuid,
    /// The clients of the tokens that it was derived from, where they are others.
    pub via: Vec<String>,
}

/// Whoever a token is about, as it says.
impl From<&Claims> for Caller {
    fn from(claims: &Claims) -> Self {
        Self {
            subject: claims.subject.clone(),
            scopes: claims.scopes.clone(),
            client_id: claims.client_id.clone(),
            token_id: claims.id,
            via: claims.via.clone(),
        }
    }
}

impl Caller {
    /// Every client that the token came through, its own first.
    pub fn clients(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.client_id)
            .chain(&self.via)
            .map(String::as_str)
    }
}

/// Turns a bearer token into a caller, or says why not.
///
/// ```
/// use std::sync::Arc;
///
/// use scopegate_guard::{Authenticate, Caller, Denied, Offline};
///
/// /// Tokens that are verified offline, less those of one client.
/// struct Without {
///     tokens: Offline,
///     client_id: String,
/// }
///
/// impl Authenticate for Without {
///     async fn authenticate(&self, token: &str) -> Result<Arc<Caller>, Denied> {
///         let caller = self.tokens.authenticate(token).await?;
///         if caller.client_id == self.client_id {
///             return Err(Denied::InvalidToken("this client was locked out".to_owned()));
///         }
///         Ok(caller)
///     }
/// }
/// ```
pub trait Authenticate: Send + Sync + 'static {
    /// Verifies a token in full: signature, claims, and whatever may have
    /// happened to it since it was issued.
    fn authenticate(
        &self,
        token: &str,
    ) -> impl Future<Output = std::result::Result<Arc<Caller>, Denied>> + Send;
}
