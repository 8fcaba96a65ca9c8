//! Clients that register themselves (RFC 7591) and manage what they registered
//! (RFC 7592).
//!
//! Nobody has looked at such a client. It may use the authorization code flow alone,
//! every user is asked for consent, and it may ask for nothing that administers this
//! server ([`open_scopes`]). One that is never used is forgotten.

use std::{net::IpAddr, time::Duration};

use uuid::Uuid;

use super::{
    ClientMetadata, Error,
    client_metadata::{Checked, Method},
};
use crate::{
    actor::Actor,
    authority::Authority,
    builtin_scope::BuiltinScope,
    client::{Authentication, Client, Registration},
    clients::{self, NewAuthentication, NewClient, Redirection},
    config::RegistrationMode,
    error,
    fields::Unfit,
    opaque::{Digest, Opaque},
    scope::{Scope, ScopeSet},
    store::Transaction,
    subject::Subject,
    throttle::Counting,
};

/// How long a client is kept that was never used, in seconds.
pub(super) const UNUSED_LIFE: i64 = 24 * 60 * 60;

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
    let builtin = BuiltinScope::names();
    let is_open = |scope: &&Scope| match settings.is_empty() {
        true => {
            let name = scope.as_str();
            !builtin.contains(name) || BuiltinScope::OF_IDENTITY.contains(&name)
        }
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
    let scopes = metadata.scopes(&open_scopes(authority))?;
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
        default_scopes: metadata.default_scopes(&scopes),
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
        let scopes = metadata.scopes(&before.scopes)?;
        let after = Client {
            name: checked.name,
            authentication,
            grants: checked.grants,
            default_scopes: metadata.default_scopes(&scopes),
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
