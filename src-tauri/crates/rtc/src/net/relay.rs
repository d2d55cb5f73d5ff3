//! An allocation at a TURN server (RFC 8656), over UDP, TCP or TLS.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use stun_proto::Instant;
use tokio::sync::mpsc;
use turn_client_proto::api::{Transmit, TurnClientApi, TurnConfig, TurnEvent, TurnPollRet, TurnRecvRet};
use turn_client_proto::tcp::TurnClientTcp;
use turn_client_proto::types::{AddressFamily, TransportType, TurnCredentials};
use turn_client_proto::udp::TurnClientUdp;

use super::servers::Server;

/// Datagrams that wait for their permission.
const MAX_WAITING: usize = 16;

/// Peers of an allocation; datagrams to more of them are dropped.
const MAX_PEERS: usize = 256;

/// Datagrams to a peer after which it gets a channel, which spares 32 bytes of each.
const CHANNEL_AFTER: u32 = 20;

/// Steps of the client without a pause between them; more would be a fault of it.
const MAX_STEPS: usize = 64;

turn_client_proto::impl_client!(Client, (Udp, TurnClientUdp), (Tcp, TurnClientTcp));

/// Where its messages to the server go.
#[derive(Debug)]
pub(super) enum Link {
    /// The socket of its base.
    Socket,
    /// A connection, whose task writes what it is given.
    Stream(mpsc::Sender<Vec<u8>>),
}

#[derive(Debug)]
pub(super) struct Relay {
    client: Client,
    link: Link,
    /// The number of its stream, if it has one.
    pub(super) stream: Option<u64>,
    pub(super) configured: Server,
    /// Of the socket or connection that talks to the server.
    pub(super) base: SocketAddr,
    pub(super) server: SocketAddr,
    /// Its address at the server, once it has one.
    pub(super) relayed: Option<SocketAddr>,
    /// When to look again.
    pub(super) next: Instant,
    /// Without an address by then it is given up.
    pub(super) until: Instant,
    waiting: VecDeque<(SocketAddr, Vec<u8>)>,
    sent: HashMap<SocketAddr, u32>,
}

/// What has become of an allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It has its address.
    Allocated(SocketAddr),
    /// Over, or never there.
    Closed,
}

/// A message of the server's.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// A datagram of a peer's.
    Datagram { peer: SocketAddr, contents: Vec<u8> },
    /// For the client itself.
    Handled,
    /// Not for this client.
    Ignored,
}

impl Relay {
    pub(super) fn allocate(
        configured: Server,
        base: SocketAddr,
        server: SocketAddr,
        link: Link,
        stream: Option<u64>,
        now: Instant,
    ) -> Self {
        let credentials = TurnCredentials::new(&configured.username, &configured.credential);
        let mut config = TurnConfig::new(credentials);
        let family = if server.is_ipv4() { AddressFamily::IPV4 } else { AddressFamily::IPV6 };
        config.set_address_family(family);
        config.set_request_retransmits(
            Duration::from_millis(300),
            Duration::from_secs(1),
            5,
            Duration::from_secs(2),
        );
        let client = match &link {
            Link::Socket => Client::Udp(TurnClientUdp::allocate(base, server, config)),
            Link::Stream(_) => Client::Tcp(TurnClientTcp::allocate(base, server, config)),
        };
        let until = now + super::SERVER_TIMEOUT;
        let (waiting, sent) = Default::default();
        Self {
            client,
            link,
            stream,
            configured,
            base,
            server,
            relayed: None,
            next: now,
            until,
            waiting,
            sent,
        }
    }

