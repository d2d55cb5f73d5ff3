//! Two connections on virtual time, and the network between them: delay, loss, reordering, duplicates, a narrow line
//! with a queue. Seeded: the same every time, but for the engine's own random numbers.

#![allow(dead_code, reason = "each test uses its part")]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use webview_rtc::net::Found;
use webview_rtc::peer::{Output, Peer, Picture};
use webview_rtc::sound::SoundPacket;
use webview_rtc::wire::{
    ChannelInit, ChannelKey, Codec, Configuration, Direction, DtlsState, Encoding, Event, Fault, IceState,
    Kind, Line, LocalCandidate, Priority, Reply, Request, SdpType, Transceiver,
};

pub(crate) const A: usize = 0;
pub(crate) const B: usize = 1;
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// One way of the network.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) delay: Duration,
    pub(crate) jitter: Duration,
    /// 0 to 1
    pub(crate) loss: f64,
    pub(crate) twice: f64,
    /// bit/s
    pub(crate) rate: Option<u64>,
    /// The line's queue takes so much.
    pub(crate) queue: Duration,
    free: Option<Instant>,
}

impl Default for Way {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(5),
            jitter: Duration::ZERO,
            loss: 0.0,
            twice: 0.0,
            rate: None,
            queue: Duration::from_millis(300),
            free: None,
        }
    }
}

pub(crate) struct End {
    pub(crate) peer: Peer,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) events: Vec<(Duration, Event)>,
    pub(crate) pictures: Vec<(Duration, Picture)>,
    pub(crate) sounds: Vec<(Duration, Line, SoundPacket)>,
    pub(crate) data: Vec<(ChannelKey, bool, Vec<u8>)>,
    pub(crate) losses: Vec<(Line, f32)>,
    pub(crate) resolves: Vec<String>,
    pub(crate) gathers: Vec<bool>,
    pub(crate) ended: bool,
    /// Candidates of the other side that wait for its description.
    pub(crate) candidates: Vec<LocalCandidate>,
    pub(crate) coders: BTreeMap<Line, Coder>,
    pub(crate) bytes_sent: u64,
}

/// A camera and its coder: pictures of the target's size, a keyframe when wanted.
#[derive(Debug, Clone)]
pub(crate) struct Coder {
    pub(crate) codec: u8,
    pub(crate) target: u32,
    pub(crate) most: u32,
    pub(crate) count: u32,
    pub(crate) keyframes: u32,
    pub(crate) wants_keyframe: bool,
    pub(crate) next: Duration,
}

/// To whom, from where, to where, what.
type Datagram = (usize, SocketAddr, SocketAddr, Vec<u8>);

pub(crate) struct Office {
    pub(crate) start: Instant,
    pub(crate) now: Instant,
    pub(crate) ends: [End; 2],
    /// From A, from B.
    pub(crate) ways: [Way; 2],
    flying: BTreeMap<(Instant, u64), Datagram>,
    count: u64,
    random: u64,
    /// Lines that carry a voice, of both ends.
    pub(crate) voices: Vec<Line>,
    next_voice: Duration,
    voice_count: u32,
    /// Candidates go over by themselves.
    pub(crate) trickle: bool,
}

pub(crate) fn codec(mime_type: &str) -> Codec {
    let (clock_rate, channels) = if mime_type == "audio/opus" { (48_000, Some(2)) } else { (90_000, None) };
    let sdp_fmtp_line = (mime_type == "video/H264")
        .then(|| "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f".to_owned());
    Codec { mime_type: mime_type.to_owned(), clock_rate, channels, sdp_fmtp_line }
}

pub(crate) fn transceiver(line: Option<Line>, kind: Kind, direction: Direction) -> Transceiver {
    Transceiver {
        line,
        kind,
        direction,
        streams: vec!["stream".to_owned()],
        track: format!("track-{kind:?}").to_lowercase(),
        codecs: Vec::new(),
    }
}

/// The four lanes of a call.
pub(crate) const LANES: [Kind; 4] = [Kind::Audio, Kind::Video, Kind::Video, Kind::Audio];

pub(crate) fn lanes(lines: bool) -> Vec<Transceiver> {
    let lane = |(at, kind)| Transceiver {
        streams: vec![if at < 2 { "media" } else { "screen" }.to_owned()],
        track: format!("track-{at}"),
        ..transceiver(lines.then_some(at as Line), kind, Direction::Sendrecv)
    };
    LANES.into_iter().enumerate().map(lane).collect()
}

pub(crate) fn channel(key: ChannelKey, negotiated: Option<u16>) -> ChannelInit {
    ChannelInit {
        key,
        label: format!("channel {key}"),
        ordered: true,
        max_packet_life_time: None,
        max_retransmits: None,
        protocol: String::new(),
        negotiated,
    }
}

