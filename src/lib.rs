//! Scopegate: an OpenAPI-first server with scoped tokens.
//!
//! The crate is the server of the `scopegate` command and the parts that it is
//! made of, in the order of their dependencies; `docs/architecture.md` draws them.
//!
//! - The vocabulary, without I/O: [`scope`] and [`subject`] and the [`guard`] that
//!   enforces declared scopes (from the crate `scopegate-guard`), [`token`],
//!   [`password`], [`client`], [`builtin_scope`], [`actor`], [`clock`].
//! - What keeps and remembers: [`store`], [`live`], [`hashing`], [`throttle`],
//!   [`elsewhere`] and [`directory`].
//! - [`authority`], which holds them together and has the one path of every change.
//! - The rooms of what is changed: [`users`], [`clients`], [`scopes`], [`kinds`],
//!   [`tokens`], [`keys`]; and the protocol, [`oauth`].
//! - [`api_document`]: other people's OpenAPI documents, for the catalogue.
//! - The outside: [`api`] and [`web`], put together in [`app`], and [`server`].

pub mod actor;
mod address;
pub mod admin;
pub mod api;
pub mod api_document;
pub mod app;
mod assertion_keys;
pub mod audit;
pub mod audit_event;
pub mod authority;
pub mod builtin_scope;
pub mod client;
pub mod clients;
pub mod clock;
pub mod config;
pub mod directory;
pub mod documents;
pub mod elsewhere;
pub mod error;
pub mod fields;
pub mod hashing;
pub mod housekeeping;
pub mod infrastructure;
pub mod issued_token;
pub mod keys;
pub mod kinds;
pub mod live;
mod login_name;
pub mod metrics;
pub mod noticed;
pub mod oauth;
pub mod opaque;
pub mod password;
pub mod problem_kind;
pub mod profile;
pub mod readiness;
pub mod redirect_uri;
pub mod request_context;
pub mod scopes;
pub mod secret;
pub mod served_as;
pub mod server;
pub mod setup;
pub mod store;
pub mod text;
pub mod throttle;
pub mod token;
pub mod tokens;
pub mod traces;
pub mod users;
pub mod web;

pub use scopegate_guard::{self as guard, scope, subject};
