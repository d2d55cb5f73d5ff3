//! `/ws`: the way of a visitor from the upgrade to the hub and back.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Router, http};
use earshot_hub::Visitor;
use earshot_identity::phrase::PhraseKey;
use earshot_identity::{DeviceKey, verify};
use earshot_protocol::hub::{Binding, HubMessage, IceServer, hello_to_sign, server_name};
use earshot_protocol::limits::{
    HELLO_TIMEOUT, IDLE_TIMEOUT, MAX_ICE_SERVERS, MAX_MESSAGE_BYTES, MAX_REQUESTS, RATE_WINDOW,
};
use earshot_protocol::{
    DeviceId, DeviceKind, Digest, ErrorCode, FromHub, Hello, Nonce, Reply, SUBPROTOCOL, VERSIONS, negotiate,
};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite;
use tracing::debug;

use crate::actor::{Arrival, HubHandle, Outgoing, Seat};
use crate::channel::{Exporter, host_name};
use crate::codec;
use crate::http::{AtDoor, PeerInfo};
use crate::pace::{cost, cost_of_coming};
use crate::phrase::{Asked, WRONG_GUESS_WAITS};

/// How long one message may take to leave. A reader that is slower is cut off.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the last words may take, and how long the other side has to read them.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Frames of any kind in [`RATE_WINDOW`]; what is allowed to requests is the hub's business and less.
const MAX_FRAMES: u32 = MAX_REQUESTS * 3;

/// Whom visitors meet at the door.
#[derive(Debug, Clone)]
pub struct Greeting {
    /// The key of the device whose hub this is.
    pub key: Arc<DeviceKey>,
    /// Whether a visitor's TLS certificate must be of the same key as the hello: between installs.
    pub mutual: bool,
    /// The office's phrase, if there is one: who does not know it is not let in. When it changes, whoever is in has to
    /// come anew; their places wait for them.
    pub phrase: watch::Receiver<Option<Arc<PhraseKey>>>,
}

impl Greeting {
    /// A door without a phrase, now and always.
    #[must_use]
    pub fn without_phrase(key: Arc<DeviceKey>, mutual: bool) -> Self {
        Self { key, mutual, phrase: watch::channel(None).1 }
    }
}

/// ICE servers made for one device, with credentials that end by themselves; they are added to those of the hub in
/// each welcome and room.
pub type IceServers = Arc<dyn Fn(&DeviceId) -> Vec<IceServer> + Send + Sync>;

/// The hub at `/ws`. Serve it with [`crate::http::serve`], which tells it who is on the other end.
pub fn hub_router(hub: HubHandle, greeting: Greeting) -> Router {
    hub_router_with(hub, greeting, Arc::new(|_| Vec::new()))
}

/// As [`hub_router`], with ICE servers of each visitor's own.
pub fn hub_router_with(hub: HubHandle, greeting: Greeting, ice_servers: IceServers) -> Router {
    Router::new().route("/ws", any(upgrade)).with_state(Arc::new(Door { hub, greeting, ice_servers }))
}

struct Door {
    hub: HubHandle,
    greeting: Greeting,
    ice_servers: IceServers,
}

async fn upgrade(
    State(door): State<Arc<Door>>,
    peer: Option<Extension<PeerInfo>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Response {
    let Some(Extension(peer)) = peer else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if !is_same_origin(&headers, peer.host.as_deref()) {
        return (StatusCode::FORBIDDEN, "Only pages of this server may connect.\n").into_response();
    }
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade.protocols([SUBPROTOCOL]),
        Err(rejection) => return rejection.into_response(),
    };
    if upgrade.selected_protocol().is_none() {
        let text = format!("The WebSocket subprotocol {SUBPROTOCOL} is spoken here, and no other.\n");
        return (StatusCode::BAD_REQUEST, text).into_response();
    }
    upgrade
        .max_message_size(MAX_MESSAGE_BYTES as usize)
        .max_frame_size(MAX_MESSAGE_BYTES as usize)
        // The default of 128 KiB would be kept for every idle visitor.
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .on_upgrade(move |socket| async move { door.converse(socket, peer).await })
}

