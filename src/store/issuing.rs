//! The issuing of tokens to clients, which ask for them by the thousand: those that are
//! asked for while others are being written are written together, in one transaction.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{AuditEntry, Basis, Error, Result, Store, tokens, unless_in_conflict};
use crate::{actor::Actor, audit_event::Outcome, issued_token::Token};

/// The most that are written in one transaction.
const BATCH: usize = 200;

/// For how long a batch that failed is tried one by one.
const PATIENCE: Duration = Duration::from_secs(2);

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

    /// Writes all that wait, once it is their turn. Where the database is slow to fail,
    /// those who came meanwhile get the same answer: they have waited as long.
    async fn write(self) {
        let _turn = self.turn.lock().await;
        let mut waiting = mem::take(&mut *self.waiting());
        while !waiting.is_empty() {
            let rest = waiting.split_off(waiting.len().min(BATCH));
            let batch = mem::replace(&mut waiting, rest);
            if let Err(error) = self.write_batch(batch).await {
                waiting.append(&mut self.waiting());
                for one in waiting {
                    one.answer(Err(again(&error)));
                }
                return;
            }
        }
    }

    /// Stores a batch in one transaction and answers; where that fails one by one, so that
    /// one that cannot be stored takes no other with it.
    ///
    /// # Errors
    /// The database was slow to fail: it has not been asked for each.
    async fn write_batch(&self, batch: Vec<Waiting>) -> Result<()> {
        let began = Instant::now();
        let issued: Vec<&Issuance> = batch.iter().map(|one| &one.issuance).collect();
        let error = match self.store.issue(&issued).await {
            Ok(held) => {
                for (one, held) in batch.into_iter().zip(held) {
                    one.answer(Ok(held));
                }
                return Ok(());
            }
            Err(error) => error,
        };
        for one in batch {
            let stored = match began.elapsed() < PATIENCE {
                true => self.store.issue(&[&one.issuance]).await,
                false => Err(again(&error)),
            };
            one.answer(stored.map(|held| held == [true]));
        }
        match began.elapsed() < PATIENCE {
            true => Ok(()),
            false => Err(error),
        }
    }
}

impl Waiting {
    fn answer(self, stored: Result<bool>) {
        // Who is gone needs none.
        let _ = self.answer.send(stored);
    }
}

/// An error that was another's as well.
fn again(error: &Error) -> Error {
    sqlx::Error::Protocol(error.to_string()).into()
}

impl Store {
    /// Stores those tokens whose clients hold; says of each whether it did.
    async fn issue(&self, issued: &[&Issuance]) -> Result<Vec<bool>> {
        unless_in_conflict(async || self.try_to_issue(issued).await).await
    }

    async fn try_to_issue(&self, issued: &[&Issuance]) -> Result<Vec<bool>> {
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
