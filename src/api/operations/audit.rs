//! The audit log.

use std::sync::Arc;

use poem_openapi::{Enum, Object, OpenApi, param::Query, payload::Json, types::Example};

use crate::api::plumbing::{
    access::Auth,
    nullable::Nullable,
    number::Number,
    page::{Limit, Page, Window},
    problem::Failure,
    tag::Tag,
};
use crate::{
    audit,
    audit_event::Outcome,
    authority::Authority,
    builtin_scope::BuiltinScope,
    store::{AuditEntry, AuditFilter},
};

pub(in crate::api) struct AuditApi(pub Arc<Authority>);

/// How something ended.
#[derive(Enum, Clone, Copy)]
#[oai(rename_all = "lowercase")]
enum AuditOutcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
}

impl From<AuditOutcome> for Outcome {
    fn from(outcome: AuditOutcome) -> Self {
        match outcome {
            AuditOutcome::Done => Self::Done,
            AuditOutcome::Refused => Self::Refused,
        }
    }
}

/// An entry of the audit log: who did what to what.
#[derive(Object)]
#[oai(rename = "AuditEntry", example)]
struct Entry {
    /// Its id.
    id: String,
    /// Its place in the log; `null` for a second after it was written.
    number: Nullable<i64>,
    /// When it happened, in seconds since 1970; the first time, if it was repeated.
    created_at: i64,
    /// What was done, as in `user.changed`; docs/audit.md lists all.
    action: String,
    /// How it ended: `done` or `refused`.
    outcome: String,
    /// Who did it: a subject, as in `username:alice`, or `operator`, `system` or `anonymous`.
    who: String,
    /// What it was done to, as in `username:alice`, `client:ci` or `scope:items`; for a refused
    /// request its method and path.
    target: String,
    /// Details, in words.
    detail: Nullable<String>,
    /// The client that the request came through.
    client_id: Nullable<String>,
    /// The `jti` of the token that the request bore.
    token_id: Nullable<String>,
    /// The address that the request came from.
    address: Nullable<String>,
    /// The id of the request, as in the log; of the first, if it was repeated.
    request_id: Nullable<String>,
    /// How many times it happened within the second.
    times: i64,
    /// The digest of this entry and those before it, which reveals changes to the log.
    digest: Nullable<String>,
}

impl Example for Entry {
    fn example() -> Self {
        Self {
            id: "019a2f2e-8c5e-7b5a-9f0c-3f1d2f6f7c11".to_owned(),
            number: Nullable(Some(4711)),
            created_at: 1_800_000_000,
            action: "user.changed".to_owned(),
            outcome: "done".to_owned(),
            who: "username:admin".to_owned(),
            target: "username:alice".to_owned(),
            detail: Nullable(Some("scopes: items me".to_owned())),
            client_id: Nullable(Some("scopegate-docs".to_owned())),
            token_id: Nullable(Some("019a2f2e-11aa-7c3d-8a1b-5d2e9f7a6b01".to_owned())),
            address: Nullable(Some("192.0.2.7".to_owned())),
            request_id: Nullable(Some("5f0c9e2b7a1d4c3300000a1f".to_owned())),
            times: 1,
            digest: Nullable(Some(
                "Vd0R2sTq5uYxG8oW3kzZb1nPcL6mE4fJ7hA9iBvCtXs".to_owned(),
            )),
        }
    }
}

impl From<AuditEntry> for Entry {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            number: Nullable(entry.number),
            created_at: entry.created_at,
            action: entry.action,
            outcome: entry.outcome,
            who: entry.who,
            target: entry.target,
            detail: Nullable(entry.detail),
            client_id: Nullable(entry.client_id),
            token_id: Nullable(entry.token_id),
            address: Nullable(entry.address),
            request_id: Nullable(entry.request_id),
            times: entry.times,
            digest: Nullable(entry.digest),
        }
    }
}

#[OpenApi(tag = "Tag::Audit")]
impl AuditApi {
    /// Read the audit log
    ///
    /// Every change, login and refusal, newest first, in pages.
    #[oai(path = "/audit", method = "get", operation_id = "listAuditLog")]
    #[expect(clippy::too_many_arguments, reason = "a parameter of the query each")]
    async fn list_audit_log(
        &self,
        #[oai(scope = "BuiltinScope::AuditRead")] _auth: Auth,
        /// The `next_cursor` of the previous page.
        cursor: Query<Option<String>>,
        /// How many entries the page may have: 1 to 200; 50 by default.
        limit: Query<Option<Limit>>,
        /// What was done, as in `user.changed`.
        action: Query<Option<String>>,
        /// How it ended.
        outcome: Query<Option<AuditOutcome>>,
        /// Who did it, as in `username:alice` or `operator`.
        who: Query<Option<String>>,
        /// What it was done to, as in `client:ci`.
        target: Query<Option<String>>,
        /// From this time on, in seconds since 1970.
        since: Query<Option<Number<0, { i64::MAX }>>>,
        /// Before this time, in seconds since 1970.
        until: Query<Option<Number<0, { i64::MAX }>>>,
    ) -> Result<Json<Page<Entry>>, Failure<422>> {
        let window = Window::parse(cursor.0, limit.0)?;
        let filter = AuditFilter {
            action: action.0.as_deref(),
            outcome: outcome.0.map(|outcome| Outcome::from(outcome).name()),
            who: who.0.as_deref(),
            target: target.0.as_deref(),
            since: since.0.map(|time| time.0),
            until: until.0.map(|time| time.0),
            before: &window.after,
            limit: window.limit + 1,
        };
        let entries = audit::list(&self.0, &filter)
            .await
            .map_err(crate::error::Error::from)?;
        Ok(Json(window.page(entries, |entry| &entry.id, Entry::from)))
    }
}
