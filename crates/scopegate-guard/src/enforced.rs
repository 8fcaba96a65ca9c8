//! An API whose declared security requirements are enforced.

use std::{collections::HashMap, marker::PhantomData, pin::Pin, sync::Arc};

use poem::{
    Request, Response, ResponseParts, Result,
    endpoint::{BoxEndpoint, DynEndpoint},
    error::ResponseError,
    http::{Method, StatusCode},
};
use poem_openapi::{
    OpenApi,
    auth::Bearer,
    registry::{MetaApi, Registry},
};
use thiserror::Error;

use crate::{
    Authenticate, CLIENT_SCHEME, Caller, Denied, Realm, Refusal, Requirement, SELF_CHECKED,
    bearer_token,
};

type Routes = HashMap<String, HashMap<Method, BoxEndpoint<'static>>>;

/// Wraps an API of poem-openapi: what its operations declare is enforced.
///
/// ```
/// use std::sync::Arc;
///
/// use poem_openapi::{OpenApi, payload::PlainText};
/// use scopegate_guard::{Enforced, Offline, Public};
///
/// struct Api;
///
/// #[OpenApi]
/// impl Api {
///     /// Answer anybody.
///     #[oai(path = "/", method = "get")]
///     async fn answer(&self, _anybody: Public) -> PlainText<&'static str> {
///         PlainText("hello")
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tokens = Offline::new(r#"{"keys":[]}"#, "https://login.example", "https://api.example")?;
/// let guarded = Enforced::new(Api, Arc::new(tokens), "api")?;
/// # drop(guarded);
/// # Ok(())
/// # }
/// ```
pub struct Enforced<T, A> {
    routes: Routes,
    api: PhantomData<fn() -> (T, A)>,
}

/// An operation says neither which scope it needs nor that it is public, is hidden
/// and says nothing to anybody, or says what cannot be enforced to the letter.
///
/// ```
/// use std::sync::Arc;
///
/// use poem_openapi::{OpenApi, payload::PlainText};
/// use scopegate_guard::{Enforced, Offline};
///
/// struct Api;
///
/// #[OpenApi]
/// impl Api {
///     /// Answer anybody.
///     #[oai(path = "/", method = "get")]
///     async fn answer(&self) -> PlainText<&'static str> {
///         PlainText("who may read this?")
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tokens = Offline::new(r#"{"keys":[]}"#, "https://login.example", "https://api.example")?;
/// assert!(Enforced::new(Api, Arc::new(tokens), "api").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, PartialEq, Eq, Error)]
#[error("{0} declares no security requirement that can be enforced: a scope, or that it is public")]
pub struct Undeclared(String);

impl<T: OpenApi, A: Authenticate> Enforced<T, A> {
    /// Puts a guard before each operation, which answers in the name of a `realm`
    /// (RFC 9110 §11.5); fails on one without a declaration.
    pub fn new(
        api: T,
        authenticator: Arc<A>,
        realm: impl Into<Realm>,
    ) -> std::result::Result<Self, Undeclared> {
        let realm = realm.into();
        let mut requirements = requirements::<T>()?;
        let mut unguarded = Routes::new();
        api.add_routes(&mut unguarded);
        let mut routes = Routes::new();
        for (path, methods) in unguarded {
            for (method, inner) in methods {
                let requirement = requirements
                    .remove(&(shape(&path), method.clone()))
                    .ok_or_else(|| Undeclared(format!("{method} {path}")))?;
                let guarded = |admits_clients, scopes, inner| -> BoxEndpoint<'static> {
                    Box::new(Guard {
                        inner,
                        authenticator: Arc::clone(&authenticator),
                        realm: realm.clone(),
                        admits_clients,
                        scopes,
                    })
                };
                let endpoint = match requirement {
                    Requirement::Open | Requirement::SelfChecked => inner,
                    Requirement::AnyOf(scopes) => guarded(false, scopes, inner),
                    Requirement::ClientOrAnyOf(scopes) => guarded(true, scopes, inner),
                };
                routes
                    .entry(path.clone())
                    .or_default()
                    .insert(method, endpoint);
            }
        }
        Ok(Self {
            routes,
            api: PhantomData,
        })
    }
}

fn requirements<T: OpenApi>()
-> std::result::Result<HashMap<(String, Method), Requirement>, Undeclared> {
    let mut requirements = HashMap::new();
    for path in T::meta().into_iter().flat_map(|api| api.paths) {
        for operation in &path.operations {
            let requirement = Requirement::of(operation)
                .ok_or_else(|| Undeclared(format!("{} {}", operation.method, path.path)))?;
            requirements.insert((shape(&path.path), operation.method.clone()), requirement);
        }
    }
    Ok(requirements)
}

/// An alternative of an operation that checks a credential itself, as the document shows it.
fn without_marks(
    alternative: &HashMap<&'static str, Vec<&'static str>>,
) -> HashMap<&'static str, Vec<&'static str>> {
    let names = alternative.keys();
    names
        .filter_map(|name| name.strip_prefix(SELF_CHECKED))
        .map(|name| (name, Vec::new()))
        .collect()
}

/// A path without the names of its parameters: the document says `/users/{name}`
/// where the routes say `/users/:param0`.
fn shape(path: &str) -> String {
    let is_parameter = |segment: &str| segment.starts_with([':', '{']);
    let segments = path.split('/');
    segments
        .map(|segment| if is_parameter(segment) { "*" } else { segment })
        .collect::<Vec<_>>()
        .join("/")
}

impl<T: OpenApi, A: Authenticate> OpenApi for Enforced<T, A> {
    fn meta() -> Vec<MetaApi> {
        let mut apis = T::meta();
        let paths = apis.iter_mut().flat_map(|api| &mut api.paths);
        for operation in paths.flat_map(|path| &mut path.operations) {
            match Requirement::of(operation) {
                Some(Requirement::Open) => operation.security.clear(),
                Some(Requirement::SelfChecked) => {
                    let alternatives = operation.security.iter();
                    operation.security = alternatives.map(without_marks).collect();
                }
                _ => {}
            }
            // Only OAuth 2.0 schemes have scopes (OpenAPI 3.0 §4.7.30).
            for scheme in &mut operation.security {
                scheme.get_mut(CLIENT_SCHEME).map(Vec::clear);
            }
        }
        apis
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn add_routes(self, routes: &mut Routes) {
        for (path, methods) in self.routes {
            routes.entry(path).or_default().extend(methods);
        }
    }
}

/// Stands before one operation.
struct Guard<A> {
    inner: BoxEndpoint<'static>,
    authenticator: Arc<A>,
    realm: Realm,
    /// Requests without a bearer token are for the operation to judge.
    admits_clients: bool,
    scopes: Vec<crate::scope::ScopeSet>,
}

impl<A: Authenticate> DynEndpoint for Guard<A> {
    type Output = Response;

    fn call(&self, mut request: Request) -> BoxFuture<'_, Result<Response>> {
        // Not an `async fn`, which would have room for the request twice.
        Box::pin(async move {
            match self.admit(&request).await {
                Ok(Some(caller)) => {
                    request.extensions_mut().insert(caller);
                    self.inner.call(request).await
                }
                Ok(None) => self.inner.call(request).await,
                Err(denied) => Err(denied.in_realm(self.realm.clone()).into()),
            }
        })
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl<A: Authenticate> Guard<A> {
    /// The caller; none where a client may call and the request has no bearer token.
    async fn admit(&self, request: &Request) -> std::result::Result<Option<Arc<Caller>>, Denied> {
        let token = match bearer_token(request.headers()) {
            Err(Denied::NoToken) if self.admits_clients => return Ok(None),
            token => token?,
        };
        let caller = self.authenticator.authenticate(token).await?;
        match Requirement::missing(&self.scopes, &caller.scopes) {
            Some(needed) => Err(Denied::InsufficientScope(needed.clone())),
            None => Ok(Some(caller)),
        }
    }
}

impl ResponseError for Refusal {
    fn status(&self) -> StatusCode {
        self.denied().status()
    }

    fn as_response(&self) -> Response {
        let (parts, body) = self.answer::<String>().into_parts();
        Response::from_parts(
            ResponseParts {
                status: parts.status,
                version: parts.version,
                headers: parts.headers,
                extensions: parts.extensions,
            },
            body.into(),
        )
    }
}

/// The checker for a security scheme of poem-openapi: the caller that
/// [`Enforced`] verified.
///
/// # Errors
/// 401 where there is none, as without `Enforced`.
///
/// ```
/// use std::sync::Arc;
///
/// use poem_openapi::SecurityScheme;
/// use scopegate_guard::{Caller, caller};
///
/// #[derive(SecurityScheme)]
/// #[oai(ty = "bearer", checker = "caller")]
/// struct Auth(Arc<Caller>);
/// ```
pub async fn caller(request: &Request, _token: Bearer) -> Result<Arc<Caller>> {
    let caller = request.extensions().get::<Arc<Caller>>();
    // Without `Enforced` nobody is let in, in whosever name.
    caller
        .cloned()
        .ok_or_else(|| Denied::NoToken.in_realm("api").into())
}
