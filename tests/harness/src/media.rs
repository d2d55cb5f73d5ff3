//! What a page receives, looked at from the test: the picture's colour, the sound's tone, the statistics.

use std::time::Duration;

use serde_json::{Value, json};

use crate::figure::Figure;
use crate::webdriver::{Page, REMEMBER};

/// Sums over all receivers of a page's open peer connections (W3C webrtc-stats, inbound-rtp).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Received {
    /// Pictures decoded.
    pub frames_decoded: u64,
    /// Packets of pictures.
    pub video_packets: u64,
    /// Bytes of pictures, without headers.
    pub video_bytes: u64,
    /// Packets of sound.
    pub audio_packets: u64,
    /// Energy of the sound; see `totalAudioEnergy`.
    pub audio_energy: f64,
    /// How much sound was played, s.
    pub audio_seconds: f64,
}

/// The elements that play a track of a receiver of one of the page's peer connections.
pub(crate) const REMOTE: &str = r#"
const received = new Set(window.__earshotTest.connections.flatMap((connection) =>
  connection.getReceivers().map((receiver) => receiver.track)));
const remote = (kind) => [...document.querySelectorAll("video, audio")].filter((element) =>
  element.srcObject instanceof MediaStream
  && element.srcObject.getTracks().some((track) => track.kind === kind && track.readyState === "live"
     && received.has(track)));
"#;

const COLOUR: &str = include_str!("colour.js");
const TONES: &str = include_str!("tones.js");
const STATS: &str = include_str!("stats.js");

impl Page {
    /// Remembers the page's peer connections and capture tracks from now on. Browsers do so by themselves; a window, into
    /// which no script can be put before it loads, wants this after each load.
    #[track_caller]
    pub fn remember(&self) {
        self.script(&format!("if (!window.__earshotTest) {{ {REMEMBER} }}"), json!([]));
    }

    /// See [`Page::remember`], which must not have been called; and gives the page the looks and the voice of `figure` in
    /// place of what its camera and microphone capture.
    #[track_caller]
    pub fn dress(&self, figure: Figure) {
        self.script(&figure.capture_script(), json!([]));
        self.remember();
    }

    /// As [`Page::dress`], with a picture that takes as many bits as there are: its lowest fifth is noise.
    #[track_caller]
    pub fn dress_noisy(&self, figure: Figure) {
        self.script(&figure.noise_script(), json!([]));
        self.remember();
    }

    /// Names of the dominating colours of the pictures received and shown, one per remote `<video>`: red, green, blue,
    /// yellow, black, mock (see [`Figure::Mock`]), or `other`.
    #[must_use]
    pub fn colours(&self) -> Vec<String> {
        let script = format!("{REMOTE}\n{COLOUR}");
        let found = self.try_script(&script, &json!([])).unwrap_or_default();
        found.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    }

    /// Waits until the screen of a person is shown and moves on.
    #[track_caller]
    pub fn wait_screen(&self, name: &str, patience: Duration) {
        let script = format!(
            "{REMOTE}\nconst one = remote('video').find((element) => element.ariaLabel === arguments[0]); \
             return one && one.checkVisibility() && one.videoWidth > 0 ? one.currentTime : null;"
        );
        let label = json!([format!("{name}’s screen")]);
        let what = format!("the screen of {name}");
        let first = self.wait_script(&what, patience, &script, label.clone(), Value::is_number).as_f64();
        self.wait_script(&format!("{what}, moving"), patience, &script, label, |at| at.as_f64() > first);
    }

    /// Waits until no screen of a person is shown.
    #[track_caller]
    pub fn wait_no_screen(&self, name: &str, patience: Duration) {
        let script = "return [...document.querySelectorAll('video')].some((one) => one.ariaLabel === arguments[0] && \
                      one.checkVisibility());";
        self.wait_script("no screen", patience, script, json!([format!("{name}’s screen")]), |found| {
            *found == false
        });
    }

    /// Waits until the picture of `figure` is shown.
    #[track_caller]
    pub fn wait_picture(&self, figure: Figure, patience: Duration) {
        let script = format!("{REMOTE}\n{COLOUR}");
        self.wait_script(&format!("the picture of {figure:?}"), patience, &script, json!([]), |found| {
            found.as_array().is_some_and(|found| found.iter().any(|one| one == figure.colour()))
        });
    }

