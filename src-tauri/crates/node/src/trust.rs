//! What an install remembers of other devices, and what that says of a device and the name it gives now.
//!
//! Pure. A change is first made as an [`Edit`], which is kept on disk and only then taken over here.
//!
//! Invariants:
//! * A device is its key. No name makes a device known; it can only raise a warning.
//! * Known are those with whom the owner took up a call, or whom the owner said to remember.
//! * At most [`MAX_KNOWN`] devices; a verified or blocked one is never dropped for another.

use std::collections::{BTreeSet, HashMap};

use earshot_protocol::limits::{MAX_BLOCKED, MAX_KNOWN, MAX_NAME_BYTES, MAX_NAME_CHARS};
use earshot_protocol::{DeviceId, ErrorCode, KnownDevice, NameWarning, Person, Standing, Trust};

use crate::names::{looks, plain};

/// One device in the memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) device: DeviceId,
    /// The name it gave when it was met, or that the owner has accepted since; of a stranger who is blocked, the name
    /// it had then.
    pub(crate) kept_name: String,
    /// The owner's own name for it.
    pub(crate) own_name: Option<String>,
    /// The name it gave last.
    pub(crate) said_name: String,
    pub(crate) trust: Trust,
    pub(crate) blocked: bool,
    /// ms since 1970.
    pub(crate) first_met: u64,
    /// ms since 1970.
    pub(crate) last_met: u64,
}

impl Remembered {
    fn stranger(device: DeviceId, name: &str, now: u64) -> Self {
        Self {
            device,
            kept_name: fit(name, &device),
            own_name: None,
            said_name: fit(name, &device),
            trust: Trust::Stranger,
            blocked: false,
            first_met: now,
            last_met: now,
        }
    }

    fn is_known(&self) -> bool {
        self.trust != Trust::Stranger
    }

    /// What it is called here.
    fn shown_name(&self) -> &str {
        self.own_name.as_ref().unwrap_or(&self.kept_name)
    }
}

/// A change of the memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Edit {
    /// New or changed.
    pub(crate) put: Vec<Remembered>,
    /// Forgotten.
    pub(crate) remove: Vec<DeviceId>,
}

impl Edit {
    /// Whether it changes whom the owner has blocked, as seen from `memory` before it.
    pub(crate) fn changes_blocked(&self, memory: &Memory) -> bool {
        self.put.iter().any(|row| row.blocked != memory.is_blocked(&row.device))
            || self.remove.iter().any(|device| memory.is_blocked(device))
    }
}

/// Whom a change may concern: the devices in it, and all that give a name like theirs.
#[derive(Debug)]
pub(crate) struct Concern {
    devices: BTreeSet<DeviceId>,
    looks: BTreeSet<String>,
}

impl Concern {
    /// Whether the standing of a device that gives this name may change.
    #[must_use]
    pub(crate) fn includes(&self, device: &DeviceId, name: &str) -> bool {
        self.devices.contains(device) || looks(name).iter().any(|look| self.looks.contains(look))
    }
}

/// Everything that is remembered.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    devices: HashMap<DeviceId, Remembered>,
    /// Known devices by what their kept and own names look like.
    by_look: HashMap<String, BTreeSet<DeviceId>>,
}

impl Memory {
    pub(crate) fn new(devices: Vec<Remembered>) -> Self {
        let mut memory = Self::default();
        memory.apply(Edit { put: devices, remove: Vec::new() });
        memory
    }

    /// Takes a change over.
    pub(crate) fn apply(&mut self, edit: Edit) {
        for device in edit.remove {
            self.unlist(&device);
            self.devices.remove(&device);
        }
        for row in edit.put {
            self.unlist(&row.device);
            if row.is_known() {
                for look in looks_of(&row) {
                    self.by_look.entry(look).or_default().insert(row.device);
                }
            }
            self.devices.insert(row.device, row);
        }
    }

    /// Whom a change concerns, as seen before it.
    #[must_use]
    pub(crate) fn concern(&self, edit: &Edit) -> Concern {
        let devices: BTreeSet<DeviceId> =
            edit.remove.iter().copied().chain(edit.put.iter().map(|row| row.device)).collect();
        let before = devices.iter().filter_map(|device| self.devices.get(device));
        let looks = before.chain(&edit.put).flat_map(looks_of).collect();
        Concern { devices, looks }
    }

    fn unlist(&mut self, device: &DeviceId) {
        let Some(row) = self.devices.get(device) else { return };
        for look in looks_of(row) {
            if let Some(devices) = self.by_look.get_mut(&look) {
                devices.remove(device);
                if devices.is_empty() {
                    self.by_look.remove(&look);
                }
            }
        }
    }

