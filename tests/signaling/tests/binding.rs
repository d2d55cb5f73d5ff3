//! A hello is good on the connection that it was made for and on no other: nobody in the middle comes in with it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

use std::net::SocketAddr;
use std::sync::Arc;

use earshot_identity::tls;
use earshot_protocol::hub::{Binding, hello_to_sign, server_name};
use earshot_protocol::{DeviceKind, ErrorCode, FromHub, SUBPROTOCOL, ToHub};
use earshot_server::{Options, Server};
use earshot_signaling::reconnect::Policy;
use earshot_signaling::{Greeting, HubHandle, Limits, Link, LinkEvent, Target, hub_router, serve};
use earshot_tests_signaling::{
    Certificates, Course, Office, Raw, Relay, client_tls, device, elsewhere, ended, first_of_link, next,
    person, server_tls, soon, until, up, upgrade_status, url_of_elsewhere,
};
use rustls::pki_types::ServerName;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::ClientRequestBuilder;

/// A server's hub that ends TLS itself, with an ordinary certificate.
struct Encrypted {
    hub: HubHandle,
    address: SocketAddr,
    certificates: Certificates,
    task: JoinHandle<()>,
    _folder: TempDir,
}

impl Encrypted {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificates = Certificates::make(folder.path(), &["localhost"]);
        let key = device();
        let hub = HubHandle::spawn(earshot_hub::Config {
            hub: key.device_id(),
            addresses: Vec::new(),
            title: String::new(),
            owner: None,
            ice_servers: Vec::new(),
        });
        let router = hub_router(hub.clone(), Greeting::without_phrase(key, false));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let config = Some(server_tls(&certificates));
        let task = tokio::spawn(async move {
            serve(listener, config, router, Limits::default(), std::future::pending()).await.unwrap();
        });
        Self { hub, address, certificates, task, _folder: folder }
    }

    /// How a server in the middle gets there: as anybody does.
    fn course(&self) -> Course {
        let name = ServerName::try_from("localhost").unwrap();
        let tls = Some((client_tls(&self.certificates), name));
        Course { tls, ..Course::to(self.address, "localhost") }
    }

    async fn places(&self) -> usize {
        self.hub.counts().await.unwrap().places
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn told_to_want(binding: Binding) -> earshot_tests_signaling::Alter<FromHub> {
    Arc::new(move |said| {
        if let FromHub::Challenge { binding: told, .. } = said {
            *told = binding;
        }
    })
}

#[tokio::test]
async fn a_challenge_passed_on_gets_nobody_in() {
    let hub = Encrypted::start().await;
    for lie in [Binding::TlsExporter, Binding::ServerName, Binding::None] {
        // Ann's settings name the server in the middle; it says it is the other hub, and whatever else it likes.
        let course = Course { from_hub: told_to_want(lie), ..hub.course() };
        let relay = Relay::start(None, course).await;
        let target = Target::Url(format!("ws://{}", relay.address));
        let (_link, mut events) = Link::open(device(), target, person("Ann"), Policy::call(), None);
        assert_eq!(ended(&mut events).await, ErrorCode::BadSignature, "{lie:?}");
        assert_eq!(hub.places().await, 0);
    }
    // Nor does it help to call the install a guest, or the binding by another name.
    for claimed in [Binding::None, Binding::TlsExporter, Binding::ServerName] {
        let to_hub: earshot_tests_signaling::Alter<ToHub> = Arc::new(move |said| {
            if let ToHub::Hello(hello) = said {
                (hello.kind, hello.binding) = (DeviceKind::Guest, claimed);
            }
        });
        let course = Course { from_hub: told_to_want(Binding::None), to_hub, ..hub.course() };
        let relay = Relay::start(None, course).await;
        let target = Target::Url(format!("ws://{}", relay.address));
        let (_link, mut events) = Link::open(device(), target, person("Ann"), Policy::call(), None);
        assert_eq!(ended(&mut events).await, ErrorCode::BadSignature, "{claimed:?}");
        assert_eq!(hub.places().await, 0);
    }
    // The attack is a real one: a hello that is bound to nothing, as a guest's may be, comes in by the same way.
    let relay = Relay::start(None, hub.course()).await;
    let mut raw = Raw::plain(relay.address).await;
    let ann = device();
    raw.bound = (Binding::None, None);
    let mut hello = raw.hello(&ann);
    hello.kind = DeviceKind::Guest;
    raw.say(&ToHub::Hello(hello)).await;
    assert!(matches!(raw.next().await, Some(FromHub::Welcome(welcome)) if welcome.you == ann.device_id()));
    assert_eq!(hub.places().await, 1);
}

#[tokio::test]
async fn between_devices_a_hello_stays_on_its_connection() {
    // Eve's hub, over TLS; the challenge is Bob's. Bob's hub would see Eve's certificate, too: take that away, and look
    // at the exporter alone.
    let bob = Encrypted::start().await;
    let eve = device();
    let relay = Relay::start(Some(tls::server_config(&eve).unwrap()), bob.course()).await;
    let ann = device();
    let mut raw = Raw::tls(relay.address, &ann, eve.device_id()).await;
    assert_ne!(raw.hub, eve.device_id());
    let hello = raw.hello(&ann);
    raw.say(&ToHub::Hello(hello)).await;
    assert_eq!(raw.refused().await, ErrorCode::BadSignature);
    assert_eq!(bob.places().await, 0);
    // A link does not even get so far: the challenge is of somebody else.
    let target = Target::Device { device: eve.device_id(), addresses: vec![relay.address.to_string()] };
    let (_link, mut events) = Link::open(ann, target, person("Ann"), Policy::call(), None);
    assert_eq!(ended(&mut events).await, ErrorCode::WrongDevice);
}

#[tokio::test]
async fn a_hub_with_tls_takes_nothing_less_from_an_install() {
    let bob = Office::install().await;
    let ann = device();
    let unbound = |raw: &mut Raw, bound| {
        raw.bound = bound;
        raw.hello(&ann)
    };
    for bound in [
        (Binding::None, None),
        (Binding::ServerName, Some(server_name("earshot"))),
        // Zeros, by another name.
        (Binding::TlsExporter, None),
        (Binding::TlsExporter, Some([7; 32])),
    ] {
        for kind in [DeviceKind::Install, DeviceKind::Guest, DeviceKind::Transient] {
            let mut raw = Raw::tls(bob.served.address, &ann, bob.device()).await;
            let mut hello = unbound(&mut raw, bound);
            hello.kind = kind;
            raw.say(&ToHub::Hello(hello)).await;
            assert_eq!(raw.refused().await, ErrorCode::BadSignature, "{bound:?} {kind:?}");
        }
    }
    // The right bytes of this very connection, but said to be something else.
    let mut raw = Raw::tls(bob.served.address, &ann, bob.device()).await;
    let mut hello = raw.hello(&ann);
    hello.binding = Binding::None;
    raw.say(&ToHub::Hello(hello)).await;
    assert_eq!(raw.refused().await, ErrorCode::BadSignature);
    // And the good one is let in.
    let mut raw = Raw::tls(bob.served.address, &ann, bob.device()).await;
    raw.enter(&ann).await;
}

#[tokio::test]
async fn without_tls_only_the_name_that_was_dialled_is_taken() {
    let server = Office::server().await;
    let ann = device();
    for bound in [
        (Binding::None, None),
        (Binding::ServerName, Some(server_name("evil.example"))),
        (Binding::ServerName, None),
        (Binding::TlsExporter, Some([7; 32])),
        (Binding::TlsExporter, Some(server_name("earshot"))),
    ] {
        let mut raw = Raw::plain(server.served.address).await;
        raw.bound = bound;
        let hello = raw.hello(&ann);
        raw.say(&ToHub::Hello(hello)).await;
        assert_eq!(raw.refused().await, ErrorCode::BadSignature, "{bound:?}");
    }
    let mut raw = Raw::plain(server.served.address).await;
    raw.enter(&ann).await;
    // What is signed is what the document says.
    let (hub, nonce, key) = (raw.hub, raw.nonce, ann.public_key());
    let name = server_name("earshot");
    let signed = hello_to_sign(&hub, &nonce, &key, Some(&name));
    assert_eq!(signed.len(), 17 + 4 * 32);
    assert_eq!(signed[17 + 3 * 32..], name);
}

/// A server without TLS of its own, as a company has it behind a proxy.
async fn proxied(public_url: Option<&str>) -> (SocketAddr, TempDir, JoinHandle<()>) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Options {
        listen: Some("127.0.0.1:0".parse().unwrap()),
        data_dir: Some(folder.path().join("data")),
        behind_proxy: true,
        public_url: public_url.map(str::to_owned),
        ..Options::default()
    })
    .await
    .unwrap();
    let address = ([127, 0, 0, 1], server.ready().port).into();
    let task = tokio::spawn(async move { server.run(std::future::pending()).await.unwrap() });
    (address, folder, task)
}

