//! interim
use poem::{Response, endpoint::BoxEndpoint};
pub struct Limits;
impl Default for Limits {
    fn default() -> Self {
        Self
    }
}
pub struct Tls;
impl Tls {
    pub fn from_pem_files(_a: &std::path::Path, _b: &std::path::Path) -> std::io::Result<Self> {
        Err(std::io::Error::other("not yet"))
    }
}
pub async fn serve(
    listener: tokio::net::TcpListener,
    _tls: Option<Tls>,
    app: BoxEndpoint<'static, Response>,
    _l: Limits,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let acceptor = poem::listener::TcpAcceptor::from_tokio(listener)?;
    poem::Server::new_with_acceptor(acceptor)
        .run_with_graceful_shutdown(app, stop, Some(std::time::Duration::from_secs(10)))
        .await
}
