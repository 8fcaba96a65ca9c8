//! Settings from flags, environment and file.

use std::{collections::BTreeSet, env, path::PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command};
use scopegate::config::{
    self, Config, ConfigError, Layer, Layers, Purpose, SETTINGS, Setting, Source,
};

/// The commands that do not look at a database.
const WITHOUT_SETTINGS: [&str; 4] = ["openapi", "password", "completions", "man"];

/// The settings of this run, before they are checked.
pub struct Settings(pub Layers);

/// Adds the flags of all settings to the commands that use them.
pub fn with_flags(command: Command) -> Command {
    with_flags_of(command, |command| add_flags(command, SETTINGS.iter()))
}

/// Adds those flags that the help of each command shows.
pub fn with_shown_flags(command: Command) -> Command {
    with_flags_of(command, |command| {
        let shown: Vec<&'static Setting> = SETTINGS
            .iter()
            .filter(|setting| is_shown(&command, setting))
            .collect();
        add_flags(command, shown.into_iter())
    })
}

fn with_flags_of(command: Command, add: fn(Command) -> Command) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .filter(|name| !WITHOUT_SETTINGS.contains(&name.as_str()))
        .collect();
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |command| to_leaves(command, add))
    })
}

fn to_leaves(command: Command, add: fn(Command) -> Command) -> Command {
    if !command.has_subcommands() {
        // Of fifty commands one is run: only it gets them.
        return command.defer(add);
    }
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |command| to_leaves(command, add))
    })
}

fn add_flags(command: Command, settings: impl Iterator<Item = &'static Setting>) -> Command {
    let file = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .help_heading("Settings")
        .help("The configuration file [default: scopegate.toml where it exists]");
    // `token mint --audience` is the token's, not the server's.
    let own: Vec<String> = command
        .get_arguments()
        .filter_map(|arg| arg.get_long().map(str::to_owned))
        .collect();
    let settings = settings.filter(|setting| !own.iter().any(|name| name == setting.name));
    settings.fold(command.arg(file), |command, setting| {
        let is_shown = is_shown(&command, setting);
        command.arg(flag(setting).hide(!is_shown))
    })
}

/// Whether the help of a command shows a setting: those that end at once show what they
/// need, and take all.
fn is_shown(command: &Command, setting: &Setting) -> bool {
    match command.get_name() {
        "serve" | "config" => true,
        "demo" => {
            !setting.name.starts_with("user-source")
                && !matches!(setting.name, "database-url" | "bcrypt-cost" | "group-scope")
        }
        name => {
            let imports =
                name == "import" && command.get_arguments().any(|arg| arg.get_id() == "from");
            let is_for_imports = matches!(
                setting.name,
                "group-scope" | "flask-security-salt-file" | "firebase-hash-config-file"
            );
            setting.name == "database-url" || imports && is_for_imports
        }
    }
}

fn flag(setting: &'static Setting) -> Arg {
    let default = setting
        .default
        .map(|default| format!(" [default: {default}]"))
        .unwrap_or_default();
    Arg::new(setting.name)
        .long(setting.name)
        .action(if setting.list {
            ArgAction::Append
        } else {
            ArgAction::Set
        })
        .value_name(setting.value)
        .help_heading("Settings")
        .help(format!(
            "{}{default} [env: {}]",
            setting.help,
            setting.environment()
        ))
}

impl Settings {
    /// Lays flags over environment over file over defaults.
    pub fn read(matches: &ArgMatches) -> Result<Self, ConfigError> {
        let mut layers = Layers::new();
        let file = matches.get_one::<PathBuf>("config").cloned();
        let file = file.or_else(|| env::var_os("SCOPEGATE_CONFIG").map(PathBuf::from));
        layers.add(Source::File, config::read_file(file.as_deref())?);
        layers.add(Source::Environment, environment()?);
        layers.add(Source::Flag, flags(matches));
        layers.follow_listen();
        Ok(Self(layers))
    }

    /// Checks them for a command on the configured database.
    pub fn check(&self) -> Result<Config, ConfigError> {
        self.0.check(Purpose::Serve)
    }
}

fn flags(matches: &ArgMatches) -> Layer {
    let value = |setting: &Setting| {
        let values: Vec<&str> = matches
            .try_get_many::<String>(setting.name)
            .ok()
            .flatten()?
            .map(String::as_str)
            .collect();
        Some(values.join(","))
    };
    SETTINGS
        .iter()
        .filter_map(|setting| Some((setting.name, value(setting)?)))
        .collect()
}

fn environment() -> Result<Layer, ConfigError> {
    let known: BTreeSet<String> = SETTINGS.iter().map(Setting::environment).collect();
    let is_odd = |name: &String| {
        name.strip_prefix("SCOPEGATE_").is_some_and(|rest| {
            rest != "CONFIG" && !known.contains(name) && !is_of_kubernetes(rest)
        })
    };
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    if let Some(key) = names.into_iter().find(is_odd) {
        return Err(ConfigError::UnknownKey {
            path: "environment".into(),
            nearest: config::nearest(&key, known.iter().map(String::as_str)),
            key,
        });
    }
    let value = |setting: &Setting| {
        let text = env::var(setting.environment()).ok();
        text.filter(|text| !text.is_empty())
    };
    Ok(SETTINGS
        .iter()
        .filter_map(|setting| Some((setting.name, value(setting)?)))
        .collect())
}

/// Whether a variable, without `SCOPEGATE_`, is one of those that Kubernetes sets for
/// each service whose name begins so: `SERVICE_HOST`, `SERVICE_PORT_HTTP`, `PORT`,
/// `PORT_8000_TCP_ADDR`, `DB_SERVICE_HOST`, `DB_PORT`.
fn is_of_kubernetes(name: &str) -> bool {
    let words: Vec<&str> = name.split('_').collect();
    let is_service = |pair: &[&str]| pair[0] == "SERVICE" && matches!(pair[1], "HOST" | "PORT");
    let is_port = |rest: &[&str]| match rest {
        ["PORT"] => true,
        ["PORT", number, "TCP" | "UDP" | "SCTP"]
        | [
            "PORT",
            number,
            "TCP" | "UDP" | "SCTP",
            "PROTO" | "PORT" | "ADDR",
        ] => number.bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    };
    words.windows(2).any(is_service) || (0..words.len()).any(|start| is_port(&words[start..]))
}
