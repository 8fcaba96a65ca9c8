//! The hash pool: password hashing on its own threads, below the priority of
//! request handling, behind a bounded queue.
//!
//! A hash keeps a core busy for a quarter of a second. A login first reserves a
//! place first, before anything is read or written for it: a flood of logins
//! fills the places and is turned away at once; nothing else waits for it.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tracing::Instrument;

use crate::{
    password::{Context, HashError, Password, PasswordHash, Refused, Verdict, identify},
    traces,
};

type Job = Box<dyn FnOnce(&Context) + Send>;

/// The threads that hash, and what they hash by.
pub struct HashPool {
    context: Arc<Context>,
    queue: Sender<Job>,
    places: Arc<Semaphore>,
    all_places: usize,
    paces: Paces,
}

/// How long the checks of each kind of hash have taken of late. Their number is that of
/// the kinds in the database.
#[derive(Default)]
struct Paces(Mutex<HashMap<String, Duration>>);

/// The kind of a check for somebody who is not there.
const NOBODY: &str = "";
/// How many kinds are told apart.
const MAX_KINDS: usize = 64;
/// No answer waits for longer than this.
const MAX_PACE: Duration = Duration::from_secs(5);

impl Paces {
    /// Takes note of a check: the pace is the mean of the last few.
    fn note(&self, kind: &str, took: Duration) {
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pace) = paces.get_mut(kind) {
            *pace = (*pace * 7 + took) / 8;
        } else if paces.len() < MAX_KINDS {
            paces.insert(kind.to_owned(), took);
        }
    }

    fn knows_nobody(&self) -> bool {
        let paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        paces.contains_key(NOBODY)
    }

    fn slowest(&self) -> Duration {
        let paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        paces
            .values()
            .max()
            .map_or(Duration::ZERO, |slowest| (*slowest).min(MAX_PACE))
    }
}

/// All places are taken: the caller may try again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many passwords are being checked at the moment")]
pub struct Overloaded;

/// A place in the pool: for one hash at a time, as many as it takes. It is
/// free again when this is dropped and no thread works for it any longer.
#[must_use]
pub struct Place {
    pool: Arc<HashPool>,
    permit: Arc<OwnedSemaphorePermit>,
    /// Whether its taker has gone: nothing is begun for them any more.
    gone: Gone,
    /// For how many microseconds a thread has worked for it.
    worked: AtomicU64,
}

/// Whether the one who asked for something has gone since.
#[derive(Clone, Default)]
pub struct Gone(Arc<AtomicBool>);

impl Gone {
    fn is_true(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Makes it true when what is given is dropped before it has stayed.
    pub fn guard(&self) -> Guard {
        Guard(Some(self.clone()))
    }
}

/// Somebody who waits.
pub struct Guard(Option<Gone>);

impl Guard {
    /// They have what they waited for.
    pub fn stayed(mut self) {
        self.0 = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(gone) = &self.0 {
            gone.0.store(true, Ordering::Relaxed);
        }
    }
}

impl HashPool {
    /// Starts `workers` threads with places for `queue` that wait beside them.
    pub fn start(context: Context, workers: usize, queue: usize) -> io::Result<Self> {
        let context = Arc::new(context);
        let (sender, receiver) = channel::<Job>();
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 0..workers {
            let (context, receiver) = (Arc::clone(&context), Arc::clone(&receiver));
            thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || work(&context, &receiver))?;
        }
        let places = workers.saturating_add(queue).min(Semaphore::MAX_PERMITS);
        Ok(Self {
            context,
            queue: sender,
            places: Arc::new(Semaphore::new(places)),
            all_places: places,
            paces: Paces::default(),
        })
    }

    /// Takes a place, or says at once that none is free.
    pub fn reserve(self: &Arc<Self>) -> Result<Place, Overloaded> {
        self.reserve_unless(Gone::default())
    }

    /// The same for somebody who may go before it is their turn.
    pub fn reserve_unless(self: &Arc<Self>, gone: Gone) -> Result<Place, Overloaded> {
        let permit = Arc::clone(&self.places).try_acquire_owned();
        Ok(Place {
            pool: Arc::clone(self),
            gone,
            permit: Arc::new(permit.map_err(|_| Overloaded)?),
            worked: AtomicU64::default(),
        })
    }

    /// How many places are taken, and how many are free.
    pub fn places(&self) -> (usize, usize) {
        let free = self.places.available_permits();
        (self.all_places.saturating_sub(free), free)
    }

    /// What hashes are made and verified by.
    pub fn context(&self) -> &Context {
        &self.context
    }
}

impl Place {
    /// Checks a password against a stored hash.
    pub async fn verify(
        &self,
        password: Arc<Password>,
        hash: PasswordHash,
    ) -> Result<Result<Verdict, Refused>, Overloaded> {
        let kind = identify(hash.expose()).map(|kind| kind.to_string());
        let verify = self.run(move |context| context.verify(&password, &hash));
        let (verdict, took) = verify.await?;
        if let Ok(kind) = kind {
            self.pool.paces.note(&kind, took);
        }
        Ok(verdict)
    }

    /// Does the work of a check for somebody who is not there.
    pub async fn verify_nobody(&self, password: Arc<Password>) -> Result<(), Overloaded> {
        let verify = self.run(move |context| {
            // Nothing verifies against the dummy; what counts is the time.
            let _ = context.verify(&password, context.dummy());
        });
        let ((), took) = verify.await?;
        self.pool.paces.note(NOBODY, took);
        Ok(())
    }

    /// For how long a refusal is still to be kept back, so that it takes as long as that
    /// of the kind of hash that takes longest: how long an answer takes says neither
    /// whether a user exists nor how old the hash is.
    pub async fn left_to_refuse(&self, password: Arc<Password>) -> Result<Duration, Overloaded> {
        if !self.pool.paces.knows_nobody() {
            self.verify_nobody(password).await?;
        }
        let worked = Duration::from_micros(self.worked.load(Ordering::Relaxed));
        Ok(self.pool.paces.slowest().saturating_sub(worked))
    }

    /// Makes a new hash.
    pub async fn hash(
        &self,
        password: Arc<Password>,
    ) -> Result<Result<PasswordHash, HashError>, Overloaded> {
        let (hash, _) = self.run(move |context| context.hash(&password)).await?;
        Ok(hash)
    }

    /// Does a job on a thread of the pool; says how long it took there.
    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Context) -> T + Send + 'static,
    ) -> Result<(T, Duration), Overloaded> {
        let (answer, outcome) = oneshot::channel();
        let (permit, gone) = (Arc::clone(&self.permit), self.gone.clone());
        let job: Job = Box::new(move |context| {
            if !answer.is_closed() && !gone.is_true() {
                let started = Instant::now();
                let done = job(context);
                let _ = answer.send((done, started.elapsed()));
            }
            drop(permit);
        });
        self.pool.queue.send(job).map_err(|_| Overloaded)?;
        let outcome = outcome.instrument(traces::part("password hash"));
        let (done, took) = outcome.await.map_err(|_| Overloaded)?;
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.worked.fetch_add(micros, Ordering::Relaxed);
        Ok((done, took))
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
