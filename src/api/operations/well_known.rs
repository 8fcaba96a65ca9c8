//! What verifiers and clients find by themselves: the public keys (RFC 7517)
//! and the metadata of the server (RFC 8414).

use std::{collections::BTreeSet, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Header, Query},
    payload::Json,
    types::{Example, ToJSON},
};
use sha2::{Digest, Sha256};

use crate::api::operations::openid;
use crate::api::plumbing::problem::Failure;
use crate::api::plumbing::tag::Tag;
use crate::{
    authority::Authority,
    builtin_scope::BuiltinScope,
    config::RegistrationMode,
    error::Error,
    guard::Public,
    keys::JWKS_MAX_AGE,
    oauth::{self, CLIENT_AUTHENTICATION_METHODS},
    scope::Scope,
    token::Jwk,
};

pub(in crate::api) struct WellKnownApi(pub Arc<Authority>);

/// A public key (RFC 7517 §4).
#[derive(Object, Default)]
#[oai(skip_serializing_if_is_none)]
struct JsonWebKey {
    /// The kind of key: `EC`, `OKP` or `RSA`.
    kty: String,
    /// Always `sig`.
    #[oai(rename = "use")]
    usage: String,
    /// The only algorithm of its tokens.
    alg: String,
    /// The key id: its thumbprint (RFC 7638).
    kid: String,
    /// The curve of an `EC` or `OKP` key.
    crv: Option<String>,
    /// A coordinate of an `EC` key, or an `OKP` key.
    x: Option<String>,
    /// The other coordinate of an `EC` key.
    y: Option<String>,
    /// The modulus of an `RSA` key.
    n: Option<String>,
    /// The exponent of an `RSA` key.
    e: Option<String>,
}

impl From<&Jwk> for JsonWebKey {
    fn from(jwk: &Jwk) -> Self {
        let members = serde_json::to_value(jwk).unwrap_or_default();
        let optional = |name: &str| members[name].as_str().map(str::to_owned);
        let required = |name: &str| optional(name).unwrap_or_default();
        Self {
            kty: required("kty"),
            usage: required("use"),
            alg: required("alg"),
            kid: required("kid"),
            crv: optional("crv"),
            x: optional("x"),
            y: optional("y"),
            n: optional("n"),
            e: optional("e"),
        }
    }
}

/// The public keys that tokens are verified with (RFC 7517 §5).
#[derive(Object)]
#[oai(example)]
struct JsonWebKeySet {
    /// The keys: the one that signs, those that will, and those whose tokens are still valid.
    keys: Vec<JsonWebKey>,
}

impl Example for JsonWebKeySet {
    fn example() -> Self {
        Self {
            keys: vec![JsonWebKey {
                kty: "EC".to_owned(),
                usage: "sig".to_owned(),
                alg: "ES256".to_owned(),
                kid: "ZJ3bCS0ULtkhvBEYVkAvbP2JX8I4w0M0qxfRB0rTTpI".to_owned(),
                crv: Some("P-256".to_owned()),
                x: Some("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU".to_owned()),
                y: Some("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0".to_owned()),
                ..JsonWebKey::default()
            }],
        }
    }
}

#[derive(ApiResponse)]
enum KeySetAnswer {
    /// The keys.
    #[oai(status = 200)]
    Keys(
        Json<JsonWebKeySet>,
        /// How long the copy may be used.
        #[oai(header = "Cache-Control")]
        String,
        /// The value to send as `If-None-Match` next time.
        #[oai(header = "ETag")]
        String,
    ),
    /// The copy with this `ETag` is the current one.
    #[oai(status = 304)]
    NotModified(
        /// How long the copy may be used.
        #[oai(header = "Cache-Control")]
        String,
        /// The value to send as `If-None-Match` next time.
        #[oai(header = "ETag")]
        String,
    ),
}

/// The metadata of this server (RFC 8414 §2).
#[derive(Object, Default)]
#[oai(example, skip_serializing_if_is_none)]
struct ServerMetadata {
    /// The `iss` of its tokens.
    issuer: String,
    /// The authorization endpoint.
    authorization_endpoint: Option<String>,
    /// The token endpoint.
    token_endpoint: Option<String>,
    /// The JWK set.
    jwks_uri: Option<String>,
    /// The revocation endpoint (RFC 7009).
    revocation_endpoint: Option<String>,
    /// The introspection endpoint (RFC 7662).
    introspection_endpoint: Option<String>,
    /// The device authorization endpoint (RFC 8628).
    device_authorization_endpoint: Option<String>,
    /// The pushed authorization request endpoint (RFC 9126).
    pushed_authorization_request_endpoint: Option<String>,
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
    revocation_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// How the assertions of clients may be signed there.
    revocation_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// How clients authenticate at the introspection endpoint.
    introspection_endpoint_auth_methods_supported: Option<Vec<String>>,
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
    /// What an ID token or `/userinfo` may say.
    claims_supported: Option<Vec<String>>,
}

