//! The pages' frame: templates, the stylesheet, headers.

use std::time::{Duration, UNIX_EPOCH};

use askama::Template;
use bytes::Bytes;
use poem::{
    Endpoint, Response,
    endpoint::make_sync,
    http::{StatusCode, header},
};

use super::texts::{Texts, fill, strong};
use crate::{
    authority::Authority,
    config::{Brand, Logo},
    issued_token::Token,
    scope::ScopeSet,
    store::{ConsentRow, SessionRow},
};

const STYLE: &str = include_str!("style.css");

/// A page that says something.
#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct Message<'a> {
    pub frame: Frame<'a>,
    pub title: &'a str,
    pub text: &'a str,
}

#[derive(Template)]
#[template(path = "login.html")]
pub(super) struct Login<'a> {
    pub frame: Frame<'a>,
    pub csrf: &'a str,
    pub return_to: &'a str,
    pub username: &'a str,
    pub error: &'a str,
}

#[derive(Template)]
#[template(path = "logout.html")]
pub(super) struct Logout<'a> {
    pub frame: Frame<'a>,
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
    pub frame: Frame<'a>,
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
    pub frame: Frame<'a>,
    pub action: &'a str,
    pub parameters: &'a [(String, String)],
}

#[derive(Template)]
#[template(path = "device.html")]
pub(super) struct Device<'a> {
    pub frame: Frame<'a>,
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
    pub frame: Frame<'a>,
    pub csrf: &'a str,
    pub username: &'a str,
    pub email: &'a str,
    pub full_name: &'a str,
    pub scopes: &'a [Described],
    pub may_make_tokens: bool,
    pub max_days: u64,
    pub proposed_days: u64,
    pub tokens: &'a [Token],
    pub fresh: Option<Fresh<'a>>,
    pub apps: &'a [(String, ConsentRow)],
    pub sessions: &'a [SessionRow],
    pub this_session: &'a str,
    pub notice: &'a str,
    pub error: &'a str,
}

/// What is at `/`.
#[derive(Template)]
#[template(path = "home.html")]
pub(super) struct Home<'a> {
    pub frame: Frame<'a>,
}

/// What every page has: the path below which they are found, the texts in
/// the language of the browser, and the team's name, logo and colour.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub root: &'a str,
    pub t: &'static Texts,
    pub brand: &'a Brand,
}

impl<'a> Frame<'a> {
    pub(super) fn new(authority: &'a Authority, texts: &'static Texts) -> Self {
        Self {
            root: authority.config.base_path(),
            t: texts,
            brand: &authority.config.brand,
        }
    }
}

/// A time for people: UTC, to the minute.
fn time_of(seconds: &i64) -> String {
    let time = UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs());
    let text = humantime::format_rfc3339_seconds(time).to_string();
    text.get(..16).unwrap_or_default().replace('T', " ")
}

/// Renders a page. What it may do is next to nothing; forms go to this server, and
/// from there to `targets` at most.
pub(super) fn render(status: StatusCode, targets: &str, page: &impl Template) -> Response {
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'{targets}; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    let builder = Response::builder()
        .content_type("text/html; charset=utf-8")
        .header(header::CONTENT_SECURITY_POLICY, policy)
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::X_FRAME_OPTIONS, "DENY")
        .header(header::VARY, "Accept-Language")
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

pub(super) fn stylesheet(brand: &Brand) -> impl Endpoint<Output = Response> + use<> {
    let style = format!("{STYLE}{}", brand.style());
    asset("text/css; charset=utf-8", style.into_bytes())
}

/// The team's logo.
pub(super) fn logo(logo: Logo) -> impl Endpoint<Output = Response> {
    asset(logo.media_type, logo.bytes)
}

/// Sends the one form of a page off, where there is JavaScript; elsewhere it has a
/// button.
pub(super) fn form_post_script() -> impl Endpoint<Output = Response> {
    asset(
        "text/javascript; charset=utf-8",
        b"document.forms[0].submit();\n".to_vec(),
    )
}

fn asset(kind: &'static str, bytes: Vec<u8>) -> impl Endpoint<Output = Response> {
    let bytes = Bytes::from(bytes);
    make_sync(move |_| {
        Response::builder()
            .content_type(kind)
            .header(header::CACHE_CONTROL, "public, max-age=3600")
            .header(
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            )
            .body(bytes.clone())
    })
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
