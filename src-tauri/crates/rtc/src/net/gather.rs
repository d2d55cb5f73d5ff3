//! Gathering of candidates (RFC 8445, section 5.1.1), and what changes about them later.
//!
//! A gathering tells the sockets at once, asks each STUN server from each socket, and takes one allocation from each
//! TURN server, from the address that leads there. It is over when all have answered, at the latest after
//! [`SERVER_TIMEOUT`]. After an ICE restart what stands is kept and told again: calls go on over it meanwhile.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Instant;

use tokio::net::lookup_host;
use tokio::time::timeout;

use super::reflexive::{Answer, Question};
use super::relay::{Link, Progress, Relay};
use super::servers::{Scheme, Server};
use super::socket::Socket;
use super::{Change, Found, Net, Report, SERVER_TIMEOUT, sender, stream};
use crate::wire::Configuration;

/// Questions to STUN servers at once.
const MAX_QUESTIONS: usize = 64;

/// Allocations at TURN servers.
const MAX_RELAYS: usize = 8;

/// How far a gathering has come.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    pub(super) relay_only: bool,
    /// When it is over at the latest; None: none is on.
    pub(super) until: Option<Instant>,
    /// Counts, so that late answers to an earlier one are known.
    count: u64,
    /// Names that are being looked up.
    unresolved: usize,
    /// STUN servers' addresses, for sockets that come later.
    stun: Vec<SocketAddr>,
}

/// A question to a STUN server that has no answer yet.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) question: Question,
    pub(super) next: stun_proto::Instant,
    pub(super) until: stun_proto::Instant,
}

impl Net {
    /// Gathers by `configuration`; `anew` after an ICE restart: what stands is told again.
    pub(crate) fn gather(&mut self, configuration: &Configuration, anew: bool) {
        self.gathering.relay_only = configuration.relay_only;
        self.gathering.count += 1;
        self.gathering.unresolved = 0;
        self.gathering.stun.clear();
        self.gathering.until = Some(Instant::now() + SERVER_TIMEOUT);
        self.questions.clear();
        self.streams.clear();
        if self.addresses.is_none() {
            self.addresses = Some(self.interfaces.follow());
        }
        if anew && !configuration.relay_only {
            let hosts = self.sockets.iter().map(|socket| Found::Host { address: socket.base });
            self.changes.extend(hosts.map(Change::Found));
        }
        self.open_and_close();
        let servers = Server::all(&configuration.ice_servers);
        self.keep_relays(&servers, anew);
        for server in servers {
            let kept = self.relays.iter().any(|relay| relay.configured == server);
            if !kept && (server.scheme != Scheme::Stun || !configuration.relay_only) {
                self.resolve(server);
            }
        }
        self.work();
    }

    /// Opens sockets on addresses that have come, and closes those whose address has gone.
    pub(super) fn open_and_close(&mut self) {
        let Some(addresses) = &mut self.addresses else { return };
        let addresses = addresses.borrow_and_update().clone();
        let gone: Vec<SocketAddr> = self
            .sockets
            .iter()
            .map(|socket| socket.base)
            .filter(|base| !addresses.contains(&base.ip()))
            .collect();
        self.sockets.retain(|socket| !gone.contains(&socket.base));
        self.questions.retain(|pending| !gone.contains(&pending.question.base));
        self.relays.retain(|relay| {
            // A stream of an address that is gone breaks, too, but may take minutes to.
            let lost = !addresses.contains(&relay.base.ip()) && !relay.base.ip().is_loopback();
            if let Some(relayed) = relay.relayed.filter(|_| lost) {
                self.changes.push_back(Change::Gone(relayed));
            }
            !lost
        });
        self.changes.extend(gone.into_iter().map(Change::Gone));
        for address in addresses {
            if self.sockets.iter().any(|socket| socket.base.ip() == address) {
                continue;
            }
            let Ok(socket) = Socket::bind(address) else {
                tracing::debug!("an address of this machine cannot be bound to");
                continue;
            };
            let base = socket.base;
            self.sockets.push(socket);
            if !self.gathering.relay_only {
                self.changes.push_back(Change::Found(Found::Host { address: base }));
                for server in self.gathering.stun.clone() {
                    self.ask(base, server);
                }
            }
        }
    }

    /// Gives back allocations that the configuration no longer has, and tells the others again.
    fn keep_relays(&mut self, servers: &[Server], anew: bool) {
        let now = self.stun_now();
        for mut relay in std::mem::take(&mut self.relays) {
            let (base, server) = (relay.base, relay.server);
            match relay.relayed {
                Some(address) if servers.contains(&relay.configured) => {
                    if anew {
                        self.changes.push_back(Change::Found(Found::Relayed { address, base }));
                    }
                    self.relays.push(relay);
                }
                relayed => {
                    relay.release(now, &mut sender(&self.sockets, base, server));
                    self.changes.extend(relayed.map(Change::Gone));
                }
            }
        }
    }

    fn resolve(&mut self, server: Server) {
        let generation = self.gathering.count;
        if let Ok(address) = server.host.parse::<IpAddr>() {
            let addresses = vec![SocketAddr::new(address, server.port)];
            self.gathering.unresolved += 1;
            self.report(Report::Resolved { generation, server, addresses });
            return;
        }
        self.gathering.unresolved += 1;
        let reporter = self.reporter.clone();
        self.tasks.spawn(async move {
            let found = timeout(SERVER_TIMEOUT, lookup_host((server.host.as_str(), server.port))).await;
            let addresses = found.ok().and_then(Result::ok).map(Iterator::collect).unwrap_or_default();
            let _ = reporter.send(Report::Resolved { generation, server, addresses }).await;
        });
    }

