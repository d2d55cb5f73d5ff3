//! The office's phrase as an install keeps it: a key made from it, in a file of its own, never the phrase.
//!
//! Fails closed: from the moment a phrase was set until the owner takes it away, there is a key, if only one that
//! nobody else has.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use earshot_identity::PhraseKey;
use earshot_identity::phrase::PhraseError;
use earshot_protocol::ErrorCode;

/// The file's name in the data folder.
pub(crate) const FILE: &str = "office-phrase.key";

/// Reads the key of the phrase that is set, if one is. An unreadable file is copied aside, and a key takes its place
/// that nobody else has: nobody is found until the owner sets the phrase again.
///
/// # Errors
/// [`PhraseError::File`] where something cannot be read or written; an unreadable file then is still there.
pub(crate) fn load(folder: &Path) -> Result<Option<Arc<PhraseKey>>, PhraseError> {
    let path = folder.join(FILE);
    match PhraseKey::load(&path) {
        Err(PhraseError::Unreadable { .. }) => {
            // Not moved: a kill between the two must not leave a folder without any phrase.
            copy_aside(&path).map_err(|source| PhraseError::File { path: path.clone(), source })?;
            let nobodys = PhraseKey::random()?;
            nobodys.save(&path)?;
            Ok(Some(Arc::new(nobodys)))
        }
        loaded => Ok(loaded?.map(Arc::new)),
    }
}

fn copy_aside(path: &Path) -> io::Result<PathBuf> {
    for number in 1..1000 {
        let aside = path.with_file_name(format!("{FILE}.unreadable-{number}"));
        match std::fs::hard_link(path, &aside) {
            Ok(()) => return Ok(aside),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // A file system without hard links.
            Err(_) if !aside.exists() => {
                std::fs::copy(path, &aside)?;
                return Ok(aside);
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("no free name to set the file aside"))
}

/// Makes the key of a phrase and keeps it in the place of an older one. Takes a part of a second, on purpose.
///
/// # Errors
/// [`ErrorCode::SettingInvalid`] for a phrase that is too short or too long, [`ErrorCode::StoreFailed`] where the key
/// cannot be written; then the older one still holds.
pub(crate) fn keep(folder: &Path, phrase: &str) -> Result<Arc<PhraseKey>, ErrorCode> {
    let key = PhraseKey::derive(phrase).map_err(|error| code(&error))?;
    key.save(folder.join(FILE)).map_err(|error| code(&error))?;
    Ok(Arc::new(key))
}

/// Takes the phrase away.
///
/// # Errors
/// [`ErrorCode::StoreFailed`]; then it still holds.
pub(crate) fn forget(folder: &Path) -> Result<(), ErrorCode> {
    match std::fs::remove_file(folder.join(FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(kind = ?error.kind(), "the phrase could not be taken away");
            Err(ErrorCode::StoreFailed)
        }
        _ => Ok(()),
    }
}

fn code(error: &PhraseError) -> ErrorCode {
    match error {
        PhraseError::Length => ErrorCode::SettingInvalid,
        PhraseError::File { source, .. } => {
            tracing::warn!(kind = ?source.kind(), "the phrase could not be kept");
            ErrorCode::StoreFailed
        }
        _ => ErrorCode::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(folder: &Path) -> Vec<u8> {
        std::fs::read(folder.join(FILE)).expect("a file")
    }

    #[test]
    fn a_phrase_is_kept_as_a_key_and_taken_away() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(load(folder.path()).expect("readable").is_none());
        for bad in ["", "short", "       a       ", &"x".repeat(129)] {
            assert_eq!(keep(folder.path(), bad).err(), Some(ErrorCode::SettingInvalid), "{bad:?}");
        }
        assert!(load(folder.path()).expect("readable").is_none());
        keep(folder.path(), " a quiet corner ").expect("kept");
        let text = bytes(folder.path());
        assert!(!text.windows(5).any(|word| word == b"quiet"), "never as text");
        assert!(load(folder.path()).expect("readable").is_some());
        assert!(keep(folder.path(), "no").is_err());
        assert_eq!(bytes(folder.path()), text, "the older one still holds");
        keep(folder.path(), "a quiet corner").expect("kept");
        assert_eq!(bytes(folder.path()), text, "the same phrase, the same key");
        forget(folder.path()).expect("taken away");
        forget(folder.path()).expect("there is none");
        assert!(load(folder.path()).expect("readable").is_none());
    }

    #[test]
    fn an_unreadable_key_shuts_everybody_out() {
        let folder = tempfile::tempdir().expect("a folder");
        keep(folder.path(), "a quiet corner").expect("kept");
        let right = bytes(folder.path());
        for bent in [&right[..right.len() / 2], b"", b"\xff\xfe\x00"] {
            std::fs::write(folder.path().join(FILE), bent).expect("writable");
            assert!(load(folder.path()).expect("replaced").is_some(), "there is a key");
            assert_ne!(bytes(folder.path()), right, "but not the office's");
            assert!(load(folder.path()).expect("readable").is_some(), "and it stays");
        }
        for (number, bent) in [(1, &right[..right.len() / 2]), (2, b""), (3, b"\xff\xfe\x00")] {
            let aside = folder.path().join(format!("{FILE}.unreadable-{number}"));
            assert_eq!(std::fs::read(aside).expect("set aside"), bent);
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_key_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        keep(folder.path(), "a quiet corner").expect("kept");
        let mode = std::fs::metadata(folder.path().join(FILE)).expect("exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
