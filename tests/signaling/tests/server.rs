//! `earshot-server`, the real one: TLS, the proxy in front, pages, health and numbers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::time::Duration;

use earshot_protocol::{ErrorCode, RoomRules, SUBPROTOCOL};
use earshot_server::{Options, Server, StartError};
use earshot_signaling::reconnect::Policy;
use earshot_signaling::{Limits, Link, LinkEvent, PeerInfo, Target};
use earshot_tests_signaling::{
    Certificates, Served, device, elsewhere, first_of_link, next, person, soon, up, upgrade_status,
    url_of_elsewhere,
};
use rcgen::KeyPair;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::ClientRequestBuilder;

struct Running {
    port: u16,
    device: earshot_protocol::DeviceId,
    folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Running {
    async fn start(options: impl FnOnce(&Path) -> Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            listen: Some("127.0.0.1:0".parse().unwrap()),
            data_dir: Some(folder.path().join("data")),
            ..options(folder.path())
        };
        let server = Server::start(options).await.unwrap();
        let ready = server.ready().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            server.run(stopped).await.unwrap();
        });
        Self { port: ready.port, device: ready.device, folder, stop: Some(stop), task }
    }

    fn address(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    fn url(&self) -> Target {
        Target::Url(format!("ws://127.0.0.1:{}", self.port))
    }
}

/// Status line, headers and body of a GET with these extra headers.
async fn get(address: std::net::SocketAddr, path: &str, headers: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    soon("an answer", stream.read_to_end(&mut answer)).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_ascii_lowercase(), body.to_owned())
}

#[tokio::test]
async fn two_people_meet_at_a_server() {
    let server = Running::start(|_| Options { title: Some("Acme".into()), ..Options::default() }).await;
    let (_ann, mut from_ann) = Link::open(device(), server.url(), person("Ann"), Policy::server(), None);
    let welcome = up(&mut from_ann).await;
    assert_eq!((welcome.title.as_str(), welcome.hub.device), ("Acme", server.device));
    assert!(welcome.people.is_empty());
    let (_bob, mut from_bob) = Link::open(device(), server.url(), person("Bob"), Policy::server(), None);
    let people = up(&mut from_bob).await.people;
    assert_eq!(people.iter().map(|one| one.person.name.as_str()).collect::<Vec<_>>(), ["Ann"]);
}

#[tokio::test]
async fn health_numbers_and_pages() {
    let server = Running::start(|_| Options::default()).await;
    assert_eq!(get(server.address(), "/healthz", "").await.0, 200);
    let (_link, mut events) = Link::open(device(), server.url(), person("Ann"), Policy::server(), None);
    up(&mut events).await;
    let (status, head, body) = get(server.address(), "/metrics", "").await;
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/plain; version=0.0.4"));
    for line in ["earshot_members 1", "earshot_connections 1", "earshot_rooms 0", "earshot_rings 0"] {
        assert!(body.lines().any(|found| found == line), "{line} in\n{body}");
    }
    assert!(!body.contains("Ann"));

    for path in ["/", "/nothing-here", "/..%2f..%2fCargo.toml", "/../../Cargo.toml"] {
        let (status, head, body) = get(server.address(), path, "").await;
        assert!(path == "/" || status == 404, "{path}: {status}");
        assert!(!body.contains("[package]"));
        assert!(head.contains("content-security-policy: default-src 'self'"), "{head}");
        assert!(!head.contains("unsafe-"));
        assert!(head.contains("frame-ancestors 'none'"));
        assert!(head.contains("x-content-type-options: nosniff"));
        assert!(head.contains("referrer-policy: no-referrer"));
        assert!(head.contains("permissions-policy: camera=(self)"));
    }
}

#[tokio::test]
async fn a_page_of_another_site_may_not_connect() {
    let server = Running::start(|_| Options::default()).await;
    let own = format!("http://127.0.0.1:{}", server.port);
    let upgrade = |origin: Option<&str>, forwarded: Option<&str>| {
        let uri = format!("ws://127.0.0.1:{}/ws", server.port).parse().unwrap();
        let mut request = ClientRequestBuilder::new(uri).with_sub_protocol(SUBPROTOCOL);
        if let Some(origin) = origin {
            request = request.with_header("Origin", origin);
        }
        if let Some(forwarded) = forwarded {
            request = request.with_header("X-Forwarded-Host", forwarded);
        }
        upgrade_status(server.address(), request)
    };
    assert_eq!(upgrade(None, None).await, 101);
    assert_eq!(upgrade(Some(&own), None).await, 101);
    for origin in
        ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", "tauri://localhost"]
    {
        assert_eq!(upgrade(Some(origin), None).await, 403, "{origin}");
    }
    // What a client claims to be forwarded is not believed.
    assert_eq!(upgrade(Some("https://evil.example"), Some("evil.example")).await, 403);
}

