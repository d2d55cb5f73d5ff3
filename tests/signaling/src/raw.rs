//! A visitor that says whatever a test wants it to.

use std::net::SocketAddr;
use std::sync::Arc;

use earshot_identity::phrase::{Context, Pake, PhraseKey, Role};
use earshot_identity::{DeviceKey, tls};
use earshot_protocol::hub::{Binding, PhraseProof, hello_to_sign, server_name};
use earshot_protocol::{
    DeviceId, DeviceKind, Digest, ErrorCode, FromHub, Hello, Nonce, PakeMessage, SUBPROTOCOL, ToHub,
    VERSIONS, Welcome,
};
use futures_util::{SinkExt, StreamExt};
use rustls::ConnectionCommon;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::{self, ClientRequestBuilder, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::{person, soon};

/// Any wire.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// A WebSocket over any wire.
pub type RawSocket = WebSocketStream<Box<dyn Wire>>;

/// What the exporter of a finished handshake is (RFC 9266).
///
/// # Panics
/// When rustls has none.
pub fn exporter<S>(connection: &ConnectionCommon<S>) -> [u8; 32] {
    connection.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")).expect("an exporter")
}

/// A connection from 127.0.0.`last`.
///
/// # Panics
/// When there is none to be had.
pub async fn connect_from(last: u8, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).expect("an address of this machine");
    socket.connect(address).await.expect("a connection")
}

/// Bound to the host that a raw visitor asks for.
fn by_name() -> (Binding, Option<[u8; 32]>) {
    (Binding::ServerName, Some(server_name(HOST)))
}

/// A visitor by hand.
pub struct Raw {
    /// The socket.
    pub socket: RawSocket,
    /// The hub that has challenged us.
    pub hub: DeviceId,
    /// What it wants signed.
    pub nonce: Nonce,
    /// Its half of SPAKE2, if it wants the phrase.
    pub phrase: Option<PakeMessage>,
    /// What the hello is bound to.
    pub bound: (Binding, Option<[u8; 32]>),
}

/// The host that a raw visitor asks for.
const HOST: &str = "earshot";

impl Raw {
    /// Connects to an install's hub with `key` and takes the challenge.
    pub async fn tls(address: SocketAddr, key: &DeviceKey, hub: DeviceId) -> Self {
        let config = tls::client_config(key, hub).expect("a certificate");
        let stream = TcpStream::connect(address).await.expect("a connection");
        let name = ServerName::IpAddress(address.ip().into());
        let stream = soon("TLS", TlsConnector::from(config).connect(name, stream)).await.expect("TLS");
        let exporter = exporter(stream.get_ref().1);
        Self::over(Box::new(stream), (Binding::TlsExporter, Some(exporter))).await
    }

    /// Connects in plain and takes the challenge.
    pub async fn plain(address: SocketAddr) -> Self {
        Self::over(Box::new(TcpStream::connect(address).await.expect("a connection")), by_name()).await
    }

    /// Connects in plain from 127.0.0.`last` and takes the challenge.
    pub async fn plain_from(last: u8, address: SocketAddr) -> Self {
        let stream = connect_from(last, address).await;
        Self::over(Box::new(stream), by_name()).await
    }

