//! Tokens that APIs which verify by themselves are told to refuse, although not all is lost
//! here: their user or client is disabled, or has lost a scope that they have. Here that is
//! looked up at each request, and a token regains what its user regains; what other APIs were
//! told they keep.

use sqlx::AssertSqlSafe;

use super::{Change, Result, Revoke, Transaction, UserPatch, scopes::has, transaction::within};
use crate::scope::{Scope, ScopeSet};

/// What tokens lose.
#[derive(Clone, Debug)]
pub(super) enum Lost {
    /// All that they allow.
    Everything,
    /// Some scopes, whichever of them they have.
    Scopes(ScopeSet),
}

/// The scopes of these names, as they are stored.
pub(super) fn names(scopes: Vec<String>) -> ScopeSet {
    ScopeSet::from_stored(&scopes.join(" "))
}

impl Lost {
    /// No scope.
    pub(super) fn nothing() -> Self {
        Self::Scopes(ScopeSet::default())
    }

    /// What a change takes from a user, who held these scopes if it changes them.
    pub(super) fn by_user(before: Vec<String>, patch: &UserPatch) -> Self {
        match &patch.scopes {
            _ if patch.disabled == Some(true) => Self::Everything,
            Some(after) => Self::Scopes(names(before).difference(after)),
            None => Self::nothing(),
        }
    }
}

impl Transaction {
    /// Withdraws the live tokens that lose something from other APIs: those of one owner, or
    /// without one everybody's.
    pub(super) async fn withdraw(
        &mut self,
        whose: Option<Revoke<'_>>,
        lost: &Lost,
        now: i64,
    ) -> Result<()> {
        let (scopes, loses): (Vec<&str>, String) = match lost {
            Lost::Everything => (Vec::new(), "TRUE".to_owned()),
            Lost::Scopes(scopes) if scopes.is_empty() => return Ok(()),
            Lost::Scopes(scopes) => {
                let scopes: Vec<&str> = scopes.iter().map(Scope::as_str).collect();
                let has_each = (3..3 + scopes.len()).map(|number| has("scopes", number));
                let has_any = has_each.collect::<Vec<_>>().join(" OR ");
                (scopes, has_any)
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
            let query = sqlx::query_scalar(AssertSqlSafe(any)).bind(value).bind(now);
            let query = scopes.iter().fold(query, |query, scope| query.bind(*scope));
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
            let query = sqlx::query(AssertSqlSafe(withdraw)).bind(value).bind(now);
            let query = scopes.iter().fold(query, |query, scope| query.bind(*scope));
            query.bind(seq).execute(&mut *connection).await?;
        });
        Ok(())
    }
}
