//! The display, the bus and the drivers of a host, with WebKitGTK's own small browser in place of our window.

use std::path::Path;
use std::time::Duration;

use earshot_harness::Office;

const SOON: Duration = Duration::from_secs(30);
const BROWSER: &str = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

#[test]
fn a_webkit_window_is_driven_by_role_and_name() {
    if !Path::new(BROWSER).exists() {
        eprintln!("not run: {BROWSER} is not installed");
        return;
    }
    let office = Office::open();
    let ann = office.host("ann");
    let html = "<!doctype html><title>Door</title><button aria-label='Ring the bell' \
                onclick=\"document.getElementById('out').textContent='rung '+document.getElementById('n').value\">o</button>\
                <label>Your name <input id=n></label><p id=out>quiet</p>";
    let port = ann.serve_page(html);
    let desktop = ann.desktop(&[]);
    let page = desktop.application(Path::new(BROWSER), &["--automation"]);
    page.open(&format!("http://127.0.0.1:{port}/"));
    page.type_text("textbox", "Your name", "Ann");
    page.click("button", "Ring the bell");
    page.wait_text("rung Ann", SOON);
    page.screenshot(&office.dir().join("door.png"));
    page.quit();
    let page = desktop.application(Path::new(BROWSER), &["--automation"]);
    page.open("about:blank");
}
