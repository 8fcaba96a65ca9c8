//! JSON lines: an object a line, with the keys `username`, `password_hash`,
//! `email`, `full_name`, `locale`, `disabled` and `scopes`, of which the first is required.

use serde_json::{Map, Value};
use tokio::sync::mpsc::Sender;

use crate::{
    password::PasswordHash,
    scope::{Scope, ScopeSet},
};

use super::{
    auth0, documents,
    input::{FileError, Input},
    lines::Lines,
    rows::{Entry, Place, Reason, Row},
    rules::Notes,
};

/// Sends every user of a file; blank lines are none.
pub(super) fn send_users(input: &mut Input, rows: &Sender<Entry>) -> Result<Notes, FileError> {
    send_lines(input, rows, |row, object, _| user_of(row, object))
}

/// Sends every user of what Auth0 exports.
pub(super) fn send_auth0_users(
    input: &mut Input,
    rows: &Sender<Entry>,
) -> Result<Notes, FileError> {
    send_lines(input, rows, |row, object, notes| {
        documents::entry_of(row, Value::Object(object), auth0::User::put, notes)
    })
}

fn send_lines(
    input: &mut Input,
    rows: &Sender<Entry>,
    entry_of: fn(Row, Map<String, Value>, &mut Notes) -> Entry,
) -> Result<Notes, FileError> {
    let mut notes = Notes::default();
    for line in Lines::new(input) {
        let line = line?;
        let row = Row::empty(Place::Line(line.number));
        let entry = match line.text {
            Ok(text) if text.trim().is_empty() => continue,
            Ok(text) => match serde_json::from_str(&text) {
                Ok(Value::Object(object)) => entry_of(row, object, &mut notes),
                _ => Err(row.refusal(unreadable("the line is not a JSON object"))),
            },
            Err(reason) => Err(row.refusal(Reason::Unreadable(reason.to_owned()))),
        };
        if rows.blocking_send(entry).is_err() {
            break;
        }
    }
    Ok(notes)
}

fn user_of(mut row: Row, object: Map<String, Value>) -> Entry {
    row.username = object
        .get("username")
        .and_then(Value::as_str)
        .map(str::to_owned);
    for (key, value) in object {
        if let Err(reason) = put(&mut row, &key, value) {
            return Err(row.refusal(reason));
        }
    }
    Ok(row)
}

fn put(row: &mut Row, key: &str, value: Value) -> Result<(), Reason> {
    match key {
        "username" => row.username = text(key, value)?,
        "password_hash" => {
            row.password_hash = Some(text(key, value)?.map(PasswordHash::from_stored));
        }
        "disabled" => match value {
            Value::Bool(disabled) => row.disabled = Some(disabled),
            _ => return Err(unreadable("disabled: it is neither true nor false")),
        },
        "scopes" => row.scopes = Some(scopes(value)?),
        _ => match row.profile.field_mut(key) {
            Some(field) => *field = Some(text(key, value)?),
            None => return Err(Reason::Unreadable(format!("there is no key `{key}`"))),
        },
    }
    Ok(())
}

fn text(key: &str, value: Value) -> Result<Option<String>, Reason> {
    match value {
        Value::String(text) => Ok(Some(text)),
        Value::Null => Ok(None),
        _ => Err(Reason::Unreadable(format!("{key}: it is not a text"))),
    }
}

fn scopes(value: Value) -> Result<ScopeSet, Reason> {
    let Value::Array(list) = value else {
        return Err(unreadable("scopes: it is not an array of texts"));
    };
    let parsed = list.iter().map(|value| {
        let text = value.as_str();
        let text = text.ok_or_else(|| unreadable("scopes: it is not an array of texts"))?;
        Scope::parse(text).map_err(Reason::Scopes)
    });
    parsed.collect()
}

fn unreadable(reason: &str) -> Reason {
    Reason::Unreadable(reason.to_owned())
}
