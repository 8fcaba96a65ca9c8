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
    fn all() -> Vec<Self> {
        let folders = fs::read_dir(Self::folder()).expect("releases");
        let folders = folders.map(|entry| entry.expect("a release").path());
        folders.map(|folder| Self::at(&folder)).collect()
    }

    fn this() -> Self {
        let folder = Self::folder().join(env!("CARGO_PKG_VERSION"));
        fs::create_dir_all(&folder).expect("a folder");
        Self::at(&folder)
    }

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrades")
    }

    fn at(folder: &Path) -> Self {
        let kind = match Home::bare().database().is_server() {
            true => "postgres",
            false => "sqlite",
        };
        Self {
            statements: folder.join(format!("{kind}.sql")),
            given_out: folder.join(format!("{kind}.json")),
        }
    }
}

#[test]
fn a_database_of_each_release_is_brought_up_to_date_and_what_was_given_out_holds() {
    let releases = Release::all();
    assert!(!releases.is_empty());
    for release in releases {
        let home = Home::bare();
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
    let life = ["--max-token-ttl", "36500d", "--expires-in", "36500d"];
    let issuer = ["--issuer", "http://127.0.0.1:8000"];
    let mint = [&["token", "mint"][..], &car, &life, &issuer].concat();
    let car = run(&mint).stdout;
    let given_out = json!({
        "token": token.text,
        "refresh": token.answer["refresh_token"],
        "revoked": revoked.text,
        "personal": personal["access_token"],
        "car": car.trim(),
        "secret": robot.secret,
    });
    let release = Release::this();
    fs::write(&release.statements, server.home().database().dump()).expect("a written file");
    let given_out = serde_json::to_string_pretty(&given_out).expect("JSON");
    fs::write(&release.given_out, given_out + "\n").expect("a written file");
}
