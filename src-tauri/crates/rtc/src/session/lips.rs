//! Lips and voice: how long a picture waits until the voice that belongs to it is heard.
//!
//! Sender reports say when picture and voice were captured, on one clock of the sender's. What lies between a capture
//! and its being heard changes with the jitter buffer; it is followed slowly, so that pictures do not jump, and each
//! picture then waits for what is left of it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::wire::{Kind, Line, Pc, RemoteMedia};

/// The longest that a picture waits, ms.
const MAX_HOLD: i64 = 500;

/// The part of a difference that a picture makes up for: half in about a second at 30 pictures.
const SHARE: f64 = 0.025;

/// A difference in µs beyond which the voice has jumped: it is followed at once.
const JUMP: f64 = 400_000.0;

/// Without a voice for this long pictures do not wait any more.
const SILENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Lips {
    began: Instant,
    /// By picture's line: the voice of the same stream (`a=msid`).
    voices: HashMap<(Pc, Line), Line>,
    delays: HashMap<(Pc, Line), Delay>,
}

/// How much later something is heard than it was captured, with the difference of both clocks.
#[derive(Debug, Clone, Copy)]
struct Delay {
    /// As first seen, µs.
    first: i64,
    /// What has been added since, smoothly, µs.
    moved: f64,
    seen: Instant,
}

impl Lips {
    pub(super) fn new(now: Instant) -> Self {
        Self { began: now, voices: HashMap::new(), delays: HashMap::new() }
    }

    /// What lines there are now, and their streams.
    pub(super) fn agreed(&mut self, pc: Pc, media: &[RemoteMedia]) {
        self.voices.retain(|(of, _), _| *of != pc);
        for picture in media.iter().filter(|media| media.kind == Kind::Video) {
            let voice = media.iter().find(|media| {
                media.kind == Kind::Audio && media.streams.iter().any(|id| picture.streams.contains(id))
            });
            if let Some(voice) = voice {
                self.voices.insert((pc, picture.line), voice.line);
            }
        }
        self.delays.retain(|key, _| key.0 != pc || self.voices.contains_key(key));
    }

    pub(super) fn forget(&mut self, pc: Pc) {
        self.voices.retain(|(of, _), _| *of != pc);
        self.delays.retain(|(of, _), _| *of != pc);
    }

