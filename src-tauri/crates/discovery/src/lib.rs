//! Who is on this network.
//!
//! What is announced here is a hint and never an identity: anybody on the network can announce anything. A record
//! says where to dial; who answers there is proven by the TLS handshake that follows.
//!
//! [`mdns`] is the real thing (RFC 6762, RFC 6763); [`memory`] is an ether within one process, for tests. Both
//! speak through the trait [`Discovery`] and a bounded queue of [`DiscoveryEvent`]s.
//!
//! Absent on purpose: no TCP is dialled here, nothing is stored, and no name or address reaches the log.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;

use earshot_protocol::owner::NetworkProblem;
use earshot_protocol::{DeviceId, ErrorCode, Person};

mod addresses;
pub mod interfaces;
pub mod mdns;
pub mod memory;
mod names;
pub mod record;

pub use interfaces::{InterfaceChoice, own_addresses};
pub use names::Names;

/// Events waiting to be read. When it is full nothing is lost: what has happened to one device in the meantime is
/// told as one event later.
pub const EVENT_QUEUE: usize = 64;

/// What this device tells the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Who.
    pub device: DeviceId,
    /// What it says of its person.
    pub person: Person,
    /// Name, status and note are not to be in the record: whoever finds this device asks for them over TLS.
    pub hidden: bool,
    /// Only those who know the office's phrase are let in. Then the record is hidden too.
    pub phrase: bool,
    /// Its hub has rooms to list; not in a record that is hidden.
    pub rooms: bool,
    /// TCP port of its hub.
    pub port: u16,
    /// Protocol versions it speaks.
    pub versions: Vec<u16>,
}

/// Somebody found on the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Who they say they are.
    pub device: DeviceId,
    /// What they say of their person; checked for length and characters. `None`: it is to be asked for over TLS.
    pub person: Option<Person>,
    /// Only those who know the office's phrase are let in there.
    pub phrase: bool,
    /// Their hub has rooms to list.
    pub rooms: bool,
    /// The record's number, which no other record of this device has: another number may mean another person.
    pub revision: u64,
    /// Protocol versions they speak; at least one is ours too.
    pub versions: Vec<u16>,
    /// Where to dial, best first: 1 to [`MAX_ADDRESSES`](earshot_protocol::limits::MAX_ADDRESSES). Where several senders
    /// speak of one device, the addresses of all; which are true, the TLS handshake shows. A link-local IPv6 address
    /// carries the scope id of the adapter it was heard on.
    pub addresses: Vec<SocketAddr>,
    /// TCP port of their hub, as last heard.
    pub port: u16,
}

/// What happens on the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiscoveryEvent {
    /// Somebody is new, or something about them has changed. Never this device itself.
    Seen(Found),
    /// Somebody said goodbye and proved it, or they no longer answer.
    Gone(DeviceId),
    /// The adapters or this device's addresses have changed. Sent once at the start.
    Interfaces {
        /// Adapters in use, by name, sorted.
        used: Vec<String>,
        /// Adapters that are up and have an address but are not used.
        others: Vec<String>,
        /// This device's own addresses with its hub's port, best first; see [`own_addresses`].
        addresses: Vec<SocketAddr>,
    },
    /// What keeps people from being seen; `None` when it is over.
    Problem(Option<NetworkProblem>),
}

/// Why discovery could not start or announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// The person's name or note is out of bounds.
    #[error("the person cannot be announced: {}", .0.as_str())]
    Person(ErrorCode),
    /// No protocol version, or too many.
    #[error("between 1 and {} protocol versions can be announced", record::MAX_VERSIONS)]
    Versions,
}

impl Announcement {
    /// Checks that it fits into a record.
    ///
    /// # Errors
    /// [`DiscoveryError`] says what does not.
    pub fn check(&self) -> Result<(), DiscoveryError> {
        record::encode(self, 0, &record::Farewell::default(), record::Purpose::Present).map(|_| ())
    }
}

/// A way to find people. Every call returns at once; what comes of it arrives as events.
pub trait Discovery: Send + Sync {
    /// Tells the network something new; the latest announcement wins.
    ///
    /// # Errors
    /// [`DiscoveryError`] when it cannot be put into a record; the one before stays.
    fn announce(&self, announcement: Announcement) -> Result<(), DiscoveryError>;

    /// Uses other adapters from now on.
    fn choose(&self, choice: InterfaceChoice);

    /// Asks the network whether this device is still there (RFC 6762, section 10.4). Without an answer a
    /// [`DiscoveryEvent::Gone`] follows within [`mdns::VERIFY_TIMEOUT`].
    fn verify(&self, device: DeviceId);

    /// Says goodbye; ready when it has been sent.
    fn shutdown(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
