//! The OpenAPI document: what poem-openapi derives from the code, and what it
//! leaves out.

use std::{collections::BTreeSet, sync::OnceLock};

use poem::http::Method;
use poem_openapi::{ContactObject, OpenApi, OpenApiService, Tags};
use serde_json::{Map, Value, json};

use super::{Operations, access::LiveAccess, examples, problem};
use crate::guard::Enforced;

pub(super) const TITLE: &str = "Scopegate";
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

const DESCRIPTION: &str = "Users, OAuth 2.0 and scoped tokens. Get a token at `/token`, send it as \
    `Authorization: Bearer …`, and call what its scopes allow. Errors are problem details \
    (RFC 9457), those of OAuth endpoints as in RFC 6749.";

/// The groups that operations stand in.
#[derive(Tags)]
pub(super) enum Tag {
    /// Tokens for users and clients (RFC 6749).
    #[oai(rename = "oauth")]
    OAuth,
    /// Your own profile and password.
    #[oai(rename = "me")]
    Me,
    /// Administration of users.
    #[oai(rename = "users")]
    Users,
    /// The catalogue of scopes.
    #[oai(rename = "scopes")]
    Scopes,
    /// Tokens of all subjects, and the kinds of subjects without accounts.
    #[oai(rename = "tokens")]
    Tokens,
    /// OAuth clients: third parties and programs.
    #[oai(rename = "clients")]
    Clients,
    /// Signing keys.
    #[oai(rename = "keys")]
    Keys,
    /// For those who operate the server.
    #[oai(rename = "operation")]
    Operation,
}

type Guarded = Enforced<Operations, LiveAccess>;

/// The document as JSON, with a line break at its end.
pub fn document_json() -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(&document()?)? + "\n")
}

/// The document as YAML.
pub fn document_yaml() -> Result<String, Box<dyn std::error::Error>> {
    Ok(serde_yaml_ng::to_string(&document()?)?)
}

fn document() -> Result<Value, serde_json::Error> {
    let raw = derived();
    let mut document: Value = serde_json::from_str(&raw)?;
    plain_media_types(&mut document);
    close_requests(&mut document);
    let schemas = document["components"]["schemas"].clone();
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, operations) in paths {
            let operations = operations.as_object_mut().into_iter().flatten();
            for operation in operations.filter_map(|(_, content)| content.as_object_mut()) {
                complete(operation);
                examples::add(path, operation, &schemas);
            }
        }
    }
    Ok(document)
}

/// What poem-openapi says.
fn derived() -> String {
    OpenApiService::new(Meta, TITLE, VERSION)
        .description(DESCRIPTION)
        .license("MIT OR Apache-2.0")
        .contact(ContactObject::new().name("Scopegate"))
        .server("/")
        .spec()
}

/// The operations without the server behind them.
struct Meta;

impl OpenApi for Meta {
    fn meta() -> Vec<poem_openapi::registry::MetaApi> {
        Guarded::meta()
    }

    fn register(registry: &mut poem_openapi::registry::Registry) {
        Guarded::register(registry);
        registry
            .schemas
            .values_mut()
            .for_each(|schema| schema.rust_typename = None);
        <problem::Problem as poem_openapi::types::Type>::register(registry);
    }

    fn add_routes(
        self,
        _routes: &mut std::collections::HashMap<
            String,
            std::collections::HashMap<Method, poem::endpoint::BoxEndpoint<'static>>,
        >,
    ) {
    }
}

/// Adds what operations of a kind have in common: that an open one says so, and
/// the errors that guards and bodies bring with them.
fn complete(operation: &mut Map<String, Value>) {
    let is_guarded = operation.contains_key("security");
    let has_json_body = operation
        .get("requestBody")
        .is_some_and(|body| body["content"].get("application/json").is_some());
    if !is_guarded {
        operation.insert("security".to_owned(), json!([]));
    }
    let mut statuses = Vec::new();
    if is_guarded {
        statuses.extend([400, 401, 403, 503]);
    }
    if has_json_body {
        statuses.extend([413, 415, 422]);
    }
    let Some(responses) = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    for status in statuses {
        responses
            .entry(status.to_string())
            .or_insert_with(|| error_response(status));
    }
    for (status, response) in responses.iter_mut() {
        if response["description"] == "" {
            response["description"] = json!("What was asked for.");
        }
        let mut headers = plain_headers(&response["headers"]);
        if let Some((name, description)) = error_header(status) {
            let header = json!({"description": description, "schema": {"type": "string"}});
            headers.entry(name).or_insert(header);
        }
        if !headers.is_empty() {
            response["headers"] = Value::Object(headers);
        }
    }
    responses.sort_keys();
}

