//! What is counted, and shown to Prometheus on `admin-listen`. Names and units follow its
//! conventions; no label has a user's, a client's or a token's name.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::{Registry, Unit},
};

use crate::authority::Authority;

/// The media type of [`Metrics::render`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Grant {
    grant: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

/// Counters, and gauges that are read when they are asked for.
pub struct Metrics {
    registry: Registry,
    /// By status from 100 on: each request counts here, so there is no lock and no look-up.
    answered: Box<[AtomicU64]>,
    answers: Family<Status, Counter>,
    logins: Family<Outcome, Counter>,
    login_seconds: Histogram,
    tokens: Family<Grant, Counter>,
    refusals: Family<Reason, Counter>,
    removed_rows: Counter,
    hash_places: Family<State, Gauge>,
    change_log_age: Gauge<f64, AtomicU64>,
    revoked_tokens: Gauge,
    verified_tokens: Gauge,
    connections: Family<State, Gauge>,
}

impl Metrics {
    /// All of them at zero.
    pub fn new() -> Self {
        let buckets = exponential_buckets(0.01, 2.0, 12);
        let mut metrics = Self {
            registry: Registry::with_prefix("scopegate"),
            answered: (100..600).map(|_| AtomicU64::new(0)).collect(),
            answers: Family::default(),
            logins: Family::default(),
            login_seconds: Histogram::new(buckets),
            tokens: Family::default(),
            refusals: Family::default(),
            removed_rows: Counter::default(),
            hash_places: Family::default(),
            change_log_age: Gauge::default(),
            revoked_tokens: Gauge::default(),
            verified_tokens: Gauge::default(),
            connections: Family::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version that runs", build);
        registry.register(
            "http_answers",
            "Answers to requests, by status",
            self.answers.clone(),
        );
        registry.register(
            "logins",
            "Attempts to log in: accepted, refused, throttled or failed",
            self.logins.clone(),
        );
        registry.register_with_unit(
            "login",
            "How long attempts to log in took, in the queue and in the hash",
            Unit::Seconds,
            self.login_seconds.clone(),
        );
        registry.register(
            "tokens_issued",
            "Access tokens issued at the token endpoint, by grant",
            self.tokens.clone(),
        );
        registry.register(
            "tokens_refused",
            "Bearer tokens that were refused, by reason",
            self.refusals.clone(),
        );
        registry.register(
            "rows_removed",
            "Rows of what had expired that this server removed",
            self.removed_rows.clone(),
        );
        registry.register(
            "hash_places",
            "Places for logins that hash or wait to: taken or free",
            self.hash_places.clone(),
        );
        registry.register_with_unit(
            "change_log_age",
            "Since when the change log was not heard of; above max-staleness requests get 503",
            Unit::Seconds,
            self.change_log_age.clone(),
        );
        registry.register(
            "revoked_tokens",
            "Revoked tokens that have not expired, in memory",
            self.revoked_tokens.clone(),
        );
        registry.register(
            "verified_tokens",
            "Verified tokens in memory",
            self.verified_tokens.clone(),
        );
        registry.register(
            "database_connections",
            "Connections to the database: used or idle",
            self.connections.clone(),
        );
    }

    /// Counts an answer.
    pub fn answered(&self, status: u16) {
        if let Some(count) = self.answered.get(usize::from(status.saturating_sub(100))) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts an attempt to log in.
    pub fn tried_login(&self, outcome: &'static str, took: Duration) {
        self.logins.get_or_create(&Outcome { outcome }).inc();
        self.login_seconds.observe(took.as_secs_f64());
    }

    /// Counts a token that a grant gave.
    pub fn issued(&self, grant: &'static str) {
        self.tokens.get_or_create(&Grant { grant }).inc();
    }

    /// Counts a bearer token that was refused.
    pub fn refused(&self, reason: &'static str) {
        self.refusals.get_or_create(&Reason { reason }).inc();
    }

    /// Counts rows that were removed.
    pub fn removed(&self, rows: u64) {
        self.removed_rows.inc_by(rows);
    }

    /// All of them at this moment, in the text format of OpenMetrics.
    ///
    /// # Errors
    /// They cannot be written as text.
    pub fn render(&self, authority: &Authority) -> Result<String, fmt::Error> {
        for (status, count) in (100..).zip(&self.answered) {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                let answers = self.answers.get_or_create(&Status { status });
                answers.inner().store(count, Ordering::Relaxed);
            }
        }
        let set = |family: &Family<State, Gauge>, state, number: usize| {
            let gauge = family.get_or_create(&State { state });
            gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
        };
        let (taken, free) = authority.hashing.places();
        set(&self.hash_places, "taken", taken);
        set(&self.hash_places, "free", free);
        let (used, idle) = authority.store.connections();
        set(&self.connections, "used", used);
        set(&self.connections, "idle", idle);
        let live = &authority.live;
        self.change_log_age.set(live.change_log_age().as_secs_f64());
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.revoked_tokens.set(count(live.revoked_tokens()));
        self.verified_tokens.set(count(live.tokens.len()));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
