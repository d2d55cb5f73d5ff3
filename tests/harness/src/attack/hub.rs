//! The attacking hub: a signaling server around an honest `earshot-hub`, which lies at its door. It takes every hello
//! for true: nobody needs to prove anything to it.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use earshot_hub::Visitor;
use earshot_identity::DeviceKey;
use earshot_protocol::hub::Binding;
use earshot_protocol::{DeviceId, Event, FromHub, HubMessage, Nonce, SUBPROTOCOL, ToHub, VERSIONS};
use earshot_signaling::{HubHandle, Limits, Local, assets, serve};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::orders::{Act, Attack, Told};
use super::tamper::{Fate, Passing, Tamper};

/// What may wait for one person or for the page in the middle; a test sends far less.
const QUEUE: usize = 1024;

const PAGE: &str = include_str!("middle.html");
const SCRIPT: &str = include_str!("middle.js");

/// What `earshot-attacker hub` prints when it is ready, as one line of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ready {
    /// The port of the lying server, TLS.
    pub port: u16,
    /// The port on 127.0.0.1 of orders and of the page in the middle.
    pub control: u16,
    /// The device id of the hub.
    pub device: DeviceId,
}

struct Attacker {
    hub: HubHandle,
    title: String,
    tamper: Mutex<Tamper>,
    people: Mutex<HashMap<DeviceId, (String, mpsc::Sender<Event>)>>,
    middle: Mutex<Option<mpsc::Sender<Passing>>>,
}

/// Runs the hub at `listen` with an ordinary certificate, until the process ends.
///
/// # Errors
/// When a port cannot be had or the certificate cannot be used.
pub async fn run(
    listen: SocketAddr,
    certificate: &Path,
    key: &Path,
    ready: impl FnOnce(&Ready),
) -> io::Result<()> {
    let device = Arc::new(DeviceKey::generate().map_err(io::Error::other)?);
    let hub = HubHandle::spawn(earshot_hub::Config {
        hub: device.device_id(),
        addresses: Vec::new(),
        title: "Head office".to_owned(),
        owner: None,
        ice_servers: Vec::new(),
    });
    let attacker = Arc::new(Attacker {
        hub,
        title: "Head office".to_owned(),
        tamper: Mutex::new(Tamper::new(Arc::clone(&device))),
        people: Mutex::default(),
        middle: Mutex::default(),
    });
    let listener = TcpListener::bind(listen).await?;
    let control = TcpListener::bind("127.0.0.1:0").await?;
    let ports = Ready {
        port: listener.local_addr()?.port(),
        control: control.local_addr()?.port(),
        device: device.device_id(),
    };
    // Guests come to it as to any server, and get the product's own page.
    let surface = serde_json::json!({ "surface": "guest", "title": attacker.title });
    let public = Router::new()
        .route("/ws", any(visit))
        .with_state(Arc::clone(&attacker))
        .route("/surface.json", get(async || Json(surface)))
        .merge(assets::router());
    let orders = Router::new()
        .route("/", get(async || Html(PAGE)))
        .route("/middle.js", get(async || ([("content-type", "text/javascript")], SCRIPT)))
        .route("/middle", any(middle))
        .route("/attack", post(attack))
        .route("/act", post(act))
        .route("/told", get(told))
        .with_state(attacker);
    ready(&ports);
    let tls = Some(Arc::new(tls(certificate, key)?));
    let never = std::future::pending::<()>;
    tokio::try_join!(
        serve(listener, tls, public, Limits::default(), never()),
        serve(control, None, orders, Limits::default(), never()),
    )?;
    Ok(())
}

fn tls(certificate: &Path, key: &Path) -> io::Result<rustls::ServerConfig> {
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
        .map_err(io::Error::other)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn attack(State(attacker): State<Arc<Attacker>>, Json(attack): Json<Attack>) -> StatusCode {
    lock(&attacker.tamper).order(attack);
    StatusCode::NO_CONTENT
}

async fn act(State(attacker): State<Arc<Attacker>>, Json(act): Json<Act>) -> StatusCode {
    let passing = lock(&attacker.tamper).act(act);
    let Some(passing) = passing else { return StatusCode::CONFLICT };
    if attacker.pass(passing).await { StatusCode::NO_CONTENT } else { StatusCode::GONE }
}

async fn told(State(attacker): State<Arc<Attacker>>) -> Json<Told> {
    let mut told = lock(&attacker.tamper).told();
    told.people = lock(&attacker.people).iter().map(|(device, (name, _))| (*device, name.clone())).collect();
    Json(told)
}

async fn visit(State(attacker): State<Arc<Attacker>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .protocols([SUBPROTOCOL])
        .on_upgrade(async move |socket| {
            let _ = attacker.converse(socket).await;
        })
        .into_response()
}

async fn middle(State(attacker): State<Arc<Attacker>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |socket| attacker.stand_between(socket).await).into_response()
}

