//! The operations: a file a tag.

mod audit;
mod clients;
mod device;
mod health;
mod introspection;
mod keys;
mod me;
mod openid;
mod personal_tokens;
mod pushed_requests;
mod registration;
mod scopes;
mod subject_kinds;
mod token;
mod tokens;
mod user;
mod users;
mod well_known;

use std::sync::Arc;

use crate::authority::Authority;

/// All operations: adding one to this list puts it into the document and
/// behind its guard.
pub(in crate::api) type Operations = (
    token::TokenApi,
    device::DeviceApi,
    pushed_requests::PushedRequestsApi,
    registration::RegistrationApi,
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
    (health::HealthApi, audit::AuditApi),
);

/// All of them, at work for an authority.
pub(in crate::api) fn all(authority: &Arc<Authority>) -> Operations {
    (
        token::TokenApi(Arc::clone(authority)),
        device::DeviceApi(Arc::clone(authority)),
        pushed_requests::PushedRequestsApi(Arc::clone(authority)),
        registration::RegistrationApi(Arc::clone(authority)),
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
        (
            health::HealthApi(Arc::clone(authority)),
            audit::AuditApi(Arc::clone(authority)),
        ),
    )
}
