//! What one has here: profile and password, personal tokens, connected
//! applications, sign-ins; each can be taken back.

use poem::{Request, Response, http::StatusCode};

use super::{
    Shared,
    authorize::ticked,
    browser::{Browser, acting, end, forget, seen_since, subject},
    failure::Failure,
    form::Form,
    login::to_login,
    page::{Account, Frame, Fresh, described, render, see_other},
    texts::{Texts, fill},
};
use crate::{
    actor::BeyondPower,
    address::client_address,
    authority::Authority,
    builtin_scope::BuiltinScope,
    clients,
    error::Error,
    fields,
    issued_token::TokenKind,
    oauth::SignedIn,
    password::Password,
    store::{TokenFilter, Transaction},
    tokens::{self, Made, Personal},
    users,
};

const DAY: u64 = 24 * 60 * 60;

/// How many personal tokens the page shows.
const MAX_TOKENS: u32 = 200;

/// What the page says beside what there is.
#[derive(Default)]
struct Said<'a> {
    notice: &'a str,
    error: &'a str,
    made: Option<Made>,
}

/// GET /account
pub(super) async fn show(authority: Shared, request: Request) -> Result<Response, Failure> {
    let browser = Browser::of(&authority, &request).await?;
    let Some(signed_in) = browser.signed_in() else {
        return Ok(to_login(&authority, &browser, "/account"));
    };
    page(&authority, &browser, &signed_in, Said::default()).await
}

/// POST /account/password: ends every other session and every token.
pub(super) async fn change_password(
    authority: Shared,
    mut request: Request,
) -> Result<Response, Failure> {
    let (browser, signed_in, sent) = form(&authority, &mut request).await?;
    let read = |name| sent.get(name).unwrap_or_default();
    let address = client_address(&request, &authority.config.trusted_proxies);
    let user = &signed_in.user;
    let changed = users::change_own_password(
        &authority,
        &acting(&signed_in.user)?,
        &user.username,
        Password::new(read("current_password")),
        Password::new(read("new_password")),
        address,
    )
    .await;
    match changed {
        Ok(()) => {}
        Err(error @ (Error::WrongPassword | Error::Field(_))) => {
            let t = browser.texts;
            let least = fields::MIN_PASSWORD_BYTES.to_string();
            let most = Password::MAX_BYTES.to_string();
            let fits = fields::new_password(read("new_password").as_bytes()).is_ok();
            let why = match error {
                Error::WrongPassword => t.account_password_wrong.clone(),
                _ if fits => t.account_password_guessable.clone(),
                _ => fill(
                    &t.account_password_length,
                    &[("least", &least), ("most", &most)],
                ),
            };
            let why = fill(&t.account_password_failed, &[("why", &why)]);
            let said = Said {
                error: &why,
                ..Said::default()
            };
            return page(&authority, &browser, &signed_in, said).await;
        }
        Err(other) => return Err(other.into()),
    }
    // With the new password, under which the session begins anew.
    let user = users::user(&authority, &user.username).await?;
    let Some(browser) = browser.sign_in(&authority, &request, &user).await? else {
        return Err(Failure::Forged);
    };
    let said = Said {
        notice: &browser.texts.account_password_changed,
        ..Said::default()
    };
    let page = page(&authority, &browser, &signed_in, said).await?;
    Ok(browser.mark(&authority, page))
}

/// POST /account/tokens
pub(super) async fn make_token(
    authority: Shared,
    mut request: Request,
) -> Result<Response, Failure> {
    let (browser, signed_in, sent) = form(&authority, &mut request).await?;
    let user = &signed_in.user;
    if !user.scopes.contains(BuiltinScope::TOKENS) {
        return Err(Failure::Forged);
    }
    let days: Option<u64> = sent.get("days").and_then(|days| days.parse().ok());
    let personal = Personal {
        name: sent.get("name").unwrap_or_default().to_owned(),
        scopes: ticked(&sent),
        expires_in: days.and_then(|days| days.checked_mul(DAY)).or(Some(0)),
    };
    let subject = subject(&signed_in.user)?;
    let actor = acting(&signed_in.user)?;
    match tokens::make_personal(&authority, &actor, &subject, personal).await {
        Ok(made) => {
            let said = Said {
                made: Some(made),
                ..Said::default()
            };
            page(&authority, &browser, &signed_in, said).await
        }
        Err(error) => {
            let Some(why) = why_no_token(&authority, browser.texts, &error) else {
                return Err(error.into());
            };
            let said = Said {
                error: &fill(&browser.texts.account_token_failed, &[("why", &why)]),
                ..Said::default()
            };
            page(&authority, &browser, &signed_in, said).await
        }
    }
}

/// What was wrong with what somebody typed, in the language of the page; none where
/// it was something else.
fn why_no_token(authority: &Authority, t: &Texts, error: &Error) -> Option<String> {
    match error {
        Error::Field(unfit) if unfit.field == "name" => Some(t.account_token_name.clone()),
        Error::Field(unfit) if unfit.field == "expires_in" => {
            let most = max_days(authority).to_string();
            Some(fill(&t.account_token_life, &[("most", &most)]))
        }
        Error::BeyondPower(BeyondPower(scopes)) => {
            let scopes = scopes.to_string();
            Some(fill(&t.account_token_beyond, &[("scopes", &scopes)]))
        }
        Error::TooManyTokens(most) => {
            let most = most.to_string();
            Some(fill(&t.account_token_too_many, &[("most", &most)]))
        }
        _ => None,
    }
}

