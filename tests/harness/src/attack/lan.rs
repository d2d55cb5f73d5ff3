//! A hostile machine on the local network: says by multicast that somebody else is to be found here, answers there with
//! a certificate of its own, and plays that person's hub for whoever does not look at the certificate.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::any;
use earshot_hub::Visitor;
use earshot_identity::{DeviceKey, tls};
use earshot_protocol::hub::{Binding, RingAnswer, hello_to_sign};
use earshot_protocol::{
    DeviceId, DeviceKind, Event, FromHub, Hello, HubMessage, HubRef, Media, Nonce, Person, Request, RoomId,
    RoomRef, SUBPROTOCOL, ToHub, VERSIONS,
};
use earshot_signaling::{HubHandle, Limits, Local, serve};
use futures_util::{SinkExt, StreamExt};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite;

/// RFC 6762, section 3.
const MDNS: (Ipv4Addr, u16) = (Ipv4Addr::new(224, 0, 0, 251), 5353);
/// The DNS-SD service type.
const SERVICE: &str = "_earshot._tcp.local.";
/// Between two announcements.
const PAUSE: Duration = Duration::from_millis(700);

/// Announces `claimed` as if that device were on this host, and answers in its name; see [`answer`].
///
/// # Errors
/// When the port or the multicast socket cannot be had.
pub async fn pose(
    claimed: DeviceId,
    name: &str,
    here: Ipv4Addr,
    say: impl Fn(&str) + Clone + Send + Sync + 'static,
) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    let port = listener.local_addr()?.port();
    let announcement = Announced { device: claimed, name: name.to_owned(), port, here };
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, MDNS.1))?;
    say(&format!("ready {port}"));
    std::thread::spawn(move || {
        for revision in 1_u64.. {
            // A host that cannot send now may be able to in a moment.
            let _ = socket.send_to(&announcement.packet(revision, false), MDNS);
            std::thread::sleep(PAUSE);
        }
    });
    answer(listener, claimed, name, say).await
}

/// Answers in the name of `claimed` with another key, and takes every call. `say` is told a line for each thing that
/// somebody says to it: nothing, as long as they look at the certificate.
///
/// # Errors
/// When the listener fails.
pub async fn answer(
    listener: TcpListener,
    claimed: DeviceId,
    name: &str,
    say: impl Fn(&str) + Clone + Send + Sync + 'static,
) -> io::Result<()> {
    let key = DeviceKey::generate().map_err(io::Error::other)?;
    let hub = HubHandle::spawn(earshot_hub::Config {
        hub: claimed,
        addresses: vec![listener.local_addr()?.to_string()],
        title: String::new(),
        owner: Some(claimed),
        ice_servers: Vec::new(),
    });
    let owner = Visitor { device: claimed, kind: DeviceKind::Install, person: Person::named(name) };
    tokio::spawn(accept_all(hub.attach(owner).await, say.clone()));
    let route = any(async move |upgrade: WebSocketUpgrade| {
        say("somebody asks");
        upgrade.protocols([SUBPROTOCOL]).on_upgrade(async move |socket| {
            let _ = welcome_all(socket, hub, claimed, say).await;
        })
    });
    let tls = tls::server_config(&key).map_err(io::Error::other)?;
    let router = Router::new().route("/ws", route);
    serve(listener, Some(tls), router, Limits::default(), std::future::pending()).await
}

/// Says goodbye in another's name, `times` times (RFC 6762, section 10.1).
///
/// # Errors
/// When the multicast socket cannot be had.
pub fn say_goodbye(claimed: DeviceId, port: u16, here: Ipv4Addr, times: u32) -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, MDNS.1))?;
    let announced = Announced { device: claimed, name: "Gone".to_owned(), port, here };
    for revision in 1..=u64::from(times) {
        socket.send_to(&announced.packet(revision, true), MDNS)?;
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// Tells what everybody on the network of `here` says by mDNS, a line for each packet, with dots for what is no text. Never ends.
///
/// # Errors
/// When the multicast socket cannot be had.
pub fn overhear(here: Ipv4Addr, say: impl Fn(&str)) -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, MDNS.1))?;
    socket.join_multicast_v4(&MDNS.0, &here)?;
    say("ready");
    let mut packet = [0; 9000];
    loop {
        let length = socket.recv(&mut packet)?;
        let text = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
        say(&packet[..length].iter().map(text).collect::<String>());
    }
}

