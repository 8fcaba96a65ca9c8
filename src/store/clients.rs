//! OAuth clients.

use std::str::FromStr;

use sqlx::AssertSqlSafe;

use super::{
    Change, Error, Result, Revoke, Store, Transaction, read, row,
    transaction::{Lock, within},
    unreadable,
    withdrawals::Lost,
};
use crate::{
    audit_event::{Action, Event},
    client::{Authentication, Client, GrantType, Registration},
    opaque::Digest,
    redirect_uri::RedirectUri,
    scope::ScopeSet,
    subject::Subject,
};

row! {
    /// Lists are joined by spaces.
    struct Row {
        id: String,
        name: String,
        authentication: String,
        secret_hash: Option<String>,
        jwks: Option<String>,
        grants: String,
        scopes: String,
        default_scopes: String,
        audiences: String,
        redirect_uris: String,
        post_logout_redirect_uris: String,
        application_type: String,
        first_party: bool,
        registration_hash: Option<String>,
        secret_in_body: bool,
        documented: bool,
        scopes_fixed: bool,
        unused_until: Option<i64>,
        disabled: bool,
        created_at: i64,
    }
}

impl TryFrom<Row> for Client {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let authentication = match (row.authentication.as_str(), row.secret_hash, row.jwks) {
            (Authentication::NONE, ..) => Authentication::None,
            (Authentication::SECRET, Some(hash), _) => {
                Authentication::Secret(Digest::from_stored(hash))
            }
            (Authentication::PRIVATE_KEY, _, Some(jwks)) => Authentication::PrivateKey(jwks),
            _ => return Err(unreadable("a client without what it authenticates with")),
        };
        let application_type = row.application_type.parse().map_err(unreadable)?;
        let uris = |list: &str| -> Result<Vec<RedirectUri>> {
            let words = list.split_ascii_whitespace();
            words
                .map(|uri| RedirectUri::parse(uri, application_type).map_err(unreadable))
                .collect()
        };
        let is_own = row.documented || row.registration_hash.is_some();
        let grants = row.grants.split_ascii_whitespace().map(GrantType::from_str);
        Ok(Self {
            id: row.id,
            name: row.name,
            authentication,
            grants: grants
                .collect::<std::result::Result<_, _>>()
                .map_err(unreadable)?,
            scopes: ScopeSet::from_stored(&row.scopes),
            default_scopes: ScopeSet::from_stored(&row.default_scopes),
            audiences: row
                .audiences
                .split_ascii_whitespace()
                .map(str::to_owned)
                .collect(),
            application_type,
            redirect_uris: uris(&row.redirect_uris)?,
            post_logout_redirect_uris: uris(&row.post_logout_redirect_uris)?,
            first_party: row.first_party,
            registration: is_own.then(|| Registration {
                access_token: row.registration_hash.map(Digest::from_stored),
                scopes_fixed: row.scopes_fixed,
                secret_in_body: row.secret_in_body,
                unused_until: row.unused_until,
            }),
            disabled: row.disabled,
            created_at: row.created_at,
        })
    }
}

fn readable(row: Row) -> Option<Client> {
    let id = row.id.clone();
    Client::try_from(row)
        .inspect_err(|error| {
            tracing::error!(client = id, %error, "skipped: the stored client cannot be read");
        })
        .ok()
}

fn joined(uris: &[RedirectUri]) -> String {
    let uris: Vec<&str> = uris.iter().map(RedirectUri::as_str).collect();
    uris.join(" ")
}

macro_rules! select_clients {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, authentication, secret_hash, jwks, grants, scopes, default_scopes,
                    audiences, redirect_uris, post_logout_redirect_uris, application_type,
                    first_party, registration_hash, secret_in_body, documented, scopes_fixed,
                    unused_until, disabled, created_at
             FROM clients ",
            $rest
        )
    };
}

