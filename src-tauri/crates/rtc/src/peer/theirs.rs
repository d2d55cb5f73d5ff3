//! A description of the other side (RFC 8866, RFC 8829), read once and strictly. The engine never sees their text: it
//! gets one that is written anew from what was understood, so nothing in theirs can surprise it.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use super::codecs::{CodecId, parameter};
use crate::wire::{Codec, Direction, Fault, Kind, MAX_LINES, MAX_TEXT_BYTES};

/// Header extensions that are spoken (RFC 8285).
const EXTENSIONS: [&str; 4] = [
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "urn:ietf:params:rtp-hdrext:sdes:mid",
];
/// Feedback that is spoken (RFC 4585, RFC 5104).
const FEEDBACK: [&str; 4] = ["transport-cc", "nack", "nack pli", "ccm fir"];
/// The most streams of one m-line that are known beforehand (`a=ssrc`); more would be simulcast.
const MAX_STREAMS: usize = 4;
/// The engine keeps a mid in so many bytes.
const MAX_MID_BYTES: usize = 16;
/// The most bytes of a message when they do not say (RFC 8841, section 6.1).
const DEFAULT_MESSAGE_BYTES: usize = 65_536;

#[derive(Debug, Clone)]
pub(super) struct Theirs {
    /// There is none where no section takes part and none is told.
    pub(super) transport: Option<Transport>,
    pub(super) sections: Vec<Section>,
    /// `candidate:…`
    pub(super) candidates: Vec<String>,
}

/// What carries everything.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    pub(super) ufrag: String,
    password: String,
    /// `sha-256 AB:CD…`, upper case.
    pub(super) fingerprint: String,
    setup: &'static str,
    pub(super) lite: bool,
}

impl Transport {
    /// Of an offer that leaves the choice: the answer takes the active part of DTLS (RFC 8842, section 5.3), for the
    /// engine itself would wait for a part that few others take.
    pub(super) fn as_chosen(&self) -> Self {
        let setup = if self.setup == "actpass" { "passive" } else { self.setup };
        Self { setup, ..self.clone() }
    }

    /// For each line of the engine's.
    pub(super) fn attributes(&self) -> String {
        format!(
            "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:{}\r\na=setup:{}\r\n",
            self.ufrag, self.password, self.fingerprint, self.setup
        )
    }
}

/// An m-line and its attributes.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub(super) media: String,
    protocol: String,
    formats_text: String,
    pub(super) mid: String,
    /// They have not named it: `mid` is made up, or that of our offer.
    pub(super) unnamed: bool,
    /// They refuse it (port 0, and not for the sake of a bundle).
    pub(super) closed: bool,
    /// Takes no part: closed, of a kind that is not spoken, without a codec that is, or not bundled.
    pub(super) rejected: bool,
    /// `a=ice-ufrag`, or the session's.
    pub(super) ufrag: String,
    pub(super) direction: Direction,
    pub(super) streams: Vec<String>,
    pub(super) track: String,
    /// Those that are spoken here, in their order.
    pub(super) formats: Vec<Format>,
    extensions: Vec<(u8, &'static str)>,
    ssrcs: Vec<(u32, Option<u32>)>,
    pub(super) max_message_bytes: usize,
}

/// A payload type and what it stands for.
#[derive(Debug, Clone)]
pub(super) struct Format {
    pub(super) payload_type: u8,
    repair: Option<u8>,
    pub(super) id: CodecId,
    /// As they wrote it.
    pub(super) codec: Codec,
    feedback: Vec<&'static str>,
}

impl Section {
    pub(super) fn kind(&self) -> Option<Kind> {
        match self.media.as_str() {
            "audio" => Some(Kind::Audio),
            "video" => Some(Kind::Video),
            _ => None,
        }
    }

    pub(super) fn is_channels(&self) -> bool {
        self.media == "application"
    }

    /// The m-line that refuses this one (RFC 3264, section 6).
    pub(super) fn refusal(&self) -> String {
        format!("m={} 0 {} {}", self.media, self.protocol, self.formats_text)
    }
}

