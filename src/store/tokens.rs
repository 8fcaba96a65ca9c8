//! The access tokens that were issued.

use crate::{
    audit_event::{Action, Event, scopes_in_words},
    issued_token::{Token, TokenKind},
    scope::ScopeSet,
    subject::Subject,
    token::Audience,
};

use sqlx::QueryBuilder;

use super::{
    Change, Error, Result, Store, Transaction, commit, read, row, transaction::within, unreadable,
};

row! {
    /// Scopes and audiences are joined by spaces.
    struct Row {
        id: String,
        kind: String,
        subject: String,
        client_id: String,
        scopes: String,
        audience: String,
        name: Option<String>,
        grant_id: Option<String>,
        parent_id: Option<String>,
        issued_at: i64,
        expires_at: i64,
        last_used_at: Option<i64>,
    }
}

impl TryFrom<Row> for Token {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            kind: row.kind.parse().map_err(unreadable)?,
            subject: Subject::parse(&row.subject).map_err(unreadable)?,
            client_id: row.client_id,
            scopes: ScopeSet::from_stored(&row.scopes),
            audience: audience_of(&row.audience),
            name: row.name,
            grant_id: row.grant_id,
            parent_id: row.parent_id,
            issued_at: row.issued_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        })
    }
}

fn readable(row: Row) -> Option<Token> {
    let id = row.id.clone();
    Token::try_from(row)
        .inspect_err(|error| {
            tracing::error!(token = id, %error, "skipped: the stored token cannot be read");
        })
        .ok()
}

/// Audiences as they are stored, joined by spaces.
pub fn audience_in_words(audience: &Audience) -> String {
    audience.iter().collect::<Vec<_>>().join(" ")
}

/// The audiences that were stored.
pub fn audience_of(words: &str) -> Audience {
    Audience::of(words.split(' ').map(str::to_owned).collect())
}

/// What the audit log tells of a token that is issued.
pub(super) fn issue(token: &Token) -> Event {
    let scopes = scopes_in_words(&token.scopes);
    let (kind, subject) = (token.kind.name(), &token.subject);
    Event::new(Action::TokenIssued, "token", &token.id)
        .saying(format!("{kind}, for {subject}, {scopes}"))
}

/// Which tokens to list, the oldest first.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenFilter<'a> {
    pub subject: Option<&'a str>,
    pub kind: Option<TokenKind>,
    /// Those with a higher id.
    pub after: &'a str,
    pub limit: u32,
}

macro_rules! select_tokens {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, subject, client_id, scopes, audience, name, grant_id, parent_id,
                    issued_at, expires_at, last_used_at
             FROM tokens ",
            $rest
        )
    };
}

impl Store {
    /// The token of a `jti`.
    pub async fn token(&self, id: &str) -> Result<Option<Token>> {
        let row: Option<Row> = read!(self, |connection| {
            sqlx::query_as(select_tokens!("WHERE id = $1"))
                .bind(id)
                .fetch_optional(&mut *connection)
                .await?
        });
        row.map(Token::try_from).transpose()
    }

    /// The live tokens that fit a filter, by id, which is by age. What cannot be read is
    /// skipped, and others come in its place.
    pub async fn tokens(&self, filter: &TokenFilter<'_>, now: i64) -> Result<Vec<Token>> {
        let mut tokens: Vec<Token> = Vec::new();
        let mut after = filter.after.to_owned();
        loop {
            let found = u32::try_from(tokens.len()).unwrap_or(u32::MAX);
            let wanted = filter.limit.saturating_sub(found);
            let rows: Vec<Row> = read!(self, |connection| {
                sqlx::query_as(select_tokens!(
                    "WHERE id > $1 AND expires_at > $2
                         AND (CAST($3 AS TEXT) IS NULL OR subject = $3)
                         AND (CAST($4 AS TEXT) IS NULL OR kind = $4)
                         AND NOT EXISTS (SELECT 1 FROM revocations WHERE token_id = tokens.id)
                     ORDER BY id LIMIT $5"
                ))
                .bind(&after)
                .bind(now)
                .bind(filter.subject)
                .bind(filter.kind.map(TokenKind::name))
                .bind(i64::from(wanted))
                .fetch_all(&mut *connection)
                .await?
            });
            let Some(last) = rows.last() else {
                return Ok(tokens);
            };
            after.clone_from(&last.id);
            let is_last = rows.len() < wanted as usize;
            tokens.extend(rows.into_iter().filter_map(readable));
            if is_last || tokens.len() >= filter.limit as usize {
                return Ok(tokens);
            }
        }
    }

