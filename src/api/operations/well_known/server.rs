//! The metadata of the server (RFC 8414).

use std::collections::BTreeSet;

use poem_openapi::{Object, types::Example};

use crate::{
    api::operations::openid,
    authority::Authority,
    config::RegistrationMode,
    oauth::{self, CLIENT_AUTHENTICATION_METHODS},
};

const JWKS_PATH: &str = "/.well-known/jwks.json";

/// What [`crate::oauth`] verifies assertions by.
const ASSERTION_ALGORITHMS: &[&str] = &["ES256", "ES384", "EdDSA", "RS256", "PS256"];

/// The metadata of this server (RFC 8414 §2).
#[derive(Object, Default)]
#[oai(example, skip_serializing_if_is_none)]
pub(super) struct ServerMetadata {
    /// The `iss` of its tokens.
    issuer: String,
    /// The authorization endpoint.
    authorization_endpoint: String,
    /// The token endpoint.
    token_endpoint: String,
    /// The JWK set.
    jwks_uri: String,
    /// The revocation endpoint (RFC 7009).
    revocation_endpoint: String,
    /// The introspection endpoint (RFC 7662).
    introspection_endpoint: String,
    /// The device authorization endpoint (RFC 8628).
    device_authorization_endpoint: String,
    /// The pushed authorization request endpoint (RFC 9126).
    pushed_authorization_request_endpoint: String,
    /// The client registration endpoint (RFC 7591), where clients may register themselves.
    registration_endpoint: Option<String>,
    /// Whether a client's id may be the URL of a document that describes it.
    client_id_metadata_document_supported: bool,
    /// The catalogue of scopes.
    scopes_supported: Vec<String>,
    /// The response types.
    response_types_supported: Vec<String>,
    /// The response modes.
    response_modes_supported: Vec<String>,
    /// The code challenge methods (RFC 7636): always `S256`.
    code_challenge_methods_supported: Vec<String>,
    /// Whether authorization responses have an `iss` (RFC 9207).
    authorization_response_iss_parameter_supported: bool,
    /// The end session endpoint (OpenID Connect RP-Initiated Logout).
    end_session_endpoint: Option<String>,
    /// The grant types.
    grant_types_supported: Vec<String>,
    /// How clients authenticate at the token endpoint.
    token_endpoint_auth_methods_supported: Vec<String>,
    /// How the assertions of clients may be signed (RFC 7523).
    token_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// How clients authenticate at the revocation endpoint.
    revocation_endpoint_auth_methods_supported: Vec<String>,
    /// How the assertions of clients may be signed there.
    revocation_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// How clients authenticate at the introspection endpoint.
    introspection_endpoint_auth_methods_supported: Vec<String>,
    /// How the assertions of clients may be signed there.
    introspection_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// Whether request objects are supported: always `false`.
    request_parameter_supported: bool,
    /// Whether request objects may be passed by reference: always `false`.
    request_uri_parameter_supported: bool,
    /// Documentation for people.
    service_documentation: String,
    /// The userinfo endpoint (OpenID Connect Core §5.3).
    userinfo_endpoint: Option<String>,
    /// The subject types: always `public`.
    subject_types_supported: Option<Vec<String>>,
    /// How ID tokens are signed.
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    /// The claims that ID tokens and `/userinfo` may have.
    claims_supported: Option<Vec<String>>,
}

impl Example for ServerMetadata {
    fn example() -> Self {
        let issuer = "https://login.example";
        Self {
            token_endpoint: format!("{issuer}/token"),
            jwks_uri: format!("{issuer}{JWKS_PATH}"),
            scopes_supported: texts(&["items", "me"]),
            grant_types_supported: texts(&["password"]),
            token_endpoint_auth_methods_supported: texts(CLIENT_AUTHENTICATION_METHODS),
            service_documentation: format!("{issuer}/docs"),
            issuer: issuer.to_owned(),
            ..Self::default()
        }
    }
}

impl ServerMetadata {
    pub(super) fn of(authority: &Authority) -> Self {
        let config = &authority.config;
        let issuer = &config.issuer;
        let endpoint = |path: &str| format!("{issuer}{path}");
        let openid = |list: &[&str]| config.openid_connect.then(|| texts(list));
        let catalogue = authority.live.catalogue();
        let mut scopes: Vec<String> = catalogue.iter().map(ToString::to_string).collect();
        scopes.sort();
        let with_secret = CLIENT_AUTHENTICATION_METHODS.iter().copied();
        let with_secret: Vec<&str> = with_secret.filter(|method| *method != "none").collect();
        Self {
            authorization_endpoint: endpoint("/authorize"),
            token_endpoint: endpoint("/token"),
            jwks_uri: endpoint(JWKS_PATH),
            revocation_endpoint: endpoint("/revoke"),
            introspection_endpoint: endpoint("/introspect"),
            device_authorization_endpoint: endpoint("/device_authorization"),
            pushed_authorization_request_endpoint: endpoint("/par"),
            registration_endpoint: match config.registration {
                RegistrationMode::Off => None,
                RegistrationMode::Token | RegistrationMode::Open => Some(endpoint("/register")),
            },
            client_id_metadata_document_supported: config.client_metadata_documents.is_some(),
            scopes_supported: scopes,
            response_types_supported: texts(&["code"]),
            response_modes_supported: texts(oauth::RESPONSE_MODES),
            code_challenge_methods_supported: texts(&["S256"]),
            authorization_response_iss_parameter_supported: true,
            end_session_endpoint: config.openid_connect.then(|| endpoint("/logout")),
            grant_types_supported: texts(&oauth::grant_types(config)),
            token_endpoint_auth_methods_supported: texts(CLIENT_AUTHENTICATION_METHODS),
            token_endpoint_auth_signing_alg_values_supported: texts(ASSERTION_ALGORITHMS),
            revocation_endpoint_auth_methods_supported: texts(CLIENT_AUTHENTICATION_METHODS),
            revocation_endpoint_auth_signing_alg_values_supported: texts(ASSERTION_ALGORITHMS),
            introspection_endpoint_auth_methods_supported: texts(&with_secret),
            introspection_endpoint_auth_signing_alg_values_supported: texts(ASSERTION_ALGORITHMS),
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            service_documentation: endpoint("/docs"),
            userinfo_endpoint: config.openid_connect.then(|| endpoint("/userinfo")),
            subject_types_supported: openid(&["public"]),
            id_token_signing_alg_values_supported: openid(&algorithms(authority)),
            claims_supported: openid(openid::CLAIMS),
            issuer: issuer.clone(),
        }
    }
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

/// The algorithms of the keys that sign or have signed, that of the setting first.
fn algorithms(authority: &Authority) -> Vec<&'static str> {
    let first = authority.config.signing_algorithm;
    let keys = authority.live.keys();
    let serving = keys.verification.valid(authority.clock.now());
    let others: BTreeSet<&str> = serving
        .map(|key| key.algorithm().name())
        .filter(|name| *name != first.name())
        .collect();
    [first.name()].into_iter().chain(others).collect()
}
