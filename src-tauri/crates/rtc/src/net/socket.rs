//! A UDP socket of one address.

use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::SockRef;
use tokio::net::UdpSocket;

/// What a burst of pictures may fill while this process is busy. The system may grant less.
const RECEIVE_BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// What leaves at once when a keyframe is sent.
const SEND_BUFFER_BYTES: usize = 1024 * 1024;

#[derive(Debug)]
pub(super) struct Socket {
    inner: UdpSocket,
    /// Where it is bound: the base of its candidates (RFC 8445, section 5.1.1).
    pub(super) base: SocketAddr,
}

impl Socket {
    /// Binds to a free port of `address`, which this machine has. Wants a Tokio runtime.
    pub(super) fn bind(address: IpAddr) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind((address, 0))?;
        socket.set_nonblocking(true)?;
        let tuned = SockRef::from(&socket);
        let _ = tuned.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
        let _ = tuned.set_send_buffer_size(SEND_BUFFER_BYTES);
        let base = socket.local_addr()?;
        Ok(Self { inner: UdpSocket::from_std(socket)?, base })
    }

    /// Sends, or drops it where the network cannot take it now: what is above repeats what matters.
    pub(super) fn send(&self, contents: &[u8], destination: SocketAddr) {
        // Past Tokio, which knows that a new socket can be written to only once its reactor has looked.
        if let Err(error) = SockRef::from(&self.inner).send_to(contents, &destination.into()) {
            tracing::trace!(kind = ?error.kind(), "a datagram was not sent");
        }
    }

    /// One datagram, if one waits. A failed read is like none.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        self.inner.try_recv_from(buffer).ok()
    }

    pub(super) fn poll_readable(&self, context: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        self.inner.poll_recv_ready(context).map(|_| ())
    }
}
