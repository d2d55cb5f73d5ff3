//! How far apart picture and sound come that left together, in the window beside Chromium: flashes with beeps, once a
//! second, looked at and listened to by the other side's page. Only a debug build of the window has devices without
//! hardware, which this needs: no `--release`.

use std::time::Duration;

use earshot_harness::{Figure, Flashes, Office};

use crate::table::{Group, Unit};
use crate::window::{Engine, Side};

/// How long the suite may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(300);
/// From the first picture until both sides have settled.
const SETTLE: Duration = Duration::from_secs(20);
/// One look; enough flashes for a median.
const LOOK: Duration = Duration::from_secs(12);

/// Measures both pairs, each way `looks` times.
#[must_use]
pub(crate) fn measure(looks: usize) -> (Group, Vec<String>) {
    let mut group = Group::new("Picture and sound of a call, apart (a person sees 80 ms)");
    let mut remarks = Vec::new();
    for (first, second) in [(Engine::Chromium, Engine::Chromium), (Engine::Window, Engine::Chromium)] {
        let office = Office::open_for(LIMIT);
        let ann = Side::sit(&office, "Ann", first);
        let bob = Side::sit(&office, "Bob", second);
        ann.flash(Figure::Red);
        bob.flash(Figure::Blue);
        ann.ring(&bob);
        std::thread::sleep(SETTLE);
        for (from, to) in [(&ann, &bob), (&bob, &ann)] {
            let name = format!("{} to {}", from.engine.name(), to.engine.name());
            let found: Vec<(f64, f64)> = (0..looks)
                .filter_map(|_| {
                    let seen: Flashes = to.look(LOOK);
                    seen.delays(&from.flashed())
                })
                .collect();
            let apart = found.iter().map(|(picture, sound)| (sound - picture).abs()).collect();
            group.alone(&name, Unit::Ms, apart);
            for (picture, sound) in found {
                remarks.push(format!("{name}: picture {picture:.0} ms, sound {sound:.0} ms"));
            }
        }
    }
    (group, remarks)
}
