//! How fast somebody acts.

use std::collections::{BTreeMap, BTreeSet};

use earshot_protocol::DeviceId;
use earshot_protocol::limits::{MAX_MEMBERS, RATE_WINDOW};

use crate::Time;

/// Counts within windows of [`RATE_WINDOW`] ms; a window begins with the first thing counted after the last one.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    since: Time,
    count: u32,
}

impl Rate {
    /// Counts one more. Returns how many this window has seen.
    pub(crate) fn count(&mut self, now: Time) -> u32 {
        if self.count == 0 || now >= self.ends() {
            *self = Self { since: now, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count
    }

    /// How many this window has seen.
    pub(crate) fn counted(&self, now: Time) -> u32 {
        if now >= self.ends() { 0 } else { self.count }
    }

    fn ends(&self) -> Time {
        self.since.after(RATE_WINDOW)
    }
}

/// How many rings each device has started; apart from its places, so that coming anew does not reset it. Bounded by
/// [`MAX_MEMBERS`]; on overflow the window that ends first is forgotten.
#[derive(Debug, Default)]
pub(crate) struct RingRates {
    of: BTreeMap<DeviceId, Rate>,
    /// The end of each window.
    ends: BTreeSet<(Time, DeviceId)>,
}

impl RingRates {
    /// Counts one more ring. Returns how many this window has seen.
    pub(crate) fn count(&mut self, now: Time, device: DeviceId) -> u32 {
        self.forget_old(now);
        if !self.of.contains_key(&device)
            && self.of.len() >= MAX_MEMBERS as usize
            && let Some((_, first)) = self.ends.pop_first()
        {
            self.of.remove(&first);
        }
        let rate = self.of.entry(device).or_default();
        let count = rate.count(now);
        self.ends.insert((rate.ends(), device));
        count
    }

    /// Forgets every window that has ended.
    pub(crate) fn forget_old(&mut self, now: Time) {
        while let Some(&(ends, device)) = self.ends.first()
            && ends <= now
        {
            self.ends.pop_first();
            self.of.remove(&device);
        }
    }

    /// When the next window ends.
    pub(crate) fn deadline(&self) -> Option<Time> {
        self.ends.first().map(|(ends, _)| *ends)
    }

    /// How many devices are counted.
    pub(crate) fn len(&self) -> usize {
        self.of.len()
    }
}
