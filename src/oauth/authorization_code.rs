//! The authorization code grant (RFC 6749 §4.1.3), with PKCE (RFC 7636).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use super::{
    ClientCredentials, Error, Requester, TokenResponse, audience,
    issue::{Login, Prepared},
};
use crate::{
    authority::Authority,
    client::GrantType,
    clock,
    opaque::Digest,
    scope::ScopeSet,
    store::{CodeRow, Revoke},
    token::Audience,
};

/// The parameters of the grant.
pub struct AuthorizationCodeGrant {
    pub code: Option<String>,
    pub redirect_uri: Option<String>,
    pub code_verifier: Option<String>,
    pub resources: Vec<String>,
    pub client: ClientCredentials,
}

/// Gives the token that a code stands for. A code serves once: what came of it
/// ends when it is used again (RFC 6749 §4.1.2).
pub async fn authorization_code(
    authority: &Authority,
    request: AuthorizationCodeGrant,
) -> Result<TokenResponse, Error> {
    let client = Requester::authenticate(authority, &request.client).await?;
    client.may_use(GrantType::AuthorizationCode)?;
    let code = request.code.ok_or_else(|| Error::missing("code"))?;
    let verifier = request
        .code_verifier
        .ok_or_else(|| Error::missing("code_verifier"))?;
    let digest = Digest::of(&code);
    let code = authority.store.code(&digest).await?;
    let code = code
        .filter(|code| code.client_id == client.id())
        .ok_or(Error::InvalidCode)?;
    if code.spent_at.is_some() {
        return end_family(authority, &code).await;
    }
    let is_bound = code.expires_at > clock::now()
        && code.redirect_uri == request.redirect_uri
        && is_verifier_of(&verifier, &code.challenge);
    if !is_bound {
        return Err(Error::InvalidCode);
    }
    let user = authority.same_user(&code.username, &code.user_id).await?;
    let user = user.ok_or(Error::InvalidCode)?;
    let granted = ScopeSet::parse(&code.scopes).map_err(|_| Error::InvalidCode)?;
    let scopes = granted.intersection(&user.scopes);
    let had = Audience::of(code.audience.split(' ').map(str::to_owned).collect());
    let audience = audience::narrowed(&request.resources, &had)?;
    let family = Some(code.grant_id.clone());
    let prepared = Prepared::new(authority, &user, &client, scopes, audience, family)?;
    let refresh = prepared.refresh(authority);
    let is_redeemed = authority
        .store
        .redeem_code(&digest, &prepared.row, &user.id, refresh.as_ref())
        .await?;
    if !is_redeemed {
        return end_family(authority, &code).await;
    }
    let login = Login {
        at: code.auth_time,
        nonce: code.nonce,
    };
    prepared.answer(authority, login)
}

/// Somebody has a code that was used already: whoever used it may be a thief.
async fn end_family(authority: &Authority, code: &CodeRow) -> Result<TokenResponse, Error> {
    let family = Revoke::Grant(&code.grant_id);
    authority.store.revoke(family, clock::now()).await?;
    authority.live.catch_up().await?;
    tracing::warn!(
        user = code.username,
        client = code.client_id,
        "an authorization code was used twice: everything that came of it is revoked"
    );
    Err(Error::InvalidCode)
}

/// Whether a verifier is one (RFC 7636 §4.1), and the one of this challenge (§4.6).
fn is_verifier_of(verifier: &str, challenge: &str) -> bool {
    let is_unreserved =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(is_unreserved) {
        return false;
    }
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    digest.as_bytes().ct_eq(challenge.as_bytes()).into()
}
