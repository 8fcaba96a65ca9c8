//! Password files, as `passlib.apache.HtpasswdFile` writes them: `username:hash`
//! a line; blank lines and those that begin with `#` are none. A file whose
//! first line is the header of a CSV is read as one.

use std::io::BufRead;

use tokio::sync::mpsc::Sender;

use crate::password::PasswordHash;

use super::{
    csv,
    input::{FileError, Input},
    lines::Lines,
    rows::{Entry, Place, Reason, Row},
    rules::Notes,
};

/// How a CSV begins.
const HEADERS: [&[u8]; 5] = [
    b"username,",
    b"username;",
    b"username\t",
    b"\"username\"",
    b"sep=",
];

/// Sends every user of a file.
pub(super) fn send_users(input: &mut Input, rows: &Sender<Entry>) -> Result<Notes, FileError> {
    let start = input.fill_buf()?;
    if HEADERS.iter().any(|header| start.starts_with(header)) {
        return csv::send_users(input, rows);
    }
    for line in Lines::new(input) {
        let line = line?;
        let row = Row::empty(Place::Line(line.number));
        let entry = match line.text {
            Ok(text) if text.trim().is_empty() || text.starts_with('#') => continue,
            Ok(text) => entry_of(row, &text),
            Err(reason) => Err(row.refusal(Reason::Unreadable(reason.to_owned()))),
        };
        if rows.blocking_send(entry).is_err() {
            break;
        }
    }
    Ok(Notes::default())
}

fn entry_of(mut row: Row, text: &str) -> Entry {
    let Some((username, hash)) = text.split_once(':') else {
        let reason = "the line is not of the form username:hash";
        return Err(row.refusal(Reason::Unreadable(reason.to_owned())));
    };
    row.username = Some(username.to_owned());
    row.password_hash = Some(Some(PasswordHash::from_stored(hash.trim_end())));
    Ok(row)
}
