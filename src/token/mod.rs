//! Tokens, from the side that issues them: keys that sign, and the signing of access
//! tokens and ID tokens. What a token says and how it is verified is in
//! [`scopegate_guard::token`], whose names are these as well.

mod id_token;
mod key;
mod sealing;
mod sign;

pub use id_token::IdClaims;
pub use key::{SigningKey, random_secret};
pub use scopegate_guard::token::*;
pub use sealing::{KeyEncryptionKey, SealingError};
pub use sign::sign;
