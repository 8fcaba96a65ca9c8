//! What an operator decides: the scheme of new hashes, the families that no
//! longer verify, and how much a stored hash may ask for.

use std::{collections::BTreeSet, fmt};

use super::{Family, FirebaseProject, PolicyError, SiteSalt};

/// The scheme that new hashes are made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CurrentScheme {
    /// `$2b$`; a password that bcrypt would cut (over 71 bytes, or with a NUL)
    /// goes through bcrypt-sha256 at the same cost. The work is 2^`cost`.
    Bcrypt { cost: u32 },
    /// Argon2id, version 19.
    Argon2id {
        memory_kib: u32,
        iterations: u32,
        parallelism: u32,
    },
}

impl CurrentScheme {
    /// bcrypt at cost 12: a quarter of a second on one core.
    pub const BCRYPT: Self = Self::Bcrypt { cost: 12 };
    /// Argon2id with 19 MiB, two passes and one lane.
    pub const ARGON2ID: Self = Self::Argon2id {
        memory_kib: 19 * 1024,
        iterations: 2,
        parallelism: 1,
    };

    fn families(self) -> &'static [Family] {
        match self {
            Self::Bcrypt { .. } => &[Family::Bcrypt, Family::BcryptSha256],
            Self::Argon2id { .. } => &[Family::Argon2],
        }
    }

    fn check(self, limits: &Limits) -> Result<(), PolicyError> {
        match self {
            Self::Bcrypt { cost } => within("bcrypt cost", cost, 4, limits.bcrypt_cost.min(31)),
            Self::Argon2id {
                memory_kib,
                iterations,
                parallelism,
            } => {
                within(
                    "argon2 parallelism",
                    parallelism,
                    1,
                    limits.argon2_parallelism,
                )?;
                let least = parallelism.saturating_mul(8);
                within("argon2 memory in KiB", memory_kib, least, limits.memory_kib)?;
                let most = limits.argon2_iterations_with(memory_kib);
                within("argon2 iterations", iterations, 1, most)
            }
        }
    }
}

impl fmt::Display for CurrentScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bcrypt { cost } => write!(f, "bcrypt (cost={cost})"),
            Self::Argon2id {
                memory_kib,
                iterations,
                parallelism,
            } => write!(
                f,
                "argon2id (memory={memory_kib} KiB, iterations={iterations}, parallelism={parallelism})"
            ),
        }
    }
}

/// The most that a stored hash may ask for. Whatever is over is refused without
/// being computed. The defaults leave four to eight times the room that today's
/// frameworks take by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a stored string: 2,048. A hash with the longest salt that passlib
    /// allows has under 1,500, all others under 300.
    pub length: usize,
    /// bcrypt cost: 16. Frameworks write 10 to 13; 16 takes four seconds, and
    /// each step doubles it.
    pub bcrypt_cost: u32,
    /// Memory of one Argon2 or scrypt computation: 512 MiB. Django's Argon2 takes
    /// 100, passlib's scrypt 64; every hashing thread may hold this much at once.
    pub memory_kib: u32,
    /// Argon2 passes: 4,096, and fewer with much memory (see the next).
    pub argon2_iterations: u32,
    /// Argon2 memory times passes: 1.5 GiB, up to three seconds. Django's default
    /// writes 200 MiB in all, pwdlib's 192.
    pub argon2_work_kib: u32,
    /// Argon2 lanes: 64. Frameworks write 1 to 8; lanes are computed in turn.
    pub argon2_parallelism: u32,
    /// scrypt's N times r times p: 2^22, one to two seconds. Django's default is
    /// 655,360, passlib's 524,288, Werkzeug's 262,144.
    pub scrypt_work: u32,
    /// PBKDF2 iterations: 10,000,000, 1.5 seconds with SHA-256, seven with SHA-512.
    /// Django writes 1,500,000.
    pub pbkdf2_iterations: u32,
    /// sha-crypt rounds: 5,000,000, up to two seconds with a short password, and
    /// growing with its length. passlib writes 656,000.
    pub sha_crypt_rounds: u32,
    /// phpass rounds: 2^20, a third of a second with SHA-512 and a short password, and
    /// growing with its length. WordPress writes 2^13, Drupal 2^16.
    pub phpass_rounds: u32,
    /// Bytes of a salt: 1,024, passlib's own bound.
    pub salt: u32,
    /// Bytes of an Argon2 or scrypt digest: 128, twice the longest in use. All
    /// other schemes have a digest of one length.
    pub digest: u32,
}

impl Limits {
    pub(super) fn argon2_iterations_with(&self, memory_kib: u32) -> u32 {
        (self.argon2_work_kib / memory_kib.max(1)).min(self.argon2_iterations)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            length: 2048,
            bcrypt_cost: 16,
            memory_kib: 512 * 1024,
            argon2_iterations: 4096,
            argon2_work_kib: 1536 * 1024,
            argon2_parallelism: 64,
            scrypt_work: 1 << 22,
            pbkdf2_iterations: 10_000_000,
            sha_crypt_rounds: 5_000_000,
            phpass_rounds: 1 << 20,
            salt: 1024,
            digest: 128,
        }
    }
}

/// The whole of it. By default: bcrypt at cost 12, everything known verifies.
#[derive(Debug, Clone)]
pub struct Policy {
    /// What new hashes are made in, and what others are rehashed to.
    pub current: CurrentScheme,
    /// Families whose hashes no longer verify.
    pub refused: BTreeSet<Family>,
    /// The most that a stored hash may ask for.
    pub limits: Limits,
    /// `SECURITY_PASSWORD_SALT`, if users came from Flask-Security.
    pub flask_security_salt: Option<SiteSalt>,
    /// The parameters of the project, if users came from Firebase.
    pub firebase: Option<FirebaseProject>,
}

impl Policy {
    pub(super) fn check(&self) -> Result<(), PolicyError> {
        self.current.check(&self.limits)?;
        let refused = |family: &&Family| self.refused.contains(family);
        match self.current.families().iter().find(refused) {
            Some(family) => Err(PolicyError::CurrentRefused(*family)),
            None => Ok(()),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            current: CurrentScheme::BCRYPT,
            refused: BTreeSet::new(),
            limits: Limits::default(),
            flask_security_salt: None,
            firebase: None,
        }
    }
}

fn within(parameter: &'static str, value: u32, least: u32, most: u32) -> Result<(), PolicyError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(PolicyError::OutOfRange {
        parameter,
        value: value.into(),
        least: least.into(),
        most: most.into(),
    })
}
