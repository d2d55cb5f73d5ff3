//! What this machine plays, all lines together, for those that take it out of a microphone's sound.
//!
//! The page consumes all lines and captures all sources at the pace of one clock, that of its sound card. So both are
//! counted in frames: a line's blocks lie where they are played, a reader goes on by as much as was captured, and the
//! two stay in step however late messages come. Where a reader begins is where the page plays at that time; the echo
//! comes back later than that, always by the same delay.

use std::collections::{BTreeMap, VecDeque};

use super::BLOCK_FRAMES;
use crate::wire::{Line, Pc};

/// Frames that are kept: 1 s.
const HISTORY: usize = 48_000;
/// Frames: a line that is farther from what is played has lost its way.
const ASTRAY: i64 = 9_600;
/// Frames: the same of a reader, who falls behind by each piece that is captured late.
const READER_ASTRAY: i64 = 24_000;

/// The mix, one channel.
#[derive(Debug, Default)]
pub(super) struct FarEnd {
    /// Where the first frame of `mix` is played.
    base: i64,
    mix: VecDeque<f32>,
    /// What turns a line's own count into a place in the mix.
    offsets: BTreeMap<(Pc, Line), i64>,
    /// What is played now; None before the first line.
    playing: Option<i64>,
}

/// Who reads the mix, and where.
#[derive(Debug, Default)]
pub(super) struct Reader {
    at: Option<i64>,
    /// `playing` at the last look.
    playing: i64,
}

impl Reader {
    /// Nothing was captured for so many frames.
    pub(super) fn skip(&mut self, frames: u64) {
        self.at = self.at.map(|at| at.saturating_add_unsigned(frames));
    }
}

impl FarEnd {
    /// A line has consumed so many frames.
    pub(super) fn played(&mut self, line: (Pc, Line), frames: u64) {
        let frames = i64::try_from(frames).unwrap_or(i64::MAX / 2);
        let start = self.playing.unwrap_or_default();
        let offset = self.offsets.entry(line).or_insert(start - frames);
        let mut playing = frames + *offset;
        if (playing - start).abs() > ASTRAY && self.playing.is_some() {
            // The page began to count anew, or stood still.
            *offset = start - frames;
            playing = start;
        }
        self.playing = Some(playing);
    }

    /// A line's next block, interleaved, that is played after `given` frames of it.
    pub(super) fn write(&mut self, line: (Pc, Line), given: u64, channels: u8, samples: &[f32]) {
        let Some(offset) = self.offsets.get(&line) else { return };
        let at = i64::try_from(given).unwrap_or(i64::MAX / 2) + offset;
        if self.mix.is_empty() {
            self.base = at;
        }
        let frames = samples.len() / usize::from(channels);
        let end = at + frames as i64 - self.base;
        if end <= 0 || at - self.base > 2 * HISTORY as i64 {
            return;
        }
        // Checked: positive, and no more than twice the history.
        self.mix.resize(self.mix.len().max(end as usize), 0.0);
        for (index, frame) in samples.chunks_exact(usize::from(channels)).enumerate() {
            let sum: f32 = frame.iter().sum();
            if let Ok(place) = usize::try_from(at - self.base + index as i64) {
                self.mix[place] += sum / f32::from(channels);
            }
        }
        let over = self.mix.len().saturating_sub(HISTORY);
        self.mix.drain(..over);
        self.base += over as i64;
    }

    /// The next 10 ms.
    pub(super) fn read(&self, reader: &mut Reader) -> [f32; BLOCK_FRAMES] {
        let mut block = [0.0; BLOCK_FRAMES];
        let Some(playing) = self.playing else {
            reader.at = None;
            return block;
        };
        let mut at = reader.at.unwrap_or(playing);
        if (at - playing).abs() > READER_ASTRAY && playing != reader.playing {
            at = playing;
        }
        reader.playing = playing;
        for (index, sample) in block.iter_mut().enumerate() {
            if let Ok(place) = usize::try_from(at - self.base + index as i64)
                && let Some(value) = self.mix.get(place)
            {
                *sample = value.clamp(-1.0, 1.0);
            }
        }
        reader.at = Some(at + BLOCK_FRAMES as i64);
        block
    }

    /// A line is gone.
    pub(super) fn close(&mut self, line: (Pc, Line)) {
        self.offsets.remove(&line);
        if self.offsets.is_empty() {
            *self = Self::default();
        }
    }
}
