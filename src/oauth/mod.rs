//! The OAuth 2.0 protocol (RFC 6749), without HTTP: a file a grant. Each takes
//! the [`Authority`] and a request, and gives a
//! response or an [`enum@Error`] that maps to one of the protocol's codes.

mod audience;
mod authorization_answer;
mod authorization_code;
mod authorization_request;
mod authorize;
mod client;
mod client_assertion;
mod client_credentials;
mod client_document;
mod client_metadata;
mod device;
mod introspection;
mod issue;
mod password;
mod pushed_request;
mod refresh;
mod refused;
mod registration;
mod revocation;
mod scope_policy;
mod token_exchange;

pub use authorization_answer::{NotAuthorized, Reply, Unanswerable, origin_of};
pub use authorization_code::{AuthorizationCodeGrant, authorization_code};
pub use authorization_request::{
    AuthorizationParameters, AuthorizationRequest, DOCS_REDIRECT, RESPONSE_MODES,
    authorization_request,
};
pub use authorize::{
    REQUEST_LIFE, SignedIn, Step, approve, deny, keep_request, kept_request, proceed, take_request,
};
pub use client::{CLIENT_AUTHENTICATION_METHODS, ClientCredentials, Requester};
pub use client_assertion::ASSERTION_TYPE;
pub use client_credentials::{ClientCredentialsGrant, client_credentials};
use client_document::know_client;
pub use client_metadata::ClientMetadata;
pub use device::{
    DEVICE_CODE_LIFE, DEVICE_PACE, DeviceAuthorization, DeviceCodeGrant, DeviceRequest,
    WaitingDevice, approve_device, begin_device, deny_device, device_code, waiting_device,
};
pub use introspection::{Active, Inquirer, introspect};
pub use issue::TokenResponse;
pub use password::{PasswordGrant, password};
pub use pushed_request::{
    PUSHED, PushedRequest, await_login, forget_request, push_request, pushed_request,
};
pub use refresh::{RefreshGrant, refresh};
pub use refused::{AssertionRefused, ClientRefused, CodeRefused, RefreshRefused};
pub use registration::{
    OwnNames, Registered, change_registration, end_registration_tokens, open_scopes, register,
    registration, registration_token, remove_registration,
};
pub use revocation::{Revoker, revoke};
pub use token_exchange::{ACCESS_TOKEN, TokenExchange, token_exchange};

use std::fmt::Display;

use thiserror::Error;

use crate::{
    authority::{Accepted, Authority, NotAccepted},
    client::GrantType,
    config::Config,
    infrastructure::{Infrastructure, from_infrastructure},
    live::{KeyRingError, LiveError},
    opaque::NoRandomness,
    store,
    throttle::{NotCounted, Throttled},
    users::{LoginRefused, NotLoggedIn},
};

/// The grants that the token endpoint offers (RFC 8414 §2).
pub fn grant_types(config: &Config) -> Vec<&'static str> {
    let is_offered = |grant: &GrantType| *grant != GrantType::Password || config.password_grant;
    let offered = GrantType::ALL.into_iter().filter(is_offered);
    offered.map(GrantType::name).collect()
}

/// Accepts a token that this server issued, for whatever API. That it is refused
/// is an answer; not being able to know now is an error.
async fn accept(
    authority: &Authority,
    token: &str,
) -> Result<Result<Accepted, NotAccepted>, Error> {
    match authority.accept_for_any_audience(token).await {
        Err(NotAccepted::Store(error)) => Err(error.into()),
        Err(NotAccepted::Stale) => Err(Infrastructure::Stale.into()),
        known => Ok(known),
    }
}

