//! The OpenAPI document is complete, and the same wherever it is shown.

use std::{collections::HashSet, path::Path};

use serde::{
    Deserialize,
    de::{Deserializer, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

use crate::support::*;

#[test]
fn every_operation_has_a_name_of_its_own_and_is_described() {
    let mut names = HashSet::new();
    for operation in Document::of(&Server::start()).operations() {
        let text = |member: &str| {
            operation.content[member]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        assert!(!text("summary").is_empty(), "{operation} has no summary");
        assert!(
            !text("description").is_empty(),
            "{operation} has no description"
        );
        assert!(
            !strings(&operation.content["tags"]).is_empty(),
            "{operation} has no tag"
        );
        assert!(!text("operationId").is_empty(), "{operation} has no name");
        assert!(
            names.insert(text("operationId")),
            "{operation} has the name of another"
        );
    }
}

#[test]
fn every_body_has_an_example() {
    let document = Document::of(&Server::start());
    let mut without = Vec::new();
    for operation in document.operations() {
        let mut bodies = members(&operation.content["responses"]);
        bodies.insert(
            "request".to_owned(),
            operation.content["requestBody"].clone(),
        );
        for (what, body) in bodies {
            for (kind, media) in members(&document.resolve(&body)["content"]) {
                if !has_example(&document, &media) {
                    without.push(format!("{operation}, {what}, {kind}"));
                }
            }
        }
    }
    assert!(without.is_empty(), "{without:#?}");
}

/// An example of the media type, of its schema, or of every property in it.
fn has_example(document: &Document, media: &Value) -> bool {
    let schema = document.resolve(&media["schema"]);
    let given = |value: &Value| {
        let named = ["example", "examples", "default", "enum"];
        named.iter().any(|name| !value[*name].is_null())
    };
    let properties = members(&schema["properties"]);
    let each = || {
        properties
            .values()
            .all(|property| given(document.resolve(property)))
    };
    given(media) || given(schema) || (!properties.is_empty() && each())
}

#[test]
fn every_operation_lists_the_errors_that_it_can_give() {
    let document = Document::of(&Server::start());
    for operation in document.operations() {
        let mut possible = Vec::new();
        if document.required_scopes(&operation).is_some() {
            possible.extend([401, 403]);
        }
        if operation.takes_a_body() {
            possible.extend([400, 413]);
        }
        let body = &operation.content["requestBody"];
        let has_json = !document.resolve(body)["content"]["application/json"].is_null();
        // A registration is answered in the shape of OAuth.
        if has_json && !operation.path.starts_with("/register/") && operation.path != "/register" {
            possible.extend([415, 422]);
        }
        if operation.path.contains('{') {
            possible.push(404);
        }
        for status in possible {
            assert!(operation.documents(status), "{operation} has no {status}");
        }
    }
}

/// Each value of the document with this name, and where it is.
fn all_named(name: &str, value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let path = format!("{path}/{key}");
                if key == name {
                    found.push((path.clone(), member.clone()));
                }
                all_named(name, member, &path, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                all_named(name, item, path, found);
            }
        }
        _ => {}
    }
}

/// A generated client has one type of error an operation, and knows what it gets for
/// what no status is listed of.
#[test]
fn every_operation_has_one_type_of_error_and_says_what_can_happen_anywhere() {
    let document = Document::of(&Server::start());
    for operation in document.operations() {
        let mut types = HashSet::new();
        let responses = members(&operation.content["responses"]);
        assert!(responses.contains_key("default"), "{operation}");
        for (status, response) in responses {
            if status.starts_with('2') || status.starts_with('3') {
                continue;
            }
            for (kind, media) in members(&document.resolve(&response)["content"]) {
                types.insert((kind, media["schema"]["$ref"].to_string()));
            }
        }
        assert_eq!(types.len(), 1, "{operation}: {types:?}");
    }
}

/// What trips generators: compositions of one, defaults that TypeScript demands, names that
/// collide with what they generate.
#[test]
fn schemas_are_plain() {
    let document = Document::of(&Server::start());
    let schemas = &document.0["components"]["schemas"];
    for word in ["allOf", "oneOf", "anyOf", "default"] {
        let mut found = Vec::new();
        all_named(word, schemas, "", &mut found);
        assert_eq!(found, [], "{word}");
    }
    for (name, schema) in &members(schemas) {
        // Some generators go by the title.
        let title = schema["title"].as_str().unwrap_or(name);
        assert_eq!(title, name);
        let collides = ["Client", "State", "Grant", "Error", "Response", "Request"];
        assert!(!collides.contains(&name.as_str()), "{name}");
        let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric());
        assert!(is_plain && name.starts_with(char::is_uppercase), "{name}");
    }
}

