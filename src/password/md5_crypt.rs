//! md5-crypt of the C libraries, `$1$salt$digest`, and Apache's, `$apr1$salt$digest`, which
//! differs in its name alone. The salt is text of up to eight bytes; there are always 1,000
//! rounds.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    Digest, Limits, Refused, Scheme,
    digest::digest_of,
    fields::{CRYPT_ALPHABET, exactly, push_crypt_base64},
    stored::{Parameter, StoredHash},
};

const LONGEST_SALT: usize = 8;
const DIGEST_LENGTH: usize = 22;
const ROUNDS: u32 = 1000;

pub(super) fn parse(stored: &str, _: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    let (scheme, magic) = match stored.starts_with("$1$") {
        true => (Scheme::Md5Crypt, "$1$"),
        false => (Scheme::ApacheMd5Crypt, "$apr1$"),
    };
    let Some(["", _, salt, digest]) = exactly(stored, '$') else {
        return Err(scheme.malformed("not of the form $id$salt$digest"));
    };
    if salt.len() > LONGEST_SALT {
        return Err(scheme.malformed("the salt has more than 8 bytes"));
    }
    let in_alphabet = |byte: u8| CRYPT_ALPHABET.contains(&byte);
    if digest.len() != DIGEST_LENGTH || !digest.bytes().all(in_alphabet) {
        return Err(scheme.malformed("the digest is not 22 characters of crypt's base64"));
    }
    Ok(Box::new(Md5Crypt {
        scheme,
        magic,
        salt: salt.into(),
        digest: digest.into(),
    }))
}

struct Md5Crypt {
    scheme: Scheme,
    magic: &'static str,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl Md5Crypt {
    fn compute(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let md5 = |parts: &[&[u8]]| digest_of(Digest::Md5, parts);
        let inner = md5(&[password, &self.salt, password]);
        let mut text = Zeroizing::new(password.to_vec());
        text.extend_from_slice(self.magic.as_bytes());
        text.extend_from_slice(&self.salt);
        text.extend(inner.iter().cycle().take(password.len()));
        // For each bit of the length, from the lowest: a NUL, or the first byte.
        let mut length = password.len();
        while length > 0 {
            text.push(if length & 1 == 1 { 0 } else { password[0] });
            length >>= 1;
        }
        (0..ROUNDS).fold(md5(&[&text]), |digest, round| {
            let odd = round % 2 == 1;
            let salt: &[u8] = if round % 3 == 0 { b"" } else { &self.salt };
            let again: &[u8] = if round % 7 == 0 { b"" } else { password };
            let (first, last) = if odd {
                (password, &digest[..])
            } else {
                (&digest[..], password)
            };
            md5(&[first, salt, again, last])
        })
    }
}

impl StoredHash for Md5Crypt {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn parameters(&self) -> Vec<Parameter> {
        Vec::new()
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Refused> {
        let digest = self.compute(password);
        let mut text = Zeroizing::new(Vec::with_capacity(DIGEST_LENGTH));
        for (a, b, c) in [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)] {
            push_crypt_base64(&mut text, [digest[a], digest[b], digest[c]], 4);
        }
        push_crypt_base64(&mut text, [0, 0, digest[11]], 2);
        Ok(text.ct_eq(&self.digest).into())
    }
}
