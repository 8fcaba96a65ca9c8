//! What the fields of a user may be; a reason is a sentence for who filled them in.

use thiserror::Error;

use crate::{
    client::Client,
    password::Password,
    scope::Scope,
    subject::{self, Subject, SubjectError},
};

/// The fewest bytes of a new password (NIST SP 800-63B §3.1.1.2 counts
/// characters; bytes are never fewer).
pub const MIN_PASSWORD_BYTES: usize = 8;

/// The most characters of a full name.
const MAX_NAME_CHARS: usize = 255;

/// The most characters of a description.
const MAX_DESCRIPTION_CHARS: usize = 500;

/// The most characters of an e-mail address (RFC 5321 §4.5.3.1.3).
const MAX_EMAIL_CHARS: usize = 254;

/// A field that is not valid.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field}: {reason}")]
pub struct Unfit {
    /// Its name.
    pub field: &'static str,
    /// What it should be.
    pub reason: String,
}

impl Unfit {
    pub fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self {
            field,
            reason: reason.into(),
        }
    }
}

/// Names the field that was checked.
pub fn fit(field: &'static str, checked: Result<(), String>) -> Result<(), Unfit> {
    checked.map_err(|reason| Unfit { field, reason })
}

pub fn username(name: &str) -> Result<(), String> {
    if !subject::is_id(name) {
        return Err(
            "a username has 1 to 255 characters, none of them a control character".to_owned(),
        );
    }
    // Their paths are another's: `/users/me` is the caller, dots are navigation.
    if matches!(name, "me" | "." | "..") {
        return Err("this name cannot stand in a path".to_owned());
    }
    if name.trim() != name {
        return Err("a username does not begin or end with a blank".to_owned());
    }
    Ok(())
}

pub fn new_password(password: &[u8]) -> Result<(), String> {
    let length = password.len();
    if (MIN_PASSWORD_BYTES..=Password::MAX_BYTES).contains(&length) {
        return Ok(());
    }
    Err(format!(
        "a password has {MIN_PASSWORD_BYTES} to {} bytes; this one has {length}",
        Password::MAX_BYTES
    ))
}

pub fn email(address: &str) -> Result<(), String> {
    let has_odd_characters = address.chars().any(|c| c.is_control() || c.is_whitespace());
    let parts = address.rsplit_once('@');
    let has_parts = parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if has_parts && !has_odd_characters && address.chars().count() <= MAX_EMAIL_CHARS {
        return Ok(());
    }
    Err("this is not an e-mail address".to_owned())
}

pub fn full_name(name: &str) -> Result<(), String> {
    if name.chars().count() <= MAX_NAME_CHARS && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err("a name has at most 255 characters, none of them a control character".to_owned())
}

/// A language tag (RFC 5646 §2.1): subtags of letters and digits joined by hyphens,
/// the first of letters.
pub fn locale(tag: &str) -> Result<(), String> {
    let mut subtags = tag.split('-');
    let is_subtag = |text: &str| {
        (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let has_language = subtags.next().is_some_and(|language| {
        (2..=8).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    if has_language && subtags.all(is_subtag) && tag.len() <= 35 {
        return Ok(());
    }
    Err("must be a language tag, as `en` or `de-AT`".to_owned())
}

pub fn scope(name: &str) -> Result<(), String> {
    match Scope::parse(name) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// A scope of the catalogue; it has a path, where dots are navigation.
pub fn scope_name(name: &str) -> Result<(), String> {
    match name {
        "." | ".." => Err("this name cannot stand in a path".to_owned()),
        _ => scope(name),
    }
}

pub fn description(text: &str) -> Result<(), String> {
    if text.chars().count() <= MAX_DESCRIPTION_CHARS && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err("a description has at most 500 characters, none of them a control character".to_owned())
}

/// The id of an OAuth client: it is part of URLs and of `client:<id>`.
pub fn client_id(id: &str) -> Result<(), String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if id == Client::BUILTIN || matches!(id, "." | "..") {
        return Err("this id is taken".to_owned());
    }
    if (1..=255).contains(&id.len()) && id.bytes().all(is_plain) {
        return Ok(());
    }
    Err("a client id has 1 to 255 of A-Z, a-z, 0-9, `-`, `.`, `_` and `~`".to_owned())
}

/// A kind of subjects; those of users and clients are there already.
pub fn subject_kind(name: &str) -> Result<(), String> {
    if matches!(name, Subject::USERNAME | Subject::CLIENT) {
        return Err("this kind is built in".to_owned());
    }
    match subject::is_kind(name) {
        true => Ok(()),
        false => Err(SubjectError::BadKind.to_string()),
    }
}

/// An audience, or a resource (RFC 8707 §2): a URI without a fragment, or a name.
pub fn audience(text: &str) -> Result<(), String> {
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '#';
    if (1..=255).contains(&text.len()) && !text.contains(is_odd) {
        return Ok(());
    }
    Err("an audience has 1 to 255 characters, no blank and no fragment".to_owned())
}

pub fn token_name(name: &str) -> Result<(), String> {
    let length = name.chars().count();
    if (1..=MAX_NAME_CHARS).contains(&length) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err("a token's name has 1 to 255 characters, none of them a control character".to_owned())
}

/// A subject, `<kind>:<id>`.
pub fn subject(text: &str) -> Result<(), String> {
    match Subject::parse(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
