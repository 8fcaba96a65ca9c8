//! Connections to PostgreSQL that leave this machine without encryption.

use std::net::IpAddr;

use sqlx::{PgConnection, postgres::PgConnectOptions};

/// Says so where what is sent to PostgreSQL, password hashes among it, leaves this machine
/// as it is: by default TLS is used if the server offers it (`sslmode=prefer`). A compatible
/// engine that does not tell is not warned of.
pub(super) async fn warn_of_clear_text(options: &PgConnectOptions, connection: &mut PgConnection) {
    let host = options.get_host();
    let is_local = host.starts_with('/')
        || host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
        || options.get_socket().is_some();
    if is_local {
        return;
    }
    let statement = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let told = sqlx::query_scalar::<_, bool>(statement).fetch_optional(connection);
    if let Ok(Some(false)) = told.await {
        tracing::warn!(
            host,
            "the connection to PostgreSQL is not encrypted: set sslmode=verify-full in its URL"
        );
    }
}
