//! Settings: their names, defaults and checks, and where each value came from.
//!
//! A setting has one name in all sources: `listen` in `scopegate.toml`,
//! `SCOPEGATE_LISTEN` in the environment, `--listen` as a flag. The table
//! [`SETTINGS`] is the one list of them.

mod file;
mod settings;
mod user_source;

use std::{
    collections::BTreeMap, fmt, fs, net::SocketAddr, path::PathBuf, str::FromStr, thread,
    time::Duration,
};

use ipnet::IpNet;
use thiserror::Error;

use crate::{
    elsewhere::SharedSource,
    password::{CurrentScheme, SiteSalt},
    scope::Scope,
    secret::Secret,
    store,
    token::{Algorithm, KeyEncryptionKey},
};

pub use file::{DEFAULT_FILE, read_file};
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

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Every setting, checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
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
    /// The longest life of personal and minted tokens.
    pub max_token_ttl: Duration,
    /// How many live personal tokens a user may have.
    pub max_personal_tokens: u32,
    /// How long tokens are kept in the database behind their end.
    pub keep_expired_tokens: Duration,
    /// The longest life of a session in a browser.
    pub session_ttl: Duration,
    /// How long such a session may lie unused.
    pub session_idle_ttl: Duration,
    /// The audiences beside `audience` that tokens may be asked for.
    pub allowed_audiences: Vec<String>,
    pub password_scheme: CurrentScheme,
    /// Whether new passwords that would soon be guessed are refused.
    pub password_check: bool,
    /// The salt of a Flask-Security site, if users came from one.
    pub flask_security_salt: Option<SiteSalt>,
    /// What members of a Django group or a Flask role may hold.
    pub group_scopes: Vec<(String, Scope)>,
    /// Whose table the users are in, if not Scopegate's own.
    pub shared_users: Option<SharedSource>,
    pub password_grant: bool,
    /// Whether ID tokens are given and `/userinfo` answers.
    pub openid_connect: bool,
    pub hash_workers: usize,
    pub hash_queue: usize,
    pub cors_origins: Vec<String>,
    pub trusted_proxies: Vec<IpNet>,
    pub tls: Option<TlsFiles>,
    pub log: String,
    pub log_format: LogFormat,
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

