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

/// Whether a line of the page is about an attack, such as `| T01 | …`.
fn names_attack(line: &str) -> bool {
    let id = line.strip_prefix("| ").and_then(|rest| rest.get(..3));
    id.is_some_and(|id| {
        id.starts_with(['T', 'P', 'C', 'S']) && id[1..].bytes().all(|byte| byte.is_ascii_digit())
    })
}
