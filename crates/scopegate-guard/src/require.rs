//! A layer for axum, and whatever else is built on tower.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    Authenticate, Caller, Denied, Realm, bearer_token,
    scope::{ScopeError, ScopeSet},
};

/// Lets only requests through whose token has all of the scopes; the handler finds the
/// caller as the extension `Arc<Caller>`.
///
/// ```
/// use std::sync::Arc;
///
/// use axum::{Extension, Router, routing::get};
/// use scopegate_guard::{Caller, Offline, RequireScopes};
///
/// async fn items(Extension(caller): Extension<Arc<Caller>>) -> String {
///     format!("the items of {}", caller.subject)
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let jwks = r#"{"keys":[]}"#;
/// let tokens = Arc::new(Offline::new(jwks, "https://login.example", "https://api.example")?);
/// let guard = RequireScopes::new(tokens, "items", "api")?;
/// let app: Router = Router::new().route("/items", get(items).layer(guard));
/// # drop(app);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RequireScopes<A> {
    authenticator: Arc<A>,
    scopes: ScopeSet,
    realm: Realm,
}

impl<A> RequireScopes<A> {
    /// Requires these scopes, separated by spaces; with none, any valid token will do.
    /// Refuses in the name of a `realm` (RFC 9110 §11.5).
    ///
    /// # Errors
    /// The scopes are none (RFC 6749 §3.3).
    pub fn new(
        authenticator: Arc<A>,
        scopes: &str,
        realm: impl Into<Realm>,
    ) -> Result<Self, ScopeError> {
        Ok(Self {
            authenticator,
            scopes: ScopeSet::parse(scopes)?,
            realm: realm.into(),
        })
    }
}

impl<A> Clone for RequireScopes<A> {
    fn clone(&self) -> Self {
        Self {
            authenticator: Arc::clone(&self.authenticator),
            scopes: self.scopes.clone(),
            realm: self.realm.clone(),
        }
    }
}

impl<A: Authenticate> RequireScopes<A> {
    async fn admit(&self, headers: &http::HeaderMap) -> Result<Arc<Caller>, Denied> {
        let caller = self
            .authenticator
            .authenticate(bearer_token(headers)?)
            .await?;
        match self.scopes.is_subset(&caller.scopes) {
            true => Ok(caller),
            false => Err(Denied::InsufficientScope(self.scopes.clone())),
        }
    }
}

impl<A, S> Layer<S> for RequireScopes<A> {
    type Service = Required<A, S>;

    fn layer(&self, inner: S) -> Self::Service {
        Required {
            guard: self.clone(),
            inner,
        }
    }
}

/// A service behind [`RequireScopes`].
#[derive(Debug)]
pub struct Required<A, S> {
    guard: RequireScopes<A>,
    inner: S,
}

impl<A, S: Clone> Clone for Required<A, S> {
    fn clone(&self) -> Self {
        Self {
            guard: self.guard.clone(),
            inner: self.inner.clone(),
        }
    }
}

impl<A, S, B, R> Service<Request<B>> for Required<A, S>
where
    A: Authenticate,
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let guard = self.guard.clone();
        // The one that is ready is taken, and the clone is left in its place.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match guard.admit(&parts.headers).await {
                Ok(caller) => {
                    parts.extensions.insert(caller);
                    inner.call(Request::from_parts(parts, body)).await
                }
                Err(denied) => Ok(denied.in_realm(guard.realm).answer()),
            }
        })
    }
}
