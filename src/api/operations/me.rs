//! One's own profile and password.

use std::sync::Arc;

use poem::Request;
use poem_openapi::{Object, OpenApi, payload::Json, types::Example};

use super::user::{CurrentUser, User};
use crate::api::plumbing::done::Done;
use crate::api::plumbing::nullable::Change;
use crate::api::plumbing::tag::Tag;
use crate::api::plumbing::{
    access::Auth,
    body::{Body, Rule, Rules},
    problem::Failure,
};
use crate::{
    address::client_address,
    authority::Authority,
    builtin_scope::BuiltinScope,
    error::Error,
    fields,
    password::Password,
    profile,
    users::{self, Patch},
};

pub(in crate::api) struct MeApi(pub Arc<Authority>);

/// Changes to one's own profile. An omitted field stays as it is; `null` clears it.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
struct ProfilePatch {
    /// Your email address.
    #[oai(validator(max_length = 254))]
    email: Change<String>,
    /// Your full name.
    #[oai(validator(max_length = 255))]
    full_name: Change<String>,
    /// Your language (BCP 47), as in `en` or `de-AT`.
    #[oai(validator(max_length = 35))]
    locale: Change<String>,
}

impl Rules for ProfilePatch {
    const RULES: &'static [(&'static str, Rule)] = &[
        ("email", fields::email),
        ("full_name", fields::full_name),
        ("locale", fields::locale),
    ];
}

impl Example for ProfilePatch {
    fn example() -> Self {
        Self {
            email: Change(Some(Some("john@example.com".to_owned()))),
            full_name: Change(Some(Some("John A. Doe".to_owned()))),
            locale: Change(Some(Some("en".to_owned()))),
        }
    }
}

/// A change of one's own password.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
struct PasswordChange {
    /// Your current password.
    current_password: String,
    /// Your new password: 8 to 1,024 bytes.
    #[oai(validator(min_length = 1, max_length = 1024))]
    new_password: String,
}

impl Example for PasswordChange {
    fn example() -> Self {
        Self {
            current_password: "secret".to_owned(),
            new_password: "correct horse battery staple".to_owned(),
        }
    }
}

impl Rules for PasswordChange {
    const RULES: &'static [(&'static str, Rule)] =
        &[("new_password", |text| fields::new_password(text.as_bytes()))];
}

#[OpenApi(tag = "Tag::Me")]
impl MeApi {
    /// Read your own profile
    ///
    /// Answers with the user that the token is about, and with the scopes that
    /// this user may hold. A token about anything but a user gets 404.
    #[oai(path = "/users/me", method = "get", operation_id = "getMe")]
    async fn get_me(
        &self,
        #[oai(scope = "BuiltinScope::Me")] auth: Auth,
    ) -> Result<CurrentUser, Failure<404>> {
        let user = users::profile(&self.0, username(&auth)?).await?;
        let caller = auth.0;
        Ok(CurrentUser { caller, user })
    }

    /// Change your own profile
    ///
    /// Changes the fields that are present and leaves the others as they are.
    #[oai(path = "/users/me", method = "patch", operation_id = "updateMe")]
    async fn update_me(
        &self,
        #[oai(scope = "BuiltinScope::MeWrite")] auth: Auth,
        patch: Body<ProfilePatch>,
    ) -> Result<Json<User>, Failure<404, 409>> {
        let actor = auth.owner(&self.0).await?;
        let username = username(&auth)?;
        let patch = Patch {
            profile: profile::ProfilePatch {
                email: patch.0.email.0,
                full_name: patch.0.full_name.0,
                locale: patch.0.locale.0,
            },
            ..Patch::default()
        };
        let user = users::change(&self.0, &actor, username, patch).await?;
        Ok(Json(user.into()))
    }

    /// Change your own password
    ///
    /// Needs the current password. Ends every other token that you have: anyone who knew the old
    /// password has to log in with the new one. Too many wrong current passwords are refused with
    /// 429 and `Retry-After`.
    #[oai(
        path = "/users/me/password",
        method = "put",
        operation_id = "changeMyPassword"
    )]
    async fn change_my_password(
        &self,
        #[oai(scope = "BuiltinScope::MeWrite")] auth: Auth,
        request: &Request,
        change: Body<PasswordChange>,
    ) -> Result<Done, Failure<404, 409, 429>> {
        let username = username(&auth)?;
        let PasswordChange {
            current_password,
            new_password,
        } = change.0;
        let actor = auth.owner(&self.0).await?;
        users::change_own_password(
            &self.0,
            &actor,
            username,
            Password::new(current_password),
            Password::new(new_password),
            client_address(request, &self.0.config.trusted_proxies),
        )
        .await?;
        Ok(Done::Done)
    }
}

fn username<const B: u16, const C: u16>(auth: &Auth) -> Result<&str, Failure<404, B, C>> {
    Ok(auth.username().ok_or(Error::NotAUser)?)
}
