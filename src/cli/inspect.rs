//! `scopegate token inspect`.

use std::{io::Read, time::Duration};

use clap::Args;
use scopegate::{
    authority::{Accepted, Authority, NotAccepted},
    error::Error,
    keys::{self, Key},
    served_as,
    store::KeyState,
    token::{LEEWAY_SECONDS, MAX_TOKEN_BYTES, Refused, Unverified},
};
use serde_json::{Value, json};

use super::{
    Outcome,
    output::{self, at, line, plain},
};

/// Explain a token: its subject, its scopes, when it expires, and whether it is accepted
///
/// It is verified as guards do it, with the same keys and state. If it would be refused, the first
/// check that fails is named and the exit status is 1.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  scopegate token inspect eyJhbGciOiJFUzI1NiIs…\n  \
                  pbpaste | scopegate token inspect --json"
)]
pub struct Inspect {
    /// The token [default: standard input]
    token: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A token and what was found out about it.
struct Findings {
    says: Option<Unverified>,
    key: Option<Key>,
    outcome: Result<Accepted, NotAccepted>,
    now: i64,
}

impl Inspect {
    pub async fn run(self, authority: &Authority) -> Outcome {
        let token = match self.token {
            Some(token) => token,
            None => from_stdin()?,
        };
        if let Some(otherwise) = served_as::otherwise(authority).await? {
            eprintln!("warning: {otherwise}");
        }
        let findings = Findings::of(authority, token.trim()).await?;
        let verdict = findings.verdict(authority);
        match self.json {
            true => output::json(&findings.as_json(&verdict)),
            false => findings.print(),
        }
        match verdict {
            Ok(()) if self.json => Ok(()),
            Ok(()) => {
                line!("accepted");
                Ok(())
            }
            Err(reason) => Err(format!("refused: {reason}").into()),
        }
    }
}

fn from_stdin() -> std::io::Result<String> {
    let mut token = String::new();
    // One byte more than a token may have shows that it is too long.
    let limit = MAX_TOKEN_BYTES as u64 + 1024;
    std::io::stdin().take(limit).read_to_string(&mut token)?;
    Ok(token)
}

impl Findings {
    async fn of(authority: &Authority, token: &str) -> Result<Self, Error> {
        let says = Unverified::read(token);
        let kid = says.as_ref().and_then(|says| says.header["kid"].as_str());
        let mut keys = keys::list(authority).await?.into_iter();
        Ok(Self {
            key: keys.find(|key| Some(key.id.as_str()) == kid),
            outcome: authority.accept(token).await,
            now: authority.clock.now(),
            says,
        })
    }

    /// Accepted, or the first check that the token fails, with what it found.
    fn verdict(&self, authority: &Authority) -> Result<(), String> {
        let Err(refusal) = &self.outcome else {
            return Ok(());
        };
        let reason = refusal.to_string();
        Err(match self.details(refusal, authority) {
            Some(details) => plain(&format!("{reason}: {details}")),
            None => reason,
        })
    }

    fn details(&self, refusal: &NotAccepted, authority: &Authority) -> Option<String> {
        let says = self.says.as_ref()?;
        let NotAccepted::Refused(refused) = refusal else {
            return None;
        };
        match refused {
            Refused::WrongType => Some(format!("it is {}", says.header["typ"])),
            Refused::WrongAlgorithm => {
                let key = self.key.as_ref()?;
                Some(format!(
                    "{} of a key of {}",
                    says.header["alg"], key.algorithm
                ))
            }
            Refused::UnknownKey => match &self.key {
                Some(key) => Some(format!("the key {} is {}", key.id, key.state.name())),
                None => Some(format!("it is {}", says.header["kid"])),
            },
            Refused::BadClaims => says.claims_problem(),
            Refused::WrongIssuer => {
                let expected = &authority.config.issuer;
                Some(format!("it is {}, and not {expected}", says.claims["iss"]))
            }
            Refused::WrongAudience => {
                let expected = &authority.config.audience;
                Some(format!("it is {}, and not {expected}", says.claims["aud"]))
            }
            Refused::Expired => Some(self.when(says.claims["exp"].as_i64()?)),
            Refused::NotYetValid => {
                let latest = |time: &Value| {
                    time.as_i64()
                        .filter(|time| *time > self.now + LEEWAY_SECONDS)
                };
                let start = latest(&says.claims["iat"]).or(latest(&says.claims["nbf"]))?;
                Some(self.when(start))
            }
            _ => None,
        }
    }