#[tokio::test]
async fn behind_a_proxy_the_name_binds() {
    let (address, _folder, _task) = proxied(Some("wss://calls.example")).await;
    // The proxy passes on what Ann asks for, which is the server in the middle: not a name of this server.
    let own = Relay::start(None, Course::to(address, "127.0.0.1")).await;
    let target = Target::Url(format!("ws://{}", own.address));
    let (_link, mut events) = Link::open(device(), target, person("Ann"), Policy::call(), None);
    assert_ne!(
        next(&mut events).await,
        LinkEvent::Ended { code: ErrorCode::BadSignature },
        "it hears nothing"
    );
    // It asks by the right name; but that is not what Ann has dialled, nor signed.
    let right = Relay::start(None, Course::to(address, "calls.example")).await;
    let target = Target::Url(format!("ws://{}", right.address));
    let (_link, mut events) = Link::open(device(), target, person("Ann"), Policy::call(), None);
    assert_eq!(ended(&mut events).await, ErrorCode::BadSignature);

    // The attack is a real one: a server that does not know its name, behind a proxy that lets any name through.
    let (address, _folder, _task) = proxied(None).await;
    let relay = Relay::start(None, Course::to(address, "127.0.0.1")).await;
    let target = Target::Url(format!("ws://{}", relay.address));
    let (_link, mut events) = Link::open(device(), target, person("Ann"), Policy::call(), None);
    up(&mut events).await;
}

