//! Administration of tokens.

use std::{sync::Arc, time::Duration};

use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};

use crate::api::operations::users::scopes;
use crate::api::plumbing::done::Done;
use crate::api::plumbing::tag::Tag;
use crate::api::plumbing::{
    access::Auth,
    body::{Body, Rule, Rules},
    issued::{IssuedToken, TokenMade},
    number::Number,
    page::{Limit, Page, Window},
    problem::Failure,
};
use crate::{
    authority::Authority,
    builtin_scope::BuiltinScope,
    fields,
    live::Feed,
    store::{Revoke, TokenFilter},
    tokens::{self, Minting},
};

/// How long a request for news waits for them.
const DEFAULT_WAIT: Duration = Duration::from_secs(20);

pub(in crate::api) struct TokensApi(pub Arc<Authority>);

/// A token about a subject that has no account.
#[derive(Object)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
struct TokenMint {
    /// The subject: `<kind>:<id>`, as in `car:7f3a`. The kind is one
    /// of the subject kinds.
    #[oai(validator(min_length = 3, max_length = 288))]
    subject: String,
    /// What it may do: scopes that tokens of its kind may carry.
    #[oai(validator(max_items = 64))]
    scopes: Vec<String>,
    /// Its lifetime in seconds; by default that of access tokens.
    #[oai(validator(minimum(value = "1")))]
    expires_in: Option<u64>,
    /// The audience; this server by default.
    #[oai(validator(min_length = 1, max_length = 255))]
    audience: Option<String>,
    /// Its name.
    #[oai(validator(min_length = 1, max_length = 255))]
    name: Option<String>,
}

impl Example for TokenMint {
    fn example() -> Self {
        Self {
            subject: "car:7f3a".to_owned(),
            scopes: vec!["drive".to_owned()],
            expires_in: Some(86_400),
            audience: None,
            name: None,
        }
    }
}

impl Rules for TokenMint {
    const RULES: &'static [(&'static str, Rule)] = &[
        ("subject", fields::subject),
        ("scopes", fields::scope),
        ("audience", fields::audience),
        ("name", fields::token_name),
    ];
}

/// How many tokens were revoked.
#[derive(Object)]
#[oai(example)]
struct RevokedCount {
    /// How many live access tokens were revoked.
    revoked: u64,
}

impl Example for RevokedCount {
    fn example() -> Self {
        Self { revoked: 3 }
    }
}

/// A revoked token.
#[derive(Object)]
struct RevokedToken {
    /// The token's id.
    jti: String,
    /// When it expires, in seconds since 1970: then it can be forgotten.
    exp: i64,
}

/// Tokens that were revoked.
#[derive(Object)]
#[oai(example)]
struct RevocationList {
    /// The tokens. A token may be listed more than once.
    revocations: Vec<RevokedToken>,
    /// The `since` to ask with next.
    next: i64,
}

impl Example for RevocationList {
    fn example() -> Self {
        let revoked = RevokedToken {
            jti: "019a2f2e-8c5e-7b5a-9f0c-3f1d2f6f7c11".to_owned(),
            exp: 1_800_001_800,
        };
        Self {
            revocations: vec![revoked],
            next: 4711,
        }
    }
}

impl From<Feed> for RevocationList {
    fn from(feed: Feed) -> Self {
        let revoked = feed.revocations.into_iter().map(|revocation| RevokedToken {
            jti: revocation.token_id,
            exp: revocation.expires_at,
        });
        Self {
            revocations: revoked.collect(),
            next: feed.next,
        }
    }
}

#[OpenApi(tag = "Tag::Tokens")]
impl TokensApi {
    /// List tokens
    ///
    /// Live ones, oldest first, in pages. `subject` keeps those
    /// about one subject.
    #[oai(path = "/tokens", method = "get", operation_id = "listTokens")]
    async fn list_tokens(
        &self,
        #[oai(scope = "BuiltinScope::TokensRead")] _auth: Auth,
        /// The `next_cursor` of the previous page.
        cursor: Query<Option<String>>,
        /// How many entries the page may have: 1 to 200; 50 by default.
        limit: Query<Option<Limit>>,
        /// The subject of the tokens, such as `car:7f3a`.
        subject: Query<Option<String>>,
    ) -> Result<Json<Page<IssuedToken>>, Failure<422>> {
        let window = Window::parse(cursor.0, limit.0)?;
        let filter = TokenFilter {
            subject: subject.0.as_deref(),
            kind: None,
            after: &window.after,
            limit: window.limit + 1,
        };
        let tokens = tokens::list(&self.0, &filter).await?;
        Ok(Json(window.page(
            tokens,
            |token| &token.id,
            IssuedToken::from,
        )))
    }

