//! Whether the server is alive and ready.

use std::sync::Arc;

use poem_openapi::{Object, OpenApi, payload::Json, types::Example};

use crate::api::plumbing::tag::Tag;
use crate::api::plumbing::{errors::unavailable, problem::Failure};
use crate::{authority::Authority, guard::Public};

pub(in crate::api) struct HealthApi(pub Arc<Authority>);

/// The server's state.
#[derive(Object)]
#[oai(example)]
struct Health {
    /// Always `ok`; anything else is an error status.
    status: String,
}

impl Example for Health {
    fn example() -> Self {
        Self {
            status: "ok".to_owned(),
        }
    }
}

#[OpenApi(tag = "Tag::Operation")]
impl HealthApi {
    /// Is the server alive?
    ///
    /// Answers as long as the process runs.
    #[oai(path = "/healthz", method = "get", operation_id = "getHealth")]
    async fn get_health(&self, _open: Public) -> Json<Health> {
        Json(Health::example())
    }

    /// Is the server ready for requests?
    ///
    /// Yes if the database can be read and written, that of shared users can be read, and the
    /// server has the latest changes; no once it is about to stop.
    #[oai(path = "/readyz", method = "get", operation_id = "getReadiness")]
    async fn get_readiness(&self, _open: Public) -> Result<Json<Health>, Failure<503>> {
        match self.0.is_ready().await {
            true => Ok(Json(Health::example())),
            false => Err(unavailable().into()),
        }
    }
}
