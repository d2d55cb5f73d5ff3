//! Sockets: one per usable address, server-reflexive and relay candidates, interfaces that come and go.

use std::net::SocketAddr;

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
