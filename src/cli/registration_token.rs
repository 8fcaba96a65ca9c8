//! `scopegate client registration-token`.

use std::time::Duration;

use clap::Args;
use scopegate::{actor::Actor, authority::Authority, config::RegistrationMode, oauth};
use serde_json::json;

use super::{
    Outcome,
    output::{self, line},
};

/// Make a token that clients register themselves with
///
/// Whoever has it can register any number of clients until it expires, if the setting
/// `registration` is `token`. It is shown only once and stored hashed.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  scopegate client registration-token --expires-in 7d\n  scopegate client registration-token --end-all"
)]
pub struct RegistrationToken {
    /// How long it is valid
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = humantime::parse_duration)]
    expires_in: Duration,
    /// Make none, and revoke all that were made
    #[arg(long, conflicts_with_all = ["expires_in", "json"])]
    end_all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl RegistrationToken {
    pub async fn run(self, authority: &Authority) -> Outcome {
        let operator = Actor::operator();
        if self.end_all {
            let ended = oauth::end_registration_tokens(authority, &operator).await?;
            line!("ended {ended} registration tokens");
            return Ok(());
        }
        let token = oauth::registration_token(authority, &operator, self.expires_in).await?;
        match self.json {
            true => output::json(&json!({
                "registration_token": token.expose(),
                "expires_in": self.expires_in.as_secs(),
            })),
            false => line!("{}", token.expose()),
        }
        if authority.config.registration == RegistrationMode::Off {
            eprintln!("note: clients cannot register themselves until `registration` is `token`");
        }
        Ok(())
    }
}
