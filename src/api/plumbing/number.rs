//! Numbers in queries, with their bounds in the document and in what is said of others.

use std::borrow::Cow;

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromParameter, ParseResult, Type},
};

/// A whole number from `LEAST` to `MOST`.
#[derive(Clone, Copy)]
pub(in crate::api) struct Number<const LEAST: i64, const MOST: i64>(pub i64);

impl<const LEAST: i64, const MOST: i64> Type for Number<LEAST, MOST> {
    const IS_REQUIRED: bool = true;

    type RawValueType = i64;

    type RawElementValueType = i64;

    fn name() -> Cow<'static, str> {
        "number".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        let bound = |bound: i64| u32::try_from(bound).ok().map(f64::from);
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            minimum: bound(LEAST),
            maximum: bound(MOST),
            ..MetaSchema::new_with_format("integer", "int64")
        }))
    }

    fn as_raw_value(&self) -> Option<&i64> {
        Some(&self.0)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a i64> + 'a> {
        Box::new(std::iter::once(&self.0))
    }
}

impl<const LEAST: i64, const MOST: i64> ParseFromParameter for Number<LEAST, MOST> {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        match value.parse() {
            Ok(number) if (LEAST..=MOST).contains(&number) => Ok(Self(number)),
            _ if MOST == i64::MAX => {
                let reason = format!("must be a number that is not below {LEAST}");
                Err(ParseError::custom(reason))
            }
            _ => {
                let reason = format!("must be a number from {LEAST} to {MOST}");
                Err(ParseError::custom(reason))
            }
        }
    }
}
