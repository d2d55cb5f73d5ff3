//! A server in the middle: has a connection to a visitor and one of its own to a hub, and passes on what it likes.

use std::net::SocketAddr;
use std::sync::Arc;

use earshot_protocol::{FromHub, SUBPROTOCOL, ToHub};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};
use tokio_tungstenite::{accept_hdr_async, client_async};

use crate::raw::Wire;

/// What becomes of a message that passes.
pub type Alter<M> = Arc<dyn Fn(&mut M) + Send + Sync>;

/// How the hub is reached, and what is done to what is said.
#[derive(Clone)]
pub struct Course {
    /// The hub.
    pub address: SocketAddr,
    /// TLS towards the hub, and the name in its certificate.
    pub tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// The `Host` that is asked for.
    pub host: String,
    /// Done to what the hub says.
    pub from_hub: Alter<FromHub>,
    /// Done to what the visitor says.
    pub to_hub: Alter<ToHub>,
}

impl Course {
    /// To a hub without TLS, everything as it is.
    #[must_use]
    pub fn to(address: SocketAddr, host: &str) -> Self {
        let host = host.to_owned();
        Self { address, tls: None, host, from_hub: Arc::new(|_| {}), to_hub: Arc::new(|_| {}) }
    }
}

/// Listens at a port of 127.0.0.1 until it is dropped.
#[derive(Debug)]
pub struct Relay {
    /// Where.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Relay {
    /// Waits for visitors, over TLS with this certificate or in plain.
    ///
    /// # Panics
    /// When there is no port to be had.
    pub async fn start(tls: Option<Arc<rustls::ServerConfig>>, course: Course) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("the port's address");
        let task = tokio::spawn(async move {
            let mut visits = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let (tls, course) = (tls.clone(), course.clone());
                visits.spawn(async move {
                    let near: Box<dyn Wire> = match tls {
                        Some(tls) => Box::new(TlsAcceptor::from(tls).accept(near).await.ok()?),
                        None => Box::new(near),
                    };
                    pass(near, course).await
                });
            }
        });
        Self { address, task }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// `None`: over, for whatever reason; both sides see it.
async fn pass(near: Box<dyn Wire>, course: Course) -> Option<()> {
    let far = TcpStream::connect(course.address).await.ok()?;
    let far: Box<dyn Wire> = match course.tls {
        Some((config, name)) => Box::new(TlsConnector::from(config).connect(name, far).await.ok()?),
        None => Box::new(far),
    };
    let uri = format!("ws://{}/ws", course.host).parse().ok()?;
    let request = ClientRequestBuilder::new(uri).with_sub_protocol(SUBPROTOCOL);
    let (far, _) = client_async(request, far).await.ok()?;
    #[expect(clippy::result_large_err, reason = "the signature is the library's")]
    let name_it = |_: &Request, mut response: Response| {
        response.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().expect("a header"));
        Ok(response)
    };
    let near = accept_hdr_async(near, name_it).await.ok()?;
    let ((to_near, from_near), (to_far, from_far)) = (near.split(), far.split());
    tokio::select! {
        () = carry(from_near, to_far, course.to_hub) => {}
        () = carry(from_far, to_near, course.from_hub) => {}
    }
    Some(())
}

async fn carry<M: Serialize + DeserializeOwned, E>(
    mut from: impl Stream<Item = Result<Message, E>> + Unpin,
    mut to: impl Sink<Message> + Unpin,
    alter: Alter<M>,
) {
    while let Some(Ok(message)) = from.next().await {
        let message = match message {
            Message::Text(text) => match serde_json::from_str::<M>(&text) {
                Ok(mut said) => {
                    alter(&mut said);
                    Message::text(serde_json::to_string(&said).expect("our own types have a JSON form"))
                }
                Err(_) => Message::Text(text),
            },
            other => other,
        };
        if to.send(message).await.is_err() {
            return;
        }
    }
    let _ = to.close().await;
}
