//! Settings: four sources, and what is refused at start.

use serde_json::Value;

use crate::support::*;

const TUTORIAL_SECRET: &str = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7";

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let home = Home::new();
    home.write(
        "scopegate.toml",
        "access-token-ttl = \"10m\"\nlisten = \"127.0.0.1:9001\"\nlog = \"warn\"\n",
    );
    let mut command = home.command(&["config", "--access-token-ttl", "20m"]);
    command
        .env("SCOPEGATE_ACCESS_TOKEN_TTL", "15m")
        .env("SCOPEGATE_LISTEN", "127.0.0.1:9002");
    let shown = Done::of(&mut command).succeeded().stdout;
    let line = |name: &str| {
        let mut lines = shown
            .lines()
            .filter(|line| line.trim_start().starts_with(name));
        lines
            .next()
            .unwrap_or_else(|| panic!("no {name} in {shown}"))
            .to_owned()
    };
    assert!(line("access-token-ttl").contains("20m"), "{shown}");
    assert!(line("listen").contains("127.0.0.1:9002"), "{shown}");
    assert!(line("listen").contains("environment"), "{shown}");
    assert!(line("log").contains("warn"), "{shown}");
    assert!(line("log").contains("file"), "{shown}");
    assert!(line("password-scheme").contains("default"), "{shown}");
}

#[test]
fn another_file_can_be_named() {
    let home = Home::new();
    home.write("other.toml", "audience = \"https://other.example\"\n");
    let shown = home
        .run(&["config", "--config", "other.toml"])
        .succeeded()
        .stdout;
    assert!(shown.contains("https://other.example"), "{shown}");
    home.run(&["config", "--config", "absent.toml"])
        .was_refused_naming("absent.toml");
}