#[tokio::test]
async fn behind_a_proxy_what_it_forwards_is_believed() {
    let server = Running::start(|_| Options { behind_proxy: true, ..Options::default() }).await;
    let upgrade = |origin: &'static str, forwarded: &'static str| {
        let uri = format!("ws://127.0.0.1:{}/ws", server.port).parse().unwrap();
        let request = ClientRequestBuilder::new(uri)
            .with_sub_protocol(SUBPROTOCOL)
            .with_header("Origin", origin)
            .with_header("X-Forwarded-Host", forwarded);
        upgrade_status(server.address(), request)
    };
    assert_eq!(upgrade("https://calls.example", "calls.example").await, 101);
    // The last value is the proxy's own.
    assert_eq!(upgrade("https://calls.example", "evil.example, calls.example").await, 101);
    assert_eq!(upgrade("https://evil.example", "evil.example, calls.example").await, 403);
}

#[tokio::test]
async fn a_forwarded_address_is_believed_only_when_told_so() {
    use axum::{Extension, Router, routing::get as on_get};
    let router = || {
        Router::new().route(
            "/who",
            on_get(|Extension(peer): Extension<PeerInfo>| async move { peer.address.to_string() }),
        )
    };
    let forwarded = "X-Forwarded-For: 192.0.2.66\r\nX-Forwarded-For: 198.51.100.1, 203.0.113.9\r\n";
    let plain = Served::start(router(), None, Limits::default()).await;
    assert_eq!(get(plain.address, "/who", forwarded).await.2, "127.0.0.1");
    let trusting = Limits { trust_forwarded: true, ..Limits::default() };
    let proxied = Served::start(router(), None, trusting).await;
    assert_eq!(get(proxied.address, "/who", forwarded).await.2, "203.0.113.9");
    assert_eq!(get(proxied.address, "/who", "").await.2, "127.0.0.1");
    assert_eq!(get(proxied.address, "/who", "X-Forwarded-For: nonsense\r\n").await.2, "127.0.0.1");
}

#[tokio::test]
async fn each_address_behind_the_proxy_has_its_own_bound() {
    use tokio_tungstenite::client_async;
    let server = Running::start(|_| Options { behind_proxy: true, ..Options::default() }).await;
    let mut open = Vec::new();
    let mut status = async |address: &str| {
        let request = ClientRequestBuilder::new(http::Uri::from_static("ws://earshot/ws"))
            .with_sub_protocol(SUBPROTOCOL)
            .with_header("X-Forwarded-For", address);
        let stream = TcpStream::connect(server.address()).await.unwrap();
        match soon("the upgrade", client_async(request, stream)).await {
            Ok((socket, response)) => {
                open.push(socket);
                response.status().as_u16()
            }
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("{error}"),
        }
    };
    for _ in 0..earshot_protocol::limits::MAX_UNGREETED_PER_ADDRESS {
        assert_eq!(status("203.0.113.9").await, 101);
    }
    assert_eq!(status("203.0.113.9").await, 503);
    assert_eq!(status("203.0.113.10").await, 101);
}

#[tokio::test]
async fn tls_by_the_certificate_authorities_of_the_machine() {
    const THIS: &str = "tls_by_the_certificate_authorities_of_the_machine";
    if let Some(url) = url_of_elsewhere() {
        println!("first: {}", first_of_link(url, Policy::server()).await);
        return;
    }
    let server = Running::start(|folder| {
        let _ = Certificates::make(folder, &["localhost"]);
        Options {
            tls_cert: Some(folder.join("certificate.pem")),
            tls_key: Some(folder.join("certificate-key.pem")),
            ..Options::default()
        }
    })
    .await;
    let authority = server.folder.path().join("authority.pem");
    let by_name = format!("wss://localhost:{}", server.port);
    assert_eq!(elsewhere(THIS, &by_name, Some(&authority)).await, "up");
    // An authority that nobody here knows, and a name that is not in the certificate.
    assert_eq!(elsewhere(THIS, &by_name, None).await, ErrorCode::CertificateInvalid.as_str());
    let by_address = format!("wss://127.0.0.1:{}", server.port);
    assert_eq!(elsewhere(THIS, &by_address, Some(&authority)).await, ErrorCode::CertificateInvalid.as_str());
    // Plain HTTP on the TLS port is nobody's guest.
    let plain = format!("ws://localhost:{}", server.port);
    assert_ne!(elsewhere(THIS, &plain, Some(&authority)).await, "up");
}

