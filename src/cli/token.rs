//! `scopegate token`.

use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use scopegate::{
    actor::Actor,
    authority::Authority,
    issued_token::Token as Issued,
    scope::Scope,
    served_as,
    store::{self, TokenFilter},
    tokens::{self, Minting},
};
use serde_json::{Value, json};

use super::{
    Outcome, Settings, block_on,
    inspect::Inspect,
    output::{self, at, line, plain},
};

/// How many rows are read at once.
const PAGE: u32 = 1_000;

/// Tokens: make one for a car or a post, explain, list and revoke them
#[derive(Subcommand)]
#[command(
    after_help = "Examples:\n  scopegate token list\n  scopegate token revoke --subject username:alice"
)]
pub enum Token {
    Mint(Mint),
    Inspect(Inspect),
    List(List),
    Revoke(Revoke),
}

/// Make a token about a subject that has no account, and print it
///
/// The subject's kind must be one of `scopegate subject-kind list`, which also shows the scopes
/// that its tokens may carry.
#[derive(Args)]
#[command(
    after_help = "Example:\n  scopegate token mint --subject car:7f3a --scope drive --expires-in 7d"
)]
pub struct Mint {
    /// The subject: KIND:ID
    #[arg(long, value_name = "SUBJECT")]
    subject: String,
    /// What it may do; may be repeated
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<Scope>,
    /// Its lifetime, such as 30m or 7d; a plain number means seconds [default: that of access
    /// tokens]
    #[arg(long, value_name = "TIME", value_parser = output::life)]
    expires_in: Option<Duration>,
    /// Its audience [default: the setting audience]
    #[arg(long = "audience", id = "token-audience", value_name = "URI")]
    audience: Option<String>,
    /// A name for it
    #[arg(long)]
    name: Option<String>,
    /// Print the token and its record as JSON
    #[arg(long)]
    json: bool,
}

/// List the live tokens, oldest first
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate token list --subject username:alice --json")]
pub struct List {
    /// Only those about this subject
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Revoke tokens, and what was derived from them
///
/// They are refused from now on, by every running server on the database within a second.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  scopegate token revoke 019a2f2e-8c5e-7b5a-9f0c-3f1d2f6f7c11\n  \
                  scopegate token revoke --subject car:7f3a"
)]
#[command(group(ArgGroup::new("which").required(true)))]
pub struct Revoke {
    /// The id of one token, its `jti`
    #[arg(group = "which")]
    id: Option<String>,
    /// All tokens about a subject, and its refresh tokens
    #[arg(long, value_name = "SUBJECT", group = "which")]
    subject: Option<String>,
    /// All tokens that were issued to a client
    #[arg(long, value_name = "ID", group = "which")]
    client: Option<String>,
}

impl Token {
    pub fn run(self, settings: Settings) -> Outcome {
        let config = settings.check()?;
        block_on(async {
            let authority = Authority::open(config).await?;
            match self {
                Self::Mint(mint) => mint.run(&authority).await,
                Self::List(list) => list.run(&authority).await,
                Self::Revoke(revoke) => revoke.run(&authority).await,
                Self::Inspect(inspect) => inspect.run(&authority).await,
            }
        })
    }
}

impl Mint {
    async fn run(self, authority: &Authority) -> Outcome {
        let minting = Minting {
            subject: self.subject,
            scopes: self.scope.into_iter().collect(),
            audience: self.audience,
            expires_in: self.expires_in.map(|life| life.as_secs()),
            name: self.name,
        };
        if let Some(otherwise) = served_as::otherwise(authority).await? {
            return Err(otherwise.into());
        }
        let made = tokens::mint(authority, &Actor::operator(), minting).await?;
        if self.json {
            let mut shown = as_json(&made.token);
            shown["access_token"] = Value::String(made.jwt);
            output::json(&shown);
        } else {
            line!("{}", made.jwt);
        }
        if let Err(error) = output::check() {
            tokens::revoke_one(authority, &Actor::operator(), &made.token.id).await?;
            return Err(
                format!("the token was revoked, since it could not be written: {error}").into(),
            );
        }
        Ok(())
    }
}

impl List {
    async fn run(self, authority: &Authority) -> Outcome {
        let mut tokens: Vec<Issued> = Vec::new();
        loop {
            let after = tokens.last().map(|token| token.id.clone());
            let filter = TokenFilter {
                subject: self.subject.as_deref(),
                kind: None,
                after: after.as_deref().unwrap_or_default(),
                limit: PAGE,
            };
            let page = tokens::list(authority, &filter).await?;
            let is_last = page.len() < PAGE as usize;
            tokens.extend(page);
            if is_last {
                break;
            }
        }
        if self.json {
            output::json(&tokens.iter().map(as_json).collect());
            return Ok(());
        }
        let rows: Vec<Vec<String>> = tokens.iter().map(as_row).collect();
        output::table(
            &["id", "kind", "subject", "scopes", "expires", "name"],
            &rows,
        );
        Ok(())
    }
}

impl Revoke {
    async fn run(self, authority: &Authority) -> Outcome {
        let which = match (&self.id, &self.subject, &self.client) {
            (Some(id), ..) => {
                tokens::revoke_one(authority, &Actor::operator(), id).await?;
                line!("revoked token {id}");
                return Ok(());
            }
            (_, Some(subject), _) => store::Revoke::Subject(subject),
            (_, _, Some(client)) => store::Revoke::Client(client),
            // clap asks for one of the three.
            (None, None, None) => return Ok(()),
        };
        let revoked = tokens::revoke(authority, &Actor::operator(), which).await?;
        line!("revoked {revoked} tokens");
        Ok(())
    }
}

fn as_row(token: &Issued) -> Vec<String> {
    vec![
        token.id.clone(),
        token.kind.name().to_owned(),
        plain(token.subject.as_str()),
        token.scopes.to_string(),
        at(token.expires_at),
        plain(token.name.as_deref().unwrap_or_default()),
    ]
}

fn as_json(token: &Issued) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "kind": token.kind.name(),
        "subject": token.subject.as_str(),
        "scopes": token.scopes.to_strings(),
        "audience": token.audience.iter().collect::<Vec<_>>(),
        "client_id": token.client_id,
        "issued_at": token.issued_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
    })
}
