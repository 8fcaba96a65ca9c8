//! How OAuth clients authenticate (RFC 6749 §2.3): by `Authorization: Basic`, by
//! parameters in the body, or by a signed JWT there (RFC 7523).

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use poem::{Request, RequestBody, Result, http::header};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions, registry::Registry,
    types::Password as Hidden,
};

use crate::api::plumbing::access::Auth;
use crate::{
    guard::{CLIENT_SCHEME, Caller, register_clients},
    oauth::{self, ASSERTION_TYPE, ClientCredentials, ClientRefused},
};

/// The parameters by which a client may authenticate in the body.
pub(in crate::api) struct ClientFields {
    pub client_id: Option<String>,
    pub client_secret: Option<Hidden>,
    pub client_assertion_type: Option<String>,
    pub client_assertion: Option<Hidden>,
}

/// The declaration of an operation for clients and for holders of a token: the
/// caller, where the request has a token.
pub(in crate::api) struct ClientOrHolder(pub Option<Arc<Caller>>);

impl<'a> ApiExtractor<'a> for ClientOrHolder {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <Auth as ApiExtractor>::register(registry);
        register_clients(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        let mut schemes = vec![CLIENT_SCHEME];
        schemes.extend(<Auth as ApiExtractor>::security_schemes());
        schemes
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self(request.extensions().get::<Arc<Caller>>().cloned()))
    }
}

/// What a client shows, in the header or in the body and not in both.
pub(in crate::api) fn client_credentials(
    request: &Request,
    fields: ClientFields,
) -> Result<ClientCredentials, oauth::Error> {
    let refuse = |reason: &str| oauth::Error::InvalidRequest(reason.to_owned());
    let in_body = ClientCredentials {
        client_id: fields.client_id,
        client_secret: fields.client_secret.map(|secret| secret.0),
        assertion: fields.client_assertion.map(|assertion| assertion.0),
    };
    match fields.client_assertion_type.as_deref() {
        Some(ASSERTION_TYPE) if in_body.assertion.is_some() => {}
        None if in_body.assertion.is_none() => {}
        _ => {
            let reason =
                format!("client_assertion goes with client_assertion_type={ASSERTION_TYPE}");
            return Err(oauth::Error::InvalidRequest(reason));
        }
    }
    let mut headers = request.headers().get_all(header::AUTHORIZATION).iter();
    let Some(value) = headers.next() else {
        return Ok(in_body);
    };
    if headers.next().is_some() {
        return Err(refuse("there are two Authorization headers"));
    }
    let (id, secret) = value
        .to_str()
        .ok()
        .and_then(basic)
        .ok_or(ClientRefused::Unreadable)?;
    let is_twice = in_body.client_secret.is_some()
        || in_body.assertion.is_some()
        || in_body.client_id.is_some_and(|in_body| in_body != id);
    if is_twice {
        return Err(refuse("the client is named in the header and in the body"));
    }
    Ok(ClientCredentials {
        client_id: Some(id),
        client_secret: Some(secret),
        assertion: None,
    })
}

/// `Basic` with id and secret, each form-encoded (RFC 6749 §2.3.1).
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let decode = |text: &str| crate::api::plumbing::form::decode(text.as_bytes()).ok();
    Some((decode(id)?, decode(secret)?))
}
