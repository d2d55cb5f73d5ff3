//! One connection without IO: descriptions, ICE, DTLS, SRTP, SCTP, bandwidth. Built on str0m.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::net::Found;
use crate::sound::{SoundPacket, SoundStats};
use crate::wire::{ChannelKey, Configuration, Event, Fault, Line, Reply, Request};

/// A picture, coded, either way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its m-line.
    pub line: Line,
    /// See [`crate::frame::CODECS`].
    pub codec: u8,
    /// Needs no other.
    pub keyframe: bool,
    /// Received: nothing is missing before it.
    pub contiguous: bool,
    /// µs. To be sent: capture time on the page's clock. Received: media time.
    pub time: u64,
    /// Received: when the sender captured it, µs on the sender's NTP clock, if sender reports tell.
    pub captured_at: Option<u64>,
    /// Coded.
    pub data: Arc<[u8]>,
}

/// What a connection wants done.
#[derive(Debug)]
pub enum Output {
    /// Send a datagram from the socket or relay allocation at `source`.
    Transmit {
        /// A candidate's base, or a relayed candidate's address.
        source: SocketAddr,
        /// To.
        destination: SocketAddr,
        /// What.
        contents: Vec<u8>,
    },
    /// Gather candidates, all anew when `restart`; each is told by [`Peer::found`], the end by [`Peer::gathered`].
    Gather {
        /// The configuration that holds.
        configuration: Configuration,
        /// After an ICE restart.
        restart: bool,
    },
    /// Resolve a `.local` name, and tell [`Peer::resolved`].
    Resolve {
        /// Ends in `.local`.
        name: String,
    },
    /// Tell the page.
    Event(Event),
    /// Show the page.
    Picture(Picture),
    /// A voice's packet came.
    Sound {
        /// Its m-line.
        line: Line,
        /// Opus.
        packet: SoundPacket,
    },
    /// A channel's message came.
    Data {
        /// Which.
        channel: ChannelKey,
        /// Else bytes.
        text: bool,
        /// What.
        data: Vec<u8>,
    },
    /// What a line's source should reckon with: share of packets that they lose, 0 to 1.
    Loss {
        /// Its m-line.
        line: Line,
        /// 0 to 1.
        fraction: f32,
    },
    /// Over: nothing more comes.
    Ended,
}

/// One connection.
#[derive(Debug)]
pub struct Peer {
    now: Instant,
}

impl Peer {
    /// # Errors
    /// [`Fault`] for a configuration that cannot be.
    pub fn new(now: Instant, _configuration: &Configuration) -> Result<Self, Fault> {
        Ok(Self { now })
    }

    /// A page's request about this connection. `sound`: what the sound engine knows of each line, for `get-stats`.
    ///
    /// # Errors
    /// What the page is told.
    pub fn request(
        &mut self,
        now: Instant,
        _: Request,
        _sound: &[(Line, SoundStats)],
    ) -> Result<Reply, Fault> {
        self.now = now;
        Err(Fault::NotSupportedError)
    }

    /// A candidate of ours was found.
    pub fn found(&mut self, now: Instant, _: Found) {
        self.now = now;
    }

    /// A socket or allocation is gone.
    pub fn gone(&mut self, now: Instant, _base: SocketAddr) {
        self.now = now;
    }

    /// All candidates are found.
    pub fn gathered(&mut self, now: Instant) {
        self.now = now;
    }

    /// What a `.local` name is; empty: nobody knows it.
    pub fn resolved(&mut self, now: Instant, _name: &str, _addresses: &[std::net::IpAddr]) {
        self.now = now;
    }

    /// A datagram came to the socket or allocation at `local`.
    pub fn datagram(&mut self, now: Instant, _local: SocketAddr, _source: SocketAddr, _contents: &[u8]) {
        self.now = now;
    }

    /// The page's clock showed `page` µs at `at`: by this the capture times of pictures and of sound become the times
    /// of sender reports. Told before the first picture or sound, and again when the estimate moves.
    pub fn clock(&mut self, _page: u64, _at: Instant) {}

    /// A picture of the page's.
    pub fn picture(&mut self, now: Instant, _: Picture) {
        self.now = now;
    }

    /// 20 ms of a line's voice.
    pub fn sound(&mut self, now: Instant, _line: Line, _: SoundPacket) {
        self.now = now;
    }

    /// A channel's message.
    pub fn data(&mut self, now: Instant, _channel: ChannelKey, _text: bool, _data: &[u8]) {
        self.now = now;
    }

    /// [`Peer::deadline`] has come.
    pub fn timeout(&mut self, now: Instant) {
        self.now = now;
    }

    /// When [`Peer::timeout`] is wanted. After every call all of [`Peer::poll`] is to be taken first.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.now + std::time::Duration::from_secs(3600)
    }

    /// What is to be done next; None: nothing until the next call.
    pub fn poll(&mut self) -> Option<Output> {
        None
    }
}
