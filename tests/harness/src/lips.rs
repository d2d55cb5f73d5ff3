//! Flashes and beeps that leave together: how late they come, and how far apart.

use std::time::Duration;

use serde_json::{Value, json};

use crate::figure::Figure;
use crate::media::REMOTE;
use crate::webdriver::Page;

const LIPS: &str = include_str!("lips.js");

/// When flashes were seen and beeps were heard, ms of the machine's clock.
#[derive(Debug, Clone, Default)]
pub struct Flashes {
    /// The picture turned white.
    pub seen: Vec<f64>,
    /// The sound began.
    pub heard: Vec<f64>,
}

/// When a flash left, and the beep with it, ms of the machine's clock.
pub type Flashed = (f64, f64);

impl Flashes {
    /// How long picture and sound took, ms: the medians; none without three of each.
    #[must_use]
    pub fn delays(&self, flashed: &[Flashed]) -> Option<(f64, f64)> {
        let delay = |came: &[f64], left: fn(&Flashed) -> f64| {
            let since = |at: &f64| {
                flashed.iter().map(|one| at - left(one)).filter(|late| *late > 0.0).min_by(f64::total_cmp)
            };
            median(came.iter().filter_map(since).filter(|late| *late < 900.0).collect())
        };
        Some((delay(&self.seen, |one| one.0)?, delay(&self.heard, |one| one.1)?))
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    (values.len() >= 3).then(|| values[values.len() / 2])
}

impl Page {
    /// Instead of [`Page::dress`]: black, and once a second white while the tone of `figure` sounds.
    #[track_caller]
    pub fn dress_flashing(&self, figure: Figure) {
        self.script(&figure.flash_script(), json!([]));
        self.remember();
    }

    /// When flashes left this page so far.
    #[must_use]
    #[track_caller]
    pub fn flashed(&self) -> Vec<Flashed> {
        let left = self.script("return navigator.mediaDevices.earshotFlashes;", json!([]));
        left.as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| Some((one[0].as_f64()?, one[1].as_f64()?)))
            .collect()
    }

    /// Looks and listens for so long, at most 25 s, to what comes from the other side.
    #[must_use]
    #[track_caller]
    pub fn flashes(&self, time: Duration) -> Flashes {
        let found = self.script(&format!("{REMOTE}\n{LIPS}"), json!([time.as_millis() as u64]));
        Flashes { seen: numbers(&found["seen"]), heard: numbers(&found["heard"]) }
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_what_belongs_together() {
        let flashes =
            Flashes { seen: vec![1050.0, 2060.0, 3040.0, 3900.0], heard: vec![1080.0, 2080.0, 3080.0] };
        let left = [(1000.0, 990.0), (2000.0, 1990.0), (3000.0, 2990.0), (4000.0, 3990.0)];
        assert_eq!(flashes.delays(&left), Some((50.0, 90.0)));
        assert_eq!(Flashes::default().delays(&left), None);
    }
}
