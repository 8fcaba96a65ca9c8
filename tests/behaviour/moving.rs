//! Everything moves from one database to another.

use crate::support::*;

const FROM: &str = "sqlite:from.db";
const BACK: &str = "sqlite:back.db";

fn migrate(home: &Home, from: &str, to: &str) -> Done {
    home.run(&["migrate", "--from", from, "--to", to])
}

fn token(server: &Running, form: &[(&str, &str)]) -> Token {
    Token::of(&server.call("POST", "/token").form(form).send())
}

fn profile(server: &Running, token: &Token) -> u16 {
    server
        .call("GET", "/users/me")
        .bearer(&token.text)
        .send()
        .status
}

#[test]
fn what_was_issued_and_what_was_revoked_holds_in_the_new_database_and_in_the_old_one_again() {
    let home = Home::bare();
    let target = home.database().absolute_url();
    let server = Server::start_in(home, &["--database-url", FROM]);
    let of_source = |args: &[&str]| {
        let args = [args, &["--database-url", FROM][..]].concat();
        server.run(&args).succeeded();
    };
    let add = |name: &str, scopes: &[&str], more: &[&str]| {
        let flags = [more, &["--database-url", FROM][..]].concat();
        server.home().user_with(name, PASSWORD, scopes, &flags);
    };
    let email = ["--email", "john@example.com"];
    add("johndoe", &["me", "offline_access"], &email);
    add("o'brien", &["me"], &["--full-name", "Ünï cødé \\N"]);
    of_source(&[
        "client",
        "add",
        "robot",
        "--grant",
        "client_credentials",
        "--scope",
        "me",
    ]);
    of_source(&["subject-kind", "add", "car", "--scope", "me"]);
    let (kept, revoked) = (
        server.login("johndoe", PASSWORD, &["me", "offline_access"]),
        server.login("johndoe", PASSWORD, &["me"]),
    );
    let form = [("token", revoked.text.as_str())];
    server.post("/revoke").form(&form).send().expect(200);

    let moved = migrate(server.home(), FROM, &target).succeeded();
    assert!(moved.stdout.starts_with("moved "), "{moved:#?}");
    migrate(server.home(), FROM, &target).was_refused_naming("not empty");
    migrate(server.home(), &target, BACK).succeeded();

    let spent = kept.answer["refresh_token"]
        .as_str()
        .expect("a refresh token");
    for database in [target.as_str(), BACK] {
        let args = ["serve", "--database-url", database];
        let there = Running::start(server.home().command(&args));
        assert_eq!(profile(&there, &kept), 200);
        assert_eq!(profile(&there, &revoked), 401);
        there.log_in("johndoe", PASSWORD).expect(200);
        there.log_in("o'brien", PASSWORD).expect(200);
        let form = [("grant_type", "refresh_token"), ("refresh_token", spent)];
        assert_eq!(profile(&there, &token(&there, &form)), 200);
        let args = [
            "user",
            "show",
            "o'brien",
            "--json",
            "--database-url",
            database,
        ];
        let shown = server.home().run(&args).succeeded().json();
        assert_eq!(shown["full_name"], "Ünï cødé \\N");
        let args = ["audit", "verify", "--json", "--database-url", database];
        let log = server.home().run(&args).succeeded().json();
        assert!(
            log["entries"].as_i64().is_some_and(|entries| entries > 5),
            "{log}"
        );
    }
}

#[test]
fn what_cannot_be_moved_is_said() {
    let home = Home::new();
    migrate(&home, "sqlite:nothing.db", BACK).was_refused_naming("not found");
    migrate(&home, "mysql://localhost/x", BACK).was_refused_naming("--from");
    home.run(&["user", "list", "--database-url", FROM])
        .succeeded();
    migrate(&home, FROM, "mysql://localhost/x").was_refused_naming("--to");
    home.run(&["user", "list", "--database-url", BACK])
        .succeeded();
    migrate(&home, FROM, BACK).was_refused_naming("not empty");
}
