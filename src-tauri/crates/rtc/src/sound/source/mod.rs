//! A captured track: its samples, cut into blocks, cleaned, coded.

mod encoder;
mod processing;
mod quiet;
mod repeats;

use encoder::{Encoder, PACKET_FRAMES};
use processing::Processing;
use quiet::Quiet;
use repeats::Repeats;

use super::far_end::{FarEnd, Reader};
use super::{BLOCK_FRAMES, Demand, SoundPacket};
use crate::wire::{Fault, SourceOptions};

/// At most so many frames come at once; of more, the page has lost count.
const MAX_FRAMES: usize = 48_000;
/// µs: a step in capture times that is more than jitter: sound is missing.
const GAP: u64 = 60_000;
/// The share of a smaller step by which capture times are corrected: the page's clock and the sound card's drift.
const CORRECTION: i64 = 64;

#[derive(Debug)]
pub(super) struct Source {
    options: SourceOptions,
    processing: Option<Processing>,
    /// Where echo is taken out.
    quiet: Option<Quiet>,
    /// Of what is processed.
    repeats: Option<Repeats>,
    encoder: Encoder,
    far: Reader,
    /// Not yet a block.
    pending: Vec<f32>,
    /// Processed, not yet a packet.
    ready: Vec<f32>,
    /// µs, when the first sample of `ready` and `pending` was captured; None before the first.
    time: Option<u64>,
}

impl Source {
    pub(super) fn new(options: SourceOptions) -> Result<Self, Fault> {
        if !(1..=2).contains(&options.channels) {
            return Err(Fault::InvalidAccessError);
        }
        let processing = Processing::new(&options);
        Ok(Self {
            repeats: processing.is_some().then(|| Repeats::new(usize::from(options.channels))),
            processing,
            quiet: options.echo_cancellation.then(Quiet::new),
            encoder: Encoder::new(&options)?,
            far: Reader::default(),
            pending: Vec::with_capacity(BLOCK_FRAMES * 2),
            ready: Vec::with_capacity(PACKET_FRAMES * 2),
            time: None,
            options,
        })
    }

    pub(super) fn set_demand(&mut self, demand: Demand) {
        self.encoder.set_loss(demand.loss);
        self.encoder.set_limit(demand.max_bitrate);
    }

    /// Interleaved samples, the first captured at `time`.
    pub(super) fn captured(&mut self, far_end: &FarEnd, time: u64, samples: &[f32]) -> Vec<SoundPacket> {
        let channels = usize::from(self.options.channels);
        let mut packets = Vec::new();
        if samples.len() / channels > MAX_FRAMES || !samples.len().is_multiple_of(channels) {
            return packets;
        }
        self.follow(time, channels);
        for frame in samples.chunks_exact(channels) {
            // A sample that is no number would stay in every filter for good.
            let mut clean = [0.0; 2];
            for (clean, sample) in clean.iter_mut().zip(frame) {
                *clean = if sample.is_finite() { *sample } else { 0.0 };
            }
            self.take(&clean[..channels]);
            if self.pending.len() == BLOCK_FRAMES * channels {
                packets.extend(self.block(far_end));
            }
        }
        packets
    }

    fn take(&mut self, frame: &[f32]) {
        let Some(repeats) = &mut self.repeats else {
            self.pending.extend(frame);
            return;
        };
        let twice = repeats.push(frame);
        if let Some(frame) = repeats.next() {
            self.pending.extend(frame);
        }
        if twice > 0 {
            // What is played meanwhile is not skipped: the echo of it comes as much later.
            self.encoder.skip(twice as u64);
            self.time = self.time.map(|time| time + micros(twice));
        }
    }

    /// Keeps the time of the samples that wait in step with the page's.
    fn follow(&mut self, time: u64, channels: usize) {
        let held = self.repeats.as_ref().map_or(0, Repeats::held);
        let waiting = (self.ready.len() + self.pending.len()) / channels + held;
        let Some(first) = self.time else {
            self.time = Some(time.saturating_sub(micros(waiting)));
            return;
        };
        let expected = first + micros(waiting);
        let ahead = i64::try_from(time).unwrap_or(i64::MAX).saturating_sub_unsigned(expected);
        if ahead.unsigned_abs() < GAP {
            self.time = Some(first.saturating_add_signed(ahead / CORRECTION));
        } else if ahead > 0 {
            // What waits is less than a packet: it goes with the gap.
            self.encoder.skip(ahead.unsigned_abs().saturating_mul(48) / 1000 + waiting as u64);
            self.far.skip(ahead.unsigned_abs().saturating_mul(48) / 1000 + waiting as u64);
            self.ready.clear();
            self.pending.clear();
            if let Some(repeats) = &mut self.repeats {
                repeats.clear();
            }
            self.time = Some(time);
        } else {
            // The page's clock was set back; the sound goes on.
            self.time = Some(time.saturating_sub(micros(waiting)));
        }
    }

    /// `pending` is 10 ms.
    fn block(&mut self, far_end: &FarEnd) -> Option<SoundPacket> {
        let channels = usize::from(self.options.channels);
        let far = far_end.read(&mut self.far);
        if let Some(processing) = &mut self.processing {
            processing.process(&mut self.pending, &far);
        }
        if let Some(quiet) = &mut self.quiet {
            quiet.process(&mut self.pending, channels);
        }
        self.ready.append(&mut self.pending);
        if self.ready.len() < PACKET_FRAMES * channels {
            return None;
        }
        let time = self.time.unwrap_or_default();
        let packet = self.encoder.encode(time, &self.ready);
        self.ready.clear();
        self.time = Some(time + micros(PACKET_FRAMES));
        packet
    }
}

/// How long so many frames last.
fn micros(frames: usize) -> u64 {
    frames as u64 * 1000 / 48
}
