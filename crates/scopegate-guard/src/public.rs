//! The declarations of operations that anybody may call.

use poem::{Request, RequestBody, Result};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, registry::Registry};

use crate::CLIENT_SCHEME;

/// A parameter that declares its operation open. It appears nowhere in the
/// document but as the operation's empty security requirement.
///
/// ```
/// use poem_openapi::{OpenApi, payload::PlainText};
/// use scopegate_guard::Public;
///
/// struct Api;
///
/// #[OpenApi]
/// impl Api {
///     /// Answer anybody.
///     #[oai(path = "/healthz", method = "get")]
///     async fn answer(&self, _anybody: Public) -> PlainText<&'static str> {
///         PlainText("hello")
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Public;

/// A parameter that declares that anybody may call, and that an OAuth client may
/// authenticate, which the operation sees to itself. In the document it is a choice
/// between the scheme of clients and nothing.
///
/// ```
/// use poem_openapi::{OpenApi, payload::PlainText};
/// use scopegate_guard::OptionalClient;
///
/// struct Api;
///
/// #[OpenApi]
/// impl Api {
///     /// Answer anybody.
///     #[oai(path = "/token", method = "post")]
///     async fn answer(&self, _anybody: OptionalClient) -> PlainText<&'static str> {
///         PlainText("hello")
///     }
/// }
/// ```
#[derive(Debug)]
pub struct OptionalClient;

/// The name of the scheme by which [`Enforced`](crate::Enforced) knows that an
/// operation wants no credential, or that it does without one.
///
/// ```
/// assert_eq!(scopegate_guard::NO_CREDENTIAL, "(none)");
/// ```
pub const NO_CREDENTIAL: &str = "(none)";

/// Begins the name of a scheme whose credential is no access token: the operation
/// checks it itself, and the document shows the name without this mark. A declaration
/// of your own is an extractor that names such a scheme in `security_schemes`, beside
/// [`NO_CREDENTIAL`] where the credential may be left out.
///
/// ```
/// assert_eq!(scopegate_guard::SELF_CHECKED, "(self-checked) ");
/// ```
pub const SELF_CHECKED: &str = "(self-checked) ";

/// [`CLIENT_SCHEME`] behind [`SELF_CHECKED`].
const SELF_CHECKED_CLIENT: &str = "(self-checked) client";

macro_rules! declaration {
    ($name:ident, $schemes:expr) => {
        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                $name::register(registry);
            }

            fn security_schemes() -> Vec<&'static str> {
                $schemes.to_vec()
            }

            async fn from_request(
                _request: &'a Request,
                _body: &mut RequestBody,
                _options: ExtractParamOptions<()>,
            ) -> Result<Self> {
                Ok(Self)
            }
        }
    };
}
declaration!(Public, [NO_CREDENTIAL]);
declaration!(OptionalClient, [SELF_CHECKED_CLIENT, NO_CREDENTIAL]);

impl Public {
    fn register(_: &mut Registry) {}
}

impl OptionalClient {
    fn register(registry: &mut Registry) {
        register_clients(registry);
    }
}

/// Puts the security scheme of OAuth clients into the document.
///
/// ```
/// use poem_openapi::registry::Registry;
///
/// let mut registry = Registry::default();
/// scopegate_guard::register_clients(&mut registry);
/// assert!(registry.security_schemes.contains_key("client"));
/// ```
pub fn register_clients(registry: &mut Registry) {
    let scheme = poem_openapi::registry::MetaSecurityScheme {
        ty: "http",
        description: Some(
            "An OAuth client with its id and secret. `client_id` and `client_secret` in the \
             body, or a `client_assertion` (RFC 7523), work as well.",
        ),
        name: None,
        key_in: None,
        scheme: Some("basic"),
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    };
    registry.create_security_scheme(CLIENT_SCHEME, scheme);
}
