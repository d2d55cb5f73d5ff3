//! Files that people send each other.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use earshot_harness::{Host, Page};
use serde_json::json;

use crate::{Person, SOON};

/// Bytes in a MiB.
pub const MIB: u64 = 1024 * 1024;

/// Makes a file of bytes that no block repeats.
#[track_caller]
pub fn write_file(path: &Path, mib: u64) {
    let mut file = BufWriter::new(File::create(path).expect("the host's directory is writable"));
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..mib * MIB / 8 {
        // xorshift64: quick, and no two blocks alike.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes()).expect("the disk has room");
    }
    file.flush().expect("the disk has room");
}

/// SHA-256 by the system's own tool.
#[must_use]
#[track_caller]
pub fn sha256(host: &Host, path: &Path) -> String {
    let done = host.command("sha256sum").arg(path).output();
    assert!(done.success(), "{}", done.stderr);
    done.stdout.split(' ').next().expect("a digest").to_owned()
}

/// Where a person's app keeps what it receives.
#[must_use]
pub fn received(person: &Person) -> PathBuf {
    person.host.dir().join("Downloads/Earshot")
}

/// How much of a file is there while it comes, in bytes.
#[must_use]
pub fn part(person: &Person) -> Option<u64> {
    let entries = fs::read_dir(received(person)).ok()?;
    let mut parts = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().ends_with(".part"));
    Some(parts.next()?.metadata().ok()?.len())
}

/// Chooses a file in the open panel, as the system's window for it would.
#[track_caller]
pub fn choose(page: &Page, path: &Path) {
    page.wait_for("button", "Send a file…", SOON);
    let input = page.script("return document.querySelector('input[type=file]')", json!([]));
    let id = input.as_object().and_then(|found| found.values().next()).and_then(|id| id.as_str());
    let id = id.expect("there is an input for files");
    page.command("POST", &format!("/element/{id}/value"), &json!({ "text": path.to_str() }));
}
