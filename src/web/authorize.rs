//! The authorization endpoint and the question whether to consent (RFC 6749 §4.1).

use poem::{
    Request, Response,
    http::{Method, StatusCode},
};
use url::form_urlencoded::Serializer;

use super::{
    Shared,
    browser::Browser,
    failure::{Failure, Why},
    form::Form,
    login::to_login,
    page::{Consent, FormPost, Frame, described, render, see_other},
};
use crate::{
    address::client_address,
    authority::Authority,
    client::Client,
    oauth::{
        self, AuthorizationParameters, AuthorizationRequest, NotAuthorized, Reply, SignedIn, Step,
        origin_of,
    },
    scope::{Scope, ScopeSet},
};

/// GET and POST /authorize
pub(super) async fn start(authority: Shared, mut request: Request) -> Result<Response, Failure> {
    let browser = Browser::of(&authority, &request).await?;
    let sent = match *request.method() {
        Method::POST => Form::of_body(&mut request).await?,
        _ => Form::of_query(&request),
    };
    let reference = sent
        .get("request_uri")
        .filter(|uri| uri.starts_with(oauth::PUSHED));
    let asked = if let Some(reference) = reference {
        let client_id = sent.get("client_id").unwrap_or_default();
        oauth::pushed_request(&authority, client_id, reference).await
    } else {
        let address = client_address(&request, &authority.config.trusted_proxies);
        oauth::authorization_request(&authority, parameters(&sent), address).await
    };
    let asked = match asked {
        Ok(asked) => asked,
        Err(refused) => return refusal(&authority, &browser, refused),
    };
    let signed_in = browser.signed_in();
    let step = oauth::proceed(&authority, &asked, signed_in.as_ref()).await;
    if let (Some(reference), Ok(Step::Answer(_) | Step::Consent(_))) = (reference, &step) {
        oauth::forget_request(&authority, reference).await?;
    }
    match step {
        Ok(Step::Answer(reply)) => Ok(answer_client(&authority, &browser, &reply)),
        Ok(Step::LogIn) => {
            // Those of a pushed request are not in the address, where the login looks.
            let mut locales = String::new();
            if let Some(reference) = reference {
                if let Some(tags) = &asked.ui_locales {
                    let mut query = Serializer::new(String::new());
                    locales = format!("&{}", query.append_pair("ui_locales", tags).finish());
                }
                oauth::await_login(&authority, reference, asked).await?;
            }
            // A user who comes back from there has just typed the password.
            let query = sent.without(&["max_age", "prompt"]);
            let prompt = sent.get("prompt").unwrap_or_default();
            let prompt = match prompt.split(' ').any(|word| word == "consent") {
                true => "&prompt=consent",
                false => "",
            };
            let return_to = format!("/authorize?{query}{prompt}{locales}");
            Ok(to_login(&authority, &browser, &return_to))
        }
        Ok(Step::Consent(_)) => {
            let Some(signed_in) = signed_in else {
                return Err(Failure::Unavailable);
            };
            let ticket = oauth::keep_request(&authority, &asked, &signed_in).await?;
            let base = authority.config.base_path();
            Ok(see_other(&format!(
                "{base}/consent?request={}",
                ticket.expose()
            )))
        }
        Err(refused) => refusal(&authority, &browser, refused),
    }
}

fn parameters(sent: &Form) -> AuthorizationParameters {
    let get = |name: &str| sent.get(name).map(str::to_owned);
    AuthorizationParameters {
        client_id: get("client_id"),
        redirect_uri: get("redirect_uri"),
        response_type: get("response_type"),
        response_mode: get("response_mode"),
        scope: get("scope"),
        state: get("state"),
        code_challenge: get("code_challenge"),
        code_challenge_method: get("code_challenge_method"),
        nonce: get("nonce"),
        prompt: get("prompt"),
        max_age: get("max_age"),
        id_token_hint: get("id_token_hint"),
        ui_locales: get("ui_locales"),
        resources: sent.all("resource").map(str::to_owned).collect(),
        request: get("request"),
        request_uri: get("request_uri"),
        repeated: sent.repeated(&["resource"]).map(str::to_owned),
    }
}

