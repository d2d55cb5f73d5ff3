//! Opus packets to samples, with what is lost made up.

use ropus::{Channels, DecodeMode, Decoder as Opus};

/// Frames of the longest packet: 120 ms (RFC 6716, section 3.2.5).
pub(super) const MAX_FRAMES: usize = 5_760;

/// Decodes one stream. It begins with one channel and goes to two with the first packet of two.
pub(super) struct Decoder {
    opus: Opus,
    channels: usize,
    buffer: Vec<f32>,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Decoder").field("channels", &self.channels).finish_non_exhaustive()
    }
}

impl Decoder {
    /// None: there is no decoder for so many channels, which does not happen for one and two.
    pub(super) fn new(channels: usize) -> Option<Self> {
        let layout = if channels == 2 { Channels::Stereo } else { Channels::Mono };
        let opus = Opus::new(48_000, layout).ok()?;
        Some(Self { opus, channels, buffer: vec![0.0; MAX_FRAMES * channels] })
    }

    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    /// The samples of a packet; None for what is none.
    pub(super) fn decode(&mut self, packet: &[u8]) -> Option<&[f32]> {
        let frames = self.opus.decode_float(packet, &mut self.buffer, DecodeMode::Normal).ok()?;
        Some(&self.buffer[..frames * self.channels])
    }

    /// `frames` that are missing before `next`, from what `next` says again of them. A multiple of 2.5 ms, at least as
    /// long as `next`.
    pub(super) fn recover(&mut self, next: &[u8], frames: usize) -> Option<&[f32]> {
        let room = &mut self.buffer[..frames.min(MAX_FRAMES) * self.channels];
        let frames = self.opus.decode_float(next, room, DecodeMode::Fec).ok()?;
        Some(&self.buffer[..frames * self.channels])
    }

    /// `frames`, a multiple of 2.5 ms, made up from what came before.
    pub(super) fn conceal(&mut self, frames: usize) -> Option<&[f32]> {
        let room = &mut self.buffer[..frames.min(MAX_FRAMES) * self.channels];
        let frames = self.opus.decode_float(&[], room, DecodeMode::Normal).ok()?;
        Some(&self.buffer[..frames * self.channels])
    }
}
