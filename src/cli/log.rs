//! Log lines, on stderr.

use scopegate::config::{Config, LogFormat};
use tracing_subscriber::EnvFilter;

/// Starts logging as configured.
pub fn start(config: &Config) -> Result<(), Box<dyn std::error::Error>> {
    // Notices of PostgreSQL, as that a table exists, are for nobody.
    let directives = format!("sqlx::postgres::notice=warn,{}", config.log);
    let filter = EnvFilter::try_new(directives).map_err(|error| format!("log: {error}"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A line that cannot be written is lost: to complain of it on the same stream
        // panics.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Json => lines.json().init(),
        LogFormat::Text => lines.with_ansi(false).init(),
    }
    Ok(())
}

/// What a command has to warn of.
pub fn start_for_command() {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .without_time()
        .with_target(false)
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(std::io::stderr)
        .init();
}
