//! A program that is killed at any moment, or that meets a full disk, leaves whole keys or none.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use earshot_identity::phrase::PhraseError;
use earshot_identity::{DeviceKey, IdentityError, PhraseKey};

/// Where the writer shall write; this very program is also the one that is killed.
const FOLDER: &str = "EARSHOT_TEST_KEY_FOLDER";

fn this_test(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--ignored", "--nocapture"]).env(FOLDER, folder);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn folder() -> PathBuf {
    std::env::var_os(FOLDER).expect("started by another test").into()
}

#[test]
#[ignore = "started by killed_at_any_moment"]
fn writes_for_ever() {
    let folder = folder();
    // The first randomness takes its time.
    PhraseKey::random().unwrap().save(folder.join("phrase.key")).unwrap();
    fs::write(folder.join("started"), "").unwrap();
    for number in 0u64.. {
        DeviceKey::load_or_create(folder.join(format!("{}.pem", number % 50))).unwrap();
        PhraseKey::random().unwrap().save(folder.join("phrase.key")).unwrap();
        if number % 50 == 49 {
            for number in 0..50 {
                fs::remove_file(folder.join(format!("{number}.pem"))).unwrap();
            }
        }
    }
}

#[test]
fn killed_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    PhraseKey::random().unwrap().save(folder.path().join("phrase.key")).unwrap();
    let started = folder.path().join("started");
    let (mut keys, mut unfinished) = (0, 0);
    // At least so often, and until it was killed in the middle of writing, too; else this test proves nothing.
    for round in 0.. {
        if round >= 40 && keys > 0 && unfinished > 0 {
            return;
        }
        assert!(round < 1_000, "{keys} keys, {unfinished} unfinished");
        let mut writer = this_test("writes_for_ever", folder.path()).spawn().unwrap();
        while !started.exists() {
            assert!(writer.try_wait().unwrap().is_none(), "the writer ended by itself");
            sleep(Duration::from_millis(1));
        }
        fs::remove_file(&started).unwrap();
        sleep(Duration::from_micros(997 * (round % 60)));
        assert!(writer.try_wait().unwrap().is_none(), "the writer ended by itself");
        writer.kill().unwrap();
        writer.wait().unwrap();
        for entry in fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.ends_with(".pem") {
                // Never set aside, never made anew: each that has its name is whole.
                let before = fs::read(&path).unwrap();
                assert_eq!(DeviceKey::load_or_replace(&path).unwrap().1, None, "{name}");
                assert_eq!(fs::read(&path).unwrap(), before);
                keys += 1;
            } else if name.starts_with(".unfinished-key-") {
                unfinished += 1;
                fs::remove_file(&path).unwrap();
            } else {
                assert_eq!(name, "phrase.key");
                PhraseKey::load(&path).unwrap().unwrap();
            }
        }
    }
}

#[test]
#[ignore = "started by a_full_disk_changes_nothing, which makes the disk"]
fn meets_a_full_disk() {
    let folder = folder();
    let (key, phrase) = (folder.join("device-key.pem"), folder.join("phrase.key"));
    let device = DeviceKey::load_or_create(&key).unwrap().device_id();
    PhraseKey::random().unwrap().save(&phrase).unwrap();
    let saved = fs::read(&phrase).unwrap();
    // Writes until nothing more goes in.
    let mut block = 4096;
    for number in 0.. {
        if fs::write(folder.join(format!("ballast-{number}")), vec![1; block]).is_err() {
            block /= 2;
            if block == 0 {
                break;
            }
        }
    }
    for _ in 0..3 {
        let error = PhraseKey::random().unwrap().save(&phrase).unwrap_err();
        assert!(matches!(error, PhraseError::File { .. }), "{error}");
        assert_eq!(fs::read(&phrase).unwrap(), saved);
        let error = DeviceKey::load_or_create(folder.join("other.pem")).unwrap_err();
        assert!(matches!(error, IdentityError::File { .. }), "{error}");
        assert!(!folder.join("other.pem").exists());
        assert_eq!(DeviceKey::load_or_replace(&key).unwrap().0.device_id(), device);
    }
    let hidden = fs::read_dir(&folder)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with('.'));
    assert_eq!(hidden.count(), 0, "nothing half-written stays");
    fs::write(folder.join("ballast-0"), "done").unwrap();
}

#[test]
fn a_full_disk_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // A small disk of its own, in a mount namespace of its own; it goes away with its last process.
    let said = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
        .arg("mount -t tmpfs -o size=64k tmpfs \"$EARSHOT_TEST_KEY_FOLDER\" && \"$@\" && cat \"$EARSHOT_TEST_KEY_FOLDER/ballast-0\"")
        .arg("sh")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "meets_a_full_disk", "--ignored"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(
        said.status.success() && text.ends_with("done"),
        "{text}{}",
        String::from_utf8_lossy(&said.stderr)
    );
}
