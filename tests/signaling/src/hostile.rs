//! Visitors who mean ill: many of them, from a few addresses, as fast as they can.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use earshot_identity::{DeviceKey, tls};
use earshot_protocol::hub::{HubMessage, RingAnswer};
use earshot_protocol::limits::MAX_MESSAGE_BYTES;
use earshot_protocol::{
    DeviceId, Event, FromHub, HubRef, Media, Person, Reply, Request, RoomId, RoomRef, RoomRules, ToHub,
};
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::Message;

use crate::child::like_an_offer;
use crate::raw::{Raw, RawSocket, Wire, exporter};
use earshot_protocol::hub::{Binding, server_name};

/// Whom it is all about.
#[derive(Debug, Clone, Copy)]
pub struct Victim {
    /// The hub's port.
    pub address: SocketAddr,
    /// The hub's device.
    pub device: DeviceId,
    /// Over mutual TLS, as between installs.
    pub tls: bool,
    /// Somebody there whom the flood rings.
    pub person: DeviceId,
}

/// What was done, so that a test knows that something was.
#[derive(Debug, Default)]
pub struct Tally {
    /// Connections that were opened.
    pub connections: AtomicU64,
    /// Those that the hub let in.
    pub welcomes: AtomicU64,
    /// Requests that were sent.
    pub requests: AtomicU64,
    /// Bytes that were sent for nothing.
    pub bytes: AtomicU64,
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

/// A flood of everything, from these addresses of this machine, until it is stopped.
#[derive(Debug)]
pub struct Flood {
    /// What was done.
    pub tally: Arc<Tally>,
    /// Threads of its own, so that whoever is honest does not wait for it.
    runtime: Runtime,
}

/// How many of each sort attack from one address.
const CROWDING: usize = 24;
const COMING_IN: usize = 5;

impl Flood {
    /// Begins. `addresses`: the last number of each 127.0.0.x.
    ///
    /// # Panics
    /// When there are no threads to be had.
    #[must_use]
    pub fn start(victim: Victim, addresses: std::ops::Range<u8>) -> Self {
        let tally = Arc::new(Tally::default());
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
        for last in addresses {
            let attacker =
                Attacker { victim, from: Ipv4Addr::new(127, 0, 0, last), tally: Arc::clone(&tally) };
            // Who crowds the door keeps their own out as well, so others come in.
            if last % 2 == 0 {
                for _ in 0..CROWDING {
                    runtime.spawn(attacker.clone().stay_silent());
                    runtime.spawn(attacker.clone().drip());
                }
                continue;
            }
            for _ in 0..COMING_IN {
                runtime.spawn(attacker.clone().lie());
                runtime.spawn(attacker.clone().ask());
                runtime.spawn(attacker.clone().say_huge_things());
                runtime.spawn(attacker.clone().read_nothing());
            }
        }
        Self { tally, runtime }
    }

    /// Ends it, all connections with it.
    #[must_use]
    pub fn stop(self) -> Arc<Tally> {
        self.runtime.shutdown_background();
        self.tally
    }
}

#[derive(Clone)]
struct Attacker {
    victim: Victim,
    from: Ipv4Addr,
    tally: Arc<Tally>,
}

/// When it is over, again; what attacks and what is attacked share one machine here.
const AGAIN: Duration = Duration::from_millis(100);

impl Attacker {
    async fn connect(&self) -> Option<TcpStream> {
        let socket = TcpSocket::new_v4().ok()?;
        // Ports are not to run out: the closed ones are free at once.
        socket.set_zero_linger().ok()?;
        socket.bind(SocketAddr::new(IpAddr::V4(self.from), 0)).ok()?;
        let stream = timeout(Duration::from_secs(2), socket.connect(self.victim.address)).await.ok()?.ok()?;
        add(&self.tally.connections, 1);
        Some(stream)
    }

