//! The UI on this machine: for a machine without a display, for a webview that cannot call, for tests.
//!
//! Every request is checked for Host, Origin and Sec-Fetch-Site first, all but `/open` and `/raise` for the session's
//! cookie, and what is more than a file also for the page's key. See [`crate::session`] for what that keeps out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use earshot_protocol::limits::MAX_MESSAGE_BYTES;
use earshot_protocol::{ErrorCode, FromNode, SUBPROTOCOL};
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::core::Input;
use crate::link::link;
use crate::random;
use crate::received::Received;
use crate::session::{Denied, Sessions};
use crate::window::Window;

/// A browser that takes longer to read one message is cut off.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// What `/surface.json` answers: the page learns what it is part of.
const SURFACE: &str = r#"{"surface":"loopback"}"#;

const NO_SESSION: &str = "<!doctype html><meta charset=utf-8><title>Earshot</title>\
<p>This address has been used. Open Earshot again to get a fresh one.\
<p>这个地址已经用过了。请重新打开 Earshot 以获取新的地址。";

/// The loopback UI's side of the node.
#[derive(Clone)]
pub(crate) struct Loopback {
    sessions: Arc<Mutex<Sessions>>,
    started: Instant,
    secret: Arc<str>,
    core: mpsc::Sender<Input>,
    received: Received,
}

#[derive(Deserialize)]
struct OpenQuery {
    key: String,
}

impl Loopback {
    pub(crate) fn new(port: u16, core: mpsc::Sender<Input>, received: Received) -> Self {
        Self {
            sessions: Arc::new(Mutex::new(Sessions::new(port))),
            started: Instant::now(),
            secret: random::text().into(),
            core,
            received,
        }
    }

    /// What a second start of the program shows to be let in.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// A fresh address, good for one opening.
    pub(crate) fn url(&self) -> String {
        let now = self.now();
        self.with_sessions(|sessions| sessions.url(now))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn with_sessions<T>(&self, then: impl FnOnce(&mut Sessions) -> T) -> T {
        // No code that holds the lock can panic half-way through a change.
        then(&mut self.sessions.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn router(self) -> Router {
        let keyed = Router::new()
            .route("/surface.json", get(|| async { ([(header::CONTENT_TYPE, "application/json")], SURFACE) }))
            .route("/ui/ws", get(upgrade))
            .with_state(self.clone())
            .merge(self.received.clone().router())
            .layer(middleware::from_fn_with_state(self.clone(), need_page_key));
        let files = earshot_signaling::assets::router()
            .layer(middleware::from_fn_with_state(self.clone(), need_cookie));
        Router::new()
            .route("/open", get(open))
            .route("/raise", post(raise))
            .with_state(self.clone())
            .merge(keyed)
            .fallback_service(files)
            .layer(middleware::from_fn_with_state(self, need_own_page))
    }
}

async fn need_own_page(State(loopback): State<Loopback>, request: Request, next: Next) -> Response {
    match loopback.with_sessions(|sessions| sessions.check_page(request.headers())) {
        Ok(()) => next.run(request).await,
        Err(denied) => refuse(denied),
    }
}

async fn need_cookie(State(loopback): State<Loopback>, request: Request, next: Next) -> Response {
    match loopback.with_sessions(|sessions| sessions.check_cookie(request.headers())) {
        Ok(()) => next.run(request).await,
        Err(denied) => refuse(denied),
    }
}

async fn need_page_key(State(loopback): State<Loopback>, request: Request, next: Next) -> Response {
    match loopback.with_sessions(|sessions| sessions.check_page_key(request.headers())) {
        Ok(()) => next.run(request).await,
        Err(denied) => refuse(denied),
    }
}

fn refuse(denied: Denied) -> Response {
    let body = match denied {
        Denied::Foreign => "",
        Denied::NoSession => NO_SESSION,
    };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ];
    (StatusCode::FORBIDDEN, headers, body).into_response()
}

/// Turns a one-time key into the session's cookie and the page's key.
async fn open(State(loopback): State<Loopback>, Query(query): Query<OpenQuery>) -> Response {
    let now = loopback.now();
    match loopback.with_sessions(|sessions| sessions.open(&query.key, now)) {
        Ok(opened) => {
            let page = format!("/#{}", opened.page_key);
            let headers = [
                (header::SET_COOKIE, opened.cookie.as_str()),
                (header::LOCATION, page.as_str()),
                (header::CACHE_CONTROL, "no-store"),
                // The key is spent, but it need not be in anybody's log either.
                (header::REFERRER_POLICY, "no-referrer"),
            ];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Err(denied) => refuse(denied),
    }
}

/// A second start of the program: brings the window up, and answers with a fresh address.
async fn raise(State(loopback): State<Loopback>, headers: HeaderMap, body: Bytes) -> Response {
    let shown = headers.get("x-earshot-secret").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !random::same(shown, &loopback.secret) {
        return refuse(Denied::Foreign);
    }
    // What is no link is as good as none.
    let link = std::str::from_utf8(&body).ok().and_then(|text| link(text).ok());
    if loopback.core.send(Input::Raise(link)).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    (StatusCode::OK, Body::from(loopback.url())).into_response()
}

async fn upgrade(State(loopback): State<Loopback>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .protocols([SUBPROTOCOL])
        .max_message_size(MAX_MESSAGE_BYTES as usize)
        .max_frame_size(MAX_MESSAGE_BYTES as usize)
        .on_upgrade(move |socket| run(socket, loopback.core))
}

/// Carries one tab's words to the core and back until either has enough.
async fn run(socket: WebSocket, core: mpsc::Sender<Input>) {
    let (mut sink, mut stream) = socket.split();
    let window = match Window::attach(&core).await {
        Ok(window) => window,
        Err(code) => {
            let _ = sink.send(text(&FromNode::Refused { code })).await;
            return;
        }
    };
    let (sender, mut receiver) = window.split();
    let (refused, mut refusals) = mpsc::channel(1);
    let writer = async {
        loop {
            let (message, last) = tokio::select! {
                message = receiver.next() => match message {
                    Some(message) => (message, false),
                    // Detached by the node: the tab was too slow, or the node ends.
                    None => (FromNode::Refused { code: ErrorCode::SlowReader }, true),
                },
                code = refusals.recv() => match code {
                    Some(code) => (FromNode::Refused { code }, true),
                    None => return,
                },
            };
            let sent = tokio::time::timeout(WRITE_TIMEOUT, sink.send(text(&message))).await;
            if last || !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
    };
    let reader = async {
        while let Some(Ok(message)) = stream.next().await {
            let text = match message {
                Message::Text(text) => text,
                Message::Ping(_) | Message::Pong(_) => continue,
                Message::Binary(_) => {
                    // The writer may have ended.
                    let _ = refused.send(ErrorCode::Malformed).await;
                    return std::future::pending().await;
                }
                Message::Close(_) => return,
            };
            match serde_json::from_str(&text) {
                Ok(said) => {
                    if !sender.say(said).await {
                        return;
                    }
                }
                Err(_) => {
                    // The writer may have ended.
                    let _ = refused.send(ErrorCode::Malformed).await;
                    return std::future::pending().await;
                }
            }
        }
    };
    tokio::select! {
        () = writer => {}
        () = reader => {}
    }
}

fn text(message: &FromNode) -> Message {
    // Every message is made of texts, numbers and lists: it always has a JSON form.
    Message::Text(serde_json::to_string(message).unwrap_or_default().into())
}
