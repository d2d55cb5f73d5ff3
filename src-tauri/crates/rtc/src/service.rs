//! The door: a loopback listener that lets in who holds a ticket, once, from the right origin.
//!
//! What comes in is a WebSocket handshake (RFC 6455) with a ticket's path, an allowed `Origin`, this very `Host` and
//! no subprotocol. Anything else gets a 403 and nothing more. A ticket that was shown is used up, whatever else was
//! wrong: who has it and does not belong here has got hold of another's.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::frame::HEADER_BYTES;
use crate::net::Interfaces;
use crate::session;
use crate::wire::MAX_BINARY_BYTES;

/// How long a ticket lets in.
const TICKET_LIFE: Duration = Duration::from_secs(10);

/// Tickets that wait; one more makes the oldest void.
const MAX_TICKETS: usize = 16;

/// From the connection to the end of the handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(3);

/// Handshakes at once; more are hung up on.
const MAX_HANDSHAKES: usize = 32;

/// Pages at once; one more is hung up on.
const MAX_SESSIONS: usize = 16;

/// What sessions have for their farewells when the service ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// tungstenite reads in pieces of this size; its default of 128 KiB costs as much per socket.
const READ_BUFFER_BYTES: usize = 32 * 1024;

/// What the system keeps for a page that is slow to read. Without a bound it would grow to megabytes, and pictures
/// with it to seconds of age.
const SEND_BUFFER_BYTES: usize = 256 * 1024;

/// Small frames travel together up to this size.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;

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

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Options").field("origins", &self.origins).finish_non_exhaustive()
    }
}

/// Lets one page in, once, within 10 s.
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
    door: Arc<Door>,
    /// Closed by the drop: the task takes leave of everyone and ends.
    _stop: watch::Sender<()>,
}

impl Rtc {
    /// Listens on a free port of 127.0.0.1, in a task of the current Tokio runtime.
    ///
    /// # Errors
    /// [`StartError`]
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let door = Arc::new(Door {
            host: address.to_string(),
            origins: options.origins,
            tickets: Mutex::default(),
            handshakes: Semaphore::new(MAX_HANDSHAKES),
            sessions: Arc::new(Semaphore::new(MAX_SESSIONS)),
            names: options.names,
            interfaces: Interfaces::default(),
        });
        let (stop, stopped) = watch::channel(());
        tokio::spawn(receive(listener, Arc::clone(&door), stopped));
        Ok(Self { address, door, _stop: stop })
    }

    /// Where it listens; for the page's policy (`connect-src`).
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new ticket for the page that asks.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        Ticket { url: format!("ws://{}/{}", self.address, self.door.issue(Instant::now())) }
    }
}

/// What those who come are asked for.
struct Door {
    host: String,
    origins: Vec<String>,
    tickets: Mutex<VecDeque<(String, Instant)>>,
    handshakes: Semaphore,
    sessions: Arc<Semaphore>,
    names: Arc<dyn LocalNames>,
    interfaces: Interfaces,
}

impl fmt::Debug for Door {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Door")
    }
}

impl Door {
    /// A path of 256 random bits. Without randomness it is one that lets nobody in.
    fn issue(&self, now: Instant) -> String {
        let mut random = [0_u8; 32];
        if aws_lc_rs::rand::fill(&mut random).is_err() {
            return String::new();
        }
        let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        if tickets.len() == MAX_TICKETS {
            tickets.pop_front();
        }
        tickets.push_back((token.clone(), now));
        token
    }

    /// Takes the ticket back; false when there is none such, or it is too old.
    fn redeem(&self, token: &str, now: Instant) -> bool {
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.retain(|(_, issued)| now.saturating_duration_since(*issued) <= TICKET_LIFE);
        let same =
            |(known, _): &(String, _)| verify_slices_are_equal(known.as_bytes(), token.as_bytes()).is_ok();
        tickets.iter().position(same).and_then(|at| tickets.remove(at)).is_some()
    }

