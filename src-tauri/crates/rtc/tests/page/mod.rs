//! A page: what a window's Worker says on its socket, said from here.
#![allow(dead_code, reason = "each test uses its part")]

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
pub(crate) use tokio_tungstenite::tungstenite::handshake::client::Request as Handshake;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use webview_rtc::frame::Header;
use webview_rtc::wire::{
    Configuration, Direction, Encoding, Event, Fault, FromPage, Kind, LineId, Pc, Priority, RemoteMedia,
    Reply, Request, SdpType, SourceOptions, ToPage, Transceiver,
};
use webview_rtc::{NoLocalNames, Options, Rtc};

pub(crate) const ORIGIN: &str = "tauri://localhost";

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) async fn start() -> Rtc {
    let options = Options { origins: vec![ORIGIN.to_owned()], names: Arc::new(NoLocalNames) };
    Rtc::start(options).await.expect("a port")
}

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Knocks with a handshake that `change` may have made wrong.
pub(crate) async fn knock(url: &str, change: impl FnOnce(&mut Handshake)) -> Result<Socket, Error> {
    let mut request = url.into_client_request().expect("a request");
    request.headers_mut().insert("Origin", HeaderValue::from_static(ORIGIN));
    change(&mut request);
    connect_async(request).await.map(|(socket, _)| socket)
}

/// A frame of media or a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) header: Header,
    pub(crate) payload: Vec<u8>,
}

pub(crate) struct Page {
    pub(crate) socket: Socket,
    next: u32,
    pub(crate) events: VecDeque<(Pc, Event)>,
    pub(crate) frames: VecDeque<Frame>,
}

impl Page {
    pub(crate) async fn open(rtc: &Rtc) -> Self {
        let socket = knock(&rtc.ticket().url, |_| {}).await.expect("to be let in");
        Self { socket, next: 1, events: VecDeque::new(), frames: VecDeque::new() }
    }

    /// Sends a request and gives its id.
    pub(crate) async fn say(&mut self, request: Request) -> u32 {
        let id = self.next;
        self.next += 1;
        let text = serde_json::to_string(&FromPage { id, request }).expect("JSON");
        self.socket.send(Message::text(text)).await.expect("to send");
        id
    }

    /// A request, and its answer; what happens meanwhile is kept.
    pub(crate) async fn ask(&mut self, request: Request) -> Result<Reply, Fault> {
        let id = self.say(request).await;
        self.answer(id).await
    }

    pub(crate) async fn answer(&mut self, wanted: u32) -> Result<Reply, Fault> {
        let end = Instant::now() + PATIENCE;
        loop {
            let told =
                timeout_at(end, self.read()).await.expect("an answer in time").expect("an open socket");
            match told {
                Some(ToPage::Reply { id, reply }) if id == wanted => return Ok(reply),
                Some(ToPage::Refused { id, fault, .. }) if id == wanted => return Err(fault),
                Some(other) => panic!("answered out of order: {other:?}"),
                None => {}
            }
        }
    }

    pub(crate) async fn done(&mut self, request: Request) {
        assert_eq!(self.ask(request).await, Ok(Reply::Done));
    }

    /// Reads one frame; an answer is given back, the rest is kept. Err: the socket is closed.
    pub(crate) async fn read(&mut self) -> Result<Option<ToPage>, ()> {
        match self.socket.next().await {
            Some(Ok(Message::Text(text))) => {
                match serde_json::from_str(&text).expect("what the page reads") {
                    ToPage::Event { pc, event } => self.events.push_back((pc, event)),
                    answer => return Ok(Some(answer)),
                }
            }
            Some(Ok(Message::Binary(bytes))) => {
                let (header, payload) = Header::read(&bytes).expect("a header");
                self.frames.push_back(Frame { header, payload: payload.to_vec() });
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(()),
            Some(Ok(_)) => {}
        }
        Ok(None)
    }

    /// Reads until `wanted` finds what it looks for; None when it does not in time.
    pub(crate) async fn until<T>(&mut self, mut wanted: impl FnMut(&mut Self) -> Option<T>) -> Option<T> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = wanted(self) {
                return Some(found);
            }
            match timeout_at(end, self.read()).await {
                Ok(Ok(_)) => {}
                _ => return None,
            }
        }
    }

    /// The first event of `pc` that `wanted` knows, taken out.
    pub(crate) async fn event<T>(
        &mut self,
        pc: Pc,
        mut wanted: impl FnMut(&Event) -> Option<T>,
    ) -> Option<T> {
        self.until(|page| {
            let at = page.events.iter().position(|(of, event)| *of == pc && wanted(event).is_some())?;
            page.events.remove(at).and_then(|(_, event)| wanted(&event))
        })
        .await
    }

    /// The first frame that `wanted` likes, taken out.
    pub(crate) async fn frame(&mut self, mut wanted: impl FnMut(&Frame) -> bool) -> Option<Frame> {
        self.until(|page| {
            let at = page.frames.iter().position(&mut wanted)?;
            page.frames.remove(at)
        })
        .await
    }

    pub(crate) async fn send_frame(&mut self, header: Header, payload: &[u8]) {
        self.socket.send(Message::binary(header.frame(payload))).await.expect("to send");
    }

    /// Whether the other side hangs up.
    pub(crate) async fn hung_up(&mut self) -> bool {
        timeout(PATIENCE, async { while self.read().await.is_ok() {} }).await.is_ok()
    }

    pub(crate) async fn open_connection(&mut self, pc: Pc) {
        self.done(Request::Open { pc, configuration: Configuration::default() }).await;
    }

    /// Takes the local candidates of `pc` that have come.
    pub(crate) fn candidates(&mut self, pc: Pc) -> Vec<String> {
        let mut taken = Vec::new();
        self.events.retain(|(of, event)| {
            let Event::Candidate { candidate } = event else { return true };
            if *of == pc {
                taken.extend(candidate.as_ref().map(|candidate| candidate.candidate.clone()));
            }
            *of != pc
        });
        taken
    }
}

