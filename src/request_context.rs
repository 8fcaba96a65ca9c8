//! The request at hand: where it comes from, for whatever is written about it on the way.

use std::net::IpAddr;

/// What is known of a request wherever it is worked on.
#[derive(Clone, Copy, Debug)]
pub struct RequestContext {
    /// The client's address.
    pub address: IpAddr,
}

tokio::task_local! {
    static CONTEXT: RequestContext;
}

impl RequestContext {
    /// That of the request at hand; none in commands and in what the server does by itself.
    pub fn current() -> Option<Self> {
        CONTEXT.try_with(|context| *context).ok()
    }

    /// Works on a request.
    pub async fn around<F: Future>(self, work: F) -> F::Output {
        CONTEXT.scope(self, work).await
    }
}
