//! Examples of what operations answer when they refuse, for the document: the
//! texts are those that the server sends.

use poem::http::StatusCode;
use poem_openapi::types::ToJSON;
use serde_json::{Map, Value, json};

use crate::api::plumbing::{
    body::not_of,
    errors,
    problem::{self, FieldProblem, Problem},
};
use crate::{
    error::Error,
    guard::Denied,
    oauth::{self, ClientRefused},
    scope::ScopeSet,
    users::LoginRefused,
};

/// Whose address problems have in examples.
const ISSUER: &str = "http://127.0.0.1:8000";

const OAUTH_PROBLEM: &str = "#/components/schemas/OAuthProblem";

/// Gives every error of an operation an example.
pub(in crate::api) fn add(path: &str, operation: &mut Map<String, Value>, schemas: &Value) {
    let about = About::new(path, operation, schemas);
    let responses = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten();
    for (status, response) in responses {
        let status = status.parse().unwrap_or(503);
        let media = response.get_mut("content").and_then(Value::as_object_mut);
        for (kind, media) in media.into_iter().flatten() {
            let example = if kind == problem::CONTENT_TYPE {
                about.problem(status).at(ISSUER).to_json()
            } else if media["schema"]["$ref"] == OAUTH_PROBLEM {
                oauth_error(status, &about.scopes)
            } else {
                None
            };
            if let Some(example) = example {
                media["example"] = example;
            }
        }
    }
}

/// What the examples depend on.
struct About {
    path: String,
    scopes: ScopeSet,
    misfit: FieldProblem,
}

impl About {
    fn new(path: &str, operation: &Map<String, Value>, schemas: &Value) -> Self {
        let alternatives = operation.get("security").and_then(Value::as_array);
        let scopes = alternatives
            .into_iter()
            .flatten()
            .find_map(|schemes| schemes.get("scopegate"))
            .cloned()
            .unwrap_or_default();
        Self {
            path: path.to_owned(),
            scopes: serde_json::from_value(scopes).unwrap_or_default(),
            misfit: misfit(operation, schemas),
        }
    }

    fn problem(&self, status: u16) -> Problem {
        let is_of = StatusCode::from_u16(status).unwrap_or_default();
        let denied = |denied| Problem::denied(is_of, &denied);
        let detail = match status {
            400 => return denied(Denied::Malformed),
            401 => return denied(Denied::NoToken),
            403 => return denied(Denied::InsufficientScope(self.scopes.clone())),
            413 => oauth::Error::TooLarge.to_string(),
            415 => not_of("application/json", Some("text/plain")),
            422 => return Problem::unfit(vec![self.misfit.clone()]),
            503 => return errors::unavailable(),
            _ => {
                let error = match status {
                    404 => self.absent(),
                    409 => self.taken(),
                    _ => None,
                };
                error.map_or_else(
                    || problem::describe(status).to_owned(),
                    |error| error.to_string(),
                )
            }
        };
        Problem::new(is_of, detail)
    }

    fn absent(&self) -> Option<Error> {
        let parameter = self.path.split('{').nth(1);
        Some(match (self.collection(), parameter) {
            ("users", None) => Error::NotAUser,
            ("users", Some("username}")) => Error::NoSuchUser("jane".to_owned()),
            ("users" | "tokens", Some(_)) => {
                Error::NoSuchToken("019a2f2e-8c5e-7b5a-9f0c-3f1d2f6f7c11".to_owned())
            }
            ("scopes", _) => Error::NoSuchScope("items".to_owned()),
            ("clients", _) => Error::NoSuchClient("billing".to_owned()),
            ("tokens" | "subject-kinds", _) => Error::NoSuchSubjectKind("car".to_owned()),
            _ => return None,
        })
    }

    fn taken(&self) -> Option<Error> {
        Some(match (self.collection(), self.path.contains('{')) {
            ("users", _) => Error::UserExists("jane".to_owned()),
            ("scopes", true) => Error::BuiltinScope("me".to_owned()),
            ("scopes", false) => Error::ScopeExists("items".to_owned()),
            ("clients", true) => Error::HasNoSecret("spa".to_owned()),
            ("clients", false) => Error::ClientExists("billing".to_owned()),
            ("subject-kinds", _) => Error::SubjectKindExists("car".to_owned()),
            _ => return None,
        })
    }

    fn collection(&self) -> &str {
        self.path.split('/').nth(1).unwrap_or_default()
    }
}

/// A field of the body, or a parameter, with a value of the wrong type.
fn misfit(operation: &Map<String, Value>, schemas: &Value) -> FieldProblem {
    let of_body = || {
        let schema = operation
            .get("requestBody")?
            .pointer("/content/application~1json/schema/$ref")?
            .as_str()?
            .rsplit('/')
            .next()?;
        let (name, property) = schemas[schema]["properties"].as_object()?.iter().next()?;
        let wanted = property["type"].as_str()?;
        Some((name.clone(), format!("must be a {wanted}")))
    };
    let of_query = || {
        let parameters = operation.get("parameters")?.as_array()?;
        let named = |name: &str| parameters.iter().any(|one| one["name"] == name);
        if named("limit") {
            return Some((
                "limit".to_owned(),
                "must be a number from 1 to 200".to_owned(),
            ));
        }
        let name = parameters.first()?["name"].as_str()?;
        Some((name.to_owned(), "is required".to_owned()))
    };
    let (field, detail) = of_body().or_else(of_query).unwrap_or_default();
    FieldProblem { field, detail }
}

fn oauth_error(status: u16, scopes: &ScopeSet) -> Option<Value> {
    let (code, description) = match status {
        400 => (
            "invalid_grant",
            oauth::Error::from(LoginRefused::UnknownUser).to_string(),
        ),
        401 => (
            "invalid_client",
            oauth::Error::from(ClientRefused::Unknown).to_string(),
        ),
        403 => (
            "insufficient_scope",
            Denied::InsufficientScope(scopes.clone()).to_string(),
        ),
        413 => ("invalid_request", oauth::Error::TooLarge.to_string()),
        503 => (
            "temporarily_unavailable",
            errors::unavailable().detail().to_owned(),
        ),
        _ => return None,
    };
    Some(json!({"error": code, "error_description": description}))
}
