//! The pages of the documentation: what they link to is there, and the commands that they
//! show are those of the binary.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use scopegate::config::SETTINGS;

use crate::support::*;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Markdown files for people who use Scopegate, by path.
fn pages() -> BTreeMap<PathBuf, String> {
    let folders = [
        ".",
        "docs",
        "crates/scopegate-guard",
        "clients/python",
        "clients/node",
        "examples/mcp",
    ];
    let files = folders.iter().flat_map(|folder| {
        let entries = fs::read_dir(root().join(folder)).expect(folder);
        entries.map(|entry| entry.expect("an entry").path())
    });
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a page");
            (path, text)
        })
        .collect()
}

/// How a heading is linked to: lower case, words joined by hyphens.
fn anchor(heading: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    heading
        .chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}

#[test]
fn every_link_leads_somewhere() {
    let mut checked = 0;
    for (path, text) in pages() {
        let targets = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.starts_with("http")) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let linked = match file {
                "" => path.clone(),
                file => path.parent().expect("a folder").join(file),
            };
            assert!(linked.exists(), "{}: {target}", path.display());
            if !heading.is_empty() {
                let linked = fs::read_to_string(&linked).expect("a page");
                let mut headings = linked.lines().filter(|line| line.starts_with('#'));
                let is_there = headings.any(|line| anchor(line) == heading);
                assert!(is_there, "{}: {target}", path.display());
            }
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked}");
}

#[test]
fn every_file_of_ours_that_a_page_names_is_there() {
    let mut missing = Vec::new();
    let mut checked = 0;
    for (path, text) in pages() {
        let quoted = text.split('`').skip(1).step_by(2);
        let is_ours = |name: &&str| {
            let kind = Path::new(name).extension();
            name.contains('/') && kind.is_some_and(|kind| kind == "rs")
        };
        for name in quoted.filter(is_ours) {
            checked += 1;
            let folders = ["", "src", "tests", "crates/scopegate-guard"];
            if !folders
                .iter()
                .any(|folder| root().join(folder).join(name).exists())
            {
                missing.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert!(checked > 20, "{checked}");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn the_summary_and_the_first_page_name_every_page() {
    for contents in ["SUMMARY.md", "README.md"] {
        let text = fs::read_to_string(root().join("docs").join(contents)).expect("the contents");
        for path in pages()
            .keys()
            .filter(|path| path.parent().is_some_and(|it| it.ends_with("docs")))
        {
            let name = path.file_name().expect("a name").to_string_lossy();
            let is_contents = matches!(&*name, "SUMMARY.md" | "README.md");
            assert!(
                is_contents || text.contains(&format!("({name})")),
                "{contents}: {name}"
            );
        }
    }
}

/// The commands that a page shows, in blocks and within its text.
fn shown_commands(text: &str) -> Vec<String> {
    let lines = blocks(text, "sh").into_iter().flat_map(|block| {
        let lines = block.replace("\\\n", " ");
        lines.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    let in_blocks = lines.filter_map(|line| {
        let start = line.find("scopegate ")?;
        let before = line[..start].trim_end();
        let is_command = before.is_empty() || before.ends_with(['|', '&', ';', '(']);
        let end = |letter| matches!(letter, '|' | '>' | ';' | '#' | ')' | '\'');
        is_command.then(|| line[start..].split(end).next().map(str::to_owned))?
    });
    let in_text = text.split("`scopegate ").skip(1);
    let in_text = in_text.filter_map(|rest| Some(format!("scopegate {}", rest.split('`').next()?)));
    in_blocks.chain(in_text).collect()
}

#[test]
fn every_command_that_a_page_shows_is_one() {
    let home = Home::new();
    let settings: BTreeSet<String> = SETTINGS
        .iter()
        .map(|setting| format!("--{}", setting.name))
        .collect();
    let mut checked = 0;
    for (path, text) in pages() {
        for command in shown_commands(&text) {
            let words: Vec<&str> = command.split_whitespace().skip(1).collect();
            let is_name = |word: &&&str| {
                word.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            };
            let mut names: Vec<String> = Vec::new();
            for word in words
                .iter()
                .take_while(|word| !word.starts_with('-'))
                .filter(is_name)
            {
                names.push((*word).to_owned());
                if names.len() == 2 {
                    break;
                }
            }
            let shown = loop {
                let mut args: Vec<&str> = names.iter().map(String::as_str).collect();
                args.push("--help");
                let done = home.run(&args);
                // The second word may be a value.
                if done.code == Some(0) || names.len() < 2 {
                    break done.succeeded().stdout;
                }
                names.pop();
            };
            for flag in words
                .iter()
                .filter(|word| word.starts_with("--") && word.len() > 2)
            {
                let flag = flag.split('=').next().unwrap_or(flag);
                let is_known =
                    shown.contains(flag) || settings.contains(flag) || flag == "--config";
                assert!(is_known, "{}: {command}: {flag}", path.display());
            }
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked}");
}
