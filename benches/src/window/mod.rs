//! A call in the window beside the same call in Chromium: delay from glass to glass, pictures, and CPU.
//!
//! Both show the same clock in place of a camera (`clock.js`), on hosts set up alike, one pair after the other. A picture's delay
//! is from its drawing on one side to the moment in which the other side's `<video>` hands it to the compositor
//! (`requestVideoFrameCallback`), by the one clock of this machine. CPU is measured while nobody looks: all processes of
//! both hosts but the drivers, the window's X server included, of which a headless Chromium has none.

mod side;

use std::time::{Duration, Instant};

use earshot_harness::Office;

use crate::cpu::{Spent, between};
use crate::table::{Group, Unit};
use side::Watched;
pub(crate) use side::{Engine, Side};

/// How long the suite may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(290);
/// For the bandwidth estimates to rise, at most.
const SETTLE: Duration = Duration::from_secs(12);
/// Pairs, the floor first.
const PAIRS: [(Engine, Engine); 3] = [
    (Engine::Chromium, Engine::Chromium),
    (Engine::Window, Engine::Chromium),
    (Engine::Window, Engine::Window),
];
const SIZES: [(u32, u32); 2] = [(640, 480), (1280, 720)];

/// Goals, beside Chromium to Chromium in the same run.
const DELAY_GOAL: f64 = 1.5;
const CPU_GOAL: f64 = 2.0;
/// 30 a second, less what a timer loses.
const FPS_GOAL: f64 = 28.5;

/// One call.
struct Call {
    pair: (Engine, Engine),
    size: (u32, u32),
    /// What the second saw of the first.
    there: Watched,
    /// What the first saw of the second.
    back: Watched,
    /// CPU, cores.
    cpu: f64,
    /// What spent it, most first.
    spenders: Vec<(String, f64)>,
}

impl Call {
    fn name(&self) -> String {
        format!("{} to {}", self.pair.0.name(), self.pair.1.name())
    }
}

/// Measures all pairs. `look` is how long each call is looked at, and again how long its CPU.
#[must_use]
pub(crate) fn measure(look: Duration) -> (Vec<Group>, Vec<String>) {
    let calls: Vec<Call> = PAIRS.into_iter().flat_map(|pair| pair_calls(pair, look)).collect();
    let groups = SIZES.into_iter().map(|size| group(size, &calls)).collect();
    (groups, remarks(&calls))
}

fn pair_calls(pair: (Engine, Engine), look: Duration) -> Vec<Call> {
    let office = Office::open_for(LIMIT);
    let first = Side::sit(&office, "Ann", pair.0);
    let second = Side::sit(&office, "Bob", pair.1);
    SIZES.into_iter().map(|size| one(pair, size, look, &first, &second)).collect()
}

fn one(pair: (Engine, Engine), size: (u32, u32), look: Duration, first: &Side, second: &Side) -> Call {
    for side in [first, second] {
        side.show_clock(size);
    }
    first.call(second);
    for side in [first, second] {
        side.settle(size.0, SETTLE);
    }
    std::thread::sleep(Duration::from_secs(2));
    for side in [first, second] {
        side.watch(look);
    }
    std::thread::sleep(look);
    let (back, there) = (first.watched(), second.watched());

    let before = [first.spent(), second.spent()];
    let start = Instant::now();
    std::thread::sleep(look);
    let took = start.elapsed().as_secs_f64();
    let after = [first.spent(), second.spent()];
    let mut spenders = Spent::new();
    for (before, after) in before.iter().zip(&after) {
        for (name, seconds) in between(before, after) {
            *spenders.entry(name).or_default() += seconds / took;
        }
    }
    let mut spenders: Vec<(String, f64)> = spenders.into_iter().collect();
    spenders.sort_by(|one, other| other.1.total_cmp(&one.1));
    first.leave(second);
    Call { pair, size, there, back, cpu: spenders.iter().map(|(_, cores)| cores).sum(), spenders }
}

/// The way from `from` to `to` in calls of this size: the pictures that `to` saw.
fn ways(calls: &[Call], size: (u32, u32), from: Engine, to: Engine, pair: (Engine, Engine)) -> Vec<&Watched> {
    let of_pair = calls.iter().filter(move |call| call.size == size && call.pair == pair);
    of_pair
        .flat_map(|call| {
            let there = (call.pair == (from, to)).then_some(&call.there);
            let back = ((call.pair.1, call.pair.0) == (from, to)).then_some(&call.back);
            there.into_iter().chain(back)
        })
        .collect()
}

