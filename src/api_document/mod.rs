//! The OpenAPI document of another API: the scopes that it declares, and what each of its
//! operations requires.

mod check;
mod read;
mod source;

use std::collections::BTreeMap;

use thiserror::Error;
use url::Url;

pub use check::{Checked, Finding};
pub use source::{SourceError, load};

/// The OpenAPI document of an API.
#[derive(Debug)]
pub struct ApiDocument {
    pub title: String,
    pub operations: Vec<Operation>,
    schemes: BTreeMap<String, Scheme>,
}

/// An operation, and what it requires.
#[derive(Debug)]
pub struct Operation {
    /// In capital letters: `GET`.
    pub method: String,
    pub path: String,
    pub id: Option<String>,
    pub security: Security,
}

/// What an operation requires (OpenAPI 3.1 §4.8.30).
#[derive(Debug)]
pub enum Security {
    /// Nothing is said of it, here or for the document as a whole.
    Missing,
    /// An empty list: it is open to everybody, and says so.
    Open,
    /// One of these: an empty one is nothing.
    OneOf(Vec<Requirement>),
}

/// Scopes by the name of their scheme: all of them are required.
pub type Requirement = BTreeMap<String, Vec<String>>;

/// A security scheme.
#[derive(Debug)]
enum Scheme {
    /// `oauth2` or `openIdConnect`.
    Tokens {
        /// Where tokens come from.
        endpoints: Vec<Endpoint>,
        /// The scopes that it declares, with their descriptions.
        scopes: BTreeMap<String, String>,
    },
    /// A bearer token of an issuer that it does not name.
    Bearer,
    /// No token of OAuth, as `apiKey`.
    Other(String),
}

/// An address of an issuer.
#[derive(Debug)]
struct Endpoint {
    /// The field that it is in, such as `tokenUrl`.
    field: &'static str,
    /// The field's value.
    address: String,
    /// The same, resolved; `None` where it cannot be.
    url: Option<Url>,
}

/// Why a document cannot be read.
#[derive(Debug, Error)]
pub enum DocumentError {
    #[error("it is neither JSON nor YAML: {0}")]
    Syntax(String),
    #[error("it is Swagger 2.0; convert it to OpenAPI 3")]
    Swagger2,
    #[error("it is not an OpenAPI document: `openapi` must be 3.0, 3.1 or 3.2")]
    NotOpenApi,
    #[error("{at}: {problem}")]
    Malformed { at: String, problem: &'static str },
}

impl ApiDocument {
    /// The scopes that the document declares or requires, each with its description, which
    /// is empty where there is none.
    pub fn scopes(&self) -> BTreeMap<&str, &str> {
        let mut scopes = BTreeMap::new();
        for operation in &self.operations {
            let Security::OneOf(requirements) = &operation.security else {
                continue;
            };
            for (scheme, required) in requirements.iter().flatten() {
                let has_scopes = self.schemes.get(scheme).is_some_and(Scheme::has_scopes);
                let required = required.iter().filter(|_| has_scopes);
                scopes.extend(required.map(|scope| (scope.as_str(), "")));
            }
        }
        for scheme in self.schemes.values() {
            if let Scheme::Tokens { scopes: own, .. } = scheme {
                let described = own
                    .iter()
                    .map(|(name, text)| (name.as_str(), text.as_str()));
                scopes.extend(described);
            }
        }
        scopes
    }
}

impl Scheme {
    /// Whether what a requirement lists for it are scopes.
    fn has_scopes(&self) -> bool {
        !matches!(self, Self::Other(_))
    }
}
