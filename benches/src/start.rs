//! From the start of the program to a usable window, and that window's memory, beside Chromium with the same page.

use std::time::{Duration, Instant};

use earshot_harness::{Child, Host, Launch, Office};

use crate::LIMIT;
use crate::memory::pss_kib;
use crate::screen::{Screen, Shown, chromium};
use crate::table::{Group, Unit};

/// From the start until memory is looked at.
const SETTLE: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Starts {
    anything: Vec<f64>,
    complete: Vec<f64>,
    memory: Vec<f64>,
}

impl Starts {
    /// One start more; the first only warms the caches up and makes profile and key.
    fn again(&mut self, screen: &Screen, launch: Launch, warm: bool) {
        let blank = screen.picture();
        let start = Instant::now();
        let mut program: Child = screen.command(launch).spawn();
        let Shown { anything, complete } = screen.look(start, &blank);
        if warm {
            std::thread::sleep(SETTLE.saturating_sub(start.elapsed()));
            self.anything.push(anything.as_secs_f64() * 1000.0);
            self.complete.push(complete.as_secs_f64() * 1000.0);
            self.memory.push(pss_kib(program.pid()) / 1024.0);
        }
        program.terminate();
        program.wait(PATIENCE);
        screen.wait_blank(&blank);
    }
}

/// Measures `runs` starts of each, after one that does not count.
#[must_use]
pub(crate) fn measure(runs: usize) -> [Group; 2] {
    let office = Office::open_for(LIMIT);
    let screen = Screen::start(&office.host("ann"));
    let host = screen.host();

    let (mut window, mut browser) = (Starts::default(), Starts::default());
    let data = host.fresh_data_dir();
    // In turn, so that what else the machine does weighs on both.
    for run in 0..=runs {
        let launch = host.command(Host::earshot_program()).args(["--name", "Ann", "--data-dir"]).arg(&data);
        window.again(&screen, launch, run > 0);
        // Gone before the window comes, or that would list it.
        let mut app = host.earshot("Ann");
        let launch = chromium(host).arg("--window-size=1280,900").arg(format!("--app={}", app.ui));
        browser.again(&screen, launch, run > 0);
        app.process.terminate();
        app.process.wait(PATIENCE);
    }

    let mut time = Group::new("Start of the program to a usable window");
    let floor =
        time.floor("Chromium with the same page, first change on the screen", Unit::Ms, browser.anything);
    time.beside(floor, "earshot, first change on the screen", Unit::Ms, window.anything);
    let floor = time.floor("Chromium with the same page, all of it shown", Unit::Ms, browser.complete);
    time.beside(floor, "earshot, all of the lobby shown", Unit::Ms, window.complete);
    let mut memory = Group::new("Idle memory with a window");
    let floor = memory.floor("Chromium with the same page, all processes", Unit::MiB, browser.memory);
    memory.beside(floor, "earshot, all processes", Unit::MiB, window.memory);
    [time, memory]
}
