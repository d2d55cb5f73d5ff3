//! The wires of a hub: an axum server around the pure state machine of `earshot-hub`, and the WebSocket client that
//! visits one, with its reconnect policy.
//!
//! Invariants:
//! * A visitor reaches the hub only after proving a key for *this* hub, *this* challenge and *this* connection.
//! * Nobody is waited for: a reader that is too slow is cut, a hello that is late is refused.
//! * Every queue is bounded; what overflows is told by a code.
//! * Every task has an owner: the actor ends with its last handle, a link's task with its last [`link::Link`], a
//!   connection's task with the server or the hub, whichever ends first.
//!
//! Absent on purpose: who may do what (that is the hub's), discovery, settings, and anything that decides whether
//! somebody is to be trusted.

pub mod actor;
pub mod assets;
mod channel;
mod codec;
mod gate;
pub mod http;
pub mod link;
mod pace;
mod phrase;
pub mod reconnect;
pub mod socket;
mod waiting;

pub use actor::{HubHandle, Local};
pub use http::{Limits, PeerInfo, serve};
pub use link::{Link, LinkEvent, Target};
pub use socket::{Greeting, IceServers, hub_router, hub_router_with};
