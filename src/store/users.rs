//! Users and the scopes that they may hold.

use sqlx::AssertSqlSafe;

use crate::{
    audit_event::{Action, Event, scopes_in_words},
    password::PasswordHash,
    profile::{Profile, ProfilePatch},
    scope::ScopeSet,
    subject::Subject,
};

use super::{
    Change, Result, Revoke, Store, Transaction, UserBasis, commit, read, row,
    transaction::{Lock, within},
    withdrawals::Lost,
};

/// A user as stored.
#[derive(Clone, Debug)]
pub struct UserRow {
    pub id: String,
    pub username: String,
    /// None for a user who cannot log in with a password.
    pub password_hash: Option<PasswordHash>,
    /// Goes up with each new password, and not with a better hash of the same one.
    /// None for a user of another application.
    pub password_version: Option<i64>,
    pub profile: Profile,
    pub disabled: bool,
    pub scopes: ScopeSet,
    pub created_at: i64,
    /// When anything of the user last changed. None for a user of another application.
    pub updated_at: Option<i64>,
}

/// A user to be added.
#[derive(Debug)]
pub struct NewUser {
    pub id: String,
    pub username: String,
    pub password_hash: Option<PasswordHash>,
    pub profile: Profile,
    pub disabled: bool,
    pub scopes: ScopeSet,
}

/// A change of a user: `None` leaves a field as it is, `Some(None)`
/// empties it.
#[derive(Debug, Default)]
pub struct UserPatch {
    pub profile: ProfilePatch,
    pub disabled: Option<bool>,
    pub scopes: Option<ScopeSet>,
    pub password_hash: Option<PasswordHash>,
}

/// Which users to list: those behind a name, with a prefix.
#[derive(Debug)]
pub struct UserPage<'a> {
    pub after: &'a str,
    pub prefix: &'a str,
    pub limit: u32,
}

impl NewUser {
    /// What the audit log tells of it.
    pub(super) fn addition(&self) -> Event {
        Event::new(Action::UserAdded, Subject::USERNAME, &self.username)
            .saying(scopes_in_words(&self.scopes))
    }
}

impl UserPatch {
    /// What the audit log tells of it: which fields it touches, and the scopes.
    pub(super) fn event(&self, username: &str) -> Event {
        let Self {
            profile,
            disabled,
            scopes,
            password_hash,
        } = self;
        let mut says: Vec<String> = [
            (profile.email.is_some(), "e-mail"),
            (profile.full_name.is_some(), "full name"),
            (profile.locale.is_some(), "locale"),
            (password_hash.is_some(), "password"),
            (*disabled == Some(true), "disabled"),
            (*disabled == Some(false), "enabled"),
        ]
        .into_iter()
        .filter(|(is_changed, _)| *is_changed)
        .map(|(_, name)| name.to_owned())
        .collect();
        says.extend(scopes.as_ref().map(scopes_in_words));
        Event::new(Action::UserChanged, Subject::USERNAME, username).saying(says.join(", "))
    }
}

impl UserRow {
    /// What is issued to the user rests on: the account, and the password that it has.
    pub fn basis(&self) -> UserBasis<'_> {
        UserBasis {
            id: &self.id,
            password_version: self.password_version,
        }
    }
}

row! {
    struct Row {
        id: String,
        username: String,
        password_hash: Option<String>,
        password_version: i64,
        email: Option<String>,
        full_name: Option<String>,
        locale: Option<String>,
        disabled: bool,
        scopes: Option<String>,
        created_at: i64,
        updated_at: i64,
    }
}

impl From<Row> for UserRow {
    fn from(row: Row) -> Self {
        let scopes = ScopeSet::from_stored(row.scopes.as_deref().unwrap_or_default());
        Self {
            id: row.id,
            username: row.username,
            password_hash: row.password_hash.map(PasswordHash::from_stored),
            password_version: Some(row.password_version),
            profile: Profile {
                email: row.email,
                full_name: row.full_name,
                locale: row.locale,
            },
            disabled: row.disabled,
            scopes,
            created_at: row.created_at,
            updated_at: Some(row.updated_at),
        }
    }
}

