//! How the authorization endpoint answers a client (RFC 6749 §4.1.2).

use url::Url;

use super::Error;
use crate::guard::quotable;

/// How a client is answered: at its address, with `state` as it sent it, and with
/// `iss`, so that no other server's answer is taken for this one (RFC 9207).
pub(super) struct Answer<'a> {
    pub(super) issuer: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) state: Option<&'a str>,
    pub(super) posts: bool,
}

impl Answer<'_> {
    pub(super) fn reply(&self, parameters: &[(&str, &str)]) -> Reply {
        let state = self.state.map(|state| ("state", state));
        let all = parameters.iter().copied().chain(state);
        let all = all.chain([("iss", self.issuer)]);
        Reply {
            redirect_uri: self.redirect_uri.to_owned(),
            parameters: all
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            posts: self.posts,
        }
    }

    pub(super) fn error(&self, error: &str, text: &str) -> NotAuthorized {
        let text = quotable(text);
        NotAuthorized::Answer(self.reply(&[("error", error), ("error_description", &text)]))
    }
}

/// An answer to a client (RFC 6749 §4.1.2).
#[derive(Clone, Debug)]
pub struct Reply {
    pub redirect_uri: String,
    pub parameters: Vec<(String, String)>,
    /// Whether the browser posts it as a form (OAuth 2.0 Form Post Response Mode)
    /// instead of following a redirect.
    pub posts: bool,
}

impl Reply {
    /// The address with the answer in its query.
    pub fn location(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.parameters);
        let joint = if self.redirect_uri.contains('?') {
            '&'
        } else {
            '?'
        };
        format!("{}{joint}{}", self.redirect_uri, query.finish())
    }
}

/// Why a request is answered to the person alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswerable {
    UnknownClient,
    /// The document that describes the client cannot be used: why.
    UnusableClient(String),
    UnregisteredRedirect,
    RepeatedParameter(String),
    /// A request that was pushed is not there, or no longer.
    UnknownRequest,
}

/// Why a request goes no further.
#[derive(Debug)]
pub enum NotAuthorized {
    /// There is nowhere to answer to that can be trusted: a person is told.
    Page(Unanswerable),
    /// The client is told, at its redirect URI (RFC 6749 §4.1.2.1).
    Answer(Reply),
    /// It cannot be answered now.
    Failed(Error),
}

impl<E: Into<Error>> From<E> for NotAuthorized {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// The origin of an address, as a page's policy names it (CSP3 `form-action`).
pub fn origin_of(redirect_uri: &str) -> Option<String> {
    let url = Url::parse(redirect_uri).ok()?;
    match url.origin() {
        origin @ url::Origin::Tuple(..) => Some(origin.ascii_serialization()),
        url::Origin::Opaque(_) => Some(format!("{}:", url.scheme())),
    }
}
