//! The document as progenitor takes it (clients in Rust): what it does not know is said in
//! other words, or left out where a client does without.

use serde_json::{Map, Value};

pub(super) fn suit(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    let operations = paths.values_mut().filter_map(Value::as_object_mut);
    for operation in operations.flat_map(Map::values_mut) {
        default_is_an_error(operation);
        problems_are_json(operation);
        without_encodings(operation);
    }
}

/// It takes `default` for successes as well, and an operation with two types of success for a
/// mistake.
fn default_is_an_error(operation: &mut Value) {
    let responses = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut);
    let Some(responses) = responses else { return };
    if let Some(error) = responses.remove("default") {
        responses.insert("4XX".to_owned(), error.clone());
        responses.insert("5XX".to_owned(), error);
    }
}

/// It knows no `application/problem+json`, and looks at no answer's media type.
fn problems_are_json(operation: &mut Value) {
    let responses = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut);
    for response in responses.into_iter().flat_map(Map::values_mut) {
        let content = response.get_mut("content").and_then(Value::as_object_mut);
        let Some(content) = content else { continue };
        if let Some(problem) = content.remove("application/problem+json") {
            content.insert("application/json".to_owned(), problem);
        }
    }
}

/// How the members of a form that are lists are written, which it refuses to read.
fn without_encodings(operation: &mut Value) {
    let contents = operation.pointer_mut("/requestBody/content");
    let contents = contents.and_then(Value::as_object_mut).into_iter();
    for content in contents.flat_map(Map::values_mut) {
        if let Some(members) = content.as_object_mut() {
            members.remove("encoding");
        }
    }
}
