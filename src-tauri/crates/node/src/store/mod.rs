//! What an install remembers: calls and devices, in one SQLite file.
//!
//! Write-ahead logging with `synchronous = FULL`: a kill at any moment loses at most the last statement. A file that
//! cannot be read as this database is set aside, never overwritten; one of a newer version is left as it is.

mod calls;
mod devices;

use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use crate::settings::set_aside;
use crate::trust::Remembered;

pub(crate) use calls::NewCall;

/// What the tables look like, kept in SQLite's `user_version`. 1 had no trust in it.
const VERSION: i64 = 2;

const DATABASE_BEGINS: &[u8] = b"SQLite format 3\0";

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite said no: a full disk, a file that cannot be written.
    #[error("the history could not be read or written ({0}): is the disk full?")]
    Sqlite(#[from] rusqlite::Error),
    /// The file system said no.
    #[error("the history's file could not be opened")]
    Io(#[from] std::io::Error),
    /// SQLite itself finds the file damaged.
    #[error("the history's file is damaged")]
    Damaged,
    /// A later Earshot has used this folder. The file was left as it is.
    #[error(
        "{path} was written by a newer Earshot (version {version} of the file, this one knows up to {VERSION}); \
         it was left as it is. Start the newer Earshot, or name another folder with --data-dir"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i64,
    },
}

/// The open store.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Connection,
}

/// A store that has just been opened.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The store.
    pub(crate) store: Store,
    /// Every device that is remembered.
    pub(crate) devices: Vec<Remembered>,
}

impl Store {
    /// Opens or makes `earshot.db` in `folder` and brings it up to [`VERSION`].
    ///
    /// # Errors
    /// Where the file can be neither opened nor made, and [`StoreError::Newer`].
    pub(crate) fn open(folder: &Path) -> Result<Opened, StoreError> {
        let path = folder.join("earshot.db");
        match Self::open_file(&path) {
            Ok((store, devices)) => Ok(Opened { store, devices }),
            Err(error) if is_unreadable(&error) => {
                let aside = set_aside(&path)?;
                for suffix in ["-wal", "-shm"] {
                    // What belongs to the unreadable file must not be replayed into the new one; kept beside it, it
                    // may still help somebody to rescue it.
                    let (from, to) = (with_suffix(&path, suffix), with_suffix(&aside, suffix));
                    match std::fs::rename(from, to) {
                        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                            return Err(error.into());
                        }
                        _ => {}
                    }
                }
                let (store, devices) = Self::open_file(&path)?;
                Ok(Opened { store, devices })
            }
            Err(error) => Err(error),
        }
    }

    fn open_file(path: &Path) -> Result<(Self, Vec<Remembered>), StoreError> {
        match begins_as_database(path) {
            Ok(true) => {}
            // SQLite takes a file that is cut to nothing for a new one, and writes into it.
            Ok(false) => return Err(StoreError::Damaged),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(path)?,
            Err(error) => return Err(error.into()),
        }
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(std::time::Duration::from_secs(2))?;
        // Before anything is written: a file of a newer version stays as it is.
        let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if !(0..=VERSION).contains(&version) {
            return Err(StoreError::Newer { path: path.to_owned(), version });
        }
        let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            return Err(StoreError::Damaged);
        }
        if version < VERSION {
            migrate(&mut connection)?;
        }
        let store = Self { connection };
        let devices = store.devices()?;
        // Other tables than ours are found here, while the file can still be set aside as it was.
        store.calls()?;
        store.connection.pragma_update(None, "journal_mode", "wal")?;
        store.connection.pragma_update(None, "synchronous", "full")?;
        Ok((store, devices))
    }
}

