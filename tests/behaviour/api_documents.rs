//! `scope import` and `scope check`: the OpenAPI documents of the team's own APIs.

use serde_json::{Value, json};

use crate::support::*;

const ISSUER: &str = "https://auth.example.com";

/// A document with one scheme `auth` and these paths.
fn document(paths: Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Garage", "version": "1"},
        "paths": paths,
        "components": {"securitySchemes": {"auth": {"type": "oauth2", "flows": {
            "password": {
                "tokenUrl": format!("{ISSUER}/token"),
                "scopes": {"items": "Read items", "drive": "Drive a\ncar"},
            },
        }}}},
    })
}

fn guarded(scopes: &[&str]) -> Value {
    json!({"operationId": "one", "security": [{"auth": scopes}], "responses": {}})
}

fn home_with(document: &Value) -> Home {
    let home = Home::new();
    home.write("api.json", &document.to_string());
    home
}

/// The catalogue's own scopes with their descriptions.
fn catalogue(home: &Home) -> Vec<(String, String)> {
    let list = home.run(&["scope", "list", "--json"]).succeeded().json();
    let own = list.as_array().expect("a list").iter();
    own.filter(|scope| scope["builtin"] == false)
        .map(|scope| {
            let text = |name: &str| scope[name].as_str().expect("a text").to_owned();
            (text("name"), text("description"))
        })
        .collect()
}

fn own(scopes: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |&(name, about): &(&str, &str)| (name.to_owned(), about.to_owned());
    scopes.iter().map(owned).collect()
}

/// What is found at each operation: its method and path, and the kinds of its findings.
fn findings(done: &Done) -> Vec<(String, Vec<String>)> {
    let report = done.json();
    let operations = report["operations"].as_array().expect("operations").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    operations
        .map(|one| {
            let name = format!("{} {}", text(&one["method"]), text(&one["path"]));
            let findings = one["findings"].as_array().expect("findings").iter();
            (name, findings.map(|found| text(&found["kind"])).collect())
        })
        .collect()
}

#[test]
fn the_scopes_that_a_document_declares_or_requires_come_into_the_catalogue() {
    let paths = json!({"/cars": {"get": guarded(&["cars:list"])}});
    let home = home_with(&document(paths));
    let import = |args: &[&str]| {
        let args = [&["scope", "import", "api.json"], args].concat();
        home.run(&args)
    };
    let listed = import(&["--dry-run"]).succeeded().stdout;
    assert!(
        listed.contains("added") && listed.contains("--dry-run"),
        "{listed}"
    );
    assert_eq!(catalogue(&home), []);

    import(&[]).succeeded();
    let expected = [
        ("cars:list", ""),
        ("drive", "Drive a car"),
        ("items", "Read items"),
    ];
    assert_eq!(catalogue(&home), own(&expected));
    let again = import(&["--json"]).succeeded().json();
    let outcomes: Vec<&Value> = again.as_array().expect("a list").iter().collect();
    assert!(
        outcomes.iter().all(|one| one["outcome"] == "unchanged"),
        "{again}"
    );
}

#[test]
fn a_description_changes_only_where_that_is_asked_for() {
    let home = home_with(&document(json!({})));
    home.run(&["scope", "add", "items", "--description", "Ours"])
        .succeeded();
    home.run(&["scope", "import", "api.json"]).succeeded();
    assert!(catalogue(&home).contains(&("items".into(), "Ours".into())));
    home.run(&["scope", "import", "api.json", "--update"])
        .succeeded();
    assert!(catalogue(&home).contains(&("items".into(), "Read items".into())));
}

#[test]
fn a_scope_that_cannot_be_one_is_refused_and_the_others_are_imported() {
    let mut api = document(json!({}));
    let scopes = &mut api["components"]["securitySchemes"]["auth"]["flows"]["password"]["scopes"];
    scopes["two words"] = "Bad".into();
    scopes["me"] = "Theirs".into();
    let home = home_with(&api);
    let done = home
        .run(&["scope", "import", "api.json"])
        .was_refused_naming("1 of 4");
    assert!(done.stdout.contains("built in"), "{done:#?}");
    assert_eq!(catalogue(&home).len(), 2);
}

