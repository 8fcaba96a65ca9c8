//! Sessions of people in their browsers.

use super::{Result, Store, Transaction, commit, read, row, transaction::within};
use crate::{
    audit_event::{Action, Event},
    opaque::Digest,
};

row! {
    /// A session.
    #[derive(Clone, Debug)]
    pub struct SessionRow {
        /// Its name in lists; not what the browser holds.
        pub id: String,
        pub user_id: String,
        pub username: String,
        /// When the password was typed.
        pub auth_time: i64,
        pub last_seen_at: i64,
        pub expires_at: i64,
        /// Where it was begun.
        pub address: String,
        pub user_agent: String,
    }
}

impl Store {
    /// The session that a browser holds, if it was seen since a time, has not
    /// expired and its user is enabled.
    pub async fn session(
        &self,
        hash: &Digest,
        seen_since: i64,
        now: i64,
    ) -> Result<Option<SessionRow>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(
                "SELECT sessions.id, user_id, username, auth_time, last_seen_at, expires_at,
                        address, user_agent
                 FROM sessions JOIN users ON users.id = user_id
                 WHERE hash = $1 AND last_seen_at > $2 AND expires_at > $3 AND disabled = $4",
            )
            .bind(hash.as_stored())
            .bind(seen_since)
            .bind(now)
            .bind(false)
            .fetch_optional(&mut *connection)
            .await?
        }))
    }

    /// Notes that a session was seen.
    pub async fn touch_session(&self, id: &str, now: i64) -> Result<()> {
        commit!(self, |transaction| {
            sqlx::query("UPDATE sessions SET last_seen_at = $2 WHERE id = $1")
                .bind(id)
                .bind(now)
                .execute(&mut *transaction)
                .await?;
        });
        Ok(())
    }

    /// The sessions of a user that are alive, the youngest first.
    pub async fn sessions(
        &self,
        user_id: &str,
        seen_since: i64,
        now: i64,
    ) -> Result<Vec<SessionRow>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(
                "SELECT sessions.id, user_id, username, auth_time, last_seen_at, expires_at,
                        address, user_agent
                 FROM sessions JOIN users ON users.id = user_id
                 WHERE user_id = $1 AND last_seen_at > $2 AND expires_at > $3
                 ORDER BY last_seen_at DESC, sessions.id LIMIT 100",
            )
            .bind(user_id)
            .bind(seen_since)
            .bind(now)
            .fetch_all(&mut *connection)
            .await?
        }))
    }
}

impl Transaction {
    /// Begins a session of a user, in place of one that the browser had.
    pub async fn begin_session(
        &mut self,
        hash: &Digest,
        session: &SessionRow,
        replaced: &Digest,
    ) -> Result<()> {
        within!(self, |connection| {
            sqlx::query("DELETE FROM sessions WHERE hash = $1")
                .bind(replaced.as_stored())
                .execute(&mut *connection)
                .await?;
            sqlx::query(
                "INSERT INTO sessions (hash, id, user_id, auth_time, last_seen_at, expires_at,
                                       address, user_agent)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(hash.as_stored())
            .bind(&session.id)
            .bind(&session.user_id)
            .bind(session.auth_time)
            .bind(session.last_seen_at)
            .bind(session.expires_at)
            .bind(&session.address)
            .bind(&session.user_agent)
            .execute(&mut *connection)
            .await?;
        });
        self.record(Event::new(Action::SessionBegun, "session", &session.id));
        Ok(())
    }

    /// Ends what a user began with a password that is not valid any more: sessions,
    /// and codes and devices that wait for their tokens.
    pub(super) async fn end_logins(&mut self, user_id: &str) -> Result<()> {
        for statement in [
            "DELETE FROM sessions WHERE user_id = $1",
            "DELETE FROM authorization_codes WHERE user_id = $1 AND spent_at IS NULL",
            "DELETE FROM device_codes WHERE user_id = $1 AND state = 'approved'",
        ] {
            within!(self, |connection| {
                sqlx::query(statement)
                    .bind(user_id)
                    .execute(&mut *connection)
                    .await?;
            });
        }
        Ok(())
    }

    /// Ends all sessions of a user.
    pub async fn end_all_sessions(&mut self, user_id: &str) -> Result<()> {
        self.record(Event::new(Action::SessionEnded, "session", "*"));
        within!(self, |connection| {
            sqlx::query("DELETE FROM sessions WHERE user_id = $1")
                .bind(user_id)
                .execute(&mut *connection)
                .await?;
        });
        Ok(())
    }

    /// Ends a session of a user; says whether there was one.
    pub async fn end_session(&mut self, user_id: &str, id: &str) -> Result<bool> {
        let ended = within!(self, |connection| {
            sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND id = $2")
                .bind(user_id)
                .bind(id)
                .execute(&mut *connection)
                .await?
                .rows_affected()
                > 0
        });
        if ended {
            self.record(Event::new(Action::SessionEnded, "session", id));
        }
        Ok(ended)
    }
}
