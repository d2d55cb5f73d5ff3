//! Files are received as they were sent, into the folder and nowhere else.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use earshot_files::Files;
use earshot_protocol::files::{BlockFrame, chain};
use earshot_protocol::limits::{FILE_BLOCK_BYTES, MAX_FILES};
use earshot_protocol::{DeviceId, Digest, ErrorCode, FileId, FileReply, FileRequest};
use proptest::prelude::*;

const BLOCK: usize = FILE_BLOCK_BYTES as usize;
const ZERO: Digest = Digest([0; 32]);

/// Bytes that differ everywhere.
fn content(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * 31 + at / 251) as u8).collect()
}

fn begin(files: &Files, id: u8, name: &str, size: u64) -> Result<(u32, u64, Digest), ErrorCode> {
    let (from, file) = (DeviceId([1; 32]), FileId([id; 16]));
    match files.request(&FileRequest::Begin { from, file, name: name.to_owned(), size })? {
        FileReply::Begun { handle, at, digest } => Ok((handle, at, digest)),
        other => panic!("{other:?}"),
    }
}

/// Writes blocks from `at` on, up to `most` of them.
fn write(files: &Files, place: (u32, u64, Digest), bytes: &[u8], most: usize) -> Result<(), ErrorCode> {
    let (handle, mut at, mut digest) = place;
    for block in bytes[at as usize..].chunks(BLOCK).take(most) {
        digest = chain(&digest, block);
        files.write(&BlockFrame { handle, at, digest, bytes: block })?;
        at += block.len() as u64;
    }
    Ok(())
}

fn finish(files: &Files, handle: u32) -> Result<String, ErrorCode> {
    match files.request(&FileRequest::Finish { handle })? {
        FileReply::Kept { name } => Ok(name),
        other => panic!("{other:?}"),
    }
}

fn receive(files: &Files, id: u8, name: &str, bytes: &[u8]) -> String {
    let place = begin(files, id, name, bytes.len() as u64).expect("begins");
    write(files, place, bytes, usize::MAX).expect("writes");
    finish(files, place.0).expect("finishes")
}

/// Every file below a folder with what is in it.
fn all(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let name = entry.file_name().into_string().expect("UTF-8");
        found.insert(name, fs::read(entry.path()).unwrap_or_default());
    }
    found
}

#[test]
fn a_file_is_what_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path().join("new/folder"));
    for (id, size) in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 77].into_iter().enumerate() {
        let bytes = content(size);
        assert_eq!(receive(&files, id as u8, &format!("{size}.bin"), &bytes), format!("{size}.bin"));
        assert_eq!(fs::read(files.folder().join(format!("{size}.bin"))).unwrap(), bytes);
    }
    assert_eq!(all(files.folder()).len(), 6, "no part stays");
    assert_eq!(all(folder.path()).len(), 1, "nothing beside the folder");
}

#[cfg(unix)]
#[test]
fn a_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path().to_owned());
    let name = receive(&files, 1, "run.sh", b"#!/bin/sh");
    assert_eq!(fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path().to_owned());
    fs::write(folder.path().join("a.txt"), "mine").unwrap();
    fs::create_dir(folder.path().join("a (2).txt")).unwrap();
    assert_eq!(receive(&files, 1, "a.txt", b"theirs"), "a (3).txt");
    assert_eq!(receive(&files, 2, "a.txt", b"again"), "a (4).txt");
    assert_eq!(fs::read(folder.path().join("a.txt")).unwrap(), b"mine");
    assert_eq!(fs::read(folder.path().join("a (3).txt")).unwrap(), b"theirs");
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("target");
    let files = Files::new(folder.path().to_owned());
    // Of the file's name, and of its part's.
    std::os::unix::fs::symlink(&target, folder.path().join("a.txt")).unwrap();
    let place = begin(&files, 1, "a.txt", 5).unwrap();
    let part = all(folder.path()).into_keys().find(|name| name.ends_with(".part")).expect("a part");
    files.request(&FileRequest::Discard { handle: place.0 }).unwrap();
    std::os::unix::fs::symlink(&target, folder.path().join(&part)).unwrap();
    assert_eq!(receive(&files, 1, "a.txt", b"hello"), "a (2).txt");
    assert!(!target.exists());
    // A second name of somebody's file.
    fs::write(&target, "mine").unwrap();
    fs::remove_file(folder.path().join(&part)).unwrap();
    fs::hard_link(&target, folder.path().join(&part)).unwrap();
    assert_eq!(receive(&files, 1, "b.txt", b"hello"), "b.txt");
    assert_eq!(fs::read(&target).unwrap(), b"mine");
}

#[test]
fn it_goes_on_where_it_broke() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = content(5 * BLOCK + 9);
    let size = bytes.len() as u64;
    let files = Files::new(folder.path().to_owned());
    let place = begin(&files, 1, "a.bin", size).unwrap();
    write(&files, place, &bytes, 2).unwrap();
    // The page was loaded anew: the old one's handle is closed.
    let place = begin(&files, 1, "a.bin", size).unwrap();
    assert_eq!(place.1, 2 * BLOCK as u64);
    write(&files, place, &bytes, 2).unwrap();
    // A crash in the middle of a block.
    drop(files);
    let part = folder.path().join(all(folder.path()).into_keys().next().unwrap());
    let file = fs::OpenOptions::new().append(true).open(&part).unwrap();
    std::io::Write::write_all(&mut &file, b"half a block").unwrap();
    drop(file);
    let files = Files::new(folder.path().to_owned());
    let place = begin(&files, 1, "a.bin", size).unwrap();
    assert_eq!(place.1, 4 * BLOCK as u64);
    write(&files, place, &bytes, 9).unwrap();
    // All is there, and it was not given its name.
    files.request(&FileRequest::Pause { handle: place.0 }).unwrap();
    let place = begin(&files, 1, "a.bin", size).unwrap();
    assert_eq!(place.1, size);
    finish(&files, place.0).unwrap();
    assert_eq!(fs::read(folder.path().join("a.bin")).unwrap(), bytes);
    assert_eq!(all(folder.path()).len(), 1);
}

