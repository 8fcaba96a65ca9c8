//! The authorization code grant (RFC 6749 §4.1.3), with PKCE (RFC 7636).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use super::{
    ClientCredentials, CodeRefused, Error, Requester, TokenResponse, audience,
    issue::{Login, Prepared, acting},
    revocation::revoke_at_once,
};
use crate::{
    authority::Authority,
    client::GrantType,
    opaque::Digest,
    scope::ScopeSet,
    store::{CodeRow, Revoke, Transaction, audience_of},
};

/// The parameters of the grant.
pub struct AuthorizationCodeGrant {
    pub code: Option<String>,
    pub redirect_uri: Option<String>,
    pub code_verifier: Option<String>,
    pub resources: Vec<String>,
    pub client: ClientCredentials,
}

/// Exchanges a code for its token. A code is used once: what was issued for it
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
    let code = code.ok_or(CodeRefused::Unknown)?;
    if code.client_id != client.id() {
        return Err(Error::from(CodeRefused::OfAnotherClient(code.client_id)));
    }
    if code.spent_at.is_some() {
        return end_family(authority, &code).await;
    }
    if code.expires_at <= authority.clock.now() {
        return Err(Error::from(CodeRefused::Expired));
    }
    if code.redirect_uri != request.redirect_uri {
        return Err(Error::from(CodeRefused::OtherRedirectUri));
    }
    if !is_verifier_of(&verifier, &code.challenge) {
        return Err(Error::from(CodeRefused::WrongVerifier));
    }
    let user = authority.same_user(&code.username, &code.user_id).await?;
    let user = user.ok_or(CodeRefused::Gone)?;
    let granted = ScopeSet::from_stored(&code.scopes);
    let scopes = granted.intersection(&user.scopes);
    let had = audience_of(&code.audience);
    let audience = audience::narrowed(&request.resources, &had)?;
    let family = Some(code.grant_id.clone());
    let prepared = Prepared::new(authority, &user, &client, scopes, audience, family)?;
    let write = async |transaction: &mut Transaction| {
        if !prepared.rests(transaction, &user, &client).await? {
            return Err(Error::from(CodeRefused::Gone));
        }
        let was_spent = transaction
            .spend_code(&digest, authority.clock.now())
            .await?;
        if was_spent {
            prepared
                .store(authority, transaction, &user, code.auth_time)
                .await?;
        }
        Ok(was_spent)
    };
    if !authority.write(&acting(&user, &client)?, write).await? {
        return end_family(authority, &code).await;
    }
    let login = Login {
        at: code.auth_time,
        nonce: code.nonce,
    };
    prepared.answer(authority, login)
}

/// A code was used twice: one of the two who used it may be a thief.
async fn end_family(authority: &Authority, code: &CodeRow) -> Result<TokenResponse, Error> {
    revoke_at_once(authority, Revoke::Grant(&code.grant_id)).await?;
    tracing::warn!(
        user = code.username,
        client = code.client_id,
        "an authorization code was used twice: everything derived from it is revoked"
    );
    Err(Error::from(CodeRefused::Spent))
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
