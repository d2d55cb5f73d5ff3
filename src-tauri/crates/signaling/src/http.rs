//! One accept loop for TLS and plain HTTP, around any axum router.
//!
//! Every step before a greeting has a timeout and every connection before it a place at the door
//! ([`MAX_UNGREETED`], [`MAX_UNGREETED_PER_ADDRESS`]); a connection that finds none is closed without a word. One that
//! asks for pages moves to a wider room, so that colleagues behind one address do not shut each other out.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use earshot_identity::tls::peer_key;
use earshot_protocol::PublicKey;
use earshot_protocol::limits::{HELLO_TIMEOUT, MAX_UNGREETED, MAX_UNGREETED_PER_ADDRESS};
use http::{HeaderMap, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use crate::channel::{Exporter, exporter};
use crate::gate::{Gate, Ticket};
use crate::pace::Pace;

/// How long a TLS handshake or a request's headers may take; also how long a kept-alive connection may be idle.
const STEP_TIMEOUT: Duration = Duration::from_millis(HELLO_TIMEOUT as u64);

/// How long a connection may ask for pages before it has to come anew. An upgraded one is no longer counted.
const PAGES_TIMEOUT: Duration = Duration::from_secs(120);

/// Connections that ask for pages, in all. A browser opens six at most and leaves them idle for [`STEP_TIMEOUT`].
const MAX_PAGES: usize = 2048;

/// The same, of one address: forty colleagues behind one router open the page at once.
const MAX_PAGES_PER_ADDRESS: usize = 256;

/// How long open connections may take to end when the server does.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// Request headers, all together; a browser with many cookies for the host sends a few KiB.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// What one listener lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections that have not yet said hello, in all.
    pub ungreeted: usize,
    /// The same, of one address (of one /64 network for IPv6).
    pub ungreeted_per_address: usize,
    /// Whether `X-Forwarded-For` and `X-Forwarded-Host` are believed: only behind a proxy that sets them itself.
    pub trust_forwarded: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            ungreeted: MAX_UNGREETED as usize,
            ungreeted_per_address: MAX_UNGREETED_PER_ADDRESS as usize,
            trust_forwarded: false,
        }
    }
}

/// Who is on the other end; in the extensions of every request.
#[derive(Debug, Clone)]
pub struct PeerInfo {
    /// The address of the connection, or, behind a trusted proxy, the last one in `X-Forwarded-For`.
    pub address: IpAddr,
    /// The device key that the TLS handshake has proven.
    pub key: Option<PublicKey>,
    /// What only the two ends of this TLS connection know; `None`: TLS is not ended here.
    pub(crate) exporter: Option<Exporter>,
    /// The host that the client asked for: `Host`, or `X-Forwarded-Host` behind a trusted proxy.
    pub host: Option<String>,
    /// The connection's place at the door.
    pub(crate) door: AtDoor,
    /// How fast its address may act.
    pub(crate) pace: Pace,
    /// Turns true when the server ends.
    pub(crate) closing: watch::Receiver<bool>,
    /// Held as long as something of the connection is alive.
    pub(crate) alive: mpsc::Sender<()>,
}

/// A connection's place at the door, shared by its HTTP half and what it is upgraded to.
#[derive(Debug, Clone)]
pub(crate) struct AtDoor(Arc<Mutex<Held>>);

#[derive(Debug)]
struct Held {
    ticket: Option<Ticket>,
    /// It is of the wider room.
    for_pages: bool,
}

impl AtDoor {
    fn new(ticket: Ticket) -> Self {
        Self(Arc::new(Mutex::new(Held { ticket: Some(ticket), for_pages: false })))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Frees the place: whoever had it is in.
    pub(crate) fn leave(&self) {
        self.held().ticket = None;
    }

    /// Done when the place went to somebody else.
    pub(crate) async fn given_up(&self) {
        loop {
            let Some(mut given_up) = self.held().ticket.as_ref().map(Ticket::given_up) else {
                return std::future::pending().await;
            };
            // Closed: another place was taken in its stead, or none.
            if given_up.wait_for(|given_up| *given_up).await.is_ok() {
                return;
            }
        }
    }
}

/// What all connections of one listener share.
struct Shared {
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: Limits,
    gate: Gate,
    pages: Gate,
    pace: Pace,
    closing: watch::Receiver<bool>,
    alive: mpsc::Sender<()>,
}

/// Serves `router` until `shutdown` is done; then connections are asked to end and have three seconds for it.
/// With `tls`, every connection begins with a handshake.
///
/// # Errors
/// When the listener's own address cannot be read. A failure to accept one connection (too many open files, say) is
/// waited out.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    router: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    debug!(port = address.port(), tls = tls.is_some(), "serving");
    let (close, closing) = watch::channel(false);
    let (alive, mut all_gone) = mpsc::channel(1);
    let shared = Arc::new(Shared {
        tls: tls.map(TlsAcceptor::from),
        router,
        limits,
        gate: Gate::new(limits.ungreeted, limits.ungreeted_per_address),
        pages: Gate::new(MAX_PAGES, MAX_PAGES_PER_ADDRESS),
        pace: Pace::default(),
        closing,
        alive,
    });
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    if let Some(ticket) = shared.gate.enter(shared.of(address.ip())) {
                        let door = AtDoor::new(ticket);
                        connections.spawn(connection(Arc::clone(&shared), stream, address, door));
                    }
                }
                Err(error) => {
                    debug!(kind = ?error.kind(), "cannot accept");
                    sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    drop(listener);
    let _ = close.send(true);
    drop(shared);
    // The last of the connections, upgraded ones too, drops the last sender.
    let _ = timeout(SHUTDOWN_TIMEOUT, async {
        while connections.join_next().await.is_some() {}
        let _ = all_gone.recv().await;
    })
    .await;
    connections.shutdown().await;
    Ok(())
}

