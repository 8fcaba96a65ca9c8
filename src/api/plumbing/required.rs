//! Parameters of OAuth that the document calls required: what is missing or not one of the
//! values is refused by the operation itself, in the words of OAuth.

use std::{borrow::Cow, marker::PhantomData};

use poem_openapi::{
    registry::{MetaSchemaRef, Registry},
    types::{ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde_json::Value;

/// A text, whatever it says; documented as a `T` that must be there.
pub(in crate::api) struct Required<T>(pub Option<String>, PhantomData<fn() -> T>);

impl<T> Required<T> {
    pub(in crate::api) fn new(text: &str) -> Self {
        Self(Some(text.to_owned()), PhantomData)
    }
}

impl<T> Default for Required<T> {
    fn default() -> Self {
        Self(None, PhantomData)
    }
}

impl<T: Type> Type for Required<T> {
    const IS_REQUIRED: bool = true;

    type RawValueType = String;

    type RawElementValueType = String;

    fn name() -> Cow<'static, str> {
        format!("required_{}", T::name()).into()
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn as_raw_value(&self) -> Option<&String> {
        self.0.as_ref()
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a String> + 'a> {
        Box::new(self.0.iter())
    }
}

impl<T: Type> ParseFromJSON for Required<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        match Option::<String>::parse_from_json(value) {
            Ok(text) => Ok(Self(text, PhantomData)),
            Err(error) => Err(error.propagate()),
        }
    }
}

impl<T: Type> ToJSON for Required<T> {
    fn to_json(&self) -> Option<Value> {
        self.0.to_json()
    }
}
