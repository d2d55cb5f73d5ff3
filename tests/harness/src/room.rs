//! A host's loudspeaker and a microphone in one room, so that the microphone hears what the loudspeaker plays, and
//! people who speak there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::host::Host;
use crate::process::{Child, wait_until};

/// How long programs of the sound daemon may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Samples per second of what is recorded.
const RATE: &str = "48000";

/// A room with a loudspeaker and a microphone.
pub struct Room {
    host: Host,
}

impl Host {
    /// Puts a microphone beside the host's loudspeaker; programs started from now on find both by themselves.
    #[must_use]
    #[track_caller]
    pub fn room(&self) -> Room {
        let _loudspeaker = self.loudspeaker();
        let ask = |args: &[&str]| {
            let done = self.command("pactl").args(args).output();
            assert!(done.success(), "pactl {args:?}: {}", done.stderr);
            done.stdout
        };
        if !ask(&["list", "short", "sources"]).contains("microphone") {
            // Under a name of its own: engines do not offer monitors as microphones.
            ask(&[
                "load-module",
                "module-remap-source",
                "source_name=microphone",
                "master=speaker.monitor",
                "source_properties=device.description=Microphone",
            ]);
            ask(&["set-default-source", "microphone"]);
        }
        Room { host: self.clone() }
    }
}

impl Room {
    /// Somebody in the room says what is in this WAV file.
    #[must_use]
    #[track_caller]
    pub fn say(&self, wav: &Path) -> Child {
        self.host.command("paplay").args(["--device=speaker", "--latency-msec=20"]).arg(wav).spawn()
    }

    /// Listens to what is heard in the room: samples of 16 bit, 48,000 a second.
    #[must_use]
    #[track_caller]
    pub fn listen(&self, into: &Path) -> Listening {
        let child = self
            .host
            .command("parec")
            .args([
                "--device=speaker.monitor",
                "--raw",
                "--format=s16le",
                "--channels=1",
                "--latency-msec=20",
            ])
            .args(["--rate", RATE])
            .arg(into)
            .spawn();
        let file = into.to_owned();
        wait_until("the first sound", PATIENCE, || {
            std::fs::metadata(&file).is_ok_and(|file| file.len() > 0).then_some(())
        });
        Listening { child, file }
    }
}

/// What is being heard in a room.
pub struct Listening {
    child: Child,
    file: PathBuf,
}

impl Listening {
    /// All that was heard so far, 1 for full scale.
    #[must_use]
    pub fn samples(&self) -> Vec<f32> {
        let bytes = std::fs::read(&self.file).unwrap_or_default();
        bytes
            .chunks_exact(2)
            .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32768.0)
            .collect()
    }

    /// Listens no longer, and returns all that was heard.
    #[must_use]
    #[track_caller]
    pub fn end(mut self) -> Vec<f32> {
        self.child.terminate();
        self.child.wait(PATIENCE);
        self.samples()
    }
}
