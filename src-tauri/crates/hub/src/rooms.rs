//! Rooms: who is in them, and what participants tell each other. Who may come in is in [`crate::door`].

use std::collections::BTreeSet;

use earshot_protocol::hub::{LeaveReason, Participant, RoomRules, RoomState, Signal};
use earshot_protocol::limits::{MAX_REMEMBERED, MAX_ROOMS, MAX_ROOMS_PER_DEVICE};
use earshot_protocol::{DeviceId, DeviceKind, ErrorCode, Event, HubRef, Media, Reply, RoomId, RoomRef};

use crate::door::{Entry, Waiter};
use crate::place::PlaceId;
use crate::rate::Rate;
use crate::requests::Asker;
use crate::{Fresh, Hub, Time};

/// A room; never empty.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) rules: RoomRules,
    /// One of the participants.
    pub(crate) host: DeviceId,
    /// Who made it.
    pub(crate) founder: DeviceId,
    /// In the order of coming; few enough to be searched one by one.
    pub(crate) seats: Vec<Seat>,
    /// In the order of coming; each device once, none of them in a seat.
    pub(crate) outside: Vec<Waiter>,
    /// To whom the door is open: who was let in, or in it.
    pub(crate) admitted: BTreeSet<DeviceId>,
    /// Whom the host does not want back; nobody who is admitted.
    pub(crate) removed: BTreeSet<DeviceId>,
    pub(crate) wrong_passwords: Rate,
    /// How often it has moved.
    pub(crate) epoch: u32,
    /// The hub that it was made at, if it has moved.
    pub(crate) origin: Option<DeviceId>,
    /// It has moved here, or was opened again after a restart: those of before come in beyond its capacity.
    pub(crate) outlived: bool,
    /// Who ran it before it moved here, and until when they are waited for.
    pub(crate) wanted_host: Option<(DeviceId, Time)>,
}

impl Room {
    /// Where the host is told things.
    pub(crate) fn host_place(&self) -> Option<PlaceId> {
        self.seats.iter().find(|seat| seat.device == self.host).map(|seat| seat.place)
    }
}

/// A participant. The seat belongs to the place that joined, not to the device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seat {
    pub(crate) device: DeviceId,
    pub(crate) place: PlaceId,
    pub(crate) media: Media,
}

impl Hub {
    pub(crate) fn create_room(
        &mut self,
        asker: Asker,
        via: Option<DeviceId>,
        rules: RoomRules,
        media: Media,
        fresh: Fresh,
    ) -> Result<(), ErrorCode> {
        let elsewhere = via.is_some_and(|via| via != self.config.hub);
        if elsewhere || self.config.owner.is_some_and(|owner| owner != asker.device) {
            return Err(ErrorCode::NotAllowed);
        }
        if self.rooms.len() >= MAX_ROOMS as usize {
            return Err(ErrorCode::TooManyRooms);
        }
        self.check_rooms_of(asker.device)?;
        let mut id = RoomId([0; 16]);
        id.0.copy_from_slice(&fresh.0[..16]);
        if self.rooms.contains_key(&id) {
            // Only when `fresh` was not.
            return Err(ErrorCode::Internal);
        }
        let seat = Seat { device: asker.device, place: asker.place, media };
        let room = Room {
            rules,
            host: asker.device,
            founder: asker.device,
            seats: vec![seat],
            outside: Vec::new(),
            admitted: BTreeSet::from([asker.device]),
            removed: BTreeSet::new(),
            wrong_passwords: Rate::default(),
            epoch: 0,
            origin: None,
            outlived: false,
            wanted_host: None,
        };
        self.rooms.insert(id, room);
        self.enter(asker, id);
        Ok(())
    }

    pub(crate) fn join(
        &mut self,
        asker: Asker,
        room: &RoomRef,
        media: Media,
        password: Option<&str>,
    ) -> Result<(), ErrorCode> {
        if room.hub.device != self.config.hub {
            return Err(ErrorCode::RoomUnknown);
        }
        let id = room.room;
        if self.is_elsewhere(asker, id) {
            return Ok(());
        }
        let found = self.rooms.get(&id).ok_or(ErrorCode::RoomUnknown)?;
        match found.seats.iter().find(|seat| seat.device == asker.device) {
            Some(seat) if self.is_connected(seat.place) => {
                return Err(ErrorCode::AlreadyInRoom);
            }
            // The device has come anew while its seat waits for a dropped connection: it need not wait as well.
            Some(&abandoned) => self.give_up_seat(id, abandoned),
            None => {
                self.check_rooms_of(asker.device)?;
                if self.try_door(id, asker.device, password)? == Entry::Knock {
                    return self.knock(asker, id, media);
                }
            }
        }
        self.take_seat(asker, id, media, false)
    }

