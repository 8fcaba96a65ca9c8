//! The connections to PostgreSQL that are kept open, and how those are found out that a router
//! or a server that crashed has forgotten: nothing comes from them, not even an error, until
//! TCP gives them up a quarter of an hour later.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{
    Connection, PgConnection, PgPool, Postgres, pool::PoolConnection, postgres::PgPoolOptions,
};
use tokio::time::{sleep, timeout};

/// How long a connection may take to show that it is there.
const ANSWER: Duration = Duration::from_secs(1);

/// For how long a connection is new: to ask it at once would keep those waiting for whom it
/// was made.
const NEW: Duration = Duration::from_millis(100);

/// A pool of at most so many, each of which is handed out and taken back if it answers;
/// `patience` is how long is waited for one.
pub(super) fn pool(most: u32, patience: Duration) -> PgPoolOptions {
    let lost = Lost::default();
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(patience)
        .test_before_acquire(false)
        .before_acquire(move |connection, about| {
            let lost = lost.clone();
            Box::pin(async move {
                if lost.was_found_within(about.idle_for) {
                    return Err(no_answer());
                }
                let answer = is_there(connection).await;
                if answer.is_err() {
                    lost.note();
                }
                answer.map(|()| true)
            })
        })
        .after_release(|connection, about| {
            Box::pin(async move {
                if about.age >= NEW {
                    is_there(connection).await?;
                }
                Ok(true)
            })
        })
}

async fn is_there(connection: &mut PgConnection) -> sqlx::Result<()> {
    let answer = timeout(ANSWER, connection.ping()).await;
    answer.unwrap_or_else(|_| Err(no_answer()))
}

/// For how long a connection is waited for that is on its way back.
const RETURN: Duration = Duration::from_millis(1);

/// A connection of the pool.
pub(super) async fn acquire(pool: &PgPool) -> sqlx::Result<PoolConnection<Postgres>> {
    one_back(pool).await;
    pool.acquire().await
}

/// A transaction on a connection of the pool.
pub(super) async fn begin(pool: &PgPool) -> sqlx::Result<sqlx::Transaction<'static, Postgres>> {
    one_back(pool).await;
    pool.begin().await
}

/// Waits for a connection that is on its way back to the pool, a little: to make another takes
/// longer, with TLS a hundred times.
async fn one_back(pool: &PgPool) {
    let is_growing = (1..pool.options().get_max_connections()).contains(&pool.size());
    if is_growing && pool.num_idle() == 0 {
        sleep(RETURN).await;
    }
}

/// Nothing came from a connection in time.
pub(super) fn no_answer() -> sqlx::Error {
    sqlx::Error::Io(io::ErrorKind::TimedOut.into())
}

/// When a connection was last found lost: those that have been idle since before then are
/// lost as well, and to ask each would take seconds.
#[derive(Clone, Default)]
struct Lost(Arc<Mutex<Option<Instant>>>);

impl Lost {
    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn was_found_within(&self, time: Duration) -> bool {
        let found = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.is_some_and(|at| at.elapsed() < time)
    }
}
