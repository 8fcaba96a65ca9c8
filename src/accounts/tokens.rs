//! Tokens that people make: personal ones for third parties, and those about
//! subjects without an account.

use super::{Error, Grantor, field, fields, fit};
use crate::{
    authority::Authority,
    client::Client,
    clock,
    issuing::Draft,
    scope::ScopeSet,
    store::{Revoke, TokenFilter, TokenRow},
    subject::Subject,
    token::Audience,
};

/// A token about a subject without an account.
#[derive(Debug)]
pub struct Minting {
    pub subject: String,
    pub scopes: ScopeSet,
    /// None for the audience of the settings.
    pub audience: Option<String>,
    /// Its life in seconds; none for that of access tokens.
    pub expires_in: Option<u64>,
    /// What its maker calls it.
    pub name: Option<String>,
}

/// A personal token.
#[derive(Debug)]
pub struct Personal {
    pub name: String,
    pub scopes: ScopeSet,
    pub expires_in: Option<u64>,
}

/// A token that was made: the JWT, a secret, is not to be had again.
pub struct Made {
    pub row: TokenRow,
    pub jwt: String,
}

/// Makes a token about a subject of a kind that was added for it.
pub async fn mint(
    authority: &Authority,
    minting: Minting,
    client_id: &str,
    grantor: &Grantor,
) -> Result<Made, Error> {
    let subject =
        Subject::parse(&minting.subject).map_err(|error| field("subject", error.to_string()))?;
    let open = authority.live.registry.scopes_of_kind(subject.kind());
    let open = open.ok_or_else(|| {
        let reason = format!("there is no subject kind `{}`", subject.kind());
        field("subject", reason)
    })?;
    let beyond = minting.scopes.difference(&open);
    if !beyond.is_empty() {
        let reason = format!(
            "tokens of the kind `{}` may not carry: {beyond}",
            subject.kind()
        );
        return Err(field("scopes", reason));
    }
    let draft = Draft {
        kind: TokenRow::MINTED,
        audience: audience(authority, minting.audience, grantor)?,
        expires_in: life(authority, minting.expires_in)?,
        name: minting.name,
        ..Draft::new(authority, subject.clone(), client_id, minting.scopes)
    };
    let (claims, row) = draft.prepare(authority);
    let is_stored = authority
        .store
        .add_minted_token(&row, subject.kind())
        .await?;
    if !is_stored {
        return Err(Error::NoSuchSubjectKind(subject.kind().to_owned()));
    }
    let jwt = authority.sign(&claims)?;
    Ok(Made { row, jwt })
}

/// The operator addresses any API; others those of the settings.
fn audience(
    authority: &Authority,
    audience: Option<String>,
    grantor: &Grantor,
) -> Result<Audience, Error> {
    let config = &authority.config;
    let Some(audience) = audience else {
        return Ok(Audience::One(config.audience.clone()));
    };
    fit("audience", fields::audience(&audience))?;
    let is_allowed = audience == config.audience || config.allowed_audiences.contains(&audience);
    if is_allowed || matches!(grantor, Grantor::Operator) {
        return Ok(Audience::One(audience));
    }
    Err(field("audience", "no tokens can be had for this audience"))
}

/// Makes a personal token of a user: with no scope that is not `held`. One that is
/// made with a personal or an exchanged token ends with it.
pub async fn make_personal(
    authority: &Authority,
    subject: &Subject,
    held: &ScopeSet,
    token_id: Option<&str>,
    personal: Personal,
) -> Result<Made, Error> {
    fit("name", fields::token_name(&personal.name))?;
    let username = subject.username().ok_or(Error::NotAUser)?;
    Grantor::Holder(held.clone()).check(&personal.scopes)?;
    let mut expires_in = life(authority, personal.expires_in)?;
    let own = match token_id {
        Some(id) => authority.store.token(id).await?,
        None => None,
    };
    let parent = own.filter(|own| own.kind != TokenRow::ACCESS || own.parent_id.is_some());
    if let Some(parent) = &parent {
        let left = parent.expires_at.saturating_sub(clock::now()).max(1);
        expires_in = expires_in.min(left.unsigned_abs());
    }
    let draft = Draft {
        kind: TokenRow::PERSONAL,
        expires_in,
        name: Some(personal.name),
        parent_id: parent.map(|parent| parent.id),
        ..Draft::new(authority, subject.clone(), Client::BUILTIN, personal.scopes)
    };
    let (claims, row) = draft.prepare(authority);
    if !authority.store.add_personal_token(&row, username).await? {
        return Err(Error::NoSuchUser(username.to_owned()));
    }
    authority.live.catch_up().await?;
    let jwt = authority.sign(&claims)?;
    Ok(Made { row, jwt })
}

fn life(authority: &Authority, wanted: Option<u64>) -> Result<u64, Error> {
    let most = authority.config.max_token_ttl.as_secs();
    let life = wanted.unwrap_or_else(|| authority.config.access_token_ttl.as_secs().min(most));
    if (1..=most).contains(&life) {
        return Ok(life);
    }
    Err(field(
        "expires_in",
        format!("a token lives 1 to {most} seconds"),
    ))
}

/// Tokens that are alive, the oldest first.
pub async fn tokens(
    authority: &Authority,
    filter: &TokenFilter<'_>,
) -> Result<Vec<TokenRow>, Error> {
    authority.live.write_uses().await?;
    Ok(authority.store.tokens(filter, clock::now()).await?)
}

/// Ends a token that is alive, and what was derived from it.
pub async fn revoke_token(authority: &Authority, id: &str) -> Result<(), Error> {
    match revoke(authority, Revoke::Token(id)).await? {
        0 => Err(Error::NoSuchToken(id.to_owned())),
        _ => Ok(()),
    }
}

/// Ends a personal token of a subject; another's is not found.
pub async fn revoke_personal(
    authority: &Authority,
    subject: &Subject,
    id: &str,
) -> Result<(), Error> {
    let token = authority.store.token(id).await?;
    let is_own = token
        .is_some_and(|token| token.kind == TokenRow::PERSONAL && token.subject == subject.as_str());
    match is_own {
        true => revoke_token(authority, id).await,
        false => Err(Error::NoSuchToken(id.to_owned())),
    }
}

/// Ends tokens, what was derived from them and the refresh tokens that belong
/// to them; gives how many access tokens were alive.
pub async fn revoke(authority: &Authority, which: Revoke<'_>) -> Result<u64, Error> {
    let revoked = authority.store.revoke(which, clock::now()).await?;
    authority.live.catch_up().await?;
    Ok(revoked)
}
