//! From addresses to an open WebSocket: all of them are tried, a little apart, and the first that proves itself wins.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use earshot_identity::tls::{client_config, wrong_device};
use earshot_identity::{DeviceKey, IdentityError};
use earshot_protocol::{DeviceId, ErrorCode, SUBPROTOCOL};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::Uri;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Error};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::Target;
use super::target::{ServerUrl, Way, ways};
use crate::channel::{Channel, exporter};
use crate::codec;

/// The head start of one address before the next (RFC 8305 recommends 250 ms for the Internet; a LAN is quicker).
const STAGGER: Duration = Duration::from_millis(150);

/// Addresses of one host name that are tried.
const MAX_RESOLVED: usize = 8;

pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Wire for T {}

/// An open WebSocket, over TLS or not.
pub(super) type Socket = WebSocketStream<Box<dyn Wire>>;

/// A connection to a hub.
pub(super) struct Dialled {
    pub(super) socket: Socket,
    /// What a hello on it is bound to.
    pub(super) channel: Channel,
    /// Where it leads; `None` by a URL.
    pub(super) at: Option<SocketAddr>,
}

type Attempt<'a> = Pin<Box<dyn Future<Output = Result<Dialled, ErrorCode>> + Send + 'a>>;

/// Knows where to go and whom to trust there.
pub(super) struct Dialer {
    /// Whom the challenge must name.
    pub(super) expect: Option<DeviceId>,
    ways: Vec<Way>,
    /// TLS between devices.
    pinned: Option<Arc<ClientConfig>>,
    /// TLS by the system's certificate authorities; read when first needed.
    public: OnceCell<Arc<ClientConfig>>,
}

impl Dialer {
    /// `straight`: by no URL.
    ///
    /// # Errors
    /// The code that ends the link before it began.
    pub(super) fn new(key: &DeviceKey, target: &Target, straight: bool) -> Result<Self, ErrorCode> {
        let (expect, mut ways) = match target {
            Target::Device { device, addresses } => (Some(*device), ways(addresses)),
            Target::Url(url) => (None, vec![Way::Url(ServerUrl::parse(url)?)]),
        };
        ways.retain(|way| !straight || matches!(way, Way::Socket(_)));
        let pinned = expect
            .map(|device| client_config(key, device))
            .transpose()
            .map_err(|_: IdentityError| ErrorCode::Internal)?;
        Ok(Self { expect, ways, pinned, public: OnceCell::new() })
    }

    /// Whether this is one of its addresses.
    pub(super) fn leads_to(&self, address: SocketAddr) -> bool {
        self.ways.iter().any(|way| matches!(way, Way::Socket(known) if *known == address))
    }

    /// Opens a WebSocket to the first address that proves itself, until `deadline`.
    pub(super) async fn dial(&self, deadline: Instant) -> Result<Dialled, ErrorCode> {
        let attempts = self.ways.iter().map(|way| -> Attempt<'_> {
            match way {
                Way::Socket(address) => Box::pin(self.straight(*address)),
                Way::Url(url) => Box::pin(self.through(url, deadline)),
            }
        });
        race(attempts.collect(), deadline).await
    }

    /// To a device's own port.
    async fn straight(&self, address: SocketAddr) -> Result<Dialled, ErrorCode> {
        let config = self.pinned.as_ref().ok_or(ErrorCode::Internal)?;
        let stream = connect(address).await?;
        let name = ServerName::IpAddress(address.ip().into());
        let stream =
            TlsConnector::from(Arc::clone(config)).connect(name, stream).await.map_err(|e| tls_code(&e))?;
        let channel = Channel::Device(exporter(stream.get_ref().1).ok_or(ErrorCode::Internal)?);
        // Whoever answers is who they should be; no name is needed to say it again.
        let uri = Uri::from_static("ws://earshot/ws");
        let (socket, channel) = upgrade(Box::new(stream), uri, ErrorCode::Unreachable, channel).await?;
        Ok(Dialled { socket, channel, at: Some(address) })
    }

    /// To a server.
    async fn through(&self, url: &ServerUrl, deadline: Instant) -> Result<Dialled, ErrorCode> {
        let found = match url.host().parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, url.port())],
            Err(_) => {
                let found =
                    lookup_host((url.host(), url.port())).await.map_err(|_| ErrorCode::Unreachable)?;
                alternate(found.collect())
            }
        };
        let tls = if url.is_encrypted() {
            let name = ServerName::try_from(url.host().to_owned()).map_err(|_| ErrorCode::UrlInvalid)?;
            Some((TlsConnector::from(self.public_config().await?), name))
        } else {
            None
        };
        let attempts = found
            .into_iter()
            // Whatever a resolver says: what is not encrypted stays on this machine.
            .filter(|address| tls.is_some() || address.ip().to_canonical().is_loopback())
            .take(MAX_RESOLVED)
            .map(|address| -> Attempt<'_> {
                let tls = tls.clone();
                Box::pin(async move {
                    let stream = connect(address).await?;
                    let (stream, exporter): (Box<dyn Wire>, _) = match tls {
                        Some((connector, name)) => {
                            let stream = connector.connect(name, stream).await.map_err(|e| tls_code(&e))?;
                            let exporter = exporter(stream.get_ref().1).ok_or(ErrorCode::Internal)?;
                            (Box::new(stream), Some(exporter))
                        }
                        None => (Box::new(stream), None),
                    };
                    let channel = Channel::Server { host: url.host().to_owned(), exporter };
                    let uri = url.uri().clone();
                    let (socket, channel) = upgrade(stream, uri, ErrorCode::UrlInvalid, channel).await?;
                    Ok(Dialled { socket, channel, at: None })
                })
            });
        race(attempts.collect(), deadline).await
    }

    async fn public_config(&self) -> Result<Arc<ClientConfig>, ErrorCode> {
        let config = self.public.get_or_try_init(|| async {
            tokio::task::spawn_blocking(read_roots).await.unwrap_or(Err(ErrorCode::Internal))
        });
        config.await.cloned()
    }
}

