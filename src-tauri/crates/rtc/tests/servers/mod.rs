//! STUN and TURN servers on real sockets, each a thread of its own, ended by its drop.
#![allow(dead_code, reason = "each test uses its part")]

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use stun_proto::types::attribute::XorMappedAddress;
use stun_proto::types::message::{Message, MessageWriteVec};
use stun_proto::types::prelude::*;
use turn_client_proto::types::{AddressFamily, TransportType};
use turn_server_proto::api::{Transmit, TurnServerApi, TurnServerPollRet};
use turn_server_proto::server::TurnServer;

pub(crate) const USER: &str = "ann";
pub(crate) const PASSWORD: &str = "correct horse";

const BREATH: Duration = Duration::from_micros(300);

/// The address from which this machine would talk to the world, or its own.
pub(crate) fn address() -> IpAddr {
    let probe = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a socket");
    match probe.connect("192.0.2.1:9").and_then(|()| probe.local_addr()) {
        Ok(address) => address.ip(),
        Err(_) => Ipv4Addr::LOCALHOST.into(),
    }
}

/// An IPv6 address of this machine that other machines could reach; without one, what needs it says so.
pub(crate) fn address_v6() -> Option<IpAddr> {
    let reachable = |ip: &IpAddr| match ip {
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unicast_link_local(),
        IpAddr::V4(_) => false,
    };
    let found = if_addrs::get_if_addrs().expect("interfaces");
    let address = found.into_iter().map(|interface| interface.ip()).find(reachable);
    if address.is_none() {
        // Past the runner, which keeps the output of what passes to itself.
        writeln!(std::io::stderr(), "SKIPPED: this machine has no IPv6 address but its own links'")
            .expect("stderr");
    }
    address
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Datagrams and messages that came.
    pub(crate) heard: Arc<AtomicUsize>,
    /// Datagrams that were relayed to a peer.
    pub(crate) relayed: Arc<AtomicUsize>,
    /// Allocations that stand.
    pub(crate) allocations: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Server {
    fn spawn(address: SocketAddr, run: impl FnOnce(Counters, &AtomicBool) + Send + 'static) -> Self {
        let (heard, relayed, allocations) = Default::default();
        let counters = Counters {
            heard: Arc::clone(&heard),
            relayed: Arc::clone(&relayed),
            allocations: Arc::clone(&allocations),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || run(counters, &stopped));
        Self { address, heard, relayed, allocations, stop, thread: Some(thread) }
    }

    /// A STUN server that says what `answer` makes of a request and its sender.
    pub(crate) fn stun(answer: impl FnMut(&[u8], SocketAddr) -> Option<Vec<u8>> + Send + 'static) -> Self {
        Self::stun_at(address(), answer)
    }

    pub(crate) fn stun_at(
        ip: IpAddr,
        mut answer: impl FnMut(&[u8], SocketAddr) -> Option<Vec<u8>> + Send + 'static,
    ) -> Self {
        let socket = UdpSocket::bind((ip, 0)).expect("a port");
        socket.set_nonblocking(true).expect("a socket");
        let address = socket.local_addr().expect("an address");
        Self::spawn(address, move |counters, stop| {
            let mut buffer = [0; 2048];
            while !stop.load(Ordering::SeqCst) {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else {
                    std::thread::sleep(BREATH);
                    continue;
                };
                counters.heard.fetch_add(1, Ordering::SeqCst);
                if let Some(answer) = answer(&buffer[..length], from) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        })
    }

    /// A TURN server for [`USER`] over UDP or TCP.
    pub(crate) fn turn(transport: TransportType) -> Self {
        Self::turn_at(address(), transport)
    }

    pub(crate) fn turn_at(ip: IpAddr, transport: TransportType) -> Self {
        let door = Door::open(ip, transport);
        let address = door.address();
        Self::spawn(address, move |counters, stop| Turn::new(door, address, counters).run(stop))
    }
}

#[derive(Clone)]
struct Counters {
    heard: Arc<AtomicUsize>,
    relayed: Arc<AtomicUsize>,
    allocations: Arc<AtomicUsize>,
}

/// The answer of a server that sees `seen` (RFC 8489, section 6.3.1).
pub(crate) fn mapped(request: &[u8], seen: SocketAddr) -> Option<Vec<u8>> {
    let request = Message::from_bytes(request).ok()?;
    let mut answer = Message::builder_success(&request, MessageWriteVec::new());
    answer.add_attribute(&XorMappedAddress::new(seen, request.transaction_id())).ok()?;
    Some(answer.finish())
}

enum Door {
    Udp(UdpSocket),
    Tcp { listener: TcpListener, clients: HashMap<SocketAddr, (TcpStream, Vec<u8>)> },
}

impl Door {
    fn open(ip: IpAddr, transport: TransportType) -> Self {
        if transport == TransportType::Udp {
            let socket = UdpSocket::bind((ip, 0)).expect("a port");
            socket.set_nonblocking(true).expect("a socket");
            return Self::Udp(socket);
        }
        let listener = TcpListener::bind((ip, 0)).expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        Self::Tcp { listener, clients: HashMap::new() }
    }

    fn address(&self) -> SocketAddr {
        match self {
            Self::Udp(socket) => socket.local_addr(),
            Self::Tcp { listener, .. } => listener.local_addr(),
        }
        .expect("an address")
    }

    /// Whole messages that have come.
    fn receive(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut came = Vec::new();
        match self {
            Self::Udp(socket) => {
                let mut buffer = [0; 4096];
                while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                    came.push((from, buffer[..length].to_vec()));
                }
            }
            Self::Tcp { listener, clients } => {
                while let Ok((stream, from)) = listener.accept() {
                    stream.set_nonblocking(true).expect("a socket");
                    clients.insert(from, (stream, Vec::new()));
                }
                clients.retain(|from, (stream, pending)| {
                    let mut buffer = [0; 4096];
                    let open = loop {
                        match stream.read(&mut buffer) {
                            Ok(0) => break false,
                            Ok(length) => pending.extend_from_slice(&buffer[..length]),
                            Err(error) => break error.kind() == ErrorKind::WouldBlock,
                        }
                    };
                    while let Some(message) = cut(pending) {
                        came.push((*from, message));
                    }
                    open
                });
            }
        }
        came
    }

    fn send(&mut self, to: SocketAddr, message: &[u8]) {
        match self {
            Self::Udp(socket) => drop(socket.send_to(message, to)),
            Self::Tcp { clients, .. } => {
                if let Some((stream, _)) = clients.get_mut(&to) {
                    let _ = stream.write_all(message);
                }
            }
        }
    }
}

fn cut(pending: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = usize::from(u16::from_be_bytes([*pending.get(2)?, *pending.get(3)?]));
    let whole = if pending[0] >> 6 == 0 { 20 + length } else { 4 + length.next_multiple_of(4) };
    (pending.len() >= whole).then(|| pending.drain(..whole).collect())
}

struct Turn {
    server: TurnServer,
    transport: TransportType,
    door: Door,
    address: SocketAddr,
    relays: Vec<UdpSocket>,
    counters: Counters,
    began: Instant,
}

impl Turn {
    fn new(door: Door, address: SocketAddr, counters: Counters) -> Self {
        let transport = if matches!(door, Door::Udp(_)) { TransportType::Udp } else { TransportType::Tcp };
        let mut server = TurnServer::new(transport, address, "office".to_owned());
        server.add_user(USER.to_owned(), PASSWORD.to_owned());
        Self { server, transport, door, address, relays: Vec::new(), counters, began: Instant::now() }
    }

    fn now(&self) -> stun_proto::Instant {
        stun_proto::Instant::from_nanos(i64::try_from(self.began.elapsed().as_nanos()).expect("soon"))
    }

    fn run(mut self, stop: &AtomicBool) {
        let mut buffer = [0; 4096];
        while !stop.load(Ordering::SeqCst) {
            for (from, message) in self.door.receive() {
                self.counters.heard.fetch_add(1, Ordering::SeqCst);
                self.take(self.transport, &message, from, self.address);
            }
            for at in 0..self.relays.len() {
                let to = self.relays[at].local_addr().expect("an address");
                while let Ok((length, from)) = self.relays[at].recv_from(&mut buffer) {
                    let message = buffer[..length].to_vec();
                    self.take(TransportType::Udp, &message, from, to);
                }
            }
            self.work();
            std::thread::sleep(BREATH);
        }
    }

    fn take(&mut self, transport: TransportType, message: &[u8], from: SocketAddr, to: SocketAddr) {
        let now = self.now();
        if let Some(answer) = self.server.recv(Transmit::new(message, transport, from, to), now) {
            let answer = answer.build();
            self.send(answer.from, answer.to, &answer.data);
        }
        self.work();
    }

    fn send(&mut self, from: SocketAddr, to: SocketAddr, data: &[u8]) {
        if from == self.address {
            return self.door.send(to, data);
        }
        if let Some(relay) = self.relays.iter().find(|relay| relay.local_addr().ok() == Some(from)) {
            self.counters.relayed.fetch_add(1, Ordering::SeqCst);
            let _ = relay.send_to(data, to);
        }
    }

    fn work(&mut self) {
        let now = self.now();
        loop {
            while let Some(transmit) = self.server.poll_transmit(now) {
                self.send(transmit.from, transmit.to, &transmit.data);
            }
            match self.server.poll(now) {
                TurnServerPollRet::AllocateSocket {
                    transport,
                    listen_addr,
                    client_addr,
                    allocation_transport,
                    family,
                } => {
                    let v6 = self.address.is_ipv6();
                    assert_eq!(family, if v6 { AddressFamily::IPV6 } else { AddressFamily::IPV4 });
                    let relay = UdpSocket::bind((self.address.ip(), 0)).expect("a port");
                    relay.set_nonblocking(true).expect("a socket");
                    let socket = relay.local_addr().expect("an address");
                    self.relays.push(relay);
                    self.counters.allocations.fetch_add(1, Ordering::SeqCst);
                    self.server.allocated_socket(
                        transport,
                        listen_addr,
                        client_addr,
                        allocation_transport,
                        family,
                        Ok(socket),
                        now,
                    );
                }
                TurnServerPollRet::SocketClose { listen_addr, .. } => {
                    self.relays.retain(|relay| relay.local_addr().ok() != Some(listen_addr));
                    self.counters.allocations.fetch_sub(1, Ordering::SeqCst);
                }
                _ => break,
            }
        }
    }
}
