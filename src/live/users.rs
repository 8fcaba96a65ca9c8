//! The state of users, and whom the tokens of shared users belong to: in memory once it was
//! asked for.

use std::sync::Arc;

use quick_cache::sync::Cache;

use super::Live;
use crate::{
    profile::Profile,
    scope::ScopeSet,
    store::{self, Anchor},
};

/// How many users' states are held; others cost one look-up.
pub(super) const CACHED_USERS: usize = 100_000;

/// A user, but for what only a login has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserState {
    pub profile: Profile,
    pub disabled: bool,
    pub scopes: ScopeSet,
}

impl Live {
    /// The state of a user, from memory or else from the database.
    pub async fn user(&self, username: &str) -> Result<Option<Arc<UserState>>, store::Error> {
        let load = async || {
            let user = self.store.user(username).await?;
            Ok(user.map(|user| UserState {
                profile: user.profile,
                disabled: user.disabled,
                scopes: self.tokens.shared(&user.scopes),
            }))
        };
        self.remembered(&self.users, username, load).await
    }

    /// Whom the tokens of a shared user belong to, from memory or else from the
    /// database.
    pub async fn anchor(&self, username: &str) -> Result<Option<Arc<Anchor>>, store::Error> {
        let load = async || self.store.anchor(username).await;
        self.remembered(&self.anchors, username, load).await
    }

    async fn remembered<T>(
        &self,
        cache: &Cache<Box<str>, Option<Arc<T>>>,
        username: &str,
        load: impl AsyncFnOnce() -> Result<Option<T>, store::Error>,
    ) -> Result<Option<Arc<T>>, store::Error> {
        if let Some(known) = cache.get(username) {
            return Ok(known);
        }
        let generation = self.generation();
        // Boxed, so that requests which find it in memory carry no room for a look-up about.
        let found = Box::pin(load()).await?.map(Arc::new);
        // A change that came between the look-up and here is dropped by the
        // second comparison, one that comes later by `apply`.
        if generation == self.generation() {
            cache.insert(username.into(), found.clone());
            if generation != self.generation() {
                cache.remove(username);
            }
        }
        Ok(found)
    }

    /// Whether a name is remembered as not found.
    pub fn remembers_nobody(&self, username: &str) -> bool {
        matches!(self.users.get(username), Some(None))
    }
}
