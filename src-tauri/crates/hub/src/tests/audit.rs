//! What must hold inside a hub after each input, and between the hub and everybody who has read all they were told.

use std::collections::BTreeSet;

use earshot_protocol::Door;
use earshot_protocol::limits::*;

use super::client::Side;
use super::world::{Who, World};
use crate::door::{Waiter, Wants};
use crate::{Counts, Due, Hub, Time};

impl Hub {
    /// Panics when an index and what it points to have parted, or a bound is passed.
    pub(crate) fn audit(&self) {
        self.audit_places();
        self.audit_rooms();
        self.audit_rings();
        assert_eq!(self.timers.len(), self.places.len() + self.rings.len(), "one timer for each");
        assert!(self.places.len() <= MAX_MEMBERS as usize);
        assert!(self.rooms.len() <= MAX_ROOMS as usize);
        assert!(self.whereabouts.len() <= crate::moves::MAX_KNOWN);
        assert!(self.whereabouts.keys().all(|id| !self.rooms.contains_key(id)), "held here or elsewhere");
        assert!(self.out.is_empty());
        let waits = self.listing.deadline().is_some();
        assert!(waits || self.listing.told == self.listed_now(), "what has changed is told, or will be");
        assert!(self.listing.told.len() <= MAX_LISTED as usize);
        assert_eq!(self.is_empty(), self.counts() == Counts::default());
        if self.closed {
            assert!(self.is_empty(), "nothing is left after the end");
        }
    }

    fn audit_places(&self) {
        let connected = self.places.values().filter(|place| place.connection.is_some()).count();
        assert_eq!(connected, self.connections.len());
        for (connection, place) in &self.connections {
            assert_eq!(self.places[place].connection, Some(*connection));
        }
        let listed: usize = self.devices.values().map(|device| device.places.len()).sum();
        assert_eq!(listed, self.places.len());
        for (id, device) in &self.devices {
            assert!((1..=MAX_MEMBERS_PER_DEVICE as usize).contains(&device.places.len()));
            assert!(device.places.iter().all(|place| self.places[place].device == *id));
            assert!(device.rings.len() <= MAX_OPEN_RINGS as usize);
            assert!(device.unheard.len() <= MAX_OPEN_RINGS as usize);
            assert!(device.blocked.len() <= MAX_BLOCKED as usize && !device.blocked.contains(id));
            assert!(device.blocked.is_empty() || self.is_shown(*id));
            let rooms: usize = device.places.iter().map(|place| self.places[place].rooms.len()).sum();
            assert!(rooms <= MAX_ROOMS_PER_DEVICE as usize);
        }
        for (id, place) in &self.places {
            assert!(self.timers.contains(&(place.timer, Due::Place(*id))));
            let due = place.heard.after(if place.connection.is_some() {
                self.idle_timeout(place)
            } else {
                RESUME_GRACE
            });
            assert!(place.timer <= due, "not later than what is due");
            assert!(due > self.now, "what is due has been done");
            place.mailbox.audit();
        }
    }

    fn audit_rooms(&self) {
        let seats: usize = self.rooms.values().map(|room| room.seats.len()).sum();
        assert_eq!(seats, self.places.values().map(|place| place.rooms.len()).sum::<usize>());
        let waiting: usize = self.rooms.values().map(|room| room.outside.len()).sum();
        assert_eq!(waiting, self.places.values().map(|place| place.outside.len()).sum::<usize>());
        for (id, room) in &self.rooms {
            // Who comes back to a room that has outlived its hub is not turned away because others have come.
            let capacity = if room.outlived { MAX_PARTICIPANTS } else { u32::from(room.rules.capacity) };
            assert!(!room.seats.is_empty() && room.seats.len() <= capacity as usize);
            assert!(room.rules.check().is_ok());
            assert!(
                room.admitted.len() <= MAX_REMEMBERED as usize
                    && room.removed.len() <= MAX_REMEMBERED as usize
            );
            assert!(room.admitted.is_disjoint(&room.removed), "let in or kept out");
            assert!(room.outside.len() <= MAX_WAITING as usize);
            let waiting: BTreeSet<_> = room.outside.iter().map(|waiter| waiter.device).collect();
            assert_eq!(waiting.len(), room.outside.len(), "a device waits once");
            assert!(room.seats.iter().all(|seat| !waiting.contains(&seat.device)), "in or before it");
            let has_place = room.seats.len() < usize::from(room.rules.capacity);
            for waiter in &room.outside {
                let place = &self.places[&waiter.place];
                assert!(place.device == waiter.device && place.outside.contains(id));
                match waiter.wants {
                    Wants::In { told, .. } => {
                        let blocked = self.devices[&room.host].blocked.contains(&waiter.device);
                        assert_eq!(told, !blocked, "the host hears of everybody who is not blocked");
                        assert!(
                            !room.removed.contains(&waiter.device) && !room.admitted.contains(&waiter.device)
                        );
                        assert!(room.rules.door != Door::Open || room.rules.password.is_some());
                    }
                    Wants::Place => assert!(!has_place, "told when there is a place"),
                }
            }
            assert!(room.seats.iter().any(|seat| seat.device == room.host), "the host is a participant");
            let devices: BTreeSet<_> = room.seats.iter().map(|seat| seat.device).collect();
            assert_eq!(devices.len(), room.seats.len(), "a device once in a room");
            for seat in &room.seats {
                let place = &self.places[&seat.place];
                assert!(place.device == seat.device && place.rooms.contains(id));
            }
        }
    }

