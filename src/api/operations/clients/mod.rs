//! Administration of OAuth clients.

pub(in crate::api) mod objects;

use std::{collections::BTreeSet, sync::Arc};

use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use uuid::Uuid;

use self::objects::{
    AuthenticationMethod, Client, ClientCreate, ClientSecret, ClientUpdate, CreatedClient, Grant,
};
use super::users::scopes;
use crate::api::plumbing::done::Done;
use crate::api::plumbing::{
    access::Auth,
    body::Body,
    page::{Limit, Page, Window},
    problem::Failure,
    tag::{Tag, path_segment},
};
use crate::{
    authority::Authority,
    builtin_scope::BuiltinScope,
    client::{self, GrantType},
    clients::{self, ClientPatch, NewAuthentication, NewClient, Redirection},
};

pub(in crate::api) struct ClientsApi(pub Arc<Authority>);

#[derive(ApiResponse)]
enum ClientCreated {
    /// The client was added.
    #[oai(status = 201)]
    Created(
        Json<CreatedClient>,
        /// The path of the new client.
        #[oai(header = "Location")]
        String,
    ),
}

#[OpenApi(tag = "Tag::Clients")]
impl ClientsApi {
    /// List clients
    ///
    /// By id, in pages.
    #[oai(path = "/clients", method = "get", operation_id = "listClients")]
    async fn list_clients(
        &self,
        #[oai(scope = "BuiltinScope::ClientsRead")] _auth: Auth,
        /// The `next_cursor` of the previous page.
        cursor: Query<Option<String>>,
        /// How many entries the page may have: 1 to 200; 50 by default.
        limit: Query<Option<Limit>>,
    ) -> Result<Json<Page<Client>>, Failure<422>> {
        let window = Window::parse(cursor.0, limit.0)?;
        let shown = clients::list(&self.0)
            .await?
            .into_iter()
            .filter(|client| client.id > window.after)
            .take(window.limit as usize + 1)
            .collect();
        Ok(Json(window.page(
            shown,
            |client: &client::Client| &client.id,
            Client::from,
        )))
    }

    /// Add a client
    ///
    /// The secret of a confidential client is shown only once. You can give only
    /// scopes that you may hold yourself.
    #[oai(path = "/clients", method = "post", operation_id = "createClient")]
    async fn create_client(
        &self,
        #[oai(scope = "BuiltinScope::ClientsWrite")] auth: Auth,
        client: Body<ClientCreate>,
    ) -> Result<ClientCreated, Failure<409>> {
        let actor = auth.actor(&self.0).await?;
        let new = client.0;
        let method = new
            .token_endpoint_auth_method
            .unwrap_or(AuthenticationMethod::Secret);
        let client = NewClient {
            id: new.client_id.unwrap_or_else(|| Uuid::now_v7().to_string()),
            name: new.client_name,
            authentication: match method {
                AuthenticationMethod::None => NewAuthentication::None,
                AuthenticationMethod::Secret => NewAuthentication::Secret,
                AuthenticationMethod::PrivateKey => {
                    NewAuthentication::PrivateKey(new.jwks.unwrap_or_default())
                }
            },
            grants: grants(new.grant_types),
            scopes: scopes(&new.scopes)?,
            default_scopes: scopes(&new.default_scopes)?,
            audiences: new.audiences,
            redirection: Redirection {
                application_type: new.application_type.map(Into::into).unwrap_or_default(),
                redirect_uris: new.redirect_uris,
                post_logout_redirect_uris: new.post_logout_redirect_uris,
                first_party: new.first_party,
            },
            registration: None,
        };
        let (client, secret) = clients::add(&self.0, &actor, client).await?;
        let location = format!("/clients/{}", path_segment(&client.id));
        let added = CreatedClient {
            client: client.into(),
            client_secret: secret.map(|secret| secret.expose().to_owned()),
        };
        Ok(ClientCreated::Created(Json(added), location))
    }

    /// Read a client
    ///
    /// By its id, without its secret.
    #[oai(
        path = "/clients/:client_id",
        method = "get",
        operation_id = "getClient"
    )]
    async fn get_client(
        &self,
        #[oai(scope = "BuiltinScope::ClientsRead")] _auth: Auth,
        /// The client's id.
        client_id: Path<String>,
    ) -> Result<Json<Client>, Failure<404>> {
        Ok(Json(clients::find(&self.0, &client_id.0).await?.into()))
    }

    /// Change a client
    ///
    /// Changes apply from the next request on, also to tokens already issued.
    #[oai(
        path = "/clients/:client_id",
        method = "patch",
        operation_id = "updateClient"
    )]
    async fn update_client(
        &self,
        #[oai(scope = "BuiltinScope::ClientsWrite")] auth: Auth,
        /// The client's id.
        client_id: Path<String>,
        patch: Body<ClientUpdate>,
    ) -> Result<Json<Client>, Failure<404>> {
        let actor = auth.actor(&self.0).await?;
        let patch = ClientPatch {
            name: patch.0.client_name,
            grants: patch.0.grant_types.map(grants),
            scopes: patch.0.scopes.as_deref().map(scopes).transpose()?,
            default_scopes: patch.0.default_scopes.as_deref().map(scopes).transpose()?,
            audiences: patch.0.audiences,
            application_type: patch.0.application_type.map(Into::into),
            redirect_uris: patch.0.redirect_uris,
            post_logout_redirect_uris: patch.0.post_logout_redirect_uris,
            first_party: patch.0.first_party,
            disabled: patch.0.disabled,
        };
        let client = clients::change(&self.0, &actor, &client_id.0, patch).await?;
        Ok(Json(client.into()))
    }

    /// Rotate a client's secret
    ///
    /// The old one is refused from now on; the new one is shown only once.
    #[oai(
        path = "/clients/:client_id/secret",
        method = "post",
        operation_id = "rotateClientSecret"
    )]
    async fn rotate_client_secret(
        &self,
        #[oai(scope = "BuiltinScope::ClientsWrite")] auth: Auth,
        /// The client's id.
        client_id: Path<String>,
    ) -> Result<Json<ClientSecret>, Failure<404, 409>> {
        let actor = auth.actor(&self.0).await?;
        let secret = clients::rotate_secret(&self.0, &actor, &client_id.0).await?;
        Ok(Json(ClientSecret {
            client_id: client_id.0,
            client_secret: secret.expose().to_owned(),
        }))
    }

    /// Remove a client
    ///
    /// Ends all tokens that were issued to it.
    #[oai(
        path = "/clients/:client_id",
        method = "delete",
        operation_id = "deleteClient"
    )]
    async fn delete_client(
        &self,
        #[oai(scope = "BuiltinScope::ClientsWrite")] auth: Auth,
        /// The client's id.
        client_id: Path<String>,
    ) -> Result<Done, Failure<404>> {
        let actor = auth.actor(&self.0).await?;
        clients::remove(&self.0, &actor, &client_id.0).await?;
        Ok(Done::Done)
    }
}

fn grants(grants: Vec<Grant>) -> BTreeSet<GrantType> {
    grants.into_iter().map(GrantType::from).collect()
}
