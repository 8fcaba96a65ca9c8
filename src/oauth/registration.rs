//! Clients that register themselves (RFC 7591) and manage what they registered
//! (RFC 7592).
//!
//! Nobody has looked at such a client. It may use the authorization code flow alone,
//! every user is asked for consent, and it may ask for nothing that administers this
//! server ([`open_scopes`]). One that is never used is forgotten.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::Error;
use crate::{
    actor::Actor,
    authority::Authority,
    builtin_scope::BuiltinScope,
    client::{Authentication, Client, GrantType, Registration},
    clients::{self, NewAuthentication, NewClient, Redirection},
    config::RegistrationMode,
    error,
    fields::Unfit,
    opaque::{Digest, Opaque},
    redirect_uri::ApplicationType,
    scope::{Scope, ScopeSet},
    store::Transaction,
    subject::Subject,
    throttle::Counting,
};

/// How long a client is kept that was never used, in seconds.
pub(super) const UNUSED_LIFE: i64 = 24 * 60 * 60;

/// The most URIs in a list of a client's metadata, and the most bytes of one.
const MAX_URIS: usize = 10;
const MAX_URI_BYTES: usize = 2048;

/// The grants that a client may register for.
const GRANTS: [GrantType; 2] = [GrantType::AuthorizationCode, GrantType::RefreshToken];

/// What a client says of itself (RFC 7591 §2). Members that are not here are ignored.
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

/// What a client that replaces its registration says to be its own (RFC 7592 §2.2).
#[derive(Default)]
pub struct OwnNames {
    pub client_id: Option<String>,
    /// May be left out.
    pub client_secret: Option<String>,
}

impl OwnNames {
    fn are_of(&self, client: &Client) -> bool {
        let has_secret = |secret: &String| match &client.authentication {
            Authentication::Secret(digest) => digest.is_of(secret),
            Authentication::None | Authentication::PrivateKey(_) => false,
        };
        self.client_id.as_ref() == Some(&client.id)
            && self.client_secret.as_ref().is_none_or(has_secret)
    }
}

/// A client as it is registered now.
#[derive(Debug)]
pub struct Registered {
    pub client: Client,
    /// A secret that was made for it; one that it has already cannot be shown.
    pub secret: Option<Opaque>,
}

/// The scopes that clients which register themselves may ask for: those of the setting,
/// or else the team's own and those that tell who a user is.
pub fn open_scopes(authority: &Authority) -> ScopeSet {
    let catalogue = authority.live.catalogue();
    let settings = &authority.config.registration_scopes;
    let builtin = BuiltinScope::catalogue();
    let is_builtin = |scope: &Scope| builtin.iter().any(|(name, _)| *name == scope.as_str());
    let is_open = |scope: &&Scope| match settings.is_empty() {
        true => !is_builtin(scope) || BuiltinScope::OF_IDENTITY.contains(&scope.as_str()),
        false => settings.contains(scope.as_str()),
    };
    catalogue.iter().filter(is_open).cloned().collect()
}

/// Makes an initial access token (RFC 7591 §3): its holder can register clients until
/// it expires.
pub async fn registration_token(
    authority: &Authority,
    actor: &Actor,
    life: Duration,
) -> Result<Opaque, error::Error> {
    // What tells who a user is, each user gives.
    let identity = BuiltinScope::OF_IDENTITY.iter();
    let identity = identity
        .filter_map(|name| Scope::parse(name).ok())
        .collect();
    actor.has_power_over(&open_scopes(authority).difference(&identity))?;
    let token = Opaque::generate(Opaque::REGISTRATION_TOKEN)?;
    let (digest, now) = (token.digest(), authority.clock.now());
    let expires_at = now.saturating_add_unsigned(life.as_secs());
    let write = async |transaction: &mut Transaction| {
        let added = transaction.add_registration_token(&digest, now, expires_at);
        Ok::<_, error::Error>(added.await?)
    };
    authority.write(actor, write).await?;
    Ok(token)
}

/// Ends every initial access token that was given out.
pub async fn end_registration_tokens(
    authority: &Authority,
    actor: &Actor,
) -> Result<u64, error::Error> {
    let write = async |transaction: &mut Transaction| {
        Ok::<_, error::Error>(transaction.remove_registration_tokens().await?)
    };
    authority.write(actor, write).await
}

/// Registers a client; gives it with the token that it manages itself with.
pub async fn register(
    authority: &Authority,
    presented: Option<&str>,
    address: IpAddr,
    metadata: ClientMetadata,
) -> Result<(Registered, Opaque), Error> {
    let has_token = match presented {
        Some(token) => {
            let (digest, now) = (Digest::of(token), authority.clock.now());
            authority.store.has_registration_token(&digest, now).await?
        }
        None => false,
    };
    match authority.config.registration {
        RegistrationMode::Off => return Err(Error::RegistrationOff),
        RegistrationMode::Token if !has_token => {
            return Err(Error::RegistrationToken {
                is_given: presented.is_some(),
            });
        }
        RegistrationMode::Token | RegistrationMode::Open => {}
    }
    let checked = Checked::read(&metadata)?;
    let scopes = asked(&metadata, &open_scopes(authority))?;
    if !has_token {
        authority
            .throttle
            .admit(Counting::Registration, address)
            .await?;
    }
    let access_token = Opaque::generate(Opaque::REGISTRATION_TOKEN)?;
    let id = Uuid::now_v7().to_string();
    let new = NewClient {
        name: checked.name,
        authentication: match checked.method {
            Method::None => NewAuthentication::None,
            Method::Secret => NewAuthentication::Secret,
            Method::PrivateKey(jwks) => NewAuthentication::PrivateKey(jwks),
        },
        grants: checked.grants,
        default_scopes: named(&metadata, &scopes),
        scopes: scopes.clone(),
        audiences: Vec::new(),
        redirection: Redirection {
            application_type: checked.application_type,
            redirect_uris: metadata.redirect_uris,
            post_logout_redirect_uris: metadata.post_logout_redirect_uris,
            first_party: false,
        },
        registration: Some(Registration {
            access_token: Some(access_token.digest()),
            scopes_fixed: false,
            secret_in_body: checked.secret_in_body,
            unused_until: Some(authority.clock.now() + UNUSED_LIFE),
        }),
        id: id.clone(),
    };
    let actor = acting(&id, scopes)?;
    let (client, secret) = clients::add(authority, &actor, new)
        .await
        .map_err(refused)?;
    tracing::info!(client = id, name = ?client.name, %address, "a client registered itself");
    Ok((Registered { client, secret }, access_token))
}

