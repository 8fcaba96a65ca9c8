//! What a browser sends: queries and forms.

use poem::{Request, error::ReadBodyError, http::header};

use super::{
    browser::Browser,
    failure::{Failure, Why},
};

const MAX_BYTES: usize = 64 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

/// Parameters in the order in which they were sent; an empty one counts as left
/// out.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The parameters of the address.
    pub(super) fn of_query(request: &Request) -> Self {
        Self::parse(request.uri().query().unwrap_or_default().as_bytes())
    }

    /// The parameters of the body.
    pub(super) async fn of_body(request: &mut Request) -> Result<Self, Failure> {
        let kind = request.content_type().unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case(FORM) {
            return Err(Why::NoForm.into());
        }
        match request.take_body().into_bytes_limit(MAX_BYTES).await {
            Ok(bytes) => Ok(Self::parse(&bytes)),
            Err(ReadBodyError::PayloadTooLarge) => Err(Failure::TooLarge),
            Err(_) => Err(Why::FormIncomplete.into()),
        }
    }

    /// The form of one of our own pages, sent by the browser that was shown it:
    /// it comes from this origin and bears the token of the browser's session.
    pub(super) async fn of_page(request: &mut Request, browser: &Browser) -> Result<Self, Failure> {
        match Self::of_anybody(request, browser).await? {
            (form, true) => Ok(form),
            (_, false) => Err(Failure::Forged),
        }
    }

    /// A form that others may send as well, and whether it is one of our own pages.
    pub(super) async fn of_anybody(
        request: &mut Request,
        browser: &Browser,
    ) -> Result<(Self, bool), Failure> {
        let is_from_here = is_from_here(request);
        let form = Self::of_body(request).await?;
        let token = form.get("csrf").unwrap_or_default();
        let is_ours = is_from_here && browser.has_csrf_token(token);
        Ok((form, is_ours))
    }

    /// The parameters of a query.
    pub(super) fn parse_query(query: &str) -> Self {
        Self::parse(query.as_bytes())
    }

    /// The parameters of the query behind a path.
    pub(super) fn parse_query_of(path: &str) -> Self {
        Self::parse_query(path.split_once('?').map_or("", |(_, query)| query))
    }

    fn parse(text: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(text).into_owned();
        Self(pairs.filter(|(_, value)| !value.is_empty()).collect())
    }

    /// The first value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        let (_, value) = pairs.find(|(one, _)| one == name)?;
        Some(value)
    }

    /// All values of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(one, _)| one == name);
        named.map(|(_, value)| value.as_str())
    }

    /// The first name, but for those of lists, that is repeated.
    pub(super) fn repeated(&self, lists: &[&str]) -> Option<&str> {
        let mut seen = std::collections::HashSet::new();
        let mut names = self.0.iter().map(|(name, _)| name.as_str());
        names.find(|name| !lists.contains(name) && !seen.insert(*name))
    }

    /// The parameters as a query, but for some.
    pub(super) fn without(&self, names: &[&str]) -> String {
        let kept = self
            .0
            .iter()
            .filter(|(name, _)| !names.contains(&name.as_str()));
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(kept).finish()
    }
}

/// Whether a form was sent by a page of this server. Browsers say so themselves;
/// older ones name the origin. A page that sends no referrer has the origin `null`,
/// and what says neither is no browser: those two have the token to show.
fn is_from_here(request: &Request) -> bool {
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if let Some(site) = header("sec-fetch-site") {
        return site == "same-origin";
    }
    match header(header::ORIGIN.as_str()) {
        None | Some("null") => true,
        Some(origin) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == header(header::HOST.as_str())
        }
    }
}
