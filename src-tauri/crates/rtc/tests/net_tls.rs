//! A relay behind TLS, trusted as this machine trusts.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod page;
mod servers;

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use page::{Page, start, transceiver};
use servers::{PASSWORD, Server, USER};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use turn_client_proto::types::TransportType;
use webview_rtc::wire::{Configuration, Event, Gathering, IceServer, Kind, Request, SdpType};

/// Set for the run that trusts the certificate: which one, the key, and the port to serve on.
const TRUSTED: &str = "WEBVIEW_RTC_TEST_TRUSTED";

/// Serves TLS as `localhost` and carries what is in it to `plain`.
async fn serve(plain: SocketAddr, certified: rcgen::CertifiedKey<rcgen::KeyPair>) -> u16 {
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .expect("a certificate");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut inside) = acceptor.accept(stream).await else { return };
                let mut plain = TcpStream::connect(plain).await.expect("the server");
                let _ = tokio::io::copy_bidirectional(&mut inside, &mut plain).await;
            });
        }
    });
    port
}

/// Relay candidates that a page gets of `turns:localhost`.
async fn relays(port: u16) -> usize {
    let rtc = start().await;
    let mut page = Page::open(&rtc).await;
    let server = IceServer {
        urls: vec![format!("turns:localhost:{port}")],
        username: Some(USER.to_owned()),
        credential: Some(PASSWORD.to_owned()),
    };
    let configuration = Configuration { ice_servers: vec![server], relay_only: true };
    page.done(Request::Open { pc: 1, configuration }).await;
    let transceivers = vec![transceiver(Kind::Audio, None, "one")];
    let offer = Request::CreateOffer { pc: 1, transceivers, ice_restart: false };
    page::description(page.ask(offer).await);
    page.done(Request::SetLocal { pc: 1, kind: SdpType::Offer }).await;
    let complete = |event: &Event| matches!(event, Event::Gathering { state: Gathering::Complete });
    page.event(1, |event| complete(event).then_some(())).await.expect("an end to the gathering");
    page.candidates(1).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_over_tls_is_used_when_its_certificate_is_trusted() {
    let turn = Server::turn(TransportType::Tcp);
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), certified.cert.pem()).expect("to write");
    if std::env::var_os(TRUSTED).is_some() {
        // See below: this process trusts what its parent has made.
        let port = std::env::var(TRUSTED).ok().and_then(|port| port.parse().ok()).expect("a port");
        assert_eq!(relays(port).await, 1);
        return;
    }
    let port = serve(turn.address, certified).await;
    assert_eq!(relays(port).await, 0, "not trusted");
    assert_eq!(turn.heard.load(Ordering::SeqCst), 0, "and told nothing");

    // Whom a process trusts is read once, from its environment: another one trusts.
    let path = file.path().to_owned();
    let trusting = tokio::task::spawn_blocking(move || {
        Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "a_relay_over_tls_is_used_when_its_certificate_is_trusted"])
            .env("SSL_CERT_FILE", path)
            .env(TRUSTED, port.to_string())
            .output()
            .expect("to run")
    });
    let trusting = trusting.await.expect("an end");
    assert!(trusting.status.success(), "{}", String::from_utf8_lossy(&trusting.stdout));
    assert!(turn.heard.load(Ordering::SeqCst) >= 2);
}