    /// Does what is due. `send` takes what goes to the server through the socket of the base.
    pub(super) fn poll(&mut self, now: Instant, send: &mut dyn FnMut(&[u8])) -> Option<Progress> {
        let mut progress = None;
        for _ in 0..MAX_STEPS {
            self.flush(now, send);
            while let Some(event) = self.client.poll_event() {
                match event {
                    TurnEvent::AllocationCreated(_, address) if self.relayed.is_none() => {
                        self.relayed = Some(address);
                        progress = Some(Progress::Allocated(address));
                    }
                    TurnEvent::AllocationCreateFailed(_) => return Some(Progress::Closed),
                    TurnEvent::PermissionCreated(_, peer) => {
                        let waiting = std::mem::take(&mut self.waiting);
                        let (ready, rest): (VecDeque<_>, _) =
                            waiting.into_iter().partition(|(to, _)| to.ip() == peer);
                        self.waiting = rest;
                        for (to, contents) in ready {
                            self.send(now, to, &contents, send);
                        }
                    }
                    TurnEvent::PermissionCreateFailed(_, peer) => {
                        self.waiting.retain(|(to, _)| to.ip() != peer);
                    }
                    _ => {}
                }
            }
            match self.client.poll(now) {
                TurnPollRet::Closed => return Some(Progress::Closed),
                TurnPollRet::WaitUntil(next) if next > now => {
                    self.next = next;
                    break;
                }
                // Now, or about TCP to peers, which is never asked for.
                _ => self.next = now + Duration::from_millis(10),
            }
        }
        if self.relayed.is_none() && progress.is_none() && now >= self.until {
            return Some(Progress::Closed);
        }
        if self.relayed.is_none() {
            self.next = self.next.min(self.until);
        }
        progress
    }

    /// Sends a datagram to a peer by way of the server.
    pub(super) fn send(
        &mut self,
        now: Instant,
        to: SocketAddr,
        contents: &[u8],
        send: &mut dyn FnMut(&[u8]),
    ) {
        let udp = TransportType::Udp;
        if !self.client.have_permission(udp, to.ip()) {
            if !self.sent.contains_key(&to) && self.sent.len() >= MAX_PEERS {
                return;
            }
            self.sent.entry(to).or_default();
            if self.waiting.len() == MAX_WAITING {
                self.waiting.pop_front();
            }
            self.waiting.push_back((to, contents.to_vec()));
            // It fails where it is asked for already.
            let _ = self.client.create_permission(udp, to.ip(), now);
            self.next = now;
            return;
        }
        if let Ok(Some(transmit)) = self.client.send_to(udp, to, contents, now) {
            self.link.send(&transmit.build().data, send);
        }
        let Some(sent) = self.sent.get_mut(&to) else { return };
        *sent = sent.saturating_add(1);
        // Over a stream a channel's data would have to be padded, which the client leaves out.
        if *sent == CHANNEL_AFTER && matches!(self.link, Link::Socket) {
            let _ = self.client.bind_channel(udp, to, now);
            self.next = now;
        }
    }

    /// Takes one message of the server's.
    pub(super) fn receive(&mut self, now: Instant, message: &[u8]) -> Received {
        let transport = self.client.transport();
        let received = match self.client.recv(Transmit::new(message, transport, self.server, self.base), now)
        {
            TurnRecvRet::PeerData(data) => {
                Received::Datagram { peer: data.peer, contents: data.data().to_vec() }
            }
            TurnRecvRet::Ignored(_) => return Received::Ignored,
            TurnRecvRet::Handled | TurnRecvRet::PeerIcmp { .. } => Received::Handled,
        };
        if received == Received::Handled {
            self.next = now;
        }
        received
    }

    /// Gives the allocation back.
    pub(super) fn release(&mut self, now: Instant, send: &mut dyn FnMut(&[u8])) {
        if self.client.delete(now).is_ok() {
            // As if the client's pause between requests were over: there is nothing after this one.
            self.flush(now + Duration::from_secs(1), send);
        }
    }

    fn flush(&mut self, now: Instant, send: &mut dyn FnMut(&[u8])) {
        while let Some(transmit) = self.client.poll_transmit(now) {
            self.link.send(&transmit.data, send);
        }
    }
}

impl Link {
    fn send(&self, contents: &[u8], send: &mut dyn FnMut(&[u8])) {
        match self {
            Self::Socket => send(contents),
            // When the stream is full it is as if the network had lost it.
            Self::Stream(stream) => drop(stream.try_send(contents.to_vec())),
        }
    }
}
