//! The OpenAPI document: what poem-openapi derives from the code, and what it
//! leaves out.

use std::collections::BTreeSet;

use poem::http::Method;
use poem_openapi::{ContactObject, OpenApi, OpenApiService, registry::MetaOperation};
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

/// What can be answered to any request.
const ANY_ERROR: &str = "Any other error: the request took longer than 10 seconds (408), its head \
    is larger than 32 KiB (431), its address or an encoding cannot be read (400, 415), or the \
    server failed (500) or is overloaded (503)";

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
    plain_references(&mut document);
    plain_page_names(&mut document);
    close_requests(&mut document);
    people_first(&mut document["components"]["securitySchemes"]);
    without_defaults(&mut document["components"]["schemas"]);
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.sort_keys();
    }
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
                repeat_form_fields(operation, &schemas);
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
    let is_oauth = operation["responses"]["400"]["content"]["application/json"].is_object();
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

fn error_response(description: &str, is_oauth: bool) -> Value {
    let (media_type, schema) = match is_oauth {
        true => ("application/json", "OAuthProblem"),
        false => (problem::CONTENT_TYPE, "Problem"),
    };
    let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
    json!({"description": description, "content": {media_type: {"schema": schema}}})
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

/// A reference with a description of its own is an `allOf`, which some generators make a
/// type of and others drop: the type that is referred to has a description as well.
fn plain_references(value: &mut Value) {
    if let Some(reference) = described_reference(value) {
        *value = reference;
        return;
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(plain_references),
        Value::Array(items) => items.iter_mut().for_each(plain_references),
        _ => {}
    }
}

/// The reference of an `allOf` that adds nothing but a description to it.
fn described_reference(value: &Value) -> Option<Value> {
    let (reference, others) = value.get("allOf")?.as_array()?.split_first()?;
    let is_description = |schema: &Value| {
        schema
            .as_object()
            .is_some_and(|members| members.keys().all(|name| name == "description"))
    };
    let is_plain = reference.get("$ref").is_some() && others.iter().all(is_description);
    is_plain.then(|| reference.clone())
}

/// poem-openapi calls a page of users `Page_User`.
fn plain_page_names(value: &mut Value) {
    const REFERENCE: &str = "#/components/schemas/Page_";
    match value {
        Value::Object(members) => {
            let generic: Vec<String> = members
                .keys()
                .filter(|name| name.starts_with("Page_"))
                .cloned()
                .collect();
            for name in generic {
                if let Some(schema) = members.remove(&name) {
                    members.insert(format!("{}Page", &name["Page_".len()..]), schema);
                }
            }
            members.values_mut().for_each(plain_page_names);
        }
        Value::Array(items) => items.iter_mut().for_each(plain_page_names),
        Value::String(text) => {
            if let Some(of) = text.strip_prefix(REFERENCE) {
                *text = format!("#/components/schemas/{of}Page");
            } else if let Some(of) = text.strip_prefix("Page_") {
                *text = format!("{of}Page");
            }
        }
        _ => {}
    }
}

/// Swagger UI shows the schemes in their order: the one for people comes before that of
/// clients, which looks like a place for a username and a password as well.
fn people_first(schemes: &mut Value) {
    let Some(schemes) = schemes.as_object_mut() else {
        return;
    };
    if let Some(of_people) = schemes.remove(SCHEME) {
        schemes.shift_insert(0, SCHEME.to_owned(), of_people);
    }
}

/// What may be left out has no default in the document: generators for TypeScript take a
/// property with one for required.
fn without_defaults(schemas: &mut Value) {
    let schemas = schemas.as_object_mut().into_iter().flatten();
    let properties = schemas.filter_map(|(_, schema)| schema.get_mut("properties"));
    let properties = properties.filter_map(Value::as_object_mut);
    for (_, property) in properties.flatten() {
        if let Some(property) = property.as_object_mut() {
            property.remove("default");
        }
    }
}

/// A list in a form is a field that is repeated (RFC 8693 §2.1, RFC 8707 §2).
fn repeat_form_fields(operation: &mut Map<String, Value>, schemas: &Value) {
    let Some(form) = operation
        .get_mut("requestBody")
        .and_then(|body| body["content"].get_mut("application/x-www-form-urlencoded"))
    else {
        return;
    };
    let name = form["schema"]["$ref"].as_str().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    let properties = schemas[name]["properties"]
        .as_object()
        .into_iter()
        .flatten();
    let lists = properties.filter(|(_, property)| property["type"] == "array");
    let repeated =
        |(name, _): (&String, &Value)| (name.clone(), json!({"style": "form", "explode": true}));
    let encoding: Map<String, Value> = lists.map(repeated).collect();
    if !encoding.is_empty() {
        form["encoding"] = Value::Object(encoding);
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
    let page = |(path, methods): &(&str, &[Method])| (segments(path), methods.to_vec());
    methods_of(pages.iter().map(page).collect(), |_| true)
}

/// The operations whose errors have the shape of OAuth.
pub(in crate::api) fn oauth_operations() -> AllowedMethods {
    methods_of(Vec::new(), |operation| {
        let responses = operation.responses.responses.iter();
        let mut refusals = responses.filter(|response| response.status == Some(400));
        refusals.any(|response| {
            let mut media = response.content.iter();
            media.any(|media| media.content_type.starts_with("application/json"))
        })
    })
}

fn segments(path: &str) -> Vec<String> {
    path.split('/').map(str::to_owned).collect()
}

/// The methods of the operations that are wanted, by path, added to a table.
fn methods_of(
    mut table: Vec<(Vec<String>, Vec<Method>)>,
    is_wanted: impl Fn(&MetaOperation) -> bool,
) -> AllowedMethods {
    for path in Guarded::meta().into_iter().flat_map(|api| api.paths) {
        let segments = segments(&path.path);
        let wanted = path.operations.iter().filter(|one| is_wanted(one));
        let methods: Vec<Method> = wanted.map(|operation| operation.method.clone()).collect();
        match table.iter_mut().find(|(known, _)| *known == segments) {
            Some((_, known)) => known.extend(methods),
            None => table.push((segments, methods)),
        }
    }
    // Paths without parameters come first, as they do when routing.
    table.sort_by_key(|(segments, _)| segments.iter().any(|part| part.starts_with('{')));
    AllowedMethods(table)
}
