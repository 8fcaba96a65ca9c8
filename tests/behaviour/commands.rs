//! The commands: help, exit statuses, what they print.

use std::{collections::BTreeSet, os::unix::fs::PermissionsExt, process::Command};

use serde_json::json;

use crate::support::*;

/// Every command that does something, found by asking for help.
fn commands(home: &Home) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![Vec::new()];
    while let Some(command) = waiting.pop() {
        let below = subcommands(&help(home, &command));
        if below.is_empty() {
            found.insert(command);
            continue;
        }
        waiting.extend(
            below
                .into_iter()
                .map(|name| [command.clone(), vec![name]].concat()),
        );
    }
    found
}

/// What a command says to `--help`.
pub fn help(home: &Home, command: &[String]) -> String {
    let mut args: Vec<&str> = command.iter().map(String::as_str).collect();
    args.push("--help");
    home.run(&args).succeeded().stdout
}

/// The commands below one, as its help lists them: name and purpose.
pub fn listed(help: &str) -> Vec<(String, String)> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let mut found: Vec<(String, String)> = Vec::new();
    for line in listed.take_while(|line| line.starts_with("  ")) {
        let text = line.trim();
        match found.last_mut() {
            // A purpose that is too long goes on below itself.
            Some((_, purpose)) if line.starts_with("   ") => {
                purpose.push(' ');
                purpose.push_str(text);
            }
            _ => {
                let (name, purpose) = text.split_once(' ').unwrap_or((text, ""));
                found.push((name.to_owned(), purpose.trim().to_owned()));
            }
        }
    }
    found.retain(|(name, _)| name != "help");
    found
}

fn subcommands(help: &str) -> Vec<String> {
    let names = listed(help).into_iter().map(|(name, _)| name);
    names.collect()
}

#[test]
fn the_commands_of_the_contract_are_there() {
    let found = commands(&Home::new());
    let expected = [
        "demo",
        "serve",
        "openapi",
        "config",
        "user add",
        "user list",
        "user show",
        "user set-password",
        "user grant",
        "user revoke",
        "user disable",
        "user enable",
        "user remove",
        "scope add",
        "scope list",
        "scope remove",
        "key list",
        "key generate",
        "key rotate",
        "key retire",
        "token inspect",
    ];
    for command in expected {
        let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
        assert!(found.contains(&words), "no {command} in {found:?}");
    }
}

