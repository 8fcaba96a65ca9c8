//! Scopes: what a token may do (RFC 6749 §3.3).

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// One scope token: one or more of `%x21 / %x23-5B / %x5D-7E` (RFC 6749 §3.3).
/// [`Scope::parse`] is the only way to one.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use scopegate_guard::scope::Scope;
///
/// assert_eq!(Scope::parse("items:read")?.as_str(), "items:read");
/// assert!(Scope::parse("items read").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Scope(String);

/// Why a text is not a scope or a list of scopes.
///
/// ```
/// use scopegate_guard::scope::{Scope, ScopeError};
///
/// assert_eq!(Scope::parse(""), Err(ScopeError::Empty));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScopeError {
    /// A scope is not empty.
    #[error("a scope must not be empty")]
    Empty,
    /// A scope has only printable ASCII without blanks, quotes and backslashes.
    #[error("a scope may contain only printable ASCII without spaces, quotes and backslashes")]
    BadCharacter,
    #[error("there are more than {} scopes", ScopeSet::MAX_SCOPES)]
    /// More than 64.
    TooMany,
    #[error("the scopes are longer than {} bytes together", ScopeSet::MAX_BYTES)]
    /// More than 2,048 bytes together.
    TooLong,
}

impl Scope {
    /// Reads one scope token.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.is_empty() {
            return Err(ScopeError::Empty);
        }
        if text.len() > ScopeSet::MAX_BYTES {
            return Err(ScopeError::TooLong);
        }
        let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        if !text.bytes().all(allowed) {
            return Err(ScopeError::BadCharacter);
        }
        Ok(Self(text.to_owned()))
    }

    /// The scope's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::parse(text)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl std::borrow::Borrow<str> for Scope {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A set of scopes, sorted and without repeats. Prints as scopes joined by
/// single spaces, the form of RFC 6749; serialises as an array. A clone shares
/// the scopes.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use scopegate_guard::scope::ScopeSet;
///
/// let held = ScopeSet::parse("items me items:write")?;
/// let needed = ScopeSet::parse("me items")?;
/// assert!(needed.is_subset(&held));
/// assert_eq!(held.difference(&needed).to_string(), "items:write");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ScopeSet(Arc<[Scope]>);

impl ScopeSet {
    /// The most scopes that a set may have.
    pub const MAX_SCOPES: usize = 64;
    /// The most bytes that the scopes of a set may have together.
    pub const MAX_BYTES: usize = 2048;

    /// Reads scopes separated by spaces; an empty text is an empty set.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.len() > Self::MAX_BYTES {
            return Err(ScopeError::TooLong);
        }
        text.split(' ')
            .filter(|word| !word.is_empty())
            .map(Scope::parse)
            .collect::<Result<Vec<_>, _>>()
            .and_then(Self::from_scopes)
    }

    /// Reads what was stored: any number of scopes, and nothing of a word that is no
    /// scope.
    pub fn from_stored(text: &str) -> Self {
        text.split_ascii_whitespace()
            .filter_map(|word| Scope::parse(word).ok())
            .collect()
    }

    /// Checks the limits of requests and tokens: 64 scopes, 2,048 bytes together.
    pub fn check_limits(&self) -> Result<(), ScopeError> {
        if self.0.len() > Self::MAX_SCOPES {
            return Err(ScopeError::TooMany);
        }
        if self.iter().map(|scope| scope.0.len() + 1).sum::<usize>() > Self::MAX_BYTES + 1 {
            return Err(ScopeError::TooLong);
        }
        Ok(())
    }

    /// Collects scopes; fails beyond the limits of a set.
    pub fn from_scopes(scopes: impl IntoIterator<Item = Scope>) -> Result<Self, ScopeError> {
        let set: Self = scopes.into_iter().collect();
        set.check_limits()?;
        Ok(set)
    }

    /// Keeps the scopes that fit.
    pub fn retain(&mut self, mut fits: impl FnMut(&str) -> bool) {
        let fitting = self.0.iter().filter(|scope| fits(scope.as_str()));
        self.0 = fitting.cloned().collect();
    }

    /// The scopes that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &ScopeSet) -> ScopeSet {
        if self.is_subset(other) {
            return self.clone();
        }
        let common = self.0.iter().filter(|scope| other.contains(&scope.0));
        Self(common.cloned().collect())
    }

    /// The scopes of this set that the other lacks.
    #[must_use]
    pub fn difference(&self, other: &ScopeSet) -> ScopeSet {
        let missing = self.0.iter().filter(|scope| !other.contains(&scope.0));
        Self(missing.cloned().collect())
    }

    /// Whether every scope of this set is in the other.
    pub fn is_subset(&self, other: &ScopeSet) -> bool {
        // Both are sorted: one walk through the other finds them all.
        let mut others = other.0.iter();
        self.0
            .iter()
            .all(|scope| others.any(|other| scope == other))
    }

    /// Whether the set holds the scope of this very text.
    pub fn contains(&self, scope: &str) -> bool {
        self.0
            .binary_search_by(|held| held.as_str().cmp(scope))
            .is_ok()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes in order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// The scopes as texts, in order.
    pub fn to_strings(&self) -> Vec<String> {
        self.0.iter().map(|scope| scope.0.clone()).collect()
    }
}

/// Collects without the limits, which are those of requests and tokens: what a
/// user may hold is bounded by the catalogue alone.
impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut scopes: Vec<Scope> = scopes.into_iter().collect();
        scopes.sort_unstable();
        scopes.dedup();
        Self(scopes.into())
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { " " };
            write!(f, "{separator}{scope}")?;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for ScopeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let scopes = Vec::<Scope>::deserialize(deserializer)?;
        Self::from_scopes(scopes).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_prints_sorted_without_repeats() {
        let set = ScopeSet::parse("me:write  me me").unwrap();
        assert_eq!(set.to_string(), "me me:write");
    }

    #[test]
    fn only_the_characters_of_rfc_6749_make_a_scope() {
        for bad in ["", "a b", "a\"b", "a\\b", "ä", "a\u{7f}", "a\nb"] {
            assert!(Scope::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Scope::parse("https://api.example/read").is_ok());
    }

    #[test]
    fn sets_beyond_the_limits_are_refused() {
        let many: Vec<String> = (0..65).map(|n| format!("s{n}")).collect();
        assert_eq!(ScopeSet::parse(&many.join(" ")), Err(ScopeError::TooMany));
        assert_eq!(ScopeSet::parse(&"x".repeat(2049)), Err(ScopeError::TooLong));
        assert!(ScopeSet::parse(&"x".repeat(2048)).is_ok());
    }
}
