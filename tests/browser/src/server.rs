//! An office that has an `earshot-server`, and people whose apps link to it as well.

use std::path::Path;

use earshot_harness::{Certificates, EarshotServer, Figure, Host, Network, Office};

use crate::Seat;

/// Where servers of tests listen.
pub const PORT: u16 = 8443;

/// Starts a server on this host, behind TLS.
#[must_use]
#[track_caller]
pub fn start_server(host: &Host, certificates: &Certificates) -> EarshotServer {
    start_server_in(&host.fresh_data_dir(), host, certificates)
}

/// The same with a data directory, which may be that of a server that ran before.
#[must_use]
#[track_caller]
pub fn start_server_in(data_dir: &Path, host: &Host, certificates: &Certificates) -> EarshotServer {
    host.earshot_server(&[
        "--listen",
        &format!("0.0.0.0:{PORT}"),
        "--title",
        "Head office",
        "--tls-cert",
        &certificates.certificate.display().to_string(),
        "--tls-key",
        &certificates.key.display().to_string(),
        "--data-dir",
        &data_dir.display().to_string(),
    ])
}

/// The URL for apps.
#[must_use]
pub fn url(host: &Host) -> String {
    format!("wss://{}:{PORT}/ws", host.ip())
}

/// A person whose app links to the server as well.
#[must_use]
#[track_caller]
pub fn take(
    office: &Office,
    name: &str,
    figure: Figure,
    network: Network,
    url: &str,
    trust: &Certificates,
) -> Seat {
    let host = office.host_on(&name.to_ascii_lowercase(), &[network]);
    let app = host
        .install(&host.fresh_data_dir())
        .args(&["--name", name, "--signaling", url])
        .env("SSL_CERT_FILE", &trust.authority)
        .start();
    Seat::open(name, figure, host, app, |chromium| chromium)
}
