//! Hubs that listen.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use earshot_hub::{Config, Visitor};
use earshot_identity::phrase::PhraseKey;
use earshot_identity::{DeviceKey, tls};
use earshot_protocol::{DeviceId, DeviceKind};
use earshot_signaling::{Greeting, HubHandle, Limits, Local, Target, hub_router, serve};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::{device, person, soon};

/// A router on a port of 127.0.0.1 until it is dropped.
#[derive(Debug)]
pub struct Served {
    /// Where.
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Served {
    /// Serves `router`, over TLS with a device's certificate or in plain.
    ///
    /// # Panics
    /// When there is no port to be had.
    pub async fn start(router: Router, key: Option<&DeviceKey>, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("the port's address");
        let tls = key.map(|key| tls::server_config(key).expect("a certificate"));
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            serve(listener, tls, router, limits, stopped).await.expect("a listener that works");
        });
        Self { address, stop: Some(stop), task }
    }

    /// Asks the server to end and waits until it has.
    ///
    /// # Panics
    /// When it takes too long.
    pub async fn stop(mut self) {
        self.stop.take();
        soon("the end of the server", &mut self.task).await.expect("an orderly end");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A hub on a port: one install's, or one for many.
#[derive(Debug)]
pub struct Office {
    /// The hub's device key.
    pub key: Arc<DeviceKey>,
    /// The hub.
    pub hub: HubHandle,
    /// Where it is.
    pub served: Served,
}

impl Office {
    /// A LAN hub over mutual TLS, as every install has one.
    pub async fn install() -> Self {
        let key = device();
        Self::start(Arc::clone(&key), Some(key.device_id()), true, Limits::default()).await
    }

    /// A hub for many, in plain.
    pub async fn server() -> Self {
        Self::start(device(), None, false, Limits::default()).await
    }

    /// A LAN hub of an office with a phrase.
    pub async fn with_phrase(phrase: watch::Receiver<Option<Arc<PhraseKey>>>) -> Self {
        let key = device();
        let greeting = Greeting { key: Arc::clone(&key), mutual: true, phrase };
        Self::greeting(greeting, Some(key.device_id()), Limits::default()).await
    }

    /// Any hub without a phrase.
    pub async fn start(key: Arc<DeviceKey>, owner: Option<DeviceId>, mutual: bool, limits: Limits) -> Self {
        Self::greeting(Greeting::without_phrase(key, mutual), owner, limits).await
    }

    /// Any hub.
    pub async fn greeting(greeting: Greeting, owner: Option<DeviceId>, limits: Limits) -> Self {
        let (key, mutual) = (Arc::clone(&greeting.key), greeting.mutual);
        let config = Config {
            hub: key.device_id(),
            addresses: Vec::new(),
            title: String::new(),
            owner,
            ice_servers: Vec::new(),
        };
        let hub = HubHandle::spawn(config);
        let router = hub_router(hub.clone(), greeting);
        let served = Served::start(router, mutual.then_some(&*key), limits).await;
        hub.set_addresses(vec![served.address.to_string()]).await;
        Self { key, hub, served }
    }

    /// The hub's device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.key.device_id()
    }

    /// How a link gets here straight.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target_at(self.served.address)
    }

    /// How a link gets here by another address.
    #[must_use]
    pub fn target_at(&self, address: SocketAddr) -> Target {
        Target::Device { device: self.device(), addresses: vec![address.to_string()] }
    }

    /// The URL of a hub for many.
    #[must_use]
    pub fn url(&self) -> Target {
        self.url_at(self.served.address)
    }

    /// As [`Self::url`], by another address.
    #[must_use]
    pub fn url_at(&self, address: SocketAddr) -> Target {
        Target::Url(format!("ws://{address}"))
    }

    /// The owner comes in.
    pub async fn owner(&self, name: &str) -> Local {
        let visitor = Visitor { device: self.device(), kind: DeviceKind::Install, person: person(name) };
        self.hub.attach(visitor).await
    }
}
