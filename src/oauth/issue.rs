//! Answers of the token endpoint (RFC 6749 §5.1).

use uuid::Uuid;

use super::{Error, Requester};
use crate::{
    actor::Actor,
    authority::Authority,
    builtin_scope::BuiltinScope,
    client::GrantType,
    issued_token::Token,
    live::KeyRingError,
    opaque::Opaque,
    scope::ScopeSet,
    store::{Basis, NewRefresh, Transaction, UserRow},
    subject::Subject,
    token::{Audience, Claims, IdClaims},
    tokens::Draft,
    users::LoginRefused,
};

/// The successful answer of the token endpoint.
pub struct TokenResponse {
    /// The token: a secret.
    pub access_token: String,
    /// Its life in seconds.
    pub expires_in: u64,
    /// What was granted.
    pub scopes: ScopeSet,
    /// What the next access token is asked for with: a secret.
    pub refresh_token: Option<Opaque>,
    /// Who logged in, for the client, where `openid` was granted.
    pub id_token: Option<String>,
    /// Whether it answers a token exchange, which says what kind of token it
    /// gave (RFC 8693 §2.2.1).
    pub is_exchanged: bool,
}

impl TokenResponse {
    pub(super) fn of(authority: &Authority, claims: &Claims) -> Result<Self, Error> {
        Ok(Self {
            access_token: authority.sign(claims)?,
            expires_in: claims.expires_at.abs_diff(claims.issued_at),
            scopes: claims.scopes.clone(),
            refresh_token: None,
            id_token: None,
            is_exchanged: false,
        })
    }
}

/// How a user came to be known, for the ID token.
pub(super) struct Login {
    /// When the password was typed, in seconds since 1970.
    pub at: i64,
    /// What the authorization request said.
    pub nonce: Option<String>,
}

/// Issues a token about a user, who must still exist and be enabled when it is
/// stored; with `offline_access` a refresh token as well.
pub(super) async fn issue_for_user(
    authority: &Authority,
    user: &UserRow,
    client: &Requester,
    scopes: ScopeSet,
    audience: Audience,
    login: Login,
) -> Result<TokenResponse, Error> {
    let prepared = Prepared::new(authority, user, client, scopes, audience, None)?;
    let write = async |transaction: &mut Transaction| match prepared
        .rests(transaction, user, client)
        .await?
    {
        true => prepared.store(authority, transaction, user, login.at).await,
        false => Err(Error::from(LoginRefused::Gone(user.username.clone()))),
    };
    authority.write(&acting(user, client)?, write).await?;
    // The user may be so new that memory does not have it yet: a token that
    // was just issued must not be refused.
    if authority.live.remembers_nobody(&user.username) {
        authority.live.catch_up().await?;
    }
    prepared.answer(authority, login)
}

/// A user who acts through a client.
pub(super) fn acting(user: &UserRow, client: &Requester) -> Result<Actor, Error> {
    let subject =
        Subject::new(Subject::USERNAME, &user.username).map_err(|_| LoginRefused::UnknownUser)?;
    Ok(Actor::subject(subject, user.scopes.clone()).through(client.id()))
}

/// A user's tokens, to be stored before they are handed out.
pub(super) struct Prepared {
    claims: Claims,
    token: Token,
    refresh_token: Option<Opaque>,
}

impl Prepared {
    /// An access token, and with `offline_access` a refresh token. What a user
    /// approved for a client belongs to a family, which can be named beforehand,
    /// so that all of it can be taken back.
    pub fn new(
        authority: &Authority,
        user: &UserRow,
        client: &Requester,
        scopes: ScopeSet,
        audience: Audience,
        family: Option<String>,
    ) -> Result<Self, Error> {
        let subject = Subject::new(Subject::USERNAME, &user.username)
            .map_err(|_| LoginRefused::UnknownUser)?;
        let stays_signed_in = scopes.contains(BuiltinScope::OFFLINE_ACCESS)
            && client.may_use(GrantType::RefreshToken).is_ok();
        let refresh_token = match stays_signed_in {
            true => Some(Opaque::generate(Opaque::REFRESH_TOKEN)?),
            false => None,
        };
        let draft = Draft {
            audience,
            grant_id: family.or_else(|| stays_signed_in.then(|| Uuid::now_v7().to_string())),
            ..Draft::new(authority, subject, client.id(), scopes)
        };
        let (claims, token) = draft.prepare(authority);
        Ok(Self {
            claims,
            token,
            refresh_token,
        })
    }

    /// Whether user and client are still there, which locks them.
    pub async fn rests(
        &self,
        transaction: &mut Transaction,
        user: &UserRow,
        client: &Requester,
    ) -> Result<bool, Error> {
        let basis = Basis {
            user: Some(user.basis()),
            client: client.basis(),
            ..Basis::default()
        };
        Ok(transaction.holds(&basis).await?)
    }

    /// Stores them, with the family that they begin.
    pub async fn store(
        &self,
        authority: &Authority,
        transaction: &mut Transaction,
        user: &UserRow,
        auth_time: i64,
    ) -> Result<(), Error> {
        transaction.add_token(&self.token, &self.claims.via).await?;
        if self.token.grant_id.is_some() {
            transaction
                .add_grant(&self.token, &user.id, auth_time)
                .await?;
        }
        if let Some(token) = &self.refresh_token {
            let refresh = new_refresh(authority, token, self.token.issued_at);
            transaction.add_refresh_token(&self.token, &refresh).await?;
        }
        Ok(())
    }

    /// The answer, once they are stored.
    pub fn answer(self, authority: &Authority, login: Login) -> Result<TokenResponse, Error> {
        Ok(TokenResponse {
            id_token: id_token(authority, &self.claims, login)?,
            refresh_token: self.refresh_token,
            ..TokenResponse::of(authority, &self.claims)?
        })
    }
}

/// The ID token beside an access token, where `openid` was granted.
pub(super) fn id_token(
    authority: &Authority,
    access: &Claims,
    login: Login,
) -> Result<Option<String>, KeyRingError> {
    if !authority.config.openid_connect || !access.scopes.contains(BuiltinScope::OPENID) {
        return Ok(None);
    }
    let claims = IdClaims {
        issuer: access.issuer.clone(),
        subject: access.subject.clone(),
        client_id: access.client_id.clone(),
        issued_at: access.issued_at,
        expires_at: access.expires_at,
        auth_time: login.at,
        nonce: login.nonce,
    };
    authority.sign_id_token(&claims).map(Some)
}

/// What is stored of a refresh token, whose family began then.
pub(super) fn new_refresh(authority: &Authority, token: &Opaque, begun_at: i64) -> NewRefresh {
    let unused = authority.config.refresh_token_ttl.as_secs();
    let in_all = authority.config.max_refresh_ttl.as_secs();
    let unused_until = authority.clock.now().saturating_add_unsigned(unused);
    NewRefresh {
        hash: token.digest(),
        expires_at: unused_until.min(begun_at.saturating_add_unsigned(in_all)),
    }
}
