//! Takes out what an engine gave twice.
//!
//! WebKitGTK reads a microphone in pieces of 128 frames at 44.1 kHz and makes 48 kHz of them. When a piece comes late the
//! one before it is given once more, and everything after it is later by its length. It is hardly heard, but an echo
//! canceller has to find the echo anew each time, for up to a second. A voice does not repeat itself to a ten-thousandth
//! of its power over two milliseconds; such a piece does, and without it the sound is as it was captured.

use std::collections::VecDeque;

/// Frames of a repeated piece: 128 at 44.1 kHz.
const PERIOD: f64 = 128.0 * 48_000.0 / 44_100.0;
/// Whole frames of it.
const WHOLE: usize = 139;
/// Frames that have to be the same. What lies at a piece's edges is not: there the resampler mixes two.
const SAME: usize = 96;
/// Share of the power that differs at most.
const DIFFERENCE: f64 = 3e-4;
/// Mean power below which there is nothing to tell: -90 dBFS, less than the noise of any microphone.
const QUIET: f64 = 1e-9;

/// More pieces in a row are no late ones, but a tone whose period fits.
const MOST: usize = 16;

/// Frames between which one that is no frame is found.
const TAPS: usize = 16;
/// Frames to look one period back.
const PAST: usize = WHOLE + TAPS / 2 + 1;

/// One source's sound on its way, interleaved.
#[derive(Debug)]
pub(super) struct Repeats {
    channels: usize,
    /// The newest of the first channel.
    newest: [f32; 3],
    /// The first channel, dull: enough to look one period back.
    past: VecDeque<f32>,
    taps: [f64; TAPS],
    /// Power of the newest frames, and of what differs in them.
    window: VecDeque<(f64, f64)>,
    /// Their sums.
    sum: (f64, f64),
    /// Held back, for it may be taken out.
    held: VecDeque<f32>,
    /// Pieces taken out in a row, and frames since there was nothing to take out.
    row: usize,
    other: usize,
    /// Part of a frame that was not taken out yet, or too much.
    rest: f64,
}

impl Repeats {
    pub(super) fn new(channels: usize) -> Self {
        Self {
            channels,
            newest: [0.0; 3],
            past: VecDeque::with_capacity(PAST + 1),
            taps: taps(),
            window: VecDeque::with_capacity(SAME + 1),
            sum: (0.0, 0.0),
            held: VecDeque::with_capacity((WHOLE + 2) * channels),
            row: 0,
            other: 0,
            rest: 0.0,
        }
    }

    /// Frames that wait here.
    pub(super) fn held(&self) -> usize {
        self.held.len() / self.channels
    }

    /// Forgets what waits: something is missing after it.
    pub(super) fn clear(&mut self) {
        self.past.clear();
        self.held.clear();
        self.look_anew();
    }

    /// Takes a frame; answers how many frames were taken out with it. [`Repeats::next`] gives what is behind it.
    pub(super) fn push(&mut self, frame: &[f32]) -> usize {
        let sample = self.low_pass(frame[0]);
        self.held.extend(frame);
        self.past.push_back(sample);
        if self.past.len() < PAST {
            return 0;
        }
        let before = self.one_period_before();
        self.past.pop_front();
        let (own, off) = (f64::from(sample), f64::from(sample) - before);
        self.window.push_back((own * own, off * off));
        self.sum = (self.sum.0 + own * own, self.sum.1 + off * off);
        if self.window.len() <= SAME {
            return 0;
        }
        if let Some(oldest) = self.window.pop_front() {
            self.sum = (self.sum.0 - oldest.0, self.sum.1 - oldest.1);
        }
        if !self.is_repeated() {
            self.other += 1;
            if self.other > WHOLE {
                self.row = 0;
            }
            return 0;
        }
        self.other = 0;
        // As many as may go must be there.
        if self.held() <= WHOLE || self.row >= MOST {
            return 0;
        }
        self.row += 1;
        self.rest += PERIOD;
        let frames = self.rest.round() as usize;
        self.rest -= frames as f64;
        // Any stretch of one period that ends in the repeated piece: what follows fits to what is before it.
        self.held.truncate((self.held() - frames) * self.channels);
        self.look_anew();
        frames
    }

