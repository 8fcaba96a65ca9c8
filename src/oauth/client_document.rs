//! Clients that nobody registered: their id is the URL of a document that describes them
//! (draft-ietf-oauth-client-id-metadata-document).
//!
//! The document is fetched when such a client first asks, and again when it is no longer
//! fresh. What it says becomes a client like one that registered itself, with the same
//! limits ([`super::registration`]).

use std::net::IpAddr;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{
    ClientMetadata, Error,
    client_metadata::{Checked, Method},
    registration::{UNUSED_LIFE, acting, open_scopes, refused},
};
use crate::{
    authority::Authority,
    client::{Authentication, Client, Registration},
    clients,
    guard::unambiguous_json,
    scope::ScopeSet,
    store::{self, Transaction},
    throttle::Counting,
};

/// The most bytes of such an id.
const MAX_ID_BYTES: usize = 255;

/// The members that count; the others are ignored.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Described {
    client_id: String,
    client_secret: Option<Value>,
    client_secret_expires_at: Option<Value>,
    #[serde(flatten)]
    metadata: ClientMetadata,
}

/// Whether an id is the URL of a document rather than a name.
fn is_url(id: &str) -> bool {
    id.starts_with("https://") || id.starts_with("http://")
}

/// Sees to it that a client is known whose id is the URL of a document, where the setting
/// `client-metadata-documents` is on. Any other id is left as it is.
///
/// # Errors
/// [`Error::InvalidClientMetadata`] with the reason why the document is of no use.
pub async fn know_client(authority: &Authority, id: &str, address: IpAddr) -> Result<(), Error> {
    let Some(documents) = &authority.documents else {
        return Ok(());
    };
    let now = authority.clock.now();
    let is_known = documents.is_fresh(id, now) && authority.live.registry.client(id).is_some();
    if is_known || !is_url(id) {
        return Ok(());
    }
    let url = check_id(id)?;
    let unusable = |why: String| {
        let text = format!("the document of the client at {id} is of no use: {why}");
        Error::InvalidClientMetadata(text)
    };
    let checked = documents.check(&url);
    checked.map_err(|why| unusable(why.to_string()))?;
    authority
        .throttle
        .admit(Counting::Document, address)
        .await?;
    let fetched = documents.fetch(&url).await;
    let document = fetched.map_err(|why| unusable(why.to_string()))?;
    let metadata = read(id, &document.bytes).map_err(unusable)?;
    keep(authority, id, metadata).await?;
    documents.remember(id, document.fresh_for, now);
    Ok(())
}

/// The URL of an id: in its normal form, so that one client has one id and no segment is
/// a dot, with a path, and without a user or a fragment.
fn check_id(id: &str) -> Result<Url, Error> {
    let url = Url::parse(id).ok().filter(|url| {
        let has_user = !url.username().is_empty() || url.password().is_some();
        let has_path = url.path() != "/";
        url.as_str() == id && id.len() <= MAX_ID_BYTES && has_path && !has_user && !id.contains('#')
    });
    url.ok_or_else(|| {
        let text = format!(
            "a `client_id` that is a URL has a path, at most {MAX_ID_BYTES} characters and no user, \
             fragment or dot segments"
        );
        Error::InvalidClientMetadata(text)
    })
}

fn read(id: &str, bytes: &[u8]) -> Result<ClientMetadata, String> {
    let described: Described = unambiguous_json(bytes)
        .and_then(serde_json::from_value)
        .map_err(|error| format!("it is not the metadata of a client: {error}"))?;
    if described.client_id != id {
        return Err("its `client_id` is not its address".to_owned());
    }
    if described.client_secret.is_some() || described.client_secret_expires_at.is_some() {
        return Err("it has a secret, which everybody can read".to_owned());
    }
    let mut metadata = described.metadata;
    let method = metadata.token_endpoint_auth_method.take();
    let method = method.unwrap_or_else(|| Authentication::NONE.to_owned());
    if !matches!(&*method, Authentication::NONE | Authentication::PRIVATE_KEY) {
        return Err("`token_endpoint_auth_method` must be none or private_key_jwt".to_owned());
    }
    metadata.token_endpoint_auth_method = Some(method);
    Ok(metadata)
}

/// Writes what a document says as a client, where it says something new. What an operator
/// decided stays: that the client is disabled, and what it may ask for.
async fn keep(authority: &Authority, id: &str, metadata: ClientMetadata) -> Result<(), Error> {
    let checked = Checked::read(&metadata)?;
    let open = metadata.scopes(&open_scopes(authority))?;
    let now = authority.clock.now();
    let kind = checked.application_type;
    let uris = |field, list| clients::uris(field, list, kind).map_err(refused);
    let described = Client {
        id: id.to_owned(),
        name: checked.name,
        authentication: match checked.method {
            Method::PrivateKey(jwks) => Authentication::PrivateKey(jwks),
            Method::None | Method::Secret => Authentication::None,
        },
        grants: checked.grants,
        default_scopes: metadata.default_scopes(&open),
        scopes: open,
        audiences: Vec::new(),
        application_type: kind,
        redirect_uris: uris("redirect_uris", metadata.redirect_uris)?,
        post_logout_redirect_uris: uris(
            "post_logout_redirect_uris",
            metadata.post_logout_redirect_uris,
        )?,
        first_party: false,
        registration: Some(Registration {
            access_token: None,
            secret_in_body: false,
            scopes_fixed: false,
            unused_until: Some(now + UNUSED_LIFE),
        }),
        disabled: false,
        created_at: now,
    };
    clients::check(authority, &described, &described.scopes).map_err(refused)?;
    let actor = acting(id, described.scopes.clone())?;
    let write = async |transaction: &mut Transaction| {
        let Some(before) = transaction.client(id).await? else {
            transaction
                .remove_unused_clients_but(clients::MAX_UNUSED - 1, now)
                .await?;
            return match transaction.add_client(&described).await {
                // Another request was faster.
                Err(store::Error::Exists) | Ok(()) => Ok::<_, Error>(()),
                Err(error) => Err(error.into()),
            };
        };
        let after = merged(&before, described);
        if !is_same(&before, &after) {
            transaction.change_client(&after, now).await?;
        }
        Ok(())
    };
    authority.write(&actor, write).await
}

fn merged(before: &Client, described: Client) -> Client {
    let registration = before.registration.as_ref();
    let is_fixed = registration.is_some_and(|of| of.scopes_fixed);
    let scopes: ScopeSet = match is_fixed {
        true => before.scopes.clone(),
        false => described.scopes,
    };
    Client {
        default_scopes: described.default_scopes.intersection(&scopes),
        scopes,
        audiences: before.audiences.clone(),
        registration: before.registration.clone(),
        disabled: before.disabled,
        created_at: before.created_at,
        ..described
    }
}

fn is_same(before: &Client, after: &Client) -> bool {
    let keys = |client: &Client| match &client.authentication {
        Authentication::PrivateKey(jwks) => Some(jwks.clone()),
        Authentication::None | Authentication::Secret(_) => None,
    };
    before.name == after.name
        && keys(before) == keys(after)
        && before.grants == after.grants
        && before.scopes == after.scopes
        && before.default_scopes == after.default_scopes
        && before.application_type == after.application_type
        && before.redirect_uris == after.redirect_uris
        && before.post_logout_redirect_uris == after.post_logout_redirect_uris
}