    /// Waits until the picture of `figure` is shown no more.
    #[track_caller]
    pub fn wait_no_picture(&self, figure: Figure, patience: Duration) {
        let script = format!("{REMOTE}\n{COLOUR}");
        self.wait_script(&format!("no picture of {figure:?}"), patience, &script, json!([]), |found| {
            found.as_array().is_some_and(|found| !found.iter().any(|one| one == figure.colour()))
        });
    }

    /// The loudest tone received within `window`, Hz, and its level, dBFS, over all remote sounds that are played; none if
    /// nothing is played. A level below -70 is silence.
    #[must_use]
    #[track_caller]
    pub fn tone(&self, window: Duration) -> Option<(f64, f64)> {
        let script = format!("{REMOTE}\n{TONES}");
        let found = self.script(&script, json!([window.as_millis() as u64]));
        Some((found["hz"].as_f64()?, found["db"].as_f64()?))
    }

    /// Waits until the voice of `figure` is heard, whoever else is.
    #[track_caller]
    pub fn wait_voice(&self, figure: Figure, patience: Duration) {
        let script = format!("{REMOTE}\n{TONES}");
        let wanted = figure.tones();
        self.wait_script(&format!("the voice of {figure:?}"), patience, &script, json!([700]), |found| {
            found["each"].as_array().into_iter().flatten().any(|sound| {
                sound["db"].as_f64().is_some_and(|db| db > -50.0)
                    && sound["hz"]
                        .as_f64()
                        .is_some_and(|hz| wanted.iter().any(|wanted| (hz - f64::from(*wanted)).abs() < 30.0))
            })
        });
    }

    /// Waits until all remote sound is silence over a whole second.
    #[track_caller]
    pub fn wait_silence(&self, patience: Duration) {
        let script = format!("{REMOTE}\n{TONES}");
        self.wait_script("silence", patience, &script, json!([1000]), |found| {
            found.is_null() || found["db"].as_f64().is_some_and(|db| db < -70.0)
        });
    }

    /// What was received so far.
    #[must_use]
    #[track_caller]
    pub fn received(&self) -> Received {
        let value = self.script(STATS, json!([]));
        Received {
            frames_decoded: value["framesDecoded"].as_u64().unwrap_or_default(),
            video_packets: value["videoPackets"].as_u64().unwrap_or_default(),
            video_bytes: value["videoBytes"].as_u64().unwrap_or_default(),
            audio_packets: value["audioPackets"].as_u64().unwrap_or_default(),
            audio_energy: value["audioEnergy"].as_f64().unwrap_or_default(),
            audio_seconds: value["audioSeconds"].as_f64().unwrap_or_default(),
        }
    }

    /// Pictures, packets and the sound's energy all grow within `patience`.
    #[track_caller]
    pub fn wait_growth(&self, patience: Duration) -> Received {
        let before = self.received();
        self.wait_script(&format!("growth beyond {before:?}"), patience, STATS, json!([]), |now| {
            now["framesDecoded"].as_u64() > Some(before.frames_decoded + 5)
                && now["videoPackets"].as_u64() > Some(before.video_packets + 5)
                && now["audioPackets"].as_u64() > Some(before.audio_packets + 5)
                && now["audioEnergy"].as_f64() > Some(before.audio_energy)
        });
        self.received()
    }

    /// States of all peer connections the page has made.
    #[must_use]
    pub fn connection_states(&self) -> Vec<String> {
        let states = self.try_script(
            "return window.__earshotTest.connections.map((connection) => connection.connectionState);",
            &json!([]),
        );
        let states = states.unwrap_or_default();
        states.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    }

    /// Capture tracks that are live: what keeps a camera's light on. `kind` is `audio` or `video`.
    #[must_use]
    #[track_caller]
    pub fn live_tracks(&self, kind: &str) -> u64 {
        let script = "return window.__earshotTest.tracks.filter((track) => track.kind === arguments[0] && \
                      track.readyState === 'live').length;";
        self.script(script, json!([kind])).as_u64().unwrap_or_default()
    }

    /// Raw sums, for messages.
    #[must_use]
    pub fn stats(&self) -> Value {
        self.try_script(STATS, &json!([])).unwrap_or_default()
    }
}
