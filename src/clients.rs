//! OAuth clients.

use std::collections::BTreeSet;

use crate::{
    actor::Actor,
    assertion_keys::check_jwks,
    authority::Authority,
    client::{Authentication, Client, GrantType, Registration},
    error::Error,
    fields::{self, Unfit, fit},
    opaque::Opaque,
    redirect_uri::{ApplicationType, RedirectUri},
    scope::ScopeSet,
    scopes,
    store::{self, Transaction},
};

/// A client to be added.
#[derive(Debug)]
pub struct NewClient {
    pub id: String,
    pub name: String,
    pub authentication: NewAuthentication,
    pub grants: BTreeSet<GrantType>,
    pub scopes: ScopeSet,
    pub default_scopes: ScopeSet,
    pub audiences: Vec<String>,
    pub redirection: Redirection,
    /// Of a client that registers itself.
    pub registration: Option<Registration>,
}

/// How many clients are kept that registered themselves and were never used. Whoever
/// registers thousands of them pushes out their own, and cannot fill the database.
pub(crate) const MAX_UNUSED: i64 = 10_000;

/// Where and how the authorization endpoint may answer a client.
#[derive(Debug, Default)]
pub struct Redirection {
    pub application_type: ApplicationType,
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub first_party: bool,
}

/// How a client is to authenticate.
#[derive(Debug)]
pub enum NewAuthentication {
    /// Not at all: a public client.
    None,
    /// By a secret, which is made for it.
    Secret,
    /// By assertions signed with a key of this JWK set.
    PrivateKey(String),
}

/// A change of a client; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct ClientPatch {
    pub name: Option<String>,
    pub grants: Option<BTreeSet<GrantType>>,
    pub scopes: Option<ScopeSet>,
    pub default_scopes: Option<ScopeSet>,
    pub audiences: Option<Vec<String>>,
    pub application_type: Option<ApplicationType>,
    pub redirect_uris: Option<Vec<String>>,
    pub post_logout_redirect_uris: Option<Vec<String>>,
    pub first_party: Option<bool>,
    pub disabled: Option<bool>,
}

/// All clients, by id.
pub async fn list(authority: &Authority) -> Result<Vec<Client>, Error> {
    Ok(authority.store.clients().await?)
}

/// The client of an id.
pub async fn find(authority: &Authority, id: &str) -> Result<Client, Error> {
    let mut clients = authority.store.clients().await?.into_iter();
    clients
        .find(|client| client.id == id)
        .ok_or_else(|| Error::NoSuchClient(id.to_owned()))
}

/// Adds a client; gives its secret, which cannot be read again.
pub async fn add(
    authority: &Authority,
    actor: &Actor,
    new: NewClient,
) -> Result<(Client, Option<Opaque>), Error> {
    let (authentication, secret) = match new.authentication {
        NewAuthentication::None => (Authentication::None, None),
        NewAuthentication::Secret => {
            let secret = Opaque::generate(Opaque::CLIENT_SECRET)?;
            (Authentication::Secret(secret.digest()), Some(secret))
        }
        NewAuthentication::PrivateKey(jwks) => {
            fit("jwks", check_jwks(&jwks))?;
            (Authentication::PrivateKey(jwks), None)
        }
    };
    let kind = new.redirection.application_type;
    let client = Client {
        application_type: kind,
        redirect_uris: uris("redirect_uris", new.redirection.redirect_uris, kind)?,
        post_logout_redirect_uris: uris(
            "post_logout_redirect_uris",
            new.redirection.post_logout_redirect_uris,
            kind,
        )?,
        first_party: new.redirection.first_party,
        registration: new.registration,
        id: new.id,
        name: new.name,
        authentication,
        grants: new.grants,
        scopes: new.scopes,
        default_scopes: new.default_scopes,
        audiences: new.audiences,
        disabled: false,
        created_at: authority.clock.now(),
    };
    check(authority, &client, &ScopeSet::default())?;
    actor.has_power_over(&client.scopes)?;
    let write = async |transaction: &mut Transaction| {
        if client.registration.is_some() {
            transaction
                .remove_unused_clients_but(MAX_UNUSED - 1, client.created_at)
                .await?;
        }
        match transaction.add_client(&client).await {
            Err(store::Error::Exists) => Err(Error::ClientExists(client.id.clone())),
            other => Ok(other?),
        }
    };
    authority.write(actor, write).await?;
    Ok((client, secret))
}

/// Changes a client: reads it, checks and writes in one transaction, so that of two
/// changes at once neither undoes the other.
pub async fn change(
    authority: &Authority,
    actor: &Actor,
    id: &str,
    patch: ClientPatch,
) -> Result<Client, Error> {
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| {
        let before = locked(transaction, id).await?;
        let after = patched(before.clone(), patch)?;
        check(authority, &after, &before.scopes)?;
        let only_loses = is_narrowed(&before, &after);
        if !only_loses {
            actor.has_power_over(&before.scopes)?;
            actor.has_power_over(&after.scopes)?;
        }
        transaction.change_client(&after, now).await?;
        Ok(after)
    };
    authority.write(actor, write).await
}