pub(crate) fn sdp_of(reply: Reply) -> String {
    let Reply::Description { sdp, .. } = reply else { panic!("no description: {reply:?}") };
    sdp
}

impl End {
    fn new(now: Instant, address: SocketAddr) -> Self {
        Self {
            peer: Peer::new(now, &Configuration::default()).expect("a configuration"),
            addresses: vec![address],
            events: Vec::new(),
            pictures: Vec::new(),
            sounds: Vec::new(),
            data: Vec::new(),
            losses: Vec::new(),
            resolves: Vec::new(),
            gathers: Vec::new(),
            ended: false,
            candidates: Vec::new(),
            coders: BTreeMap::new(),
            bytes_sent: 0,
        }
    }

    pub(crate) fn ice(&self) -> Option<IceState> {
        self.events.iter().rev().find_map(|(_, event)| match event {
            Event::Ice { state } => Some(*state),
            _ => None,
        })
    }

    pub(crate) fn dtls(&self) -> Option<DtlsState> {
        self.events.iter().rev().find_map(|(_, event)| match event {
            Event::Dtls { state } => Some(*state),
            _ => None,
        })
    }

    pub(crate) fn target(&self, of: Line) -> Option<u32> {
        self.events.iter().rev().find_map(|(_, event)| match event {
            Event::Target { line, bitrate } if *line == of => Some(*bitrate),
            _ => None,
        })
    }

    pub(crate) fn is_open(&self, key: ChannelKey) -> bool {
        self.events
            .iter()
            .any(|(_, event)| matches!(event, Event::ChannelOpen { channel, .. } if *channel == key))
    }

    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.ice(), Some(IceState::Connected | IceState::Completed))
            && self.dtls() == Some(DtlsState::Connected)
    }
}

