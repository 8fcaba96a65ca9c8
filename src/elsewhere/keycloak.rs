//! What `kc.sh export` writes: a realm, or a file of its users, whose passwords are PBKDF2
//! or Argon2. Both become the notation of the PHC.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::password::PasswordHash;

use super::rows::{Reason, Row};

/// What is read of a user.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    username: Option<String>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    credentials: Vec<Credential>,
    #[serde(default)]
    attributes: BTreeMap<String, Vec<String>>,
}

fn yes() -> bool {
    true
}

/// The two texts are JSON within the JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    r#type: String,
    secret_data: Option<String>,
    credential_data: Option<String>,
}

#[derive(Deserialize)]
struct SecretData {
    value: String,
    salt: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialData {
    algorithm: String,
    hash_iterations: u64,
    #[serde(default)]
    additional_parameters: BTreeMap<String, Vec<String>>,
}

impl User {
    pub(super) fn put(self, row: &mut Row) -> Result<(), Reason> {
        row.username = self.username;
        let names: Vec<String> = [self.first_name, self.last_name]
            .into_iter()
            .flatten()
            .collect();
        row.profile.full_name = Some(Some(names.join(" ")));
        row.profile.email = Some(self.email);
        let locale = self
            .attributes
            .get("locale")
            .and_then(|values| values.first());
        row.profile.locale = Some(locale.cloned());
        row.disabled = Some(!self.enabled);
        let mut passwords = self
            .credentials
            .into_iter()
            .filter(|one| one.r#type == "password");
        row.password_hash = Some(match passwords.next() {
            Some(password) => Some(password.hash().ok_or_else(|| {
                let reason = "the password is not of the form that Keycloak exports";
                Reason::Unreadable(reason.to_owned())
            })?),
            None => None,
        });
        Ok(())
    }
}

impl Credential {
    fn hash(self) -> Option<PasswordHash> {
        let secret: SecretData = serde_json::from_str(&self.secret_data?).ok()?;
        let data: CredentialData = serde_json::from_str(&self.credential_data?).ok()?;
        let (salt, value) = (unpadded(&secret.salt), unpadded(&secret.value));
        let iterations = data.hash_iterations;
        let name = data.algorithm.as_str();
        let hash = if name == "argon2" {
            let parameter = |name| data.additional_parameters.get(name)?.first();
            let (kind, memory) = (parameter("type")?, parameter("memory")?);
            let lanes = parameter("parallelism")?;
            let version = match parameter("version")?.as_str() {
                "1.0" => 16,
                _ => 19,
            };
            format!("$argon2{kind}$v={version}$m={memory},t={iterations},p={lanes}${salt}${value}")
        } else {
            // Unknown names are refused where the hash is read.
            format!("${name}$i={iterations}${salt}${value}")
        };
        Some(PasswordHash::from_stored(hash))
    }
}

fn unpadded(base64: &str) -> &str {
    base64.trim_end_matches('=')
}
