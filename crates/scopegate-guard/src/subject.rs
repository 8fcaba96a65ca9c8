//! Subjects: whom or what a token is about, `<kind>:<id>`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

/// The `sub` claim: a kind and an id, `username:johndoe`, `car:7f3a`. The kind
/// is `[a-z][a-z0-9-]{0,31}`; the id has 1 to 255 characters, none of them a
/// control character, and may contain `:`.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use scopegate_guard::subject::Subject;
///
/// let car = Subject::parse("car:7f3a")?;
/// assert_eq!((car.kind(), car.id()), ("car", "7f3a"));
/// assert_eq!(Subject::new(Subject::USERNAME, "johndoe")?.username(), Some("johndoe"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Subject {
    text: String,
    colon: usize,
}

/// Why a text is not a subject.
///
/// ```
/// use scopegate_guard::subject::{Subject, SubjectError};
///
/// assert_eq!(Subject::parse("johndoe"), Err(SubjectError::NoKind));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SubjectError {
    /// A subject is `<kind>:<id>`, as in `car:7f3a`.
    #[error("a subject is `<kind>:<id>`, as in `car:7f3a`")]
    NoKind,
    /// A kind is 1 to 32 of a-z, 0-9 and `-`, and begins with a letter.
    #[error("a kind has 1 to 32 of the characters a-z, 0-9 and `-`, and must begin with a letter")]
    BadKind,
    /// An id has 1 to 255 characters, none of them a control character.
    #[error("an id has 1 to 255 characters, none of them a control character")]
    BadId,
}

impl Subject {
    /// The kind of users' subjects.
    pub const USERNAME: &'static str = "username";
    /// The kind of OAuth clients' subjects.
    pub const CLIENT: &'static str = "client";
    /// The most characters that an id may have.
    pub const MAX_ID_CHARS: usize = 255;

    /// A subject of its two parts.
    pub fn new(kind: &str, id: &str) -> Result<Self, SubjectError> {
        if !is_kind(kind) {
            return Err(SubjectError::BadKind);
        }
        if !is_id(id) {
            return Err(SubjectError::BadId);
        }
        Ok(Self {
            text: format!("{kind}:{id}"),
            colon: kind.len(),
        })
    }

    /// Reads `<kind>:<id>`; the first colon separates.
    pub fn parse(text: &str) -> Result<Self, SubjectError> {
        let (kind, id) = text.split_once(':').ok_or(SubjectError::NoKind)?;
        Self::new(kind, id)
    }

    /// The part before the first colon.
    pub fn kind(&self) -> &str {
        &self.text[..self.colon]
    }

    /// The part behind the first colon.
    pub fn id(&self) -> &str {
        &self.text[self.colon + 1..]
    }

    /// The name of the user that this is about, if it is about a user.
    pub fn username(&self) -> Option<&str> {
        (self.kind() == Self::USERNAME).then(|| self.id())
    }

    /// The whole subject.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Whether the text is a subject kind.
///
/// ```
/// assert!(scopegate_guard::subject::is_kind("car"));
/// ```
pub fn is_kind(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && text.len() <= 32
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Whether the text is the id of a subject.
///
/// ```
/// assert!(!scopegate_guard::subject::is_id("two\nlines"));
/// ```
pub fn is_id(text: &str) -> bool {
    let length = text.chars().take(Subject::MAX_ID_CHARS + 1).count();
    (1..=Subject::MAX_ID_CHARS).contains(&length) && !text.chars().any(char::is_control)
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.text
    }
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        Self::parse(text)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_colon_separates_kind_and_id() {
        let subject = Subject::parse("car:a:b").unwrap();
        assert_eq!((subject.kind(), subject.id()), ("car", "a:b"));
    }

    #[test]
    fn subjects_of_the_same_id_and_other_kinds_differ() {
        let of = |text| Subject::parse(text).unwrap();
        assert_ne!(of("car:foo"), of("post:foo"));
        assert_ne!(of("car:foo"), of("username:foo"));
    }

    #[test]
    fn what_is_not_kind_and_id_is_refused() {
        let long = format!("car:{}", "x".repeat(256));
        for bad in [
            "", "johndoe", ":x", "car:", "Car:x", "1car:x", "car:a\nb", &long,
        ] {
            assert!(Subject::parse(bad).is_err(), "{bad:?}");
        }
    }
}
