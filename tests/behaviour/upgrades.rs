//! A database that an older release has written is brought up to date, and all that was given
//! out from it holds. `tests/upgrades/` has the databases of each release, by its version, with
//! keys and secrets that are used nowhere else.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::support::*;

/// Tokens name their issuer, and these must outlive their release by far.
const SERVER: [&str; 10] = [
    "--issuer",
    "http://127.0.0.1:8000",
    "--access-token-ttl",
    "36500d",
    "--refresh-token-ttl",
    "36500d",
    "--max-refresh-ttl",
    "36500d",
    "--max-token-ttl",
    "36500d",
];

/// The database of a release, of the kind that the tests run on: statements that make it, and
/// what was given out from it.
struct Release {
    statements: PathBuf,
    given_out: PathBuf,
}

impl Release {
    fn of(version: &Path, database: &Database) -> Self {
        let kind = match database.is_server() {
            true => "postgres",
            false => "sqlite",
        };
        Self {
            statements: version.join(format!("{kind}.sql")),
            given_out: version.join(format!("{kind}.json")),
        }
    }
}

/// The folder that has a folder for each release.
fn releases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrades")
}

#[test]
fn a_database_of_each_release_is_brought_up_to_date_and_what_was_given_out_holds() {
    let versions = fs::read_dir(releases()).expect("releases");
    let versions: Vec<_> = versions.map(|one| one.expect("a release").path()).collect();
    assert!(!versions.is_empty());
    for version in versions {
        let home = Home::bare();
        let release = Release::of(&version, home.database());
        let statements = fs::read_to_string(&release.statements).expect("statements");
        home.database().load(&statements);
        let given_out = fs::read_to_string(&release.given_out).expect("what was given out");
        let given_out: Value = serde_json::from_str(&given_out).expect("JSON");
        let text = |name: &str| given_out[name].as_str().expect(name);

        let server = Server::start_in(home, &SERVER);
        server.login("johndoe", PASSWORD, &["me", "drive"]);
        assert_oauth_error(
            &server.try_login("alice", PASSWORD, &["me"]).send(),
            400,
            "invalid_grant",
        );
        server.assert_accepts(text("token"));
        server.assert_accepts(text("personal"));
        server.assert_refuses(text("revoked"));
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", text("refresh")),
        ];
        server.post("/token").form(&form).send().expect(200);

        let robot = Confidential {
            id: "robot".to_owned(),
            secret: text("secret").to_owned(),
        };
        server.token_of(&robot, "introspect");
        let asked = server.post("/introspect").basic(&robot.id, &robot.secret);
        let told = asked.form(&[("token", text("car"))]).send().expect(200);
        assert_eq!(told["active"], true);
        assert_eq!(told["sub"], "car:7f3a");

        let redirect = server.get(&authorize_path(&[])).send();
        assert_eq!(
            redirect.status, 303,
            "the client `shop` is known: {redirect:?}"
        );
        server.run(&["audit", "verify"]).succeeded();
        let told = server.run(&["audit", "list", "--json"]).succeeded().json();
        let told = told.to_string();
        assert!(told.contains("user.added"), "{told}");
    }
}

#[test]
#[ignore = "writes the database of this release, once, before it"]
fn the_database_of_this_release_is_written() {
    let server = Server::start_in(Home::new(), &SERVER);
    let run = |args: &[&str]| server.run(args).succeeded();
    run(&["scope", "add", "drive", "--description", "Drive a car"]);
    run(&["scope", "add", "items", "--description", "Read your items"]);
    run(&["subject-kind", "add", "car", "--scope", "drive"]);
    let scopes = ["me", "drive", "items", "tokens", "offline_access"];
    server.user("johndoe", PASSWORD, &scopes);
    server.user("alice", PASSWORD, &["me"]);
    run(&["user", "disable", "alice"]);
    server.shop(&[]);
    let grants = ["--grant", "client_credentials", "--scope", "introspect"];
    let robot = server.client("robot", &grants);
    let token = server.login("johndoe", PASSWORD, &["me", "tokens", "offline_access"]);
    let revoked = server.login("johndoe", PASSWORD, &["me"]);
    let form = [("token", revoked.text.as_str())];
    server.post("/revoke").form(&form).send().expect(200);
    let personal = server.personal(&token, &["me"]).expect(201);
    let car = ["--subject", "car:7f3a", "--scope", "drive"];
    let life = ["--expires-in", "36500d"];
    let mint = [&["token", "mint"][..], &car, &life, &SERVER].concat();
    let car = run(&mint).stdout;
    let given_out = json!({
        "token": token.text,
        "refresh": token.answer["refresh_token"],
        "revoked": revoked.text,
        "personal": personal["access_token"],
        "car": car.trim(),
        "secret": robot.secret,
    });
    let version = releases().join(env!("CARGO_PKG_VERSION"));
    fs::create_dir_all(&version).expect("a folder");
    let database = server.home().database();
    let release = Release::of(&version, database);
    fs::write(&release.statements, database.dump()).expect("a written file");
    let given_out = serde_json::to_string_pretty(&given_out).expect("JSON");
    fs::write(&release.given_out, given_out + "\n").expect("a written file");
}
