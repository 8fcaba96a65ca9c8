//! Why the protocol refuses, for the log. Outside, the reasons of one kind are one
//! text, so that nobody learns from a refusal what they did not know.

use thiserror::Error;

/// Why a client did not authenticate.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ClientRefused {
    #[error("the client is not registered, or is disabled")]
    Unknown,
    #[error("the secret of client `{0}` is wrong")]
    WrongSecret(String),
    #[error("client `{0}` must authenticate by another method")]
    WrongMethod(String),
    #[error("the assertion of client `{0}` is refused: {1}")]
    Assertion(String, AssertionRefused),
    #[error("the Authorization header is not `Basic` with an id and a secret")]
    Unreadable,
    #[error("client `{0}` was changed, disabled or removed meanwhile")]
    Gone(String),
}

/// What is wrong with an assertion (RFC 7523 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AssertionRefused {
    #[error("it is not a JWT with an `alg` and claims")]
    Malformed,
    #[error("no key of the client has its `kid`")]
    UnknownKey,
    #[error("its signature, audience or times are invalid")]
    NotValid,
    #[error("`iss` and `sub` must be the client's id")]
    NotItsOwn,
    #[error("it is valid for more than 600 seconds")]
    TooLong,
    #[error("`jti` must have 1 to 255 characters")]
    NoName,
    #[error("it was used before")]
    Replayed,
}

/// Why a refresh token is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RefreshRefused {
    #[error("it is not known")]
    Unknown,
    #[error("it belongs to client `{0}`")]
    OfAnotherClient(String),
    #[error("it has expired")]
    Expired,
    #[error("its family was revoked")]
    Revoked,
    #[error("it was used before")]
    Spent,
    #[error("the user, the client or the scope `offline_access` no longer exists")]
    Gone,
}

/// Why an authorization code or a device code is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CodeRefused {
    #[error("it is not known")]
    Unknown,
    #[error("it belongs to client `{0}`")]
    OfAnotherClient(String),
    #[error("it has expired")]
    Expired,
    #[error("it was used before")]
    Spent,
    #[error("`redirect_uri` is not that of the authorization request")]
    OtherRedirectUri,
    #[error("`code_verifier` does not belong to its challenge")]
    WrongVerifier,
    #[error("the user or the client was changed, disabled or removed meanwhile")]
    Gone,
}
