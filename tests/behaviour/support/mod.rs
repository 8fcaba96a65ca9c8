//! The vocabulary of the tests: a [`Home`] to run commands in, a [`Server`]
//! to speak to, a [`Forger`] of tokens, and what an answer must look like.

mod answer;
mod browser;
mod code_flow;
mod database;
mod document;
mod forger;
mod grants;
mod home;
mod http;
mod pages;
mod program;
mod proxy;
mod server;
mod site;
mod wait;

pub use answer::*;
pub use browser::*;
pub use code_flow::*;
pub use database::*;
pub use document::*;
pub use forger::*;
pub use grants::*;
pub use home::*;
pub use http::*;
pub use pages::*;
pub use program::*;
pub use proxy::*;
pub use server::*;
pub use site::*;
pub use wait::*;

/// The password of users whose password does not matter.
pub const PASSWORD: &str = "secret-password";

/// The issuer and audience where none is configured.
pub const ISSUER: &str = "http://127.0.0.1:8000";
