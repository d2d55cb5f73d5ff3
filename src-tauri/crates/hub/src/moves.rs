//! Rooms that move from hub to hub. Who holds one next is decided in [`crate::succession`]; here is what the hubs do.

use earshot_protocol::hub::LeaveReason;
use earshot_protocol::limits::{IDLE_TIMEOUT, MAX_PARTICIPANTS, MAX_ROOMS, ROOM_IDLE_TIMEOUT};
use earshot_protocol::room::{HeldRoom, Home, Whereabouts};
use earshot_protocol::{DeviceId, ErrorCode, Event, Media, Reply, RoomId, RoomRef};

use crate::Hub;
use crate::door::Entry;
use crate::place::{Place, PlaceId};
use crate::rate::Rate;
use crate::requests::Asker;
use crate::rooms::{Room, Seat};

/// Rooms held elsewhere of which the owner's hub can tell.
pub(crate) const MAX_KNOWN: usize = 64;

/// How long a room that has moved waits for its host to come after it, ms; then whoever holds it runs it.
pub(crate) const HOST_TIME: u32 = 10_000;

impl Hub {
    /// Opens a room that another hub held.
    pub(crate) fn hold_room(&mut self, asker: Asker, held: HeldRoom) -> Result<(), ErrorCode> {
        self.check_owner(asker)?;
        // Nobody holds a room for the second time that has never moved.
        if held.epoch == 0 {
            return Err(ErrorCode::Malformed);
        }
        let id = held.room;
        if let Some(room) = self.rooms.get(&id) {
            // Held here already, and found again by its owner.
            if held.epoch <= room.epoch {
                return Err(ErrorCode::AlreadyInRoom);
            }
            let seat = room.seats.iter().find(|seat| seat.device == asker.device).map(|seat| seat.place);
            let full = room.seats.len() >= MAX_PARTICIPANTS as usize;
            match seat {
                Some(place) if place == asker.place => self.enter(asker, id),
                Some(_) => return Err(ErrorCode::AlreadyInRoom),
                None if full => return Err(ErrorCode::RoomFull),
                None => {
                    self.check_rooms_of(asker.device)?;
                    self.take_seat(asker, id, held.media, true)?;
                }
            }
            if let Some(room) = self.rooms.get_mut(&id) {
                room.epoch = held.epoch;
                room.outlived = true;
            }
            return Ok(());
        }
        if self.rooms.len() >= MAX_ROOMS as usize {
            return Err(ErrorCode::TooManyRooms);
        }
        self.check_rooms_of(asker.device)?;
        let own = asker.device;
        let mut admitted: std::collections::BTreeSet<_> = held.members.into_iter().collect();
        let removed = held.removed.into_iter().filter(|device| *device != own && !admitted.contains(device));
        let removed = removed.collect();
        admitted.insert(own);
        let room = Room {
            rules: held.rules,
            host: own,
            founder: held.founder,
            seats: vec![Seat { device: own, place: asker.place, media: held.media }],
            outside: Vec::new(),
            admitted,
            removed,
            wrong_passwords: Rate::default(),
            epoch: held.epoch,
            origin: Some(held.origin),
            outlived: true,
            wanted_host: (held.host != own).then(|| (held.host, self.now.after(HOST_TIME))),
        };
        self.whereabouts.remove(&id);
        self.rooms.insert(id, room);
        self.enter(asker, id);
        Ok(())
    }

    /// Sends everybody in a room to another hub.
    pub(crate) fn yield_room(&mut self, asker: Asker, id: RoomId, to: Home) -> Result<(), ErrorCode> {
        self.check_owner(asker)?;
        if to.hub.device == self.config.hub {
            return Err(ErrorCode::Malformed);
        }
        let room = self.rooms.remove(&id).ok_or(ErrorCode::RoomUnknown)?;
        self.ok(asker, Reply::Done);
        for seat in room.seats {
            if let Some(place) = self.places.get_mut(&seat.place) {
                place.rooms.remove(&id);
            }
            if seat.place != asker.place {
                self.tell(seat.place, Event::RoomYielded { room: id, to: to.clone() });
            }
        }
        for waiter in room.outside {
            if let Some(place) = self.places.get_mut(&waiter.place) {
                place.outside.remove(&id);
            }
            self.tell(waiter.place, Event::RoomClosed { room: id, reason: LeaveReason::HubGone });
        }
        self.know(id, Whereabouts::In { home: to });
        Ok(())
    }