#[test]
fn every_operation_is_checked_against_issuer_and_catalogue() {
    let mut api = document(json!({
        "/items": {"get": guarded(&["items"]), "put": guarded(&["write"])},
        "/health": {"get": {"security": [], "responses": {}}},
        "/open": {"get": {"responses": {}}},
        "/either": {"get": {"security": [{"key": []}, {"auth": ["items"]}], "responses": {}}},
        "/key": {"get": {"security": [{"key": []}], "responses": {}}},
        "/gone": {"get": {"security": [{"gone": []}], "responses": {}}},
    }));
    api["components"]["securitySchemes"]["key"] =
        json!({"type": "apiKey", "in": "header", "name": "k"});
    let home = home_with(&api);
    home.run(&["scope", "import", "api.json"]).succeeded();
    home.run(&["scope", "remove", "write"]).succeeded();
    let check = |more: &[&str]| {
        let args = [
            &["scope", "check", "api.json", "--json", "--issuer", ISSUER],
            more,
        ]
        .concat();
        home.run(&args)
    };
    let done = check(&[]).was_refused_naming("4 of 7 operations");
    let expected = [
        ("GET /items", vec![]),
        ("PUT /items", vec!["unknown-scope"]),
        ("GET /health", vec![]),
        ("GET /open", vec!["no-security"]),
        ("GET /either", vec![]),
        ("GET /key", vec!["no-token"]),
        ("GET /gone", vec!["unknown-scheme"]),
    ];
    let expected: Vec<(String, Vec<String>)> = expected
        .into_iter()
        .map(|(name, kinds)| (name.into(), kinds.into_iter().map(Into::into).collect()))
        .collect();
    assert_eq!(findings(&done), expected);
    check(&["--open", "/open"]).was_refused_naming("3 of 7 operations");
    check(&["--open", "/nowhere"]).was_refused_naming("/nowhere");
}

#[test]
fn a_scheme_of_another_issuer_is_found_with_what_it_should_say() {
    let home = home_with(&document(json!({"/items": {"get": guarded(&[])}})));
    let check = |issuer: &str| home.run(&["scope", "check", "api.json", "--issuer", issuer]);
    check(ISSUER).succeeded();
    let done = check("https://other.example.com").was_refused_naming("1 of 1");
    assert!(
        done.stdout
            .contains("not `https://other.example.com/token`"),
        "{done:#?}"
    );
}

#[test]
fn yaml_openapi_3_0_and_standard_input_are_read_as_well() {
    let yaml = format!(
        "openapi: 3.0.3
info: {{title: Garage, version: '1'}}
security:
  - auth: [items]
paths:
  /items:
    get:
      responses:
        200: {{description: Items}}
components:
  securitySchemes:
    auth: {{$ref: '#/components/x-auth'}}
  x-auth:
    type: openIdConnect
    openIdConnectUrl: {ISSUER}/.well-known/openid-configuration
"
    );
    let home = Home::new();
    home.run_with_input(&["scope", "import", "-"], &yaml)
        .succeeded();
    assert_eq!(catalogue(&home), own(&[("items", "")]));
    let check = ["scope", "check", "-", "--issuer", ISSUER];
    home.run_with_input(&check, &yaml).succeeded();
}

#[test]
fn what_is_no_openapi_3_document_is_refused_with_the_reason() {
    let home = Home::new();
    for (text, reason) in [
        ("{\"swagger\": \"2.0\"}", "Swagger 2.0"),
        ("{}", "not an OpenAPI document"),
        ("{\"openapi\"", "neither JSON nor YAML"),
        ("", "not an OpenAPI document"),
        (
            "{\"openapi\": \"3.1.0\", \"paths\": []}",
            "paths: must be an object",
        ),
        (
            "{\"openapi\": \"3.1.0\", \"paths\": {\"/a\": {\"$ref\": \"other.json\"}}}",
            "another document",
        ),
        (
            "{\"openapi\": \"3.1.0\", \"security\": [\"auth\"], \"paths\": {\"/a\": {\"get\": {}}}}",
            "paths./a.get.security",
        ),
    ] {
        let done = home.run_with_input(&["scope", "check", "-"], text);
        done.was_refused_naming(reason);
    }
    home.run(&["scope", "check", "missing.json"])
        .was_refused_naming("missing.json");
    let address = format!("http://{}/openapi.json", free_address());
    home.run(&["scope", "import", &address])
        .was_refused_naming("cannot be reached");
}

#[test]
fn scopegates_own_document_is_guarded_by_what_it_declares() {
    let address = free_address().to_string();
    let server = Server::with_args(&["--listen", &address]);
    let (issuer, document) = (
        format!("http://{address}"),
        format!("http://{address}/openapi.json"),
    );
    let done = server.run(&["scope", "check", &document, "--issuer", &issuer, "--json"]);
    let bad: Vec<_> = findings(&done)
        .into_iter()
        .filter(|(_, found)| !found.is_empty())
        .collect();
    assert_eq!(bad, [], "{done:#?}");
}