    fn audit_rings(&self) {
        let sides: usize = self.rings.values().map(|ring| 1 + ring.told.len()).sum();
        assert_eq!(sides, self.places.values().map(|place| place.rings.len()).sum::<usize>());
        let of_devices: usize =
            self.devices.values().map(|device| device.rings.len() + device.unheard.len()).sum();
        assert_eq!(of_devices, 2 * self.rings.len());
        for (id, ring) in &self.rings {
            assert!(!ring.told.is_empty());
            assert!(self.now < ring.expires && ring.expires <= self.now.after(RING_TIMEOUT));
            assert!(self.timers.contains(&(ring.expires, Due::Ring(*id))));
            assert!(ring.from != ring.to && self.is_shown(ring.to));
            for (device, place) in
                ring.told.iter().map(|place| (ring.to, place)).chain([(ring.from, &ring.caller)])
            {
                let known = &self.devices[&device];
                assert_eq!(known.rings.contains(id), device == ring.from || !ring.unheard);
                assert_eq!(known.unheard.contains(id), device == ring.to && ring.unheard);
                assert!(self.places[place].device == device && self.places[place].rings.contains(id));
            }
        }
    }
}

impl World {
    /// Whoever has a connection and has read everything sees exactly what the hub holds.
    pub(crate) fn compare_views(&self) {
        for (connection, place_id) in &self.hub.connections {
            let Some(Some(Who(who))) = self.open.get(connection).copied() else { continue };
            let client = &self.clients[who];
            if !client.wire.is_empty() {
                continue;
            }
            let place = &self.hub.places[place_id];
            assert_eq!(place.device, client.device);
            let people: Vec<_> = client.people.values().cloned().collect();
            assert_eq!(people, self.hub.people_for(client.device), "the list of {:?}", client.device);
            let listed: Vec<_> = client.listed.values().cloned().collect();
            assert_eq!(listed, self.hub.rooms_for(client.device), "rooms in the list of {:?}", client.device);
            assert!(place.rooms.iter().eq(client.rooms.keys()), "the rooms of {:?}", client.device);
            for (id, view) in &client.rooms {
                let room = &self.hub.rooms[id];
                let seats = room.seats.iter().filter(|seat| seat.device != client.device);
                let shown = seats.filter_map(|seat| {
                    self.hub.participant(seat.device, Some(seat.place), seat.media, client.device)
                });
                assert!(shown.eq(view.others.iter().cloned()), "the others as {:?} sees them", client.device);
                assert_eq!((room.host, &room.rules), (view.host, &view.rules));
                let told = |waiter: &&Waiter| matches!(waiter.wants, Wants::In { told: true, .. });
                let knocking = room.outside.iter().filter(told).map(|waiter| waiter.device);
                let heard = if room.host == client.device { knocking.collect() } else { BTreeSet::new() };
                assert_eq!(heard, view.knocking, "who knocks, as {:?} hears it", client.device);
            }
            assert!(place.outside.iter().eq(client.outside.iter()), "where {:?} waits", client.device);
            let rings = place.rings.iter().filter(|id| {
                let ring = &self.hub.rings[id];
                ring.caller == *place_id || !ring.unheard
            });
            assert!(rings.eq(client.rings.keys()), "the rings of {:?}", client.device);
            for (id, side) in &client.rings {
                let is_caller = self.hub.rings[id].caller == *place_id;
                assert_eq!(is_caller, *side == Side::Caller);
            }
            assert!(client.asked.keys().all(|id| *id > place.last_request), "what was heard is answered");
        }
    }

    /// Panics unless nothing is held for anybody, once the rates have run out.
    pub(crate) fn expect_empty(&mut self) {
        self.silence(u64::from(RATE_WINDOW));
        assert!(self.hub.is_empty(), "left behind: {:?}", self.hub.counts());
        assert_eq!(self.hub.deadline(), None::<Time>);
    }
}
