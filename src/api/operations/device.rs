//! Where devices begin (RFC 8628 §3.1).

use std::sync::Arc;

use poem::Request;
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    payload::Json,
    types::{Example, Password as Hidden},
};

use crate::api::plumbing::tag::Tag;
use crate::api::plumbing::{
    client_auth::{ClientFields, client_credentials},
    form::OAuthForm,
    refusal::Refusal,
};
use crate::{
    authority::Authority,
    client::Client,
    guard::OptionalClient,
    oauth::{self, DEVICE_CODE_LIFE, DEVICE_PACE, DeviceAuthorization, DeviceRequest},
};

pub(in crate::api) struct DeviceApi(pub Arc<Authority>);

/// What a device asks for.
#[derive(Object, Default)]
#[oai(example, skip_serializing_if_is_none, skip_serializing_if_is_empty)]
struct DeviceForm {
    /// The requested scopes, separated by spaces.
    scope: Option<String>,
    /// The API that the token is for (RFC 8707), if not this server. May be repeated.
    #[oai(default)]
    resource: Vec<String>,
    /// The client's id, if it is not in the `Authorization` header.
    client_id: Option<String>,
    /// The client's secret, if it is not in the `Authorization` header.
    client_secret: Option<Hidden>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, with
    /// `client_assertion`.
    client_assertion_type: Option<String>,
    /// A JWT that the client signed (RFC 7523), instead of a secret.
    client_assertion: Option<Hidden>,
}

impl Example for DeviceForm {
    fn example() -> Self {
        Self {
            scope: Some("items me".to_owned()),
            client_id: Some(Client::BUILTIN.to_owned()),
            ..Self::default()
        }
    }
}

/// What a device shows its user, and the code that it asks for the token with (RFC 8628 §3.2).
#[derive(Object)]
#[oai(example)]
struct DeviceAnswer {
    /// What the device asks `/token` with: a secret of the device.
    device_code: String,
    /// The code for the user to type in.
    user_code: String,
    /// Where the user types the code in.
    verification_uri: String,
    /// The same with the code filled in, to be shown as a QR code.
    verification_uri_complete: String,
    /// For how many seconds the codes are valid.
    expires_in: u64,
    /// How many seconds to wait between two requests.
    interval: i64,
}

impl Example for DeviceAnswer {
    fn example() -> Self {
        Self::new("https://login.example", "sgd_…", "BCDF-GHJK")
    }
}

impl DeviceAnswer {
    fn new(issuer: &str, device_code: &str, user_code: &str) -> Self {
        Self {
            device_code: device_code.to_owned(),
            user_code: user_code.to_owned(),
            verification_uri: format!("{issuer}/device"),
            verification_uri_complete: format!("{issuer}/device?user_code={user_code}"),
            expires_in: DEVICE_CODE_LIFE,
            interval: DEVICE_PACE,
        }
    }
}

#[derive(ApiResponse)]
enum DeviceAnswered {
    /// The codes.
    #[oai(status = 200)]
    Begun(
        Json<DeviceAnswer>,
        /// Answers must not be cached.
        #[oai(header = "Cache-Control")]
        String,
        /// The same for old caches.
        #[oai(header = "Pragma")]
        String,
    ),
}

#[OpenApi(tag = "Tag::OAuth")]
impl DeviceApi {
    /// Start the device flow
    ///
    /// For devices without a keyboard or a browser (RFC 8628). The device shows the code and the
    /// address, polls `/token` with the grant `urn:ietf:params:oauth:grant-type:device_code`, and
    /// gets its token once the user has approved.
    #[oai(
        path = "/device_authorization",
        method = "post",
        operation_id = "beginDeviceAuthorization"
    )]
    async fn begin_device_authorization(
        &self,
        _client: OptionalClient,
        request: &Request,
        form: OAuthForm<DeviceForm>,
    ) -> Result<DeviceAnswered, Refusal> {
        let form = form.0;
        let fields = ClientFields {
            client_id: form.client_id,
            client_secret: form.client_secret,
            client_assertion_type: form.client_assertion_type,
            client_assertion: form.client_assertion,
        };
        let asked = DeviceRequest {
            scope: form.scope,
            resources: form.resource,
            client: client_credentials(request, fields)?,
        };
        let DeviceAuthorization {
            device_code,
            user_code,
        } = oauth::begin_device(&self.0, asked).await?;
        let issuer = &self.0.config.issuer;
        let answer = DeviceAnswer::new(issuer, device_code.expose(), &user_code);
        let (cache_control, pragma) = ("no-store".to_owned(), "no-cache".to_owned());
        Ok(DeviceAnswered::Begun(Json(answer), cache_control, pragma))
    }
}