    /// A frame that stays, once it cannot be taken out any more.
    pub(super) fn next(&mut self) -> Option<impl Iterator<Item = f32> + '_> {
        (self.held() > WHOLE + 1).then(|| self.held.drain(..self.channels))
    }

    /// Without its highest tones, which no frame between two frames tells of.
    fn low_pass(&mut self, sample: f32) -> f32 {
        let [a, b, c] = self.newest;
        self.newest = [sample, a, b];
        (sample + 3.0 * (a + b) + c) / 8.0
    }

    fn look_anew(&mut self) {
        self.window.clear();
        self.sum = (0.0, 0.0);
    }

    fn is_repeated(&self) -> bool {
        let (power, off) = self.sum;
        power > QUIET * SAME as f64 && off < DIFFERENCE * power
    }

    /// What was [`PERIOD`] frames before the newest, which lies between two frames.
    fn one_period_before(&self) -> f64 {
        self.past.iter().zip(self.taps).map(|(sample, tap)| f64::from(*sample) * tap).sum()
    }
}

/// A windowed sinc around [`PERIOD`] frames before the newest, for the first of [`PAST`] frames and those after it.
fn taps() -> [f64; TAPS] {
    std::array::from_fn(|at| {
        let off = (PAST - 1 - at) as f64 - PERIOD;
        let angle = off * std::f64::consts::PI;
        // No frame lies there: the period is no whole number.
        angle.sin() / angle * (0.5 + 0.5 * (2.0 * angle / (TAPS + 1) as f64).cos())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::tests::kit::{Dice, speech, tone};

    /// A source at 44.1 kHz in pieces of 128, some of them twice, made to 48 kHz as engines do (a windowed sinc).
    fn resampled(samples: &[f32], twice: &[usize]) -> Vec<f32> {
        let mut given = Vec::new();
        for (at, piece) in samples.chunks(128).enumerate() {
            for _ in 0..=twice.iter().filter(|one| **one == at).count() {
                given.extend_from_slice(piece);
            }
        }
        let at = |place: f64| -> f32 {
            let middle = place.floor() as i64;
            (middle - 15..=middle + 16)
                .filter_map(|tap| Some((tap, *given.get(usize::try_from(tap).ok()?)?)))
                .map(|(tap, sample)| {
                    let off = (place - tap as f64) * std::f64::consts::PI;
                    let window = 0.5 + 0.5 * (off / 17.0).cos();
                    let sinc = if off.abs() < 1e-9 { 1.0 } else { off.sin() / off };
                    sample * (sinc * window) as f32
                })
                .sum()
        };
        (0..given.len() * 480 / 441).map(|frame| at(frame as f64 * 44_100.0 / 48_000.0)).collect()
    }

    fn through(samples: &[f32]) -> (Vec<f32>, Vec<usize>) {
        let mut repeats = Repeats::new(1);
        let (mut out, mut taken) = (Vec::new(), Vec::new());
        for sample in samples {
            taken.extend(Some(repeats.push(&[*sample])).filter(|frames| *frames > 0));
            while let Some(frame) = repeats.next() {
                out.extend(frame);
            }
        }
        (out, taken)
    }

    #[test]
    fn what_was_given_twice_is_given_once() {
        // In a quiet room, which is never silent.
        let mut dice = Dice::new(8);
        let voice: Vec<f32> = speech(3, 6.0).iter().map(|sample| sample + 0.001 * dice.noise()).collect();
        // Single ones, two together, four together.
        let twice = [300, 500, 700, 700, 901, 903, 1100, 1100, 1100, 1100];
        let given = resampled(&voice, &twice);
        let (out, taken) = through(&given);
        assert_eq!(taken.len(), twice.len(), "{taken:?}");
        assert_eq!(taken.iter().sum::<usize>(), (PERIOD * twice.len() as f64).round() as usize);
        let whole = resampled(&voice, &[]);
        let differs = |from: usize| {
            let power = |one: &[f32]| one.iter().map(|sample| sample * sample).sum::<f32>();
            let (have, want) = (&out[from..from + 4_800], &whole[from..from + 4_800]);
            let off: Vec<f32> = have.iter().zip(want).map(|(a, b)| a - b).collect();
            power(&off) / power(want)
        };
        // In step again after each, to a part of a frame; and as it was before the first.
        assert!(differs(20_000) < 1e-9);
        assert!(differs(150_000) < 0.05, "{}", differs(150_000));
    }

    #[test]
    fn nothing_else_is_taken_out() {
        for seed in 1..4 {
            assert_eq!(through(&resampled(&speech(seed, 4.0), &[])).1, [0; 0]);
        }
        for hertz in [50.0, 110.0, 261.6, 440.0, 1_000.0, 3_000.0] {
            assert_eq!(through(&tone(hertz, 0.3, 96_000)).1, [0; 0]);
        }
        // One whose period is a piece's: given up soon, and for as long as it sounds.
        assert!(through(&tone(44_100.0 / 128.0 * 2.0, 0.3, 96_000)).1.len() <= MOST);
        assert_eq!(through(&vec![0.0; 96_000]).1, [0; 0]);
    }
}
