//! The names that the server answers to. A page of another name that leads here (DNS rebinding) would be of the server's
//! origin in a browser's eyes, and a server in the middle could ask in its own name; so both are turned away.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use earshot_signaling::PeerInfo;
use rustls::client::verify_server_name;
use rustls::pki_types::ServerName;
use rustls::server::ParsedCertificate;

use crate::tls::Current;

/// Which hosts may be asked for.
#[derive(Debug, Clone)]
pub(crate) enum Hosts {
    /// Those that the certificate in use proves.
    Proven(Arc<Current>),
    /// This machine itself: without TLS and without a proxy nobody else gets here.
    ThisMachine,
    /// The one that people enter in their settings; the proxy passes it on.
    One(String),
    /// Whatever the proxy lets through.
    Any,
}

impl Hosts {
    fn allow(&self, header: Option<&str>) -> bool {
        if matches!(self, Self::Any) {
            return true;
        }
        let Some(host) = header.and_then(bare_host) else { return false };
        match self {
            Self::Any => true,
            Self::One(name) => bare(name) == host,
            Self::ThisMachine => {
                host == "localhost"
                    || host.ends_with(".localhost")
                    || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
            }
            Self::Proven(current) => {
                let certified = current.certified();
                let Ok(name) = ServerName::try_from(host) else { return false };
                certified
                    .cert
                    .first()
                    .and_then(|certificate| ParsedCertificate::try_from(certificate).ok())
                    .is_some_and(|certificate| verify_server_name(&certificate, &name).is_ok())
            }
        }
    }
}

/// The name in a `Host` header: without port and brackets, in lower case.
fn bare_host(header: &str) -> Option<String> {
    let authority: Authority = header.parse().ok()?;
    (!header.contains('@') && !authority.host().is_empty()).then(|| bare(authority.host()))
}

fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase()
}

/// Turns away whoever asks for another host.
pub(crate) async fn guard(
    State(hosts): State<Hosts>,
    peer: Option<Extension<PeerInfo>>,
    request: Request,
    next: Next,
) -> Response {
    if hosts.allow(peer.as_ref().and_then(|peer| peer.host.as_deref())) {
        next.run(request).await
    } else {
        (StatusCode::MISDIRECTED_REQUEST, "This server does not go by that name.\n").into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_few_names() {
        for host in
            ["localhost", "LOCALHOST:7447", "calls.localhost", "127.0.0.1:80", "127.9.9.9", "[::1]:7447"]
        {
            assert!(Hosts::ThisMachine.allow(Some(host)), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.0.2.1",
            "[2001:db8::1]",
            "evil@localhost",
            "",
        ] {
            assert!(!Hosts::ThisMachine.allow(Some(host)), "{host}");
        }
        assert!(!Hosts::ThisMachine.allow(None));
    }

    #[test]
    fn a_public_name_is_the_only_one() {
        let hosts = Hosts::One("Calls.Example".to_owned());
        assert!(hosts.allow(Some("calls.example")) && hosts.allow(Some("calls.example.:8443")));
        assert!(!hosts.allow(Some("evil.example")) && !hosts.allow(Some("localhost")) && !hosts.allow(None));
        assert!(Hosts::Any.allow(Some("evil.example")) && Hosts::Any.allow(None));
    }
}
