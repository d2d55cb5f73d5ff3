//! A long call: neither delay nor memory grows, and picture and sound come in step.

use std::time::{Duration, Instant};

use earshot_harness::{Figure, Flashes, Office};
use earshot_tests_desktop::{CONNECTING, Person, Seat, Window};

/// Picture and sound may be so far apart at the end, ms. A person sees 80. What a page captures of its own sound comes
/// late by a way through the webview that nobody tells of, and a busy machine adds some: this bound only sees what has
/// come out of step for good. In the first seconds both sides are still on the way there, which is printed only.
const IN_STEP: f64 = 300.0;
/// What both may come later at the end than at the beginning, ms. The picture grows meanwhile, and with it the time that
/// two busy cores take for it; what piles up comes seconds later.
const LATER: f64 = 500.0;
/// What the processes of the window may grow by after they have warmed up: this share, and this much, MB.
const GROWTH: (f64, f64) = (0.1, 30.0);

/// Looks and listens on both sides, one after the other; returns the delays of picture and sound, ms.
#[track_caller]
fn look(from: &Person, at: &Person) -> (f64, f64) {
    let found: Flashes = at.page.flashes(Duration::from_secs(12));
    let Some(delays) = found.delays(&from.page.flashed()) else {
        panic!("{} gets no flashes and beeps of {}: {found:?}", at.name, from.name)
    };
    let skew = delays.1 - delays.0;
    eprintln!(
        "{} to {}: picture {:.0} ms, sound {:.0} ms, apart {skew:.0} ms",
        from.name, at.name, delays.0, delays.1
    );
    delays
}

#[test]
fn a_long_call_comes_into_step_and_does_not_grow() {
    let minutes: Option<u64> = std::env::var("EARSHOT_SOAK_MINUTES").ok().and_then(|text| text.parse().ok());
    let time = minutes.map_or(Duration::from_secs(30), |minutes| Duration::from_secs(minutes * 60));
    let office = Office::open_for(time + Duration::from_secs(600));
    let ann = Window::take_flashing(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    bob.page.dress_flashing(Figure::Blue);
    ann.call("Bob", "Video");
    bob.accept("Ann", "video");
    for page in [&ann.page, &bob.page] {
        page.wait_growth(CONNECTING);
    }

    let first = [look(&ann, &bob), look(&bob, &ann)];
    let (start, before) = (Instant::now(), ann.memory());
    while start.elapsed() < time {
        std::thread::sleep(Duration::from_secs(10).min(time));
        for page in [&ann.page, &bob.page] {
            page.wait_growth(Duration::from_secs(10));
        }
        eprintln!("{} s: {:.0} MB", start.elapsed().as_secs(), ann.memory());
    }
    let last = [look(&ann, &bob), look(&bob, &ann)];
    let after = ann.memory();
    eprintln!("{before:.0} MB at first, {after:.0} MB at last");
    assert!(after < before * (1.0 + GROWTH.0) + GROWTH.1, "memory grew from {before} to {after} MB");
    for (first, last) in first.into_iter().zip(last) {
        assert!(last.0 < first.0 + LATER && last.1 < first.1 + LATER, "later: {first:?}, then {last:?} ms");
        let apart = last.1 - last.0;
        assert!(apart.abs() < IN_STEP, "{apart} ms apart: {first:?}, then {last:?} ms");
    }
}
