//! Clients that register themselves (RFC 7591) and manage that (RFC 7592).

mod declared;
mod objects;
mod refused;

use std::{sync::Arc, time::Duration};

use poem::Request;
use poem_openapi::{ApiResponse, OpenApi, param::Path, payload::Json};

use crate::{
    address::client_address,
    api::plumbing::{
        access::Auth, body::Body, done::Done, form::OAuthJson, problem::Failure, tag::Tag,
    },
    authority::Authority,
    builtin_scope::BuiltinScope,
    guard::{Denied, bearer_token},
    oauth::{self, OwnNames, Registered},
};
use declared::{WithToken, WithTokenOrOpen};
use objects::{ClientMetadata, RegisteredClient, RegistrationToken, RegistrationTokenCreate};
use refused::NotRegistered;

pub(in crate::api) struct RegistrationApi(pub Arc<Authority>);

#[derive(ApiResponse)]
enum ClientRegistered {
    /// The client is registered.
    #[oai(status = 201)]
    Registered(
        Json<RegisteredClient>,
        /// Answers must not be cached.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

#[derive(ApiResponse)]
enum RegistrationAnswer {
    /// The client as it is registered now.
    #[oai(status = 200)]
    Registered(
        Json<RegisteredClient>,
        /// Answers must not be cached.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

#[derive(ApiResponse)]
enum RegistrationTokenCreated {
    /// The token was made.
    #[oai(status = 201)]
    Created(Json<RegistrationToken>),
}

const DEFAULT_LIFE: u32 = 30 * 24 * 60 * 60;

#[OpenApi(tag = "Tag::Clients")]
impl RegistrationApi {
    /// Register a client
    ///
    /// A program registers itself (RFC 7591), if the setting `registration` allows it: with an
    /// initial access token, or open to all. It can use the authorization code flow, users are
    /// always asked for consent, and it may not ask for scopes that administer this server. A
    /// client that is never used is removed after a day.
    #[oai(path = "/register", method = "post", operation_id = "registerClient")]
    async fn register_client(
        &self,
        _token: WithTokenOrOpen,
        request: &Request,
        metadata: OAuthJson<ClientMetadata>,
    ) -> Result<ClientRegistered, NotRegistered> {
        let presented = presented(request);
        let address = client_address(request, &self.0.config.trusted_proxies);
        let metadata = metadata.0.into();
        let (registered, token) = oauth::register(&self.0, presented, address, metadata).await?;
        Ok(ClientRegistered::Registered(
            self.answer(registered, token.expose()),
            "no-store".to_owned(),
        ))
    }

    /// Read a registration
    ///
    /// For the client that registered itself (RFC 7592 §2.1). A secret is not shown
    /// again.
    #[oai(
        path = "/register/:client_id",
        method = "get",
        operation_id = "getRegistration"
    )]
    async fn get_registration(
        &self,
        _token: WithToken,
        request: &Request,
        /// The client's id.
        client_id: Path<String>,
    ) -> Result<RegistrationAnswer, NotRegistered> {
        let token = required(request)?;
        let client = oauth::registration(&self.0, &client_id.0, token).await?;
        let registered = Registered {
            client,
            secret: None,
        };
        Ok(self.answered(registered, token))
    }

    /// Replace a registration
    ///
    /// All metadata at once, `client_id` included (RFC 7592 §2.2). The client may ask
    /// for no scope that it could not ask for before.
    #[oai(
        path = "/register/:client_id",
        method = "put",
        operation_id = "replaceRegistration"
    )]
    async fn replace_registration(
        &self,
        _token: WithToken,
        request: &Request,
        /// The client's id.
        client_id: Path<String>,
        metadata: OAuthJson<ClientMetadata>,
    ) -> Result<RegistrationAnswer, NotRegistered> {
        let token = required(request)?;
        let mut metadata = metadata.0;
        let own = OwnNames {
            client_id: metadata.client_id.take(),
            client_secret: metadata.client_secret.take().map(|secret| secret.0),
        };
        let (id, metadata) = (&client_id.0, metadata.into());
        let registered = oauth::change_registration(&self.0, id, token, &own, metadata).await?;
        Ok(self.answered(registered, token))
    }

    /// Remove a registration
    ///
    /// Ends all tokens that were issued to the client (RFC 7592 §2.3).
    #[oai(
        path = "/register/:client_id",
        method = "delete",
        operation_id = "deleteRegistration"
    )]
    async fn delete_registration(
        &self,
        _token: WithToken,
        request: &Request,
        /// The client's id.
        client_id: Path<String>,
    ) -> Result<Done, NotRegistered> {
        let token = required(request)?;
        oauth::remove_registration(&self.0, &client_id.0, token).await?;
        Ok(Done::Done)
    }

    /// Make a registration token
    ///
    /// An initial access token (RFC 7591 §3), for programs that register themselves
    /// where the setting `registration` is `token`. It is shown only once.
    #[oai(
        path = "/registration-tokens",
        method = "post",
        operation_id = "createRegistrationToken"
    )]
    async fn create_registration_token(
        &self,
        #[oai(scope = "BuiltinScope::ClientsWrite")] auth: Auth,
        token: Body<RegistrationTokenCreate>,
    ) -> Result<RegistrationTokenCreated, Failure<422>> {
        let actor = auth.actor(&self.0).await?;
        let seconds = u64::from(token.0.expires_in.unwrap_or(DEFAULT_LIFE));
        let life = Duration::from_secs(seconds);
        let token = oauth::registration_token(&self.0, &actor, life).await?;
        Ok(RegistrationTokenCreated::Created(Json(RegistrationToken {
            registration_token: token.expose().to_owned(),
            expires_in: seconds,
        })))
    }

    /// Revoke all registration tokens
    ///
    /// Clients that have registered with them stay registered.
    #[oai(
        path = "/registration-tokens",
        method = "delete",
        operation_id = "deleteRegistrationTokens"
    )]
    async fn delete_registration_tokens(
        &self,
        #[oai(scope = "BuiltinScope::ClientsWrite")] auth: Auth,
    ) -> Result<Done, Failure<403>> {
        let actor = auth.actor(&self.0).await?;
        oauth::end_registration_tokens(&self.0, &actor).await?;
        Ok(Done::Done)
    }
}

impl RegistrationApi {
    fn answer(&self, registered: Registered, token: &str) -> Json<RegisteredClient> {
        Json(RegisteredClient::new(
            &self.0.config.issuer,
            registered,
            token,
        ))
    }

    fn answered(&self, registered: Registered, token: &str) -> RegistrationAnswer {
        RegistrationAnswer::Registered(self.answer(registered, token), "no-store".to_owned())
    }
}

/// The registration token of a request; an unreadable header is one that is not valid.
fn presented(request: &Request) -> Option<&str> {
    match bearer_token(request.headers()) {
        Ok(token) => Some(token),
        Err(Denied::NoToken) => None,
        Err(_) => Some(""),
    }
}

fn required(request: &Request) -> Result<&str, oauth::Error> {
    presented(request).ok_or(oauth::Error::RegistrationToken { is_given: false })
}
