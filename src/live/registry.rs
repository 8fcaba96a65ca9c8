//! The clients and the subject kinds, as held in memory.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use arc_swap::ArcSwap;

use crate::{
    client::Client,
    scope::{Scope, ScopeSet},
    store::{self, Store},
};

/// All clients by id, and all subject kinds with what their tokens may carry.
pub struct Registry {
    clients: ArcSwap<HashMap<String, Arc<Client>>>,
    kinds: ArcSwap<HashMap<String, ScopeSet>>,
}

impl Registry {
    pub(super) async fn load(
        store: &Store,
        catalogue: &HashSet<Scope>,
    ) -> Result<Self, store::Error> {
        Ok(Self {
            clients: ArcSwap::from_pointee(clients(store, catalogue).await?),
            kinds: ArcSwap::from_pointee(kinds(store).await?),
        })
    }

    pub(super) async fn reload(
        &self,
        store: &Store,
        catalogue: &HashSet<Scope>,
    ) -> Result<(), store::Error> {
        let (clients, kinds) = (clients(store, catalogue).await?, kinds(store).await?);
        self.clients.store(Arc::new(clients));
        self.kinds.store(Arc::new(kinds));
        Ok(())
    }

    /// Loads those of the clients anew that have changed.
    pub(super) async fn reload_clients(
        &self,
        store: &Store,
        catalogue: &HashSet<Scope>,
        changed: impl Iterator<Item = &str>,
    ) -> Result<(), store::Error> {
        let mut clients = HashMap::clone(&self.clients.load());
        for id in changed {
            match store.client(id).await? {
                Some(client) => clients.insert(id.to_owned(), held(client, catalogue)),
                None => clients.remove(id),
            };
        }
        self.clients.store(Arc::new(clients));
        Ok(())
    }

    /// The client of an id, unless it is disabled.
    pub fn client(&self, id: &str) -> Option<Arc<Client>> {
        let clients = self.clients.load();
        clients.get(id).filter(|client| !client.disabled).cloned()
    }

    /// What tokens of a subject kind may carry; none where there is no such kind.
    pub fn scopes_of_kind(&self, kind: &str) -> Option<ScopeSet> {
        self.kinds.load().get(kind).cloned()
    }
}

async fn clients(
    store: &Store,
    catalogue: &HashSet<Scope>,
) -> Result<HashMap<String, Arc<Client>>, store::Error> {
    let clients = store.clients().await?.into_iter();
    let entry = |client: Client| (client.id.clone(), held(client, catalogue));
    Ok(clients.map(entry).collect())
}

/// A client without the scopes that have left the catalogue and stand in its row still.
fn held(mut client: Client, catalogue: &HashSet<Scope>) -> Arc<Client> {
    client.scopes.retain(|scope| catalogue.contains(scope));
    Arc::new(client)
}

async fn kinds(store: &Store) -> Result<HashMap<String, ScopeSet>, store::Error> {
    let kinds = store.subject_kinds().await?.into_iter();
    Ok(kinds.map(|kind| (kind.name, kind.scopes)).collect())
}
