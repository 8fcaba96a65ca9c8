//! The answer to a change that has nothing to show.

use poem_openapi::ApiResponse;

/// The answer to a change that has nothing to show.
#[derive(ApiResponse)]
pub(in crate::api) enum Done {
    /// Done.
    #[oai(status = 204)]
    Done,
}
