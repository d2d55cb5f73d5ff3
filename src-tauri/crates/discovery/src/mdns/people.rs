//! Who has been heard, and what has not been told yet.

use std::collections::{BTreeMap, BTreeSet};

use earshot_protocol::DeviceId;
use earshot_protocol::limits::MAX_PEOPLE;

use crate::{DiscoveryEvent, Found, record};

#[derive(Debug)]
struct Entry {
    found: Found,
    /// The run, a fresh start of listening, that heard it last.
    run: u32,
}

/// At most [`MAX_PEOPLE`]; whoever comes beyond is left out until somebody goes.
#[derive(Debug, Default)]
pub(super) struct People {
    heard: BTreeMap<DeviceId, Entry>,
    /// The same by instance name, which is what a goodbye comes under.
    instances: BTreeMap<String, DeviceId>,
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
                self.instances.insert(record::instance(&device), device);
                self.heard.insert(device, Entry { found, run });
            }
        }
        self.untold.insert(device);
    }

    pub(super) fn gone(&mut self, device: DeviceId) -> bool {
        let known = self.heard.remove(&device).is_some();
        if known {
            self.instances.remove(&record::instance(&device));
            self.untold.insert(device);
        }
        known
    }

    /// Forgets those that the present run has not heard.
    pub(super) fn keep_run(&mut self, run: u32) {
        let lost: Vec<DeviceId> =
            self.heard.iter().filter(|(_, entry)| entry.run != run).map(|(device, _)| *device).collect();
        for device in lost {
            self.gone(device);
        }
    }

    pub(super) fn by_instance(&self, instance: &str) -> Option<DeviceId> {
        self.instances.get(instance).copied()
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

#[cfg(test)]
mod tests {
    use earshot_protocol::Person;

    use super::*;

    fn found(number: u32, name: &str) -> Found {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let addresses = vec!["10.0.0.1:1".parse().unwrap()];
        Found {
            device: DeviceId(id),
            person: Some(Person::named(name)),
            phrase: false,
            revision: 0,
            versions: vec![1],
            addresses,
            port: 1,
        }
    }

    #[test]
    fn each_change_is_told_once_and_the_latest_only() {
        let mut people = People::default();
        people.heard(found(1, "Ann"), 1);
        people.heard(found(1, "Anna"), 1);
        assert_eq!(people.next_news(), Some(DiscoveryEvent::Seen(found(1, "Anna"))));
        people.heard(found(1, "Anna"), 1);
        assert!(!people.has_news());
        people.gone(found(1, "").device);
        people.heard(found(1, "Anna"), 1);
        assert_eq!(
            people.next_news(),
            Some(DiscoveryEvent::Seen(found(1, "Anna"))),
            "never a gone in between"
        );
        people.gone(found(1, "").device);
        assert_eq!(people.next_news(), Some(DiscoveryEvent::Gone(found(1, "").device)));
        people.heard(found(2, "Bob"), 1);
        people.gone(found(2, "").device);
        assert_eq!(people.next_news(), None, "came and went unnoticed");
    }

    #[test]
    fn people_are_bounded_and_make_room() {
        let mut people = People::default();
        for number in 0..2 * MAX_PEOPLE {
            people.heard(found(number, "Somebody"), 1);
        }
        assert_eq!((people.heard.len(), people.instances.len()), (MAX_PEOPLE as usize, MAX_PEOPLE as usize));
        assert!(people.gone(found(0, "").device));
        people.heard(found(MAX_PEOPLE, "Somebody"), 1);
        assert!(people.knows(found(MAX_PEOPLE, "").device));
    }

    #[test]
    fn who_is_not_heard_again_goes_with_its_run() {
        let mut people = People::default();
        people.heard(found(1, "Ann"), 1);
        people.heard(found(2, "Bob"), 1);
        while people.next_news().is_some() {}
        people.heard(found(2, "Bob"), 2);
        people.keep_run(2);
        assert_eq!(people.next_news(), Some(DiscoveryEvent::Gone(found(1, "").device)));
        assert_eq!(people.next_news(), None);
        assert_eq!(people.by_instance(&record::instance(&found(1, "").device)), None);
        let bob = found(2, "").device;
        assert_eq!(people.by_instance(&record::instance(&bob)), Some(bob));
        assert_eq!(people.by_instance(""), None);
    }
}
