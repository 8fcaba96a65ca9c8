//! What the audit log tells of.

use std::fmt::Display;

/// Something that was done to something, or was refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    pub action: Action,
    /// What it was done to, as `<kind>:<id>`: `username:alice`, `client:ci`, `scope:items`,
    /// `token:<jti>`; for a request its method and path.
    pub target: String,
    /// What more there is to know, in words. Never a secret.
    pub detail: Option<String>,
}

impl Event {
    pub fn new(action: Action, kind: &str, id: &str) -> Self {
        Self {
            action,
            target: format!("{kind}:{id}"),
            detail: None,
        }
    }

    #[must_use]
    pub fn saying(self, detail: impl ToString) -> Self {
        let detail = detail.to_string();
        Self {
            detail: (!detail.is_empty()).then_some(detail),
            ..self
        }
    }
}

/// Scopes as a detail tells of them.
pub fn scopes_in_words(scopes: impl Display) -> String {
    match scopes.to_string().as_str() {
        "" => "no scopes".to_owned(),
        scopes => format!("scopes: {scopes}"),
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Done,
    Refused,
}

impl Outcome {
    pub const ALL: [Self; 2] = [Self::Done, Self::Refused];

    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

macro_rules! actions {
    ($($variant:ident $name:literal,)*) => {
        /// What was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $($variant,)*
        }

        impl Action {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in the log.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

actions! {
    Login "login",
    SessionBegun "session.begun",
    SessionEnded "session.ended",
    TokenIssued "token.issued",
    TokensRevoked "tokens.revoked",
    ConsentGiven "consent.given",
    ConsentEnded "consent.ended",
    DeviceApproved "device.approved",
    DeviceDenied "device.denied",
    UserAdded "user.added",
    UserChanged "user.changed",
    UserRemoved "user.removed",
    ClientAdded "client.added",
    ClientChanged "client.changed",
    ClientRemoved "client.removed",
    ScopeAdded "scope.added",
    ScopeChanged "scope.changed",
    ScopeRemoved "scope.removed",
    SubjectKindAdded "subject-kind.added",
    SubjectKindChanged "subject-kind.changed",
    SubjectKindRemoved "subject-kind.removed",
    KeyChanged "key.changed",
    RegistrationTokenAdded "registration-token.added",
    RegistrationTokensRemoved "registration-tokens.removed",
    RequestRefused "request.refused",
}
