//! What an install remembers: calls and devices met, in one SQLite file.
//!
//! Write-ahead logging with `synchronous = FULL`: a kill at any moment loses at most the last statement. A file that
//! is not a database is set aside, never overwritten.

use std::path::{Path, PathBuf};

use earshot_protocol::hub::RingEnd;
use earshot_protocol::limits::MAX_CALLS_LISTED;
use earshot_protocol::owner::{CallRecord, Direction};
use earshot_protocol::{DeviceId, Media};
use rusqlite::{Connection, params};

use crate::settings::set_aside;

/// Calls kept; older ones are forgotten.
const MAX_CALLS_KEPT: u32 = 5_000;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite said no: a full disk, a file that cannot be written.
    #[error("the history could not be read or written")]
    Sqlite(#[from] rusqlite::Error),
    /// The file system said no.
    #[error("the history's file could not be opened")]
    Io(#[from] std::io::Error),
}

/// The open store.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Connection,
}

/// A call that has just ended its ringing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewCall {
    /// The other side.
    pub device: DeviceId,
    /// Their name then.
    pub name: String,
    /// Who called.
    pub direction: Direction,
    /// How they meant to talk.
    pub media: Media,
    /// How the ring ended.
    pub end: RingEnd,
    /// When it rang, ms since 1970 UTC.
    pub at: u64,
}

impl Store {
    /// Opens or makes `earshot.db` in `folder`; the path is where an unreadable file was set aside.
    ///
    /// # Errors
    /// Where the file can be neither opened nor made.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Option<PathBuf>), StoreError> {
        let path = folder.join("earshot.db");
        match Self::open_file(&path) {
            Ok(store) => Ok((store, None)),
            Err(error) if is_not_a_database(&error) => {
                let aside = set_aside(&path)?;
                for suffix in ["-wal", "-shm"] {
                    // What belongs to the unreadable file must not be replayed into the new one.
                    let _ = std::fs::remove_file(folder.join(format!("earshot.db{suffix}")));
                }
                Ok((Self::open_file(&path)?, Some(aside)))
            }
            Err(error) => Err(error),
        }
    }

    fn open_file(path: &Path) -> Result<Self, StoreError> {
        make_private(path)?;
        let connection = Connection::open(path)?;
        connection.busy_timeout(std::time::Duration::from_secs(2))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS calls (
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
             );
             PRAGMA user_version = 1;",
        )?;
        Ok(Self { connection })
    }

    /// Adds a call and gives its id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub(crate) fn add_call(&self, call: &NewCall) -> Result<u32, StoreError> {
        self.connection.execute(
            "INSERT INTO calls (device, name, direction, media, ended, at, seen) VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![
                call.device.to_string(),
                call.name,
                json(&call.direction),
                json(&call.media),
                json(&call.end),
                i64::try_from(call.at).unwrap_or(i64::MAX),
                !is_missed(call.direction, &call.end),
            ],
        )?;
        let id = self.connection.last_insert_rowid();
        self.connection.execute("DELETE FROM calls WHERE id <= ?", [id - i64::from(MAX_CALLS_KEPT)])?;
        Ok(u32::try_from(id).unwrap_or(u32::MAX))
    }

    /// Notes how long a call has lasted, in seconds.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub(crate) fn set_seconds(&self, id: u32, seconds: u32) -> Result<(), StoreError> {
        self.connection.execute("UPDATE calls SET seconds = ? WHERE id = ?", [seconds, id])?;
        Ok(())
    }

    /// The latest calls, newest first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub(crate) fn calls(&self) -> Result<Vec<CallRecord>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, device, name, direction, media, ended, at, seconds, seen FROM calls ORDER BY id DESC LIMIT ?",
        )?;
        let rows = statement.query_map([MAX_CALLS_LISTED], |row| {
            Ok(CallRecord {
                id: row.get(0)?,
                device: row.get::<_, String>(1)?.parse().unwrap_or(DeviceId([0; 32])),
                name: row.get(2)?,
                direction: from_json(&row.get::<_, String>(3)?).unwrap_or(Direction::Incoming),
                media: from_json(&row.get::<_, String>(4)?).unwrap_or(Media::Voice),
                end: from_json(&row.get::<_, String>(5)?).unwrap_or(RingEnd::Gone),
                at: row.get::<_, i64>(6)?.try_into().unwrap_or(0),
                seconds: row.get(7)?,
                seen: row.get(8)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Missed calls nobody has looked at.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub(crate) fn missed(&self) -> Result<u32, StoreError> {
        Ok(self.connection.query_row("SELECT count(*) FROM calls WHERE seen = 0", [], |row| row.get(0))?)
    }

    /// Every call has been looked at.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub(crate) fn mark_seen(&self) -> Result<(), StoreError> {
        self.connection.execute("UPDATE calls SET seen = 1 WHERE seen = 0", [])?;
        Ok(())
    }

    /// Forgets all calls.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub(crate) fn clear_calls(&self) -> Result<(), StoreError> {
        self.connection.execute("DELETE FROM calls", [])?;
        Ok(())
    }

    /// Remembers that a device, its key proven, was met at `now` (ms since 1970) under this name.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub(crate) fn met(&self, device: &DeviceId, name: &str, now: u64) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO devices (device, name, first_met, last_met) VALUES (?1, ?2, ?3, ?3)
             ON CONFLICT (device) DO UPDATE SET name = ?2, last_met = ?3",
            params![device.to_string(), name, i64::try_from(now).unwrap_or(i64::MAX)],
        )?;
        Ok(())
    }
}

