//! What poem-openapi writes, made plain: as readers, generators and Swagger UI want it.

use serde_json::{Map, Value, json};

use crate::api::plumbing::access::SCHEME;

/// Makes the whole of a document plain.
pub(super) fn make(document: &mut Value) {
    plain_media_types(document);
    plain_references(document);
    plain_page_names(document);
    plain_integers(document);
    people_first(&mut document["components"]["securitySchemes"]);
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        without_defaults(schemas);
        schemas.sort_keys();
    }
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

/// The formats of integers that OpenAPI has (3.0.3 §4.4): generators take what they do not know
/// for `int32`. Bounds are integers as well, which poem-openapi writes as `1.0`.
fn plain_integers(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.get("type").is_some_and(|kind| kind == "integer") {
                plain_integer(members);
            }
            members.values_mut().for_each(plain_integers);
        }
        Value::Array(items) => items.iter_mut().for_each(plain_integers),
        _ => {}
    }
}

fn plain_integer(schema: &mut Map<String, Value>) {
    let format = match schema.get("format").and_then(Value::as_str) {
        Some("uint16") => "int32",
        Some("uint32" | "uint64") => "int64",
        _ => "",
    };
    if !format.is_empty() {
        schema.insert("format".to_owned(), format.into());
        schema.entry("minimum").or_insert(0.into());
    }
    for name in ["minimum", "maximum"] {
        if let Some(bound) = schema.get_mut(name)
            && let Some(whole) = whole(bound)
        {
            *bound = whole.into();
        }
    }
}

/// The integer that a number such as `1.0` is.
fn whole(number: &Value) -> Option<i64> {
    format!("{:.0}", number.as_f64()?).parse().ok()
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
fn without_defaults(schemas: &mut Map<String, Value>) {
    let schemas = schemas.values_mut();
    let properties = schemas.filter_map(|schema| schema.get_mut("properties"));
    let properties = properties.filter_map(Value::as_object_mut);
    for (_, property) in properties.flatten() {
        if let Some(property) = property.as_object_mut() {
            property.remove("default");
        }
    }
}

/// A list in a form is a field that is repeated (RFC 8693 §2.1, RFC 8707 §2).
pub(super) fn repeat_form_fields(operation: &mut Map<String, Value>, schemas: &Value) {
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

/// poem-openapi writes the names of headers in capitals.
pub(super) fn headers(headers: &Value) -> Map<String, Value> {
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
