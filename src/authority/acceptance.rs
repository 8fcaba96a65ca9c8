//! Whether a token is accepted, here and now.

use std::sync::Arc;

use thiserror::Error;

use super::Authority;
use crate::{
    client::Client,
    guard::Caller,
    live::{LiveError, UserState},
    scope::ScopeSet,
    store,
    subject::Subject,
    token::{Claims, Expected, Refused, Verified},
};

/// A token that is accepted here and now.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// What it says.
    pub claims: Arc<Verified<Claims>>,
    /// Those of its scopes that its subject still holds.
    pub scopes: ScopeSet,
}

/// Why a token is not accepted: the first check that it fails.
#[derive(Debug, Error)]
pub enum NotAccepted {
    /// It cannot be known now: the change log does not answer.
    #[error("whether the token was revoked cannot be known at the moment")]
    Stale,
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("the token was revoked")]
    Revoked,
    #[error("the token's subject is not active")]
    SubjectGone,
    #[error("the client that the token was issued to is not active")]
    ClientGone,
    /// It cannot be known now: the database does not answer.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl NotAccepted {
    /// The reason in a word, for counting.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::Refused(_) => "invalid",
            Self::Revoked => "revoked",
            Self::SubjectGone => "subject",
            Self::ClientGone => "client",
            Self::Store(_) => "unavailable",
        }
    }
}

impl From<LiveError> for NotAccepted {
    fn from(error: LiveError) -> Self {
        match error {
            LiveError::Store(error) => Self::Store(error),
            LiveError::Keys(_) => Self::Stale,
        }
    }
}

impl Authority {
    /// What a token of this server says, whatever has become of it since it was
    /// issued: for those who want to end it.
    pub fn read(&self, token: &str) -> Result<Verified<Claims>, Refused> {
        let keys = self.live.keys();
        keys.verification
            .verify(token, &self.expected_of_any_audience(), self.clock.now())
    }

    fn expected_of_any_audience(&self) -> Expected {
        Expected {
            audience: None,
            ..self.expected.clone()
        }
    }

    /// Verifies a token and compares it with the live state: whether it was
    /// revoked, whether its subject and its client are still active, what the
    /// subject still holds. The one way to accept a token of this server's own.
    pub async fn accept(&self, token: &str) -> Result<Accepted, NotAccepted> {
        self.must_be_fresh()?;
        let now = self.clock.now();
        let verified = self
            .live
            .keys()
            .verification
            .verify(token, &self.expected, now)?;
        self.still_good(Arc::new(verified), now).await
    }

    /// Accepts a token that this server issued, also one for the API of others. What is
    /// remembered of a token that is asked about again is the verification alone.
    pub async fn accept_for_any_audience(&self, token: &str) -> Result<Accepted, NotAccepted> {
        self.must_be_fresh()?;
        let (keys, now) = (self.live.keys(), self.clock.now());
        let known = self.live.tokens.claims(token, &keys, now);
        let claims = if let Some(claims) = known {
            claims
        } else {
            let expected = self.expected_of_any_audience();
            let claims = keys.verification.verify(token, &expected, now)?;
            self.live.tokens.keep_claims(token, claims, &keys, now)
        };
        self.still_good(claims, now).await
    }

    async fn still_good(
        &self,
        claims: Arc<Verified<Claims>>,
        now: i64,
    ) -> Result<Accepted, NotAccepted> {
        let caller = Caller::from(&**claims);
        let left = self.check_live(&caller);
        let scopes = left.await?.unwrap_or_else(|| claims.scopes.clone());
        self.live.uses.note(&claims.id, now);
        Ok(Accepted { claims, scopes })
    }

    /// Accepts a token as [`accept`](Self::accept) does and gives the caller. What
    /// is remembered of a token that comes again is the verification, and
    /// nothing of the live state.
    pub async fn caller(&self, token: &str) -> Result<Arc<Caller>, NotAccepted> {
        self.must_be_fresh()?;
        let (keys, now) = (self.live.keys(), self.clock.now());
        let known = self.live.tokens.get(token, &keys, now);
        let is_known = known.is_some();
        let caller = if let Some(caller) = known {
            caller
        } else {
            let claims = keys.verification.verify(token, &self.expected, now)?;
            self.live.tokens.keep(token, &claims, &keys, now)
        };
        self.metrics.verified(is_known);
        let left = self.check_live(&caller).await?;
        self.live.uses.note(&caller.token_id, now);
        Ok(match left {
            None => caller,
            Some(scopes) => Arc::new(Caller {
                scopes,
                ..Caller::clone(&caller)
            }),
        })
    }

    /// Whom a token is about that was verified lately, whatever has become of it since.
    pub fn verified_lately(&self, token: &str) -> Option<Arc<Caller>> {
        let (keys, now) = (self.live.keys(), self.clock.now());
        self.live.tokens.get(token, &keys, now)
    }

    fn must_be_fresh(&self) -> Result<(), NotAccepted> {
        match self.live.is_fresh() {
            true => Ok(()),
            false => Err(NotAccepted::Stale),
        }
    }

    /// Compares a verified token with the live state, and gives what is left of
    /// its scopes; none where all are. Every client that it came through counts.
    async fn check_live(&self, caller: &Caller) -> Result<Option<ScopeSet>, NotAccepted> {
        let Caller {
            subject,
            token_id,
            scopes,
            ..
        } = caller;
        if self.live.is_revoked(token_id) {
            return Err(NotAccepted::Revoked);
        }
        // A client that makes tokens about others is not limited to its own scopes there.
        let is_limited = subject.username().is_some();
        let mut left: Option<ScopeSet> = None;
        let mut limit = |most: &ScopeSet| {
            let held = left.as_ref().unwrap_or(scopes);
            if !held.is_subset(most) {
                left = Some(held.intersection(most));
            }
        };
        if let Some(most) = self.live.without_removed(token_id, scopes) {
            limit(&most);
        }
        for id in caller.clients().filter(|id| *id != Client::BUILTIN) {
            let client = self.live.registry.client(id);
            let client = client.ok_or(NotAccepted::ClientGone)?;
            if is_limited {
                limit(&client.scopes);
            }
        }
        let holder = self.holder(subject).await?;
        // What was looked up may have brought news of the token as well.
        if self.live.is_revoked(token_id) {
            return Err(NotAccepted::Revoked);
        }
        limit(holder.scopes());
        Ok(left)
    }

    /// What a subject may hold here and now.
    pub async fn held_by(&self, subject: &Subject) -> Result<ScopeSet, NotAccepted> {
        Ok(self.holder(subject).await?.scopes().clone())
    }

    async fn holder(&self, subject: &Subject) -> Result<Holder, NotAccepted> {
        let holder = match subject.kind() {
            Subject::USERNAME => {
                let user = self.user_state(subject.id()).await?;
                user.filter(|user| !user.disabled).map(Holder::User)
            }
            Subject::CLIENT => self.live.registry.client(subject.id()).map(Holder::Client),
            kind => self.live.registry.scopes_of_kind(kind).map(Holder::Kind),
        };
        holder.ok_or(NotAccepted::SubjectGone)
    }
}

/// A subject that exists and is active.
enum Holder {
    User(Arc<UserState>),
    Client(Arc<Client>),
    Kind(ScopeSet),
}

impl Holder {
    fn scopes(&self) -> &ScopeSet {
        match self {
            Self::User(user) => &user.scopes,
            Self::Client(client) => &client.scopes,
            Self::Kind(scopes) => scopes,
        }
    }
}
