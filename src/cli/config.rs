//! `scopegate config`.

use clap::Args;
use scopegate::config::SETTINGS;
use serde_json::json;

use super::{Outcome, Settings, output};

/// Print the configuration in force and where each value came from
///
/// Secrets are not shown. Fails if `serve` would.
#[derive(Args)]
#[command(after_help = "Example:\n  SCOPEGATE_LISTEN=127.0.0.1:9000 scopegate config")]
pub struct ShowConfig {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl ShowConfig {
    pub fn run(self, settings: Settings) -> Outcome {
        let config = settings.check()?;
        let mut entries = Vec::new();
        for setting in SETTINGS {
            let (value, source) = match settings.0.get(setting.name) {
                Some((value, source)) => (value.to_owned(), source.to_string()),
                None if setting.name == "audience" => {
                    (config.audience.clone(), "default".to_owned())
                }
                None => (String::new(), "unset".to_owned()),
            };
            entries.push((setting, shown(setting.name, setting.secret, value), source));
        }
        if self.json {
            let object = entries.iter().map(|(setting, value, source)| {
                let entry = json!({"value": value, "source": source});
                (setting.name.to_owned(), entry)
            });
            output::json(&serde_json::Value::Object(object.collect()));
            return Ok(());
        }
        let rows: Vec<Vec<String>> = entries
            .into_iter()
            .map(|(setting, value, source)| vec![setting.name.to_owned(), value, source])
            .collect();
        output::table(&["setting", "value", "source"], &rows);
        Ok(())
    }
}

/// Of a database URL all but the password is shown, of a secret nothing.
fn shown(name: &str, secret: bool, value: String) -> String {
    if !secret || value.is_empty() {
        return value;
    }
    if name != "database-url" {
        return "(secret)".to_owned();
    }
    let Some((scheme, rest)) = value.split_once("://") else {
        return value;
    };
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let address = match address.rsplit_once('@') {
        Some((user, host)) if user.contains(':') => {
            let name = user.split(':').next().unwrap_or_default();
            format!("{name}:(secret)@{host}")
        }
        _ => address.to_owned(),
    };
    let parameters = query
        .split('&')
        .map(|parameter| match parameter.split_once('=') {
            Some((name, _)) if name.to_ascii_lowercase().contains("password") => {
                format!("{name}=(secret)")
            }
            _ => parameter.to_owned(),
        });
    let query = parameters.collect::<Vec<_>>().join("&");
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{scheme}://{address}{mark}{query}")
}