fn group(size: (u32, u32), calls: &[Call]) -> Group {
    let (chromium, window) = (Engine::Chromium, Engine::Window);
    let title = if size.1 == 480 { "A video call in the window, 640 x 480" } else { "The same, 1280 x 720" };
    let mut group = Group::new(title);
    let alone = (chromium, chromium);
    let rows = [
        ("Chromium to Chromium", chromium, chromium, alone),
        ("window to Chromium", window, chromium, (window, chromium)),
        ("Chromium to window", chromium, window, (window, chromium)),
        ("window to window", window, window, (window, window)),
    ];
    let mut delay_floor = None;
    for (name, from, to, pair) in rows {
        let seen = ways(calls, size, from, to, pair);
        if seen.is_empty() {
            continue;
        }
        let delays: Vec<f64> = seen.iter().flat_map(|way| way.delays.iter().copied()).collect();
        let what = format!("{name}, glass to glass");
        match delay_floor {
            None if pair == alone => delay_floor = Some(group.floor(&what, Unit::Ms, delays)),
            None => group.alone(&what, Unit::Ms, delays),
            Some(floor) => group.beside(floor, &what, Unit::Ms, delays),
        }
    }
    for (name, from, to, pair) in rows {
        let seen = ways(calls, size, from, to, pair);
        if seen.is_empty() {
            continue;
        }
        group.alone(&format!("{name}, pictures"), Unit::Fps, seen.iter().map(|way| way.fps).collect());
        group.alone(&format!("{name}, height"), Unit::Pixels, seen.iter().map(|way| way.height).collect());
    }
    let mut cpu_floor = None;
    for pair in PAIRS {
        let of_pair: Vec<&Call> =
            calls.iter().filter(|call| call.size == size && call.pair == pair).collect();
        let Some(first) = of_pair.first() else { continue };
        let what = format!("{}, CPU of both sides", first.name());
        let values = of_pair.iter().map(|call| call.cpu * 100.0).collect();
        match cpu_floor {
            None if pair == alone => cpu_floor = Some(group.floor(&what, Unit::Percent, values)),
            None => group.alone(&what, Unit::Percent, values),
            Some(floor) => group.beside(floor, &what, Unit::Percent, values),
        }
    }
    group
}

/// What dominates, and which goals hold.
fn remarks(calls: &[Call]) -> Vec<String> {
    let mut lines = Vec::new();
    for call in calls {
        let most: Vec<String> = call
            .spenders
            .iter()
            .take_while(|(_, cores)| *cores >= 0.02)
            .map(|(name, cores)| format!("{name} {:.0} %", cores * 100.0))
            .collect();
        lines.push(format!("{} at {}p: CPU {}", call.name(), call.size.1, most.join(", ")));
        for (way, seen) in [("there", &call.there), ("back", &call.back)] {
            if let (Some(p50), Some(p95)) = (percentile(&seen.delays, 50), percentile(&seen.delays, 95)) {
                lines.push(format!(
                    "  {way}: {p50:.0}/{p95:.0} ms (p50/p95), {:.1} pictures/s, {} x {}, {} unread",
                    seen.fps, seen.width, seen.height, seen.unread
                ));
            }
        }
    }
    let floor = |size| calls.iter().find(|call| call.size == size && call.pair == PAIRS[0]);
    for size in SIZES {
        for call in calls.iter().filter(|call| call.size == size && call.pair != PAIRS[0]) {
            let Some(floor) = floor(size) else { continue };
            let worst = [&call.there, &call.back]
                .into_iter()
                .filter_map(|seen| percentile(&seen.delays, 50))
                .fold(0.0, f64::max);
            let both: Vec<f64> = floor.there.delays.iter().chain(&floor.back.delays).copied().collect();
            let best = percentile(&both, 50).unwrap_or(f64::NAN);
            let fps = call.there.fps.min(call.back.fps);
            let height = call.there.height.min(call.back.height);
            let what = format!("{} at {}p", call.name(), size.1);
            lines.push(goal(&what, "delay, the slower way", worst / best, DELAY_GOAL));
            lines.push(goal(&what, "CPU", call.cpu / floor.cpu, CPU_GOAL));
            let kept = fps >= FPS_GOAL && height >= f64::from(size.1);
            lines.push(format!(
                "goal {}: {what}: {fps:.1} pictures/s of {height} lines (of 30 a second, {} lines)",
                if kept { "holds" } else { "MISSED" },
                size.1
            ));
        }
    }
    lines
}

fn goal(what: &str, of: &str, ratio: f64, most: f64) -> String {
    let verdict = if ratio <= most { "holds" } else { "MISSED" };
    format!("goal {verdict}: {what}: {of} {ratio:.2} times Chromium's (at most {most})")
}

fn percentile(values: &[f64], percent: usize) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    sorted.get(last * percent / 100).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles() {
        let values: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        assert_eq!(percentile(&values, 50), Some(50.0));
        assert_eq!(percentile(&values, 95), Some(95.0));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn a_goal_says_whether_it_holds() {
        assert!(goal("a", "delay", 1.5, DELAY_GOAL).starts_with("goal holds"));
        assert!(goal("a", "delay", 1.6, DELAY_GOAL).starts_with("goal MISSED"));
        assert!(goal("a", "delay", f64::NAN, DELAY_GOAL).starts_with("goal MISSED"));
    }
}
