//! Users in batches, as an import brings them.

use sqlx::QueryBuilder;

use crate::{
    password::PasswordHash,
    profile::Profile,
    scope::{Scope, ScopeSet},
};

use super::{
    Change, NewUser, Result, Revoke, Store, Transaction, UserPatch, read, row, transaction::within,
    users::subject_of, withdrawals::Lost,
};

/// The most values that one statement binds; SQLite takes 32,766.
const MAX_BOUND: usize = 30_000;

/// What an import compares a user of its source with.
#[derive(Clone, Debug)]
pub struct KnownUser {
    pub id: String,
    pub username: String,
    pub profile: Profile,
    pub disabled: bool,
    pub scopes: ScopeSet,
    /// The SHA-256 of the hash that the user was last imported with.
    pub imported_hash: Option<String>,
}

/// A user to be added.
#[derive(Debug)]
pub struct Addition {
    pub user: NewUser,
    /// The SHA-256 of the hash, if there is one.
    pub imported_hash: Option<String>,
}

/// A change of a user.
#[derive(Debug)]
pub struct Alteration {
    pub id: String,
    pub username: String,
    pub patch: UserPatch,
    /// The SHA-256 of the hash in the patch, if there is one.
    pub imported_hash: Option<String>,
}

row! {
    struct Row {
        id: String,
        username: String,
        email: Option<String>,
        full_name: Option<String>,
        locale: Option<String>,
        disabled: bool,
        scopes: Option<String>,
        imported_hash: Option<String>,
    }
}

impl From<Row> for KnownUser {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            username: row.username,
            profile: Profile {
                email: row.email,
                full_name: row.full_name,
                locale: row.locale,
            },
            disabled: row.disabled,
            scopes: ScopeSet::from_stored(row.scopes.as_deref().unwrap_or_default()),
            imported_hash: row.imported_hash,
        }
    }
}

/// Writes rows of two texts, many in a statement.
macro_rules! put_pairs {
    ($transaction:ident, $pairs:expr, $insert:literal) => {
        for pairs in $pairs.chunks(MAX_BOUND / 2) {
            let mut statement = QueryBuilder::new($insert);
            statement.push_values(pairs, |mut row, (first, second)| {
                row.push_bind(*first).push_bind(*second);
            });
            statement.build().execute(&mut *$transaction).await?;
        }
    };
}

impl Store {
    /// Those users of the given names that there are, without order.
    pub async fn known_users(&self, usernames: &[&str]) -> Result<Vec<KnownUser>> {
        let mut known = Vec::new();
        for usernames in usernames.chunks(MAX_BOUND) {
            let rows: Vec<Row> = read!(self, |connection| {
                let mut statement = QueryBuilder::new(
                    "SELECT id, username, email, full_name, locale, disabled,
                         (SELECT string_agg(scope, ' ') FROM user_scopes
                          WHERE user_id = users.id) AS scopes,
                         (SELECT digest FROM imported_hashes
                          WHERE user_id = users.id) AS imported_hash
                     FROM users WHERE username IN (",
                );
                let mut list = statement.separated(", ");
                for username in usernames {
                    list.push_bind(*username);
                }
                statement.push(")");
                statement
                    .build_query_as()
                    .fetch_all(&mut *connection)
                    .await?
            });
            known.extend(rows.into_iter().map(KnownUser::from));
        }
        Ok(known)
    }
}

impl Transaction {
    /// Adds users, all but those whose name is taken; gives
    /// how many were added. [`Error::MissingReference`](super::Error::MissingReference) where a scope is not in
    /// the catalogue.
    pub async fn add_users(&mut self, additions: &[Addition], now: i64) -> Result<usize> {
        if additions.is_empty() {
            return Ok(0);
        }
        let added = within!(self, |connection| {
            let mut added: std::collections::HashSet<String> = std::collections::HashSet::new();
            for additions in additions.chunks(MAX_BOUND / 9) {
                let mut statement = QueryBuilder::new(
                    "INSERT INTO users (id, username, password_hash, email, full_name, locale, disabled,
                                        created_at, updated_at) ",
                );
                statement.push_values(additions, |mut row, Addition { user, .. }| {
                    row.push_bind(&user.id)
                        .push_bind(&user.username)
                        .push_bind(user.password_hash.as_ref().map(PasswordHash::expose))
                        .push_bind(&user.profile.email)
                        .push_bind(&user.profile.full_name)
                        .push_bind(&user.profile.locale)
                        .push_bind(user.disabled)
                        .push_bind(now)
                        .push_bind(now);
                });
                statement.push(" ON CONFLICT (username) DO NOTHING RETURNING id");
                let ids: Vec<String> = statement
                    .build_query_scalar()
                    .fetch_all(&mut *connection)
                    .await?;
                added.extend(ids);
            }
            let of_added = || additions.iter().filter(|one| added.contains(&one.user.id));
            let scopes: Vec<(&str, &str)> = of_added().flat_map(scopes_of).collect();
            put_pairs!(
                connection,
                scopes,
                "INSERT INTO user_scopes (user_id, scope) "
            );
            let digests: Vec<(&str, &str)> = of_added().filter_map(digest_of).collect();
            put_pairs!(
                connection,
                digests,
                "INSERT INTO imported_hashes (user_id, digest) "
            );
            added
        });
        for Addition { user, .. } in additions {
            if added.contains(&user.id) {
                self.record(user.addition());
            }
        }
        if !added.is_empty() {
            self.announce(Change::SCOPES, "", now).await?;
        }
        Ok(added.len())
    }

