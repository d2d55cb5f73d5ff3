//! How the estimated bandwidth is shared out between the lines.
//!
//! Voices come first. What is left goes to the pictures by priority, none more than it can use; when it is too little
//! for all of them, the least important is paused, but never the last one: what is not sent finds no bandwidth. The
//! estimate itself is the engine's (transport-wide feedback); it
//! finds more bandwidth by probes, which it sends when more is desired than before. So while pictures want more than
//! they have, the wish is lowered and raised again every now and then.

use std::time::{Duration, Instant};

use str0m::bwe::Bitrate;

use super::{Output, Peer};
use crate::wire::{Encoding, Event, Fault, Kind, Line, MAX_LINES, Priority, Reply};

/// What the estimate begins with, bit/s: a local network carries it.
pub(super) const START: u32 = 2_000_000;
/// A voice with its headers, bit/s.
const VOICE: u32 = 48_000;
/// Headers, repair and padding take this share of what a line sends.
const PAYLOAD: f64 = 0.92;
/// A picture below this is none, bit/s; a paused one goes on above the second.
const LEAST: u32 = 60_000;
const AGAIN: u32 = 90_000;
/// What the most important picture gets in any case, bit/s: one that stands still is better than none.
const FLOOR: u32 = 20_000;
/// A picture whose need nobody told.
const DEFAULT: u32 = 2_500_000;
/// The most that is wished for.
const MOST: u32 = 40_000_000;
/// Targets follow when the share has changed by so much.
const RAISE: f64 = 1.06;
const FALL: f64 = 0.96;
/// An estimate that has not moved for so long, though nothing is lost, is one that the loss of before holds down.
const STUCK: Duration = Duration::from_millis(2_500);
/// Moved: by this share. Nothing is lost: less than this share.
const MOVED: f64 = 0.03;
const NO_LOSS: f32 = 0.02;
/// What the estimator begins anew with at least, bit/s.
const ANEW: u32 = 150_000;
/// How long the wish is lowered, and how long until it is lowered again: at first, at most.
const LOWERED: Duration = Duration::from_millis(30);
const FIRST_PROBE: Duration = Duration::from_millis(1_000);
const LAST_PROBE: Duration = Duration::from_millis(4_000);

