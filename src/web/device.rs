//! Where the user of a device types its code (RFC 8628 §3.3).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use poem::{Request, Response, http::StatusCode};

use super::{
    Shared,
    authorize::ticked,
    browser::Browser,
    failure::{Failure, Why},
    form::Form,
    login::to_login,
    page::{Device, Frame, Message, described, render},
};
use crate::{
    authority::Authority,
    oauth::{self, SignedIn, WaitingDevice},
};

/// How many wrong codes a user may type within [`WINDOW`].
const MAX_WRONG: u32 = 10;
const WINDOW: i64 = 600;

/// The wrong codes that users typed: how many, and since when (RFC 8628 §5.1).
#[derive(Default)]
pub(super) struct WrongCodes(Mutex<HashMap<String, (u32, i64)>>);

impl WrongCodes {
    fn check(&self, user: &str, now: i64) -> Result<(), Failure> {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.retain(|_, (_, since)| now - *since < WINDOW);
        match wrong.get(user) {
            Some((count, since)) if *count >= MAX_WRONG => {
                Err(Failure::Throttled((since + WINDOW - now).unsigned_abs()))
            }
            _ => Ok(()),
        }
    }

    fn note(&self, user: &str, now: i64) {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, _) = wrong.entry(user.to_owned()).or_insert((0, now));
        *count += 1;
    }
}

/// GET /device
pub(super) async fn show(
    authority: Shared,
    request: Request,
    wrong: Arc<WrongCodes>,
) -> Result<Response, Failure> {
    let browser = Browser::of(&authority, &request).await?;
    let query = Form::of_query(&request);
    let Some(signed_in) = browser.signed_in() else {
        let return_to = match query.without(&[]) {
            query if query.is_empty() => "/device".to_owned(),
            query => format!("/device?{query}"),
        };
        return Ok(to_login(&authority, &browser, &return_to));
    };
    let typed = query.get("user_code").unwrap_or_default();
    if typed.is_empty() {
        return page(&authority, &browser, &signed_in, "", "", None).await;
    }
    let device = find(&authority, &signed_in, typed, &wrong).await?;
    answer_to_code(&authority, &browser, &signed_in, typed, device).await
}

/// POST /device: the code, and then the decision.
pub(super) async fn answer(
    authority: Shared,
    mut request: Request,
    wrong: Arc<WrongCodes>,
) -> Result<Response, Failure> {
    let browser = Browser::of(&authority, &request).await?;
    let sent = Form::of_page(&mut request, &browser).await?;
    let signed_in = browser.signed_in().ok_or(Failure::Forged)?;
    let typed = sent.get("user_code").unwrap_or_default();
    let device = find(&authority, &signed_in, typed, &wrong).await?;
    let (Some(device), Some(decision)) = (&device, sent.get("decision")) else {
        return answer_to_code(&authority, &browser, &signed_in, typed, device).await;
    };
    let chosen = ticked(&sent);
    let is_allowed = decision == "allow" && (!chosen.is_empty() || device.scopes.is_empty());
    let was_waiting = match is_allowed {
        true => {
            let user = &signed_in.user;
            oauth::approve_device(&authority, device, user, &chosen, signed_in.auth_time).await?
        }
        false => oauth::deny_device(&authority, device, &signed_in.user).await?,
    };
    if !was_waiting {
        return Err(Why::UnknownDevice.into());
    }
    let t = browser.texts;
    let (title, text) = match is_allowed {
        true => (&t.done, &t.device_allowed),
        false => (&t.refused, &t.device_refused),
    };
    Ok(render(
        StatusCode::OK,
        "",
        &Message {
            frame: Frame::new(&authority, t),
            title,
            text,
        },
    ))
}

async fn find(
    authority: &Authority,
    signed_in: &SignedIn,
    typed: &str,
    wrong: &WrongCodes,
) -> Result<Option<WaitingDevice>, Failure> {
    let now = authority.clock.now();
    wrong.check(&signed_in.user.id, now)?;
    let device = oauth::waiting_device(authority, typed, &signed_in.user).await?;
    if device.is_none() {
        wrong.note(&signed_in.user.id, now);
    }
    Ok(device)
}

async fn answer_to_code(
    authority: &Authority,
    browser: &Browser,
    signed_in: &SignedIn,
    typed: &str,
    device: Option<WaitingDevice>,
) -> Result<Response, Failure> {
    let error = match device {
        Some(_) => "",
        None => &browser.texts.device_unknown,
    };
    page(authority, browser, signed_in, typed, error, device).await
}

async fn page(
    authority: &Authority,
    browser: &Browser,
    signed_in: &SignedIn,
    typed: &str,
    error: &str,
    device: Option<WaitingDevice>,
) -> Result<Response, Failure> {
    let scopes = match &device {
        Some(device) => described(authority, &device.scopes).await?,
        None => Vec::new(),
    };
    let page = Device {
        frame: Frame::new(authority, browser.texts),
        csrf: &browser.csrf_token(),
        username: &signed_in.user.username,
        user_code: device.as_ref().map_or(typed, |device| &device.user_code),
        error,
        client: device.as_ref().map(|device| device.client.name()),
        scopes: &scopes,
    };
    let status = match error.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::BAD_REQUEST,
    };
    Ok(render(status, "", &page))
}
