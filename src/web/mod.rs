//! Pages for people: to sign in, to say what an application may have, to see and
//! take back what one gave. They are rendered here and work without JavaScript.

mod account;
mod authorize;
mod browser;
mod device;
mod failure;
mod form;
mod login;
mod page;
mod texts;

use std::{future::Future, sync::Arc};

use poem::{
    Endpoint, EndpointExt, Request, Response, Route,
    endpoint::make,
    get,
    http::{Method, StatusCode},
    post,
};

use self::{
    failure::Failure,
    page::{Frame, Home, Message, render},
    texts::Texts,
};
use crate::{authority::Authority, problem_kind::ProblemKind};

type Shared = Arc<Authority>;

/// Which methods each page takes.
pub const METHODS: &[(&str, &[Method])] = &[
    ("/", &[Method::GET]),
    ("/authorize", &[Method::GET, Method::POST]),
    ("/login", &[Method::GET, Method::POST]),
    ("/logout", &[Method::GET, Method::POST]),
    ("/consent", &[Method::GET, Method::POST]),
    ("/device", &[Method::GET, Method::POST]),
    ("/account/password", &[Method::POST]),
    ("/account/tokens", &[Method::POST]),
    ("/account/tokens/revoke", &[Method::POST]),
    ("/account/apps/revoke", &[Method::POST]),
    ("/account/sessions/end", &[Method::POST]),
    ("/account/sessions/end-all", &[Method::POST]),
];

/// The page at `/`, which says where everything is.
pub fn home(authority: &Shared) -> impl Endpoint<Output = Response> + use<> {
    let authority = Arc::clone(authority);
    get(make(move |request: Request| {
        let authority = Arc::clone(&authority);
        async move {
            let frame = Frame::new(&authority, Texts::of(&request));
            render(StatusCode::OK, "", &Home { frame })
        }
    }))
}

/// All pages.
pub fn routes(authority: &Shared) -> Route {
    let wrong_codes = Arc::new(device::WrongCodes::default());
    let show_device = Arc::clone(&wrong_codes);
    let brand = &authority.config.brand;
    let mut routes = Route::new();
    if let Some(logo) = brand.logo.clone() {
        routes = routes.at("/logo", get(page::logo(logo)));
    }
    for kind in ProblemKind::ALL {
        let path = format!("{}/{}", ProblemKind::PATH, kind.name());
        routes = routes.at(
            path,
            on(authority, move |authority, _| explain(authority, kind)),
        );
    }
    routes
        .at("/style.css", get(page::stylesheet(brand)))
        .at("/form-post.js", get(page::form_post_script()))
        .at(
            "/authorize",
            get(on(authority, authorize::start)).post(on(authority, authorize::start)),
        )
        .at(
            "/login",
            get(on(authority, login::show)).post(on(authority, login::submit)),
        )
        .at(
            "/logout",
            get(on(authority, login::ask_logout)).post(on(authority, login::logout)),
        )
        .at(
            "/consent",
            get(on(authority, authorize::ask)).post(on(authority, authorize::answer)),
        )
        .at(
            "/device",
            get(on(authority, move |authority, request| {
                device::show(authority, request, Arc::clone(&show_device))
            }))
            .post(on(authority, move |authority, request| {
                device::answer(authority, request, Arc::clone(&wrong_codes))
            })),
        )
        .at("/account", get(on(authority, account::show)))
        .at(
            "/account/password",
            post(on(authority, account::change_password)),
        )
        .at("/account/tokens", post(on(authority, account::make_token)))
        .at(
            "/account/tokens/revoke",
            post(on(authority, account::revoke_token)),
        )
        .at(
            "/account/apps/revoke",
            post(on(authority, account::revoke_app)),
        )
        .at(
            "/account/sessions/end",
            post(on(authority, account::end_session)),
        )
        .at(
            "/account/sessions/end-all",
            post(on(authority, account::end_all_sessions)),
        )
}

/// GET /problems/{kind}: what errors refer to, in their language.
async fn explain(authority: Shared, kind: ProblemKind) -> Result<Response, Failure> {
    let page = Message {
        frame: Frame::new(&authority, Texts::default_language()),
        title: kind.name(),
        text: &kind.explanation().replace('`', "\""),
    };
    Ok(render(StatusCode::OK, "", &page))
}

/// A handler of pages; what it refuses becomes a page as well.
fn on<F, R>(authority: &Shared, handler: F) -> impl Endpoint<Output = Response> + 'static
where
    F: Fn(Shared, Request) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Response, Failure>> + Send + 'static,
{
    let authority = Arc::clone(authority);
    make(move |request: Request| {
        let texts = Texts::of(&request);
        let authority = Arc::clone(&authority);
        let answer = handler(Arc::clone(&authority), request);
        async move {
            match answer.await {
                Ok(response) => response,
                Err(failure) => failure.into_page(Frame::new(&authority, texts)),
            }
        }
    })
    .boxed()
}
