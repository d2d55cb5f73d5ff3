//! A file between two hosts, beside what a plain TLS stream and a bare data channel give between the same two.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use earshot_harness::{Figure, Host, Office, wait_until};
use earshot_tests_browser::files::{choose, received, write_file};
use earshot_tests_browser::{SOON, Seat, video_call};
use serde_json::json;

use crate::table::{Group, Unit};

/// How long the suite may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(240);
const SCRIPT: &str = include_str!("files.js");
const MIB: f64 = 1024.0 * 1024.0;
/// Sizes of a message, KiB.
const MESSAGES: [u32; 4] = [16, 64, 128, 255];

/// Measures `runs` times; a file has `mib` MiB.
#[must_use]
pub(crate) fn measure(runs: usize, mib: u32) -> (Group, Vec<String>) {
    let mut group = Group::new("A file between two hosts, both on this machine");
    let mut remarks = Vec::new();
    let office = Office::open_for(LIMIT);
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);
    for seat in [&ann, &bob] {
        seat.page.click("button", "Turn camera off");
    }
    let file = ann.host.dir().join("file.bin");
    write_file(&file, u64::from(mib));

    let tls: Vec<f64> = (0..runs).filter_map(|run| tls(&ann.host, &bob.host, &file, run)).collect();
    if tls.is_empty() {
        remarks.push("No TLS stream: openssl is not installed.".to_owned());
    }
    let floor = group.floor("a TLS stream (openssl), from a file to nowhere", Unit::MiBs, tls);

    for seat in [&ann, &bob] {
        seat.page.script(SCRIPT, json!([]));
    }
    let offer = ann.page.script("return await benchOffer();", json!([]));
    let answer = bob.page.script("return await benchAnswer(arguments[0]);", json!([offer]));
    ann.page.script("await benchTake(arguments[0]);", json!([answer]));
    for size in MESSAGES {
        let rates = (0..runs).filter_map(|_| {
            let rate = ann.page.script("return await benchSend(...arguments);", json!([size * 1024, 5]));
            rate.as_f64().map(|rate| rate / MIB)
        });
        let rates = rates.collect();
        group.beside(floor, &format!("a bare data channel, {size} KiB a message"), Unit::MiBs, rates);
    }
    for seat in [&ann, &bob] {
        seat.page.script("benchChannel.pc.close();", json!([]));
    }

    ann.page.click("button", "Files");
    let mut rates = Vec::new();
    for run in 0..runs {
        let name = format!("file-{run}.bin");
        let named = ann.host.dir().join(&name);
        fs::copy(&file, &named).expect("the disk has room");
        choose(&ann.page, &named);
        bob.page.wait_for("button", format!("Accept {name}"), SOON);
        let begin = Instant::now();
        bob.page.click("button", format!("Accept {name}"));
        let kept = received(&bob).join(&name);
        wait_until("the file to be whole", Duration::from_secs(120), || kept.exists().then_some(()));
        rates.push(f64::from(mib) / begin.elapsed().as_secs_f64());
        fs::remove_file(named).expect("it is ours");
    }
    group.beside(floor, &format!("a file of {mib} MiB, from page to disk"), Unit::MiBs, rates);
    (group, remarks)
}

/// MiB a second of one stream; `None` without openssl.
fn tls(from: &Host, to: &Host, file: &Path, run: usize) -> Option<f64> {
    if !Path::new("/usr/bin/openssl").exists() {
        return None;
    }
    let port = (44_300 + run).to_string();
    let (key, certificate) = (from.dir().join("tls.key"), from.dir().join("tls.pem"));
    let made = from
        .command("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-subj", "/CN=bench", "-days", "2", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output();
    assert!(made.success(), "{}", made.stderr);
    // The server sends what it reads, and ends the connection where that ends.
    let script = format!(
        "openssl s_server -quiet -naccept 1 -accept {port} -key '{}' -cert '{}' < '{}'",
        key.display(),
        certificate.display(),
        file.display()
    );
    let mut server = from.command("sh").args(["-c", &script]).spawn();
    std::thread::sleep(Duration::from_millis(500));
    let begin = Instant::now();
    let script = format!("openssl s_client -quiet -connect {}:{port} | wc -c", from.ip());
    let taken = to.command("sh").args(["-c", &script]).output();
    let seconds = begin.elapsed().as_secs_f64();
    server.wait(Duration::from_secs(60));
    let size = fs::metadata(file).ok()?.len();
    let count: u64 = taken.stdout.trim().parse().ok()?;
    assert_eq!(count, size, "all of it came");
    Some(size as f64 / MIB / seconds)
}
