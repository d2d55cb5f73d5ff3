//! Rooms: who is in them, who runs them, and what participants tell each other.

use earshot_protocol::hub::{LeaveReason, Participant, RoomState, Signal};
use earshot_protocol::limits::{MAX_ROOMS, MAX_ROOMS_PER_DEVICE};
use earshot_protocol::{DeviceId, ErrorCode, Event, Media, Reply, RoomId, RoomRef};

use crate::place::PlaceId;
use crate::requests::Asker;
use crate::{Fresh, Hub};

/// A room; never empty.
#[derive(Debug)]
pub(crate) struct Room {
    /// One of the participants.
    pub(crate) host: DeviceId,
    pub(crate) capacity: u16,
    /// In the order of coming; few enough to be searched one by one.
    pub(crate) seats: Vec<Seat>,
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
        capacity: u16,
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
        self.rooms.insert(id, Room { host: asker.device, capacity, seats: vec![seat] });
        self.enter(asker, id);
        Ok(())
    }

    pub(crate) fn join(&mut self, asker: Asker, room: &RoomRef, media: Media) -> Result<(), ErrorCode> {
        if room.hub.device != self.config.hub {
            return Err(ErrorCode::RoomUnknown);
        }
        let id = room.room;
        let found = self.rooms.get(&id).ok_or(ErrorCode::RoomUnknown)?;
        match found.seats.iter().find(|seat| seat.device == asker.device) {
            Some(seat) if self.is_connected(seat.place) => {
                return Err(ErrorCode::AlreadyInRoom);
            }
            // The device has come anew while its seat waits for a dropped connection: it need not wait as well.
            Some(&abandoned) => self.give_up_seat(id, abandoned),
            None if found.seats.len() >= usize::from(found.capacity) => return Err(ErrorCode::RoomFull),
            None => self.check_rooms_of(asker.device)?,
        }
        let Some(found) = self.rooms.get_mut(&id) else { return Err(ErrorCode::RoomUnknown) };
        found.seats.push(Seat { device: asker.device, place: asker.place, media });
        self.enter(asker, id);
        for (place, viewer) in self.others_in(id, asker.device) {
            if let Some(participant) = self.participant(asker.device, media, viewer) {
                self.tell(place, Event::ParticipantJoined { room: id, participant });
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
            self.rooms.remove(&id);
            return;
        };
        let host = first.device;
        let host_left = room.host == device;
        if host_left {
            room.host = host;
        }
        self.tell_room(id, device, &Event::ParticipantLeft { room: id, device, reason });
        if host_left {
            self.tell_room(id, device, &Event::HostChanged { room: id, host });
        }
    }

    /// The hub ends.
    pub(crate) fn close_all_rooms(&mut self) {
        for (room, Room { seats, .. }) in std::mem::take(&mut self.rooms) {
            for seat in seats {
                self.tell(seat.place, Event::RoomClosed { room, reason: LeaveReason::HubGone });
            }
        }
    }

    /// Takes a seat from a place in its grace. The room stays even when nobody else is in it, with its host: the same
    /// device takes a seat at once.
    fn give_up_seat(&mut self, id: RoomId, seat: Seat) {
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
    fn enter(&mut self, asker: Asker, id: RoomId) {
        let hub = self.hub_ref();
        if let Some(place) = self.places.get_mut(&asker.place) {
            place.rooms.insert(id);
        }
        let Some(room) = self.rooms.get(&id) else { return };
        let others = room.seats.iter().filter(|seat| seat.device != asker.device);
        let state = RoomState {
            room: RoomRef { hub, room: id },
            host: room.host,
            capacity: room.capacity,
            participants: others
                .filter_map(|seat| self.participant(seat.device, seat.media, asker.device))
                .collect(),
            ice_servers: self.config.ice_servers.clone(),
        };
        self.ok(asker, Reply::Room(state));
    }

    /// A participant, as `viewer` is told of them.
    fn participant(&self, device: DeviceId, media: Media, viewer: DeviceId) -> Option<Participant> {
        let (person, kind) = self.person_for(device, viewer)?;
        Some(Participant { device, person, kind, media })
    }

    /// Tells every participant but one.
    fn tell_room(&mut self, id: RoomId, but: DeviceId, event: &Event) {
        for (place, _) in self.others_in(id, but) {
            self.tell(place, event.clone());
        }
    }

    /// Every participant but one.
    fn others_in(&self, id: RoomId, but: DeviceId) -> Vec<(PlaceId, DeviceId)> {
        let seats = self.rooms.get(&id).into_iter().flat_map(|room| &room.seats);
        seats.filter(|seat| seat.device != but).map(|seat| (seat.place, seat.device)).collect()
    }

    fn check_in_room(&self, asker: Asker, room: RoomId) -> Result<(), ErrorCode> {
        let room = self.rooms.get(&room).ok_or(ErrorCode::RoomUnknown)?;
        if room.seats.iter().any(|seat| seat.place == asker.place) {
            Ok(())
        } else {
            Err(ErrorCode::NotInRoom)
        }
    }

    /// Whether a device may be in one more room.
    fn check_rooms_of(&self, device: DeviceId) -> Result<(), ErrorCode> {
        let places = self.devices.get(&device).into_iter().flat_map(|device| &device.places);
        let rooms: usize = places.filter_map(|place| Some(self.places.get(place)?.rooms.len())).sum();
        if rooms < MAX_ROOMS_PER_DEVICE as usize { Ok(()) } else { Err(ErrorCode::TooManyRooms) }
    }

    fn is_connected(&self, place: PlaceId) -> bool {
        self.places.get(&place).is_some_and(|place| place.connection.is_some())
    }
}