    /// Changes users that an import knows better of; a new password ends what the
    /// old one opened.
    pub async fn alter_users(&mut self, alterations: &[Alteration], now: i64) -> Result<()> {
        let (with_password, plain): (Vec<_>, Vec<_>) = alterations
            .iter()
            .partition(|alteration| alteration.patch.password_hash.is_some());
        if !plain.is_empty() {
            self.alter_profiles(&plain, now).await?;
        }
        for alteration in with_password {
            let Alteration {
                id,
                username,
                patch,
                imported_hash,
            } = alteration;
            if self.change_user(username, patch, None, now).await? {
                self.remember_imported_hash(id, imported_hash.as_deref())
                    .await?;
            }
        }
        Ok(())
    }

    async fn alter_profiles(&mut self, alterations: &[&Alteration], now: i64) -> Result<()> {
        let mut losses = Vec::new();
        within!(self, |connection| {
            for Alteration {
                id,
                username,
                patch,
                ..
            } in alterations
            {
                sqlx::query(
                    "UPDATE users SET updated_at = $2, disabled = coalesce($3, disabled),
                         email = CASE WHEN $4 THEN $5 ELSE email END,
                         full_name = CASE WHEN $6 THEN $7 ELSE full_name END,
                         locale = CASE WHEN $8 THEN $9 ELSE locale END
                     WHERE id = $1",
                )
                .bind(id)
                .bind(now)
                .bind(patch.disabled)
                .bind(patch.profile.email.is_some())
                .bind(patch.profile.email.clone().flatten())
                .bind(patch.profile.full_name.is_some())
                .bind(patch.profile.full_name.clone().flatten())
                .bind(patch.profile.locale.is_some())
                .bind(patch.profile.locale.clone().flatten())
                .execute(&mut *connection)
                .await?;
                let mut before = Vec::new();
                if patch.scopes.is_some() {
                    let delete = "DELETE FROM user_scopes WHERE user_id = $1 RETURNING scope";
                    before = sqlx::query_scalar(delete)
                        .bind(id)
                        .fetch_all(&mut *connection)
                        .await?;
                }
                losses.push((username, Lost::by_user(before, patch)));
            }
            let scopes: Vec<(&str, &str)> = alterations
                .iter()
                .flat_map(|Alteration { id, patch, .. }| {
                    let scopes = patch.scopes.iter().flat_map(ScopeSet::iter);
                    scopes.map(|scope| (id.as_str(), scope.as_str()))
                })
                .collect();
            put_pairs!(
                connection,
                scopes,
                "INSERT INTO user_scopes (user_id, scope) "
            );
        });
        for (username, lost) in losses {
            let subject = subject_of(username);
            let whose = Revoke::Subject(&subject);
            self.withdraw(Some(whose), &lost, now).await?;
        }
        for Alteration {
            username, patch, ..
        } in alterations
        {
            self.record(patch.event(username));
        }
        self.announce(Change::SCOPES, "", now).await?;
        Ok(())
    }

    async fn remember_imported_hash(&mut self, user_id: &str, digest: Option<&str>) -> Result<()> {
        within!(self, |connection| {
            sqlx::query("DELETE FROM imported_hashes WHERE user_id = $1")
                .bind(user_id)
                .execute(&mut *connection)
                .await?;
            let digest: Vec<(&str, &str)> =
                digest.map(|digest| (user_id, digest)).into_iter().collect();
            put_pairs!(
                connection,
                digest,
                "INSERT INTO imported_hashes (user_id, digest) "
            );
        });
        Ok(())
    }
}

fn scopes_of(addition: &Addition) -> impl Iterator<Item = (&str, &str)> {
    let user = &addition.user;
    let pair = |scope| (user.id.as_str(), Scope::as_str(scope));
    user.scopes.iter().map(pair)
}

fn digest_of(addition: &Addition) -> Option<(&str, &str)> {
    Some((
        addition.user.id.as_str(),
        addition.imported_hash.as_deref()?,
    ))
}
