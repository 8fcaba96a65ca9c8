//! CSV (RFC 4180) with a header: the columns `username`, `password_hash`,
//! `email`, `full_name`, `locale`, `disabled` and `scopes` (separated by spaces) in any
//! order, of which the first is required.

use ::csv::{ByteRecord, ErrorKind, ReaderBuilder};
use tokio::sync::mpsc::Sender;

use crate::{password::PasswordHash, profile::Profile, scope::ScopeSet};

use super::{
    input::{FileError, Input},
    rows::{Entry, Place, Reason, Row},
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Username,
    PasswordHash,
    /// A field of the profile, by its name.
    Profile(&'static str),
    Disabled,
    Scopes,
}

impl Column {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "username" => Self::Username,
            "password_hash" => Self::PasswordHash,
            "disabled" => Self::Disabled,
            "scopes" => Self::Scopes,
            _ => Self::Profile(Profile::FIELDS.into_iter().find(|field| *field == name)?),
        })
    }
}

/// Sends every user of a file.
pub(super) fn send_users(input: &mut Input, rows: &Sender<Entry>) -> Result<(), FileError> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(input);
    let columns = columns(reader.byte_headers().map_err(io_error)?)?;
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(io_error)? {
        let line = record.position().map_or(0, ::csv::Position::line);
        let entry = entry_of(Row::empty(Place::Line(line)), &columns, &record);
        if rows.blocking_send(entry).is_err() {
            break;
        }
    }
    Ok(())
}

fn columns(header: &ByteRecord) -> Result<Vec<Column>, FileError> {
    let mut columns = Vec::new();
    for name in header {
        let name = String::from_utf8_lossy(name);
        let column = Column::named(name.trim()).ok_or_else(|| unknown(&name))?;
        if columns.contains(&column) {
            return Err(FileError::Header(format!("`{name}` is repeated")));
        }
        columns.push(column);
    }
    if columns.contains(&Column::Username) {
        return Ok(columns);
    }
    Err(FileError::Header("`username` is not among them".to_owned()))
}

/// What stands where a header should be may be a hash, which is not shown.
fn unknown(name: &str) -> FileError {
    let is_word = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_- ".contains(&byte));
    let name = if is_word { name } else { "…" };
    FileError::Header(format!(
        "`{name}` is none of username, password_hash, email, full_name, locale, disabled, scopes"
    ))
}

fn entry_of(mut row: Row, columns: &[Column], record: &ByteRecord) -> Entry {
    let (found, expected) = (record.len(), columns.len());
    let mut put_all = || {
        if found != expected {
            let reason = format!("it has {found} fields where the header has {expected}");
            return Err(Reason::Unreadable(reason));
        }
        for (column, field) in columns.iter().zip(record) {
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
        Column::Disabled => row.disabled = Some(truth(text)?),
        Column::Scopes => row.scopes = Some(ScopeSet::parse(text).map_err(Reason::Scopes)?),
    }
    Ok(())
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
