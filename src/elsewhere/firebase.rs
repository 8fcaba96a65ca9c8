//! What `firebase auth:export users.json` writes: a document whose `users` have Firebase's
//! scrypt and its salt, in base64.

use serde::Deserialize;

use crate::password::PasswordHash;

use super::rows::{Reason, Row};

/// What is read of a user.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    local_id: Option<String>,
    email: Option<String>,
    display_name: Option<String>,
    password_hash: Option<String>,
    salt: Option<String>,
    #[serde(default)]
    disabled: bool,
}

impl User {
    pub(super) fn put(self, row: &mut Row) -> Result<(), Reason> {
        row.borrows_name = self.email.is_some();
        row.username = self.email.clone().or(self.local_id);
        row.profile.full_name = Some(self.display_name);
        row.profile.email = Some(self.email);
        let hash = self.password_hash.filter(|hash| !hash.is_empty());
        row.password_hash = Some(hash.map(|hash| {
            let salt = self.salt.unwrap_or_default();
            PasswordHash::from_stored(format!("$firebase-scrypt${salt}${hash}"))
        }));
        row.disabled = Some(self.disabled);
        Ok(())
    }
}
