//! Memory of a program and all it started: the sum of proportional set sizes, in which a page that n processes share
//! counts one n-th for each (`smaps_rollup`, proc_pid_smaps(5)). Copies of the same program that run elsewhere on the machine
//! make it smaller than it is.

use std::fs;

/// The processes below `root` and itself, as numbered here.
fn family(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter_map(|pid| Some((pid, parent(pid)?)))
        .collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&one) = found.get(next) {
        found.extend(
            parents.iter().filter(|(pid, parent)| *parent == one && *pid != one).map(|(pid, _)| *pid),
        );
        next += 1;
    }
    found
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// KiB of the program with this id and of its children; what ends meanwhile counts nothing.
#[must_use]
pub(crate) fn pss_kib(root: u32) -> f64 {
    family(root).into_iter().filter_map(pss_of).sum()
}

fn pss_of(pid: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_program_has_some() {
        let own = super::pss_kib(std::process::id());
        assert!(own > 100.0, "{own} KiB");
    }
}
