//! What decides whether a token is valid is remembered by `serve`: a command that runs
//! with other settings would issue tokens that the server refuses.

use thiserror::Error;

use crate::{
    authority::Authority,
    store::{self, ServedAs},
};

/// A command runs with another value than `serve`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "the server runs with {setting} = {served:?} and this command with {here:?}: set it as for \
     `serve`, by SCOPEGATE_{} or in the configuration file",
    setting.to_uppercase().replace('-', "_")
)]
pub struct ServedOtherwise {
    pub setting: &'static str,
    pub served: String,
    pub here: String,
}

/// Remembers what this server runs with; says in the log what has changed.
pub async fn remember(authority: &Authority) -> store::Result<()> {
    let here = here(authority);
    if let Some(served) = authority.store.served_as().await? {
        if served == here {
            return Ok(());
        }
        if let Some(changed) = difference(&served, &here) {
            tracing::warn!(
                setting = changed.setting,
                before = changed.served,
                now = changed.here,
                "the server is started with another value than before: tokens that were issued \
                 with that one may be refused"
            );
        }
    }
    authority.store.remember_served_as(&here).await
}

/// How the settings of this process differ from those of the server, where they do.
pub async fn otherwise(authority: &Authority) -> store::Result<Option<ServedOtherwise>> {
    let served = authority.store.served_as().await?;
    Ok(served.and_then(|served| difference(&served, &here(authority))))
}

fn here(authority: &Authority) -> ServedAs {
    ServedAs {
        issuer: authority.config.issuer.clone(),
        audience: authority.config.audience.clone(),
        algorithm: authority.config.signing_algorithm.name().to_owned(),
    }
}

fn difference(served: &ServedAs, here: &ServedAs) -> Option<ServedOtherwise> {
    let settings = [
        ("issuer", &served.issuer, &here.issuer),
        ("audience", &served.audience, &here.audience),
        ("signing-algorithm", &served.algorithm, &here.algorithm),
    ];
    settings
        .into_iter()
        .find(|(_, served, here)| served != here)
        .map(|(setting, served, here)| ServedOtherwise {
            setting,
            served: served.clone(),
            here: here.clone(),
        })
}
