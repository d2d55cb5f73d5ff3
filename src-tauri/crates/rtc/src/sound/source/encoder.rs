//! 20 ms of sound to one Opus packet (RFC 6716), with what is said twice in case a packet is lost, and silence left
//! out.

use std::sync::Arc;

use ropus::{Application, Bitrate, Channels, Encoder as Opus, InbandFec, Signal};

use crate::sound::SoundPacket;
use crate::sound::level::{dbov, rms};
use crate::wire::{Fault, SourceOptions};

/// Frames of a packet: 20 ms at 48 kHz.
pub(super) const PACKET_FRAMES: usize = 960;
/// No Opus packet of 20 ms is longer (RFC 6716, section 3.2.1).
const MAX_PACKET_BYTES: usize = 1275;
/// bit/s: transparent for a voice with forward error correction.
const VOICE_BITRATE: u32 = 32_000;
/// bit/s for what is not speech, one channel and two.
const MUSIC_BITRATE: [u32; 2] = [64_000, 128_000];
/// bit/s: with less a voice cannot be coded (RFC 6716, section 2.1.1).
const LEAST_BITRATE: u32 = 6_000;
/// Beyond, more redundancy only makes the voice worse.
const MAX_LOSS_PERCENT: u8 = 30;
/// An Opus packet of so few bytes says that there is nothing to say (RFC 6716, section 2.1.9).
const SILENT_BYTES: usize = 2;

pub(super) struct Encoder {
    opus: Opus,
    channels: usize,
    /// bit/s where nobody wants less.
    usual: u32,
    bitrate: u32,
    loss_percent: u8,
    sequence: u16,
    timestamp: u32,
    silent: bool,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Encoder").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

impl Encoder {
    pub(super) fn new(options: &SourceOptions) -> Result<Self, Fault> {
        let stereo = options.channels == 2;
        let (application, signal, bitrate) = if options.speech {
            (Application::Voip, Signal::Voice, VOICE_BITRATE)
        } else {
            (Application::Audio, Signal::Auto, MUSIC_BITRATE[usize::from(stereo)])
        };
        let opus = Opus::builder(48_000, if stereo { Channels::Stereo } else { Channels::Mono }, application)
            .bitrate(Bitrate::Bits(bitrate))
            .signal(signal)
            .complexity(10)
            .vbr(true)
            .inband_fec(InbandFec::Enabled)
            .dtx(options.speech)
            .build()
            .map_err(|_| Fault::NotSupportedError)?;
        Ok(Self {
            opus,
            channels: usize::from(options.channels),
            usual: bitrate,
            bitrate,
            loss_percent: 0,
            sequence: 0,
            timestamp: 0,
            silent: true,
            buffer: vec![0; MAX_PACKET_BYTES],
        })
    }

    /// The share of packets that are lost, 0 to 1.
    pub(super) fn set_loss(&mut self, fraction: f32) {
        // A NaN becomes 0 by the cast.
        let percent = ((fraction * 100.0).ceil() as u8).min(MAX_LOSS_PERCENT);
        if percent != self.loss_percent && self.opus.set_packet_loss_perc(percent).is_ok() {
            self.loss_percent = percent;
        }
    }

    /// bit/s it may take at most.
    pub(super) fn set_limit(&mut self, most: Option<u32>) {
        let bitrate = self.usual.min(most.unwrap_or(u32::MAX)).max(LEAST_BITRATE);
        if bitrate != self.bitrate && self.opus.set_bitrate(Bitrate::Bits(bitrate)).is_ok() {
            self.bitrate = bitrate;
        }
    }

    /// Nothing was captured for so many frames.
    pub(super) fn skip(&mut self, frames: u64) {
        // RTP timestamps wrap.
        self.timestamp = self.timestamp.wrapping_add(frames as u32);
        self.silent = true;
    }

    /// [`PACKET_FRAMES`] interleaved frames, the first captured at `time`. None: silence, which is not sent.
    pub(super) fn encode(&mut self, time: u64, samples: &[f32]) -> Option<SoundPacket> {
        debug_assert_eq!(samples.len(), PACKET_FRAMES * self.channels);
        let timestamp = self.timestamp;
        self.timestamp = self.timestamp.wrapping_add(PACKET_FRAMES as u32);
        let bytes = self.opus.encode_float(samples, &mut self.buffer).ok()?;
        if bytes <= SILENT_BYTES {
            self.silent = true;
            return None;
        }
        let packet = SoundPacket {
            timestamp,
            sequence: self.sequence,
            marker: std::mem::take(&mut self.silent),
            level: dbov(rms(samples)),
            ssrc: 0,
            captured_at: Some(time),
            payload: Arc::from(&self.buffer[..bytes]),
        };
        self.sequence = self.sequence.wrapping_add(1);
        Some(packet)
    }
}
