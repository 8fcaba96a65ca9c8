//! What differs of the users.

use uuid::Uuid;

use super::{
    SetupError,
    file::UserEntry,
    plan::{Entry, Planner, unique},
    step::{NewPassword, Step},
};
use crate::{
    fields::{self, fit},
    password::{Password, PasswordHash, identify},
    profile::ProfilePatch,
    scope::ScopeSet,
    store::{NewUser, UserPatch, UserRow},
    users,
};

impl Planner<'_> {
    pub(super) async fn users(&mut self) -> Result<(), SetupError> {
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
            let all = super::all_users(self.authority).await?;
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

    /// The scopes of an entry, in which `*` means every scope of the catalogue.
    fn all_of(&self, scopes: &ScopeSet) -> ScopeSet {
        match scopes.contains("*") {
            true => self.catalogue.iter().cloned().collect(),
            false => scopes.clone(),
        }
    }
}
