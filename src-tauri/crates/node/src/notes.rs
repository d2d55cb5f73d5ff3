//! What the owner should hear after a start: files that could not be read and were set aside.
//!
//! Told as long as they lie there and the owner has not said that it was read: also after a kill right behind the
//! setting aside, and at the next start.

use std::collections::BTreeSet;
use std::path::Path;

use earshot_protocol::ErrorCode;
use earshot_protocol::owner::StartNote;

use crate::settings::write_private;

/// Names of set-aside files whose note was read.
const READ: &str = "notes-read.json";

/// Notes at once; a folder full of set-aside files is told by the first of them.
const MAX_NOTES: usize = 16;

/// The notes that nobody has read yet. A folder that cannot be listed has none.
pub(crate) fn unread(folder: &Path) -> Vec<StartNote> {
    let read = read_before(folder);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let unread: BTreeSet<String> = names.filter(|name| !read.contains(name)).collect();
    unread.into_iter().filter_map(note).take(MAX_NOTES).collect()
}

/// The owner has read these notes.
///
/// # Errors
/// [`ErrorCode::StoreFailed`]; then they will be told again.
pub(crate) fn dismiss(folder: &Path, notes: &[StartNote]) -> Result<(), ErrorCode> {
    // What no longer lies there needs no mention.
    let mut read: BTreeSet<String> =
        read_before(folder).into_iter().filter(|name| folder.join(name).exists()).collect();
    read.extend(notes.iter().map(|note| file(note).to_owned()));
    let bytes = serde_json::to_vec(&read).map_err(|_| ErrorCode::Internal)?;
    write_private(&folder.join(READ), &bytes).map_err(|error| {
        tracing::warn!(kind = ?error.kind(), "it could not be kept which notes were read");
        ErrorCode::StoreFailed
    })
}

/// Where the unreadable file lies now.
pub(crate) fn file(note: &StartNote) -> &str {
    match note {
        StartNote::KeySetAside { file }
        | StartNote::SettingsSetAside { file }
        | StartNote::HistorySetAside { file }
        | StartNote::PhraseSetAside { file } => file,
    }
}

/// The note that belongs to a file of this name, if it is one that was set aside.
fn note(file: String) -> Option<StartNote> {
    let (name, number) = file.rsplit_once(".unreadable-")?;
    number.parse::<u32>().ok()?;
    Some(match name {
        "device-key.pem" => StartNote::KeySetAside { file },
        "settings.toml" => StartNote::SettingsSetAside { file },
        "earshot.db" => StartNote::HistorySetAside { file },
        crate::phrase::FILE => StartNote::PhraseSetAside { file },
        _ => return None,
    })
}

fn read_before(folder: &Path) -> BTreeSet<String> {
    // Whatever is wrong with this file: a note that is told twice does no harm.
    let text = std::fs::read(folder.join(READ)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_told_until_it_was_read() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(unread(folder.path()), []);
        let put = |name: &str| std::fs::write(folder.path().join(name), "x").expect("writable");
        let others = ["settings.toml", "earshot.db-wal", "x.unreadable-1", "earshot.db.unreadable-x"];
        others.into_iter().for_each(put);
        assert_eq!(unread(folder.path()), []);
        put("device-key.pem.unreadable-1");
        put("office-phrase.key.unreadable-2");
        let key = StartNote::KeySetAside { file: "device-key.pem.unreadable-1".into() };
        let phrase = StartNote::PhraseSetAside { file: "office-phrase.key.unreadable-2".into() };
        assert_eq!(unread(folder.path()), [key.clone(), phrase]);
        assert_eq!(unread(folder.path()).len(), 2, "and again");
        dismiss(folder.path(), &unread(folder.path())).expect("kept");
        assert_eq!(unread(folder.path()), []);
        put("settings.toml.unreadable-1");
        put("earshot.db.unreadable-1");
        let settings = StartNote::SettingsSetAside { file: "settings.toml.unreadable-1".into() };
        let history = StartNote::HistorySetAside { file: "earshot.db.unreadable-1".into() };
        assert_eq!(unread(folder.path()), [history, settings], "only what is new");
        dismiss(folder.path(), std::slice::from_ref(&key)).expect("kept");
        assert_eq!(unread(folder.path()).len(), 2, "only what was read");
    }

    #[test]
    fn a_bent_list_of_what_was_read_tells_again() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("earshot.db.unreadable-1"), "x").expect("writable");
        dismiss(folder.path(), &unread(folder.path())).expect("kept");
        std::fs::write(folder.path().join(READ), "[").expect("writable");
        assert_eq!(unread(folder.path()).len(), 1);
    }

    #[test]
    fn notes_are_bounded() {
        let folder = tempfile::tempdir().expect("a folder");
        for number in 0..40 {
            let name = format!("earshot.db.unreadable-{number}");
            std::fs::write(folder.path().join(name), "x").expect("writable");
        }
        assert_eq!(unread(folder.path()).len(), MAX_NOTES);
    }
}
