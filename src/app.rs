//! Everything that is served, from the handlers to the outermost layer.

use std::{collections::HashSet, sync::Arc};

use poem::{
    Endpoint, EndpointExt, IntoEndpoint, Request, Response, Result, Route, endpoint::BoxEndpoint,
};

use crate::{api, authority::Authority, guard::Undeclared, web};

/// The API and the pages, and the layers around them.
///
/// # Errors
/// An operation does not say what it asks of its callers.
pub fn app(
    authority: &Arc<Authority>,
) -> std::result::Result<BoxEndpoint<'static, Response>, Undeclared> {
    let operations = api::guarded(authority)?.into_endpoint().map_to_response();
    let operations: Operations = Arc::new(operations.boxed());
    let pages = api::with_docs(web::routes(authority), &authority.config);
    let front = Front {
        index: web::home(authority),
        base: authority.config.base_path().to_owned(),
        plain: api::plain_paths(web::METHODS),
        routes: pages.nest_no_strip("/", Arc::clone(&operations)),
        operations,
    };
    let shaped = api::with_errors_in_shape(front, web::METHODS, authority);
    let shared = api::with_cors(shaped, authority.config.cors_origins.clone());
    let trimmed = api::without_trailing_slashes(shared);
    Ok(api::below_base_path(trimmed, authority.config.base_path()).boxed())
}

type Operations = Arc<BoxEndpoint<'static, Response>>;

/// Where requests part: to the page at `/`, straight to the operations, or to wherever the
/// routes lead. They lead to the operations as well, by more steps.
struct Front<I> {
    index: I,
    base: String,
    /// The paths of operations that are no pattern and no page's.
    plain: HashSet<String>,
    operations: Operations,
    routes: Route,
}

impl<I: Endpoint<Output = Response>> Endpoint for Front<I> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        if self.plain.contains(request.uri().path()) {
            return self.operations.call(request).await;
        }
        let path = request.original_uri().path();
        match path.strip_prefix(&*self.base).unwrap_or(path) {
            // The router prefers a nest at `/` to a page there.
            "" | "/" => self.index.call(request).await,
            _ => self.routes.call(request).await,
        }
    }
}
