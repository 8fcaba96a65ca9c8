//! Everything that is served, from the handlers to the outermost layer.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use poem::{
    EndpointExt, Request, Response, Result,
    endpoint::{BoxEndpoint, DynEndpoint},
};

use crate::{api, authority::Authority, guard::Undeclared, web};

/// The API and the pages, and the layer around them.
///
/// # Errors
/// An operation does not say what it asks of its callers.
pub fn app(authority: &Arc<Authority>) -> std::result::Result<BoxEndpoint<'static>, Undeclared> {
    let pages = api::with_docs(web::routes(authority), &authority.config);
    let operations = api::operations(authority)?;
    let front = Front {
        index: web::home(authority).boxed(),
        direct: api::direct(authority, web::METHODS)?,
        routes: pages.nest_no_strip("/", operations).boxed(),
    };
    Ok(api::answering(front, web::METHODS, authority))
}

/// Where requests part: to the page at `/`, straight to an operation, or to wherever the
/// routes lead. They lead to all operations as well, by more steps.
struct Front {
    index: BoxEndpoint<'static>,
    direct: api::Direct,
    routes: BoxEndpoint<'static>,
}

impl DynEndpoint for Front {
    type Output = Response;

    fn call(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        let path = request.uri().path();
        let methods = self.direct.get(path);
        let direct = methods.and_then(|methods| methods.get(request.method()));
        let next = match (direct, path) {
            (Some(operation), _) => operation,
            // The router prefers a nest at `/` to a page there.
            (None, "/") => &self.index,
            (None, _) => &self.routes,
        };
        next.call(request)
    }
}
