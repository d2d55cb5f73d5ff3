//! Chromium and Firefox on a host: driven by role and name, with a camera and a microphone of the harness.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::time::Duration;

use earshot_harness::{Figure, Host, Office, Page, has};
use serde_json::json;

const SOON: Duration = Duration::from_secs(30);

/// Calls itself: what is received is "remote" to the harness, since its tracks are no capture.
const LOOP: &str = r#"<!doctype html><meta charset=utf-8><title>Loop</title>
<button id=go aria-label="Call myself">x</button><button id=mute>Mute</button>
<label>Your name <input id=name></label><p id=out role=status></p>
<video id=v autoplay playsinline></video>
<script type=module>
let local;
document.getElementById("go").onclick = async () => {
  local = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480 } });
  const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
  a.onicecandidate = (e) => b.addIceCandidate(e.candidate);
  b.onicecandidate = (e) => a.addIceCandidate(e.candidate);
  const remote = new MediaStream();
  b.ontrack = (e) => { remote.addTrack(e.track); document.getElementById("v").srcObject = remote; };
  for (const track of local.getTracks()) a.addTrack(track, local);
  await a.setLocalDescription(); await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription(); await a.setRemoteDescription(b.localDescription);
  document.getElementById("out").textContent = "calling " + document.getElementById("name").value;
};
document.getElementById("mute").onclick = () => { local.getAudioTracks()[0].enabled = false; };
</script>"#;

#[test]
fn a_page_in_chromium_is_driven_and_its_media_are_told() {
    driven_and_told(|host| host.chromium(Figure::Blue).start());
}

#[test]
fn a_page_in_firefox_is_driven_and_its_media_are_told() {
    driven_and_told(|host| host.firefox(Figure::Blue).start());
}

fn driven_and_told(browser: impl Fn(&Host) -> Page) {
    let office = Office::open();
    let ann = office.host("ann");
    let loudspeaker = ann.loudspeaker();
    let page = browser(&ann);
    page.open(&format!("http://127.0.0.1:{}/", ann.serve_page(LOOP)));
    assert!(!page.shows("button", "Your name"));
    page.type_text("textbox", "Your name", "Ann");
    page.click("button", "Call myself");
    page.wait_text("calling Ann", SOON);
    page.find("status", has(""));
    page.wait_picture(Figure::Blue, SOON);
    page.wait_voice(Figure::Blue, SOON);
    page.wait_growth(SOON);
    loudspeaker.wait_voice(Figure::Blue, SOON);
    assert_eq!(page.colours(), ["blue"]);
    assert!(page.url().starts_with("http://127.0.0.1:"));
    assert_eq!((page.live_tracks("video"), page.live_tracks("audio")), (1, 1));
    page.click("button", "Mute");
    page.wait_silence(SOON);
    let picture = office.dir().join("page.png");
    page.screenshot(&picture);
    assert_eq!(&std::fs::read(picture).expect("a picture")[1..4], b"PNG");
    assert!(
        page.try_script("throw new Error('told')", &json!([]))
            .is_err_and(|error| error.message.contains("told"))
    );
    // A page loaded anew is remembered anew.
    page.reload();
    assert_eq!(page.connection_states(), Vec::<String>::new());
    page.click("button", "Call myself");
    page.wait_picture(Figure::Blue, SOON);
    page.kill_browser();
}
