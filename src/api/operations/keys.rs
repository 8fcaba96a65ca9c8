//! Signing keys.

use std::{sync::Arc, time::Duration};

use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};

use crate::api::plumbing::nullable::Nullable;
use crate::api::plumbing::tag::{Tag, path_segment};
use crate::api::plumbing::{
    access::Auth,
    body::{Body, Rule, Rules},
    page::{Limit, Page, Window},
    problem::Failure,
};
use crate::{
    authority::Authority,
    builtin_scope::BuiltinScope,
    keys::{self, DEFAULT_GRACE},
    store::KeyState,
    token::Algorithm,
};

pub(in crate::api) struct KeysApi(pub Arc<Authority>);

/// The state of a key.
#[derive(Enum, Clone, Copy)]
#[oai(rename = "KeyState", rename_all = "lowercase")]
enum State {
    /// Published, and does not sign yet.
    Pending,
    /// Signs.
    Active,
    /// Signs no more; its tokens are still accepted.
    Retiring,
    /// No token of it is accepted.
    Retired,
}

impl From<KeyState> for State {
    fn from(state: KeyState) -> Self {
        match state {
            KeyState::Pending => Self::Pending,
            KeyState::Active => Self::Active,
            KeyState::Retiring => Self::Retiring,
            KeyState::Retired => Self::Retired,
        }
    }
}

/// The algorithm of a key that is stored.
#[derive(Enum, Clone, Copy)]
enum KeyAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    #[oai(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[oai(rename = "EdDSA")]
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256, 3072 bits.
    #[oai(rename = "RS256")]
    Rs256,
}

impl From<KeyAlgorithm> for Algorithm {
    fn from(algorithm: KeyAlgorithm) -> Self {
        match algorithm {
            KeyAlgorithm::Es256 => Self::Es256,
            KeyAlgorithm::EdDsa => Self::EdDsa,
            KeyAlgorithm::Rs256 => Self::Rs256,
        }
    }
}

/// A signing key. Times are seconds since 1970; one that is not set is `null`.
#[derive(Object)]
#[oai(example)]
struct SigningKey {
    /// The key id.
    kid: String,
    /// The only algorithm of its tokens.
    algorithm: String,
    /// The state of the key.
    state: State,
    /// When it is published.
    created_at: Nullable<i64>,
    /// When it starts to sign.
    activates_at: Nullable<i64>,
    /// When another key starts to sign.
    retires_at: Nullable<i64>,
    /// When its tokens start to be refused.
    verifies_until: Nullable<i64>,
}

impl poem_openapi::types::Example for SigningKey {
    fn example() -> Self {
        Self {
            kid: "ZJ3bCS0ULtkhvBEYVkAvbP2JX8I4w0M0qxfRB0rTTpI".to_owned(),
            algorithm: "ES256".to_owned(),
            state: State::Active,
            created_at: Nullable(Some(1_767_225_600)),
            activates_at: Nullable(Some(1_767_225_960)),
            retires_at: Nullable(None),
            verifies_until: Nullable(None),
        }
    }
}

impl From<keys::Key> for SigningKey {
    fn from(key: keys::Key) -> Self {
        Self {
            kid: key.id,
            algorithm: key.algorithm,
            state: key.state.into(),
            created_at: Nullable(key.created_at),
            activates_at: Nullable(key.activates_at),
            retires_at: Nullable(key.retires_at),
            verifies_until: Nullable(key.verifies_until),
        }
    }
}

/// A key to be generated.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
struct KeyCreate {
    /// Its algorithm; that of the setting `signing-algorithm` if not said.
    algorithm: Option<KeyAlgorithm>,
}

impl Rules for KeyCreate {
    const RULES: &'static [(&'static str, Rule)] = &[];
}

impl poem_openapi::types::Example for KeyCreate {
    fn example() -> Self {
        Self {
            algorithm: Some(KeyAlgorithm::EdDsa),
        }
    }
}

/// How the key is replaced.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
struct KeyRotation {
    /// For how many seconds the new key is published before it signs: 720 by default, at least 2.
    /// Verifiers use a copy of the JWKS for 300 seconds.
    #[oai(validator(maximum(value = "2592000")))]
    grace: Option<u32>,
}

impl Rules for KeyRotation {
    const RULES: &'static [(&'static str, Rule)] = &[];
}

