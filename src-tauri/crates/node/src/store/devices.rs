//! The devices that an install remembers.

use earshot_protocol::Trust;
use rusqlite::{Connection, Row, params};

use super::{Store, StoreError, stored};
use crate::trust::{Edit, Remembered};

/// Of [`VERSION`](super::VERSION) 2.
pub(super) const TABLE: &str = "CREATE TABLE devices (
    device TEXT PRIMARY KEY,
    kept_name TEXT NOT NULL,
    own_name TEXT,
    said_name TEXT NOT NULL,
    trust TEXT NOT NULL,
    blocked INTEGER NOT NULL,
    first_met INTEGER NOT NULL,
    last_met INTEGER NOT NULL
);";

/// Makes room for [`TABLE`] beside that of version 1.
pub(super) const SET_VERSION_1_APART: &str = "ALTER TABLE devices RENAME TO devices_1;";

/// Version 1 noted everybody whose key was proven, also those whose ring nobody took. Known are now only those with
/// whom a call was accepted.
pub(super) const TAKE_OVER_VERSION_1: &str =
    "INSERT INTO devices (device, kept_name, said_name, trust, blocked, first_met, last_met)
    SELECT device, name, name, 'met', 0, first_met, last_met FROM devices_1
    WHERE EXISTS (SELECT 1 FROM calls WHERE calls.device = devices_1.device AND ended = '{\"type\":\"accepted\"}');
DROP TABLE devices_1;";

impl Store {
    /// Every device that is remembered. A row that is not to be understood is left out.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub(crate) fn devices(&self) -> Result<Vec<Remembered>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT device, kept_name, own_name, said_name, trust, blocked, first_met, last_met FROM devices",
        )?;
        let rows = statement.query_map([], remembered)?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// Keeps a change of the memory, wholly or not at all.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub(crate) fn edit_devices(&mut self, edit: &Edit) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        for device in &edit.remove {
            transaction.execute("DELETE FROM devices WHERE device = ?", [device.to_string()])?;
        }
        for device in &edit.put {
            put(&transaction, device)?;
        }
        transaction.commit()?;
        Ok(())
    }
}

fn put(connection: &Connection, device: &Remembered) -> Result<(), StoreError> {
    connection.execute(
        "INSERT OR REPLACE INTO devices
             (device, kept_name, own_name, said_name, trust, blocked, first_met, last_met)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            device.device.to_string(),
            device.kept_name,
            device.own_name,
            device.said_name,
            trust_text(device.trust),
            device.blocked,
            stored(device.first_met),
            stored(device.last_met),
        ],
    )?;
    Ok(())
}

fn remembered(row: &Row<'_>) -> rusqlite::Result<Option<Remembered>> {
    let Ok(device) = row.get::<_, String>(0)?.parse() else { return Ok(None) };
    Ok(Some(Remembered {
        device,
        kept_name: row.get(1)?,
        own_name: row.get(2)?,
        said_name: row.get(3)?,
        trust: trust_of(&row.get::<_, String>(4)?),
        blocked: row.get(5)?,
        first_met: row.get::<_, i64>(6)?.try_into().unwrap_or(0),
        last_met: row.get::<_, i64>(7)?.try_into().unwrap_or(0),
    }))
}

const fn trust_text(trust: Trust) -> &'static str {
    match trust {
        Trust::Stranger => "stranger",
        Trust::Met => "met",
        Trust::Verified => "verified",
    }
}

/// What is not understood is trusted least.
fn trust_of(text: &str) -> Trust {
    match text {
        "verified" => Trust::Verified,
        "met" => Trust::Met,
        _ => Trust::Stranger,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use earshot_protocol::DeviceId;

    #[test]
    fn a_device_comes_back_as_it_was_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let row = |number: u8, trust, own_name: Option<&str>, blocked| Remembered {
            device: DeviceId([number; 32]),
            kept_name: "Ann".into(),
            own_name: own_name.map(Into::into),
            said_name: "Anna".into(),
            trust,
            blocked,
            first_met: 1_700_000_000_000,
            last_met: 1_700_000_000_001,
        };
        let rows = [
            row(1, Trust::Met, None, false),
            row(2, Trust::Verified, Some("Ann of the second floor"), false),
            row(3, Trust::Stranger, None, true),
        ];
        let mut store = Store::open(folder.path()).expect("opens").store;
        let mut gone = row(4, Trust::Met, None, false);
        store.edit_devices(&Edit { put: vec![gone.clone()], remove: vec![] }).expect("kept");
        gone.blocked = true;
        store.edit_devices(&Edit { put: rows.to_vec(), remove: vec![gone.device] }).expect("kept");
        drop(store);
        let mut devices = Store::open(folder.path()).expect("opens again").devices;
        devices.sort_by_key(|row| row.device);
        assert_eq!(devices, rows);
    }
}
