//! Sockets: one per usable address, server-reflexive and relay candidates, interfaces that come and go.
//!
//! Reading follows readiness: [`Net::ready`] waits, [`Net::receive`] takes datagrams one by one until none waits, so
//! that a burst is read at once. What is sent is never queued here: what the network does not take now is lost, as on
//! the network.

mod gather;
mod interfaces;
mod reflexive;
mod relay;
mod servers;
mod socket;
mod stream;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use gather::{Gathering, Pending};
pub(crate) use interfaces::Interfaces;
use relay::{Received, Relay};
use servers::Server;
use socket::Socket;

/// What a server has to answer in, its name's resolving included.
pub(crate) const SERVER_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest datagram that is taken whole. ICE, DTLS, SRTP and SCTP keep below an Ethernet frame.
pub(crate) const MAX_DATAGRAM_BYTES: usize = 4096;

/// Datagrams in a row that are not the connection's own; then others get their turn.
const MAX_OF_SERVERS: usize = 64;

/// What streams have to write their last.
const FAREWELL: Duration = Duration::from_millis(300);

/// Messages of streams and lookups that wait to be read.
const REPORT_QUEUE: usize = 64;

/// What kind of candidate was gathered (RFC 8445, section 5.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A socket of this machine.
    Host {
        /// Its address.
        address: SocketAddr,
    },
    /// What a STUN server saw.
    Reflexive {
        /// As it saw it.
        address: SocketAddr,
        /// The socket.
        base: SocketAddr,
    },
    /// At a TURN server.
    Relayed {
        /// Its address there.
        address: SocketAddr,
        /// The socket that talks to the server.
        base: SocketAddr,
    },
}

/// What has changed about the ways to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Found(Found),
    /// A socket or allocation is gone.
    Gone(SocketAddr),
    /// All candidates are found.
    Gathered,
}

/// What tasks of this module tell.
#[derive(Debug)]
enum Report {
    /// A server's name was looked up.
    Resolved { generation: u64, server: Server, addresses: Vec<SocketAddr> },
    /// A stream to a TURN server stands.
    Connected { id: u64, base: SocketAddr, stream: mpsc::Sender<Vec<u8>> },
    /// A message came on it.
    Message { id: u64, message: Vec<u8> },
    /// It is over.
    Closed { id: u64 },
}

/// The sockets of one connection.
#[derive(Debug)]
pub(crate) struct Net {
    interfaces: Interfaces,
    /// This machine's addresses, from the first gathering on.
    addresses: Option<watch::Receiver<Vec<IpAddr>>>,
    sockets: Vec<Socket>,
    /// Which socket is read first next time.
    first: usize,
    gathering: Gathering,
    questions: Vec<Pending>,
    relays: Vec<Relay>,
    /// Streams to TURN servers that do not stand yet, by number.
    streams: Vec<(u64, Server, SocketAddr)>,
    last_stream: u64,
    /// Messages of streams that wait to be taken, by number.
    inbound: VecDeque<(u64, Vec<u8>)>,
    changes: VecDeque<Change>,
    /// When something is due.
    next: Option<Instant>,
    /// Zero of the STUN crates' clock.
    began: Instant,
    reports: mpsc::Receiver<Report>,
    reporter: mpsc::Sender<Report>,
    tasks: JoinSet<()>,
}

impl Net {
    /// Nothing is opened before [`Net::gather`].
    pub(crate) fn new(interfaces: Interfaces) -> Self {
        let (reporter, reports) = mpsc::channel(REPORT_QUEUE);
        Self {
            interfaces,
            addresses: None,
            sockets: Vec::new(),
            first: 0,
            gathering: Gathering::default(),
            questions: Vec::new(),
            relays: Vec::new(),
            streams: Vec::new(),
            last_stream: 0,
            inbound: VecDeque::new(),
            changes: VecDeque::new(),
            next: None,
            began: Instant::now(),
            reports,
            reporter,
            tasks: JoinSet::new(),
        }
    }

    /// What has changed, in order.
    pub(crate) fn change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// Sends from the socket or allocation at `source`; without one it is dropped.
    pub(crate) fn send(&mut self, source: SocketAddr, destination: SocketAddr, contents: &[u8]) {
        if let Some(socket) = self.sockets.iter().find(|socket| socket.base == source) {
            socket.send(contents, destination);
            return;
        }
        let now = self.stun_now();
        let Some(relay) = self.relays.iter_mut().find(|relay| relay.relayed == Some(source)) else { return };
        let (base, server) = (relay.base, relay.server);
        relay.send(now, destination, contents, &mut sender(&self.sockets, base, server));
        self.schedule();
    }

