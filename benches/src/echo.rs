//! A loudspeaker call in the window beside the same call in Chromium: echo, double talk, and the way from mouth to ear.

use std::time::Duration;

use earshot_tests_desktop::echo::{Echo, Engine, measure as talk, mouth_to_ear};

use crate::table::{Group, Unit};

/// How long the suite may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(290);
/// How far the window may be behind Chromium, dB.
const GOAL: f64 = 3.0;
/// Less comes back than anybody hears, dBFS: no goal is missed below.
const SILENCE: f64 = -70.0;

type Row = (&'static str, Unit, fn(&Echo) -> f64);

/// Measures both engines.
#[must_use]
pub(crate) fn measure() -> (Group, Vec<String>) {
    let mut group = Group::new("A loudspeaker call: the microphone hears the loudspeaker at full level");
    let chromium = talk(Engine::Chromium);
    let window = talk(Engine::Window);
    let rows: [Row; 7] = [
        ("is played in the room, dBFS", Unit::Db, |echo| echo.played),
        ("comes back without cancellation, dBFS", Unit::Db, |echo| echo.back_without),
        ("comes back, dBFS", Unit::Db, |echo| echo.back_with),
        ("comes back most of the time, dBFS", Unit::Db, |echo| echo.usually_back),
        ("echo return loss enhancement", Unit::Db, Echo::enhancement),
        ("who answers loses while both speak", Unit::Db, |echo| echo.lost),
        ("of that voice arrives nearly whole", Unit::Percent, |echo| echo.kept * 100.0),
    ];
    for (name, unit, value) in rows {
        group.alone(&format!("Chromium: {name}"), unit, vec![value(&chromium)]);
        group.alone(&format!("window: {name}"), unit, vec![value(&window)]);
    }
    let ways = [
        (Engine::Chromium, Engine::Chromium, "Chromium to Chromium, mouth to ear"),
        (Engine::Window, Engine::Chromium, "window to Chromium, mouth to ear"),
        (Engine::Chromium, Engine::Window, "Chromium to window, mouth to ear"),
    ];
    let mut floor = None;
    for (mouth, ear, name) in ways {
        let values = mouth_to_ear(mouth, ear);
        match floor {
            None => floor = Some(group.floor(name, Unit::Ms, values)),
            Some(floor) => group.beside(floor, name, Unit::Ms, values),
        }
    }
    (group, remarks(&chromium, &window))
}

fn remarks(chromium: &Echo, window: &Echo) -> Vec<String> {
    let verdict = |holds: bool| if holds { "holds" } else { "MISSED" };
    let behind = chromium.enhancement() - window.enhancement();
    let lost = window.lost - chromium.lost;
    vec![
        format!(
            "goal {}: echo: the window is {behind:.1} dB behind Chromium (at most {GOAL}, or below {SILENCE} dBFS: {:.0})",
            verdict(behind <= GOAL || window.back_with < SILENCE),
            window.back_with
        ),
        format!(
            "goal {}: double talk: who answers loses {lost:.1} dB more than in Chromium (at most {GOAL})",
            verdict(lost <= GOAL)
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Echo = Echo {
        played: -20.0,
        back_without: -18.0,
        back_with: -80.0,
        usually_back: -90.0,
        near_alone: -23.0,
        kept: 0.5,
        lost: 12.0,
    };

    #[test]
    fn goals_say_whether_they_hold() {
        let heard = Echo { back_with: -60.0, lost: 16.0, ..GOOD };
        assert!(remarks(&GOOD, &GOOD).iter().all(|line| line.starts_with("goal holds")));
        assert!(remarks(&GOOD, &heard).iter().all(|line| line.starts_with("goal MISSED")));
        let quiet = Echo { back_with: -90.0, ..GOOD };
        assert!(remarks(&quiet, &GOOD)[0].starts_with("goal holds"), "nobody hears it");
    }
}
