//! What goes into a hub and what comes out of it.

use earshot_protocol::hub::IceServer;
use earshot_protocol::{DeviceId, DeviceKind, ErrorCode, FromHub, Person, Resume, ToHub};

/// Milliseconds on any monotonic clock. A hub takes an earlier time than the last one for the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub u64);

impl Time {
    /// This long, in ms, after `self`.
    #[must_use]
    pub const fn after(self, ms: u32) -> Self {
        Self(self.0.saturating_add(ms as u64))
    }

    /// Ms since `earlier`; 0 when that is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// 32 unpredictable bytes, new for each input: a resume token, a room's id or a ring's id is made of them, at most
/// one for an input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fresh(pub [u8; 32]);

impl std::fmt::Debug for Fresh {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Fresh(..)")
    }
}

/// Names a connection. Whoever runs the hub gives each connection another number and never uses one twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// What a hub is told at its start.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The hub's own device id.
    pub hub: DeviceId,
    /// Where it is reached, best first; see [`Input::Addresses`].
    pub addresses: Vec<String>,
    /// A name for people; a company's, or empty.
    pub title: String,
    /// `Some`: a LAN hub of this owner. Visitors see only the owner and may ring only the owner, only the owner
    /// makes rooms, and the owner is not told of visitors. `None`: a server, whose directory lists everybody.
    pub owner: Option<DeviceId>,
    /// What may help to connect, for every welcome and room; at most
    /// [`MAX_ICE_SERVERS`](earshot_protocol::limits::MAX_ICE_SERVERS).
    pub ice_servers: Vec<IceServer>,
}

/// Somebody whose key has been proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// The device that the key names.
    pub device: DeviceId,
    /// An install or a guest.
    pub kind: DeviceKind,
    /// What the device says of itself; checked by the hub.
    pub person: Person,
}

/// What happens to a hub.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A visitor has proven who they are. Answered by a welcome, or by a close with a code.
    Hello {
        /// On which connection. A number never used before.
        connection: ConnectionId,
        /// Who.
        visitor: Visitor,
        /// The protocol version that both speak.
        version: u16,
        /// A place to have back.
        resume: Option<Resume>,
    },
    /// A visitor says something.
    Said {
        /// On which connection.
        connection: ConnectionId,
        /// What.
        message: ToHub,
    },
    /// A connection is no more; its place waits
    /// [`RESUME_GRACE`](earshot_protocol::limits::RESUME_GRACE) ms for it. Not needed after a [`Output::Close`], and
    /// harmless then.
    Dropped {
        /// Which.
        connection: ConnectionId,
    },
    /// The hub is reached elsewhere from now on, best first. More than the protocol's limit are cut off.
    Addresses(Vec<String>),
    /// Nothing but time has passed; due at [`Hub::deadline`](crate::Hub::deadline).
    Tick,
    /// The hub ends: everybody is told and closed. Later inputs are refused.
    Shutdown,
}

/// What a hub wants done, in this order.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every output is a Send: a box would only cost an allocation"
)]
pub enum Output {
    /// Say this.
    Send {
        /// On which connection.
        connection: ConnectionId,
        /// What.
        message: FromHub,
    },
    /// Close the connection; nothing more is said on it.
    Close {
        /// Which.
        connection: ConnectionId,
        /// Why; said as [`FromHub::Refused`] before closing.
        code: Option<ErrorCode>,
    },
}

/// How much a hub holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Places, with a connection or in their grace.
    pub places: usize,
    /// Places with a connection.
    pub connections: usize,
    /// Devices that have a place.
    pub devices: usize,
    /// Rooms.
    pub rooms: usize,
    /// Rings that have not ended.
    pub rings: usize,
    /// Messages kept until they have been seen.
    pub kept: usize,
    /// Everything else that the hub remembers between two inputs: index entries, deadlines, rates.
    pub other: usize,
}
