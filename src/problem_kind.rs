//! The kinds of problems (RFC 9457 §3.1.1): each has a name in `type` and a page that says
//! what to do.

/// A kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    BadRequest,
    TokenRequired,
    InvalidToken,
    InsufficientScope,
    BeyondYou,
    NotFound,
    MethodNotAllowed,
    Conflict,
    TooLarge,
    UnsupportedMediaType,
    InvalidFields,
    TooManyAttempts,
    Unavailable,
    Internal,
}

impl ProblemKind {
    /// Where their pages are, below the issuer's address.
    pub const PATH: &'static str = "/problems";

    pub const ALL: [Self; 14] = [
        Self::BadRequest,
        Self::TokenRequired,
        Self::InvalidToken,
        Self::InsufficientScope,
        Self::BeyondYou,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidFields,
        Self::TooManyAttempts,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The kind of a refusal of which only the status is known.
    pub fn of_status(status: u16) -> Self {
        match status {
            401 => Self::InvalidToken,
            403 => Self::BeyondYou,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            409 => Self::Conflict,
            413 => Self::TooLarge,
            415 => Self::UnsupportedMediaType,
            422 => Self::InvalidFields,
            429 => Self::TooManyAttempts,
            503 => Self::Unavailable,
            500..=599 => Self::Internal,
            _ => Self::BadRequest,
        }
    }

    /// Its name, the last part of `type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad-request",
            Self::TokenRequired => "token-required",
            Self::InvalidToken => "invalid-token",
            Self::InsufficientScope => "insufficient-scope",
            Self::BeyondYou => "beyond-you",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::Conflict => "conflict",
            Self::TooLarge => "too-large",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::InvalidFields => "invalid-fields",
            Self::TooManyAttempts => "too-many-attempts",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// What it means, and what to do.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::BadRequest => {
                "The request cannot be read: its JSON, form, URL or one of its headers is \
                 malformed. `detail` says which and where."
            }
            Self::TokenRequired => {
                "The operation needs a token and the request has none. Get one at /token and send \
                 it as `Authorization: Bearer …`; tokens in the query or in a cookie are ignored."
            }
            Self::InvalidToken => {
                "The token has expired, was revoked, is for another server, or was not issued by \
                 this one. `detail` says which. Get a new one; `scopegate token inspect` explains \
                 a token."
            }
            Self::InsufficientScope => {
                "The token is valid but lacks a scope, which `scope` names. Ask for that scope \
                 when you get the token. If it is not granted, the user or the client does not \
                 hold it, and somebody with `users:write` or `clients:write` can give it."
            }
            Self::BeyondYou => {
                "Nobody can give a scope, or change someone who holds one, that they do not hold \
                 themselves. `detail` names what is missing. A token with `users:grant` may give \
                 what its account holds, whatever the token itself holds."
            }
            Self::NotFound => {
                "There is nothing at this address, or no longer. What belongs to someone else is \
                 not found either."
            }
            Self::MethodNotAllowed => {
                "The resource does not support this method: the header `Allow` names those that it \
                 does."
            }
            Self::Conflict => {
                "The change conflicts with something that exists, such as a name that is taken, or \
                 with where the data is managed. `detail` says with what. Repeating the request \
                 does not help."
            }
            Self::TooLarge => "The body is larger than 64 KiB.",
            Self::UnsupportedMediaType => {
                "The body does not have the media type that the operation accepts, or is \
                 compressed: send `Content-Type: application/json` and no `Content-Encoding`."
            }
            Self::InvalidFields => {
                "The request can be read, but some of its fields are not valid. `errors` names \
                 each of them, and what it must be."
            }
            Self::TooManyAttempts => {
                "Too many attempts have failed for this user or from this address. The header \
                 `Retry-After` says how many seconds to wait."
            }
            Self::Unavailable => {
                "The server is overloaded, or its database does not answer. Nothing was changed. \
                 Try again after as many seconds as the header `Retry-After` says."
            }
            Self::Internal => {
                "The server failed, and its log says why. Whether anything was changed is unknown."
            }
        }
    }
}
