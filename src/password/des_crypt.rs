//! The DES crypt of early Unix, as Django stores it: `crypt$` and the two
//! characters of the salt (or nothing), `$`, and the 13 characters that crypt(3)
//! writes, of which the first two are the salt again.
//!
//! Only the low seven bits of the first eight bytes of a password count, so a
//! hash is always made anew at the first login.

use crypt3_rs::unix;
use subtle::ConstantTimeEq;

use super::{
    Limits, Refused, Scheme,
    fields::{CRYPT_ALPHABET, exactly},
    stored::{Parameter, StoredHash},
};

pub(super) fn parse(stored: &str, _: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    let scheme = Scheme::DesCrypt;
    let [_, salt, crypted] =
        exactly(stored, '$').ok_or(scheme.malformed("not of the form crypt$salt$digest"))?;
    if !is_crypted(crypted) {
        return Err(scheme.malformed("the digest is not 13 characters of crypt's alphabet"));
    }
    if !salt.is_empty() && salt != &crypted[..2] {
        return Err(scheme.malformed("the salt is not that of the digest"));
    }
    Ok(parse_crypted(crypted))
}

/// What crypt(3) writes, with nothing else after `{CRYPT}`.
pub(super) fn is_crypted(text: &str) -> bool {
    text.len() == 13 && text.bytes().all(|byte| CRYPT_ALPHABET.contains(&byte))
}

pub(super) fn parse_crypted(crypted: &str) -> Box<dyn StoredHash> {
    Box::new(DesCrypt(crypted.to_owned()))
}

struct DesCrypt(String);

impl StoredHash for DesCrypt {
    fn scheme(&self) -> Scheme {
        Scheme::DesCrypt
    }

    fn parameters(&self) -> Vec<Parameter> {
        Vec::new()
    }

    /// crypt(3) takes a C string, so no hash is of a password with a NUL.
    fn matches(&self, password: &[u8]) -> Result<bool, Refused> {
        let computed = unix::crypt(password, &self.0)
            .map_err(|_| Scheme::DesCrypt.malformed("the salt is not of crypt's alphabet"))?;
        let same = bool::from(computed.as_str().as_bytes().ct_eq(self.0.as_bytes()));
        Ok(same && !password.contains(&0))
    }
}
