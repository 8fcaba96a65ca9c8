//! Users that come from elsewhere, with the passwords that they have: from the
//! tables of Django or Flask, from CSV, JSON lines, or password files.
//!
//! A source is read row by row and written in batches of a thousand, each in
//! one transaction, so that a million users need little memory and an import
//! that was interrupted can be run again.

mod plan;

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, RandomState},
};

use thiserror::Error;
use tokio::{
    sync::mpsc::{Receiver, channel},
    task::JoinError,
};

use crate::{
    actor::Actor,
    authority::Authority,
    elsewhere::{Account, Entry, Notes, Options, Reason, Refusal, Source, SourceError},
    infrastructure::{Infrastructure, from_infrastructure},
    store::{self, Addition, Alteration, KnownUser, Transaction},
};

/// Rows in a transaction.
const BATCH: usize = 1000;

/// How many rows came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub imported: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub refused: u64,
    /// Users out of whose full name control characters were taken.
    pub cleaned_names: u64,
    /// Of those imported, how many may hold no scope.
    pub without_scopes: u64,
}

impl Summary {
    /// All rows.
    pub fn rows(&self) -> u64 {
        self.imported + self.updated + self.unchanged + self.refused
    }
}

/// Who watches an import.
pub trait Observer {
    /// A row is not imported.
    fn refused(&mut self, refusal: &Refusal);
    /// There is such a user, who is left as they are.
    fn exists(&mut self, username: &str);
    /// A batch is done; these are all rows up to here.
    fn progress(&mut self, summary: &Summary);
}

/// Why an import ended before its source. The batches before are in the database.
#[derive(Debug, Error)]
pub enum ImportError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Infrastructure(#[from] Infrastructure),
    #[error("the reader of the source stopped: {0}")]
    Reader(#[from] JoinError),
}

from_infrastructure!(ImportError: store::Error);

/// Imports the users of a source. Run again, it finds them unchanged.
///
/// # Errors
/// The source cannot be read, or the database does not answer. A row that does
/// not fit is no error: the observer is told.
pub async fn import(
    authority: &Authority,
    source: Source,
    options: &Options,
    observer: &mut dyn Observer,
) -> Result<(Summary, Notes), ImportError> {
    let (sender, mut receiver) = channel(BATCH);
    let reader = tokio::spawn(source.read(sender));
    let mut run = Run {
        authority,
        options,
        observer,
        summary: Summary::default(),
        seen: HashSet::new(),
        hasher: RandomState::new(),
    };
    loop {
        let batch = next_batch(&mut receiver).await;
        if batch.is_empty() {
            break;
        }
        run.take(batch).await?;
    }
    let notes = reader.await??;
    Ok((run.summary, notes))
}

async fn next_batch(receiver: &mut Receiver<Entry>) -> Vec<Entry> {
    let mut batch = Vec::with_capacity(BATCH);
    while batch.len() < BATCH {
        let room = BATCH - batch.len();
        if receiver.recv_many(&mut batch, room).await == 0 {
            break;
        }
    }
    batch
}

struct Run<'a> {
    authority: &'a Authority,
    options: &'a Options,
    observer: &'a mut dyn Observer,
    summary: Summary,
    /// Names that were taken, as hashes under a random key: eight bytes a user.
    /// Of a million names two differ and look the same once in 40 million runs.
    seen: HashSet<u64>,
    hasher: RandomState,
}

impl Run<'_> {
    async fn take(&mut self, batch: Vec<Entry>) -> Result<(), ImportError> {
        let accounts: Vec<Account> = batch
            .into_iter()
            .filter_map(|entry| self.check(entry))
            .collect();
        let names: Vec<&str> = accounts.iter().map(|one| one.username.as_str()).collect();
        let known = self.authority.store.known_users(&names).await?;
        let mut known: HashMap<String, KnownUser> = known
            .into_iter()
            .map(|user| (user.username.clone(), user))
            .collect();
        let (mut additions, mut alterations) = (Vec::new(), Vec::new());
        for account in accounts {
            match known.remove(&account.username) {
                None => additions.push(plan::addition(account)),
                Some(user) if account.is_somebody_else(&user) => {
                    self.refuse(account.refusal(Reason::NameTaken));
                }
                Some(user) if self.options.update => match plan::alteration(account, user) {
                    Some(alteration) => alterations.push(alteration),
                    None => self.summary.unchanged += 1,
                },
                Some(user) => {
                    self.summary.unchanged += 1;
                    self.observer.exists(&user.username);
                }
            }
        }
        self.write(&additions, &alterations).await?;
        self.observer.progress(&self.summary);
        Ok(())
    }

    fn check(&mut self, entry: Entry) -> Option<Account> {
        let context = self.authority.hashing.context();
        let catalogue = self.authority.live.catalogue();
        let checked = entry.and_then(|row| row.check(context, &catalogue, self.options));
        let refusal = match checked {
            Ok(account) if self.seen.insert(self.hasher.hash_one(&account.username)) => {
                self.summary.cleaned_names += u64::from(account.has_cleaned_name);
                return Some(account);
            }
            Ok(account) => account.refusal(Reason::Repeated),
            Err(refusal) => refusal,
        };
        self.refuse(refusal);
        None
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.summary.refused += 1;
        self.observer.refused(&refusal);
    }

    async fn write(
        &mut self,
        additions: &[Addition],
        alterations: &[Alteration],
    ) -> Result<(), ImportError> {
        let mut added = additions.len();
        if !self.options.dry_run {
            let now = self.authority.clock.now();
            let write = async |transaction: &mut Transaction| {
                let added = transaction.add_users(additions, now).await?;
                transaction.alter_users(alterations, now).await?;
                for username in with_new_scopes(additions, alterations) {
                    transaction.settle_administrator(username, true).await?;
                }
                Ok::<_, ImportError>(added)
            };
            added = self.authority.write(&Actor::operator(), write).await?;
        }
        self.summary.imported += added as u64;
        let without = additions.iter().filter(|one| one.user.scopes.is_empty());
        self.summary.without_scopes += without.count() as u64;
        self.summary.updated += alterations.len() as u64;
        // Somebody else was faster with these names.
        self.summary.unchanged += (additions.len() - added) as u64;
        Ok(())
    }
}

/// The users whose scopes the batch sets, unless it adds them with none.
fn with_new_scopes<'a>(
    additions: &'a [Addition],
    alterations: &'a [Alteration],
) -> impl Iterator<Item = &'a str> {
    let added = additions.iter().map(|one| &one.user);
    let added = added.filter(|user| !user.scopes.is_empty());
    let altered = alterations.iter().filter(|one| one.patch.scopes.is_some());
    let altered = altered.map(|one| one.username.as_str());
    added.map(|user| user.username.as_str()).chain(altered)
}
