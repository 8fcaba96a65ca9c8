//! Lists come in pages, by cursor.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use poem_openapi::{
    Object,
    types::{Example, ParseFromJSON, ToJSON, Type},
};

use crate::api::plumbing::problem::{Failure, FieldProblem, Problem};
use crate::api::plumbing::{nullable::Nullable, number::Number};

/// How many entries a page has where nothing else is asked for.
const DEFAULT_LIMIT: u32 = 50;

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

/// How many entries a page may have.
pub(in crate::api) type Limit = Number<1, 200>;

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
        let limit = limit.and_then(|limit| u32::try_from(limit.0).ok());
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
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
