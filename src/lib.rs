//! Scopegate: an OpenAPI-first server with scoped tokens.
//!
//! The crate is the server of the `scopegate` command and the parts that it is
//! made of. The vocabulary stands alone, without I/O: [`scope`], [`subject`],
//! [`token`], [`password`], and [`guard`], which enforces the scopes that an
//! API written with poem-openapi declares. What the server adds is in the order
//! of its dependencies: [`store`], [`live`], [`hashing`] and [`throttle`], then
//! [`authority`], which holds them together, [`oauth`] and [`accounts`], the
//! rules, and at the outside [`api`] and [`server`].
#![forbid(unsafe_code)]

pub mod accounts;
pub mod actor;
mod address;
pub mod api;
pub mod authority;
pub mod client;
pub mod clock;
pub mod config;
pub mod guard;
pub mod hashing;
pub mod housekeeping;
pub mod infrastructure;
pub mod issuing;
mod json;
pub mod live;
pub mod oauth;
pub mod opaque;
pub mod password;
pub mod redirect_uri;
pub mod scope;
pub mod server;
pub mod store;
pub mod subject;
pub mod throttle;
pub mod token;
pub mod web;
