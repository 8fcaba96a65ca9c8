//! `scopegate key`.

use std::time::Duration;

use clap::{Args, Subcommand};
use scopegate::{
    actor::Actor,
    authority::Authority,
    config::ConfigError,
    keys::{self, DEFAULT_GRACE},
    token::{Algorithm, VerificationKey, public_pem, random_secret},
};
use serde_json::{Value, json};

use super::{
    Outcome, Settings, block_on,
    output::{self, at, line},
};

/// Signing keys: list, generate, rotate, retire
#[derive(Subcommand)]
#[command(after_help = "Examples:\n  scopegate key list\n  scopegate key rotate")]
pub enum Key {
    List(List),
    Show(Show),
    Generate(Generate),
    Rotate(Rotate),
    Retire(Retire),
}

/// List the signing keys in the order in which they sign
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate key list --json")]
pub struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Show a public key
///
/// As a JWK, or as PEM for programs that cannot read a JWKS.
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate key show KID --pem > scopegate.pem")]
pub struct Show {
    /// The key's `kid`
    #[arg(allow_hyphen_values = true)]
    kid: String,
    /// Print PEM
    #[arg(long, conflicts_with = "json")]
    pem: bool,
    /// Print the JWK, as without --pem
    #[arg(long)]
    json: bool,
}

impl Show {
    fn run(&self, authority: &Authority) -> Outcome {
        let keys = authority.live.keys();
        let key = keys.verification.iter().find(|key| key.id() == self.kid);
        let jwk = key.and_then(VerificationKey::jwk);
        let jwk = jwk.ok_or_else(|| format!("there is no public key `{}`", self.kid))?;
        match self.pem {
            true => line!("{}", public_pem(jwk).unwrap_or_default().trim_end()),
            false => output::json(&serde_json::to_value(jwk)?),
        }
        Ok(())
    }
}

/// Add a key that is published now and signs after a rotation, or print a secret
///
/// Once it has been published for long enough, the next rotation takes effect at once.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  scopegate key generate --algorithm EdDSA\n  \
                  scopegate key generate --secret > signing-secret"
)]
pub struct Generate {
    /// ES256, EdDSA or RS256 [default: the setting signing-algorithm]
    #[arg(long, value_name = "NAME")]
    algorithm: Option<Algorithm>,
    /// Print a random secret of 32 bytes in hexadecimal, and store nothing
    #[arg(long, conflicts_with_all = ["algorithm", "json"])]
    secret: bool,
    /// Print the key as JSON
    #[arg(long)]
    json: bool,
}

/// Replace the key that signs
///
/// The new key is published at once and signs once all copies of the JWKS without it have expired.
/// The old one verifies until its last token has expired. No valid token is refused.
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate key rotate")]
pub struct Rotate {
    /// How long the new key is published before it signs [default: 12m]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    grace: Option<Duration>,
    /// Sign with it as soon as every running server knows it: after 2 seconds. Verifiers that do
    /// not refetch the JWKS for an unknown key refuse its tokens for up to 5 minutes
    #[arg(long, conflicts_with = "grace")]
    now: bool,
    /// Print the new key as JSON
    #[arg(long)]
    json: bool,
}

/// Retire a key at once, for instance after a theft: its tokens are refused
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate key retire 2Qn6tkPq…")]
pub struct Retire {
    /// Its id, the `kid` of its tokens
    #[arg(allow_hyphen_values = true)]
    kid: String,
}

impl Key {
    pub fn run(self, settings: impl Fn() -> Result<Settings, ConfigError>) -> Outcome {
        if matches!(&self, Self::Generate(generate) if generate.secret) {
            line!("{}", random_secret()?.as_str());
            return Ok(());
        }
        let config = settings()?.check()?;
        block_on(async {
            let authority = Authority::open(config).await?;
            match self {
                Self::List(list) => print(&keys::list(&authority).await?, list.json),
                Self::Show(show) => show.run(&authority)?,
                Self::Generate(generate) => {
                    let key =
                        keys::generate(&authority, &Actor::operator(), generate.algorithm).await?;
                    if generate.json {
                        output::json(&as_json(&key));
                    } else {
                        line!(
                            "added {} key {}: it waits for a rotation",
                            key.algorithm,
                            key.id
                        );
                    }
                }
                Self::Rotate(rotate) => run_rotation(&authority, &rotate).await?,
                Self::Retire(retire) => {
                    let successor =
                        keys::retire(&authority, &Actor::operator(), &retire.kid).await?;
                    line!("retired key {}: its tokens are refused", retire.kid);
                    if let Some(key) = successor {
                        line!("{} key {} signs from now on", key.algorithm, key.id);
                    }
                }
            }
            Ok(())
        })
    }
}

async fn run_rotation(authority: &Authority, rotate: &Rotate) -> Outcome {
    let grace = match rotate.now {
        true => Duration::ZERO,
        false => rotate.grace.unwrap_or(DEFAULT_GRACE),
    };
    let key = keys::rotate(authority, &Actor::operator(), grace).await?;
    if rotate.json {
        output::json(&as_json(&key));
        return Ok(());
    }
    let switch = key.activates_at.unwrap_or_default();
    let wait = Duration::from_secs(switch.saturating_sub(authority.clock.now()).unsigned_abs());
    line!(
        "{} key {} is published and signs in {}, at {}",
        key.algorithm,
        key.id,
        humantime::format_duration(wait),
        at(switch)
    );
    Ok(())
}

fn print(keys: &[keys::Key], json: bool) {
    if json {
        output::json(&keys.iter().map(as_json).collect());
        return;
    }
    let time = |time: Option<i64>| time.map(at).unwrap_or_default();
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|key| {
            vec![
                key.id.clone(),
                key.algorithm.clone(),
                key.state.name().to_owned(),
                time(key.activates_at),
                time(key.retires_at),
                time(key.verifies_until),
            ]
        })
        .collect();
    let headings = [
        "key",
        "algorithm",
        "state",
        "signs from",
        "signs until",
        "verifies until",
    ];
    output::table(&headings, &rows);
}

fn as_json(key: &keys::Key) -> Value {
    json!({
        "kid": key.id,
        "algorithm": key.algorithm,
        "state": key.state.name(),
        "created_at": key.created_at,
        "activates_at": key.activates_at,
        "retires_at": key.retires_at,
        "verifies_until": key.verifies_until,
    })
}
