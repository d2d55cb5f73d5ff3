//! A wire between two sockets that can be cut, or go silent.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How the wire is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    /// Where new connections lead.
    target: SocketAddr,
    /// Goes up with each cut: connections of before end.
    generation: u64,
    /// Bytes are taken and never come out, and nobody is told.
    silent: bool,
    /// New connections are closed at once.
    refusing: bool,
}

/// Passes TCP connections on to one address until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    /// Where to connect to.
    pub address: SocketAddr,
    state: watch::Sender<State>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A wire to `target`.
    ///
    /// # Panics
    /// When there is no port to be had.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("the port's address");
        let (state, watched) =
            watch::channel(State { target, generation: 0, silent: false, refusing: false });
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                if !watched.borrow().refusing {
                    connections.spawn(pass(near, watched.clone()));
                }
            }
        });
        Self { address, state, task }
    }

    /// Cuts every connection that is open now.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.generation += 1);
    }

    /// From now on new connections lead elsewhere.
    pub fn lead_to(&self, target: SocketAddr) {
        self.state.send_modify(|state| state.target = target);
    }

    /// From now on nothing comes through, and nobody is told; or it does again.
    pub fn silence(&self, silent: bool) {
        self.state.send_modify(|state| state.silent = silent);
    }

    /// From now on new connections are closed at once; or they are not.
    pub fn refuse(&self, refusing: bool) {
        self.state.send_modify(|state| state.refusing = refusing);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(near: TcpStream, mut state: watch::Receiver<State>) {
    let target = state.borrow().target;
    let Ok(far) = TcpStream::connect(target).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let born = state.borrow().generation;
    let (mut near_in, mut near_out) = near.into_split();
    let (mut far_in, mut far_out) = far.into_split();
    let watched = state.clone();
    let there = copy(&mut near_in, &mut far_out, watched.clone());
    let back = copy(&mut far_in, &mut near_out, watched);
    tokio::select! {
        () = there => {}
        () = back => {}
        _ = state.wait_for(|state| state.generation != born) => {}
    }
}

async fn copy(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    state: watch::Receiver<State>,
) {
    let mut bytes = [0; 16 * 1024];
    let mut lost = false;
    while let Ok(count) = from.read(&mut bytes).await {
        if count == 0 {
            return;
        }
        // Once bytes are missing, a TCP stream never goes on: all the rest is missing too.
        lost |= state.borrow().silent;
        if !lost && to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
