//! Users of a JSON document: an array of them, or an object with an array `users`, or an
//! array of such objects. They are read one by one.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeOwned, DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;
use tokio::sync::mpsc::Sender;

use super::{
    input::{FileError, Input},
    rows::{Entry, Place, Reason, Row},
    rules::Notes,
};

const EXPECTED: &str = "it must be an array of users, or an object with an array `users`";

/// Sends every user of a document; `put` says what a user becomes.
pub(super) fn send_users<U: DeserializeOwned>(
    input: &mut Input,
    rows: &Sender<Entry>,
    put: fn(U, &mut Row) -> Result<(), Reason>,
) -> Result<Notes, FileError> {
    let mut number = 0;
    let mut notes = Notes::default();
    let mut send = |user: Value| {
        number += 1;
        let entry = entry_of(Row::empty(Place::Row(number)), user, put, &mut notes);
        // The rest of a document is read even if the receiver is gone.
        let _ = rows.blocking_send(entry);
    };
    let mut document = serde_json::Deserializer::from_reader(input);
    let is_read = Users(&mut send).deserialize(&mut document);
    match is_read.and_then(|()| document.end()) {
        Ok(()) => Ok(notes),
        Err(error) if error.is_io() => Err(FileError::Io(error.into())),
        Err(error) => Err(FileError::Document(described(&error))),
    }
}

/// What is wrong with a document; what it says instead may be a hash, and is not repeated.
fn described(error: &serde_json::Error) -> String {
    if !error.is_data() {
        return error.to_string();
    }
    let (line, column) = (error.line(), error.column());
    format!("line {line} column {column}: {EXPECTED}")
}

/// A user of an export as a row.
pub(super) fn entry_of<U: DeserializeOwned>(
    mut row: Row,
    user: Value,
    put: fn(U, &mut Row) -> Result<(), Reason>,
    notes: &mut Notes,
) -> Entry {
    let text = |name| Some(user.get(name)?.as_str()?.to_owned());
    row.username = text("username").or_else(|| text("email"));
    // serde's own text may repeat a value.
    let unreadable = "a field is missing, or of another type than in such an export";
    let is_put = serde_json::from_value(user)
        .map_err(|_| Reason::Unreadable(unreadable.to_owned()))
        .and_then(|user| put(user, &mut row));
    notes.borrowed_names += u64::from(is_put.is_ok() && row.borrows_name);
    match is_put {
        Ok(()) => Ok(row),
        Err(reason) => Err(row.refusal(reason)),
    }
}

/// Hands each user of a document over.
struct Users<'a, F>(&'a mut F);

impl<'de, F: FnMut(Value)> DeserializeSeed<'de> for Users<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Value)> Visitor<'de> for Users<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let mut has_users = false;
        while let Some(key) = object.next_key::<String>()? {
            if key == "users" {
                has_users = true;
                object.next_value_seed(Users(&mut *self.0))?;
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        match has_users {
            true => Ok(()),
            false => Err(Error::missing_field("users")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        while let Some(mut element) = array.next_element::<Value>()? {
            match element.get_mut("users").map(Value::take) {
                Some(Value::Array(users)) => users.into_iter().for_each(&mut *self.0),
                _ => (self.0)(element),
            }
        }
        Ok(())
    }
}