#[tokio::test]
async fn plain_http_to_other_machines_wants_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let options = |listen: &str, behind_proxy| Options {
        listen: Some(listen.parse().unwrap()),
        data_dir: Some(folder.path().to_owned()),
        behind_proxy,
        ..Options::default()
    };
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let error = Server::start(options(listen, false)).await.unwrap_err();
        assert!(matches!(error, StartError::PlainToOthers(_)), "{error}");
        assert!(error.to_string().contains("--tls-cert") && error.to_string().contains("--behind-proxy"));
    }
    assert!(Server::start(options("0.0.0.0:0", true)).await.is_ok());
    assert!(Server::start(options("127.0.0.1:0", false)).await.is_ok());
    // The address that is told leads here, and the device is the same after a restart.
    let first = Server::start(options("0.0.0.0:0", true)).await.unwrap().ready().clone();
    let second = Server::start(options("0.0.0.0:0", true)).await.unwrap().ready().clone();
    assert_eq!(first.device, second.device);
    assert_eq!(first.url, format!("http://127.0.0.1:{}/", first.port));
}

#[tokio::test]
async fn a_wrong_certificate_is_told_before_anybody_connects() {
    let folder = tempfile::tempdir().unwrap();
    let _ = Certificates::make(folder.path(), &["localhost"]);
    let other = KeyPair::generate().unwrap();
    std::fs::write(folder.path().join("other.pem"), other.serialize_pem()).unwrap();
    std::fs::write(folder.path().join("empty.pem"), "").unwrap();
    for (certificate, key, at_fault) in [
        ("certificate.pem", "other.pem", "other.pem"),
        ("certificate.pem", "certificate.pem", "certificate.pem"),
        ("empty.pem", "certificate-key.pem", "empty.pem"),
        ("missing.pem", "certificate-key.pem", "missing.pem"),
    ] {
        let options = Options {
            listen: Some("127.0.0.1:0".parse().unwrap()),
            data_dir: Some(folder.path().join("data")),
            tls_cert: Some(folder.path().join(certificate)),
            tls_key: Some(folder.path().join(key)),
            ..Options::default()
        };
        match Server::start(options).await {
            Err(StartError::Tls { path, reason }) => {
                assert_eq!(path, folder.path().join(at_fault), "{reason}");
                assert!(!reason.contains("PRIVATE"));
            }
            other => panic!("{certificate} and {key}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn ice_servers_are_handed_out_with_credentials_of_ones_own() {
    let server = Running::start(|folder| {
        let config = folder.join("server.toml");
        let text = "title = \"File\"\n\
            [[ice_servers]]\nurls = [\"stun:stun.example:3478\"]\n\
            [[ice_servers]]\nurls = [\"turn:turn.example:3478\"]\nusername = \"u\"\ncredential = \"c\"\n\
            [[ice_servers]]\nurls = [\"turn:other.example\"]\nturn_secret = \"shared\"\n";
        std::fs::write(&config, text).unwrap();
        Options { config: Some(config), title: Some("Flag".into()), ..Options::default() }
    })
    .await;
    let ann = device();
    let (link, mut events) = Link::open(ann.clone(), server.url(), person("Ann"), Policy::server(), None);
    let welcome = up(&mut events).await;
    assert_eq!(welcome.title, "Flag", "the command line wins");
    let create = earshot_protocol::Request::CreateRoom {
        via: None,
        rules: RoomRules::open_to(2),
        media: Default::default(),
    };
    let Ok(earshot_protocol::Reply::Room(room)) = soon("a room", link.request(create)).await else {
        panic!("a room")
    };
    for servers in [&welcome.ice_servers, &room.ice_servers] {
        assert_eq!(servers.len(), 3);
        assert_eq!(servers[1].credential.as_deref(), Some("c"));
        let username = servers[2].username.as_deref().unwrap();
        let (end, name) = username.split_once(':').unwrap();
        assert_eq!(name, &ann.device_id().to_string()[..8]);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        assert!((now + 11 * 3600..now + 13 * 3600).contains(&end.parse().unwrap()));
        assert!(servers.iter().all(|server| server.check().is_ok()));
    }
}

#[tokio::test]
async fn a_server_ends_in_order_and_in_time() {
    let mut server = Running::start(|_| Options::default()).await;
    let (_link, mut events) = Link::open(device(), server.url(), person("Ann"), Policy::server(), None);
    up(&mut events).await;
    // One that never says anything does not hold it up.
    let _idle = TcpStream::connect(server.address()).await.unwrap();
    let started = tokio::time::Instant::now();
    server.stop.take();
    assert!(matches!(next(&mut events).await, LinkEvent::Down { code: ErrorCode::LinkLost, .. }));
    soon("the end", &mut server.task).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert!(TcpStream::connect(server.address()).await.is_err());
}
