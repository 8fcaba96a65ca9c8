//! `scopegate demo`.

use std::{
    env, fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use scopegate::{
    actor::Actor,
    authority::Authority,
    builtin_scope::BuiltinScope,
    config::{Layer, Purpose, Source},
    error::Error,
    password::Password,
    profile::Profile,
    scope::{Scope, ScopeSet},
    scopes,
    store::{NewUser, Transaction},
};
use uuid::Uuid;

use super::{
    Outcome, Settings, log,
    output::announce,
    serve::{bind, run_server, serve},
};

/// Try Scopegate on a throwaway database with the tutorial's users
///
/// Serves on loopback only. The database is removed when the command ends.
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate demo --listen 127.0.0.1:9000")]
pub struct Demo {}

/// Weak on purpose: the passwords are printed in a tutorial, and the start is fast.
const BCRYPT_COST: &str = "4";

/// What the tutorial's user may hold.
const SCOPES: [&str; 8] = [
    "me",
    "me:write",
    "tokens",
    "items",
    "offline_access",
    "openid",
    "profile",
    "email",
];

impl Demo {
    pub fn run(self, mut settings: Settings) -> Outcome {
        let directory = Throwaway::create()?;
        let database = format!("sqlite:{}", directory.0.join("demo.db").display());
        let overrides = Layer::from([("database-url", database)]);
        settings.0.add(Source::Flag, overrides);
        let cost_is_default = matches!(settings.0.get("bcrypt-cost"), Some((_, Source::Default)));
        if cost_is_default {
            let weak = Layer::from([("bcrypt-cost", BCRYPT_COST.to_owned())]);
            settings.0.add(Source::Default, weak);
        }
        let config = settings.0.check(Purpose::Demo)?;
        if !config.listen.ip().is_loopback() {
            let refusal = "listen: the demo's passwords are public, so it listens on loopback only: use serve";
            return Err(refusal.into());
        }
        let _collector = log::start(&config)?;
        run_server(async {
            let listener = bind(config.listen).await?;
            let base = format!("http://{}", listener.local_addr()?);
            let authority = Authority::open(config).await?;
            let admin_password = generate_password();
            fill(&authority, &admin_password).await?;
            print_welcome(&base, &admin_password);
            serve(authority, listener).await
        })
    }
}

async fn fill(authority: &Authority, admin_password: &str) -> Outcome {
    scopes::add(authority, &Actor::operator(), "items", "Read items.").await?;
    let everything = authority.live.catalogue().iter().cloned().collect();
    let tutorial = SCOPES.into_iter().map(Scope::parse);
    let tutorial = tutorial.collect::<Result<ScopeSet, _>>()?;
    let me = [Scope::parse("me")?].into_iter().collect();
    add(authority, "johndoe", "secret", "John Doe", false, tutorial).await?;
    add(authority, "alice", "secret2", "Alice Wonderson", true, me).await?;
    add(
        authority,
        "admin",
        admin_password,
        "Administrator",
        false,
        everything,
    )
    .await?;
    Ok(())
}

/// Adds a user without the rules for new passwords: the tutorial's are shorter.
async fn add(
    authority: &Authority,
    username: &str,
    password: &str,
    full_name: &str,
    disabled: bool,
    scopes: ScopeSet,
) -> Outcome {
    let password = Arc::new(Password::new(password));
    let user = NewUser {
        id: Uuid::now_v7().to_string(),
        username: username.to_owned(),
        password_hash: Some(authority.hashing.reserve()?.hash(password).await??),
        profile: Profile {
            email: Some(format!("{username}@example.com")),
            full_name: Some(full_name.to_owned()),
            locale: None,
        },
        disabled,
        scopes,
    };
    let now = authority.clock.now();
    let add = async |transaction: &mut Transaction| {
        transaction.add_user(&user, now).await?;
        let settle = transaction.settle_administrator(&user.username, true);
        Ok::<_, Error>(settle.await?)
    };
    Ok(authority.write(&Actor::operator(), add).await?)
}

fn print_welcome(base: &str, admin_password: &str) {
    let (his, all) = (SCOPES.join(", "), BuiltinScope::catalogue().len() + 1);
    announce!(
        "Scopegate demo: a throwaway database, gone when this ends

  {base}/docs   Swagger UI: press Authorize, log in, tick scopes
  {base}/       where everything is

  johndoe / secret    may hold {his}
  alice   / secret2   disabled
  admin   / {admin_password}   may hold all {all} scopes

Get a token:
  curl -s {base}/token -d grant_type=password -d username=johndoe -d password=secret -d scope=me
"
    );
}

fn generate_password() -> String {
    // The random part of a UUIDv4: 122 bits.
    Uuid::new_v4().simple().to_string()[..20].to_owned()
}

/// A directory that only this user can read, removed at the end.
struct Throwaway(PathBuf);

impl Throwaway {
    fn create() -> io::Result<Self> {
        let path = env::temp_dir().join(format!("scopegate-demo-{}", Uuid::now_v7()));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        // What cannot be removed stays in the directory for temporary files.
        let _ = fs::remove_dir_all(self.path());
    }
}
