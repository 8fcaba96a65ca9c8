//! `apply` and `export`: a set-up as a file.

use serde_json::{Value, json};

use crate::support::*;

const SECRET: &str = "a secret of at least thirty-two bytes";

const YAML: &str = "
scopes:
  - name: items
    description: Read items
  - name: drive
subject_kinds:
  - kind: car
    scopes: [drive]
clients:
  - client_id: nightly
    secret_file: nightly.secret
    scopes: [items]
    default_scopes: [items]
  - client_id: web
    client_name: The web application
    token_endpoint_auth_method: none
    redirect_uris: [https://app.example/back]
    scopes: [items, me]
users:
  - username: ada
    email: ada@example.com
    scopes: [items, me]
    password_variable: ADA_PASSWORD
  - username: root
    scopes: ['*']
";

fn home() -> Home {
    let home = Home::new();
    home.write("setup.yaml", YAML);
    home.write("nightly.secret", &format!("{SECRET}\n"));
    home
}

fn apply(home: &Home, args: &[&str]) -> Done {
    let mut command = home.command(&[&["apply"], args].concat());
    Done::of(command.env("ADA_PASSWORD", PASSWORD))
}

fn exported(home: &Home) -> Value {
    home.run(&["export", "--json"]).succeeded().json()
}

/// A request of a client for a token about itself.
fn by_secret(server: &Server, id: &str, secret: &str) -> Call {
    server.post("/token").form(&[
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", secret),
    ])
}

/// What a section of an export has as a field.
fn all<'a>(export: &'a Value, section: &str, field: &str) -> Vec<&'a str> {
    let entries = export[section].as_array().expect(section).iter();
    entries.filter_map(|entry| entry[field].as_str()).collect()
}

#[test]
fn a_database_becomes_what_the_file_says_and_again_without_harm() {
    let home = home();
    let planned = apply(&home, &["setup.yaml", "--dry-run"])
        .succeeded()
        .stdout;
    assert!(
        planned.contains("+ client nightly") && planned.contains("--dry-run"),
        "{planned}"
    );
    assert_eq!(all(&exported(&home), "scopes", "name"), Vec::<&str>::new());

    let done = apply(&home, &["setup.yaml"]).succeeded().stdout;
    for change in [
        "+ scope drive",
        "+ subject kind car",
        "+ client web",
        "+ user ada",
    ] {
        assert!(done.contains(change), "{done}");
    }
    assert!(!done.contains("shown only once"), "{done}");
    let again = apply(&home, &["setup.yaml"]).succeeded().stdout;
    assert_eq!(again.trim(), "nothing differs");

    let server = Server::start_in(home, &[]);
    let ada = server.login("ada", PASSWORD, &["items", "me"]);
    assert_eq!(ada.scope(), "items me");
    let token = by_secret(&server, "nightly", SECRET).send();
    assert_eq!(token.expect(200)["scope"], "items");
    let root = server.run(&["user", "show", "root", "--json"]).json();
    assert!(
        root["scopes"].as_array().expect("scopes").len() > 20,
        "{root}"
    );
    server
        .run(&["token", "mint", "--subject", "car:7f3a", "--scope", "drive"])
        .succeeded();
}

#[test]
fn the_set_up_of_the_documentation_can_be_applied() {
    let page = include_str!("../../docs/production.md");
    let section = page.split("## Setup as a file").nth(1).expect("a section");
    let yaml = blocks(section, "yaml")[0].replace("/run/secrets/nightly", "nightly.secret");
    let home = home();
    home.write("page.yaml", &yaml);
    let done = apply(&home, &["page.yaml"]).succeeded().stdout;
    assert!(
        done.contains("+ client web") && done.contains("+ user ada"),
        "{done}"
    );
}

#[test]
fn toml_json_and_standard_input_do_as_well() {
    let home = Home::new();
    home.write("a.toml", "[[scopes]]\nname = \"one\"\n");
    home.write("b.json", "{\"scopes\": [{\"name\": \"two\"}]}");
    apply(&home, &["a.toml"]).succeeded();
    apply(&home, &["b.json"]).succeeded();
    for text in ["[[scopes]]\nname = \"three\"\n", "scopes:\n- name: four\n"] {
        home.run_with_input(&["apply", "-"], text).succeeded();
    }
    let expected = ["four", "one", "three", "two"];
    assert_eq!(all(&exported(&home), "scopes", "name"), expected);
}

#[test]
fn what_is_not_mentioned_stays_unless_it_is_to_be_removed_from_its_section() {
    let home = home();
    apply(&home, &["setup.yaml"]).succeeded();
    let less = json!({"scopes": [{"name": "items"}], "users": [{"username": "ada"}]});
    home.write("less.json", &less.to_string());
    let kept = apply(&home, &["less.json"]).succeeded().stdout;
    assert_eq!(kept.trim(), "nothing differs");

    let pruned = apply(&home, &["less.json", "--prune"]).succeeded().stdout;
    assert_eq!(
        pruned.lines().collect::<Vec<_>>(),
        ["- user root", "- scope drive"]
    );
    let left = exported(&home);
    assert_eq!(all(&left, "users", "username"), ["ada"]);
    assert_eq!(all(&left, "clients", "client_id"), ["nightly", "web"]);
    // The catalogue's own are nobody's to remove.
    assert!(home.run(&["scope", "list"]).stdout.contains("users:read"));
}

