//! `scopegate serve`, and what `demo` shares with it.

use std::{net::SocketAddr, sync::Arc};

use clap::Args;
use poem::EndpointExt;
use scopegate::{
    admin::admin,
    app::app,
    audit,
    authority::Authority,
    config::Config,
    housekeeping, keys, served_as,
    server::{self, Limits, Tls},
    users,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};

use super::{Outcome, Settings, log, output::announce};

/// Serve the configured database
///
/// Creates and migrates the database if needed. The first start generates a signing key.
#[derive(Args)]
#[command(after_help = "Example:\n  scopegate serve --listen 127.0.0.1:9000")]
pub struct Serve {}

impl Serve {
    pub fn run(self, settings: Settings) -> Outcome {
        let config = settings.check()?;
        let _collector = log::start(&config)?;
        run_server(async {
            let listener = bind(config.listen).await?;
            let authority = Authority::open(config).await?;
            users::forget_shared(&authority).await?;
            authority.directory.check().await?;
            if let Some(place) = authority.directory.whereabouts() {
                announce!("users live in {place}");
            } else if !authority.store.has_users().await? {
                announce!(
                    "there are no users yet; this adds an administrator:\n  scopegate user add admin --admin"
                );
            }
            serve(authority, listener).await
        })
    }
}

/// Lets the server have as many connections as the system allows: the soft limit of
/// descriptors is for programs that cannot handle more.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of descriptors was not raised");
    }
}

/// The runtime of a server.
pub fn run_server<F: Future<Output = Outcome>>(future: F) -> Outcome {
    raise_descriptor_limit();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(future)
}

/// Takes the address, before anything is written.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Box<dyn std::error::Error>> {
    bound("listen", address)
}

fn bound(key: &str, address: SocketAddr) -> Result<TcpListener, Box<dyn std::error::Error>> {
    server::bind(address).map_err(|error| format!("{key}: {address}: {error}").into())
}

/// Serves until SIGTERM or SIGINT; requests in flight are finished.
pub async fn serve(authority: Authority, listener: TcpListener) -> Outcome {
    let tls = tls(&authority.config)?;
    let admin_listener = authority.config.admin_listen;
    let admin_listener = admin_listener.map(|address| bound("admin-listen", address));
    let admin_listener = admin_listener.transpose()?;
    authority.live.seal_keys().await?;
    keys::adopt_algorithm(&authority).await?;
    served_as::remember(&authority).await?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let authority = Arc::new(authority);
    let app = app(&authority)?;
    let live = Arc::clone(&authority.live);
    let follower = tokio::spawn(async move { Box::pin(live.follow()).await });
    let house = Arc::clone(&authority);
    let housekeeper = tokio::spawn(async move { housekeeping::keep_house(&house).await });
    let audited = Arc::clone(&authority);
    let auditor = tokio::spawn(async move { audit::keep(&audited).await });
    let stopped = stop_signal(Arc::clone(&authority))?;
    let watched = admin_listener.map(|listener| watch(&authority, listener));
    let watched = watched.transpose()?;
    announce!("listening on {scheme}://{}", listener.local_addr()?);
    server::serve(listener, tls, app, limits(), stopped).await?;
    follower.abort();
    housekeeper.abort();
    auditor.abort();
    if let Err(error) = audit::write_noticed(&authority).await {
        tracing::warn!(%error, "the audit log cannot be written");
    }
    if let Some(watched) = watched {
        watched.abort();
    }
    authority.live.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Lets the server be watched, to its very end.
fn watch(authority: &Arc<Authority>, listener: TcpListener) -> std::io::Result<JoinHandle<()>> {
    announce!("/metrics at http://{}", listener.local_addr()?);
    let app = admin(authority).boxed();
    Ok(tokio::spawn(async move {
        let for_ever = std::future::pending();
        if let Err(error) = server::serve(listener, None, app, Limits::default(), for_ever).await {
            tracing::error!(%error, "admin-listen: /metrics is no longer served");
        }
    }))
}

/// As many connections as there are descriptors for, less those of the database.
fn limits() -> Limits {
    use rustix::process::{Resource, getrlimit};

    const OTHERS: u64 = 200;
    let limits = Limits::default();
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let most = descriptors.saturating_sub(OTHERS).max(descriptors / 2);
    Limits {
        connections: limits
            .connections
            .min(usize::try_from(most).unwrap_or(usize::MAX)),
        ..limits
    }
}

fn tls(config: &Config) -> Result<Option<Tls>, Box<dyn std::error::Error>> {
    let Some(files) = &config.tls else {
        return Ok(None);
    };
    Ok(Some(Tls::from_pem_files(&files.certificates, &files.key)?))
}

/// Ends with the first SIGTERM or SIGINT; a second one ends the process.
fn stop_signal(
    authority: Arc<Authority>,
) -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    // A terminal that is closed is no reason to stop, and there is nothing to reload.
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            tracing::info!(
                "SIGHUP is ignored: certificates are reloaded automatically, settings need a restart"
            );
        }
    });
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        authority.readiness.stop();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::warn!("stopped at once");
            std::process::exit(1);
        });
        let delay = authority.config.shutdown_delay;
        if !delay.is_zero() {
            let delay = humantime::format_duration(delay);
            tracing::info!("stopping: requests are still served for {delay}");
        }
        tokio::time::sleep(delay).await;
        tracing::info!("stopping: requests in flight are finished");
    })
}
