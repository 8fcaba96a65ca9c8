//! Signing in and out.

use poem::{Request, Response, http::StatusCode};

use super::{
    Shared,
    browser::{Browser, acting, end, forget},
    failure::Failure,
    form::Form,
    page::{Frame, Login, Logout, render, see_other},
};
use crate::{
    address::client_address,
    authority::Authority,
    oauth::{self, origin_of},
    password::Password,
    redirect_uri::RedirectUri,
    throttle::Origin,
    token::Unverified,
    users::{self, NotLoggedIn},
};

/// GET /login
pub(super) async fn show(authority: Shared, request: Request) -> Result<Response, Failure> {
    let browser = Browser::of(&authority, &request).await?;
    let query = Form::of_query(&request);
    let return_to = query.get("return_to").unwrap_or_default();
    let hint = Form::parse_query_of(return_to);
    let username = hint.get("login_hint").unwrap_or_default();
    let browser = browser.preferring(hint.get("ui_locales"));
    let page = form(
        &authority,
        &browser,
        return_to,
        username,
        "",
        StatusCode::OK,
    );
    Ok(browser.mark(&authority, page))
}

/// POST /login
pub(super) async fn submit(authority: Shared, mut request: Request) -> Result<Response, Failure> {
    let browser = Browser::of(&authority, &request).await?;
    let sent = Form::of_page(&mut request, &browser).await?;
    let return_to = sent.get("return_to").unwrap_or_default().to_owned();
    let username = sent.get("username").unwrap_or_default().to_owned();
    let asked = Form::parse_query_of(&return_to);
    let browser = browser.preferring(asked.get("ui_locales"));
    let password = Password::new(sent.get("password").unwrap_or_default());
    let address = client_address(&request, &authority.config.trusted_proxies);
    let user = match users::log_in(&authority, &username, password, Origin::Address(address)).await
    {
        Ok(user) => user,
        Err(NotLoggedIn::Refused(why)) => {
            let error = oauth::Error::from(why);
            error.log();
            let text = &browser.texts.login_wrong;
            let status = StatusCode::BAD_REQUEST;
            return Ok(form(
                &authority, &browser, &return_to, &username, text, status,
            ));
        }
        Err(other) => return Err(oauth::Error::from(other).into()),
    };
    let Some(browser) = browser.sign_in(&authority, &request, &user).await? else {
        return Err(Failure::Forged);
    };
    let target = local(&return_to).unwrap_or("/account");
    let target = format!("{}{target}", authority.config.base_path());
    Ok(browser.mark(&authority, see_other(&target)))
}

fn form(
    authority: &Authority,
    browser: &Browser,
    return_to: &str,
    username: &str,
    error: &str,
    status: StatusCode,
) -> Response {
    let page = Login {
        frame: Frame::new(authority, browser.texts),
        csrf: &browser.csrf_token(),
        return_to: local(return_to).unwrap_or_default(),
        username,
        error,
    };
    render(status, &targets(authority, return_to), &page)
}

/// Where the form may lead in the end: browsers hold a page's policy against every
/// redirect behind the form, and the last one goes to the client.
fn targets(authority: &Authority, return_to: &str) -> String {
    if !return_to.starts_with("/authorize?") {
        return String::new();
    }
    let query = Form::parse_query_of(return_to);
    let client = query.get("client_id").unwrap_or_default();
    let Some(client) = authority.live.registry.client(client) else {
        return String::new();
    };
    let kind = client.application_type;
    let is_registered = |named: &&str| {
        client
            .redirect_uris
            .iter()
            .any(|uri| uri.allows(named, kind))
    };
    let uri = match query.get("redirect_uri") {
        Some(named) => Some(named).filter(is_registered),
        None => client.redirect_uris.first().map(RedirectUri::as_str),
    };
    let origin = uri.and_then(origin_of);
    origin.map_or_else(String::new, |origin| format!(" {origin}"))
}

