//! CSV (RFC 4180, with commas, semicolons or tabs) with a header: the columns
//! `username`, `password_hash`, `email`, `full_name`, `locale`, `disabled` and `scopes`
//! (separated by spaces) in any order, of which the first is required. Other columns are
//! ignored.

use std::{
    io::{self, BufRead, Read},
    time::SystemTime,
};

use ::csv::{ByteRecord, ErrorKind, ReaderBuilder};
use serde_json::Value;
use tokio::sync::mpsc::Sender;

use crate::{password::PasswordHash, profile::Profile, scope::ScopeSet};

use super::{
    input::{FileError, Input},
    rows::{Entry, Place, Reason, Refusal, Row},
    rules::Notes,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Username,
    PasswordHash,
    /// A field of the profile, by its name.
    Profile(&'static str),
    Disabled,
    Scopes,
    /// The e-mail address, which is the name as well.
    SupabaseEmail,
    /// A JSON object with what the user said when signing up.
    SupabaseMetadata,
    /// Until when a user may not log in.
    SupabaseBan,
    /// Since when a user is removed, who is kept for the record.
    SupabaseDeletion,
}

impl Column {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "username" => Self::Username,
            "password_hash" => Self::PasswordHash,
            "disabled" => Self::Disabled,
            "scopes" => Self::Scopes,
            _ => Self::of_profile(name)?,
        })
    }

    fn of_supabase(name: &str) -> Option<Self> {
        Some(match name {
            "email" => Self::SupabaseEmail,
            "encrypted_password" => Self::PasswordHash,
            "raw_user_meta_data" => Self::SupabaseMetadata,
            "banned_until" => Self::SupabaseBan,
            "deleted_at" => Self::SupabaseDeletion,
            _ => return None,
        })
    }

    fn of_profile(name: &str) -> Option<Self> {
        let field = Profile::FIELDS.into_iter().find(|field| *field == name);
        field.map(Self::Profile)
    }
}

/// Sends every user of a file.
pub(super) fn send_users(input: &mut Input, rows: &Sender<Entry>) -> Result<Notes, FileError> {
    send_records(input, rows, Column::named, "username")
}

/// Sends every user of Supabase's table `auth.users`, as its console or psql writes it.
pub(super) fn send_supabase_users(
    input: &mut Input,
    rows: &Sender<Entry>,
) -> Result<Notes, FileError> {
    send_records(input, rows, Column::of_supabase, "email")
}

fn send_records(
    input: &mut Input,
    rows: &Sender<Entry>,
    named: fn(&str) -> Option<Column>,
    required: &str,
) -> Result<Notes, FileError> {
    let (delimiter, lines_before) = delimiter(input)?;
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(input.chain(END));
    let mut notes = Notes::default();
    let columns = columns(reader.byte_headers().map_err(io_error)?, named, &mut notes)?;
    if !columns.contains(&named(required)) {
        return Err(FileError::Header(format!("`{required}` is not among them")));
    }
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(io_error)? {
        if record.len() == 1 && record[0] == END[1..] {
            break;
        }
        let swallows_end = record.iter().next_back();
        let swallows_end = swallows_end.is_some_and(|last| last.ends_with(END));
        let line = record.position().map_or(0, ::csv::Position::line);
        let row = Row::empty(Place::Line(line + lines_before));
        let entry = entry_of(row, &columns, &record);
        let entry = if swallows_end { unclosed(entry) } else { entry };
        notes.borrowed_names += u64::from(entry.as_ref().is_ok_and(|row| row.borrows_name));
        if rows.blocking_send(entry).is_err() {
            break;
        }
    }
    Ok(notes)
}

/// A line of our own behind the file: a quote that is not closed swallows it.
const END: &[u8] = b"\n\x04the file ends here\x04";

fn unclosed(entry: Entry) -> Entry {
    let reason = Reason::Unreadable("a quote that begins here is not closed".to_owned());
    Err(match entry {
        Ok(row) => row.refusal(reason),
        Err(refusal) => Refusal { reason, ..refusal },
    })
}