/// What a program hears that believes every record and every goodbye: `say` is told `at ADDRESS:PORT` and `gone`, each
/// with the beginning of the device id.
///
/// # Errors
/// When the multicast socket cannot be had.
pub fn believe_all(say: impl Fn(&str)) -> io::Result<()> {
    let daemon = mdns_sd::ServiceDaemon::new().map_err(io::Error::other)?;
    let events = daemon.browse(SERVICE).map_err(io::Error::other)?;
    say("ready");
    let device = |fullname: &str| fullname.split('.').next().unwrap_or_default().to_owned();
    while let Ok(event) = events.recv() {
        match event {
            mdns_sd::ServiceEvent::ServiceResolved(service) => {
                for address in service.get_addresses() {
                    let address = address.to_ip_addr();
                    say(&format!("{} at {address}:{}", device(service.get_fullname()), service.get_port()));
                }
            }
            mdns_sd::ServiceEvent::ServiceRemoved(_, fullname) => say(&format!("{} gone", device(&fullname))),
            _ => {}
        }
    }
    Ok(())
}

/// The owner that never was: takes every call.
async fn accept_all(mut local: Local, say: impl Fn(&str)) {
    let mut id = 0;
    while let Some(said) = local.next().await {
        let FromHub::Message {
            message: HubMessage::Event { event: Event::Ringing { ring, from, .. } }, ..
        } = said
        else {
            continue;
        };
        say(&format!("took the ring of {}", from.person.name));
        id += 1;
        let request = Request::AnswerRing { ring, answer: RingAnswer::Accepted };
        local.say(ToHub::Request { id, request }).await;
    }
}

/// A hub's side of a conversation, without any check.
async fn welcome_all(
    mut socket: WebSocket,
    hub: HubHandle,
    claimed: DeviceId,
    say: impl Fn(&str),
) -> Option<()> {
    let challenge = FromHub::Challenge {
        versions: VERSIONS.to_vec(),
        hub: claimed,
        nonce: Nonce([7; 32]),
        binding: Binding::TlsExporter,
        phrase: None,
    };
    socket.send(Message::Text(text_of(&challenge).into())).await.ok()?;
    let Message::Text(text) = socket.recv().await?.ok()? else { return None };
    let ToHub::Hello(hello) = serde_json::from_str(&text).ok()? else { return None };
    say(&format!("hello of {}", hello.person.name));
    let visitor = Visitor { device: hello.key.device_id(), kind: hello.kind, person: hello.person };
    let mut local = hub.attach(visitor).await;
    loop {
        tokio::select! {
            said = local.next() => {
                socket.send(Message::Text(text_of(&said?).into())).await.ok()?;
            }
            frame = socket.recv() => if let Message::Text(text) = frame?.ok()? {
                local.say(serde_json::from_str(&text).ok()?).await;
            }
        }
    }
}

