//! The file: TOML, YAML or JSON.

use std::{
    env, fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::{
    client::{Authentication, Client, GrantType},
    scope::ScopeSet,
    secret::Secret,
    store::{ScopeRow, SubjectKindRow, UserRow},
    text,
};

/// A set-up as a file says it. A section that is not there says nothing.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scopes: Option<Vec<ScopeEntry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject_kinds: Option<Vec<KindEntry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) clients: Option<Vec<ClientEntry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) users: Option<Vec<UserEntry>>,
    /// What files that entries name are relative to.
    #[serde(skip)]
    pub(super) directory: PathBuf,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScopeEntry {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KindEntry {
    pub kind: String,
    #[serde(default)]
    pub scopes: ScopeSet,
}

/// A client, by the names of its metadata (RFC 7591). A field that is not there is left as
/// it is; a new client has its default.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ClientEntry {
    pub client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<String>,
    #[serde(skip_serializing)]
    pub secret_file: Option<PathBuf>,
    #[serde(skip_serializing)]
    pub secret_variable: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<ScopeSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_scopes: Option<ScopeSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audiences: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uris: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_logout_redirect_uris: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_party: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// A user. A field that is not there is left as it is; an empty text empties it. The
/// password counts when the user is added, and not later.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct UserEntry {
    pub username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// `*` is every scope of the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<ScopeSet>,
    #[serde(skip_serializing)]
    pub password_hash: Option<String>,
    #[serde(skip_serializing)]
    pub password_file: Option<PathBuf>,
    #[serde(skip_serializing)]
    pub password_variable: Option<String>,
}

impl From<ScopeRow> for ScopeEntry {
    fn from(scope: ScopeRow) -> Self {
        Self {
            name: scope.name,
            description: Some(scope.description),
        }
    }
}

impl From<SubjectKindRow> for KindEntry {
    fn from(kind: SubjectKindRow) -> Self {
        Self {
            kind: kind.name,
            scopes: kind.scopes,
        }
    }
}

impl From<&Client> for ClientEntry {
    fn from(client: &Client) -> Self {
        let texts = |uris: &[_]| Some(uris.iter().map(ToString::to_string).collect());
        let grants = client.grants.iter().copied().map(GrantType::name);
        Self {
            client_id: client.id.clone(),
            client_name: Some(client.name.clone()),
            token_endpoint_auth_method: Some(client.authentication.name().to_owned()),
            jwks: match &client.authentication {
                Authentication::PrivateKey(jwks) => serde_json::from_str(jwks).ok(),
                Authentication::None | Authentication::Secret(_) => None,
            },
            grant_types: Some(grants.map(str::to_owned).collect()),
            scopes: Some(client.scopes.clone()),
            default_scopes: Some(client.default_scopes.clone()),
            audiences: Some(client.audiences.clone()),
            application_type: Some(client.application_type.name().to_owned()),
            redirect_uris: texts(&client.redirect_uris),
            post_logout_redirect_uris: texts(&client.post_logout_redirect_uris),
            first_party: Some(client.first_party),
            disabled: Some(client.disabled),
            ..Self::default()
        }
    }
}

impl From<UserRow> for UserEntry {
    fn from(user: UserRow) -> Self {
        Self {
            username: user.username,
            email: user.profile.email,
            full_name: user.profile.full_name,
            locale: user.profile.locale,
            disabled: Some(user.disabled),
            scopes: Some(user.scopes),
            ..Self::default()
        }
    }
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Toml,
    Yaml,
    Json,
}

/// Why a file cannot be read.
#[derive(Debug, Error)]
pub enum SetupFileError {
    #[error("{name}: {error}")]
    File { name: String, error: io::Error },
    #[error("{name}: {reason}")]
    Unfit { name: String, reason: String },
}

/// Reads a file, or standard input (`-`), in the format of its extension, or else in
/// whichever it is.
pub fn read(name: &str) -> Result<Setup, SetupFileError> {
    let failed = |error| SetupFileError::File {
        name: name.to_owned(),
        error,
    };
    let text = match name {
        "-" => text::read(io::stdin()),
        path => text::read_file(Path::new(path)),
    };
    let text = text.map_err(failed)?;
    let extension = Path::new(name).extension().and_then(|text| text.to_str());
    let parsed = match extension {
        Some("toml") => from_toml(&text),
        Some("json") => from_json(&text),
        Some("yaml" | "yml") => from_yaml(&text),
        _ if text.trim_start().starts_with('{') => from_json(&text),
        _ if text.parse::<toml::Table>().is_ok() => from_toml(&text),
        _ => from_yaml(&text),
    };
    let setup = parsed.map_err(|reason| SetupFileError::Unfit {
        name: name.to_owned(),
        reason,
    })?;
    let directory = Path::new(name).parent().unwrap_or_else(|| Path::new(""));
    Ok(Setup {
        directory: directory.to_owned(),
        ..setup
    })
}

/// Its error would show the line, in which a secret may stand.
fn from_toml(text: &str) -> Result<Setup, String> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        format!("line {line}: {}", error.message())
    })
}

fn from_json(text: &str) -> Result<Setup, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn from_yaml(text: &str) -> Result<Setup, String> {
    serde_yaml_ng::from_str(text).map_err(|error| error.to_string())
}

impl Setup {
    /// Writes it.
    pub fn write(&self, format: Format) -> Result<String, String> {
        match format {
            Format::Toml => toml::to_string(self).map_err(|error| error.to_string()),
            Format::Yaml => serde_yaml_ng::to_string(self).map_err(|error| error.to_string()),
            Format::Json => serde_json::to_string_pretty(self)
                .map(|text| text + "\n")
                .map_err(|error| error.to_string()),
        }
    }

    /// The secret that a file or a variable has, whichever is named.
    pub(super) fn secret(
        &self,
        file: Option<&Path>,
        variable: Option<&str>,
    ) -> Result<Option<Secret>, String> {
        let text = match (file, variable) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err("a file or a variable, not both".to_owned()),
            (Some(file), None) => {
                let path = self.directory.join(file);
                let read = fs::File::open(&path).and_then(read_line);
                read.map_err(|error| format!("{}: {error}", path.display()))?
            }
            (None, Some(name)) => {
                env::var(name).map_err(|_| format!("the variable {name} is not set"))?
            }
        };
        Ok(Some(Secret::new(text)))
    }
}

/// A text without the line break at its end.
fn read_line(mut file: impl Read) -> io::Result<String> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
}
