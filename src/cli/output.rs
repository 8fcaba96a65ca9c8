//! What commands print: a table for people, JSON for programs.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

/// Prints a line without dying of a reader that has gone.
macro_rules! line {
    ($($argument:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stdout(), $($argument)*);
    }};
}
pub(super) use line;

/// Prints rows under headings, each column as wide as its widest entry.
pub fn table(headings: &[&str], rows: &[Vec<String>]) {
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(column, heading)| {
            let entries = rows.iter().map(|row| row[column].chars().count());
            entries.chain([heading.len()]).max().unwrap_or_default()
        })
        .collect();
    let print = |cells: Vec<&str>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        line!("{}", padded.join("  ").trim_end());
    };
    print(headings.to_vec());
    for row in rows {
        print(row.iter().map(String::as_str).collect());
    }
}

/// Prints JSON.
pub fn json(value: &Value) {
    line!("{value:#}");
}

/// A text that cannot move the cursor or hide what stands beside it.
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// A time in seconds since 1970, for people: `2026-11-24 08:30:00Z`.
pub fn at(time: i64) -> String {
    let Ok(seconds) = u64::try_from(time) else {
        return format!("{time} s");
    };
    // What RFC 3339 can write ends with the year 9999.
    if seconds > 253_402_300_799 {
        return format!("{time} s");
    }
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    humantime::format_rfc3339_seconds(time)
        .to_string()
        .replace('T', " ")
}
