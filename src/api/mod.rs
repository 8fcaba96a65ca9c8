//! The HTTP face: the operations, the document that is derived from them, and what
//! they share.

mod openapi;
mod operations;
mod plumbing;

use std::{collections::HashMap, sync::Arc};

use poem::{
    IntoEndpoint, Response, Route,
    endpoint::{BoxEndpoint, DynEndpoint},
    http::Method,
};
use poem_openapi::{OpenApi, OpenApiService};

use crate::{
    authority::Authority,
    config::Config,
    guard::{Enforced, Undeclared},
};
use openapi::document;
use plumbing::{access, answers::Answers};

pub use openapi::document::{Flows, Reader, Served, document_json, document_yaml};

/// The operations, each behind its guard.
///
/// # Errors
/// One of them does not say what it asks of its callers.
pub(crate) fn operations(authority: &Arc<Authority>) -> Result<BoxEndpoint<'static>, Undeclared> {
    let operations = guarded(authority)?;
    let service = OpenApiService::new(operations, document::TITLE, document::VERSION);
    Ok(service.into_endpoint())
}

/// Operations that only a path and a method lead to.
pub(crate) type Direct = HashMap<String, HashMap<Method, BoxEndpoint<'static>>>;

/// The operations without a parameter in the path or the query, which need none of the steps
/// in between; the paths of `pages` are left to the routes.
///
/// # Errors
/// As for [`operations`].
pub(crate) fn direct(
    authority: &Arc<Authority>,
    pages: &[(&str, &[Method])],
) -> Result<Direct, Undeclared> {
    let plain = document::plain_operations();
    let mut routes = Direct::new();
    guarded(authority)?.add_routes(&mut routes);
    routes.retain(|path, methods| {
        methods.retain(|method, _| plain.contains(&(path.clone(), method.clone())));
        !methods.is_empty() && pages.iter().all(|(page, _)| path != page)
    });
    Ok(routes)
}

fn guarded(authority: &Arc<Authority>) -> Result<document::Guarded, Undeclared> {
    let operations = operations::all(authority);
    let authenticator = Arc::new(access::LiveAccess(Arc::clone(authority)));
    Enforced::new(operations, authenticator, access::realm(&authority.config))
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

/// All that is served, with what every request passes around it; `pages` are the methods of
/// what is no operation.
pub(crate) fn answering<E>(
    routes: E,
    pages: &[(&str, &[Method])],
    authority: &Arc<Authority>,
) -> BoxEndpoint<'static>
where
    E: DynEndpoint<Output = Response> + 'static,
{
    let methods = document::methods(pages);
    Box::new(Answers::new(routes, methods, Arc::clone(authority)))
}
