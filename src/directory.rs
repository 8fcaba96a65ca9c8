//! Where users live: in a table of Scopegate's own, or in another application's.

use crate::{
    elsewhere::SharedUsers,
    live::{Live, LiveError, UserState},
    store::{self, Store, UserPage, UserRow},
    subject,
};
use std::sync::Arc;

/// Users, wherever they live.
pub enum Directory {
    Own(Store),
    Shared(SharedUsers),
}

impl Directory {
    /// The user of a name.
    pub async fn user(&self, live: &Live, username: &str) -> store::Result<Option<UserRow>> {
        match self {
            Self::Own(store) => store.user(username).await,
            Self::Shared(shared) => shared.user(username, &live.catalogue()).await,
        }
    }

    /// The user whom somebody means who types a name to log in: exactly that one here,
    /// and elsewhere as the application would find them.
    pub async fn user_for_login(&self, live: &Live, typed: &str) -> store::Result<Option<UserRow>> {
        match self {
            // No user has what cannot be a name: the database is not asked.
            Self::Own(_) if !subject::is_id(typed) => Ok(None),
            Self::Own(store) => store.user(typed).await,
            Self::Shared(shared) => shared.user_for_login(typed, &live.catalogue()).await,
        }
    }

    /// The user whom what is issued under a name belongs to, with the id of our own
    /// row.
    pub async fn anchored(
        &self,
        live: &Live,
        username: &str,
    ) -> Result<Option<UserRow>, LiveError> {
        match self {
            Self::Own(store) => Ok(store.user(username).await?),
            Self::Shared(shared) => shared.anchored(live, username).await,
        }
    }

    /// What a guarded request has to know of a user.
    pub async fn state(
        &self,
        live: &Live,
        username: &str,
    ) -> Result<Option<Arc<UserState>>, LiveError> {
        match self {
            Self::Own(_) => Ok(live.user(username).await?),
            Self::Shared(shared) => {
                let state = Box::pin(shared.state(live, username));
                Ok(state.await?.map(Arc::new))
            }
        }
    }

    /// Users by name, from a page on.
    pub async fn list(&self, live: &Live, page: &UserPage<'_>) -> store::Result<Vec<UserRow>> {
        match self {
            Self::Own(store) => store.users(page).await,
            Self::Shared(shared) => shared.users(page, &live.catalogue()).await,
        }
    }

    /// Where users live, if not here: for those who want to change one.
    pub fn whereabouts(&self) -> Option<String> {
        match self {
            Self::Own(_) => None,
            Self::Shared(shared) => Some(shared.whereabouts()),
        }
    }

    /// Whether the other application's table exists and has what is needed.
    pub async fn check(&self) -> store::Result<()> {
        match self {
            Self::Own(_) => Ok(()),
            Self::Shared(shared) => shared.check().await,
        }
    }
}
