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

impl Flashes {
    /// How much later sound comes than the picture that left with it, ms: the median; none without three of both.
    #[must_use]
    pub fn skew(&self) -> Option<f64> {
        let near = |heard: &f64| {
            self.seen.iter().map(|seen| heard - seen).min_by(|one, other| one.abs().total_cmp(&other.abs()))
        };
        median(self.heard.iter().filter_map(near).filter(|skew| skew.abs() < 500.0).collect())
    }

    /// How long after `flashed`, the times at which they left, picture and sound come, ms: the medians.
    #[must_use]
    pub fn delays(&self, flashed: &[f64]) -> Option<(f64, f64)> {
        let delay = |came: &[f64]| {
            let since = |at: &f64| {
                flashed.iter().map(|left| at - left).filter(|late| *late > 0.0).min_by(f64::total_cmp)
            };
            median(came.iter().filter_map(since).filter(|late| *late < 900.0).collect())
        };
        Some((delay(&self.seen)?, delay(&self.heard)?))
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
    pub fn flashed(&self) -> Vec<f64> {
        numbers(&self.script("return navigator.mediaDevices.earshotFlashes;", json!([])))
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
        assert_eq!(flashes.skew(), Some(30.0));
        assert_eq!(flashes.delays(&[1000.0, 2000.0, 3000.0, 4000.0]), Some((50.0, 80.0)));
        assert_eq!(Flashes::default().skew(), None);
    }
}
