//! PostgreSQL over TLS, by the words of libpq in its URL. The server has a certificate for
//! 127.0.0.1 alone, and the role `tls_only` is not let in without TLS.

use crate::support::*;

/// A database on the server, and the URL of it for `tls_only`; none on SQLite.
fn database() -> Option<(Home, String)> {
    let home = Home::new();
    let database = home.database();
    if !database.is_server() {
        return None;
    }
    database.try_execute("CREATE ROLE tls_only SUPERUSER LOGIN");
    let url = database.plain_url().replace("scopegate@", "tls_only@");
    Some((home, url))
}

/// The certificate of the authority that the server's is from.
fn authority() -> String {
    std::env::var("TEST_POSTGRES_CA").expect("TEST_POSTGRES_CA")
}

fn list(home: &Home, url: &str) -> Done {
    home.run(&["user", "list", "--database-url", url])
}

#[test]
fn tls_is_used_where_the_server_has_it_and_required_where_the_url_says_so() {
    let Some((home, url)) = database() else {
        return;
    };
    list(&home, &url).succeeded();
    for mode in ["prefer", "require"] {
        list(&home, &format!("{url}?sslmode={mode}")).succeeded();
    }
    let clear = list(&home, &format!("{url}?sslmode=disable"));
    clear.was_refused_naming("no encryption");
}

#[test]
fn a_certificate_is_verified_where_the_url_says_so() {
    let Some((home, url)) = database() else {
        return;
    };
    let ours = authority();
    for mode in ["verify-ca", "verify-full"] {
        let good = format!("{url}?sslmode={mode}&sslrootcert={ours}");
        list(&home, &good).succeeded();
        // Without it the public authorities are asked, who know nothing of the server.
        list(&home, &format!("{url}?sslmode={mode}")).was_refused_naming("certificate");
    }
    let elsewhere = url.replace("127.0.0.1", "localhost");
    let named = |mode: &str| format!("{elsewhere}?sslmode={mode}&sslrootcert={ours}");
    list(&home, &named("verify-ca")).succeeded();
    list(&home, &named("verify-full")).was_refused_naming("certificate");
    let nothing = format!("{url}?sslmode=verify-full&sslrootcert=/nothing.pem");
    assert_ne!(list(&home, &nothing).code, Some(0));
}

#[test]
fn a_server_works_over_tls() {
    let Some((home, url)) = database() else {
        return;
    };
    home.user("johndoe", PASSWORD, &["me"]);
    let url = format!("{url}?sslmode=verify-full&sslrootcert={}", authority());
    let server = Server::start_in(home, &["--database-url", &url]);
    let token = server.login("johndoe", PASSWORD, &["me"]);
    server.assert_accepts(&token.text);
    let form = [("token", token.text.as_str())];
    server.post("/revoke").form(&form).send().expect(200);
    server.assert_refuses(&token.text);
}

#[test]
fn users_are_imported_over_tls() {
    let Some((home, url)) = database() else {
        return;
    };
    let import = |mode: &str| {
        let source = format!("{url}?sslmode={mode}&sslrootcert={}", authority());
        home.run(&["user", "import", "--from", "django", &source])
    };
    // There is nothing to import: what it is told of the tables came over TLS.
    let looked = import("verify-full");
    assert!(!looked.stderr.contains("certificate"), "{looked:#?}");
    let elsewhere = url.replace("127.0.0.1", "localhost");
    let source = format!(
        "{elsewhere}?sslmode=verify-full&sslrootcert={}",
        authority()
    );
    home.run(&["user", "import", "--from", "django", &source])
        .was_refused_naming("certificate");
}

#[test]
fn what_leaves_the_machine_in_clear_is_warned_of() {
    let Some((home, url)) = database() else {
        return;
    };
    // An address of this machine that does not look like one.
    let away = url.replace("tls_only@127.0.0.1", "scopegate@0.0.0.0");
    let warning = "the connection to PostgreSQL is not encrypted";
    for (mode, is_warned_of) in [("disable", true), ("require", false)] {
        let away = format!("{away}?sslmode={mode}");
        let listed = list(&home, &away).succeeded();
        assert_eq!(listed.stderr.contains(warning), is_warned_of, "{listed:#?}");
        let imported = home.run(&["user", "import", "--from", "django", &away]);
        assert_eq!(
            imported.stderr.contains(warning),
            is_warned_of,
            "{imported:#?}"
        );
    }
    let near = url.replace("tls_only@", "scopegate@") + "?sslmode=disable";
    let listed = list(&home, &near).succeeded();
    assert!(!listed.stderr.contains(warning), "{listed:#?}");
}

#[test]
fn a_server_may_ask_for_a_certificate() {
    let Some((home, url)) = database() else {
        return;
    };
    home.database()
        .try_execute("CREATE ROLE certificate_only SUPERUSER LOGIN");
    let url = url.replace("tls_only@", "certificate_only@");
    let without = list(&home, &format!("{url}?sslmode=require"));
    without.was_refused_naming("certificate");
    let folder = authority().replace("ca.pem", "");
    let with =
        format!("{url}?sslmode=require&sslcert={folder}client.pem&sslkey={folder}client.key");
    list(&home, &with).succeeded();
}

#[test]
fn why_postgresql_cannot_be_had_is_said_at_once() {
    let address = free_address();
    let home = Home::new();
    let gone = list(&home, &format!("postgres://scopegate@{address}/scopegate"));
    gone.was_refused_naming("refused");
    let Some((home, url)) = database() else {
        return;
    };
    let missing = list(&home, &format!("{url}_that_is_not_there"));
    missing.was_refused_naming("does not exist");
    let nobody = list(&home, &url.replace("tls_only@", "nobody_of_this_name@"));
    nobody.was_refused_naming("nobody_of_this_name");
}
