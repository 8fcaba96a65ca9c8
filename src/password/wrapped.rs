//! Hashes that do not say how the password was treated before it was hashed. The
//! importer is told, and marks them with a prefix of Scopegate's own before the
//! hash as it was: `$flask-security$$argon2id$v=19$…`, `$hex-sha256$$2b$12$…`.
//!
//! Flask-Security normalises a typed password before it hashes it: NFKD, unless the site
//! says otherwise. Both forms are tried, that one first.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::{
    Digest, Family, Policy, Refused, Scheme, bcrypt_sha256::hex_sha256, digest::hmac_of,
    fields::to_base64_padded,
};

/// What was done to a password before it was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wrapper {
    /// Flask-Security's double hash: padded base64 of the HMAC-SHA-512 whose key
    /// is the text of the site's salt, which the [`Policy`] has. Any scheme may
    /// follow.
    FlaskSecurity,
    /// Flask-Bcrypt with `BCRYPT_HANDLE_LONG_PASSWORDS`: the lower-case hexadecimal
    /// SHA-256. A bcrypt hash follows.
    HexSha256,
}

impl Wrapper {
    const ALL: [Self; 2] = [Self::FlaskSecurity, Self::HexSha256];

    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::FlaskSecurity => "$flask-security$",
            Self::HexSha256 => "$hex-sha256$",
        }
    }

    /// The wrapper of a stored hash, and the hash within.
    pub(super) fn unwrap(stored: &str) -> (Option<Self>, &str) {
        Self::ALL
            .into_iter()
            .find_map(|wrapper| Some((Some(wrapper), stored.strip_prefix(wrapper.prefix())?)))
            .unwrap_or((None, stored))
    }

    pub(super) fn may_hold(self, scheme: Scheme) -> bool {
        self == Self::FlaskSecurity || scheme.family() == Family::Bcrypt
    }

    /// What may have been hashed of a password: one or two texts.
    pub(super) fn treat(
        self,
        password: &[u8],
        policy: &Policy,
    ) -> Result<Vec<Zeroizing<String>>, Refused> {
        let Self::FlaskSecurity = self else {
            return Ok(vec![hex_sha256(password)]);
        };
        let salt = policy.flask_security_salt.as_ref();
        let salt = salt.ok_or(Refused::MissingSiteSalt)?;
        let mac = |password: &[u8]| {
            let mac = hmac_of(Digest::Sha512, salt.as_bytes(), password);
            Zeroizing::new(to_base64_padded(&mac))
        };
        let normalised = std::str::from_utf8(password).ok().map(|text| {
            let text: String = text.nfkd().collect();
            Zeroizing::new(text)
        });
        Ok(match normalised {
            Some(text) if text.as_bytes() != password => vec![mac(text.as_bytes()), mac(password)],
            _ => vec![mac(password)],
        })
    }
}

impl fmt::Display for Wrapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FlaskSecurity => "flask-security",
            Self::HexSha256 => "hex-sha256",
        })
    }
}
