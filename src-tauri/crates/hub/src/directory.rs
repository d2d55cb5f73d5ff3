//! Who is here, and who is told.

use std::collections::BTreeSet;
use std::sync::Arc;

use earshot_protocol::hub::HubMessage;
use earshot_protocol::{DeviceId, DeviceKind, Event, Person, Presence, Reach, RingId, Status};

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
    /// The open rings to it that it does not hear of, because it has blocked the caller.
    pub(crate) unheard: BTreeSet<RingId>,
    /// To these it is away, and their rings are not heard; at most [`MAX_BLOCKED`](earshot_protocol::limits::MAX_BLOCKED).
    pub(crate) blocked: BTreeSet<DeviceId>,
}

impl Device {
    fn new(kind: DeviceKind, person: Person, place: PlaceId) -> Self {
        Self {
            person,
            kind,
            places: BTreeSet::from([place]),
            rings: BTreeSet::new(),
            unheard: BTreeSet::new(),
            blocked: BTreeSet::new(),
        }
    }

    /// What a device that this one has blocked, or one that it has not, is told of the person.
    fn shown(&self, blocked: bool) -> Person {
        if blocked { away(&self.person) } else { self.person.clone() }
    }
}

/// All that is told to whoever is blocked: nothing that changes with what somebody does.
fn away(person: &Person) -> Person {
    Person { name: person.name.clone(), status: Status::Away, note: String::new() }
}

impl Hub {
    /// Enters a place of a visitor into the directory. Others are told when that changes what they know.
    pub(crate) fn list(&mut self, visitor: Visitor, place: PlaceId) {
        let Visitor { device, kind, person } = visitor;
        let shown = self.shown_in_rooms(device);
        let before = match self.devices.get_mut(&device) {
            Some(known) => {
                known.places.insert(place);
                let person = std::mem::replace(&mut known.person, person);
                Some((person, std::mem::replace(&mut known.kind, kind)))
            }
            None => {
                self.devices.insert(device, Device::new(kind, person, place));
                None
            }
        };
        self.announce(device, before);
        self.tell_shown_in_rooms(device, shown);
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
        let shown = self.shown_in_rooms(device);
        if let Some(known) = self.devices.get_mut(&device) {
            let before = (std::mem::replace(&mut known.person, person), known.kind);
            self.announce(device, Some(before));
        }
        self.tell_shown_in_rooms(device, shown);
    }

    /// To these devices, and to no others, `device` is away from now on. Whoever is told something else than before by
    /// that is told so; an open ring of somebody who is blocked now ends for the blocker alone.
    pub(crate) fn set_blocked(&mut self, device: DeviceId, devices: Vec<DeviceId>) {
        let shown = self.shown_in_rooms(device);
        let Some(known) = self.devices.get_mut(&device) else { return };
        let blocked = devices.into_iter().filter(|other| *other != device).collect();
        let before = std::mem::replace(&mut known.blocked, blocked);
        let differs: BTreeSet<DeviceId> = known.blocked.symmetric_difference(&before).copied().collect();
        let changed = away(&known.person) != known.person;
        if changed && self.is_shown(device) {
            let places: Vec<(PlaceId, DeviceId)> = differs
                .iter()
                .filter_map(|viewer| Some((viewer, self.devices.get(viewer)?)))
                .flat_map(|(viewer, entry)| entry.places.iter().map(|place| (*place, *viewer)))
                .collect();
            for (place, viewer) in places {
                if let Some(presence) = self.presence(device, viewer) {
                    self.tell(place, Event::PersonHere { presence });
                }
            }
        }
        self.tell_shown_in_rooms(device, shown);
        self.hush_rings(device);
        self.hush_knocks(device);
    }

    /// What `device` is told of who is here.
    pub(crate) fn people_for(&self, device: DeviceId) -> Vec<Presence> {
        match self.config.owner {
            Some(owner) if owner == device => Vec::new(),
            Some(owner) => self.presence(owner, device).into_iter().collect(),
            None => {
                let others = self.devices.keys().filter(|other| **other != device);
                others.filter_map(|other| self.presence(*other, device)).collect()
            }
        }
    }

    /// A device's entry, as `viewer` is shown it.
    pub(crate) fn presence(&self, device: DeviceId, viewer: DeviceId) -> Option<Presence> {
        let (person, kind) = self.person_for(device, viewer)?;
        Some(Presence { device, person, kind, reach: Reach::Here, via: None, standing: None })
    }

    /// What a device says of itself, as `viewer` is told it.
    pub(crate) fn person_for(&self, device: DeviceId, viewer: DeviceId) -> Option<(Person, DeviceKind)> {
        let known = self.devices.get(&device)?;
        Some((known.shown(known.blocked.contains(&viewer)), known.kind))
    }

    /// Whether others may know of a device: on a LAN only of the owner.
    pub(crate) fn is_shown(&self, device: DeviceId) -> bool {
        self.config.owner.is_none_or(|owner| owner == device)
    }

    /// Tells everybody who is shown something else of a device than before; nobody is told what they know.
    fn announce(&mut self, device: DeviceId, before: Option<(Person, DeviceKind)>) {
        let Some(known) = self.devices.get(&device).filter(|_| self.is_shown(device)) else { return };
        let changed =
            before.as_ref().is_none_or(|(person, kind)| (person, kind) != (&known.person, &known.kind));
        if !changed {
            return;
        }
        let changed_for_blocked =
            before.is_none_or(|(person, kind)| (away(&person), kind) != (known.shown(true), known.kind));
        let [to_others, to_blocked] = [false, true].map(|blocked| {
            let (person, kind) = (known.shown(blocked), known.kind);
            let presence = Presence { device, person, kind, reach: Reach::Here, via: None, standing: None };
            Arc::new(HubMessage::Event { event: Event::PersonHere { presence } })
        });
        for place in self.places.values_mut().filter(|place| place.device != device) {
            if !known.blocked.contains(&place.device) {
                place.say(&to_others, &mut self.out);
            } else if changed_for_blocked {
                place.say(&to_blocked, &mut self.out);
            }
        }
    }
}