    /// Takes back somebody who was in a room before it moved, or whose place here was lost.
    pub(crate) fn come_back_to(
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
        let Some(found) = self.rooms.get(&id) else { return self.reopen(asker, id, media) };
        if let Some(&seat) = found.seats.iter().find(|seat| seat.device == asker.device) {
            if seat.place == asker.place {
                self.enter(asker, id);
                return Ok(());
            }
            // The device says itself that it has come anew.
            self.give_up_seat(id, seat);
        } else {
            self.check_rooms_of(asker.device)?;
            let known = found.outlived && found.admitted.contains(&asker.device);
            if !known || found.seats.len() >= MAX_PARTICIPANTS as usize {
                match self.try_door(id, asker.device, password)? {
                    Entry::In => {}
                    Entry::Knock => return self.knock(asker, id, media),
                }
            }
        }
        self.take_seat(asker, id, media, true)?;
        let now = self.now;
        let wanted = self.rooms.get_mut(&id).and_then(|room| room.wanted_host);
        if wanted.is_some_and(|(host, until)| host == asker.device && now < until) {
            self.make_host(id, asker.device);
        }
        Ok(())
    }

    /// Says where a room is, and tells the owner who wants to know.
    pub(crate) fn where_is(
        &mut self,
        asker: Asker,
        id: RoomId,
        home: Home,
        inside: bool,
    ) -> Result<(), ErrorCode> {
        let whereabouts = match self.rooms.get(&id) {
            Some(room) => Whereabouts::In { home: self.home(room.epoch) },
            None => self.whereabouts.get(&id).cloned().ok_or(ErrorCode::RoomUnknown)?,
        };
        self.ok(asker, Reply::Whereabouts { whereabouts });
        self.tell_owner(&Event::RoomSought { room: id, by: asker.device, home, inside });
        Ok(())
    }

    pub(crate) fn set_whereabouts(
        &mut self,
        asker: Asker,
        id: RoomId,
        whereabouts: Option<Whereabouts>,
    ) -> Result<(), ErrorCode> {
        self.check_owner(asker)?;
        self.ok(asker, Reply::Done);
        match whereabouts {
            // What is held here is known better.
            Some(_) if self.rooms.contains_key(&id) => {}
            Some(whereabouts) => self.know(id, whereabouts),
            None => drop(self.whereabouts.remove(&id)),
        }
        Ok(())
    }

    fn know(&mut self, id: RoomId, whereabouts: Whereabouts) {
        if self.whereabouts.len() < MAX_KNOWN || self.whereabouts.contains_key(&id) {
            self.whereabouts.insert(id, whereabouts);
        }
    }

    /// Whether a room is known to be held by another hub: then the asker has been told where.
    pub(crate) fn is_elsewhere(&mut self, asker: Asker, id: RoomId) -> bool {
        if self.rooms.contains_key(&id) {
            return false;
        }
        let Some(Whereabouts::In { home }) = self.whereabouts.get(&id) else { return false };
        let to = home.clone();
        let elsewhere = to.hub.device != self.config.hub;
        if elsewhere {
            self.ok(asker, Reply::Moved { to });
        }
        elsewhere
    }

    fn check_owner(&self, asker: Asker) -> Result<(), ErrorCode> {
        if self.config.owner == Some(asker.device) { Ok(()) } else { Err(ErrorCode::NotAllowed) }
    }

    /// A room that its owner has left, and that their hub held for others, is over.
    pub(crate) fn tell_owner_of_end(&mut self, id: RoomId, last: DeviceId) {
        if self.config.owner.is_some_and(|owner| owner != last) {
            self.tell_owner(&Event::RoomEmpty { room: id });
        }
    }

    pub(crate) fn tell_owner_of_silence(&mut self, place: PlaceId, silent: bool) {
        let Some(place) = self.places.get(&place) else { return };
        let device = place.device;
        if self.config.owner == Some(device) {
            return;
        }
        for room in place.rooms.clone() {
            self.tell_owner(&Event::ParticipantSilent { room, device, silent });
        }
    }

    fn tell_owner(&mut self, event: &Event) {
        let Some(owner) = self.config.owner else { return };
        let places = self.devices.get(&owner).map(|device| device.places.clone()).unwrap_or_default();
        for place in places {
            self.tell(place, event.clone());
        }
    }

    /// How long a visitor may be silent, ms. Who is in a room of an install's pings often.
    pub(crate) fn idle_timeout(&self, place: &Place) -> u32 {
        let in_a_room = !place.rooms.is_empty();
        let visits = self.config.owner.is_some_and(|owner| owner != place.device);
        if in_a_room && visits { ROOM_IDLE_TIMEOUT } else { IDLE_TIMEOUT }
    }

    /// A place has come into a room, or back to one: its timer may be too late.
    pub(crate) fn expect_sooner(&mut self, id: PlaceId) {
        let Some(place) = self.places.get(&id).filter(|place| place.connection.is_some()) else { return };
        let due = place.heard.after(self.idle_timeout(place));
        if due < place.timer {
            self.set_timer(id, due.max(self.now));
        }
    }

    /// This hub as a home of a room.
    fn home(&self, epoch: u32) -> Home {
        Home { hub: self.hub_ref(), epoch }
    }
}
