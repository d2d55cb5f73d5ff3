//! Whom to ask for a name: devices whose record on the network holds none.
//!
//! Pure, with time as an argument. A device is asked when it is found, again when its record's revision changes, and
//! after failures with growing pauses; never more than [`AT_ONCE`] at a time, and never one device in a busy loop,
//! whatever records somebody makes up.

use std::collections::HashMap;
use std::time::Duration;

use earshot_protocol::limits::{DIAL_TIMEOUT, MAX_PEOPLE};
use earshot_protocol::{DeviceId, ErrorCode};
use tokio::time::Instant;

/// How long the first question may take. A colleague's machine answers within some milliseconds; those whose record was
/// made up, or who are off, shall not keep others waiting.
const FIRST_PATIENCE: Duration = Duration::from_millis(750);

/// The same where there is a phrase: a hub takes a second to say that it was the wrong one.
const FIRST_PATIENCE_WITH_PHRASE: Duration = Duration::from_millis(1_500);

/// How long a later one may take.
const LONGEST_PATIENCE: Duration = Duration::from_millis(DIAL_TIMEOUT as u64);

/// Devices asked at the same time.
pub(super) const AT_ONCE: usize = 4;

/// After the first failure, and the least between two questions to one device.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// After many failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// After a wrong phrase: it may have been changed there without the record having been heard.
const WRONG_PHRASE_PAUSE: Duration = Duration::from_secs(600);

/// A link that stood for this long was no failure.
const STABLE: Duration = Duration::from_secs(60);

/// Every device whose record holds no name: at most [`MAX_PEOPLE`].
#[derive(Debug, Default)]
pub(super) struct Introductions {
    devices: HashMap<DeviceId, Asked>,
    /// The next turn is that of the newest.
    newest: bool,
}

#[derive(Debug)]
struct Asked {
    /// Of the latest record.
    revision: u64,
    state: State,
    /// In a row.
    failures: u32,
    /// When it was asked last.
    asked: Option<Instant>,
    /// It has told its name before: then it goes before those who never did.
    known: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// To be asked from then on.
    Waiting(Instant),
    /// Being asked.
    Asking,
    /// It has told what belongs to its latest record.
    Told(Instant),
}

impl Introductions {
    /// A record without a name was heard.
    pub(super) fn wanted(&mut self, now: Instant, device: DeviceId, revision: u64) {
        if let Some(asked) = self.devices.get_mut(&device) {
            if asked.revision == revision {
                return;
            }
            asked.revision = revision;
            // Whoever makes up records shall not make us dial without end.
            let earliest = asked.asked.map_or(now, |at| now.max(at + FIRST_PAUSE));
            asked.state = match asked.state {
                State::Waiting(at) => State::Waiting(at.min(earliest)),
                State::Told(_) => State::Waiting(earliest),
                State::Asking => State::Asking,
            };
        } else if self.devices.len() < MAX_PEOPLE as usize {
            let state = State::Waiting(now);
            self.devices.insert(device, Asked { revision, state, failures: 0, asked: None, known: false });
        }
    }

    /// The record is gone, or holds a name now.
    pub(super) fn forget(&mut self, device: &DeviceId) {
        self.devices.remove(device);
    }

    /// Everybody is asked anew: what was told holds no longer.
    pub(super) fn clear(&mut self) {
        self.devices.clear();
    }

    /// How long a device may take to answer: longer when it has failed before.
    pub(super) fn patience(&self, device: &DeviceId, phrase: bool) -> Duration {
        let failures = self.devices.get(device).map_or(0, |asked| asked.failures);
        let first = if phrase { FIRST_PATIENCE_WITH_PHRASE } else { FIRST_PATIENCE };
        doubled(first, failures, LONGEST_PATIENCE)
    }

    /// Whether an answer is awaited.
    pub(super) fn is_asking(&self, device: &DeviceId) -> bool {
        self.devices.get(device).is_some_and(|asked| asked.state == State::Asking)
    }