    /// ms that a picture of `line` waits. `captured_at`: on the sender's clock, µs; `heard_at`: when what is being
    /// heard of a line was captured.
    pub(super) fn hold(
        &mut self,
        now: Instant,
        pc: Pc,
        line: Line,
        captured_at: Option<u64>,
        heard_at: impl FnOnce(Line) -> Option<u64>,
    ) -> u32 {
        let (Some(captured_at), Some(voice)) = (captured_at, self.voices.get(&(pc, line))) else { return 0 };
        let elapsed = now.saturating_duration_since(self.began).as_micros() as i64;
        let key = (pc, line);
        let delay = match heard_at(*voice) {
            Some(heard_at) => {
                let seen = elapsed.wrapping_sub(heard_at.cast_signed());
                let delay = self.delays.entry(key).or_insert(Delay { first: seen, moved: 0.0, seen: now });
                delay.seen = now;
                let difference = seen.wrapping_sub(delay.first) as f64 - delay.moved;
                delay.moved += if difference.abs() > JUMP { difference } else { difference * SHARE };
                *delay
            }
            None => match self.delays.get(&key) {
                Some(delay) if now.saturating_duration_since(delay.seen) < SILENCE => *delay,
                _ => {
                    self.delays.remove(&key);
                    return 0;
                }
            },
        };
        let arrived = elapsed.wrapping_sub(captured_at.cast_signed());
        let wait = (delay.first.wrapping_sub(arrived) as f64 + delay.moved) / 1000.0;
        u32::try_from((wait.round() as i64).clamp(0, MAX_HOLD)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Direction;

    const PC: Pc = 3;
    /// µs on the sender's clock (NTP, since 1900).
    const THEIRS: u64 = 4_000_000_000_000_000;

    fn line(line: Line, kind: Kind, stream: &str) -> RemoteMedia {
        RemoteMedia {
            line,
            mid: line.to_string(),
            kind,
            direction: Direction::Sendrecv,
            streams: vec![stream.to_owned()],
            track: String::new(),
            codecs: Vec::new(),
        }
    }

    fn lips(began: Instant) -> Lips {
        let mut lips = Lips::new(began);
        let media = [
            line(0, Kind::Audio, "camera"),
            line(1, Kind::Video, "camera"),
            line(2, Kind::Video, "screen"),
            line(3, Kind::Audio, "screen"),
        ];
        lips.agreed(PC, &media);
        lips
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_picture_waits_for_the_voice_of_its_stream() {
        let began = Instant::now();
        let mut lips = lips(began);
        // Captured at 0, arrives after 30 ms; what is heard then was captured 100 ms before.
        let now = began + ms(30);
        let heard = |voice| {
            assert_eq!(voice, 0);
            Some(THEIRS - 70_000)
        };
        assert_eq!(lips.hold(now, PC, 1, Some(THEIRS), heard), 70);
        assert_eq!(lips.hold(now, PC, 2, Some(THEIRS), |voice| (voice != 3).then_some(0)), 0);
        assert_eq!(lips.hold(now, PC, 1, None, |_| Some(THEIRS)), 0, "no sender report yet");
        assert_eq!(lips.hold(now, 9, 1, Some(THEIRS), |_| Some(THEIRS)), 0);
    }

    #[test]
    fn jitter_of_arrival_is_evened_out_and_the_jitter_buffer_followed_slowly() {
        let began = Instant::now();
        let mut lips = lips(began);
        let mut shown = Vec::new();
        for n in 0..600_u64 {
            let captured = 33_333 * n;
            let arrived = captured + 20_000 + 15_000 * (n % 3);
            // From the 100th picture on the voice is 60 ms later.
            let behind = if n < 100 { 100_000 } else { 160_000 };
            let now = began + ms(1000) + Duration::from_micros(arrived);
            let heard = THEIRS + arrived - behind;
            let hold = lips.hold(now, PC, 1, Some(THEIRS + captured), |_| Some(heard));
            shown.push(arrived + 1000 * u64::from(hold) - captured);
        }
        assert!(shown[..100].iter().all(|delay| delay.abs_diff(100_000) <= 1000), "even");
        let steps = shown.windows(2).map(|pair| pair[1].abs_diff(pair[0])).max().unwrap();
        assert!(steps <= 3_000, "a step of {steps} us");
        assert!(shown[300..].iter().all(|delay| delay.abs_diff(160_000) <= 2_000));
    }

    #[test]
    fn a_late_picture_is_shown_at_once_and_none_waits_for_ever() {
        let began = Instant::now();
        let mut lips = lips(began);
        let now = began + ms(500);
        assert_eq!(lips.hold(now, PC, 1, Some(THEIRS), |_| Some(THEIRS + 40_000)), 0);
        let mut lips = self::lips(began);
        assert_eq!(lips.hold(now, PC, 1, Some(THEIRS), |_| Some(THEIRS - 3_000_000)), 500);
        assert_eq!(lips.hold(now, PC, 1, Some(u64::MAX), |_| Some(1)), 0);
    }

    #[test]
    fn without_a_voice_pictures_do_not_wait_for_long() {
        let began = Instant::now();
        let mut lips = lips(began);
        let hold = |lips: &mut Lips, at: u64, heard: bool| {
            let captured = THEIRS + 1000 * at - 30_000;
            lips.hold(began + ms(at), PC, 1, Some(captured), |_| heard.then_some(captured - 70_000))
        };
        assert_eq!(hold(&mut lips, 100, true), 70);
        assert_eq!(hold(&mut lips, 200, false), 70);
        assert_eq!(hold(&mut lips, 1_200, false), 0);
    }
}
