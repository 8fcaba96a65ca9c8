//! What is counted, and shown to Prometheus on `admin-listen`. Names and units follow its
//! conventions; no label has a user's, a client's or a token's name.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use prometheus_client::{
    encoding::text::encode,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::{Registry, Unit},
};

/// The media type of [`Metrics::render`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is counted by a label, its name and its value.
type By<V, M> = Family<[(&'static str, V); 1], M>;

/// What is read when the metrics are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Places for logins: taken, and free.
    pub hash_places: (usize, usize),
    /// Connections to the database: used, and idle.
    pub connections: (usize, usize),
    pub change_log_age: Duration,
    pub revoked_tokens: usize,
    pub verified_tokens: usize,
}

/// Counters, and gauges that are read when they are asked for.
pub struct Metrics {
    registry: Registry,
    /// By status from 100 on: each request counts here, so there is no lock and no look-up.
    answered: Box<[AtomicU64]>,
    answers: By<u16, Counter>,
    logins: By<&'static str, Counter>,
    login_seconds: Histogram,
    tokens: By<&'static str, Counter>,
    refusals: By<&'static str, Counter>,
    verifications: By<&'static str, Counter>,
    /// Two of these, counted at each guarded request without a look-up.
    remembered: Counter,
    verified: Counter,
    write_seconds: Histogram,
    removed_rows: Counter,
    hash_places: By<&'static str, Gauge>,
    change_log_age: Gauge<f64, AtomicU64>,
    revoked_tokens: Gauge,
    verified_tokens: Gauge,
    connections: By<&'static str, Gauge>,
}

impl Metrics {
    /// All of them at zero.
    pub fn new() -> Self {
        let buckets = exponential_buckets(0.01, 2.0, 12);
        let verifications: By<&'static str, Counter> = Family::default();
        let counted = |how| verifications.get_or_create(&[("how", how)]).clone();
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
            remembered: counted("remembered"),
            verified: counted("verified"),
            verifications,
            write_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 13)),
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
            "token_verifications",
            "Bearer tokens with a good signature and claims: verified now, or remembered as verified",
            self.verifications.clone(),
        );
        registry.register_with_unit(
            "write",
            "How long changes took, from asking for a connection to the commit",
            Unit::Seconds,
            self.write_seconds.clone(),
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
        self.logins.get_or_create(&[("outcome", outcome)]).inc();
        self.login_seconds.observe(took.as_secs_f64());
    }

    /// Counts a token that a grant gave.
    pub fn issued(&self, grant: &'static str) {
        self.tokens.get_or_create(&[("grant", grant)]).inc();
    }

    /// Counts a bearer token that was refused.
    pub fn refused(&self, reason: &'static str) {
        self.refusals.get_or_create(&[("reason", reason)]).inc();
    }

    /// Counts a bearer token with a good signature and claims, and whether that was remembered.
    pub fn verified(&self, is_remembered: bool) {
        match is_remembered {
            true => self.remembered.inc(),
            false => self.verified.inc(),
        };
    }

    /// Notes how long a change took.
    pub fn wrote(&self, took: Duration) {
        self.write_seconds.observe(took.as_secs_f64());
    }

    /// Counts rows that were removed.
    pub fn removed(&self, rows: u64) {
        self.removed_rows.inc_by(rows);
    }

    /// All of them, in the text format of OpenMetrics.
    ///
    /// # Errors
    /// They cannot be written as text.
    pub fn render(&self, now: &Now) -> Result<String, fmt::Error> {
        for (status, count) in (100..).zip(&self.answered) {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                let answers = self.answers.get_or_create(&[("status", status)]);
                answers.inner().store(count, Ordering::Relaxed);
            }
        }
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        for (family, state, number) in [
            (&self.hash_places, "taken", now.hash_places.0),
            (&self.hash_places, "free", now.hash_places.1),
            (&self.connections, "used", now.connections.0),
            (&self.connections, "idle", now.connections.1),
        ] {
            family.get_or_create(&[("state", state)]).set(count(number));
        }
        self.change_log_age.set(now.change_log_age.as_secs_f64());
        self.revoked_tokens.set(count(now.revoked_tokens));
        self.verified_tokens.set(count(now.verified_tokens));
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
