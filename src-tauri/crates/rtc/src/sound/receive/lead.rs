//! How far ahead of the page its sound is given.

use std::time::{Duration, Instant};

use crate::sound::BLOCK_FRAMES;

/// Frames: at first.
const START: u64 = 30 * 48;
/// Frames: bounds.
const LEAST: u64 = 20 * 48;
const MOST: u64 = 200 * 48;
/// Frames: more after the page ran dry.
const STEP_UP: u64 = 10 * 48;
/// Frames: less after a calm time.
const STEP_DOWN: u64 = 48;
/// Frames that were left at the worst moment of a calm time.
const SPARE: u64 = 12 * 48;
const CALM: Duration = Duration::from_secs(2);
/// Blocks at most in one answer.
const BURST: usize = 25;

/// Counts what the page has been given and has consumed.
#[derive(Debug)]
pub(super) struct Lead {
    /// By the page's count, silence included.
    played: u64,
    /// Of these, silence.
    silent: u64,
    /// In sound, which `played - silent` follows.
    given: u64,
    target: u64,
    /// What was left at the worst moment since `since`.
    worst: u64,
    since: Option<Instant>,
    /// How much sound the page had consumed when it was given the first block after a rest; None at rest.
    fed: Option<u64>,
}

impl Default for Lead {
    fn default() -> Self {
        Self { played: 0, silent: 0, given: 0, target: START, worst: u64::MAX, since: None, fed: None }
    }
}

impl Lead {
    /// The page has consumed so many frames since the line began, `silent` of them (modulo 2^32) for want of sound.
    pub(super) fn played(&mut self, now: Instant, frames: u64, silent: u32) {
        // It counts anew: what it had is gone.
        let again = frames < self.played;
        let dry = if again { 0 } else { silent.wrapping_sub(self.silent as u32) };
        self.silent = if again { u64::from(silent) } else { self.silent + u64::from(dry) }.min(frames);
        self.played = frames;
        let consumed = frames - self.silent;
        if again || self.given < consumed {
            self.given = consumed;
        }
        // The first block is on its way until some of it is consumed.
        if self.fed.is_none_or(|fed| consumed <= fed) {
            return;
        }
        if dry > 0 {
            self.target = (self.target + STEP_UP).min(MOST);
            self.calm(now);
            return;
        }
        self.worst = self.worst.min(self.ahead());
        if now.saturating_duration_since(*self.since.get_or_insert(now)) >= CALM {
            if self.worst >= SPARE {
                self.target = (self.target - STEP_DOWN).max(LEAST);
            }
            self.calm(now);
        }
    }

    /// A calm time begins.
    fn calm(&mut self, now: Instant) {
        self.worst = u64::MAX;
        self.since = Some(now);
    }

    /// How many blocks the page wants now.
    pub(super) fn wanted(&self) -> usize {
        let missing = self.target.saturating_sub(self.ahead()).div_ceil(BLOCK_FRAMES as u64);
        usize::try_from(missing).unwrap_or(BURST).min(BURST)
    }

    /// Gives a block; where it will be played is answered, in frames since the line began.
    pub(super) fn give(&mut self) -> u64 {
        let at = self.given + self.silent;
        self.fed.get_or_insert(self.given);
        self.given += BLOCK_FRAMES as u64;
        at
    }

    /// Nothing is given for now.
    pub(super) fn rest(&mut self) {
        self.fed = None;
        self.since = None;
        self.worst = u64::MAX;
    }

    /// Frames between what was given last and what is heard.
    pub(super) fn ahead(&self) -> u64 {
        self.given - (self.played - self.silent)
    }
}
