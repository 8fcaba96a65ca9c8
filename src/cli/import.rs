//! `scopegate user import`.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Write, stderr},
    path::PathBuf,
};

use clap::{Args, CommandFactory, ValueEnum, error::ErrorKind};
use scopegate::{
    authority::Authority,
    config::{self, Layers},
    elsewhere::{Field, Mapping, Notes, Options, Refusal, ScopeRules, Source},
    password::Wrapper,
    scope::{Scope, ScopeSet},
    users::import::{Observer, Summary, import},
};
use serde_json::json;

use super::{
    Cli, Outcome,
    output::{self, line, plain},
};

/// Import users with the passwords that they have, from Django, Flask, files, or exports of other services
///
/// Adds the users that do not exist yet; it is safe to run again. Each row that cannot be imported
/// is named on stderr with its reason, and the command then exits with 1.
///
/// CSV has a header; its columns, and the keys of JSON lines, are username, password_hash, email, full_name, disabled and scopes (separated by spaces; in JSON an array), of which the first is required. `passlib` is a file of `username:hash` lines, as htpasswd has them, or a CSV.
///
/// Exports of Auth0, Firebase, Keycloak and Supabase are read as they are. A user without a
/// username gets the e-mail address as one.
#[derive(Args)]
#[command(after_help = "Examples:
  scopegate user import --from django sqlite:db.sqlite3 --dry-run
  scopegate user import --from django postgres://reader@db/site --group-scope editors=items --superuser-admin
  scopegate user import --from flask app.db --table accounts --column username=login,password_hash=pw
  scopegate user import --from firebase users.json --firebase-hash-config-file hash_config.txt
  scopegate user import --from csv users.csv --scope me --update")]