#[tokio::test]
async fn a_server_answers_to_its_own_name_only() {
    let request = |host: &str| {
        let uri = format!("ws://{host}/ws").parse().unwrap();
        ClientRequestBuilder::new(uri)
            .with_sub_protocol(SUBPROTOCOL)
            .with_header("Origin", format!("http://{host}"))
    };
    // Behind a proxy, with a name.
    let (address, _folder, _task) = proxied(Some("wss://calls.example")).await;
    assert_eq!(upgrade_status(address, request("calls.example")).await, 101);
    assert_eq!(upgrade_status(address, request("evil.example")).await, 421);
    // On this machine: a page of another name that was made to lead here is of the same origin as its socket.
    let folder = tempfile::tempdir().unwrap();
    let options = |folder: &std::path::Path| Options {
        listen: Some("127.0.0.1:0".parse().unwrap()),
        data_dir: Some(folder.join("data")),
        ..Options::default()
    };
    let server = Server::start(options(folder.path())).await.unwrap();
    let port = server.ready().port;
    let address: SocketAddr = ([127, 0, 0, 1], port).into();
    let _task = tokio::spawn(async move { server.run(std::future::pending()).await.unwrap() });
    assert_eq!(upgrade_status(address, request(&format!("localhost:{port}"))).await, 101);
    assert_eq!(upgrade_status(address, request(&format!("127.0.0.1:{port}"))).await, 101);
    assert_eq!(upgrade_status(address, request(&format!("evil.example:{port}"))).await, 421);
    // With a certificate, what it proves.
    let certificates = Certificates::make(folder.path(), &["calls.example", "*.office.example"]);
    let server = Server::start(Options {
        tls_cert: Some(certificates.certificate.clone()),
        tls_key: Some(certificates.key.clone()),
        ..options(folder.path())
    })
    .await
    .unwrap();
    let address: SocketAddr = ([127, 0, 0, 1], server.ready().port).into();
    let _task = tokio::spawn(async move { server.run(std::future::pending()).await.unwrap() });
    let ask = async |path: &str, host: &str| {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let connector = tokio_rustls::TlsConnector::from(client_tls(&certificates));
        let name = ServerName::try_from("calls.example").unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let mut stream = soon("TLS", connector.connect(name, stream)).await.unwrap();
        let text = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        soon("an answer", stream.read_exact(&mut answer)).await.unwrap();
        String::from_utf8_lossy(&answer[9..]).parse::<u16>().unwrap()
    };
    for host in ["calls.example", "Calls.Example:8443", "a.office.example"] {
        assert_eq!(ask("/surface.json", host).await, 200, "{host}");
    }
    for host in ["evil.example", "office.example", "127.0.0.1", "calls.example.evil.example", ""] {
        for path in ["/surface.json", "/", "/ws"] {
            assert_eq!(ask(path, host).await, 421, "{host} {path}");
        }
        assert_eq!(ask("/healthz", host).await, 200, "{host}");
    }
}

#[tokio::test]
async fn over_wss_straight_through_a_proxy_and_through_the_middle() {
    const THIS: &str = "over_wss_straight_through_a_proxy_and_through_the_middle";
    if let Some(url) = url_of_elsewhere() {
        println!("first: {}", first_of_link(url, Policy::call()).await);
        return;
    }
    let hub = Encrypted::start().await;
    let trusted = Some(hub.certificates.authority.as_path());
    let straight = format!("wss://localhost:{}", hub.address.port());
    assert_eq!(elsewhere(THIS, &straight, trusted).await, "up");

    // The same authority trusts the server in the middle, whose name it proves.
    for lie in [Binding::TlsExporter, Binding::ServerName, Binding::None] {
        let course = Course { from_hub: told_to_want(lie), ..hub.course() };
        let relay = Relay::start(Some(server_tls(&hub.certificates)), course).await;
        let through = format!("wss://localhost:{}", relay.address.port());
        assert_eq!(elsewhere(THIS, &through, trusted).await, ErrorCode::BadSignature.as_str(), "{lie:?}");
    }
    until("nobody", async || hub.hub.counts().await.unwrap().connections == 0).await;

    // A proxy ends TLS for a server that knows its name.
    let (address, _folder, _task) = proxied(Some("wss://localhost")).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(server_tls(&hub.certificates));
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut near = acceptor.accept(near).await?;
                let mut far = TcpStream::connect(address).await?;
                tokio::io::copy_bidirectional(&mut near, &mut far).await
            });
        }
    });
    assert_eq!(elsewhere(THIS, &format!("wss://localhost:{port}"), trusted).await, "up");
}
