//! Comparing a document with an issuer and its catalogue.

use std::collections::BTreeSet;

use thiserror::Error;

use super::{ApiDocument, Endpoint, Operation, Requirement, Scheme, Security};

/// An operation, and what is wrong with what it requires.
#[derive(Debug)]
pub struct Checked<'a> {
    pub operation: &'a Operation,
    pub findings: Vec<Finding>,
}

/// What is wrong with what an operation requires.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Finding {
    #[error("no security is declared")]
    NoSecurity,
    #[error("the scheme `{0}` is not declared")]
    UnknownScheme(String),
    #[error("the scheme `{scheme}` is `{kind}`, which takes no token of this issuer")]
    NoToken { scheme: String, kind: String },
    #[error("the scheme `{scheme}` does not point at this issuer: {reason}")]
    OtherIssuer { scheme: String, reason: String },
    #[error("the scope `{0}` is not in the catalogue")]
    UnknownScope(String),
}

impl Finding {
    /// A word for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoSecurity => "no-security",
            Self::UnknownScheme(_) => "unknown-scheme",
            Self::NoToken { .. } => "no-token",
            Self::OtherIssuer { .. } => "other-issuer",
            Self::UnknownScope(_) => "unknown-scope",
        }
    }
}

impl ApiDocument {
    /// Compares what each operation requires with an issuer and the scopes of its
    /// catalogue. Of several ways to satisfy an operation one must hold.
    pub fn check(&self, issuer: &str, catalogue: &BTreeSet<&str>) -> Vec<Checked<'_>> {
        let operations = self.operations.iter();
        operations
            .map(|operation| Checked {
                operation,
                findings: match &operation.security {
                    Security::Missing => vec![Finding::NoSecurity],
                    Security::Open => Vec::new(),
                    Security::OneOf(ways) => self.best_of(ways, issuer, catalogue),
                },
            })
            .collect()
    }

    /// What is wrong with the way that has the fewest faults.
    fn best_of(
        &self,
        ways: &[Requirement],
        issuer: &str,
        catalogue: &BTreeSet<&str>,
    ) -> Vec<Finding> {
        let faults = ways.iter().map(|way| {
            let each = way.iter();
            each.flat_map(|(scheme, scopes)| self.faults(scheme, scopes, issuer, catalogue))
                .collect::<Vec<_>>()
        });
        faults.min_by_key(Vec::len).unwrap_or_default()
    }

    fn faults(
        &self,
        name: &str,
        scopes: &[String],
        issuer: &str,
        catalogue: &BTreeSet<&str>,
    ) -> Vec<Finding> {
        let name = name.to_owned();
        let elsewhere = match self.schemes.get(&name) {
            None => return vec![Finding::UnknownScheme(name)],
            Some(Scheme::Other(kind)) => {
                let kind = kind.clone();
                return vec![Finding::NoToken { scheme: name, kind }];
            }
            Some(Scheme::Bearer) => None,
            Some(Scheme::Tokens { endpoints, .. }) => elsewhere(endpoints, issuer),
        };
        if let Some(reason) = elsewhere {
            return vec![Finding::OtherIssuer {
                scheme: name,
                reason,
            }];
        }
        let unknown = scopes
            .iter()
            .filter(|scope| !catalogue.contains(scope.as_str()));
        unknown.cloned().map(Finding::UnknownScope).collect()
    }
}

/// Why a scheme does not point at an issuer; none where it does.
fn elsewhere(endpoints: &[Endpoint], issuer: &str) -> Option<String> {
    let issuer = issuer.trim_end_matches('/');
    let strayed = |endpoint: &Endpoint| {
        let expected = format!("{issuer}{}", path_of(endpoint.field));
        let url = endpoint.url.as_ref().map(url::Url::as_str);
        if url.is_some_and(|url| url.trim_end_matches('/') == expected) {
            return None;
        }
        let (field, address) = (endpoint.field, &endpoint.address);
        Some(format!("`{field}` is `{address}`, not `{expected}`"))
    };
    match endpoints {
        [] => Some("it has no address".to_owned()),
        endpoints => endpoints.iter().find_map(strayed),
    }
}

/// Where Scopegate has what a field of a scheme points at.
fn path_of(field: &str) -> &'static str {
    match field {
        "authorizationUrl" => "/authorize",
        "deviceAuthorizationUrl" => "/device_authorization",
        "openIdConnectUrl" => "/.well-known/openid-configuration",
        _ => "/token",
    }
}