    /// Make a token about a subject without an account
    ///
    /// For example, about a car that the bearer of the token may drive, or a post that they may
    /// edit. The JWT is shown only once.
    #[oai(path = "/tokens", method = "post", operation_id = "mintToken")]
    async fn mint_token(
        &self,
        #[oai(scope = "BuiltinScope::TokensMint")] auth: Auth,
        token: Body<TokenMint>,
    ) -> Result<TokenMade, Failure<404>> {
        let minting = Minting {
            subject: token.0.subject,
            scopes: scopes(&token.0.scopes)?,
            audience: token.0.audience,
            expires_in: token.0.expires_in,
            name: token.0.name,
        };
        let actor = auth.actor(&self.0).await?;
        let made = tokens::mint(&self.0, &actor, minting).await?;
        Ok(made.into())
    }

    /// Revoke all tokens of a subject
    ///
    /// Ends them, what was derived from them, and the subject's refresh tokens, at once and on
    /// every server.
    #[oai(
        path = "/tokens",
        method = "delete",
        operation_id = "revokeTokensOfSubject"
    )]
    async fn revoke_tokens_of_subject(
        &self,
        #[oai(scope = "BuiltinScope::TokensWrite")] auth: Auth,
        /// The subject of the tokens, such as `username:johndoe`.
        subject: Query<String>,
    ) -> Result<Json<RevokedCount>, Failure<422>> {
        let actor = auth.actor(&self.0).await?;
        let which = Revoke::Subject(&subject.0);
        let revoked = tokens::revoke(&self.0, &actor, which).await?;
        Ok(Json(RevokedCount { revoked }))
    }

    /// Revoke a token
    ///
    /// Ends it and what was derived from it, at once and on every server.
    #[oai(
        path = "/tokens/:id",
        method = "delete",
        operation_id = "revokeTokenById"
    )]
    async fn revoke_token_by_id(
        &self,
        #[oai(scope = "BuiltinScope::TokensWrite")] auth: Auth,
        /// The token's `jti`.
        id: Path<String>,
    ) -> Result<Done, Failure<404>> {
        let actor = auth.actor(&self.0).await?;
        tokens::revoke_one(&self.0, &actor, &id.0).await?;
        Ok(Done::Done)
    }

    /// List revoked tokens
    ///
    /// For APIs that verify tokens themselves: ask without `since` for all tokens that were revoked
    /// and have not expired, then keep asking with `since` set to the `next` of the previous
    /// answer. Such a request is answered as soon as a token is revoked, or with an empty list
    /// after `wait_seconds`. The tokens of disabled users and clients, and those with a scope that
    /// their user, client or kind has lost, are listed as well, though this server may accept them
    /// again later.
    #[oai(
        path = "/revocations",
        method = "get",
        operation_id = "listRevocations"
    )]
    async fn list_revocations(
        &self,
        #[oai(scope = "BuiltinScope::RevocationsRead")] _auth: Auth,
        /// The `next` of the previous answer.
        since: Query<Option<Number<0, { i64::MAX }>>>,
        /// How long to wait for a revocation: 0 to 60; 20 by default.
        wait_seconds: Query<Option<Number<0, 60>>>,
    ) -> Result<Json<RevocationList>, Failure<422>> {
        let patience = match since.0 {
            None => Duration::ZERO,
            Some(_) => wait_seconds.0.map_or(DEFAULT_WAIT, |wait| {
                Duration::from_secs(wait.0.unsigned_abs())
            }),
        };
        let since = since.0.map_or(0, |since| since.0);
        let feed = tokens::revocations(&self.0, since, patience).await?;
        Ok(Json(feed.into()))
    }
}
