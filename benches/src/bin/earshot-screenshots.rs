//! Takes the pictures of the documents from the real program: `earshot-screenshots [FOLDER]`, `docs` unless named.
//!
//! Two hosts of an office, a real call between two Chromiums, people found by real mDNS. Only the faces are drawn.
#![allow(clippy::expect_used, reason = "a picture that cannot be taken is a panic")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::BASE64;
use earshot_harness::{Earshot, Figure, Host, Office, Page};
use earshot_tests_browser::{CONNECTING, Person, SOON, Seat};
use serde_json::json;

const DRAW: &str = include_str!("../pictures/portrait.js");
/// A camera's picture, pixels, and its frames per second.
const CAMERA: (usize, usize) = (1280, 720);
const FPS: usize = 10;
/// The page's size, pixels.
const WINDOW: (usize, usize) = (1280, 800);
/// Frames until the head is where it was.
const FRAMES: usize = 20;
/// How long the whole may take.
const LIMIT: Duration = Duration::from_secs(180);
/// Until the line is known and the picture as sharp as it gets.
const SHARP: Duration = Duration::from_secs(8);
/// Until what moves in a page has come to rest.
const REST: Duration = Duration::from_millis(900);

/// Colleagues: name, status, note.
const COLLEAGUES: &[(&str, &str, &str)] = &[
    ("Chen Li", "available", ""),
    ("Dana Novak", "busy", "Writing the quarterly report"),
    ("Emeka Obi", "available", "Second floor, by the window"),
    ("Farid Haddad", "away", "Lunch, back at one"),
    ("Grace Lindqvist", "available", ""),
    ("Hugo Martins", "available", "Ask me about the printers"),
];

const COLLEAGUES_ZH: &[(&str, &str, &str)] = &[
    ("陈静", "available", ""),
    ("李强", "busy", "写季度总结，四点后有空"),
    ("刘洋", "available", "三楼靠窗"),
    ("Sofia Rossi", "available", ""),
    ("王芳", "away", "午休，一点回来"),
    ("周明", "available", "打印机的事找我"),
];

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "docs".to_owned()));
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let office = Office::open_for(LIMIT);
    let artist = office.host("artist");
    let [ann, bob] = ["ann", "bob"].map(|who| draw(&artist, who));
    call_and_lobby(&office, &ann, &bob, &folder);
    // Another office: other people.
    drop(office);
    chinese_lobby(&Office::open_for(LIMIT), &ann, &folder);
}

/// Ann and Bob talk; then Ann looks at who is there.
fn call_and_lobby(office: &Office, ann_camera: &[u8], bob_camera: &[u8], folder: &Path) {
    let ann =
        seat(office.host("ann"), "Ann", "language = \"en\"\ntheme = \"light\"", Figure::Red, ann_camera);
    let bob =
        seat(office.host("bob"), "Bob", "language = \"en\"\ntheme = \"light\"", Figure::Blue, bob_camera);
    let _others = colleagues(office, COLLEAGUES);

    ann.call("Bob", "Video");
    bob.accept("Ann", "video");
    for page in [&ann.page, &bob.page] {
        wait_pictures(page, 2);
    }
    // The picture's own shape.
    resize(&ann.page, CAMERA);
    std::thread::sleep(SHARP);
    ann.page.move_pointer();
    std::thread::sleep(REST);
    ann.page.screenshot(&folder.join("call.png"));
    resize(&ann.page, WINDOW);
    compare(&ann, &bob, folder);

    ann.leave();
    ann.page.wait_text("You talked with Bob", SOON);
    ann.page.press("\u{e00c}");
    for (name, ..) in COLLEAGUES {
        ann.page.wait_text(name, SOON);
    }
    ann.page.click("button", "Bob, verified, Available");
    std::thread::sleep(REST);
    ann.page.screenshot(&folder.join("lobby.png"));
}

