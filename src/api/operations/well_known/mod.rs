//! What verifiers and clients find by themselves: the public keys (RFC 7517)
//! and the metadata of the server (RFC 8414).

mod key_set;
mod resource;
mod server;

use std::sync::Arc;

use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Header, Query},
    payload::Json,
};

use crate::{
    api::{
        operations::openid,
        plumbing::{problem::Failure, tag::Tag},
    },
    authority::Authority,
    guard::Public,
    keys::JWKS_MAX_AGE,
};
use key_set::KeySetAnswer;
use resource::ResourceMetadata;
use server::ServerMetadata;

pub(in crate::api) struct WellKnownApi(pub Arc<Authority>);

#[derive(ApiResponse)]
enum MetadataAnswer {
    /// The metadata.
    #[oai(status = 200)]
    Metadata(
        Json<ServerMetadata>,
        /// How long the copy may be used.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

#[derive(ApiResponse)]
enum ResourceMetadataAnswer {
    /// The description.
    #[oai(status = 200)]
    Metadata(
        Json<ResourceMetadata>,
        /// How long the copy may be used.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

#[OpenApi(tag = "Tag::OAuth")]
impl WellKnownApi {
    /// Get the public keys
    ///
    /// APIs verify tokens with them, without asking this server. A new key signs only after it has
    /// been published for longer than a copy may be used. With HS256 there is no public key, and
    /// the secret is not shown.
    #[oai(
        path = "/.well-known/jwks.json",
        method = "get",
        operation_id = "getKeySet"
    )]
    async fn get_key_set(
        &self,
        _open: Public,
        /// The `ETag` of a copy.
        #[oai(name = "If-None-Match")]
        if_none_match: Header<Option<String>>,
    ) -> KeySetAnswer {
        key_set::answer(&self.0, if_none_match.0.as_deref())
    }

    /// Get the server's metadata
    ///
    /// Clients configure themselves from it.
    #[oai(
        path = "/.well-known/oauth-authorization-server",
        method = "get",
        operation_id = "getServerMetadata"
    )]
    async fn get_server_metadata(&self, _open: Public) -> MetadataAnswer {
        MetadataAnswer::Metadata(Json(ServerMetadata::of(&self.0)), cacheable())
    }

    /// Get the description of a protected resource
    ///
    /// Clients learn from it where to get tokens for this API (RFC 9728): responses with 401 point
    /// here. With `resource`, it describes another API whose address is an allowed audience, for
    /// that API to serve as its own.
    #[oai(
        path = "/.well-known/oauth-protected-resource",
        method = "get",
        operation_id = "getResourceMetadata"
    )]
    async fn get_resource_metadata(
        &self,
        _open: Public,
        /// The address of another API, from the setting `allowed-audience`.
        resource: Query<Option<String>>,
    ) -> Result<ResourceMetadataAnswer, Failure<404>> {
        let metadata = ResourceMetadata::of(&self.0, resource.0)?;
        Ok(ResourceMetadataAnswer::Metadata(
            Json(metadata),
            cacheable(),
        ))
    }

    /// Get the server's metadata for OpenID Connect
    ///
    /// The same as at `/.well-known/oauth-authorization-server`, where relying
    /// parties look for it (OpenID Connect Discovery §4).
    #[oai(
        path = "/.well-known/openid-configuration",
        method = "get",
        operation_id = "getOpenidConfiguration"
    )]
    async fn get_openid_configuration(
        &self,
        _open: Public,
    ) -> Result<MetadataAnswer, Failure<404>> {
        openid::is_on(&self.0)?;
        Ok(MetadataAnswer::Metadata(
            Json(ServerMetadata::of(&self.0)),
            cacheable(),
        ))
    }
}

fn cacheable() -> String {
    format!("public, max-age={JWKS_MAX_AGE}")
}
