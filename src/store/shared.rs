//! Users whose table is another application's: what is kept of them here, so
//! that their tokens have somebody to belong to.

use uuid::Uuid;

use super::{Change, Result, Revoke, Store, Transaction, read, row, transaction::within};
use crate::subject::Subject;

row! {
    /// Whom the tokens of a name belong to: a row of the other application's table,
    /// for as long as it has a password hash that a login here was made with.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Anchor {
        /// The row of our own that grants refer to.
        pub user_id: String,
        pub foreign_id: String,
        /// Digests of password hashes, joined by spaces.
        pub credentials: String,
    }
}

impl Anchor {
    /// Whether tokens that were given out are those of this row with this hash.
    pub fn holds(&self, foreign_id: &str, credential: &str) -> bool {
        self.foreign_id == foreign_id && self.credentials.split(' ').any(|one| one == credential)
    }
}

row! {
    struct Row {
        id: String,
        foreign_id: Option<String>,
        credentials: Option<String>,
    }
}

impl Store {
    /// The anchor of a name; none before the first login.
    pub async fn anchor(&self, username: &str) -> Result<Option<Anchor>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(
                "SELECT user_id, foreign_id, credentials
                 FROM shared_users JOIN users ON users.id = user_id WHERE username = $1",
            )
            .bind(username)
            .fetch_optional(&mut *connection)
            .await?
        }))
    }
}

impl Transaction {
    /// Anchors a name to a row of the other table and a password hash of it;
    /// gives the id of our own row. Where the name was anchored to another row
    /// or hash, all that was given out ends.
    pub async fn anchor_user(
        &mut self,
        username: &str,
        foreign_id: &str,
        credential: &str,
        now: i64,
    ) -> Result<String> {
        let row: Option<Row> = within!(self, |connection| {
            sqlx::query_as(
                "SELECT id, foreign_id, credentials
                 FROM users LEFT JOIN shared_users ON user_id = users.id WHERE username = $1",
            )
            .bind(username)
            .fetch_optional(&mut *connection)
            .await?
        });
        let owns_row = row.is_none();
        let before = row.as_ref().and_then(|row| {
            Some(Anchor {
                user_id: row.id.clone(),
                foreign_id: row.foreign_id.clone()?,
                credentials: row.credentials.clone()?,
            })
        });
        let id = row.map_or_else(|| Uuid::now_v7().to_string(), |row| row.id);
        within!(self, |connection| {
            if owns_row {
                sqlx::query(
                    "INSERT INTO users (id, username, disabled, created_at, updated_at)
                     VALUES ($1, $2, $3, $4, $4)",
                )
                .bind(&id)
                .bind(username)
                .bind(false)
                .bind(now)
                .execute(&mut *connection)
                .await?;
            }
            sqlx::query(
                "INSERT INTO shared_users (user_id, foreign_id, credentials, owns_row)
                 VALUES ($1, $2, $3, $4)
                 ON CONFLICT (user_id) DO UPDATE SET foreign_id = $2, credentials = $3",
            )
            .bind(&id)
            .bind(foreign_id)
            .bind(credential)
            .bind(owns_row)
            .execute(&mut *connection)
            .await?;
        });
        let is_the_same = before.is_some_and(|before| before.holds(foreign_id, credential));
        if !is_the_same {
            within!(self, |connection| {
                sqlx::query(
                    "UPDATE users SET password_version = password_version + 1 WHERE id = $1",
                )
                .bind(&id)
                .execute(&mut *connection)
                .await?;
            });
            self.end_logins(&id).await?;
            let subject = format!("{}:{username}", Subject::USERNAME);
            self.revoke(Revoke::Subject(&subject), None, now).await?;
        }
        self.announce(Change::USER, username, now).await?;
        Ok(id)
    }

    /// Forgets all anchors and ends what was given out to their users: the users
    /// are Scopegate's own again. Gives how many there were.
    pub async fn forget_anchors(&mut self, now: i64) -> Result<usize> {
        let anchored: Vec<(String, String, bool)> = within!(self, |connection| {
            sqlx::query_as(
                "SELECT users.id, username, owns_row
                 FROM shared_users JOIN users ON users.id = user_id",
            )
            .fetch_all(&mut *connection)
            .await?
        });
        for (id, username, owns_row) in &anchored {
            let subject = format!("{}:{username}", Subject::USERNAME);
            self.revoke(Revoke::Subject(&subject), None, now).await?;
            self.end_logins(id).await?;
            within!(self, |connection| {
                sqlx::query("DELETE FROM grants WHERE user_id = $1")
                    .bind(id)
                    .execute(&mut *connection)
                    .await?;
                sqlx::query("DELETE FROM users WHERE id = $1 AND $2")
                    .bind(id)
                    .bind(owns_row)
                    .execute(&mut *connection)
                    .await?;
            });
            self.announce(Change::USER, username, now).await?;
        }
        within!(self, |connection| {
            sqlx::query("DELETE FROM shared_users")
                .execute(&mut *connection)
                .await?;
        });
        Ok(anchored.len())
    }
}
