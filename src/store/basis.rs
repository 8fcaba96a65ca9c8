//! What a token rests on, checked as the token is stored.

use std::collections::{BTreeSet, HashMap};

use super::{
    Result, Transaction,
    transaction::{Lock, within},
};
use sqlx::QueryBuilder;

// What a token can rest on, up to the set of keys: the key, and a number that tells whether it is
// still the same.
pub(super) const USERS: &str = "SELECT id, password_version FROM users WHERE NOT disabled AND id";
pub(super) const CLIENTS: &str = "SELECT id, created_at FROM clients WHERE NOT disabled AND id";
const SUBJECT_KINDS: &str = "SELECT kind, created_at FROM subject_kinds WHERE kind";
pub(super) const GRANTS: &str = "SELECT id, created_at FROM grants WHERE revoked_at IS NULL AND id";
const TOKENS: &str = "SELECT id, issued_at FROM tokens WHERE id";

/// Whatever must still hold when a token, a code or a session is stored. It is
/// locked until the transaction ends, so that what ends it comes before or after
/// in full: a token that was issued beside a revocation is revoked by it or not
/// issued at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Basis<'a> {
    /// A user who is enabled, by the id of the row.
    pub user: Option<UserBasis<'a>>,
    /// A client that is enabled: its id, and when it was added, since one that
    /// was removed and one that was added under its name later are two.
    pub client: Option<(&'a str, i64)>,
    /// A subject kind.
    pub subject_kind: Option<&'a str>,
    /// A family of refresh tokens that has not ended.
    pub grant: Option<&'a str>,
    /// A token that was not revoked, by its `jti`.
    pub token: Option<&'a str>,
}

/// A user whom something is issued to.
#[derive(Clone, Copy, Debug)]
pub struct UserBasis<'a> {
    pub id: &'a str,
    /// Which password was verified; none where none was.
    pub password_version: Option<i64>,
}

impl Transaction {
    /// Locks what something rests on, and says whether all of it still holds.
    pub async fn holds(&mut self, basis: &Basis<'_>) -> Result<bool> {
        if let Some(user) = &basis.user {
            let version = self.share_one(USERS, user.id).await?;
            let is_same = |version| user.password_version.is_none_or(|known| known == version);
            if !version.is_some_and(is_same) {
                return Ok(false);
            }
        }
        if let Some((id, created_at)) = basis.client
            && self.share_one(CLIENTS, id).await? != Some(created_at)
        {
            return Ok(false);
        }
        if let Some(kind) = basis.subject_kind
            && self.share_one(SUBJECT_KINDS, kind).await?.is_none()
        {
            return Ok(false);
        }
        if let Some(grant) = basis.grant
            && self.share_one(GRANTS, grant).await?.is_none()
        {
            return Ok(false);
        }
        match basis.token {
            Some(token) => self.has_token(token).await,
            None => Ok(true),
        }
    }

    async fn has_token(&mut self, id: &str) -> Result<bool> {
        if self.share_one(TOKENS, id).await?.is_none() {
            return Ok(false);
        }
        // Another statement, which sees what was committed while the lock was waited for.
        let revoked: Option<i64> = within!(self, |connection| {
            sqlx::query_scalar("SELECT seq FROM revocations WHERE token_id = $1")
                .bind(id)
                .fetch_optional(&mut *connection)
                .await?
        });
        Ok(revoked.is_none())
    }

    /// The number of the row that a key names, locked until the transaction ends.
    async fn share_one(&mut self, statement: &'static str, key: &str) -> Result<Option<i64>> {
        Ok(self.share(statement, &[key].into()).await?.remove(key))
    }

    /// The rows that keys name, each with its number, locked until the transaction ends; the
    /// statement ends before the set of keys.
    pub(super) async fn share(
        &mut self,
        statement: &'static str,
        keys: &BTreeSet<&str>,
    ) -> Result<HashMap<String, i64>> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        // In one order, so that two transactions do not wait for each other.
        let end = self.locking(") ORDER BY 1", Lock::Share);
        let rows: Vec<(String, i64)> = within!(self, |connection| {
            let mut select = QueryBuilder::new(statement);
            select.push(" IN (");
            let mut set = select.separated(", ");
            for key in keys {
                set.push_bind(*key);
            }
            select.push(&end);
            let select = select.build_query_as().persistent(keys.len() == 1);
            select.fetch_all(&mut *connection).await?
        });
        Ok(rows.into_iter().collect())
    }
}
