//! Administration of OAuth clients.

use std::{collections::BTreeSet, sync::Arc};

use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};
use uuid::Uuid;

use super::{
    access::Auth,
    body::{Body, Rule, Rules},
    document::{Tag, path_segment},
    me::Done,
    page::{Page, Window},
    problem::Failure,
    users::scopes,
};
use crate::{
    accounts::{self, BuiltinScope, ClientPatch, NewAuthentication, NewClient, fields},
    authority::Authority,
    client::{self, Authentication, GrantType},
};

pub(super) struct ClientsApi(pub Arc<Authority>);

/// How a client authenticates (RFC 7591 §2).
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
enum AuthenticationMethod {
    /// A public client.
    #[oai(rename = "none")]
    None,
    /// By a secret, in the header or in the body.
    #[oai(rename = "client_secret_basic")]
    Secret,
    /// By assertions that it signs (RFC 7523).
    #[oai(rename = "private_key_jwt")]
    PrivateKey,
}

/// A grant that a client may use.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
enum Grant {
    #[oai(rename = "password")]
    Password,
    #[oai(rename = "refresh_token")]
    RefreshToken,
    #[oai(rename = "client_credentials")]
    ClientCredentials,
    #[oai(rename = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
}

impl From<Grant> for GrantType {
    fn from(grant: Grant) -> Self {
        match grant {
            Grant::Password => Self::Password,
            Grant::RefreshToken => Self::RefreshToken,
            Grant::ClientCredentials => Self::ClientCredentials,
            Grant::TokenExchange => Self::TokenExchange,
        }
    }
}

impl From<GrantType> for Grant {
    fn from(grant: GrantType) -> Self {
        match grant {
            GrantType::Password => Self::Password,
            GrantType::RefreshToken => Self::RefreshToken,
            GrantType::ClientCredentials => Self::ClientCredentials,
            GrantType::TokenExchange => Self::TokenExchange,
        }
    }
}

/// An OAuth client.
#[derive(Object)]
#[oai(example)]
struct Client {
    /// What it names itself by.
    client_id: String,
    /// What people are shown.
    client_name: String,
    /// How it authenticates.
    token_endpoint_auth_method: AuthenticationMethod,
    /// The grants that it may use.
    grant_types: Vec<Grant>,
    /// The scopes that it may ask for, sorted.
    scopes: Vec<String>,
    /// The scopes that it gets where it asks for none, sorted.
    default_scopes: Vec<String>,
    /// The audiences that it may ask tokens for beside this server's, and whose
    /// tokens it may introspect.
    audiences: Vec<String>,
    /// Whether it is refused, and the tokens that it was given.
    disabled: bool,
}

impl Example for Client {
    fn example() -> Self {
        Self {
            client_id: "billing".to_owned(),
            client_name: "Billing".to_owned(),
            token_endpoint_auth_method: AuthenticationMethod::Secret,
            grant_types: vec![Grant::ClientCredentials],
            scopes: vec!["items".to_owned()],
            default_scopes: Vec::new(),
            audiences: Vec::new(),
            disabled: false,
        }
    }
}

impl From<client::Client> for Client {
    fn from(client: client::Client) -> Self {
        Self {
            token_endpoint_auth_method: match client.authentication {
                Authentication::None => AuthenticationMethod::None,
                Authentication::Secret(_) => AuthenticationMethod::Secret,
                Authentication::PrivateKey(_) => AuthenticationMethod::PrivateKey,
            },
            client_id: client.id,
            client_name: client.name,
            grant_types: client.grants.into_iter().map(Grant::from).collect(),
            scopes: client.scopes.to_strings(),
            default_scopes: client.default_scopes.to_strings(),
            audiences: client.audiences,
            disabled: client.disabled,
        }
    }
}

/// A client to be added.
#[derive(Object)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
struct ClientCreate {
    /// What it is to name itself by; made up if left out.
    #[oai(validator(min_length = 1, max_length = 255))]
    client_id: Option<String>,
    /// What people are shown.
    #[oai(validator(min_length = 1, max_length = 255))]
    client_name: String,
    /// How it authenticates: `client_secret_basic` if left out.
    token_endpoint_auth_method: Option<AuthenticationMethod>,
    /// Its public keys as a JWK set in JSON, for `private_key_jwt`.
    jwks: Option<String>,
    /// The grants that it may use.
    grant_types: Vec<Grant>,
    /// The scopes that it may ask for.
    #[oai(default)]
    scopes: Vec<String>,
    /// The scopes that it gets where it asks for none.
    #[oai(default)]
    default_scopes: Vec<String>,
    /// The audiences that it may ask tokens for beside this server's.
    #[oai(default)]
    audiences: Vec<String>,
}

impl Example for ClientCreate {
    fn example() -> Self {
        Self {
            client_id: Some("billing".to_owned()),
            client_name: "Billing".to_owned(),
            token_endpoint_auth_method: Some(AuthenticationMethod::Secret),
            jwks: None,
            grant_types: vec![Grant::ClientCredentials],
            scopes: vec!["items".to_owned()],
            default_scopes: Vec::new(),
            audiences: Vec::new(),
        }
    }
}

