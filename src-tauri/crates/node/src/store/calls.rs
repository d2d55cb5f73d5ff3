//! The calls of an install's history.

use earshot_protocol::hub::RingEnd;
use earshot_protocol::limits::MAX_CALLS_LISTED;
use earshot_protocol::owner::{CallRecord, Direction};
use earshot_protocol::{DeviceId, Media};
use rusqlite::{OptionalExtension as _, params};

use super::{Store, StoreError, from_json, json, stored};

/// Calls kept; older ones are forgotten.
const MAX_CALLS_KEPT: u32 = 5_000;

/// The same in every version so far.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device TEXT NOT NULL,
    name TEXT NOT NULL,
    direction TEXT NOT NULL,
    media TEXT NOT NULL,
    ended TEXT NOT NULL,
    at INTEGER NOT NULL,
    seconds INTEGER NOT NULL DEFAULT 0,
    seen INTEGER NOT NULL
);";

/// A call that has just ended its ringing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewCall {
    /// The other side.
    pub(crate) device: DeviceId,
    /// Their name then.
    pub(crate) name: String,
    /// Who called.
    pub(crate) direction: Direction,
    /// How they meant to talk.
    pub(crate) media: Media,
    /// How the ring ended.
    pub(crate) end: RingEnd,
    /// When it rang, ms since 1970 UTC.
    pub(crate) at: u64,
}

impl Store {
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
                stored(call.at),
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

    /// The name of the latest call with a device.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub(crate) fn name_in_calls(&self, device: &DeviceId) -> Result<Option<String>, StoreError> {
        let query = "SELECT name FROM calls WHERE device = ? ORDER BY id DESC LIMIT 1";
        Ok(self.connection.query_row(query, [device.to_string()], |row| row.get(0)).optional()?)
    }
}

/// Whether this ending is a missed call of the owner.
fn is_missed(direction: Direction, end: &RingEnd) -> bool {
    direction == Direction::Incoming && matches!(end, RingEnd::NoAnswer | RingEnd::Cancelled | RingEnd::Busy)
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
        let store = Store::open(folder.path()).expect("opens").store;
        let first = store.add_call(&call("Ann", Direction::Outgoing, RingEnd::Accepted)).expect("added");
        store.set_seconds(first, 65).expect("set");
        store.add_call(&call("Bob", Direction::Incoming, RingEnd::NoAnswer)).expect("added");
        store
            .add_call(&call("Cat", Direction::Incoming, RingEnd::Declined { message: Some("later".into()) }))
            .expect("added");
        drop(store);
        let store = Store::open(folder.path()).expect("opens again").store;
        let calls = store.calls().expect("listed");
        assert_eq!(calls.iter().map(|call| call.name.as_str()).collect::<Vec<_>>(), ["Cat", "Bob", "Ann"]);
        assert_eq!((calls[2].seconds, calls[2].at), (65, 1_700_000_000_123));
        assert_eq!(calls[0].end, RingEnd::Declined { message: Some("later".into()) });
        assert_eq!(store.missed().expect("counted"), 1);
        store.mark_seen().expect("marked");
        assert_eq!(store.missed().expect("counted"), 0);
        assert_eq!(store.name_in_calls(&DeviceId([7; 32])).expect("asked").as_deref(), Some("Cat"));
        assert_eq!(store.name_in_calls(&DeviceId([8; 32])).expect("asked"), None);
    }
}
