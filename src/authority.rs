//! The authority: one server's settings, database, live state and hash pool,
//! which the protocol ([`crate::oauth`]) and administration
//! ([`crate::accounts`]) work with.

use std::sync::Arc;

use thiserror::Error;

use crate::{
    accounts::BuiltinScope,
    clock,
    config::Config,
    hashing::HashPool,
    live::{Live, LiveError},
    password::{Context, Policy, PolicyError},
    store::{self, OpenError, Store},
    throttle::Throttle,
    token::Expected,
};

/// Everything that a request may need.
pub struct Authority {
    pub config: Config,
    pub store: Store,
    pub live: Arc<Live>,
    pub hashing: HashPool,
    pub throttle: Throttle,
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
    #[error("the threads that hash passwords cannot be started: {0}")]
    Threads(std::io::Error),
}

impl Authority {
    /// Opens the database, brings schema, built-in scopes and signing key up
    /// to date, and loads the live state.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        let context = Context::new(Policy {
            current: config.password_scheme,
            flask_security_salt: config.flask_security_salt.clone(),
            ..Policy::default()
        })?;
        let hashing = HashPool::start(context, config.hash_workers, config.hash_queue)
            .map_err(StartError::Threads)?;
        let store = Store::open(config.database_url.expose()).await?;
        store
            .put_builtin_scopes(&BuiltinScope::catalogue(), clock::now())
            .await?;
        let secret = config.signing_secret.clone();
        let live = Live::load(store.clone(), config.signing_algorithm, secret).await?;
        Ok(Self {
            expected: Expected {
                issuer: config.issuer.clone(),
                audience: config.audience.clone(),
            },
            config,
            throttle: Throttle::new(store.clone()),
            store,
            live: Arc::new(live),
            hashing,
        })
    }
}