/// Whether this ending is a missed call of the owner.
fn is_missed(direction: Direction, end: &RingEnd) -> bool {
    direction == Direction::Incoming && matches!(end, RingEnd::NoAnswer | RingEnd::Cancelled | RingEnd::Busy)
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn is_not_a_database(error: &StoreError) -> bool {
    matches!(error, StoreError::Sqlite(error) if matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt)
    ))
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

    fn call(name: &str, direction: Direction, end: RingEnd) -> NewCall {
        NewCall {
            device: DeviceId([7; 32]),
            name: name.into(),
            direction,
            media: Media::Video,
            end,
            at: 1_700_000_000_123,
        }
    }

    #[test]
    fn calls_come_back_newest_first_and_missed_ones_are_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _) = Store::open(folder.path()).expect("opens");
        let first = store.add_call(&call("Ann", Direction::Outgoing, RingEnd::Accepted)).expect("added");
        store.set_seconds(first, 65).expect("set");
        store.add_call(&call("Bob", Direction::Incoming, RingEnd::NoAnswer)).expect("added");
        store
            .add_call(&call("Cat", Direction::Incoming, RingEnd::Declined { message: Some("later".into()) }))
            .expect("added");
        drop(store);
        let (store, aside) = Store::open(folder.path()).expect("opens again");
        assert_eq!(aside, None);
        let calls = store.calls().expect("listed");
        assert_eq!(calls.iter().map(|call| call.name.as_str()).collect::<Vec<_>>(), ["Cat", "Bob", "Ann"]);
        assert_eq!((calls[2].seconds, calls[2].at), (65, 1_700_000_000_123));
        assert_eq!(calls[0].end, RingEnd::Declined { message: Some("later".into()) });
        assert_eq!(store.missed().expect("counted"), 1);
        store.mark_seen().expect("marked");
        assert_eq!(store.missed().expect("counted"), 0);
    }

    #[test]
    fn a_file_that_is_no_database_is_set_aside() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("earshot.db"), vec![b'x'; 5000]).expect("written");
        let (store, aside) = Store::open(folder.path()).expect("opens");
        assert_eq!(std::fs::read(aside.expect("set aside")).expect("kept"), vec![b'x'; 5000]);
        assert!(store.calls().expect("listed").is_empty());
    }

    #[test]
    fn a_device_keeps_its_last_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _) = Store::open(folder.path()).expect("opens");
        let device = DeviceId([1; 32]);
        store.met(&device, "Ann", 1).expect("noted");
        store.met(&device, "Anna", 2).expect("noted");
        let row = store.connection.query_row("SELECT name, first_met, last_met FROM devices", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?, row.get::<_, u32>(2)?))
        });
        assert_eq!(row.expect("one row"), ("Anna".to_owned(), 1, 2));
    }
}