/// A browser says which page wants to connect; it must be one of ours. Programs say nothing.
fn is_same_origin(headers: &HeaderMap, host: Option<&str>) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Some(origin) = origin.to_str().ok().and_then(|origin| origin.parse::<http::Uri>().ok()) else {
        return false;
    };
    let default_port = match origin.scheme_str() {
        Some("https") => 443,
        Some("http") => 80,
        _ => return false,
    };
    let host = host.and_then(|host| host.parse::<http::uri::Authority>().ok());
    let (Some(host), Some(origin)) = (host, origin.authority()) else { return false };
    origin.host().eq_ignore_ascii_case(host.host())
        && origin.port_u16().unwrap_or(default_port) == host.port_u16().unwrap_or(default_port)
}

type Sink = SplitSink<WebSocket, Message>;
type Stream = SplitStream<WebSocket>;

/// Why a conversation ends from our side. `None`: without a reason to tell.
type End = Option<ErrorCode>;

impl Door {
    async fn converse(&self, socket: WebSocket, peer: PeerInfo) {
        // The server waits for its connections to end.
        let _alive = peer.alive.clone();
        let mut closing = peer.closing.clone();
        let mut phrase = self.greeting.phrase.clone();
        let key = phrase.borrow_and_update().clone();
        let asked = key.as_deref().map(Asked::new);
        let (mut sink, mut stream) = socket.split();
        let greeted = tokio::select! {
            biased;
            _ = closing.wait_for(|closing| *closing) => Err(Gone::Said(None)),
            () = changed(&mut phrase) => Err(Gone::Said(None)),
            () = peer.door.given_up() => Err(Gone::Silent),
            greeted = self.greet(&mut sink, &mut stream, &peer, asked) => greeted,
        };
        let (arrival, confirmation) = match greeted {
            Ok(greeted) => greeted,
            Err(gone) => return part(&mut sink, &mut stream, gone).await,
        };
        let device = arrival.visitor.device;
        let (seat, mut inbox) = self.hub.arrive(arrival, false).await;
        let gone = tokio::select! {
            biased;
            Ok(code) = &mut inbox.cut => {
                debug!(%code, "cut");
                Gone::Said(Some(code))
            }
            _ = closing.wait_for(|closing| *closing) => Gone::Said(None),
            () = changed(&mut phrase) => Gone::Said(None),
            gone = self.write(&mut sink, &mut inbox.queue, &device, confirmation, &peer.door) => gone,
            gone = self.read(&mut stream, &seat, &peer) => gone,
        };
        // The place waits from now on, whatever the last words take.
        drop((seat, inbox));
        part(&mut sink, &mut stream, gone).await;
    }

    /// Challenge, hello, proof. Returns who comes, and what confirms that the hub knows the phrase too.
    async fn greet(
        &self,
        sink: &mut Sink,
        stream: &mut Stream,
        peer: &PeerInfo,
        asked: Option<Asked>,
    ) -> Result<(Arrival, Option<Digest>), Gone> {
        let mut nonce = Nonce([0; 32]);
        rand::fill(&mut nonce.0).map_err(|_| Gone::Said(Some(ErrorCode::Internal)))?;
        let challenge = FromHub::Challenge {
            versions: VERSIONS.to_vec(),
            hub: self.hub.hub(),
            nonce,
            binding: if peer.exporter.is_some() { Binding::TlsExporter } else { Binding::ServerName },
            phrase: asked.as_ref().map(|asked| asked.message),
        };
        let hello = timeout(Duration::from_millis(HELLO_TIMEOUT.into()), async {
            say(sink, &challenge).await?;
            let text = next_text(stream, ErrorCode::HelloExpected).await?;
            codec::parse_hello(&text).map_err(|code| Gone::Said(Some(code)))
        })
        .await
        .unwrap_or(Err(Gone::Said(Some(ErrorCode::HelloTimeout))))?;
        let admitted = self.admit(*hello, &nonce, peer, asked);
        if matches!(admitted, Err(ErrorCode::PhraseWrong)) {
            sleep(WRONG_GUESS_WAITS).await;
        }
        let cost = cost_of_coming(self.hub.visitors());
        let admitted = match admitted {
            Ok(admitted) => peer.pace.arrive(peer.address, cost).await.map(|()| admitted),
            Err(code) => Err(code),
        };
        admitted.map_err(|code| Gone::Said(Some(code)))
    }

