//! What `docs/security.md` says about attacks.

use crate::support::*;

#[test]
fn every_attack_has_its_line_and_every_line_its_tests() {
    let page = include_str!("../../docs/security.md");
    let lines: Vec<&str> = page.lines().filter(|line| names_attack(line)).collect();
    let ids: Vec<&str> = lines.iter().map(|line| &line[2..5]).collect();
    for (kind, count) in [('T', 34), ('P', 33), ('C', 23), ('S', 10)] {
        let expected: Vec<String> = (1..=count).map(|n| format!("{kind}{n:02}")).collect();
        let found: Vec<&str> = ids
            .iter()
            .copied()
            .filter(|id| id.starts_with(kind))
            .collect();
        assert_eq!(found, expected);
    }
    assert_names_tests(&lines, 4);
}

/// The chapters of ASVS 5.0 that the page is about, with the requirements of their sections.
const ASVS: [(u8, &[u8]); 5] = [
    (6, &[3, 12, 8, 6, 8, 4, 2, 4]),
    (7, &[3, 4, 2, 5, 3, 2]),
    (9, &[3, 4]),
    (10, &[2, 3, 5, 16, 5, 2, 3]),
    (11, &[4, 5, 5, 4, 2, 2, 2]),
];

#[test]
fn every_requirement_of_asvs_has_its_line_and_every_test_there_exists() {
    let page = include_str!("../../docs/asvs.md");
    let lines = page.lines().filter(|line| {
        line.starts_with("| ") && line.as_bytes().get(2).is_some_and(u8::is_ascii_digit)
    });
    let lines: Vec<&str> = lines.collect();
    let mut expected = Vec::new();
    for (chapter, sections) in ASVS {
        for (section, count) in (1..).zip(sections) {
            expected.extend((1..=*count).map(|n| format!("{chapter}.{section}.{n}")));
        }
    }
    let column = |line: &str, at| line.split(" | ").nth(at).unwrap_or_default().to_owned();
    let found: Vec<String> = lines
        .iter()
        .map(|line| column(line, 0)[2..].to_owned())
        .collect();
    assert_eq!(found, expected);
    for line in &lines {
        let verdict = column(line, 2);
        assert!(
            ["met", "by you", "none here", "no"].contains(&verdict.as_str()),
            "{line}"
        );
        assert!(!column(line, 3).is_empty(), "{line}");
    }
    // Names of files and settings have fewer words than those of tests.
    let is_test = |word: &&str| word.split(['_', ' ']).count() >= 4;
    let tests: Vec<&str> = lines.into_iter().flat_map(quoted).filter(is_test).collect();
    assert!(tests.len() > 90, "{}", tests.len());
    assert_tests_exist(&tests);
}

/// Whether a line of the page is about an attack, such as `| T01 | …`.
fn names_attack(line: &str) -> bool {
    let id = line.strip_prefix("| ").and_then(|rest| rest.get(..3));
    id.is_some_and(|id| {
        id.starts_with(['T', 'P', 'C', 'S']) && id[1..].bytes().all(|byte| byte.is_ascii_digit())
    })
}