    /// Connects in plain, with a small buffer for what is received.
    pub async fn plain_and_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(8 * 1024).expect("a small buffer");
        Self::over(Box::new(socket.connect(address).await.expect("a connection")), by_name()).await
    }

    /// Asks for a WebSocket on any wire and takes the challenge.
    ///
    /// # Panics
    /// When the hub does not upgrade, or does not challenge.
    pub async fn over(stream: Box<dyn Wire>, bound: (Binding, Option<[u8; 32]>)) -> Self {
        soon("a challenge", Self::try_over(stream, bound, HOST)).await.expect("a challenge")
    }

    /// As [`Self::over`], asking for `host`; `None` when the hub does not want to.
    pub async fn try_over(
        stream: Box<dyn Wire>,
        bound: (Binding, Option<[u8; 32]>),
        host: &str,
    ) -> Option<Self> {
        let uri = format!("ws://{host}/ws").parse().ok()?;
        let request = ClientRequestBuilder::new(uri).with_sub_protocol(SUBPROTOCOL);
        let (mut socket, _) = client_async(request, stream).await.ok()?;
        let Some(Ok(Message::Text(text))) = socket.next().await else { return None };
        match serde_json::from_str(&text).ok()? {
            FromHub::Challenge { hub, nonce, phrase, .. } => Some(Self { socket, hub, nonce, phrase, bound }),
            _ => None,
        }
    }

    /// A good hello of this device.
    #[must_use]
    pub fn hello(&self, key: &DeviceKey) -> Hello {
        let public = key.public_key();
        Hello {
            versions: VERSIONS.to_vec(),
            key: public,
            kind: DeviceKind::Install,
            person: person("Raw"),
            binding: self.bound.0,
            signature: key.sign(&hello_to_sign(&self.hub, &self.nonce, &public, self.bound.1.as_ref())),
            phrase: None,
            resume: None,
        }
    }

    /// A hello with a proof of knowing `phrase`, and what the hub must confirm with.
    ///
    /// # Panics
    /// When the hub did not ask for it, or there is no TLS.
    #[must_use]
    pub fn proof(&self, key: &DeviceKey, phrase: &PhraseKey) -> (Hello, Digest) {
        let theirs = self.phrase.expect("a hub that wants the phrase");
        let (pake, message) = Pake::start(Role::Visitor, phrase);
        let exporter = self.bound.1.expect("TLS");
        let context = Context { hub: self.hub, visitor: key.public_key().device_id(), exporter };
        let confirmations = pake.finish(&theirs, &context).expect("a half of SPAKE2");
        let mut hello = self.hello(key);
        hello.phrase = Some(PhraseProof { message, confirmation: confirmations.visitor });
        (hello, confirmations.hub)
    }

    /// Says hello and is let in.
    pub async fn enter(&mut self, key: &Arc<DeviceKey>) -> Welcome {
        let hello = self.hello(key);
        self.say(&ToHub::Hello(hello)).await;
        match self.next().await {
            Some(FromHub::Welcome(welcome)) => welcome,
            other => panic!("{other:?} in place of a welcome"),
        }
    }

    /// Says something.
    pub async fn say(&mut self, message: &ToHub) {
        let text = serde_json::to_string(message).expect("our own types have a JSON form");
        self.say_text(text).await;
    }

    /// Says any text.
    pub async fn say_text(&mut self, text: impl Into<String>) {
        self.send(Message::text(text.into())).await;
    }

    /// Sends any frame. A connection that has been closed meanwhile is no fault: what the hub said tells.
    pub async fn send(&mut self, message: Message) {
        let _ = soon("sending", self.socket.send(message)).await;
    }

    /// What the hub says next; `None` when it has closed.
    pub async fn next(&mut self) -> Option<FromHub> {
        next(&mut self.socket).await
    }

    /// Why the hub closes, whatever it says before.
    pub async fn refused(&mut self) -> ErrorCode {
        loop {
            match self.next().await {
                Some(FromHub::Refused { code }) => {
                    assert_eq!(self.next().await, None, "nothing is said after a refusal");
                    return code;
                }
                Some(_) => {}
                None => panic!("closed without a word"),
            }
        }
    }

    /// Whether the hub closes without a reason.
    pub async fn closed(&mut self) {
        while let Some(said) = self.next().await {
            assert!(!matches!(said, FromHub::Refused { .. }), "{said:?} in place of a plain close");
        }
    }
}

async fn next(socket: &mut RawSocket) -> Option<FromHub> {
    loop {
        match soon("a word of the hub", socket.next()).await {
            Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                Ok(message) => return Some(message),
                Err(error) => panic!("the hub says what is not in the protocol: {error}"),
            },
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(Message::Binary(_) | Message::Frame(_))) => panic!("the hub speaks text only"),
            Some(Ok(_)) => {}
        }
    }
}

/// Whether an upgrade with this request is refused, and with what status.
///
/// # Panics
/// When the server does not answer.
pub async fn upgrade_status(address: SocketAddr, request: ClientRequestBuilder) -> u16 {
    let stream = TcpStream::connect(address).await.expect("a connection");
    match soon("the upgrade", client_async(request, stream)).await {
        Ok((_, response)) => response.status().as_u16(),
        Err(tungstenite::Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("{error}"),
    }
}
