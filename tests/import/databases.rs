//! The databases that the real Django and the real Flask wrote.

use scopegate::builtin_scope::BuiltinScope;

use crate::support::{Expected, Server, Site, expected, vector};

const DJANGO: [(&str, &str); 3] = [
    ("editors", "me"),
    ("moderators", "users:read"),
    ("Vertrieb & Büro", "items"),
];
const FLASK: [(&str, &str); 3] = [
    ("editor", "me"),
    ("admin", "users:write"),
    ("Büro", "items"),
];

fn site_with_items() -> Site {
    let site = Site::new();
    assert_eq!(site.run(&["scope", "add", "items"]).status, 0);
    site
}

fn catalogue() -> Vec<String> {
    let names = BuiltinScope::catalogue().into_iter().map(|(name, _)| name);
    names.chain(["items"]).map(str::to_owned).collect()
}

fn arguments<'a>(from: &'a str, source: &'a str, rules: &'a [String]) -> Vec<&'a str> {
    let mut arguments = vec!["--from", from, source];
    for rule in rules {
        arguments.extend(["--group-scope", rule]);
    }
    arguments
}

fn rules(groups: &[(&str, &str)]) -> Vec<String> {
    let rule = |(group, scope): &(&str, &str)| format!("{group}={scope}");
    groups.iter().map(rule).collect()
}

/// The scopes that a user must have, joined by spaces.
fn scopes_of(user: &Expected, groups: &[(&str, &str)]) -> String {
    if user.is_superuser {
        let mut all = catalogue();
        all.sort();
        return all.join(" ");
    }
    let is_in = |group: &str| user.groups.iter().any(|name| name == group);
    let mut scopes: Vec<&str> = groups
        .iter()
        .filter(|(group, _)| is_in(group))
        .map(|(_, scope)| *scope)
        .collect();
    scopes.sort_unstable();
    scopes.join(" ")
}

/// Asks for everything, to see what is granted: what the user may hold.
fn check_login(site: &Site, server: &Server, user: &Expected, scopes: &str) {
    let name = user.name();
    let asked = if scopes.is_empty() {
        String::new()
    } else {
        catalogue().join(" ")
    };
    let password = user.password.as_deref().unwrap_or("a password");
    let granted = server.log_in(name, password, &asked);
    assert_eq!(site.scopes_of(name), scopes, "{name}");
    assert_eq!(site.user(name).unwrap().disabled, !user.is_active, "{name}");
    if !user.login_should_succeed {
        assert_eq!(granted, Err("invalid_grant".to_owned()), "{name}");
        return;
    }
    assert_eq!(granted, Ok(scopes.to_owned()), "{name}");
    assert!(site.has_current_hash(name), "{name}");
    let wrong = server.log_in(name, "another password", "");
    assert_eq!(wrong, Err("invalid_grant".to_owned()), "{name}");
}

#[test]
fn every_user_of_a_django_database_logs_in_and_gets_a_hash_of_the_current_scheme() {
    let site = site_with_items();
    let source = format!("sqlite:{}", vector("django.sqlite3"));
    let rules = rules(&DJANGO);
    let mut arguments = arguments("django", &source, &rules);
    arguments.push("--superuser-admin");
    let imported = site.import(&arguments);
    assert_eq!(imported.counts(), [30, 0, 0, 0]);
    assert_eq!((imported.status, imported.stderr.as_str()), (0, ""));
    let server = site.serve(&[]);
    for user in expected("django") {
        check_login(&site, &server, &user, &scopes_of(&user, &DJANGO));
    }

    let hash = site.hash_of("alice");
    assert_eq!(site.import(&arguments).counts(), [0, 0, 30, 0]);
    arguments.push("--update");
    assert_eq!(site.import(&arguments).counts(), [0, 0, 30, 0]);
    assert_eq!(site.hash_of("alice"), hash, "the renewed hash stays");
}

#[test]
fn every_user_of_a_flask_database_logs_in_and_gets_a_hash_of_the_current_scheme() {
    let site = site_with_items();
    let source = vector("flask.sqlite3");
    let rules = rules(&FLASK);
    let arguments = arguments("flask", &source, &rules);
    let imported = site.import(&arguments);
    assert_eq!(imported.counts(), [20, 0, 0, 0]);
    assert_eq!(imported.status, 0);
    assert!(imported.stderr.contains("1 user without a username"));
    let server = site.serve(&[]);
    for user in expected("flask") {
        check_login(&site, &server, &user, &scopes_of(&user, &FLASK));
    }
    assert_eq!(site.import(&arguments).counts(), [0, 0, 20, 0]);
}

