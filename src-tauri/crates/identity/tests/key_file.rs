//! The key file is private from its first byte, and a key that was written is never replaced.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use earshot_identity::{DeviceKey, IdentityError, verify};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_same_device_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/earshot/device-key.pem");
    let first = DeviceKey::load_or_create(&path).unwrap();
    let second = DeviceKey::load_or_create(&path).unwrap();
    assert_eq!(first.device_id(), second.device_id());
    assert!(verify(&first.public_key(), b"x", &second.sign(b"x")));
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&folder.path().join("data")), 0o700);
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("-----BEGIN PRIVATE KEY-----\n") && text.ends_with("-----END PRIVATE KEY-----\n")
    );
    assert!(text.lines().all(|line| line.len() <= 64));
    // No temporary file stays behind.
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_looser_mode_is_tightened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device-key.pem");
    DeviceKey::load_or_create(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    DeviceKey::load_or_create(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_folder_that_exists_keeps_its_mode() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    DeviceKey::load_or_create(folder.path().join("device-key.pem")).unwrap();
    assert_eq!(mode(folder.path()), 0o755);
}

#[test]
fn a_corrupt_file_is_an_error_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device-key.pem");
    DeviceKey::load_or_create(&path).unwrap();
    let good = fs::read(&path).unwrap();
    let rsa_like = b"-----BEGIN PRIVATE KEY-----\nMAAwAA==\n-----END PRIVATE KEY-----\n".to_vec();
    let half = good[..good.len() / 2].to_vec();
    let mut bent = good.clone();
    bent[60] = if bent[60] == b'A' { b'B' } else { b'A' };
    let long = vec![b'A'; 1_000_000];
    for bad in [Vec::new(), rsa_like, half, bent, long, b"\xff\xfe".to_vec()] {
        fs::write(&path, &bad).unwrap();
        let error = DeviceKey::load_or_create(&path).unwrap_err();
        assert!(matches!(&error, IdentityError::CorruptKey { path: at } if *at == path), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bad);
    }
    fs::write(&path, good).unwrap();
    DeviceKey::load_or_create(&path).unwrap();
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), b"").unwrap();
    let error = DeviceKey::load_or_create(folder.path().join("file/device-key.pem")).unwrap_err();
    assert!(matches!(error, IdentityError::File { .. }), "{error}");
}

#[test]
fn two_first_starts_at_once_agree_on_one_key() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let path = folder.path().join(format!("{round}.pem"));
        let ids: Vec<_> = thread::scope(|scope| {
            let starts: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| DeviceKey::load_or_create(&path).unwrap().device_id()))
                .collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]));
    }
}
