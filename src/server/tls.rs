//! The server's certificate, and its renewal while the server runs.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use thiserror::Error;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::{CryptoProvider, aws_lc_rs},
        pki_types::{
            CertificateDer, PrivateKeyDer,
            pem::{self, PemObject},
        },
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
        version::{TLS12, TLS13},
    },
};
use tracing::{error, info};
use zeroize::Zeroizing;

use crate::text;

/// How often the files are looked at.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Why a certificate and its key cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not PEM: {source}", path.display())]
    Pem { path: PathBuf, source: pem::Error },
    #[error("{} holds no certificate", path.display())]
    NoCertificate { path: PathBuf },
    #[error("{} holds no unencrypted private key", path.display())]
    NoKey { path: PathBuf },
    #[error("the key in {} is not the key of the certificate in {}", key.display(), cert.display())]
    Mismatch { cert: PathBuf, key: PathBuf },
    #[error("{} with {} cannot be used: {source}", cert.display(), key.display())]
    Unusable {
        cert: PathBuf,
        key: PathBuf,
        source: rustls::Error,
    },
}

/// TLS 1.2 and 1.3 with a certificate from two PEM files, which are read again
/// when they change. A changed pair that cannot be used is logged, and the one
/// before it stays in force.
pub struct Tls {
    files: Files,
    config: Arc<ServerConfig>,
    current: Arc<Current>,
    seen: Mutex<Option<Stamps>>,
    poll_interval: Duration,
}

impl Tls {
    /// Reads a certificate chain, the server's own certificate first, and its
    /// private key (PKCS #8, PKCS #1 or SEC 1).
    ///
    /// # Errors
    ///
    /// If a file cannot be read, does not hold what it should, or if the two do
    /// not belong together.
    pub fn from_pem_files(
        cert: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let files = Files {
            cert: cert.into(),
            key: key.into(),
            provider: provider.clone(),
        };
        let seen = files.stamps();
        let current = Arc::new(Current(ArcSwap::from_pointee(files.read()?)));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|source| files.unusable(source))?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            files,
            config: Arc::new(config),
            current,
            seen: Mutex::new(seen),
            poll_interval: POLL_INTERVAL,
        })
    }

    /// Looks for changes this often instead of every 5 seconds.
    #[must_use]
    pub fn polled_every(self, poll_interval: Duration) -> Self {
        Self {
            poll_interval,
            ..self
        }
    }

    /// Reads the files again if they have changed, and says whether a new
    /// certificate is in force.
    ///
    /// # Errors
    ///
    /// As [`Tls::from_pem_files`], once for each change; what was in force
    /// stays.
    pub fn reload(&self) -> Result<bool, TlsError> {
        // Looked at before they are read: a change in between shows next time.
        let found = self.files.stamps();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == found {
            return Ok(false);
        }
        *seen = found;
        self.current.0.store(Arc::new(self.files.read()?));
        Ok(true)
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.clone())
    }

    /// Keeps up with the files; never ends.
    pub(super) async fn follow(self: Arc<Self>) {
        loop {
            tokio::time::sleep(self.poll_interval).await;
            let tls = self.clone();
            match tokio::task::spawn_blocking(move || tls.reload()).await {
                Ok(Ok(false)) => {}
                Ok(Ok(true)) => info!(cert = %self.files.cert.display(), "certificate renewed"),
                Ok(Err(error)) => error!(%error, "the certificate in force stays"),
                Err(error) => error!(%error, "cannot check for a new certificate"),
            }
        }
    }
}

/// The certificate in force, for each handshake to pick up.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// What shows that one of the files has changed; none if they cannot be seen.
type Stamps = [(SystemTime, u64); 2];

struct Files {
    cert: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
}

impl Files {
    fn read(&self) -> Result<CertifiedKey, TlsError> {
        let chain = CertificateDer::pem_slice_iter(&contents(&self.cert)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| not_pem(&self.cert, source))?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate {
                path: self.cert.clone(),
            });
        }
        let key =
            PrivateKeyDer::from_pem_slice(&contents(&self.key)?).map_err(
                |source| match source {
                    pem::Error::NoItemsFound => TlsError::NoKey {
                        path: self.key.clone(),
                    },
                    source => not_pem(&self.key, source),
                },
            )?;
        CertifiedKey::from_der(chain, key, &self.provider).map_err(|source| self.unusable(source))
    }

    fn unusable(&self, source: rustls::Error) -> TlsError {
        let (cert, key) = (self.cert.clone(), self.key.clone());
        match source {
            rustls::Error::InconsistentKeys(_) => TlsError::Mismatch { cert, key },
            source => TlsError::Unusable { cert, key, source },
        }
    }

    fn stamps(&self) -> Option<Stamps> {
        let stamp = |path| -> io::Result<_> {
            let file = fs::metadata(path)?;
            Ok((file.modified()?, file.len()))
        };
        Some([stamp(&self.cert).ok()?, stamp(&self.key).ok()?])
    }
}

fn contents(path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    match text::read_file(path) {
        Ok(contents) => Ok(Zeroizing::new(contents.into_bytes())),
        Err(source) => Err(TlsError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

fn not_pem(path: &Path, source: pem::Error) -> TlsError {
    TlsError::Pem {
        path: path.to_owned(),
        source,
    }
}