    /// Says what the hub says, until it closes.
    async fn write(
        &self,
        sink: &mut Sink,
        queue: &mut mpsc::Receiver<Outgoing>,
        device: &DeviceId,
        confirmation: Option<Digest>,
        door: &AtDoor,
    ) -> Gone {
        loop {
            match queue.recv().await {
                Some(Outgoing::Say(mut message, _waiting)) => {
                    if let FromHub::Welcome(welcome) = message.as_mut() {
                        welcome.phrase = confirmation;
                    }
                    if let Some(servers) = ice_servers_in(&mut message) {
                        servers.extend((self.ice_servers)(device));
                        servers.truncate(MAX_ICE_SERVERS as usize);
                    }
                    if let Err(gone) = say(sink, &message).await {
                        return gone;
                    }
                    // The welcome, which may be long, has been taken: only now somebody else may have the place.
                    door.leave();
                }
                Some(Outgoing::Close(code)) => return Gone::Said(code),
                None => return Gone::Said(None),
            }
        }
    }

    fn admit(
        &self,
        hello: Hello,
        nonce: &Nonce,
        peer: &PeerInfo,
        asked: Option<Asked>,
    ) -> Result<(Arrival, Option<Digest>), ErrorCode> {
        let version = negotiate(VERSIONS, &hello.versions).ok_or(ErrorCode::VersionUnsupported)?;
        let bound = self.bound(&hello, peer)?;
        let signed = hello_to_sign(&self.hub.hub(), nonce, &hello.key, bound.as_ref());
        if !verify(&hello.key, &signed, &hello.signature) {
            return Err(ErrorCode::BadSignature);
        }
        if self.greeting.mutual && peer.key != Some(hello.key) {
            return Err(ErrorCode::WrongDevice);
        }
        let device = hello.key.device_id();
        let confirmation = match (asked, &hello.phrase) {
            (None, None) => None,
            (Some(asked), Some(proof)) => {
                // Without TLS of its own there is nothing to bind the proof to, and nobody is let in.
                let exporter = peer.exporter.ok_or(ErrorCode::PhraseWrong)?;
                Some(asked.check(proof, self.hub.hub(), device, exporter)?)
            }
            _ => return Err(ErrorCode::PhraseWrong),
        };
        let visitor = Visitor { device, kind: hello.kind, person: hello.person };
        Ok((Arrival { visitor, version, resume: hello.resume }, confirmation))
    }

    /// Hands what the visitor says to the hub, until they go or say what cannot be.
    async fn read(&self, stream: &mut Stream, seat: &Seat, peer: &PeerInfo) -> Gone {
        let mut frames = 0;
        let mut window = Instant::now();
        loop {
            let text = match timeout(
                Duration::from_millis(IDLE_TIMEOUT.into()),
                next_frame(stream, ErrorCode::Malformed),
            )
            .await
            {
                Ok(Ok(text)) => text,
                Ok(Err(gone)) => return gone,
                // Nothing for so long: they will find their place when they come back.
                Err(_) => return Gone::Said(None),
            };
            if window.elapsed() >= Duration::from_millis(RATE_WINDOW.into()) {
                window = Instant::now();
                frames = 0;
            }
            frames += 1;
            if frames > MAX_FRAMES {
                return Gone::Said(Some(ErrorCode::TooManyRequests));
            }
            let Some(text) = text else { continue };
            match codec::parse_said(&text) {
                Ok(message) => {
                    if let Some(cost) = cost(&message, self.hub.visitors()) {
                        peer.pace.act(peer.address, cost).await;
                    }
                    if !seat.say(message).await {
                        return Gone::Said(None);
                    }
                }
                Err(code) => return Gone::Said(Some(code)),
            }
        }
    }

    /// What the signature must cover beside challenge and key, see [`crate::channel`].
    fn bound(&self, hello: &Hello, peer: &PeerInfo) -> Result<Option<Exporter>, ErrorCode> {
        let unbound = !self.greeting.mutual && hello.kind != DeviceKind::Install;
        match (hello.binding, peer.exporter) {
            (Binding::TlsExporter, Some(exporter)) => Ok(Some(exporter)),
            (Binding::ServerName, None) => {
                let host = peer.host.as_deref().and_then(host_name).ok_or(ErrorCode::BadSignature)?;
                Ok(Some(server_name(&host)))
            }
            (Binding::None, _) if unbound => Ok(None),
            _ => Err(ErrorCode::BadSignature),
        }
    }
}

