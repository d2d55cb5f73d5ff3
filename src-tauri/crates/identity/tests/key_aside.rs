//! What cannot be read as a key is moved aside and told; what the system fails to read is never touched.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use earshot_identity::phrase::PhraseError;
use earshot_identity::{DeviceKey, IdentityError, PhraseKey};

#[test]
fn an_unreadable_key_is_set_aside_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device-key.pem");
    let (first, aside) = DeviceKey::load_or_replace(&path).unwrap();
    assert_eq!(aside, None);
    let (same, aside) = DeviceKey::load_or_replace(&path).unwrap();
    assert_eq!((same.device_id(), aside), (first.device_id(), None));

    // A name that is taken is not taken again, whatever lies there.
    fs::create_dir(folder.path().join("device-key.pem.unreadable-2")).unwrap();
    let mut known = vec![first.device_id()];
    for (number, bad) in [(1, "half a key"), (3, ""), (4, "half a key")] {
        fs::write(&path, bad).unwrap();
        let (key, aside) = DeviceKey::load_or_replace(&path).unwrap();
        let expected = folder.path().join(format!("device-key.pem.unreadable-{number}"));
        assert_eq!(aside.as_ref(), Some(&expected));
        assert_eq!(fs::read_to_string(&expected).unwrap(), bad);
        assert!(!known.contains(&key.device_id()));
        known.push(key.device_id());
        // From now on it is this one.
        let (same, aside) = DeviceKey::load_or_replace(&path).unwrap();
        assert_eq!((same.device_id(), aside), (key.device_id(), None));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
}

#[test]
fn what_the_system_fails_to_read_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    // Reading a folder is an error for everybody, also for root.
    let path = folder.path().join("device-key.pem");
    fs::create_dir(&path).unwrap();
    let error = DeviceKey::load_or_replace(&path).unwrap_err();
    assert!(matches!(error, IdentityError::File { .. }), "{error}");
    let error = PhraseKey::load(&path).unwrap_err();
    assert!(matches!(error, PhraseError::File { .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_phrase_key_is_kept_and_replaced_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/office-phrase.key");
    assert!(PhraseKey::load(&path).unwrap().is_none());
    for _ in 0..3 {
        let key = PhraseKey::random().unwrap();
        key.save(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        PhraseKey::load(&path).unwrap().unwrap().save(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn no_bent_byte_of_a_phrase_key_goes_unnoticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("office-phrase.key");
    PhraseKey::random().unwrap().save(&path).unwrap();
    let good = fs::read(&path).unwrap();
    let mut all: Vec<Vec<u8>> = (0..good.len() - 1)
        .flat_map(|index| {
            let good = &good;
            [0x01, 0x04, 0x80].map(|bits| {
                let mut bad = good.clone();
                bad[index] ^= bits;
                bad
            })
        })
        .collect();
    all.extend((0..good.len() - 1).map(|length| good[..length].to_vec()));
    all.push([good.as_slice(), b"x"].concat());
    all.push(vec![b'A'; 1_000_000]);
    for bad in all {
        fs::write(&path, &bad).unwrap();
        match PhraseKey::load(&path) {
            Err(PhraseError::Unreadable { path: told }) => assert_eq!(told, path),
            other => panic!("{other:?} of {:?}", String::from_utf8_lossy(&bad)),
        }
        assert_eq!(fs::read(&path).unwrap(), bad);
    }
}

#[test]
fn what_a_killed_program_left_is_removed_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device-key.pem");
    let (old, new) = (folder.path().join(".unfinished-key-old"), folder.path().join(".unfinished-key-new"));
    let others = folder.path().join("unfinished-key");
    for file in [&old, &new, &others] {
        fs::write(file, "half").unwrap();
    }
    for file in [&old, &others] {
        let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
        fs::File::options().write(true).open(file).unwrap().set_modified(hour_ago).unwrap();
    }
    DeviceKey::load_or_replace(&path).unwrap();
    // Somebody may be writing the new one this moment.
    assert_eq!([&old, &new, &others].map(|file| file.exists()), [false, true, true]);
}
