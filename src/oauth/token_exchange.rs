//! Token exchange (RFC 8693) for down-scoping: from a token to a narrower one,
//! to hand on.

use super::{
    ClientCredentials, ClientRefused, Error, Requester, TokenResponse, accept, audience,
    scope_policy,
};
use crate::{
    actor,
    authority::{Accepted, Authority},
    client::GrantType,
    guard::Caller,
    store::{Basis, Transaction},
    subject::Subject,
    token::{Actor, Audience},
    tokens::Draft,
};

/// The identifiers of an access token that is a JWT (RFC 8693 §3).
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// How many parties a token may name that it came through: it grows with each.
const MAX_HANDS: usize = 16;

/// The parameters of the grant.
pub struct TokenExchange {
    pub subject_token: Option<String>,
    pub subject_token_type: Option<String>,
    pub requested_token_type: Option<String>,
    pub actor_token: Option<String>,
    pub scope: Option<String>,
    /// `resource` and `audience` together.
    pub audiences: Vec<String>,
    /// The life that is wanted, in seconds.
    pub expires_in: Option<u64>,
    pub client: ClientCredentials,
}

/// Gives a token about the same subject, with no scope, audience or time that
/// the one shown does not have, which ends when that one is revoked.
pub async fn token_exchange(
    authority: &Authority,
    request: TokenExchange,
) -> Result<TokenResponse, Error> {
    let client = Requester::authenticate(authority, &request.client).await?;
    client.may_use(GrantType::TokenExchange)?;
    check_types(&request)?;
    let shown = request
        .subject_token
        .as_deref()
        .ok_or_else(|| Error::missing("subject_token"))?;
    let shown = accept(authority, shown)
        .await?
        .map_err(|refused| invalid_subject_token(&refused.to_string()))?;
    // Within the leeway it is still accepted, and nothing is made from it any more.
    if shown.claims.expires_at <= authority.clock.now() {
        return Err(invalid_subject_token("it has expired"));
    }

    let open = client.scopes().unwrap_or(&shown.scopes);
    let scope = request.scope.as_deref();
    let scopes = scope_policy::narrow(authority, scope, &shown.scopes, open)?;
    let actor = acting_party(&client, &shown)?;
    if hands(actor.as_ref()) + shown.claims.via.len() > MAX_HANDS {
        return Err(invalid_subject_token(
            "it was handed on through too many clients",
        ));
    }
    let draft = Draft {
        audience: audience(authority, &client, &request.audiences, &shown)?,
        expires_in: request
            .expires_in
            .unwrap_or(authority.config.access_token_ttl.as_secs()),
        not_after: Some(shown.claims.expires_at),
        actor,
        parent_id: Some(shown.claims.id.to_string()),
        ..Draft::new(authority, shown.claims.subject.clone(), client.id(), scopes)
    };
    let (claims, row) = draft
        .by_way_of(Caller::from(&**shown.claims).clients())
        .prepare(authority);
    let basis = Basis {
        client: client.basis(),
        token: row.parent_id.as_deref(),
        ..Basis::default()
    };
    let write = async |transaction: &mut Transaction| match transaction.holds(&basis).await? {
        true => Ok(transaction.add_token(&row, &claims.via).await?),
        false => Err(invalid_subject_token("it was revoked")),
    };
    let actor = actor::Actor::subject(claims.subject.clone(), shown.scopes.clone())
        .through(client.id())
        .with_token(shown.claims.id);
    authority.write(&actor, write).await?;
    Ok(TokenResponse {
        is_exchanged: true,
        ..TokenResponse::of(authority, &claims)?
    })
}

fn check_types(request: &TokenExchange) -> Result<(), Error> {
    let is_access_token = |kind: &str| kind == ACCESS_TOKEN || kind == JWT;
    let refuse = |reason: &str| Err(Error::InvalidRequest(reason.to_owned()));
    match request.subject_token_type.as_deref() {
        None => return Err(Error::missing("subject_token_type")),
        Some(kind) if is_access_token(kind) => {}
        Some(_) => return refuse("subject_token_type is that of an access token"),
    }
    match request.requested_token_type.as_deref() {
        Some(kind) if !is_access_token(kind) => {
            refuse("requested_token_type is that of an access token")
        }
        _ if request.actor_token.is_some() => {
            refuse("actor_token is not taken: who acts is the client that authenticates")
        }
        _ => Ok(()),
    }
}

fn invalid_subject_token(reason: &str) -> Error {
    Error::InvalidRequest(format!("the subject_token is not accepted: {reason}"))
}

/// A token for this server opens every audience that the client may ask for; one for
/// another API stays there, so that this API cannot turn it on others. It goes on to those
/// that the operator gave by name to the client that speaks for this API, and to no others.
fn audience(
    authority: &Authority,
    client: &Requester,
    requested: &[String],
    shown: &Accepted,
) -> Result<Audience, Error> {
    let had = &shown.claims.audience;
    let wanted = requested.iter().map(String::as_str);
    let is_ours = had.contains(&authority.config.audience);
    let goes_on = || had.iter().chain(wanted).all(|one| client.speaks_for(one));
    match requested.is_empty() || !(is_ours || goes_on()) {
        true => audience::narrowed(requested, had),
        false => audience::requested(authority, client, requested),
    }
}

/// How many parties a token names that act for its subject, one for the other.
fn hands(actor: Option<&Actor>) -> usize {
    std::iter::successors(actor, |actor| actor.act.as_deref()).count()
}

/// A client that acts for somebody else is named (RFC 8693 §4.1), and behind it
/// who acted before.
fn acting_party(client: &Requester, shown: &Accepted) -> Result<Option<Actor>, Error> {
    let before = shown.claims.actor.clone();
    if !client.is_confidential() {
        return Ok(before);
    }
    let sub = Subject::new(Subject::CLIENT, client.id()).map_err(|_| ClientRefused::Unknown)?;
    if sub == shown.claims.subject {
        return Ok(before);
    }
    Ok(Some(Actor {
        sub,
        act: before.map(Box::new),
    }))
}