    /// A time, and how far away it is.
    fn when(&self, time: i64) -> String {
        let distance = Duration::from_secs(time.abs_diff(self.now));
        let distance = humantime::format_duration(distance);
        match time > self.now {
            true => format!("{}, in {distance}", at(time)),
            false => format!("{}, {distance} ago", at(time)),
        }
    }

    fn print(&self) {
        let Some(says) = &self.says else {
            return;
        };
        let claims = &says.claims;
        let row = |what: &str, words: String| line!("{what:<8}{}", plain(&words));
        row(
            "who",
            format!(
                "{}, by {}",
                text(&claims["sub"]),
                text(&claims["client_id"])
            ),
        );
        if let Some(act) = claims.get("act") {
            row("acting", acting(act));
        }
        row("may", self.abilities(&claims["scopes"]));
        row("until", self.time(&claims["exp"]));
        row("since", self.time(&claims["iat"]));
        row("from", text(&claims["iss"]));
        row("for", text(&claims["aud"]));
        row("key", self.key_in_words(&says.header));
        row("id", text(&claims["jti"]));
        if self.outcome.is_err() {
            line!("This is what the token says; it is not to be believed.");
        }
    }

    fn time(&self, time: &Value) -> String {
        time.as_i64()
            .map_or_else(|| text(time), |time| self.when(time))
    }

    fn abilities(&self, scopes: &Value) -> String {
        let Ok(accepted) = &self.outcome else {
            return text(scopes);
        };
        let said = &accepted.claims.scopes;
        let lost = said.difference(&accepted.scopes);
        let held = match accepted.scopes.is_empty() {
            true => "nothing".to_owned(),
            false => accepted.scopes.to_string(),
        };
        match lost.is_empty() {
            true => held,
            false => format!("{held} (and no longer {lost}, which its subject has lost)"),
        }
    }

    fn key_in_words(&self, header: &Value) -> String {
        match &self.key {
            Some(key) if key.state == KeyState::Pending => {
                format!(
                    "{} {}, pending: it does not sign yet",
                    key.algorithm, key.id
                )
            }
            Some(key) => format!("{} {}, {}", key.algorithm, key.id, key.state.name()),
            None => format!(
                "{} {}, unknown here",
                text(&header["alg"]),
                text(&header["kid"])
            ),
        }
    }

    fn as_json(&self, verdict: &Result<(), String>) -> Value {
        let says = self.says.as_ref();
        let scopes = self.outcome.as_ref().ok();
        let scopes = scopes.map(|accepted| accepted.scopes.to_strings());
        let expires_at = says.and_then(|says| says.claims["exp"].as_i64());
        json!({
            "accepted": verdict.is_ok(),
            "reason": verdict.as_ref().err(),
            "header": says.map(|says| &says.header),
            "claims": says.map(|says| &says.claims),
            "scopes_in_force": scopes,
            "expires_in": expires_at.map(|time| time.saturating_sub(self.now)),
            "key": self.key.as_ref().map(|key| json!({
                "kid": key.id,
                "algorithm": key.algorithm,
                "state": key.state.name(),
            })),
        })
    }
}

/// Who acts for the subject, and for whom that one does (RFC 8693 §4.1).
fn acting(act: &Value) -> String {
    let chain = std::iter::successors(Some(act), |act| act.get("act"));
    let names: Vec<String> = chain.map(|act| text(&act["sub"])).collect();
    names.join(", behind it ")
}

/// A claim for people: texts without quotes, lists with commas.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "nothing".to_owned(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
