//! `earshot-server`: the same hub as in every install, for many, without a window.
//!
//! One program, one port: `/ws` is the hub, `/` the UI as a web page for guests, `/healthz` and `/metrics` are for those
//! who run it. It holds no media and no history; who is not connected is not known. The rooms that are open it finds again
//! after a restart.
//!
//! Absent on purpose: accounts. Whoever reaches the port may come in; who may reach it is decided by the network, or by
//! the proxy in front.

mod config;
mod hosts;
mod options;
mod rooms;
mod routes;
mod tls;
mod turn;

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use earshot_identity::{DeviceKey, IdentityError};
use earshot_protocol::{DeviceId, ErrorCode};
use earshot_signaling::link::ServerUrl;
use earshot_signaling::{HubHandle, Limits, serve};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tracing::{info, warn};

pub use config::{ConfigError, FileConfig, IceEntry};
pub use options::Options;

use hosts::Hosts;
use rooms::Keeping;

/// The name of the key file in the data directory.
const KEY_FILE: &str = "device-key.pem";

/// Why the server does not start. Each says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Neither TLS nor a proxy, and the address is reached from other machines.
    #[error(
        "{0} is reached from other machines, and without TLS everybody on the way could read along. Give --tls-cert \
         and --tls-key; or, with a proxy in front that does TLS, --behind-proxy; or, to try it on this machine, \
         --listen 127.0.0.1:7447."
    )]
    PlainToOthers(SocketAddr),
    /// No data directory was given and the system has none.
    #[error("no place for the server's key was found: give --data-dir")]
    NoDataDirectory,
    /// The configuration file.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The server's own key.
    #[error("the server's key: {0}")]
    Key(#[from] IdentityError),
    /// Certificate or private key.
    #[error("{path}: {reason}", path = path.display())]
    Tls {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The public URL.
    #[error("--public-url: {0}; it looks like wss://calls.example.com")]
    PublicUrl(ErrorCode),
    /// The address could not be had.
    #[error("cannot listen at {0}: {1}")]
    Listen(SocketAddr, io::Error),
}

/// What is printed when the server is ready, as one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// Where the UI is, as seen from this machine.
    pub url: String,
    /// The port that is listened at.
    pub port: u16,
    /// The server's device id.
    pub device: DeviceId,
}

/// A server that listens, but does not serve yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    reloading: Option<Reloading>,
    hub: HubHandle,
    keeping: Keeping,
    router: axum::Router,
    limits: Limits,
    ready: Ready,
}

/// Ends the task that reads a new certificate.
#[derive(Debug)]
struct Reloading(JoinHandle<()>);

impl Drop for Reloading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Server {
    /// Reads key, certificate and configuration, and listens. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`StartError`], with what to do about it.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let file = match &options.config {
            Some(path) => FileConfig::read(path)?,
            None => FileConfig::default(),
        };
        let address = options.listen.or(file.listen).unwrap_or(options::DEFAULT_LISTEN);
        let certificate = options.tls_cert.zip(options.tls_key);
        if certificate.is_none() && !options.behind_proxy && !address.ip().to_canonical().is_loopback() {
            return Err(StartError::PlainToOthers(address));
        }
        let public_url = options.public_url.or(file.public_url);
        let public_url =
            public_url.map(|url| ServerUrl::parse(&url).map_err(StartError::PublicUrl)).transpose()?;
        let data = options.data_dir.or_else(options::default_data_dir).ok_or(StartError::NoDataDirectory)?;
        let key = Arc::new(DeviceKey::load_or_create(data.join(KEY_FILE))?);
        let (tls, hosts, reloading) = match certificate {
            Some((certificate, private)) => {
                let tls = tls::load(certificate, private)?;
                (Some(tls.config), Hosts::Proven(tls.current), Some(Reloading(tls.task)))
            }
            None => (None, without_certificate(options.behind_proxy, public_url.as_ref()), None),
        };
        let listener =
            TcpListener::bind(address).await.map_err(|error| StartError::Listen(address, error))?;
        let port = listener.local_addr().map_err(|error| StartError::Listen(address, error))?.port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let ready = Ready {
            url: format!("{scheme}://{}/", SocketAddr::new(from_here(address.ip()), port)),
            port,
            device: key.device_id(),
        };
        let (ice_servers, turn) = turn::split(file.ice_servers);
        let title = options.title.or(file.title).unwrap_or_default();
        let config = earshot_hub::Config {
            hub: key.device_id(),
            addresses: public_url.map(|url| url.uri().to_string()).into_iter().collect(),
            title: title.clone(),
            owner: None,
            ice_servers,
        };
        let kept_in = data.join(rooms::ROOMS_FILE);
        let (hub, kept) = HubHandle::spawn_keeping(config, rooms::read(&kept_in));
        let keeping = Keeping::start(kept_in, kept);
        let router = routes::router(hub.clone(), key, &title, turn, hosts);
        let limits = Limits { trust_forwarded: options.behind_proxy, ..Limits::default() };
        info!(port, tls = tls.is_some(), behind_proxy = options.behind_proxy, "listening");
        Ok(Self { listener, tls, reloading, hub, keeping, router, limits, ready })
    }

    /// Where the server is.
    #[must_use]
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Serves until `shutdown` is done; then everybody is told, and open connections have three seconds to end.
    ///
    /// # Errors
    /// When the listener is broken.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let Self { listener, tls, reloading, hub, keeping, router, limits, .. } = self;
        let ended = async {
            shutdown.await;
            info!("shutting down");
            hub.shutdown().await;
        };
        let served = serve(listener, tls, router, limits, ended).await;
        drop(reloading);
        keeping.finish().await;
        served
    }
}

/// The names of a server that does not end TLS itself.
fn without_certificate(behind_proxy: bool, public_url: Option<&ServerUrl>) -> Hosts {
    match public_url {
        _ if !behind_proxy => Hosts::ThisMachine,
        Some(url) => Hosts::One(url.host().to_owned()),
        None => {
            warn!(
                "without --public-url the server does not know its own name: it must be the proxy that lets no other \
                 name through, or a server in the middle could come in as somebody else"
            );
            Hosts::Any
        }
    }
}

/// The address under which this machine reaches its own listener.
fn from_here(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}
