//! The catalogue of scopes.

use std::sync::Arc;

use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};

use crate::api::plumbing::done::Done;
use crate::api::plumbing::tag::{Tag, path_segment};
use crate::api::plumbing::{
    access::Auth,
    body::{Body, Rule, Rules},
    page::{Limit, Page, Window},
    problem::Failure,
};
use crate::{
    authority::Authority, builtin_scope::BuiltinScope, error::Error, fields, scopes,
    store::ScopeRow,
};

pub(in crate::api) struct ScopesApi(pub Arc<Authority>);

/// A scope of the catalogue.
#[derive(Object)]
#[oai(example)]
struct CatalogueScope {
    /// The scope as tokens carry it.
    name: String,
    /// What it allows, in words for the users who are asked for it.
    description: String,
    /// Whether it is built in and cannot be removed.
    builtin: bool,
}

impl Example for CatalogueScope {
    fn example() -> Self {
        Self {
            name: "items".to_owned(),
            description: "Read items.".to_owned(),
            builtin: false,
        }
    }
}

impl From<ScopeRow> for CatalogueScope {
    fn from(row: ScopeRow) -> Self {
        Self {
            name: row.name,
            description: row.description,
            builtin: row.builtin,
        }
    }
}

/// A scope to be added.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
struct ScopeCreate {
    /// Printable ASCII without spaces, quotes and backslashes (RFC 6749 §3.3).
    #[oai(validator(min_length = 1, max_length = 2048))]
    name: String,
    /// What it allows, in words for the users who are asked for it.
    #[oai(validator(max_length = 500))]
    description: String,
}

impl Example for ScopeCreate {
    fn example() -> Self {
        Self {
            name: "items".to_owned(),
            description: "Read items.".to_owned(),
        }
    }
}

impl Rules for ScopeCreate {
    const RULES: &'static [(&'static str, Rule)] = &[
        ("name", fields::scope_name),
        ("description", fields::description),
    ];
}

/// The answer to a scope that was added.
#[derive(ApiResponse)]
enum ScopeCreated {
    /// The scope was added.
    #[oai(status = 201)]
    Created(
        Json<CatalogueScope>,
        /// The path of the new scope.
        #[oai(header = "Location")]
        String,
    ),
}

#[OpenApi(tag = "Tag::Scopes")]
impl ScopesApi {
    /// List the catalogue
    ///
    /// By name, in pages. `prefix` keeps those whose name begins with it.
    #[oai(path = "/scopes", method = "get", operation_id = "listScopes")]
    async fn list_scopes(
        &self,
        #[oai(scope = "BuiltinScope::ScopesWrite")] _auth: Auth,
        /// The `next_cursor` of the previous page.
        cursor: Query<Option<String>>,
        /// How many entries the page may have: 1 to 200; 50 by default.
        limit: Query<Option<Limit>>,
        /// A prefix of the names.
        prefix: Query<Option<String>>,
    ) -> Result<Json<Page<CatalogueScope>>, Failure<422>> {
        let window = Window::parse(cursor.0, limit.0)?;
        let prefix = prefix.0.unwrap_or_default();
        let scopes = self.0.store.scopes().await.map_err(Error::from)?;
        let shown = scopes
            .into_iter()
            .filter(|scope| scope.name > window.after && scope.name.starts_with(&prefix))
            .take(window.limit as usize + 1)
            .collect();
        Ok(Json(window.page(
            shown,
            |scope: &ScopeRow| &scope.name,
            CatalogueScope::from,
        )))
    }

    /// Add a scope
    ///
    /// From now on users may hold it and clients may ask for it. Administrators, who hold every
    /// scope, hold it at once.
    #[oai(path = "/scopes", method = "post", operation_id = "createScope")]
    async fn create_scope(
        &self,
        #[oai(scope = "BuiltinScope::ScopesWrite")] auth: Auth,
        scope: Body<ScopeCreate>,
    ) -> Result<ScopeCreated, Failure<409>> {
        let actor = auth.actor(&self.0).await?;
        let scope = scopes::add(&self.0, &actor, &scope.0.name, &scope.0.description).await?;
        let location = format!("/scopes/{}", path_segment(&scope.name));
        Ok(ScopeCreated::Created(Json(scope.into()), location))
    }

    /// Remove a scope
    ///
    /// Takes it from everyone who holds it and from tokens already issued. Built-in scopes cannot
    /// be removed.
    #[oai(
        path = "/scopes/:name",
        method = "delete",
        operation_id = "deleteScope"
    )]
    async fn delete_scope(
        &self,
        #[oai(scope = "BuiltinScope::ScopesWrite")] auth: Auth,
        /// The scope's name, percent-encoded.
        name: Path<String>,
    ) -> Result<Done, Failure<404, 409>> {
        let actor = auth.actor(&self.0).await?;
        scopes::remove(&self.0, &actor, &name.0).await?;
        Ok(Done::Done)
    }
}