async fn say(socket: &mut WebSocket, text: String) -> bool {
    socket.send(Message::Text(text.into())).await.is_ok()
}

/// The next text; `None` when the other side has gone.
async fn hear(socket: &mut WebSocket) -> Option<String> {
    loop {
        match socket.recv().await {
            Some(Ok(Message::Text(text))) => return Some(text.to_string()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => {}
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
        }
    }
}

impl Attacker {
    /// One visitor, from the challenge to the end.
    async fn converse(&self, mut socket: WebSocket) -> Option<()> {
        let nonce = Nonce([7; 32]);
        let challenge = FromHub::Challenge {
            versions: VERSIONS.to_vec(),
            hub: self.hub.hub(),
            nonce,
            binding: Binding::TlsExporter,
            phrase: None,
        };
        say(&mut socket, text_of(&challenge)).await.then_some(())?;
        let ToHub::Hello(hello) = serde_json::from_str(&hear(&mut socket).await?).ok()? else { return None };
        let device = hello.key.device_id();
        let name = hello.person.name.clone();
        let visitor = Visitor { device, kind: hello.kind, person: hello.person };
        let local = self.hub.attach(visitor).await;
        let (aside, asides) = mpsc::channel(QUEUE);
        lock(&self.people).insert(device, (name, aside.clone()));
        self.carry(&mut socket, local, asides, device).await;
        let mut people = lock(&self.people);
        // One that came back meanwhile stays.
        if people.get(&device).is_some_and(|(_, latest)| latest.same_channel(&aside)) {
            people.remove(&device);
        }
        Some(())
    }

    async fn carry(
        &self,
        socket: &mut WebSocket,
        mut local: Local,
        mut asides: mpsc::Receiver<Event>,
        device: DeviceId,
    ) -> Option<()> {
        let mut last = 0;
        loop {
            let said = tokio::select! {
                said = local.next() => self.lies(device, said?).await,
                event = asides.recv() => vec![numbered(event?)],
                text = hear(socket) => {
                    let text = lock(&self.tamper).swap(device, text?);
                    match serde_json::from_str(&text).ok()? {
                        ToHub::Ping { .. } => vec![FromHub::Pong],
                        ToHub::Goodbye => return None,
                        message => {
                            local.say(message).await;
                            Vec::new()
                        }
                    }
                }
            };
            for mut message in said {
                if let FromHub::Message { seq, .. } = &mut message {
                    last += 1;
                    *seq = last;
                }
                let text = lock(&self.tamper).swap(device, text_of(&message));
                say(socket, text).await.then_some(())?;
            }
        }
    }

    /// What is said in place of what the hub has to say.
    async fn lies(&self, device: DeviceId, said: FromHub) -> Vec<FromHub> {
        let said = lock(&self.tamper).message(said);
        let fate = match said {
            FromHub::Message { message: HubMessage::Event { event }, .. } => {
                lock(&self.tamper).event(device, event)
            }
            other => return vec![other],
        };
        match fate {
            Fate::Said(events) => events.into_iter().map(numbered).collect(),
            Fate::Middle(passing) => {
                let middle = lock(&self.middle).clone();
                if let Some(middle) = middle {
                    let _ = middle.send(passing).await;
                }
                Vec::new()
            }
        }
    }

    /// The page in the middle hears every signal and says others in their place.
    async fn stand_between(&self, mut socket: WebSocket) {
        let (tell, mut told) = mpsc::channel(QUEUE);
        *lock(&self.middle) = Some(tell);
        loop {
            tokio::select! {
                passing = told.recv() => match passing {
                    Some(passing) => if !say(&mut socket, text_of(&passing)).await { return },
                    // Another page has taken this one's place.
                    None => return,
                },
                text = hear(&mut socket) => {
                    let Some(text) = text else { return };
                    let Ok(passing) = serde_json::from_str::<Passing>(&text) else { continue };
                    let passing = lock(&self.tamper).forge(self.hub.hub(), passing);
                    self.pass(passing).await;
                }
            }
        }
    }

    /// Says a signal to whom it is for.
    async fn pass(&self, passing: Passing) -> bool {
        let Passing { room, from, to, signal } = passing;
        let aside = lock(&self.people).get(&to).map(|(_, aside)| aside.clone());
        match aside {
            Some(aside) => aside.send(Event::Signal { room, from, signal }).await.is_ok(),
            None => false,
        }
    }
}

fn numbered(event: Event) -> FromHub {
    FromHub::Message { seq: 0, message: HubMessage::Event { event } }
}

fn text_of(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("our own types have a JSON form")
}