/// Done when the phrase is another one.
async fn changed(phrase: &mut watch::Receiver<Option<Arc<PhraseKey>>>) {
    if phrase.changed().await.is_err() {
        // Nobody is left who could change it.
        std::future::pending().await
    }
}

/// How a conversation came to its end.
#[derive(Debug)]
enum Gone {
    /// We end it, and say why if there is a reason.
    Said(End),
    /// They ended it, or the line is dead.
    Silent,
    /// They said too much at once. What they go on saying cannot be read any more: the frame's length is all that
    /// the WebSocket knows of it, and reading on would take it all in.
    TooLarge,
}

/// Says the last words, bounded in time, and lets the other side read them before the line is cut.
async fn part(sink: &mut Sink, stream: &mut Stream, gone: Gone) {
    let (code, may_read) = match gone {
        Gone::Silent => return,
        Gone::Said(code) => (code, true),
        Gone::TooLarge => (Some(ErrorCode::TooLarge), false),
    };
    let said = timeout(LAST_WORDS, async {
        if let Some(code) = code {
            debug!(%code, "refused");
            say(sink, &FromHub::Refused { code }).await?;
        }
        let (code, reason) = match code {
            None => (close_code::AWAY, ""),
            Some(ErrorCode::TooLarge) => (close_code::SIZE, ErrorCode::TooLarge.as_str()),
            Some(code) => (close_code::POLICY, code.as_str()),
        };
        let frame = CloseFrame { code, reason: reason.into() };
        sink.send(Message::Close(Some(frame))).await.map_err(|_| Gone::Silent)
    })
    .await;
    if !matches!(said, Ok(Ok(()))) {
        return;
    }
    if !may_read {
        // Closing with unread bytes would reset the connection, and the refusal would be lost on the way.
        return sleep(LAST_WORDS).await;
    }
    let _ = timeout(LAST_WORDS, async { while let Some(Ok(_)) = stream.next().await {} }).await;
}

async fn say(sink: &mut Sink, message: &FromHub) -> Result<(), Gone> {
    // Our own types always have a JSON form; were it not so, the connection could not go on.
    let text = serde_json::to_string(message).map_err(|_| Gone::Said(Some(ErrorCode::Internal)))?;
    match timeout(WRITE_TIMEOUT, sink.send(Message::Text(text.into()))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Gone::Silent),
        Err(_) => {
            debug!(code = %ErrorCode::SlowReader, "cut");
            Err(Gone::Silent)
        }
    }
}

fn ice_servers_in(message: &mut FromHub) -> Option<&mut Vec<IceServer>> {
    match message {
        FromHub::Welcome(welcome) => Some(&mut welcome.ice_servers),
        FromHub::Message { message: HubMessage::Ok { reply: Reply::Room(room), .. }, .. } => {
            Some(&mut room.ice_servers)
        }
        _ => None,
    }
}

/// The next text, whatever pings and pongs come before it.
async fn next_text(stream: &mut Stream, instead: ErrorCode) -> Result<axum::extract::ws::Utf8Bytes, Gone> {
    loop {
        if let Some(text) = next_frame(stream, instead).await? {
            return Ok(text);
        }
    }
}

/// The next frame: text, or `None` for a ping or pong. Binary frames are answered by the code `instead`.
async fn next_frame(
    stream: &mut Stream,
    instead: ErrorCode,
) -> Result<Option<axum::extract::ws::Utf8Bytes>, Gone> {
    match stream.next().await {
        Some(Ok(Message::Text(text))) => Ok(Some(text)),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
        Some(Ok(Message::Binary(_))) => Err(Gone::Said(Some(instead))),
        Some(Ok(Message::Close(_))) | None => Err(Gone::Silent),
        Some(Err(error)) => Err(match error.into_inner().downcast::<tungstenite::Error>().as_deref() {
            Ok(tungstenite::Error::Capacity(_)) => Gone::TooLarge,
            Ok(tungstenite::Error::Utf8(_)) => Gone::Said(Some(ErrorCode::Malformed)),
            _ => Gone::Silent,
        }),
    }
}