/// Answers the client: by a redirect, or by a page whose form goes to it.
fn answer_client(authority: &Authority, browser: &Browser, reply: &Reply) -> Response {
    if !reply.posts {
        return see_other(&reply.location());
    }
    let origin = origin_of(&reply.redirect_uri).unwrap_or_default();
    let page = FormPost {
        frame: Frame::new(authority, browser.texts),
        action: &reply.redirect_uri,
        parameters: &reply.parameters,
    };
    let may = format!(" {origin}; script-src 'self'");
    render(StatusCode::OK, &may, &page)
}

fn refusal(
    authority: &Authority,
    browser: &Browser,
    refused: NotAuthorized,
) -> Result<Response, Failure> {
    match refused {
        NotAuthorized::Answer(reply) => Ok(answer_client(authority, browser, &reply)),
        NotAuthorized::Page(why) => Err(Why::Unanswerable(why).into()),
        NotAuthorized::Failed(error) => Err(error.into()),
    }
}

/// GET /consent
pub(super) async fn ask(authority: Shared, request: Request) -> Result<Response, Failure> {
    let browser = Browser::of(&authority, &request).await?;
    let query = Form::of_query(&request);
    let ticket = query.get("request").unwrap_or_default();
    let Some(signed_in) = browser.signed_in() else {
        let return_to = format!("/consent?{}", query.without(&[]));
        return Ok(to_login(&authority, &browser, &return_to));
    };
    let asked = oauth::kept_request(&authority, ticket, &signed_in).await?;
    let asked = asked.ok_or(Why::Outdated)?;
    let browser = browser.preferring(asked.ui_locales.as_deref());
    let page = question(&authority, &browser, &signed_in, ticket, &asked).await?;
    Ok(page)
}

async fn question(
    authority: &Authority,
    browser: &Browser,
    signed_in: &SignedIn,
    ticket: &str,
    asked: &AuthorizationRequest,
) -> Result<Response, Failure> {
    let client = asked.client(authority)?;
    let open = asked.asked.intersection(&signed_in.user.scopes);
    let origin = origin_of(&asked.redirect_uri).unwrap_or_default();
    let page = Consent {
        frame: Frame::new(authority, browser.texts),
        csrf: &browser.csrf_token(),
        request: ticket,
        client: client.name(),
        document_host: client.registered().and_then(Client::document_host),
        destination: &origin,
        username: &signed_in.user.username,
        scopes: &described(authority, &open).await?,
    };
    Ok(render(StatusCode::OK, &format!(" {origin}"), &page))
}

/// POST /consent
pub(super) async fn answer(authority: Shared, mut request: Request) -> Result<Response, Failure> {
    let browser = Browser::of(&authority, &request).await?;
    let sent = Form::of_page(&mut request, &browser).await?;
    let signed_in = browser.signed_in().ok_or(Failure::Forged)?;
    let ticket = sent.get("request").unwrap_or_default();
    let asked = oauth::take_request(&authority, ticket, &signed_in).await?;
    let asked = asked.ok_or(Why::Outdated)?;
    if sent.get("decision") != Some("allow") {
        return Ok(answer_client(
            &authority,
            &browser,
            &oauth::deny(&authority, &asked),
        ));
    }
    match oauth::approve(&authority, &asked, &signed_in, &ticked(&sent)).await {
        Ok(reply) => Ok(answer_client(&authority, &browser, &reply)),
        Err(refused) => refusal(&authority, &browser, refused),
    }
}

/// The scopes that were left ticked.
pub(super) fn ticked(sent: &Form) -> ScopeSet {
    sent.all("scope")
        .filter_map(|name| Scope::parse(name).ok())
        .collect()
}
