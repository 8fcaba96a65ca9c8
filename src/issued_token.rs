//! Access tokens that were issued, as they are kept: the JWT itself is not.

use std::str::FromStr;

use thiserror::Error;

use crate::{scope::ScopeSet, subject::Subject, token::Audience};

/// An issued access token.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its `jti`.
    pub id: String,
    pub kind: TokenKind,
    pub subject: Subject,
    pub client_id: String,
    pub scopes: ScopeSet,
    pub audience: Audience,
    /// What its owner calls it.
    pub name: Option<String>,
    /// The family of refresh tokens that it belongs to.
    pub grant_id: Option<String>,
    /// The token that it ends with.
    pub parent_id: Option<String>,
    /// Seconds since 1970, as all times here.
    pub issued_at: i64,
    pub expires_at: i64,
    pub last_used_at: Option<i64>,
}

/// How a token came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Given out by the token endpoint.
    Access,
    /// Made by a user for a third party.
    Personal,
    /// Made for a subject without an account.
    Minted,
}

impl TokenKind {
    /// As it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Personal => "personal",
            Self::Minted => "minted",
        }
    }
}

/// A name that is no kind of token.
#[derive(Debug, Error)]
#[error("`{0}` is not a kind of token")]
pub struct UnknownTokenKind(String);

impl FromStr for TokenKind {
    type Err = UnknownTokenKind;

    fn from_str(name: &str) -> Result<Self, UnknownTokenKind> {
        [Self::Access, Self::Personal, Self::Minted]
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownTokenKind(name.to_owned()))
    }
}
