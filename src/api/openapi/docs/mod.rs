//! Swagger UI, ReDoc and the document, all from inside the binary: these pages
//! load nothing from another origin, and their Content-Security-Policy says so.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use poem::{
    Endpoint, Request, Response, Route,
    endpoint::make_sync,
    get,
    http::{StatusCode, header},
};
use poem_openapi::OpenApiService;

use super::document::{self, Served};

const SWAGGER_UI_JS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js"));
const SWAGGER_UI_CSS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css"));
const SWAGGER_HTML: &str = include_str!("swagger.html");
const SWAGGER_INIT: &[u8] = include_bytes!("swagger.js");
const REDIRECT_HTML: &str = include_str!("oauth2-redirect.html");
const REDIRECT_JS: &[u8] = include_bytes!("oauth2-redirect.js");
const REDOC_HTML: &str = include_str!("redoc.html");
const REDOC_INIT: &[u8] = include_bytes!("redoc.js");

/// What a page may do: nothing, but for what is added below. Each addition is
/// the least that its library works with; the browser test fails on the first
/// violation.
const BASE_POLICY: &str = "default-src 'none'; img-src data:; form-action 'none'; \
    base-uri 'none'; frame-ancestors 'none'";
const REDIRECT_NEEDS: &str = "; script-src 'self'";
const SWAGGER_NEEDS: &str = "; script-src 'self'; style-src 'self'; connect-src 'self'";
/// The first hash is that of an empty style element, which ReDoc fills by
/// script; the second that of the one style sheet that it inserts as text, and
/// which changes with its version.
const REDOC_NEEDS: &str = "; script-src 'self'; connect-src 'self'; style-src 'self' \
    'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' \
    'sha256-sDI9pUw6Z98NC0sorERcD03vlQ8zZwyaBSQ06jerL4M='";

/// For how long a browser may keep an asset without asking again, in seconds.
const ASSET_MAX_AGE: &str = "public, max-age=3600";

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// Adds the pages, their assets and the document.
pub(in crate::api) fn add_to(routes: Route, served: &Arc<Served>) -> Route {
    let (for_json, for_yaml) = (Arc::clone(served), Arc::clone(served));
    routes
        .at("/docs", get(page(SWAGGER_HTML, SWAGGER_NEEDS)))
        .at(
            "/docs/swagger-ui-bundle.js",
            get(asset(|| SWAGGER_UI_JS, JAVASCRIPT)),
        )
        .at(
            "/docs/swagger-ui.css",
            get(asset(|| SWAGGER_UI_CSS, "text/css; charset=utf-8")),
        )
        .at(
            "/docs/oauth2-redirect.html",
            get(page(REDIRECT_HTML, REDIRECT_NEEDS)),
        )
        .at(
            "/docs/oauth2-redirect.js",
            get(asset(|| REDIRECT_JS, JAVASCRIPT)),
        )
        .at("/docs/init.js", get(asset(|| SWAGGER_INIT, JAVASCRIPT)))
        .at("/redoc", get(page(REDOC_HTML, REDOC_NEEDS)))
        .at("/redoc/redoc.js", get(asset(|| &REDOC, JAVASCRIPT)))
        .at("/redoc/init.js", get(asset(|| REDOC_INIT, JAVASCRIPT)))
        .at(
            "/openapi.json",
            get(rendered("application/json", move || {
                document::document_json(&for_json).map_err(|error| error.to_string())
            })),
        )
        .at(
            "/openapi.yaml",
            get(rendered("application/yaml", move || {
                document::document_yaml(&for_yaml).map_err(|error| error.to_string())
            })),
        )
}

/// A page. Its assets are named relative to it, so that a path prefix of a proxy
/// does no harm; below a trailing slash they are one level up.
fn page(html: &'static str, needs: &'static str) -> impl Endpoint<Output = Response> {
    make_sync(move |request: Request| {
        let assets = if request
            .original_uri()
            .path()
            .trim_start_matches('/')
            .ends_with('/')
        {
            "../"
        } else {
            ""
        };
        Response::builder()
            .content_type("text/html; charset=utf-8")
            .header(
                header::CONTENT_SECURITY_POLICY,
                format!("{BASE_POLICY}{needs}"),
            )
            .header(header::REFERRER_POLICY, "no-referrer")
            .header(header::X_FRAME_OPTIONS, "DENY")
            .body(html.replace("{assets}", assets))
    })
}

fn asset(
    bytes: fn() -> &'static [u8],
    content_type: &'static str,
) -> impl Endpoint<Output = Response> {
    make_sync(move |_| {
        Response::builder()
            .content_type(content_type)
            .header(header::CACHE_CONTROL, ASSET_MAX_AGE)
            .body(bytes())
    })
}

/// A document that is rendered when it is first asked for: a start does not wait for it.
fn rendered<F>(content_type: &'static str, render: F) -> impl Endpoint<Output = Response>
where
    F: FnOnce() -> Result<String, String> + Send + Sync + 'static,
{
    let document = LazyLock::new(move || render().map(Bytes::from));
    make_sync(move |_| match &*document {
        Ok(bytes) => Response::builder()
            .content_type(content_type)
            .body(bytes.clone()),
        Err(error) => Response::builder()
            .status(StatusCode::INTERNAL_SERVER_ERROR)
            .body(error.clone()),
    })
}

/// The ReDoc that poem-openapi brings, out of its page: a megabyte, which
/// is made when it is first asked for.
static REDOC: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let html = OpenApiService::new((), "", "").redoc_html();
    let script = html
        .split_once("<script charset=\"UTF-8\">")
        .and_then(|(_, rest)| rest.split_once("</script>"))
        .map_or("", |(script, _)| script);
    script.as_bytes().to_vec()
});
