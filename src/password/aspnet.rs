//! ASP.NET Core Identity: base64 of bytes that begin with the version of the format.
//!
//! - 0 (version 2): a salt of 16 bytes and a key of 32, PBKDF2 with HMAC-SHA-1 and 1,000
//!   iterations;
//! - 1 (version 3): the function (0 SHA-1, 1 SHA-256, 2 SHA-512), the iterations and the
//!   length of the salt, each a big-endian number of four bytes; salt; key.

use std::num::NonZeroU32;

use super::{
    Digest, Limits, Refused, Scheme, fields::base64_padded, pbkdf2::StoredPbkdf2,
    stored::StoredHash,
};

const VERSION_2_LENGTH: usize = 49;
const VERSION_2_SALT_LENGTH: usize = 16;
const VERSION_2_ITERATIONS: NonZeroU32 = NonZeroU32::new(1000).unwrap();
/// Version 3 refuses shorter salts and keys.
const LEAST_LENGTH: usize = 16;

/// Whether a stored string without a prefix is of version 2.
pub(super) fn is_version_2(stored: &str) -> bool {
    let bytes = base64_padded(stored);
    bytes.is_some_and(|bytes| bytes.len() == VERSION_2_LENGTH && bytes[0] == 0)
}

pub(super) fn parse_version_2(stored: &str, _: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    let scheme = Scheme::AspNetV2;
    let bytes = base64_padded(stored).filter(|bytes| bytes.len() == VERSION_2_LENGTH);
    let bytes = bytes.ok_or(scheme.malformed("not base64 of 49 bytes"))?;
    let (salt, key) = bytes[1..].split_at(VERSION_2_SALT_LENGTH);
    let counts = vec![VERSION_2_ITERATIONS];
    let hash = StoredPbkdf2::new(scheme, Digest::Sha1, counts, salt.into(), key.into())?;
    Ok(Box::new(hash))
}

pub(super) fn parse_version_3(
    stored: &str,
    limits: &Limits,
) -> Result<Box<dyn StoredHash>, Refused> {
    let unknown = Scheme::AspNetV3(Digest::Sha256);
    let bytes = base64_padded(stored).ok_or(unknown.malformed("not base64"))?;
    let (numbers, rest) = bytes[1..]
        .as_chunks::<4>()
        .0
        .split_at_checked(3)
        .map_or((None, &[][..]), |(numbers, _)| {
            (Some(numbers), &bytes[1 + 12..])
        });
    let Some([function, iterations, salt_length]) = numbers else {
        return Err(unknown.malformed("shorter than its header"));
    };
    let digest = match u32::from_be_bytes(*function) {
        0 => Digest::Sha1,
        1 => Digest::Sha256,
        2 => Digest::Sha512,
        _ => return Err(unknown.malformed("it names an unknown function")),
    };
    let scheme = Scheme::AspNetV3(digest);
    let iterations = u32::from_be_bytes(*iterations);
    let iterations = scheme.bounded("iterations", iterations.into(), limits.pbkdf2_iterations)?;
    let iterations = NonZeroU32::new(iterations).ok_or(scheme.malformed("zero iterations"))?;
    let salt_length = u32::from_be_bytes(*salt_length);
    let salt_length = scheme.bounded("salt bytes", salt_length.into(), limits.salt)? as usize;
    let (salt, key) = rest
        .split_at_checked(salt_length)
        .filter(|(salt, key)| salt.len() >= LEAST_LENGTH && key.len() >= LEAST_LENGTH)
        .ok_or(scheme.malformed("the salt or the key is shorter than 16 bytes"))?;
    scheme.bounded("digest bytes", key.len() as u64, limits.digest)?;
    let hash = StoredPbkdf2::new(scheme, digest, vec![iterations], salt.into(), key.into())?;
    Ok(Box::new(hash))
}
