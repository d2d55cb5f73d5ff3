//! How rooms are found: the list that every visitor is told of, and codes.
//!
//! Changes of the list are told together, at most once in [`LISTING_PAUSE`] ms, however fast people come and go: on a
//! server everybody hears of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use earshot_protocol::hub::HubMessage;
use earshot_protocol::limits::{LISTING_PAUSE, MAX_CODES, MAX_FOUND, MAX_LISTED};
use earshot_protocol::room::{Door, RoomSummary};
use earshot_protocol::{DeviceId, ErrorCode, Event, FoundRoom, OpenRoom, Reply, RoomCode, RoomId};

use crate::requests::Asker;
use crate::rooms::Room;
use crate::{Hub, Time};

/// What visitors have been told of rooms.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) told: BTreeMap<RoomId, Listed>,
    /// Nobody is told of another change before.
    next: Time,
    /// When what has changed since is told.
    due: Option<Time>,
}

/// A room in the list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Listed {
    pub(crate) room: OpenRoom,
    /// Who is not told of it.
    pub(crate) hidden_from: BTreeSet<DeviceId>,
}

impl Listing {
    pub(crate) fn deadline(&self) -> Option<Time> {
        self.due
    }

    /// How much is remembered.
    pub(crate) fn len(&self) -> usize {
        self.told.len() + usize::from(self.due.is_some())
    }

    /// What `viewer` has been told, or is told when it comes.
    fn for_viewer(&self, viewer: DeviceId) -> impl Iterator<Item = &OpenRoom> {
        self.told
            .values()
            .filter(move |listed| !listed.hidden_from.contains(&viewer))
            .map(|listed| &listed.room)
    }
}

impl Room {
    /// What anybody who knows the room is told before they come in.
    pub(crate) fn summary(&self) -> RoomSummary {
        RoomSummary {
            title: self.rules.title.clone(),
            door: self.rules.door,
            has_password: self.rules.password.is_some(),
            capacity: self.rules.capacity,
            // No room holds more than its capacity.
            present: u16::try_from(self.seats.len()).unwrap_or(u16::MAX),
        }
    }
}

impl Hub {
    /// The list as a device that comes is told of it.
    pub(crate) fn rooms_for(&self, device: DeviceId) -> Vec<OpenRoom> {
        self.listing.for_viewer(device).cloned().collect()
    }

    /// Whether a device is not told of a room by list or code: the room's host, or the owner of this hub, has blocked it,
    /// or the host has removed it.
    fn is_hidden_from(&self, room: &Room, device: DeviceId) -> bool {
        let blockers = [Some(room.host), self.config.owner].into_iter().flatten();
        let mut blockers = blockers.filter_map(|blocker| self.devices.get(&blocker));
        room.removed.contains(&device) || blockers.any(|known| known.blocked.contains(&device))
    }

    /// After an input: tells everybody what has changed in the list, now or when it is due.
    pub(crate) fn mind_listing(&mut self) {
        if self.places.is_empty() {
            self.listing = Listing::default();
            return;
        }
        if self.listing.due.is_some_and(|due| due > self.now) {
            return;
        }
        self.listing.due = None;
        let listed = self.listed_now();
        if listed == self.listing.told {
            return;
        }
        if self.now < self.listing.next {
            self.listing.due = Some(self.listing.next);
            return;
        }
        self.listing.next = self.now.after(LISTING_PAUSE);
        self.tell_listing(listed);
    }

    /// The list as it should be. Where there are too many rooms, those that are in it stay.
    pub(crate) fn listed_now(&self) -> BTreeMap<RoomId, Listed> {
        let open = self.rooms.iter().filter(|(_, room)| room.rules.listed && room.rules.door != Door::Locked);
        let (known, new): (Vec<_>, Vec<_>) = open.partition(|(id, _)| self.listing.told.contains_key(*id));
        known
            .into_iter()
            .chain(new)
            .take(MAX_LISTED as usize)
            .filter_map(|(id, room)| {
                let mut hidden_from = room.removed.clone();
                for blocker in [Some(room.host), self.config.owner].into_iter().flatten() {
                    let blocked = self.devices.get(&blocker).into_iter().flat_map(|known| &known.blocked);
                    hidden_from.extend(blocked);
                }
                Some((*id, Listed { room: self.open_room(*id, room)?, hidden_from }))
            })
            .collect()
    }

    fn open_room(&self, id: RoomId, room: &Room) -> Option<OpenRoom> {
        let name = self.devices.get(&room.host)?.person.name.clone();
        Some(OpenRoom { room: id, summary: room.summary(), host: room.host, name })
    }

    fn tell_listing(&mut self, listed: BTreeMap<RoomId, Listed>) {
        let before = std::mem::replace(&mut self.listing.told, listed);
        let now = &self.listing.told;
        let hub = self.hub_ref();
        // Whoever is not to see all of it is told by themselves, all others the same.
        let partial: BTreeSet<DeviceId> = before
            .values()
            .chain(now.values())
            .flat_map(|listed| listed.hidden_from.iter().copied())
            .collect();
        let news = |viewer: Option<DeviceId>| {
            let sees = |listed: &&Listed| viewer.is_none_or(|viewer| !listed.hidden_from.contains(&viewer));
            let seen = |all: &BTreeMap<RoomId, Listed>, id: &RoomId| {
                all.get(id).filter(sees).map(|one| one.room.clone())
            };
            let here: Vec<OpenRoom> = now
                .keys()
                .filter_map(|id| seen(now, id).filter(|one| seen(&before, id).as_ref() != Some(one)))
                .collect();
            let gone: Vec<RoomId> = before
                .keys()
                .filter(|id| seen(&before, id).is_some() && seen(now, id).is_none())
                .copied()
                .collect();
            let any = !here.is_empty() || !gone.is_empty();
            any.then(|| {
                Arc::new(HubMessage::Event { event: Event::RoomsChanged { hub: hub.clone(), here, gone } })
            })
        };
        let for_all = news(None);
        for place in self.places.values_mut() {
            let own = partial.contains(&place.device).then(|| news(Some(place.device)));
            if let Some(message) = own.as_ref().unwrap_or(&for_all) {
                place.say(message, &mut self.out);
            }
        }
    }

    pub(crate) fn find_room(&mut self, asker: Asker, code: RoomCode) -> Result<(), ErrorCode> {
        let place = self.places.get_mut(&asker.place).ok_or(ErrorCode::Internal)?;
        if place.codes.count(self.now) > MAX_CODES {
            return Err(ErrorCode::TooManyRequests);
        }
        let fitting = self.rooms.iter().filter(|(id, _)| RoomCode::of(id) == code);
        let rooms: Vec<FoundRoom> = fitting
            .filter(|(_, room)| !self.is_hidden_from(room, asker.device))
            .filter_map(|(id, room)| {
                Some(FoundRoom { hub: self.hub_ref(), room: self.open_room(*id, room)? })
            })
            .take(MAX_FOUND as usize)
            .collect();
        if rooms.is_empty() {
            return Err(ErrorCode::RoomUnknown);
        }
        self.ok(asker, Reply::Found { rooms });
        Ok(())
    }
}
