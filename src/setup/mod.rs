//! A set-up as a file: scopes, kinds of subjects, clients and users as they should be.
//!
//! What the file does not mention stays as it is, unless it must go (`prune`),
//! and then only in the sections that the file has.

mod clients;
mod file;
mod plan;
mod step;
mod users;

use thiserror::Error;

pub use file::{Format, Setup, SetupFileError, read};
pub use plan::{Options, Plan, plan};

use crate::{
    actor::Actor,
    authority::Authority,
    client::{Authentication, Client},
    error::Error,
    infrastructure::{Infrastructure, from_infrastructure},
    opaque::Opaque,
    store::{self, Transaction, UserPage},
};

use file::{ClientEntry, KindEntry, ScopeEntry, UserEntry};

/// How many users are read at once.
const PAGE: u32 = 1000;

/// Why a set-up is not applied.
#[derive(Debug, Error)]
pub enum SetupError {
    /// What is wrong with an entry.
    #[error("{entry}: {error}")]
    Entry { entry: String, error: Error },
    #[error("{entry}: {reason}")]
    Unfit { entry: String, reason: String },
    #[error(transparent)]
    Infrastructure(#[from] Infrastructure),
}

from_infrastructure!(SetupError: store::Error);

/// Does what a plan says, in one transaction. Gives the secrets that were made, by client.
pub async fn apply(
    authority: &Authority,
    actor: &Actor,
    plan: Plan,
) -> Result<Vec<(String, Opaque)>, SetupError> {
    if plan.is_empty() {
        return Ok(Vec::new());
    }
    let now = authority.clock.now();
    let (steps, secrets) = plan.prepare(authority).await?;
    let write = async |transaction: &mut Transaction| {
        for step in &steps {
            let done = step.carry_out(transaction, now).await;
            done.map_err(|error| step.failed(error))?;
        }
        Ok::<_, SetupError>(())
    };
    authority.write(actor, write).await?;
    Ok(secrets)
}

/// The set-up as it is, without secrets and passwords. Users of another application, and
/// clients that registered themselves, are not part of it.
pub async fn export(authority: &Authority) -> Result<Setup, SetupError> {
    let store = &authority.store;
    let scopes = store.scopes().await?;
    let own = scopes.into_iter().filter(|scope| !scope.builtin);
    let clients = store.clients().await?;
    let set_up = clients.iter().filter(|client| is_set_up(client));
    let users = match authority.directory.whereabouts() {
        None => Some(all_users(authority).await?),
        Some(_) => None,
    };
    Ok(Setup {
        scopes: Some(own.map(ScopeEntry::from).collect()),
        subject_kinds: Some(
            store
                .subject_kinds()
                .await?
                .into_iter()
                .map(KindEntry::from)
                .collect(),
        ),
        clients: Some(set_up.map(ClientEntry::from).collect()),
        users,
        ..Setup::default()
    })
}

async fn all_users(authority: &Authority) -> Result<Vec<UserEntry>, SetupError> {
    let mut users: Vec<UserEntry> = Vec::new();
    loop {
        let after = users.last().map(|user| user.username.clone());
        let page = UserPage {
            after: after.as_deref().unwrap_or_default(),
            prefix: "",
            limit: PAGE,
        };
        let rows = authority.store.users(&page).await?;
        if rows.is_empty() {
            return Ok(users);
        }
        users.extend(rows.into_iter().map(UserEntry::from));
    }
}

/// Whether a client is one of the operator's, and did not register itself.
fn is_set_up(client: &Client) -> bool {
    client.registration.is_none()
}

/// Whether a client logs in by a secret.
fn has_secret(client: &Client) -> bool {
    matches!(client.authentication, Authentication::Secret(_))
}