/// A path of this server to go to; anything that a browser could take for another
/// host is none.
pub(super) fn local(target: &str) -> Option<&str> {
    let is_path = target.starts_with('/') && !target.starts_with("//");
    let is_plain = target
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (is_path && is_plain).then_some(target)
}

/// Sends somebody who has not signed in to do so, and back.
pub(super) fn to_login(authority: &Authority, browser: &Browser, return_to: &str) -> Response {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let query = query.append_pair("return_to", return_to).finish();
    let target = format!("{}/login?{query}", authority.config.base_path());
    browser.mark(authority, see_other(&target))
}

/// GET /logout: asks first, since any page could lead here. An application that
/// signs its user out names itself and where to go on (OpenID Connect
/// RP-Initiated Logout §2).
pub(super) async fn ask_logout(authority: Shared, request: Request) -> Result<Response, Failure> {
    let browser = Browser::of(&authority, &request).await?;
    let query = Form::of_query(&request);
    let return_to = after_logout(&authority, &query);
    let Some(signed_in) = browser.signed_in() else {
        let target = return_to.unwrap_or_else(|| format!("{}/login", authority.config.base_path()));
        return Ok(see_other(&target));
    };
    let return_to = return_to.unwrap_or_default();
    let targets = origin_of(&return_to).map_or_else(String::new, |origin| format!(" {origin}"));
    let page = Logout {
        frame: Frame::new(&authority, browser.texts),
        csrf: &browser.csrf_token(),
        username: &signed_in.user.username,
        return_to: &query.without(&["csrf"]),
    };
    Ok(render(StatusCode::OK, &targets, &page))
}

/// POST /logout
pub(super) async fn logout(authority: Shared, mut request: Request) -> Result<Response, Failure> {
    let browser = Browser::of(&authority, &request).await?;
    let (sent, is_ours) = Form::of_anybody(&mut request, &browser).await?;
    if !is_ours {
        // An application may ask by POST as well. Its form comes without our cookie, so
        // that the question is put by GET.
        let asks = [
            "client_id",
            "id_token_hint",
            "post_logout_redirect_uri",
            "state",
        ];
        if !asks.iter().any(|name| sent.get(name).is_some()) {
            return Err(Failure::Forged);
        }
        let query = sent.without(&["csrf"]);
        return Ok(see_other(&format!(
            "{}/logout?{query}",
            authority.config.base_path()
        )));
    }
    if let (Some(signed_in), Some(id)) = (browser.signed_in(), browser.session_id()) {
        end(&authority, &acting(&signed_in.user)?, &signed_in, id).await?;
    }
    let asked = Form::parse_query(sent.get("return_to").unwrap_or_default());
    let target = after_logout(&authority, &asked)
        .unwrap_or_else(|| format!("{}/login", authority.config.base_path()));
    Ok(forget(&authority, see_other(&target)))
}

/// Where the browser goes after a logout: the registered address that the
/// application names.
fn after_logout(authority: &Authority, asked: &Form) -> Option<String> {
    let named = asked.get("post_logout_redirect_uri")?;
    let client = authority.live.registry.client(&asking_client(asked)?)?;
    let kind = client.application_type;
    let mut uris = client.post_logout_redirect_uris.iter();
    uris.any(|uri| uri.allows(named, kind)).then(|| {
        let Some(state) = asked.get("state") else {
            return named.to_owned();
        };
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let state = query.append_pair("state", state).finish();
        let joint = if named.contains('?') { '&' } else { '?' };
        format!("{named}{joint}{state}")
    })
}

/// The client that asks for a logout: by its id, or as the one that the ID token was
/// for. Neither is proof of anything: the address is compared with what the client has
/// registered.
fn asking_client(asked: &Form) -> Option<String> {
    if let Some(id) = asked.get("client_id") {
        return Some(id.to_owned());
    }
    let hint = Unverified::read(asked.get("id_token_hint")?)?;
    hint.claims.get("aud")?.as_str().map(str::to_owned)
}