#[derive(Debug)]
pub(super) struct Share {
    /// bit/s
    pub(super) estimate: u32,
    wish: u32,
    probe: Probe,
    every: Duration,
    /// The estimate at the last probe.
    before: u32,
    /// The estimate when it last moved, and when that was.
    settled: Option<(u32, Instant)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probe {
    Idle,
    /// The wish will be lowered.
    At(Instant),
    /// The wish is lowered, and will be raised.
    Lowered(Instant),
}

impl Default for Share {
    fn default() -> Self {
        Self { estimate: START, wish: 0, probe: Probe::Idle, every: FIRST_PROBE, before: 0, settled: None }
    }
}

/// What a line may get.
struct Need {
    at: usize,
    weight: u32,
    most: u32,
    priority: Priority,
    paused: bool,
}

fn weight(priority: Priority) -> u32 {
    match priority {
        Priority::VeryLow => 1,
        Priority::Low => 2,
        Priority::Medium => 4,
        Priority::High => 8,
    }
}

/// Fills the needs by weight, each up to its most.
fn fill(needs: &[Need], pool: u32) -> Vec<u32> {
    let mut shares = vec![0_u32; needs.len()];
    let mut left = pool;
    loop {
        let open: Vec<usize> = (0..needs.len()).filter(|at| shares[*at] < needs[*at].most).collect();
        let weights: u64 = open.iter().map(|at| u64::from(needs[*at].weight)).sum();
        if weights == 0 || left < 1_000 {
            return shares;
        }
        let pool = left;
        for at in open {
            let part = u64::from(pool) * u64::from(needs[at].weight) / weights;
            let part = u32::try_from(part).unwrap_or(u32::MAX).min(needs[at].most - shares[at]).min(left);
            shares[at] += part;
            left -= part;
        }
        // What rounding leaves is nobody's.
        if left == pool {
            return shares;
        }
    }
}

/// Shares for all, or for the more important ones when there is too little.
fn allot(mut needs: Vec<Need>, pool: u32) -> Vec<(usize, u32)> {
    let mut allotted: Vec<(usize, u32)> = Vec::new();
    loop {
        let mut shares = fill(&needs, pool);
        if let ([need], [share]) = (needs.as_slice(), shares.as_mut_slice()) {
            *share = (*share).max(FLOOR.min(need.most));
            allotted.push((need.at, *share));
            return allotted;
        }
        let starved =
            |at: &usize| shares[*at] < if needs[*at].paused { AGAIN } else { LEAST }.min(needs[*at].most);
        // The last of the least important goes first.
        let victim = (0..needs.len())
            .filter(starved)
            .min_by_key(|at| (needs[*at].priority, usize::MAX - needs[*at].at));
        match victim {
            Some(at) => allotted.push((needs.remove(at).at, 0)),
            None => {
                allotted.extend(needs.iter().zip(shares).map(|(need, share)| (need.at, share)));
                return allotted;
            }
        }
    }
}

impl Share {
    /// Other lines may send now.
    pub(super) fn agreed(&mut self) {
        self.every = FIRST_PROBE;
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.probe {
            Probe::Idle => None,
            Probe::At(at) | Probe::Lowered(at) => Some(at),
        }
    }
}

impl Peer {
    pub(super) fn set_sender(
        &mut self,
        line: Line,
        sending: bool,
        encoding: Encoding,
        useful: Option<u32>,
    ) -> Result<Reply, Fault> {
        let at = usize::from(line);
        if at >= MAX_LINES {
            return Err(Fault::InvalidAccessError);
        }
        // A line that is only offered yet: it holds once there is an answer.
        if at >= self.lines.len() {
            self.early.insert(line, (sending, encoding, useful));
            return Ok(Reply::Done);
        }
        let found = &mut self.lines[at];
        found.sender.sending = sending;
        found.sender.encoding = encoding;
        found.sender.useful = useful;
        self.reckon();
        Ok(Reply::Done)
    }

    /// `loss`: the share of packets of the last second that did not arrive.
    pub(super) fn estimated(&mut self, estimate: u64, loss: Option<f32>) {
        let estimate = u32::try_from(estimate).unwrap_or(u32::MAX);
        let share = &mut self.share;
        share.estimate = estimate;
        let has_moved = share
            .settled
            .is_none_or(|(settled, _)| (f64::from(estimate) / f64::from(settled.max(1)) - 1.0).abs() > MOVED);
        let is_lossless = loss.is_none_or(|loss| loss < NO_LOSS);
        if has_moved || !is_lossless || estimate >= share.wish {
            share.settled = Some((estimate, self.now));
        } else if share.settled.is_some_and(|(_, since)| self.now >= since + STUCK) {
            share.settled = Some((estimate, self.now));
            self.rtc.bwe().reset(Bitrate::from(u64::from(estimate.max(ANEW))));
        }
        self.reckon();
    }

    /// Shares out what there is, and tells the engine what is wished.
    pub(super) fn reckon(&mut self) {
        let mut voices = 0;
        let mut needs = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let sender = &line.sender;
            let Some(codec) = line.sent() else { continue };
            if !sender.sending || !sender.encoding.active {
                continue;
            }
            match codec.kind() {
                Kind::Audio => voices += VOICE,
                Kind::Video => needs.push(Need {
                    at,
                    weight: weight(sender.encoding.priority),
                    most: sender
                        .useful
                        .unwrap_or(DEFAULT)
                        .min(sender.encoding.max_bitrate.unwrap_or(u32::MAX))
                        .max(1_000),
                    priority: sender.encoding.priority,
                    paused: sender.target == Some(0),
                }),
            }
        }
        let wanted = needs.iter().fold(0_u32, |sum, need| sum.saturating_add(need.most));
        let wish = (f64::from(wanted.min(MOST)) / PAYLOAD) as u32 + voices;
        let pool = (f64::from(self.share.estimate.saturating_sub(voices)) * PAYLOAD) as u32;
        for (at, share) in allot(needs, pool) {
            self.tell(at, share);
        }
        self.wish(wish);
    }

