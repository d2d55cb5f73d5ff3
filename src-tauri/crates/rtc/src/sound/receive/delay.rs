//! How late packets are, and how long sound has to wait so that nearly all of them come in time.
//!
//! A packet's transit is its arrival minus its timestamp; how late it is, is its transit minus the least one of the
//! last seconds. Sound that is played so much later than the fastest packet came is on its *playout delay*; packets
//! that are not later than that are in time. The target is the delay that [`QUANTILE`] of them keep.

use std::time::{Duration, Instant};

/// The share of packets that shall be in time.
const QUANTILE: f32 = 0.97;
/// µs a bucket.
const BUCKET: i64 = 2_500;
const BUCKETS: usize = 200;
/// What a packet's weight becomes with every packet after it: about 4 s of speech count.
const FORGET: f32 = 0.995;
/// The least transit is that of the last one to two of these.
const WINDOW: Duration = Duration::from_secs(2);
/// µs: pulls are not exact.
const MARGIN: i64 = 5_000;
/// µs: the target before anything is known, for the first [`EARLY`] packets.
const START: i64 = 20_000;
const EARLY: u32 = 25;

/// All times in µs.
#[derive(Debug)]
pub(super) struct Delay {
    epoch: Instant,
    least: [i64; 2],
    window: Instant,
    histogram: Vec<f32>,
    packets: u32,
}

impl Delay {
    pub(super) fn new(now: Instant) -> Self {
        Self { epoch: now, least: [i64::MAX; 2], window: now, histogram: vec![0.0; BUCKETS], packets: 0 }
    }

    fn transit(&self, at: Instant, timestamp: i64) -> i64 {
        let at = i64::try_from(at.saturating_duration_since(self.epoch).as_micros()).unwrap_or(i64::MAX / 2);
        at - timestamp * 1000 / 48
    }

    /// A packet whose first sample is `timestamp` (unwrapped, 48 kHz) arrived.
    pub(super) fn arrived(&mut self, now: Instant, timestamp: i64) {
        let transit = self.transit(now, timestamp);
        if now.saturating_duration_since(self.window) >= WINDOW {
            self.window = now;
            self.least = [i64::MAX, self.least[0]];
        }
        self.least[0] = self.least[0].min(transit);
        let late = transit - self.base();
        let bucket = usize::try_from(late / BUCKET).unwrap_or_default().min(BUCKETS - 1);
        // The first packets weigh the same, later ones more than those long ago.
        self.packets = self.packets.saturating_add(1);
        let forget = FORGET.min(1.0 - 1.0 / self.packets as f32);
        for weight in &mut self.histogram {
            *weight *= forget;
        }
        self.histogram[bucket] += 1.0 - forget;
    }

    fn base(&self) -> i64 {
        self.least[0].min(self.least[1])
    }

    /// The playout delay of a sample that is played at `now`.
    pub(super) fn playout(&self, now: Instant, timestamp: i64) -> i64 {
        self.transit(now, timestamp) - self.base()
    }

    /// The playout delay that is aimed at.
    pub(super) fn target(&self) -> i64 {
        let mut sum = 0.0;
        let mut bucket = 0;
        for (index, weight) in self.histogram.iter().enumerate() {
            sum += weight;
            bucket = index as i64;
            if sum >= QUANTILE {
                break;
            }
        }
        // Nobody is late: a bucket's width is not waited for.
        let target = MARGIN + if bucket == 0 { 0 } else { (bucket + 1) * BUCKET };
        if self.packets < EARLY { target.max(START) } else { target }
    }
}