#[test]
fn secrets_are_not_shown() {
    let home = Home::new();
    let mut command = home.command(&["config"]);
    command
        .env("SCOPEGATE_SIGNING_ALGORITHM", "HS256")
        .env("SCOPEGATE_SIGNING_SECRET", SECRET);
    command.env(
        "SCOPEGATE_DATABASE_URL",
        "postgres://scopegate:hunter2hunter2@localhost/scopegate",
    );
    let done = Done::of(&mut command);
    for secret in [SECRET, "hunter2hunter2"] {
        assert!(
            !done.stdout.contains(secret) && !done.stderr.contains(secret),
            "{done:?}"
        );
    }
    command.arg("--json");
    let done = Done::of(&mut command);
    for secret in [SECRET, "hunter2hunter2"] {
        assert!(
            !done.stdout.contains(secret) && !done.stderr.contains(secret),
            "{done:?}"
        );
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_name() {
    let home = Home::new();
    for (text, named) in [
        ("colour = 1\n", "colour"),
        ("listen_on = \"x\"\n", "listen_on"),
        ("[listen]\nx = 1\n", "listen"),
    ] {
        home.write("scopegate.toml", text);
        for command in ["config", "serve"] {
            home.run(&[command]).was_refused_naming(named);
        }
    }
}

#[test]
fn a_file_that_is_not_toml_is_refused() {
    let home = Home::new();
    home.write("scopegate.toml", "listen = = 1\n");
    let done = home.run(&["config"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("scopegate.toml"), "{done:?}");
}

#[test]
fn an_impossible_value_is_refused_with_its_name() {
    let home = Home::new();
    let impossible = [
        ("listen", "nonsense"),
        ("listen", "127.0.0.1:99999"),
        ("access-token-ttl", "soon"),
        ("access-token-ttl", "0s"),
        ("signing-algorithm", "none"),
        ("signing-algorithm", "ES999"),
        ("password-scheme", "md5"),
        ("password-grant", "perhaps"),
        ("bcrypt-cost", "x"),
        ("bcrypt-cost", "32"),
        ("database-url", "mysql://localhost/x"),
        ("issuer", "nonsense"),
        ("log-format", "xml"),
        ("trusted-proxy", "10.0.0.0/99"),
    ];
    let mut accepted = Vec::new();
    for (name, value) in impossible {
        let variable = format!("SCOPEGATE_{}", name.to_uppercase().replace('-', "_"));
        let done = Done::of(home.command(&["config"]).env(&variable, value));
        let named = done.stderr.to_lowercase().contains(name);
        if done.code != Some(1) || !named {
            accepted.push((name, value, done.stderr));
        }
    }
    assert!(accepted.is_empty(), "{accepted:#?}");
}

#[test]
fn s08_a_short_secret_or_that_of_a_tutorial_is_refused() {
    let home = Home::new();
    for secret in ["", "short", &"x".repeat(31), TUTORIAL_SECRET] {
        home.write("secret", secret);
        let args = [
            "serve",
            "--signing-algorithm",
            "HS256",
            "--signing-secret-file",
            "secret",
        ];
        let done = home.run(&args).was_refused_naming("signing-secret");
        assert!(
            secret.is_empty() || !done.stderr.contains(secret),
            "{done:?}"
        );
        let mut command = home.command(&["serve", "--signing-algorithm", "HS256"]);
        let done = Done::of(command.env("SCOPEGATE_SIGNING_SECRET", secret));
        done.was_refused_naming("signing-secret");
    }
}

#[test]
fn hs256_needs_a_secret() {
    let home = Home::new();
    home.run(&["serve", "--signing-algorithm", "HS256"])
        .was_refused_naming("signing-secret");
    let args = [
        "serve",
        "--signing-algorithm",
        "HS256",
        "--signing-secret-file",
        "absent",
    ];
    home.run(&args).was_refused_naming("absent");
}

#[test]
fn s08_a_cost_of_bcrypt_under_10_is_refused() {
    let home = Home::new();
    for cost in ["0", "4", "9"] {
        let mut command = home.command(&["serve", "--bcrypt-cost", cost]);
        Done::of(command.env_remove("WEAK_HASHES_FOR_TESTS")).was_refused_naming("bcrypt-cost");
    }
}

#[test]
fn s08_an_issuer_without_tls_is_refused_off_loopback() {
    let home = Home::new();
    for issuer in [
        "http://login.example",
        "http://192.0.2.1",
        "http://localhost.example",
    ] {
        home.run(&["serve", "--issuer", issuer])
            .was_refused_naming("issuer");
    }
    for issuer in [
        "https://login.example",
        "http://localhost:8000",
        "http://127.0.0.1",
        "http://[::1]:8000",
    ] {
        home.run(&["config", "--issuer", issuer]).succeeded();
    }
}

#[test]
fn an_issuer_with_a_query_or_a_fragment_is_refused() {
    let home = Home::new();
    for issuer in [
        "https://login.example?x=1",
        "https://login.example#x",
        "ftp://login.example",
        "",
    ] {
        home.run(&["config", "--issuer", issuer])
            .was_refused_naming("issuer");
    }
}

#[test]
fn an_address_in_use_is_refused_with_a_clear_line() {
    let server = Server::start();
    let address = server.address().to_string();
    server
        .run(&["serve", "--listen", &address])
        .was_refused_naming(&address);
}

#[test]
fn a_database_that_cannot_be_opened_is_refused_with_a_clear_line() {
    let home = Home::new();
    home.write("not-a-database", &"nonsense ".repeat(1000));
    for url in ["sqlite:absent/directory/x.db", "sqlite:not-a-database"] {
        let done = home.run(&["serve", "--database-url", url]);
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(!done.stderr.contains("panicked"), "{done:?}");
    }
}

#[test]
fn the_configuration_as_json_names_values_and_sources() {
    let shown = Home::new()
        .run(&["config", "--json", "--listen", "127.0.0.1:9004"])
        .succeeded()
        .json();
    let listen = find(&shown, "listen");
    assert_eq!(listen["value"], "127.0.0.1:9004", "{shown}");
    assert!(
        listen["source"]
            .as_str()
            .is_some_and(|source| source.contains("--listen") || source.contains("flag")),
        "{shown}"
    );
}

/// A setting, in an object by name or in a list of them.
fn find(shown: &Value, name: &str) -> Value {
    let in_list = |list: &Vec<Value>| list.iter().find(|one| one["name"] == name).cloned();
    match shown.as_array() {
        Some(list) => in_list(list).unwrap_or_default(),
        None => shown[name].clone(),
    }
}

/// What `config --json` says of a setting.
fn effective(home: &Home, name: &str, environment: &[(&str, &str)], args: &[&str]) -> Done {
    let mut all = vec!["config"];
    all.extend(args);
    let mut command = home.command(&all);
    command.envs(environment.iter().copied());
    let done = Done::of(&mut command);
    let line = done.stdout.lines().find(|line| line.starts_with(name));
    let line = line.unwrap_or_default().to_owned();
    Done {
        stdout: line,
        ..done
    }
}

#[test]
fn b4_what_kubernetes_sets_is_no_setting() {
    let home = Home::new();
    let of_kubernetes = [
        ("SCOPEGATE_SERVICE_HOST", "10.0.0.1"),
        ("SCOPEGATE_SERVICE_PORT", "8000"),
        ("SCOPEGATE_SERVICE_PORT_HTTP", "8000"),
        ("SCOPEGATE_PORT", "tcp://10.0.0.1:8000"),
        ("SCOPEGATE_PORT_8000_TCP", "tcp://10.0.0.1:8000"),
        ("SCOPEGATE_PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("SCOPEGATE_DB_SERVICE_HOST", "10.0.0.2"),
        ("SCOPEGATE_DB_PORT", "tcp://10.0.0.2:5432"),
    ];
    let mut command = home.command(&["config"]);
    Done::of(command.envs(of_kubernetes)).succeeded();
}

#[test]
fn b4_a_misspelt_setting_is_refused_with_the_one_that_is_meant() {
    let home = Home::new();
    let mut command = home.command(&["config"]);
    let done = Done::of(command.env("SCOPEGATE_ISSUR", "https://login.example"));
    done.was_refused_naming("SCOPEGATE_ISSUER");
    home.write("scopegate.toml", "acess-token-ttl = \"1h\"\n");
    home.run(&["config"]).was_refused_naming("access-token-ttl");
}

#[test]
fn b4_an_empty_value_in_the_environment_is_none() {
    let home = Home::new();
    let shown = effective(
        &home,
        "access-token-ttl",
        &[("SCOPEGATE_ACCESS_TOKEN_TTL", "")],
        &[],
    );
    assert!(shown.succeeded().stdout.contains("default"));
}

#[test]
fn the_issuer_follows_a_loopback_listen_and_must_be_set_beyond() {
    let home = Home::new();
    let listen = |address| effective(&home, "issuer", &[("SCOPEGATE_LISTEN", address)], &[]);
    let shown = listen("127.0.0.1:9321").succeeded();
    assert!(shown.stdout.contains("http://127.0.0.1:9321"), "{shown:?}");
    assert!(shown.stdout.contains("default"), "{shown:?}");
    let tls = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let env = [("SCOPEGATE_LISTEN", "127.0.0.1:9321")];
    let shown = effective(&home, "issuer", &env, &tls).succeeded();
    assert!(shown.stdout.contains("https://127.0.0.1:9321"), "{shown:?}");
    let mut command = home.command(&["config"]);
    let done = Done::of(command.env("SCOPEGATE_LISTEN", "0.0.0.0:9321"));
    done.was_refused_naming("issuer");
    let named = [
        "--listen",
        "0.0.0.0:9321",
        "--issuer",
        "https://login.example",
    ];
    let shown = effective(&home, "issuer", &[], &named).succeeded();
    assert!(shown.stdout.contains("https://login.example"), "{shown:?}");
}

#[test]
fn a9_a_password_in_the_query_of_a_database_url_is_not_shown() {
    let home = Home::new();
    for url in [
        "postgres://scopegate:hunter2@localhost/db?sslmode=disable",
        "postgres://localhost/db?user=scopegate&password=hunter2",
        "postgres://localhost/db?sslpassword=hunter2&sslmode=disable",
    ] {
        let shown = effective(&home, "database-url", &[], &["--database-url", url]).succeeded();
        assert!(!shown.stdout.contains("hunter2"), "{shown:?}");
        assert!(shown.stdout.contains("(secret)"), "{shown:?}");
    }
}