/// Payload types that a description may give to a codec: not those that look like RTCP (RFC 5761, section 4).
fn is_dynamic(payload_type: u8) -> bool {
    (35..64).contains(&payload_type) || (96..128).contains(&payload_type)
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_ice(text: &str, least: usize) -> bool {
    (least..=256).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

/// What is said on one level: lines `a=name:value`.
struct Attributes<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Attributes<'a> {
    fn all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'a str> + use<'a, 'b> {
        self.0.iter().filter(move |(key, _)| *key == name).map(|(_, value)| *value)
    }

    fn first(&self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// What is said of a payload type.
    fn of_format(&self, name: &'static str, payload_type: u8) -> impl Iterator<Item = &'a str> {
        let lines = self.0.iter().filter(move |(key, _)| *key == name);
        lines.map(|(_, value)| *value).filter_map(move |line| {
            let (number, rest) = line.split_once(' ')?;
            (number == "*" || number.parse() == Ok(payload_type)).then(|| rest.trim())
        })
    }
}

impl Theirs {
    /// `mids`: of the lines that are known, for those that have no `a=mid`; "" for none.
    ///
    /// # Errors
    /// [`Fault::OperationError`] for what cannot be read, or cannot be trusted: no ICE credentials, no fingerprint.
    pub(super) fn read(sdp: &str, mids: &[String]) -> Result<Self, Fault> {
        if sdp.len() > MAX_TEXT_BYTES || !sdp.starts_with("v=0") {
            return Err(Fault::OperationError);
        }
        let mut session = Attributes(Vec::new());
        let mut media: Vec<(&str, Attributes<'_>)> = Vec::new();
        for line in sdp.lines() {
            let line = line.trim_end();
            if let Some(line) = line.strip_prefix("m=") {
                if media.len() == MAX_LINES {
                    return Err(Fault::OperationError);
                }
                media.push((line, Attributes(Vec::new())));
            } else if let Some(attribute) = line.strip_prefix("a=") {
                let attribute = attribute.split_once(':').unwrap_or((attribute, ""));
                media.last_mut().map_or(&mut session, |(_, attributes)| attributes).0.push(attribute);
            }
        }
        if media.is_empty() {
            return Err(Fault::OperationError);
        }
        let bundled: Option<HashSet<&str>> = session
            .all("group")
            .find_map(|group| group.strip_prefix("BUNDLE"))
            .map(|mids| mids.split_ascii_whitespace().collect());
        let named: HashSet<&str> =
            media.iter().filter_map(|(_, attributes)| attributes.first("mid")).collect();
        let session_ufrag = session.first("ice-ufrag").unwrap_or_default();
        let mut sections = Vec::with_capacity(media.len());
        let mut shared = Shared::default();
        for (at, (line, attributes)) in media.iter().enumerate() {
            let name = || mids.get(at).filter(|mid| !mid.is_empty()).cloned();
            let made_up =
                || (0..).map(|count| format!("{at}u{count}")).find(|mid| !named.contains(mid.as_str()));
            let mid = match attributes.first("mid") {
                Some(mid) => mid.to_owned(),
                None => name().or_else(made_up).ok_or(Fault::OperationError)?,
            };
            let mut section = Section::read(line, attributes, mid, bundled.as_ref(), &mut shared)?;
            section.ufrag = attributes.first("ice-ufrag").unwrap_or(session_ufrag).to_owned();
            sections.push(section);
        }
        // One transport carries everything; its data are on the first line that takes part.
        let tagged = sections.iter().position(|section| !section.rejected);
        let own = media.get(tagged.unwrap_or(0)).map(|(_, attributes)| attributes);
        let transport = own.and_then(|own| Transport::read(own, &session));
        if tagged.is_some() && transport.is_none() {
            return Err(Fault::OperationError);
        }
        let candidates = media.iter().map(|(_, attributes)| attributes).chain([&session]);
        let candidates = candidates.flat_map(|attributes| attributes.all("candidate"));
        let candidates: Vec<String> = candidates.map(|candidate| format!("candidate:{candidate}")).collect();
        Ok(Self { transport, sections, candidates })
    }

    /// The sections that take part, with their places.
    pub(super) fn taking_part(&self) -> impl Iterator<Item = (usize, &Section)> {
        self.sections.iter().enumerate().filter(|(_, section)| !section.rejected)
    }
}

impl Transport {
    fn read(own: &Attributes<'_>, session: &Attributes<'_>) -> Option<Self> {
        let said = |name: &str| own.first(name).or_else(|| session.first(name));
        Some(Self {
            ufrag: said("ice-ufrag").filter(|text| is_ice(text, 4))?.to_owned(),
            password: said("ice-pwd").filter(|text| is_ice(text, 22))?.to_owned(),
            fingerprint: own.all("fingerprint").chain(session.all("fingerprint")).find_map(sha256)?,
            setup: match said("setup") {
                Some("active") => "active",
                Some("passive") => "passive",
                _ => "actpass",
            },
            lite: session.has("ice-lite"),
        })
    }
}

fn sha256(fingerprint: &str) -> Option<String> {
    let (hash, value) = fingerprint.trim().split_once(' ')?;
    let bytes: Vec<&str> = value.trim().split(':').collect();
    let is_hash = bytes.len() == 32
        && bytes.iter().all(|byte| byte.len() == 2 && byte.bytes().all(|digit| digit.is_ascii_hexdigit()));
    (hash.eq_ignore_ascii_case("sha-256") && is_hash)
        .then(|| format!("sha-256 {}", value.trim().to_ascii_uppercase()))
}

/// What must be one and the same on all bundled lines (RFC 8843, section 9).
#[derive(Default)]
struct Shared {
    mids: HashSet<String>,
    ssrcs: HashSet<u32>,
    codecs: HashMap<CodecId, (u8, Option<u8>)>,
    payload_types: HashMap<u8, CodecId>,
    extensions: HashMap<u8, &'static str>,
    channels: bool,
}

impl Section {
    fn read(
        line: &str,
        attributes: &Attributes<'_>,
        mid: String,
        bundled: Option<&HashSet<&str>>,
        shared: &mut Shared,
    ) -> Result<Self, Fault> {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().filter(|word| !word.is_empty()).ok_or(Fault::OperationError);
        let (media, port, protocol, formats_text) = (word()?, word()?, word()?, word()?);
        let is_mid = !mid.is_empty()
            && mid.len() <= MAX_MID_BYTES
            && mid.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_mid || !is_token(media) || !shared.mids.insert(mid.clone()) {
            return Err(Fault::OperationError);
        }
        let is_bundled = bundled.is_some_and(|mids| mids.contains(mid.as_str()));
        let is_alone = bundled.is_none() && shared.mids.len() == 1;
        let port: u16 = port.parse().map_err(|_| Fault::OperationError)?;
        let is_spoken = match media {
            "audio" | "video" => protocol.ends_with("RTP/SAVPF") && attributes.has("rtcp-mux"),
            "application" => protocol.ends_with("DTLS/SCTP") && formats_text.trim() == "webrtc-datachannel",
            _ => false,
        };
        let mut section = Self {
            media: media.to_owned(),
            protocol: protocol.to_owned(),
            formats_text: formats_text.to_owned(),
            mid,
            unnamed: !attributes.has("mid"),
            closed: port == 0 && !is_bundled,
            ufrag: String::new(),
            rejected: !is_spoken || !(is_bundled || (is_alone && port != 0)),
            direction: direction(attributes),
            streams: Vec::new(),
            track: String::new(),
            formats: Vec::new(),
            extensions: Vec::new(),
            ssrcs: Vec::new(),
            max_message_bytes: attributes
                .first("max-message-size")
                .and_then(|bytes| bytes.trim().parse().ok())
                .unwrap_or(DEFAULT_MESSAGE_BYTES),
        };
        if section.is_channels() && !section.rejected && std::mem::replace(&mut shared.channels, true) {
            section.rejected = true;
        }
        section.read_msid(attributes);
        if let (Some(kind), false) = (section.kind(), section.rejected) {
            section.formats = formats(formats_text, attributes, kind, shared);
            section.extensions = extensions(attributes, shared);
            section.ssrcs = ssrcs(attributes, shared);
            section.rejected = section.formats.is_empty();
        }
        Ok(section)
    }

    fn read_msid(&mut self, attributes: &Attributes<'_>) {
        for msid in attributes.all("msid").take(MAX_STREAMS) {
            let mut words = msid.split_ascii_whitespace();
            let (Some(stream), track) = (words.next(), words.next()) else { continue };
            if stream != "-" && !self.streams.iter().any(|known| known == stream) {
                self.streams.push(stream.to_owned());
            }
            if let (Some(track), true) = (track, self.track.is_empty()) {
                self.track = track.to_owned();
            }
        }
    }

    /// For the engine, which knows it as `mid`.
    pub(super) fn write(&self, text: &mut String, mid: &str, transport: &str, direction: Direction) {
        if self.is_channels() {
            channels(text, mid, transport, Some(self.max_message_bytes));
            return;
        }
        let _ = write!(text, "m={} 9 UDP/TLS/RTP/SAVPF", self.media);
        for format in &self.formats {
            let _ = write!(text, " {}", format.payload_type);
            if let Some(repair) = format.repair {
                let _ = write!(text, " {repair}");
            }
        }
        let _ = write!(text, "\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\n{transport}a=rtcp-mux\r\n");
        let _ = write!(text, "a={}\r\n", name(direction));
        for (id, extension) in &self.extensions {
            let _ = write!(text, "a=extmap:{id} {extension}\r\n");
        }
        for format in &self.formats {
            format.write(text);
        }
        for (ssrc, repair) in &self.ssrcs {
            if let Some(repair) = repair {
                let _ = write!(text, "a=ssrc-group:FID {ssrc} {repair}\r\na=ssrc:{repair} cname:-\r\n");
            }
            let _ = write!(text, "a=ssrc:{ssrc} cname:-\r\n");
        }
    }
}

/// A line of data channels, for the engine.
pub(super) fn channels(text: &mut String, mid: &str, transport: &str, max_message_bytes: Option<usize>) {
    let _ = write!(text, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n");
    let _ = write!(text, "a=mid:{mid}\r\n{transport}a=sctp-port:5000\r\n");
    let bytes = max_message_bytes.unwrap_or(DEFAULT_MESSAGE_BYTES);
    let _ = write!(text, "a=max-message-size:{bytes}\r\n");
}

impl Format {
    fn write(&self, text: &mut String) {
        let (payload_type, id) = (self.payload_type, self.id);
        let _ = write!(text, "a=rtpmap:{payload_type} {}\r\n", id.rtpmap());
        for feedback in &self.feedback {
            let _ = write!(text, "a=rtcp-fb:{payload_type} {feedback}\r\n");
        }
        if !id.engine_parameters().is_empty() {
            let _ = write!(text, "a=fmtp:{payload_type} {}\r\n", id.engine_parameters());
        }
        if let Some(repair) = self.repair {
            let _ = write!(text, "a=rtpmap:{repair} rtx/90000\r\na=fmtp:{repair} apt={payload_type}\r\n");
        }
    }
}

pub(super) fn name(direction: Direction) -> &'static str {
    match direction {
        Direction::Sendrecv => "sendrecv",
        Direction::Sendonly => "sendonly",
        Direction::Recvonly => "recvonly",
        Direction::Inactive | Direction::Stopped => "inactive",
    }
}

fn direction(attributes: &Attributes<'_>) -> Direction {
    let said = [Direction::Sendonly, Direction::Recvonly, Direction::Inactive];
    said.into_iter().find(|direction| attributes.has(name(*direction))).unwrap_or(Direction::Sendrecv)
}

/// Those that are spoken here; one codec has one payload type, and one payload type is one codec.
fn formats(listed: &str, attributes: &Attributes<'_>, kind: Kind, shared: &mut Shared) -> Vec<Format> {
    let listed: Vec<u8> = listed.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect();
    let of = |name: &'static str, payload_type: u8| attributes.of_format(name, payload_type);
    let mut formats: Vec<Format> = Vec::new();
    for payload_type in listed.iter().copied().filter(|payload_type| is_dynamic(*payload_type)) {
        let Some(map) = of("rtpmap", payload_type).next() else { continue };
        let mut words = map.split('/');
        let (Some(codec), Some(Ok(clock_rate))) = (words.next(), words.next().map(str::parse)) else {
            continue;
        };
        let channels = words.next().and_then(|channels| channels.parse().ok());
        let parameters = of("fmtp", payload_type).next().unwrap_or_default();
        let Some(id) = CodecId::read(codec, clock_rate, channels, parameters) else { continue };
        if id.kind() != kind || formats.iter().any(|format| format.id == id) {
            continue;
        }
        let repair = listed.iter().copied().find(|repair| {
            let is_repair = of("rtpmap", *repair).any(|map| map.eq_ignore_ascii_case("rtx/90000"));
            let apt = of("fmtp", *repair).find_map(|parameters| parameter(parameters, "apt"));
            is_dynamic(*repair)
                && *repair != payload_type
                && is_repair
                && apt.and_then(|apt| apt.parse().ok()) == Some(payload_type)
        });
        if !shared.claim(id, payload_type, repair) {
            continue;
        }
        formats.push(Format {
            payload_type,
            repair,
            id,
            codec: id.wire(parameters),
            feedback: FEEDBACK
                .into_iter()
                .filter(|feedback| of("rtcp-fb", payload_type).any(|said| said == *feedback))
                .collect(),
        });
    }
    formats
}

impl Shared {
    fn claim(&mut self, id: CodecId, payload_type: u8, repair: Option<u8>) -> bool {
        if let Some(known) = self.codecs.get(&id) {
            return *known == (payload_type, repair);
        }
        let is_taken = |number: &u8| self.payload_types.contains_key(number);
        if is_taken(&payload_type) || repair.as_ref().is_some_and(is_taken) {
            return false;
        }
        self.codecs.insert(id, (payload_type, repair));
        for number in std::iter::once(payload_type).chain(repair) {
            self.payload_types.insert(number, id);
        }
        true
    }
}

fn extensions(attributes: &Attributes<'_>, shared: &mut Shared) -> Vec<(u8, &'static str)> {
    let mut found: Vec<(u8, &'static str)> = Vec::new();
    for line in attributes.all("extmap") {
        let Some((id, uri)) = line.split_once(' ') else { continue };
        let id = id.split('/').next().and_then(|id| id.parse().ok()).filter(|id| (1..15).contains(id));
        let uri = uri.split_ascii_whitespace().next();
        let uri = EXTENSIONS.into_iter().find(|known| Some(*known) == uri);
        let (Some(id), Some(uri)) = (id, uri) else { continue };
        let elsewhere = shared.extensions.iter().any(|(other, known)| *known == uri && *other != id);
        let is_known = *shared.extensions.entry(id).or_insert(uri) == uri;
        if is_known && !elsewhere && !found.contains(&(id, uri)) {
            found.push((id, uri));
        }
    }
    found
}

/// Streams that are announced, each with its repair stream; none when they are layers of a simulcast.
fn ssrcs(attributes: &Attributes<'_>, shared: &mut Shared) -> Vec<(u32, Option<u32>)> {
    let numbers = |text: &str| -> Vec<u32> {
        text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect()
    };
    let is_simulcast =
        attributes.has("simulcast") || attributes.all("ssrc-group").any(|group| group.starts_with("SIM"));
    if is_simulcast {
        return Vec::new();
    }
    let pairs: Vec<(u32, u32)> = attributes
        .all("ssrc-group")
        .filter_map(|group| group.strip_prefix("FID "))
        .filter_map(|group| match numbers(group)[..] {
            [ssrc, repair] if ssrc != repair => Some((ssrc, repair)),
            _ => None,
        })
        .collect();
    let mut found: Vec<(u32, Option<u32>)> = Vec::new();
    for line in attributes.all("ssrc") {
        let Some(ssrc) = line.split(' ').next().and_then(|ssrc| ssrc.parse().ok()) else { continue };
        let is_known = found.iter().any(|(known, repair)| *known == ssrc || *repair == Some(ssrc));
        if ssrc == 0
            || is_known
            || pairs.iter().any(|(_, repair)| *repair == ssrc)
            || found.len() == MAX_STREAMS
        {
            continue;
        }
        let repair = pairs.iter().find(|(main, _)| *main == ssrc).map(|(_, repair)| *repair);
        let repair = repair.filter(|repair| *repair != 0 && !shared.ssrcs.contains(repair));
        if shared.ssrcs.insert(ssrc) {
            shared.ssrcs.extend(repair);
            found.push((ssrc, repair));
        }
    }
    found
}
