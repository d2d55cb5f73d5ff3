//! Sound without IO: what is captured becomes Opus, what comes becomes samples. One engine per page.
//!
//! Captured sound is freed of what this machine plays (echo), of noise, made even in loudness, and coded once per
//! source, however many connections carry it. Received sound goes through a jitter buffer, which the page empties at
//! the pace of its sound card.

use std::sync::Arc;
use std::time::Instant;

use crate::wire::{Fault, Line, Pc, SourceId, SourceOptions};

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
pub struct Sound {}

impl Sound {
    /// A captured track begins.
    ///
    /// # Errors
    /// [`Fault`]
    pub fn open_source(&mut self, _: SourceId, _: SourceOptions) -> Result<(), Fault> {
        Err(Fault::NotSupportedError)
    }

    /// A captured track ends.
    pub fn close_source(&mut self, _: SourceId) {}

    /// Samples of a source came, interleaved; `time`: µs on the page's clock, of the first. What is coded now goes to
    /// every line that carries the source.
    pub fn captured(&mut self, _now: Instant, _: SourceId, _time: u64, _samples: &[f32]) -> Vec<Coded> {
        Vec::new()
    }

    /// The share of packets, 0 to 1, that the worst of its listeners loses: forward error correction follows.
    pub fn set_loss(&mut self, _: SourceId, _fraction: f32) {}

    /// A packet came on a line; the first opens it.
    pub fn received(&mut self, _now: Instant, _: Pc, _: Line, _: SoundPacket) {}

    /// The page has consumed so many frames of a line: what it gets now keeps it from running dry.
    pub fn played(&mut self, _now: Instant, _: Pc, _: Line, _frames: u64) -> Vec<Block> {
        Vec::new()
    }

    /// When the sender captured what is being heard on `pc` now, µs on the sender's NTP clock, for lip sync.
    #[must_use]
    pub fn heard_at(&self, _now: Instant, _: Pc, _: Line) -> Option<u64> {
        None
    }

    /// What is heard, at most ten times a second a line.
    pub fn poll_heard(&mut self, _now: Instant) -> Vec<Heard> {
        Vec::new()
    }

    /// What `get-stats` tells of a connection's lines.
    #[must_use]
    pub fn stats(&self, _: Pc) -> Vec<(Line, SoundStats)> {
        Vec::new()
    }

    /// A connection is gone.
    pub fn close(&mut self, _: Pc) {}
}
