//! One's own personal tokens.

use std::sync::Arc;

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
    page::{Limit, Page, Window},
    problem::Failure,
};
use crate::{
    authority::Authority,
    builtin_scope::BuiltinScope,
    fields,
    issued_token::TokenKind,
    store::TokenFilter,
    tokens::{self, Personal},
};

pub(in crate::api) struct PersonalTokensApi(pub Arc<Authority>);

/// A personal token, for a third party to use in your name.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
struct PersonalTokenCreate {
    /// Its name.
    #[oai(validator(min_length = 1, max_length = 255))]
    name: String,
    /// What it may do: scopes of the token that you call with.
    #[oai(validator(max_items = 64))]
    scopes: Vec<String>,
    /// Its lifetime in seconds; by default that of access tokens.
    #[oai(validator(minimum(value = "1")))]
    expires_in: Option<u64>,
}

impl Example for PersonalTokenCreate {
    fn example() -> Self {
        Self {
            name: "backup bot".to_owned(),
            scopes: vec!["items".to_owned()],
            expires_in: Some(86_400),
        }
    }
}

impl Rules for PersonalTokenCreate {
    const RULES: &'static [(&'static str, Rule)] =
        &[("name", fields::token_name), ("scopes", fields::scope)];
}

#[OpenApi(tag = "Tag::Me")]
impl PersonalTokensApi {
    /// List your personal tokens
    ///
    /// Live ones, oldest first, in pages, each with its last use.
    #[oai(
        path = "/users/me/tokens",
        method = "get",
        operation_id = "listMyTokens"
    )]
    async fn list_my_tokens(
        &self,
        #[oai(scope = "BuiltinScope::Tokens")] auth: Auth,
        /// The `next_cursor` of the previous page.
        cursor: Query<Option<String>>,
        /// How many entries the page may have: 1 to 200; 50 by default.
        limit: Query<Option<Limit>>,
    ) -> Result<Json<Page<IssuedToken>>, Failure<422>> {
        let window = Window::parse(cursor.0, limit.0)?;
        let filter = TokenFilter {
            subject: Some(auth.0.subject.as_str()),
            kind: Some(TokenKind::Personal),
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

    /// Make a personal token
    ///
    /// For a third party that acts in your name. It can have only scopes of the token that you call
    /// with. The JWT is shown only once.
    #[oai(
        path = "/users/me/tokens",
        method = "post",
        operation_id = "createMyToken"
    )]
    async fn create_my_token(
        &self,
        #[oai(scope = "BuiltinScope::Tokens")] auth: Auth,
        token: Body<PersonalTokenCreate>,
    ) -> Result<TokenMade, Failure<404, 409>> {
        let actor = auth.limited_actor();
        let personal = Personal {
            name: token.0.name,
            scopes: scopes(&token.0.scopes)?,
            expires_in: token.0.expires_in,
        };
        Ok(
            tokens::make_personal(&self.0, &actor, &auth.0.subject, personal)
                .await?
                .into(),
        )
    }

    /// Revoke a personal token of yours
    ///
    /// Ends it and what was derived from it, at once and on every server.
    #[oai(
        path = "/users/me/tokens/:id",
        method = "delete",
        operation_id = "deleteMyToken"
    )]
    async fn delete_my_token(
        &self,
        #[oai(scope = "BuiltinScope::Tokens")] auth: Auth,
        /// The token's id.
        id: Path<String>,
    ) -> Result<Done, Failure<404>> {
        let actor = auth.actor(&self.0).await?;
        tokens::revoke_personal(&self.0, &actor, &auth.0.subject, &id.0).await?;
        Ok(Done::Done)
    }
}