/// POST /account/tokens/revoke
pub(super) async fn revoke_token(
    authority: Shared,
    mut request: Request,
) -> Result<Response, Failure> {
    let (_, signed_in, sent) = form(&authority, &mut request).await?;
    let id = sent.get("id").unwrap_or_default();
    let actor = acting(&signed_in.user)?;
    match tokens::revoke_personal(&authority, &actor, &subject(&signed_in.user)?, id).await {
        // It is gone, which is what was wanted.
        Ok(()) | Err(Error::NoSuchToken(_)) => Ok(back(&authority)),
        Err(other) => Err(other.into()),
    }
}

/// POST /account/apps/revoke
pub(super) async fn revoke_app(
    authority: Shared,
    mut request: Request,
) -> Result<Response, Failure> {
    let (_, signed_in, sent) = form(&authority, &mut request).await?;
    let client = sent.get("client_id").unwrap_or_default();
    let actor = acting(&signed_in.user)?;
    clients::end_consent(&authority, &actor, &signed_in.user.id, client).await?;
    Ok(back(&authority))
}

/// POST /account/sessions/end
pub(super) async fn end_session(
    authority: Shared,
    mut request: Request,
) -> Result<Response, Failure> {
    let (_, signed_in, sent) = form(&authority, &mut request).await?;
    let id = sent.get("id").unwrap_or_default();
    let actor = acting(&signed_in.user)?;
    end(&authority, &actor, &signed_in, id).await?;
    Ok(back(&authority))
}

/// POST /account/sessions/end-all: logs out everywhere, here as well.
pub(super) async fn end_all_sessions(
    authority: Shared,
    mut request: Request,
) -> Result<Response, Failure> {
    let (_, signed_in, _) = form(&authority, &mut request).await?;
    let actor = acting(&signed_in.user)?;
    let write = async |transaction: &mut Transaction| {
        transaction.end_all_sessions(&signed_in.user.id).await?;
        Ok::<_, Error>(())
    };
    authority.write(&actor, write).await?;
    let login = format!("{}/login", authority.config.base_path());
    Ok(forget(&authority, see_other(&login)))
}

async fn form(
    authority: &Authority,
    request: &mut Request,
) -> Result<(Browser, SignedIn, Form), Failure> {
    let browser = Browser::of(authority, request).await?;
    let sent = Form::of_page(request, &browser).await?;
    let signed_in = browser.signed_in().ok_or(Failure::Forged)?;
    Ok((browser, signed_in, sent))
}

fn back(authority: &Authority) -> Response {
    see_other(&format!("{}/account", authority.config.base_path()))
}

/// The longest life of a personal token, in days.
fn max_days(authority: &Authority) -> u64 {
    (authority.config.max_token_ttl.as_secs() / DAY).max(1)
}

async fn page(
    authority: &Authority,
    browser: &Browser,
    signed_in: &SignedIn,
    said: Said<'_>,
) -> Result<Response, Failure> {
    let user = &signed_in.user;
    let subject = subject(&signed_in.user)?;
    let filter = TokenFilter {
        subject: Some(subject.as_str()),
        kind: Some(TokenKind::Personal),
        after: "",
        limit: MAX_TOKENS,
    };
    let now = authority.clock.now();
    let seen_since = seen_since(authority, now);
    let mut apps = Vec::new();
    for consent in authority.store.consents(&user.id).await? {
        let client = authority.live.registry.client(&consent.client_id);
        let name = client.map_or_else(|| consent.client_id.clone(), |client| client.name.clone());
        apps.push((name, consent));
    }
    let issuer = &authority.config.issuer;
    let example = |made: &Made| {
        format!(
            "curl {issuer}/users/me -H 'Authorization: Bearer {}'",
            made.jwt
        )
    };
    let example = said.made.as_ref().map(example).unwrap_or_default();
    let page = Account {
        frame: Frame::new(authority, browser.texts),
        csrf: &browser.csrf_token(),
        username: &user.username,
        email: user.profile.email.as_deref().unwrap_or_default(),
        full_name: user.profile.full_name.as_deref().unwrap_or_default(),
        scopes: &described(authority, &user.scopes).await?,
        may_make_tokens: user.scopes.contains(BuiltinScope::TOKENS),
        max_days: max_days(authority),
        proposed_days: max_days(authority).min(30),
        tokens: &tokens::list(authority, &filter).await?,
        fresh: said.made.as_ref().map(|made| Fresh {
            name: made.token.name.as_deref().unwrap_or_default(),
            jwt: &made.jwt,
            example: &example,
        }),
        apps: &apps,
        sessions: &authority.store.sessions(&user.id, seen_since, now).await?,
        this_session: browser.session_id().unwrap_or_default(),
        notice: said.notice,
        error: said.error,
    };
    let status = match said.error.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::BAD_REQUEST,
    };
    Ok(render(status, "", &page))
}
