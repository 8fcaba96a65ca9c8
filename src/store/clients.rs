//! OAuth clients.

use std::str::FromStr;

use sqlx::AssertSqlSafe;

use super::{
    Change, Error, Result, Revoke, Store, Transaction, read,
    transaction::{Lock, within},
};
use crate::{
    client::{Authentication, Client, GrantType},
    opaque::Digest,
    redirect_uri::RedirectUri,
    scope::ScopeSet,
};

/// Lists are joined by spaces.
#[derive(sqlx::FromRow)]
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
    disabled: bool,
    created_at: i64,
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
            disabled: row.disabled,
            created_at: row.created_at,
        })
    }
}

fn joined(uris: &[RedirectUri]) -> String {
    let uris: Vec<&str> = uris.iter().map(RedirectUri::as_str).collect();
    uris.join(" ")
}

fn unreadable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Unavailable(sqlx::Error::Decode(error.into()))
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
    }};
}

impl Store {
    /// All clients, by id. One that cannot be read, as when a later Scopegate wrote
    /// it, is left out and named in the log: the others must not go with it.
    pub async fn clients(&self) -> Result<Vec<Client>> {
        let rows: Vec<Row> = read!(self, |connection| {
            sqlx::query_as("SELECT * FROM clients ORDER BY id")
                .fetch_all(&mut *connection)
                .await?
        });
        let read = |row: Row| {
            let id = row.id.clone();
            Client::try_from(row)
                .inspect_err(|error| tracing::error!(client = id, %error, "skipped: the stored client cannot be read"))
                .ok()
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }
}

impl Transaction {
    /// The client of an id, which nobody else changes until the transaction ends.
    pub async fn client(&mut self, id: &str) -> Result<Option<Client>> {
        let statement = self.locking("SELECT * FROM clients WHERE id = $1", Lock::Update);
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
                                      disabled, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
                client
            )
            .execute(&mut *connection)
            .await?;
        });
        self.announce(Change::CLIENTS, &client.id, client.created_at)
            .await?;
        Ok(())
    }

    /// Writes the fields of a client.
    pub async fn change_client(&mut self, client: &Client, now: i64) -> Result<()> {
        within!(self, |connection| {
            bind_client!(
                "UPDATE clients SET name = $2, authentication = $3, secret_hash = $4, jwks = $5,
                     grants = $6, scopes = $7, default_scopes = $8, audiences = $9,
                     redirect_uris = $10, post_logout_redirect_uris = $11,
                     application_type = $12, first_party = $13, disabled = $14
                 WHERE id = $1 AND created_at = $15",
                client
            )
            .execute(&mut *connection)
            .await?;
        });
        self.announce(Change::CLIENTS, &client.id, now).await?;
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
        self.announce(Change::CLIENTS, id, now).await?;
        Ok(())
    }
}