/// A client's fields, bound to a statement in the order of the columns.
macro_rules! bind_client {
    ($statement:expr, $client:expr) => {{
        let (hash, jwks) = match &$client.authentication {
            Authentication::None => (None, None),
            Authentication::Secret(digest) => (Some(digest.as_stored().to_owned()), None),
            Authentication::PrivateKey(jwks) => (None, Some(jwks.clone())),
        };
        let grants: Vec<&str> = $client.grants.iter().map(|grant| grant.name()).collect();
        let registration = $client.registration.as_ref();
        let access_token = registration.and_then(|of| of.access_token.as_ref());
        let registration_hash = access_token.map(|digest| digest.as_stored().to_owned());
        let is_documented = registration.is_some_and(|of| of.access_token.is_none());
        sqlx::query($statement)
            .bind(&$client.id)
            .bind(&$client.name)
            .bind($client.authentication.name())
            .bind(hash)
            .bind(jwks)
            .bind(grants.join(" "))
            .bind($client.scopes.to_string())
            .bind($client.default_scopes.to_string())
            .bind($client.audiences.join(" "))
            .bind(joined(&$client.redirect_uris))
            .bind(joined(&$client.post_logout_redirect_uris))
            .bind($client.application_type.name())
            .bind($client.first_party)
            .bind($client.disabled)
            .bind($client.created_at)
            .bind(registration_hash)
            .bind(registration.is_some_and(|of| of.secret_in_body))
            .bind(is_documented)
            .bind(registration.is_some_and(|of| of.scopes_fixed))
    }};
}

impl Store {
    /// All clients, by id. One that cannot be read, as when a later Scopegate wrote
    /// it, is left out and named in the log: the others must not go with it.
    pub async fn clients(&self) -> Result<Vec<Client>> {
        let rows: Vec<Row> = read!(self, |connection| {
            sqlx::query_as(select_clients!("ORDER BY id"))
                .fetch_all(&mut *connection)
                .await?
        });
        Ok(rows.into_iter().filter_map(readable).collect())
    }

    /// The client of an id; none where it cannot be read, as for [`clients`](Self::clients).
    pub async fn client(&self, id: &str) -> Result<Option<Client>> {
        let row: Option<Row> = read!(self, |connection| {
            sqlx::query_as(select_clients!("WHERE id = $1"))
                .bind(id)
                .fetch_optional(&mut *connection)
                .await?
        });
        Ok(row.and_then(readable))
    }
}

impl Transaction {
    /// The client of an id, locked until the transaction ends.
    pub async fn client(&mut self, id: &str) -> Result<Option<Client>> {
        let statement = self.locking(select_clients!("WHERE id = $1"), Lock::Update);
        let row: Option<Row> = within!(self, |connection| {
            sqlx::query_as(AssertSqlSafe(statement))
                .bind(id)
                .fetch_optional(&mut *connection)
                .await?
        });
        row.map(Client::try_from).transpose()
    }

