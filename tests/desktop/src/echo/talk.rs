//! The call between somebody in a room with a loudspeaker and somebody far away.

use std::time::{Duration, Instant};

use earshot_harness::{Desktop, Figure, Host, Listening, Office, Page, Room};
use serde_json::{Value, json};

use super::signal::{
    FRAME, RATE, Voice, active, find, level, mean_level, median_level, onsets, same_in_both,
};

const CALL: &str = include_str!("call.js");
/// A page may play before anybody has clicked in it.
const AUTOPLAY: &str = "--autoplay-policy=no-user-gesture-required";
const SOON: Duration = Duration::from_secs(20);
/// For the canceller to learn the room.
const LEARN: Duration = Duration::from_secs(6);
/// How long the far side then speaks alone.
const ALONE: Duration = Duration::from_secs(8);
/// What sounds may take on their way, at most.
const WAY: Duration = Duration::from_millis(1_000);

const FAR_TEXT: &str = "The boat was late again, so we walked along the harbour and counted the gulls. Nobody minded \
    much, because the evening was warm, and there was bread left over from the morning. When the lamps came on we \
    could see the other shore, and somebody began to sing.";
const NEAR_TEXT: &str = "Please put the ladder back behind the shed, and tell your brother that the key hangs on the \
    second hook. If it rains on Thursday we shall meet in the kitchen instead.";

/// In what somebody sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Chromium.
    Chromium,
    /// The window.
    Window,
}

/// How an engine does in a loudspeaker call.
#[derive(Debug, Clone, Copy)]
pub struct Echo {
    /// What the loudspeaker plays of the far voice with cancellation on, dBFS: without it there is no echo to take out.
    pub played: f64,
    /// What comes back to who speaks, without cancellation, dBFS.
    pub back_without: f64,
    /// The same with it, dBFS.
    pub back_with: f64,
    /// The same, of the median frame: where the way through the engine keeps its length.
    pub usually_back: f64,
    /// Of the near voice, alone in the room: its level at the far side, dBFS.
    pub near_alone: f64,
    /// Share of its frames that arrive with less than 6 dB lost while the far side speaks, too: 0 to 1.
    pub kept: f64,
    /// Mean loss of its frames then, dB.
    pub lost: f64,
}

impl Echo {
    /// Echo return loss enhancement, dB.
    #[must_use]
    pub fn enhancement(&self) -> f64 {
        self.back_without - self.back_with
    }
}

/// Both sides, each with a room.
struct Talk {
    near: Page,
    far: Page,
    near_room: Room,
    far_room: Room,
    // Windows live as long as these.
    _desktops: [Option<Desktop>; 2],
}

fn page_of(host: &Host) -> String {
    format!("http://127.0.0.1:{}/", host.serve_page("<!doctype html><title>A voice call</title>"))
}

/// Sits somebody down whose microphone and loudspeaker are those of the host's room.
fn in_room(host: &Host, engine: Engine) -> (Page, Option<Desktop>) {
    match engine {
        Engine::Chromium => {
            let page = host.chromium(Figure::Red).real_devices().arg(AUTOPLAY).start();
            page.open(&page_of(host));
            (page, None)
        }
        Engine::Window => {
            let desktop = host.desktop(&[]);
            let data = host.fresh_data_dir();
            std::fs::create_dir_all(&data).expect("the host's directory is writable");
            std::fs::write(data.join("settings.toml"), "capture = \"allow\"\n")
                .expect("the host's directory is writable");
            let page = desktop.window(&data, &["--name", host.name()]);
            crate::wait_lobby(&page, host.name());
            // It is put in place when the window has found out what its webview can.
            let is_there = "return typeof RTCPeerConnection === 'function';";
            page.wait_script("RTCPeerConnection", SOON, is_there, json!([]), |there| there == true);
            (page, Some(desktop))
        }
    }
}

impl Talk {
    /// Sits both down. The far side is Chromium and speaks what `voice` says, over and over; without a voice it is this
    /// engine, in a room of its own.
    fn open(office: &Office, near: Engine, far: Result<&dyn Fn(&Host) -> Voice, Engine>) -> Self {
        let (ann, bob) = (office.host("ann"), office.host("bob"));
        let (near_room, far_room) = (ann.room(), bob.room());
        let (near, near_desktop) = in_room(&ann, near);
        let (far, far_desktop) = match far {
            Ok(voice) => {
                let file = voice(&bob).file;
                let microphone = format!("--use-file-for-fake-audio-capture={}", file.display());
                let page = bob.chromium(Figure::Blue).arg(&microphone).arg(AUTOPLAY).start();
                page.open(&page_of(&bob));
                (page, None)
            }
            Err(engine) => in_room(&bob, engine),
        };
        Self { near, far, near_room, far_room, _desktops: [near_desktop, far_desktop] }
    }

