//! sha256-crypt and sha512-crypt of the C libraries: `$5$salt$digest` and
//! `$6$rounds=656000$salt$digest`. Without `rounds=` there are 5,000. The salt is
//! text of up to 16 bytes; the digest is in crypt's base64, its bytes shuffled
//! and its bits read from the low end.

use sha_crypt::{Params, sha256_crypt, sha512_crypt};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    Limits, Refused, Scheme,
    fields::{CRYPT_ALPHABET, exactly, number, push_crypt_base64},
    stored::{Parameter, StoredHash},
};

const LONGEST_SALT: usize = 16;

pub(super) fn parse_256(stored: &str, limits: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    parse(Scheme::Sha256Crypt, 43, stored, limits)
}

pub(super) fn parse_512(stored: &str, limits: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    parse(Scheme::Sha512Crypt, 86, stored, limits)
}

fn parse(
    scheme: Scheme,
    digest_length: usize,
    stored: &str,
    limits: &Limits,
) -> Result<Box<dyn StoredHash>, Refused> {
    let (rounds, salt, digest) = fields(stored)
        .ok_or(scheme.malformed("neither $id$salt$digest nor $id$rounds=number$salt$digest"))?;
    if salt.len() > LONGEST_SALT {
        return Err(scheme.malformed("the salt has more than 16 bytes"));
    }
    let is_digest =
        digest.len() == digest_length && digest.bytes().all(|byte| CRYPT_ALPHABET.contains(&byte));
    if !is_digest {
        return Err(scheme.malformed("the digest is not of its function's length and alphabet"));
    }
    let rounds = scheme.bounded("rounds", rounds, limits.sha_crypt_rounds)?;
    Ok(Box::new(ShaCrypt {
        scheme,
        rounds,
        params: Params::new(rounds).map_err(|_| scheme.malformed("fewer than 1,000 rounds"))?,
        salt: salt.into(),
        digest: digest.into(),
    }))
}

fn fields(stored: &str) -> Option<(u64, &str, &str)> {
    if let Some(["", _, salt, digest]) = exactly(stored, '$') {
        return Some((Params::RECOMMENDED_ROUNDS.into(), salt, digest));
    }
    let ["", _, rounds, salt, digest] = exactly(stored, '$')? else {
        return None;
    };
    Some((number(rounds.strip_prefix("rounds=")?)?, salt, digest))
}

struct ShaCrypt {
    scheme: Scheme,
    rounds: u32,
    params: Params,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl StoredHash for ShaCrypt {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::new("rounds", self.rounds)]
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Refused> {
        let computed = match self.scheme {
            Scheme::Sha256Crypt => encode_256(&sha256_crypt(password, &self.salt, self.params)),
            _ => encode_512(&sha512_crypt(password, &self.salt, self.params)),
        };
        Ok(computed.ct_eq(&self.digest).into())
    }
}

/// Three bytes that lie a third of the digest apart become four characters; from
/// one group to the next, each index goes up by one and they change places.
fn encode_256(digest: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(43));
    let (mut a, mut b, mut c) = (0, 10, 20);
    for _ in 0..10 {
        push_crypt_base64(&mut text, [digest[a], digest[b], digest[c]], 4);
        (a, b, c) = (c + 1, a + 1, b + 1);
    }
    push_crypt_base64(&mut text, [0, digest[31], digest[30]], 3);
    text
}

fn encode_512(digest: &[u8; 64]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(86));
    let (mut a, mut b, mut c) = (0, 21, 42);
    for _ in 0..21 {
        push_crypt_base64(&mut text, [digest[a], digest[b], digest[c]], 4);
        (a, b, c) = (b + 1, c + 1, a + 1);
    }
    push_crypt_base64(&mut text, [0, 0, digest[63]], 2);
    text
}