/// What OpenAPI 3.0 has no name for, generators take for 32 bits.
#[test]
fn integers_have_formats_and_bounds_that_generators_know() {
    let document = Document::of(&Server::start()).0;
    let named = |name| {
        let mut found = Vec::new();
        all_named(name, &document, "", &mut found);
        found
    };
    let formats = ["int32", "int64", "float", "double", "byte", "binary"];
    let formats = [&formats[..], &["date", "date-time", "password"]].concat();
    for (place, format) in named("format") {
        assert!(formats.iter().any(|known| format == *known), "{place}");
    }
    for (place, bound) in [named("minimum"), named("maximum")].concat() {
        assert!(bound.is_i64(), "{place}: {bound}");
    }
}

#[test]
fn parameters_of_oauth_are_documented_as_they_are_taken() {
    let document = Document::of(&Server::start());
    let form = |path: &str| {
        let operation = document.operation("POST", path).expect(path);
        let body = &operation.content["requestBody"]["content"];
        let media = body["application/x-www-form-urlencoded"].clone();
        let schema = document.resolve(&media["schema"]).clone();
        (media, schema)
    };
    let (media, schema) = form("/token");
    assert_eq!(strings(&schema["required"]), ["grant_type"]);
    let grants = document.resolve(&schema["properties"]["grant_type"]);
    assert_eq!(strings(&grants["enum"]).len(), 6, "{grants}");
    let repeated = serde_json::json!({"style": "form", "explode": true});
    for list in ["resource", "audience"] {
        assert_eq!(media["encoding"][list], repeated, "{list}");
    }
    for path in ["/introspect", "/revoke"] {
        assert_eq!(strings(&form(path).1["required"]), ["token"], "{path}");
    }
}

#[test]
fn every_kind_of_problem_is_documented() {
    let document = Document::of(&Server::start());
    let kind = &document.0["components"]["schemas"]["Problem"]["properties"]["type"];
    let described = kind["description"].as_str().expect("a description");
    for kind in scopegate::problem_kind::ProblemKind::ALL {
        let name = format!("`{}`", kind.name());
        assert!(described.contains(&name), "{name}");
    }
}

/// The bounds that are checked.
#[test]
fn what_is_checked_is_documented() {
    let document = Document::of(&Server::start());
    let schemas = &document.0["components"]["schemas"];
    for (schema, property, bound, value) in [
        ("UserCreate", "username", "maxLength", 255),
        ("UserCreate", "password", "maxLength", 1024),
        ("UserCreate", "email", "maxLength", 254),
        ("UserCreate", "scopes", "maxItems", 64),
        ("PersonalTokenCreate", "expires_in", "minimum", 1),
        ("PersonalTokenCreate", "scopes", "maxItems", 64),
        ("TokenMint", "scopes", "maxItems", 64),
        ("ClientCreate", "scopes", "maxItems", 64),
        ("KeyRotation", "grace", "maximum", 2_592_000),
        ("ScopeCreate", "description", "maxLength", 500),
    ] {
        let found = &schemas[schema]["properties"][property][bound];
        assert_eq!(
            found.as_f64(),
            Some(f64::from(value)),
            "{schema}.{property}"
        );
    }
    for operation in document.operations() {
        let parameters = operation.content["parameters"].as_array();
        for parameter in parameters.into_iter().flatten() {
            if parameter["name"] == "limit" {
                let bounds = &parameter["schema"];
                assert_eq!(bounds["minimum"], 1.0, "{operation}");
                assert_eq!(bounds["maximum"], 200.0, "{operation}");
            }
        }
    }
}

#[test]
fn every_parameter_and_every_tag_is_described() {
    let document = Document::of(&Server::start());
    let tags = document.0["tags"].as_array().cloned().unwrap_or_default();
    let described = |tag: &&Value| tag["description"].is_string();
    let described: Vec<&Value> = tags
        .iter()
        .filter(described)
        .map(|tag| &tag["name"])
        .collect();
    for operation in document.operations() {
        for tag in strings(&operation.content["tags"]) {
            assert!(described.iter().any(|name| **name == tag), "no tag {tag}");
        }
        let parameters = operation.content["parameters"].as_array().cloned();
        for parameter in parameters.unwrap_or_default() {
            let parameter = document.resolve(&parameter);
            assert!(
                parameter["description"].is_string(),
                "{operation}: {parameter}"
            );
        }
    }
}

#[test]
fn no_name_stands_twice_in_the_document() {
    let text = Server::start().get("/openapi.json").send().body;
    serde_json::from_str::<WithoutRepeats>(&text).expect("no name twice");
}

#[test]
fn json_and_yaml_say_the_same() {
    let server = Server::start();
    let json: Value = server.get("/openapi.json").send().json();
    let yaml = server.get("/openapi.yaml").send();
    assert_eq!(yaml.status, 200);
    let yaml: Value = serde_yaml_ng::from_str(&yaml.body).expect("YAML");
    assert_eq!(json, yaml);
}

