//! Bare digests, of before there were key derivation functions:
//!
//! - `sha1$salt$hex`, `md5$salt$hex`: Django's is the digest of salt and password,
//!   Werkzeug's the HMAC of the password with the salt for its key. The strings
//!   look alike, so either is taken;
//! - `sha256$salt$hex` and so on: Werkzeug's HMAC;
//! - `sha1$$hex`, and 32 hexadecimal digits alone (MD5): Django, without a salt.
//! - `{SSHA}base64`, `{SHA}base64` and so on: the digest of password and salt, and behind it
//!   the salt (LDAP servers, Dovecot).
//!
//! Also the digest and HMAC functions themselves, for the schemes that need them.

use hmac::{KeyInit, Mac, SimpleHmac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512, digest::block_api::BlockSizeUser};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    Digest, Limits, Refused, Scheme,
    fields::{base64_padded, exactly, hex},
    stored::{Parameter, StoredHash},
};

pub(super) fn digest_of(digest: Digest, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    fn run<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
        let fed = |hasher: D, part: &&[u8]| hasher.chain_update(part);
        parts.iter().fold(D::new(), fed).finalize().to_vec()
    }
    Zeroizing::new(match digest {
        Digest::Md5 => run::<Md5>(parts),
        Digest::Sha1 => run::<Sha1>(parts),
        Digest::Sha224 => run::<Sha224>(parts),
        Digest::Sha256 => run::<Sha256>(parts),
        Digest::Sha384 => run::<Sha384>(parts),
        Digest::Sha512 => run::<Sha512>(parts),
    })
}

pub(super) fn hmac_of(digest: Digest, key: &[u8], message: &[u8]) -> Zeroizing<Vec<u8>> {
    fn run<D: sha2::Digest + BlockSizeUser>(key: &[u8], message: &[u8]) -> Vec<u8> {
        // RFC 2104 §3: a longer key is digested first, so that any length is one.
        let mut mac = SimpleHmac::<D>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.update(message);
        mac.finalize().into_bytes().to_vec()
    }
    Zeroizing::new(match digest {
        Digest::Md5 => run::<Md5>(key, message),
        Digest::Sha1 => run::<Sha1>(key, message),
        Digest::Sha224 => run::<Sha224>(key, message),
        Digest::Sha256 => run::<Sha256>(key, message),
        Digest::Sha384 => run::<Sha384>(key, message),
        Digest::Sha512 => run::<Sha512>(key, message),
    })
}

/// 32 hexadecimal digits and nothing else.
pub(super) fn is_bare_md5(stored: &str) -> bool {
    stored.len() == 32 && stored.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(super) fn parse_bare_md5(
    stored: &str,
    limits: &Limits,
) -> Result<Box<dyn StoredHash>, Refused> {
    build(Digest::Md5, "", stored, limits)
}

pub(super) fn parse_salted(stored: &str, limits: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    let (name, rest) = stored.split_once('$').unwrap_or((stored, ""));
    let digest = Digest::named(name).ok_or(Refused::Unsupported("this digest function"))?;
    let [salt, value] = exactly(rest, '$')
        .ok_or(Scheme::SaltedDigest(digest).malformed("not of the form name$salt$digest"))?;
    build(digest, salt, value, limits)
}

/// What follows `{SSHA}` and the like.
pub(super) fn parse_base64(
    digest: Digest,
    text: &str,
    limits: &Limits,
) -> Result<Box<dyn StoredHash>, Refused> {
    let scheme = Scheme::SaltedDigest(digest);
    let mut value = base64_padded(text).ok_or(scheme.malformed("the digest is not base64"))?;
    if value.len() < digest.length() {
        return Err(scheme.malformed("the digest is shorter than its function's"));
    }
    let salt = value.split_off(digest.length());
    scheme.bounded("salt bytes", salt.len() as u64, limits.salt)?;
    let scheme = match salt.is_empty() {
        true => Scheme::UnsaltedDigest(digest),
        false => scheme,
    };
    Ok(Box::new(SuffixedDigest {
        scheme,
        digest,
        salt,
        value,
    }))
}

/// The digest of the password with the salt behind it.
struct SuffixedDigest {
    scheme: Scheme,
    digest: Digest,
    salt: Vec<u8>,
    value: Vec<u8>,
}

impl StoredHash for SuffixedDigest {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn parameters(&self) -> Vec<Parameter> {
        Vec::new()
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Refused> {
        let computed = digest_of(self.digest, &[password, &self.salt]);
        Ok(computed.ct_eq(&self.value).into())
    }
}

fn build(
    digest: Digest,
    salt: &str,
    value: &str,
    limits: &Limits,
) -> Result<Box<dyn StoredHash>, Refused> {
    let scheme = match salt {
        "" => Scheme::UnsaltedDigest(digest),
        _ => Scheme::SaltedDigest(digest),
    };
    scheme.bounded("salt bytes", salt.len() as u64, limits.salt)?;
    let value = hex(value)
        .filter(|value| value.len() == digest.length())
        .ok_or(scheme.malformed("the digest is not of its function's length in hexadecimal"))?;
    Ok(Box::new(BareDigest {
        scheme,
        digest,
        salt: salt.into(),
        value,
    }))
}

struct BareDigest {
    scheme: Scheme,
    digest: Digest,
    salt: Vec<u8>,
    value: Vec<u8>,
}

impl BareDigest {
    fn is_django_salted(&self) -> bool {
        matches!(self.digest, Digest::Md5 | Digest::Sha1)
    }
}

impl StoredHash for BareDigest {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn parameters(&self) -> Vec<Parameter> {
        Vec::new()
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Refused> {
        let same = |computed: &[u8]| bool::from(computed.ct_eq(&self.value));
        let of_both = same(&digest_of(self.digest, &[&self.salt, password]));
        if self.salt.is_empty() {
            return Ok(of_both);
        }
        let keyed = same(&hmac_of(self.digest, &self.salt, password));
        Ok(keyed | (of_both & self.is_django_salted()))
    }
}
