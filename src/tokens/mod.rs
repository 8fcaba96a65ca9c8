//! Tokens that people make: personal ones for third parties, and those about
//! subjects without an account.

mod draft;

pub use draft::Draft;

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    actor::Actor,
    authority::Authority,
    client::Client,
    error::Error,
    fields::{self, Unfit, fit},
    issued_token::{Token, TokenKind},
    live::Feed,
    scope::ScopeSet,
    store::{Basis, Revoke, TokenFilter, Transaction, UserBasis},
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
    /// The name that its creator gave it.
    pub name: Option<String>,
}

/// A personal token.
#[derive(Debug)]
pub struct Personal {
    pub name: String,
    pub scopes: ScopeSet,
    pub expires_in: Option<u64>,
}

/// A token that was made: the JWT is a secret and is shown once.
pub struct Made {
    pub token: Token,
    pub jwt: String,
}

/// Makes a token about a subject of a kind that was added for it.
pub async fn mint(authority: &Authority, actor: &Actor, minting: Minting) -> Result<Made, Error> {
    let subject = Subject::parse(&minting.subject)
        .map_err(|error| Error::from(Unfit::new("subject", error.to_string())))?;
    let open = authority.live.registry.scopes_of_kind(subject.kind());
    let open = open.ok_or_else(|| {
        let reason = match subject.kind() {
            Subject::USERNAME => "a user's tokens come from logging in at /token, or are personal \
                                  tokens that the user makes"
                .to_owned(),
            Subject::CLIENT => "a client's tokens come from /token, by the grant \
                                client_credentials"
                .to_owned(),
            kind => format!(
                "subject kind `{kind}` not found: add it first, with `scopegate subject-kind add` or \
                 POST /subject-kinds"
            ),
        };
        Error::from(Unfit::new("subject", reason))
    })?;
    let beyond = minting.scopes.difference(&open);
    if !beyond.is_empty() {
        let reason = format!(
            "tokens of the kind `{}` may not carry: {beyond}",
            subject.kind()
        );
        return Err(Error::from(Unfit::new("scopes", reason)));
    }
    let draft = Draft {
        kind: TokenKind::Minted,
        audience: audience(authority, actor, minting.audience)?,
        expires_in: life(authority, minting.expires_in)?,
        name: minting.name,
        ..Draft::new(
            authority,
            subject.clone(),
            actor.client_id.as_deref().unwrap_or(Client::BUILTIN),
            minting.scopes,
        )
    };
    let (claims, token) = draft.by_way_of(actor.clients()).prepare(authority);
    let basis = Basis {
        subject_kind: Some(subject.kind()),
        token: actor.token_id.as_deref(),
        ..Basis::default()
    };
    let write = async |transaction: &mut Transaction| {
        if !transaction.holds(&basis).await? {
            return Err(Error::NoSuchSubjectKind(subject.kind().to_owned()));
        }
        Ok(transaction.add_token(&token, &claims.via).await?)
    };
    authority.write(actor, write).await?;
    let jwt = authority.sign(&claims)?;
    Ok(Made { token, jwt })
}

/// The operator addresses any API; others those of the settings.
fn audience(
    authority: &Authority,
    actor: &Actor,
    audience: Option<String>,
) -> Result<Audience, Error> {
    let config = &authority.config;
    let Some(audience) = audience else {
        return Ok(Audience::One(config.audience.clone()));
    };
    fit("audience", fields::audience(&audience))?;
    let is_allowed = audience == config.audience || config.allowed_audiences.contains(&audience);
    if is_allowed || actor.is_operator() {
        return Ok(Audience::One(audience));
    }
    Err(Error::from(Unfit::new(
        "audience",
        "no token can be issued for this audience",
    )))
}