    /// A seat for somebody whom the door has let in; the others are told.
    pub(crate) fn take_seat(
        &mut self,
        asker: Asker,
        id: RoomId,
        media: Media,
        returned: bool,
    ) -> Result<(), ErrorCode> {
        let Some(found) = self.rooms.get_mut(&id) else { return Err(ErrorCode::RoomUnknown) };
        found.seats.push(Seat { device: asker.device, place: asker.place, media });
        if found.admitted.len() < MAX_REMEMBERED as usize {
            found.admitted.insert(asker.device);
        }
        self.enter(asker, id);
        // Another place of the device may have knocked.
        let waiting = self.rooms.get(&id).into_iter().flat_map(|room| &room.outside);
        let elsewhere = waiting.clone().find(|one| one.device == asker.device && one.place != asker.place);
        let elsewhere = elsewhere.map(|one| one.place);
        self.wait_no_longer(id, asker.device);
        if let Some(place) = elsewhere {
            self.tell(place, Event::RoomClosed { room: id, reason: LeaveReason::Left });
        }
        for (place, viewer) in self.others_in(id, asker.device) {
            if let Some(participant) = self.participant(asker.device, Some(asker.place), media, viewer) {
                let event = if returned {
                    Event::ParticipantReturned { room: id, participant }
                } else {
                    Event::ParticipantJoined { room: id, participant }
                };
                self.tell(place, event);
            }
        }
        Ok(())
    }

    pub(crate) fn leave(&mut self, asker: Asker, room: RoomId) -> Result<(), ErrorCode> {
        self.check_in_room(asker, room)?;
        self.ok(asker, Reply::Done);
        if let Some(place) = self.places.get_mut(&asker.place) {
            place.rooms.remove(&room);
        }
        self.vacate(room, asker.device, LeaveReason::Left);
        Ok(())
    }

    pub(crate) fn signal(
        &mut self,
        asker: Asker,
        room: RoomId,
        to: DeviceId,
        signal: Signal,
    ) -> Result<(), ErrorCode> {
        self.check_in_room(asker, room)?;
        let seat = self.rooms.get(&room).and_then(|room| room.seats.iter().find(|seat| seat.device == to));
        let place = seat.filter(|_| to != asker.device).ok_or(ErrorCode::ParticipantUnknown)?.place;
        self.ok(asker, Reply::Done);
        self.tell(place, Event::Signal { room, from: asker.device, signal });
        Ok(())
    }

