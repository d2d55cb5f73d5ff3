//! Pictures follow eyes: no larger than they are shown, none where nobody looks; the voice stays as it is.

use std::time::Duration;

use earshot_harness::{Figure, Office, Page, wait_until};
use earshot_tests_browser::{CONNECTING, SOON, Seat, video_call};
use serde_json::{Value, json};

/// Lines of the picture that comes, and how many came so far.
const PICTURE: &str = "
    const all = await Promise.all(window.__earshotTest.connections.map((one) => one.getStats()));
    const video = all.flatMap((report) => [...report.values()])
      .filter(({ type, kind, mid }) => type === 'inbound-rtp' && kind === 'video' && mid === '1');
    return { height: Math.max(0, ...video.map((one) => one.frameHeight ?? 0)),
             frames: video.reduce((sum, one) => sum + (one.framesDecoded ?? 0), 0) };";

#[track_caller]
fn wait_height(page: &Page, what: &str, wanted: impl Fn(u64) -> bool) {
    page.wait_script(what, Duration::from_secs(30), PICTURE, json!([]), |now| {
        now["height"].as_u64().is_some_and(&wanted)
    });
}

fn frames(page: &Page) -> u64 {
    page.script(PICTURE, json!([]))["frames"].as_u64().unwrap_or_default()
}

fn size(page: &Page, width: u32, height: u32) {
    let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    page.cdp("Emulation.setDeviceMetricsOverride", &screen);
}

#[test]
fn a_picture_is_as_large_as_it_is_shown_and_none_comes_where_nobody_looks() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);
    wait_height(&ann.page, "a whole picture", |height| height >= 480);

    size(&ann.page, 320, 240);
    wait_height(&ann.page, "a picture for a small window", |height| height > 0 && height <= 320);
    // What the other one sees is another matter.
    bob.page.wait_picture(ann.figure, CONNECTING);
    wait_height(&bob.page, "a whole picture at the other side", |height| height >= 480);
    size(&ann.page, 1280, 800);
    wait_height(&ann.page, "a whole picture again", |height| height >= 480);

    // Another tab is in front.
    ann.page.cdp("Target.createTarget", &json!({ "url": "about:blank" }));
    ann.page.wait_script("a page out of sight", SOON, "return document.hidden;", json!([]), |now| {
        *now == json!(true)
    });
    wait_until("no more pictures", Duration::from_secs(20), || {
        let before = frames(&ann.page);
        std::thread::sleep(Duration::from_secs(2));
        (frames(&ann.page) == before).then_some(())
    });
    let before = ann.page.received();
    std::thread::sleep(Duration::from_secs(2));
    let after = ann.page.received();
    assert_eq!(after.frames_decoded, before.frames_decoded, "nobody looks");
    assert!(after.audio_packets > before.audio_packets + 50, "the voice goes on: {before:?} {after:?}");
    assert!(after.audio_energy > before.audio_energy, "and is heard");
    bob.page.wait_growth(SOON);

    ann.page.cdp("Page.bringToFront", &json!({}));
    ann.page.wait_picture(bob.figure, CONNECTING);
    ann.wait_sees_and_hears(&bob);
}

#[test]
fn a_shared_screen_is_sharp_or_smooth_as_its_person_chooses() {
    let office = Office::open();
    let host = office.host("ann");
    let app = host.earshot("Ann");
    let ann = Seat::open("Ann", Figure::Red, host, app, |chromium| chromium.sharing());
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);
    ann.page.click("button", "Share screen");
    bob.page.wait_screen("Ann", CONNECTING);
    let hint = "
        const [sender] = window.__earshotTest.connections.flatMap((one) => one.getTransceivers())
          .filter(({ mid }) => mid === '2').map(({ sender }) => sender);
        const { degradationPreference, encodings } = sender.getParameters();
        return { hint: sender.track?.contentHint, prefers: degradationPreference, rate: encodings[0]?.maxFramerate };";
    let is = |what: &str, wanted: fn(&Value) -> bool| {
        ann.page.wait_script(what, SOON, hint, json!([]), wanted);
    };
    is("sharp text", |now| now["hint"] == "detail" && now["prefers"] == "maintain-resolution");
    ann.page.click("radio", "Smooth video");
    is("smooth video", |now| {
        now["hint"] == "motion" && now["prefers"] == "maintain-framerate" && now["rate"] == 30
    });
    bob.page.wait_screen("Ann", CONNECTING);
    ann.page.click("button", "Stop");
    bob.page.wait_no_screen("Ann", CONNECTING);
    ann.page.wait_gone("radio", "Smooth video", SOON);
}
