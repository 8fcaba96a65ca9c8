//! Device authorizations (RFC 8628).

use super::{Result, Store, Transaction, commit, read, row, transaction::within};
use crate::{
    audit_event::{Action, Event},
    opaque::Digest,
    subject::Subject,
};

row! {
    /// A device that waits for its user, and how far it has come.
    #[derive(Clone, Debug)]
    pub struct DeviceRow {
        pub user_code: String,
        pub client_id: String,
        /// What the device asked for; once the user has approved, what was granted.
        pub scopes: String,
        pub audience: String,
        /// One of the constants of [`DeviceRow`].
        pub state: String,
        pub user_id: Option<String>,
        /// The name of the user who approved.
        pub username: Option<String>,
        /// When that user had signed in.
        pub auth_time: Option<i64>,
        pub expires_at: i64,
        /// Seconds that the device has to wait between two questions.
        pub pace: i64,
        /// When the device asked last.
        pub asked_at: Option<i64>,
    }
}

impl DeviceRow {
    pub const PENDING: &'static str = "pending";
    pub const APPROVED: &'static str = "approved";
    pub const DENIED: &'static str = "denied";
    pub const SPENT: &'static str = "spent";
}

/// What the user said.
#[derive(Debug)]
pub enum Decision<'a> {
    Approve {
        user_id: &'a str,
        /// What is granted, joined by spaces.
        scopes: &'a str,
        auth_time: i64,
    },
    Deny,
}

macro_rules! select_device {
    ($rest:literal) => {
        concat!(
            "SELECT user_code, client_id, scopes, audience, state, user_id, username, auth_time,
                    expires_at, pace, asked_at
             FROM device_codes LEFT JOIN users ON users.id = user_id ",
            $rest
        )
    };
}

impl Store {
    /// Stores a device's request; [`Error::Exists`](super::Error::Exists) where
    /// the user code is taken.
    pub async fn add_device(&self, hash: &Digest, device: &DeviceRow) -> Result<()> {
        commit!(self, |transaction| {
            sqlx::query(
                "INSERT INTO device_codes
                     (hash, user_code, client_id, scopes, audience, state, expires_at, pace)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(hash.as_stored())
            .bind(&device.user_code)
            .bind(&device.client_id)
            .bind(&device.scopes)
            .bind(&device.audience)
            .bind(&device.state)
            .bind(device.expires_at)
            .bind(device.pace)
            .execute(&mut *transaction)
            .await?;
        });
        Ok(())
    }

    /// The device that holds the code of a digest.
    pub async fn device(&self, hash: &Digest) -> Result<Option<DeviceRow>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(select_device!("WHERE hash = $1"))
                .bind(hash.as_stored())
                .fetch_optional(&mut *connection)
                .await?
        }))
    }

    /// The device that waits with a user code.
    pub async fn waiting_device(&self, user_code: &str, now: i64) -> Result<Option<DeviceRow>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(select_device!(
                "WHERE user_code = $1 AND state = $2 AND expires_at > $3"
            ))
            .bind(user_code)
            .bind(DeviceRow::PENDING)
            .bind(now)
            .fetch_optional(&mut *connection)
            .await?
        }))
    }

    /// Notes that a device asked, and how long it has to wait from now on.
    pub async fn pace_device(&self, hash: &Digest, asked_at: i64, pace: i64) -> Result<()> {
        commit!(self, |transaction| {
            sqlx::query("UPDATE device_codes SET asked_at = $2, pace = $3 WHERE hash = $1")
                .bind(hash.as_stored())
                .bind(asked_at)
                .bind(pace)
                .execute(&mut *transaction)
                .await?;
        });
        Ok(())
    }
}

impl Transaction {
    /// Writes what the user said; says whether the device was still waiting.
    pub async fn decide_device(
        &mut self,
        user_code: &str,
        decision: &Decision<'_>,
        now: i64,
    ) -> Result<bool> {
        let (state, user_id, scopes, auth_time) = match decision {
            Decision::Approve {
                user_id,
                scopes,
                auth_time,
            } => (
                DeviceRow::APPROVED,
                Some(*user_id),
                Some(*scopes),
                Some(*auth_time),
            ),
            Decision::Deny => (DeviceRow::DENIED, None, None, None),
        };
        let client_id: Option<String> = within!(self, |connection| {
            sqlx::query_scalar(
                "UPDATE device_codes
                 SET state = $2, user_id = $3, scopes = COALESCE($4, scopes), auth_time = $5
                 WHERE user_code = $1 AND state = $6 AND expires_at > $7 RETURNING client_id",
            )
            .bind(user_code)
            .bind(state)
            .bind(user_id)
            .bind(scopes)
            .bind(auth_time)
            .bind(DeviceRow::PENDING)
            .bind(now)
            .fetch_optional(&mut *connection)
            .await?
        });
        let Some(client_id) = client_id else {
            return Ok(false);
        };
        let event = |action| Event::new(action, Subject::CLIENT, &client_id);
        self.record(match decision {
            Decision::Approve { scopes, .. } => {
                event(Action::DeviceApproved).saying(format!("scopes: {scopes}"))
            }
            Decision::Deny => event(Action::DeviceDenied),
        });
        Ok(true)
    }

    /// Spends an approved device code; says whether this call was the one that
    /// spent it.
    pub async fn spend_device(&mut self, hash: &Digest, now: i64) -> Result<bool> {
        Ok(within!(self, |connection| {
            sqlx::query(
                "UPDATE device_codes SET state = $2
                 WHERE hash = $1 AND state = $3 AND expires_at > $4",
            )
            .bind(hash.as_stored())
            .bind(DeviceRow::SPENT)
            .bind(DeviceRow::APPROVED)
            .bind(now)
            .execute(&mut *connection)
            .await?
            .rows_affected()
                > 0
        }))
    }
}