#[test]
fn profiles_come_along_and_an_empty_address_is_none() {
    let site = Site::new();
    site.import(&["--from", "django", &vector("django.sqlite3")]);
    let bob = site.user("bob").unwrap();
    assert_eq!(bob.profile.full_name.as_deref(), Some("Bob O'Brien"));
    assert_eq!(bob.profile.email.as_deref(), Some("bob@example.com"));
    assert_eq!(site.user("erin.q").unwrap().profile.email, None);
    let dave = site.user("dave+tag").unwrap();
    assert_eq!(dave.profile.full_name.as_deref(), Some("Dave"));
    assert!(site.user("unusable").unwrap().password_hash.is_none());
    let (lower, upper) = (site.user("alice").unwrap(), site.user("Alice").unwrap());
    assert_ne!(lower.profile.email, upper.profile.email);
}

#[test]
fn groups_without_a_rule_and_superusers_are_pointed_out() {
    let site = Site::new();
    let imported = site.import(&["--from", "django", &vector("django.sqlite3")]);
    assert_eq!(imported.status, 0);
    assert!(imported.stderr.contains("the group `editors` (3 users)"));
    assert!(imported.stderr.contains("2 superusers got no scope"));
    assert_eq!(site.scopes_of("admin"), "");
}

#[test]
fn a_table_in_the_configuration_file_maps_groups_to_scopes() {
    let site = Site::new();
    site.file(
        "scopegate.toml",
        "[group-scope]\neditors = [\"me\", \"me:write\"]\nmoderators = \"users:read\"\n",
    );
    let imported = site.import(&["--from", "django", &vector("django.sqlite3")]);
    assert_eq!(imported.counts(), [30, 0, 0, 0]);
    assert_eq!(site.scopes_of("bob"), "me me:write users:read");
}

#[test]
fn a_rule_with_a_scope_that_is_not_in_the_catalogue_stops_the_import() {
    let site = Site::new();
    let source = vector("django.sqlite3");
    let stopped = site.import(&["--from", "django", &source, "--group-scope", "editors=nope"]);
    assert_eq!(stopped.status, 1);
    assert!(stopped.stderr.contains("nope"));
    assert!(site.user("bob").is_none());
}

#[test]
fn a_dry_run_counts_and_writes_nothing() {
    let site = Site::new();
    let source = vector("django.sqlite3");
    let counted = site.import(&["--from", "django", &source, "--dry-run"]);
    assert_eq!(counted.counts(), [30, 0, 0, 0]);
    let list = site.run(&["user", "list", "--json"]);
    assert_eq!(list.stdout.trim(), "[]");
}

#[test]
fn columns_of_other_names_are_mapped_and_unknown_ones_refused() {
    let site = Site::new();
    let source = vector("flask.sqlite3");
    let from = ["--from", "flask", &source, "--table", "user"];
    let by_email = ["--column", "username=email,password_hash=password"];
    let imported = site.import(&[&from[..], &by_email].concat());
    assert_eq!(imported.counts(), [20, 0, 0, 0]);
    assert!(site.user("f00@example.net").is_some());
    let refused = site.import(&[&from[..], &["--column", "username=login"]].concat());
    assert_eq!(refused.status, 1);
    assert!(refused.stderr.contains("has no column `login`"));
    let odd = site.import(&[&from[..], &["--column", "nickname=login"]].concat());
    assert_eq!(odd.status, 2);
}

#[test]
fn a_live_source_is_only_read() {
    let site = Site::new();
    let source = vector("flask.sqlite3");
    let before = std::fs::read(&source).unwrap();
    assert_eq!(site.import(&["--from", "flask", &source]).status, 0);
    assert_eq!(std::fs::read(&source).unwrap(), before);
}

#[test]
fn a_source_that_is_not_there_is_not_created() {
    let site = Site::new();
    let missing = site.import(&["--from", "django", "sqlite:missing.sqlite3"]);
    assert_eq!(missing.status, 1);
    assert!(missing.stderr.contains("file missing.sqlite3 not found"));
    let other = site.import(&["--from", "django", &vector("flask.sqlite3")]);
    assert_eq!(other.status, 1);
    assert!(other.stderr.contains("no table `auth_user`"));
}