pub(crate) fn transceiver(kind: Kind, line: Option<u16>, stream: &str) -> Transceiver {
    Transceiver {
        line,
        kind,
        direction: Direction::Sendrecv,
        streams: vec![stream.to_owned()],
        track: format!("track-{kind:?}").to_lowercase(),
        codecs: Vec::new(),
    }
}

pub(crate) fn description(reply: Result<Reply, Fault>) -> (String, Vec<Option<LineId>>) {
    match reply {
        Ok(Reply::Description { sdp, lines }) => (sdp, lines),
        other => panic!("no description: {other:?}"),
    }
}

pub(crate) fn remote(reply: Result<Reply, Fault>) -> Vec<RemoteMedia> {
    match reply {
        Ok(Reply::Remote { media, .. }) => media,
        other => panic!("not taken: {other:?}"),
    }
}

/// A microphone as it is.
pub(crate) const RAW_VOICE: SourceOptions = SourceOptions {
    echo_cancellation: false,
    noise_suppression: false,
    auto_gain_control: false,
    channels: 1,
    speech: true,
};

/// A tone of 440 Hz, as a page sends what it has captured; `frames` are counted at 48 kHz.
pub(crate) fn tone(frames: Range<u64>) -> Vec<u8> {
    let sample = |n: u64| (0.3 * (n as f64 * 440.0 * std::f64::consts::TAU / 48_000.0).sin()) as f32;
    frames.flat_map(|n| sample(n).to_le_bytes()).collect()
}

/// How a VP8 keyframe of 64 by 48 begins (RFC 6386, section 9.1).
pub(crate) const KEYFRAME_BEGINS: [u8; 10] = [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 64, 0, 48, 0];

pub(crate) fn sending(pc: Pc, line: u16, max_bitrate: u32) -> Request {
    let encoding = Encoding { active: true, max_bitrate: Some(max_bitrate), priority: Priority::Low };
    Request::SetSender { pc, line, sending: true, encoding, useful_bitrate: None }
}

/// Two pages with a connection each, of these numbers.
pub(crate) struct Pair {
    pub(crate) one: Page,
    pub(crate) two: Page,
    pub(crate) pcs: (Pc, Pc),
}

impl Pair {
    /// Two pages that have agreed on nothing yet.
    pub(crate) async fn open(rtc: &Rtc, pcs: (Pc, Pc)) -> Self {
        let (mut one, mut two) = (Page::open(rtc).await, Page::open(rtc).await);
        one.open_connection(pcs.0).await;
        two.open_connection(pcs.1).await;
        Self { one, two, pcs }
    }

    /// Offer and answer; voice and picture of stream `"one"` and `"two"` each way.
    pub(crate) async fn negotiate(&mut self) {
        let (a, b) = self.pcs;
        let transceivers = vec![transceiver(Kind::Audio, None, "one"), transceiver(Kind::Video, None, "one")];
        let offer = Request::CreateOffer { pc: a, transceivers, ice_restart: false };
        let (sdp, lines) = description(self.one.ask(offer).await);
        assert!(lines.iter().all(Option::is_some));
        self.one.done(Request::SetLocal { pc: a, kind: SdpType::Offer }).await;
        let media = remote(self.two.ask(Request::SetRemote { pc: b, kind: SdpType::Offer, sdp }).await);
        let transceivers =
            media.iter().map(|media| transceiver(media.kind, Some(media.line), "two")).collect();
        let (sdp, _) = description(self.two.ask(Request::CreateAnswer { pc: b, transceivers }).await);
        self.two.done(Request::SetLocal { pc: b, kind: SdpType::Answer }).await;
        remote(self.one.ask(Request::SetRemote { pc: a, kind: SdpType::Answer, sdp }).await);
    }

    /// Carries candidates until both are connected.
    pub(crate) async fn connect(&mut self) {
        let (a, b) = self.pcs;
        let end = Instant::now() + PATIENCE;
        let (mut up_a, mut up_b) = (false, false);
        while !(up_a && up_b) {
            for candidate in self.one.candidates(a) {
                add(&mut self.two, b, candidate).await;
            }
            for candidate in self.two.candidates(b) {
                add(&mut self.one, a, candidate).await;
            }
            up_a |= connected(&self.one, a);
            up_b |= connected(&self.two, b);
            if up_a && up_b {
                break;
            }
            let told = timeout_at(end, async {
                tokio::select! {
                    told = self.one.read() => told,
                    told = self.two.read() => told,
                }
            });
            told.await.expect("to connect in time").expect("open sockets");
        }
    }
}

async fn add(page: &mut Page, pc: Pc, candidate: String) {
    let line = Some(0);
    page.done(Request::AddCandidate { pc, candidate, mid: None, line, ufrag: None }).await;
}

fn connected(page: &Page, pc: Pc) -> bool {
    page.events.iter().any(|(of, event)| {
        *of == pc && matches!(event, Event::Dtls { state: webview_rtc::wire::DtlsState::Connected })
    })
}
