//! Kinds of subjects beside users and clients: cars, posts, whatever a token may
//! be about.

use crate::{
    actor::Actor,
    authority::Authority,
    error::Error,
    fields::{self, fit},
    scopes,
    store::{self, SubjectKindRow, Transaction},
};

/// Adds a kind, with the scopes that tokens of its subjects may carry.
pub async fn add(
    authority: &Authority,
    actor: &Actor,
    kind: SubjectKindRow,
) -> Result<SubjectKindRow, Error> {
    fit("kind", fields::subject_kind(&kind.name))?;
    scopes::check(authority, "scopes", &kind.scopes)?;
    actor.has_power_over(&kind.scopes)?;
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| match transaction
        .add_subject_kind(&kind, now)
        .await
    {
        Err(store::Error::Exists) => Err(Error::SubjectKindExists(kind.name.clone())),
        other => Ok(other?),
    };
    authority.write(actor, write).await?;
    Ok(kind)
}

/// Removes a kind and ends all tokens of its subjects.
pub async fn remove(authority: &Authority, actor: &Actor, name: &str) -> Result<(), Error> {
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| match transaction
        .remove_subject_kind(name, now)
        .await?
    {
        true => Ok(()),
        false => Err(Error::NoSuchSubjectKind(name.to_owned())),
    };
    authority.write(actor, write).await
}