pub struct Import {
    /// What the source is
    #[arg(long, value_enum)]
    from: Kind,
    /// A database URL (sqlite:…, postgres://…) or a file; `-` is standard input
    source: String,
    /// Check and count, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Update existing users from the source; a password is replaced only if its hash in the source
    /// has changed since the last import
    #[arg(long)]
    update: bool,
    /// A scope that every imported user may hold; may be repeated
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<Scope>,
    /// A scope that superusers may hold; may be repeated
    #[arg(long, value_name = "SCOPE", conflicts_with = "superuser_admin")]
    superuser_scope: Vec<Scope>,
    /// Let superusers hold every scope of the catalogue
    #[arg(long)]
    superuser_admin: bool,
    /// The table of users [default: auth_user; user or users]
    #[arg(long)]
    table: Option<String>,
    /// Which columns hold id, username, password_hash, email, full_name, active, disabled, superuser, where the usual names are not found; an empty name leaves one out
    #[arg(long, value_name = "FIELD=COLUMN,…", value_delimiter = ',', value_parser = parse_column)]
    column: Vec<(Field, String)>,
    /// What was done to passwords before they were hashed [default: flask-security with --flask-security-salt-file, else plain]
    #[arg(long, value_enum)]
    hash_kind: Option<HashKind>,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A Django database: auth_user and its groups
    Django,
    /// A Flask database: a table of users and, where there are any, roles
    Flask,
    /// A file of username:hash lines, or a CSV
    Passlib,
    /// A CSV with a header
    Csv,
    /// One JSON object per line
    Jsonl,
    /// What Auth0 exports with password hashes: one JSON object per line
    Auth0,
    /// What `firebase auth:export users.json` writes; needs --firebase-hash-config-file
    Firebase,
    /// What `kc.sh export` writes: a realm, or a file of its users
    Keycloak,
    /// Supabase's table auth.users as CSV
    Supabase,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HashKind {
    /// Nothing: what most applications do
    Plain,
    /// Flask-Security's HMAC, for which the server needs the site's salt
    FlaskSecurity,
    /// Flask-Bcrypt with BCRYPT_HANDLE_LONG_PASSWORDS
    HexSha256,
}

fn parse_column(text: &str) -> Result<(Field, String), String> {
    let (field, column) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` is not of the form FIELD=COLUMN"))?;
    let field = field.parse::<Field>().map_err(|error| error.to_string())?;
    Ok((field, column.to_owned()))
}

impl Import {
    /// Ends the process with status 2 where flags do not go together.
    pub fn check_usage(&self) {
        let is_database = matches!(self.from, Kind::Django | Kind::Flask);
        let is_of_databases = self.table.is_some()
            || !self.column.is_empty()
            || self.superuser_admin
            || !self.superuser_scope.is_empty();
        if is_of_databases && !is_database {
            let message = "--table, --column, --superuser-scope and --superuser-admin are for --from django and --from flask";
            Cli::command()
                .error(ErrorKind::ArgumentConflict, message)
                .exit();
        }
    }

    pub async fn run(self, authority: &Authority, settings: &Layers) -> Outcome {
        let catalogue = authority.live.catalogue();
        let options = Options {
            dry_run: self.dry_run,
            update: self.update,
            wrapper: self.wrapper(settings),
            everyone: self.scope.iter().cloned().collect(),
        };
        let groups = authority.config.group_scopes.clone();
        let named = groups.iter().map(|(_, scope)| scope);
        let named = named.chain(&self.scope).chain(&self.superuser_scope);
        let unknown: ScopeSet = named
            .filter(|scope| !catalogue.contains(*scope))
            .cloned()
            .collect();
        if !unknown.is_empty() {
            let refusal = format!("not in the catalogue, see `scopegate scope add`: {unknown}");
            return Err(refusal.into());
        }
        let superusers: ScopeSet = match self.superuser_admin {
            true => catalogue.iter().cloned().collect(),
            false => self.superuser_scope.iter().cloned().collect(),
        };
        let needs_project = self.from == Kind::Firebase && authority.config.firebase.is_none();
        if needs_project {
            let refusal = "--from firebase needs --firebase-hash-config-file: a file with the \
                           password hash parameters that the Firebase console shows";
            return Err(refusal.into());
        }
        let (dry_run, json) = (self.dry_run, self.json);
        let has_rule = !groups.is_empty() || !superusers.is_empty() || !self.scope.is_empty();
        let source = self.source(ScopeRules { groups, superusers });
        let mut watcher = Watcher {
            on_terminal: stderr().is_terminal(),
            existing: Vec::new(),
            others_existing: 0,
        };
        let outcome = import(authority, source, &options, &mut watcher).await;
        watcher.clear();
        let (summary, notes) = outcome?;
        print(&summary, dry_run, json);
        watcher.print_existing();
        if !has_rule {
            print_powerless(&summary);
        }
        print_notes(&notes, &summary, settings, options.wrapper);
        match summary.refused {
            0 => Ok(()),
            refused => Err(format!("{} refused", counted(refused, "row")).into()),
        }
    }

    fn wrapper(&self, settings: &Layers) -> Option<Wrapper> {
        let salt_is_flag = is_flag(settings, "flask-security-salt-file");
        match self.hash_kind {
            Some(HashKind::Plain) => None,
            Some(HashKind::FlaskSecurity) => Some(Wrapper::FlaskSecurity),
            Some(HashKind::HexSha256) => Some(Wrapper::HexSha256),
            None if salt_is_flag => Some(Wrapper::FlaskSecurity),
            None => None,
        }
    }

    fn source(self, rules: ScopeRules) -> Source {
        let file = PathBuf::from(&self.source);
        let database = self.source;
        let mapping = Mapping {
            table: self.table,
            columns: self.column.into_iter().collect::<BTreeMap<_, _>>(),
        };
        match self.from {
            Kind::Django => Source::Django {
                database,
                mapping,
                rules,
            },
            Kind::Flask => Source::Flask {
                database,
                mapping,
                rules,
            },
            Kind::Passlib => Source::Passlib(file),
            Kind::Csv => Source::Csv(file),
            Kind::Jsonl => Source::JsonLines(file),
            Kind::Auth0 => Source::Auth0(file),
            Kind::Firebase => Source::Firebase(file),
            Kind::Keycloak => Source::Keycloak(file),
            Kind::Supabase => Source::Supabase(file),
        }
    }
}

fn is_flag(settings: &Layers, name: &str) -> bool {
    matches!(settings.get(name), Some((_, config::Source::Flag)))
}

/// Counts on a terminal, and names what is refused.
struct Watcher {
    on_terminal: bool,
    /// Users who exist: the first few by name.
    existing: Vec<String>,
    others_existing: u64,
}

/// How many users who exist are named.
const NAMED: usize = 10;

impl Watcher {
    fn print_existing(&self) {
        if self.existing.is_empty() {
            return;
        }
        let others = match self.others_existing {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        let names = self.existing.join(", ");
        show(&format!(
            "note: these users exist and were left as they are: {names}{others}; --update would \
             change them\n"
        ));
    }

    fn clear(&self) {
        if self.on_terminal {
            show("\r\u{1b}[K");
        }
    }
}

impl Observer for Watcher {
    fn refused(&mut self, refusal: &Refusal) {
        self.clear();
        let place = plain(&refusal.place.to_string());
        let reason = plain(&refusal.reason.to_string());
        let username = refusal.username.as_deref().unwrap_or_default();
        match username {
            "" => show(&format!("refused: {place}: {reason}\n")),
            name => show(&format!(
                "refused: {place}, user {}: {reason}\n",
                plain(name)
            )),
        }
    }

    fn exists(&mut self, username: &str) {
        if self.existing.len() < NAMED {
            self.existing.push(plain(username));
        } else {
            self.others_existing += 1;
        }
    }

    fn progress(&mut self, summary: &Summary) {
        if self.on_terminal {
            show(&format!("\r\u{1b}[K{} rows", summary.rows()));
        }
    }
}

/// Prints on stderr without dying of a reader that has gone.
fn show(text: &str) {
    let mut stderr = stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}

fn print(summary: &Summary, dry_run: bool, json: bool) {
    let Summary {
        imported,
        updated,
        unchanged,
        refused,
        ..
    } = summary;
    if json {
        output::json(&json!({
            "imported": imported,
            "updated": updated,
            "unchanged": unchanged,
            "refused": refused,
            "dry_run": dry_run,
        }));
        return;
    }
    if dry_run {
        line!(
            "dry run, nothing written: would import {imported} and update {updated}; {unchanged} \
             unchanged, {refused} refused"
        );
    } else {
        line!("{imported} imported, {updated} updated, {unchanged} unchanged, {refused} refused");
    }
}

fn counted(number: u64, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {one}s"),
    }
}

/// Says how many users can do nothing, since no rule gives them a scope.
fn print_powerless(summary: &Summary) {
    if summary.without_scopes > 0 {
        let users = counted(summary.without_scopes, "imported user");
        show(&format!(
            "note: {users} may hold no scope and can do nothing: --scope SCOPE gives one to \
             everybody, --group-scope GROUP=SCOPE to a group\n"
        ));
    }
}

fn print_notes(notes: &Notes, summary: &Summary, settings: &Layers, wrapper: Option<Wrapper>) {
    let note = |text: String| show(&format!("note: {text}\n"));
    if summary.cleaned_names > 0 {
        let names = counted(summary.cleaned_names, "full name");
        note(format!("control characters were removed from {names}"));
    }
    if !notes.ignored.is_empty() {
        let ignored: Vec<&str> = notes.ignored.iter().map(String::as_str).collect();
        note(format!(
            "ignored: {} (known are username, password_hash, email, full_name, locale, disabled, \
             scopes)",
            ignored.join(", ")
        ));
    }
    for (group, users) in &notes.unmapped_groups {
        let group = plain(group);
        note(format!(
            "the group `{group}` ({users} users) gives no scope: --group-scope '{group}=SCOPE' would"
        ));
    }
    if notes.unmapped_superusers > 0 {
        let superusers = counted(notes.unmapped_superusers, "superuser");
        note(format!(
            "{superusers} got no scope for that: --superuser-admin or --superuser-scope would give it"
        ));
    }
    if notes.borrowed_names > 0 {
        let users = counted(notes.borrowed_names, "user");
        note(format!(
            "{users} without a username got the e-mail address for one"
        ));
    }
    let is_flask_security = wrapper == Some(Wrapper::FlaskSecurity);
    for (name, is_used) in [
        ("flask-security-salt-file", is_flask_security),
        ("firebase-hash-config-file", true),
    ] {
        if is_used && is_flag(settings, name) {
            note(format!(
                "`serve` needs {name} as well, for these users to log in"
            ));
        }
    }
}