/// Why a request was refused (RFC 6749 §5.2), or could not be answered.
#[derive(Debug, Error)]
pub enum Error {
    /// A parameter is missing, repeated or malformed: which, and how.
    #[error("{0}")]
    InvalidRequest(String),
    #[error("the body is larger than 64 KiB")]
    TooLarge,
    #[error("the client is not known or did not authenticate")]
    InvalidClient(ClientRefused),
    /// One text for every reason, so that none can be told from another.
    #[error("the username or the password is wrong")]
    InvalidGrant(LoginRefused),
    #[error("the refresh token is not valid")]
    InvalidRefreshToken(RefreshRefused),
    #[error("the code is not valid")]
    InvalidCode(CodeRefused),
    /// RFC 8628 §3.5.
    #[error("the user has not approved yet: ask again later")]
    AuthorizationPending,
    /// RFC 8628 §3.5.
    #[error("polling too often: wait 5 seconds longer between requests")]
    SlowDown,
    /// RFC 8628 §3.5.
    #[error("the user did not approve in time")]
    ExpiredToken,
    #[error("the user refused")]
    AccessDenied,
    /// A code of RFC 6749 §4.1.2.1, for a request that was pushed (RFC 9126 §2.3).
    #[error("{1}")]
    AuthorizationRequest(&'static str, String),
    #[error("clients cannot register themselves on this server")]
    RegistrationOff,
    /// RFC 7591 §3: the initial access token, or that of the registration (RFC 7592).
    #[error("a valid registration token is required")]
    RegistrationToken { is_given: bool },
    /// RFC 7591 §3.2.2.
    #[error("{0}")]
    InvalidRedirectUri(String),
    /// RFC 7591 §3.2.2.
    #[error("{0}")]
    InvalidClientMetadata(String),
    #[error("the token was issued to another client")]
    NotYourToken,
    #[error("this client may not use this grant")]
    UnauthorizedClient,
    /// RFC 8707 §2, RFC 8693 §2.2.2.
    #[error("no token can be issued for this resource or audience")]
    InvalidTarget,
    #[error("this grant is not offered here")]
    UnsupportedGrantType,
    #[error("{0}")]
    InvalidScope(String),
    #[error(transparent)]
    Throttled(#[from] Throttled),
    #[error(transparent)]
    Infrastructure(#[from] Infrastructure),
}

from_infrastructure!(Error: store::Error, LiveError, KeyRingError, NoRandomness);

impl From<NotLoggedIn> for Error {
    fn from(error: NotLoggedIn) -> Self {
        match error {
            NotLoggedIn::Refused(why) => why.into(),
            NotLoggedIn::Throttled(error) => error.into(),
            NotLoggedIn::Infrastructure(error) => error.into(),
        }
    }
}

impl From<NotCounted> for Error {
    fn from(error: NotCounted) -> Self {
        match error {
            NotCounted::Throttled(error) => error.into(),
            NotCounted::Store(error) => error.into(),
        }
    }
}

impl From<ClientRefused> for Error {
    fn from(why: ClientRefused) -> Self {
        Self::InvalidClient(why)
    }
}

impl From<LoginRefused> for Error {
    fn from(why: LoginRefused) -> Self {
        Self::InvalidGrant(why)
    }
}

impl From<RefreshRefused> for Error {
    fn from(why: RefreshRefused) -> Self {
        Self::InvalidRefreshToken(why)
    }
}

impl From<CodeRefused> for Error {
    fn from(why: CodeRefused) -> Self {
        Self::InvalidCode(why)
    }
}

impl Error {
    /// Says in the log why, which outside is not said. What failed in the server's
    /// own parts is logged where it is reported.
    pub fn log(&self) {
        match self {
            Self::Infrastructure(_) => {}
            // What a waiting device is told every few seconds.
            Self::AuthorizationPending => {}
            refused => tracing::info!(why = %refused.why(), "refused: {self}"),
        }
    }

    fn why(&self) -> &dyn Display {
        match self {
            Self::InvalidClient(why) => why,
            Self::InvalidGrant(why) => why,
            Self::InvalidRefreshToken(why) => why,
            Self::InvalidCode(why) => why,
            other => other,
        }
    }

    /// Why, for the audit log, where somebody asked for what is not theirs. What is wrong with
    /// a form alone, and logins, which have entries of their own, are not told.
    pub fn offence(&self) -> Option<String> {
        let is_one = matches!(
            self,
            Self::InvalidClient(_)
                | Self::InvalidRefreshToken(_)
                | Self::InvalidCode(_)
                | Self::NotYourToken
                | Self::UnauthorizedClient
                | Self::InvalidTarget
                | Self::InvalidScope(_)
                | Self::RegistrationToken { is_given: true }
        );
        is_one.then(|| self.why().to_string())
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        Self::InvalidRequest(format!("the parameter `{parameter}` is missing"))
    }
}
