//! The OpenAPI document and the pages that show it: what poem-openapi derives, and
//! what it leaves out.

pub(in crate::api) mod docs;
pub(in crate::api) mod document;
mod examples;
mod plain;
mod progenitor;
