//! phpass, as PHP applications stretch a digest, and what Drupal 7 made of it:
//!
//! - `$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0` and `$H$…` (WordPress before 6.8, phpBB 3): MD5;
//! - `$S$DFk4p…` (Drupal 7 to 10.0): SHA-512, of whose text only 43 characters are kept;
//! - `U$S$…`, `U$P$…`, `U$H$…` (Drupal, of users that came from Drupal 6): the same over the
//!   hexadecimal MD5 of the password.
//!
//! Behind the second `$` stand a character that is log2 of the rounds, eight characters of
//! salt, and the digest, both characters and digest in crypt's base64. Each round digests
//! the digest before it and the password.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    Digest, Limits, Refused, Scheme,
    digest::digest_of,
    fields::{CRYPT_ALPHABET, push_crypt_base64, to_hex},
    stored::{Parameter, StoredHash},
};

const SALT_LENGTH: usize = 8;
/// Drupal cuts the whole to 55 characters, of which 12 come before the digest.
const DRUPAL_DIGEST_LENGTH: usize = 43;
const MD5_DIGEST_LENGTH: usize = 22;

pub(super) fn parse(stored: &str, limits: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    let of_md5_text = stored.starts_with('U');
    let text = stored.strip_prefix('U').unwrap_or(stored);
    let (scheme, digest, digest_length) = match text.as_bytes() {
        [b'$', b'S', ..] => (Scheme::Drupal, Digest::Sha512, DRUPAL_DIGEST_LENGTH),
        _ => (Scheme::Phpass, Digest::Md5, MD5_DIGEST_LENGTH),
    };
    let rest = text.as_bytes().get(3..).unwrap_or_default();
    let in_alphabet = |byte: &u8| CRYPT_ALPHABET.contains(byte);
    if rest.len() != 1 + SALT_LENGTH + digest_length {
        return Err(scheme.malformed("not of its length"));
    }
    let (log_rounds, rest) = rest.split_at(1);
    let (salt, value) = rest.split_at(SALT_LENGTH);
    if !value.iter().all(in_alphabet) {
        return Err(scheme.malformed("the digest is not in crypt's base64"));
    }
    let log_rounds = CRYPT_ALPHABET.iter().position(|byte| [*byte] == log_rounds);
    let log_rounds = log_rounds
        .filter(|log_rounds| (7..=30).contains(log_rounds))
        .ok_or(scheme.malformed("the rounds are not 2^7 to 2^30"))?;
    Ok(Box::new(Stretched {
        scheme,
        digest,
        rounds: scheme.bounded("rounds", 1 << log_rounds, limits.phpass_rounds)?,
        of_md5_text,
        salt: salt.into(),
        value: value.into(),
    }))
}

struct Stretched {
    scheme: Scheme,
    digest: Digest,
    rounds: u32,
    of_md5_text: bool,
    salt: Vec<u8>,
    value: Vec<u8>,
}

impl StoredHash for Stretched {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::new("rounds", self.rounds)]
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Refused> {
        let hexadecimal;
        let password = if self.of_md5_text {
            hexadecimal = Zeroizing::new(to_hex(&digest_of(Digest::Md5, &[password])));
            hexadecimal.as_bytes()
        } else {
            password
        };
        let first = digest_of(self.digest, &[&self.salt, password]);
        let next = |digest: Zeroizing<Vec<u8>>, _| digest_of(self.digest, &[&digest, password]);
        let digest = (0..self.rounds).fold(first, next);
        let mut text = Zeroizing::new(Vec::with_capacity(self.value.len() + 64));
        for bytes in digest.chunks(3) {
            let mut group = [0; 3];
            for (to, from) in group.iter_mut().rev().zip(bytes) {
                *to = *from;
            }
            push_crypt_base64(&mut text, group, bytes.len() + 1);
        }
        Ok(text[..self.value.len()].ct_eq(&self.value).into())
    }
}
