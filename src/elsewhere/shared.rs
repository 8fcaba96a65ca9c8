//! Users whose table is another application's: Django's or a Flask site's. The
//! table is read at each login and each guarded request, so that what is
//! changed there is in force here at the next one.

use std::{collections::HashSet, sync::Arc};

use arc_swap::ArcSwapOption;
use sha2::{Digest, Sha256};

use crate::{
    live::{Live, LiveError, UserState},
    login_name,
    password::PasswordHash,
    profile::Profile,
    scope::{Scope, ScopeSet},
    store::{
        self, Foreign, ForeignError, ForeignUser, LoginColumn, SharedTable, UserPage, UserRow,
        UserTable,
    },
    subject,
};

use super::{SharedSource, Site, SuperuserScopes, django, flask};

/// The users of another application.
pub struct SharedUsers {
    source: SharedSource,
    database: SharedTable,
    /// Looked for again after an error: the application may have migrated.
    layout: ArcSwapOption<Layout>,
}

struct Layout {
    table: UserTable,
    last_login: Option<LoginColumn>,
}

impl SharedUsers {
    /// Connects when it is used.
    pub fn new(source: SharedSource) -> Result<Self, ForeignError> {
        Ok(Self {
            database: SharedTable::new(source.url.expose())?,
            source,
            layout: ArcSwapOption::empty(),
        })
    }

    /// Checks that the table exists and has what is needed.
    pub async fn check(&self) -> Result<(), store::Error> {
        self.layout().await?;
        Ok(self.database.ping().await?)
    }

    /// Where the users live, for those who want to change one.
    pub fn whereabouts(&self) -> String {
        let site = match self.source.site {
            Site::Django => "Django",
            Site::Flask => "Flask",
        };
        let layout = self.layout.load();
        let table = layout.as_ref().map(|layout| layout.table.table.as_str());
        let table = table.or(self.source.mapping.table.as_deref());
        let table = table.map_or(String::new(), |table| format!(", table `{table}`"));
        format!("the database of the {site} application{table}")
    }

    /// The user of a name, whose `id` is that of the row there.
    pub async fn user(
        &self,
        username: &str,
        catalogue: &HashSet<Scope>,
    ) -> Result<Option<UserRow>, store::Error> {
        // No other name can be that of a token's subject.
        if !subject::is_id(username) {
            return Ok(None);
        }
        let layout = self.layout().await?;
        let user = self.database.user(&layout.table, username).await;
        let user = self.known(user)?;
        Ok(user.and_then(|user| self.row_of(user, &layout.table, catalogue)))
    }

    /// The user whom somebody means who types a name to log in, as the application
    /// would find them.
    pub async fn user_for_login(
        &self,
        typed: &str,
        catalogue: &HashSet<Scope>,
    ) -> Result<Option<UserRow>, store::Error> {
        let layout = self.layout().await?;
        for name in login_name::forms(typed) {
            if let Some(user) = self.user(&name, catalogue).await? {
                return Ok(Some(user));
            }
        }
        let email = login_name::email(typed).filter(|email| subject::is_id(email));
        let Some(email) = email.filter(|_| self.source.ignores_case) else {
            return Ok(None);
        };
        let user = self
            .database
            .user_ignoring_case(&layout.table, &email)
            .await;
        let user = self.known(user)?;
        Ok(user.and_then(|user| self.row_of(user, &layout.table, catalogue)))
    }

    /// Users by name, from a page on.
    pub async fn users(
        &self,
        page: &UserPage<'_>,
        catalogue: &HashSet<Scope>,
    ) -> Result<Vec<UserRow>, store::Error> {
        let layout = self.layout().await?;
        let users = self.database.users(&layout.table, page).await;
        let users = self.known(users)?.into_iter();
        Ok(users
            .filter_map(|user| self.row_of(user, &layout.table, catalogue))
            .collect())
    }

    /// What a guarded request has to know of a user; none where the row is not
    /// the one that the tokens of this name were given for, or has another
    /// password since.
    pub async fn state(&self, live: &Live, username: &str) -> Result<Option<UserState>, LiveError> {
        let user = self.anchored(live, username).await?;
        Ok(user.map(|user| UserState {
            profile: user.profile,
            disabled: user.disabled,
            scopes: user.scopes,
        }))
    }

    /// The user whom what was given out under a name belongs to, with the id of
    /// our own row; none as for [`state`](Self::state).
    pub async fn anchored(
        &self,
        live: &Live,
        username: &str,
    ) -> Result<Option<UserRow>, LiveError> {
        let Some(user) = self.user(username, &live.catalogue()).await? else {
            return Ok(None);
        };
        let mut id = own_id(live, &user).await?;
        if id.is_none() {
            // Another server may have logged the user in a moment ago.
            live.catch_up().await?;
            id = own_id(live, &user).await?;
        }
        Ok(id.map(|id| UserRow { id, ..user }))
    }

