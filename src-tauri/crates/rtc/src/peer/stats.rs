//! W3C webrtc-stats. What only the page's coders know, the page adds.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use str0m::CandidateKind;
use str0m::media::Mid;
use str0m::stats::{MediaEgressStats, MediaIngressStats, PeerStats};

use super::codecs::CodecId;
use super::lines::{LineState, receives};
use super::{Output, Peer};
use crate::sound::SoundStats;
use crate::wire::{Kind, Line};

const TRANSPORT: &str = "T01";
const PAIR: &str = "CP";
/// What a loss that was reported weighs against those before.
const NEWS: f32 = 0.4;

#[derive(Debug)]
pub(super) struct Stats {
    start: Instant,
    /// The wall clock at `start`: only for time stamps of reports.
    wall: SystemTime,
    peer: Option<PeerStats>,
    ingress: HashMap<Mid, Ingress>,
    egress: HashMap<Mid, Egress>,
}

/// A counter that begins anew with each of the engine's streams, and here never sinks.
#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    last: u64,
    total: u64,
}

impl Sum {
    fn see(&mut self, value: u64) {
        self.total += if value >= self.last { value - self.last } else { value };
        self.last = value;
    }
}

#[derive(Debug, Default)]
struct Ingress {
    packets: Sum,
    bytes: Sum,
    nacks: Sum,
    plis: Sum,
    firs: Sum,
    /// In units of the RTP clock.
    jitter: u32,
    rtt: Option<f64>,
    remote: Option<(Sum, Sum)>,
}

#[derive(Debug, Default)]
struct Egress {
    packets: Sum,
    bytes: Sum,
    nacks: Sum,
    plis: Sum,
    firs: Sum,
    rtt: Option<f64>,
    loss: f32,
    /// As it is told on: an average.
    told: f32,
    remote: Option<Reported>,
}

#[derive(Debug, Default)]
struct Reported {
    jitter: u32,
    lost: u64,
}

impl Stats {
    pub(super) fn new(start: Instant) -> Self {
        Self { start, wall: SystemTime::now(), peer: None, ingress: HashMap::new(), egress: HashMap::new() }
    }

    pub(super) fn peer(&mut self, stats: PeerStats) {
        self.peer = Some(stats);
    }

    pub(super) fn ingress(&mut self, stats: MediaIngressStats) {
        let known = self.ingress.entry(stats.mid).or_default();
        known.packets.see(stats.packets);
        known.bytes.see(stats.bytes);
        known.nacks.see(stats.nacks);
        known.plis.see(stats.plis);
        known.firs.see(stats.firs);
        known.jitter = stats.jitter;
        known.rtt = stats.rtt.map(|rtt| rtt.as_secs_f64()).or(known.rtt);
        if let Some(remote) = stats.remote {
            let (packets, bytes) = known.remote.get_or_insert_default();
            packets.see(remote.packets);
            bytes.see(remote.bytes);
        }
    }

    /// ms since the epoch.
    fn stamp(&self, at: Instant) -> f64 {
        let wall = self.wall + at.saturating_duration_since(self.start);
        wall.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1000.0)
    }
}

/// A name for an address that stays, without the address.
fn name(side: &str, of: impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    format!("{side}{:08x}", hasher.finish() as u32)
}

pub(super) fn kind_of(kind: CandidateKind) -> &'static str {
    match kind {
        CandidateKind::Host => "host",
        CandidateKind::PeerReflexive => "prflx",
        CandidateKind::ServerReflexive => "srflx",
        CandidateKind::Relayed => "relay",
    }
}

/// The report as it is written.
struct Report {
    stamp: f64,
    entries: Vec<Map<String, Value>>,
}

impl Report {
    /// Fields that are null are left out.
    fn add(&mut self, kind: &str, id: &str, fields: Value) {
        let Value::Object(fields) = fields else { return };
        let mut entry = Map::new();
        entry.insert("id".to_owned(), json!(id));
        entry.insert("type".to_owned(), json!(kind));
        entry.insert("timestamp".to_owned(), json!(self.stamp));
        entry.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
        self.entries.push(entry);
    }

