//! What differs between a file and the database.

use std::collections::{BTreeSet, HashSet};

use uuid::Uuid;

use super::{
    Setup, SetupError,
    file::{ClientEntry, KindEntry, ScopeEntry, UserEntry},
    has_secret, is_set_up,
    step::{NewPassword, Step},
};
use crate::{
    assertion_keys::check_jwks,
    authority::Authority,
    client::{Authentication, Client, GrantType},
    clients::{self, ClientPatch},
    error::Error,
    fields::{self, fit},
    opaque::{Digest, Opaque},
    password::{Password, PasswordHash, identify},
    profile::ProfilePatch,
    redirect_uri::ApplicationType,
    scope::{Scope, ScopeSet},
    store::{NewUser, ScopeRow, SubjectKindRow, UserPatch, UserRow},
    users,
};

/// The fewest bytes of a client's secret that a file brings.
const MIN_SECRET_BYTES: usize = 32;

/// How a set-up is applied.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether what the file's sections do not mention is removed.
    pub prune: bool,
}

/// What is to be done.
pub struct Plan {
    steps: Vec<Step>,
    /// The secrets that new clients get, by client.
    secrets: Vec<(String, Opaque)>,
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// A line for each change: `+` added, `~` changed, `-` removed.
    pub fn lines(&self) -> Vec<String> {
        self.steps.iter().map(ToString::to_string).collect()
    }

    /// Makes the hashes, which is dear, before anything is locked.
    pub(super) async fn prepare(
        mut self,
        authority: &Authority,
    ) -> Result<(Vec<Step>, Vec<(String, Opaque)>), SetupError> {
        for step in &mut self.steps {
            let entry = step.entry();
            let Step::AddUser(user, password) = step else {
                continue;
            };
            user.password_hash = match password.take() {
                None => None,
                Some(NewPassword::Hash(hash)) => Some(hash),
                Some(NewPassword::Text(text)) => {
                    let made = users::new_hash(authority, text, &user.username).await;
                    Some(made.map_err(|error| SetupError::Entry { entry, error })?)
                }
            };
        }
        Ok((self.steps, self.secrets))
    }
}

/// Compares a set-up with the database.
pub async fn plan(
    authority: &Authority,
    setup: &Setup,
    options: Options,
) -> Result<Plan, SetupError> {
    let mut planner = Planner {
        authority,
        setup,
        options,
        catalogue: HashSet::new(),
        steps: Vec::new(),
        last: Vec::new(),
        secrets: Vec::new(),
    };
    planner.scopes().await?;
    planner.kinds().await?;
    planner.clients().await?;
    planner.users().await?;
    // What is removed is removed when nothing needs it any more.
    planner.last.reverse();
    planner.steps.append(&mut planner.last);
    Ok(Plan {
        steps: planner.steps,
        secrets: planner.secrets,
    })
}

struct Planner<'a> {
    authority: &'a Authority,
    setup: &'a Setup,
    options: Options,
    /// The scopes that there will be.
    catalogue: HashSet<Scope>,
    steps: Vec<Step>,
    last: Vec<Step>,
    secrets: Vec<(String, Opaque)>,
}

