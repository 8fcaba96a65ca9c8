//! Firebase's variant of scrypt, in two notations:
//!
//! - `$firebase-scrypt$salt$hash`: Scopegate's own, of what an export of Firebase has; the
//!   project's parameters are a setting;
//! - `$fbscrypt$v=1,n=14,r=8,p=1,ss=…,sk=…$salt$hash`: Supabase's, with the parameters.
//!
//! scrypt of the password, with the salt and the project's separator for its salt, gives
//! the key by which AES-256 in counter mode encrypts the project's signer key: that is the
//! hash. All is in base64.

use std::{fmt, str::FromStr, sync::Arc};

use ::scrypt::scrypt;
use aws_lc_rs::{
    cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey},
    iv::FixedLength,
};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

use super::{
    Limits, Policy, Refused, Scheme,
    fields::{base64_of_either_alphabet, exactly, number},
    scrypt::{Costs, power_of_two},
    stored::{Parameter, StoredHash},
};

const SCHEME: Scheme = Scheme::FirebaseScrypt;
/// AES-256 takes this much of scrypt's output.
const KEY_BYTES: usize = 32;
const LONGEST_SIGNER_KEY: usize = 256;

/// A Firebase project's parameters, as its console shows them:
///
/// ```text
/// hash_config {
///   algorithm: SCRYPT,
///   base64_signer_key: <base64>,
///   base64_salt_separator: <base64>,
///   rounds: 8,
///   mem_cost: 14,
/// }
/// ```
#[derive(Clone)]
pub struct FirebaseProject(Arc<Parameters>);

struct Parameters {
    signer_key: Zeroizing<Vec<u8>>,
    salt_separator: Vec<u8>,
    rounds: u64,
    log_n: u64,
}

/// Why a text is not a project's parameters.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FirebaseProjectError {
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("`{0}` is repeated")]
    Repeated(&'static str),
    #[error("`{0}` must be in base64")]
    NotBase64(&'static str),
    #[error("`{0}` must be a number from 1 to {1}")]
    NotANumber(&'static str, u64),
    #[error("`algorithm` must be SCRYPT")]
    OtherAlgorithm,
}

impl FromStr for FirebaseProject {
    type Err = FirebaseProjectError;

    /// Takes the text as it is copied from the console, or the same as JSON.
    fn from_str(text: &str) -> Result<Self, FirebaseProjectError> {
        let find = |name: &'static str| {
            let fields = text.split(['\n', ',', '{', '}']);
            let mut values = fields.filter_map(|field| {
                let (key, value) = field.split_once(':')?;
                let bare = |text: &str| text.trim_matches([' ', '\t', '\r', '"']).to_owned();
                (bare(key) == name).then(|| Zeroizing::new(bare(value)))
            });
            let value = values.next().ok_or(FirebaseProjectError::Missing(name))?;
            match values.next() {
                Some(_) => Err(FirebaseProjectError::Repeated(name)),
                None => Ok(value),
            }
        };
        let base64 = |name| {
            let value = find(name)?;
            base64_of_either_alphabet(&value).ok_or(FirebaseProjectError::NotBase64(name))
        };
        let up_to = |name, most| {
            let value = number(&find(name)?).filter(|value| (1..=most).contains(value));
            value.ok_or(FirebaseProjectError::NotANumber(name, most))
        };
        if find("algorithm").is_ok_and(|algorithm| !algorithm.eq_ignore_ascii_case("scrypt")) {
            return Err(FirebaseProjectError::OtherAlgorithm);
        }
        let signer_key = Zeroizing::new(base64("base64_signer_key")?);
        if signer_key.is_empty() {
            return Err(FirebaseProjectError::Missing("base64_signer_key"));
        }
        Ok(Self(Arc::new(Parameters {
            signer_key,
            salt_separator: base64("base64_salt_separator")?,
            rounds: up_to("rounds", 8)?,
            log_n: up_to("mem_cost", 14)?,
        })))
    }
}

impl fmt::Debug for FirebaseProject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FirebaseProject(…)")
    }
}

pub(super) fn parse(stored: &str, policy: &Policy) -> Result<Box<dyn StoredHash>, Refused> {
    let Some(["", _, salt, hash]) = exactly(stored, '$') else {
        return Err(SCHEME.malformed("not of the form $firebase-scrypt$salt$hash"));
    };
    let project = policy.firebase.as_ref();
    let project = project.ok_or(Refused::MissingFirebaseProject)?;
    build(&project.0, salt, hash, &policy.limits)
}

pub(super) fn parse_supabase(
    stored: &str,
    limits: &Limits,
) -> Result<Box<dyn StoredHash>, Refused> {
    let Some(["", _, parameters, salt, hash]) = exactly(stored, '$') else {
        return Err(SCHEME.malformed("not of the form $fbscrypt$parameters$salt$hash"));
    };
    let parameters = exactly(parameters, ',').and_then(|[v, n, r, p, separator, key]| {
        let is_first = v == "v=1" && p == "p=1";
        is_first.then_some(Parameters {
            signer_key: Zeroizing::new(base64_of_either_alphabet(key.strip_prefix("sk=")?)?),
            salt_separator: base64_of_either_alphabet(separator.strip_prefix("ss=")?)?,
            rounds: number(r.strip_prefix("r=")?)?,
            log_n: number(n.strip_prefix("n=")?)?,
        })
    });
    let parameters =
        parameters.ok_or(SCHEME.malformed("the parameters are not v=1,n=,r=,p=1,ss=,sk="))?;
    build(&parameters, salt, hash, limits)
}

fn build(
    parameters: &Parameters,
    salt: &str,
    hash: &str,
    limits: &Limits,
) -> Result<Box<dyn StoredHash>, Refused> {
    let signer_key = parameters.signer_key.clone();
    if !(1..=LONGEST_SIGNER_KEY).contains(&signer_key.len()) {
        return Err(SCHEME.malformed("the signer key is empty or over 256 bytes"));
    }
    let hash = base64_of_either_alphabet(hash)
        .filter(|hash| hash.len() == signer_key.len())
        .ok_or(SCHEME.malformed("the hash is not base64 of the signer key's length"))?;
    let mut salt =
        base64_of_either_alphabet(salt).ok_or(SCHEME.malformed("the salt is not base64"))?;
    salt.extend_from_slice(&parameters.salt_separator);
    SCHEME.bounded("salt bytes", salt.len() as u64, limits.salt)?;
    let n = power_of_two(parameters.log_n);
    Ok(Box::new(Firebase {
        costs: Costs::bounded(SCHEME, [n, parameters.rounds, 1], limits)?,
        signer_key,
        salt,
        hash,
    }))
}

struct Firebase {
    costs: Costs,
    signer_key: Zeroizing<Vec<u8>>,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl StoredHash for Firebase {
    fn scheme(&self) -> Scheme {
        SCHEME
    }

    fn parameters(&self) -> Vec<Parameter> {
        self.costs.parameters()
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Refused> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        scrypt(password, &self.salt, &self.costs.params, &mut key[..])
            .map_err(|_| SCHEME.malformed("the key has no possible length"))?;
        let mut text = self.signer_key.clone();
        let counter = EncryptionContext::Iv128(FixedLength::from([0; 16]));
        UnboundCipherKey::new(&AES_256, &key[..])
            .and_then(EncryptingKey::ctr)
            .and_then(|key| key.less_safe_encrypt(&mut text, counter))
            .map_err(|_| SCHEME.malformed("its key cannot be used"))?;
        Ok(text.ct_eq(&self.hash).into())
    }
}