    /// Writes `last_login` where the application has it. That it cannot be written is
    /// no reason to turn the user away.
    pub async fn note_login(&self, user: &UserRow) {
        let Some(layout) = self.layout.load_full() else {
            return;
        };
        let Some(column) = &layout.last_login else {
            return;
        };
        let noted = self
            .database
            .note_login(&layout.table, column, &user.username, &user.id)
            .await;
        if let Err(error) = noted {
            tracing::warn!(user = user.username, %error, "last_login was not written");
        }
    }

    async fn layout(&self) -> Result<Arc<Layout>, ForeignError> {
        if let Some(layout) = self.layout.load_full() {
            return Ok(layout);
        }
        let mut foreign = Foreign::open(self.source.url.expose()).await?;
        let mapping = &self.source.mapping;
        let table = match self.source.site {
            Site::Django => django::table(&mut foreign, mapping).await,
            Site::Flask => flask::table(&mut foreign, mapping).await,
        };
        let table = table.map_err(|error| ForeignError::Tables(error.to_string()))?;
        if table.id.is_none() || table.password_hash.is_none() {
            let lacks = format!("the table `{}` lacks an id or a password", table.table);
            return Err(ForeignError::Tables(lacks));
        }
        let columns = foreign.columns(&table.table).await?;
        let is_last_login = |column: &String| column == "last_login";
        let last_login = columns.into_iter().find(is_last_login).map(LoginColumn);
        foreign.close().await?;
        let layout = Arc::new(Layout {
            table,
            last_login: last_login.filter(|_| self.source.site == Site::Django),
        });
        self.layout.store(Some(Arc::clone(&layout)));
        Ok(layout)
    }

    /// What was found. A name on two rows belongs to no user: the log says so.
    fn known<T: Default>(&self, outcome: Result<T, ForeignError>) -> Result<T, ForeignError> {
        match outcome {
            Err(ambiguous @ ForeignError::Ambiguous { .. }) => {
                tracing::warn!(%ambiguous, "nobody can log in under this name");
                Ok(T::default())
            }
            Err(error) => {
                self.layout.store(None);
                Err(error)
            }
            Ok(found) => Ok(found),
        }
    }

    fn row_of(
        &self,
        user: ForeignUser,
        table: &UserTable,
        catalogue: &HashSet<Scope>,
    ) -> Option<UserRow> {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let scopes = self.scopes_of(&user, catalogue);
        let disabled = user.is_disabled(table);
        let email = filled(user.email);
        let hash = filled(user.password_hash).map(|hash| match self.source.wrapper {
            Some(wrapper) => PasswordHash::wrapped(wrapper, &hash),
            None => PasswordHash::from_stored(hash),
        });
        Some(UserRow {
            id: user.id?,
            username: filled(user.username).or_else(|| email.clone())?,
            password_hash: hash,
            profile: Profile {
                email,
                full_name: filled(user.full_name),
                locale: None,
            },
            disabled,
            scopes,
            password_version: None,
            created_at: 0,
            updated_at: None,
        })
    }

    fn scopes_of(&self, user: &ForeignUser, catalogue: &HashSet<Scope>) -> ScopeSet {
        let source = &self.source;
        if user.is_superuser() && source.superusers == SuperuserScopes::All {
            return catalogue.iter().cloned().collect();
        }
        let groups: Vec<&str> = user.groups().collect();
        let rules = source.groups.iter();
        let mut scopes: Vec<&Scope> = rules
            .filter(|(group, _)| groups.contains(&group.as_str()))
            .map(|(_, scope)| scope)
            .chain(source.everyone.iter())
            .collect();
        if let SuperuserScopes::These(these) = &source.superusers
            && user.is_superuser()
        {
            scopes.extend(these.iter());
        }
        let known = scopes
            .into_iter()
            .filter(|scope| catalogue.contains(*scope));
        known.cloned().collect()
    }
}

/// The id of our own row for a user as the other table has it.
async fn own_id(live: &Live, user: &UserRow) -> Result<Option<String>, store::Error> {
    let anchor = live.anchor(&user.username).await?;
    let anchor = anchor.filter(|anchor| anchor.holds(&user.id, &credential(user)));
    Ok(anchor.map(|anchor| anchor.user_id.clone()))
}

/// The SHA-256 of the stored hash: with a new password or a new row it is another.
pub fn credential(user: &UserRow) -> String {
    let hash = user.password_hash.as_ref().map(PasswordHash::expose);
    let digest = Sha256::digest(hash.unwrap_or_default().as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
