//! CPU time of all that runs on a host, from /proc (proc_pid_stat(5)).

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use earshot_harness::Host;

/// What only drives and looks on: no part of a call.
const DRIVERS: &[&str] = &["chromedriver", "WebKitWebDriver", "tauri-driver", "earshot-relay", "sleep"];
/// Ticks of utime and stime per second: `USER_HZ`, which is 100 on every Linux (time(7)).
const TICKS: f64 = 100.0;

/// A host's processes, told by their network namespace.
pub(crate) struct Cpu {
    namespace: PathBuf,
}

/// CPU seconds since each program's start, by its name.
pub(crate) type Spent = BTreeMap<String, f64>;

impl Cpu {
    /// Of this host.
    pub(crate) fn of(host: &Host) -> Self {
        let mut marker = host.command("sleep").arg("60").spawn();
        let namespace = fs::read_link(format!("/proc/{}/ns/net", marker.pid()));
        marker.kill();
        Self { namespace: namespace.expect("a process of ours has a namespace") }
    }

    /// What its processes have spent so far. One that has ended is counted with its parent.
    pub(crate) fn spent(&self) -> Spent {
        let mut spent = Spent::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let path = entry.path();
            if fs::read_link(path.join("ns/net")).ok().as_ref() != Some(&self.namespace) {
                continue;
            }
            let Some((name, seconds)) =
                fs::read_to_string(path.join("stat")).ok().and_then(|stat| parse(&stat))
            else {
                continue;
            };
            if !DRIVERS.iter().any(|driver| same(driver, &name)) {
                *spent.entry(name).or_default() += seconds;
            }
        }
        spent
    }
}

/// The kernel keeps the first 15 bytes of a name.
fn same(program: &str, name: &str) -> bool {
    program.get(..15).unwrap_or(program) == name
}

/// Name and CPU seconds of a line of `/proc/PID/stat`, children that have ended included.
fn parse(stat: &str) -> Option<(String, f64)> {
    let (head, rest) = stat.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    // utime, stime, cutime, cstime: fields 14 to 17, of which the third is the first after the name.
    let ticks = rest.split_whitespace().skip(11).take(4).map(str::parse::<f64>);
    Some((name, ticks.sum::<Result<f64, _>>().ok()? / TICKS))
}

/// What was spent between two looks, CPU seconds by name.
pub(crate) fn between(before: &Spent, after: &Spent) -> Spent {
    after
        .iter()
        .map(|(name, now)| (name.clone(), (now - before.get(name).copied().unwrap_or(0.0)).max(0.0)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_stat_is_read_whatever_the_name() {
        let line = "12 (a (b) c) S 1 12 12 0 -1 4194304 1 2 3 4 150 50 20 30 20 0 1 0 5 6 7";
        assert_eq!(parse(line), Some(("a (b) c".to_owned(), 2.5)));
        assert_eq!(parse("12 cat S"), None);
    }

    #[test]
    fn time_between_two_looks() {
        let before = Spent::from([("a".to_owned(), 1.0), ("gone".to_owned(), 3.0)]);
        let after = Spent::from([("a".to_owned(), 1.5), ("new".to_owned(), 0.25)]);
        assert_eq!(between(&before, &after), Spent::from([("a".to_owned(), 0.5), ("new".to_owned(), 0.25)]));
    }

    #[test]
    fn drivers_are_known_by_their_cut_names() {
        assert!(same("WebKitWebDriver", "WebKitWebDriver"));
        assert!(same("a-name-longer-than-fifteen", "a-name-longer-t"));
        assert!(!same("sleep", "sleeper"));
    }
}
