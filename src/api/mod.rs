//! The HTTP face: a file a tag, and what they share.

mod access;
mod address;
mod body;
mod cors;
mod docs;
mod document;
mod errors;
mod form;
mod health;
mod me;
mod page;
mod problem;
mod scopes;
mod token;
mod users;

use std::sync::Arc;

use poem::{
    EndpointExt, Response,
    endpoint::BoxEndpoint,
    middleware::{NormalizePath, TrailingSlash},
};
use poem_openapi::OpenApiService;

use crate::{
    authority::Authority,
    guard::{Enforced, Undeclared},
};

pub use document::{document_json, document_yaml};

/// All operations: adding one to this list puts it into the document and
/// behind its guard.
type Operations = (
    token::TokenApi,
    me::MeApi,
    users::UsersApi,
    scopes::ScopesApi,
    health::HealthApi,
);

fn operations(authority: &Arc<Authority>) -> Operations {
    (
        token::TokenApi(Arc::clone(authority)),
        me::MeApi(Arc::clone(authority)),
        users::UsersApi(Arc::clone(authority)),
        scopes::ScopesApi(Arc::clone(authority)),
        health::HealthApi(Arc::clone(authority)),
    )
}

/// Everything that is served, from the outermost layer to the handlers.
pub fn app(authority: &Arc<Authority>) -> Result<BoxEndpoint<'static, Response>, Undeclared> {
    let authenticator = Arc::new(access::LiveAccess(Arc::clone(authority)));
    let guarded = Enforced::new(operations(authority), authenticator)?;
    let service = OpenApiService::new(guarded, document::TITLE, document::VERSION);
    let routes = docs::routes().nest_no_strip("/", service);
    let answers = errors::Answers::new(routes, document::allowed_methods());
    let origins = authority.config.cors_origins.clone();
    Ok(cors::Cors::new(answers, origins)
        .with(NormalizePath::new(TrailingSlash::Trim))
        .map_to_response()
        .boxed())
}
