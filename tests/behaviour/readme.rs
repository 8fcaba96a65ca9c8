//! The README says what is so: its tour runs, and its tables are complete.

use std::process::Command;

use scopegate::config::SETTINGS;

use crate::{commands, support::*};

const README: &str = include_str!("../../README.md");

/// The address in the README, in place of which the test has a free port.
const ADDRESS: &str = "127.0.0.1:8000";

/// Stands between what the blocks of the tour print.
const CUT: &str = "-- the end of a block --";

/// A block of commands, and what the README shows of their output.
struct Step {
    commands: String,
    shown: String,
}

#[test]
fn the_tour_prints_what_the_readme_shows() {
    let steps = steps(section("Five minutes with curl"));
    assert!(steps.len() > 5);
    let home = Home::new();
    let demo = Running::start(home.command(&["demo"]));
    let address = demo.address.to_string();

    let script: String = steps
        .iter()
        .map(|step| format!("{}\necho; echo '{CUT}'\n", step.commands))
        .collect();
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &script.replace(ADDRESS, &address)]);
    let done = Done::given(&mut bash, admin_password(&demo.greeting)).succeeded();

    let printed = done.stdout.replace(&address, ADDRESS);
    let printed: Vec<&str> = printed.split(CUT).collect();
    assert_eq!(printed.len(), steps.len() + 1);
    for (step, printed) in steps.iter().zip(printed) {
        let (printed, shown) = (without_tokens(printed), without_tokens(&step.shown));
        assert_eq!(printed.trim(), shown.trim(), "{}", step.commands);
    }
}

#[test]
fn the_table_of_commands_is_that_of_the_help() {
    let home = Home::new();
    let mut table = String::from("| command | what it does |\n| --- | --- |\n");
    for (name, about) in commands::listed(&commands::help(&home, &[])) {
        let below = commands::listed(&commands::help(&home, std::slice::from_ref(&name)));
        let below: Vec<String> = below.into_iter().map(|(name, _)| name).collect();
        let command = [name, below.join("\\|")].join(" ");
        table += &format!("| `{}` | {about} |\n", command.trim());
    }
    assert_shows("Commands", &table);
}

#[test]
fn the_table_of_settings_is_that_of_the_code() {
    let mut table = String::from("| setting | default | what it is |\n| --- | --- | --- |\n");
    for setting in SETTINGS {
        let default = setting.default.map(|text| format!(" `{text}`"));
        let default = default.unwrap_or_default();
        let help = setting.help.replace('|', "\\|");
        table += &format!("| `{}` |{default} | {help} |\n", setting.name);
    }
    assert_shows("Settings", &table);
}

/// A section has the table, and no other.
#[track_caller]
fn assert_shows(title: &str, table: &str) {
    let rows = |text: &str| {
        let rows = text.lines().filter(|line| line.starts_with('|'));
        rows.map(str::to_owned).collect::<Vec<_>>()
    };
    let shown = rows(section(title));
    assert!(shown == rows(table), "{title} should have:\n\n{table}");
}

/// What stands below a heading of the second level.
#[track_caller]
fn section(title: &str) -> &'static str {
    let (_, text) = README
        .split_once(&format!("\n## {title}\n"))
        .unwrap_or_else(|| panic!("no {title} in the README"));
    text.split("\n## ").next().unwrap_or_default()
}

/// The blocks of commands, each with the block that follows where that shows output.
fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    // Text and blocks take turns.
    for block in text.split("```").skip(1).step_by(2) {
        let (kind, content) = block.split_once('\n').unwrap_or_default();
        match (kind, steps.last_mut()) {
            ("sh", _) => steps.push(Step {
                commands: content.to_owned(),
                shown: String::new(),
            }),
            (_, Some(step)) => content.clone_into(&mut step.shown),
            (_, None) => panic!("output before the first command:\n{content}"),
        }
    }
    steps
}

/// The text with `eyJ…` in place of every JWT.
fn without_tokens(text: &str) -> String {
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || "-_.…".contains(c);
    let (mut shortened, mut rest) = (String::new(), text);
    while let Some((before, token)) = rest.split_once("eyJ") {
        shortened += before;
        shortened += "eyJ…";
        rest = token.trim_start_matches(is_of_token);
    }
    shortened += rest;
    let Some((before, id)) = shortened.split_once("\"request_id\":\"") else {
        return shortened;
    };
    let behind = id.trim_start_matches(is_of_token);
    format!("{before}\"request_id\":\"…{behind}")
}

/// What the demo says of its administrator, as a line to be typed.
fn admin_password(greeting: &str) -> String {
    let line = greeting
        .lines()
        .find(|line| line.contains("admin"))
        .expect("a line about the administrator");
    let password = line.split_whitespace().nth(2).expect("a password");
    format!("{password}\n")
}
