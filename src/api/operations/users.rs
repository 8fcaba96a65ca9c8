//! Administration of users.

use std::sync::Arc;

use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};

use super::user::User;
use crate::api::plumbing::done::Done;
use crate::api::plumbing::nullable::Change;
use crate::api::plumbing::tag::{Tag, path_segment};
use crate::api::plumbing::{
    access::Auth,
    body::{Body, Rule, Rules},
    page::{Limit, Page, Window},
    problem::{Failure, FieldProblem, Problem},
};
use crate::{
    authority::Authority,
    builtin_scope::BuiltinScope,
    fields,
    password::Password,
    profile::{Profile, ProfilePatch},
    scope::{Scope, ScopeSet},
    users::{self, NewAccount, Patch},
};

pub(in crate::api) struct UsersApi(pub Arc<Authority>);

/// A user to be added.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
struct UserCreate {
    /// The name to log in with: 1 to 255 characters, no control characters.
    #[oai(validator(min_length = 1, max_length = 255))]
    username: String,
    /// 8 to 1,024 bytes. A user without a password cannot log in with one.
    #[oai(validator(min_length = 1, max_length = 1024))]
    password: Option<String>,
    /// The user's email address.
    #[oai(validator(max_length = 254))]
    email: Option<String>,
    /// The user's full name.
    #[oai(validator(max_length = 255))]
    full_name: Option<String>,
    /// The user's language (BCP 47), as in `en` or `de-AT`.
    #[oai(validator(max_length = 35))]
    locale: Option<String>,
    /// Whether the user is disabled: cannot log in or use tokens.
    #[oai(default)]
    disabled: bool,
    /// The scopes that the user's tokens may hold, each in the catalogue.
    #[oai(default, validator(max_items = 64))]
    scopes: Vec<String>,
}

impl Example for UserCreate {
    fn example() -> Self {
        Self {
            username: "jane".to_owned(),
            password: Some("correct horse battery staple".to_owned()),
            email: Some("jane@example.com".to_owned()),
            full_name: Some("Jane Roe".to_owned()),
            locale: Some("en".to_owned()),
            disabled: false,
            scopes: vec!["items".to_owned(), "me".to_owned()],
        }
    }
}

impl Rules for UserCreate {
    const RULES: &'static [(&'static str, Rule)] = &[
        ("username", fields::username),
        ("password", |text| fields::new_password(text.as_bytes())),
        ("email", fields::email),
        ("full_name", fields::full_name),
        ("locale", fields::locale),
        ("scopes", fields::scope),
    ];
}

/// Changes to a user. An omitted field stays as it is.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
struct UserPatch {
    /// The user's email address; `null` clears it.
    #[oai(validator(max_length = 254))]
    email: Change<String>,
    /// The user's full name; `null` clears it.
    #[oai(validator(max_length = 255))]
    full_name: Change<String>,
    /// The user's language (BCP 47); `null` clears it.
    #[oai(validator(max_length = 35))]
    locale: Change<String>,
    /// Whether the user is disabled: cannot log in or use tokens.
    disabled: Option<bool>,
    /// The scopes that the user's tokens may hold: the whole list, not additions to it.
    #[oai(validator(max_items = 64))]
    scopes: Option<Vec<String>>,
    /// A new password, 8 to 1,024 bytes. Ends every token that the user has.
    #[oai(validator(min_length = 1, max_length = 1024))]
    password: Option<String>,
}

impl Example for UserPatch {
    fn example() -> Self {
        Self {
            email: Change(Some(None)),
            full_name: Change(None),
            locale: Change(None),
            disabled: Some(false),
            scopes: Some(vec!["me".to_owned()]),
            password: Some("correct horse battery staple".to_owned()),
        }
    }
}

impl Rules for UserPatch {
    const RULES: &'static [(&'static str, Rule)] = UserCreate::RULES;
}

/// The answer to a user that was added.
#[derive(ApiResponse)]
enum UserCreated {
    /// The user was added.
    #[oai(status = 201)]
    Created(
        Json<User>,
        /// The path of the new user.
        #[oai(header = "Location")]
        String,
    ),
}

