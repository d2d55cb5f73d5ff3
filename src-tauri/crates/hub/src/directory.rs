//! Who is here, and who is told.

use std::collections::BTreeSet;

use earshot_protocol::{DeviceId, DeviceKind, Event, Person, Presence, Reach, RingId};

use crate::place::PlaceId;
use crate::{Hub, Visitor};

/// A device that has a place: one entry in the directory, however many places it has.
#[derive(Debug)]
pub(crate) struct Device {
    /// What it said of itself last, on whichever place.
    pub(crate) person: Person,
    /// What it said it is, last.
    pub(crate) kind: DeviceKind,
    /// Its places, never none.
    pub(crate) places: BTreeSet<PlaceId>,
    /// The open rings it made or received.
    pub(crate) rings: BTreeSet<RingId>,
}

impl Hub {
    /// Enters a place of a visitor into the directory. Others are told when that changes what they know.
    pub(crate) fn list(&mut self, visitor: Visitor, place: PlaceId) {
        let Visitor { device, kind, person } = visitor;
        let changed = match self.devices.get_mut(&device) {
            Some(known) => {
                known.places.insert(place);
                let changed = known.person != person || known.kind != kind;
                known.person = person;
                known.kind = kind;
                changed
            }
            None => {
                let places = BTreeSet::from([place]);
                self.devices.insert(device, Device { person, kind, places, rings: BTreeSet::new() });
                true
            }
        };
        if changed {
            self.announce(device);
        }
    }

    /// Takes a place out of the directory. Others are told when it was the device's last.
    pub(crate) fn unlist(&mut self, device: DeviceId, place: PlaceId) {
        let Some(known) = self.devices.get_mut(&device) else { return };
        known.places.remove(&place);
        if known.places.is_empty() {
            self.devices.remove(&device);
            if self.is_shown(device) {
                self.tell_all_but(device, Event::PersonGone { device, via: None });
            }
        }
    }

    /// Changes what a device says of itself.
    pub(crate) fn set_person(&mut self, device: DeviceId, person: Person) {
        if let Some(known) = self.devices.get_mut(&device)
            && known.person != person
        {
            known.person = person;
            self.announce(device);
        }
    }

    /// What `device` is told of who is here.
    pub(crate) fn people_for(&self, device: DeviceId) -> Vec<Presence> {
        match self.config.owner {
            Some(owner) if owner == device => Vec::new(),
            Some(owner) => self.presence(owner).into_iter().collect(),
            None => {
                let others = self.devices.keys().filter(|other| **other != device);
                others.filter_map(|other| self.presence(*other)).collect()
            }
        }
    }

    /// A device's entry.
    pub(crate) fn presence(&self, device: DeviceId) -> Option<Presence> {
        let Device { person, kind, .. } = self.devices.get(&device)?;
        Some(Presence {
            device,
            person: person.clone(),
            kind: *kind,
            reach: Reach::Here,
            via: None,
            standing: None,
        })
    }

    /// Whether others may know of a device: on a LAN only of the owner.
    pub(crate) fn is_shown(&self, device: DeviceId) -> bool {
        self.config.owner.is_none_or(|owner| owner == device)
    }

    fn announce(&mut self, device: DeviceId) {
        if self.is_shown(device)
            && let Some(presence) = self.presence(device)
        {
            self.tell_all_but(device, Event::PersonHere { presence });
        }
    }
}
