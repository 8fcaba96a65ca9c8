//! The HTTP face: a file a tag, and what they share.

mod access;
mod body;
mod client_auth;
mod clients;
mod cors;
mod device;
mod docs;
mod document;
mod errors;
mod examples;
mod form;
mod health;
mod introspection;
mod issued;
mod keys;
mod me;
mod nullable;
mod openid;
mod page;
mod personal_tokens;
mod problem;
mod profile;
mod refusal;
mod scopes;
mod subject_kinds;
mod token;
mod tokens;
mod trailing_slash;
mod users;
mod well_known;

use std::sync::Arc;

use poem::{Endpoint, EndpointExt, Response, Route, endpoint::BoxEndpoint, http::Method};
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
    device::DeviceApi,
    introspection::IntrospectionApi,
    me::MeApi,
    personal_tokens::PersonalTokensApi,
    users::UsersApi,
    scopes::ScopesApi,
    tokens::TokensApi,
    subject_kinds::SubjectKindsApi,
    clients::ClientsApi,
    keys::KeysApi,
    well_known::WellKnownApi,
    openid::OpenIdApi,
    health::HealthApi,
);

fn operations(authority: &Arc<Authority>) -> Operations {
    (
        token::TokenApi(Arc::clone(authority)),
        device::DeviceApi(Arc::clone(authority)),
        introspection::IntrospectionApi(Arc::clone(authority)),
        me::MeApi(Arc::clone(authority)),
        personal_tokens::PersonalTokensApi(Arc::clone(authority)),
        users::UsersApi(Arc::clone(authority)),
        scopes::ScopesApi(Arc::clone(authority)),
        tokens::TokensApi(Arc::clone(authority)),
        subject_kinds::SubjectKindsApi(Arc::clone(authority)),
        clients::ClientsApi(Arc::clone(authority)),
        keys::KeysApi(Arc::clone(authority)),
        well_known::WellKnownApi(Arc::clone(authority)),
        openid::OpenIdApi(Arc::clone(authority)),
        health::HealthApi(Arc::clone(authority)),
    )
}

/// Everything that is served, from the outermost layer to the handlers.
/// `pages` are those for people, which are no operations.
pub fn app(
    authority: &Arc<Authority>,
    pages: Route,
    page_methods: &[(&str, &[Method])],
) -> Result<BoxEndpoint<'static, Response>, Undeclared> {
    let authenticator = Arc::new(access::LiveAccess(Arc::clone(authority)));
    let guarded = Enforced::new(operations(authority), authenticator, access::REALM)?;
    let service = OpenApiService::new(guarded, document::TITLE, document::VERSION);
    let index = Arc::new(docs::index());
    // The router prefers a nest at `/` to a page there.
    let routes = docs::add_to(pages)
        .nest_no_strip("/", service)
        .around(move |routes, request| {
            let index = Arc::clone(&index);
            async move {
                match request.original_uri().path() {
                    "/" => index.call(request).await,
                    _ => routes.call(request).await,
                }
            }
        });
    let answers = errors::Answers::new(routes, document::allowed_methods(page_methods));
    let origins = authority.config.cors_origins.clone();
    let answers = cors::Cors::new(answers, origins);
    Ok(trailing_slash::TrimSlashes::new(answers).boxed())
}