#[OpenApi(tag = "Tag::Users")]
impl UsersApi {
    /// List users
    ///
    /// By name, in pages. `prefix` keeps those whose name begins with it.
    #[oai(path = "/users", method = "get", operation_id = "listUsers")]
    async fn list_users(
        &self,
        #[oai(scope = "BuiltinScope::UsersRead")] _auth: Auth,
        /// The `next_cursor` of the previous page.
        cursor: Query<Option<String>>,
        /// How many entries the page may have: 1 to 200; 50 by default.
        limit: Query<Option<Limit>>,
        /// A prefix of the usernames.
        prefix: Query<Option<String>>,
    ) -> Result<Json<Page<User>>, Failure<422>> {
        let window = Window::parse(cursor.0, limit.0)?;
        let prefix = prefix.0.unwrap_or_default();
        let users = users::list(&self.0, &prefix, &window.after, window.limit + 1).await?;
        Ok(Json(window.page(users, |user| &user.username, User::from)))
    }

    /// Add a user
    ///
    /// The user may log in at once. You can give only scopes that you may hold
    /// yourself.
    #[oai(path = "/users", method = "post", operation_id = "createUser")]
    async fn create_user(
        &self,
        #[oai(scope = "BuiltinScope::UsersWrite")] auth: Auth,
        user: Body<UserCreate>,
    ) -> Result<UserCreated, Failure<409>> {
        let actor = auth.actor(&self.0).await?;
        let account = NewAccount {
            username: user.0.username,
            password: user.0.password.map(Password::new),
            profile: Profile {
                email: user.0.email,
                full_name: user.0.full_name,
                locale: user.0.locale,
            },
            disabled: user.0.disabled,
            scopes: scopes(&user.0.scopes)?,
        };
        let user = users::add(&self.0, &actor, account).await?;
        let location = format!("/users/{}", path_segment(&user.username));
        Ok(UserCreated::Created(Json(user.into()), location))
    }

    /// Read a user
    ///
    /// By the exact, case-sensitive name.
    #[oai(path = "/users/:username", method = "get", operation_id = "getUser")]
    async fn get_user(
        &self,
        #[oai(scope = "BuiltinScope::UsersRead")] _auth: Auth,
        /// The user's name.
        username: Path<String>,
    ) -> Result<Json<User>, Failure<404>> {
        Ok(Json(users::user(&self.0, &username.0).await?.into()))
    }

    /// Change a user
    ///
    /// Changes apply from the next request on, also to tokens already issued: those of a disabled
    /// user are refused, and a scope that the user loses is gone from them. You can neither give
    /// scopes that you may not hold yourself nor change users who hold such scopes.
    #[oai(
        path = "/users/:username",
        method = "patch",
        operation_id = "updateUser"
    )]
    async fn update_user(
        &self,
        #[oai(scope = "BuiltinScope::UsersWrite")] auth: Auth,
        /// The user's name.
        username: Path<String>,
        patch: Body<UserPatch>,
    ) -> Result<Json<User>, Failure<404, 409>> {
        let actor = auth.actor(&self.0).await?;
        let patch = Patch {
            profile: ProfilePatch {
                email: patch.0.email.0,
                full_name: patch.0.full_name.0,
                locale: patch.0.locale.0,
            },
            disabled: patch.0.disabled,
            scopes: patch.0.scopes.as_deref().map(scopes).transpose()?,
            password: patch.0.password.map(Password::new),
        };
        let user = users::change(&self.0, &actor, &username.0, patch).await?;
        Ok(Json(user.into()))
    }

    /// Remove a user
    ///
    /// Every token that the user has is refused from now on, even if a user with the same name is
    /// added later.
    #[oai(
        path = "/users/:username",
        method = "delete",
        operation_id = "deleteUser"
    )]
    async fn delete_user(
        &self,
        #[oai(scope = "BuiltinScope::UsersWrite")] auth: Auth,
        /// The user's name.
        username: Path<String>,
    ) -> Result<Done, Failure<404, 409>> {
        let actor = auth.actor(&self.0).await?;
        users::remove(&self.0, &actor, &username.0).await?;
        Ok(Done::Done)
    }
}

/// A set of names that passed [`fields::scope`] with the rest of the body; too
/// many are refused.
pub(in crate::api) fn scopes<const A: u16, const B: u16>(
    names: &[String],
) -> Result<ScopeSet, Failure<A, B>> {
    let scopes = names.iter().flat_map(|name| Scope::parse(name));
    ScopeSet::from_scopes(scopes).map_err(|error| {
        let misfit = FieldProblem {
            field: "scopes".to_owned(),
            detail: error.to_string(),
        };
        Problem::unfit(vec![misfit]).into()
    })
}
