//! Measures Earshot beside what this machine can do at best, and prints one table.
//!
//! `earshot-benches [--quick] [GROUP...]`: groups are `people`, `call`, `start`, `server` and `hop`; all unless named.
//! `--quick` does each once, to see that the measuring works. `EARSHOT_BIN` and `EARSHOT_SERVER_BIN` name other builds
//! of the programs by their absolute paths.
//!
//! Nothing is asserted: on a loaded machine everything is slow. What says something is the ratio to the floor of the
//! same run.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a measurement fails by panicking and prints")]

mod agent;
mod call;
mod hop;
mod memory;
mod people;
mod screen;
mod server;
mod start;
mod table;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use earshot_harness::{Host, Launch, built};

/// How long everything together may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(240);

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
    let before = args.len();
    args.retain(|arg| *arg != "--quick");
    let quick = args.len() < before;
    if let Some(unknown) =
        args.iter().find(|arg| !["people", "call", "start", "server", "hop"].contains(*arg))
    {
        eprintln!("no such group: {unknown}");
        return ExitCode::FAILURE;
    }
    // Offices close when this process ends, however it ends.
    std::thread::spawn(|| {
        std::thread::sleep(LIMIT);
        eprintln!("not done within {LIMIT:?}");
        std::process::exit(1);
    });

    let begun = Instant::now();
    let surroundings = surroundings();
    let wanted = |group: &str| args.is_empty() || args.contains(&group);
    let runs = |count: usize| if quick { 1 } else { count };
    let mut groups = Vec::new();
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
    println!("{surroundings}\nLoad at the end {}. {} s in all.\n", load(), begun.elapsed().as_secs());
    println!("{}", table::markdown(&groups));
    ExitCode::SUCCESS
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
