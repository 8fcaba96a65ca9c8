//! Which scopes the groups of another application give, and what had no rule.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    scope::{Scope, ScopeSet},
    store::ForeignUser,
};

/// Which scopes the users of a database may hold.
#[derive(Debug, Default)]
pub struct ScopeRules {
    /// What members of a group or role may hold.
    pub groups: Vec<(String, Scope)>,
    /// What those may hold who may do everything there.
    pub superusers: ScopeSet,
}

/// What an import did not use of a source.
#[derive(Debug, Default)]
pub struct Notes {
    /// Groups that no rule is about, and how many users were in them.
    pub unmapped_groups: BTreeMap<String, u64>,
    /// Those who may do everything there, and for whom there is no rule.
    pub unmapped_superusers: u64,
    /// Columns of a file that say nothing of a user here.
    pub ignored: BTreeSet<String>,
    /// Users without a name, who were given their e-mail address for one.
    pub borrowed_names: u64,
}

/// How many columns that are ignored are named.
const MAX_IGNORED: usize = 20;

impl Notes {
    /// Takes note of a column that is ignored. What stands where a name should be may be a
    /// hash, which is not shown.
    pub(super) fn ignore(&mut self, name: &str) {
        let is_word = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_- ".contains(&byte));
        let name = if is_word { name } else { "…" };
        if self.ignored.len() < MAX_IGNORED {
            self.ignored.insert(name.to_owned());
        }
    }
}

impl ScopeRules {
    /// The scopes of a user; `None` where there are no rules at all.
    pub(super) fn scopes_of(&self, user: &ForeignUser, notes: &mut Notes) -> Option<ScopeSet> {
        let mut scopes: Vec<Scope> = Vec::new();
        for group in user.groups() {
            let rules = self.groups.iter().filter(|(name, _)| name == group);
            let before = scopes.len();
            scopes.extend(rules.map(|(_, scope)| scope.clone()));
            if scopes.len() == before {
                *notes.unmapped_groups.entry(group.to_owned()).or_default() += 1;
            }
        }
        if user.is_superuser() {
            notes.unmapped_superusers += u64::from(self.superusers.is_empty());
            scopes.extend(self.superusers.iter().cloned());
        }
        if self.groups.is_empty() && self.superusers.is_empty() {
            return None;
        }
        Some(scopes.into_iter().collect())
    }
}
