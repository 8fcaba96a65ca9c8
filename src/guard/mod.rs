//! Guards: the scopes that an operation declares are what its callers need.
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

mod denied;
mod enforced;
mod public;
mod requirement;

use std::sync::Arc;

use poem::{Request, Result};
use poem_openapi::auth::Bearer;
use uuid::Uuid;

use crate::{scope::ScopeSet, subject::Subject};

pub(crate) use denied::quotable;
pub use denied::{Denied, Refusal};
pub use enforced::{Enforced, Undeclared, bearer_token};
pub use public::{OptionalClient, Public, register_clients};
pub use requirement::{CLIENT_SCHEME, Requirement};

/// Who calls, as a verified token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Whom the token is about.
    pub subject: Subject,
    /// What it may do here and now.
    pub scopes: ScopeSet,
    /// The client that it was given to.
    pub client_id: String,
    /// Its `jti`.
    pub token_id: Uuid,
}

/// Turns a bearer token into a caller, or says why not.
pub trait Authenticate: Send + Sync + 'static {
    /// Verifies a token in full: signature, claims, and whatever may have
    /// happened to it since it was issued.
    fn authenticate(
        &self,
        token: &str,
    ) -> impl Future<Output = std::result::Result<Arc<Caller>, Denied>> + Send;
}

/// The checker for a security scheme of poem-openapi: the caller that
/// [`Enforced`] verified.
pub async fn caller(request: &Request, _token: Bearer) -> Result<Arc<Caller>> {
    let caller = request.extensions().get::<Arc<Caller>>();
    // Without `Enforced` nobody is let in, in whosever name.
    caller
        .cloned()
        .ok_or_else(|| Denied::NoToken.in_realm("api").into())
}
