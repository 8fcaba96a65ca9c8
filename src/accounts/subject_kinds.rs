//! Kinds of subjects beside users and clients: cars, posts, whatever a token may
//! be about.

use super::{Error, Grantor, fields, fit, unknown_scopes};
use crate::{
    authority::Authority,
    clock,
    store::{self, SubjectKindRow},
};

/// Adds a kind, with the scopes that tokens of its subjects may carry.
pub async fn add_subject_kind(
    authority: &Authority,
    kind: SubjectKindRow,
    grantor: &Grantor,
) -> Result<SubjectKindRow, Error> {
    fit("kind", fields::subject_kind(&kind.name))?;
    unknown_scopes(authority, "scopes", &kind.scopes)?;
    grantor.check(&kind.scopes)?;
    match authority.store.add_subject_kind(&kind, clock::now()).await {
        Err(store::Error::Exists) => return Err(Error::SubjectKindExists(kind.name)),
        other => other?,
    }
    authority.live.catch_up().await?;
    Ok(kind)
}

/// Removes a kind and ends all tokens of its subjects.
pub async fn remove_subject_kind(authority: &Authority, name: &str) -> Result<(), Error> {
    let was_there = authority
        .store
        .remove_subject_kind(name, clock::now())
        .await?;
    if !was_there {
        return Err(Error::NoSuchSubjectKind(name.to_owned()));
    }
    Ok(authority.live.catch_up().await?)
}
