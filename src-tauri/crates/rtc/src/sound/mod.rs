//! Sound without IO: what is captured becomes Opus, what comes becomes samples. One engine per page.
//!
//! Captured sound is freed of what this machine plays (echo), of noise, made even in loudness, and coded once per
//! source, however many connections carry it. Received sound goes through a jitter buffer, which the page empties at
//! the pace of its sound card.

mod far_end;
mod level;
mod receive;
mod source;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use far_end::FarEnd;
use receive::Receiver;
use source::Source;

use crate::wire::{Fault, Line, Pc, SourceId, SourceOptions};

/// Frames of 10 ms at 48 kHz.
const BLOCK_FRAMES: usize = 480;
/// The most sources that are open at a time.
const MAX_SOURCES: usize = 32;
/// The most lines that sound comes on; packets of more are dropped.
const MAX_RECEIVERS: usize = 256;

/// One Opus packet (RFC 7587).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundPacket {
    /// RTP timestamp, 48 kHz.
    pub timestamp: u32,
    /// RTP sequence number; of packets to be sent: counts.
    pub sequence: u16,
    /// First after silence.
    pub marker: bool,
    /// RMS of its 20 ms, 0 to 127 in -dBov (RFC 6464).
    pub level: u8,
    /// Theirs, of received packets; else 0.
    pub ssrc: u32,
    /// Received: when the sender captured it, µs on the sender's NTP clock, if sender reports tell. To be sent: when
    /// its first sample was captured, µs on the page's clock.
    pub captured_at: Option<u64>,
    /// Opus.
    pub payload: Arc<[u8]>,
}

/// What the coding of a source has to suit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Demand {
    /// The share of packets, 0 to 1, that the worst of its listeners loses: forward error correction follows.
    pub loss: f32,
    /// bit/s it takes at most (`RTCRtpEncodingParameters.maxBitrate`).
    pub max_bitrate: Option<u32>,
}

/// A packet that a source made, for all lines that carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coded {
    /// Which source.
    pub source: SourceId,
    /// What.
    pub packet: SoundPacket,
}

/// 10 ms to be played.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// 1 or 2.
    pub channels: u8,
    /// Interleaved, 480 a channel.
    pub samples: Vec<f32>,
}

/// What is heard now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    /// Whose.
    pub pc: Pc,
    /// Which line.
    pub line: Line,
    /// RMS, 0 to 1.
    pub level: f32,
    /// Theirs.
    pub ssrc: u32,
    /// Of the newest packet.
    pub rtp_timestamp: u32,
}

/// What webrtc-stats wants to know of a received line's sound (`RTCInboundRtpStreamStats`), counted since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SoundStats {
    /// `totalSamplesReceived`
    pub samples: u64,
    /// `concealedSamples`
    pub concealed: u64,
    /// `silentConcealedSamples`
    pub silent_concealed: u64,
    /// `concealmentEvents`
    pub concealment_events: u64,
    /// `insertedSamplesForDeceleration`
    pub inserted: u64,
    /// `removedSamplesForAcceleration`
    pub removed: u64,
    /// `jitterBufferDelay`, seconds times samples
    pub delay: f64,
    /// `jitterBufferEmittedCount`
    pub emitted: u64,
    /// `totalAudioEnergy`
    pub energy: f64,
    /// `totalSamplesDuration`, seconds
    pub duration: f64,
    /// `audioLevel`, 0 to 1
    pub level: f32,
}

/// One page's sound.
#[derive(Debug, Default)]
pub struct Sound {
    sources: BTreeMap<SourceId, Source>,
    receivers: BTreeMap<(Pc, Line), Receiver>,
    far_end: FarEnd,
}

impl Sound {
    /// A captured track begins.
    ///
    /// # Errors
    /// `InvalidStateError` for a source that is open, `InvalidAccessError` for options that cannot be,
    /// `QuotaExceededError` when too many are open.
    pub fn open_source(&mut self, source: SourceId, options: SourceOptions) -> Result<(), Fault> {
        if self.sources.contains_key(&source) {
            return Err(Fault::InvalidStateError);
        }
        if self.sources.len() >= MAX_SOURCES {
            return Err(Fault::QuotaExceededError);
        }
        self.sources.insert(source, Source::new(options)?);
        Ok(())
    }

    /// A captured track ends.
    pub fn close_source(&mut self, source: SourceId) {
        self.sources.remove(&source);
    }

    /// Samples of a source came, interleaved; `time`: µs on the page's clock, of the first. What is coded now goes to
    /// every line that carries the source.
    pub fn captured(&mut self, _now: Instant, source: SourceId, time: u64, samples: &[f32]) -> Vec<Coded> {
        let Some(open) = self.sources.get_mut(&source) else { return Vec::new() };
        let packets = open.captured(&self.far_end, time, samples);
        packets.into_iter().map(|packet| Coded { source, packet }).collect()
    }

    /// What the listeners of a source want of it from now on.
    pub fn set_demand(&mut self, source: SourceId, demand: Demand) {
        if let Some(open) = self.sources.get_mut(&source) {
            open.set_demand(demand);
        }
    }

    /// A packet came on a line; the first opens it.
    pub fn received(&mut self, now: Instant, pc: Pc, line: Line, packet: SoundPacket) {
        if self.receivers.len() >= MAX_RECEIVERS && !self.receivers.contains_key(&(pc, line)) {
            return;
        }
        self.receivers.entry((pc, line)).or_insert_with(Receiver::new).received(now, packet);
    }

    /// The page has consumed so many frames of a line, `silent` of them (modulo 2^32) for want of sound: what it gets
    /// now keeps it from running dry.
    pub fn played(&mut self, now: Instant, pc: Pc, line: Line, frames: u64, silent: u32) -> Vec<Block> {
        let Some(receiver) = self.receivers.get_mut(&(pc, line)) else { return Vec::new() };
        self.far_end.played((pc, line), frames);
        let blocks = receiver.played(now, frames, silent);
        for (at, block) in &blocks {
            self.far_end.write((pc, line), *at, block.channels, &block.samples);
        }
        blocks.into_iter().map(|(_, block)| block).collect()
    }

    /// When the sender captured what is being heard on `pc` now, µs on the sender's NTP clock, for lip sync.
    #[must_use]
    pub fn heard_at(&self, now: Instant, pc: Pc, line: Line) -> Option<u64> {
        self.receivers.get(&(pc, line))?.heard_at(now)
    }

    /// What is heard, at most ten times a second a line.
    pub fn poll_heard(&mut self, now: Instant) -> Vec<Heard> {
        self.receivers
            .iter_mut()
            .filter_map(|((pc, line), receiver)| {
                let (level, ssrc, rtp_timestamp) = receiver.poll_heard(now)?;
                Some(Heard { pc: *pc, line: *line, level, ssrc, rtp_timestamp })
            })
            .collect()
    }

    /// What `get-stats` tells of a connection's lines.
    #[must_use]
    pub fn stats(&self, pc: Pc) -> Vec<(Line, SoundStats)> {
        self.receivers
            .range((pc, Line::MIN)..=(pc, Line::MAX))
            .map(|((_, line), receiver)| (*line, receiver.stats()))
            .collect()
    }

    /// A connection is gone.
    pub fn close(&mut self, pc: Pc) {
        let lines: Vec<_> =
            self.receivers.range((pc, Line::MIN)..=(pc, Line::MAX)).map(|(key, _)| *key).collect();
        for line in lines {
            self.receivers.remove(&line);
            self.far_end.close(line);
        }
    }
}
