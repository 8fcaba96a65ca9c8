//! The pages' frame: templates, the stylesheet, headers.

use askama::Template;
use poem::{
    Endpoint, Response,
    endpoint::make_sync,
    http::{StatusCode, header},
};

use crate::{
    authority::Authority,
    scope::ScopeSet,
    store::{ConsentRow, SessionRow, TokenRow},
};

const STYLE: &str = include_str!("style.css");

/// A page that says something.
#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct Message<'a> {
    pub root: &'a str,
    pub title: &'a str,
    pub text: &'a str,
}

#[derive(Template)]
#[template(path = "login.html")]
pub(super) struct Login<'a> {
    pub root: &'a str,
    pub csrf: &'a str,
    pub return_to: &'a str,
    pub username: &'a str,
    pub error: &'a str,
}

#[derive(Template)]
#[template(path = "logout.html")]
pub(super) struct Logout<'a> {
    pub root: &'a str,
    pub csrf: &'a str,
    pub username: &'a str,
    pub return_to: &'a str,
}

/// A scope and what the catalogue says of it.
pub(super) struct Described {
    pub name: String,
    pub description: String,
}

#[derive(Template)]
#[template(path = "consent.html")]
pub(super) struct Consent<'a> {
    pub root: &'a str,
    pub csrf: &'a str,
    pub request: &'a str,
    pub client: &'a str,
    /// The host of the document that describes the client, if one does.
    pub document_host: Option<String>,
    pub destination: &'a str,
    pub username: &'a str,
    pub scopes: &'a [Described],
}

/// An answer that the browser posts to a client.
#[derive(Template)]
#[template(path = "form_post.html")]
pub(super) struct FormPost<'a> {
    pub root: &'a str,
    pub action: &'a str,
    pub parameters: &'a [(String, String)],
}

#[derive(Template)]
#[template(path = "device.html")]
pub(super) struct Device<'a> {
    pub root: &'a str,
    pub csrf: &'a str,
    pub username: &'a str,
    pub user_code: &'a str,
    pub error: &'a str,
    /// The client that waits, once the code is known to be good.
    pub client: Option<&'a str>,
    pub scopes: &'a [Described],
}

/// A personal token that was made just now.
pub(super) struct Fresh<'a> {
    pub name: &'a str,
    pub jwt: &'a str,
    pub example: &'a str,
}

#[derive(Template)]
#[template(path = "account.html")]
pub(super) struct Account<'a> {
    pub root: &'a str,
    pub csrf: &'a str,
    pub username: &'a str,
    pub email: &'a str,
    pub full_name: &'a str,
    pub scopes: &'a [Described],
    pub may_make_tokens: bool,
    pub max_days: u64,
    pub proposed_days: u64,
    pub tokens: &'a [TokenRow],
    pub fresh: Option<Fresh<'a>>,
    pub apps: &'a [(String, ConsentRow)],
    pub sessions: &'a [SessionRow],
    pub this_session: &'a str,
    pub notice: &'a str,
    pub error: &'a str,
}

/// A time for people: UTC, to the minute.
mod filters {
    use std::time::{Duration, UNIX_EPOCH};

    #[askama::filter_fn]
    pub fn time(seconds: &i64, _: &dyn askama::Values) -> askama::Result<String> {
        let time = UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs());
        let text = humantime::format_rfc3339_seconds(time).to_string();
        Ok(text.get(..16).unwrap_or_default().replace('T', " "))
    }
}

/// Renders a page. What it may do is next to nothing; forms go to this server, and
/// from there to `targets` at most.
pub(super) fn render(status: StatusCode, targets: &str, page: &impl Template) -> Response {
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self'{targets}; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    let builder = Response::builder()
        .content_type("text/html; charset=utf-8")
        .header(header::CONTENT_SECURITY_POLICY, policy)
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::X_FRAME_OPTIONS, "DENY")
        .header(header::CACHE_CONTROL, "no-store");
    match page.render() {
        Ok(html) => builder.status(status).body(html),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            builder.status(StatusCode::INTERNAL_SERVER_ERROR).finish()
        }
    }
}

/// Sends the browser on, as the answer to a form or not (RFC 9110 §15.4.4).
pub(super) fn see_other(target: &str) -> Response {
    Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header(header::LOCATION, target)
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::CACHE_CONTROL, "no-store")
        .finish()
}

pub(super) fn stylesheet() -> impl Endpoint<Output = Response> {
    asset("text/css; charset=utf-8", STYLE)
}

/// Sends the one form of a page off, where there is JavaScript; elsewhere it has a
/// button.
pub(super) fn form_post_script() -> impl Endpoint<Output = Response> {
    asset(
        "text/javascript; charset=utf-8",
        "document.forms[0].submit();\n",
    )
}

fn asset(kind: &'static str, text: &'static str) -> impl Endpoint<Output = Response> {
    make_sync(move |_| {
        Response::builder()
            .content_type(kind)
            .header(header::CACHE_CONTROL, "public, max-age=3600")
            .body(text)
    })
}

/// Where the pages are found, with a slash at its end.
pub(super) fn root(authority: &Authority) -> String {
    format!("{}/", authority.config.base_path())
}

/// Scopes in the words of the catalogue.
pub(super) async fn described(
    authority: &Authority,
    scopes: &ScopeSet,
) -> Result<Vec<Described>, crate::store::Error> {
    let catalogue = authority.store.scopes().await?;
    let of = |scope: &crate::scope::Scope| Described {
        name: scope.to_string(),
        description: catalogue
            .iter()
            .find(|row| row.name == scope.as_str())
            .map(|row| row.description.clone())
            .unwrap_or_default(),
    };
    Ok(scopes.iter().map(of).collect())
}