/// Makes an empty database beside `path` and renames it into place, so that there never is one that has only begun.
fn make(path: &Path) -> Result<(), StoreError> {
    let log = with_suffix(path, "-wal");
    if log.exists() {
        // Of a file that somebody has taken away; SQLite would put its pages into the new one.
        set_aside(&log)?;
    }
    let new = with_suffix(path, ".new");
    let remove = || {
        for file in [with_suffix(&new, "-journal"), new.clone()] {
            match std::fs::remove_file(file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    };
    // What a kill has left of the last attempt.
    remove()?;
    let made = make_private(&new).map_err(StoreError::from).and_then(|()| {
        let mut connection = Connection::open(&new)?;
        migrate(&mut connection)?;
        connection.close().map_err(|(_, error)| error)?;
        Ok(std::fs::rename(&new, path)?)
    });
    if made.is_err() {
        // It makes room again, if it can be; the reason is what is told.
        let _ = remove();
    }
    made
}

/// Whether a file begins as one of SQLite's does (its file format, section 1.3.1).
fn begins_as_database(path: &Path) -> std::io::Result<bool> {
    let mut begin = Vec::new();
    std::fs::File::open(path)?.take(DATABASE_BEGINS.len() as u64).read_to_end(&mut begin)?;
    Ok(begin == DATABASE_BEGINS)
}

/// Brings the tables from version 0 (a new file) or 1 to [`VERSION`], wholly or not at all.
fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(calls::TABLE)?;
    let old = has_devices(&transaction)?;
    if old {
        transaction.execute_batch(devices::SET_VERSION_1_APART)?;
    }
    transaction.execute_batch(devices::TABLE)?;
    if old {
        transaction.execute_batch(devices::TAKE_OVER_VERSION_1)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}

/// Version 1 wrote its number after its tables, so that a file of it may say 0.
fn has_devices(transaction: &Transaction<'_>) -> Result<bool, StoreError> {
    let query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'devices'";
    Ok(transaction.query_row(query, [], |_| Ok(())).optional()?.is_some())
}

/// A time in ms as SQLite keeps it.
fn stored(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

/// Whether the file is there and readable, but not as this database: it is none, is damaged, or has other tables.
fn is_unreadable(error: &StoreError) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, Unknown};
    match error {
        StoreError::Damaged => true,
        // SQLite's plain error is what missing tables and columns give; every other one of the system has its own.
        StoreError::Sqlite(error) => {
            matches!(error.sqlite_error_code(), Some(NotADatabase | DatabaseCorrupt | Unknown))
                || matches!(error, rusqlite::Error::InvalidColumnType(..))
        }
        StoreError::Io(_) | StoreError::Newer { .. } => false,
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Makes the file for its owner alone before SQLite fills it; `-wal` and `-shm` take its mode over.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Edit;
    use earshot_protocol::{DeviceId, Trust};

    /// The statements of version 1, word for word.
    const VERSION_1: &str = "CREATE TABLE IF NOT EXISTS calls (
                 id INTEGER PRIMARY KEY AUTOINCREMENT,
                 device TEXT NOT NULL,
                 name TEXT NOT NULL,
                 direction TEXT NOT NULL,
                 media TEXT NOT NULL,
                 ended TEXT NOT NULL,
                 at INTEGER NOT NULL,
                 seconds INTEGER NOT NULL DEFAULT 0,
                 seen INTEGER NOT NULL
             );
             CREATE TABLE IF NOT EXISTS devices (
                 device TEXT PRIMARY KEY,
                 name TEXT NOT NULL,
                 first_met INTEGER NOT NULL,
                 last_met INTEGER NOT NULL
             );";

    fn old_file(folder: &Path, version: i64) {
        let old = Connection::open(folder.join("earshot.db")).expect("made");
        old.pragma_update(None, "journal_mode", "wal").expect("set");
        old.execute_batch(VERSION_1).expect("the old tables");
        old.pragma_update(None, "user_version", version).expect("set");
        for (number, name, ended) in [
            (1, "Ann", r#"{"type":"accepted"}"#),
            (2, "Bob", r#"{"type":"declined"}"#),
            (3, "Cat", r#"{"type":"no-answer"}"#),
        ] {
            let device = DeviceId([number; 32]).to_string();
            let call = "INSERT INTO calls (device, name, direction, media, ended, at, seen) \
                        VALUES (?, ?, '\"incoming\"', '\"video\"', ?, 5, 0)";
            old.execute(call, [&device, name, ended]).expect("a call");
            old.execute("INSERT INTO devices VALUES (?, ?, 3, 4)", [&device, name]).expect("a device");
        }
    }

    #[test]
    fn a_file_of_version_1_keeps_its_calls_and_whom_the_owner_talked_to() {
        // A kill between the old statements left tables without a number.
        for version in [1, 0] {
            let folder = tempfile::tempdir().expect("a folder");
            old_file(folder.path(), version);
            for _ in 0..2 {
                let Opened { store, devices } = Store::open(folder.path()).expect("opens");
                assert_eq!(store.calls().expect("listed").len(), 3);
                // Who only rang was in the old table too, and is nobody whom the owner knows.
                let ann = Remembered {
                    device: DeviceId([1; 32]),
                    kept_name: "Ann".into(),
                    own_name: None,
                    said_name: "Ann".into(),
                    trust: Trust::Met,
                    blocked: false,
                    first_met: 3,
                    last_met: 4,
                };
                assert_eq!(devices, [ann]);
            }
        }
    }

    #[test]
    fn a_file_of_a_newer_version_is_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(Store::open(folder.path()).expect("made"));
        let path = folder.path().join("earshot.db");
        let newer = Connection::open(&path).expect("opens");
        newer.execute_batch("CREATE TABLE later (x); PRAGMA user_version = 3;").expect("changed");
        drop(newer);
        let before = std::fs::read(&path).expect("readable");
        let error = Store::open(folder.path()).expect_err("too new");
        assert!(matches!(error, StoreError::Newer { version: 3, .. }), "{error:?}");
        assert!(error.to_string().contains("newer Earshot"), "{error}");
        assert!(std::fs::read(&path).expect("readable") == before, "it was changed");
        let files = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(files, 1, "nothing was set aside or begun");
    }

    #[test]
    fn what_is_no_such_database_is_set_aside() {
        let damaged = |path: &Path| {
            drop(Store::open(path.parent().expect("a folder")).expect("made"));
            let mut bytes = std::fs::read(path).expect("readable");
            // The header stays good, the tables do not.
            bytes[100..].fill(0xa5);
            std::fs::write(path, bytes).expect("written");
        };
        let foreign = |path: &Path| {
            let other = Connection::open(path).expect("made");
            other.execute_batch("CREATE TABLE x (y); PRAGMA user_version = 2;").expect("another program's");
        };
        let noise = |path: &Path| std::fs::write(path, vec![b'x'; 5000]).expect("written");
        let cut = |path: &Path| {
            drop(Store::open(path.parent().expect("a folder")).expect("made"));
            let file = std::fs::OpenOptions::new().write(true).open(path).expect("opens");
            file.set_len(5000).expect("cut");
        };
        let nothing = |path: &Path| std::fs::write(path, "").expect("written");
        let little = |path: &Path| std::fs::write(path, "SQLite").expect("written");
        type Make<'a> = &'a dyn Fn(&Path);
        let kinds: [(&str, Make<'_>); 6] = [
            ("damaged", &damaged),
            ("foreign", &foreign),
            ("noise", &noise),
            ("cut", &cut),
            ("nothing", &nothing),
            ("little", &little),
        ];
        for (kind, make) in kinds {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("earshot.db");
            make(&path);
            let before = std::fs::read(&path).expect("readable");
            let Opened { store, devices } = Store::open(folder.path()).expect(kind);
            let aside = folder.path().join("earshot.db.unreadable-1");
            assert!(std::fs::read(aside).expect("kept") == before, "{kind} was changed");
            assert!(store.calls().expect("listed").is_empty() && devices.is_empty());
        }
    }

    #[test]
    fn a_log_without_its_file_is_not_put_into_a_new_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("earshot.db");
        let log = folder.path().join("earshot.db-wal");
        let opened = Store::open(folder.path()).expect("made");
        opened.store.connection.execute_batch("CREATE TABLE old (x)").expect("into the log");
        let kept = std::fs::read(&log).expect("there");
        drop(opened);
        std::fs::remove_file(&path).expect("taken away");
        std::fs::write(&log, &kept).expect("left behind");
        // As a kill in the middle of making one leaves it.
        std::fs::write(folder.path().join("earshot.db.new"), "half").expect("written");
        let Opened { store, .. } = Store::open(folder.path()).expect("made anew");
        let old = "SELECT count(*) FROM sqlite_master WHERE name = 'old'";
        assert_eq!(store.connection.query_row(old, [], |row| row.get::<_, u32>(0)), Ok(0));
        assert!(!folder.path().join("earshot.db.new").exists());
        let aside = std::fs::read_dir(folder.path())
            .expect("a folder")
            .flatten()
            .find(|entry| entry.file_name().to_string_lossy().contains(".unreadable-"));
        assert!(std::fs::read(aside.expect("kept").path()).expect("readable") == kept);
    }

    #[cfg(unix)]
    #[test]
    fn the_files_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let mut opened = Store::open(folder.path()).expect("opens");
        opened.store.edit_devices(&Edit { put: Vec::new(), remove: vec![DeviceId([1; 32])] }).expect("kept");
        for name in ["earshot.db", "earshot.db-wal"] {
            let mode = std::fs::metadata(folder.path().join(name)).expect("exists").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        drop(opened);
    }
}