    /// Adds a client; [`Error::Exists`] where the id is taken.
    pub async fn add_client(&mut self, client: &Client) -> Result<()> {
        within!(self, |connection| {
            bind_client!(
                "INSERT INTO clients (id, name, authentication, secret_hash, jwks, grants, scopes,
                                      default_scopes, audiences, redirect_uris,
                                      post_logout_redirect_uris, application_type, first_party,
                                      disabled, created_at, registration_hash, secret_in_body,
                                      documented, scopes_fixed, unused_until)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                         $17, $18, $19, $20)",
                client
            )
            .bind(client.registration.as_ref().and_then(|of| of.unused_until))
            .execute(&mut *connection)
            .await?;
        });
        self.record(event(Action::ClientAdded, client));
        self.announce(Change::CLIENTS, &client.id, client.created_at)
            .await?;
        Ok(())
    }

    /// Writes the fields of a client.
    pub async fn change_client(&mut self, client: &Client, now: i64) -> Result<()> {
        let before = self.client(&client.id).await?;
        within!(self, |connection| {
            bind_client!(
                "UPDATE clients SET name = $2, authentication = $3, secret_hash = $4, jwks = $5,
                     grants = $6, scopes = $7, default_scopes = $8, audiences = $9,
                     redirect_uris = $10, post_logout_redirect_uris = $11,
                     application_type = $12, first_party = $13, disabled = $14,
                     registration_hash = $16, secret_in_body = $17,
                     documented = $18, scopes_fixed = $19
                 WHERE id = $1 AND created_at = $15",
                client
            )
            .execute(&mut *connection)
            .await?;
        });
        let lost = match before {
            _ if client.disabled => Lost::Everything,
            Some(before) => Lost::Scopes(before.scopes.difference(&client.scopes)),
            None => Lost::nothing(),
        };
        let whose = Revoke::Client(&client.id);
        self.withdraw(Some(whose), &lost, now).await?;
        self.record(event(Action::ClientChanged, client));
        self.announce(Change::CLIENTS, &client.id, now).await?;
        Ok(())
    }

    /// Notes that a client that registered itself was used: it is kept from now on.
    pub async fn keep_client(&mut self, id: &str) -> Result<()> {
        within!(self, |connection| {
            sqlx::query(
                "UPDATE clients SET unused_until = NULL
                 WHERE id = $1 AND unused_until IS NOT NULL",
            )
            .bind(id)
            .execute(&mut *connection)
            .await?;
        });
        Ok(())
    }

    /// Removes the oldest clients that registered themselves and were never used, but for
    /// the newest `keep`.
    pub async fn remove_unused_clients_but(&mut self, keep: i64, now: i64) -> Result<()> {
        let unused: i64 = within!(self, |connection| {
            sqlx::query_scalar("SELECT count(*) FROM clients WHERE unused_until IS NOT NULL")
                .fetch_one(&mut *connection)
                .await?
        });
        if unused <= keep {
            return Ok(());
        }
        let removed: Vec<String> = within!(self, |connection| {
            sqlx::query_scalar(
                "DELETE FROM clients WHERE unused_until IS NOT NULL AND id IN
                     (SELECT id FROM clients WHERE unused_until IS NOT NULL
                      ORDER BY unused_until, id LIMIT $1)
                 RETURNING id",
            )
            .bind(unused - keep)
            .fetch_all(&mut *connection)
            .await?
        });
        self.announce_clients(&removed, now).await
    }

    /// Removes a batch of the clients that registered themselves and were not used in
    /// time; gives how many. The condition is repeated, since PostgreSQL looks at
    /// the outer one alone where a row was kept while its lock was waited for.
    pub async fn remove_unused_clients(&mut self, now: i64) -> Result<usize> {
        let removed: Vec<String> = within!(self, |connection| {
            sqlx::query_scalar(
                "DELETE FROM clients WHERE unused_until < $1 AND id IN
                     (SELECT id FROM clients WHERE unused_until < $1 LIMIT 500)
                 RETURNING id",
            )
            .bind(now)
            .fetch_all(&mut *connection)
            .await?
        });
        self.announce_clients(&removed, now).await?;
        Ok(removed.len())
    }

    async fn announce_clients(&mut self, ids: &[String], now: i64) -> Result<()> {
        for id in ids {
            self.record(
                Event::new(Action::ClientRemoved, Subject::CLIENT, id).saying("never used"),
            );
            self.announce(Change::CLIENTS, id, now).await?;
        }
        Ok(())
    }

    /// Removes a client and ends all tokens that it was given.
    pub async fn remove_client(&mut self, id: &str, now: i64) -> Result<()> {
        within!(self, |connection| {
            sqlx::query("DELETE FROM clients WHERE id = $1")
                .bind(id)
                .execute(&mut *connection)
                .await?;
            sqlx::query("DELETE FROM grants WHERE client_id = $1")
                .bind(id)
                .execute(&mut *connection)
                .await?;
        });
        self.revoke(Revoke::Client(id), None, now).await?;
        self.record(Event::new(Action::ClientRemoved, Subject::CLIENT, id));
        self.announce(Change::CLIENTS, id, now).await?;
        Ok(())
    }
}

fn event(action: Action, client: &Client) -> Event {
    let grants: Vec<&str> = client.grants.iter().map(|grant| grant.name()).collect();
    let state = if client.disabled { "disabled, " } else { "" };
    let (grants, scopes) = (grants.join(" "), &client.scopes);
    Event::new(action, Subject::CLIENT, &client.id)
        .saying(format!("{state}grants: {grants}, scopes: {scopes}"))
}
