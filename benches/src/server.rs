//! Idle memory of the programs without a window.

use std::time::Duration;

use earshot_harness::Office;

use crate::memory::pss_kib;
use crate::screen::chromium;
use crate::table::{Group, Unit};
use crate::{LIMIT, agent};

/// Visitors at the server, who say nothing.
const VISITORS: u32 = 100;
/// Until what a start leaves to do is done.
const SETTLE: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(30);

/// Measures `runs` starts of each.
#[must_use]
pub(crate) fn measure(runs: usize) -> Group {
    let office = Office::open_for(LIMIT);
    let ann = office.host("ann");

    let (mut node, mut empty, mut full, mut each) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut blank = Vec::new();
    for _ in 0..runs {
        let mut browser =
            chromium(&ann).args(["--headless=new", "--remote-debugging-port=0", "about:blank"]).spawn();
        std::thread::sleep(2 * SETTLE);
        blank.push(pss_kib(browser.pid()) / 1024.0);
        browser.kill();

        let mut app = ann.earshot("Ann");
        let mut server = ann.earshot_server(&["--listen", "127.0.0.1:0"]);
        std::thread::sleep(SETTLE);
        node.push(pss_kib(app.process.pid()) / 1024.0);
        let before = pss_kib(server.process.pid());
        let url = format!("ws://127.0.0.1:{}", server.port);
        let mut visitors = agent(&ann, &["visit", &url, &VISITORS.to_string()]).spawn();
        visitors.wait_line(PATIENCE, |line| line.contains("visitors"));
        std::thread::sleep(SETTLE);
        let after = pss_kib(server.process.pid());
        empty.push(before / 1024.0);
        full.push(after / 1024.0);
        each.push((after - before) / f64::from(VISITORS));
        visitors.kill();
        server.process.kill();
        app.process.kill();
    }

    let mut group = Group::new("Idle memory without a window");
    let floor = group.floor("Chromium with one blank tab, all processes", Unit::MiB, blank);
    group.beside(floor, "earshot --headless", Unit::MiB, node);
    group.beside(floor, "earshot-server, nobody there", Unit::MiB, empty);
    group.beside(floor, &format!("earshot-server, {VISITORS} visitors"), Unit::MiB, full);
    group.alone("of it: one visitor", Unit::KiB, each);
    group
}