    /// Ready when there may be datagrams for [`Net::receive`] or a [`Net::change`]. May be dropped at any point.
    pub(crate) async fn ready(&mut self) {
        if !self.changes.is_empty() || !self.inbound.is_empty() {
            return;
        }
        let Self { sockets, addresses, reports, next, .. } = self;
        let readable = poll_fn(|context| {
            let ready = sockets.iter().any(|socket| socket.poll_readable(context).is_ready());
            if ready { Poll::Ready(()) } else { Poll::Pending }
        });
        let moved = async {
            match addresses {
                // The sender lives as long as the connection does.
                Some(addresses) => drop(addresses.changed().await),
                None => std::future::pending().await,
            }
        };
        let due = async {
            match *next {
                Some(next) => sleep_until(next.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = readable => {}
            () = moved => self.open_and_close(),
            () = due => {}
            Some(report) = reports.recv() => self.report(report),
        }
        self.work();
    }

    /// The next datagram that is the connection's own: the local address it came to, the sender, and its length in
    /// `buffer`, which has room for [`MAX_DATAGRAM_BYTES`].
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> Option<(SocketAddr, SocketAddr, usize)> {
        while let Some((id, message)) = self.inbound.pop_front() {
            if let Some(at) = self.relays.iter().position(|relay| relay.stream == Some(id))
                && let Some(datagram) = self.unwrap(at, &message, buffer)
            {
                return Some(datagram);
            }
        }
        let mut of_servers = 0;
        for turn in 0..self.sockets.len() {
            let at = (self.first + turn) % self.sockets.len();
            while of_servers < MAX_OF_SERVERS
                && let Some((length, source)) = self.sockets[at].receive(buffer)
            {
                of_servers += 1;
                let base = self.sockets[at].base;
                // Another one is read first next time, so that a flood on one socket leaves the others their turn.
                self.first = at + 1;
                match self.of_server(base, source, length, buffer) {
                    Origin::Peer if self.gathering.relay_only => {}
                    Origin::Peer => return Some((base, source, length)),
                    Origin::Relayed(datagram) => return Some(datagram),
                    Origin::Server => {}
                }
            }
        }
        None
    }

    /// Gives back what servers keep for this connection. Takes up to [`FAREWELL`].
    pub(crate) async fn close(&mut self) {
        let now = self.stun_now();
        for mut relay in std::mem::take(&mut self.relays) {
            let (base, server) = (relay.base, relay.server);
            relay.release(now, &mut sender(&self.sockets, base, server));
        }
        // Streams end with their relays, once what waits is written.
        self.streams.clear();
        self.reports.close();
        let _ = timeout(FAREWELL, async { while self.tasks.join_next().await.is_some() {} }).await;
    }

    /// Whether a datagram is a server's, and what is in it.
    fn of_server(
        &mut self,
        base: SocketAddr,
        source: SocketAddr,
        length: usize,
        buffer: &mut [u8],
    ) -> Origin {
        let now = self.stun_now();
        let asked = |pending: &Pending| pending.question.base == base && pending.question.server == source;
        for at in 0..self.questions.len() {
            if asked(&self.questions[at])
                && let Some(answer) = self.questions[at].question.answer(&buffer[..length], now)
            {
                self.questions.swap_remove(at);
                self.answered(base, answer);
                return Origin::Server;
            }
        }
        let from_relay =
            |relay: &Relay| relay.stream.is_none() && relay.base == base && relay.server == source;
        let Some(at) = self.relays.iter().position(from_relay) else { return Origin::Peer };
        let message = buffer[..length].to_vec();
        match self.unwrap(at, &message, buffer) {
            Some(datagram) => Origin::Relayed(datagram),
            None => Origin::Server,
        }
    }

    /// Takes a relay's message; a peer's datagram in it is put into `buffer`.
    fn unwrap(
        &mut self,
        at: usize,
        message: &[u8],
        buffer: &mut [u8],
    ) -> Option<(SocketAddr, SocketAddr, usize)> {
        let now = self.stun_now();
        let relay = &mut self.relays[at];
        let received = relay.receive(now, message);
        let relayed = relay.relayed;
        match received {
            Received::Datagram { peer, contents } => {
                let place = buffer.get_mut(..contents.len())?;
                place.copy_from_slice(&contents);
                Some((relayed?, peer, contents.len()))
            }
            Received::Handled => {
                self.work();
                None
            }
            Received::Ignored => None,
        }
    }

    fn stun_now(&self) -> stun_proto::Instant {
        let nanoseconds = self.began.elapsed().as_nanos();
        stun_proto::Instant::from_nanos(i64::try_from(nanoseconds).unwrap_or(i64::MAX))
    }

    /// Notes when something is due next.
    fn schedule(&mut self) {
        let questions = self.questions.iter().map(|pending| pending.next.min(pending.until));
        let relays = self.relays.iter().map(|relay| relay.next);
        let now = self.stun_now();
        let wait = questions.chain(relays).min().map(|next| next.saturating_duration_since(now));
        let next = wait.map(|wait| Instant::now() + wait);
        self.next = [next, self.gathering.until].into_iter().flatten().min();
    }
}

/// Whose a datagram is.
enum Origin {
    /// The other side's.
    Peer,
    /// The other side's, by way of a relay: to, from, length.
    Relayed((SocketAddr, SocketAddr, usize)),
    /// A server's own, or nothing.
    Server,
}

/// What sends from the socket at `base` to `server`.
fn sender(sockets: &[Socket], base: SocketAddr, server: SocketAddr) -> impl FnMut(&[u8]) {
    let socket = sockets.iter().find(|socket| socket.base == base);
    move |contents| {
        if let Some(socket) = socket {
            socket.send(contents, server);
        }
    }
}
