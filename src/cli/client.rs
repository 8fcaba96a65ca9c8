//! `scopegate client`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use scopegate::{
    actor::Actor,
    authority::Authority,
    client::{Client, GrantType},
    clients::{self, ClientPatch, NewAuthentication, NewClient, Redirection},
    opaque::Opaque,
    redirect_uri::{ApplicationType, RedirectUri},
    scope::{Scope, ScopeError, ScopeSet},
    text,
};
use serde_json::{Value, json};

use super::{
    Outcome, Settings, block_on,
    output::{self, line, plain},
    registration_token::RegistrationToken,
};

/// OAuth clients: third parties and programs that ask for tokens
#[derive(Subcommand)]
#[command(
    after_help = "Examples:\n  scopegate client add billing --scope users:read\n  scopegate client show billing"
)]
pub enum ClientCommand {
    Add(Add),
    List(List),
    Show(Show),
    Set(Set),
    RotateSecret(RotateSecret),
    Remove(Remove),
    RegistrationToken(RegistrationToken),
}

/// Add a client
///
/// A confidential client gets a secret, which is shown only once and stored hashed.
#[derive(Args)]
#[command(
    after_help = "Example:\n  scopegate client add billing --grant client_credentials --scope items"
)]
pub struct Add {
    /// Its `client_id`
    id: String,
    /// The name that people see [default: the id]
    #[arg(long)]
    name: Option<String>,
    /// A grant that it may use: authorization_code, refresh_token, client_credentials, device_code,
    /// token-exchange or password; may be repeated [default: authorization_code and refresh_token
    /// with a redirect URI, else client_credentials, or none for a public client]
    #[arg(long, value_name = "GRANT")]
    grant: Vec<GrantType>,
    /// A scope that it may ask for; may be repeated
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<Scope>,
    /// A scope that it gets if it asks for none; may be repeated
    #[arg(long, value_name = "SCOPE")]
    default_scope: Vec<Scope>,
    /// An audience that it may ask tokens for, and whose tokens it may introspect; may be repeated
    #[arg(long = "audience", id = "client-audience", value_name = "URI")]
    audience: Vec<String>,
    /// A redirect URI for authorization codes; may be repeated
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// A URI to which a logout that it requested may return; may be repeated
    #[arg(long, value_name = "URI")]
    post_logout_redirect_uri: Vec<String>,
    /// It runs on the user's device: loopback redirect URIs match any port, and it may have a URI
    /// scheme of its own
    #[arg(long)]
    native: bool,
    /// It is first-party: users are not asked for consent
    #[arg(long)]
    first_party: bool,
    /// A public client: it has no secret
    #[arg(long, conflicts_with = "jwks")]
    public: bool,
    /// A file with its public keys as a JWK set: it signs assertions instead of sending a secret
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// Print the client and its secret as JSON
    #[arg(long)]
    json: bool,
}

/// List clients by id
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate client list --json")]
pub struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Show a client
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate client show billing")]
pub struct Show {
    /// The client's id
    id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Rotate a client's secret: the old one is refused from now on
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate client rotate-secret billing")]
pub struct RotateSecret {
    /// The client's id
    id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Remove a client and revoke every token issued to it
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate client remove billing")]
pub struct Remove {
    /// The client's id
    id: String,
}

/// Change a client
///
/// Options that are given replace the old values, lists as a whole; all else stays. An empty value
/// clears a list.
#[derive(Args)]
#[command(
    after_help = "Example:\n  scopegate client set app --redirect-uri https://app.example/back"
)]
pub struct Set {
    /// The client's id
    id: String,
    /// What people are shown
    #[arg(long)]
    name: Option<String>,
    /// A grant that it may use; may be repeated
    #[arg(long, value_name = "GRANT")]
    grant: Option<Vec<GrantType>>,
    /// A scope that it may ask for; may be repeated
    #[arg(long, value_name = "SCOPE")]
    scope: Option<Vec<String>>,
    /// A scope that it gets if it asks for none; may be repeated
    #[arg(long, value_name = "SCOPE")]
    default_scope: Option<Vec<String>>,
    /// An audience that it may ask tokens for, and whose tokens it may introspect; may be repeated
    #[arg(long = "audience", id = "client-audience", value_name = "URI")]
    audience: Option<Vec<String>>,
    /// A redirect URI for authorization codes; may be repeated
    #[arg(long, value_name = "URI")]
    redirect_uri: Option<Vec<String>>,
    /// A URI to which a logout that it requested may return; may be repeated
    #[arg(long, value_name = "URI")]
    post_logout_redirect_uri: Option<Vec<String>>,
    /// Whether it runs on the user's device
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    native: Option<bool>,
    /// Whether it is first-party: users are not asked for consent
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    first_party: Option<bool>,
    /// Whether its tokens and its secret are refused
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    disabled: Option<bool>,
}

