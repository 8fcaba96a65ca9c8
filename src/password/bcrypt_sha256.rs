//! bcrypt over a digest of the password, so that none is too long for it:
//!
//! - `$bcrypt-sha256$v=2,t=2b,r=12$salt$digest` (passlib): base64 of the
//!   HMAC-SHA-256 whose key is the text of the salt. New hashes of passwords
//!   that bcrypt would cut are in this form;
//! - `$bcrypt-sha256$2b,12$salt$digest` (passlib, version 1; `2a` too): base64 of
//!   the SHA-256;
//! - `bcrypt_sha256$$2b$12$…` (Django): lower-case hexadecimal of the SHA-256.

use zeroize::Zeroizing;

use super::{
    CurrentScheme, Digest, Limits, Refused, Scheme, bcrypt,
    digest::{digest_of, hmac_of},
    fields::{exactly, to_base64_bcrypt, to_base64_padded, to_hex},
    stored::{Parameter, StoredHash},
};

pub(super) fn hash(password: &[u8], cost: u32, salt: [u8; 16]) -> String {
    let salt_text = to_base64_bcrypt(&salt);
    let key = keyed_base64(&salt_text, password);
    let inner = bcrypt::hash(key.as_bytes(), cost, salt);
    let digest = &inner[inner.len() - 31..];
    format!("$bcrypt-sha256$v=2,t=2b,r={cost}${salt_text}${digest}")
}

pub(super) fn hex_sha256(password: &[u8]) -> Zeroizing<String> {
    let digest = digest_of(Digest::Sha256, &[password]);
    Zeroizing::new(to_hex(&digest))
}

fn plain_base64(password: &[u8]) -> Zeroizing<String> {
    let digest = digest_of(Digest::Sha256, &[password]);
    Zeroizing::new(to_base64_padded(&digest))
}

fn keyed_base64(salt_text: &str, password: &[u8]) -> Zeroizing<String> {
    let mac = hmac_of(Digest::Sha256, salt_text.as_bytes(), password);
    Zeroizing::new(to_base64_padded(&mac))
}

pub(super) fn parse_passlib(stored: &str, limits: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    let Some(["", "bcrypt-sha256", parameters, salt, digest]) = exactly(stored, '$') else {
        let reason = "not of the form $bcrypt-sha256$parameters$salt$digest";
        return Err(Scheme::BcryptSha256.malformed(reason));
    };
    let (scheme, cost) = match exactly(parameters, ',') {
        Some(["v=2", "t=2b", rounds]) => (Scheme::BcryptSha256, rounds.strip_prefix("r=")),
        _ => (Scheme::BcryptSha256V1, version_1_cost(parameters)),
    };
    let cost = cost.ok_or(scheme.malformed("neither v=2,t=2b,r=cost nor 2b,cost"))?;
    Ok(Box::new(BcryptSha256 {
        scheme,
        core: bcrypt::Core::of_fields(scheme, cost, salt, digest, limits)?,
    }))
}

fn version_1_cost(parameters: &str) -> Option<&str> {
    match exactly(parameters, ',') {
        Some(["2a" | "2b", cost]) => Some(cost),
        _ => None,
    }
}

pub(super) fn parse_django(stored: &str, limits: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    let scheme = Scheme::DjangoBcryptSha256;
    let inner = stored.strip_prefix("bcrypt_sha256$").unwrap_or_default();
    Ok(Box::new(BcryptSha256 {
        scheme,
        core: bcrypt::Core::parse(inner, scheme, limits)?,
    }))
}

struct BcryptSha256 {
    scheme: Scheme,
    core: bcrypt::Core,
}

impl StoredHash for BcryptSha256 {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::new("cost", self.core.cost)]
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Refused> {
        let key = match self.scheme {
            Scheme::BcryptSha256 => keyed_base64(&self.core.salt_text(), password),
            Scheme::BcryptSha256V1 => plain_base64(password),
            _ => hex_sha256(password),
        };
        Ok(self.core.matches(key.as_bytes()))
    }

    fn is_current(&self, current: CurrentScheme) -> bool {
        self.scheme == Scheme::BcryptSha256 && self.core.costs_enough_for(current)
    }
}
