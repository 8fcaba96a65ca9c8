//! Lists come in pages, by cursor.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use poem_openapi::{
    Object,
    registry::{MetaSchema, MetaSchemaRef},
    types::{Example, ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type},
};

use crate::api::plumbing::nullable::Nullable;
use crate::api::plumbing::problem::{Failure, FieldProblem, Problem};

/// How many entries a page has where nothing else is asked for, and at most.
const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// One page of a list.
#[derive(Object)]
#[oai(example)]
pub(in crate::api) struct Page<T: Type + ParseFromJSON + ToJSON + Example + Send + Sync> {
    /// The entries, in order.
    pub items: Vec<T>,
    /// Where the next page begins: the `cursor` to ask for it with, `null` on
    /// the last page.
    pub next_cursor: Nullable<String>,
}

impl<T: Type + ParseFromJSON + ToJSON + Example + Send + Sync> Example for Page<T> {
    fn example() -> Self {
        Self {
            items: vec![T::example()],
            next_cursor: Nullable(None),
        }
    }
}

/// How many entries a page has.
#[derive(Clone, Copy)]
pub(in crate::api) struct Limit(u32);

impl Type for Limit {
    const IS_REQUIRED: bool = true;

    type RawValueType = u32;

    type RawElementValueType = u32;

    fn name() -> Cow<'static, str> {
        "limit".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            minimum: Some(1.0),
            maximum: Some(MAX_LIMIT.into()),
            ..MetaSchema::new_with_format("integer", "int32")
        }))
    }

    fn as_raw_value(&self) -> Option<&u32> {
        Some(&self.0)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a u32> + 'a> {
        Box::new(std::iter::once(&self.0))
    }
}

impl ParseFromParameter for Limit {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        let number = value.parse().ok();
        let fitting = number.filter(|limit| (1..=MAX_LIMIT).contains(limit));
        let fitting = fitting.map(Self);
        fitting.ok_or_else(|| ParseError::custom(format!("must be a number from 1 to {MAX_LIMIT}")))
    }
}

/// Which page of a list: behind which entry, and how many entries.
pub(in crate::api) struct Window {
    pub after: String,
    pub limit: u32,
}

impl Window {
    pub(in crate::api) fn parse<const A: u16, const B: u16>(
        cursor: Option<String>,
        limit: Option<Limit>,
    ) -> Result<Self, Failure<A, B>> {
        let limit = limit.map_or(DEFAULT_LIMIT, |limit| limit.0);
        let after = match cursor {
            None => String::new(),
            Some(cursor) => URL_SAFE_NO_PAD
                .decode(cursor)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| unfit("cursor", "this is not a `next_cursor` of an earlier page"))?,
        };
        Ok(Self { after, limit })
    }

    /// Makes a page of up to `limit + 1` entries; the one too many says that
    /// there is a next page.
    pub(in crate::api) fn page<R, T>(
        &self,
        mut rows: Vec<R>,
        key: impl Fn(&R) -> &str,
        show: impl Fn(R) -> T,
    ) -> Page<T>
    where
        T: Type + ParseFromJSON + ToJSON + Example + Send + Sync,
    {
        let has_more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let next_cursor = rows
            .last()
            .filter(|_| has_more)
            .map(|last| URL_SAFE_NO_PAD.encode(key(last)));
        Page {
            items: rows.into_iter().map(show).collect(),
            next_cursor: Nullable(next_cursor),
        }
    }
}

fn unfit<const A: u16, const B: u16>(field: &str, detail: impl Into<String>) -> Failure<A, B> {
    let misfit = FieldProblem {
        field: field.to_owned(),
        detail: detail.into(),
    };
    Problem::unfit(vec![misfit]).into()
}
