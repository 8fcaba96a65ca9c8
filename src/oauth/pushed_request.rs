//! Pushed authorization requests (RFC 9126): a client hands its request over beforehand,
//! authenticated, and sends the browser with a reference to it alone.

use std::net::IpAddr;

use super::{
    AuthorizationParameters, AuthorizationRequest, ClientCredentials, Error, REQUEST_LIFE,
    Requester,
    authorization_answer::{NotAuthorized, Unanswerable},
    authorization_request::check_for,
    know_client,
};
use crate::{
    authority::Authority,
    opaque::{Digest, Opaque},
};

/// How a reference begins (RFC 9126 §2.2).
pub const PUSHED: &str = "urn:ietf:params:oauth:request_uri:";

/// A request that a client pushes.
pub struct PushedRequest {
    pub client: ClientCredentials,
    pub parameters: AuthorizationParameters,
    /// Where it came from.
    pub address: IpAddr,
}

/// Checks a request and keeps it; gives the reference to it.
pub async fn push_request(authority: &Authority, pushed: PushedRequest) -> Result<String, Error> {
    let client_id = pushed.client.client_id.as_deref().unwrap_or_default();
    know_client(authority, client_id, pushed.address).await?;
    let client = Requester::authenticate(authority, &pushed.client).await?;
    let request = check_for(authority, &client, &pushed.parameters)
        .map_err(|(error, text)| Error::AuthorizationRequest(error, text))?;
    let reference = Opaque::generate(Opaque::REQUEST)?;
    let text = serde_json::to_string(&request).unwrap_or_default();
    let expires_at = authority.clock.now() + REQUEST_LIFE;
    authority
        .store
        .add_authorization_request(&reference.digest(), &text, expires_at)
        .await?;
    Ok(format!("{PUSHED}{}", reference.expose()))
}

/// The request of a reference, for the client that pushed it.
pub async fn pushed_request(
    authority: &Authority,
    client_id: &str,
    reference: &str,
) -> Result<AuthorizationRequest, NotAuthorized> {
    let unknown = || NotAuthorized::Page(Unanswerable::UnknownRequest);
    let digest = digest_of(reference).ok_or_else(unknown)?;
    let text = authority
        .store
        .authorization_request(&digest, authority.clock.now())
        .await?;
    let request: Option<AuthorizationRequest> =
        text.and_then(|text| serde_json::from_str(&text).ok());
    let request = request.filter(|request| request.client_id == client_id);
    let request = request.ok_or_else(unknown)?;
    match request.client(authority) {
        Ok(_) => Ok(request),
        Err(_) => Err(unknown()),
    }
}

/// The user of a request is sent to log in: the login that follows meets what the request
/// says of it.
pub async fn await_login(
    authority: &Authority,
    reference: &str,
    request: AuthorizationRequest,
) -> Result<(), Error> {
    let now = authority.clock.now();
    if let Some((digest, request)) = digest_of(reference).zip(request.met_by_login(now)) {
        let text = serde_json::to_string(&request).unwrap_or_default();
        let store = &authority.store;
        store.change_authorization_request(&digest, &text).await?;
    }
    Ok(())
}

/// Forgets a request that was answered: a reference is used once (RFC 9126 §4).
pub async fn forget_request(authority: &Authority, reference: &str) -> Result<(), Error> {
    if let Some(digest) = digest_of(reference) {
        let now = authority.clock.now();
        authority
            .store
            .take_authorization_request(&digest, now)
            .await?;
    }
    Ok(())
}

fn digest_of(reference: &str) -> Option<Digest> {
    reference.strip_prefix(PUSHED).map(Digest::of)
}