macro_rules! select_users {
    ($rest:literal) => {
        concat!(
            "SELECT id, username, password_hash, password_version, email, full_name, locale, disabled, created_at,
                 updated_at, (SELECT string_agg(scope, ' ') FROM user_scopes WHERE user_id = users.id) AS scopes
             FROM users ",
            $rest
        )
    };
}

impl Store {
    /// The user of a name.
    pub async fn user(&self, username: &str) -> Result<Option<UserRow>> {
        let row: Option<Row> = read!(self, |connection| {
            sqlx::query_as(select_users!("WHERE username = $1"))
                .bind(username)
                .fetch_optional(&mut *connection)
                .await?
        });
        Ok(row.map(UserRow::from))
    }

    /// Users by name, from a page on.
    pub async fn users(&self, page: &UserPage<'_>) -> Result<Vec<UserRow>> {
        // One bound below, not two: SQLite seeks by the first and scans from there.
        let (statement, from) = match page.after >= page.prefix {
            true => (
                select_users!("WHERE username > $1 AND username < $2 ORDER BY username LIMIT $3"),
                page.after,
            ),
            false => (
                select_users!("WHERE username >= $1 AND username < $2 ORDER BY username LIMIT $3"),
                page.prefix,
            ),
        };
        let rows: Vec<Row> = read!(self, |connection| {
            sqlx::query_as(statement)
                .bind(from)
                .bind(end_of_prefix(page.prefix))
                .bind(i64::from(page.limit))
                .fetch_all(&mut *connection)
                .await?
        });
        Ok(rows.into_iter().map(UserRow::from).collect())
    }

    /// Whether there is any user.
    pub async fn has_users(&self) -> Result<bool> {
        let count: i64 = read!(self, |connection| {
            sqlx::query_scalar("SELECT count(*) FROM (SELECT 1 FROM users LIMIT 1) AS first")
                .fetch_one(&mut *connection)
                .await?
        });
        Ok(count > 0)
    }

    /// Replaces a stored hash by a better one of the same password, unless it
    /// has been changed meanwhile; says whether it was replaced.
    pub async fn rehash(
        &self,
        user_id: &str,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<bool> {
        Ok(commit!(self, |transaction| {
            sqlx::query("UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3")
                .bind(new.expose())
                .bind(user_id)
                .bind(old.expose())
                .execute(&mut *transaction)
                .await?
                .rows_affected()
                > 0
        }))
    }
}

impl Transaction {
    /// The user of a name, locked until the transaction ends.
    pub async fn user(&mut self, username: &str) -> Result<Option<UserRow>> {
        let lock = self.locking("SELECT id FROM users WHERE username = $1", Lock::Update);
        let row: Option<Row> = within!(self, |connection| {
            sqlx::query(AssertSqlSafe(lock))
                .bind(username)
                .fetch_optional(&mut *connection)
                .await?;
            // Another statement, which sees what was committed while the lock was waited for.
            sqlx::query_as(select_users!("WHERE username = $1"))
                .bind(username)
                .fetch_optional(&mut *connection)
                .await?
        });
        Ok(row.map(UserRow::from))
    }

    /// Adds a user; [`Error::Exists`](super::Error::Exists) where the name is taken,
    /// [`Error::MissingReference`](super::Error::MissingReference) where a scope is not in the catalogue.
    pub async fn add_user(&mut self, user: &NewUser, now: i64) -> Result<()> {
        within!(self, |connection| {
            sqlx::query(
                "INSERT INTO users (id, username, password_hash, email, full_name, locale, disabled,
                                    created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
            )
            .bind(&user.id)
            .bind(&user.username)
            .bind(user.password_hash.as_ref().map(PasswordHash::expose))
            .bind(&user.profile.email)
            .bind(&user.profile.full_name)
            .bind(&user.profile.locale)
            .bind(user.disabled)
            .bind(now)
            .execute(&mut *connection)
            .await?;
        });
        self.add_user_scopes(&user.id, &user.scopes).await?;
        self.record(user.addition());
        self.announce(Change::USER, &user.username, now).await?;
        Ok(())
    }

