//! scrypt, in three notations:
//!
//! - `$scrypt$ln=16,r=8,p=1$salt$digest` (passlib): `ln` is log2 of N, salt and
//!   digest are unpadded standard base64, the digest usually of 32 bytes;
//! - `scrypt:32768:8:1$salt$digest` (Werkzeug): N, r, p; the salt is text, the
//!   digest 64 bytes in hexadecimal;
//! - `scrypt$16384$salt$8$5$digest` (Django): N before the salt, r and p behind;
//!   the salt is text, the digest 64 bytes in padded base64.

use ::scrypt::{Params, scrypt};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    Limits, Refused, Scheme,
    fields::{base64_padded, base64_unpadded, exactly, hex, number},
    stored::{Parameter, StoredHash},
};

const FRAMEWORK_DIGEST: usize = 64;
const LEAST_DIGEST: usize = 16;

pub(super) fn parse_passlib(stored: &str, limits: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    let scheme = Scheme::PasslibScrypt;
    let Some(["", "scrypt", costs, salt, digest]) = exactly(stored, '$') else {
        return Err(scheme.malformed("not of the form $scrypt$costs$salt$digest"));
    };
    let named = |name: &str, field: &str| number(field.strip_prefix(name)?);
    let costs = exactly(costs, ',').and_then(|[log_n, r, p]| {
        let n = power_of_two(named("ln=", log_n)?);
        Some((n, named("r=", r)?, named("p=", p)?))
    });
    let (n, r, p) = costs.ok_or(scheme.malformed("the costs are not ln=,r=,p="))?;
    let digest = base64_unpadded(digest)
        .filter(|digest| digest.len() >= LEAST_DIGEST)
        .ok_or(scheme.malformed("the digest is not base64 of 16 bytes or more"))?;
    let salt = base64_unpadded(salt).ok_or(scheme.malformed("the salt is not base64"))?;
    build(scheme, [n, r, p], salt, digest, limits)
}

pub(super) fn parse_werkzeug(
    stored: &str,
    limits: &Limits,
) -> Result<Box<dyn StoredHash>, Refused> {
    let scheme = Scheme::WerkzeugScrypt;
    let [method, salt, digest] =
        exactly(stored, '$').ok_or(scheme.malformed("not of the form method$salt$digest"))?;
    let Some(["scrypt", n, r, p]) = exactly(method, ':') else {
        return Err(scheme.malformed("the method is not scrypt:N:r:p"));
    };
    let digest = hex(digest);
    of_text(scheme, [n, r, p], salt, digest, limits)
}

pub(super) fn parse_django(stored: &str, limits: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    let scheme = Scheme::DjangoScrypt;
    let [_, n, salt, r, p, digest] =
        exactly(stored, '$').ok_or(scheme.malformed("not of the form scrypt$N$salt$r$p$digest"))?;
    let digest = base64_padded(digest);
    of_text(scheme, [n, r, p], salt, digest, limits)
}

fn of_text(
    scheme: Scheme,
    costs: [&str; 3],
    salt: &str,
    digest: Option<Vec<u8>>,
    limits: &Limits,
) -> Result<Box<dyn StoredHash>, Refused> {
    let [Some(n), Some(r), Some(p)] = costs.map(number) else {
        return Err(scheme.malformed("N, r or p is not a number"));
    };
    let digest = digest
        .filter(|digest| digest.len() == FRAMEWORK_DIGEST)
        .ok_or(scheme.malformed("the digest is not 64 bytes"))?;
    build(scheme, [n, r, p], salt.into(), digest, limits)
}

fn build(
    scheme: Scheme,
    costs: [u64; 3],
    salt: Vec<u8>,
    digest: Vec<u8>,
    limits: &Limits,
) -> Result<Box<dyn StoredHash>, Refused> {
    scheme.bounded("salt bytes", salt.len() as u64, limits.salt)?;
    scheme.bounded("digest bytes", digest.len() as u64, limits.digest)?;
    Ok(Box::new(StoredScrypt {
        scheme,
        costs: Costs::bounded(scheme, costs, limits)?,
        salt,
        digest,
    }))
}

/// N of its logarithm; one too large for 64 bits is as large as can be.
pub(super) fn power_of_two(log_n: u64) -> u64 {
    let power = |log_n| 1_u64.checked_shl(log_n).unwrap_or(u64::MAX);
    u32::try_from(log_n).map_or(u64::MAX, power)
}

pub(super) struct Costs {
    n: u32,
    r: u32,
    p: u32,
    pub(super) params: Params,
}

impl Costs {
    /// RFC 7914 §2 and §6: N is a power of two above 1, and 128·r·(N + p) bytes
    /// are held at once. The sums saturate, so that no product can wrap around.
    pub(super) fn bounded(
        scheme: Scheme,
        [n, r, p]: [u64; 3],
        limits: &Limits,
    ) -> Result<Self, Refused> {
        if n < 2 || r == 0 || p == 0 {
            return Err(scheme.malformed("N is below 2, or r or p is zero"));
        }
        if n != u64::MAX && !n.is_power_of_two() {
            return Err(scheme.malformed("N is not a power of two"));
        }
        let memory = n.saturating_add(p).saturating_mul(r).div_ceil(8);
        let work = n.saturating_mul(r).saturating_mul(p);
        scheme.bounded("memory in KiB", memory, limits.memory_kib)?;
        let work_bound = scheme.bounded("N times r times p", work, limits.scrypt_work)?;
        let small = |value| scheme.bounded("parameter", value, work_bound);
        let (n, r, p) = (small(n)?, small(r)?, small(p)?);
        let log_n = n.trailing_zeros() as u8;
        let params = Params::new(log_n, r, p)
            .map_err(|_| scheme.malformed("the parameters do not go together"))?;
        Ok(Self { n, r, p, params })
    }

    pub(super) fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter::new("n", self.n),
            Parameter::new("r", self.r),
            Parameter::new("p", self.p),
        ]
    }
}

struct StoredScrypt {
    scheme: Scheme,
    costs: Costs,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl StoredHash for StoredScrypt {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn parameters(&self) -> Vec<Parameter> {
        self.costs.parameters()
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Refused> {
        let mut computed = Zeroizing::new(vec![0; self.digest.len()]);
        scrypt(password, &self.salt, &self.costs.params, &mut computed)
            .map_err(|_| self.scheme.malformed("the digest has no possible length"))?;
        Ok(computed.ct_eq(&self.digest).into())
    }
}
