//! The page's clock, told in this process's time.
//!
//! Each frame of the page's carries a time of its clock and takes a while to arrive. The one that took least says how
//! the clocks differ, too late by what the fastest takes: the same for voice and picture, which is what matters.

use std::time::{Duration, Instant};

/// How long the fastest frame counts: twice this at most. Clocks are set and machines sleep.
const WINDOW: Duration = Duration::from_secs(5);

/// Differences that are told again. Less is noise of the arrival.
const STEP: i64 = 3_000;

#[derive(Debug)]
pub(super) struct PageClock {
    began: Instant,
    window: Instant,
    /// µs by which the page's clock is behind `began`'s, in this window and the one before.
    current: Option<i64>,
    before: Option<i64>,
    told: Option<i64>,
}

/// A moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// µs on the page's.
    pub(super) page: u64,
    pub(super) at: Instant,
}

impl PageClock {
    pub(super) fn new(now: Instant) -> Self {
        Self { began: now, window: now, current: None, before: None, told: None }
    }

    /// A frame of time `page` arrived: the new estimate if it is worth telling.
    pub(super) fn arrived(&mut self, now: Instant, page: u64) -> Option<Moment> {
        let elapsed = i64::try_from(now.saturating_duration_since(self.began).as_micros()).ok()?;
        let difference = elapsed.checked_sub(i64::try_from(page).ok()?)?;
        if now.saturating_duration_since(self.window) >= WINDOW {
            self.window = now;
            self.before = self.current.take();
        }
        let least = self.current.map_or(difference, |current| current.min(difference));
        self.current = Some(least);
        let least = self.before.map_or(least, |before| before.min(least));
        if self.told.is_some_and(|told| told.abs_diff(least) < STEP.unsigned_abs()) {
            return None;
        }
        self.told = Some(least);
        self.moment(now)
    }

    /// The present moment on both clocks, once it is known.
    pub(super) fn moment(&self, now: Instant) -> Option<Moment> {
        let elapsed = i64::try_from(now.saturating_duration_since(self.began).as_micros()).ok()?;
        let page = u64::try_from(elapsed.checked_sub(self.told?)?).ok()?;
        Some(Moment { page, at: now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: u64 = 1_700_000_000_000_000;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_fastest_frame_counts() {
        let began = Instant::now();
        let mut clock = PageClock::new(began);
        assert_eq!(clock.moment(began), None);
        // Captured at PAGE + 20 ms n, it takes 30, 12 and 50 ms.
        let first = clock.arrived(began + ms(30), PAGE).unwrap();
        assert_eq!(first, Moment { page: PAGE, at: began + ms(30) });
        let better = clock.arrived(began + ms(32), PAGE + 20_000).unwrap();
        assert_eq!(better, Moment { page: PAGE + 20_000, at: began + ms(32) });
        assert_eq!(clock.arrived(began + ms(90), PAGE + 40_000), None);
        assert_eq!(clock.moment(began + ms(112)).unwrap().page, PAGE + 100_000);
    }

    #[test]
    fn a_clock_that_was_set_is_followed_within_two_windows() {
        let began = Instant::now();
        let mut clock = PageClock::new(began);
        clock.arrived(began, PAGE);
        // Set back by a second: frames seem slow.
        let mut told = 0;
        for n in 1..=150_u64 {
            let now = began + ms(100 * n);
            told += u32::from(clock.arrived(now, PAGE + 100_000 * n - 1_000_000).is_some());
        }
        assert_eq!(told, 1);
        assert_eq!(clock.moment(began).unwrap().page, PAGE - 1_000_000);
    }

    #[test]
    fn nonsense_is_survived() {
        let began = Instant::now();
        let mut clock = PageClock::new(began);
        for page in [u64::MAX, 0, i64::MAX as u64, 1] {
            clock.arrived(began + ms(1), page);
            clock.moment(began + ms(2));
        }
    }
}