impl poem_openapi::types::Example for KeyRotation {
    fn example() -> Self {
        Self { grace: Some(720) }
    }
}

/// The answer to a key that was added.
#[derive(ApiResponse)]
enum KeyAdded {
    /// The key was added and is published.
    #[oai(status = 201)]
    Added(
        Json<SigningKey>,
        /// The path of the new key.
        #[oai(header = "Location")]
        String,
    ),
}

impl KeyAdded {
    fn of(key: keys::Key) -> Self {
        let location = format!("/keys/{}", path_segment(&key.id));
        Self::Added(Json(key.into()), location)
    }
}

/// The answer to a key that was retired.
#[derive(Object)]
#[oai(rename = "KeyRetirement", example, skip_serializing_if_is_none)]
struct Retirement {
    /// The key that signs in its place, where it was the one that signed.
    successor: Option<SigningKey>,
}

impl poem_openapi::types::Example for Retirement {
    fn example() -> Self {
        Self {
            successor: Some(SigningKey::example()),
        }
    }
}

#[OpenApi(tag = "Tag::Keys")]
impl KeysApi {
    /// List the signing keys
    ///
    /// By `kid`, in pages, retired ones included. The secret of HS256, which is a setting, is
    /// listed by its id and has no times.
    #[oai(path = "/keys", method = "get", operation_id = "listKeys")]
    async fn list_keys(
        &self,
        #[oai(scope = "BuiltinScope::KeysWrite")] _auth: Auth,
        /// The `next_cursor` of the previous page.
        cursor: Query<Option<String>>,
        /// How many entries the page may have: 1 to 200; 50 by default.
        limit: Query<Option<Limit>>,
    ) -> Result<Json<Page<SigningKey>>, Failure<422>> {
        let window = Window::parse(cursor.0, limit.0)?;
        let mut keys = keys::list(&self.0).await?;
        keys.sort_by(|one, other| one.id.cmp(&other.id));
        let shown = keys
            .into_iter()
            .filter(|key| key.id > window.after)
            .take(window.limit as usize + 1)
            .collect();
        Ok(Json(window.page(
            shown,
            |key: &keys::Key| &key.id,
            SigningKey::from,
        )))
    }

    /// Add a signing key
    ///
    /// It is published in the JWKS and waits for a rotation. Once every copy of the JWKS has it, a
    /// rotation takes effect at once.
    #[oai(path = "/keys", method = "post", operation_id = "createKey")]
    async fn create_key(
        &self,
        #[oai(scope = "BuiltinScope::KeysWrite")] auth: Auth,
        key: Body<KeyCreate>,
    ) -> Result<KeyAdded, Failure<409>> {
        let actor = auth.actor(&self.0).await?;
        let algorithm = key.0.algorithm.map(Algorithm::from);
        let key = keys::generate(&self.0, &actor, algorithm).await?;
        Ok(KeyAdded::of(key))
    }

    /// Replace the key that signs
    ///
    /// The new key is published at once and signs after a while, when every
    /// copy of the JWKS has it. The old one verifies until its last token has
    /// expired: no valid token is refused.
    #[oai(path = "/keys/rotate", method = "post", operation_id = "rotateKeys")]
    async fn rotate_keys(
        &self,
        #[oai(scope = "BuiltinScope::KeysWrite")] auth: Auth,
        rotation: Body<KeyRotation>,
    ) -> Result<KeyAdded, Failure<409>> {
        let actor = auth.actor(&self.0).await?;
        let grace = rotation.0.grace.map(u64::from).map(Duration::from_secs);
        let key = keys::rotate(&self.0, &actor, grace.unwrap_or(DEFAULT_GRACE)).await?;
        Ok(KeyAdded::of(key))
    }

    /// End a key at once
    ///
    /// For a key that was stolen: all of its tokens are refused from now on. If
    /// it is the one that signs, another takes its place at once.
    #[oai(path = "/keys/:kid", method = "delete", operation_id = "retireKey")]
    async fn retire_key(
        &self,
        #[oai(scope = "BuiltinScope::KeysWrite")] auth: Auth,
        /// The key's `kid`.
        kid: Path<String>,
    ) -> Result<Json<Retirement>, Failure<404, 409>> {
        let actor = auth.actor(&self.0).await?;
        let successor = keys::retire(&self.0, &actor, &kid.0).await?;
        Ok(Json(Retirement {
            successor: successor.map(SigningKey::from),
        }))
    }
}
