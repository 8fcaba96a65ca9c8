//! bcrypt: `$2b$12$` with a salt of 22 characters and a digest of 31 in bcrypt's
//! own base64, 60 characters in all. Django writes `bcrypt$` before it.
//!
//! The revisions `$2a$`, `$2b$`, `$2x$` and `$2y$` are computed alike, as the
//! libraries that write them today do. (The `$2x$` of 2011, which marks hashes
//! of one faulty C library, differs for passwords beyond ASCII: those mismatch.)
//!
//! bcrypt reads at most 72 bytes. Hashes made by libraries that cut longer
//! passwords verify, cut at the same byte; [`hash`] is never given one. A NUL
//! byte counts, as it does in the libraries that let one through.

use ::bcrypt::bcrypt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    CurrentScheme, Limits, Refused, Scheme,
    fields::{base64_bcrypt, exactly, number, to_base64_bcrypt},
    stored::{Parameter, StoredHash},
};

const KEY_BYTES: usize = 72;
const DIGEST_BYTES: usize = 23;
const REVISIONS: [&str; 4] = ["2a", "2b", "2x", "2y"];
const COSTS: std::ops::RangeInclusive<u64> = 4..=31;

/// Whether bcrypt sees all of a password: it fits with its terminator, and has
/// no NUL that could be taken for one.
pub(super) fn sees_all_of(password: &[u8]) -> bool {
    password.len() < KEY_BYTES && !password.contains(&0)
}

pub(super) fn hash(password: &[u8], cost: u32, salt: [u8; 16]) -> String {
    format_2b(cost, salt, digest(password, cost, salt))
}

pub(super) fn format_2b(cost: u32, salt: [u8; 16], digest: [u8; DIGEST_BYTES]) -> String {
    let (salt, digest) = (to_base64_bcrypt(&salt), to_base64_bcrypt(&digest));
    format!("$2b${cost:02}${salt}{digest}")
}

pub(super) fn parse(stored: &str, limits: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    let core = Core::parse(stored, Scheme::Bcrypt, limits)?;
    let is_2b = stored.starts_with("$2b$");
    Ok(Box::new(Bcrypt {
        scheme: Scheme::Bcrypt,
        core,
        is_2b,
    }))
}

pub(super) fn parse_django(stored: &str, limits: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    let scheme = Scheme::DjangoBcrypt;
    let inner = stored.strip_prefix("bcrypt$").unwrap_or_default();
    let core = Core::parse(inner, scheme, limits)?;
    Ok(Box::new(Bcrypt {
        scheme,
        core,
        is_2b: false,
    }))
}

struct Bcrypt {
    scheme: Scheme,
    core: Core,
    is_2b: bool,
}

impl StoredHash for Bcrypt {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::new("cost", self.core.cost)]
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Refused> {
        Ok(self.core.matches(password))
    }

    /// `$2a$` and `$2y$` are made anew as `$2b$`, so that one notation is left.
    fn is_current(&self, current: CurrentScheme) -> bool {
        self.is_2b && self.core.costs_enough_for(current)
    }

    fn stands_for_all_of(&self, password: &[u8]) -> bool {
        sees_all_of(password)
    }
}

/// The cost, salt and digest at the heart of every scheme built on bcrypt.
pub(super) struct Core {
    pub(super) cost: u32,
    salt: [u8; 16],
    digest: [u8; DIGEST_BYTES],
}

impl Core {
    /// Reads `$2b$12$` and what follows, to the last character.
    pub(super) fn parse(text: &str, scheme: Scheme, limits: &Limits) -> Result<Self, Refused> {
        let fields = exactly(text, '$');
        let Some(["", revision, cost, salt_and_digest]) = fields else {
            return Err(scheme.malformed("not of the form $2b$cost$salt-and-digest"));
        };
        if !REVISIONS.contains(&revision) {
            return Err(scheme.malformed("unknown revision of bcrypt"));
        }
        if cost.len() != 2 {
            return Err(scheme.malformed("the cost is not two digits"));
        }
        let Some((salt, digest)) = salt_and_digest.split_at_checked(22) else {
            return Err(scheme.malformed("the salt is too short"));
        };
        let cost = cost.strip_prefix('0').unwrap_or(cost);
        Self::of_fields(scheme, cost, salt, digest, limits)
    }

    pub(super) fn of_fields(
        scheme: Scheme,
        cost: &str,
        salt: &str,
        digest: &str,
        limits: &Limits,
    ) -> Result<Self, Refused> {
        let cost = number(cost)
            .filter(|cost| COSTS.contains(cost))
            .ok_or(scheme.malformed("the cost is not a number from 4 to 31"))?;
        Ok(Self {
            salt: base64_bcrypt(salt).ok_or(scheme.malformed("the salt is not 22 characters"))?,
            digest: base64_bcrypt(digest)
                .ok_or(scheme.malformed("the digest is not 31 characters"))?,
            cost: scheme.bounded("cost", cost, limits.bcrypt_cost)?,
        })
    }

    /// The salt as text, without the spare bits that some libraries leave set.
    pub(super) fn salt_text(&self) -> String {
        to_base64_bcrypt(&self.salt)
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let computed = digest(password, self.cost, self.salt);
        let same_digest = bool::from(computed.ct_eq(&self.digest));
        same_digest & !repeats_a_shorter_password(password)
    }

    pub(super) fn costs_enough_for(&self, current: CurrentScheme) -> bool {
        matches!(current, CurrentScheme::Bcrypt { cost } if self.cost >= cost)
    }
}

fn digest(password: &[u8], cost: u32, salt: [u8; 16]) -> [u8; DIGEST_BYTES] {
    let (key, length) = terminated_key(password);
    let [digest @ .., _] = bcrypt(cost, salt, &key[..length]);
    digest
}

fn terminated_key(password: &[u8]) -> (Zeroizing<[u8; KEY_BYTES]>, usize) {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    let taken = password.len().min(KEY_BYTES);
    key[..taken].copy_from_slice(&password[..taken]);
    (key, (taken + 1).min(KEY_BYTES))
}

/// Blowfish reads its key in a circle until it has 72 bytes, so "ab\0ab" and
/// "ab" (each with its terminator) are the same key, and so are "" and "\0". A
/// hash cannot tell which was meant: it is taken for that of the shortest, and
/// the longer spellings do not verify.
fn repeats_a_shorter_password(password: &[u8]) -> bool {
    let (key, length) = terminated_key(password);
    let same_as_up_to = |nul: usize| {
        let shorter = nul + 1;
        (0..KEY_BYTES).all(|index| key[index % length] == key[index % shorter])
    };
    let nul_bytes = password.iter().take(KEY_BYTES).enumerate();
    nul_bytes
        .filter(|(_, byte)| **byte == 0)
        .any(|(nul, _)| same_as_up_to(nul))
}
