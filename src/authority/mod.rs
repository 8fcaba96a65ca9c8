//! The authority: one server's settings, database, live state and hash pool,
//! which the protocol ([`crate::oauth`]) and the rooms of users, clients, scopes,
//! kinds, tokens and keys work with.

mod acceptance;

use std::{fmt::Display, sync::Arc, time::Instant};

use thiserror::Error;
use tracing::Instrument;

use crate::{
    actor::Actor,
    builtin_scope::BuiltinScope,
    clock::Clock,
    config::Config,
    directory::Directory,
    documents::Documents,
    elsewhere::SharedUsers,
    hashing::HashPool,
    infrastructure::Infrastructure,
    live::{KeySettings, Live, LiveError, UserState},
    metrics::Metrics,
    noticed::Noticed,
    password::{Context, Policy, PolicyError},
    readiness::Readiness,
    store::{
        self, ForeignError, Issuance, Issued, Issuing, MayConflict, OpenError, Store, Transaction,
        UserRow, unless_in_conflict,
    },
    throttle::Throttle,
    token::Expected,
    traces,
};

pub use acceptance::{Accepted, NotAccepted};

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

    /// What a guarded request has to know of a user, wherever users live.
    pub async fn user_state(&self, username: &str) -> Result<Option<Arc<UserState>>, LiveError> {
        self.directory.state(&self.live, username).await
    }
}
