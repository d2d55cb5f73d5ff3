//! A hub that lacks exactly one of the product's checks, around the product's own state machine. What the check keeps
//! out gets into this one, so that a test in which the product keeps it out proves something.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::any;
use earshot_hub::{Config, ConnectionId, Fresh, Hub, Input, Output, Time, Visitor};
use earshot_identity::{DeviceKey, verify};
use earshot_protocol::hub::{Binding, hello_to_sign, server_name};
use earshot_protocol::{
    DeviceId, ErrorCode, Event, FromHub, Hello, HubMessage, Nonce, Request, RequestId, ResumeToken, RingId,
    SUBPROTOCOL, ToHub, VERSIONS,
};
use earshot_signaling::{Limits, serve};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// What the hub does not look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacks {
    /// Nothing: as good as the product, in what these tests ask for.
    Nothing,
    /// Whether a hello's signature is right.
    Signature,
    /// Whether a challenge was used before: it says the same one to everybody.
    Nonce,
    /// Whose place a resume token opens.
    TokenOwner,
    /// Whose ring is answered.
    RingOwner,
    /// Whether who sends a signal is in the room.
    Membership,
    /// Randomness: its ids count up.
    Randomness,
}

/// Where the names of rooms, rings and tokens come from in a hub without randomness: this byte counts.
const COUNTED: usize = 0;

/// Requests of the naive hub's own in another's place are numbered from here, beyond anything a test asks.
const IN_THEIR_PLACE: RequestId = 1_000_000;

/// A naive hub on a port of 127.0.0.1, in plain, until it is dropped.
pub struct NaiveHub {
    /// Where.
    pub address: SocketAddr,
    /// Its device id.
    pub device: DeviceId,
    tasks: [JoinHandle<()>; 2],
}

impl NaiveHub {
    /// Starts one. It takes hellos that are bound to the server's name `host`.
    ///
    /// # Errors
    /// When there is no port to be had.
    pub async fn start(lacks: Lacks, host: &'static str) -> io::Result<Self> {
        let device = DeviceKey::generate().map_err(io::Error::other)?.device_id();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (inbox, inputs) = mpsc::channel(256);
        let door = Arc::new(Door { lacks, device, host, inbox, last: AtomicU64::new(0) });
        let route = any(async move |upgrade: WebSocketUpgrade| {
            upgrade.protocols([SUBPROTOCOL]).on_upgrade(async move |socket| {
                let _ = door.converse(socket).await;
            })
        });
        let router = Router::new().route("/ws", route);
        let serving = tokio::spawn(async move {
            let _ = serve(listener, None, router, Limits::default(), std::future::pending()).await;
        });
        let running = tokio::spawn(Actor::new(lacks, device).run(inputs));
        Ok(Self { address, device, tasks: [serving, running] })
    }
}

impl Drop for NaiveHub {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

enum Happens {
    Arrives(ConnectionId, Box<Hello>, mpsc::Sender<FromHub>),
    Says(ConnectionId, Box<ToHub>),
    Goes(ConnectionId),
}

struct Door {
    lacks: Lacks,
    device: DeviceId,
    host: &'static str,
    inbox: mpsc::Sender<Happens>,
    last: AtomicU64,
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.secure_random.fill(&mut bytes).expect("the system has randomness");
    bytes
}

async fn say(socket: &mut WebSocket, message: &FromHub) -> Option<()> {
    let text = serde_json::to_string(message).expect("our own types have a JSON form");
    socket.send(Message::Text(text.into())).await.ok()
}

async fn hear(socket: &mut WebSocket) -> Option<ToHub> {
    loop {
        if let Message::Text(text) = socket.recv().await?.ok()? {
            return serde_json::from_str(&text).ok();
        }
    }
}

impl Door {
    async fn converse(&self, mut socket: WebSocket) -> Option<()> {
        let nonce = Nonce(if self.lacks == Lacks::Nonce { [7; 32] } else { random() });
        let challenge = FromHub::Challenge {
            versions: VERSIONS.to_vec(),
            hub: self.device,
            nonce,
            binding: Binding::ServerName,
            phrase: None,
        };
        say(&mut socket, &challenge).await?;
        let ToHub::Hello(hello) = hear(&mut socket).await? else { return None };
        let signed = hello_to_sign(&self.device, &nonce, &hello.key, Some(&server_name(self.host)));
        if self.lacks != Lacks::Signature && !verify(&hello.key, &signed, &hello.signature) {
            return say(&mut socket, &FromHub::Refused { code: ErrorCode::BadSignature }).await;
        }
        let connection = ConnectionId(self.last.fetch_add(1, Ordering::Relaxed));
        let (outbox, mut out) = mpsc::channel(256);
        self.inbox.send(Happens::Arrives(connection, Box::new(hello), outbox)).await.ok()?;
        loop {
            tokio::select! {
                said = out.recv() => match said {
                    Some(said) => say(&mut socket, &said).await?,
                    None => return None,
                },
                heard = hear(&mut socket) => match heard {
                    Some(heard) => self.inbox.send(Happens::Says(connection, Box::new(heard))).await.ok()?,
                    None => return self.inbox.send(Happens::Goes(connection)).await.ok(),
                },
            }
        }
    }
}

struct Actor {
    lacks: Lacks,
    hub: Hub,
    started: Instant,
    counter: u8,
    asked: RequestId,
    people: HashMap<ConnectionId, (DeviceId, mpsc::Sender<FromHub>)>,
    tokens: Vec<(ResumeToken, DeviceId)>,
    rung: BTreeMap<RingId, ConnectionId>,
}

impl Actor {
    fn new(lacks: Lacks, device: DeviceId) -> Self {
        let config = Config {
            hub: device,
            addresses: Vec::new(),
            title: String::new(),
            owner: None,
            ice_servers: Vec::new(),
        };
        Self {
            lacks,
            hub: Hub::new(config),
            started: Instant::now(),
            counter: 0,
            asked: IN_THEIR_PLACE,
            people: HashMap::new(),
            tokens: Vec::new(),
            rung: BTreeMap::new(),
        }
    }

