//! Why a page is not shown, and the page that says so.

use poem::{
    Response,
    http::{HeaderValue, StatusCode, header},
};

use super::page::{Message, render};
use crate::{error::Error, oauth, store};

/// Why a page is not shown.
#[derive(Debug)]
pub(super) enum Failure {
    /// The form was not sent from our page, or from that of another session.
    Forged,
    /// What was asked for cannot be.
    Refused(String),
    /// Too many tries have failed: how many seconds to wait.
    Throttled(u64),
    TooLarge,
    /// It cannot be done at the moment.
    Unavailable,
}

impl Failure {
    pub(super) fn into_page(self, root: &str) -> Response {
        let (status, title, text) = match &self {
            Self::Forged => (
                StatusCode::FORBIDDEN,
                "Not done",
                "The form did not come from this page, or the page is outdated. Go back, reload \
                 it and try again."
                    .to_owned(),
            ),
            Self::Refused(text) => (StatusCode::BAD_REQUEST, "This does not work", text.clone()),
            Self::Throttled(seconds) => (
                StatusCode::TOO_MANY_REQUESTS,
                "Too many tries",
                format!("Too many tries have failed. Try again in {seconds} seconds."),
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "Too much",
                "The form is larger than 64 KiB.".to_owned(),
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Not now",
                "The server cannot do this at the moment. Try again in a moment.".to_owned(),
            ),
        };
        let mut response = render(
            status,
            "",
            &Message {
                root,
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
            oauth::Error::InvalidClient(_) => {
                Self::Refused("The application is not known here any more.".to_owned())
            }
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
            known => Self::Refused(format!("{known}.")),
        }
    }
}
