//! Where the users live, if not in Scopegate's own table.

use crate::{
    elsewhere::{Field, Mapping, SharedSource, Site, SuperuserScopes},
    password::Wrapper,
    scope::{Scope, ScopeSet},
    secret::Secret,
    store,
};

use super::{
    ConfigError, Layers,
    layers::{refuse, value},
};

impl Layers {
    pub(super) fn shared_users(&self) -> Result<Option<SharedSource>, ConfigError> {
        let site = match self.text("user-source") {
            Some("own") if self.text("user-source-url").is_some() => {
                return Err(value(
                    "user-source-url",
                    "it is set, and user-source is neither django nor flask",
                ));
            }
            Some("own") => return Ok(None),
            Some("django") => Site::Django,
            Some("flask") => Site::Flask,
            other => return Err(refuse("user-source", other, "own, django or flask")),
        };
        Ok(Some(SharedSource {
            site,
            url: self.user_source_url()?,
            mapping: Mapping {
                table: self.text("user-source-table").map(str::to_owned),
                columns: self.columns()?,
            },
            ignores_case: match self.text("user-source-name-case") {
                None => site == Site::Flask,
                Some("exact") => false,
                Some("ignore") => true,
                other => return Err(refuse("user-source-name-case", other, "exact or ignore")),
            },
            wrapper: self.wrapper()?,
            groups: self.group_scopes()?,
            superusers: match self.text("user-source-superuser-scope") {
                Some("*") => SuperuserScopes::All,
                _ => SuperuserScopes::These(self.scopes("user-source-superuser-scope")?),
            },
            everyone: self.scopes("user-source-scope")?,
        }))
    }

    fn user_source_url(&self) -> Result<Secret, ConfigError> {
        let key = "user-source-url";
        let Some(url) = self.text(key) else {
            return Err(value(key, "it is not set: where is the users' database?"));
        };
        if store::can_read(url) {
            return Ok(Secret::new(url));
        }
        // The text may hold a password, so it is not repeated.
        Err(value(
            key,
            "it is a file of SQLite, or begins with `sqlite:` or `postgres://`",
        ))
    }

    fn columns(&self) -> Result<std::collections::BTreeMap<Field, String>, ConfigError> {
        let key = "user-source-column";
        let entries: Vec<String> = self.list(key, "a text")?;
        let parsed = entries.into_iter().map(|entry| {
            let (field, column) = entry
                .split_once('=')
                .ok_or_else(|| value(key, format!("`{entry}` is not of the form FIELD=COLUMN")))?;
            let field = field
                .parse::<Field>()
                .map_err(|error| value(key, error.to_string()))?;
            Ok((field, column.to_owned()))
        });
        parsed.collect()
    }

    fn wrapper(&self) -> Result<Option<Wrapper>, ConfigError> {
        let key = "user-source-hash";
        match self.text(key) {
            Some("plain") => Ok(None),
            Some("hex-sha256") => Ok(Some(Wrapper::HexSha256)),
            Some("flask-security") if self.flask_security_salt()?.is_some() => {
                Ok(Some(Wrapper::FlaskSecurity))
            }
            Some("flask-security") => Err(value(
                key,
                "flask-security needs the site's salt: set flask-security-salt-file",
            )),
            other => Err(refuse(key, other, "plain, flask-security or hex-sha256")),
        }
    }

    fn scopes(&self, key: &'static str) -> Result<ScopeSet, ConfigError> {
        let scopes: Vec<Scope> = self.list(key, "a scope")?;
        Ok(scopes.into_iter().collect())
    }
}