    /// Keeps the list of administrators true: those whom the operator lets hold every scope
    /// of the catalogue, until one is taken away. Nobody becomes one by what others do,
    /// and nobody gets a scope by taking others out of the catalogue.
    pub async fn settle_administrator(&mut self, username: &str, by_operator: bool) -> Result<()> {
        within!(self, |connection| {
            sqlx::query(
                "UPDATE users SET administrator = (administrator OR $2) AND NOT EXISTS (
                     SELECT 1 FROM scopes
                     WHERE name NOT IN (SELECT scope FROM user_scopes WHERE user_id = users.id)
                 )
                 WHERE username = $1",
            )
            .bind(username)
            .bind(by_operator)
            .execute(&mut *connection)
            .await?;
        });
        Ok(())
    }

    /// Changes a user; says whether there is one. A new password ends the
    /// tokens that the old one opened, but for the one that is `kept`.
    pub async fn change_user(
        &mut self,
        username: &str,
        patch: &UserPatch,
        kept: Option<&str>,
        now: i64,
    ) -> Result<bool> {
        let id: Option<String> = within!(self, |connection| {
            sqlx::query_scalar(
                "UPDATE users SET updated_at = $2, disabled = coalesce($3, disabled),
                     password_hash = coalesce($4, password_hash),
                     password_version = password_version + CASE WHEN $4 IS NULL THEN 0 ELSE 1 END,
                     email = CASE WHEN $5 THEN $6 ELSE email END,
                     full_name = CASE WHEN $7 THEN $8 ELSE full_name END,
                     locale = CASE WHEN $9 THEN $10 ELSE locale END
                 WHERE username = $1 RETURNING id",
            )
            .bind(username)
            .bind(now)
            .bind(patch.disabled)
            .bind(patch.password_hash.as_ref().map(PasswordHash::expose))
            .bind(patch.profile.email.is_some())
            .bind(patch.profile.email.clone().flatten())
            .bind(patch.profile.full_name.is_some())
            .bind(patch.profile.full_name.clone().flatten())
            .bind(patch.profile.locale.is_some())
            .bind(patch.profile.locale.clone().flatten())
            .fetch_optional(&mut *connection)
            .await?
        });
        let Some(id) = id else { return Ok(false) };
        let subject = subject_of(username);
        let mut before = Vec::new();
        if let Some(scopes) = &patch.scopes {
            before = within!(self, |connection| {
                sqlx::query_scalar("DELETE FROM user_scopes WHERE user_id = $1 RETURNING scope")
                    .bind(&id)
                    .fetch_all(&mut *connection)
                    .await?
            });
            self.add_user_scopes(&id, scopes).await?;
        }
        let (whose, lost) = (Revoke::Subject(&subject), Lost::by_user(before, patch));
        self.withdraw(Some(whose), &lost, now).await?;
        if patch.password_hash.is_some() {
            self.end_logins(&id).await?;
            self.revoke(Revoke::Subject(&subject), kept, now).await?;
        }
        self.record(patch.event(username));
        self.announce(Change::USER, username, now).await?;
        Ok(true)
    }

    /// Removes a user and revokes what it holds; says whether there was one.
    pub async fn remove_user(&mut self, username: &str, now: i64) -> Result<bool> {
        let removed = within!(self, |connection| {
            sqlx::query("DELETE FROM users WHERE username = $1")
                .bind(username)
                .execute(&mut *connection)
                .await?
                .rows_affected()
        });
        if removed == 0 {
            return Ok(false);
        }
        self.revoke(Revoke::Subject(&subject_of(username)), None, now)
            .await?;
        self.record(Event::new(Action::UserRemoved, Subject::USERNAME, username));
        self.announce(Change::USER, username, now).await?;
        Ok(true)
    }

    async fn add_user_scopes(&mut self, user_id: &str, scopes: &ScopeSet) -> Result<()> {
        for scope in scopes.iter() {
            within!(self, |connection| {
                sqlx::query("INSERT INTO user_scopes (user_id, scope) VALUES ($1, $2)")
                    .bind(user_id)
                    .bind(scope.as_str())
                    .execute(&mut *connection)
                    .await?;
            });
        }
        Ok(())
    }
}

pub(super) fn subject_of(username: &str) -> String {
    format!("{}:{username}", Subject::USERNAME)
}

/// The least text behind all that begin with a prefix: no character sorts
/// behind the last one of Unicode, in bytes as in code points.
pub(super) fn end_of_prefix(prefix: &str) -> String {
    format!("{prefix}{}", char::MAX)
}