/// What separates the fields, and how many lines say so: `sep=;` as spreadsheets write it,
/// or else whichever of comma, semicolon and tab the first line has most of.
fn delimiter(input: &mut Input) -> io::Result<(u8, u64)> {
    let start = input.fill_buf()?;
    let end = start.iter().position(|byte| *byte == b'\n');
    let first = &start[..end.unwrap_or(start.len())];
    if let Some([delimiter, ..]) = first.strip_prefix(b"sep=") {
        let delimiter = *delimiter;
        let length = end.map_or(start.len(), |end| end + 1);
        input.consume(length);
        return Ok((delimiter, 1));
    }
    let count = |delimiter: &u8| first.split(|byte| byte == delimiter).count();
    // Of equals the last is the greatest.
    let most = [b'\t', b';', b','].into_iter().max_by_key(count);
    Ok((most.unwrap_or(b','), 0))
}

/// What each column is; none of those that are ignored.
fn columns(
    header: &ByteRecord,
    named: fn(&str) -> Option<Column>,
    notes: &mut Notes,
) -> Result<Vec<Option<Column>>, FileError> {
    let mut columns = Vec::new();
    for name in header {
        let name = String::from_utf8_lossy(name);
        let column = named(name.trim());
        if name.trim() == "password" {
            let reason = "`password`: hashes belong in `password_hash`, and passwords in plain \
                          text are not imported";
            return Err(FileError::Header(reason.to_owned()));
        }
        if column.is_none() {
            notes.ignore(name.trim());
        } else if columns.contains(&column) {
            return Err(FileError::Header(format!("`{name}` is repeated")));
        }
        columns.push(column);
    }
    Ok(columns)
}

fn entry_of(mut row: Row, columns: &[Option<Column>], record: &ByteRecord) -> Entry {
    let (found, expected) = (record.len(), columns.len());
    let mut put_all = || {
        if found != expected {
            let reason = format!("it has {found} fields where the header has {expected}");
            return Err(Reason::Unreadable(reason));
        }
        for (column, field) in columns.iter().zip(record) {
            let Some(column) = column else { continue };
            let text = str::from_utf8(field)
                .map_err(|_| Reason::Unreadable("it is not UTF-8".to_owned()))?;
            put(&mut row, *column, text)?;
        }
        Ok(())
    };
    match put_all() {
        Ok(()) => Ok(row),
        Err(reason) => Err(row.refusal(reason)),
    }
}

fn put(row: &mut Row, column: Column, text: &str) -> Result<(), Reason> {
    let some = || Some(text.to_owned());
    match column {
        Column::Username => row.username = some(),
        Column::PasswordHash => row.password_hash = Some(some().map(PasswordHash::from_stored)),
        Column::Profile(name) => {
            if let Some(field) = row.profile.field_mut(name) {
                *field = Some(some());
            }
        }
        Column::SupabaseEmail => {
            row.borrows_name = !text.is_empty();
            row.username = some();
            row.profile.email = Some(some());
        }
        Column::SupabaseMetadata => row.profile.full_name = Some(full_name(text)),
        Column::SupabaseBan | Column::SupabaseDeletion => {
            let ends = matches!(column, Column::SupabaseBan)
                .then(|| time(text))
                .flatten();
            let is_over = text.is_empty() || ends.is_some_and(|end| end < SystemTime::now());
            row.disabled = Some(row.disabled == Some(true) || !is_over);
        }
        Column::Disabled => row.disabled = Some(truth(text)?),
        Column::Scopes => row.scopes = Some(ScopeSet::parse(text).map_err(Reason::Scopes)?),
    }
    Ok(())
}

/// The name that a user of Supabase gave when signing up, if any.
fn full_name(metadata: &str) -> Option<String> {
    let metadata: Value = serde_json::from_str(metadata).ok()?;
    let name = metadata.get("full_name").or_else(|| metadata.get("name"))?;
    Some(name.as_str()?.to_owned())
}

/// A time in UTC, as PostgreSQL writes it: `2026-01-31 12:00:00.5+00`.
fn time(text: &str) -> Option<SystemTime> {
    let without_zone = text.strip_suffix("+00")?;
    humantime::parse_rfc3339_weak(without_zone).ok()
}

fn truth(text: &str) -> Result<bool, Reason> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "1" => Ok(true),
        "false" | "f" | "no" | "0" | "" => Ok(false),
        _ => Err(Reason::Unreadable(
            "disabled: it is neither true nor false".to_owned(),
        )),
    }
}

fn io_error(error: ::csv::Error) -> FileError {
    match error.into_kind() {
        ErrorKind::Io(error) => FileError::Io(error),
        // Records of any length, read as bytes, leave no other.
        other => FileError::Io(std::io::Error::other(format!("{other:?}"))),
    }
}