    fn more(&mut self, fields: Value) {
        if let (Value::Object(fields), Some(entry)) = (fields, self.entries.last_mut()) {
            entry.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
        }
    }
}

impl Peer {
    pub(super) fn egress(&mut self, stats: MediaEgressStats) {
        let known = self.stats.egress.entry(stats.mid).or_default();
        known.packets.see(stats.packets);
        known.bytes.see(stats.bytes);
        known.nacks.see(stats.nacks);
        known.plis.see(stats.plis);
        known.firs.see(stats.firs);
        known.rtt = stats.rtt.map(|rtt| rtt.as_secs_f64()).or(known.rtt);
        if let Some(remote) = stats.remote {
            known.remote = Some(Reported { jitter: remote.jitter, lost: remote.packets_lost });
        }
        let Some(loss) = stats.loss.filter(|loss| loss.is_finite()) else { return };
        known.loss = loss.clamp(0.0, 1.0);
        known.told += (known.loss - known.told) * NEWS;
        let fraction = known.told;
        if let Some(line) = self.line_of(stats.mid)
            && self.lines.get(usize::from(line)).and_then(LineState::kind) == Some(Kind::Audio)
        {
            self.outputs.push_back(Output::Loss { line, fraction });
        }
    }

    pub(super) fn report(&mut self, sound: &[(Line, SoundStats)]) -> Vec<Map<String, Value>> {
        let mut report = Report { stamp: self.stats.stamp(self.now), entries: Vec::new() };
        report.add(
            "peer-connection",
            "P",
            json!({ "dataChannelsOpened": self.channels.opened, "dataChannelsClosed": self.channels.closed }),
        );
        self.report_transport(&mut report);
        for channel in &self.channels.all {
            report.add(
                "data-channel",
                &format!("D{}", channel.key),
                json!({
                    "label": channel.init.label,
                    "protocol": channel.init.protocol,
                    "dataChannelIdentifier": channel.id.or(channel.init.negotiated),
                    "state": if channel.id.is_some() { "open" } else { "connecting" },
                    "messagesSent": channel.sent.0,
                    "bytesSent": channel.sent.1,
                    "messagesReceived": channel.received.0,
                    "bytesReceived": channel.received.1,
                }),
            );
        }
        for at in 0..self.lines.len() {
            let Ok(line) = Line::try_from(at) else { continue };
            if let (Some(kind), None) = (self.lines[at].kind(), &self.lines[at].refused) {
                self.report_codecs(&mut report, line);
                self.report_inbound(&mut report, line, kind, sound);
                self.report_outbound(&mut report, line, kind);
            }
        }
        report.entries
    }

