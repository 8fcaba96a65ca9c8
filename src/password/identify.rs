//! Which scheme a stored string is in: the one table of prefixes.

use std::fmt;

use super::{
    Digest, Limits, Policy, Refused, Scheme, Wrapper, argon2, aspnet, bcrypt, bcrypt_sha256,
    des_crypt, digest, firebase, md5_crypt, pbkdf2, phpass, scrypt, sha_crypt,
    stored::{Parameter, StoredHash},
    wordpress,
};

type Parser = fn(&str, &Limits) -> Result<Box<dyn StoredHash>, Refused>;

enum Format {
    Known(Parser),
    /// It does not say everything: the project's parameters are in the policy.
    Firebase,
    Foreign(&'static str),
    Labelled,
    NoPassword,
}

use Format::{Firebase, Foreign, Known, Labelled, NoPassword};

/// Every format, by how it starts. No prefix is the start of another.
const FORMATS: &[(&str, Format)] = &[
    ("!", NoPassword),
    ("$2a$", Known(bcrypt::parse)),
    ("$2b$", Known(bcrypt::parse)),
    ("$2x$", Known(bcrypt::parse)),
    ("$2y$", Known(bcrypt::parse)),
    ("bcrypt$", Known(bcrypt::parse_django)),
    ("$bcrypt-sha256$", Known(bcrypt_sha256::parse_passlib)),
    ("bcrypt_sha256$", Known(bcrypt_sha256::parse_django)),
    ("$argon2", Known(argon2::parse)),
    ("argon2$", Known(argon2::parse_django)),
    ("$scrypt$", Known(scrypt::parse_passlib)),
    ("scrypt:", Known(scrypt::parse_werkzeug)),
    ("scrypt$", Known(scrypt::parse_django)),
    ("$pbkdf2$", Known(pbkdf2::parse_passlib)),
    ("$pbkdf2-sha256$", Known(pbkdf2::parse_passlib)),
    ("$pbkdf2-sha512$", Known(pbkdf2::parse_passlib)),
    ("pbkdf2_sha1$", Known(pbkdf2::parse_django)),
    ("pbkdf2_sha256$", Known(pbkdf2::parse_django)),
    ("pbkdf2_sha512$", Known(pbkdf2::parse_django)),
    ("pbkdf2:", Known(pbkdf2::parse_werkzeug)),
    ("$5$", Known(sha_crypt::parse_256)),
    ("$6$", Known(sha_crypt::parse_512)),
    ("md5$", Known(digest::parse_salted)),
    ("sha1$", Known(digest::parse_salted)),
    ("sha224$", Known(digest::parse_salted)),
    ("sha256$", Known(digest::parse_salted)),
    ("sha384$", Known(digest::parse_salted)),
    ("sha512$", Known(digest::parse_salted)),
    ("crypt$", Known(des_crypt::parse)),
    ("plain$", Foreign("a password stored in plain text")),
    ("$1$", Known(md5_crypt::parse)),
    ("$apr1$", Known(md5_crypt::parse)),
    ("$P$", Known(phpass::parse)),
    ("$H$", Known(phpass::parse)),
    ("$S$", Known(phpass::parse)),
    ("U$P$", Known(phpass::parse)),
    ("U$H$", Known(phpass::parse)),
    ("U$S$", Known(phpass::parse)),
    ("$wp$", Known(wordpress::parse)),
    ("AQAAAA", Known(aspnet::parse_version_3)),
    ("$firebase-scrypt$", Firebase),
    ("$fbscrypt$", Known(firebase::parse_supabase)),
    ("$2$", Foreign("the bcrypt of 1997 ($2$)")),
    ("$7$", Foreign("scrypt in the $7$ notation")),
    ("$y$", Foreign("yescrypt")),
    ("{", Labelled),
];

/// What follows a label, as LDAP servers, Dovecot and Spring write it: the label
/// says the scheme, in letters of either case, and the rest is in one of the formats or
/// a digest in base64.
const LABELS: &[(&str, Label)] = &[
    ("argon2", Label::Format),
    ("argon2i", Label::Format),
    ("argon2id", Label::Format),
    ("bcrypt", Label::Format),
    ("blf-crypt", Label::Format),
    ("crypt", Label::Crypt),
    ("sha256-crypt", Label::Format),
    ("sha512-crypt", Label::Format),
    ("md5-crypt", Label::Format),
    ("pbkdf2", Label::Pbkdf2(Digest::Sha1)),
    ("pbkdf2-sha1", Label::Pbkdf2(Digest::Sha1)),
    ("pbkdf2-sha256", Label::Pbkdf2(Digest::Sha256)),
    ("pbkdf2-sha512", Label::Pbkdf2(Digest::Sha512)),
    ("md5", Label::Digest(Digest::Md5)),
    ("sha", Label::Digest(Digest::Sha1)),
    ("sha256", Label::Digest(Digest::Sha256)),
    ("sha512", Label::Digest(Digest::Sha512)),
    ("smd5", Label::Digest(Digest::Md5)),
    ("ssha", Label::Digest(Digest::Sha1)),
    ("ssha256", Label::Digest(Digest::Sha256)),
    ("ssha512", Label::Digest(Digest::Sha512)),
    ("noop", Label::Plain),
    ("plain", Label::Plain),
    ("cleartext", Label::Plain),
];

enum Label {
    /// One of the formats that need no label.
    Format,
    /// One of those, or the 13 characters of the DES crypt alone.
    Crypt,
    /// passlib's notation, without the name.
    Pbkdf2(Digest),
    /// The digest of the password and a salt, and behind it the salt, if there is one.
    Digest(Digest),
    Plain,
}

/// A stored string that was read, with what was done to the password before.
pub(super) struct Recognised {
    pub(super) wrapper: Option<Wrapper>,
    pub(super) hash: Box<dyn StoredHash>,
}

pub(super) fn recognise(stored: &str, policy: &Policy) -> Result<Recognised, Refused> {
    let (length, limit) = (stored.len(), policy.limits.length);
    if length > limit {
        return Err(Refused::TooLong { length, limit });
    }
    let (wrapper, inner) = Wrapper::unwrap(stored);
    let hash = parse(inner, policy)?;
    match wrapper {
        Some(wrapper) if !wrapper.may_hold(hash.scheme()) => Err(hash
            .scheme()
            .malformed("not a scheme that its wrapper may hold")),
        _ => Ok(Recognised { wrapper, hash }),
    }
}

fn parse(stored: &str, policy: &Policy) -> Result<Box<dyn StoredHash>, Refused> {
    let limits = &policy.limits;
    let starts = |(prefix, _): &&(&str, Format)| stored.starts_with(prefix);
    match FORMATS.iter().find(starts).map(|(_, format)| format) {
        Some(Known(parse)) => parse(stored, limits),
        Some(Firebase) => firebase::parse(stored, policy),
        Some(Foreign(name)) => Err(Refused::Unsupported(name)),
        Some(Labelled) => parse_labelled(stored, policy),
        Some(NoPassword) => Err(Refused::Unusable),
        None if digest::is_bare_md5(stored) => digest::parse_bare_md5(stored, limits),
        None if aspnet::is_version_2(stored) => aspnet::parse_version_2(stored, limits),
        None if looks_like_a_hash(stored) => {
            Err(Refused::Unsupported("an algorithm unknown to this server"))
        }
        None => Err(Refused::Unrecognised),
    }
}

/// `{label}hash`.
fn parse_labelled(stored: &str, policy: &Policy) -> Result<Box<dyn StoredHash>, Refused> {
    let limits = &policy.limits;
    let unknown = Refused::Unsupported("a hash behind a label in braces that is not known");
    let Some((label, rest)) = stored[1..].split_once('}') else {
        return Err(unknown);
    };
    let is_it = |(name, _): &&(&str, Label)| label.eq_ignore_ascii_case(name);
    match LABELS.iter().find(is_it).map(|(_, label)| label) {
        Some(Label::Crypt) if des_crypt::is_crypted(rest) => Ok(des_crypt::parse_crypted(rest)),
        // One label is enough: what follows has none.
        Some(Label::Format | Label::Crypt) if !rest.starts_with('{') => parse(rest, policy),
        Some(Label::Pbkdf2(digest)) => pbkdf2::parse_labelled(*digest, rest, limits),
        Some(Label::Digest(digest)) => digest::parse_base64(*digest, rest, limits),
        Some(Label::Plain) => Err(Refused::Unsupported("a password stored in plain text")),
        _ => Err(unknown),
    }
}

/// `word$…$…` or `$word$…`. The word is not reported: it may be the start of a
/// password in plain text.
fn looks_like_a_hash(stored: &str) -> bool {
    let after_sigil = stored.strip_prefix('$').unwrap_or(stored);
    let Some((word, rest)) = after_sigil.split_once('$') else {
        return false;
    };
    let in_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-:+,=.".contains(&byte);
    let is_name = !word.is_empty() && word.bytes().all(in_a_name);
    is_name && (stored.starts_with('$') || rest.contains('$'))
}

/// What `identify` reports: everything but the salt and the digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// What was done to the password before it was hashed, if the stored string
    /// says so.
    pub wrapper: Option<Wrapper>,
    /// The scheme and its notation.
    pub scheme: Scheme,
    /// The cost, in the order in which the scheme writes it.
    pub parameters: Vec<Parameter>,
}

/// Says what a stored string is, under the default [`Policy`], and computes
/// nothing.
///
/// # Errors
/// Why it would not be verified.
pub fn identify(stored: &str) -> Result<Identified, Refused> {
    recognise(stored, &Policy::default()).map(|recognised| recognised.describe())
}

impl Recognised {
    pub(super) fn describe(&self) -> Identified {
        Identified {
            wrapper: self.wrapper,
            scheme: self.hash.scheme(),
            parameters: self.hash.parameters(),
        }
    }
}

impl fmt::Display for Identified {
    /// `django pbkdf2-sha256 (iterations=1500000)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(wrapper) = self.wrapper {
            write!(f, "{wrapper} over ")?;
        }
        write!(f, "{}", self.scheme)?;
        if self.parameters.is_empty() {
            return Ok(());
        }
        let named = |Parameter { name, value }: &Parameter| format!("{name}={value}");
        let parameters: Vec<String> = self.parameters.iter().map(named).collect();
        write!(f, " ({})", parameters.join(", "))
    }
}
