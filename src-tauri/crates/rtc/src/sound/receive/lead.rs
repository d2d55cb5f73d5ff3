//! How far ahead of the page its sound is given.

use std::time::{Duration, Instant};

use crate::sound::BLOCK_FRAMES;

/// Frames: at first.
const START: u64 = 30 * 48;
/// Frames: bounds.
const LEAST: u64 = 20 * 48;
const MOST: u64 = 200 * 48;
/// Frames: less after a calm time, at least.
const STEP_DOWN: u64 = 48;
/// Frames that shall be left at the worst moment.
const SPARE: u64 = 12 * 48;
const CALM: Duration = Duration::from_secs(1);
/// The worst moment is that of the last one to two windows of this length.
const WINDOW: Duration = Duration::from_secs(8);
/// The first window; each is twice as long as the one before. What stood still while a call began is not waited for.
const FIRST_WINDOW: Duration = Duration::from_secs(1);
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
    /// How far what was ahead fell below the target at the worst moment, in this window and the one before.
    sags: [u64; 2],
    /// While the page is dry: what would have been enough until now.
    stall: Option<u64>,
    window: Option<Instant>,
    length: Duration,
    /// Since when it is calm.
    since: Option<Instant>,
    /// How much sound the page had consumed when it was given the first block after a rest; None at rest.
    fed: Option<u64>,
}

impl Default for Lead {
    fn default() -> Self {
        Self {
            played: 0,
            silent: 0,
            given: 0,
            target: START,
            sags: [0; 2],
            stall: None,
            window: None,
            length: FIRST_WINDOW,
            since: None,
            fed: None,
        }
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
        if now.saturating_duration_since(*self.window.get_or_insert(now)) >= self.length {
            self.sags = [0, self.sags[0]];
            self.window = Some(now);
            self.length = (2 * self.length).min(WINDOW);
        }
        // What came meanwhile may be many reports of one and the same stall.
        self.stall = (dry > 0).then(|| self.stall.unwrap_or(self.target) + u64::from(dry));
        let sag = self.stall.unwrap_or_else(|| self.target.saturating_sub(self.ahead()));
        self.sags[0] = self.sags[0].max(sag);
        if dry > 0 {
            self.target = self.target.max(sag + SPARE).min(MOST);
            self.since = Some(now);
        } else if now.saturating_duration_since(*self.since.get_or_insert(now)) >= CALM {
            self.fall();
            self.since = Some(now);
        }
    }

    /// Half of the way to what would have done lately: what a busy moment has piled up is not heard late for ever.
    fn fall(&mut self) {
        let enough = (self.sags[0].max(self.sags[1]) + SPARE).max(LEAST);
        let more = self.target.saturating_sub(enough);
        self.target -= (more / 2).max(STEP_DOWN).min(more);
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
    }

    /// Frames between what was given last and what is heard.
    pub(super) fn ahead(&self) -> u64 {
        self.given - (self.played - self.silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames between two reports of the page.
    const REPORT: u64 = 384;

    /// A page that plays, and stands still for a while now and then.
    struct Page {
        lead: Lead,
        now: Instant,
        had: u64,
        played: u64,
        silent: u64,
    }

    impl Page {
        fn new() -> Self {
            Self { lead: Lead::default(), now: Instant::now(), had: 0, played: 0, silent: 0 }
        }

        /// It plays for `ms`; every `every` ms nothing reaches it for `gap` ms.
        fn plays(&mut self, ms: u64, every: u64, gap: u64) {
            for report in 0..ms / 8 {
                self.now += Duration::from_millis(8);
                self.played += REPORT;
                let heard = self.had.min(REPORT);
                self.had -= heard;
                self.silent += REPORT - heard;
                self.lead.played(self.now, self.played, self.silent as u32);
                if report * 8 % every >= gap {
                    for _ in 0..self.lead.wanted() {
                        self.lead.give();
                        self.had += BLOCK_FRAMES as u64;
                    }
                }
            }
        }

        fn ms(&self) -> u64 {
            self.lead.target / 48
        }
    }

    #[test]
    fn what_a_busy_start_has_piled_up_is_soon_gone() {
        let mut page = Page::new();
        page.plays(1_500, 500, 180);
        assert!(page.ms() > 120, "{} ms", page.ms());
        page.plays(9_000, u64::MAX, 0);
        assert!(page.ms() < 40, "{} ms after a calm time", page.ms());
    }

    #[test]
    fn what_a_busy_time_has_piled_up_is_gone_after_half_a_minute() {
        let mut page = Page::new();
        page.plays(30_000, u64::MAX, 0);
        page.plays(5_000, 500, 180);
        assert!(page.ms() > 120, "{} ms", page.ms());
        page.plays(24_000, u64::MAX, 0);
        assert!(page.ms() < 40, "{} ms after a calm time", page.ms());
    }

    #[test]
    fn a_stall_that_comes_again_and_again_is_remembered() {
        let mut page = Page::new();
        page.plays(60_000, 5_000, 60);
        let before = page.silent;
        page.plays(60_000, 5_000, 60);
        assert_eq!(page.silent, before, "heard as silence");
        assert!((60..110).contains(&page.ms()), "{} ms", page.ms());
    }
}
