//! How a registration is refused.

use poem_openapi::{
    ApiResponse,
    payload::Json,
    registry::{MetaResponses, Registry},
};

use crate::{api::plumbing::refusal::OAuthProblem, oauth};

/// Why a registration is refused.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct NotRegistered(#[from] oauth::Error);

impl From<NotRegistered> for poem::Error {
    fn from(refused: NotRegistered) -> Self {
        refused.0.into()
    }
}

impl ApiResponse for NotRegistered {
    fn meta() -> MetaResponses {
        NotRegisteredShapes::meta()
    }

    fn register(registry: &mut Registry) {
        NotRegisteredShapes::register(registry);
    }
}

#[derive(ApiResponse)]
enum NotRegisteredShapes {
    /// The metadata was refused: the code says why (RFC 7591 §3.2.2).
    #[oai(status = 400)]
    _Refused(Json<OAuthProblem>),
    /// The registration token is missing or not valid for this request.
    #[oai(status = 401)]
    _Token(
        Json<OAuthProblem>,
        /// How to authenticate.
        #[oai(header = "WWW-Authenticate")]
        String,
    ),
    /// Clients cannot register themselves on this server.
    #[oai(status = 404)]
    _Off(Json<OAuthProblem>),
    /// The body is larger than 64 KiB.
    #[oai(status = 413)]
    _TooLarge(Json<OAuthProblem>),
    /// Too many clients have registered themselves from this address.
    #[oai(status = 429)]
    _Throttled(
        Json<OAuthProblem>,
        /// After how many seconds to try again.
        #[oai(header = "Retry-After")]
        String,
    ),
    /// The database cannot be reached: try again later.
    #[oai(status = 503)]
    _Unavailable(
        Json<OAuthProblem>,
        /// After how many seconds to try again.
        #[oai(header = "Retry-After")]
        String,
    ),
}
