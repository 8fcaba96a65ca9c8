//! The answer of `GET /users/me`, which programs ask for again and again: it is
//! written straight from the state in memory, in the form of [`User`].

use std::sync::Arc;

use poem::{
    IntoResponse, Response,
    http::{HeaderValue, StatusCode, header},
};
use poem_openapi::{
    ApiResponse,
    payload::{Json, Payload},
    registry::{MetaResponses, Registry},
};
use serde::Serialize;

use crate::api::operations::users::User;
use crate::{guard::Caller, live::UserState, scope::ScopeSet};

/// The caller's own user.
pub(in crate::api) struct Profile {
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

impl ApiResponse for Profile {
    fn meta() -> MetaResponses {
        Json::<User>::meta()
    }

    fn register(registry: &mut Registry) {
        <Json<User> as ApiResponse>::register(registry);
    }
}

impl IntoResponse for Profile {
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
    use crate::{store::UserRow, subject::Subject};

    #[tokio::test]
    async fn a_profile_is_the_user_of_the_document() {
        let scopes = ScopeSet::parse("me items").expect("scopes");
        let row = UserRow {
            password_version: None,
            id: String::new(),
            username: "jo\"hn\u{e9}".to_owned(),
            password_hash: None,
            profile: crate::profile::Profile {
                full_name: Some("John\nDoe".to_owned()),
                ..crate::profile::Profile::default()
            },
            disabled: false,
            scopes: scopes.clone(),
            created_at: 0,
        };
        let profile = Profile {
            caller: Arc::new(Caller {
                subject: Subject::new(Subject::USERNAME, &row.username).expect("a subject"),
                scopes: scopes.clone(),
                client_id: String::new(),
                token_id: uuid::Uuid::nil(),
            }),
            user: Arc::new(UserState {
                profile: row.profile.clone(),
                disabled: false,
                scopes,
            }),
        };
        let written = profile.into_response().into_body().into_string().await;
        let documented = User::from(row).to_json_string();
        assert_eq!(written.expect("a text"), documented);
    }
}
