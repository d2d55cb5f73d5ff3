//! A host's sound: PulseAudio with a loudspeaker that nobody hears, but a test can.

use std::time::Duration;

use crate::chromium::program;
use crate::figure::Figure;
use crate::host::Host;
use crate::process::wait_until;

/// How long PulseAudio may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);
/// Samples per second of a recording, 16 bit, one channel.
const RATE: usize = 48_000;
/// What is looked at for a tone at once: 100 ms, shorter than any tone of a [`Figure`].
const WINDOW: usize = RATE / 10;

/// Samples of a gap that is told.
const SHORT: usize = RATE / 50;
/// The power of a tone that is there: -40 dBFS.
const AUDIBLE: f64 = 1e-4;

/// The loudspeaker of a host.
pub struct Loudspeaker {
    host: Host,
}

/// What came out of a loudspeaker.
pub struct Recording {
    samples: Vec<i16>,
}

impl Host {
    /// Gives the host a loudspeaker, a PulseAudio sink called `speaker`; programs started from now on find it by themselves.
    /// There is at most one.
    #[track_caller]
    pub fn loudspeaker(&self) -> Loudspeaker {
        let dir = self.dir().join("run").join("pulse");
        let socket = dir.join("native");
        if !socket.exists() {
            std::fs::create_dir_all(&dir).expect("the host's directory is writable");
            let protocol =
                format!("module-native-protocol-unix auth-anonymous=1 socket={}", socket.display());
            let mut daemon = self
                .command(program("EARSHOT_PULSEAUDIO", &["/usr/bin/pulseaudio"]))
                .args([
                    "-n",
                    "--daemonize=no",
                    "--exit-idle-time=-1",
                    "--use-pid-file=no",
                    "--load",
                    &protocol,
                ])
                .args(["--load", "module-null-sink sink_name=speaker rate=48000"])
                .spawn();
            wait_until("PulseAudio to listen", PATIENCE, || {
                assert!(daemon.ended().is_none(), "PulseAudio ended: {}", daemon.stderr());
                self.command("pactl")
                    .args(["get-default-sink"])
                    .output()
                    .stdout
                    .contains("speaker")
                    .then_some(())
            });
        }
        Loudspeaker { host: self.clone() }
    }
}

impl Loudspeaker {
    /// Listens for so long.
    #[must_use]
    #[track_caller]
    pub fn record(&self, time: Duration) -> Recording {
        let file = self.host.dir().join("tmp").join("loudspeaker.raw");
        let mut recorder = self
            .host
            .command("parec")
            .args(["--device=speaker.monitor", "--raw", "--format=s16le", "--rate=48000", "--channels=1"])
            .arg("--latency-msec=20")
            .arg(&file)
            .spawn();
        std::thread::sleep(time + Duration::from_millis(200));
        recorder.terminate();
        recorder.wait(PATIENCE);
        let bytes = std::fs::read(&file).expect("parec writes what it hears");
        let samples = bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
        Recording { samples }
    }

    /// Waits until the voice of `figure` comes out of it.
    #[track_caller]
    pub fn wait_voice(&self, figure: Figure, patience: Duration) {
        wait_until(&format!("the voice of {figure:?} from the loudspeaker"), patience, || {
            let heard = self.record(Duration::from_millis(1200));
            (heard.level(figure.tone()) > -40.0).then_some(())
        });
    }
}

impl Recording {
    /// How loud a tone is at its loudest, dBFS; -120 where it is not.
    #[must_use]
    pub fn level(&self, hz: u32) -> f64 {
        let loudest = self.samples.chunks_exact(WINDOW).map(|window| power(window, hz)).fold(0.0, f64::max);
        10.0 * loudest.max(1e-12).log10()
    }

    /// Which share of the time a tone that should be there all the time is not, 0 to 1.
    #[must_use]
    pub fn gaps(&self, hz: u32) -> f64 {
        let is_there = |window: &[i16]| power(window, hz) > AUDIBLE;
        let windows = self.samples.chunks_exact(SHORT);
        let (all, there) = (windows.len(), windows.filter(|window| is_there(window)).count());
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let share = (all - there) as f64 / all.max(1) as f64;
        share
    }
}

/// The power of one tone in a window, 1 for full scale (Goertzel's algorithm).
fn power(window: &[i16], hz: u32) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let (length, rate) = (window.len() as f64, RATE as f64);
    let coefficient = 2.0 * (std::f64::consts::TAU * f64::from(hz) / rate).cos();
    let (mut before, mut last) = (0.0, 0.0);
    for sample in window {
        (before, last) = (last, f64::from(*sample) / 32768.0 + coefficient * last - before);
    }
    (before * before + last * last - coefficient * before * last) * 4.0 / (length * length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_told_from_others() {
        let wave = |n: usize| (n as f64 * 880.0 / RATE as f64 * std::f64::consts::TAU).sin();
        let recording = Recording { samples: (0..RATE).map(|n| (wave(n) * 16384.0) as i16).collect() };
        assert!((recording.level(880) + 6.0).abs() < 0.1);
        for other in [440, 660, 1100] {
            assert!(recording.level(other) < -50.0);
        }
    }

    #[test]
    fn gaps_in_a_tone_are_told() {
        let wave = |n: usize| (n as f64 * 880.0 / RATE as f64 * std::f64::consts::TAU).sin();
        // 100 ms of each 500 are silent.
        let sounds = |n: usize| n % (RATE / 2) >= RATE / 10;
        let sample = |n: usize| if sounds(n) { (wave(n) * 16384.0) as i16 } else { 0 };
        let recording = Recording { samples: (0..RATE * 2).map(sample).collect() };
        assert!((recording.gaps(880) - 0.2).abs() < 0.01);
    }
}
