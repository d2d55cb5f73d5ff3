//! What is looked at in more than one call.

use std::time::Duration;

use earshot_harness::{Page, Received};
use earshot_tests_browser::{Person, SOON};

/// Mute is silence on the other side, a camera that is off is shown to be off and is free, and both come back. What the
/// other side shows of it was told over the data channel.
#[track_caller]
pub fn check_switches(one: &Person, other: &Person) {
    one.page.click("button", "Mute microphone");
    other.page.wait_silence(SOON);
    other.page.wait_text(&format!("{} is muted", one.name), SOON);
    one.page.click("button", "Unmute microphone");
    other.page.wait_voice(one.figure, SOON);
    one.page.click("button", "Turn camera off");
    other.page.wait_text(&format!("{}’s camera is off", one.name), SOON);
    let colour = one.figure.colour().to_owned();
    assert!(!other.page.colours().contains(&colour), "no last picture stays: {:?}", other.page.colours());
    earshot_harness::wait_until("the camera to be free", SOON, || {
        (one.page.live_tracks("video") == 0).then_some(())
    });
    one.page.click("button", "Turn camera on");
    other.page.wait_picture(one.figure, SOON);
}

/// Either sees and hears the other, who looks and sounds as they should, and more of both comes.
#[track_caller]
pub fn check_both_ways(one: &Person, other: &Person) {
    one.wait_sees_and_hears(other);
    other.wait_sees_and_hears(one);
}

/// What came to a page in a while.
#[derive(Debug, Clone, Copy)]
pub struct Flow {
    /// Pictures decoded per second.
    pub fps: f64,
    /// kbit/s of pictures.
    pub kbps: f64,
    /// Packets of sound per second.
    pub voice: f64,
    /// Sound played per second, s: 1 where none is left out.
    pub played: f64,
}

/// Measures what comes to a page in `time`.
#[must_use]
#[track_caller]
pub fn flow(page: &Page, time: Duration) -> Flow {
    let before = page.received();
    let start = std::time::Instant::now();
    std::thread::sleep(time);
    let after = page.received();
    let seconds = start.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "counts of a minute")]
    let grown = |of: fn(&Received) -> u64| of(&after).saturating_sub(of(&before)) as f64 / seconds;
    Flow {
        fps: grown(|one| one.frames_decoded),
        kbps: grown(|one| one.video_bytes) * 8.0 / 1000.0,
        voice: grown(|one| one.audio_packets),
        played: (after.audio_seconds - before.audio_seconds) / seconds,
    }
}

/// What a page's camera may take of the line now, kbit/s, as its connection tells (`targetBitrate`).
#[must_use]
pub fn target(page: &Page) -> Option<f64> {
    let script = "let most = 0; for (const connection of window.__earshotTest.connections) { \
                  if (connection.connectionState !== 'connected') continue; \
                  for (const stat of (await connection.getStats()).values()) \
                  if (stat.type === 'outbound-rtp' && stat.kind === 'video') most = Math.max(most, stat.targetBitrate ?? 0); \
                  } return most / 1000;";
    page.try_script(script, &serde_json::json!([])).ok()?.as_f64()
}