    /// Whom to ask now: first those who have told their name before, then those who failed least; among equals in turn
    /// who has waited longest and who came last, so that a flood of records keeps no colleague waiting who comes behind
    /// it. Each is to be followed by [`Self::told`] or [`Self::failed`].
    pub(super) fn next(&mut self, now: Instant) -> Vec<DeviceId> {
        let asking = self.devices.values().filter(|asked| asked.state == State::Asking).count();
        let mut due: Vec<_> = self
            .devices
            .iter()
            .filter_map(|(device, asked)| match asked.state {
                State::Waiting(at) if at <= now => Some((!asked.known, asked.failures, at, *device)),
                _ => None,
            })
            .collect();
        due.sort_unstable();
        let mut next = Vec::new();
        while asking + next.len() < AT_ONCE
            && let Some((stranger, failures, ..)) = due.first().copied()
        {
            let equals = due.partition_point(|other| (other.0, other.1) == (stranger, failures));
            let (.., device) = due.remove(if self.newest { equals - 1 } else { 0 });
            self.newest = !self.newest;
            if let Some(asked) = self.devices.get_mut(&device) {
                asked.state = State::Asking;
                asked.asked = Some(now);
            }
            next.push(device);
        }
        next
    }

    /// A link to the device stands, and it has said who it is; from now on it says what changes.
    pub(super) fn told(&mut self, now: Instant, device: &DeviceId) {
        if let Some(asked) = self.devices.get_mut(device) {
            asked.state = State::Told(now);
            asked.known = true;
        }
    }

    /// As [`Self::failed`], of a device that is still being asked.
    pub(super) fn unless_told(&mut self, now: Instant, device: &DeviceId, code: ErrorCode) {
        if self.is_asking(device) {
            self.failed(now, device, code);
        }
    }

    /// No link could be had, or it was lost for good. A link that is only no longer needed is neither.
    pub(super) fn failed(&mut self, now: Instant, device: &DeviceId, code: ErrorCode) {
        let Some(asked) = self.devices.get_mut(device) else { return };
        if matches!(asked.state, State::Waiting(_)) {
            return;
        }
        if matches!(asked.state, State::Told(at) if now >= at + STABLE) {
            asked.failures = 0;
        }
        let pause = if code == ErrorCode::PhraseWrong {
            asked.known = false;
            WRONG_PHRASE_PAUSE
        } else {
            doubled(FIRST_PAUSE, asked.failures, LONGEST_PAUSE)
        };
        asked.failures = asked.failures.saturating_add(1);
        asked.state = State::Waiting(now + pause);
    }
}

