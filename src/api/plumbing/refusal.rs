//! Errors of OAuth endpoints in the document (RFC 6749 §5.2); they become
//! responses in `errors.rs`.

use poem_openapi::{ApiResponse, Object, payload::Json, types::Example};

use crate::{guard, oauth, users::LoginRefused};

/// An error of OAuth 2.0 (RFC 6749 §5.2).
#[derive(Object)]
#[oai(example)]
pub(in crate::api) struct OAuthProblem {
    /// A code: `invalid_request`, `invalid_client`, `invalid_grant`,
    /// `unauthorized_client`, `unsupported_grant_type`, `invalid_scope`,
    /// `invalid_target` or `temporarily_unavailable`; for a device code also
    /// `authorization_pending`, `slow_down`, `expired_token` or `access_denied`; for
    /// a pushed request the codes of the authorization endpoint; for a client that
    /// registers itself `invalid_redirect_uri`, `invalid_client_metadata` or
    /// `invalid_token`.
    error: String,
    /// The reason in words.
    error_description: String,
}

impl Example for OAuthProblem {
    fn example() -> Self {
        Self {
            error: "invalid_grant".to_owned(),
            error_description: oauth::Error::from(LoginRefused::UnknownUser).to_string(),
        }
    }
}

/// What a request to an OAuth endpoint is refused with.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(in crate::api) enum Refusal {
    OAuth(#[from] oauth::Error),
    /// The bearer token of the request is refused (RFC 6750).
    Bearer(#[from] guard::Refusal),
}

impl From<Refusal> for poem::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OAuth(error) => error.into(),
            Refusal::Bearer(denied) => denied.into(),
        }
    }
}

impl ApiResponse for Refusal {
    fn meta() -> poem_openapi::registry::MetaResponses {
        RefusalShapes::meta()
    }

    fn register(registry: &mut poem_openapi::registry::Registry) {
        RefusalShapes::register(registry);
    }
}

#[derive(ApiResponse)]
enum RefusalShapes {
    /// The request was refused: the code says why.
    #[oai(status = 400)]
    _Refused(Json<OAuthProblem>),
    /// The client is not known or did not authenticate.
    #[oai(status = 401)]
    _Client(
        Json<OAuthProblem>,
        /// How to authenticate.
        #[oai(header = "WWW-Authenticate")]
        String,
    ),
    /// The body is larger than 64 KiB.
    #[oai(status = 413)]
    _TooLarge(Json<OAuthProblem>),
    /// Too many logins have failed for this user or from this address.
    #[oai(status = 429)]
    _Throttled(
        Json<OAuthProblem>,
        /// After how many seconds to try again.
        #[oai(header = "Retry-After")]
        String,
    ),
    /// The server is overloaded, or its database cannot be reached: try again later.
    #[oai(status = 503)]
    _Unavailable(
        Json<OAuthProblem>,
        /// After how many seconds to try again.
        #[oai(header = "Retry-After")]
        String,
    ),
}