    /// Connects both; `treated`: the near microphone is treated as in a call, or not at all.
    fn connect(&self, treated: bool) {
        let audio = json!({
            "echoCancellation": treated, "noiseSuppression": treated, "autoGainControl": treated,
        });
        let plain = json!({ "echoCancellation": false, "noiseSuppression": false, "autoGainControl": false });
        for (page, audio) in [(&self.near, audio), (&self.far, plain)] {
            page.script(CALL, json!([]));
            page.script("return await window.__voice.open(arguments[0]);", json!([audio]));
        }
        let offer = self.near.script("return await window.__voice.offer();", json!([]));
        let answer = self.far.script("return await window.__voice.answer(arguments[0]);", json!([offer]));
        self.near.script("await window.__voice.answered(arguments[0]);", json!([answer]));
        for page in [&self.near, &self.far] {
            let state = "return window.__voice.state();";
            page.wait_script("the connection", SOON, state, json!([]), |state| state == "connected");
        }
    }

    fn end(&self) {
        for page in [&self.near, &self.far] {
            page.script("window.__voice.end();", json!([]));
        }
    }

    fn far_speaks(&self, on: bool) {
        let _: Value = self.far.script("window.__voice.speak(arguments[0]);", json!([on]));
    }

    fn hear_far(&self, name: &str) -> Listening {
        self.far_room.listen(&self.far.host().dir().join(name))
    }

    /// Somebody near speaks; returns what the far side heard, from the voice's first frame on.
    fn near_speaks(&self, voice: &Voice, heard: &Listening) -> Vec<f32> {
        let from = heard.samples().len();
        let mut said = self.near_room.say(&voice.file);
        said.wait(SOON);
        std::thread::sleep(WAY);
        let mut heard = heard.samples().split_off(from);
        let at = find(&voice.samples, &heard) * FRAME;
        heard.split_off(at)
    }
}

/// What is heard from now on for `time`.
fn heard_during(heard: &Listening, time: Duration) -> Vec<f32> {
    let from = heard.samples().len();
    std::thread::sleep(time);
    heard.samples().split_off(from)
}

/// Measures an engine; takes about a minute.
#[must_use]
#[track_caller]
pub fn measure(near: Engine) -> Echo {
    let office = Office::open();
    let far_voice = |host: &Host| Voice::speak(host, "far", "en-us", FAR_TEXT);
    let talk = Talk::open(&office, near, Ok(&far_voice));
    let near_voice = Voice::speak(talk.near.host(), "near", "en-us+f3", NEAR_TEXT);

    talk.connect(false);
    let heard = talk.hear_far("without.raw");
    std::thread::sleep(LEARN);
    let back_without = level(&heard_during(&heard, ALONE));
    let _ = heard.end();
    talk.end();

    talk.connect(true);
    let heard = talk.hear_far("with.raw");
    let in_room = talk.near_room.listen(&talk.near.host().dir().join("room.raw"));
    std::thread::sleep(LEARN);
    let from = in_room.samples().len();
    let back = heard_during(&heard, ALONE);
    let (back_with, usually_back) = (level(&back), median_level(&back));
    let played = level(&in_room.end()[from..]);
    let mixed = talk.near_speaks(&near_voice, &heard);
    talk.far_speaks(false);
    std::thread::sleep(WAY);
    let alone = talk.near_speaks(&near_voice, &heard);
    let _ = heard.end();
    talk.end();

    let (kept, lost) = same_in_both(&near_voice.samples, &alone, &mixed);
    let near_alone = mean_level(&alone, &active(&near_voice.samples));
    Echo { played, back_without, back_with, usually_back, near_alone, kept, lost }
}

/// From a sound in one room to the same sound out of the loudspeaker in the other, ms, one value for each of the sounds
/// that arrived. The microphone is treated as in a call.
#[must_use]
#[track_caller]
pub fn mouth_to_ear(mouth: Engine, ear: Engine) -> Vec<f64> {
    let office = Office::open();
    let talk = Talk::open(&office, mouth, Err(ear));
    talk.connect(true);
    // Nobody answers.
    talk.far_speaks(false);
    let beeps = Voice::beeps(talk.near.host());
    std::thread::sleep(WAY);

    let files = [&talk.near, &talk.far].map(|page| page.host().dir().join("mouth-to-ear.raw"));
    let rooms = [&talk.near_room, &talk.far_room];
    let heard = [rooms[0].listen(&files[0]), rooms[1].listen(&files[1])];
    let mut said = talk.near_room.say(&beeps.file);
    let clock = Instant::now();
    let mut begins = [f64::INFINITY; 2];
    while said.ended().is_none() && clock.elapsed() < beeps.length() + SOON {
        for (begin, file) in begins.iter_mut().zip(&files) {
            // When the first sample was heard, by the packet of samples that came with the least delay.
            let samples = std::fs::metadata(file).map_or(0, |file| file.len() / 2);
            *begin = begin.min(clock.elapsed().as_secs_f64() - samples as f64 / RATE as f64);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(WAY);
    let [said, arrived] = heard.map(Listening::end);
    let times = |samples: &[f32], begin: f64| -> Vec<f64> {
        onsets(samples).into_iter().map(|at| begin + at as f64 / RATE as f64).collect()
    };
    let (said, arrived) = (times(&said, begins[0]), times(&arrived, begins[1]));
    talk.end();
    said.iter()
        .filter_map(|said| {
            let way = arrived.iter().map(|at| at - said).find(|way| *way > 0.0)?;
            (way < WAY.as_secs_f64()).then_some(way * 1000.0)
        })
        .collect()
}