/// `first` × 2^`times`, at most `longest`.
fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    first.saturating_mul(1_u32.checked_shl(times).unwrap_or(u32::MAX)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: u32) -> DeviceId {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&number.to_be_bytes());
        DeviceId(id)
    }

    const ANN: DeviceId = DeviceId([1; 32]);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn each_revision_is_asked_for_once() {
        let (mut all, now) = (Introductions::default(), Instant::now());
        all.wanted(now, ANN, 1);
        assert_eq!(all.next(now), [ANN]);
        assert_eq!(all.next(now), [], "it is being asked");
        all.told(now, &ANN);
        all.wanted(now, ANN, 1);
        assert_eq!(all.next(now + 600 * SECOND), [], "the same record");
        all.wanted(now + 600 * SECOND, ANN, 2);
        assert_eq!(all.next(now + 600 * SECOND), [ANN]);
        all.forget(&ANN);
        all.failed(now, &ANN, ErrorCode::Unreachable);
        assert_eq!(all.next(now + 900 * SECOND), []);
    }

    #[test]
    fn pauses_grow_to_a_minute() {
        let (mut all, mut now) = (Introductions::default(), Instant::now());
        all.wanted(now, ANN, 1);
        assert_eq!(all.next(now), [ANN]);
        for pause in [1_u32, 2, 4, 8, 16, 32, 60, 60] {
            let patience = [750, 1500, 2500, 2500][pause.ilog2().min(3) as usize];
            assert_eq!(all.patience(&ANN, false), Duration::from_millis(patience));
            all.failed(now, &ANN, ErrorCode::Unreachable);
            all.failed(now, &ANN, ErrorCode::Unreachable);
            assert_eq!(all.next(now + pause * SECOND - Duration::from_millis(1)), [], "{pause}");
            now += pause * SECOND;
            assert_eq!(all.next(now), [ANN]);
        }
        for _ in 0..100 {
            all.failed(now, &ANN, ErrorCode::Unreachable);
            now += LONGEST_PAUSE;
            assert_eq!(all.next(now), [ANN], "the shift does not overflow");
        }
    }

    #[test]
    fn a_hub_that_lets_in_and_throws_out_is_no_busy_loop() {
        let (mut all, mut now) = (Introductions::default(), Instant::now());
        all.wanted(now, ANN, 1);
        let mut asked = 0;
        for _ in 0..600 {
            if all.next(now) == [ANN] {
                asked += 1;
                all.told(now, &ANN);
                all.failed(now, &ANN, ErrorCode::LinkLost);
            }
            now += SECOND;
        }
        assert!((10..=16).contains(&asked), "{asked} times in ten minutes");
        all.next(now + LONGEST_PAUSE);
        all.told(now, &ANN);
        all.failed(now + STABLE, &ANN, ErrorCode::LinkLost);
        assert_eq!(all.next(now + STABLE + SECOND), [ANN], "one that stood begins anew");
    }

    #[test]
    fn made_up_revisions_are_asked_for_once_a_second_at_most() {
        let (mut all, start) = (Introductions::default(), Instant::now());
        let mut asked = 0;
        for step in 0..1000_u32 {
            let now = start + step * Duration::from_millis(10);
            all.wanted(now, ANN, step.into());
            if all.next(now) == [ANN] {
                asked += 1;
                match step % 2 {
                    0 => all.told(now, &ANN),
                    _ => all.failed(now, &ANN, ErrorCode::Unreachable),
                }
            }
        }
        assert_eq!(asked, 10, "in ten seconds");
    }

    #[test]
    fn a_wrong_phrase_waits_for_another_record_or_ten_minutes() {
        let (mut all, now) = (Introductions::default(), Instant::now());
        all.wanted(now, ANN, 1);
        assert_eq!(all.next(now), [ANN]);
        all.failed(now, &ANN, ErrorCode::PhraseWrong);
        all.wanted(now + SECOND, ANN, 1);
        assert_eq!(all.next(now + 599 * SECOND), []);
        assert_eq!(all.next(now + 600 * SECOND), [ANN]);
        all.failed(now + 600 * SECOND, &ANN, ErrorCode::PhraseWrong);
        all.wanted(now + 610 * SECOND, ANN, 2);
        assert_eq!(all.next(now + 610 * SECOND), [ANN]);
        all.failed(now + 610 * SECOND, &ANN, ErrorCode::PhraseWrong);
        all.clear();
        all.wanted(now + 611 * SECOND, ANN, 2);
        assert_eq!(all.next(now + 611 * SECOND), [ANN], "our own phrase has changed");
    }

    #[test]
    fn a_few_at_once_and_nobody_is_forgotten() {
        let (mut all, now) = (Introductions::default(), Instant::now());
        for number in 0..2 * MAX_PEOPLE {
            all.wanted(now, device(number), 1);
        }
        let mut asked = std::collections::BTreeSet::new();
        loop {
            let next = all.next(now);
            assert!(next.len() <= AT_ONCE);
            if next.is_empty() {
                break;
            }
            assert_eq!(all.next(now), [], "all places are taken");
            for device in next {
                assert!(asked.insert(device), "once");
                all.failed(now, &device, ErrorCode::Unreachable);
            }
        }
        assert_eq!(asked.len(), MAX_PEOPLE as usize);
    }

    #[test]
    fn who_comes_behind_a_flood_has_a_turn_and_the_flood_goes_on() {
        let (mut all, start) = (Introductions::default(), Instant::now());
        for number in 0..200 {
            all.wanted(start + number * Duration::from_millis(1), device(number), 1);
        }
        let mut now = start + SECOND;
        all.wanted(now, ANN, 1);
        assert!(all.next(now).contains(&ANN), "the newest");
        for device in (0..200).map(device).chain([ANN]) {
            all.unless_told(now, &device, ErrorCode::Unreachable);
        }
        // A new record with each question: the oldest still has every second turn.
        for number in 200..200 + 2 * 200 {
            now += Duration::from_millis(1);
            all.wanted(now, device(number), 1);
            let next = all.next(now);
            assert!(!next.is_empty());
            for device in next {
                all.failed(now, &device, ErrorCode::Unreachable);
            }
        }
        assert!((0..200).all(|number| all.devices[&device(number)].asked.is_some()));
    }

    #[test]
    fn who_told_before_goes_first_and_who_failed_goes_last() {
        let (mut all, now) = (Introductions::default(), Instant::now());
        all.wanted(now, ANN, 1);
        assert_eq!(all.next(now), [ANN]);
        all.told(now, &ANN);
        for number in 0..200 {
            all.wanted(now, device(number), 1);
        }
        for device in all.next(now) {
            all.failed(now, &device, ErrorCode::Unreachable);
        }
        let later = now + 2 * SECOND;
        all.wanted(later, ANN, 2);
        let next = all.next(later);
        assert_eq!(next[0], ANN);
        assert!(next[1..].iter().all(|device| all.devices[device].failures == 0));
    }
}
