//! The refresh grant (RFC 6749 §6), with rotation (RFC 9700 §4.14.2).

use std::net::IpAddr;

use super::{
    ClientCredentials, Error, RefreshRefused, Requester, TokenResponse, audience,
    issue::{Login, id_token, new_refresh},
    revocation::revoke_at_once,
    scope_policy,
};
use crate::{
    actor::Actor,
    authority::{Authority, NotAccepted},
    builtin_scope::BuiltinScope,
    client::GrantType,
    infrastructure::Infrastructure,
    opaque::{Digest, Opaque},
    scope::ScopeSet,
    store::{Issuance, Issued, RefreshRow, Renewal, Revoke, Spending, audience_of},
    subject::Subject,
    tokens::Draft,
};

/// The parameters of the grant.
pub struct RefreshGrant {
    pub refresh_token: Option<String>,
    pub scope: Option<String>,
    pub resources: Vec<String>,
    pub client: ClientCredentials,
    /// Where the request comes from.
    pub address: IpAddr,
}

/// Spends a refresh token for an access token and the next refresh token. One
/// that is spent already was stolen, or stolen from: its family ends. Two tabs that
/// refresh at once, or a client whose answer was lost, are neither: within
/// `refresh-grace` a token serves its client again from the address that it was spent
/// from. `docs/tokens.md` explains why that is safe.
pub async fn refresh(authority: &Authority, request: RefreshGrant) -> Result<TokenResponse, Error> {
    let client = Requester::authenticate(authority, &request.client).await?;
    client.may_use(GrantType::RefreshToken)?;
    let presented = request
        .refresh_token
        .ok_or_else(|| Error::missing("refresh_token"))?;
    let digest = Digest::of(&presented);
    let family = authority.store.refresh_token(&digest).await?;
    let family = family.ok_or(RefreshRefused::Unknown)?;
    // Another client's attempt says nothing of who holds the token rightly, so
    // the family lives on.
    if family.client_id != client.id() {
        return Err(Error::from(RefreshRefused::OfAnotherClient(
            family.client_id,
        )));
    }
    if family.revoked_at.is_some() {
        return Err(Error::from(RefreshRefused::Revoked));
    }
    let spending = Spending {
        at: authority.clock.now(),
        from: request.address.to_canonical().to_string(),
        grace: authority.config.refresh_grace.as_secs().cast_signed(),
    };
    let is_spent = |at| !spending.may_follow(at, family.spent_from.as_deref().unwrap_or_default());
    if family.spent_at.is_some_and(is_spent) {
        return end_family(authority, &family).await;
    }
    if family.expires_at <= authority.clock.now() {
        return Err(Error::from(RefreshRefused::Expired));
    }

    let draft = draft(
        authority,
        &client,
        &family,
        request.scope.as_deref(),
        &request.resources,
    )
    .await?;
    let (claims, token) = draft.prepare(authority);
    let next = Opaque::generate(Opaque::REFRESH_TOKEN)?;
    let issuance = Issuance {
        token,
        client: client
            .basis()
            .map(|(id, added_at)| (id.to_owned(), added_at)),
        renewal: Some(Renewal {
            user_id: family.user_id.clone(),
            spent: digest,
            spending,
            next: new_refresh(authority, &next, family.created_at),
            via: claims.via.clone(),
        }),
    };
    let actor = Actor::subject(claims.subject.clone(), claims.scopes.clone()).through(client.id());
    match authority.issue(&actor, issuance).await? {
        Issued::Stored => {}
        Issued::Gone => return Err(Error::from(RefreshRefused::Gone)),
        Issued::Spent => return end_family(authority, &family).await,
    }
    let login = family.auth_time.map(|at| Login { at, nonce: None });
    let id_token = login.map(|login| id_token(authority, &claims, login));
    Ok(TokenResponse {
        id_token: id_token.transpose()?.flatten(),
        refresh_token: Some(next),
        ..TokenResponse::of(authority, &claims)?
    })
}

/// The next access token: what the family was granted and the user and the
/// client still hold, or less where less is asked for.
async fn draft(
    authority: &Authority,
    client: &Requester,
    family: &RefreshRow,
    scope: Option<&str>,
    resources: &[String],
) -> Result<Draft, Error> {
    let subject =
        Subject::new(Subject::USERNAME, &family.username).map_err(|_| RefreshRefused::Gone)?;
    let granted = ScopeSet::from_stored(&family.scopes);
    let held = match authority.held_by(&subject).await {
        Ok(held) => held,
        Err(NotAccepted::Store(error)) => return Err(error.into()),
        Err(NotAccepted::Stale) => return Err(Infrastructure::Stale.into()),
        Err(_) => return Err(Error::from(RefreshRefused::Gone)),
    };
    let mut open = granted.intersection(&held);
    if let Some(scopes) = client.scopes() {
        open = open.intersection(scopes);
    }
    if !open.contains(BuiltinScope::OFFLINE_ACCESS) {
        return Err(Error::from(RefreshRefused::Gone));
    }
    let scopes = scope_policy::narrow(authority, scope, &granted, &open)?;
    let audience = audience::narrowed(resources, &audience_of(&family.audience))?;
    Ok(Draft {
        audience,
        grant_id: Some(family.grant_id.clone()),
        not_after: Some(family.expires_at),
        ..Draft::new(authority, subject, client.id(), scopes)
    })
}

async fn end_family(authority: &Authority, family: &RefreshRow) -> Result<TokenResponse, Error> {
    let grant = Revoke::Grant(&family.grant_id);
    revoke_at_once(authority, grant).await?;
    tracing::warn!(
        user = family.username,
        client = family.client_id,
        "a refresh token was used twice: everything derived from it is revoked"
    );
    Err(Error::from(RefreshRefused::Spent))
}
