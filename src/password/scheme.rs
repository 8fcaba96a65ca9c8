//! The names of things: the digest functions, the schemes that stored hashes
//! are in, and the families that a policy can refuse.

use std::{fmt, str::FromStr};

/// A digest function that a stored hash names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Digest {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    const ALL: [Self; 6] = [
        Self::Md5,
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
    ];

    /// The name as Python's `hashlib` spells it, which is what hashes carry.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The length of a digest, in bytes.
    pub fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|digest| digest.name() == name)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The scheme and notation of a stored hash. Its `Display` is a stable name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Scheme {
    /// `$2b$`, `$2a$`, `$2x$`, `$2y$`.
    Bcrypt,
    /// `bcrypt$$2b$`.
    DjangoBcrypt,
    /// `$bcrypt-sha256$v=2,`: what new hashes of long passwords are in.
    BcryptSha256,
    /// `$bcrypt-sha256$2b,`: passlib's first version.
    BcryptSha256V1,
    /// `bcrypt_sha256$$2b$`.
    DjangoBcryptSha256,
    /// `$argon2id$`, `$argon2i$`, `$argon2d$`.
    Argon2,
    /// `argon2$argon2id$`, `argon2$argon2i$`.
    DjangoArgon2,
    /// `$scrypt$ln=`.
    PasslibScrypt,
    /// `scrypt:N:r:p$`.
    WerkzeugScrypt,
    /// `scrypt$N$salt$r$p$`.
    DjangoScrypt,
    /// `$pbkdf2$`, `$pbkdf2-sha256$`, `$pbkdf2-sha512$`.
    PasslibPbkdf2(Digest),
    /// `pbkdf2_sha1$`, `pbkdf2_sha256$`, `pbkdf2_sha512$`.
    DjangoPbkdf2(Digest),
    /// `pbkdf2:sha256:`.
    WerkzeugPbkdf2(Digest),
    /// `$5$`.
    Sha256Crypt,
    /// `$6$`.
    Sha512Crypt,
    /// `sha1$salt$`: a salted digest (Django) or an HMAC (Werkzeug).
    SaltedDigest(Digest),
    /// `sha1$$`, or the bare hexadecimal MD5.
    UnsaltedDigest(Digest),
    /// `crypt$sa$`.
    DesCrypt,
    /// `$1$`.
    Md5Crypt,
    /// `$apr1$`.
    ApacheMd5Crypt,
    /// `$P$`, `$H$`: WordPress before 6.8, phpBB 3.
    Phpass,
    /// `$S$`: Drupal 7 to 10.0.
    Drupal,
    /// `$wp$2y$`: WordPress 6.8 and later.
    WordPress,
    /// ASP.NET Identity, version 2 of the format.
    AspNetV2,
    /// ASP.NET Core Identity, version 3 of the format.
    AspNetV3(Digest),
    /// `$firebase-scrypt$`, `$fbscrypt$`.
    FirebaseScrypt,
}

