//! Whom a fake camera shows and what a fake microphone plays: one colour and one tone per person, so that a test can
//! tell whose picture and sound arrived.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

/// What a page is given in place of its devices' pictures and sound.
const CAPTURE: &str = include_str!("figure.js");

/// Size of the picture, pixels, and frames per second: small, so that two cores suffice for two hosts.
const WIDTH: usize = 640;
const HEIGHT: usize = 480;
const FPS: usize = 15;
/// Frames until the picture repeats: one second.
const FRAMES: usize = 15;
/// Sound: samples per second, 16 bit, one channel.
const RATE: u32 = 48_000;
/// The tone sounds 400 ms of each 500 ms: noise suppression takes a steady one for noise.
const BEAT: u32 = RATE / 2;
const SOUNDING: u32 = RATE / 5 * 2;

/// Somebody's looks and voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// 440 Hz.
    Red,
    /// 660 Hz.
    Green,
    /// 880 Hz.
    Blue,
    /// 1100 Hz.
    Yellow,
    /// What WebKit's mock devices show and play: letters and shapes on black, and each second a beep of 1500 or 500 Hz.
    /// Only a window can have these looks.
    Mock,
}

impl Figure {
    /// The tone, Hz; the first of a mock microphone's two.
    #[must_use]
    pub fn tone(self) -> u32 {
        match self {
            Self::Mock => 1500,
            Self::Red => 440,
            Self::Green => 660,
            Self::Blue => 880,
            Self::Yellow => 1100,
        }
    }

    /// What [`Page::colour`](crate::Page::colour) calls the picture.
    #[must_use]
    pub fn colour(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Yellow => "yellow",
            Self::Mock => "mock",
        }
    }

    /// All tones, Hz.
    pub(crate) fn tones(self) -> Vec<u32> {
        if self == Self::Mock { vec![1500, 500] } else { vec![self.tone()] }
    }

    /// The body of a function that makes it a page's camera and microphone, where files cannot; see `figure.js`.
    pub(crate) fn capture_script(self) -> String {
        self.script(&json!({}))
    }

    /// See [`Figure::capture_script`]; black, and once a second white while the tone sounds.
    pub(crate) fn flash_script(self) -> String {
        self.script(&json!({ "flash": true }))
    }

    /// See [`Figure::capture_script`]; a part of the picture is noise.
    pub(crate) fn noise_script(self) -> String {
        self.script(&json!({ "noise": true }))
    }

    fn script(self, more: &Value) -> String {
        // CSS's green is half as bright as the camera's.
        let colour = if self == Self::Green { "lime" } else { self.colour() };
        let figure = json!({ "colour": colour, "hz": self.tone() });
        format!("const figure = {{ ...{figure}, ...{more} }};\n{CAPTURE}")
    }

    /// Y, Cb, Cr in the limited range of BT.601.
    fn ycbcr(self) -> [u8; 3] {
        match self {
            Self::Red => [81, 90, 240],
            Self::Green => [145, 54, 34],
            Self::Blue => [41, 240, 110],
            Self::Yellow => [210, 16, 146],
            Self::Mock => [16, 128, 128],
        }
    }

    /// The camera as YUV4MPEG2: the colour all over, and a grey bar that wanders from left to right once a second, so
    /// that a picture that stands still is told from one that moves.
    #[track_caller]
    pub(crate) fn write_camera(self, path: &Path) {
        let [luma, cb, cr] = self.ycbcr();
        let mut bytes = format!("YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420\n").into_bytes();
        for frame in 0..FRAMES {
            bytes.extend_from_slice(b"FRAME\n");
            let bar = frame * WIDTH / FRAMES;
            let in_bar = |x: usize| (bar..bar + WIDTH / FRAMES).contains(&x);
            let row: Vec<u8> = (0..WIDTH).map(|x| if in_bar(x) { 235 } else { luma }).collect();
            for _ in 0..HEIGHT {
                bytes.extend_from_slice(&row);
            }
            for chroma in [cb, cr] {
                let row: Vec<u8> = (0..WIDTH / 2).map(|x| if in_bar(2 * x) { 128 } else { chroma }).collect();
                for _ in 0..HEIGHT / 2 {
                    bytes.extend_from_slice(&row);
                }
            }
        }
        std::fs::write(path, bytes).expect("the host's directory is writable");
    }

    /// The microphone as WAV, two seconds that repeat without a seam.
    #[track_caller]
    pub(crate) fn write_microphone(self, path: &Path) {
        let samples = RATE * 2;
        let mut bytes = Vec::new();
        let mut write = |part: &[u8]| bytes.write_all(part).expect("memory can be written");
        write(b"RIFF");
        write(&(36 + samples * 2).to_le_bytes());
        write(b"WAVEfmt ");
        write(&16_u32.to_le_bytes());
        for value in [1_u16, 1] {
            write(&value.to_le_bytes());
        }
        write(&RATE.to_le_bytes());
        write(&(RATE * 2).to_le_bytes());
        for value in [2_u16, 16] {
            write(&value.to_le_bytes());
        }
        write(b"data");
        write(&(samples * 2).to_le_bytes());
        for index in 0..samples {
            let phase = f64::from(index) * f64::from(self.tone()) / f64::from(RATE) * std::f64::consts::TAU;
            let level = if index % BEAT < SOUNDING { 0.5 } else { 0.0 };
            #[allow(clippy::cast_possible_truncation, reason = "at most half of i16's range")]
            let sample = (phase.sin() * level * f64::from(i16::MAX)) as i16;
            write(&sample.to_le_bytes());
        }
        std::fs::write(path, bytes).expect("the host's directory is writable");
    }
}
