//! Access tokens: JWTs in the profile of RFC 9068.
//!
//! [`Claims`] are what a token says, and [`Keys::verify`] is the only way from a
//! text to [`Verified`] claims. It does no I/O: whether a verified token was
//! revoked since is for its caller to ask.

mod claims;
mod inspect;
mod keys;
mod pem;
mod verify;
#[cfg(test)]
mod wycheproof;

pub use claims::{Actor, Audience, Claims};
pub use inspect::Unverified;
pub use keys::{Algorithm, Jwk, KeyError, VerificationKey};
pub use pem::public_pem;
pub use verify::{Expected, Keys, LEEWAY_SECONDS, MAX_TOKEN_BYTES, Refused, Verified};
