//! The command line: a file a command.
//!
//! Exit status: 0 on success, 1 when something is refused (one line on stderr),
//! 2 on wrong usage.

mod api_scopes;
mod audit;
mod backup;
mod client;
mod collector;
mod completions;
mod config;
mod demo;
mod import;
mod inspect;
mod key;
mod log;
mod man;
mod migrate;
mod openapi;
mod output;
mod password;
mod registration_token;
mod scope;
mod serve;
mod settings;
mod setup;
mod subject_kind;
mod token;
mod user;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{ArgMatches, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use settings::Settings;

/// What a command ends with; the text of an error is printed as it is.
type Outcome = Result<(), Box<dyn std::error::Error>>;

#[derive(Parser)]
#[command(
    name = "scopegate",
    version,
    about = "An OpenAPI-first token server: users, OAuth2, and scoped JWTs that endpoint guards check",
    after_help = "Examples:\n  scopegate demo                 try it out at once\n  \
                  scopegate user add alice --scope me --admin\n  scopegate serve",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Commands,
}

#[derive(Subcommand)]
enum Commands {
    Demo(demo::Demo),
    Serve(serve::Serve),
    #[command(subcommand)]
    User(user::User),
    #[command(subcommand)]
    Client(client::ClientCommand),
    #[command(subcommand)]
    Scope(scope::Scope),
    #[command(subcommand)]
    SubjectKind(subject_kind::SubjectKind),
    #[command(subcommand)]
    Token(token::Token),
    #[command(subcommand)]
    Key(key::Key),
    #[command(subcommand)]
    Password(password::PasswordCommand),
    #[command(subcommand)]
    Audit(audit::Audit),
    Backup(backup::Backup),
    Migrate(migrate::Migrate),
    Apply(setup::Apply),
    Export(setup::Export),
    Openapi(openapi::OpenApi),
    Config(config::ShowConfig),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let matches = settings::with_flags(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let outcome = dispatch(cli.command, innermost(&matches));
    let written =
        output::check().map_err(|error| format!("the output could not be written: {error}"));
    match outcome.and_then(|()| Ok(written?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If nobody reads it, the exit status still tells.
            let _ = writeln!(io::stderr(), "scopegate: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The command line as its help shows it.
fn shown() -> Command {
    settings::with_shown_flags(Cli::command())
}

fn dispatch(command: Commands, matches: &ArgMatches) -> Outcome {
    let settings = || Settings::read(matches);
    if !matches!(command, Commands::Demo(_) | Commands::Serve(_)) {
        log::start_for_command();
    }
    match command {
        Commands::Demo(demo) => demo.run(settings()?),
        Commands::Serve(serve) => serve.run(settings()?),
        Commands::User(user) => user.run(settings()?),
        Commands::Client(client) => client.run(settings()?),
        Commands::Scope(scope) => scope.run(settings()?),
        Commands::SubjectKind(kind) => kind.run(settings()?),
        Commands::Token(token) => token.run(settings()?),
        Commands::Key(key) => key.run(settings),
        Commands::Password(password) => password.run(),
        Commands::Audit(audit) => audit.run(settings()?),
        Commands::Backup(backup) => backup.run(settings()?),
        Commands::Migrate(migrate) => migrate.run(),
        Commands::Apply(apply) => apply.run(settings()?),
        Commands::Export(export) => export.run(settings()?),
        Commands::Openapi(openapi) => openapi.run(),
        Commands::Config(config) => config.run(settings()?),
        Commands::Completions(completions) => completions.run(shown()),
        Commands::Man(man) => man.run(shown()),
    }
}

/// The matches of the subcommand's subcommand, where the settings' flags are.
fn innermost(matches: &ArgMatches) -> &ArgMatches {
    let mut matches = matches;
    while let Some((_, inner)) = matches.subcommand() {
        matches = inner;
    }
    matches
}

/// The runtime of a command that ends on its own.
fn block_on<F: Future<Output = Outcome>>(future: F) -> Outcome {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(future)
}