/// The texts that a configuration is made of, each with its source.
#[derive(Debug, Default)]
pub struct Layers(BTreeMap<&'static str, (String, Source)>);

impl Layers {
    /// The defaults.
    pub fn new() -> Self {
        let mut layers = Self::default();
        let defaults = SETTINGS
            .iter()
            .filter_map(|setting| Some((setting.name, setting.default?.to_owned())))
            .collect();
        layers.add(Source::Default, defaults);
        layers
    }

    /// Lays values over those that are there.
    pub fn add(&mut self, source: Source, layer: Layer) {
        for (name, value) in layer {
            self.0.insert(name, (value, source));
        }
    }

    /// Where no issuer is set it follows a loopback `listen`: who serves on another
    /// port is reached there.
    pub fn follow_listen(&mut self) {
        let listen = self.text("listen").and_then(|text| text.parse().ok());
        let Some((_, Source::Default)) = self.get("issuer") else {
            return;
        };
        let is_fixed = |listen: &SocketAddr| listen.ip().is_loopback() && listen.port() != 0;
        if let Some(listen) = listen.filter(is_fixed) {
            let issuer = format!("http://{listen}");
            self.add(Source::Default, Layer::from([("issuer", issuer)]));
        }
    }

    /// The value of a setting and its source, if it has one.
    pub fn get(&self, name: &str) -> Option<(&str, Source)> {
        self.0
            .get(name)
            .map(|(value, source)| (value.as_str(), *source))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(|(value, _)| value)
    }

    fn parse<T: FromStr>(&self, key: &'static str, what: &str) -> Result<T, ConfigError> {
        let text = self.text(key).unwrap_or_default();
        text.parse().map_err(|_| ConfigError::Value {
            key,
            reason: format!("`{text}` is not {what}"),
        })
    }

    fn list<T: FromStr>(&self, key: &'static str, what: &str) -> Result<Vec<T>, ConfigError> {
        let words = self.text(key).unwrap_or_default().split(',').map(str::trim);
        words
            .filter(|word| !word.is_empty())
            .map(|word| {
                word.parse().map_err(|_| ConfigError::Value {
                    key,
                    reason: format!("`{word}` is not {what}"),
                })
            })
            .collect()
    }

    fn duration(&self, key: &'static str) -> Result<Duration, ConfigError> {
        let text = self.text(key).unwrap_or_default();
        match humantime::parse_duration(text) {
            Ok(duration) if duration.as_secs() > 0 => Ok(duration),
            _ => Err(ConfigError::Value {
                key,
                reason: format!("`{text}` is not a time of a second or more, as in `30m` or `7d`"),
            }),
        }
    }

    /// Checks everything and gives the configuration.
    pub fn check(&self, purpose: Purpose) -> Result<Config, ConfigError> {
        let signing_algorithm = self.parse("signing-algorithm", "ES256, EdDSA, RS256 or HS256")?;
        let listen: SocketAddr =
            self.parse("listen", "an address and port, as in 127.0.0.1:8000")?;
        if let Some((_, Source::Default)) = self.get("issuer")
            && !listen.ip().is_loopback()
        {
            return Err(value(
                "issuer",
                "must be set where `listen` is beyond loopback: the https URL that clients know \
                 this server by",
            ));
        }
        let issuer = self.issuer()?;
        let audience = self.text("audience").unwrap_or(&issuer).to_owned();
        Ok(Config {
            listen,
            audience,
            issuer,
            database_url: self.database_url()?,
            signing_algorithm,
            signing_secret: self.signing_secret(signing_algorithm)?,
            key_encryption_key: self.key_encryption_key()?,
            access_token_ttl: self.duration("access-token-ttl")?,
            refresh_token_ttl: self.duration("refresh-token-ttl")?,
            max_token_ttl: self.duration("max-token-ttl")?,
            max_personal_tokens: self.parse("max-personal-tokens", "a number")?,
            keep_expired_tokens: self.duration("keep-expired-tokens")?,
            session_ttl: self.duration("session-ttl")?,
            session_idle_ttl: self.duration("session-idle-ttl")?,
            allowed_audiences: self.list("allowed-audience", "a text")?,
            password_scheme: self.password_scheme(purpose)?,
            password_check: self.switch("password-check")?,
            flask_security_salt: self.flask_security_salt()?,
            group_scopes: self.group_scopes()?,
            shared_users: match purpose {
                Purpose::Serve => self.shared_users()?,
                Purpose::Demo => None,
            },
            password_grant: self.switch("password-grant")?,
            openid_connect: self.switch("openid-connect")? && signing_algorithm != Algorithm::Hs256,
            hash_workers: self.hash_workers()?,
            hash_queue: self.parse("hash-queue", "a number")?,
            cors_origins: self.cors_origins()?,
            trusted_proxies: self.list("trusted-proxy", "a network, as in 10.0.0.0/8")?,
            tls: self.tls()?,
            log: self.text("log").unwrap_or_default().to_owned(),
            log_format: match self.text("log-format") {
                Some("json") => LogFormat::Json,
                Some("text") => LogFormat::Text,
                other => return Err(refuse("log-format", other, "text or json")),
            },
        })
    }

    fn database_url(&self) -> Result<Secret, ConfigError> {
        let key = "database-url";
        let url = self.text(key).unwrap_or_default();
        if store::can_open(url) {
            return Ok(Secret::new(url));
        }
        // The text may hold a password, so it is not repeated.
        Err(value(
            key,
            "it begins with neither `sqlite:` nor `postgres://`",
        ))
    }

    /// An issuer is an https URL without query and fragment (RFC 8414 §2);
    /// http will do on loopback.
    fn issuer(&self) -> Result<String, ConfigError> {
        let issuer = self.text("issuer").unwrap_or_default();
        let refuse = |reason: &str| {
            let reason = format!("`{issuer}` {reason}");
            Err(ConfigError::Value {
                key: "issuer",
                reason,
            })
        };
        let Ok(uri) = issuer.parse::<poem::http::Uri>() else {
            return refuse("is not a URL");
        };
        let host = uri.host().unwrap_or_default();
        if host.is_empty() || issuer.contains(['?', '#', '@']) || issuer.ends_with('/') {
            return refuse(
                "is not a URL of scheme and host, without user, query, fragment or a slash at its end",
            );
        }
        match uri.scheme_str() {
            Some("https") => Ok(issuer.to_owned()),
            Some("http") if matches!(host, "localhost" | "127.0.0.1" | "[::1]") => {
                Ok(issuer.to_owned())
            }
            _ => refuse("is not https, which is required of all but loopback addresses"),
        }
    }

    /// A secret that is set as it is or in a file, without the file's last line end.
    fn secret_text(
        &self,
        key: &'static str,
        file_key: &'static str,
    ) -> Result<Option<String>, ConfigError> {
        match (self.text(key), self.text(file_key)) {
            (Some(_), Some(_)) => Err(value(
                key,
                format!("it is set beside {file_key}: one of them, please"),
            )),
            (Some(secret), None) => Ok(Some(secret.to_owned())),
            (None, Some(path)) => fs::read_to_string(path)
                .map(|text| Some(text.trim_end_matches(['\r', '\n']).to_owned()))
                .map_err(|error| value(file_key, format!("{path}: {error}"))),
            (None, None) => Ok(None),
        }
    }

    fn signing_secret(&self, algorithm: Algorithm) -> Result<Option<Secret>, ConfigError> {
        let key = "signing-secret";
        match self.secret_text(key, "signing-secret-file")? {
            None if algorithm == Algorithm::Hs256 => Err(value(
                key,
                "HS256 needs a secret: `openssl rand -hex 32` makes one",
            )),
            None => Ok(None),
            Some(_) if algorithm != Algorithm::Hs256 => Err(value(key, "only HS256 has a secret")),
            Some(secret) => Secret::for_signing(&secret)
                .map(Some)
                .map_err(|reason| value(key, reason)),
        }
    }

    fn key_encryption_key(&self) -> Result<Option<KeyEncryptionKey>, ConfigError> {
        let key = "key-encryption-key";
        let text = self.secret_text(key, "key-encryption-key-file")?;
        let parsed = text.map(|text| text.parse()).transpose();
        parsed.map_err(|_| {
            value(
                key,
                "it has 64 hexadecimal digits: `scopegate key generate --secret` makes one",
            )
        })
    }

    fn flask_security_salt(&self) -> Result<Option<SiteSalt>, ConfigError> {
        let key = "flask-security-salt";
        match self.secret_text(key, "flask-security-salt-file")? {
            Some(salt) if salt.is_empty() => Err(value(key, "it is empty")),
            salt => Ok(salt.map(SiteSalt::new)),
        }
    }

    fn group_scopes(&self) -> Result<Vec<(String, Scope)>, ConfigError> {
        let key = "group-scope";
        let entries: Vec<String> = self.list(key, "a text")?;
        let parsed = entries.into_iter().map(|entry| {
            let (group, scope) = entry
                .split_once('=')
                .ok_or_else(|| value(key, format!("`{entry}` is not of the form GROUP=SCOPE")))?;
            let scope =
                Scope::parse(scope).map_err(|error| value(key, format!("`{entry}`: {error}")))?;
            Ok((group.to_owned(), scope))
        });
        parsed.collect()
    }

    fn password_scheme(&self, purpose: Purpose) -> Result<CurrentScheme, ConfigError> {
        let cost: u32 = self.parse("bcrypt-cost", "a number")?;
        let least = if purpose == Purpose::Demo { 4 } else { 10 };
        match self.text("password-scheme") {
            Some("argon2id") => Ok(CurrentScheme::ARGON2ID),
            Some("bcrypt") if (least..=16).contains(&cost) => Ok(CurrentScheme::Bcrypt { cost }),
            Some("bcrypt") => Err(value(
                "bcrypt-cost",
                format!("{cost} is not between {least} and 16"),
            )),
            other => Err(refuse("password-scheme", other, "bcrypt or argon2id")),
        }
    }

    fn hash_workers(&self) -> Result<usize, ConfigError> {
        match self.text("hash-workers") {
            Some("cores") | None => Ok(thread::available_parallelism().map_or(1, Into::into)),
            Some(_) => match self.parse("hash-workers", "a number or `cores`")? {
                0 => Err(value("hash-workers", "0 workers hash nothing")),
                workers => Ok(workers),
            },
        }
    }

    fn switch(&self, key: &'static str) -> Result<bool, ConfigError> {
        match self.text(key) {
            Some("on" | "true") => Ok(true),
            Some("off" | "false") => Ok(false),
            other => Err(refuse(key, other, "on or off")),
        }
    }

    /// An origin is a scheme, a host and perhaps a port (RFC 6454 §7).
    fn cors_origins(&self) -> Result<Vec<String>, ConfigError> {
        let origins: Vec<String> = self.list("cors-origin", "an origin")?;
        for origin in &origins {
            let uri = origin.parse::<poem::http::Uri>().ok();
            let is_origin = uri.is_some_and(|uri| {
                uri.scheme().is_some() && uri.host().is_some() && uri.path() == "/"
            });
            if !is_origin || origin.ends_with('/') || origin.contains(['?', '#', '@']) {
                return Err(value(
                    "cors-origin",
                    format!("`{origin}` is not an origin, as in https://app.example"),
                ));
            }
        }
        Ok(origins)
    }

    fn tls(&self) -> Result<Option<TlsFiles>, ConfigError> {
        match (self.text("tls-cert"), self.text("tls-key")) {
            (None, None) => Ok(None),
            (Some(certificates), Some(key)) => Ok(Some(TlsFiles {
                certificates: certificates.into(),
                key: key.into(),
            })),
            (Some(_), None) => Err(value("tls-key", "tls-cert is set and this is not")),
            (None, Some(_)) => Err(value("tls-cert", "tls-key is set and this is not")),
        }
    }
}

/// Of some names the one that a misspelt one is most like, if any is like it.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let likeness = |known: &str| strsim::jaro_winkler(name, known);
    let alike = known.map(|known| (likeness(known), known));
    let (likeness, known) = alike.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (likeness > 0.9).then(|| known.to_owned())
}

fn value(key: &'static str, reason: impl Into<String>) -> ConfigError {
    ConfigError::Value {
        key,
        reason: reason.into(),
    }
}

fn refuse(key: &'static str, text: Option<&str>, wanted: &str) -> ConfigError {
    value(
        key,
        format!("`{}` is not {wanted}", text.unwrap_or_default()),
    )
}
