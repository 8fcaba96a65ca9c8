//! Cars, posts and items with axum, guarded by Scopegate's tokens.
//!
//!     ISSUER=http://127.0.0.1:8000 cargo run --example axum

use std::{collections::HashMap, env, error::Error, sync::Arc};

use axum::{
    Extension, Json, Router,
    extract::{Path, Query},
    http::StatusCode,
    routing::{get, patch, post},
};
use scopegate_guard::{Caller, Issuer, RequireScopes};
use serde_json::{Value, json};
use tokio::net::TcpListener;

type Answer = Result<Json<Value>, StatusCode>;

/// What belongs to whoever calls.
async fn items(Extension(caller): Extension<Arc<Caller>>) -> Json<Value> {
    Json(json!({"owner": caller.subject.to_string()}))
}

/// Drive a car: for tokens about this very car, as `car:7f3a`.
async fn drive(Path(car): Path<String>, Extension(caller): Extension<Arc<Caller>>) -> Answer {
    if (caller.subject.kind(), caller.subject.id()) != ("car", &car) {
        return Err(StatusCode::NOT_FOUND);
    }
    Ok(Json(json!({"car": car, "state": "driving"})))
}

/// Edit a post: for users, and for tokens about this very post.
async fn edit(
    Path(post): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    Extension(caller): Extension<Arc<Caller>>,
) -> Answer {
    let may_edit = match caller.subject.kind() {
        "username" => true,
        "post" => caller.subject.id() == post,
        _ => false,
    };
    if !may_edit {
        return Err(StatusCode::NOT_FOUND);
    }
    let by = caller.subject.to_string();
    Ok(Json(
        json!({"post": post, "text": query.get("text"), "by": by}),
    ))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let issuer = env::var("ISSUER")?;
    // What tokens for this API have as `aud`: with one API, what Scopegate has as `audience`.
    let audience = env::var("AUDIENCE").unwrap_or_else(|_| issuer.clone());
    let mut tokens = Issuer::new(&issuer, &audience)?;
    // A client that may ask for `revocations:read`: what is revoked is refused within a second.
    if let (Ok(id), Ok(secret)) = (env::var("CLIENT_ID"), env::var("CLIENT_SECRET")) {
        tokens = tokens.following_revocations(&id, &secret);
    }
    let tokens = Arc::new(tokens);
    let guard = |scopes| RequireScopes::new(Arc::clone(&tokens), scopes, "garage");
    let app = Router::new()
        .route("/health", get(async || "ok"))
        .route("/items", get(items).layer(guard("items")?))
        .route("/cars/{car}/drive", post(drive).layer(guard("drive")?))
        .route("/posts/{post}", patch(edit).layer(guard("edit")?));
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:9000".to_owned());
    println!("listening on http://{listen}");
    axum::serve(TcpListener::bind(listen).await?, app).await?;
    Ok(())
}
