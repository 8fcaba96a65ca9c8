//! What differs between a file and the database.

use std::collections::{BTreeSet, HashSet};

use super::{
    Setup, SetupError,
    file::{KindEntry, ScopeEntry},
    step::{NewPassword, Step},
};
use crate::{
    authority::Authority,
    error::Error,
    fields::{self, fit},
    opaque::Opaque,
    scope::{Scope, ScopeSet},
    store::{ScopeRow, SubjectKindRow},
    users,
};

/// How a set-up is applied.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether what the file's sections do not mention is removed.
    pub prune: bool,
}

/// What must be done.
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

pub(super) struct Planner<'a> {
    pub(super) authority: &'a Authority,
    pub(super) setup: &'a Setup,
    pub(super) options: Options,
    /// The scopes that there will be.
    pub(super) catalogue: HashSet<Scope>,
    pub(super) steps: Vec<Step>,
    pub(super) last: Vec<Step>,
    pub(super) secrets: Vec<(String, Opaque)>,
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

    pub(super) fn are_known(&self, at: &Entry, scopes: &ScopeSet) -> Result<(), SetupError> {
        let is_unknown = |scope: &&Scope| !self.catalogue.contains(*scope);
        let unknown: ScopeSet = scopes.iter().filter(is_unknown).cloned().collect();
        match unknown.is_empty() {
            true => Ok(()),
            false => Err(at.unfit(&format!("scopes: not in the catalogue: {unknown}"))),
        }
    }
}

/// An entry of the file, for what is wrong with it.
pub(super) struct Entry(String);

impl Entry {
    pub(super) fn new(kind: &str, name: &str) -> Self {
        Self(format!("{kind} {name}"))
    }

    pub(super) fn unfit(&self, reason: &str) -> SetupError {
        SetupError::Unfit {
            entry: self.0.clone(),
            reason: reason.to_owned(),
        }
    }

    pub(super) fn check(&self, checked: Result<(), fields::Unfit>) -> Result<(), SetupError> {
        checked.map_err(|unfit| self.unfit(&unfit.to_string()))
    }

    pub(super) fn done<T>(&self, outcome: Result<T, Error>) -> Result<T, SetupError> {
        outcome.map_err(|error| SetupError::Entry {
            entry: self.0.clone(),
            error,
        })
    }
}

/// The names of a section, each of which must be there once.
pub(super) fn unique<'a>(
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
