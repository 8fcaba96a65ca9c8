//! What an operation asks of its callers.

use poem_openapi::registry::MetaOperation;

use super::Public;
use crate::scope::{Scope, ScopeSet};

/// The security requirement of an operation: one of several sets of scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Anybody may call.
    Open,
    /// A token with all scopes of one of these sets.
    AnyOf(Vec<ScopeSet>),
    /// The same, or an OAuth client that authenticates to the operation itself.
    ClientOrAnyOf(Vec<ScopeSet>),
}

/// The name of the security scheme of OAuth clients (RFC 6749 §2.3). An
/// operation that declares it authenticates clients by itself, also by its body;
/// a bearer token must have the scopes of the operation.
pub const CLIENT_SCHEME: &str = "client";

impl Requirement {
    /// Reads an operation's declaration; none where it has none, or one that
    /// asks for a token and no scope.
    pub(super) fn of(operation: &MetaOperation) -> Option<Self> {
        let schemes: Vec<_> = operation.security.iter().flatten().collect();
        if schemes.iter().any(|(name, _)| **name == Public::MARK) {
            return (schemes.len() == 1).then_some(Self::Open);
        }
        let (clients, tokens): (Vec<_>, Vec<_>) = schemes
            .iter()
            .partition(|(name, _)| **name == CLIENT_SCHEME);
        let sets = tokens
            .iter()
            .map(|(_, scopes)| scopes.iter().map(|scope| Scope::parse(scope)).collect())
            .collect::<Result<Vec<ScopeSet>, _>>()
            .ok()?;
        let is_declared = !sets.is_empty() && sets.iter().all(|set| !set.is_empty());
        is_declared.then_some(match clients.is_empty() {
            true => Self::AnyOf(sets),
            false => Self::ClientOrAnyOf(sets),
        })
    }

    /// The scopes that are missing for it, if any are.
    pub(super) fn missing<'a>(sets: &'a [ScopeSet], held: &ScopeSet) -> Option<&'a ScopeSet> {
        if sets.iter().any(|set| set.is_subset(held)) {
            return None;
        }
        sets.first()
    }
}