    fn admits(&self, request: &Request) -> bool {
        let token = request.uri().path().strip_prefix('/').unwrap_or_default();
        let has_ticket = self.redeem(token, Instant::now());
        let only = |name: header::HeaderName| {
            let mut values = request.headers().get_all(name).iter();
            match (values.next(), values.next()) {
                (Some(value), None) => value.to_str().ok(),
                _ => None,
            }
        };
        let from_page =
            only(header::ORIGIN).is_some_and(|origin| self.origins.iter().any(|known| known == origin));
        has_ticket
            && from_page
            && only(header::HOST) == Some(&self.host)
            && request.uri().query().is_none()
            && !request.headers().contains_key(header::SEC_WEBSOCKET_PROTOCOL)
    }
}

/// Lets in until the service is dropped.
async fn receive(listener: TcpListener, door: Arc<Door>, mut stopped: watch::Receiver<()>) {
    let mut visits = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if visits.len() < MAX_HANDSHAKES + MAX_SESSIONS => {
                    visits.spawn(visit(stream, Arc::clone(&door), stopped.clone()));
                }
                Ok(_) => tracing::debug!("too many at the door"),
                Err(error) => {
                    // No more descriptors, as a rule: they come back.
                    tracing::debug!(%error, "accepting failed");
                    sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = visits.join_next() => {}
        }
    }
    drop(listener);
    let _ = timeout(FAREWELL, async { while visits.join_next().await.is_some() {} }).await;
}

/// One connection: the handshake, then the session to its end.
async fn visit(stream: TcpStream, door: Arc<Door>, stopped: watch::Receiver<()>) {
    let Ok(handshake) = door.handshakes.try_acquire() else { return };
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES);
    // Room for the larger kind of frame; the session looks after the smaller one.
    let most = MAX_BINARY_BYTES + HEADER_BYTES;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_frame_size(Some(most))
        .max_message_size(Some(most));
    #[expect(clippy::result_large_err, reason = "tungstenite's signature")]
    let check = |request: &Request, response: Response| {
        if door.admits(request) {
            return Ok(response);
        }
        let mut refusal = ErrorResponse::new(None);
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        Err(refusal)
    };
    let socket = timeout(HANDSHAKE_TIMEOUT, accept_hdr_async_with_config(stream, check, Some(config))).await;
    drop(handshake);
    let Ok(Ok(socket)) = socket else {
        tracing::debug!("somebody without a ticket was refused");
        return;
    };
    let Ok(_place) = Arc::clone(&door.sessions).try_acquire_owned() else { return };
    Box::pin(session::run(socket, Arc::clone(&door.names), door.interfaces.clone(), stopped)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> Door {
        Door {
            host: "127.0.0.1:4000".to_owned(),
            origins: vec!["tauri://localhost".to_owned()],
            tickets: Mutex::default(),
            handshakes: Semaphore::new(1),
            sessions: Arc::new(Semaphore::new(1)),
            names: Arc::new(NoLocalNames),
            interfaces: Interfaces::default(),
        }
    }

    #[test]
    fn a_ticket_is_good_once_and_for_ten_seconds() {
        let (door, now) = (door(), Instant::now());
        let token = door.issue(now);
        assert_eq!(token.len(), 64);
        assert!(!door.redeem("", now));
        assert!(!door.redeem(&token[1..], now));
        assert!(door.redeem(&token, now + TICKET_LIFE));
        assert!(!door.redeem(&token, now));
        let late = door.issue(now);
        assert!(!door.redeem(&late, now + TICKET_LIFE + Duration::from_millis(1)));
    }

    #[test]
    fn only_the_newest_tickets_are_kept() {
        let (door, now) = (door(), Instant::now());
        let tokens: Vec<String> = (0..=MAX_TICKETS).map(|_| door.issue(now)).collect();
        assert!(!door.redeem(&tokens[0], now));
        assert!(tokens[1..].iter().all(|token| door.redeem(token, now)));
    }
}
