//! How long what a page receives stands still.

use std::time::Duration;

use serde_json::json;

use crate::webdriver::Page;

const GAPS: &str = include_str!("gaps.js");

/// The longest time without a new picture, and without a packet of sound, of one peer connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Which of the connections that the page has made, from 0.
    pub connection: usize,
    /// Without a picture being decoded.
    pub picture: Duration,
    /// Without sound coming.
    pub sound: Duration,
}

impl Page {
    /// Watches from now on the connections that are connected now. Looks 20 times a second.
    #[track_caller]
    pub fn watch_gaps(&self) {
        self.script(GAPS, json!([]));
    }

    /// The longest gaps since [`Page::watch_gaps`], in the order in which the connections were made.
    #[must_use]
    #[track_caller]
    pub fn gaps(&self) -> Vec<Gap> {
        let found = self.script("return window.__earshotTest.gaps;", json!([]));
        let ms = |value: &serde_json::Value| Duration::from_millis(value.as_f64().unwrap_or_default() as u64);
        let gap = |one: &serde_json::Value| Gap {
            connection: one["index"]
                .as_u64()
                .and_then(|index| usize::try_from(index).ok())
                .unwrap_or_default(),
            picture: ms(&one["picture"]),
            sound: ms(&one["sound"]),
        };
        found.as_array().into_iter().flatten().map(gap).collect()
    }
}
