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
    played: u64,
    given: u64,
    target: u64,
    /// What was left at the worst moment since `since`.
    worst: u64,
    since: Option<Instant>,
    /// The page has had a block, and may run dry.
    fed: bool,
}

impl Default for Lead {
    fn default() -> Self {
        Self { played: 0, given: 0, target: START, worst: u64::MAX, since: None, fed: false }
    }
}

impl Lead {
    /// The page has consumed so many frames since the line began.
    pub(super) fn played(&mut self, now: Instant, frames: u64) {
        // Less than before: the page counts anew.
        let dry = frames > self.given;
        if !self.fed || frames < self.played {
            self.given = frames;
        } else if dry {
            self.given = frames;
            self.target = (self.target + STEP_UP).min(MOST);
            self.worst = u64::MAX;
            self.since = Some(now);
        }
        self.played = frames;
        if !self.fed {
            return;
        }
        self.worst = self.worst.min(self.given - self.played);
        if now.saturating_duration_since(*self.since.get_or_insert(now)) >= CALM {
            if self.worst >= SPARE {
                self.target = (self.target - STEP_DOWN).max(LEAST);
            }
            self.worst = u64::MAX;
            self.since = Some(now);
        }
    }

    /// How many blocks the page wants now.
    pub(super) fn wanted(&self) -> usize {
        let ahead = self.given - self.played;
        let missing = self.target.saturating_sub(ahead).div_ceil(BLOCK_FRAMES as u64);
        usize::try_from(missing).unwrap_or(BURST).min(BURST)
    }

    /// Gives a block; where it will be played is answered, in frames since the line began.
    pub(super) fn give(&mut self) -> u64 {
        let at = self.given;
        self.given += BLOCK_FRAMES as u64;
        self.fed = true;
        at
    }

    /// Nothing is given for now.
    pub(super) fn rest(&mut self) {
        self.fed = false;
        self.since = None;
        self.worst = u64::MAX;
    }

    /// Frames between what was given last and what is heard.
    pub(super) fn ahead(&self) -> u64 {
        self.given - self.played
    }
}
