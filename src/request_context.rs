//! The request at hand: which one it is and where it comes from, for whatever is written
//! about it on the way.

use std::{
    fmt,
    net::IpAddr,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use poem::http::HeaderValue;
use uuid::{Uuid, fmt::Simple};

/// What is known of a request wherever it is worked on.
#[derive(Clone, Debug)]
pub struct RequestContext {
    pub id: RequestId,
    /// The client's address.
    pub address: IpAddr,
}

/// The id of a request: a proxy's, or one that no other request has. As a header's value, since
/// every answer has it.
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

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
}

impl RequestId {
    /// The most bytes that one may have.
    const LONGEST: usize = 128;

    /// An id that no other request has: 24 hexadecimal digits, of which the first sixteen are
    /// this process's own.
    pub fn fresh() -> Self {
        static PROCESS: LazyLock<u64> = LazyLock::new(|| Uuid::new_v4().as_u64_pair().0);
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let number = Uuid::from_u64_pair(*PROCESS, u64::from(count) << 32);
        let mut digits = [0; Simple::LENGTH];
        let digits = &number.simple().encode_lower(&mut digits)[..24];
        // Hexadecimal digits are a header's value, always.
        Self(HeaderValue::from_str(digits).unwrap_or(HeaderValue::from_static("none")))
    }

    /// An id that somebody else gave: up to 128 visible ASCII characters.
    pub fn of(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let fits = (1..=Self::LONGEST).contains(&bytes.len());
        (fits && bytes.iter().all(u8::is_ascii_graphic)).then(|| Self(value.clone()))
    }

    pub fn as_str(&self) -> &str {
        // Only visible ASCII characters are in it.
        self.0.to_str().unwrap_or_default()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl From<RequestId> for HeaderValue {
    fn from(id: RequestId) -> Self {
        id.0
    }
}