    /// Up to the challenge.
    async fn arrive(&self, key: &DeviceKey) -> Option<Raw> {
        let stream = self.connect().await?;
        let (stream, bound): (Box<dyn Wire>, _) = if self.victim.tls {
            let config = tls::client_config(key, self.victim.device).ok()?;
            let name = ServerName::IpAddress(self.victim.address.ip().into());
            let connecting = TlsConnector::from(config).connect(name, stream);
            let stream = timeout(Duration::from_secs(5), connecting).await.ok()?.ok()?;
            let bound = (Binding::TlsExporter, Some(exporter(stream.get_ref().1)));
            (Box::new(stream), bound)
        } else {
            (Box::new(stream), (Binding::ServerName, Some(server_name("localhost"))))
        };
        timeout(Duration::from_secs(5), Raw::try_over(stream, bound, "localhost")).await.ok()?
    }

    /// In.
    async fn enter(&self) -> Option<(RawSocket, DeviceId)> {
        let key = DeviceKey::generate().ok()?;
        let mut raw = self.arrive(&key).await?;
        let mut hello = raw.hello(&key);
        hello.person = Person::named("Mallory");
        let hello = serde_json::to_string(&ToHub::Hello(hello)).ok()?;
        timeout(Duration::from_secs(5), raw.socket.send(Message::text(hello))).await.ok()?.ok()?;
        match timeout(Duration::from_secs(5), next(&mut raw.socket)).await.ok()?? {
            FromHub::Welcome(_) => {
                add(&self.tally.welcomes, 1);
                Some((raw.socket, key.public_key().device_id()))
            }
            _ => None,
        }
    }

    /// Half-open TLS, or no request: connected, and nothing more.
    async fn stay_silent(self) {
        loop {
            if let Some(mut stream) = self.connect().await {
                let _ = timeout(Duration::from_secs(20), stream.read(&mut [0; 16])).await;
            }
            sleep(AGAIN).await;
        }
    }

    /// A byte a second.
    async fn drip(self) {
        loop {
            if let Some(mut stream) = self.connect().await {
                // The first bytes of a TLS handshake record that never ends, or of a request.
                let bytes: &[u8] = if self.victim.tls {
                    &[0x16, 3, 1, 0x3f, 0xff, 1, 0, 0x3f, 0xf0, 3, 3, 0, 0, 0, 0, 0]
                } else {
                    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nX: aaaaaaaa"
                };
                for byte in bytes {
                    if stream.write_all(&[*byte]).await.is_err() {
                        break;
                    }
                    add(&self.tally.bytes, 1);
                    sleep(Duration::from_secs(1)).await;
                }
            }
            sleep(AGAIN).await;
        }
    }

    /// Hellos that prove nothing.
    async fn lie(self) {
        loop {
            if let Some(key) = DeviceKey::generate().ok()
                && let Some(mut raw) = self.arrive(&key).await
            {
                let mut hello = raw.hello(&key);
                hello.signature.0[7] ^= 1;
                let text = serde_json::to_string(&ToHub::Hello(hello)).unwrap_or_default();
                let _ = timeout(Duration::from_secs(2), raw.socket.send(Message::text(text))).await;
                let _ = timeout(Duration::from_secs(2), next(&mut raw.socket)).await;
            }
            sleep(AGAIN).await;
        }
    }

    /// Good hellos, and then rooms, joins, rings and new names as fast as they go; cut off, somebody else comes.
    async fn ask(self) {
        loop {
            if let Some((socket, me)) = self.enter().await {
                let (mut sink, mut stream) = socket.split();
                let drained = async { while let Some(Ok(_)) = stream.next().await {} };
                let asking = async {
                    for id in 1_u32.. {
                        let Ok(text) =
                            serde_json::to_string(&ToHub::Request { id, request: self.request(id, me) })
                        else {
                            return;
                        };
                        if sink.send(Message::text(text)).await.is_err() {
                            return;
                        }
                        add(&self.tally.requests, 1);
                        // Five times what a hub allows in its window; more would only slow the other attackers down.
                        sleep(Duration::from_millis(6)).await;
                    }
                };
                tokio::select! {
                    () = drained => {}
                    () = asking => {}
                }
            }
            sleep(AGAIN).await;
        }
    }

