//! OAuth clients.

use std::str::FromStr;

use super::{
    Change, Error, Result, Store, announce, commit, read,
    revocations::{Revoke, revoke},
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
            scopes: ScopeSet::parse(&row.scopes).map_err(unreadable)?,
            default_scopes: ScopeSet::parse(&row.default_scopes).map_err(unreadable)?,
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
    /// All clients, by id.
    pub async fn clients(&self) -> Result<Vec<Client>> {
        let rows: Vec<Row> = read!(self, |connection| {
            sqlx::query_as("SELECT * FROM clients ORDER BY id")
                .fetch_all(&mut *connection)
                .await?
        });
        rows.into_iter().map(Client::try_from).collect()
    }

    /// Adds a client; [`Error::Exists`] where the id is taken.
    pub async fn add_client(&self, client: &Client) -> Result<()> {
        commit!(self, |transaction| {
            bind_client!(
                "INSERT INTO clients (id, name, authentication, secret_hash, jwks, grants, scopes,
                                      default_scopes, audiences, redirect_uris,
                                      post_logout_redirect_uris, application_type, first_party,
                                      disabled, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
                client
            )
            .execute(&mut *transaction)
            .await?;
            announce!(transaction, Change::CLIENTS, &client.id, client.created_at);
        });
        Ok(())
    }

    /// Writes the fields of a client but for what it authenticates with, which
    /// may be changed at the same time; says whether the client is still there.
    pub async fn change_client(&self, client: &Client, now: i64) -> Result<bool> {
        Ok(commit!(self, |transaction| {
            let grants: Vec<&str> = client.grants.iter().map(|grant| grant.name()).collect();
            let changed = sqlx::query(
                "UPDATE clients SET name = $2, grants = $3, scopes = $4, default_scopes = $5,
                     audiences = $6, disabled = $7, redirect_uris = $9,
                     post_logout_redirect_uris = $10, application_type = $11, first_party = $12
                 WHERE id = $1 AND created_at = $8",
            )
            .bind(&client.id)
            .bind(&client.name)
            .bind(grants.join(" "))
            .bind(client.scopes.to_string())
            .bind(client.default_scopes.to_string())
            .bind(client.audiences.join(" "))
            .bind(client.disabled)
            .bind(client.created_at)
            .bind(joined(&client.redirect_uris))
            .bind(joined(&client.post_logout_redirect_uris))
            .bind(client.application_type.name())
            .bind(client.first_party)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            announce!(transaction, Change::CLIENTS, &client.id, now);
            changed > 0
        }))
    }

    /// Gives a client another secret; says whether the client is still there.
    pub async fn set_client_secret(
        &self,
        client: &Client,
        secret: &Digest,
        now: i64,
    ) -> Result<bool> {
        Ok(commit!(self, |transaction| {
            let changed = sqlx::query(
                "UPDATE clients SET secret_hash = $2 WHERE id = $1 AND created_at = $3",
            )
            .bind(&client.id)
            .bind(secret.as_stored())
            .bind(client.created_at)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            announce!(transaction, Change::CLIENTS, &client.id, now);
            changed > 0
        }))
    }

    /// Removes a client and ends all tokens that it was given; says whether
    /// there was one.
    pub async fn remove_client(&self, id: &str, now: i64) -> Result<bool> {
        Ok(commit!(self, |transaction| {
            let removed = sqlx::query("DELETE FROM clients WHERE id = $1")
                .bind(id)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            sqlx::query("DELETE FROM grants WHERE client_id = $1")
                .bind(id)
                .execute(&mut *transaction)
                .await?;
            revoke!(transaction, Revoke::Client(id), None, now);
            announce!(transaction, Change::CLIENTS, id, now);
            removed > 0
        }))
    }
}
