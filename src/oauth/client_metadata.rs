//! What a client says of itself, to register (RFC 7591 §2) or in the document at its id.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::Error;
use crate::{
    client::{Authentication, GrantType},
    redirect_uri::ApplicationType,
    scope::ScopeSet,
};

/// The most URIs in a list of a client's metadata, and the most bytes of one.
const MAX_URIS: usize = 10;
const MAX_URI_BYTES: usize = 2048;

/// The grants that a client may register for.
const GRANTS: [GrantType; 2] = [GrantType::AuthorizationCode, GrantType::RefreshToken];

/// A client's metadata (RFC 7591 §2). Unknown members are ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ClientMetadata {
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub token_endpoint_auth_method: Option<String>,
    pub grant_types: Option<Vec<String>>,
    pub response_types: Option<Vec<String>>,
    pub client_name: Option<String>,
    pub scope: Option<String>,
    pub application_type: Option<String>,
    /// A JWK set.
    pub jwks: Option<Value>,
    /// The same elsewhere, which is not fetched.
    pub jwks_uri: Option<String>,
}

impl ClientMetadata {
    /// Those of the scopes it names that are open to it; all of these where it names none.
    pub(super) fn scopes(&self, open: &ScopeSet) -> Result<ScopeSet, Error> {
        let Some(scope) = &self.scope else {
            return Ok(open.clone());
        };
        let refuse = |reason: String| Error::InvalidClientMetadata(format!("scope: {reason}"));
        let asked = ScopeSet::parse(scope).map_err(|error| refuse(error.to_string()))?;
        let left = asked.intersection(open);
        match left.is_empty() && !asked.is_empty() {
            true => Err(refuse(
                "this client may have none of these scopes".to_owned(),
            )),
            false => Ok(left),
        }
    }

    /// The default scopes among its scopes: all, where it names them.
    pub(super) fn default_scopes(&self, scopes: &ScopeSet) -> ScopeSet {
        match self.scope {
            Some(_) => scopes.clone(),
            None => ScopeSet::default(),
        }
    }
}

/// Metadata that a client may register.
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) method: Method,
    pub(super) secret_in_body: bool,
    pub(super) grants: BTreeSet<GrantType>,
    pub(super) application_type: ApplicationType,
}

/// How a client will authenticate.
#[derive(Clone)]
pub(super) enum Method {
    None,
    Secret,
    PrivateKey(String),
}

impl Checked {
    pub(super) fn read(metadata: &ClientMetadata) -> Result<Self, Error> {
        check_uris(metadata)?;
        let responses = metadata.response_types.as_deref();
        if responses.is_some_and(|types| !types.iter().any(|one| one == "code")) {
            return refuse("response_types", "must contain `code`");
        }
        let method = metadata.token_endpoint_auth_method.as_deref();
        let method = method.unwrap_or(Authentication::SECRET);
        Ok(Self {
            name: name(metadata)?,
            method: match method {
                Authentication::NONE => Method::None,
                Authentication::SECRET | Authentication::SECRET_IN_BODY => Method::Secret,
                Authentication::PRIVATE_KEY => Method::PrivateKey(keys(metadata)?),
                _ => {
                    let reason = "must be none, client_secret_basic, client_secret_post or \
                                  private_key_jwt";
                    return refuse("token_endpoint_auth_method", reason);
                }
            },
            secret_in_body: method == Authentication::SECRET_IN_BODY,
            grants: grants(metadata)?,
            application_type: application_type(metadata)?,
        })
    }
}

fn refuse<T>(field: &str, reason: &str) -> Result<T, Error> {
    Err(Error::InvalidClientMetadata(format!("{field}: {reason}")))
}

fn check_uris(metadata: &ClientMetadata) -> Result<(), Error> {
    let lists = [&metadata.redirect_uris, &metadata.post_logout_redirect_uris];
    if lists.iter().any(|list| list.len() > MAX_URIS) {
        let reason = format!("a client has at most {MAX_URIS} URIs in a list");
        return Err(Error::InvalidRedirectUri(reason));
    }
    let mut uris = lists.into_iter().flatten();
    if uris.any(|uri| uri.len() > MAX_URI_BYTES) {
        let reason = format!("a URI has at most {MAX_URI_BYTES} bytes");
        return Err(Error::InvalidRedirectUri(reason));
    }
    if metadata.redirect_uris.is_empty() {
        let reason = "redirect_uris: there must be one at least";
        return Err(Error::InvalidRedirectUri(reason.to_owned()));
    }
    Ok(())
}

/// The name that users see. What changes the direction of text would let it read like
/// another's.
fn name(metadata: &ClientMetadata) -> Result<String, Error> {
    let turns = |c: char| matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let name = metadata.client_name.as_deref().unwrap_or_default().trim();
    if name.contains(turns) {
        return refuse("client_name", "must not change the direction of text");
    }
    Ok(match name {
        "" => "An application without a name".to_owned(),
        name => name.to_owned(),
    })
}

fn keys(metadata: &ClientMetadata) -> Result<String, Error> {
    match (&metadata.jwks, &metadata.jwks_uri) {
        (Some(jwks), None) => Ok(jwks.to_string()),
        (Some(_), Some(_)) => refuse("jwks", "must not stand beside `jwks_uri`"),
        (None, Some(_)) => refuse("jwks_uri", "keys are not fetched: send them as `jwks`"),
        (None, None) => refuse("jwks", "is required for private_key_jwt"),
    }
}

/// Those of the grants that such a client may have; the others are left out.
fn grants(metadata: &ClientMetadata) -> Result<BTreeSet<GrantType>, Error> {
    let Some(names) = &metadata.grant_types else {
        return Ok(BTreeSet::from([GrantType::AuthorizationCode]));
    };
    let is_asked = |grant: &GrantType| names.iter().any(|name| name == grant.name());
    let grants: BTreeSet<GrantType> = GRANTS.into_iter().filter(is_asked).collect();
    match grants.contains(&GrantType::AuthorizationCode) {
        true => Ok(grants),
        false => refuse(
            "grant_types",
            "a client that registers itself may have authorization_code and refresh_token, and \
             needs the first",
        ),
    }
}

/// What it says, or else native where all of its addresses are on a device of its user
/// (loopback addresses and private schemes).
fn application_type(metadata: &ClientMetadata) -> Result<ApplicationType, Error> {
    match metadata.application_type.as_deref() {
        Some(text) => text
            .parse()
            .or_else(|_| refuse("application_type", "must be web or native")),
        None => Ok(ApplicationType::of(&metadata.redirect_uris)),
    }
}
