//! The context: a policy at work. New hashes are `$2b$`, `$bcrypt-sha256$v=2` or
//! `$argon2id$v=19`; the policy says which.

use super::{
    CurrentScheme, HashError, Identified, Password, PasswordHash, Policy, PolicyError, Refused,
    argon2, bcrypt, bcrypt_sha256,
    fields::random,
    identify::{Recognised, recognise},
};

/// Hashes and verifies passwords under one [`Policy`].
#[derive(Debug)]
pub struct Context {
    policy: Policy,
    dummy: PasswordHash,
}

/// The result of comparing a password with a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password. With `needs_rehash`, its hash should be replaced by a
    /// new one while the password is at hand.
    Match { needs_rehash: bool },
    /// It is not.
    Mismatch,
}

impl Context {
    /// Takes a policy that its own limits allow.
    ///
    /// # Errors
    /// New hashes would be out of range, over the policy's limits, or refused.
    pub fn new(policy: Policy) -> Result<Self, PolicyError> {
        policy.check()?;
        let dummy = random_hash(policy.current).ok_or(PolicyError::Randomness)?;
        Ok(Self { policy, dummy })
    }

    /// The policy that the context works under.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Hashes a password in the current scheme, with a new salt. Every byte of
    /// it counts: what bcrypt would cut goes through bcrypt-sha256.
    ///
    /// # Errors
    /// The password is over [`Password::MAX_BYTES`], or the machine is short of
    /// memory or randomness.
    pub fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        let password = password.as_bytes();
        if password.len() > Password::MAX_BYTES {
            let limit = Password::MAX_BYTES;
            return Err(HashError::PasswordTooLong { limit });
        }
        let salt = random().ok_or(HashError::Randomness)?;
        let hash = match self.policy.current {
            CurrentScheme::Bcrypt { cost } if bcrypt::sees_all_of(password) => {
                bcrypt::hash(password, cost, salt)
            }
            CurrentScheme::Bcrypt { cost } => bcrypt_sha256::hash(password, cost, salt),
            CurrentScheme::Argon2id {
                memory_kib,
                iterations,
                parallelism,
            } => {
                let costs = argon2::Costs {
                    memory_kib,
                    iterations,
                    parallelism,
                };
                // The policy's check leaves lack of memory as the only failure.
                argon2::hash(password, costs, salt).map_err(|_| HashError::OutOfMemory)?
            }
        };
        Ok(PasswordHash::from_stored(hash))
    }

    /// Compares a password with a stored hash, at the cost that the hash names.
    ///
    /// # Errors
    /// The hash is not computed: it is malformed, over a limit, unsupported, or
    /// refused by the policy.
    pub fn verify(&self, password: &Password, stored: &PasswordHash) -> Result<Verdict, Refused> {
        let password = password.as_bytes();
        if password.len() > Password::MAX_BYTES {
            let limit = Password::MAX_BYTES;
            return Err(Refused::PasswordTooLong { limit });
        }
        let recognised = self.accept(stored)?;
        let hash = &recognised.hash;
        let matches = match recognised.wrapper {
            Some(wrapper) => {
                let mut matches = false;
                for treated in wrapper.treat(password, &self.policy)? {
                    matches = matches || hash.matches(treated.as_bytes())?;
                }
                matches
            }
            None => hash.matches(password)?,
        };
        if !matches {
            return Ok(Verdict::Mismatch);
        }
        let lasting = self.is_current(&recognised) && hash.stands_for_all_of(password);
        Ok(Verdict::Match {
            needs_rehash: !lasting,
        })
    }

    /// Whether a stored hash is in another scheme than the current one, or costs
    /// less, as far as the string tells; [`verify`](Self::verify) also sees the
    /// password. What cannot be verified needs a new hash as well.
    pub fn needs_rehash(&self, stored: &PasswordHash) -> bool {
        match self.accept(stored) {
            Ok(recognised) => !self.is_current(&recognised),
            Err(_) => true,
        }
    }

    /// Says what a stored hash is, under this policy, and computes nothing.
    ///
    /// # Errors
    /// Why it would not be verified.
    pub fn identify(&self, stored: &PasswordHash) -> Result<Identified, Refused> {
        self.accept(stored).map(|recognised| recognised.describe())
    }

    /// A hash that no password matches, in the current scheme and at its cost:
    /// verifying against it takes an unknown user as long as a known one.
    pub fn dummy(&self) -> &PasswordHash {
        &self.dummy
    }

    fn accept(&self, stored: &PasswordHash) -> Result<Recognised, Refused> {
        let recognised = recognise(stored.expose(), &self.policy)?;
        let scheme = recognised.hash.scheme();
        if self.policy.refused.contains(&scheme.family()) {
            return Err(Refused::SchemeRefused(scheme));
        }
        Ok(recognised)
    }

    fn is_current(&self, recognised: &Recognised) -> bool {
        recognised.wrapper.is_none() && recognised.hash.is_current(self.policy.current)
    }
}

/// A digest that nothing was hashed to get.
fn random_hash(current: CurrentScheme) -> Option<PasswordHash> {
    let salt = random()?;
    Some(PasswordHash::from_stored(match current {
        CurrentScheme::Bcrypt { cost } => bcrypt::format_2b(cost, salt, random()?),
        CurrentScheme::Argon2id {
            memory_kib,
            iterations,
            parallelism,
        } => {
            let costs = argon2::Costs {
                memory_kib,
                iterations,
                parallelism,
            };
            argon2::format_argon2id(costs, salt, random()?)
        }
    }))
}