    async fn run(mut self, mut inputs: mpsc::Receiver<Happens>) {
        while let Some(happens) = inputs.recv().await {
            let input = match happens {
                Happens::Arrives(connection, hello, outbox) => {
                    let device = self.owner_of(&hello);
                    self.people.insert(connection, (device, outbox));
                    let visitor = Visitor { device, kind: hello.kind, person: hello.person };
                    Input::Hello { connection, visitor, version: VERSIONS[0], resume: hello.resume }
                }
                Happens::Says(connection, message) => self.said(connection, *message),
                Happens::Goes(connection) => Input::Dropped { connection },
            };
            self.handle(input);
        }
    }

    /// Whose place a hello asks for.
    fn owner_of(&self, hello: &Hello) -> DeviceId {
        let token =
            hello.resume.as_ref().filter(|_| self.lacks == Lacks::TokenOwner).map(|resume| resume.token);
        let owner = self.tokens.iter().find(|(known, _)| Some(*known) == token);
        owner.map_or_else(|| hello.key.device_id(), |(_, owner)| *owner)
    }

    /// What is said, as the hub is told of it.
    fn said(&mut self, connection: ConnectionId, message: ToHub) -> Input {
        match &message {
            ToHub::Request { request: Request::AnswerRing { ring, .. }, .. }
                if self.lacks == Lacks::RingOwner =>
            {
                if let (Some(callee), ToHub::Request { request, .. }) = (self.rung.get(ring), &message) {
                    self.asked += 1;
                    let message = ToHub::Request { id: self.asked, request: request.clone() };
                    return Input::Said { connection: *callee, message };
                }
            }
            ToHub::Request { request: Request::Signal { room, to, signal }, .. }
                if self.lacks == Lacks::Membership =>
            {
                let from = self.people.get(&connection).map(|(device, _)| *device);
                if let (Some(from), Some((_, outbox))) =
                    (from, self.people.values().find(|(device, _)| device == to))
                {
                    let event = Event::Signal { room: *room, from, signal: signal.clone() };
                    // Without a number: the state machine does not know of it.
                    let _ =
                        outbox.try_send(FromHub::Message { seq: 0, message: HubMessage::Event { event } });
                }
            }
            _ => {}
        }
        Input::Said { connection, message }
    }

    fn handle(&mut self, input: Input) {
        let fresh = if self.lacks == Lacks::Randomness {
            let mut bytes = [1; 32];
            self.counter = self.counter.wrapping_add(1);
            bytes[COUNTED] = self.counter;
            Fresh(bytes)
        } else {
            Fresh(random())
        };
        let now = Time(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX));
        for output in self.hub.handle(now, fresh, input) {
            match output {
                Output::Send { connection, message } => {
                    let Some((device, outbox)) = self.people.get(&connection) else { continue };
                    match &message {
                        FromHub::Welcome(welcome) => self.tokens.push((welcome.resume, *device)),
                        FromHub::Message {
                            message: HubMessage::Event { event: Event::Ringing { ring, .. } },
                            ..
                        } => {
                            self.rung.insert(*ring, connection);
                        }
                        _ => {}
                    }
                    let _ = outbox.try_send(message);
                }
                Output::Close { connection, code } => {
                    if let Some((_, outbox)) = self.people.remove(&connection)
                        && let Some(code) = code
                    {
                        let _ = outbox.try_send(FromHub::Refused { code });
                    }
                }
            }
        }
    }
}
