//! TLS with a certificate from files, read again when they change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::StartError;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// TLS, the certificate that it uses, and the task that looks for a new one.
pub(crate) struct Watched {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) current: Arc<Current>,
    pub(crate) task: JoinHandle<()>,
}

/// Reads both files and watches them from then on, until the task is ended.
pub(crate) fn load(certificate: PathBuf, private: PathBuf) -> Result<Watched, StartError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let changed = last_change(&certificate, &private);
    let first = read(&certificate, &private, &provider)?;
    let current = Arc::new(Current(RwLock::new(Arc::new(first))));
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| tls_error(&certificate, error))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
    // Without it the exporter of TLS 1.2 does not tell two connections apart (RFC 9266, section 3).
    config.require_ems = true;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let task = tokio::spawn(watch(certificate, private, provider, Arc::clone(&current), changed));
    Ok(Watched { config: Arc::new(config), current, task })
}

/// The certificate in use.
#[derive(Debug)]
pub(crate) struct Current(RwLock<Arc<CertifiedKey>>);

impl Current {
    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.certified())
    }
}

async fn watch(
    certificate: PathBuf,
    private: PathBuf,
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
    mut known: [Option<SystemTime>; 2],
) {
    loop {
        sleep(LOOK_EVERY).await;
        let changed = last_change(&certificate, &private);
        if changed == known {
            continue;
        }
        known = changed;
        match read(&certificate, &private, &provider) {
            Ok(new) => {
                *current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                info!("a new certificate is in use");
            }
            // Perhaps only one of the two is there yet; the old one goes on until both fit.
            Err(_) => {
                warn!("the certificate has changed but cannot be used; the old one stays in use");
                known = [None, None];
            }
        }
    }
}

fn last_change(certificate: &Path, private: &Path) -> [Option<SystemTime>; 2] {
    [certificate, private].map(|path| fs::metadata(path).and_then(|file| file.modified()).ok())
}

fn read(certificate: &Path, private: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, StartError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| pem_error(certificate, error, "certificate"))?;
    if chain.is_empty() {
        return Err(pem_error(certificate, PemError::NoItemsFound, "certificate"));
    }
    let key =
        PrivateKeyDer::from_pem_file(private).map_err(|error| pem_error(private, error, "private key"))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| tls_error(private, error))
}

fn pem_error(path: &Path, error: PemError, what: &str) -> StartError {
    let reason = match error {
        PemError::Io(error) => error.to_string(),
        _ => format!("no PEM {what} in it"),
    };
    StartError::Tls { path: path.to_owned(), reason }
}

fn tls_error(path: &Path, error: rustls::Error) -> StartError {
    let reason = match error {
        rustls::Error::InconsistentKeys(_) => "not the private key of that certificate".to_owned(),
        error => error.to_string(),
    };
    StartError::Tls { path: path.to_owned(), reason }
}