    /// Takes a participant out of a room, whose place no longer counts it, and tells the others. The last one out
    /// ends the room; the host's successor is who has been there longest.
    pub(crate) fn vacate(&mut self, id: RoomId, device: DeviceId, reason: LeaveReason) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        room.seats.retain(|seat| seat.device != device);
        let Some(first) = room.seats.first() else {
            self.close_room(id);
            self.tell_owner_of_end(id, device);
            return;
        };
        let successor = (room.host == device).then_some(first.device);
        self.tell_room(id, device, &Event::ParticipantLeft { room: id, device, reason });
        if let Some(host) = successor {
            self.make_host(id, host);
        }
        self.tell_of_place(id);
    }

    /// The hub ends.
    pub(crate) fn close_all_rooms(&mut self) {
        for (room, Room { seats, outside, .. }) in std::mem::take(&mut self.rooms) {
            let places = seats.iter().map(|seat| seat.place).chain(outside.iter().map(|one| one.place));
            for place in places {
                self.tell(place, Event::RoomClosed { room, reason: LeaveReason::HubGone });
            }
        }
    }

    /// Takes a seat from a place in its grace. The room stays even when nobody else is in it, with its host: the same
    /// device takes a seat at once.
    pub(crate) fn give_up_seat(&mut self, id: RoomId, seat: Seat) {
        if let Some(place) = self.places.get_mut(&seat.place) {
            place.rooms.remove(&id);
        }
        self.tell(seat.place, Event::RoomClosed { room: id, reason: LeaveReason::Lost });
        match self.rooms.get_mut(&id) {
            Some(room) if room.seats.len() == 1 => room.seats.clear(),
            _ => self.vacate(id, seat.device, LeaveReason::Lost),
        }
    }

    /// Answers with the room that the asker has just got a seat in.
    pub(crate) fn enter(&mut self, asker: Asker, id: RoomId) {
        let hub = self.hub_ref();
        if let Some(place) = self.places.get_mut(&asker.place) {
            place.rooms.insert(id);
        }
        self.expect_sooner(asker.place);
        let Some(room) = self.rooms.get(&id) else { return };
        let others = room.seats.iter().filter(|seat| seat.device != asker.device);
        let state = RoomState {
            room: RoomRef { hub, room: id },
            epoch: room.epoch,
            origin: room.origin,
            rules: room.rules.clone(),
            host: room.host,
            founder: room.founder,
            participants: others
                .filter_map(|seat| self.participant(seat.device, Some(seat.place), seat.media, asker.device))
                .collect(),
            ice_servers: self.config.ice_servers.clone(),
        };
        self.ok(asker, Reply::Room(state));
    }

    /// A participant, or who wants to be one, as `viewer` is told of them.
    pub(crate) fn participant(
        &self,
        device: DeviceId,
        place: Option<PlaceId>,
        media: Media,
        viewer: DeviceId,
    ) -> Option<Participant> {
        let (person, kind) = self.person_for(device, viewer)?;
        let place = place.and_then(|place| self.places.get(&place));
        let addresses =
            place.filter(|_| kind == DeviceKind::Install).and_then(|place| place.addresses.clone());
        let hub = addresses.map(|addresses| HubRef { device, addresses });
        Some(Participant { device, person, kind, media, hub })
    }

    pub(crate) fn set_addresses(&mut self, asker: Asker, addresses: Vec<String>) -> Result<(), ErrorCode> {
        if self.devices.get(&asker.device).is_none_or(|known| known.kind != DeviceKind::Install) {
            return Err(ErrorCode::NotAllowed);
        }
        let before = self.shown_in_rooms(asker.device);
        if let Some(place) = self.places.get_mut(&asker.place) {
            place.addresses = Some(addresses);
        }
        self.ok(asker, Reply::Done);
        self.tell_shown_in_rooms(asker.device, before);
        Ok(())
    }

    /// What each participant of each room that a device is in has been told of it.
    pub(crate) fn shown_in_rooms(&self, device: DeviceId) -> Vec<(RoomId, PlaceId, Participant)> {
        let places = self.devices.get(&device).into_iter().flat_map(|known| &known.places);
        let rooms = places.filter_map(|place| self.places.get(place)).flat_map(|place| &place.rooms);
        let mut shown = Vec::new();
        for id in rooms {
            let Some(room) = self.rooms.get(id) else { continue };
            let Some(own) = room.seats.iter().find(|seat| seat.device == device) else { continue };
            for viewer in room.seats.iter().filter(|seat| seat.device != device) {
                let entry = self.participant(device, Some(own.place), own.media, viewer.device);
                shown.extend(entry.map(|entry| (*id, viewer.place, entry)));
            }
        }
        shown
    }

    /// Tells every participant who is to see something else of a device than before.
    pub(crate) fn tell_shown_in_rooms(
        &mut self,
        device: DeviceId,
        before: Vec<(RoomId, PlaceId, Participant)>,
    ) {
        let now = self.shown_in_rooms(device);
        for ((room, place, participant), (_, _, before)) in now.into_iter().zip(before) {
            if participant != before {
                self.tell(place, Event::ParticipantChanged { room, participant });
            }
        }
    }

    /// Tells every participant but one.
    pub(crate) fn tell_room(&mut self, id: RoomId, but: DeviceId, event: &Event) {
        for (place, _) in self.others_in(id, but) {
            self.tell(place, event.clone());
        }
    }

    /// Every participant but one.
    fn others_in(&self, id: RoomId, but: DeviceId) -> Vec<(PlaceId, DeviceId)> {
        let seats = self.rooms.get(&id).into_iter().flat_map(|room| &room.seats);
        seats.filter(|seat| seat.device != but).map(|seat| (seat.place, seat.device)).collect()
    }

    pub(crate) fn check_in_room(&self, asker: Asker, room: RoomId) -> Result<(), ErrorCode> {
        let room = self.rooms.get(&room).ok_or(ErrorCode::RoomUnknown)?;
        if room.seats.iter().any(|seat| seat.place == asker.place) {
            Ok(())
        } else {
            Err(ErrorCode::NotInRoom)
        }
    }

    /// Whether a device may be in one more room.
    pub(crate) fn check_rooms_of(&self, device: DeviceId) -> Result<(), ErrorCode> {
        let places = self.devices.get(&device).into_iter().flat_map(|device| &device.places);
        let rooms: usize = places.filter_map(|place| Some(self.places.get(place)?.rooms.len())).sum();
        if rooms < MAX_ROOMS_PER_DEVICE as usize { Ok(()) } else { Err(ErrorCode::TooManyRooms) }
    }

    fn is_connected(&self, place: PlaceId) -> bool {
        self.places.get(&place).is_some_and(|place| place.connection.is_some())
    }
}
