//! PBKDF2 with HMAC, in four notations:
//!
//! - `$pbkdf2-sha256$29000$salt$digest` (passlib; `$pbkdf2$` is SHA-1): salt and
//!   digest in passlib's base64, with `.` for `+` and unpadded;
//! - `$pbkdf2-sha256$i=600000,l=32$salt$digest` (PHC): salt and digest in base64, unpadded;
//! - `pbkdf2_sha256$1500000$salt$digest` (Django): the salt is text, the digest
//!   padded base64;
//! - `pbkdf2:sha256:1000000$salt$digest` (Werkzeug): the salt is text, the digest
//!   hexadecimal. Without a count, it is the default of the Werkzeug that wrote
//!   it, which is not recorded: each default that there was is tried.
//!
//! LDAP servers write `{PBKDF2-SHA256}29000$salt$digest`, which is passlib's behind a label.
//!
//! The digest has the length of its function, or 64 bytes, as Keycloak's has.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;

use super::{
    Digest, Limits, Refused, Scheme,
    fields::{base64_adapted, base64_padded, exactly, hex, number},
    stored::{Parameter, StoredHash},
};

/// Keycloak derives keys of this length whatever the function.
const KEYCLOAK_KEY_BYTES: usize = 64;

/// The defaults of Werkzeug 2.0, 2.3, 3.1, 0.15, 0.12 and 0.9, likeliest first.
/// (Each `unwrap` is of a constant, and evaluated by the compiler.)
const WERKZEUG_DEFAULTS: [NonZeroU32; 6] = [
    NonZeroU32::new(260_000).unwrap(),
    NonZeroU32::new(600_000).unwrap(),
    NonZeroU32::new(1_000_000).unwrap(),
    NonZeroU32::new(150_000).unwrap(),
    NonZeroU32::new(50_000).unwrap(),
    NonZeroU32::new(1_000).unwrap(),
];

pub(super) fn parse_passlib(stored: &str, limits: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    let digest = match stored {
        _ if stored.starts_with("$pbkdf2-sha256$") => Digest::Sha256,
        _ if stored.starts_with("$pbkdf2-sha512$") => Digest::Sha512,
        _ => Digest::Sha1,
    };
    let scheme = Scheme::PasslibPbkdf2(digest);
    let [_, _, count, salt, key] =
        exactly(stored, '$').ok_or(scheme.malformed("not of the form $name$count$salt$digest"))?;
    let salt = base64_adapted(salt).ok_or(scheme.malformed("the salt is not base64"))?;
    let key = base64_adapted(key);
    let count = match count.strip_prefix("i=") {
        None => count,
        Some(parameters) => {
            let (count, length) = parameters.split_once(",l=").unwrap_or((parameters, ""));
            let is_so_long = |key: &Vec<u8>| length.is_empty() || length == key.len().to_string();
            if !key.as_ref().is_some_and(is_so_long) {
                return Err(scheme.malformed("the digest is not of the length that it names"));
            }
            count
        }
    };
    build(scheme, digest, Some(count), salt, key, limits)
}

/// What follows `{PBKDF2-SHA256}` and the like.
pub(super) fn parse_labelled(
    digest: Digest,
    rest: &str,
    limits: &Limits,
) -> Result<Box<dyn StoredHash>, Refused> {
    let name = match digest {
        Digest::Sha256 => "pbkdf2-sha256",
        Digest::Sha512 => "pbkdf2-sha512",
        _ => "pbkdf2",
    };
    parse_passlib(&format!("${name}${rest}"), limits)
}

pub(super) fn parse_django(stored: &str, limits: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    let digest = match stored {
        _ if stored.starts_with("pbkdf2_sha1$") => Digest::Sha1,
        _ if stored.starts_with("pbkdf2_sha512$") => Digest::Sha512,
        _ => Digest::Sha256,
    };
    let scheme = Scheme::DjangoPbkdf2(digest);
    let [_, count, salt, key] =
        exactly(stored, '$').ok_or(scheme.malformed("not of the form name$count$salt$digest"))?;
    let key = base64_padded(key);
    build(scheme, digest, Some(count), salt.into(), key, limits)
}

