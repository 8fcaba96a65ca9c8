//! The issuing of tokens to clients, which ask for them by the thousand: those that are
//! asked for while others are being written are written together, in one transaction.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::oneshot;

use super::{AuditEntry, Basis, Result, Store, tokens};
use crate::{actor::Actor, audit_event::Outcome, issued_token::Token};

/// The most that are written in one transaction.
const BATCH: usize = 200;

/// Tokens on their way to the database.
#[derive(Clone)]
pub struct Issuing {
    store: Store,
    waiting: Arc<Mutex<Vec<Waiting>>>,
    /// Held by the task that writes.
    turn: Arc<tokio::sync::Mutex<()>>,
}

struct Waiting {
    issuance: Issuance,
    answer: oneshot::Sender<Result<bool>>,
}

/// A token to store with what the audit log tells of it.
#[derive(Clone)]
struct Issuance {
    token: Token,
    client_added_at: i64,
    entry: AuditEntry,
}

impl Issuing {
    pub fn new(store: Store) -> Self {
        Self {
            store,
            waiting: Arc::default(),
            turn: Arc::default(),
        }
    }

    /// Stores a token that rests on its client alone, and says whether it did: whether the
    /// client exists, is enabled, and is the one added at that time.
    ///
    /// # Errors
    /// The database did not do it.
    pub async fn issue(&self, actor: &Actor, token: Token, client_added_at: i64) -> Result<bool> {
        let event = tokens::issue(&token);
        let entry = AuditEntry::new(actor, event, Outcome::Done, token.issued_at);
        let issuance = Issuance {
            token,
            client_added_at,
            entry,
        };
        let (answer, answered) = oneshot::channel();
        if self.wait(Waiting { issuance, answer }) {
            // A task of its own: the client that asked may go away while others wait.
            tokio::spawn(self.clone().write());
        }
        answered
            .await
            .unwrap_or_else(|_| Err(sqlx::Error::WorkerCrashed.into()))
    }

    /// Puts one into the queue, and says whether it is the first there.
    fn wait(&self, one: Waiting) -> bool {
        let mut waiting = self.waiting();
        waiting.push(one);
        waiting.len() == 1
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        // The queue is whole between any two calls.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes all that wait, once it is their turn.
    async fn write(self) {
        let _turn = self.turn.lock().await;
        let mut waiting = mem::take(&mut *self.waiting()).into_iter();
        loop {
            let batch = waiting.by_ref().take(BATCH);
            let (issued, answers): (Vec<Issuance>, Vec<_>) =
                batch.map(|one| (one.issuance, one.answer)).unzip();
            if issued.is_empty() {
                return;
            }
            for (answer, stored) in answers.into_iter().zip(self.store_all(&issued).await) {
                // Who is gone needs no answer.
                let _ = answer.send(stored);
            }
        }
    }

    /// Stores a batch in one transaction; where that fails one by one, so that one that
    /// cannot be stored takes no other with it.
    async fn store_all(&self, issued: &[Issuance]) -> Vec<Result<bool>> {
        match self.store.issue(issued).await {
            Ok(held) => held.into_iter().map(Ok).collect(),
            Err(error) if issued.len() == 1 => vec![Err(error)],
            Err(_) => {
                let mut stored = Vec::new();
                for one in issued {
                    let alone = self.store.issue(std::slice::from_ref(one)).await;
                    stored.push(alone.map(|held| held == [true]));
                }
                stored
            }
        }
    }
}

impl Store {
    /// Stores those tokens whose clients hold; says of each whether it did.
    async fn issue(&self, issued: &[Issuance]) -> Result<Vec<bool>> {
        let mut transaction = self.begin().await?;
        // In one order, so that two batches do not wait for each other.
        let clients = issued.iter().map(|one| (one.client(), false));
        let mut clients: BTreeMap<(&str, i64), bool> = clients.collect();
        for (client, holds) in &mut clients {
            let basis = Basis {
                client: Some(*client),
                ..Basis::default()
            };
            *holds = transaction.holds(&basis).await?;
        }
        let held: Vec<bool> = issued.iter().map(|one| clients[&one.client()]).collect();
        let stored = issued.iter().zip(&held).filter(|(_, held)| **held);
        let (tokens, entries): (Vec<&Token>, Vec<&AuditEntry>) =
            stored.map(|(one, _)| (&one.token, &one.entry)).unzip();
        transaction.insert_tokens(&tokens).await?;
        transaction.add_audit(&entries).await?;
        transaction.commit().await?;
        Ok(held)
    }
}

impl Issuance {
    fn client(&self) -> (&str, i64) {
        (&self.token.client_id, self.client_added_at)
    }
}
