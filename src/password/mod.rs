//! Passwords: every stored format that people bring verifies, and new hashes
//! are made in one current scheme.
//!
//! A [`Context`] holds a [`Policy`]; it hashes, verifies, and says when a hash
//! should be made anew. It does no I/O, and everything it reads from a stored
//! string is bounded before anything is computed.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use scopegate::password::{Context, CurrentScheme, Password, Policy, Verdict};
//!
//! let context = Context::new(Policy {
//!     current: CurrentScheme::Bcrypt { cost: 4 },
//!     ..Policy::default()
//! })?;
//! let hash = context.hash(&Password::new("correct horse"))?;
//! let verdict = context.verify(&Password::new("correct horse"), &hash)?;
//! assert_eq!(verdict, Verdict::Match { needs_rehash: false });
//! # Ok(())
//! # }
//! ```
//!
//! A password is the bytes that arrived, as UTF-8 and as given: no trimming, no
//! case folding, no Unicode normalisation. "é" as one code point and "é" as two
//! are two passwords, as they are for every library whose hashes are read here.

mod argon2;
mod aspnet;
mod bcrypt;
mod bcrypt_sha256;
mod context;
mod des_crypt;
mod digest;
mod fields;
mod firebase;
mod guessable;
mod identify;
mod md5_crypt;
mod pbkdf2;
mod phpass;
mod policy;
mod refused;
mod scheme;
mod scrypt;
mod secret;
mod sha_crypt;
mod stored;
mod wordpress;
mod wrapped;

pub use context::{Context, Verdict};
pub use firebase::{FirebaseProject, FirebaseProjectError};
pub use guessable::guessable;
pub use identify::{Identified, identify};
pub use policy::{CurrentScheme, Limits, Policy};
pub use refused::{HashError, PolicyError, Refused};
pub use scheme::{Digest, Family, Scheme, UnknownFamily};
pub use secret::{Password, PasswordHash, SiteSalt};
pub use stored::Parameter;
pub use wrapped::Wrapper;
