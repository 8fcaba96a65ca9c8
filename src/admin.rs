//! What is served on `admin-listen`, to those who watch the server.

use std::sync::Arc;

use poem::{IntoResponse, Response, Route, endpoint::make, get, http::StatusCode};

use crate::{
    authority::Authority,
    metrics::{MEDIA_TYPE, Now},
};

/// `/metrics`, and the server's state, which is at the other address as well.
pub fn admin(authority: &Arc<Authority>) -> Route {
    let (shown, asked) = (Arc::clone(authority), Arc::clone(authority));
    let metrics = make(move |_| {
        let authority = Arc::clone(&shown);
        async move { metrics(&authority) }
    });
    let readiness = make(move |_| {
        let authority = Arc::clone(&asked);
        async move {
            match authority.is_ready().await {
                true => StatusCode::OK,
                false => StatusCode::SERVICE_UNAVAILABLE,
            }
        }
    });
    Route::new()
        .at("/metrics", get(metrics))
        .at("/healthz", get(make(async |_| StatusCode::OK)))
        .at("/readyz", get(readiness))
}

fn metrics(authority: &Authority) -> Response {
    let now = Now {
        hash_places: authority.hashing.places(),
        connections: authority.store.connections(),
        change_log_age: authority.live.change_log_age(),
        revoked_tokens: authority.live.revoked_tokens(),
        verified_tokens: authority.live.tokens.len(),
    };
    match authority.metrics.render(&now) {
        Ok(text) => Response::builder().content_type(MEDIA_TYPE).body(text),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