    fn request(&self, id: u32, me: DeviceId) -> Request {
        let room = RoomRef {
            hub: HubRef { device: self.victim.device, addresses: Vec::new() },
            room: RoomId([id as u8; 16]),
        };
        match id % 5 {
            0 => Request::SetPerson { person: Person::named(format!("Mallory {id}")) },
            1 => Request::Ring { to: self.victim.person, room, media: Media::Voice },
            2 => Request::CreateRoom { via: None, rules: RoomRules::open_to(2), media: Media::Voice },
            3 => Request::Join { room, media: Media::Voice, password: None },
            _ => Request::Signal { room: room.room, to: me, signal: like_an_offer("flood") },
        }
    }

    /// In, and then a frame of a terabyte, or text without an end.
    async fn say_huge_things(self) {
        loop {
            if let Some((mut socket, _)) = self.enter().await {
                let mut header = vec![0x81, 0xff];
                header.extend_from_slice(&(1_u64 << 40).to_be_bytes());
                header.extend_from_slice(&[0; 4]);
                let wire = socket.get_mut();
                if wire.write_all(&header).await.is_ok() {
                    let block = vec![b' '; MAX_MESSAGE_BYTES as usize];
                    while let Ok(Ok(())) = timeout(Duration::from_secs(2), wire.write_all(&block)).await {
                        add(&self.tally.bytes, block.len() as u64);
                    }
                }
            }
            sleep(AGAIN).await;
        }
    }

    /// Two of them in one room: one says long things to the other, who reads nothing.
    async fn read_nothing(self) {
        loop {
            if let (Some((mut talker, _)), Some((mut deaf, deaf_id))) =
                (self.enter().await, self.enter().await)
                && let Some(room) = ask_for_room(&mut talker).await
            {
                let join = ToHub::Request {
                    id: 1,
                    request: Request::Join { room: room.clone(), media: Media::Voice, password: None },
                };
                let join = serde_json::to_string(&join).unwrap_or_default();
                if deaf.send(Message::text(join)).await.is_ok() {
                    sleep(Duration::from_millis(100)).await;
                    let (mut sink, mut stream) = talker.split();
                    let drained = async { while let Some(Ok(_)) = stream.next().await {} };
                    let talking = async {
                        // As much as is allowed in a window, and as long as is allowed.
                        for id in 2..290 {
                            let signal = like_an_offer(&"x".repeat(50 * 1024));
                            let request = Request::Signal { room: room.room, to: deaf_id, signal };
                            let text =
                                serde_json::to_string(&ToHub::Request { id, request }).unwrap_or_default();
                            add(&self.tally.bytes, text.len() as u64);
                            if sink.send(Message::text(text)).await.is_err() {
                                return;
                            }
                            add(&self.tally.requests, 1);
                        }
                        sleep(Duration::from_secs(10)).await;
                    };
                    tokio::select! {
                        () = drained => {}
                        () = talking => {}
                    }
                }
            }
            sleep(AGAIN).await;
        }
    }
}

async fn next(socket: &mut RawSocket) -> Option<FromHub> {
    loop {
        match socket.next().await?.ok()? {
            Message::Text(text) => return serde_json::from_str(&text).ok(),
            Message::Close(_) => return None,
            _ => {}
        }
    }
}

async fn ask_for_room(socket: &mut RawSocket) -> Option<RoomRef> {
    let request = Request::CreateRoom { via: None, rules: RoomRules::open_to(2), media: Media::Voice };
    let text = serde_json::to_string(&ToHub::Request { id: 1, request }).ok()?;
    socket.send(Message::text(text)).await.ok()?;
    loop {
        match timeout(Duration::from_secs(5), next(socket)).await.ok()?? {
            FromHub::Message { message: HubMessage::Ok { id: 1, reply: Reply::Room(state) }, .. } => {
                return Some(state.room);
            }
            FromHub::Message { message: HubMessage::Error { .. }, .. } | FromHub::Refused { .. } => {
                return None;
            }
            _ => {}
        }
    }
}

/// The answer that an attacked person gives to strangers.
#[must_use]
pub fn is_ring_of<'a>(said: &'a Event, name: &str) -> Option<(&'a earshot_protocol::RingId, RingAnswer)> {
    match said {
        Event::Ringing { ring, from, .. } => {
            let known = from.person.name == name;
            Some((ring, if known { RingAnswer::Accepted } else { RingAnswer::Busy }))
        }
        _ => None,
    }
}
