//! What an operation declares that takes a registration token, and checks it itself.

use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};

use crate::guard::NO_CREDENTIAL;

/// The scheme of registration tokens, which the operations check.
const SCHEME: &str = "registration";
const SELF_CHECKED_SCHEME: &str = "(self-checked) registration";

/// The declaration of an operation for holders of a registration token.
pub(super) struct WithToken;

/// The same where the setting may admit everybody.
pub(super) struct WithTokenOrOpen;

macro_rules! declaration {
    ($name:ident, $schemes:expr) => {
        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                registry.create_security_scheme(SCHEME, scheme());
            }

            fn security_schemes() -> Vec<&'static str> {
                $schemes.to_vec()
            }

            async fn from_request(
                _request: &'a Request,
                _body: &mut RequestBody,
                _options: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                Ok(Self)
            }
        }
    };
}
declaration!(WithToken, [SELF_CHECKED_SCHEME]);
declaration!(WithTokenOrOpen, [SELF_CHECKED_SCHEME, NO_CREDENTIAL]);

fn scheme() -> MetaSecurityScheme {
    MetaSecurityScheme {
        ty: "http",
        description: Some(
            "A registration token: an initial one of `scopegate client registration-token`, or \
             the `registration_access_token` of a client.",
        ),
        name: None,
        key_in: None,
        scheme: Some("bearer"),
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    }
}