    fn tell(&mut self, at: usize, share: u32) {
        let (Some(line), Ok(number)) = (self.lines.get_mut(at), Line::try_from(at)) else { return };
        let sender = &mut line.sender;
        let is_news = match sender.target {
            None => true,
            Some(target) if share == 0 || target == 0 => share != target,
            Some(target) => {
                let change = f64::from(share) / f64::from(target);
                !(FALL..=RAISE).contains(&change)
            }
        };
        if is_news {
            sender.target = Some(share);
            self.outputs.push_back(Output::Event(Event::Target { line: number, bitrate: share }));
        }
    }

    fn wish(&mut self, wish: u32) {
        let share = &mut self.share;
        if wish != share.wish && !matches!(share.probe, Probe::Lowered(_)) {
            self.rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::from(u64::from(wish)));
        }
        share.wish = wish;
        let is_short = share.estimate < wish && wish > 0;
        match share.probe {
            Probe::Idle if is_short => {
                share.every = FIRST_PROBE;
                share.before = share.estimate;
                share.probe = Probe::At(self.now + FIRST_PROBE);
            }
            Probe::At(_) if !is_short => share.probe = Probe::Idle,
            _ => {}
        }
    }

    /// Lowers and raises the wish when it is time.
    pub(super) fn probe(&mut self) {
        let now = self.now;
        let share = &mut self.share;
        match share.probe {
            Probe::At(at) if now >= at => {
                // A probe that found nothing is not worth repeating soon.
                let is_better = f64::from(share.estimate) > f64::from(share.before) * 1.08;
                share.every = if is_better { FIRST_PROBE } else { (share.every * 2).min(LAST_PROBE) };
                share.before = share.estimate;
                share.probe = Probe::Lowered(now + LOWERED);
                let low = share.estimate.min(share.wish) / 2;
                self.rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::from(u64::from(low)));
            }
            Probe::Lowered(at) if now >= at => {
                share.probe =
                    if share.estimate < share.wish { Probe::At(now + share.every) } else { Probe::Idle };
                let wish = Bitrate::from(u64::from(share.wish));
                self.rtc.bwe().set_bitrate(Bitrate::ZERO, wish);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(at: usize, priority: Priority, most: u32, paused: bool) -> Need {
        Need { at, weight: weight(priority), most, priority, paused }
    }

    #[test]
    fn shares_follow_the_priority_up_to_what_is_useful() {
        let needs =
            || vec![need(1, Priority::High, 600_000, false), need(2, Priority::Low, 5_000_000, false)];
        let mut shares = allot(needs(), 500_000);
        shares.sort_unstable();
        assert_eq!(shares, [(1, 400_000), (2, 100_000)]);
        let mut shares = allot(needs(), 2_000_000);
        shares.sort_unstable();
        assert_eq!(shares[0], (1, 600_000));
        assert!(shares[1].1 > 1_399_000);
    }

    #[test]
    fn the_least_important_is_paused_first() {
        let mut shares = allot(
            vec![need(1, Priority::Low, 900_000, false), need(2, Priority::High, 900_000, false)],
            80_000,
        );
        shares.sort_unstable();
        assert_eq!(shares, [(1, 0), (2, 80_000)]);
    }

    #[test]
    fn the_last_picture_is_never_paused() {
        assert_eq!(allot(vec![need(1, Priority::Low, 900_000, false)], 50_000), [(1, 50_000)]);
        assert_eq!(allot(vec![need(1, Priority::Low, 900_000, false)], 0), [(1, FLOOR)]);
        assert_eq!(allot(vec![need(1, Priority::Low, 20_000, false)], 0), [(1, 20_000)]);
    }

    #[test]
    fn a_pause_ends_above_where_it_began() {
        let needs = || vec![need(1, Priority::High, 900_000, false), need(2, Priority::High, 900_000, true)];
        let second = |pool| allot(needs(), pool).into_iter().find(|(at, _)| *at == 2);
        assert_eq!(second(140_000), Some((2, 0)));
        assert_eq!(second(190_000), Some((2, 95_000)));
    }
}