impl Planner<'_> {
    async fn scopes(&mut self) -> Result<(), SetupError> {
        let known = self.authority.store.scopes().await?;
        let named = |row: &ScopeRow| Scope::parse(&row.name).ok();
        self.catalogue = known.iter().filter_map(named).collect();
        let Some(entries) = &self.setup.scopes else {
            return Ok(());
        };
        let names = unique("scope", entries.iter().map(|entry| &entry.name))?;
        for entry in entries {
            let at = Entry::new("scope", &entry.name);
            at.check(fit("name", fields::scope_name(&entry.name)))?;
            self.catalogue.extend(Scope::parse(&entry.name));
            let known = known.iter().find(|row| row.name == entry.name);
            self.steps.extend(self.scope(&at, entry, known)?);
        }
        let is_extra = |row: &&ScopeRow| !row.builtin && !names.contains(row.name.as_str());
        for row in known.iter().filter(is_extra).filter(|_| self.options.prune) {
            self.catalogue.retain(|scope| scope.as_str() != row.name);
            self.last.push(Step::RemoveScope(row.name.clone()));
        }
        Ok(())
    }

    fn scope(
        &self,
        at: &Entry,
        entry: &ScopeEntry,
        known: Option<&ScopeRow>,
    ) -> Result<Option<Step>, SetupError> {
        let description = entry.description.clone().unwrap_or_default();
        let description = description.trim().to_owned();
        at.check(fit("description", fields::description(&description)))?;
        let row = ScopeRow {
            name: entry.name.clone(),
            description,
            builtin: false,
            created_at: self.authority.clock.now(),
        };
        Ok(match known {
            None => Some(Step::AddScope(row)),
            Some(known) if known.builtin => None,
            Some(known) if entry.description.is_none() || known.description == row.description => {
                None
            }
            Some(_) => Some(Step::DescribeScope(row)),
        })
    }

    async fn kinds(&mut self) -> Result<(), SetupError> {
        let Some(entries) = &self.setup.subject_kinds else {
            return Ok(());
        };
        let known = self.authority.store.subject_kinds().await?;
        let names = unique("subject kind", entries.iter().map(|entry| &entry.kind))?;
        for KindEntry { kind, scopes } in entries {
            let at = Entry::new("subject kind", kind);
            at.check(fit("kind", fields::subject_kind(kind)))?;
            self.are_known(&at, scopes)?;
            at.check(fit(
                "scopes",
                scopes.check_limits().map_err(|e| e.to_string()),
            ))?;
            let row = SubjectKindRow {
                name: kind.clone(),
                scopes: scopes.clone(),
            };
            match known.iter().find(|known| known.name == *kind) {
                None => self.steps.push(Step::AddKind(row)),
                Some(known) if *known == row => {}
                Some(_) => self.steps.push(Step::ChangeKind(row)),
            }
        }
        let extra = known.iter().map(|row| &row.name);
        let extra = extra.filter(|name| self.options.prune && !names.contains(name.as_str()));
        self.last.extend(extra.cloned().map(Step::RemoveKind));
        Ok(())
    }

    async fn clients(&mut self) -> Result<(), SetupError> {
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

    async fn users(&mut self) -> Result<(), SetupError> {
        let Some(entries) = &self.setup.users else {
            return Ok(());
        };
        let own = users::are_own_users(self.authority);
        own.map_err(|error| SetupError::Entry {
            entry: "users".to_owned(),
            error,
        })?;
        let names = unique("user", entries.iter().map(|entry| &entry.username))?;
        for entry in entries {
            let at = Entry::new("user", &entry.username);
            let known = self.authority.store.user(&entry.username).await?;
            let step = self.user(&at, entry, known.as_ref())?;
            self.steps.extend(step);
        }
        if self.options.prune {
            let all = super::users(self.authority).await?;
            let extra = all.into_iter().map(|user| user.username);
            let extra = extra.filter(|name| !names.contains(name.as_str()));
            self.last.extend(extra.map(Step::RemoveUser));
        }
        Ok(())
    }

    fn user(
        &self,
        at: &Entry,
        entry: &UserEntry,
        known: Option<&UserRow>,
    ) -> Result<Option<Step>, SetupError> {
        at.check(fit("username", fields::username(&entry.username)))?;
        let profile = ProfilePatch {
            email: entry.email.clone().map(Some),
            full_name: entry.full_name.clone().map(Some),
            locale: entry.locale.clone().map(Some),
        };
        let profile = profile.without_empty_texts();
        at.check(profile.clone().filled().check())?;
        let scopes = entry.scopes.as_ref().map(|scopes| self.all_of(scopes));
        if let Some(scopes) = &scopes {
            self.are_known(at, scopes)?;
        }
        let Some(known) = known else {
            let password = self.password(at, entry)?;
            let user = NewUser {
                id: Uuid::now_v7().to_string(),
                username: entry.username.clone(),
                password_hash: None,
                profile: profile.filled(),
                disabled: entry.disabled.unwrap_or(false),
                scopes: scopes.unwrap_or_default(),
            };
            return Ok(Some(Step::AddUser(user, password)));
        };
        let patch = UserPatch {
            profile: profile.beyond(&known.profile),
            disabled: entry.disabled.filter(|new| *new != known.disabled),
            scopes: scopes.filter(|new| *new != known.scopes),
            password_hash: None,
        };
        let changed: Vec<&str> = [
            ("email", patch.profile.email.is_some()),
            ("full_name", patch.profile.full_name.is_some()),
            ("locale", patch.profile.locale.is_some()),
            ("disabled", patch.disabled.is_some()),
            ("scopes", patch.scopes.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, is_changed)| is_changed.then_some(name))
        .collect();
        let name = entry.username.clone();
        Ok((!changed.is_empty()).then_some(Step::ChangeUser(name, patch, changed)))
    }

    fn password(&self, at: &Entry, entry: &UserEntry) -> Result<Option<NewPassword>, SetupError> {
        let text = self.setup.secret(
            entry.password_file.as_deref(),
            entry.password_variable.as_deref(),
        );
        let text = text.map_err(|reason| at.unfit(&reason))?;
        match (&entry.password_hash, text) {
            (Some(_), Some(_)) => Err(at.unfit("a password or its hash, not both")),
            (Some(hash), None) => {
                let known = identify(hash);
                known.map_err(|refused| at.unfit(&format!("password_hash: {refused}")))?;
                let hash = PasswordHash::from_stored(hash.clone());
                Ok(Some(NewPassword::Hash(hash)))
            }
            (None, Some(text)) => Ok(Some(NewPassword::Text(Password::new(text.expose())))),
            (None, None) => Ok(None),
        }
    }

    /// The scopes of an entry, in which `*` stands for every one of the catalogue.
    fn all_of(&self, scopes: &ScopeSet) -> ScopeSet {
        match scopes.contains("*") {
            true => self.catalogue.iter().cloned().collect(),
            false => scopes.clone(),
        }
    }

    fn are_known(&self, at: &Entry, scopes: &ScopeSet) -> Result<(), SetupError> {
        let is_unknown = |scope: &&Scope| !self.catalogue.contains(*scope);
        let unknown: ScopeSet = scopes.iter().filter(is_unknown).cloned().collect();
        match unknown.is_empty() {
            true => Ok(()),
            false => Err(at.unfit(&format!("scopes: not in the catalogue: {unknown}"))),
        }
    }
}

/// An entry of the file, for what is wrong with it.
struct Entry(String);

impl Entry {
    fn new(kind: &str, name: &str) -> Self {
        Self(format!("{kind} {name}"))
    }

    fn unfit(&self, reason: &str) -> SetupError {
        SetupError::Unfit {
            entry: self.0.clone(),
            reason: reason.to_owned(),
        }
    }

    fn check(&self, checked: Result<(), fields::Unfit>) -> Result<(), SetupError> {
        checked.map_err(|unfit| self.unfit(&unfit.to_string()))
    }

    fn done<T>(&self, outcome: Result<T, Error>) -> Result<T, SetupError> {
        outcome.map_err(|error| SetupError::Entry {
            entry: self.0.clone(),
            error,
        })
    }
}

/// The names of a section, each of which must be there once.
fn unique<'a>(
    kind: &str,
    names: impl Iterator<Item = &'a String>,
) -> Result<BTreeSet<&'a str>, SetupError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.as_str()) {
            return Err(Entry::new(kind, name).unfit("is repeated"));
        }
    }
    Ok(seen)
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
