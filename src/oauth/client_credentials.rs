//! The client credentials grant (RFC 6749 §4.4).

use super::{
    ClientCredentials, ClientRefused, Error, Requester, TokenResponse, audience, scope_policy,
};
use crate::{
    actor::Actor,
    authority::Authority,
    client::GrantType,
    store::{Issuance, Issued},
    subject::Subject,
    tokens::Draft,
};

/// The parameters of the grant.
pub struct ClientCredentialsGrant {
    pub scope: Option<String>,
    pub resources: Vec<String>,
    pub client: ClientCredentials,
}

/// Gives a confidential client a token about itself.
pub async fn client_credentials(
    authority: &Authority,
    request: ClientCredentialsGrant,
) -> Result<TokenResponse, Error> {
    let client = Requester::authenticate(authority, &request.client).await?;
    client.may_use(GrantType::ClientCredentials)?;
    let Some(registered) = client.registered().filter(|_| client.is_confidential()) else {
        return Err(Error::UnauthorizedClient);
    };
    let scope = request.scope.as_deref();
    let scopes = scope_policy::grant(authority, &client, scope, &registered.scopes)?;
    let audience = audience::requested(authority, &client, &request.resources)?;
    let subject =
        Subject::new(Subject::CLIENT, &registered.id).map_err(|_| ClientRefused::Unknown)?;
    let draft = Draft {
        audience,
        ..Draft::new(authority, subject, client.id(), scopes)
    };
    let (claims, token) = draft.prepare(authority);
    let actor =
        Actor::subject(claims.subject.clone(), registered.scopes.clone()).through(&registered.id);
    let issuance = Issuance {
        token,
        client: Some((registered.id.clone(), registered.created_at)),
        renewal: None,
    };
    match authority.issue(&actor, issuance).await? {
        Issued::Stored => TokenResponse::of(authority, &claims),
        Issued::Gone | Issued::Spent => {
            Err(Error::from(ClientRefused::Gone(registered.id.clone())))
        }
    }
}
