//! Kinds of subjects without accounts.

use std::sync::Arc;

use poem_openapi::{ApiResponse, Object, OpenApi, param::Path, payload::Json, types::Example};

use crate::api::operations::users::scopes;
use crate::api::plumbing::done::Done;
use crate::api::plumbing::nullable::Nullable;
use crate::api::plumbing::tag::{Tag, path_segment};
use crate::api::plumbing::{
    access::Auth,
    body::{Body, Rule, Rules},
    page::Page,
    problem::Failure,
};
use crate::{
    authority::Authority, builtin_scope::BuiltinScope, error::Error, fields, kinds,
    store::SubjectKindRow,
};

pub(in crate::api) struct SubjectKindsApi(pub Arc<Authority>);

/// A kind of subjects, beside users and clients.
#[derive(Object)]
#[oai(example, deny_unknown_fields)]
struct SubjectKind {
    /// The part of `sub` before the colon: a-z, 0-9 and `-`, starting with a letter.
    #[oai(validator(min_length = 1, max_length = 32))]
    kind: String,
    /// The scopes that tokens of its subjects may have, sorted.
    #[oai(validator(max_items = 64))]
    scopes: Vec<String>,
}

impl Example for SubjectKind {
    fn example() -> Self {
        Self {
            kind: "car".to_owned(),
            scopes: vec!["drive".to_owned()],
        }
    }
}

impl Rules for SubjectKind {
    const RULES: &'static [(&'static str, Rule)] =
        &[("kind", fields::subject_kind), ("scopes", fields::scope)];
}

impl From<SubjectKindRow> for SubjectKind {
    fn from(row: SubjectKindRow) -> Self {
        Self {
            kind: row.name,
            scopes: row.scopes.to_strings(),
        }
    }
}

/// The answer to a kind that was added.
#[derive(ApiResponse)]
enum SubjectKindCreated {
    /// The kind was added.
    #[oai(status = 201)]
    Created(
        Json<SubjectKind>,
        /// The path of the new kind.
        #[oai(header = "Location")]
        String,
    ),
}

#[OpenApi(tag = "Tag::Tokens")]
impl SubjectKindsApi {
    /// List subject kinds
    ///
    /// By name, all on one page.
    #[oai(
        path = "/subject-kinds",
        method = "get",
        operation_id = "listSubjectKinds"
    )]
    async fn list_subject_kinds(
        &self,
        #[oai(scope = "BuiltinScope::TokensRead")] _auth: Auth,
    ) -> Result<Json<Page<SubjectKind>>, Failure<422>> {
        let kinds = self.0.store.subject_kinds().await.map_err(Error::from)?;
        Ok(Json(Page {
            items: kinds.into_iter().map(SubjectKind::from).collect(),
            next_cursor: Nullable(None),
        }))
    }

    /// Add a subject kind
    ///
    /// From now on tokens can be made about subjects of this kind. You can give only scopes that
    /// you may hold yourself.
    #[oai(
        path = "/subject-kinds",
        method = "post",
        operation_id = "createSubjectKind"
    )]
    async fn create_subject_kind(
        &self,
        #[oai(scope = "BuiltinScope::ScopesWrite")] auth: Auth,
        kind: Body<SubjectKind>,
    ) -> Result<SubjectKindCreated, Failure<409>> {
        let actor = auth.actor(&self.0).await?;
        let row = SubjectKindRow {
            name: kind.0.kind,
            scopes: scopes(&kind.0.scopes)?,
        };
        let row = kinds::add(&self.0, &actor, row).await?;
        let location = format!("/subject-kinds/{}", path_segment(&row.name));
        Ok(SubjectKindCreated::Created(Json(row.into()), location))
    }

    /// Remove a subject kind
    ///
    /// Ends all tokens of its subjects.
    #[oai(
        path = "/subject-kinds/:kind",
        method = "delete",
        operation_id = "deleteSubjectKind"
    )]
    async fn delete_subject_kind(
        &self,
        #[oai(scope = "BuiltinScope::ScopesWrite")] auth: Auth,
        /// The kind.
        kind: Path<String>,
    ) -> Result<Done, Failure<404>> {
        let actor = auth.actor(&self.0).await?;
        kinds::remove(&self.0, &actor, &kind.0).await?;
        Ok(Done::Done)
    }
}
