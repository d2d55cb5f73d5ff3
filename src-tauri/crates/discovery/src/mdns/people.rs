//! Who has been heard, and what has not been told yet.

use std::collections::{BTreeMap, BTreeSet};

use earshot_protocol::DeviceId;
use earshot_protocol::limits::MAX_PEOPLE;

use crate::{DiscoveryEvent, Found, record};

#[derive(Debug)]
struct Entry {
    found: Found,
    /// The run of the daemon that heard it last.
    run: u32,
}

/// At most [`MAX_PEOPLE`]; whoever comes beyond is left out until somebody goes.
#[derive(Debug, Default)]
pub(super) struct People {
    heard: BTreeMap<DeviceId, Entry>,
    /// Devices whose latest state has not been told. What is told is looked up when there is room in the queue, so a
    /// slow reader gets fewer events, not later ones.
    untold: BTreeSet<DeviceId>,
    /// Devices that the reader knows of.
    told: BTreeSet<DeviceId>,
}

impl People {
    pub(super) fn heard(&mut self, found: Found, run: u32) {
        let device = found.device;
        let full = self.heard.len() >= MAX_PEOPLE as usize;
        match self.heard.get_mut(&device) {
            Some(entry) => {
                entry.run = run;
                if entry.found == found {
                    return;
                }
                entry.found = found;
            }
            None if full => return,
            None => {
                self.heard.insert(device, Entry { found, run });
            }
        }
        self.untold.insert(device);
    }

    pub(super) fn gone(&mut self, device: DeviceId) -> bool {
        let known = self.heard.remove(&device).is_some();
        if known {
            self.untold.insert(device);
        }
        known
    }

    /// Forgets those that the present run has not heard.
    pub(super) fn keep_run(&mut self, run: u32) {
        let untold = &mut self.untold;
        self.heard.retain(|device, entry| {
            let keep = entry.run == run;
            if !keep {
                untold.insert(*device);
            }
            keep
        });
    }

    pub(super) fn by_instance(&self, instance: &str) -> Option<DeviceId> {
        self.heard.keys().find(|device| record::instance(device) == instance).copied()
    }

    pub(super) fn knows(&self, device: DeviceId) -> bool {
        self.heard.contains_key(&device)
    }

    pub(super) fn has_news(&self) -> bool {
        !self.untold.is_empty()
    }

    pub(super) fn next_news(&mut self) -> Option<DiscoveryEvent> {
        while let Some(device) = self.untold.pop_first() {
            if let Some(entry) = self.heard.get(&device) {
                self.told.insert(device);
                return Some(DiscoveryEvent::Seen(entry.found.clone()));
            }
            // Came and went before anybody was told: nothing to tell.
            if self.told.remove(&device) {
                return Some(DiscoveryEvent::Gone(device));
            }
        }
        None
    }
}
