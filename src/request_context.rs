//! The request at hand: which one it is and where it comes from, for whatever is written
//! about it on the way.

use std::{
    fmt::Write as _,
    net::IpAddr,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use uuid::Uuid;

/// What is known of a request wherever it is worked on.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// Its id: a proxy's, or one that no other request has.
    pub id: Arc<str>,
    /// The client's address.
    pub address: IpAddr,
}

tokio::task_local! {
    static CONTEXT: RequestContext;
}

impl RequestContext {
    /// That of the current request; none in commands and in what the server does on its own.
    pub fn current() -> Option<Self> {
        CONTEXT.try_with(Self::clone).ok()
    }

    /// Works on a request.
    pub async fn around<F: Future>(self, work: F) -> F::Output {
        CONTEXT.scope(self, work).await
    }

    /// An id that no other request has: 24 hexadecimal digits, of which the first sixteen are
    /// this process's own.
    pub fn fresh_id() -> Arc<str> {
        static PROCESS: LazyLock<u64> = LazyLock::new(|| Uuid::new_v4().as_u64_pair().0);
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut id = String::with_capacity(24);
        // A string takes whatever is written to it.
        let _ = write!(id, "{:016x}{count:08x}", *PROCESS);
        id.into()
    }
}
