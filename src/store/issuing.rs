//! The issuing of tokens that programs ask for by the thousand, about themselves or by refresh
//! tokens: those that are asked for while others are being written are written together, in
//! one transaction.

use std::{
    collections::{BTreeSet, HashMap},
    mem, slice,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    AuditEntry, Error, NewRefresh, Result, Spending, Store, Transaction,
    basis::{CLIENTS, GRANTS, USERS},
    tokens, unless_in_conflict,
};
use crate::{actor::Actor, audit_event::Outcome, issued_token::Token, opaque::Digest};

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

/// A token to store, and what has to be there for it.
pub struct Issuance {
    pub token: Token,
    /// A client that is enabled: its id, and when it was added.
    pub client: Option<(String, i64)>,
    /// What it is given for, where that is a refresh token; its family has to be there as well.
    pub renewal: Option<Renewal>,
}

/// A refresh token that is spent, and what follows it.
pub struct Renewal {
    /// A user who is enabled, by the id of the row.
    pub user_id: String,
    pub spent: Digest,
    pub spending: Spending,
    pub next: NewRefresh,
    /// The other clients that the token came through.
    pub via: Vec<String>,
}

/// What became of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issued {
    Stored,
    /// Its client, user or family has ended.
    Gone,
    /// Its refresh token has been spent already.
    Spent,
}

struct Waiting {
    one: Issuance,
    entry: AuditEntry,
    answer: oneshot::Sender<Result<Issued>>,
}

impl Issuing {
    pub fn new(store: Store) -> Self {
        Self {
            store,
            waiting: Arc::default(),
            turn: Arc::default(),
        }
    }

    /// Stores a token, and says whether it did.
    ///
    /// # Errors
    /// The database did not do it.
    pub async fn issue(&self, actor: &Actor, one: Issuance) -> Result<Issued> {
        let event = tokens::issue(&one.token);
        let entry = AuditEntry::new(actor, event, Outcome::Done, one.token.issued_at);
        let (answer, answered) = oneshot::channel();
        if self.wait(Waiting { one, entry, answer }) {
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
        let error = match self.store.issue(&batch).await {
            Ok(issued) => {
                for (one, issued) in batch.into_iter().zip(issued) {
                    one.answer(Ok(issued));
                }
                return Ok(());
            }
            Err(error) => error,
        };
        for one in batch {
            let issued = match began.elapsed() < PATIENCE {
                true => self.store.issue(slice::from_ref(&one)).await,
                false => Err(again(&error)),
            };
            one.answer(issued.and_then(|issued| match issued[..] {
                // By the batch, whose end is not known.
                [Issued::Spent] | [] => Err(again(&error)),
                [issued, ..] => Ok(issued),
            }));
        }
        match began.elapsed() < PATIENCE {
            true => Ok(()),
            false => Err(error),
        }
    }
}

impl Waiting {
    fn answer(self, issued: Result<Issued>) {
        // Who is gone needs none.
        let _ = self.answer.send(issued);
    }
}

/// An error that was another's as well.
fn again(error: &Error) -> Error {
    sqlx::Error::Protocol(error.to_string()).into()
}

impl Store {
    /// Stores those tokens for which all is there; says what became of each.
    async fn issue(&self, batch: &[Waiting]) -> Result<Vec<Issued>> {
        unless_in_conflict(async || self.try_to_issue(batch).await).await
    }

    async fn try_to_issue(&self, batch: &[Waiting]) -> Result<Vec<Issued>> {
        let mut transaction = self.begin().await?;
        let there = There::lock(&mut transaction, batch).await?;
        let mut issued = vec![Issued::Gone; batch.len()];
        // In one order, so that two batches do not wait for each other.
        let mut order: Vec<usize> = (0..batch.len()).collect();
        order.sort_by_key(|&index| batch[index].one.spent());
        for index in order {
            let one = &batch[index].one;
            if there.has_all_for(one) {
                issued[index] = transaction.spend_for(one).await?;
            }
        }
        let stored: Vec<&Waiting> = batch
            .iter()
            .zip(&issued)
            .filter(|(_, issued)| **issued == Issued::Stored)
            .map(|(waiting, _)| waiting)
            .collect();
        let tokens: Vec<&Token> = stored.iter().map(|waiting| &waiting.one.token).collect();
        transaction.insert_tokens(&tokens).await?;
        let renewed = stored.iter().filter_map(|waiting| {
            let renewal = waiting.one.renewal.as_ref()?;
            Some((&waiting.one.token, renewal))
        });
        let renewed: Vec<(&Token, &Renewal)> = renewed.collect();
        for (token, renewal) in &renewed {
            transaction.add_token_clients(token, &renewal.via).await?;
        }
        let next: Vec<(&Token, &NewRefresh)> = renewed
            .iter()
            .map(|(token, renewal)| (*token, &renewal.next))
            .collect();
        transaction.add_refresh_tokens(&next).await?;
        let entries: Vec<&AuditEntry> = stored.iter().map(|waiting| &waiting.entry).collect();
        transaction.add_audit(&entries).await?;
        transaction.commit().await?;
        Ok(issued)
    }
}

impl Transaction {
    /// Spends the refresh token of a renewal.
    async fn spend_for(&mut self, one: &Issuance) -> Result<Issued> {
        let Some(renewal) = &one.renewal else {
            return Ok(Issued::Stored);
        };
        let spent = self.spend_refresh_token(&renewal.spent, &renewal.spending);
        Ok(match spent.await? {
            true => Issued::Stored,
            false => Issued::Spent,
        })
    }
}

/// What is there of what a batch rests on, each with its number. It is locked until the
/// transaction ends.
struct There {
    users: HashMap<String, i64>,
    clients: HashMap<String, i64>,
    grants: HashMap<String, i64>,
}

impl There {
    async fn lock(transaction: &mut Transaction, batch: &[Waiting]) -> Result<Self> {
        let all = || batch.iter().map(|waiting| &waiting.one);
        let users = all().filter_map(|one| Some(&*one.renewal.as_ref()?.user_id));
        let clients = all().filter_map(|one| Some(&*one.client.as_ref()?.0));
        let grants = all().filter_map(|one| one.token.grant_id.as_deref());
        let (users, clients, grants): (BTreeSet<_>, BTreeSet<_>, BTreeSet<_>) =
            (users.collect(), clients.collect(), grants.collect());
        Ok(Self {
            users: transaction.share(USERS, &users).await?,
            clients: transaction.share(CLIENTS, &clients).await?,
            grants: transaction.share(GRANTS, &grants).await?,
        })
    }

    fn has_all_for(&self, one: &Issuance) -> bool {
        let client = one.client.as_ref();
        let user = one.renewal.as_ref().map(|renewal| &renewal.user_id);
        let grant = one.token.grant_id.as_ref();
        client.is_none_or(|(id, added_at)| self.clients.get(id) == Some(added_at))
            && user.is_none_or(|id| self.users.contains_key(id))
            && grant.is_none_or(|id| self.grants.contains_key(id))
    }
}

impl Issuance {
    /// The digest of the refresh token that is spent.
    fn spent(&self) -> Option<&str> {
        Some(self.renewal.as_ref()?.spent.as_stored())
    }
}
