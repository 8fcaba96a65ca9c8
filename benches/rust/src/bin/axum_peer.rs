//! A guarded request as axum's own examples show it: an extractor that verifies the token
//! by jsonwebtoken (ES256) each time, and a handler that looks the user up in memory.
//!
//!     axum_peer PORT PUBLIC_KEY_PEM ISSUER

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{FromRequestParts, State},
    http::{StatusCode, header, request::Parts},
    routing::get,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::{Deserialize, Serialize};

struct Api {
    key: DecodingKey,
    validation: Validation,
    users: HashMap<String, User>,
}

#[derive(Clone, Serialize)]
struct User {
    username: String,
    email: String,
    full_name: String,
    disabled: bool,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    scopes: Vec<String>,
}

impl FromRequestParts<Arc<Api>> for Claims {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, StatusCode> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .ok_or(StatusCode::UNAUTHORIZED)?;
        let verified = decode::<Self>(token, &api.key, &api.validation);
        Ok(verified.map_err(|_| StatusCode::UNAUTHORIZED)?.claims)
    }
}

async fn me(State(api): State<Arc<Api>>, claims: Claims) -> Result<Json<User>, StatusCode> {
    if !claims.scopes.iter().any(|scope| scope == "me") {
        return Err(StatusCode::FORBIDDEN);
    }
    let user = api.users.get(&claims.sub).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(user.clone()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, public, issuer] = &arguments[..] else {
        return Err("axum_peer PORT PUBLIC_KEY_PEM ISSUER".into());
    };
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[issuer]);
    validation.set_issuer(&[issuer]);
    let user = |number: u32| {
        let username = format!("user{number}");
        let user = User {
            email: format!("{username}@example.com"),
            full_name: format!("User {number}"),
            username: username.clone(),
            disabled: false,
        };
        (format!("username:{username}"), user)
    };
    let api = Api {
        key: DecodingKey::from_ec_pem(public.as_bytes())?,
        validation,
        users: (0..10_000).map(user).collect(),
    };
    let routes = Router::new()
        .route("/users/me", get(me))
        .with_state(Arc::new(api));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    Ok(axum::serve(listener, routes).await?)
}
