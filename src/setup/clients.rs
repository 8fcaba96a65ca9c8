//! What differs of the clients.

use std::collections::BTreeSet;

use super::{
    SetupError,
    file::ClientEntry,
    has_secret, is_set_up,
    plan::{Entry, Planner, unique},
    step::Step,
};
use crate::{
    assertion_keys::check_jwks,
    client::{Authentication, Client, GrantType},
    clients::{self, ClientPatch},
    error::Error,
    fields::fit,
    opaque::{Digest, Opaque},
    redirect_uri::ApplicationType,
    scope::ScopeSet,
};

/// The fewest bytes of a client's secret that a file brings.
const MIN_SECRET_BYTES: usize = 32;

impl Planner<'_> {
    pub(super) async fn clients(&mut self) -> Result<(), SetupError> {
        let Some(entries) = &self.setup.clients else {
            return Ok(());
        };
        let known = self.authority.store.clients().await?;
        let names = unique("client", entries.iter().map(|entry| &entry.client_id))?;
        for entry in entries {
            let at = Entry::new("client", &entry.client_id);
            let before = known.iter().find(|client| client.id == entry.client_id);
            let step = self.client(&at, entry, before)?;
            self.steps.extend(step);
        }
        let extra = known.iter().filter(|client| is_set_up(client));
        let extra = extra.map(|client| &client.id);
        let extra = extra.filter(|id| self.options.prune && !names.contains(id.as_str()));
        self.last.extend(extra.cloned().map(Step::RemoveClient));
        Ok(())
    }

    fn client(
        &mut self,
        at: &Entry,
        entry: &ClientEntry,
        before: Option<&Client>,
    ) -> Result<Option<Step>, SetupError> {
        for scopes in [&entry.scopes, &entry.default_scopes].into_iter().flatten() {
            self.are_known(at, scopes)?;
        }
        let authentication = self.authentication(at, entry, before)?;
        let is_new = before.is_none();
        let base = match before {
            Some(client) => client.clone(),
            None => new_client(entry, self.authority.clock.now()),
        };
        let patch = patch_of(at, entry)?;
        let after = Client {
            authentication,
            ..at.done(clients::patched(base.clone(), patch))?
        };
        // The catalogue that there will be has been asked.
        at.done(clients::check(self.authority, &after, &after.scopes))?;
        at.check(fit(
            "scopes",
            after.scopes.check_limits().map_err(|e| e.to_string()),
        ))?;
        if is_new {
            return Ok(Some(Step::AddClient(after)));
        }
        let changed = changed_fields(&base, &after);
        Ok((!changed.is_empty()).then_some(Step::ChangeClient(after, changed)))
    }

    /// How a client authenticates; a new one whose secret is not given gets one.
    fn authentication(
        &mut self,
        at: &Entry,
        entry: &ClientEntry,
        before: Option<&Client>,
    ) -> Result<Authentication, SetupError> {
        let given = self.setup.secret(
            entry.secret_file.as_deref(),
            entry.secret_variable.as_deref(),
        );
        let given = given.map_err(|reason| at.unfit(&reason))?;
        let method = match (&entry.token_endpoint_auth_method, before) {
            (Some(method), _) => method.as_str(),
            (None, _) if entry.jwks.is_some() => Authentication::PRIVATE_KEY,
            (None, _) if given.is_some() => Authentication::SECRET,
            (None, Some(client)) => client.authentication.name(),
            (None, None) => Authentication::SECRET,
        };
        match (method, &entry.jwks, given) {
            (Authentication::NONE, None, None) => Ok(Authentication::None),
            (Authentication::PRIVATE_KEY, Some(jwks), None) => {
                let jwks = jwks.to_string();
                at.check(fit("jwks", check_jwks(&jwks)))?;
                Ok(Authentication::PrivateKey(jwks))
            }
            (Authentication::PRIVATE_KEY, None, None) => match before {
                Some(client) if client.authentication.name() == method => {
                    Ok(client.authentication.clone())
                }
                _ => Err(at.unfit("jwks: private_key_jwt needs the client's public keys")),
            },
            (Authentication::SECRET, None, Some(secret)) => {
                if secret.expose().len() < MIN_SECRET_BYTES {
                    let reason = format!("the secret must have at least {MIN_SECRET_BYTES} bytes");
                    return Err(at.unfit(&reason));
                }
                Ok(Authentication::Secret(Digest::of(secret.expose())))
            }
            (Authentication::SECRET, None, None) => match before {
                Some(client) if has_secret(client) => Ok(client.authentication.clone()),
                _ => {
                    let made = Opaque::generate(Opaque::CLIENT_SECRET);
                    let secret = at.done(made.map_err(Error::from))?;
                    let digest = secret.digest();
                    self.secrets.push((entry.client_id.clone(), secret));
                    Ok(Authentication::Secret(digest))
                }
            },
            (Authentication::NONE | Authentication::SECRET | Authentication::PRIVATE_KEY, ..) => {
                Err(at.unfit("its keys and its secret must fit token_endpoint_auth_method"))
            }
            _ => Err(at.unfit(
                "token_endpoint_auth_method must be none, client_secret_basic or private_key_jwt",
            )),
        }
    }
}

