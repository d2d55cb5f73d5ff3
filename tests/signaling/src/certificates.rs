//! An authority of one's own, and certificates of it, as a company has them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::process::Command;

/// The variable that names the URL which another process of the same test program is to visit.
const URL_VARIABLE: &str = "EARSHOT_TEST_URL";

/// Files in a folder: `ca.pem`, `cert.pem`, `key.pem`.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// Of the authority: programs trust it through `SSL_CERT_FILE`.
    pub authority: PathBuf,
    /// Of the server.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Certificates {
    /// An authority of one's own, and a certificate of it for these names.
    ///
    /// # Panics
    /// When the folder cannot be written to.
    #[must_use]
    pub fn make(folder: &Path, names: &[&str]) -> Self {
        let made = "certificates can be made";
        let authority_key = KeyPair::generate().expect(made);
        let mut authority = CertificateParams::new(Vec::new()).expect(made);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority_certificate = authority.self_signed(&authority_key).expect(made);
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate().expect(made);
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = CertificateParams::new(names).expect(made).signed_by(&key, &issuer).expect(made);
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).expect("the folder can be written to");
            path
        };
        Self {
            authority: write("ca.pem", &authority_certificate.pem()),
            certificate: write("cert.pem", &certificate.pem()),
            key: write("key.pem", &key.serialize_pem()),
        }
    }

    /// TLS for a server of any program.
    ///
    /// # Panics
    /// When the files are not there.
    #[must_use]
    pub fn server_config(&self) -> Arc<ServerConfig> {
        let read = "certificates that were just made";
        let certificate = CertificateDer::from_pem_file(&self.certificate).expect(read);
        let key = PrivateKeyDer::from_pem_file(&self.key).expect(read);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect(read)
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect(read);
        Arc::new(config)
    }

    /// TLS for a client that trusts the authority.
    ///
    /// # Panics
    /// When the files are not there.
    #[must_use]
    pub fn client_config(&self) -> Arc<ClientConfig> {
        let read = "certificates that were just made";
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.authority).expect(read)).expect(read);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect(read)
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }
}

/// Runs one test of this program again in a process of its own, where `SSL_CERT_FILE` may differ, with the URL that it
/// is to visit. Returns what it prints after `first: `.
///
/// # Panics
/// When it prints nothing.
pub async fn elsewhere(test: &str, url: &str, authority: Option<&Path>) -> String {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command.args(["--exact", test, "--nocapture"]).env(URL_VARIABLE, url);
    command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    if let Some(authority) = authority {
        command.env("SSL_CERT_FILE", authority);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let limit = std::time::Duration::from_secs(20);
    let output = tokio::time::timeout(limit, command.output()).await.expect("in time").expect("it runs");
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    output.lines().find_map(|line| line.split_once("first: ")).expect(&output).1.to_owned()
}

/// The URL that this process is to visit, when it is such a one.
#[must_use]
pub fn url_of_elsewhere() -> Option<String> {
    std::env::var(URL_VARIABLE).ok()
}
