//! Access tokens: JWTs in the profile of RFC 9068.
//!
//! [`Claims`] are what a token says, [`SigningKey`] makes one of them and
//! [`Keys::verify`] is the only way from a text to [`Verified`] claims. It does
//! no I/O: whether a verified token was revoked since is for its caller to ask.

mod claims;
mod id_token;
mod inspect;
mod key;
mod sealing;
mod sign;
mod verify;

pub use claims::{Actor, Audience, Claims};
pub use id_token::IdClaims;
pub use inspect::Unverified;
pub use key::{Algorithm, Jwk, KeyError, SigningKey, VerificationKey, random_secret};
pub use sealing::{KeyEncryptionKey, SealingError};
pub use sign::sign;
pub use verify::{Expected, Keys, LEEWAY_SECONDS, MAX_TOKEN_BYTES, Refused, Verified};
