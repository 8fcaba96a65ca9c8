//! The OpenAPI document: what poem-openapi derives from the code, and what it
//! leaves out.

use std::collections::{BTreeSet, HashSet};

use poem::http::Method;
use poem_openapi::{
    ContactObject, OpenApi, OpenApiService,
    registry::{MetaOperation, MetaParamIn},
};
use serde_json::{Map, Value, json};

use super::{examples, plain, progenitor};
use crate::api::{
    operations::Operations,
    plumbing::{
        access::{LiveAccess, SCHEME},
        methods::{Methods, PathMethods},
        problem,
        tag::Tag,
    },
};
use crate::guard::Enforced;

pub(in crate::api) const TITLE: &str = "Scopegate";
pub(in crate::api) const VERSION: &str = env!("CARGO_PKG_VERSION");

const DESCRIPTION: &str = "Users, OAuth 2.0 and scoped tokens. Get a token at `/token`, send it as \
    `Authorization: Bearer …`, and call what its scopes allow. Errors are problem details \
    (RFC 9457), those of OAuth endpoints as in RFC 6749.";

/// What can be answered to any request.
const ANY_ERROR: &str = "Any other error: the request took longer than 10 seconds (408), its \
    headers are larger than 32 KiB (431), its URL or an encoding cannot be read (400, 415), or \
    the server failed (500) or is overloaded (503)";

pub(in crate::api) type Guarded = Enforced<Operations, LiveAccess>;

/// Which flows the document offers for logging in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flows {
    All,
    /// Those of a server whose setting `password-grant` is off.
    WithoutPassword,
}

/// Who cannot read the document as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The generator of clients in Rust.
    Progenitor,
}

/// What of a document depends on the server that serves it, and on who reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    pub flows: Flows,
    /// The path of the server's address, without a slash at its end.
    pub base_path: String,
    pub reader: Option<Reader>,
}

/// A server as it is by default.
impl Default for Served {
    fn default() -> Self {
        Self {
            flows: Flows::All,
            base_path: String::new(),
            reader: None,
        }
    }
}

/// The document as JSON, with a line break at its end.
pub fn document_json(served: &Served) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(&document(served)?)? + "\n")
}

/// The document as YAML.
pub fn document_yaml(served: &Served) -> Result<String, Box<dyn std::error::Error>> {
    Ok(serde_yaml_ng::to_string(&document(served)?)?)
}

fn document(served: &Served) -> Result<Value, serde_json::Error> {
    let raw = derived();
    let mut document: Value = serde_json::from_str(&raw)?;
    plain::make(&mut document);
    close_requests(&mut document);
    suit(&mut document, served);
    if let Some(tags) = document.get_mut("tags").and_then(Value::as_array_mut) {
        let place = |tag: &Value| Tag::ORDER.iter().position(|name| tag["name"] == *name);
        tags.sort_by_key(place);
    }
    let schemas = document["components"]["schemas"].clone();
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, operations) in paths {
            let operations = operations.as_object_mut().into_iter().flatten();
            for operation in operations.filter_map(|(_, content)| content.as_object_mut()) {
                complete(operation);
                plain::repeat_form_fields(operation, &schemas);
                examples::add(path, operation, &schemas);
            }
        }
    }
    match served.reader {
        Some(Reader::Progenitor) => progenitor::suit(&mut document),
        None => {}
    }
    Ok(document)
}

/// Says of the server what is so where it is served.
fn suit(document: &mut Value, served: &Served) {
    let base = &served.base_path;
    if !base.is_empty() {
        document["servers"][0]["url"] = base.as_str().into();
    }
    let flows = document["components"]["securitySchemes"][SCHEME]["flows"].as_object_mut();
    let Some(flows) = flows else { return };
    if served.flows == Flows::WithoutPassword {
        flows.remove("password");
    }
    for flow in flows.values_mut().filter_map(Value::as_object_mut) {
        for (field, value) in flow {
            if let Some(path) = value.as_str().filter(|_| field.ends_with("Url")) {
                *value = format!("{base}{path}").into();
            }
        }
    }
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
    operation["requestBody"]["content"]["application/json"].is_object() && !is_oauth(operation)
}

/// Whether an operation refuses in the shape of OAuth.
fn is_oauth(operation: &Value) -> bool {
    operation["responses"]["400"]["content"]["application/json"].is_object()
}

/// Adds what operations of a kind have in common: that an open one says so, and
/// the errors that guards and bodies bring with them.
fn complete(operation: &mut Map<String, Value>) {
    let is_guarded = operation.get("security").is_some_and(wants_token);
    let whole = Value::Object(operation.clone());
    let (has_json_body, is_oauth) = (is_strict(&whole), is_oauth(&whole));
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
            .or_insert_with(|| error_response(problem::describe(status), is_oauth));
    }
    responses
        .entry("default")
        .or_insert_with(|| error_response(ANY_ERROR, is_oauth));
    for (status, response) in responses.iter_mut() {
        if response["description"] == "" {
            response["description"] = json!("What was asked for.");
        }
        let mut headers = plain::headers(&response["headers"]);
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

fn error_response(description: &str, is_oauth: bool) -> Value {
    let (media_type, schema) = match is_oauth {
        true => ("application/json", "OAuthProblem"),
        false => (problem::CONTENT_TYPE, "Problem"),
    };
    let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
    json!({"description": description, "content": {media_type: {"schema": schema}}})
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

/// The operations that have no parameter in their path or in the query.
pub(in crate::api) fn plain_operations() -> HashSet<(String, Method)> {
    let mut plain = HashSet::new();
    for path in Guarded::meta().into_iter().flat_map(|api| api.paths) {
        for operation in path.operations {
            let mut places = operation.params.iter().map(|parameter| parameter.in_type);
            if places.all(|place| place == MetaParamIn::Header) {
                plain.insert((path.path.clone(), operation.method));
            }
        }
    }
    plain
}

/// What each path takes: the operations of the document, and `pages`.
pub(in crate::api) fn methods(pages: &[(&str, &[Method])]) -> Methods {
    let of = |path: &str| PathMethods {
        segments: path.split('/').map(str::to_owned).collect(),
        methods: Vec::new(),
        oauth: Vec::new(),
    };
    let page = |(path, methods): &(&str, &[Method])| PathMethods {
        methods: methods.to_vec(),
        ..of(path)
    };
    let mut table: Vec<PathMethods> = pages.iter().map(page).collect();
    for path in Guarded::meta().into_iter().flat_map(|api| api.paths) {
        let mut taken = of(&path.path);
        let is_same = |known: &PathMethods| known.segments == taken.segments;
        if let Some(known) = table.iter().position(is_same) {
            taken = table.swap_remove(known);
        }
        for operation in path.operations {
            if refuses_as_oauth(&operation) {
                taken.oauth.push(operation.method.clone());
            }
            taken.methods.push(operation.method);
        }
        table.push(taken);
    }
    // Paths without parameters come first, as they do when routing.
    table.sort_by_key(|path| path.segments.iter().any(|part| part.starts_with('{')));
    Methods(table)
}

/// As [`is_oauth`], of what poem-openapi makes the document from.
fn refuses_as_oauth(operation: &MetaOperation) -> bool {
    let mut responses = operation.responses.responses.iter();
    let refusal = responses.find(|response| response.status == Some(400));
    let mut media = refusal.into_iter().flat_map(|refusal| &refusal.content);
    media.any(|media| media.content_type.starts_with("application/json"))
}
