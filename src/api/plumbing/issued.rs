//! Tokens as administration and their owners see them.

use poem_openapi::{ApiResponse, Object, payload::Json, types::Example};

use crate::api::plumbing::nullable::Nullable;
use crate::{
    issued_token::{Token, TokenKind},
    tokens::Made,
};

/// An issued token. The JWT itself is not stored.
#[derive(Object)]
#[oai(example)]
pub(in crate::api) struct IssuedToken {
    /// Its `jti`.
    id: String,
    /// The name that its creator gave it.
    name: Nullable<String>,
    /// The kind: `access` (from the token endpoint), `personal` or `minted`.
    kind: String,
    /// The subject.
    subject: String,
    /// What it may do, sorted.
    scopes: Vec<String>,
    /// The audience.
    audience: Vec<String>,
    /// The client that it was issued to.
    client_id: String,
    /// When it was issued, in seconds since 1970.
    issued_at: i64,
    /// When it expires, in seconds since 1970.
    expires_at: i64,
    /// When a personal token was last used here, in seconds since 1970.
    last_used_at: Nullable<i64>,
}

impl Example for IssuedToken {
    fn example() -> Self {
        Self {
            id: "019a2f2e-8c5e-7b5a-9f0c-3f1d2f6f7c11".to_owned(),
            name: Nullable(Some("backup bot".to_owned())),
            kind: TokenKind::Personal.name().to_owned(),
            subject: "username:johndoe".to_owned(),
            scopes: vec!["items".to_owned()],
            audience: vec!["http://127.0.0.1:8000".to_owned()],
            client_id: "scopegate-docs".to_owned(),
            issued_at: 1_800_000_000,
            expires_at: 1_800_086_400,
            last_used_at: Nullable(None),
        }
    }
}

impl From<Token> for IssuedToken {
    fn from(token: Token) -> Self {
        Self {
            id: token.id,
            name: Nullable(token.name),
            kind: token.kind.name().to_owned(),
            subject: token.subject.to_string(),
            scopes: token.scopes.to_strings(),
            audience: token.audience.iter().map(str::to_owned).collect(),
            client_id: token.client_id,
            issued_at: token.issued_at,
            expires_at: token.expires_at,
            last_used_at: Nullable(token.last_used_at),
        }
    }
}

/// A token that was made: the JWT is shown only once.
#[derive(Object)]
#[oai(example)]
pub(in crate::api) struct CreatedToken {
    /// The token, a JWT: send it as `Authorization: Bearer …`.
    access_token: String,
    /// Always `bearer`.
    token_type: String,
    /// For how many seconds it is valid.
    expires_in: u64,
    /// The scopes, separated by spaces.
    scope: String,
    /// Its `jti`, to revoke it by.
    id: String,
    /// The name that its creator gave it.
    name: Nullable<String>,
    /// The subject.
    subject: String,
    /// What it may do, sorted.
    scopes: Vec<String>,
    /// When it expires, in seconds since 1970.
    expires_at: i64,
}

impl Example for CreatedToken {
    fn example() -> Self {
        Self {
            access_token: "eyJhbGciOiJFUzI1NiIsImtpZCI6Im…".to_owned(),
            token_type: "bearer".to_owned(),
            expires_in: 86_400,
            scope: "drive".to_owned(),
            id: "019a2f2e-8c5e-7b5a-9f0c-3f1d2f6f7c11".to_owned(),
            name: Nullable(None),
            subject: "car:7f3a".to_owned(),
            scopes: vec!["drive".to_owned()],
            expires_at: 1_800_086_400,
        }
    }
}

impl From<Made> for CreatedToken {
    fn from(made: Made) -> Self {
        let Made { token, jwt } = made;
        Self {
            access_token: jwt,
            token_type: "bearer".to_owned(),
            expires_in: token.expires_at.abs_diff(token.issued_at),
            scopes: token.scopes.to_strings(),
            scope: token.scopes.to_string(),
            id: token.id,
            name: Nullable(token.name),
            subject: token.subject.to_string(),
            expires_at: token.expires_at,
        }
    }
}

/// The answer to a token that was made.
#[derive(ApiResponse)]
pub(in crate::api) enum TokenMade {
    /// The token, shown only once.
    #[oai(status = 201)]
    Made(
        Json<CreatedToken>,
        /// Answers must not be cached.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

impl From<Made> for TokenMade {
    fn from(made: Made) -> Self {
        Self::Made(Json(made.into()), "no-store".to_owned())
    }
}