/// What a client that does not look at certificates would do: links to `address`, and rings `device` there. Returns what
/// it heard, up to the end of the ring.
///
/// # Errors
/// When the other side does not answer as a hub does.
pub async fn ring_without_looking(
    address: SocketAddr,
    device: DeviceId,
    name: &str,
) -> io::Result<Vec<String>> {
    let key = Arc::new(DeviceKey::generate().map_err(io::Error::other)?);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // The product's own configuration, all of it but the check.
    let mut config = (*tls::client_config(&key, device).map_err(io::Error::other)?).clone();
    config.dangerous().set_certificate_verifier(Arc::new(Anybody(provider)));
    let stream = TcpStream::connect(address).await?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(ServerName::IpAddress(address.ip().into()), stream)
        .await?;
    let request = tungstenite::ClientRequestBuilder::new(http::Uri::from_static("ws://earshot/ws"))
        .with_sub_protocol(SUBPROTOCOL);
    let (socket, _) = tokio_tungstenite::client_async(request, stream).await.map_err(io::Error::other)?;
    let (mut sink, stream) = socket.split();
    let said = stream.filter_map(async |frame| match frame {
        Ok(tungstenite::Message::Text(text)) => serde_json::from_str::<FromHub>(&text).ok(),
        _ => None,
    });
    let mut said = std::pin::pin!(said);
    let mut heard = Vec::new();
    while let Some(message) = said.next().await {
        let answer = match message {
            FromHub::Challenge { hub, nonce, .. } => {
                heard.push(format!("challenge of the one that was dialled: {}", hub == device));
                let public = key.public_key();
                ToHub::Hello(Hello {
                    versions: VERSIONS.to_vec(),
                    key: public,
                    kind: DeviceKind::Install,
                    person: Person::named(name),
                    binding: Binding::None,
                    signature: key.sign(&hello_to_sign(&hub, &nonce, &public, None)),
                    phrase: None,
                    resume: None,
                })
            }
            FromHub::Welcome(_) => {
                heard.push("welcome".to_owned());
                let hub = HubRef { device: key.device_id(), addresses: Vec::new() };
                let room = RoomRef { hub, room: RoomId([1; 16]) };
                ToHub::Request { id: 1, request: Request::Ring { to: device, room, media: Media::Video } }
            }
            FromHub::Message {
                message: HubMessage::Event { event: Event::RingEnded { end, .. } }, ..
            } => {
                heard.push(format!("the ring ended: {end:?}"));
                return Ok(heard);
            }
            _ => continue,
        };
        sink.send(tungstenite::Message::text(text_of(&answer))).await.map_err(io::Error::other)?;
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("closed after {heard:?}")))
}

/// Takes any certificate for the right one.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn text_of(message: &impl serde::Serialize) -> String {
    serde_json::to_string(message).expect("our own types have a JSON form")
}

/// What is said by multicast, DNS records written by hand: no library would say it in another's name.
struct Announced {
    device: DeviceId,
    name: String,
    port: u16,
    here: Ipv4Addr,
}

impl Announced {
    /// A response with PTR, SRV, TXT and A (RFC 1035, RFC 2782, RFC 6763); with `goodbye` all of them expire at once.
    fn packet(&self, revision: u64, goodbye: bool) -> Vec<u8> {
        let id = self.device.to_string();
        let service = labels(&["_earshot", "_tcp", "local"]);
        let instance = labels(&[&id[..16], "_earshot", "_tcp", "local"]);
        let host = labels(&[&format!("earshot-{}", &id[..16]), "local"]);
        let ttl: u32 = if goodbye { 0 } else { 120 };
        let mut packet = vec![0, 0, 0x84, 0, 0, 0, 0, 4, 0, 0, 0, 0];
        let mut record = |owner: &[u8], kind: u16, class: u16, data: &[u8]| {
            packet.extend_from_slice(owner);
            packet.extend_from_slice(&kind.to_be_bytes());
            packet.extend_from_slice(&class.to_be_bytes());
            packet.extend_from_slice(&ttl.to_be_bytes());
            packet.extend_from_slice(&u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
            packet.extend_from_slice(data);
        };
        // The cache-flush bit (RFC 6762, section 10.2) throws out what the true device has said.
        let (shared, unique) = (0x0001, 0x8001);
        record(&service, 12, shared, &instance);
        let mut srv = vec![0, 0, 0, 0];
        srv.extend_from_slice(&self.port.to_be_bytes());
        srv.extend_from_slice(&host);
        record(&instance, 33, unique, &srv);
        let pairs = [
            "v=1".to_owned(),
            format!("id={id}"),
            format!("n={}", self.name),
            "s=available".to_owned(),
            format!("r={}", revision + (1 << 60)),
        ];
        let txt: Vec<u8> = pairs.iter().flat_map(|pair| labels_of(pair)).collect();
        record(&instance, 16, unique, &txt);
        record(&host, 1, unique, &self.here.octets());
        packet
    }
}

/// A character string: its length, and its bytes.
fn labels_of(text: &str) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(text.len()).unwrap_or(u8::MAX)];
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// A domain name.
fn labels(names: &[&str]) -> Vec<u8> {
    names.iter().flat_map(|name| labels_of(name)).chain([0]).collect()
}
