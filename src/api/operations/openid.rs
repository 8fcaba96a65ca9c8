//! Who the user is, for applications that were told so (OpenID Connect Core §5.3).

use std::sync::Arc;

use poem_openapi::{Object, OpenApi, payload::Json, types::Example};

use crate::api::plumbing::tag::Tag;
use crate::api::plumbing::{access::Auth, problem::Failure};
use crate::{authority::Authority, builtin_scope::BuiltinScope, error::Error, users};

pub(in crate::api) struct OpenIdApi(pub Arc<Authority>);

/// The claims that ID tokens and `/userinfo` may have.
pub(in crate::api) const CLAIMS: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "name",
    "preferred_username",
    "locale",
    "updated_at",
    "email",
];

/// Refuses where OpenID Connect is off.
pub(in crate::api) fn is_on(authority: &Authority) -> Result<(), Error> {
    match authority.config.openid_connect {
        true => Ok(()),
        false => Err(Error::NoOpenIdConnect),
    }
}

/// The user that a token is about, as far as its scopes allow.
#[derive(Object)]
#[oai(example, skip_serializing_if_is_none)]
struct UserInfo {
    /// The same as in the ID token: `username:` and the name.
    sub: String,
    /// The full name, with `profile`.
    name: Option<String>,
    /// The name to log in with, with `profile`.
    preferred_username: Option<String>,
    /// The user's language (BCP 47), with `profile`.
    locale: Option<String>,
    /// When the user was last changed, in seconds since 1970, with `profile`.
    updated_at: Option<i64>,
    /// The user's email address, with `email`.
    email: Option<String>,
}

impl Example for UserInfo {
    fn example() -> Self {
        Self {
            sub: "username:johndoe".to_owned(),
            name: Some("John Doe".to_owned()),
            preferred_username: Some("johndoe".to_owned()),
            locale: Some("en".to_owned()),
            updated_at: Some(1_735_689_600),
            email: Some("johndoe@example.com".to_owned()),
        }
    }
}

#[OpenApi(tag = "Tag::OAuth")]
impl OpenIdApi {
    /// Ask who the user is
    ///
    /// Answers with the claims that the token's scopes allow: the names with `profile`, the address
    /// with `email`. A token about anything but a user gets 404.
    #[oai(path = "/userinfo", method = "get", operation_id = "getUserinfo")]
    async fn get_userinfo(
        &self,
        #[oai(scope = "BuiltinScope::OpenId")] auth: Auth,
    ) -> Result<Json<UserInfo>, Failure<404>> {
        userinfo(&self.0, &auth).await
    }

    /// Ask who the user is, by POST
    ///
    /// The same as by GET. The token goes in the `Authorization` header.
    #[oai(path = "/userinfo", method = "post", operation_id = "postUserinfo")]
    async fn post_userinfo(
        &self,
        #[oai(scope = "BuiltinScope::OpenId")] auth: Auth,
    ) -> Result<Json<UserInfo>, Failure<404>> {
        userinfo(&self.0, &auth).await
    }
}

async fn userinfo(authority: &Authority, auth: &Auth) -> Result<Json<UserInfo>, Failure<404>> {
    is_on(authority)?;
    let username = auth.username().ok_or(Error::NotAUser)?;
    let user = users::user(authority, username).await?;
    let opens = |scope| auth.0.scopes.contains(scope);
    let is_named = opens(BuiltinScope::PROFILE);
    Ok(Json(UserInfo {
        sub: auth.0.subject.to_string(),
        name: user.profile.full_name.filter(|_| is_named),
        locale: user.profile.locale.filter(|_| is_named),
        updated_at: user.updated_at.filter(|_| is_named),
        preferred_username: is_named.then_some(user.username),
        email: user.profile.email.filter(|_| opens(BuiltinScope::EMAIL)),
    }))
}
