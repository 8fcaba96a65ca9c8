//! Transactions that were in each other's way: PostgreSQL undoes one of them whole, and the
//! same may succeed a moment later.

use std::time::Duration;

use sqlx::error::DatabaseError;

use super::Error;

/// How often a transaction is attempted. A deadlock is found after a second
/// (PostgreSQL's `deadlock_timeout`).
const ATTEMPTS: u32 = 4;

/// The first pause between two attempts; each is twice the one before.
const PAUSE: Duration = Duration::from_millis(5);

/// An error that says whether it comes from another transaction that was in the way.
pub trait MayConflict {
    fn is_conflict(&self) -> bool;
}

impl MayConflict for Error {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
}

/// Whether it is a serialization failure or a deadlock (SQLSTATE).
pub(super) fn is_conflict(error: &dyn DatabaseError) -> bool {
    matches!(error.code().as_deref(), Some("40001" | "40P01"))
}

/// Runs a transaction, from its beginning to its commit, again where another one was in its
/// way.
///
/// # Errors
/// The transaction's own.
pub async fn unless_in_conflict<T, E: MayConflict>(
    transaction: impl AsyncFnOnce() -> Result<T, E> + Clone,
) -> Result<T, E> {
    let mut pause = PAUSE;
    for _ in 1..ATTEMPTS {
        match transaction.clone()().await {
            Err(error) if error.is_conflict() => {
                tracing::info!("a conflict with another transaction: trying again");
            }
            ended => return ended,
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    transaction().await
}
