//! The window starts, previews, lists, rings, keeps its settings and comes to the front.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::time::Duration;

use earshot_harness::{Figure, Host, Office, has, wait_until};
use earshot_tests_desktop::{CONNECTING, SOON, SystemBrowser, desktop, press_in, wait_lobby};
use serde_json::json;

/// Frames that the preview's picture has shown so far, if it has a size.
const PREVIEW: &str = "const video = [...document.querySelectorAll('video')].find((one) => one.checkVisibility() && \
                       one.videoWidth > 0); return video ? video.currentTime : -1;";

#[test]
fn the_preview_plays_after_one_question_that_is_remembered() {
    let office = Office::open();
    let ann = office.host("ann");
    let data = ann.fresh_data_dir();
    let desktop = desktop(&ann);
    let page = desktop.window(&data, &["--name", "Ann"]);
    wait_lobby(&page, "Ann");
    page.click("button", "Try camera and microphone");
    // The question is the system's own: no page can answer it.
    press_in(&desktop, "Earshot", "Return");
    let plays = |page: &earshot_harness::Page| {
        let first = page.wait_script("the preview", SOON, PREVIEW, json!([]), |at| at.as_f64() > Some(0.0));
        page.wait_script("a moving preview", SOON, PREVIEW, json!([]), |at| at.as_f64() > first.as_f64());
    };
    plays(&page);
    page.click("button", "Switch off");
    page.find("button", "Try camera and microphone");
    page.quit();

    let page = desktop.window(&data, &["--name", "Ann"]);
    wait_lobby(&page, "Ann");
    page.click("button", "Try camera and microphone");
    plays(&page);
}

#[test]
fn a_person_is_listed_and_their_ring_is_shown_and_declined() {
    let office = Office::open();
    let (ann, bob) = (office.host("ann"), office.host("bob"));
    let desktop = desktop(&ann);
    let page = desktop.window(&ann.fresh_data_dir(), &["--name", "Ann"]);
    wait_lobby(&page, "Ann");

    let app = bob.earshot("Bob");
    page.wait_for("button", "Bob, Available", SOON);
    let other = bob.chromium(Figure::Blue).start();
    other.open(&app.ui);
    other.wait_for("button", "Ann, Available", SOON);
    other.click("button", "Ann, Available");
    other.click("button", "Voice call with Ann");

    page.wait_for("alertdialog", has("Bob is calling"), SOON);
    page.wait_text("would like to talk", SOON);
    page.click("button", "Decline");
    other.wait_text("Ann declined.", SOON);
    page.wait_gone("alertdialog", has("Bob is calling"), SOON);
}

#[test]
fn settings_persist_over_a_restart() {
    let office = Office::open();
    let ann = office.host("ann");
    let data = ann.fresh_data_dir();
    let desktop = desktop(&ann);
    let page = desktop.window(&data, &[]);
    page.wait_for("button", has("You: "), Duration::from_secs(30));
    page.click("button", "Settings");
    page.type_text("textbox", "Your name", "Annabel");
    page.press("\u{e007}");
    page.wait_text("Saved", SOON);
    page.click("radio", "Dark");
    page.wait_script(
        "the dark theme",
        SOON,
        "return document.documentElement.dataset.theme;",
        json!([]),
        |theme| theme == "dark",
    );
    page.quit();

    let page = desktop.window(&data, &[]);
    wait_lobby(&page, "Annabel");
    assert_eq!(page.script("return document.documentElement.dataset.theme;", json!([])), "dark");
}

#[test]
fn a_second_start_raises_the_first_window() {
    let office = Office::open();
    let ann = office.host("ann");
    let data = ann.fresh_data_dir();
    let desktop = desktop(&ann);
    let page = desktop.window(&data, &["--name", "Ann"]);
    wait_lobby(&page, "Ann");

    // Another window takes the focus.
    let mut other = desktop.command("xmessage").args(["-geometry", "1280x900+0+0", "Something else"]).spawn();
    let search =
        ["search", "--sync", "--onlyvisible", "--name", "xmessage", "windowraise", "windowfocus", "--sync"];
    let done = desktop.command("xdotool").args(search).output();
    assert!(done.success(), "{}", done.stderr);
    let focused = || page.script("return document.hasFocus();", json!([])) == true;
    wait_until("the focus to leave", SOON, || (!focused()).then_some(()));

    let again =
        desktop.command(earshot_harness::Host::earshot_program()).arg("--data-dir").arg(&data).output();
    assert!(again.success(), "a second start is no failure: {}", again.stderr);
    wait_until("the focus to come back", SOON, || focused().then_some(()));
    other.kill();
}

#[test]
fn a_window_that_cannot_call_says_what_lacks_and_leads_to_the_browser() {
    let office = Office::open();
    let (ann, bob) = (office.host("ann"), office.host("bob"));
    let system = SystemBrowser::on(&ann);
    // As on a system without the plugin that packs and unpacks VP8.
    let plugins = plugins_without(&ann, "libgstvpx.so");
    let desktop = ann.desktop(&[
        ("PATH", &system.path()),
        ("EARSHOT_TEST_MOCK_CAPTURE", "1"),
        ("GST_PLUGIN_SYSTEM_PATH_1_0", &plugins.display().to_string()),
        ("GST_REGISTRY_1_0", &ann.dir().join("registry").display().to_string()),
    ]);
    let page = desktop.window(&ann.fresh_data_dir(), &["--name", "Ann"]);
    wait_lobby(&page, "Ann");
    if page.script("return window.RTCPeerConnection?.toString().includes('[native code]');", json!([]))
        == true
    {
        eprintln!("not run: this WebKitGTK can call by itself");
        return;
    }
    page.wait_text("This window cannot carry calls yet. Your browser can.", CONNECTING);
    page.wait_text("What packs and unpacks pictures is missing.", SOON);
    page.wait_text("sudo apt install gstreamer1.0-plugins-good", SOON);
    page.click("button", "Open in browser");
    let (url, given) = system.wait_opened();
    // What is for our own webview only is not for a browser.
    assert!(given.contains("PATH=") && !given.contains("JSC_"), "{given}");

    // There the call works.
    let browser = ann.chromium(Figure::Red).start();
    browser.open(&url);
    let app = bob.earshot("Bob");
    let other = bob.chromium(Figure::Blue).start();
    other.open(&app.ui);
    browser.wait_for("button", "Bob, Available", SOON);
    browser.click("button", "Bob, Available");
    browser.click("button", "Video call with Bob");
    other.wait_for("alertdialog", has("Ann is calling"), SOON);
    other.click("button", "Accept with video");
    browser.wait_picture(Figure::Blue, CONNECTING);
    other.wait_picture(Figure::Red, CONNECTING);
}

/// A folder with all of this system's GStreamer plugins but one.
#[track_caller]
fn plugins_without(host: &Host, file: &str) -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib")
        .expect("folders can be read and written")
        .flatten()
        .map(|one| one.path().join("gstreamer-1.0"));
    let system = folders.into_iter().find(|one| one.join(file).is_file()).expect("a system with GStreamer");
    let dir = host.dir().join("plugins");
    std::fs::create_dir_all(&dir).expect("folders can be read and written");
    for plugin in std::fs::read_dir(system)
        .expect("folders can be read and written")
        .flatten()
        .filter(|plugin| plugin.file_name() != file)
    {
        std::os::unix::fs::symlink(plugin.path(), dir.join(plugin.file_name()))
            .expect("folders can be read and written");
    }
    dir
}
