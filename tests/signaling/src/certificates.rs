//! TLS as a company has it, by an authority of one's own.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use earshot_harness::Certificates;
use earshot_signaling::reconnect::Policy;
use earshot_signaling::{Link, LinkEvent, Target};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::process::Command;

use crate::{device, next, person};

/// The variable that names the URL which another process of the same test program is to visit.
const URL_VARIABLE: &str = "EARSHOT_TEST_URL";

/// TLS for a server of any program.
///
/// # Panics
/// When the files are not there.
#[must_use]
pub fn server_tls(certificates: &Certificates) -> Arc<ServerConfig> {
    let read = "certificates that were just made";
    let certificate = CertificateDer::from_pem_file(&certificates.certificate).expect(read);
    let key = PrivateKeyDer::from_pem_file(&certificates.key).expect(read);
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
pub fn client_tls(certificates: &Certificates) -> Arc<ClientConfig> {
    let read = "certificates that were just made";
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&certificates.authority).expect(read)).expect(read);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect(read)
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// How a link to this URL begins: `up`, or a code. The process that [`elsewhere`] starts prints it after `first: `.
///
/// # Panics
/// When it begins in no known way.
pub async fn first_of_link(url: String, policy: Policy) -> String {
    let (_link, mut events) = Link::open(device(), Target::Url(url), person("Ann"), policy, None);
    match next(&mut events).await {
        LinkEvent::Up(_) => "up".to_owned(),
        LinkEvent::Down { code, .. } | LinkEvent::Ended { code } => code.to_string(),
        other => panic!("{other:?}"),
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