impl Example for ServerMetadata {
    fn example() -> Self {
        let issuer = "https://login.example";
        let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        Self {
            token_endpoint: Some(format!("{issuer}/token")),
            jwks_uri: Some(format!("{issuer}{JWKS_PATH}")),
            scopes_supported: texts(&["items", "me"]),
            grant_types_supported: texts(&["password"]),
            token_endpoint_auth_methods_supported: texts(CLIENT_AUTHENTICATION_METHODS),
            service_documentation: format!("{issuer}/docs"),
            issuer: issuer.to_owned(),
            ..Self::default()
        }
    }
}

#[derive(ApiResponse)]
enum MetadataAnswer {
    /// The metadata.
    #[oai(status = 200)]
    Metadata(
        Json<ServerMetadata>,
        /// How long the copy may be used.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// A protected resource's description of itself (RFC 9728 §2).
#[derive(Object)]
#[oai(example)]
struct ResourceMetadata {
    /// The resource: what the `aud` of its tokens is.
    resource: String,
    /// The issuers whose tokens it takes.
    authorization_servers: Vec<String>,
    /// The scopes that its operations ask for.
    scopes_supported: Vec<String>,
    /// How it takes tokens: always `header`.
    bearer_methods_supported: Vec<String>,
}

impl Example for ResourceMetadata {
    fn example() -> Self {
        let issuer = "https://login.example".to_owned();
        Self {
            resource: issuer.clone(),
            authorization_servers: vec![issuer],
            scopes_supported: vec!["me".to_owned()],
            bearer_methods_supported: vec!["header".to_owned()],
        }
    }
}

#[derive(ApiResponse)]
enum ResourceMetadataAnswer {
    /// The description.
    #[oai(status = 200)]
    Metadata(
        Json<ResourceMetadata>,
        /// How long the copy may be used.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// What [`crate::oauth`] verifies assertions by.
const ASSERTION_ALGORITHMS: &[&str] = &["ES256", "ES384", "EdDSA", "RS256", "PS256"];

const JWKS_PATH: &str = "/.well-known/jwks.json";

#[OpenApi(tag = "Tag::OAuth")]
impl WellKnownApi {
    /// Get the public keys
    ///
    /// APIs verify tokens with them, without asking this server. A new key
    /// is published for longer than a copy may be used before it signs. With
    /// HS256 there is no public key, and the secret is not shown.
    #[oai(
        path = "/.well-known/jwks.json",
        method = "get",
        operation_id = "getKeySet"
    )]
    async fn get_key_set(
        &self,
        _open: Public,
        /// The `ETag` of a copy.
        #[oai(name = "If-None-Match")]
        if_none_match: Header<Option<String>>,
    ) -> KeySetAnswer {
        let keys = self.0.live.keys();
        let published = keys.verification.published(self.0.clock.now());
        let set = JsonWebKeySet {
            keys: published.into_iter().map(JsonWebKey::from).collect(),
        };
        let digest = Sha256::digest(set.to_json_string());
        let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..15]));
        let has_copy = if_none_match.0.is_some_and(|known| names(&known, &tag));
        match has_copy {
            true => KeySetAnswer::NotModified(cacheable(), tag),
            false => KeySetAnswer::Keys(Json(set), cacheable(), tag),
        }
    }

    /// Get the server's metadata
    ///
    /// Clients configure themselves by it.
    #[oai(
        path = "/.well-known/oauth-authorization-server",
        method = "get",
        operation_id = "getServerMetadata"
    )]
    async fn get_server_metadata(&self, _open: Public) -> MetadataAnswer {
        MetadataAnswer::Metadata(Json(metadata(&self.0)), cacheable())
    }

    /// Get the description of a protected resource
    ///
    /// Clients learn from it where to get tokens for this API (RFC 9728): answers with 401
    /// point here. With `resource`, it describes another API whose address is an allowed
    /// audience, for that API to serve as its own.
    #[oai(
        path = "/.well-known/oauth-protected-resource",
        method = "get",
        operation_id = "getResourceMetadata"
    )]
    async fn get_resource_metadata(
        &self,
        _open: Public,
        /// The address of another API, from the setting `allowed-audience`.
        resource: Query<Option<String>>,
    ) -> Result<ResourceMetadataAnswer, Failure<404>> {
        let metadata = resource_metadata(&self.0, resource.0)?;
        Ok(ResourceMetadataAnswer::Metadata(
            Json(metadata),
            cacheable(),
        ))
    }

    /// Get the server's metadata for OpenID Connect
    ///
    /// The same as at `/.well-known/oauth-authorization-server`, where relying
    /// parties look for it (OpenID Connect Discovery §4).
    #[oai(
        path = "/.well-known/openid-configuration",
        method = "get",
        operation_id = "getOpenidConfiguration"
    )]
    async fn get_openid_configuration(
        &self,
        _open: Public,
    ) -> Result<MetadataAnswer, Failure<404>> {
        openid::is_on(&self.0)?;
        Ok(MetadataAnswer::Metadata(
            Json(metadata(&self.0)),
            cacheable(),
        ))
    }
}

