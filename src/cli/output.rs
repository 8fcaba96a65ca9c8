//! What commands print: a table for people, JSON for programs.

use std::{
    fmt,
    io::{self, Write},
    sync::{Mutex, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use serde_json::Value;

/// Prints a line. That it cannot be written is kept for [`check`].
macro_rules! line {
    ($($argument:tt)*) => {
        $crate::cli::output::print(format_args!($($argument)*))
    };
}
/// Prints a line of a server, which goes on whether anybody reads it or not.
macro_rules! announce {
    ($($argument:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stdout(), $($argument)*);
    }};
}
pub(super) use {announce, line};

pub use scopegate::text::without_controls as plain;

/// Why the first line that was lost was lost.
static LOST: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a line.
pub fn print(line: fmt::Arguments<'_>) {
    if let Err(error) = writeln!(io::stdout(), "{line}") {
        let mut lost = LOST.lock().unwrap_or_else(PoisonError::into_inner);
        lost.get_or_insert(error);
    }
}

/// Whether all that was printed has been written: a full disk, or a reader that has gone,
/// is an error.
pub fn check() -> io::Result<()> {
    let flushed = io::stdout().flush();
    let mut lost = LOST.lock().unwrap_or_else(PoisonError::into_inner);
    lost.take().map_or(flushed, Err)
}

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

/// Reads a span of time, as in `30m` or `7d`; a number is seconds.
pub fn life(text: &str) -> Result<Duration, humantime::DurationError> {
    match text.parse() {
        Ok(seconds) => Ok(Duration::from_secs(seconds)),
        Err(_) => humantime::parse_duration(text),
    }
}