impl Set {
    async fn run(self, authority: &Authority) -> Outcome {
        let listed = |list: Option<Vec<String>>| {
            list.map(|list| list.into_iter().filter(|text| !text.is_empty()).collect())
        };
        let scopes = |list: Option<Vec<String>>| -> Result<Option<ScopeSet>, ScopeError> {
            let list: Option<Vec<String>> = listed(list);
            let parse = |list: Vec<String>| list.iter().map(|text| Scope::parse(text)).collect();
            list.map(parse).transpose()
        };
        let patch = ClientPatch {
            name: self.name,
            grants: self.grant.map(|grants| grants.into_iter().collect()),
            scopes: scopes(self.scope)?,
            default_scopes: scopes(self.default_scope)?,
            audiences: listed(self.audience),
            application_type: self.native.map(|native| match native {
                true => ApplicationType::Native,
                false => ApplicationType::Web,
            }),
            redirect_uris: listed(self.redirect_uri),
            post_logout_redirect_uris: listed(self.post_logout_redirect_uri),
            first_party: self.first_party,
            disabled: self.disabled,
        };
        let client = clients::change(authority, &Actor::operator(), &self.id, patch).await?;
        print_one(&client);
        Ok(())
    }
}

impl ClientCommand {
    pub fn run(self, settings: Settings) -> Outcome {
        let config = settings.check()?;
        block_on(async {
            let authority = Authority::open(config).await?;
            match self {
                Self::Add(add) => add.run(&authority).await,
                Self::List(list) => {
                    print(&clients::list(&authority).await?, list.json);
                    Ok(())
                }
                Self::Show(show) => {
                    let client = clients::find(&authority, &show.id).await?;
                    match show.json {
                        true => output::json(&as_json(&client)),
                        false => print_one(&client),
                    }
                    Ok(())
                }
                Self::Set(set) => set.run(&authority).await,
                Self::RotateSecret(rotate) => {
                    let secret =
                        clients::rotate_secret(&authority, &Actor::operator(), &rotate.id).await?;
                    match rotate.json {
                        true => output::json(
                            &json!({"client_id": rotate.id, "client_secret": secret.expose()}),
                        ),
                        false => print_secret(&secret),
                    }
                    output::check().map_err(|error| {
                        format!(
                            "the new secret was not written ({error}), and the old one is refused: \
                             run rotate-secret again"
                        )
                    })?;
                    Ok(())
                }
                Self::RegistrationToken(token) => token.run(&authority).await,
                Self::Remove(remove) => {
                    clients::remove(&authority, &Actor::operator(), &remove.id).await?;
                    line!("removed client {}", remove.id);
                    Ok(())
                }
            }
        })
    }
}

