//! Silence where nothing is left to hear. What the echo canceller leaves of the other side's voice is far below what
//! anybody says, but in a quiet room with loud headphones it can be heard; so can a room's hiss, for hours.

use crate::sound::level::rms;

/// Of 10 ms, RMS: above it somebody may be heard (-66 dBFS), below the other nobody is (-70 dBFS).
const HEARD: f32 = 0.000_5;
const UNHEARD: f32 = 0.000_316;
/// 10 ms each: the end of a word fades away before it is cut.
const PATIENCE: u32 = 20;
/// Frames in which a word comes back: no click, and nothing of it lost.
const RISE: usize = 48;

/// Opens with the first sound, shuts after a while without any.
#[derive(Debug)]
pub(super) struct Quiet {
    silent_for: u32,
    /// What the last block ended with, 0 or 1.
    open: bool,
}

impl Quiet {
    pub(super) fn new() -> Self {
        Self { silent_for: 0, open: true }
    }

    /// 10 ms, interleaved, in place.
    pub(super) fn process(&mut self, block: &mut [f32], channels: usize) {
        let level = rms(block);
        self.silent_for = if level < UNHEARD { self.silent_for.saturating_add(1) } else { 0 };
        let opens = if self.open { self.silent_for < PATIENCE } else { level > HEARD };
        let frames = block.len() / channels;
        match (self.open, opens) {
            (true, true) => {}
            (false, false) => block.fill(0.0),
            (was_open, _) => {
                let over = if was_open { frames } else { RISE.min(frames) };
                for (at, frame) in block.chunks_exact_mut(channels).enumerate() {
                    let done = (at as f32 / over as f32).min(1.0);
                    let gain = if was_open { 1.0 - done } else { done };
                    frame.iter_mut().for_each(|sample| *sample *= gain);
                }
            }
        }
        self.open = opens;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(level: f32) -> Vec<f32> {
        (0..480).map(|at| level * std::f32::consts::SQRT_2 * (at as f32 * 0.1).sin()).collect()
    }

    fn passed(quiet: &mut Quiet, level: f32) -> f32 {
        let mut block = tone(level);
        quiet.process(&mut block, 1);
        rms(&block) / rms(&tone(level))
    }

    #[test]
    fn what_nobody_hears_is_silence_after_a_while_and_a_word_comes_back_whole() {
        let mut quiet = Quiet::new();
        for _ in 0..PATIENCE - 1 {
            assert!((passed(&mut quiet, 0.000_1) - 1.0).abs() < 0.01, "the end of a word");
        }
        passed(&mut quiet, 0.000_1);
        assert!(passed(&mut quiet, 0.000_1) == 0.0);
        // Between the two bounds it stays as it is.
        assert!(passed(&mut quiet, 0.000_4) == 0.0);
        assert!(passed(&mut quiet, 0.01) > 0.9, "a millisecond at most is missing");
        assert!((passed(&mut quiet, 0.000_4) - 1.0).abs() < 0.01);
    }

    #[test]
    fn both_channels_go_together() {
        let mut quiet = Quiet::new();
        let mut block: Vec<f32> = tone(0.000_1).iter().flat_map(|sample| [*sample, *sample]).collect();
        for _ in 0..PATIENCE + 1 {
            quiet.process(&mut block, 2);
        }
        assert!(block.iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn soft_speech_is_not_touched() {
        let mut quiet = Quiet::new();
        for _ in 0..500 {
            assert!((passed(&mut quiet, 0.001) - 1.0).abs() < 0.01);
        }
    }
}
