//! The limit: the barest handler of poem that answers what `GET /users/me` of
//! Scopegate answers, byte for byte and header for header, to anybody.
//!
//!     limit PORT BODY

use poem::{
    EndpointExt, Route, Server, get, handler,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    listener::TcpListener,
    web::Data,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

#[handler]
fn me(body: Data<&&'static str>) -> (HeaderMap, &'static str) {
    let mut headers = HeaderMap::with_capacity(4);
    let fixed = [
        (header::CONTENT_TYPE, "application/json; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (REQUEST_ID, "5f0c9e2b7a1d4c3300000a1f"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    (headers, *body)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(port), Some(body)) = (arguments.next(), arguments.next()) else {
        return Err(std::io::Error::other("limit PORT BODY"));
    };
    let body: &'static str = body.leak();
    let routes = Route::new().at("/users/me", get(me)).data(body);
    let listener = TcpListener::bind(format!("127.0.0.1:{port}"));
    Server::new(listener).run(routes).await
}
