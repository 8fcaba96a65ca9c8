//! `scopegate audit`.

use std::str::FromStr;

use clap::{Args, Subcommand};
use scopegate::{
    audit,
    audit_event::{Action, Outcome as Ended},
    authority::Authority,
    store::{AuditEntry, AuditFilter, Link},
};
use serde_json::json;

use super::{
    Outcome, Settings, block_on,
    output::{self, at, line, plain},
};

/// How many entries are read at once.
const PAGE: u32 = 1_000;

/// The audit log: who did what to what
#[derive(Subcommand)]
#[command(
    after_help = "Examples:\n  scopegate audit list --who username:alice\n  scopegate audit verify"
)]
pub enum Audit {
    List(List),
    Verify(Verify),
}

/// List entries, newest first
#[derive(Args)]
#[command(
    after_help = "Examples:\n  scopegate audit list --limit 20\n  scopegate audit list --action login --outcome refused --json"
)]
pub struct List {
    /// What was done, as in user.changed
    #[arg(long, value_parser = actions())]
    action: Option<String>,
    /// How it ended: done or refused
    #[arg(long, value_parser = Ended::ALL.map(Ended::name))]
    outcome: Option<String>,
    /// Who did it: operator, system, anonymous, or a subject, as in username:alice
    #[arg(long)]
    who: Option<String>,
    /// What it was done to, as in username:alice, client:ci or scope:items
    #[arg(long)]
    target: Option<String>,
    /// Only what happened since then, such as 2026-11-24T08:30:00Z or 2h (two hours ago)
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Only what happened before then
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// How many entries at most [default: 100]
    #[arg(long, default_value_t = 100, hide_default_value = true)]
    limit: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Check that no entry was changed, moved or removed
///
/// Prints the last entry's number and digest. Keep them elsewhere, and pass them to --expect the
/// next time: that proves that the log was not rewritten as a whole.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  scopegate audit verify\n  scopegate audit verify --expect 4711:Vd0R2sTq5uYxG8oW3kzZb1nPcL6mE4fJ7hA9iBvCtXs"
)]
pub struct Verify {
    /// An entry that the log must contain, as printed before
    #[arg(long, value_name = "NUMBER:DIGEST", value_parser = link)]
    expect: Option<Link>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A time, or a span of time before now.
#[derive(Clone, Copy)]
enum Moment {
    At(i64),
    Ago(i64),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(span) = humantime::parse_duration(text) {
            return Ok(Self::Ago(span.as_secs().cast_signed()));
        }
        let time = humantime::parse_rfc3339_weak(text)
            .map_err(|_| "must be a time, as in 2026-11-24T08:30:00Z, or a span, as in 2h")?;
        let since = time.duration_since(std::time::UNIX_EPOCH);
        Ok(Self::At(
            since.map_or(0, |since| since.as_secs().cast_signed()),
        ))
    }
}

impl Moment {
    fn resolve(self, now: i64) -> i64 {
        match self {
            Self::At(time) => time,
            Self::Ago(seconds) => now.saturating_sub(seconds),
        }
    }
}

fn actions() -> Vec<&'static str> {
    Action::ALL.iter().map(|action| action.name()).collect()
}

fn link(text: &str) -> Result<Link, String> {
    let parts = text.split_once(':').and_then(|(number, digest)| {
        let number = number.parse().ok().filter(|number| *number > 0)?;
        (digest.len() == 43).then(|| Link {
            number,
            digest: digest.to_owned(),
        })
    });
    parts.ok_or_else(|| "must be a number and a digest, as `audit verify` prints them".to_owned())
}

impl Audit {
    pub fn run(self, settings: Settings) -> Outcome {
        let config = settings.check()?;
        block_on(async {
            let authority = Authority::open(config).await?;
            match self {
                Self::List(list) => list.run(&authority).await,
                Self::Verify(verify) => verify.run(&authority).await,
            }
        })
    }
}

impl List {
    async fn run(self, authority: &Authority) -> Outcome {
        let now = authority.clock.now();
        let mut entries: Vec<AuditEntry> = Vec::new();
        let mut left = self.limit;
        while left > 0 {
            let before = entries.last().map(|entry| entry.id.clone());
            let filter = AuditFilter {
                action: self.action.as_deref(),
                outcome: self.outcome.as_deref(),
                who: self.who.as_deref(),
                target: self.target.as_deref(),
                since: self.since.map(|moment| moment.resolve(now)),
                until: self.until.map(|moment| moment.resolve(now)),
                before: before.as_deref().unwrap_or_default(),
                limit: left.min(PAGE),
            };
            let page = audit::list(authority, &filter).await?;
            let is_last = page.len() < filter.limit as usize;
            left -= filter.limit;
            entries.extend(page);
            if is_last {
                break;
            }
        }
        if self.json {
            output::json(&serde_json::to_value(&entries)?);
            return Ok(());
        }
        let rows: Vec<Vec<String>> = entries.iter().map(as_row).collect();
        output::table(
            &["time", "who", "action", "target", "outcome", "detail"],
            &rows,
        );
        Ok(())
    }
}

impl Verify {
    async fn run(self, authority: &Authority) -> Outcome {
        let verified = audit::verify(authority, self.expect.as_ref()).await?;
        let head = &verified.head;
        if self.json {
            output::json(&json!({
                "entries": verified.entries,
                "first": verified.base.number + 1,
                "last": head.number,
                "digest": head.digest,
            }));
            return Ok(());
        }
        match verified.entries {
            0 => line!("the audit log is empty"),
            1 => line!("1 entry is as it was written"),
            entries => line!("{entries} entries are as they were written"),
        }
        if head.number > 0 {
            line!("the last one: {}:{}", head.number, head.digest);
        }
        Ok(())
    }
}

fn as_row(entry: &AuditEntry) -> Vec<String> {
    let times = match entry.times {
        1 => String::new(),
        times => format!("{times} times"),
    };
    let from = entry
        .address
        .as_ref()
        .map(|address| format!("from {address}"));
    let through = entry
        .client_id
        .as_ref()
        .map(|client| format!("through {client}"));
    let details = [entry.detail.clone(), through, from, Some(times)];
    let details: Vec<String> = details
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect();
    vec![
        at(entry.created_at),
        plain(&entry.who),
        entry.action.clone(),
        plain(&entry.target),
        entry.outcome.clone(),
        plain(&details.join("; ")),
    ]
}