impl Add {
    async fn run(self, authority: &Authority) -> Outcome {
        let authentication = match &self.jwks {
            Some(path) => {
                let jwks = text::read_file(path)
                    .map_err(|error| format!("{}: {error}", path.display()))?;
                NewAuthentication::PrivateKey(jwks)
            }
            None if self.public => NewAuthentication::None,
            None => NewAuthentication::Secret,
        };
        let mut grants: std::collections::BTreeSet<_> = self.grant.into_iter().collect();
        if grants.is_empty() && !self.redirect_uri.is_empty() {
            grants.extend([GrantType::AuthorizationCode, GrantType::RefreshToken]);
        }
        if grants.is_empty() && !self.public {
            grants.insert(GrantType::ClientCredentials);
        }
        let client = NewClient {
            name: self.name.unwrap_or_else(|| self.id.clone()),
            id: self.id,
            authentication,
            grants,
            scopes: self.scope.into_iter().collect(),
            default_scopes: self.default_scope.into_iter().collect(),
            audiences: self.audience,
            redirection: Redirection {
                application_type: match self.native {
                    true => ApplicationType::Native,
                    false => ApplicationType::Web,
                },
                redirect_uris: self.redirect_uri,
                post_logout_redirect_uris: self.post_logout_redirect_uri,
                first_party: self.first_party,
            },
            registration: None,
        };
        let (client, secret) = clients::add(authority, &Actor::operator(), client).await?;
        if self.json {
            let mut shown = as_json(&client);
            if let Some(secret) = secret {
                shown["client_secret"] = Value::from(secret.expose());
            }
            output::json(&shown);
        } else {
            line!("added client {}", client.id);
            if let Some(secret) = secret {
                print_secret(&secret);
            }
            if client.scopes.is_empty() {
                eprintln!(
                    "note: its tokens can do nothing, since it may ask for no scope: scopegate \
                     client set {} --scope SCOPE [--default-scope SCOPE]",
                    client.id
                );
            }
        }
        if let Err(error) = output::check() {
            clients::remove(authority, &Actor::operator(), &client.id).await?;
            let reason =
                format!("the client was not added, since its secret could not be written: {error}");
            return Err(reason.into());
        }
        Ok(())
    }
}

fn print_secret(secret: &Opaque) {
    line!("secret, shown only once: {}", secret.expose());
}

fn print(clients: &[Client], json: bool) {
    if json {
        output::json(&clients.iter().map(as_json).collect());
        return;
    }
    let as_row = |client: &Client| {
        vec![
            client.id.clone(),
            plain(&client.name),
            client.authentication.name().to_owned(),
            client.scopes.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = clients.iter().map(as_row).collect();
    output::table(&["client", "name", "authentication", "scopes"], &rows);
}

fn print_one(client: &Client) {
    let grants: Vec<&str> = client.grants.iter().map(|grant| grant.name()).collect();
    line!("client          {}", client.id);
    line!("name            {}", plain(&client.name));
    line!("authentication  {}", client.authentication.name());
    line!("grants          {}", grants.join(" "));
    line!("scopes          {}", client.scopes);
    line!("default scopes  {}", client.default_scopes);
    line!("audiences       {}", client.audiences.join(" "));
    line!("type            {}", client.application_type.name());
    for uri in &client.redirect_uris {
        line!("redirect URI    {uri}");
    }
    line!("first party     {}", client.first_party);
    line!("self-registered {}", client.registration.is_some());
    line!("disabled        {}", client.disabled);
}

fn as_json(client: &Client) -> Value {
    let grants: Vec<&str> = client.grants.iter().map(|grant| grant.name()).collect();
    json!({
        "client_id": client.id,
        "client_name": client.name,
        "token_endpoint_auth_method": client.authentication.name(),
        "grant_types": grants,
        "scopes": client.scopes,
        "default_scopes": client.default_scopes,
        "audiences": client.audiences,
        "application_type": client.application_type.name(),
        "redirect_uris": texts(&client.redirect_uris),
        "post_logout_redirect_uris": texts(&client.post_logout_redirect_uris),
        "first_party": client.first_party,
        "self_registered": client.registration.is_some(),
        "disabled": client.disabled,
    })
}

fn texts(uris: &[RedirectUri]) -> Vec<&str> {
    uris.iter().map(RedirectUri::as_str).collect()
}
