//! The HTTP face: the operations, the document that is derived from them, and what
//! they share.

mod openapi;
mod operations;
mod plumbing;

use std::{collections::HashSet, sync::Arc};

use poem::{Endpoint, IntoEndpoint, Response, Route, http::Method};
use poem_openapi::OpenApiService;

use crate::{
    authority::Authority,
    config::Config,
    guard::{Enforced, Undeclared},
};
use openapi::document;
use plumbing::{
    access, base_path::WithoutBasePath, cors::Cors, errors::Answers, trailing_slash::TrimSlashes,
};

pub use openapi::document::{Flows, Reader, Served, document_json, document_yaml};

/// The operations, each behind its guard.
pub(crate) fn guarded(authority: &Arc<Authority>) -> Result<impl IntoEndpoint + use<>, Undeclared> {
    let operations = operations::all(authority);
    let authenticator = Arc::new(access::LiveAccess(Arc::clone(authority)));
    let guarded = Enforced::new(operations, authenticator, access::realm(&authority.config))?;
    Ok(OpenApiService::new(
        guarded,
        document::TITLE,
        document::VERSION,
    ))
}

/// The paths of operations that have no parameter and are none of the `pages`.
pub(crate) fn plain_paths(pages: &[(&str, &[Method])]) -> HashSet<String> {
    let mut paths = document::plain_paths();
    for (page, _) in pages {
        paths.remove(*page);
    }
    paths
}

/// Adds Swagger UI, ReDoc and the document.
pub(crate) fn with_docs(routes: Route, config: &Config) -> Route {
    let flows = match config.password_grant {
        true => Flows::All,
        false => Flows::WithoutPassword,
    };
    let served = Served {
        flows,
        base_path: config.base_path().to_owned(),
        reader: None,
    };
    openapi::docs::add_to(routes, &Arc::new(served))
}

/// Sees to it that every error has its shape; `pages` are the methods of what is no
/// operation.
pub(crate) fn with_errors_in_shape<E: Endpoint + 'static>(
    routes: E,
    pages: &[(&str, &[Method])],
    authority: &Arc<Authority>,
) -> impl Endpoint<Output = Response> + use<E> {
    Answers::new(routes, document::methods(pages), Arc::clone(authority))
}

/// Answers browsers that ask for other origins.
pub(crate) fn with_cors<E: Endpoint<Output = Response> + 'static>(
    routes: E,
    origins: Vec<String>,
) -> impl Endpoint<Output = Response> {
    Cors::new(routes, origins)
}

/// Serves everything below the path of the issuer's address as well.
pub(crate) fn below_base_path<E: Endpoint<Output = Response> + 'static>(
    routes: E,
    base: &str,
) -> impl Endpoint<Output = Response> + use<E> {
    WithoutBasePath::new(routes, base)
}

/// Takes a path with a slash at its end for the one without.
pub(crate) fn without_trailing_slashes<E: Endpoint<Output = Response> + 'static>(
    routes: E,
) -> impl Endpoint<Output = Response> {
    TrimSlashes::new(routes)
}