#[test]
fn the_command_prints_the_committed_document() {
    let home = Home::bare();
    for (file, args) in [
        ("scopegate.json", &["openapi"][..]),
        ("scopegate.yaml", &["openapi", "--yaml"]),
    ] {
        let printed = home.run(args).succeeded().stdout;
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("openapi")
            .join(file);
        let committed = std::fs::read_to_string(path).expect("the committed document");
        let mut lines = printed.lines().zip(committed.lines());
        let first = lines.find(|(printed, committed)| printed != committed);
        assert_eq!(first, None, "scopegate {} > openapi/{file}", args.join(" "));
        assert_eq!(printed.len(), committed.len(), "{file}");
    }
    assert!(!home.path().join("scopegate.db").exists());
}

#[test]
fn for_progenitor_it_says_the_same_in_words_that_progenitor_knows() {
    let home = Home::bare();
    let said = |args: &[&str]| Document(home.run(args).json());
    let (whole, suited) = (
        said(&["openapi"]),
        said(&["openapi", "--for", "progenitor"]),
    );
    assert_eq!(suited.0["components"], whole.0["components"]);
    let names = |document: &Document| {
        let operations = document.operations().into_iter();
        let ids = operations.map(|operation| operation.content["operationId"].clone());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(names(&suited), names(&whole));
    let text = suited.0["paths"].to_string();
    for unknown in ["\"default\"", "\"encoding\"", "application/problem+json"] {
        assert!(!text.contains(unknown), "{unknown}");
    }
}

#[test]
fn groups_of_operations_come_in_the_order_of_use() {
    let document = Home::new().run(&["openapi"]).json();
    let tags = document["tags"].as_array().expect("tags").iter();
    let names: Vec<&str> = tags.filter_map(|tag| tag["name"].as_str()).collect();
    let expected = "oauth me tokens users clients scopes keys audit operation";
    assert_eq!(names.join(" "), expected);
}

#[test]
fn the_server_shows_what_the_command_prints() {
    let server = Server::start();
    let shown: Value = server.get("/openapi.json").send().json();
    let printed = server.run(&["openapi"]).json();
    assert_eq!(shown["paths"], printed["paths"]);
    assert_eq!(
        shown["components"]["schemas"],
        printed["components"]["schemas"]
    );
}

#[test]
fn without_the_password_grant_the_served_document_does_not_offer_it() {
    let flows = |server: &Server| {
        let document = Document::of(server);
        let scheme = &document.0["components"]["securitySchemes"]["scopegate"];
        let names: Vec<String> = members(&scheme["flows"]).keys().cloned().collect();
        names
    };
    let off = Server::with_args(&["--password-grant", "off"]);
    assert_eq!(flows(&off), ["authorizationCode"]);
    assert_eq!(flows(&Server::start()).len(), 2);
}

#[test]
fn every_scope_of_the_document_is_described() {
    let document = Document::of(&Server::start());
    assert!(document.scopes().len() >= 10);
    for (_, scheme) in members(&document.0["components"]["securitySchemes"]) {
        for (_, flow) in members(&scheme["flows"]) {
            for (name, text) in members(&flow["scopes"]) {
                assert!(!text.as_str().unwrap_or_default().is_empty(), "{name}");
            }
        }
    }
}

#[test]
fn the_pages_of_the_document_load_nothing_from_elsewhere() {
    let server = Server::start();
    for path in ["/", "/docs", "/redoc"] {
        let page = server.get(path).send();
        assert_eq!(page.status, 200, "{path}");
        assert!(page.header("content-type").starts_with("text/html"));
        for attribute in [
            "src=\"http",
            "src=\"//",
            "href=\"http",
            "href=\"//",
            "@import",
        ] {
            assert!(!page.body.contains(attribute), "{path} has {attribute}");
        }
    }
}

#[test]
fn the_pages_of_the_document_have_a_strict_policy() {
    let server = Server::start();
    for path in ["/", "/docs", "/redoc"] {
        let page = server.get(path).send();
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") || policy.contains("default-src 'self'"));
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        let scripts = policy
            .split(';')
            .find(|rule| rule.trim().starts_with("script-src"));
        let scripts = scripts.unwrap_or_default();
        assert!(
            !scripts.contains("unsafe-inline") && !scripts.contains('*'),
            "{policy}"
        );
        assert_eq!(page.header("x-content-type-options"), "nosniff");
    }
}

/// JSON in which no object names a member twice.
struct WithoutRepeats;

impl<'de> Deserialize<'de> for WithoutRepeats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for WithoutRepeats {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON without repeated names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, Self)) = map.next_entry::<String, Self>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format!("{name} stands twice")));
            }
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while let Some(Self) = seq.next_element::<Self>()? {}
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
}
