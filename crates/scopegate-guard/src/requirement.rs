//! What an operation asks of its callers.

use poem_openapi::registry::MetaOperation;

use crate::{
    NO_CREDENTIAL, SELF_CHECKED,
    scope::{Scope, ScopeSet},
};

/// The security requirement of an operation: one of several sets of scopes.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use scopegate_guard::{Requirement, scope::ScopeSet};
///
/// // What `#[oai(scope = "Garage::Drive")]` declares.
/// let drive = Requirement::AnyOf(vec![ScopeSet::parse("drive")?]);
/// assert_ne!(drive, Requirement::Open);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Anybody may call.
    Open,
    /// The operation itself checks a credential that is no access token.
    SelfChecked,
    /// A token with all scopes of one of these sets.
    AnyOf(Vec<ScopeSet>),
    /// The same, or an OAuth client that authenticates to the operation itself.
    ClientOrAnyOf(Vec<ScopeSet>),
}

/// The name of the security scheme of OAuth clients (RFC 6749 §2.3). An
/// operation that declares it authenticates clients itself, also by its body;
/// a bearer token must have the scopes of the operation.
///
/// ```
/// assert_eq!(scopegate_guard::CLIENT_SCHEME, "client");
/// ```
pub const CLIENT_SCHEME: &str = "client";

impl Requirement {
    /// Reads an operation's declaration: a list of alternatives, each an object of
    /// schemes that are all required (OpenAPI 3.0 §4.8.30). None where it cannot be
    /// enforced to the letter: there is no declaration, one that asks for a token
    /// without a scope, or an alternative of several schemes, each of which would
    /// want a credential of its own.
    pub(super) fn of(operation: &MetaOperation) -> Option<Self> {
        let mut alternatives = Vec::new();
        for alternative in &operation.security {
            let mut schemes = alternative.iter();
            let (Some((name, scopes)), None) = (schemes.next(), schemes.next()) else {
                return None;
            };
            alternatives.push((*name, scopes));
        }
        if let [(NO_CREDENTIAL, _)] = alternatives[..] {
            return Some(Self::Open);
        }
        let is_marked = |name: &str| name == NO_CREDENTIAL || name.starts_with(SELF_CHECKED);
        if !alternatives.is_empty() && alternatives.iter().all(|(name, _)| is_marked(name)) {
            return Some(Self::SelfChecked);
        }
        let (clients, tokens): (Vec<_>, Vec<_>) = alternatives
            .iter()
            .partition(|(name, _)| *name == CLIENT_SCHEME);
        if tokens.is_empty() || tokens.iter().any(|(name, _)| is_marked(name)) {
            return None;
        }
        let sets = tokens
            .iter()
            .map(|(_, scopes)| scopes.iter().map(|scope| Scope::parse(scope)).collect())
            .collect::<Result<Vec<ScopeSet>, _>>()
            .ok()?;
        if sets.iter().any(ScopeSet::is_empty) {
            return None;
        }
        Some(match clients.is_empty() {
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn of(security: &[&[(&'static str, &[&'static str])]]) -> Option<Requirement> {
        let alternative = |schemes: &&[(&'static str, &[&'static str])]| {
            let schemes = schemes.iter();
            schemes
                .map(|(name, scopes)| (*name, scopes.to_vec()))
                .collect::<HashMap<_, _>>()
        };
        Requirement::of(&MetaOperation {
            tags: vec![],
            method: poem::http::Method::GET,
            summary: None,
            description: None,
            external_docs: None,
            params: vec![],
            request: None,
            responses: poem_openapi::registry::MetaResponses { responses: vec![] },
            deprecated: false,
            security: security.iter().map(alternative).collect(),
            operation_id: None,
            code_samples: vec![],
        })
    }

    fn scopes(text: &str) -> ScopeSet {
        ScopeSet::parse(text).expect("scopes")
    }

    #[test]
    fn alternatives_are_either_or() {
        let read = of(&[&[("oauth", &["a", "b"])], &[("other", &["c"])]]);
        assert_eq!(
            read,
            Some(Requirement::AnyOf(vec![scopes("a b"), scopes("c")]))
        );
        let read = of(&[&[("client", &[])], &[("oauth", &["a"])]]);
        assert_eq!(read, Some(Requirement::ClientOrAnyOf(vec![scopes("a")])));
    }

    #[test]
    fn an_operation_may_check_a_credential_of_its_own() {
        let own = "(self-checked) own";
        let self_checked = Some(Requirement::SelfChecked);
        assert_eq!(of(&[&[(own, &[])]]), self_checked);
        assert_eq!(of(&[&[(own, &[])], &[(NO_CREDENTIAL, &[])]]), self_checked);
        assert_eq!(of(&[&[(NO_CREDENTIAL, &[])]]), Some(Requirement::Open));
    }

    #[test]
    fn what_cannot_be_enforced_to_the_letter_is_no_requirement() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[&[]]), None);
        assert_eq!(of(&[&[("oauth", &[])]]), None);
        assert_eq!(of(&[&[("oauth", &["a"]), ("other", &["b"])]]), None);
        assert_eq!(of(&[&[("client", &[]), ("oauth", &["a"])]]), None);
        assert_eq!(of(&[&[("client", &[])]]), None);
        assert_eq!(of(&[&[(NO_CREDENTIAL, &[])], &[("oauth", &["a"])]]), None);
        let own = "(self-checked) own";
        assert_eq!(of(&[&[(own, &[])], &[("oauth", &["a"])]]), None);
    }
}