#[test]
fn what_is_on_the_disk_counts() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = content(3 * BLOCK);
    let files = Files::new(folder.path().to_owned());
    let place = begin(&files, 1, "a", bytes.len() as u64).unwrap();
    write(&files, place, &bytes, 2).unwrap();
    files.request(&FileRequest::Pause { handle: place.0 }).unwrap();
    let part = folder.path().join(all(folder.path()).into_keys().next().unwrap());
    let mut there = fs::read(&part).unwrap();
    there[7] ^= 1;
    fs::write(&part, &there).unwrap();
    // The digest tells the sender that this is not its file.
    let place = begin(&files, 1, "a", bytes.len() as u64).unwrap();
    assert_eq!(place.1, 2 * BLOCK as u64);
    assert_ne!(place.2, chain(&chain(&ZERO, &bytes[..BLOCK]), &bytes[BLOCK..2 * BLOCK]));
    files.request(&FileRequest::Again { handle: place.0 }).unwrap();
    write(&files, (place.0, 0, ZERO), &bytes, 9).unwrap();
    finish(&files, place.0).unwrap();
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), bytes);
}

#[test]
fn what_does_not_fit_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path().to_owned());
    let bytes = content(BLOCK + 5);
    let (handle, ..) = begin(&files, 1, "a", bytes.len() as u64).unwrap();
    let first = &bytes[..BLOCK];
    let digest = chain(&ZERO, first);
    let bad = |at, digest, bytes: &[u8]| files.write(&BlockFrame { handle, at, digest, bytes }).unwrap_err();
    assert_eq!(bad(1, digest, first), ErrorCode::Malformed, "a gap");
    assert_eq!(bad(u64::MAX, digest, first), ErrorCode::Malformed);
    assert_eq!(bad(0, chain(&ZERO, &first[1..]), &first[1..]), ErrorCode::Malformed, "a short block");
    assert_eq!(bad(0, chain(&ZERO, &bytes), &bytes), ErrorCode::Malformed, "a long one");
    assert_eq!(bad(0, chain(&ZERO, b""), b""), ErrorCode::Malformed);
    assert_eq!(bad(0, digest, &bytes[5..]), ErrorCode::FileChanged);
    assert_eq!(finish(&files, handle), Err(ErrorCode::Malformed), "not whole");
    assert!(all(folder.path()).values().all(Vec::is_empty));
    files.write(&BlockFrame { handle, at: 0, digest, bytes: first }).unwrap();
    // A file must not become longer than was accepted.
    let last = &bytes[BLOCK..];
    let longer = [last, b"more"].concat();
    let at = BLOCK as u64;
    assert_eq!(bad(at, chain(&digest, &longer), &longer), ErrorCode::Malformed);
    files.write(&BlockFrame { handle, at, digest: chain(&digest, last), bytes: last }).unwrap();
    let end = bytes.len() as u64;
    assert_eq!(bad(end, chain(&digest, b"x"), b"x"), ErrorCode::Malformed);
    assert_eq!(
        files.write(&BlockFrame { handle: handle + 1, at: 0, digest, bytes: first }),
        Err(ErrorCode::FileUnknown)
    );
}

#[test]
fn a_file_without_room_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path().to_owned());
    assert_eq!(begin(&files, 1, "a", 1 << 52), Err(ErrorCode::DiskFull));
    assert_eq!(begin(&files, 1, "a", u64::MAX), Err(ErrorCode::Malformed));
    assert!(all(folder.path()).is_empty());
}

#[test]
fn a_folder_that_cannot_be_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let files = Files::new(folder.path().join("file/folder"));
    assert_eq!(begin(&files, 1, "a", 1), Err(ErrorCode::FolderUnusable));
}

#[test]
fn files_at_once_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path().to_owned());
    for id in 0..MAX_FILES as u8 {
        begin(&files, id, "a", 1).unwrap();
    }
    assert_eq!(begin(&files, 100, "a", 1), Err(ErrorCode::TooManyFiles));
    let (handle, ..) = begin(&files, 1, "a", 1).expect("one that is open already");
    files.request(&FileRequest::Discard { handle }).unwrap();
    begin(&files, 100, "a", 1).expect("a place");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a file is called, it lands in the folder, beside what was there.
    #[test]
    fn no_name_leads_elsewhere(names in prop::collection::vec("[./\\\\:\\PC\u{0}\u{202e}]{0,40}|(\\.\\./){1,5}[a-c]{1,3}|CON|a", 1..6)) {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("in");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("a"), "mine").unwrap();
        let files = Files::new(folder.clone());
        for (id, name) in names.iter().enumerate() {
            let kept = receive(&files, id as u8, name, format!("of {id}").as_bytes());
            prop_assert_eq!(fs::read(folder.join(kept)).unwrap(), format!("of {id}").into_bytes());
        }
        prop_assert_eq!(all(&folder).len(), names.len() + 1);
        prop_assert_eq!(fs::read(folder.join("a")).unwrap(), b"mine");
        prop_assert_eq!(all(parent.path()).len(), 1);
    }
}
