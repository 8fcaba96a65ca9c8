//! `scopegate user`.

use std::io::{IsTerminal, Read};

use clap::{Args, Subcommand};
use scopegate::{
    actor::Actor,
    authority::Authority,
    error::Error,
    password::Password,
    profile::ProfilePatch,
    scope::{Scope, ScopeSet},
    store::UserRow,
    text,
    users::{self, NewAccount, Patch},
};
use serde_json::json;

use super::{
    Outcome, Settings, block_on,
    import::Import,
    output::{self, line, plain},
};

/// Users: who may log in, and which scopes they may hold
#[derive(Subcommand)]
#[command(after_help = "Examples:\n  scopegate user add alice --scope me\n  scopegate user list")]
pub enum User {
    Add(Add),
    List(List),
    Show(Show),
    Set(Set),
    SetPassword(SetPassword),
    Grant(Grant),
    Revoke(Revoke),
    Disable(Disable),
    Enable(Enable),
    Remove(Remove),
    Import(Import),
}

/// The fields of the profile.
#[derive(Args)]
pub struct ProfileFlags {
    /// An e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// The full name
    #[arg(long, value_name = "NAME")]
    full_name: Option<String>,
    /// The user's language, such as en or de-AT
    #[arg(long, value_name = "TAG")]
    locale: Option<String>,
}

/// Change the profile of a user
///
/// Fields that are not given stay as they are; an empty value clears one.
#[derive(Args)]
#[command(
    after_help = "Example:\n  scopegate user set alice --email alice@example.com --locale de"
)]
pub struct Set {
    /// The user
    name: String,
    #[command(flatten)]
    profile: ProfileFlags,
}

/// Add a user
///
/// Asks for the password twice on a terminal; without one it is read with --password-stdin.
#[derive(Args)]
#[command(
    after_help = "Example:\n  scopegate user add alice --email alice@example.com --scope me --scope items"
)]
pub struct Add {
    /// The name to log in with
    name: String,
    #[command(flatten)]
    profile: ProfileFlags,
    /// A scope that the user may hold; may be repeated
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<Scope>,
    /// Let the user hold every scope of the catalogue, including those added later
    #[arg(long)]
    admin: bool,
    /// Read the password from standard input, to the end of the first line
    #[arg(long)]
    password_stdin: bool,
    /// Print the user as JSON
    #[arg(long)]
    json: bool,
}