/// Makes a personal token of a user, the `subject`, within the power of whoever
/// asks. One that is made with a personal or an exchanged token ends with it.
pub async fn make_personal(
    authority: &Authority,
    actor: &Actor,
    subject: &Subject,
    personal: Personal,
) -> Result<Made, Error> {
    fit("name", fields::token_name(&personal.name))?;
    let username = subject.username().ok_or(Error::NotAUser)?;
    actor.has_power_over(&personal.scopes)?;
    let user = authority.anchored_user(username).await?;
    let user = user.ok_or_else(|| Error::NoSuchUser(username.to_owned()))?;
    let expires_in = life(authority, personal.expires_in)?;
    let own = match &actor.token_id {
        Some(id) => authority.store.token(id).await?,
        None => None,
    };
    let parent = own.filter(|own| own.kind != TokenKind::Access || own.parent_id.is_some());
    if let Some(parent) = &parent
        && parent.expires_at <= authority.clock.now()
    {
        return Err(Error::NoSuchToken(parent.id.clone()));
    }
    let draft = Draft {
        kind: TokenKind::Personal,
        expires_in,
        not_after: parent.as_ref().map(|parent| parent.expires_at),
        name: Some(personal.name),
        parent_id: parent.map(|parent| parent.id),
        ..Draft::new(authority, subject.clone(), Client::BUILTIN, personal.scopes)
    };
    let (claims, token) = draft.by_way_of(actor.clients()).prepare(authority);
    let basis = Basis {
        user: Some(UserBasis {
            id: &user.id,
            password_version: None,
        }),
        token: actor.token_id.as_deref(),
        ..Basis::default()
    };
    let most = authority.config.max_personal_tokens;
    let write = async |transaction: &mut Transaction| {
        // Locked first, so that of tokens made at once each counts the ones before it.
        transaction.user(username).await?;
        if !transaction.holds(&basis).await? {
            return Err(Error::NoSuchUser(username.to_owned()));
        }
        let made = transaction.count_personal_tokens(subject.as_str(), token.issued_at);
        if made.await? >= i64::from(most) {
            return Err(Error::TooManyTokens(most));
        }
        Ok(transaction.add_token(&token, &claims.via).await?)
    };
    authority.write(actor, write).await?;
    let jwt = authority.sign(&claims)?;
    Ok(Made { token, jwt })
}

fn life(authority: &Authority, wanted: Option<u64>) -> Result<u64, Error> {
    let most = authority.config.max_token_ttl.as_secs();
    let life = wanted.unwrap_or_else(|| authority.config.access_token_ttl.as_secs().min(most));
    if (1..=most).contains(&life) {
        return Ok(life);
    }
    Err(Error::from(Unfit::new(
        "expires_in",
        format!("must be 1 to {most} seconds (max-token-ttl)"),
    )))
}

/// Tokens that are alive, the oldest first.
pub async fn list(authority: &Authority, filter: &TokenFilter<'_>) -> Result<Vec<Token>, Error> {
    authority.live.write_uses().await?;
    Ok(authority
        .store
        .tokens(filter, authority.clock.now())
        .await?)
}

/// Ends a token that is alive, and what was derived from it.
pub async fn revoke_one(authority: &Authority, actor: &Actor, id: &str) -> Result<(), Error> {
    match revoke(authority, actor, Revoke::Token(id)).await? {
        0 => Err(Error::NoSuchToken(id.to_owned())),
        _ => Ok(()),
    }
}

/// Ends a personal token of a subject; another's is not found.
pub async fn revoke_personal(
    authority: &Authority,
    actor: &Actor,
    subject: &Subject,
    id: &str,
) -> Result<(), Error> {
    let token = authority.store.token(id).await?;
    let is_own =
        token.is_some_and(|token| token.kind == TokenKind::Personal && token.subject == *subject);
    match is_own {
        true => revoke_one(authority, actor, id).await,
        false => Err(Error::NoSuchToken(id.to_owned())),
    }
}

/// Ends tokens, what was derived from them and the refresh tokens that belong
/// to them; gives how many access tokens were alive.
pub async fn revoke(authority: &Authority, actor: &Actor, which: Revoke<'_>) -> Result<u64, Error> {
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| {
        Ok::<_, Error>(transaction.revoke(which, None, now).await?)
    };
    authority.write(actor, write).await
}

/// The revocations behind a number, for APIs that refuse revoked tokens themselves; waits for
/// one where there is none.
pub async fn revocations(
    authority: &Authority,
    since: i64,
    patience: Duration,
) -> Result<Feed, Error> {
    let until = Instant::now() + patience;
    let is_stopping = || authority.readiness.is_stopping();
    let feed = authority.live.revocations_since(since, until, is_stopping);
    Ok(feed.await?)
}