/// poem-openapi writes the names of headers in capitals.
fn plain_headers(headers: &Value) -> Map<String, Value> {
    let plain = |part: &str| match part {
        "WWW" => part.to_owned(),
        _ => part
            .char_indices()
            .map(|(index, c)| match index {
                0 => c.to_ascii_uppercase(),
                _ => c.to_ascii_lowercase(),
            })
            .collect(),
    };
    let headers = headers.as_object().into_iter().flatten();
    headers
        .map(|(name, header)| {
            let parts: Vec<String> = name.split('-').map(plain).collect();
            (parts.join("-"), header.clone())
        })
        .collect()
}

/// The header that every error of a status has.
fn error_header(status: &str) -> Option<(&'static str, &'static str)> {
    match status {
        "401" | "403" => Some((
            "WWW-Authenticate",
            "How to authenticate, and what is missing.",
        )),
        "429" | "503" => Some(("Retry-After", "After how many seconds to try again.")),
        _ => None,
    }
}

fn error_response(status: u16) -> Value {
    json!({
        "description": problem::describe(status),
        "content": {
            problem::CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
        }
    })
}

/// poem-openapi writes `application/json; charset=utf-8` as the key of a media
/// type, where tools look for `application/json`.
fn plain_media_types(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(json) = members.remove("application/json; charset=utf-8") {
                members.insert("application/json".to_owned(), json);
            }
            members.values_mut().for_each(plain_media_types);
        }
        Value::Array(items) => items.iter_mut().for_each(plain_media_types),
        _ => {}
    }
}

/// Bodies with unknown fields are refused ([`super::body`]), which poem-openapi
/// does not say.
fn close_requests(document: &mut Value) {
    for name in json_bodies(&document["paths"]) {
        if let Some(schema) = document["components"]["schemas"].get_mut(&name) {
            schema["additionalProperties"] = Value::Bool(false);
        }
    }
}

/// The names of the schemas that JSON bodies have.
fn json_bodies(paths: &Value) -> BTreeSet<String> {
    let operations = paths
        .as_object()
        .into_iter()
        .flat_map(|paths| paths.values())
        .filter_map(Value::as_object)
        .flat_map(|methods| methods.values());
    operations
        .filter_map(|operation| {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let (_, name) = schema.as_str()?.rsplit_once('/')?;
            Some(name.to_owned())
        })
        .collect()
}

/// Whether there is an operation at a path.
pub(super) fn has_path(path: &str) -> bool {
    static PATHS: OnceLock<BTreeSet<String>> = OnceLock::new();
    let paths = || Guarded::meta().into_iter().flat_map(|api| api.paths);
    PATHS
        .get_or_init(|| paths().map(|known| known.path).collect())
        .contains(path)
}

/// Which methods the paths of the document take.
#[derive(Clone)]
pub(super) struct AllowedMethods(Vec<(Vec<String>, Vec<Method>)>);

/// Which methods each path takes: those of the document, and those of `pages`.
pub(super) fn allowed_methods(pages: &[(&str, &[Method])]) -> AllowedMethods {
    let paths = Guarded::meta().into_iter().flat_map(|api| api.paths);
    let segments = |path: &str| path.split('/').map(str::to_owned).collect();
    let page = |(path, methods): &(&str, &[Method])| (segments(path), methods.to_vec());
    let mut table: Vec<(Vec<String>, Vec<Method>)> = pages.iter().map(page).collect();
    for path in paths {
        let segments: Vec<String> = segments(&path.path);
        let methods = path
            .operations
            .iter()
            .map(|operation| operation.method.clone());
        match table.iter_mut().find(|(known, _)| *known == segments) {
            Some((_, known)) => known.extend(methods),
            None => table.push((segments, methods.collect())),
        }
    }
    // Paths without parameters come first, as they do when routing.
    table.sort_by_key(|(segments, _)| segments.iter().any(|part| part.starts_with('{')));
    AllowedMethods(table)
}

impl AllowedMethods {
    /// The value of `Allow` for a path (RFC 9110 §10.2.1).
    pub(super) fn of(&self, path: &str) -> String {
        let asked: Vec<&str> = path.split('/').collect();
        let fits = |segments: &[String]| {
            segments.len() == asked.len()
                && segments
                    .iter()
                    .zip(&asked)
                    .all(|(segment, asked)| segment.starts_with('{') || segment == asked)
        };
        let methods = self.0.iter().find(|(segments, _)| fits(segments));
        let mut names: Vec<&str> = methods
            .map_or(&[Method::GET][..], |(_, methods)| methods)
            .iter()
            .map(Method::as_str)
            .collect();
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        names.sort_unstable();
        names.join(", ")
    }
}

/// A text as one segment of a path (RFC 3986 §3.3).
pub(super) fn path_segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
