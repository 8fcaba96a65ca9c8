//! Argon2: `$argon2id$v=19$m=65536,t=3,p=4$salt$digest`, with memory in KiB and
//! unpadded base64; also `$argon2i$` and `$argon2d$`. Without `v=` the version is
//! 16, that of before 2016. Django writes `argon2` in place of nothing before
//! the first `$`: `argon2$argon2id$v=19$…`.

use ::argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    CurrentScheme, Limits, Refused, Scheme,
    fields::{base64_unpadded, exactly, number, to_base64_unpadded},
    stored::{Parameter, StoredHash},
};

/// RFC 9106 §3.1: a salt has at least 8 bytes in every library, a digest at least 4.
const LEAST_SALT: usize = 8;
const LEAST_DIGEST: usize = 4;

/// What new hashes have, and what a hash must have to be left alone.
pub(super) const NEW_SALT: usize = 16;
pub(super) const NEW_DIGEST: usize = 32;

/// Memory in KiB, passes and lanes.
#[derive(Clone, Copy)]
pub(super) struct Costs {
    pub(super) memory_kib: u32,
    pub(super) iterations: u32,
    pub(super) parallelism: u32,
}

pub(super) fn hash(
    password: &[u8],
    costs: Costs,
    salt: [u8; NEW_SALT],
) -> Result<String, ::argon2::Error> {
    let mut digest = [0; NEW_DIGEST];
    compute(
        (Algorithm::Argon2id, Version::V0x13),
        costs,
        password,
        &salt,
        &mut digest,
    )?;
    Ok(format_argon2id(costs, salt, digest))
}

pub(super) fn format_argon2id(
    costs: Costs,
    salt: [u8; NEW_SALT],
    digest: [u8; NEW_DIGEST],
) -> String {
    let Costs {
        memory_kib: m,
        iterations: t,
        parallelism: p,
    } = costs;
    let (salt, digest) = (to_base64_unpadded(&salt), to_base64_unpadded(&digest));
    format!("$argon2id$v=19$m={m},t={t},p={p}${salt}${digest}")
}

fn compute(
    (algorithm, version): (Algorithm, Version),
    costs: Costs,
    password: &[u8],
    salt: &[u8],
    digest: &mut [u8],
) -> Result<(), ::argon2::Error> {
    let params = Params::new(
        costs.memory_kib,
        costs.iterations,
        costs.parallelism,
        Some(digest.len()),
    )?;
    Argon2::new(algorithm, version, params).hash_password_into(password, salt, digest)
}

pub(super) fn parse(stored: &str, limits: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    parse_fields(Scheme::Argon2, stored.strip_prefix('$'), limits)
}

pub(super) fn parse_django(stored: &str, limits: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    parse_fields(Scheme::DjangoArgon2, stored.strip_prefix("argon2$"), limits)
}

fn parse_fields(
    scheme: Scheme,
    fields: Option<&str>,
    limits: &Limits,
) -> Result<Box<dyn StoredHash>, Refused> {
    let (variety, rest) = fields
        .and_then(|fields| fields.split_once('$'))
        .ok_or(scheme.malformed("nothing after the name"))?;
    let algorithm = match variety {
        "argon2id" => Algorithm::Argon2id,
        "argon2i" => Algorithm::Argon2i,
        "argon2d" => Algorithm::Argon2d,
        _ => return Err(scheme.malformed("unknown variety of Argon2")),
    };
    let (version, rest) = match rest.strip_prefix("v=").map(|rest| rest.split_once('$')) {
        None => (Version::V0x10, rest),
        Some(Some(("16", rest))) => (Version::V0x10, rest),
        Some(Some(("19", rest))) => (Version::V0x13, rest),
        Some(_) => return Err(scheme.malformed("unknown version of Argon2")),
    };
    let [costs, salt, digest] =
        exactly(rest, '$').ok_or(scheme.malformed("not of the form costs$salt$digest"))?;
    let costs = parse_costs(scheme, costs, limits)?;
    let salt = base64_unpadded(salt).ok_or(scheme.malformed("the salt is not base64"))?;
    let digest = base64_unpadded(digest).ok_or(scheme.malformed("the digest is not base64"))?;
    if salt.len() < LEAST_SALT {
        return Err(scheme.malformed("the salt has fewer than 8 bytes"));
    }
    if digest.len() < LEAST_DIGEST {
        return Err(scheme.malformed("the digest has fewer than 4 bytes"));
    }
    scheme.bounded("salt bytes", salt.len() as u64, limits.salt)?;
    scheme.bounded("digest bytes", digest.len() as u64, limits.digest)?;
    Ok(Box::new(StoredArgon2 {
        scheme,
        algorithm,
        version,
        costs,
        salt,
        digest,
    }))
}

fn parse_costs(scheme: Scheme, text: &str, limits: &Limits) -> Result<Costs, Refused> {
    let named = |name: &str, field: &str| number(field.strip_prefix(name)?);
    let costs = exactly(text, ',').and_then(|[memory, iterations, parallelism]| {
        Some((
            named("m=", memory)?,
            named("t=", iterations)?,
            named("p=", parallelism)?,
        ))
    });
    let Some((memory, iterations, parallelism)) = costs else {
        return Err(scheme.malformed("the costs are not m=,t=,p="));
    };
    if iterations == 0 || parallelism == 0 {
        return Err(scheme.malformed("no passes, or no lanes"));
    }
    if memory < parallelism.saturating_mul(8) {
        return Err(scheme.malformed("less than 8 KiB of memory for each lane"));
    }
    let memory_kib = scheme.bounded("memory in KiB", memory, limits.memory_kib)?;
    let most_iterations = limits.argon2_iterations_with(memory_kib);
    Ok(Costs {
        memory_kib,
        iterations: scheme.bounded("iterations", iterations, most_iterations)?,
        parallelism: scheme.bounded("parallelism", parallelism, limits.argon2_parallelism)?,
    })
}

struct StoredArgon2 {
    scheme: Scheme,
    algorithm: Algorithm,
    version: Version,
    costs: Costs,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl StoredHash for StoredArgon2 {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter::new("variety", self.algorithm.as_str()),
            Parameter::new("version", u32::from(self.version)),
            Parameter::new("memory-kib", self.costs.memory_kib),
            Parameter::new("iterations", self.costs.iterations),
            Parameter::new("parallelism", self.costs.parallelism),
        ]
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Refused> {
        let mut computed = Zeroizing::new(vec![0; self.digest.len()]);
        compute(
            (self.algorithm, self.version),
            self.costs,
            password,
            &self.salt,
            &mut computed,
        )
        .map_err(|error| match error {
            ::argon2::Error::OutOfMemory => Refused::OutOfMemory(self.scheme),
            _ => self.scheme.malformed("the parameters do not go together"),
        })?;
        Ok(computed.ct_eq(&self.digest).into())
    }

    /// More memory and more passes are welcome; the number of lanes is no cost.
    fn is_current(&self, current: CurrentScheme) -> bool {
        let CurrentScheme::Argon2id {
            memory_kib,
            iterations,
            ..
        } = current
        else {
            return false;
        };
        self.scheme == Scheme::Argon2
            && self.algorithm == Algorithm::Argon2id
            && self.version == Version::V0x13
            && self.costs.memory_kib >= memory_kib
            && self.costs.iterations >= iterations
            && self.salt.len() >= NEW_SALT
            && self.digest.len() >= NEW_DIGEST
    }
}