/// A client as it is before the file has said anything of it.
fn new_client(entry: &ClientEntry, now: i64) -> Client {
    let has_uris = entry
        .redirect_uris
        .as_ref()
        .is_some_and(|uris| !uris.is_empty());
    let grants = match has_uris {
        true => BTreeSet::from([GrantType::AuthorizationCode, GrantType::RefreshToken]),
        false => BTreeSet::from([GrantType::ClientCredentials]),
    };
    Client {
        id: entry.client_id.clone(),
        name: entry.client_id.clone(),
        authentication: Authentication::None,
        grants,
        scopes: ScopeSet::default(),
        default_scopes: ScopeSet::default(),
        audiences: Vec::new(),
        application_type: ApplicationType::Web,
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        first_party: false,
        registration: None,
        disabled: false,
        created_at: now,
    }
}

fn patch_of(at: &Entry, entry: &ClientEntry) -> Result<ClientPatch, SetupError> {
    let grants = entry.grant_types.as_ref().map(|names| {
        let parse = |name: &String| name.parse::<GrantType>();
        names.iter().map(parse).collect::<Result<BTreeSet<_>, _>>()
    });
    let kind = entry.application_type.as_deref();
    let kind = kind.map(str::parse::<ApplicationType>).transpose();
    Ok(ClientPatch {
        name: entry.client_name.clone(),
        grants: grants
            .transpose()
            .map_err(|error| at.unfit(&format!("grant_types: {error}")))?,
        scopes: entry.scopes.clone(),
        default_scopes: entry.default_scopes.clone(),
        audiences: entry.audiences.clone(),
        application_type: kind.map_err(|error| at.unfit(&format!("application_type: {error}")))?,
        redirect_uris: entry.redirect_uris.clone(),
        post_logout_redirect_uris: entry.post_logout_redirect_uris.clone(),
        first_party: entry.first_party,
        disabled: entry.disabled,
    })
}

fn changed_fields(before: &Client, after: &Client) -> Vec<&'static str> {
    let is_same_key = match (&before.authentication, &after.authentication) {
        (Authentication::None, Authentication::None) => true,
        (Authentication::Secret(one), Authentication::Secret(other)) => {
            one.as_stored() == other.as_stored()
        }
        (Authentication::PrivateKey(one), Authentication::PrivateKey(other)) => {
            let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
            read(one) == read(other)
        }
        _ => false,
    };
    let uris = |client: &Client| client.redirect_uris == before.redirect_uris;
    [
        ("client_name", before.name == after.name),
        ("authentication", is_same_key),
        ("grant_types", before.grants == after.grants),
        ("scopes", before.scopes == after.scopes),
        (
            "default_scopes",
            before.default_scopes == after.default_scopes,
        ),
        ("audiences", before.audiences == after.audiences),
        (
            "application_type",
            before.application_type == after.application_type,
        ),
        ("redirect_uris", uris(after)),
        (
            "post_logout_redirect_uris",
            before.post_logout_redirect_uris == after.post_logout_redirect_uris,
        ),
        ("first_party", before.first_party == after.first_party),
        ("disabled", before.disabled == after.disabled),
    ]
    .into_iter()
    .filter_map(|(name, is_same)| (!is_same).then_some(name))
    .collect()
}
