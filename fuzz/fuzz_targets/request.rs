//! Forms and queries from a stranger, at the endpoint that the first byte says: an answer of
//! the contract, and never a failure of the server.
#![no_main]

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use libfuzzer_sys::fuzz_target;
use poem::{
    Endpoint, Request, Response,
    endpoint::BoxEndpoint,
    http::{Method, StatusCode, Uri, header},
};
use scopegate::{
    authority::Authority,
    config::{Layer, Layers, Purpose, Source},
};
use tokio::runtime::{Builder, Runtime};

const FORMS: [&str; 6] = [
    "/token",
    "/introspect",
    "/revoke",
    "/par",
    "/device_authorization",
    "/login",
];
const QUERIES: [&str; 4] = ["/authorize", "/users", "/audit", "/docs"];

struct Ground {
    runtime: Runtime,
    app: BoxEndpoint<'static, Response>,
}

fn ground() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(|| {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let directory = tempfile::tempdir().expect("a directory").keep();
        let app = runtime.block_on(open(&directory));
        Ground { runtime, app }
    })
}

async fn open(directory: &Path) -> BoxEndpoint<'static, Response> {
    let database = format!("sqlite:{}", directory.join("scopegate.db").display());
    let mut layers = Layers::new();
    layers.add(
        Source::Flag,
        Layer::from([("database-url", database), ("bcrypt-cost", "10".to_owned())]),
    );
    let config = layers.check(Purpose::Serve).expect("settings");
    let authority = Authority::open(config).await.expect("a database");
    scopegate::app::app(&Arc::new(authority)).expect("operations that say what they want")
}

fuzz_target!(|bytes: &[u8]| {
    let Some((place, content)) = bytes.split_first() else {
        return;
    };
    let place = usize::from(*place) % (FORMS.len() + QUERIES.len());
    let request = match FORMS.get(place) {
        Some(path) => Request::builder()
            .method(Method::POST)
            .uri(Uri::from_static(path))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(content.to_vec()),
        None => {
            let path = QUERIES[place - FORMS.len()];
            let query = String::from_utf8_lossy(content);
            let Ok(uri) = format!("{path}?{query}").parse::<Uri>() else {
                return;
            };
            Request::builder().uri(uri).finish()
        }
    };
    let Ground { runtime, app } = ground();
    let answer = runtime.block_on(app.get_response(request));
    let is_failure =
        answer.status().is_server_error() && answer.status() != StatusCode::SERVICE_UNAVAILABLE;
    assert!(!is_failure, "{}", answer.status());
});