    /// Whether the owner has talked to this device, or said to remember it.
    #[must_use]
    pub(crate) fn is_known(&self, device: &DeviceId) -> bool {
        self.devices.get(device).is_some_and(Remembered::is_known)
    }

    #[must_use]
    pub(crate) fn is_blocked(&self, device: &DeviceId) -> bool {
        self.devices.get(device).is_some_and(|row| row.blocked)
    }

    /// Everybody whom the owner has blocked, at most [`MAX_BLOCKED`], in a fixed order.
    #[must_use]
    pub(crate) fn blocked(&self) -> Vec<DeviceId> {
        let mut blocked: Vec<_> =
            self.devices.values().filter(|row| row.blocked).map(|row| row.device).collect();
        blocked.sort_unstable();
        blocked.truncate(MAX_BLOCKED as usize);
        blocked
    }

    /// Notes the name that a remembered device gives now. Kept on disk with the next change of that device.
    pub(crate) fn heard_name(&mut self, device: &DeviceId, name: &str) {
        if let Some(row) = self.devices.get_mut(device)
            && row.said_name != name
        {
            row.said_name = fit(name, device);
        }
    }

    /// What is to be told of a device that gives this name now.
    #[must_use]
    pub(crate) fn standing(&self, device: &DeviceId, said: &str) -> Standing {
        let row = self.devices.get(device);
        let known = row.filter(|row| row.is_known());
        let name = match (row.and_then(|row| row.own_name.as_ref()), known) {
            (Some(own), _) => own.clone(),
            (None, Some(row)) => row.kept_name.clone(),
            (None, None) => fit(said, device),
        };
        Standing {
            name,
            trust: known.map(|row| row.trust).unwrap_or_default(),
            blocked: row.is_some_and(|row| row.blocked),
            warning: self.warning(device, known, said),
        }
    }

    /// What does not fit about the name that a device gives. Another's name is the worse of the two.
    fn warning(&self, device: &DeviceId, known: Option<&Remembered>, said: &str) -> Option<NameWarning> {
        if let Some(row) = known {
            let said = plain(said);
            let own = row.own_name.as_deref().map(plain);
            // The owner knows it under just this name, whoever else has it too.
            if said.is_empty() || said == plain(&row.kept_name) || Some(said) == own {
                return None;
            }
        }
        let by = looks(said)
            .iter()
            .filter_map(|look| self.by_look.get(look))
            .flatten()
            .filter(|by| *by != device)
            .filter_map(|by| self.devices.get(by))
            .max_by_key(|row| (row.trust == Trust::Verified, row.last_met, row.device));
        if let Some(row) = by {
            return Some(NameWarning::Taken { by: row.device, name: row.shown_name().to_owned() });
        }
        known.map(|row| NameWarning::Changed { from: row.kept_name.clone(), to: fit(said, device) })
    }

    /// Everybody who is remembered, the ones met last first.
    #[must_use]
    pub(crate) fn list(&self) -> Vec<KnownDevice> {
        let mut rows: Vec<&Remembered> = self.devices.values().collect();
        rows.sort_unstable_by_key(|row| (std::cmp::Reverse(row.last_met), row.device));
        rows.into_iter()
            .map(|row| KnownDevice {
                device: row.device,
                short_id: row.device.short().to_string(),
                standing: self.standing(&row.device, &row.said_name),
                kept_name: row.kept_name.clone(),
                own_name: row.own_name.clone(),
                first_met: row.first_met,
                last_met: row.last_met,
            })
            .collect()
    }

    /// A call with a device was taken up, or the owner said to remember it: known from now on, under the name it gives
    /// if it was not known before. `None`: there is no room.
    #[must_use]
    pub(crate) fn met(&self, device: &DeviceId, said: &str, now: u64) -> Option<Edit> {
        let mut row = match self.devices.get(device) {
            Some(row) if row.is_known() => Remembered { last_met: now, ..row.clone() },
            Some(row) => Remembered {
                own_name: row.own_name.clone(),
                blocked: row.blocked,
                ..Remembered::stranger(*device, said, now)
            },
            None => Remembered::stranger(*device, said, now),
        };
        row.said_name = fit(said, device);
        if row.trust == Trust::Stranger {
            row.trust = Trust::Met;
        }
        self.put(row)
    }

    /// Two people have compared the code with this result. `None`: nothing changes, or there is no room.
    #[must_use]
    pub(crate) fn compared(&self, device: &DeviceId, said: &str, same: bool, now: u64) -> Option<Edit> {
        if !same {
            let row = self.devices.get(device).filter(|row| row.trust == Trust::Verified)?;
            return self.put(Remembered { trust: Trust::Met, ..row.clone() });
        }
        let mut edit = self.met(device, said, now)?;
        let row = edit.put.first_mut()?;
        row.trust = Trust::Verified;
        Some(edit)
    }

