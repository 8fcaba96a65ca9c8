//! The hash pool: password hashing on its own threads, below the priority of
//! request handling, behind a bounded queue.
//!
//! A hash costs a core for a quarter of a second. Here a flood of logins fills
//! the queue and is turned away at once; nothing else waits for it.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use thiserror::Error;
use tokio::sync::oneshot;

use crate::password::{Context, HashError, Password, PasswordHash, Refused, Verdict};

type Job = Box<dyn FnOnce(&Context) + Send>;

/// The threads that hash, and what they hash by.
pub struct HashPool {
    context: Arc<Context>,
    queue: SyncSender<Job>,
}

/// The queue is full: the caller may try again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many passwords are being checked at the moment")]
pub struct Overloaded;

impl HashPool {
    /// Starts `workers` threads behind a queue of `queue` waiting jobs.
    pub fn start(context: Context, workers: usize, queue: usize) -> io::Result<Self> {
        let context = Arc::new(context);
        let (sender, receiver) = sync_channel::<Job>(queue);
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 0..workers {
            let (context, receiver) = (Arc::clone(&context), Arc::clone(&receiver));
            thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || work(&context, &receiver))?;
        }
        Ok(Self {
            context,
            queue: sender,
        })
    }

    /// Checks a password against a stored hash.
    pub async fn verify(
        &self,
        password: Arc<Password>,
        hash: PasswordHash,
    ) -> Result<Result<Verdict, Refused>, Overloaded> {
        self.run(move |context| context.verify(&password, &hash))
            .await
    }

    /// Does the work of a check for somebody who is not there.
    pub async fn verify_nobody(&self, password: Arc<Password>) -> Result<(), Overloaded> {
        self.run(move |context| {
            // Nothing verifies against the dummy; what counts is the time.
            let _ = context.verify(&password, context.dummy());
        })
        .await
    }

    /// Makes a new hash.
    pub async fn hash(
        &self,
        password: Arc<Password>,
    ) -> Result<Result<PasswordHash, HashError>, Overloaded> {
        self.run(move |context| context.hash(&password)).await
    }

    /// What hashes are made and verified by.
    pub fn context(&self) -> &Context {
        &self.context
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Context) -> T + Send + 'static,
    ) -> Result<T, Overloaded> {
        let (answer, outcome) = oneshot::channel();
        let job: Job = Box::new(move |context| {
            // Whoever asked may be gone, and is then not answered.
            if !answer.is_closed() {
                let _ = answer.send(job(context));
            }
        });
        match self.queue.try_send(job) {
            Ok(()) => outcome.await.map_err(|_| Overloaded),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Overloaded),
        }
    }
}

fn work(context: &Context, receiver: &Mutex<Receiver<Job>>) {
    // On Linux a nice value belongs to the thread. Where it cannot be raised,
    // hashing competes as an equal: slower answers, not wrong ones.
    let _ = rustix::process::nice(10);
    loop {
        let next = receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(job) = next else { return };
        job(context);
    }
}
