//! The checks of the settings, together and one by one.

use std::{net::SocketAddr, path::PathBuf, thread, time::Duration};

use super::{
    Brand, Color, Config, ConfigError, Freshness, Layers, LogFormat, Logo, Purpose,
    RegistrationMode, Source, TlsFiles,
    layers::{refuse, value},
};
use crate::{
    documents::Allowed,
    password::{CurrentScheme, FirebaseProject, FirebaseProjectError, SiteSalt},
    scope::{Scope, ScopeSet},
    secret::Secret,
    store,
    token::{Algorithm, KeyEncryptionKey},
};

impl Layers {
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
            admin_listen: self.admin_listen()?,
            audience,
            issuer,
            database_url: self.database_url()?,
            signing_algorithm,
            signing_secret: self.signing_secret(signing_algorithm)?,
            key_encryption_key: self.key_encryption_key()?,
            access_token_ttl: self.duration("access-token-ttl")?,
            refresh_token_ttl: self.duration("refresh-token-ttl")?,
            max_refresh_ttl: self.duration("max-refresh-ttl")?,
            refresh_grace: self.refresh_grace()?,
            max_token_ttl: self.duration("max-token-ttl")?,
            max_personal_tokens: self.parse("max-personal-tokens", "a number")?,
            keep_expired_tokens: self.duration("keep-expired-tokens")?,
            keep_audit_log: self.duration("keep-audit-log")?,
            audit_stream: self.text("audit-stream").map(PathBuf::from),
            session_ttl: self.duration("session-ttl")?,
            session_idle_ttl: self.duration("session-idle-ttl")?,
            registration: match self.text("registration") {
                Some("off") => RegistrationMode::Off,
                Some("token") => RegistrationMode::Token,
                Some("open") => RegistrationMode::Open,
                other => return Err(refuse("registration", other, "off, token or open")),
            },
            client_metadata_documents: self.client_metadata_documents()?,
            registration_scopes: self.registration_scopes()?,
            allowed_audiences: self.list("allowed-audience", "a text")?,
            brand: self.brand()?,
            password_scheme: self.password_scheme(purpose)?,
            password_check: self.switch("password-check")?,
            flask_security_salt: self.flask_security_salt()?,
            firebase: self.firebase()?,
            group_scopes: self.group_scopes()?,
            shared_users: match purpose {
                Purpose::Serve => self.shared_users()?,
                Purpose::Demo => None,
            },
            password_grant: self.switch("password-grant")?,
            openid_connect: self.switch("openid-connect")? && signing_algorithm != Algorithm::Hs256,
            hash_workers: self.hash_workers()?,
            hash_queue: self.parse("hash-queue", "a number")?,
            freshness: self.freshness()?,
            shutdown_delay: self.shutdown_delay()?,
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
        let refuse = |reason: &str| Err(value("issuer", format!("`{issuer}` {reason}")));
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

    /// A minute at most: the holder of a spent token could go on with it for that long.
    fn refresh_grace(&self) -> Result<Duration, ConfigError> {
        let key = "refresh-grace";
        if self.text(key) == Some("0") {
            return Ok(Duration::ZERO);
        }
        match self.duration(key)? {
            grace if grace.as_secs() <= 60 => Ok(grace),
            _ => Err(value(key, "must be 0 or a time up to 60s")),
        }
    }

    fn client_metadata_documents(&self) -> Result<Option<Allowed>, ConfigError> {
        let key = "client-metadata-allow";
        let entries: Vec<String> = self.list(key, "a text")?;
        let allowed = Allowed::parse(&entries).map_err(|reason| value(key, reason))?;
        let is_on = self.switch("client-metadata-documents")?;
        Ok(is_on.then_some(allowed))
    }

    fn brand(&self) -> Result<Brand, ConfigError> {
        let name = self.text("site-name").unwrap_or(Brand::NAME).trim();
        if name.is_empty() || name.chars().count() > 60 || name.chars().any(char::is_control) {
            return Err(value("site-name", "must have 1 to 60 characters"));
        }
        let logo = self.text("site-logo");
        let logo = logo.map(|path| Logo::read(path.as_ref())).transpose();
        let color = self.text("site-color").map(|text| {
            Color::parse(text).ok_or_else(|| refuse("site-color", Some(text), "#rrggbb"))
        });
        Ok(Brand {
            name: name.to_owned(),
            logo: logo.map_err(|reason| value("site-logo", reason))?,
            color: color.transpose()?,
        })
    }

    fn registration_scopes(&self) -> Result<ScopeSet, ConfigError> {
        let key = "registration-scope";
        let names: Vec<String> = self.list(key, "a text")?;
        let parse = |name: &String| {
            Scope::parse(name).map_err(|error| value(key, format!("`{name}`: {error}")))
        };
        names.iter().map(parse).collect()
    }

    /// A second at least, and two looks at the change log.
    fn freshness(&self) -> Result<Freshness, ConfigError> {
        let key = "max-staleness";
        let max_staleness = self.duration(key)?;
        if !(1..=60).contains(&max_staleness.as_secs()) {
            return Err(value(key, "must be a time from 1s to 60s"));
        }
        let key = "poll-interval";
        let text = self.text(key).unwrap_or_default();
        let bounds = Duration::from_millis(20)..=max_staleness / 2;
        let poll_interval = humantime::parse_duration(text)
            .ok()
            .filter(|time| bounds.contains(time))
            .ok_or_else(|| value(key, "must be a time from 20ms to half of max-staleness"))?;
        Ok(Freshness {
            poll_interval,
            max_staleness,
        })
    }

    fn admin_listen(&self) -> Result<Option<SocketAddr>, ConfigError> {
        let key = "admin-listen";
        let wanted = self.text(key).map(str::parse).transpose();
        wanted.map_err(|_| value(key, "must be an address and a port, as 127.0.0.1:9090"))
    }

    fn shutdown_delay(&self) -> Result<Duration, ConfigError> {
        let key = "shutdown-delay";
        let text = self.text(key).unwrap_or_default();
        humantime::parse_duration(text)
            .ok()
            .filter(|time| *time <= Duration::from_mins(5))
            .ok_or_else(|| value(key, "must be a time from 0s to 5m"))
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

    pub(super) fn flask_security_salt(&self) -> Result<Option<SiteSalt>, ConfigError> {
        let key = "flask-security-salt";
        match self.secret_text(key, "flask-security-salt-file")? {
            Some(salt) if salt.is_empty() => Err(value(key, "it is empty")),
            salt => Ok(salt.map(SiteSalt::new)),
        }
    }

    fn firebase(&self) -> Result<Option<FirebaseProject>, ConfigError> {
        let key = "firebase-hash-config";
        let text = self.secret_text(key, "firebase-hash-config-file")?;
        let parsed = text.map(|text| text.parse()).transpose();
        parsed.map_err(|error: FirebaseProjectError| value(key, error.to_string()))
    }

    pub(super) fn group_scopes(&self) -> Result<Vec<(String, Scope)>, ConfigError> {
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
        let least = least_cost(purpose);
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

/// The lowest cost of bcrypt. Outside the demo no hash is weak; but the tests, which are about
/// other things, ask a debug build for weak ones, or spend a third of their time on hashing.
fn least_cost(purpose: Purpose) -> u32 {
    let is_tested = cfg!(debug_assertions) && std::env::var_os("WEAK_HASHES_FOR_TESTS").is_some();
    match purpose == Purpose::Demo || is_tested {
        true => 4,
        false => 10,
    }
}