    /// The personal tokens that have not expired: id and expiry.
    pub async fn personal_tokens(&self, now: i64) -> Result<Vec<(String, i64)>> {
        Ok(read!(self, |connection| {
            sqlx::query_as("SELECT id, expires_at FROM tokens WHERE kind = $1 AND expires_at > $2")
                .bind(TokenKind::Personal.name())
                .bind(now)
                .fetch_all(&mut *connection)
                .await?
        }))
    }

    /// Writes when tokens were used last.
    pub async fn touch_tokens(&self, uses: &[(String, i64)]) -> Result<()> {
        commit!(self, |transaction| {
            for (id, used_at) in uses {
                sqlx::query("UPDATE tokens SET last_used_at = $2 WHERE id = $1")
                    .bind(id)
                    .bind(used_at)
                    .execute(&mut *transaction)
                    .await?;
            }
        });
        Ok(())
    }
}

impl Transaction {
    /// How many live personal tokens a subject has.
    pub async fn count_personal_tokens(&mut self, subject: &str, now: i64) -> Result<i64> {
        Ok(within!(self, |connection| {
            sqlx::query_scalar(
                "SELECT count(*) FROM tokens WHERE subject = $1 AND kind = $2 AND expires_at > $3
                     AND NOT EXISTS (SELECT 1 FROM revocations WHERE token_id = tokens.id)",
            )
            .bind(subject)
            .bind(TokenKind::Personal.name())
            .bind(now)
            .fetch_one(&mut *connection)
            .await?
        }))
    }

    /// Records a token before it is handed out, with the other clients that it came
    /// through. What it rests on has been checked in this transaction ([`holds`](Self::holds)).
    pub async fn add_token(&mut self, token: &Token, via: &[String]) -> Result<()> {
        self.insert_tokens(&[token]).await?;
        self.add_token_clients(token, via).await?;
        self.record(issue(token));
        if token.kind == TokenKind::Personal {
            self.announce(Change::PERSONAL_TOKEN, &token.id, token.issued_at)
                .await?;
        }
        Ok(())
    }

    /// Records the other clients that a token came through.
    pub(super) async fn add_token_clients(&mut self, token: &Token, via: &[String]) -> Result<()> {
        for client_id in via {
            within!(self, |connection| {
                sqlx::query("INSERT INTO token_clients (token_id, client_id) VALUES ($1, $2)")
                    .bind(&token.id)
                    .bind(client_id)
                    .execute(&mut *connection)
                    .await?;
            });
        }
        Ok(())
    }

    /// Inserts tokens, and nothing that goes with them.
    pub(super) async fn insert_tokens(&mut self, tokens: &[&Token]) -> Result<()> {
        if tokens.is_empty() {
            return Ok(());
        }
        within!(self, |connection| {
            let mut insert = QueryBuilder::new(
                "INSERT INTO tokens (id, kind, subject, client_id, scopes, audience, name, grant_id,
                                     parent_id, issued_at, expires_at) ",
            );
            insert.push_values(tokens, |mut row, token| {
                row.push_bind(&token.id)
                    .push_bind(token.kind.name())
                    .push_bind(token.subject.as_str())
                    .push_bind(&token.client_id)
                    .push_bind(token.scopes.to_string())
                    .push_bind(audience_in_words(&token.audience))
                    .push_bind(&token.name)
                    .push_bind(&token.grant_id)
                    .push_bind(&token.parent_id)
                    .push_bind(token.issued_at)
                    .push_bind(token.expires_at);
            });
            // A statement for one is prepared once, for others their number is ever another.
            let insert = insert.build().persistent(tokens.len() == 1);
            insert.execute(&mut *connection).await?;
        });
        Ok(())
    }
}