#[test]
fn the_help_of_every_command_has_an_example() {
    let home = Home::new();
    for command in commands(&home) {
        let help = help(&home, &command);
        let (_, examples) = help
            .split_once("Example")
            .unwrap_or_else(|| panic!("{command:?}: {help}"));
        let example = format!("scopegate {}", command.join(" "));
        assert!(examples.contains(&example), "no {example:?} in {help}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let home = Home::new();
    home.run(&["man", "pages/man1"]).succeeded();
    for command in commands(&home) {
        let name = format!("scopegate-{}.1", command.join("-"));
        let page = std::fs::read_to_string(home.path().join("pages/man1").join(&name));
        let page = page.unwrap_or_else(|error| panic!("{name}: {error}"));
        let is_for_all = page.contains("\\-\\-signing\\-secret");
        let takes_all = matches!(command[0].as_str(), "serve" | "demo" | "config");
        assert_eq!(is_for_all, takes_all, "{name}");
    }
    let file = home.write("file", "");
    let refused = home.run(&["man", &file.display().to_string()]);
    refused.was_refused_naming("cannot be written");
}

#[test]
fn bash_completes_commands_and_the_flags_that_their_help_shows() {
    let home = Home::new();
    let script = home.run(&["completions", "bash"]).succeeded().stdout;
    home.write("completions", &script);
    let completed = |words: &str, last: &str| {
        let count = words.split(' ').count();
        let ask = format!(
            "source ./completions; COMP_WORDS=({words} {last}); COMP_CWORD={count}; \
             _scopegate scopegate '{last}' x; echo ${{COMPREPLY[@]}}"
        );
        let mut bash = Command::new("bash");
        bash.args(["-c", &ask]).current_dir(home.path());
        Done::of(&mut bash).succeeded().stdout.trim().to_owned()
    };
    assert_eq!(completed("scopegate user", "a"), "add");
    assert_eq!(
        completed("scopegate user add", "--pass"),
        "--password-stdin"
    );
    assert_eq!(completed("scopegate user add", "--sign"), "");
    let for_serve = completed("scopegate serve", "--sign");
    assert!(for_serve.contains("--signing-secret"), "{for_serve}");
    for shell in ["zsh", "fish", "powershell", "elvish"] {
        let script = home.run(&["completions", shell]).succeeded().stdout;
        assert!(script.contains("subject-kind"), "{shell}");
    }
}

#[test]
fn wrong_usage_is_exit_status_2() {
    let home = Home::new();
    let wrong = [
        &["nonsense"][..],
        &["--nonsense"],
        &["user"],
        &["user", "add"],
        &["user", "nonsense"],
        &["user", "show"],
        &["user", "list", "--nonsense"],
        &["scope", "add"],
        &["openapi", "extra"],
        &[],
    ];
    for args in wrong {
        let done = home.run(args);
        assert_eq!(done.code, Some(2), "{args:?}: {done:?}");
        assert_eq!(done.stdout, "", "{args:?}");
        assert!(done.stderr.contains("Usage"), "{args:?}: {done:?}");
    }
}

#[test]
fn a_refusal_is_exit_status_1_and_one_line() {
    let home = Home::new();
    home.user("johndoe", PASSWORD, &["me"]);
    let refused = [
        (&["user", "show", "nobody"][..], "nobody"),
        (&["user", "remove", "nobody"], "nobody"),
        (&["user", "disable", "nobody"], "nobody"),
        (&["user", "grant", "nobody", "me"], "nobody"),
        (&["user", "grant", "johndoe", "nothing"], "nothing"),
        (&["scope", "remove", "nothing"], "nothing"),
        (&["scope", "add", "me", "--description", "x"], "me"),
    ];
    for (args, named) in refused {
        assert_eq!(
            home.run(args).was_refused_naming(named).stdout,
            "",
            "{args:?}"
        );
    }
}

#[test]
fn a_user_that_cannot_be_is_refused() {
    let home = Home::new();
    home.user("johndoe", PASSWORD, &[]);
    let long = "x".repeat(1025);
    let refused = [
        ("johndoe", PASSWORD, "johndoe"),
        ("jane", "short", "8"),
        ("jane", "", "8"),
        ("jane", &long, "1024"),
        ("me", PASSWORD, "me"),
        (" jane", PASSWORD, "name"),
    ];
    for (name, password, named) in refused {
        let args = ["user", "add", name, "--password-stdin"];
        let done = home.run_with_input(&args, password);
        assert_eq!(done.code, Some(1), "{name:?}: {done:?}");
        assert!(
            done.stderr.replace(',', "").contains(named),
            "{name:?}: {done:?}"
        );
    }
    assert_eq!(home.run(&["user", "show", "jane"]).code, Some(1));
}

#[test]
fn without_a_terminal_a_password_is_not_asked_for() {
    let home = Home::new();
    let done = home.run(&["user", "add", "johndoe"]);
    assert!(matches!(done.code, Some(1 | 2)), "{done:?}");
    assert!(done.stderr.contains("--password-stdin"), "{done:?}");
    assert_eq!(home.run(&["user", "show", "johndoe"]).code, Some(1));
}

#[test]
fn a_user_is_shown_as_the_api_shows_them() {
    let home = Home::new();
    home.user("johndoe", PASSWORD, &["me:write", "me"]);
    let expected = json!({
        "username": "johndoe",
        "email": null,
        "full_name": null,
        "disabled": false,
        "scopes": ["me", "me:write"],
    });
    let shown = home.run(&["user", "show", "johndoe", "--json"]).succeeded();
    assert_eq!(shown.json(), expected);
    let shown = home.run(&["user", "show", "johndoe"]).succeeded().stdout;
    assert!(
        shown.contains("johndoe") && shown.contains("me:write"),
        "{shown}"
    );
}

#[test]
fn lists_are_json_where_asked() {
    let home = Home::new();
    home.user("johndoe", PASSWORD, &["me"]);
    for args in [["user", "list", "--json"], ["scope", "list", "--json"]] {
        let listed = home.run(&args).succeeded().json();
        assert!(listed.is_array() || listed["items"].is_array(), "{listed}");
    }
    home.run(&["config", "--json"]).succeeded().json();
    let listed = home.run(&["user", "list"]).succeeded().stdout;
    assert!(listed.contains("johndoe"), "{listed}");
}

#[test]
fn an_administrator_may_do_everything() {
    let home = Home::new();
    let args = ["user", "add", "admin", "--admin", "--password-stdin"];
    home.run_with_input(&args, PASSWORD).succeeded();
    let server = Server::start_in(home, &[]);
    let names = Document::of(&server).scopes();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(server.login("admin", PASSWORD, &all).scope(), all.join(" "));
}

#[test]
fn a_command_does_what_it_says() {
    let home = Home::new();
    home.user("johndoe", PASSWORD, &["me"]);
    let show = || {
        home.run(&["user", "show", "johndoe", "--json"])
            .succeeded()
            .json()
    };
    home.run(&["user", "grant", "johndoe", "tokens"])
        .succeeded();
    assert_eq!(show()["scopes"], json!(["me", "tokens"]));
    home.run(&["user", "revoke", "johndoe", "me"]).succeeded();
    assert_eq!(show()["scopes"], json!(["tokens"]));
    home.run(&["user", "disable", "johndoe"]).succeeded();
    assert_eq!(show()["disabled"], true);
    home.run(&["user", "enable", "johndoe"]).succeeded();
    assert_eq!(show()["disabled"], false);
    home.run(&["user", "remove", "johndoe"]).succeeded();
    home.run(&["user", "show", "johndoe"])
        .was_refused_naming("johndoe");
}

#[test]
fn output_into_a_closed_pipe_is_no_panic() {
    let home = Home::new();
    let shell = format!("'{}' openapi | head -c 1", env!("CARGO_BIN_EXE_scopegate"));
    let mut command = Command::new("bash");
    let done = Done::of(command.args(["-c", &shell]).current_dir(home.path()));
    assert!(!done.stderr.contains("panicked"), "{done:?}");
}

#[test]
fn s07_the_database_is_its_owners_alone() {
    let server = Server::start_in(Home::bare(), &["--database-url", "sqlite:scopegate.db"]);
    let files = std::fs::read_dir(server.home().path()).expect("a directory");
    let mut seen = 0;
    for file in files.map(|file| file.expect("a file")) {
        let mode = file.metadata().expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
        seen += 1;
    }
    assert!(seen >= 1);
}

#[test]
fn the_first_start_says_how_to_add_an_administrator() {
    let server = Server::start();
    assert!(
        server.log().contains("scopegate user add"),
        "{}",
        server.log()
    );
}

#[test]
fn the_demo_prints_a_curl_line_that_works() {
    let home = Home::new();
    let demo = Running::start(home.command(&["demo"]));
    let url = format!("http://{}", demo.address);
    assert!(
        demo.greeting.contains(&format!("{url}/docs")),
        "{}",
        demo.greeting
    );
    let mut lines = demo.greeting.lines().map(str::trim);
    let line = lines
        .find(|line| line.starts_with("curl "))
        .expect("a curl line");
    let done = Done::of(Command::new("bash").args(["-c", line])).succeeded();
    let answered = done.json();
    assert!(
        answered["access_token"].is_string() || answered["username"] == "johndoe",
        "{done:?}"
    );
}

#[test]
fn the_demo_has_the_users_of_the_tutorial() {
    let home = Home::bare();
    let demo = Running::start(home.command(&["demo"]));
    let login = |username: &str, password: &str, scope: &str| {
        let parameters = [
            ("grant_type", "password"),
            ("username", username),
            ("password", password),
            ("scope", scope),
        ];
        Call::new("POST", &format!("http://{}/token", demo.address))
            .form(&parameters)
            .send()
    };
    let token = Token::of(&login(
        "johndoe",
        "secret",
        "me me:write tokens items offline_access",
    ));
    assert_eq!(token.scope(), "items me me:write offline_access tokens");
    assert_oauth_error(&login("alice", "secret2", "me"), 400, "invalid_grant");
    let admin = demo
        .greeting
        .lines()
        .find(|line| line.contains("admin"))
        .expect("a line");
    let password = admin.split_whitespace().nth(2).expect("a password");
    assert_eq!(
        login("admin", password, "users:write").status,
        200,
        "{admin}"
    );
    assert!(!home.path().join("scopegate.db").exists());
}

#[test]
fn every_address_that_the_demo_prints_answers() {
    let home = Home::new();
    let demo = Running::start(home.command(&["demo"]));
    let words = demo.greeting.lines().filter(|line| !line.contains("curl"));
    let addresses = words.flat_map(str::split_whitespace);
    for address in addresses.filter(|word| word.starts_with("http://")) {
        let answer = Call::new("GET", address).send();
        assert!(matches!(answer.status, 200..=399), "{address}: {answer:?}");
    }
}

#[test]
fn the_demo_stays_on_loopback() {
    let home = Home::new();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8000"] {
        home.run(&["demo", "--listen", address])
            .was_refused_naming("loopback");
    }
}

/// Runs a command whose output goes to a device that is always full.
fn into_a_full_disk(server: &Server, args: &[&str]) -> Done {
    let full = std::fs::File::options().write(true).open("/dev/full");
    let mut command = server.home().command(args);
    let output = command
        .stdout(full.expect("a device"))
        .output()
        .expect("a command that ran");
    Done {
        code: output.status.code(),
        stdout: String::new(),
        stderr: String::from_utf8(output.stderr).expect("a text"),
    }
}

#[test]
fn b5_output_that_cannot_be_written_is_an_error() {
    let server = Server::start();
    server.user("johndoe", PASSWORD, &["me"]);
    let lists: [&[&str]; 6] = [
        &["user", "list"],
        &["user", "show", "johndoe", "--json"],
        &["scope", "list"],
        &["openapi"],
        &["config"],
        &["key", "generate", "--secret"],
    ];
    for args in lists {
        let done = into_a_full_disk(&server, args);
        assert_eq!(done.code, Some(1), "{args:?}: {done:?}");
        assert!(
            done.stderr.contains("the output could not be written"),
            "{done:?}"
        );
    }
}

#[test]
fn b5_a_secret_that_cannot_be_shown_is_taken_back_or_can_be_had_again() {
    let server = Server::start();
    let done = into_a_full_disk(&server, &["client", "add", "app"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("the client was not added"), "{done:?}");
    server.client("app", &[]);
    let done = into_a_full_disk(&server, &["client", "rotate-secret", "app", "--json"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("run rotate-secret again"), "{done:?}");

    server
        .run(&["subject-kind", "add", "car", "--scope", "me"])
        .succeeded();
    let mint = ["token", "mint", "--subject", "car:1", "--scope", "me"];
    let done = into_a_full_disk(&server, &mint);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("the token was revoked"), "{done:?}");
    let about = ["token", "list", "--subject", "car:1", "--json"];
    let list = server.run(&about).succeeded().json();
    assert_eq!(list, json!([]));
}

#[test]
fn b4_a_command_with_another_issuer_than_the_servers_issues_nothing() {
    let issuer = "https://login.example";
    let server = Server::with_args(&["--issuer", issuer, "--audience", "https://api.example"]);
    server
        .run(&["subject-kind", "add", "car", "--scope", "me"])
        .succeeded();
    let mint = ["token", "mint", "--subject", "car:1", "--scope", "me"];
    let done = server.run(&mint);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stderr.contains(issuer) && done.stderr.contains("SCOPEGATE_ISSUER"),
        "{done:?}"
    );
    let with_issuer = [&mint[..], &["--issuer", issuer]].concat();
    assert!(
        server
            .run(&with_issuer)
            .stderr
            .contains("SCOPEGATE_AUDIENCE")
    );
    let as_served = [&mint[..], &["--issuer", issuer]].concat();
    let mut command = server.home().command(&as_served);
    command.env("SCOPEGATE_AUDIENCE", "https://api.example");
    let token = Done::of(&mut command).succeeded().stdout;
    let inspected = server.run(&["token", "inspect", token.trim()]);
    assert!(
        inspected
            .stderr
            .contains("warning: the server runs with issuer"),
        "{inspected:?}"
    );
}

#[test]
fn b3_a_password_from_a_file_of_windows_is_the_one_that_was_meant() {
    let server = Server::start();
    for (number, text) in as_windows_writes_it("Grüße, 世界\r\n").iter().enumerate() {
        let name = format!("user-{number}");
        let args = ["user", "add", &name, "--scope", "me", "--password-stdin"];
        server.home().run_with_input(&args, text).succeeded();
        server.login(&name, "Grüße, 世界", &["me"]);
    }
}
