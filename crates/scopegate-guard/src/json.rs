//! JSON that can be read in one way only: no name is repeated in an object
//! (RFC 8259 §4 leaves open what that would mean), and nothing is nested over
//! 127 deep, in what is ignored as little as in what is read.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{DeserializeOwned, Deserializer, Error as _, MapAccess, SeqAccess, Visitor},
};

/// Reads one JSON value.
///
/// # Errors
/// It is not JSON, not a `T`, or can be read in more than one way.
///
/// ```
/// use serde_json::Value;
/// use scopegate_guard::unambiguous_json;
///
/// assert!(unambiguous_json::<Value>(br#"{"admin":false}"#).is_ok());
/// assert!(unambiguous_json::<Value>(br#"{"admin":false,"admin":true}"#).is_err());
/// ```
pub fn from_slice<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice::<Unambiguous>(json)?;
    serde_json::from_slice(json)
}

/// A name of an object, copied only where it is written with escapes.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Any value, looked through and not kept.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unambiguous {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut names = Vec::new();
        while let Some((name, _)) = map.next_entry::<Name<'de>, Self>()? {
            names.push(name);
        }
        names.sort_unstable();
        match names.is_sorted_by(|one, next| one < next) {
            true => Ok(self),
            false => Err(A::Error::custom("a name is repeated")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }
}
