//! `scopegate password`.

use std::{
    io::{IsTerminal, Read},
    thread,
    time::{Duration, Instant},
};

use clap::{Args, Subcommand};
use scopegate::password::{Context, CurrentScheme, Password, Policy, identify};
use serde_json::json;

use super::{
    Outcome,
    output::{self, line},
};

/// Identify a stored hash, and find the cost that suits this machine
#[derive(Subcommand)]
#[command(
    after_help = "Examples:\n  scopegate password calibrate\n  scopegate password identify < hash.txt"
)]
pub enum PasswordCommand {
    Calibrate(Calibrate),
    Identify(Identify),
}

impl PasswordCommand {
    pub fn run(self) -> Outcome {
        match self {
            Self::Calibrate(calibrate) => calibrate.run(),
            Self::Identify(identify) => identify.run(),
        }
    }
}

/// Measure what bcrypt costs on this machine
///
/// Prints for each cost the time of one hash and how many logins all cores can check in a second, and recommends the highest cost within the target.
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate password calibrate --target 250ms")]
pub struct Calibrate {
    /// How long a login may take
    #[arg(long, default_value = "250ms", value_parser = humantime::parse_duration)]
    target: Duration,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Calibrate {
    fn run(self) -> Outcome {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let mut measured = Vec::new();
        for cost in 10..=15 {
            let time = time_of(cost)?;
            measured.push((cost, time, cores as f64 / time.as_secs_f64()));
            if time > self.target * 2 {
                break;
            }
        }
        let fits = measured.iter().rfind(|(_, time, _)| *time <= self.target);
        let recommended = fits.map_or(10, |(cost, _, _)| *cost);
        if self.json {
            let rows: Vec<_> = measured
                .iter()
                .map(|(cost, time, logins)| {
                    json!({
                        "cost": cost,
                        "milliseconds": time.as_secs_f64() * 1000.0,
                        "logins_per_second": logins,
                    })
                })
                .collect();
            output::json(&json!({"cores": cores, "costs": rows, "recommended": recommended}));
            return Ok(());
        }
        let rows: Vec<Vec<String>> = measured
            .iter()
            .map(|(cost, time, logins)| {
                let milliseconds = time.as_secs_f64() * 1000.0;
                vec![
                    cost.to_string(),
                    format!("{milliseconds:.0} ms"),
                    format!("{logins:.1}"),
                ]
            })
            .collect();
        output::table(&["bcrypt-cost", "one hash", "logins/s on all cores"], &rows);
        line!(
            "\nrecommended: bcrypt-cost = {recommended} (the highest within {})",
            humantime::format_duration(self.target)
        );
        Ok(())
    }
}

/// The shorter of two runs: what else the machine does only adds.
fn time_of(cost: u32) -> Result<Duration, Box<dyn std::error::Error>> {
    let context = Context::new(Policy {
        current: CurrentScheme::Bcrypt { cost },
        ..Policy::default()
    })?;
    let password = Password::new("correct horse battery staple");
    let mut shortest = Duration::MAX;
    for _ in 0..2 {
        let start = Instant::now();
        context.hash(&password)?;
        shortest = shortest.min(start.elapsed());
    }
    Ok(shortest)
}

/// Name the scheme and the parameters of a stored hash
///
/// Reads the hash from standard input unless it is given as an argument, which would end up in the
/// shell's history.
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate password identify < hash.txt")]
pub struct Identify {
    /// The stored hash
    hash: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Identify {
    fn run(self) -> Outcome {
        let hash = match self.hash {
            Some(hash) => hash,
            None => read_stdin()?,
        };
        let identified = identify(hash.trim_end_matches(['\r', '\n']))?;
        if self.json {
            let parameters: serde_json::Map<String, serde_json::Value> = identified
                .parameters
                .iter()
                .map(|parameter| (parameter.name.to_string(), json!(parameter.value)))
                .collect();
            output::json(&json!({
                "scheme": identified.scheme.to_string(),
                "parameters": parameters,
            }));
            return Ok(());
        }
        line!("{identified}");
        Ok(())
    }
}

fn read_stdin() -> Result<String, Box<dyn std::error::Error>> {
    if std::io::stdin().is_terminal() {
        eprintln!("the stored hash, and then Ctrl-D:");
    }
    let mut text = String::new();
    std::io::stdin().take(64 * 1024).read_to_string(&mut text)?;
    Ok(text)
}
