//! One install of Earshot, without its window.
//!
//! Joins device key, settings, history, hub, discovery and links. A window (the shell's, or a browser tab on the
//! loopback address) attaches to it and speaks [`ToNode`](earshot_protocol::ToNode) and
//! [`FromNode`](earshot_protocol::FromNode).
//!
//! Invariants:
//! * One task owns all state ([`core`]); it never waits for the network.
//! * A window never learns of a connection: it asks for rooms and rings, and the node finds the hub they belong to.
//! * What the network says is a hint until a TLS handshake has proven the device.
//!
//! Absent on purpose: anything of Tauri, media, and session descriptions' content.

mod browser;
mod core;
mod headless;
mod instance;
mod link;
mod local_names;
mod log;
mod loopback;
mod names;
mod node;
mod notes;
mod options;
mod people;
mod phrase;
mod random;
mod received;
mod session;
mod settings;
mod store;
mod trust;
mod window;

pub use browser::open_in_browser;
pub use headless::{end_signal, explain, print_ready, run_headless};
pub use link::{NoLink, link};
pub use log::start_logging;
pub use node::{Finding, Node, StartError};
pub use options::Options;
pub use received::Received;
pub use window::{Window, WindowReceiver, WindowSender};
