//! What must be done, one step after another.

use std::fmt;

use super::SetupError;
use crate::{
    client::Client,
    password::{Password, PasswordHash},
    store::{self, NewUser, ScopeRow, SubjectKindRow, Transaction, UserPatch},
};

/// One change.
pub(super) enum Step {
    AddScope(ScopeRow),
    DescribeScope(ScopeRow),
    RemoveScope(String),
    AddKind(SubjectKindRow),
    ChangeKind(SubjectKindRow),
    RemoveKind(String),
    AddClient(Client),
    ChangeClient(Client, Vec<&'static str>),
    RemoveClient(String),
    AddUser(NewUser, Option<NewPassword>),
    ChangeUser(String, UserPatch, Vec<&'static str>),
    RemoveUser(String),
}

/// The password of a user who is added.
pub(super) enum NewPassword {
    Text(Password),
    Hash(PasswordHash),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, what) = match self {
            Self::AddScope(_) | Self::AddKind(_) | Self::AddClient(_) | Self::AddUser(..) => {
                ("+", "")
            }
            Self::DescribeScope(_) => ("~", "description"),
            Self::ChangeKind(_) => ("~", "scopes"),
            Self::ChangeClient(_, fields) | Self::ChangeUser(_, _, fields) => {
                return write!(f, "~ {}: {}", self.entry(), fields.join(", "));
            }
            Self::RemoveScope(_)
            | Self::RemoveKind(_)
            | Self::RemoveClient(_)
            | Self::RemoveUser(_) => ("-", ""),
        };
        let separator = if what.is_empty() { "" } else { ": " };
        write!(f, "{sign} {}{separator}{what}", self.entry())
    }
}

impl Step {
    /// What it is about, as in `client billing`.
    pub fn entry(&self) -> String {
        match self {
            Self::AddScope(scope) | Self::DescribeScope(scope) => format!("scope {}", scope.name),
            Self::RemoveScope(name) => format!("scope {name}"),
            Self::AddKind(kind) | Self::ChangeKind(kind) => format!("subject kind {}", kind.name),
            Self::RemoveKind(name) => format!("subject kind {name}"),
            Self::AddClient(client) | Self::ChangeClient(client, _) => {
                format!("client {}", client.id)
            }
            Self::RemoveClient(id) => format!("client {id}"),
            Self::AddUser(user, _) => format!("user {}", user.username),
            Self::ChangeUser(name, ..) | Self::RemoveUser(name) => format!("user {name}"),
        }
    }

    /// The error that it ended with.
    pub fn failed(&self, error: store::Error) -> SetupError {
        match error {
            store::Error::Exists => SetupError::Unfit {
                entry: self.entry(),
                reason: "was added by somebody else at the same time: run this again".to_owned(),
            },
            store::Error::MissingReference => SetupError::Unfit {
                entry: self.entry(),
                reason: "one of its scopes is not in the catalogue any more".to_owned(),
            },
            other => other.into(),
        }
    }

    pub async fn carry_out(&self, to: &mut Transaction, now: i64) -> Result<(), store::Error> {
        match self {
            Self::AddScope(scope) => to.add_scope(scope).await,
            Self::DescribeScope(scope) => {
                to.describe_scope(&scope.name, &scope.description, now)
                    .await
            }
            Self::RemoveScope(name) => to.remove_scope(name, now).await.map(drop),
            Self::AddKind(kind) => to.add_subject_kind(kind, now).await,
            Self::ChangeKind(kind) => to.change_subject_kind(kind, now).await,
            Self::RemoveKind(name) => to.remove_subject_kind(name, now).await.map(drop),
            Self::AddClient(client) => to.add_client(client).await,
            Self::ChangeClient(client, _) => to.change_client(client, now).await,
            Self::RemoveClient(id) => to.remove_client(id, now).await,
            Self::AddUser(user, _) => {
                to.add_user(user, now).await?;
                to.settle_administrator(&user.username, true).await
            }
            Self::ChangeUser(name, patch, _) => {
                to.change_user(name, patch, None, now).await?;
                to.settle_administrator(name, true).await
            }
            Self::RemoveUser(name) => to.remove_user(name, now).await.map(drop),
        }
    }
}