/// The system's certificate authorities, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
fn read_roots() -> Result<Arc<ClientConfig>, ErrorCode> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| ErrorCode::Internal)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // Without it the exporter of TLS 1.2 does not tell two connections apart (RFC 9266, section 3).
    config.require_ems = true;
    Ok(Arc::new(config))
}

async fn connect(address: SocketAddr) -> Result<TcpStream, ErrorCode> {
    let stream = TcpStream::connect(address).await.map_err(|_| ErrorCode::Unreachable)?;
    stream.set_nodelay(true).map_err(|_| ErrorCode::Unreachable)?;
    Ok(stream)
}

/// A certificate that does not prove the name or the device that was dialled is told apart from silence.
fn tls_code(error: &std::io::Error) -> ErrorCode {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(error) if wrong_device(error).is_some() => ErrorCode::WrongDevice,
        Some(rustls::Error::InvalidCertificate(_)) => ErrorCode::CertificateInvalid,
        _ => ErrorCode::Unreachable,
    }
}

async fn upgrade(
    stream: Box<dyn Wire>,
    uri: Uri,
    otherwise: ErrorCode,
    channel: Channel,
) -> Result<(Socket, Channel), ErrorCode> {
    let request = ClientRequestBuilder::new(uri).with_sub_protocol(SUBPROTOCOL);
    match client_async_with_config(request, stream, Some(codec::client_config())).await {
        Ok((socket, _)) => Ok((socket, channel)),
        // A server that is busy or on its way up, or a line that broke.
        Err(Error::Http(response)) if response.status().is_server_error() || response.status() == 429 => {
            Err(ErrorCode::Unreachable)
        }
        Err(Error::Io(_) | Error::ConnectionClosed | Error::AlreadyClosed) => Err(ErrorCode::Unreachable),
        Err(Error::Protocol(tokio_tungstenite::tungstenite::error::ProtocolError::HandshakeIncomplete)) => {
            Err(ErrorCode::Unreachable)
        }
        // Something answers there, but not Earshot.
        Err(_) => Err(otherwise),
    }
}

/// Starts the attempts [`STAGGER`] apart, or at once when an earlier one has failed. The first to succeed wins, the
/// others are dropped; if none does, the most telling code is the answer.
async fn race(attempts: Vec<Attempt<'_>>, deadline: Instant) -> Result<Dialled, ErrorCode> {
    let mut waiting = attempts.into_iter();
    let mut running = FuturesUnordered::new();
    let mut code = ErrorCode::Unreachable;
    loop {
        if running.is_empty() {
            match waiting.next() {
                Some(attempt) => running.push(attempt),
                None => return Err(code),
            }
        }
        tokio::select! {
            Some(result) = running.next() => match result {
                Ok(dialled) => return Ok(dialled),
                Err(failed) => {
                    if code == ErrorCode::Unreachable {
                        code = failed;
                    }
                    running.extend(waiting.next());
                }
            },
            () = sleep(STAGGER), if waiting.len() > 0 => running.extend(waiting.next()),
            () = sleep_until(deadline) => return Err(code),
        }
    }
}

/// One family after the other, beginning with the resolver's favourite (RFC 8305, section 4).
fn alternate(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = found.first().is_some_and(SocketAddr::is_ipv6);
    let (mut favourite, mut other): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    favourite.reverse();
    other.reverse();
    let mut all = Vec::new();
    while !favourite.is_empty() || !other.is_empty() {
        all.extend(favourite.pop());
        all.extend(other.pop());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_alternate() {
        let found = ["[2001:db8::1]:1", "[2001:db8::2]:1", "192.0.2.1:1", "[2001:db8::3]:1"];
        let order = alternate(found.map(|address| address.parse().unwrap()).to_vec());
        let order: Vec<_> = order.iter().map(ToString::to_string).collect();
        assert_eq!(order, ["[2001:db8::1]:1", "192.0.2.1:1", "[2001:db8::2]:1", "[2001:db8::3]:1"]);
    }
}