impl Office {
    pub(crate) fn new(seed: u64) -> Self {
        let start = Instant::now();
        let end = |last| End::new(start, SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 168, 1, last)), 5000));
        Self {
            start,
            now: start,
            ends: [end(1), end(2)],
            ways: [Way::default(), Way::default()],
            flying: BTreeMap::new(),
            count: 0,
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            voices: Vec::new(),
            next_voice: Duration::ZERO,
            voice_count: 0,
            trickle: true,
        }
    }

    /// 0 to 1
    pub(crate) fn random(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    pub(crate) fn ask(&mut self, end: usize, request: Request) -> Result<Reply, Fault> {
        let reply = self.ends[end].peer.request(self.now, request, &[]);
        self.collect(end);
        reply
    }

    pub(crate) fn must(&mut self, end: usize, request: Request) -> Reply {
        self.ask(end, request).expect("the request is granted")
    }

    pub(crate) fn create_offer(
        &mut self,
        end: usize,
        transceivers: Vec<Transceiver>,
        ice_restart: bool,
    ) -> String {
        sdp_of(self.must(end, Request::CreateOffer { pc: 1, transceivers, ice_restart }))
    }

    pub(crate) fn create_answer(&mut self, end: usize, transceivers: Vec<Transceiver>) -> String {
        sdp_of(self.must(end, Request::CreateAnswer { pc: 1, transceivers }))
    }

    pub(crate) fn set_local(&mut self, end: usize, kind: SdpType) {
        self.must(end, Request::SetLocal { pc: 1, kind });
    }

    pub(crate) fn set_remote(&mut self, end: usize, kind: SdpType, sdp: &str) -> Reply {
        self.must(end, Request::SetRemote { pc: 1, kind, sdp: sdp.to_owned() })
    }

    /// Offer of `end`, answer of the other.
    pub(crate) fn negotiate(
        &mut self,
        end: usize,
        offered: Vec<Transceiver>,
        answered: Vec<Transceiver>,
        restart: bool,
    ) {
        let offer = self.create_offer(end, offered, restart);
        self.set_local(end, SdpType::Offer);
        self.set_remote(1 - end, SdpType::Offer, &offer);
        let answer = self.create_answer(1 - end, answered);
        self.set_local(1 - end, SdpType::Answer);
        self.set_remote(end, SdpType::Answer, &answer);
        self.trickle();
    }

    /// A call as the product makes it: four lanes, three channels.
    pub(crate) fn call(seed: u64) -> Self {
        let mut office = Self::new(seed);
        office.dial();
        office
    }

    pub(crate) fn dial(&mut self) {
        for end in [A, B] {
            for key in 0..3 {
                self.must(end, Request::OpenChannel { pc: 1, channel: channel(key, Some(key as u16)) });
            }
        }
        self.negotiate(A, lanes(false), lanes(true), false);
        for end in [A, B] {
            self.send(end, 1, Priority::High, 1_500_000);
        }
        self.voices = vec![0, 3];
        for end in [A, B] {
            for line in [0, 3] {
                self.set_sender(end, line, true, Priority::High, None);
            }
        }
    }

    pub(crate) fn set_sender(
        &mut self,
        end: usize,
        line: Line,
        sending: bool,
        priority: Priority,
        useful: Option<u32>,
    ) {
        let encoding = Encoding { active: true, max_bitrate: None, priority };
        self.must(end, Request::SetSender { pc: 1, line, sending, encoding, useful_bitrate: useful });
    }

    /// Pictures on a line from now on.
    pub(crate) fn send(&mut self, end: usize, line: Line, priority: Priority, useful: u32) {
        self.set_sender(end, line, true, priority, Some(useful));
        let codec = self.ends[end].events.iter().rev().find_map(|(_, event)| match event {
            Event::SendCodec { line: of, codec } if *of == line => codec.clone(),
            _ => None,
        });
        let codec = match codec.expect("a codec is agreed").mime_type.as_str() {
            "video/VP8" => 1,
            "video/H264" => 2,
            other => panic!("unknown codec {other}"),
        };
        let target = self.ends[end].target(line).unwrap_or(300_000);
        let next = self.elapsed();
        let coder = Coder { codec, target, most: useful, count: 0, keyframes: 0, wants_keyframe: true, next };
        self.ends[end].coders.insert(line, coder);
    }

    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        self.run_until(end, |_| false);
    }

    /// Until `done`, or `time` has passed: then false.
    pub(crate) fn wait(&mut self, time: Duration, done: impl FnMut(&mut Self) -> bool) -> bool {
        let end = self.now + time;
        self.run_until(end, done)
    }

    fn run_until(&mut self, end: Instant, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        while self.now < end {
            if done(self) {
                return true;
            }
            self.now += TICK;
            self.media();
            while let Some(((at, _), _)) = self.flying.first_key_value() {
                if *at > self.now {
                    break;
                }
                let Some((_, (to, source, destination, contents))) = self.flying.pop_first() else { break };
                if self.ends[to].addresses.contains(&destination) {
                    self.ends[to].peer.datagram(self.now, destination, source, &contents);
                    self.collect(to);
                }
            }
            for end in [A, B] {
                if self.ends[end].peer.deadline() <= self.now {
                    self.ends[end].peer.timeout(self.now);
                    self.collect(end);
                }
            }
            if self.trickle {
                self.trickle();
            }
        }
        done(self)
    }

    fn media(&mut self) {
        let elapsed = self.elapsed();
        for end in [A, B] {
            let mut due = Vec::new();
            for (line, coder) in &mut self.ends[end].coders {
                if elapsed < coder.next || coder.target == 0 {
                    continue;
                }
                coder.next = elapsed.max(coder.next) + Duration::from_micros(33_333);
                let keyframe = std::mem::take(&mut coder.wants_keyframe);
                let size =
                    (coder.target.min(coder.most) / 8 / 30).max(64) as usize * if keyframe { 3 } else { 1 };
                due.push(picture(*line, coder.codec, keyframe, coder.count, elapsed, size));
                coder.count += 1;
                coder.keyframes += u32::from(keyframe);
            }
            for picture in due {
                self.ends[end].peer.picture(self.now, picture);
                self.collect(end);
            }
        }
        if elapsed >= self.next_voice && !self.voices.is_empty() {
            self.next_voice += Duration::from_millis(20);
            self.next_voice = self.next_voice.max(elapsed);
            self.voice_count += 1;
            for end in [A, B] {
                for line in self.voices.clone() {
                    let packet = voice(self.voice_count, elapsed);
                    self.ends[end].peer.sound(self.now, line, packet);
                    self.collect(end);
                }
            }
        }
    }

    /// Candidates that were found go over, once the other side has the description.
    pub(crate) fn trickle(&mut self) {
        for end in [A, B] {
            for candidate in std::mem::take(&mut self.ends[end].candidates) {
                let request = Request::AddCandidate {
                    pc: 1,
                    candidate: candidate.candidate.clone(),
                    mid: Some(candidate.mid.clone()),
                    line: None,
                    ufrag: Some(candidate.ufrag.clone()),
                };
                if self.ask(1 - end, request).is_err() {
                    self.ends[end].candidates.push(candidate);
                }
            }
        }
    }

    pub(crate) fn collect(&mut self, end: usize) {
        let elapsed = self.elapsed();
        while let Some(output) = self.ends[end].peer.poll() {
            match output {
                Output::Transmit { source, destination, contents } => {
                    self.transmit(end, source, destination, contents)
                }
                Output::Gather { restart, .. } => {
                    let addresses = self.ends[end].addresses.clone();
                    let peer = &mut self.ends[end].peer;
                    for address in addresses {
                        peer.found(self.now, Found::Host { address });
                    }
                    peer.gathered(self.now);
                    self.ends[end].gathers.push(restart);
                }
                Output::Resolve { name } => self.ends[end].resolves.push(name),
                Output::Event(event) => {
                    let end = &mut self.ends[end];
                    match &event {
                        Event::Candidate { candidate: Some(candidate) } => {
                            end.candidates.push(candidate.clone())
                        }
                        Event::Target { line, bitrate } => {
                            if let Some(coder) = end.coders.get_mut(line) {
                                coder.target = *bitrate;
                            }
                        }
                        Event::KeyframeWanted { line } => {
                            if let Some(coder) = end.coders.get_mut(line) {
                                coder.wants_keyframe = true;
                            }
                        }
                        _ => {}
                    }
                    end.events.push((elapsed, event));
                }
                Output::Picture(picture) => self.ends[end].pictures.push((elapsed, picture)),
                Output::Sound { line, packet } => self.ends[end].sounds.push((elapsed, line, packet)),
                Output::Data { channel, text, data } => self.ends[end].data.push((channel, text, data)),
                Output::Loss { line, fraction } => self.ends[end].losses.push((line, fraction)),
                Output::Ended => self.ends[end].ended = true,
            }
        }
    }

    fn transmit(&mut self, from: usize, source: SocketAddr, destination: SocketAddr, contents: Vec<u8>) {
        self.ends[from].bytes_sent += contents.len() as u64;
        if !self.ends[from].addresses.contains(&source) {
            return;
        }
        let (luck, again, shake) = (self.random(), self.random(), self.random());
        let way = &mut self.ways[from];
        if luck < way.loss {
            return;
        }
        let mut at = self.now;
        if let Some(rate) = way.rate {
            let free = way.free.unwrap_or(at).max(at);
            if free > at + way.queue {
                return;
            }
            let takes = Duration::from_nanos((contents.len() as u64 + 28) * 8 * 1_000_000_000 / rate);
            at = free + takes;
            way.free = Some(at);
        }
        at += way.delay + way.jitter.mul_f64(shake);
        for copy in 0..=u64::from(again < way.twice) {
            self.count += 1;
            let at = at + TICK * copy as u32;
            self.flying.insert((at, self.count), (1 - from, source, destination, contents.clone()));
        }
    }

    /// Until both ends are connected; the time it took.
    pub(crate) fn connect(&mut self) -> Duration {
        let before = self.elapsed();
        let done = self.wait(Duration::from_secs(20), |office| office.ends.iter().all(End::is_connected));
        assert!(done, "connected: {:?}", self.ends.each_ref().map(|end| (end.ice(), end.dtls())));
        self.elapsed() - before
    }

    pub(crate) fn stats(&mut self, end: usize) -> Vec<serde_json::Map<String, serde_json::Value>> {
        let Reply::Stats { entries } = self.must(end, Request::GetStats { pc: 1 }) else {
            panic!("no stats")
        };
        entries
    }
}