pub(super) fn parse_werkzeug(
    stored: &str,
    limits: &Limits,
) -> Result<Box<dyn StoredHash>, Refused> {
    let method = stored.split('$').next().unwrap_or_default();
    let mut method_fields = method.split(':').skip(1);
    let digest = method_fields
        .next()
        .and_then(Digest::named)
        .filter(|digest| algorithm(*digest).is_some())
        .ok_or(Refused::Unsupported("PBKDF2 over this digest function"))?;
    let count = method_fields.next();
    let scheme = Scheme::WerkzeugPbkdf2(digest);
    if method_fields.next().is_some() {
        return Err(scheme.malformed("the method is not pbkdf2:digest:count"));
    }
    let [_, salt, key] =
        exactly(stored, '$').ok_or(scheme.malformed("not of the form method$salt$digest"))?;
    build(scheme, digest, count, salt.into(), hex(key), limits)
}

fn build(
    scheme: Scheme,
    digest: Digest,
    count: Option<&str>,
    salt: Vec<u8>,
    key: Option<Vec<u8>>,
    limits: &Limits,
) -> Result<Box<dyn StoredHash>, Refused> {
    let key = key
        .filter(|key| key.len() == digest.length() || key.len() == KEYCLOAK_KEY_BYTES)
        .ok_or(scheme.malformed("the digest is not of its function's length"))?;
    scheme.bounded("salt bytes", salt.len() as u64, limits.salt)?;
    let counts = match count {
        Some(count) => vec![parse_count(scheme, count, limits)?],
        None => WERKZEUG_DEFAULTS.to_vec(),
    };
    let hash = StoredPbkdf2::new(scheme, digest, counts, salt, key)?;
    Ok(Box::new(hash))
}

fn parse_count(scheme: Scheme, count: &str, limits: &Limits) -> Result<NonZeroU32, Refused> {
    let count = number(count).ok_or(scheme.malformed("the iterations are not a number"))?;
    let count = scheme.bounded("iterations", count, limits.pbkdf2_iterations)?;
    NonZeroU32::new(count).ok_or(scheme.malformed("zero iterations"))
}

fn algorithm(digest: Digest) -> Option<pbkdf2::Algorithm> {
    match digest {
        Digest::Sha1 => Some(pbkdf2::PBKDF2_HMAC_SHA1),
        Digest::Sha256 => Some(pbkdf2::PBKDF2_HMAC_SHA256),
        Digest::Sha384 => Some(pbkdf2::PBKDF2_HMAC_SHA384),
        Digest::Sha512 => Some(pbkdf2::PBKDF2_HMAC_SHA512),
        Digest::Md5 | Digest::Sha224 => None,
    }
}

pub(super) struct StoredPbkdf2 {
    scheme: Scheme,
    algorithm: pbkdf2::Algorithm,
    counts: Vec<NonZeroU32>,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl StoredPbkdf2 {
    /// A hash of any notation, once everything about it is bounded. One of the counts is
    /// right.
    pub(super) fn new(
        scheme: Scheme,
        digest: Digest,
        counts: Vec<NonZeroU32>,
        salt: Vec<u8>,
        key: Vec<u8>,
    ) -> Result<Self, Refused> {
        let algorithm = algorithm(digest).ok_or(scheme.malformed("no PBKDF2 over this digest"))?;
        Ok(Self {
            scheme,
            algorithm,
            counts,
            salt,
            key,
        })
    }
}

impl StoredHash for StoredPbkdf2 {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn parameters(&self) -> Vec<Parameter> {
        match self.counts[..] {
            [count] => vec![Parameter::new("iterations", count)],
            _ => vec![Parameter::new("iterations", "unrecorded")],
        }
    }

    /// The primitive compares in constant time.
    fn matches(&self, password: &[u8]) -> Result<bool, Refused> {
        let matches_with = |count: &NonZeroU32| {
            pbkdf2::verify(self.algorithm, *count, &self.salt, password, &self.key).is_ok()
        };
        Ok(self.counts.iter().any(matches_with))
    }
}