/// List users by name
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate user list --prefix jo --json")]
pub struct List {
    /// Only names that begin with this
    #[arg(long, default_value = "")]
    prefix: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Show a user
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate user show alice")]
pub struct Show {
    /// The user
    name: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Set a new password, which revokes every token of the user
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate user set-password alice")]
pub struct SetPassword {
    /// The user
    name: String,
    /// Read the password from standard input, to the end of the first line
    #[arg(long)]
    password_stdin: bool,
}

/// Let a user hold further scopes
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate user grant alice items drive")]
pub struct Grant {
    /// The user
    name: String,
    /// The scopes
    #[arg(required = true)]
    scopes: Vec<Scope>,
}

/// Take scopes from a user and from the user's tokens
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate user revoke alice items")]
pub struct Revoke {
    /// The user
    name: String,
    /// The scopes
    #[arg(required = true)]
    scopes: Vec<Scope>,
}

/// Keep a user from logging in and using tokens
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate user disable alice")]
pub struct Disable {
    /// The user
    name: String,
}

/// Let a disabled user log in again
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate user enable alice")]
pub struct Enable {
    /// The user
    name: String,
}

/// Remove a user and revoke every token of the user
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate user remove alice")]
pub struct Remove {
    /// The user
    name: String,
}

impl User {
    pub fn run(self, settings: Settings) -> Outcome {
        if let Self::Import(import) = &self {
            import.check_usage();
        }
        let config = settings.check()?;
        block_on(async {
            let authority = &Authority::open(config).await?;
            if !matches!(self, Self::List(_) | Self::Show(_)) {
                users::are_own_users(authority)?;
            }
            match self {
                Self::Add(add) => add.run(authority).await,
                Self::List(list) => list.run(authority).await,
                Self::Show(show) => {
                    let user = users::user(authority, &show.name).await?;
                    print_one(&user, show.json);
                    Ok(())
                }
                Self::Set(set) => {
                    let patch = Patch {
                        profile: ProfilePatch::from(set.profile),
                        ..Patch::default()
                    };
                    change(authority, &set.name, patch, "changed").await
                }
                Self::SetPassword(set) => {
                    let patch = Patch {
                        password: Some(read_password(set.password_stdin)?),
                        ..Patch::default()
                    };
                    change(authority, &set.name, patch, "changed the password of").await
                }
                Self::Grant(grant) => {
                    let given = grant.scopes.into_iter().collect();
                    change_scopes(authority, &grant.name, &given, &ScopeSet::default()).await
                }
                Self::Revoke(revoke) => {
                    let taken = revoke.scopes.into_iter().collect();
                    change_scopes(authority, &revoke.name, &ScopeSet::default(), &taken).await
                }
                Self::Disable(disable) => set_disabled(authority, &disable.name, true).await,
                Self::Enable(enable) => set_disabled(authority, &enable.name, false).await,
                Self::Remove(remove) => {
                    users::remove(authority, &Actor::operator(), &remove.name).await?;
                    line!("removed user {}", remove.name);
                    Ok(())
                }
                Self::Import(import) => import.run(authority, &settings.0).await,
            }
        })
    }
}

impl From<ProfileFlags> for ProfilePatch {
    fn from(flags: ProfileFlags) -> Self {
        let given = |text: Option<String>| text.map(Some);
        let patch = Self {
            email: given(flags.email),
            full_name: given(flags.full_name),
            locale: given(flags.locale),
        };
        patch.without_empty_texts()
    }
}

impl Add {
    async fn run(self, authority: &Authority) -> Outcome {
        let scopes = if self.admin {
            authority.live.catalogue().iter().cloned().collect()
        } else {
            self.scope.into_iter().collect()
        };
        // Before anybody types a password in vain.
        if authority.user(&self.name).await?.is_some() {
            return Err(Error::UserExists(self.name).into());
        }
        let account = NewAccount {
            username: self.name,
            password: Some(read_password(self.password_stdin)?),
            profile: ProfilePatch::from(self.profile).filled(),
            disabled: false,
            scopes,
        };
        let user = users::add(authority, &Actor::operator(), account).await?;
        if self.json {
            output::json(&as_json(&user));
        } else {
            line!("added user {}", plain(&user.username));
        }
        Ok(())
    }
}

impl List {
    async fn run(self, authority: &Authority) -> Outcome {
        const PAGE: u32 = 1000;
        let mut users: Vec<UserRow> = Vec::new();
        loop {
            let after = users.last().map_or("", |user| user.username.as_str());
            let page = users::list(authority, &self.prefix, after, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            users.extend(page);
            if is_last {
                break;
            }
        }
        if self.json {
            output::json(&users.iter().map(as_json).collect());
            return Ok(());
        }
        let rows: Vec<Vec<String>> = users
            .iter()
            .map(|user| {
                let state = if user.disabled { "disabled" } else { "enabled" };
                vec![
                    plain(&user.username),
                    plain(user.profile.email.as_deref().unwrap_or_default()),
                    state.to_owned(),
                    user.scopes.to_string(),
                ]
            })
            .collect();
        output::table(&["username", "email", "state", "scopes"], &rows);
        Ok(())
    }
}

async fn change_scopes(
    authority: &Authority,
    name: &str,
    given: &ScopeSet,
    taken: &ScopeSet,
) -> Outcome {
    let operator = Actor::operator();
    let user = users::change_scopes(authority, &operator, name, given, taken).await?;
    line!("{} may hold: {}", plain(name), user.scopes);
    Ok(())
}

async fn set_disabled(authority: &Authority, name: &str, disabled: bool) -> Outcome {
    let patch = Patch {
        disabled: Some(disabled),
        ..Patch::default()
    };
    let done = if disabled { "disabled" } else { "enabled" };
    change(authority, name, patch, done).await
}

async fn change(authority: &Authority, name: &str, patch: Patch, done: &str) -> Outcome {
    users::change(authority, &Actor::operator(), name, patch).await?;
    line!("{done} {}", plain(name));
    Ok(())
}

fn print_one(user: &UserRow, json: bool) {
    if json {
        output::json(&as_json(user));
        return;
    }
    line!("username   {}", plain(&user.username));
    line!(
        "email      {}",
        plain(user.profile.email.as_deref().unwrap_or_default())
    );
    line!(
        "full name  {}",
        plain(user.profile.full_name.as_deref().unwrap_or_default())
    );
    line!(
        "locale     {}",
        user.profile.locale.as_deref().unwrap_or_default()
    );
    line!("disabled   {}", user.disabled);
    line!("scopes     {}", user.scopes);
}

fn as_json(user: &UserRow) -> serde_json::Value {
    let mut shown = json!({
        "username": user.username,
        "email": user.profile.email,
        "full_name": user.profile.full_name,
        "disabled": user.disabled,
        "scopes": user.scopes,
    });
    if let Some(locale) = &user.profile.locale {
        shown["locale"] = json!(locale);
    }
    shown
}

fn read_password(from_stdin: bool) -> Result<Password, Box<dyn std::error::Error>> {
    if from_stdin {
        // One byte more than a password may have shows that it is too long.
        let limit = 4 * Password::MAX_BYTES as u64;
        let text = text::read(std::io::stdin().lock().take(limit))?;
        let line = text.split('\n').next().unwrap_or_default();
        return Ok(Password::new(line.trim_end_matches('\r')));
    }
    if !std::io::stdin().is_terminal() {
        return Err("there is no terminal to ask for the password: use --password-stdin".into());
    }
    let first = rpassword::prompt_password("Password: ")?;
    let second = rpassword::prompt_password("Again: ")?;
    if first != second {
        return Err("the passwords do not match".into());
    }
    Ok(Password::new(first))
}