/// What is registered of a client, for the holder of its registration access token.
pub async fn registration(authority: &Authority, id: &str, token: &str) -> Result<Client, Error> {
    if authority.config.registration == RegistrationMode::Off {
        return Err(Error::RegistrationOff);
    }
    let client = authority.store.client(id).await?;
    managed(client, token)
}

/// Replaces what a client registered. It may ask for no scope that it could not ask for
/// before: what an operator took from it stays taken.
pub async fn change_registration(
    authority: &Authority,
    id: &str,
    token: &str,
    own: &OwnNames,
    metadata: ClientMetadata,
) -> Result<Registered, Error> {
    let before = registration(authority, id, token).await?;
    if !own.are_of(&before) {
        let text = "client_id and client_secret: must be those of this client";
        return Err(Error::InvalidClientMetadata(text.to_owned()));
    }
    let checked = Checked::read(&metadata)?;
    let actor = acting(id, before.scopes)?;
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| {
        let before = managed(transaction.client(id).await?, token)?;
        let (authentication, secret) = match (checked.method, before.authentication) {
            (Method::None, _) => (Authentication::None, None),
            (Method::Secret, Authentication::Secret(digest)) => {
                (Authentication::Secret(digest), None)
            }
            (Method::Secret, _) => {
                let secret = Opaque::generate(Opaque::CLIENT_SECRET)?;
                (Authentication::Secret(secret.digest()), Some(secret))
            }
            (Method::PrivateKey(jwks), _) => (Authentication::PrivateKey(jwks), None),
        };
        let kind = checked.application_type;
        let uris = |field, list| clients::uris(field, list, kind).map_err(refused);
        let scopes = asked(&metadata, &before.scopes)?;
        let after = Client {
            name: checked.name,
            authentication,
            grants: checked.grants,
            default_scopes: named(&metadata, &scopes),
            scopes,
            application_type: kind,
            redirect_uris: uris("redirect_uris", metadata.redirect_uris)?,
            post_logout_redirect_uris: uris(
                "post_logout_redirect_uris",
                metadata.post_logout_redirect_uris,
            )?,
            registration: before.registration.map(|registration| Registration {
                secret_in_body: checked.secret_in_body,
                ..registration
            }),
            ..before
        };
        clients::check(authority, &after, &after.scopes).map_err(refused)?;
        transaction.change_client(&after, now).await?;
        Ok(Registered {
            client: after,
            secret,
        })
    };
    authority.write(&actor, write).await
}

/// Removes a client that registered itself, and ends all that it was given.
pub async fn remove_registration(
    authority: &Authority,
    id: &str,
    token: &str,
) -> Result<(), Error> {
    let client = registration(authority, id, token).await?;
    let actor = acting(id, client.scopes)?;
    clients::remove(authority, &actor, id)
        .await
        .map_err(refused)
}

fn managed(client: Option<Client>, token: &str) -> Result<Client, Error> {
    let is_of = |client: &Client| {
        let registration = client.registration.as_ref();
        let digest = registration.and_then(|of| of.access_token.as_ref());
        !client.disabled && digest.is_some_and(|digest| digest.is_of(token))
    };
    client
        .filter(is_of)
        .ok_or(Error::RegistrationToken { is_given: true })
}

pub(super) fn acting(id: &str, scopes: ScopeSet) -> Result<Actor, Error> {
    let subject = Subject::new(Subject::CLIENT, id);
    let subject = subject.map_err(|error| Error::InvalidClientMetadata(error.to_string()))?;
    Ok(Actor::subject(subject, scopes))
}

/// The scopes of the metadata that a client may have; all of those where it names none.
pub(super) fn asked(metadata: &ClientMetadata, open: &ScopeSet) -> Result<ScopeSet, Error> {
    let Some(scope) = &metadata.scope else {
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

/// The default scopes: those that the metadata names.
pub(super) fn named(metadata: &ClientMetadata, scopes: &ScopeSet) -> ScopeSet {
    match metadata.scope {
        Some(_) => scopes.clone(),
        None => ScopeSet::default(),
    }
}

/// Metadata that a client may register.
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) method: Method,
    secret_in_body: bool,
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

pub(super) fn refused(error: error::Error) -> Error {
    match error {
        error::Error::Field(Unfit { field, reason }) => {
            let text = format!("{field}: {reason}");
            match field.ends_with("redirect_uris") {
                true => Error::InvalidRedirectUri(text),
                false => Error::InvalidClientMetadata(text),
            }
        }
        error::Error::Throttled(throttled) => throttled.into(),
        error::Error::Infrastructure(failure) => failure.into(),
        other => Error::InvalidClientMetadata(other.to_string()),
    }
}
