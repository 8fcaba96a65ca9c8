//! Tokens that APIs which verify by themselves are told to refuse, although not all is lost
//! here: their user or client is disabled, or has lost a scope that they have. Here that is
//! looked up at each request, and a token regains what its user regains; what other APIs were
//! told they keep.

use sqlx::AssertSqlSafe;

use super::{Change, Result, Revoke, Transaction, transaction::within};
use crate::scope::{Scope, ScopeSet};

/// What tokens lose.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lost<'a> {
    /// All that they allow.
    Everything,
    /// Some scopes, whichever of them they have.
    Scopes(&'a ScopeSet),
}

impl Transaction {
    /// Withdraws the live tokens that lose something from other APIs: those of one owner, or
    /// without one everybody's.
    pub(super) async fn withdraw(
        &mut self,
        whose: Option<Revoke<'_>>,
        lost: Lost<'_>,
        now: i64,
    ) -> Result<()> {
        let scopes: Vec<&str> = match lost {
            Lost::Everything => Vec::new(),
            Lost::Scopes(scopes) => scopes.iter().map(Scope::as_str).collect(),
        };
        let loses = match lost {
            Lost::Everything => "TRUE".to_owned(),
            Lost::Scopes(_) if scopes.is_empty() => return Ok(()),
            Lost::Scopes(_) => {
                let has = |number| {
                    format!(
                        "replace(' ' || scopes || ' ', ' ' || ${number} || ' ', ' ')
                             <> ' ' || scopes || ' '"
                    )
                };
                let each: Vec<String> = (3..3 + scopes.len()).map(has).collect();
                each.join(" OR ")
            }
        };
        let (whose, value) = whose.map_or(("$1 = ''", ""), Revoke::condition);
        let losing = format!(
            "FROM tokens WHERE {whose} AND expires_at + 5 > $2 AND ({loses})
                 AND NOT EXISTS (SELECT 1 FROM revocations WHERE token_id = id)
                 AND NOT EXISTS (SELECT 1 FROM withdrawals WHERE token_id = id)"
        );
        let any = format!("SELECT EXISTS (SELECT 1 {losing})");
        let any: bool = within!(self, |connection| {
            let mut query = sqlx::query_scalar(AssertSqlSafe(any)).bind(value).bind(now);
            for scope in &scopes {
                query = query.bind(*scope);
            }
            query.fetch_one(&mut *connection).await?
        });
        if !any {
            return Ok(());
        }
        let seq = self.announce(Change::REVOCATIONS, "", now).await?;
        let withdraw = format!(
            "INSERT INTO withdrawals (token_id, expires_at, seq)
             SELECT id, expires_at, ${} {losing}",
            3 + scopes.len()
        );
        within!(self, |connection| {
            let mut query = sqlx::query(AssertSqlSafe(withdraw)).bind(value).bind(now);
            for scope in &scopes {
                query = query.bind(*scope);
            }
            query.bind(seq).execute(&mut *connection).await?;
        });
        Ok(())
    }
}