pub(crate) fn patched(before: Client, patch: ClientPatch) -> Result<Client, Error> {
    let kind = patch.application_type.unwrap_or(before.application_type);
    let changed = |field, new: Option<Vec<String>>, old: &[RedirectUri]| {
        let old = || old.iter().map(ToString::to_string).collect();
        uris(field, new.unwrap_or_else(old), kind)
    };
    Ok(Client {
        application_type: kind,
        redirect_uris: changed("redirect_uris", patch.redirect_uris, &before.redirect_uris)?,
        post_logout_redirect_uris: changed(
            "post_logout_redirect_uris",
            patch.post_logout_redirect_uris,
            &before.post_logout_redirect_uris,
        )?,
        first_party: patch.first_party.unwrap_or(before.first_party),
        name: patch.name.unwrap_or(before.name),
        grants: patch.grants.unwrap_or(before.grants),
        registration: before.registration.map(|registration| Registration {
            scopes_fixed: registration.scopes_fixed || patch.scopes.is_some(),
            ..registration
        }),
        // What the client may not ask for any more it does not get by default either.
        default_scopes: match (patch.default_scopes, &patch.scopes) {
            (Some(scopes), _) => scopes,
            (None, Some(scopes)) => before.default_scopes.intersection(scopes),
            (None, None) => before.default_scopes,
        },
        scopes: patch.scopes.unwrap_or(before.scopes),
        audiences: patch.audiences.unwrap_or(before.audiences),
        disabled: patch.disabled.unwrap_or(before.disabled),
        ..before
    })
}

/// Gives a client a new secret: the old one is refused from now on.
pub async fn rotate_secret(
    authority: &Authority,
    actor: &Actor,
    id: &str,
) -> Result<Opaque, Error> {
    let secret = Opaque::generate(Opaque::CLIENT_SECRET)?;
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| {
        let before = locked(transaction, id).await?;
        actor.has_power_over(&before.scopes)?;
        if !matches!(before.authentication, Authentication::Secret(_)) {
            return Err(Error::HasNoSecret(before.id));
        }
        let after = Client {
            authentication: Authentication::Secret(secret.digest()),
            ..before
        };
        Ok(transaction.change_client(&after, now).await?)
    };
    authority.write(actor, write).await?;
    Ok(secret)
}

/// Removes a client and ends all tokens that it was given.
pub async fn remove(authority: &Authority, actor: &Actor, id: &str) -> Result<(), Error> {
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| {
        let before = locked(transaction, id).await?;
        Ok(transaction.remove_client(&before.id, now).await?)
    };
    authority.write(actor, write).await
}

/// The client that is about to change.
async fn locked(transaction: &mut Transaction, id: &str) -> Result<Client, Error> {
    let client = transaction.client(id).await?;
    client.ok_or_else(|| Error::NoSuchClient(id.to_owned()))
}

/// Whether a change only takes scopes away or disables: that is for anyone who may write at
/// all, whatever the client may hold.
fn is_narrowed(before: &Client, after: &Client) -> bool {
    let is_else_the_same = after.name == before.name
        && after.grants == before.grants
        && after.audiences == before.audiences
        && after.application_type == before.application_type
        && after.redirect_uris == before.redirect_uris
        && after.post_logout_redirect_uris == before.post_logout_redirect_uris
        && after.first_party == before.first_party;
    is_else_the_same
        && after.scopes.is_subset(&before.scopes)
        && after.default_scopes.is_subset(&before.default_scopes)
        && (after.disabled || !before.disabled)
}

pub(crate) fn uris(
    field: &'static str,
    texts: Vec<String>,
    kind: ApplicationType,
) -> Result<Vec<RedirectUri>, Error> {
    let parse = |text: String| {
        RedirectUri::parse(&text, kind)
            .map_err(|error| Unfit::new(field, format!("{text}: {error}")).into())
    };
    texts.into_iter().map(parse).collect()
}

/// Checks a client. Scopes that it had before need not be in the catalogue any more.
pub(crate) fn check(
    authority: &Authority,
    client: &Client,
    before: &ScopeSet,
) -> Result<(), Error> {
    if client.document_host().is_none() {
        fit("client_id", fields::client_id(&client.id))?;
    }
    fit("client_name", fields::full_name(&client.name))?;
    for audience in &client.audiences {
        fit("audiences", fields::audience(audience))?;
    }
    let needs_secret = client.grants.contains(&GrantType::ClientCredentials);
    if needs_secret && client.is_public() {
        return Err(Unfit::new("grant_types", "a public client has no client_credentials").into());
    }
    let needs_uri = client.grants.contains(&GrantType::AuthorizationCode);
    if needs_uri && client.redirect_uris.is_empty() {
        return Err(Unfit::new(
            "redirect_uris",
            "a client with authorization_code has one at least",
        )
        .into());
    }
    scopes::known(authority, "scopes", &client.scopes.difference(before))?;
    if client.first_party && client.registration.is_some() {
        let reason = "a client that registered itself always needs consent";
        return Err(Unfit::new("first_party", reason).into());
    }
    // One that registered itself may ask for whatever is open to such clients.
    if client.registration.is_none() && !client.scopes.is_subset(before) {
        scopes::check_limits("scopes", &client.scopes)?;
    }
    if !client.default_scopes.is_subset(&client.scopes) {
        return Err(Unfit::new("default_scopes", "must be some of the scopes").into());
    }
    Ok(())
}

/// Withdraws what a user consented to for a client, and ends the tokens issued for it.
pub async fn end_consent(
    authority: &Authority,
    actor: &Actor,
    user_id: &str,
    id: &str,
) -> Result<(), Error> {
    let now = authority.clock.now();
    let write =
        async |transaction: &mut Transaction| Ok(transaction.end_consent(user_id, id, now).await?);
    authority.write(actor, write).await
}
