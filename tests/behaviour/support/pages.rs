//! Pages of the documentation: their blocks of code, and their tables that name tests.

use std::{fs, path::Path};

/// The blocks of code of a page in one language, in order.
pub fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let opened = page.split(fence.as_str()).skip(1);
    opened.filter_map(|text| text.split("```").next()).collect()
}

/// Fails where a line of a table names no test in one of its columns, counted from 1, or one
/// that does not exist.
#[track_caller]
pub fn assert_names_tests(lines: &[&str], column: usize) {
    let mut tests = Vec::new();
    for line in lines {
        let named = quoted(line.split('|').nth(column).expect("a column of tests"));
        assert!(!named.is_empty(), "no test: {line}");
        tests.extend(named);
    }
    assert_tests_exist(&tests);
}

/// What stands between backticks.
pub fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[track_caller]
pub fn assert_tests_exist(names: &[&str]) {
    let tests = sources();
    for test in names {
        let forms = [
            format!("\nfn {test}("),
            format!("\nasync fn {test}("),
            format!("\ntest(\"{test}\""),
        ];
        assert!(forms.iter().any(|form| tests.contains(form)), "{test}");
    }
}

/// The text of all tests, in Rust and in the browser.
fn sources() -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let folders = ["behaviour", "server_limits", "browser"];
    let files = folders.iter().flat_map(|folder| {
        let entries = fs::read_dir(tests.join(folder)).expect("a folder of tests");
        entries.map(|entry| entry.expect("an entry").path())
    });
    files
        .filter(|path| {
            path.extension()
                .is_some_and(|name| name == "rs" || name == "mjs")
        })
        .map(|path| fs::read_to_string(path).expect("a file of tests"))
        .collect()
}
