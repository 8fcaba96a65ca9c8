//! Everything that is served, from the handlers to the outermost layer.

use std::sync::Arc;

use poem::{Endpoint, EndpointExt, Response, endpoint::BoxEndpoint};

use crate::{api, authority::Authority, guard::Undeclared, web};

/// The API and the pages, and the layers around them.
///
/// # Errors
/// An operation does not say what it asks of its callers.
pub fn app(authority: &Arc<Authority>) -> Result<BoxEndpoint<'static, Response>, Undeclared> {
    let index = Arc::new(web::home(authority));
    let base: Arc<str> = authority.config.base_path().into();
    // The router prefers a nest at `/` to a page there.
    let routes = api::with_docs(web::routes(authority), &authority.config)
        .nest_no_strip("/", api::guarded(authority)?)
        .around(move |routes, request| {
            let (index, base) = (Arc::clone(&index), Arc::clone(&base));
            async move {
                let path = request.original_uri().path();
                match path.strip_prefix(&*base).unwrap_or(path) {
                    "" | "/" => index.call(request).await,
                    _ => routes.call(request).await,
                }
            }
        });
    let shaped = api::with_errors_in_shape(routes, web::METHODS, authority);
    let shared = api::with_cors(shaped, authority.config.cors_origins.clone());
    let trimmed = api::without_trailing_slashes(shared);
    Ok(api::below_base_path(trimmed, authority.config.base_path()).boxed())
}
