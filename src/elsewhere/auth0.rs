//! What Auth0 exports: an object a line, with the password's bcrypt hash where the export was
//! asked for with hashes.

use serde::Deserialize;

use crate::password::PasswordHash;

use super::rows::{Reason, Row};

/// What is read of a user.
#[derive(Deserialize)]
pub(super) struct User {
    username: Option<String>,
    email: Option<String>,
    name: Option<String>,
    #[serde(rename = "passwordHash")]
    password_hash: Option<String>,
    #[serde(default)]
    blocked: bool,
}

impl User {
    pub(super) fn put(self, row: &mut Row) -> Result<(), Reason> {
        row.borrows_name = self.username.is_none();
        row.username = self.username.or_else(|| self.email.clone());
        // Auth0 calls a user without a name by the e-mail address.
        let name = self.name.filter(|name| Some(name) != self.email.as_ref());
        row.profile.full_name = Some(name);
        row.profile.email = Some(self.email);
        row.password_hash = Some(self.password_hash.map(PasswordHash::from_stored));
        row.disabled = Some(self.blocked);
        Ok(())
    }
}