async fn connection(shared: Arc<Shared>, stream: TcpStream, address: SocketAddr, door: AtDoor) {
    // Signaling is small messages that somebody waits for.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Some(tls) = shared.tls.clone() else {
        let peer = shared.peer(address.ip(), None, None, door);
        return pages(&shared, stream, peer).await;
    };
    let handshake = timeout(STEP_TIMEOUT, tls.accept(stream));
    let handshake = tokio::select! {
        handshake = handshake => handshake,
        () = door.given_up() => return,
    };
    let Ok(Ok(stream)) = handshake else {
        debug!("a TLS handshake failed");
        return;
    };
    let tls = stream.get_ref().1;
    let key = tls.peer_certificates().and_then(peer_key);
    let Some(exporter) = exporter(tls) else { return };
    let peer = shared.peer(address.ip(), key, Some(exporter), door);
    pages(&shared, stream, peer).await;
}

impl Shared {
    /// Whose a connection is. The proxy's address is nobody's.
    fn of(&self, address: IpAddr) -> Option<IpAddr> {
        (!self.limits.trust_forwarded).then_some(address)
    }

    fn peer(
        &self,
        address: IpAddr,
        key: Option<PublicKey>,
        exporter: Option<Exporter>,
        door: AtDoor,
    ) -> PeerInfo {
        PeerInfo {
            address: address.to_canonical(),
            key,
            exporter,
            host: None,
            door,
            pace: self.pace.clone(),
            closing: self.closing.clone(),
            alive: self.alive.clone(),
        }
    }
}

/// Serves requests on one connection until it ends or is upgraded.
async fn pages<S>(shared: &Shared, stream: S, peer: PeerInfo)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = TowerToHyperService::new(shared.router.clone());
    let door = peer.door.clone();
    let service = service_fn(|mut request: Request<Incoming>| {
        let peer = of_request(shared, &peer, request.headers());
        let router = router.clone();
        async move {
            let Some(peer) = peer else {
                let mut response = Response::new(Body::from("Too many connections from your address.\n"));
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                return Ok(response);
            };
            request.extensions_mut().insert(peer);
            router.call(request).await
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(STEP_TIMEOUT)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut closing = shared.closing.clone();
    let ended = timeout(PAGES_TIMEOUT, async {
        tokio::select! {
            result = connection.as_mut() => return result,
            // Cut: somebody else has its place.
            () = door.given_up() => return Ok(()),
            _ = closing.wait_for(|closing| *closing) => {}
        }
        connection.as_mut().graceful_shutdown();
        connection.await
    })
    .await;
    if !matches!(ended, Ok(Ok(()))) {
        debug!("a connection ended early");
    }
}

/// What a request says about who sent it. `None`: there is no place for what it wants.
fn of_request(shared: &Shared, connection: &PeerInfo, headers: &HeaderMap) -> Option<PeerInfo> {
    let mut peer = connection.clone();
    peer.host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    if shared.limits.trust_forwarded {
        if let Some(host) = last_value(headers, "x-forwarded-host") {
            peer.host = Some(host.to_owned());
        }
        if let Some(address) = last_value(headers, "x-forwarded-for").and_then(|value| value.parse().ok()) {
            peer.address = IpAddr::to_canonical(&address);
        }
    }
    let mut held = connection.door.held();
    if headers.contains_key(header::UPGRADE) {
        // A visitor has to find a place at the door, also after having asked for pages.
        if held.for_pages {
            held.ticket = Some(shared.gate.enter(shared.of(connection.address))?);
            held.for_pages = false;
        }
        if shared.limits.trust_forwarded && !held.ticket.as_ref()?.is_of(peer.address) {
            return None;
        }
    } else if !held.for_pages {
        held.ticket = Some(shared.pages.enter(shared.of(connection.address))?);
        held.for_pages = true;
    }
    drop(held);
    Some(peer)
}

/// The last of a header's values: what the nearest proxy has added.
fn last_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next().map(str::trim)
}
