//! What the fields of a user may be.

use super::{Error, field};
use crate::{password::Password, subject};

/// The fewest bytes of a new password (NIST SP 800-63B §3.1.1.2 counts
/// characters; bytes are never fewer).
const MIN_PASSWORD_BYTES: usize = 8;

/// The most characters of a full name.
const MAX_NAME_CHARS: usize = 255;

/// The most characters of an e-mail address (RFC 5321 §4.5.3.1.3).
const MAX_EMAIL_CHARS: usize = 254;

pub(super) fn check_username(username: &str) -> Result<(), Error> {
    if !subject::is_id(username) {
        return Err(field(
            "username",
            "a username has 1 to 255 characters, none of them a control character",
        ));
    }
    // Their paths are another's: `/users/me` is the caller, dots are navigation.
    if matches!(username, "me" | "." | "..") {
        return Err(field("username", "this name cannot stand in a path"));
    }
    if username.trim() != username {
        return Err(field(
            "username",
            "a username does not begin or end with a blank",
        ));
    }
    Ok(())
}

pub(super) fn check_new_password(name: &'static str, password: &Password) -> Result<(), Error> {
    let length = password.as_bytes().len();
    if (MIN_PASSWORD_BYTES..=Password::MAX_BYTES).contains(&length) {
        return Ok(());
    }
    Err(field(
        name,
        format!(
            "a password has {MIN_PASSWORD_BYTES} to {} bytes; this one has {length}",
            Password::MAX_BYTES
        ),
    ))
}

pub(super) fn check_email(email: &str) -> Result<(), Error> {
    let has_odd_characters = email.chars().any(|c| c.is_control() || c.is_whitespace());
    let parts = email.rsplit_once('@');
    let has_parts = parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if has_parts && !has_odd_characters && email.chars().count() <= MAX_EMAIL_CHARS {
        return Ok(());
    }
    Err(field("email", "this is not an e-mail address"))
}

pub(super) fn check_full_name(name: &str) -> Result<(), Error> {
    if name.chars().count() <= MAX_NAME_CHARS && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(field(
        "full_name",
        "a name has at most 255 characters, none of them a control character",
    ))
}
