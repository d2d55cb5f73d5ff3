//! What a connection of `webview-rtc` is told by the other side: offers, answers, candidates, datagrams, in any order.
//! None of it may do more than be refused.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use webview_rtc::net::Found;
use webview_rtc::peer::{Output, Peer};
use webview_rtc::wire::{
    ChannelInit, Configuration, Direction, Fault, Kind, Reply, Request, SdpType, Transceiver,
};

const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 5000);
const THERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 5000);

/// Between the steps of an input; the first byte of each says what it is.
const NEXT: u8 = b'\x1e';
/// The most steps of an input.
const MAX_STEPS: usize = 12;

fn transceiver(line: Option<u16>, kind: Kind) -> Transceiver {
    let (streams, track, codecs) = (vec!["stream".to_owned()], format!("{kind:?}{line:?}"), Vec::new());
    Transceiver { line, kind, direction: Direction::Sendrecv, streams, track, codecs }
}

struct Line {
    peer: Peer,
    now: Instant,
    /// As the page knows them.
    transceivers: Vec<Transceiver>,
}

impl Line {
    fn ask(&mut self, request: Request) -> Result<Reply, Fault> {
        let reply = self.peer.request(self.now, request, &[]);
        self.drain();
        reply
    }

    fn drain(&mut self) {
        while let Some(output) = self.peer.poll() {
            if matches!(output, Output::Gather { .. }) {
                self.peer.found(self.now, Found::Host { address: HERE });
                self.peer.gathered(self.now);
            }
        }
    }

    fn wait(&mut self) {
        for _ in 0..4 {
            self.now = self.peer.deadline().clamp(self.now, self.now + Duration::from_millis(100));
            self.peer.timeout(self.now);
            self.drain();
        }
    }

    fn offered(&mut self, sdp: &str) {
        let Ok(Reply::Remote { media, .. }) =
            self.ask(Request::SetRemote { pc: 0, kind: SdpType::Offer, sdp: sdp.to_owned() })
        else {
            return;
        };
        self.transceivers = media.iter().map(|one| transceiver(Some(one.line), one.kind)).collect();
        let transceivers = self.transceivers.clone();
        // What was understood is answered.
        self.ask(Request::CreateAnswer { pc: 0, transceivers }).expect("an answer");
        self.ask(Request::SetLocal { pc: 0, kind: SdpType::Answer }).expect("it was made");
    }

    /// `{0}` to `{9}` are the mids of our offer.
    fn answered(&mut self, sdp: &str, ice_restart: bool) {
        if self.transceivers.is_empty() {
            self.transceivers = [Kind::Audio, Kind::Video].map(|kind| transceiver(None, kind)).into();
        }
        let transceivers = self.transceivers.clone();
        let Ok(Reply::Description { sdp: offer, lines }) =
            self.ask(Request::CreateOffer { pc: 0, transceivers, ice_restart })
        else {
            return;
        };
        for (one, id) in self.transceivers.iter_mut().zip(lines) {
            one.line = id.map(|id| id.line);
        }
        self.ask(Request::SetLocal { pc: 0, kind: SdpType::Offer }).expect("it was made");
        let mut sdp = sdp.to_owned();
        for (at, mid) in offer.lines().filter_map(|line| line.strip_prefix("a=mid:")).take(10).enumerate() {
            sdp = sdp.replace(&format!("{{{at}}}"), mid);
        }
        if self.ask(Request::SetRemote { pc: 0, kind: SdpType::Answer, sdp }).is_err() {
            let _ = self.ask(Request::Rollback { pc: 0 });
            self.transceivers.clear();
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let now = Instant::now();
    let peer = Peer::new(now, &Configuration::default()).expect("a connection");
    let mut line = Line { peer, now, transceivers: Vec::new() };
    let channel = ChannelInit {
        key: 0,
        label: "channel".to_owned(),
        ordered: true,
        max_packet_life_time: None,
        max_retransmits: None,
        protocol: String::new(),
        negotiated: Some(0),
    };
    line.ask(Request::OpenChannel { pc: 0, channel }).expect("a channel");
    for step in data.split(|byte| *byte == NEXT).take(MAX_STEPS) {
        let Some((what, rest)) = step.split_first() else { continue };
        let text = std::str::from_utf8(rest);
        match (what, text) {
            (b'O', Ok(sdp)) => line.offered(sdp),
            (b'A', Ok(sdp)) => line.answered(sdp, false),
            (b'R', Ok(sdp)) => line.answered(sdp, true),
            (b'C', Ok(candidate)) => {
                let (candidate, ufrag) = (candidate.to_owned(), None);
                let _ = line.ask(Request::AddCandidate { pc: 0, candidate, mid: None, line: Some(0), ufrag });
            }
            (b'D', _) => {
                line.peer.datagram(line.now, HERE, THERE, rest);
                line.drain();
            }
            _ => line.wait(),
        }
    }
    line.wait();
    let _ = line.ask(Request::GetStats { pc: 0 });
    line.ask(Request::Close { pc: 0 }).expect("it was open");
});
