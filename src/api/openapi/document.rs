//! The OpenAPI document: what poem-openapi derives from the code, and what it
//! leaves out.

use std::collections::BTreeSet;

use poem::http::Method;
use poem_openapi::{ContactObject, OpenApi, OpenApiService};
use serde_json::{Map, Value, json};

use super::examples;
use crate::api::{
    operations::Operations,
    plumbing::{
        access::{LiveAccess, SCHEME},
        methods::AllowedMethods,
        problem,
    },
};
use crate::guard::Enforced;

pub(in crate::api) const TITLE: &str = "Scopegate";
pub(in crate::api) const VERSION: &str = env!("CARGO_PKG_VERSION");

const DESCRIPTION: &str = "Users, OAuth 2.0 and scoped tokens. Get a token at `/token`, send it as \
    `Authorization: Bearer …`, and call what its scopes allow. Errors are problem details \
    (RFC 9457), those of OAuth endpoints as in RFC 6749.";

type Guarded = Enforced<Operations, LiveAccess>;

/// Which flows the document offers for logging in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flows {
    All,
    /// Those of a server whose setting `password-grant` is off.
    WithoutPassword,
}

/// The document as JSON, with a line break at its end.
pub fn document_json(flows: Flows) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(&document(flows)?)? + "\n")
}

/// The document as YAML.
pub fn document_yaml(flows: Flows) -> Result<String, Box<dyn std::error::Error>> {
    Ok(serde_yaml_ng::to_string(&document(flows)?)?)
}

fn document(flows: Flows) -> Result<Value, serde_json::Error> {
    let raw = derived();
    let mut document: Value = serde_json::from_str(&raw)?;
    plain_media_types(&mut document);
    close_requests(&mut document);
    if flows == Flows::WithoutPassword
        && let Some(flows) =
            document["components"]["securitySchemes"][SCHEME]["flows"].as_object_mut()
    {
        flows.remove("password");
    }
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

/// Whether a requirement names the scheme of access tokens; other credentials the
/// operations themselves check.
fn wants_token(security: &Value) -> bool {
    let alternatives = security.as_array().into_iter().flatten();
    let mut schemes = alternatives
        .filter_map(Value::as_object)
        .flat_map(Map::keys);
    schemes.any(|scheme| scheme == SCHEME)
}

/// Whether an operation takes a JSON body that is refused where it does not fit; that of
/// a client's registration, which is answered in the shape of OAuth, may say more.
fn is_strict(operation: &Value) -> bool {
    let refusal = &operation["responses"]["400"]["content"]["application/json"];
    operation["requestBody"]["content"]["application/json"].is_object() && refusal.is_null()
}

/// Adds what operations of a kind have in common: that an open one says so, and
/// the errors that guards and bodies bring with them.
fn complete(operation: &mut Map<String, Value>) {
    let is_guarded = operation.get("security").is_some_and(wants_token);
    let has_json_body = is_strict(&Value::Object(operation.clone()));
    if !operation.contains_key("security") {
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
        .filter(|operation| is_strict(operation))
        .filter_map(|operation| {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let (_, name) = schema.as_str()?.rsplit_once('/')?;
            Some(name.to_owned())
        })
        .collect()
}

/// Which methods each path takes: those of the document, and those of `pages`.
pub(in crate::api) fn allowed_methods(pages: &[(&str, &[Method])]) -> AllowedMethods {
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