    fn report_transport(&mut self, report: &mut Report) {
        let fingerprint =
            |of: &str| of.split_once(' ').map(|(hash, value)| (hash.to_owned(), value.to_owned()));
        let local = self.rtc.direct_api().local_dtls_fingerprint().to_string();
        let remote = self.rtc.direct_api().remote_dtls_fingerprint().map(ToString::to_string);
        let mut certificates = [None, None];
        for (known, of) in certificates.iter_mut().zip([Some(local), remote]) {
            let Some((hash, value)) = of.as_deref().and_then(fingerprint) else { continue };
            let id = name("CF", &value);
            report.add("certificate", &id, json!({ "fingerprint": value, "fingerprintAlgorithm": hash }));
            *known = Some(id);
        }
        for local in &self.candidates.locals {
            let candidate = &local.candidate;
            let address = candidate.addr();
            report.add(
                "local-candidate",
                &name("IL", (address, kind_of(candidate.kind()))),
                json!({
                    "transportId": TRANSPORT, "address": address.ip().to_string(), "port": address.port(),
                    "protocol": "udp", "candidateType": kind_of(candidate.kind()), "priority": candidate.prio(),
                    "isRemote": false,
                }),
            );
        }
        for remote in &self.candidates.remotes {
            report.add(
                "remote-candidate",
                &name("IR", remote.address),
                json!({
                    "transportId": TRANSPORT, "address": remote.address.ip().to_string(),
                    "port": remote.address.port(), "protocol": "udp", "candidateType": kind_of(remote.kind),
                    "priority": remote.priority, "isRemote": true,
                }),
            );
        }
        let peer = self.stats.peer.as_ref();
        let pair = peer.and_then(|peer| peer.selected_candidate_pair.as_ref());
        let (sent, received) = peer.map_or((0, 0), |peer| (peer.peer_bytes_tx, peer.peer_bytes_rx));
        // The engine's statistics tell of the pair a moment after the connection stands.
        let ends = pair.map(|pair| (pair.local.addr, pair.remote.addr)).or_else(|| self.pair());
        if let Some((local, address)) = ends {
            let kind = self.candidates.locals.iter().map(|local| &local.candidate);
            let kind = kind.filter(|candidate| candidate.addr() == local).map(|candidate| candidate.kind());
            let kind = kind_of(kind.into_iter().next().unwrap_or(CandidateKind::Host));
            let remote = name("IR", address);
            if !self.candidates.remotes.iter().any(|known| known.address == address) {
                report.add(
                    "remote-candidate",
                    &remote,
                    json!({
                        "transportId": TRANSPORT, "address": address.ip().to_string(), "port": address.port(),
                        "protocol": "udp", "candidateType": "prflx", "isRemote": true,
                    }),
                );
            }
            report.add(
                "candidate-pair",
                PAIR,
                json!({
                    "transportId": TRANSPORT, "localCandidateId": name("IL", (local, kind)),
                    "remoteCandidateId": remote, "state": "succeeded", "nominated": true,
                    "bytesSent": sent, "bytesReceived": received,
                    "currentRoundTripTime":
                        pair.and_then(|pair| pair.current_round_trip_time).map(|rtt| rtt.as_secs_f64()),
                    "totalRoundTripTime": pair.map_or(0.0, |pair| pair.total_round_trip_time.as_secs_f64()),
                    "responsesReceived": pair.map_or(0, |pair| pair.responses_received),
                    "availableOutgoingBitrate": self.share.estimate,
                }),
            );
        }
        report.add(
            "transport",
            TRANSPORT,
            json!({
                "dtlsState": self.states.dtls(), "iceState": self.states.ice(),
                "bytesSent": sent, "bytesReceived": received,
                "iceLocalUsernameFragment": self.descriptions.local_ufrag,
                "selectedCandidatePairId": ends.map(|_| PAIR),
                "selectedCandidatePairChanges": self.candidates.aims.max(u32::from(ends.is_some())),
                "localCertificateId": certificates[0], "remoteCertificateId": certificates[1],
            }),
        );
    }

    fn report_codecs(&self, report: &mut Report, line: Line) {
        let Some(state) = self.lines.get(usize::from(line)) else { return };
        for (id, codec) in &state.codecs {
            let parameters = self.rtc.codec_config().params().iter();
            let Some(parameters) = parameters.into_iter().find(|one| CodecId::of_engine(one) == Some(*id))
            else {
                continue;
            };
            report.add(
                "codec",
                &codec_name(line, *id),
                json!({
                    "transportId": TRANSPORT, "payloadType": *parameters.pt(), "mimeType": codec.mime_type,
                    "clockRate": codec.clock_rate, "channels": codec.channels, "sdpFmtpLine": codec.sdp_fmtp_line,
                }),
            );
        }
    }

