//! The declaration of an operation that is open to everybody.

use poem::{Request, RequestBody, Result};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

/// A parameter that declares its operation open. It appears nowhere in the
/// document but as the operation's empty security requirement.
#[derive(Debug)]
pub struct Public;

impl Public {
    /// The name by which [`Enforced`](super::Enforced) knows the declaration.
    pub(super) const MARK: &'static str = "(public)";
}

impl<'a> ApiExtractor<'a> for Public {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn security_schemes() -> Vec<&'static str> {
        vec![Self::MARK]
    }

    async fn from_request(
        _request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self)
    }
}
