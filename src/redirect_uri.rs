//! Where clients are answered (RFC 6749 §3.1.2).

use std::fmt;

use thiserror::Error;
use url::{Host, Url};

/// What kind of program a client is (OpenID Connect Registration §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApplicationType {
    /// It runs on a server, or is a page that one serves.
    #[default]
    Web,
    /// It runs on a device of its user: a loopback address of it has any port
    /// (RFC 8252 §7.3), and it may have a scheme of its own (§7.1).
    Native,
}

impl ApplicationType {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Native => "native",
        }
    }
}

impl ApplicationType {
    /// That of a client which does not say: native where all of its redirect URIs are on
    /// a device of its user, loopback addresses and schemes of its own.
    pub fn of(redirect_uris: &[String]) -> Self {
        let is_local = |uri: &String| match Url::parse(uri) {
            Ok(url) if url.scheme() == "http" => is_loopback(&url),
            Ok(url) => url.scheme() != "https",
            Err(_) => false,
        };
        match !redirect_uris.is_empty() && redirect_uris.iter().all(is_local) {
            true => Self::Native,
            false => Self::Web,
        }
    }
}

impl std::str::FromStr for ApplicationType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "web" => Ok(Self::Web),
            "native" => Ok(Self::Native),
            other => Err(format!("`{other}` is neither web nor native")),
        }
    }
}

/// Why a URI cannot be a client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RedirectUriError {
    #[error("it is not an absolute URI")]
    NotAbsolute,
    #[error("it has a fragment")]
    Fragment,
    #[error("it has a name or a password before the host")]
    UserInfo,
    #[error("it is neither https, nor http on a loopback address")]
    Insecure,
    #[error(
        "a custom URI scheme must contain a dot, as in com.example.app, and is for native clients only"
    )]
    Scheme,
    #[error("it contains characters that a URI must not contain")]
    Characters,
}

/// A registered redirect URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// Reads one for a client of a type.
    pub fn parse(text: &str, kind: ApplicationType) -> Result<Self, RedirectUriError> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic())
            || text.contains(['\\', '*', '"', '<', '>'])
        {
            return Err(RedirectUriError::Characters);
        }
        let url = Url::parse(text).map_err(|_| RedirectUriError::NotAbsolute)?;
        if text.contains('#') {
            return Err(RedirectUriError::Fragment);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RedirectUriError::UserInfo);
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(RedirectUriError::Insecure),
            scheme if kind == ApplicationType::Native && scheme.contains('.') => {}
            _ => return Err(RedirectUriError::Scheme),
        }
        Ok(Self(text.to_owned()))
    }

    /// The text as registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request may name this text: the very same (RFC 9700 §4.1.3), or
    /// for a native client the same but for the port of a loopback address.
    pub fn allows(&self, requested: &str, kind: ApplicationType) -> bool {
        if self.0 == requested {
            return true;
        }
        if kind != ApplicationType::Native || Self::parse(requested, kind).is_err() {
            return false;
        }
        match (without_port(&self.0), without_port(requested)) {
            (Some(registered), Some(requested)) => registered == requested,
            _ => false,
        }
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether an http address is one that only this very machine answers at.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A loopback address by http, without its port.
fn without_port(text: &str) -> Option<String> {
    let rest = text.strip_prefix("http://")?;
    let url = Url::parse(text).ok().filter(is_loopback)?;
    let authority = rest.split(['/', '?']).next()?;
    let behind = &rest[authority.len()..];
    Some(format!("{}{behind}", url.host_str()?))
}
