//! Packets of one stream in the order of their sound.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use ropus::opus::decoder::{opus_packet_get_nb_channels, opus_packet_get_nb_samples, opus_packet_has_lbrr};

use super::decoder::MAX_FRAMES;
use crate::sound::SoundPacket;

/// Packets that wait at most: 2 s of the usual ones.
const MOST: usize = 100;
/// Bytes of a packet at most: 120 ms of Opus fit.
const MAX_BYTES: usize = 8 * 1275;
/// Sequence numbers that are remembered, to know a packet that comes twice.
const SEEN: usize = 256;
/// Frames: a timestamp farther from the last one belongs to another stream.
const FARTHEST: i64 = 10 * 48_000;

/// One that waits. Timestamps and sequence numbers are unwrapped.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) timestamp: i64,
    pub(super) sequence: i64,
    pub(super) arrived: Instant,
    pub(super) captured_at: Option<u64>,
    /// Of one channel.
    pub(super) frames: usize,
    pub(super) channels: usize,
    pub(super) payload: Arc<[u8]>,
}

impl Waiting {
    /// Whether it says again what the packet before said.
    pub(super) fn repeats(&self) -> bool {
        let length = i32::try_from(self.payload.len()).unwrap_or(i32::MAX);
        opus_packet_has_lbrr(&self.payload, length) == Ok(true)
    }
}

/// What became of a packet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inserted {
    /// It waits; its unwrapped timestamp.
    Waits(i64),
    /// It is no Opus, or waits already.
    Dropped,
    /// It cannot be of this stream.
    Foreign,
}

#[derive(Debug)]
pub(super) struct Packets {
    ssrc: u32,
    timestamp: i64,
    sequence: i64,
    waiting: BTreeMap<i64, Waiting>,
    seen: BTreeSet<i64>,
}

impl Packets {
    /// Of the stream of `first`, which is not inserted by this.
    pub(super) fn new(first: &SoundPacket) -> Self {
        Self {
            ssrc: first.ssrc,
            timestamp: i64::from(first.timestamp),
            sequence: i64::from(first.sequence),
            waiting: BTreeMap::new(),
            seen: BTreeSet::new(),
        }
    }

    pub(super) fn insert(&mut self, now: Instant, packet: SoundPacket) -> Inserted {
        // Differences of less than half the range are taken as they are, whichever sign they have.
        let timestamp =
            self.timestamp + i64::from(packet.timestamp.wrapping_sub(self.timestamp as u32).cast_signed());
        let sequence =
            self.sequence + i64::from(packet.sequence.wrapping_sub(self.sequence as u16).cast_signed());
        if packet.ssrc != self.ssrc || (timestamp - self.timestamp).abs() > FARTHEST {
            return Inserted::Foreign;
        }
        if packet.payload.is_empty() || packet.payload.len() > MAX_BYTES || self.seen.contains(&sequence) {
            return Inserted::Dropped;
        }
        let frames = match opus_packet_get_nb_samples(&packet.payload, 48_000).map(usize::try_from) {
            Ok(Ok(frames)) if (1..=MAX_FRAMES).contains(&frames) => frames,
            _ => return Inserted::Dropped,
        };
        let channels = if opus_packet_get_nb_channels(&packet.payload) == 2 { 2 } else { 1 };
        let captured_at = packet.captured_at;
        let waiting = Waiting {
            timestamp,
            sequence,
            arrived: now,
            captured_at,
            frames,
            channels,
            payload: packet.payload,
        };
        self.waiting.insert(timestamp, waiting);
        self.seen.insert(sequence);
        if self.seen.len() > SEEN {
            self.seen.pop_first();
        }
        if self.waiting.len() > MOST {
            self.waiting.pop_first();
        }
        if sequence > self.sequence {
            self.sequence = sequence;
            self.timestamp = timestamp;
        }
        Inserted::Waits(timestamp)
    }

    pub(super) fn first(&self) -> Option<&Waiting> {
        self.waiting.first_key_value().map(|(_, waiting)| waiting)
    }

    pub(super) fn take_first(&mut self) -> Option<Waiting> {
        self.waiting.pop_first().map(|(_, waiting)| waiting)
    }
}