    pub(super) fn report(&mut self, report: Report) {
        while self.tasks.try_join_next().is_some() {}
        match report {
            Report::Resolved { generation, server, addresses } => {
                if generation == self.gathering.count {
                    self.gathering.unresolved -= 1;
                    self.resolved(server, &addresses);
                }
            }
            Report::Connected { id, base, stream } => {
                let Some(at) = self.streams.iter().position(|(known, ..)| *known == id) else { return };
                let (_, server, address) = self.streams.swap_remove(at);
                self.allocate(server, base, address, Link::Stream(stream), Some(id));
            }
            Report::Message { id, message } => self.inbound.push_back((id, message)),
            Report::Closed { id } => {
                self.streams.retain(|(known, ..)| *known != id);
                self.relays.retain(|relay| {
                    let closed = relay.stream == Some(id);
                    self.changes.extend(relay.relayed.filter(|_| closed).map(Change::Gone));
                    !closed
                });
            }
        }
    }

    /// One IPv4 and one IPv6 address of a STUN server are asked, the first that a way leads to of a TURN server.
    fn resolved(&mut self, server: Server, addresses: &[SocketAddr]) {
        let v4 = addresses.iter().copied().find(SocketAddr::is_ipv4);
        let v6 = addresses.iter().copied().find(SocketAddr::is_ipv6);
        let mut both = v4.into_iter().chain(v6);
        match server.scheme {
            Scheme::Stun => {
                for address in both {
                    self.gathering.stun.push(address);
                    let bases: Vec<SocketAddr> = self.sockets.iter().map(|socket| socket.base).collect();
                    for base in bases {
                        self.ask(base, address);
                    }
                }
            }
            Scheme::TurnUdp => {
                let way = both.find_map(|address| Some((self.way_to(address)?, address)));
                if let Some((base, address)) = way {
                    self.allocate(server, base, address, Link::Socket, None);
                }
            }
            Scheme::TurnTcp | Scheme::TurnTls => {
                let Some(address) =
                    both.next().filter(|_| self.relays.len() + self.streams.len() < MAX_RELAYS)
                else {
                    return;
                };
                self.last_stream += 1;
                let tls = (server.scheme == Scheme::TurnTls).then(|| server.host.clone());
                self.tasks.spawn(stream::run(self.last_stream, address, tls, self.reporter.clone()));
                self.streams.push((self.last_stream, server, address));
            }
        }
    }

    /// The socket from which the system would send to `server`.
    fn way_to(&self, server: SocketAddr) -> Option<SocketAddr> {
        let any =
            if server.is_ipv4() { IpAddr::from(Ipv4Addr::UNSPECIFIED) } else { Ipv6Addr::UNSPECIFIED.into() };
        // Connecting a UDP socket sends nothing: it asks the system for the way.
        let probe = UdpSocket::bind((any, 0)).ok()?;
        probe.connect(server).ok()?;
        let address = probe.local_addr().ok()?.ip();
        let bases = || self.sockets.iter().map(|socket| socket.base);
        bases()
            .find(|base| base.ip() == address)
            .or_else(|| bases().find(|base| base.is_ipv4() == server.is_ipv4()))
    }

    fn allocate(
        &mut self,
        server: Server,
        base: SocketAddr,
        address: SocketAddr,
        link: Link,
        stream: Option<u64>,
    ) {
        let taken = |relay: &Relay| stream.is_none() && relay.base == base && relay.server == address;
        if self.relays.len() >= MAX_RELAYS || self.relays.iter().any(taken) {
            return;
        }
        let now = self.stun_now();
        self.relays.push(Relay::allocate(server, base, address, link, stream, now));
    }

    fn ask(&mut self, base: SocketAddr, server: SocketAddr) {
        let asked = |pending: &Pending| pending.question.base == base && pending.question.server == server;
        if base.is_ipv4() != server.is_ipv4()
            || self.questions.len() >= MAX_QUESTIONS
            || self.questions.iter().any(asked)
        {
            return;
        }
        let now = self.stun_now();
        let Some((question, first)) = Question::ask(base, server, now) else { return };
        sender(&self.sockets, base, server)(&first);
        self.questions.push(Pending { question, next: now, until: now + SERVER_TIMEOUT });
    }

    pub(super) fn answered(&mut self, base: SocketAddr, answer: Answer) {
        if let Answer::Address(address) = answer
            && address != base
        {
            self.changes.push_back(Change::Found(Found::Reflexive { address, base }));
        }
        self.work();
    }

    /// Does what is due, and notices the end of the gathering.
    pub(super) fn work(&mut self) {
        let now = self.stun_now();
        let Self { questions, relays, sockets, changes, .. } = self;
        questions.retain_mut(|pending| {
            let (base, server) = (pending.question.base, pending.question.server);
            let (next, end) = pending.question.poll(now, sender(sockets, base, server));
            pending.next = next;
            end.is_none() && now < pending.until
        });
        relays.retain_mut(|relay| {
            if relay.next > now {
                return true;
            }
            let (base, server) = (relay.base, relay.server);
            match relay.poll(now, &mut sender(sockets, base, server)) {
                None => true,
                Some(Progress::Allocated(address)) => {
                    changes.push_back(Change::Found(Found::Relayed { address, base }));
                    true
                }
                Some(Progress::Closed) => {
                    changes.extend(relay.relayed.map(Change::Gone));
                    false
                }
            }
        });
        if let Some(until) = self.gathering.until {
            let waiting = self.gathering.unresolved > 0
                || !self.questions.is_empty()
                || !self.streams.is_empty()
                || self.relays.iter().any(|relay| relay.relayed.is_none());
            if !waiting || Instant::now() >= until {
                self.gathering.until = None;
                self.changes.push_back(Change::Gathered);
            }
        }
        self.schedule();
    }
}
