//! Why a page is not shown, and the page that says so.

use poem::{
    Response,
    http::{HeaderValue, StatusCode, header},
};

use super::{
    page::{Frame, Message, render},
    texts::{Texts, fill},
};
use crate::{
    error::Error,
    oauth::{self, Unanswerable},
    store,
};

/// Why a page is not shown.
#[derive(Debug)]
pub(super) enum Failure {
    /// The form was not sent from our page, or from that of another session.
    Forged,
    /// What was asked for cannot be.
    Refused(Why),
    /// Too many attempts have failed: how many seconds to wait.
    Throttled(u64),
    TooLarge,
    /// It cannot be done now.
    Unavailable,
}

/// Why what was asked for cannot be.
#[derive(Debug)]
pub(super) enum Why {
    NoForm,
    FormIncomplete,
    ClientGone,
    /// The question of consent was answered, or is too old.
    Outdated,
    UnknownDevice,
    Unanswerable(Unanswerable),
    /// What an operation says, in English alone.
    Operation(Error),
}

impl Why {
    fn text(&self, t: &Texts) -> String {
        let text = match self {
            Self::NoForm => &t.no_form,
            Self::FormIncomplete => &t.form_incomplete,
            Self::ClientGone => &t.client_gone,
            Self::Outdated => &t.consent_outdated,
            Self::UnknownDevice => &t.device_unknown,
            Self::Unanswerable(why) => match why {
                Unanswerable::UnknownClient => &t.client_unknown,
                Unanswerable::UnusableClient(why) => {
                    return fill(&t.client_unusable, &[("why", why)]);
                }
                Unanswerable::UnregisteredRedirect => &t.redirect_unregistered,
                Unanswerable::RepeatedParameter(name) => {
                    return fill(&t.parameter_repeated, &[("name", name)]);
                }
                Unanswerable::UnknownRequest => &t.request_unknown,
            },
            Self::Operation(error) => return format!("{error}."),
        };
        text.clone()
    }
}

impl From<Why> for Failure {
    fn from(why: Why) -> Self {
        Self::Refused(why)
    }
}

impl Failure {
    pub(super) fn into_page(self, frame: Frame<'_>) -> Response {
        let t = frame.t;
        let (status, title, text) = match &self {
            Self::Forged => (StatusCode::FORBIDDEN, &t.not_done, t.not_done_why.clone()),
            Self::Refused(why) => (StatusCode::BAD_REQUEST, &t.does_not_work, why.text(t)),
            Self::Throttled(seconds) => (
                StatusCode::TOO_MANY_REQUESTS,
                &t.too_many,
                fill(&t.too_many_why, &[("seconds", &seconds.to_string())]),
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                &t.too_large,
                t.too_large_why.clone(),
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                &t.not_now,
                t.not_now_why.clone(),
            ),
        };
        let mut response = render(
            status,
            "",
            &Message {
                frame,
                title,
                text: &text,
            },
        );
        let retry_after = match self {
            Self::Throttled(seconds) => Some(seconds),
            Self::Unavailable => Some(1),
            _ => None,
        };
        if let Some(seconds) = retry_after {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        tracing::error!(%error, "a page could not be answered");
        Self::Unavailable
    }
}

impl From<oauth::Error> for Failure {
    fn from(error: oauth::Error) -> Self {
        match error {
            oauth::Error::Throttled(throttled) => Self::Throttled(throttled.retry_after),
            oauth::Error::InvalidClient(_) => Why::ClientGone.into(),
            oauth::Error::Infrastructure(failure) => {
                failure.report();
                Self::Unavailable
            }
            other => {
                tracing::error!(error = %other, "a page could not be answered");
                Self::Unavailable
            }
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        use Error;
        match error {
            Error::Throttled(throttled) => Self::Throttled(throttled.retry_after),
            Error::Infrastructure(failure) => {
                failure.report();
                Self::Unavailable
            }
            known => Why::Operation(known).into(),
        }
    }
}