    /// The owner's own name for a remembered device, or none any more.
    ///
    /// # Errors
    /// [`ErrorCode::DeviceUnknown`], [`ErrorCode::NameInvalid`].
    pub(crate) fn renamed(&self, device: &DeviceId, name: Option<String>) -> Result<Edit, ErrorCode> {
        let row = self.devices.get(device).ok_or(ErrorCode::DeviceUnknown)?;
        let own_name = name.map(|name| name.trim().to_owned());
        if let Some(name) = &own_name
            && (Person::named(name.as_str()).check().is_err() || plain(name).is_empty())
        {
            return Err(ErrorCode::NameInvalid);
        }
        Ok(Edit { put: vec![Remembered { own_name, ..row.clone() }], remove: Vec::new() })
    }

    /// From now on the name that a known device gives is the right one.
    ///
    /// # Errors
    /// [`ErrorCode::DeviceUnknown`].
    pub(crate) fn name_accepted(&self, device: &DeviceId) -> Result<Edit, ErrorCode> {
        let row = self.devices.get(device).filter(|row| row.is_known()).ok_or(ErrorCode::DeviceUnknown)?;
        let kept_name = row.said_name.clone();
        Ok(Edit { put: vec![Remembered { kept_name, ..row.clone() }], remove: Vec::new() })
    }

    /// Blocks a device or no longer. A stranger who is no longer blocked is forgotten; for one who is, `said` is the
    /// name by which the owner will find it again.
    ///
    /// # Errors
    /// [`ErrorCode::DeviceUnknown`] where nothing is known of it, not even a name; [`ErrorCode::SettingInvalid`] where
    /// there is no room for one more.
    pub(crate) fn blocked_or_not(
        &self,
        device: &DeviceId,
        said: Option<&str>,
        blocked: bool,
        now: u64,
    ) -> Result<Edit, ErrorCode> {
        let row = match (self.devices.get(device), said) {
            (Some(row), _) => row.clone(),
            // Nothing to take back.
            (None, Some(_)) if !blocked => return Ok(Edit::default()),
            (None, Some(said)) => Remembered::stranger(*device, said, now),
            (None, None) => return Err(ErrorCode::DeviceUnknown),
        };
        if !blocked && !row.is_known() {
            return Ok(Edit { put: Vec::new(), remove: vec![*device] });
        }
        let others = self.devices.values().filter(|row| row.blocked && row.device != *device).count();
        if blocked && others >= MAX_BLOCKED as usize {
            return Err(ErrorCode::SettingInvalid);
        }
        self.put(Remembered { blocked, ..row }).ok_or(ErrorCode::SettingInvalid)
    }

    /// Forgets a device, and with it that it was blocked.
    ///
    /// # Errors
    /// [`ErrorCode::DeviceUnknown`].
    pub(crate) fn forgotten(&self, device: &DeviceId) -> Result<Edit, ErrorCode> {
        if !self.devices.contains_key(device) {
            return Err(ErrorCode::DeviceUnknown);
        }
        Ok(Edit { put: Vec::new(), remove: vec![*device] })
    }

    /// Puts a device in; where there is no room, the one goes that was not met for the longest time.
    fn put(&self, row: Remembered) -> Option<Edit> {
        let mut remove = Vec::new();
        if !self.devices.contains_key(&row.device) && self.devices.len() >= MAX_KNOWN as usize {
            let oldest = self
                .devices
                .values()
                .filter(|row| row.trust != Trust::Verified && !row.blocked)
                .min_by_key(|row| (row.last_met, row.device))?;
            remove.push(oldest.device);
        }
        Some(Edit { put: vec![row], remove })
    }
}

fn looks_of(row: &Remembered) -> BTreeSet<String> {
    [Some(&row.kept_name), row.own_name.as_ref()].into_iter().flatten().flat_map(|name| looks(name)).collect()
}

/// A name that is fit to be kept and shown, of one that a hub passed on: one line within its bounds, or else the
/// device's short id.
fn fit(name: &str, device: &DeviceId) -> String {
    if Person::named(name).check().is_ok() && !plain(name).is_empty() {
        return name.trim().to_owned();
    }
    let mut fit = String::new();
    let visible = name.trim().chars().filter(|c| earshot_protocol::person::is_line(&c.to_string(), 1, 4));
    for c in visible.take(MAX_NAME_CHARS as usize) {
        if fit.len() + c.len_utf8() <= MAX_NAME_BYTES as usize {
            fit.push(c);
        }
    }
    if plain(&fit).is_empty() { device.short().to_string() } else { fit }
}

#[cfg(test)]
mod tests;
