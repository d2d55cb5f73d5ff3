//! A display without a screen whose picture is looked at from outside, and programs that open a window on it.
//!
//! No WebDriver: it would take part in what is measured. Xvfb keeps its picture in a file (`-fbdir`), in the format of
//! xwd(1).

use std::collections::HashMap;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use earshot_harness::{Host, Launch};

const DISPLAY: &str = ":9";
const PATIENCE: Duration = Duration::from_secs(15);
/// Every this many pixels, in both directions, one is looked at.
const STEP: usize = 6;
/// Between two looks at the picture.
const LOOK_EVERY: Duration = Duration::from_millis(8);
/// A picture that has not changed for this long is complete.
const STILL: Duration = Duration::from_millis(1_500);
/// How long a window may take until its picture is complete.
const LONGEST: Duration = Duration::from_secs(12);
/// The part of what changes that has to be as in the end: a blinking caret or a pointer shall not count.
const ENOUGH: f64 = 0.98;
/// Kept pictures: more than a picture that moves all the time has within [`LONGEST`] at 30 a second.
const MOST: usize = 400;

/// The display.
pub(crate) struct Screen {
    host: Host,
    bus: String,
    picture: PathBuf,
}

/// When a window showed what.
pub(crate) struct Shown {
    /// The first change of the picture.
    pub(crate) anything: Duration,
    /// Nearly all of the last picture.
    pub(crate) complete: Duration,
}

impl Screen {
    /// Starts the display and a session bus on a host.
    pub(crate) fn start(host: &Host) -> Self {
        let dir = host.dir().join("screen");
        std::fs::create_dir_all(&dir).expect("the host's directory is writable");
        let mut xvfb = host
            .command("Xvfb")
            .args([
                DISPLAY,
                "-screen",
                "0",
                "1280x900x24",
                "-nolock",
                "-nolisten",
                "tcp",
                "-nolisten",
                "unix",
            ])
            .args(["-listen", "local", "-displayfd", "1", "-fbdir"])
            .arg(&dir)
            .spawn();
        xvfb.wait_line(PATIENCE, |line| line == DISPLAY.trim_start_matches(':'));
        let bus = format!("unix:path={}", host.dir().join("run").join("bus").display());
        let mut daemon = host
            .command("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1", "--address", &bus])
            .spawn();
        daemon.wait_line(PATIENCE, |line| line.starts_with("unix:"));
        Self { host: host.clone(), bus, picture: dir.join("Xvfb_screen0") }
    }

    /// A program that opens its windows here.
    pub(crate) fn command(&self, launch: Launch) -> Launch {
        launch
            .env("DISPLAY", DISPLAY)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("GDK_BACKEND", "x11")
            .env("NO_AT_BRIDGE", "1")
            .env("GTK_A11Y", "none")
            .env("LANG", "C.UTF-8")
            // In here everybody is root, and the web process's own sandbox cannot be nested.
            .env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1")
    }

    /// Looks on from `start`, which was when the program was started, until the picture stands still.
    pub(crate) fn look(&self, start: Instant, blank: &[u32]) -> Shown {
        let mut pictures: Vec<(Duration, Vec<u32>)> = Vec::new();
        loop {
            let at = start.elapsed();
            let picture = self.picture();
            let last = pictures.last().map_or(blank, |(_, last)| last);
            if picture != last {
                if pictures.len() < MOST {
                    pictures.push((at, picture));
                }
            } else if let Some((last, _)) = pictures.last()
                && at > *last + STILL
                && !is_plain(&picture, blank)
            {
                break;
            }
            if at > LONGEST {
                break;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        let (_, end) = pictures.last().expect("a window changes the screen");
        assert!(!is_plain(end, blank), "no page was shown within {LONGEST:?}");
        let changed: Vec<usize> = (0..end.len()).filter(|at| end[*at] != blank[*at]).collect();
        let share = |picture: &[u32]| {
            let same = changed.iter().filter(|at| picture[**at] == end[**at]).count();
            #[allow(clippy::cast_precision_loss, reason = "counts of pixels")]
            let share = same as f64 / changed.len().max(1) as f64;
            share
        };
        let complete = pictures.iter().find(|(_, picture)| share(picture) >= ENOUGH);
        let complete = complete.or(pictures.last()).map(|(at, _)| *at).expect("there is a last picture");
        Shown { anything: pictures[0].0, complete }
    }

    /// The picture now, thinned.
    pub(crate) fn picture(&self) -> Vec<u32> {
        let mut file = std::fs::File::open(&self.picture).expect("Xvfb keeps its picture there");
        let mut head = [0_u8; 100];
        file.read_exact(&mut head).expect("the picture has a head");
        let field = |index: usize| {
            let bytes = [0, 1, 2, 3].map(|offset| head[index * 4 + offset]);
            u32::from_be_bytes(bytes) as usize
        };
        // XWDFile.h: header_size, pixmap_height, bytes_per_line, ncolors (12 bytes each).
        let (header, height, stride, colours) = (field(0), field(5), field(12), field(19));
        file.seek(SeekFrom::Start((header + 12 * colours) as u64)).expect("a file can be sought");
        let mut bytes = vec![0; stride * height];
        file.read_exact(&mut bytes).expect("the picture is whole");
        let rows = bytes.chunks_exact(stride).step_by(STEP);
        rows.flat_map(|row| {
            row.chunks_exact(4)
                .step_by(STEP)
                .map(|pixel| u32::from_le_bytes([pixel[0], pixel[1], pixel[2], 0]))
        })
        .collect()
    }

    /// Waits until the screen is as it was without windows.
    pub(crate) fn wait_blank(&self, blank: &[u32]) {
        earshot_harness::wait_until("an empty screen", PATIENCE, || (self.picture() == blank).then_some(()));
    }

    /// The host it is on.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }
}

/// A window that shows little but one colour has not come to its page yet.
fn is_plain(picture: &[u32], blank: &[u32]) -> bool {
    let mut counts = HashMap::new();
    let shown = picture.iter().zip(blank).filter(|(now, before)| now != before);
    for (pixel, _) in shown.clone() {
        *counts.entry(*pixel).or_insert(0_usize) += 1;
    }
    counts.values().max().is_none_or(|most| most * 10 > shown.count() * 9)
}

/// Chromium, without anything of its own that takes time.
pub(crate) fn chromium(host: &Host) -> Launch {
    let program = std::env::var_os("EARSHOT_CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    host.command(program)
        .args([
            "--no-sandbox",
            // Or it spends a line of the window on a warning of the above.
            "--test-type",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--no-default-browser-check",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--password-store=basic",
        ])
        .arg(format!("--user-data-dir={}", host.dir().join("profile").display()))
}
