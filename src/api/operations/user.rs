//! A user, as the document has it. `GET /users/me`, which programs ask for again and
//! again, writes it straight from the state in memory.

use std::sync::Arc;

use poem::{
    IntoResponse, Response,
    http::{HeaderValue, StatusCode, header},
};
use poem_openapi::{
    ApiResponse, Object,
    payload::{Json, Payload},
    registry::{MetaResponses, Registry},
    types::Example,
};
use serde::Serialize;

use crate::api::plumbing::nullable::Nullable;
use crate::{guard::Caller, live::UserState, scope::ScopeSet, store::UserRow};

/// A user.
#[derive(Object)]
#[oai(example)]
pub(in crate::api) struct User {
    /// The name to log in with, case-sensitive.
    username: String,
    /// The user's email address.
    email: Nullable<String>,
    /// The user's full name.
    full_name: Nullable<String>,
    /// The user's language (BCP 47), if known.
    #[oai(skip_serializing_if_is_none)]
    locale: Option<String>,
    /// Whether the user is disabled: cannot log in or use tokens.
    disabled: bool,
    /// The scopes that the user's tokens may hold, sorted.
    scopes: Vec<String>,
}

impl Example for User {
    fn example() -> Self {
        Self {
            username: "johndoe".to_owned(),
            email: Nullable(Some("johndoe@example.com".to_owned())),
            full_name: Nullable(Some("John Doe".to_owned())),
            locale: Some("en".to_owned()),
            disabled: false,
            scopes: vec!["items".to_owned(), "me".to_owned()],
        }
    }
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            username: row.username,
            email: Nullable(row.profile.email),
            full_name: Nullable(row.profile.full_name),
            locale: row.profile.locale,
            disabled: row.disabled,
            scopes: row.scopes.to_strings(),
        }
    }
}

/// The caller's own user.
pub(in crate::api) struct CurrentUser {
    pub caller: Arc<Caller>,
    pub user: Arc<UserState>,
}

/// The fields of [`User`], borrowed.
#[derive(Serialize)]
struct Written<'a> {
    username: &'a str,
    email: Option<&'a str>,
    full_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<&'a str>,
    disabled: bool,
    scopes: &'a ScopeSet,
}

impl ApiResponse for CurrentUser {
    fn meta() -> MetaResponses {
        Json::<User>::meta()
    }

    fn register(registry: &mut Registry) {
        <Json<User> as ApiResponse>::register(registry);
    }
}

impl IntoResponse for CurrentUser {
    fn into_response(self) -> Response {
        let written = Written {
            username: self.caller.subject.id(),
            email: self.user.profile.email.as_deref(),
            full_name: self.user.profile.full_name.as_deref(),
            locale: self.user.profile.locale.as_deref(),
            disabled: self.user.disabled,
            scopes: &self.user.scopes,
        };
        match serde_json::to_vec(&written) {
            Ok(json) => Response::builder()
                .header(header::CONTENT_TYPE, JSON)
                .body(json),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

const JSON: HeaderValue = HeaderValue::from_static(<Json<User> as Payload>::CONTENT_TYPE);

#[cfg(test)]
mod tests {
    use poem_openapi::types::ToJSON;

    use super::*;
    use crate::{profile::Profile, subject::Subject};

    #[tokio::test]
    async fn a_profile_is_the_user_of_the_document() {
        let scopes = ScopeSet::parse("me items").expect("scopes");
        let row = UserRow {
            password_version: None,
            id: String::new(),
            username: "jo\"hn\u{e9}".to_owned(),
            password_hash: None,
            profile: Profile {
                full_name: Some("John\nDoe".to_owned()),
                ..Profile::default()
            },
            disabled: false,
            scopes: scopes.clone(),
            created_at: 0,
            updated_at: None,
        };
        let current = CurrentUser {
            caller: Arc::new(Caller {
                subject: Subject::new(Subject::USERNAME, &row.username).expect("a subject"),
                scopes: scopes.clone(),
                client_id: String::new(),
                token_id: uuid::Uuid::nil(),
                via: Vec::new(),
            }),
            user: Arc::new(UserState {
                profile: row.profile.clone(),
                disabled: false,
                scopes,
            }),
        };
        let written = current.into_response().into_body().into_string().await;
        let documented = User::from(row).to_json_string();
        assert_eq!(written.expect("a text"), documented);
    }
}