#[test]
fn a_change_names_its_fields_and_is_in_force_in_a_running_server() {
    let home = home();
    apply(&home, &["setup.yaml"]).succeeded();
    let server = Server::start_in(home, &[]);
    let token = server.login("ada", PASSWORD, &["me"]);
    let change = json!({
        "users": [{"username": "ada", "scopes": ["items"], "full_name": "Ada"}],
        "clients": [{"client_id": "web", "scopes": ["me"], "disabled": true}],
        "subject_kinds": [{"kind": "car", "scopes": ["drive", "items"]}],
    });
    server.home().write("change.json", &change.to_string());
    let done = apply(server.home(), &["change.json"]).succeeded().stdout;
    let expected = [
        "~ subject kind car: scopes",
        "~ client web: scopes, disabled",
        "~ user ada: full_name, scopes",
    ];
    assert_eq!(done.lines().collect::<Vec<_>>(), expected);
    let me = || server.get("/users/me").bearer(&token).send();
    eventually(me, |answer| answer.status == 403);
}

#[test]
fn a_new_client_without_a_secret_gets_one_that_is_shown_once() {
    let home = Home::new();
    home.write("one.json", "{\"clients\": [{\"client_id\": \"one\"}]}");
    let shown = apply(&home, &["one.json", "--json"]).succeeded().json();
    let secret = shown["client_secrets"]["one"]
        .as_str()
        .expect("a secret")
        .to_owned();
    assert_eq!(shown["applied"], true);
    let again = apply(&home, &["one.json", "--json"]).succeeded().json();
    assert_eq!(again["changes"], json!([]));
    let server = Server::start_in(home, &[]);
    by_secret(&server, "one", &secret).send().expect(200);
}

#[test]
fn an_entry_that_does_not_fit_is_named_and_nothing_is_changed() {
    let home = home();
    let good = json!({"name": "items"});
    let user = |more: Value| {
        let mut user = json!({"username": "ada"});
        user.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        json!({"scopes": [good], "users": [user]})
    };
    let client = |more: Value| {
        let mut client = json!({"client_id": "web"});
        client
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        json!({"scopes": [good], "clients": [client]})
    };
    home.write("short", "short");
    for (setup, reason) in [
        (
            user(json!({"scopes": ["nosuch"]})),
            "user ada: scopes: not in the catalogue: nosuch",
        ),
        (user(json!({"email": "nowhere"})), "user ada: email"),
        (
            user(json!({"password_hash": "not a hash"})),
            "user ada: password_hash",
        ),
        (user(json!({"password_file": "short"})), "user ada"),
        (user(json!({"password_file": "missing"})), "missing"),
        (
            user(json!({"password_variable": "NOT_SET"})),
            "NOT_SET is not set",
        ),
        (user(json!({"pasword": "x"})), "unknown field `pasword`"),
        (
            client(json!({"secret_file": "short"})),
            "client web: the secret must have",
        ),
        (
            client(json!({"grant_types": ["magic"]})),
            "client web: grant_types",
        ),
        (
            client(json!({"redirect_uris": ["/back"]})),
            "client web: redirect_uris",
        ),
        (
            client(json!({"token_endpoint_auth_method": "magic"})),
            "client web: token_endpoint",
        ),
        (
            client(json!({"token_endpoint_auth_method": "private_key_jwt"})),
            "client web: jwks",
        ),
        (json!({"scopes": [good, good]}), "scope items: is repeated"),
        (
            json!({"scopes": [{"name": "two words"}]}),
            "scope two words",
        ),
        (
            json!({"subject_kinds": [{"kind": "username"}]}),
            "subject kind username",
        ),
        (json!({"keys": []}), "unknown field `keys`"),
    ] {
        home.write("bad.json", &setup.to_string());
        apply(&home, &["bad.json"]).was_refused_naming(reason);
        assert_eq!(
            all(&exported(&home), "scopes", "name"),
            Vec::<&str>::new(),
            "{reason}"
        );
    }
    let line = "[[users]]\nusername = \"ada\"\npassword_hash = hunter2\n";
    home.write("bad.toml", line);
    let refused = apply(&home, &["bad.toml"]).was_refused_naming("line 3");
    assert!(!refused.stderr.contains("hunter2"), "{refused:#?}");
}

#[test]
fn an_export_makes_another_database_the_same_and_has_no_secret() {
    let home = home();
    apply(&home, &["setup.yaml"]).succeeded();
    for format in ["toml", "yaml", "json"] {
        let text = home.run(&["export", "--format", format]).succeeded().stdout;
        assert!(
            !text.contains("$2b$") && !text.contains("secret_file"),
            "{text}"
        );
        let other = Home::new();
        let file = format!("setup.{format}");
        other.write(&file, &text);
        apply(&other, &[&file]).succeeded();
        assert_eq!(exported(&other), exported(&home), "{format}");
    }
}

#[test]
fn a_user_with_a_hash_logs_in_with_the_password_that_it_is_of() {
    let home = home();
    apply(&home, &["setup.yaml"]).succeeded();
    let hash =
        "pbkdf2_sha256$5000$XZdLh1kUKge0rzjYBtrUDz$TJcpKQuUZfX+ULpqy6edCDSSvEAYlKAW585nfhqPOZs=";
    let users = json!({"users": [{"username": "eve", "scopes": ["me"], "password_hash": hash}]});
    home.write("eve.json", &users.to_string());
    apply(&home, &["eve.json"]).succeeded();
    let server = Server::start_in(home, &[]);
    server.login("eve", "correct horse battery staple", &["me"]);
}
