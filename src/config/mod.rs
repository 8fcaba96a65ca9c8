//! Settings: their names, defaults and checks, and where each value came from.
//!
//! A setting has one name in all sources: `listen` in `scopegate.toml`,
//! `SCOPEGATE_LISTEN` in the environment, `--listen` as a flag. The table
//! [`SETTINGS`] is the one list of them.

mod brand;
mod check;
mod file;
mod layers;
mod settings;
mod user_source;

use std::{collections::BTreeMap, fmt, net::SocketAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;
use thiserror::Error;

use crate::{
    documents::Allowed,
    elsewhere::SharedSource,
    password::{CurrentScheme, FirebaseProject, SiteSalt},
    scope::{Scope, ScopeSet},
    secret::Secret,
    token::{Algorithm, KeyEncryptionKey},
};

pub use brand::{Brand, Color, Logo};
pub use file::{DEFAULT_FILE, read_file};
pub use layers::Layers;
pub use settings::{SETTINGS, Setting};

/// The texts of settings by name, from one source.
pub type Layer = BTreeMap<&'static str, String>;

/// Where a value came from; later ones win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Default,
    File,
    Environment,
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Flag => "flag",
        })
    }
}

/// Why a configuration is refused.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("{path}: {reason}")]
    File { path: PathBuf, reason: String },
    #[error("{path}: `{key}` is not a setting{}", .nearest.as_ref().map(|name| format!(": is `{name}` meant?")).unwrap_or_default())]
    UnknownKey {
        path: PathBuf,
        key: String,
        /// The setting whose name is most like it.
        nearest: Option<String>,
    },
    #[error("{key}: {reason}")]
    Value { key: &'static str, reason: String },
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Who may register clients (RFC 7591).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationMode {
    /// Operators alone, by command and API.
    Off,
    /// Holders of an initial access token.
    Token,
    /// Anybody.
    Open,
}

/// How near what is in memory is to what is in the database.
#[derive(Clone, Copy, Debug)]
pub struct Freshness {
    /// How often the change log is looked at where nothing is announced.
    pub poll_interval: Duration,
    /// How long tokens are accepted without news from the change log.
    pub max_staleness: Duration,
}

/// Every setting, checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    /// Where the server can be watched, if anywhere.
    pub admin_listen: Option<SocketAddr>,
    pub issuer: String,
    pub audience: String,
    pub database_url: Secret,
    pub signing_algorithm: Algorithm,
    /// The secret of HS256; none for the other algorithms.
    pub signing_secret: Option<Secret>,
    /// What private signing keys are encrypted with, if anything.
    pub key_encryption_key: Option<KeyEncryptionKey>,
    pub access_token_ttl: Duration,
    pub refresh_token_ttl: Duration,
    /// How long the refresh tokens of one login go on.
    pub max_refresh_ttl: Duration,
    /// How long a spent refresh token serves its client at the same address once more.
    pub refresh_grace: Duration,
    /// The longest life of personal and minted tokens.
    pub max_token_ttl: Duration,
    /// How many live personal tokens a user may have.
    pub max_personal_tokens: u32,
    /// How long tokens are kept in the database behind their end.
    pub keep_expired_tokens: Duration,
    pub keep_audit_log: Duration,
    pub audit_stream: Option<PathBuf>,
    /// The longest life of a session in a browser.
    pub session_ttl: Duration,
    /// How long such a session may lie unused.
    pub session_idle_ttl: Duration,
    /// Whether clients may register themselves.
    pub registration: RegistrationMode,
    /// Whether clients may be known by a document at their id, and which addresses that
    /// are not public it may be fetched from.
    pub client_metadata_documents: Option<Allowed>,
    /// What such clients may ask for; empty for the default.
    pub registration_scopes: ScopeSet,
    /// The audiences beside `audience` that tokens may be asked for.
    pub allowed_audiences: Vec<String>,
    /// What the pages show of the team.
    pub brand: Brand,
    pub password_scheme: CurrentScheme,
    /// Whether new passwords that would soon be guessed are refused.
    pub password_check: bool,
    /// The salt of a Flask-Security site, if users came from one.
    pub flask_security_salt: Option<SiteSalt>,
    /// The parameters of a Firebase project, if users came from one.
    pub firebase: Option<FirebaseProject>,
    /// What members of a Django group or a Flask role may hold.
    pub group_scopes: Vec<(String, Scope)>,
    /// Whose table the users are in, if not Scopegate's own.
    pub shared_users: Option<SharedSource>,
    pub password_grant: bool,
    /// Whether ID tokens are given and `/userinfo` answers.
    pub openid_connect: bool,
    pub hash_workers: usize,
    pub hash_queue: usize,
    pub freshness: Freshness,
    /// How long requests are taken after the signal to stop.
    pub shutdown_delay: Duration,
    pub cors_origins: Vec<String>,
    pub trusted_proxies: Vec<IpNet>,
    pub tls: Option<TlsFiles>,
    pub log: String,
    pub log_format: LogFormat,
}

/// Where a protected resource describes itself (RFC 9728 §3).
pub const RESOURCE_METADATA: &str = "oauth-protected-resource";

impl Config {
    /// The path of the issuer's address, without a slash at its end: everything is found
    /// below it.
    pub fn base_path(&self) -> &str {
        let host = self.issuer.find("://").map_or(0, |at| at + 3);
        let path = self.issuer[host..].find('/').map(|at| host + at);
        path.map_or("", |at| &self.issuer[at..])
    }

    /// The address of a well-known document: its name goes between the issuer's host and
    /// its path (RFC 8414 §3, RFC 9728 §3.1).
    pub fn well_known(&self, name: &str) -> String {
        let path = self.base_path();
        let origin = self.issuer.strip_suffix(path);
        let origin = origin.unwrap_or(&self.issuer);
        format!("{origin}/.well-known/{name}{path}")
    }
}

/// The files of a certificate chain and its key, both PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    pub certificates: PathBuf,
    pub key: PathBuf,
}

/// How strict the checks are: a throwaway database may have weak hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Serve,
    Demo,
}

/// The name that a misspelt one is most like, if it is like any.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let likeness = |known: &str| strsim::jaro_winkler(name, known);
    let alike = known.map(|known| (likeness(known), known));
    let (likeness, known) = alike.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (likeness > 0.9).then(|| known.to_owned())
}
