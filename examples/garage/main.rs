//! Cars, posts and items with poem-openapi, guarded by Scopegate's tokens.
//!
//!     ISSUER=http://127.0.0.1:8000 cargo run --example garage
//!
//! The scope of an operation is declared once: from there it is in the document and is enforced.

use std::{env, error::Error, sync::Arc};

use poem::{Route, Server, http::StatusCode, listener::TcpListener};
use poem_openapi::{
    OAuthScopes, Object, OpenApi, OpenApiService, SecurityScheme,
    param::{Path, Query},
    payload::Json,
};
use scopegate_guard::{Caller, Enforced, Issuer, Public, caller};

#[derive(OAuthScopes)]
enum Scope {
    /// Read items.
    #[oai(rename = "items")]
    Items,
    /// Edit posts.
    #[oai(rename = "edit")]
    Edit,
    /// Drive a car.
    #[oai(rename = "drive")]
    Drive,
}

/// A token of Scopegate's.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", checker = "caller")]
struct Token(Arc<Caller>);

#[derive(Object)]
struct Items {
    owner: String,
}

#[derive(Object)]
struct Drive {
    car: String,
    state: String,
}

#[derive(Object)]
struct Post {
    post: String,
    text: String,
    by: String,
}

struct Garage;

#[OpenApi]
impl Garage {
    /// Say that it is up.
    #[oai(path = "/health", method = "get")]
    async fn health(&self, _anybody: Public) -> Json<&'static str> {
        Json("ok")
    }

    /// Read what belongs to whoever calls.
    #[oai(path = "/items", method = "get")]
    async fn items(&self, #[oai(scope = "Scope::Items")] token: Token) -> Json<Items> {
        let owner = token.0.subject.to_string();
        Json(Items { owner })
    }

    /// Drive a car: for tokens about this very car, as `car:7f3a`.
    #[oai(path = "/cars/:car/drive", method = "post")]
    async fn drive(
        &self,
        #[oai(scope = "Scope::Drive")] token: Token,
        car: Path<String>,
    ) -> poem::Result<Json<Drive>> {
        let subject = &token.0.subject;
        if (subject.kind(), subject.id()) != ("car", &car.0) {
            return Err(StatusCode::NOT_FOUND.into());
        }
        Ok(Json(Drive {
            car: car.0,
            state: "driving".to_owned(),
        }))
    }

    /// Edit a post: for users, and for tokens about this very post.
    #[oai(path = "/posts/:post", method = "patch")]
    async fn edit(
        &self,
        #[oai(scope = "Scope::Edit")] token: Token,
        post: Path<String>,
        text: Query<String>,
    ) -> poem::Result<Json<Post>> {
        let subject = &token.0.subject;
        let may_edit = match subject.kind() {
            "username" => true,
            "post" => subject.id() == post.0,
            _ => false,
        };
        if !may_edit {
            return Err(StatusCode::NOT_FOUND.into());
        }
        Ok(Json(Post {
            post: post.0,
            text: text.0,
            by: subject.to_string(),
        }))
    }
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
    let guarded = Enforced::new(Garage, Arc::new(tokens), "garage")?;
    let service = OpenApiService::new(guarded, "Garage", "1.0");
    let app = Route::new()
        .nest("/docs", service.redoc())
        .at("/openapi.json", service.spec_endpoint())
        .nest("/", service);
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:9000".to_owned());
    println!("listening on http://{listen}");
    Ok(Server::new(TcpListener::bind(listen)).run(app).await?)
}
