//! Fields whose value may be `null`, which poem-openapi's own types leave out
//! of the document.

use std::borrow::Cow;

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::{ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde_json::Value;

fn nullable<T: Type>() -> MetaSchemaRef {
    let null = MetaSchema {
        nullable: true,
        ..MetaSchema::ANY
    };
    T::schema_ref().merge(null)
}

/// A field that is always there, and may be `null`.
pub(in crate::api) struct Nullable<T>(pub Option<T>);

impl<T: Type> Type for Nullable<T> {
    const IS_REQUIRED: bool = true;

    type RawValueType = T::RawValueType;

    type RawElementValueType = T::RawElementValueType;

    fn name() -> Cow<'static, str> {
        format!("nullable_{}", T::name()).into()
    }

    fn schema_ref() -> MetaSchemaRef {
        nullable::<T>()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        self.0.as_ref().and_then(Type::as_raw_value)
    }

    fn raw_element_iter<'a>(
        &'a self,
    ) -> Box<dyn Iterator<Item = &'a Self::RawElementValueType> + 'a> {
        self.0.raw_element_iter()
    }
}

impl<T: ParseFromJSON> ParseFromJSON for Nullable<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        match Option::<T>::parse_from_json(value) {
            Ok(value) => Ok(Self(value)),
            Err(error) => Err(error.propagate()),
        }
    }
}

impl<T: ToJSON> ToJSON for Nullable<T> {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.to_json().unwrap_or(Value::Null))
    }
}

/// A field of a merge patch (RFC 7396) that can be emptied: `None` leaves it
/// as it is, `Some(None)`, which is `null`, empties it.
pub(in crate::api) struct Change<T>(pub Option<Option<T>>);

impl<T: Type> Type for Change<T> {
    const IS_REQUIRED: bool = false;

    type RawValueType = T::RawValueType;

    type RawElementValueType = T::RawElementValueType;

    fn name() -> Cow<'static, str> {
        format!("change_of_{}", T::name()).into()
    }

    fn schema_ref() -> MetaSchemaRef {
        nullable::<T>()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        self.0.as_ref().and_then(Type::as_raw_value)
    }

    fn raw_element_iter<'a>(
        &'a self,
    ) -> Box<dyn Iterator<Item = &'a Self::RawElementValueType> + 'a> {
        self.0.raw_element_iter()
    }

    fn is_none(&self) -> bool {
        self.0.is_none()
    }
}

impl<T: ParseFromJSON> ParseFromJSON for Change<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let Some(value) = value else {
            return Ok(Self(None));
        };
        match Option::<T>::parse_from_json(Some(value)) {
            Ok(value) => Ok(Self(Some(value))),
            Err(error) => Err(error.propagate()),
        }
    }
}

impl<T: ToJSON> ToJSON for Change<T> {
    fn to_json(&self) -> Option<Value> {
        let value = self.0.as_ref()?;
        Some(value.to_json().unwrap_or(Value::Null))
    }
}
