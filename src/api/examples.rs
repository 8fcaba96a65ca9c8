//! Examples of what operations answer when they refuse, for the document: the
//! texts are those that the server sends.

use poem::http::StatusCode;
use poem_openapi::types::ToJSON;
use serde_json::{Map, Value, json};

use super::{
    errors,
    me::NOT_A_USER,
    problem::{self, Failure, FieldProblem, Problem},
};
use crate::{accounts, guard::Denied, oauth, scope::ScopeSet};

const OAUTH_PROBLEM: &str = "#/components/schemas/OAuthProblem";

/// Gives every error of an operation an example.
pub(super) fn add(path: &str, operation: &mut Map<String, Value>, schemas: &Value) {
    let about = About::new(path, operation, schemas);
    let responses = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten();
    for (status, response) in responses {
        let Ok(status) = status.parse() else { continue };
        let media = response.get_mut("content").and_then(Value::as_object_mut);
        for (kind, media) in media.into_iter().flatten() {
            let example = if kind == problem::CONTENT_TYPE {
                about.problem(status).to_json()
            } else if media["schema"]["$ref"] == OAUTH_PROBLEM {
                oauth_error(status)
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
    collection: String,
    has_parameters: bool,
    scopes: ScopeSet,
    misfit: FieldProblem,
}

impl About {
    fn new(path: &str, operation: &Map<String, Value>, schemas: &Value) -> Self {
        let scopes = operation
            .get("security")
            .and_then(|security| security.pointer("/0/scopegate"))
            .cloned()
            .unwrap_or_default();
        Self {
            collection: path.split('/').nth(1).unwrap_or_default().to_owned(),
            has_parameters: path.contains('{'),
            scopes: serde_json::from_value(scopes).unwrap_or_default(),
            misfit: misfit(operation, schemas),
        }
    }

    fn problem(&self, status: u16) -> Problem {
        let detail = match status {
            400 => Denied::Malformed.to_string(),
            401 => Denied::NoToken.to_string(),
            403 => Denied::InsufficientScope(self.scopes.clone()).to_string(),
            404 => self.absent(),
            409 => self.taken(),
            413 => oauth::Error::TooLarge.to_string(),
            415 => "the body is application/json".to_owned(),
            422 => return Problem::unfit(vec![self.misfit.clone()]),
            503 => return errors::unavailable(),
            _ => problem::describe(status).to_owned(),
        };
        Problem::new(StatusCode::from_u16(status).unwrap_or_default(), detail)
    }

    fn absent(&self) -> String {
        match self.collection.as_str() {
            "users" if !self.has_parameters => NOT_A_USER.to_owned(),
            "users" => accounts::Error::NoSuchUser("jane".to_owned()).to_string(),
            "scopes" => accounts::Error::NoSuchScope("items".to_owned()).to_string(),
            _ => problem::describe(404).to_owned(),
        }
    }

    fn taken(&self) -> String {
        match self.collection.as_str() {
            "users" => accounts::Error::UserExists("jane".to_owned()).to_string(),
            "scopes" if self.has_parameters => {
                accounts::Error::BuiltinScope("me".to_owned()).to_string()
            }
            "scopes" => accounts::Error::ScopeExists("items".to_owned()).to_string(),
            _ => problem::describe(409).to_owned(),
        }
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
        Some((name.clone(), format!("this is to be a {wanted}")))
    };
    let (field, detail) = of_body().unwrap_or_else(|| {
        let detail = "a page has 1 to 200 entries";
        ("limit".to_owned(), detail.to_owned())
    });
    FieldProblem { field, detail }
}

fn oauth_error(status: u16) -> Option<Value> {
    let (code, description) = match status {
        400 => ("invalid_grant", oauth::Error::InvalidGrant.to_string()),
        401 => ("invalid_client", oauth::Error::InvalidClient.to_string()),
        413 => ("invalid_request", oauth::Error::TooLarge.to_string()),
        503 => (
            "temporarily_unavailable",
            Failure::<503>(errors::unavailable()).to_string(),
        ),
        _ => return None,
    };
    Some(json!({"error": code, "error_description": description}))
}