impl Rules for ClientCreate {
    const RULES: &'static [(&'static str, Rule)] = &[
        ("client_id", fields::client_id),
        ("client_name", fields::full_name),
        ("scopes", fields::scope),
        ("default_scopes", fields::scope),
        ("audiences", fields::audience),
    ];
}

/// What to change of a client. A field that is left out stays as it is.
#[derive(Object)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
struct ClientUpdate {
    /// What people are shown.
    #[oai(validator(min_length = 1, max_length = 255))]
    client_name: Option<String>,
    /// The grants that it may use: all of them, not further ones.
    grant_types: Option<Vec<Grant>>,
    /// The scopes that it may ask for: all of them.
    scopes: Option<Vec<String>>,
    /// The scopes that it gets where it asks for none: all of them.
    default_scopes: Option<Vec<String>>,
    /// The audiences that it may ask tokens for: all of them.
    audiences: Option<Vec<String>>,
    /// Whether it is refused, and the tokens that it was given.
    disabled: Option<bool>,
}

impl Example for ClientUpdate {
    fn example() -> Self {
        Self {
            client_name: None,
            grant_types: None,
            scopes: Some(vec!["items".to_owned()]),
            default_scopes: None,
            audiences: None,
            disabled: Some(false),
        }
    }
}

impl Rules for ClientUpdate {
    const RULES: &'static [(&'static str, Rule)] = ClientCreate::RULES;
}

/// A client's secret, shown this once.
#[derive(Object)]
#[oai(example)]
struct ClientSecret {
    /// What the client names itself by.
    client_id: String,
    /// What it shows to authenticate.
    client_secret: String,
}

impl Example for ClientSecret {
    fn example() -> Self {
        Self {
            client_id: "billing".to_owned(),
            client_secret: "sgc_…".to_owned(),
        }
    }
}

/// A client that was added.
#[derive(Object)]
#[oai(example, skip_serializing_if_is_none)]
struct NewlyAdded {
    /// The client.
    #[oai(flatten)]
    client: Client,
    /// Its secret, if it has one: shown this once.
    client_secret: Option<String>,
}

impl Example for NewlyAdded {
    fn example() -> Self {
        Self {
            client: Client::example(),
            client_secret: Some("sgc_…".to_owned()),
        }
    }
}

#[derive(ApiResponse)]
enum ClientCreated {
    /// The client was added.
    #[oai(status = 201)]
    Created(
        Json<NewlyAdded>,
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
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// How many entries the page may have: 1 to 200, 50 if not said.
        limit: Query<Option<u32>>,
    ) -> Result<Json<Page<Client>>, Failure<422>> {
        let window = Window::parse(cursor.0, limit.0)?;
        let shown = accounts::clients(&self.0)
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
    /// The secret of a confidential client is shown this once. You can give only
    /// scopes that you may hold yourself.
    #[oai(path = "/clients", method = "post", operation_id = "createClient")]
    async fn create_client(
        &self,
        #[oai(scope = "BuiltinScope::ClientsWrite")] auth: Auth,
        client: Body<ClientCreate>,
    ) -> Result<ClientCreated, Failure<409>> {
        let grantor = auth.grantor(&self.0).await?;
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
        };
        let (client, secret) = accounts::add_client(&self.0, client, &grantor).await?;
        let location = format!("/clients/{}", path_segment(&client.id));
        let added = NewlyAdded {
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
        Ok(Json(accounts::client(&self.0, &client_id.0).await?.into()))
    }

    /// Change a client
    ///
    /// What is changed is in force at the next request, for the tokens that are
    /// out as well.
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
        let grantor = auth.grantor(&self.0).await?;
        let patch = ClientPatch {
            name: patch.0.client_name,
            grants: patch.0.grant_types.map(grants),
            scopes: patch.0.scopes.as_deref().map(scopes).transpose()?,
            default_scopes: patch.0.default_scopes.as_deref().map(scopes).transpose()?,
            audiences: patch.0.audiences,
            disabled: patch.0.disabled,
        };
        let client = accounts::change_client(&self.0, &client_id.0, patch, &grantor).await?;
        Ok(Json(client.into()))
    }

    /// Give a client another secret
    ///
    /// The one that it has is refused from now on; the new one is shown this once.
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
        let grantor = auth.grantor(&self.0).await?;
        let secret = accounts::rotate_secret(&self.0, &client_id.0, &grantor).await?;
        Ok(Json(ClientSecret {
            client_id: client_id.0,
            client_secret: secret.expose().to_owned(),
        }))
    }

    /// Remove a client
    ///
    /// Ends all tokens that it was given.
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
        let grantor = auth.grantor(&self.0).await?;
        accounts::remove_client(&self.0, &client_id.0, &grantor).await?;
        Ok(Done::Done)
    }
}

fn grants(grants: Vec<Grant>) -> BTreeSet<GrantType> {
    grants.into_iter().map(GrantType::from).collect()
}
