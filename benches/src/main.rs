//! Measures Earshot beside what this machine can do at best, and prints one table.
//!
//! `earshot-benches [--quick] [--release] [GROUP...]`: groups are `people`, `call`, `start`, `server`, `hop`,
//! `window`, `lips`, `echo`, `files` and `crowd`; all unless named. `--quick` does each once, to see that the measuring works. `--release` takes
//! `target/release/earshot`, which was built before. `EARSHOT_BIN` and `EARSHOT_SERVER_BIN` name other builds of the programs by
//! their absolute paths.
//!
//! Nothing is asserted: on a loaded machine everything is slow. What says something is the ratio to the floor of the
//! same run.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a measurement fails by panicking and prints")]

mod agent;
mod call;
mod cpu;
mod crowd;
mod echo;
mod files;
mod hop;
mod lips;
mod memory;
mod people;
mod screen;
mod server;
mod start;
mod table;
mod window;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use earshot_harness::{Host, Launch, built};

/// How long all groups but `window`, `lips` and `echo` may take together.
pub(crate) const LIMIT: Duration = Duration::from_secs(240);
const GROUPS: [&str; 10] =
    ["people", "call", "start", "server", "hop", "window", "lips", "echo", "files", "crowd"];

/// This program on a host.
pub(crate) fn agent(host: &Host, args: &[&str]) -> Launch {
    let own = std::env::current_exe().expect("a running program has a path");
    host.command(own).arg("agent").args(args).label(args[0])
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
    if args.first() == Some(&"agent") {
        return match agent::run(&args[1..]) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    let mut option = |name: &str| {
        let before = args.len();
        args.retain(|arg| *arg != name);
        args.len() < before
    };
    let (quick, release) = (option("--quick"), option("--release"));
    if let Some(unknown) = args.iter().find(|arg| !GROUPS.contains(*arg)) {
        eprintln!("no such group: {unknown}");
        return ExitCode::FAILURE;
    }
    if release && let Some(code) = again_with_release() {
        return code;
    }
    // Offices close when this process ends, however it ends.
    std::thread::spawn(|| {
        let limit = LIMIT + window::LIMIT + 2 * lips::LIMIT + echo::LIMIT + files::LIMIT + 2 * crowd::LIMIT;
        std::thread::sleep(limit);
        eprintln!("not done within {limit:?}");
        std::process::exit(1);
    });

    let begun = Instant::now();
    let surroundings = surroundings();
    let wanted = |group: &str| args.is_empty() || args.contains(&group);
    let runs = |count: usize| if quick { 1 } else { count };
    let mut groups = Vec::new();
    let mut remarks = Vec::new();
    if wanted("people") {
        groups.push(people::measure(runs(5)));
    }
    if wanted("call") {
        groups.push(call::measure(runs(7)));
    }
    if wanted("start") {
        groups.extend(start::measure(runs(5)));
    }
    if wanted("server") {
        groups.push(server::measure(runs(3)));
    }
    if wanted("hop") {
        groups.push(hop::measure(runs(200)));
    }
    if wanted("window") {
        let (tables, lines) = window::measure(Duration::from_secs(if quick { 3 } else { 8 }));
        groups.extend(tables);
        remarks.extend(lines);
    }
    if wanted("lips") {
        let (table, lines) = lips::measure(runs(3));
        groups.push(table);
        remarks.extend(lines);
    }
    if wanted("echo") {
        let (table, lines) = echo::measure();
        groups.push(table);
        remarks.extend(lines);
    }
    if wanted("files") {
        let (table, lines) = files::measure(runs(3), if quick { 32 } else { 256 });
        groups.push(table);
        remarks.extend(lines);
    }
    if wanted("crowd") {
        let (tables, lines) = crowd::measure(if quick { &[2, 4] } else { &[2, 4, 6, 8] });
        groups.extend(tables);
        remarks.extend(lines);
    }
    println!("{surroundings}\nLoad at the end {}. {} s in all.\n", load(), begun.elapsed().as_secs());
    println!("{}", table::markdown(&groups));
    for remark in remarks {
        println!("{remark}");
    }
    ExitCode::SUCCESS
}

/// Starts this program anew with the release build of the app, which lies beside this program's folder. None if the
/// app is chosen already.
fn again_with_release() -> Option<ExitCode> {
    const VARIABLE: &str = "EARSHOT_BIN";
    if std::env::var_os(VARIABLE).is_some() {
        return None;
    }
    let own = std::env::current_exe().expect("a running program has a path");
    let app = own.parent().and_then(Path::parent).map(|target| target.join("release/earshot"));
    let Some(app) = app.filter(|app| app.is_file()) else {
        eprintln!("target/release/earshot is not there: cargo build --release -p earshot");
        return Some(ExitCode::FAILURE);
    };
    let done = std::process::Command::new(own).args(std::env::args_os().skip(1)).env(VARIABLE, app).status();
    let code = done.ok().and_then(|status| status.code()).and_then(|code| u8::try_from(code).ok());
    Some(ExitCode::from(code.unwrap_or(1)))
}

/// Where and of what this was taken.
fn surroundings() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(" an unknown CPU");
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let system = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let system = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("unknown");
    let profile = |name: &str, variable: &str| profile_of(&built(name, variable));
    format!(
        "{}, {count} x {}. earshot: {}; earshot-server: {}; what measures: {}. Load at the start {}.",
        system.trim_matches('"'),
        model.trim_start_matches([' ', '\t', ':']),
        profile("earshot", "EARSHOT_BIN"),
        profile("earshot-server", "EARSHOT_SERVER_BIN"),
        if cfg!(debug_assertions) { "debug build" } else { "release build" },
        load(),
    )
}

/// Cargo puts each profile's programs into a folder of its own.
fn profile_of(program: &Path) -> &'static str {
    let is = |name: &str| program.components().any(|part| part.as_os_str() == name);
    if is("release") {
        "release build"
    } else if is("debug") {
        "debug build"
    } else {
        "build of unknown profile"
    }
}

/// Programs running or waiting for a CPU, mean of the last minute.
fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().unwrap_or("unknown").to_owned()
}