/// A picture that looks like VP8 or H.264 to who only looks at the first bytes; its number is in it.
pub(crate) fn picture(
    line: Line,
    codec: u8,
    keyframe: bool,
    number: u32,
    elapsed: Duration,
    size: usize,
) -> Picture {
    let mut data = Vec::with_capacity(size + 64);
    if codec == 1 {
        data.push(u8::from(!keyframe));
    } else if keyframe {
        // Length prefixes, as WebKitGTK writes them.
        let sets: [&[u8]; 2] = [&[0x67, 0x42, 0xe0, 0x1f, 0x11, 0x22], &[0x68, 0xce, 0x33]];
        for set in sets {
            data.extend_from_slice(&(set.len() as u32).to_be_bytes());
            data.extend_from_slice(set);
        }
    }
    let mut body = number.to_be_bytes().map(|byte| byte | 0x80).to_vec();
    body.extend((0..size).map(|at| (at as u32 ^ number) as u8 | 1));
    if codec == 2 {
        data.extend_from_slice(&(body.len() as u32 + 1).to_be_bytes());
        data.push(if keyframe { 0x65 } else { 0x41 });
    }
    data.extend_from_slice(&body);
    Picture {
        line,
        codec,
        keyframe,
        contiguous: true,
        time: 1_700_000_000_000_000 + elapsed.as_micros() as u64,
        captured_at: None,
        data: data.into(),
    }
}

pub(crate) fn voice(number: u32, elapsed: Duration) -> SoundPacket {
    let payload: Arc<[u8]> = (0..80).map(|at| (at ^ number) as u8).collect();
    SoundPacket {
        timestamp: number.wrapping_mul(960),
        sequence: number as u16,
        marker: number == 1,
        level: 30,
        ssrc: 0,
        captured_at: Some(1_700_000_000_000_000 + elapsed.as_micros() as u64),
        payload,
    }
}