impl Scheme {
    /// The name of this scheme's family in a policy.
    pub fn family(self) -> Family {
        match self {
            Self::Bcrypt | Self::DjangoBcrypt | Self::WordPress => Family::Bcrypt,
            Self::BcryptSha256 | Self::BcryptSha256V1 | Self::DjangoBcryptSha256 => {
                Family::BcryptSha256
            }
            Self::Argon2 | Self::DjangoArgon2 => Family::Argon2,
            Self::PasslibScrypt
            | Self::WerkzeugScrypt
            | Self::DjangoScrypt
            | Self::FirebaseScrypt => Family::Scrypt,
            Self::PasslibPbkdf2(_)
            | Self::DjangoPbkdf2(_)
            | Self::WerkzeugPbkdf2(_)
            | Self::AspNetV2
            | Self::AspNetV3(_) => Family::Pbkdf2,
            Self::Sha256Crypt | Self::Sha512Crypt => Family::ShaCrypt,
            Self::SaltedDigest(_) => Family::SaltedDigest,
            Self::UnsaltedDigest(_) => Family::UnsaltedDigest,
            Self::Md5Crypt | Self::ApacheMd5Crypt => Family::Md5Crypt,
            Self::Phpass | Self::Drupal => Family::Phpass,
            Self::DesCrypt => Family::DesCrypt,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bcrypt => f.write_str("bcrypt"),
            Self::DjangoBcrypt => f.write_str("django bcrypt"),
            Self::BcryptSha256 => f.write_str("passlib bcrypt-sha256"),
            Self::BcryptSha256V1 => f.write_str("passlib bcrypt-sha256 version 1"),
            Self::DjangoBcryptSha256 => f.write_str("django bcrypt-sha256"),
            Self::Argon2 => f.write_str("argon2"),
            Self::DjangoArgon2 => f.write_str("django argon2"),
            Self::PasslibScrypt => f.write_str("passlib scrypt"),
            Self::WerkzeugScrypt => f.write_str("werkzeug scrypt"),
            Self::DjangoScrypt => f.write_str("django scrypt"),
            Self::PasslibPbkdf2(digest) => write!(f, "passlib pbkdf2-{digest}"),
            Self::DjangoPbkdf2(digest) => write!(f, "django pbkdf2-{digest}"),
            Self::WerkzeugPbkdf2(digest) => write!(f, "werkzeug pbkdf2-{digest}"),
            Self::Sha256Crypt => f.write_str("sha256-crypt"),
            Self::Sha512Crypt => f.write_str("sha512-crypt"),
            Self::SaltedDigest(digest) => write!(f, "salted {digest}"),
            Self::UnsaltedDigest(digest) => write!(f, "unsalted {digest}"),
            Self::DesCrypt => f.write_str("des-crypt"),
            Self::Md5Crypt => f.write_str("md5-crypt"),
            Self::ApacheMd5Crypt => f.write_str("apache md5-crypt"),
            Self::Phpass => f.write_str("phpass"),
            Self::Drupal => f.write_str("drupal sha512"),
            Self::WordPress => f.write_str("wordpress bcrypt"),
            Self::AspNetV2 => f.write_str("asp.net identity v2 pbkdf2-sha1"),
            Self::AspNetV3(digest) => write!(f, "asp.net identity v3 pbkdf2-{digest}"),
            Self::FirebaseScrypt => f.write_str("firebase scrypt"),
        }
    }
}

/// Schemes that share a primitive, and that a policy accepts or refuses together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Family {
    Bcrypt,
    BcryptSha256,
    Argon2,
    Scrypt,
    Pbkdf2,
    ShaCrypt,
    Phpass,
    Md5Crypt,
    SaltedDigest,
    UnsaltedDigest,
    DesCrypt,
}

impl Family {
    /// Every family, strongest first.
    pub const ALL: [Self; 11] = [
        Self::Argon2,
        Self::Bcrypt,
        Self::BcryptSha256,
        Self::Scrypt,
        Self::Pbkdf2,
        Self::ShaCrypt,
        Self::Phpass,
        Self::Md5Crypt,
        Self::SaltedDigest,
        Self::UnsaltedDigest,
        Self::DesCrypt,
    ];

    /// The name in a configuration file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bcrypt => "bcrypt",
            Self::BcryptSha256 => "bcrypt-sha256",
            Self::Argon2 => "argon2",
            Self::Scrypt => "scrypt",
            Self::Pbkdf2 => "pbkdf2",
            Self::ShaCrypt => "sha-crypt",
            Self::Phpass => "phpass",
            Self::Md5Crypt => "md5-crypt",
            Self::SaltedDigest => "salted-digest",
            Self::UnsaltedDigest => "unsalted-digest",
            Self::DesCrypt => "des-crypt",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Family {
    type Err = UnknownFamily;

    fn from_str(name: &str) -> Result<Self, UnknownFamily> {
        Self::ALL
            .into_iter()
            .find(|family| family.name() == name)
            .ok_or_else(|| UnknownFamily(name.to_owned()))
    }
}

/// A name in the configuration that is no [`Family`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no family of password schemes is called {0:?}")]
pub struct UnknownFamily(pub String);
