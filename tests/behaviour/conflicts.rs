//! Transactions that are in each other's way: PostgreSQL undoes one of them, and the server
//! runs it again. A SQLite file has one writer at a time.

use serde_json::json;

use crate::support::*;

/// A serialization failure and a deadlock (SQLSTATE).
const CONFLICTS: [&str; 2] = ["40001", "40P01"];

/// A server on PostgreSQL, with an administrator and a client.
fn on_postgres() -> Option<(Server, Token, Confidential)> {
    let server = Server::start();
    if !server.home().database().is_server() {
        return None;
    }
    let admin = server.admin();
    let client = server.client("billing", &["--scope", "users:read"]);
    Some((server, admin, client))
}

/// Ends the next transactions that insert into a table, as in a conflict.
fn disturb(server: &Server, table: &str, conflict: &str, times: u32) {
    // What undoes a transaction leaves the sequence as it is.
    server.home().database().try_execute(&format!(
        "DROP FUNCTION IF EXISTS disturb() CASCADE;
         DROP SEQUENCE IF EXISTS disturbed;
         CREATE SEQUENCE disturbed;
         CREATE FUNCTION disturb() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF nextval('disturbed') <= {times} THEN
                 RAISE EXCEPTION 'a conflict' USING ERRCODE = '{conflict}';
             END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER disturb BEFORE INSERT ON {table}
             FOR EACH ROW EXECUTE FUNCTION disturb()"
    ));
}

/// How often something was inserted into the disturbed table, or was about to be.
fn attempts(server: &Server) -> i64 {
    let database = server.home().database();
    database.number("SELECT last_value FROM disturbed")
}

#[test]
fn what_another_transaction_was_in_the_way_of_is_done_again() {
    let Some((server, admin, client)) = on_postgres() else {
        return;
    };
    for conflict in CONFLICTS {
        let name = format!("user-{}", conflict.to_lowercase());
        let user = json!({"username": name, "password": PASSWORD, "scopes": ["users:read"]});

        disturb(&server, "users", conflict, 2);
        let add = server.post("/users").bearer(&admin).json(&user);
        add.send().expect(201);
        assert_eq!(attempts(&server), 3, "{conflict}");

        disturb(&server, "tokens", conflict, 2);
        server.login(&name, PASSWORD, &["users:read"]);
        assert_eq!(attempts(&server), 3, "{conflict}");

        disturb(&server, "tokens", conflict, 2);
        server.token_of(&client, "users:read");
        assert_eq!(attempts(&server), 3, "{conflict}");

        // What the server notes for itself: an attempt to log in.
        disturb(&server, "login_failures", conflict, 2);
        server.login(&name, PASSWORD, &["users:read"]);
        assert_eq!(attempts(&server), 3, "{conflict}");
    }
    let added = server.run(&["audit", "list", "--action", "user.added", "--json"]);
    let told = added.succeeded().stdout.matches("user-40").count();
    assert_eq!(told, CONFLICTS.len(), "each once");
}

#[test]
fn who_is_in_the_way_for_ever_is_waited_for_a_few_times_and_answered_with_503() {
    let Some((server, admin, client)) = on_postgres() else {
        return;
    };
    disturb(&server, "users", "40001", u32::MAX);
    let user = json!({"username": "johndoe", "password": PASSWORD});
    let add = || server.post("/users").bearer(&admin).json(&user).send();
    let answer = add();
    assert_problem(&answer, 503);
    assert!(answer.header("retry-after").parse::<u64>().is_ok());
    assert_eq!(attempts(&server), 4);

    disturb(&server, "tokens", "40001", u32::MAX);
    let answer = server.client_credentials(&client, "users:read").send();
    assert_oauth_error(&answer, 503, "temporarily_unavailable");
    assert!(answer.header("retry-after").parse::<u64>().is_ok());

    disturb(&server, "users", "40001", 0);
    add().expect(201);
    server.token_of(&client, "users:read");
}
