//! Who does something, and by what power.

use thiserror::Error;

use crate::{guard::Caller, scope::ScopeSet, subject::Subject};

/// The one who makes a change: every write takes one.
#[derive(Clone, Debug)]
pub struct Actor {
    pub who: Who,
    /// The scopes that the actor may give, and take from or change for nobody who
    /// holds more.
    pub power: Power,
    /// The `jti` of the token that the request bore.
    pub token_id: Option<String>,
    /// The client that the request came through.
    pub client_id: Option<String>,
    /// The clients that its token was derived through.
    pub via: Vec<String>,
}

/// Who an [`Actor`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A person who may run commands on the server's machine.
    Operator,
    /// The server itself.
    System,
    /// Somebody who has not said who they are, or has not shown it.
    Anonymous,
    /// A user, a client or another subject, as a token or a login says.
    Subject(Subject),
}

/// Which scopes an [`Actor`] has power over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Power {
    Everything,
    Scopes(ScopeSet),
}

/// What was tried needs power over these scopes as well.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("this needs scopes that you may not hold yourself: {0}")]
pub struct BeyondPower(pub ScopeSet);

impl Actor {
    /// The operator at the command line.
    pub fn operator() -> Self {
        Self::new(Who::Operator, Power::Everything)
    }

    /// The server itself.
    pub fn system() -> Self {
        Self::new(Who::System, Power::Everything)
    }

    /// Somebody without a name or power.
    pub fn anonymous() -> Self {
        Self::new(Who::Anonymous, Power::Scopes(ScopeSet::default()))
    }

    /// Somebody with power over the scopes that they hold.
    pub fn subject(subject: Subject, held: ScopeSet) -> Self {
        Self::new(Who::Subject(subject), Power::Scopes(held))
    }

    fn new(who: Who, power: Power) -> Self {
        Self {
            who,
            power,
            token_id: None,
            client_id: None,
            via: Vec::new(),
        }
    }

    /// The same, through a client.
    #[must_use]
    pub fn through(self, client_id: &str) -> Self {
        Self {
            client_id: Some(client_id.to_owned()),
            ..self
        }
    }

    /// The same, by a token.
    #[must_use]
    pub fn with_token(self, token_id: impl ToString) -> Self {
        Self {
            token_id: Some(token_id.to_string()),
            ..self
        }
    }

    /// Every client that the request came through.
    pub fn clients(&self) -> impl Iterator<Item = &str> {
        self.client_id.iter().chain(&self.via).map(String::as_str)
    }

    /// Whether the actor is the operator or the server itself, whom no setting binds.
    pub fn is_operator(&self) -> bool {
        self.power == Power::Everything
    }

    /// Checks that the actor has power over these scopes.
    ///
    /// # Errors
    /// Those that it has no power over.
    pub fn has_power_over(&self, scopes: &ScopeSet) -> Result<(), BeyondPower> {
        match &self.power {
            Power::Everything => Ok(()),
            Power::Scopes(held) if scopes.is_subset(held) => Ok(()),
            Power::Scopes(held) => Err(BeyondPower(scopes.difference(held))),
        }
    }
}

/// The subject of a token, with power over what it holds.
impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        let actor = Self::subject(caller.subject.clone(), caller.scopes.clone());
        Self {
            via: caller.via.clone(),
            ..actor.through(&caller.client_id).with_token(caller.token_id)
        }
    }
}