    fn report_inbound(&mut self, report: &mut Report, line: Line, kind: Kind, sound: &[(Line, SoundStats)]) {
        let Some(state) = self.lines.get(usize::from(line)) else { return };
        let mid = state.engine_mid();
        let ssrc = self.rtc.direct_api().stream_rx_by_mid(mid, None).map(|stream| *stream.ssrc());
        let Some(ssrc) = ssrc.filter(|_| receives(state.direction) && state.receiver.sequence.is_some())
        else {
            return;
        };
        let none = Ingress::default();
        let known = self.stats.ingress.get(&mid).unwrap_or(&none);
        let clock_rate = if kind == Kind::Audio { 48_000.0 } else { 90_000.0 };
        let (id, remote_id) = (format!("IT{line}"), format!("ROT{line}"));
        let receiver = &state.receiver;
        let codec = receiver.codec.or(state.codecs.first().map(|(id, _)| *id));
        report.add(
            "inbound-rtp",
            &id,
            json!({
                "mid": state.mid, "kind": kind, "ssrc": ssrc, "transportId": TRANSPORT,
                "codecId": codec.map(|codec| codec_name(line, codec)),
                "packetsReceived": known.packets.total.max(receiver.came), "packetsLost": receiver.lost,
                "bytesReceived": known.bytes.total, "jitter": f64::from(known.jitter) / clock_rate,
                "lastPacketReceivedTimestamp": receiver.last.map(|at| self.stats.stamp(at)),
                "nackCount": known.nacks.total,
                "remoteId": known.remote.as_ref().map(|_| remote_id.as_str()),
            }),
        );
        if kind == Kind::Video {
            report.more(json!({
                "pliCount": known.plis.total, "firCount": known.firs.total,
                "framesReceived": receiver.frames, "keyFramesReceived": receiver.keyframes,
            }));
        } else if let Some((_, sound)) = sound.iter().find(|(of, _)| *of == line) {
            report.more(json!({
                "totalSamplesReceived": sound.samples, "concealedSamples": sound.concealed,
                "silentConcealedSamples": sound.silent_concealed, "concealmentEvents": sound.concealment_events,
                "insertedSamplesForDeceleration": sound.inserted, "removedSamplesForAcceleration": sound.removed,
                "jitterBufferDelay": sound.delay, "jitterBufferEmittedCount": sound.emitted,
                "totalAudioEnergy": sound.energy, "totalSamplesDuration": sound.duration, "audioLevel": sound.level,
            }));
        }
        if let Some((packets, bytes)) = &known.remote {
            report.add(
                "remote-outbound-rtp",
                &remote_id,
                json!({
                    "kind": kind, "ssrc": ssrc, "transportId": TRANSPORT, "localId": id,
                    "codecId": codec.map(|codec| codec_name(line, codec)),
                    "packetsSent": packets.total, "bytesSent": bytes.total, "roundTripTime": known.rtt,
                }),
            );
        }
    }

    fn report_outbound(&mut self, report: &mut Report, line: Line, kind: Kind) {
        let Some(state) = self.lines.get(usize::from(line)) else { return };
        let mid = state.engine_mid();
        let stream =
            self.rtc.direct_api().stream_tx_by_mid(mid, None).map(|stream| (*stream.ssrc(), stream.rtx()));
        let (Some(codec), Some((ssrc, repair))) = (state.sent(), stream) else { return };
        let none = Egress::default();
        let known = self.stats.egress.get(&mid).unwrap_or(&none);
        let (id, remote_id) = (format!("OT{line}"), format!("RIT{line}"));
        report.add(
            "outbound-rtp",
            &id,
            json!({
                "mid": state.mid, "kind": kind, "ssrc": ssrc, "transportId": TRANSPORT,
                "codecId": codec_name(line, codec), "rtxSsrc": repair.map(|repair| *repair),
                "packetsSent": known.packets.total, "bytesSent": known.bytes.total,
                "nackCount": known.nacks.total, "active": state.sender.encoding.active,
                "targetBitrate": state.sender.target,
                "remoteId": known.remote.as_ref().map(|_| remote_id.as_str()),
            }),
        );
        if kind == Kind::Video {
            report.more(json!({ "pliCount": known.plis.total, "firCount": known.firs.total }));
        }
        if let Some(remote) = &known.remote {
            let clock_rate = if kind == Kind::Audio { 48_000.0 } else { 90_000.0 };
            report.add(
                "remote-inbound-rtp",
                &remote_id,
                json!({
                    "kind": kind, "ssrc": ssrc, "transportId": TRANSPORT, "localId": id,
                    "codecId": codec_name(line, codec), "packetsLost": remote.lost,
                    "jitter": f64::from(remote.jitter) / clock_rate, "fractionLost": known.loss,
                    "roundTripTime": known.rtt,
                }),
            );
        }
    }
}

fn codec_name(line: Line, codec: CodecId) -> String {
    let codec = match codec {
        CodecId::Opus => "opus",
        CodecId::Vp8 => "vp8",
        CodecId::H264 => "h264",
        CodecId::H264Baseline => "h264b",
    };
    format!("C{line}_{codec}")
}