fn resource_metadata(
    authority: &Authority,
    other: Option<String>,
) -> Result<ResourceMetadata, Error> {
    let config = &authority.config;
    let is_known = |other: &String| config.allowed_audiences.contains(other);
    let is_other = other.is_some();
    let resource = match other {
        Some(other) if !is_known(&other) => return Err(Error::NoSuchResource(other)),
        Some(other) => other,
        None => config.issuer.clone(),
    };
    let builtin = BuiltinScope::catalogue();
    let is_builtin = |scope: &Scope| builtin.iter().any(|(name, _)| *name == scope.as_str());
    // Scopegate's own operations ask for the built-in scopes, and other APIs for the rest.
    let is_its_own = |scope: &&Scope| is_builtin(scope) != is_other;
    let catalogue = authority.live.catalogue();
    let scopes = catalogue.iter().filter(is_its_own);
    let mut scopes_supported: Vec<String> = scopes.map(ToString::to_string).collect();
    scopes_supported.sort();
    Ok(ResourceMetadata {
        resource,
        authorization_servers: vec![config.issuer.clone()],
        scopes_supported,
        bearer_methods_supported: vec!["header".to_owned()],
    })
}

fn metadata(authority: &Authority) -> ServerMetadata {
    let config = &authority.config;
    let issuer = &config.issuer;
    let endpoint = |path: &str| Some(format!("{issuer}{path}"));
    let texts =
        |list: &[&str]| -> Vec<String> { list.iter().map(|&text| text.to_owned()).collect() };
    let catalogue = authority.live.catalogue();
    let mut scopes: Vec<String> = catalogue.iter().map(ToString::to_string).collect();
    scopes.sort();
    let revocation_endpoint = endpoint("/revoke");
    let introspection_endpoint = endpoint("/introspect");
    let methods = || texts(CLIENT_AUTHENTICATION_METHODS);
    let with_secret = || -> Vec<String> {
        let is_public = |method: &String| method == "none";
        methods()
            .into_iter()
            .filter(|method| !is_public(method))
            .collect()
    };
    let openid = |list: &[&str]| config.openid_connect.then(|| texts(list));
    ServerMetadata {
        token_endpoint: endpoint("/token"),
        jwks_uri: endpoint(JWKS_PATH),
        device_authorization_endpoint: endpoint("/device_authorization"),
        pushed_authorization_request_endpoint: endpoint("/par"),
        registration_endpoint: match config.registration {
            RegistrationMode::Off => None,
            RegistrationMode::Token | RegistrationMode::Open => endpoint("/register"),
        },
        client_id_metadata_document_supported: config.client_metadata_documents.is_some(),
        scopes_supported: scopes,
        response_types_supported: texts(&["code"]),
        response_modes_supported: texts(oauth::RESPONSE_MODES),
        code_challenge_methods_supported: texts(&["S256"]),
        authorization_response_iss_parameter_supported: true,
        grant_types_supported: texts(&oauth::grant_types(config)),
        token_endpoint_auth_methods_supported: methods(),
        revocation_endpoint_auth_methods_supported: revocation_endpoint.as_ref().map(|_| methods()),
        introspection_endpoint_auth_methods_supported: introspection_endpoint
            .as_ref()
            .map(|_| with_secret()),
        token_endpoint_auth_signing_alg_values_supported: texts(ASSERTION_ALGORITHMS),
        revocation_endpoint_auth_signing_alg_values_supported: texts(ASSERTION_ALGORITHMS),
        introspection_endpoint_auth_signing_alg_values_supported: texts(ASSERTION_ALGORITHMS),
        request_parameter_supported: false,
        request_uri_parameter_supported: false,
        service_documentation: format!("{issuer}/docs"),
        authorization_endpoint: Some(format!("{issuer}/authorize")),
        end_session_endpoint: config.openid_connect.then(|| format!("{issuer}/logout")),
        revocation_endpoint,
        introspection_endpoint,
        userinfo_endpoint: endpoint("/userinfo").filter(|_| config.openid_connect),
        subject_types_supported: openid(&["public"]),
        id_token_signing_alg_values_supported: openid(&algorithms(authority)),
        claims_supported: openid(openid::CLAIMS),
        issuer: issuer.clone(),
    }
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

fn cacheable() -> String {
    format!("public, max-age={JWKS_MAX_AGE}")
}

/// Whether `If-None-Match` names a tag; weak comparison (RFC 9110 §13.1.2).
fn names(known: &str, tag: &str) -> bool {
    let mut tags = known.split(',').map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}
