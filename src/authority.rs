//! The authority: one server's settings, database, live state and hash pool,
//! which the protocol ([`crate::oauth`]) and the rooms of users, clients, scopes,
//! kinds, tokens and keys work with.

use std::{fmt::Display, sync::Arc, time::Instant};

use thiserror::Error;
use tracing::Instrument;

use crate::{
    actor::Actor,
    builtin_scope::BuiltinScope,
    client::Client,
    clock::Clock,
    config::Config,
    directory::Directory,
    documents::Documents,
    elsewhere::SharedUsers,
    guard::Caller,
    hashing::HashPool,
    infrastructure::Infrastructure,
    live::{KeySettings, Live, LiveError, UserState},
    metrics::Metrics,
    noticed::Noticed,
    password::{Context, Policy, PolicyError},
    readiness::Readiness,
    scope::ScopeSet,
    store::{
        self, ForeignError, Issuance, Issued, Issuing, MayConflict, OpenError, Store, Transaction,
        UserRow, unless_in_conflict,
    },
    subject::Subject,
    throttle::Throttle,
    token::{Claims, Expected, Refused, Verified},
    traces,
};

/// Everything that a request may need.
pub struct Authority {
    pub config: Config,
    pub clock: Clock,
    pub store: Store,
    issuing: Issuing,
    pub live: Arc<Live>,
    pub hashing: Arc<HashPool>,
    pub readiness: Readiness,
    pub metrics: Metrics,
    /// What the audit log will tell of that changed nothing.
    pub noticed: Noticed,
    pub throttle: Throttle,
    pub directory: Directory,
    /// What fetches the documents of clients, where the setting is on.
    pub documents: Option<Documents>,
    /// What a token for this server must say.
    pub expected: Expected,
}

/// Why an authority cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Live(#[from] LiveError),
    #[error(transparent)]
    Passwords(#[from] PolicyError),
    #[error("user-source-url: {0}")]
    SharedUsers(#[from] ForeignError),
    #[error("client-metadata-documents: {0}")]
    Documents(#[from] reqwest::Error),
    #[error("the threads that hash passwords cannot be started: {0}")]
    Threads(std::io::Error),
}

impl Authority {
    /// Opens the database, brings schema, built-in scopes and signing key up
    /// to date, and loads the live state.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        Self::open_at(config, Clock::System).await
    }

    /// Opens it as [`open`](Self::open) does, by a clock of the caller's.
    pub async fn open_at(config: Config, clock: Clock) -> Result<Self, StartError> {
        let context = Context::new(Policy {
            current: config.password_scheme,
            flask_security_salt: config.flask_security_salt.clone(),
            firebase: config.firebase.clone(),
            ..Policy::default()
        })?;
        let hashing = HashPool::start(context, config.hash_workers, config.hash_queue)
            .map_err(StartError::Threads)?;
        let store = Store::open(config.database_url.expose()).await?;
        store
            .put_builtin_scopes(&BuiltinScope::catalogue(), clock.now())
            .await?;
        let live = Live::load(
            store.clone(),
            key_settings(&config),
            config.freshness,
            clock.clone(),
        )
        .await?;
        let directory = match config.shared_users.clone() {
            Some(source) => Directory::Shared(SharedUsers::new(source)?),
            None => Directory::Own(store.clone()),
        };
        let allowed = config.client_metadata_documents.clone();
        let documents = allowed.map(Documents::new).transpose()?;
        Ok(Self {
            directory,
            documents,
            expected: Expected {
                issuer: config.issuer.clone(),
                audience: Some(config.audience.clone()),
            },
            config,
            issuing: Issuing::new(store.clone()),
            throttle: Throttle::new(store.clone(), clock.clone()),
            clock,
            store,
            live: Arc::new(live),
            hashing: Arc::new(hashing),
            readiness: Readiness::default(),
            metrics: Metrics::new(),
            noticed: Noticed::default(),
        })
    }
}

fn key_settings(config: &Config) -> KeySettings {
    KeySettings {
        algorithm: config.signing_algorithm,
        secret: config.signing_secret.clone(),
        encryption: config.key_encryption_key.clone(),
    }
}

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
    #[error("the client that the token was given to is not active")]
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
    /// The one path of every change: a transaction, in which the change checks what
    /// it rests on and writes, and with it what the audit log tells of it, all or
    /// nothing; once it is on disk, what it announced is in force in this server. A
    /// change that refuses leaves nothing behind. Where another transaction was in its
    /// way, the change runs again.
    ///
    /// # Errors
    /// The change's own, or the infrastructure's.
    pub async fn write<T, E: From<Infrastructure> + MayConflict + Display>(
        &self,
        actor: &Actor,
        change: impl AsyncFnOnce(&mut Transaction) -> Result<T, E> + Clone,
    ) -> Result<T, E> {
        let began = Instant::now();
        let attempt = async || {
            let mut transaction = self.store.begin().await.map_err(Infrastructure::from)?;
            let outcome = change.clone()(&mut transaction).await?;
            let now = self.clock.now();
            let written = transaction.audit(actor, now).await;
            written.map_err(Infrastructure::from)?;
            let announces = transaction.commit().await.map_err(Infrastructure::from)?;
            Ok::<_, E>((outcome, announces))
        };
        let (outcome, announces) = unless_in_conflict(attempt)
            .instrument(traces::part("database write"))
            .await
            .inspect_err(|refused| tracing::debug!(who = ?actor.who, %refused, "not changed"))?;
        self.metrics.wrote(began.elapsed());
        if announces {
            tracing::debug!(who = ?actor.who, token = actor.token_id, "changed");
            self.live.catch_up().await.map_err(Infrastructure::from)?;
        }
        Ok(outcome)
    }

    /// Stores a token together with those that others get at the moment; says what became
    /// of it.
    ///
    /// # Errors
    /// The database did not do it.
    pub async fn issue(&self, actor: &Actor, one: Issuance) -> store::Result<Issued> {
        let began = Instant::now();
        let issued = self.issuing.issue(actor, one);
        let issued = issued.instrument(traces::part("database write")).await;
        self.metrics.wrote(began.elapsed());
        issued
    }

    /// Whether the server can do all of its work: read and write its database, read that
    /// of shared users, and know the latest changes.
    pub async fn is_ready(&self) -> bool {
        self.live.is_fresh()
            && self.store.ping().await.is_ok()
            && self.directory.check().await.is_ok()
            && self.readiness.is_given(&self.store).await
    }

    /// The user of a name, wherever users live.
    pub async fn user(&self, username: &str) -> store::Result<Option<UserRow>> {
        self.directory.user(&self.live, username).await
    }

    /// The user whom what is issued under a name belongs to, wherever users live:
    /// with the id of our own row.
    pub async fn anchored_user(&self, username: &str) -> Result<Option<UserRow>, LiveError> {
        self.directory.anchored(&self.live, username).await
    }

    /// The user for whom something was kept under a name and an id; none where
    /// the name is another's by now or the user is disabled.
    pub async fn same_user(&self, username: &str, id: &str) -> Result<Option<UserRow>, LiveError> {
        let user = self.anchored_user(username).await?;
        Ok(user.filter(|user| user.id == id && !user.disabled))
    }

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

    /// What a guarded request has to know of a user, wherever users live.
    pub async fn user_state(&self, username: &str) -> Result<Option<Arc<UserState>>, LiveError> {
        self.directory.state(&self.live, username).await
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