/// They compare a code.
fn compare(ann: &Seat, bob: &Seat, folder: &Path) {
    ann.page.click("button", "Private: only you and Bob");
    ann.page.click("button", "Compare code");
    bob.page.click("button", "Compare");
    ann.page.find("button", "They match");
    std::thread::sleep(REST);
    ann.page.screenshot(&folder.join("compare.png"));
    for page in [&ann.page, &bob.page] {
        page.click("button", "They match");
    }
    for page in [&ann.page, &bob.page] {
        page.click("button", "Done");
    }
}

/// The same in the dark, in Chinese, with one's own picture.
fn chinese_lobby(office: &Office, camera: &[u8], folder: &Path) {
    let lin = seat(office.host("lin"), "林安", "language = \"zh-CN\"\ntheme = \"dark\"", Figure::Red, camera);
    let _others = colleagues(office, COLLEAGUES_ZH);
    for (name, ..) in COLLEAGUES_ZH {
        lin.page.wait_text(name, SOON);
    }
    lin.page.click("button", "试试摄像头和麦克风");
    wait_pictures(&lin.page, 1);
    std::thread::sleep(2 * REST);
    lin.page.screenshot(&folder.join("lobby-dark-zh.png"));
}

/// A person with app and browser, whose camera shows `camera`.
fn seat(host: Host, name: &str, settings: &str, figure: Figure, camera: &[u8]) -> Seat {
    let app = install(&host, name, "available", "", settings);
    let file = host.dir().join("face.y4m");
    std::fs::write(&file, camera).expect("the host's directory is writable");
    let page =
        host.chromium(figure).arg(&format!("--use-file-for-fake-video-capture={}", file.display())).start();
    resize(&page, WINDOW);
    page.open(&app.ui);
    page.wait_text(name, SOON);
    Seat { person: Person { name: name.to_owned(), figure, host, page }, app }
}

fn resize(page: &Page, (width, height): (usize, usize)) {
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    page.cdp("Emulation.setDeviceMetricsOverride", &size);
}

/// Waits until this many pictures are shown as large as the camera gives them.
fn wait_pictures(page: &Page, count: usize) {
    let widths = "return [...document.querySelectorAll('video')].map((one) => one.videoWidth);";
    page.wait_script("pictures in full size", CONNECTING, widths, json!([]), |widths| {
        let full = |width: &&serde_json::Value| width.as_u64() == Some(CAMERA.0 as u64);
        widths.as_array().is_some_and(|widths| widths.iter().filter(full).count() >= count)
    });
}

fn colleagues(office: &Office, people: &[(&str, &str, &str)]) -> Vec<Earshot> {
    let one = |(index, (name, status, note)): (usize, &(&str, &str, &str))| {
        install(&office.host(&format!("desk{index}")), name, status, note, "")
    };
    people.iter().enumerate().map(one).collect()
}

fn install(host: &Host, name: &str, status: &str, note: &str, more: &str) -> Earshot {
    let data = host.fresh_data_dir();
    std::fs::create_dir_all(&data).expect("the host's directory is writable");
    let settings = format!("name = {name:?}\nstatus = {status:?}\nnote = {note:?}\n{more}\n");
    std::fs::write(data.join("settings.toml"), settings).expect("the host's directory is writable");
    host.install(&data).start()
}

/// Draws what a camera would show of somebody, as YUV4MPEG2.
fn draw(host: &Host, who: &str) -> Vec<u8> {
    let page: Page = host.chromium(Figure::Green).start();
    let (width, height) = CAMERA;
    let mut bytes = format!("YUV4MPEG2 W{width} H{height} F{FPS}:1 Ip A1:1 C420\n").into_bytes();
    for frame in 0..FRAMES {
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let turn = frame as f64 / FRAMES as f64;
        let drawn = page.script(DRAW, json!([who, turn, width, height]));
        bytes.extend_from_slice(b"FRAME\n");
        let drawn = BASE64.decode(drawn.as_str().unwrap_or_default().as_bytes());
        bytes.extend(drawn.expect("the page returns base64"));
    }
    page.quit();
    bytes
}
