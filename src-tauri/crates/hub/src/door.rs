//! The doors of rooms: who comes in, who waits before them, and what their hosts set.

use earshot_protocol::hub::LeaveReason;
use earshot_protocol::limits::{MAX_REMEMBERED, MAX_ROOMS_PER_DEVICE, MAX_WAITING, MAX_WRONG_PASSWORDS};
use earshot_protocol::room::{Door, RoomRules};
use earshot_protocol::{DeviceId, ErrorCode, Event, Media, Reply, RoomId, RoomRef};

use crate::Hub;
use crate::place::PlaceId;
use crate::requests::Asker;
use crate::rooms::Room;

/// A device before a room; once before each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiter {
    pub(crate) device: DeviceId,
    pub(crate) place: PlaceId,
    pub(crate) wants: Wants,
}

/// What a waiter waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wants {
    /// To be let in. `told`: the host of now has heard it.
    In { media: Media, told: bool },
    /// A free place.
    Place,
}

/// What comes of a wish to come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    In,
    Knock,
}

impl Hub {
    /// Whether a device that has no seat may take one.
    pub(crate) fn try_door(
        &mut self,
        id: RoomId,
        device: DeviceId,
        password: Option<&str>,
    ) -> Result<Entry, ErrorCode> {
        let now = self.now;
        let room = self.rooms.get_mut(&id).ok_or(ErrorCode::RoomUnknown)?;
        let known = room.admitted.contains(&device);
        if !known && room.removed.contains(&device) {
            return Err(ErrorCode::RoomRemoved);
        }
        if room.seats.len() >= usize::from(room.rules.capacity) {
            return Err(ErrorCode::RoomFull);
        }
        if known {
            return Ok(Entry::In);
        }
        if room.rules.door == Door::Locked {
            return Err(ErrorCode::RoomLocked);
        }
        if let (Some(wanted), Some(given)) = (&room.rules.password, password) {
            if room.wrong_passwords.counted(now) >= MAX_WRONG_PASSWORDS {
                return Err(ErrorCode::TooManyRequests);
            }
            if same(wanted, given) {
                return Ok(Entry::In);
            }
            room.wrong_passwords.count(now);
            return Err(ErrorCode::PasswordWrong);
        }
        match room.rules.door {
            Door::Open if room.rules.password.is_some() => Err(ErrorCode::PasswordNeeded),
            Door::Open => Ok(Entry::In),
            Door::Knock | Door::Locked => Ok(Entry::Knock),
        }
    }

    /// Asks the host to let somebody in.
    pub(crate) fn knock(&mut self, asker: Asker, id: RoomId, media: Media) -> Result<(), ErrorCode> {
        self.check_may_wait(asker.device, id)?;
        self.ok(asker, Reply::Knocking);
        self.wait(asker, id, Wants::In { media, told: false });
        self.tell_knocks(id);
        Ok(())
    }

    pub(crate) fn look_at(&mut self, asker: Asker, room: &RoomRef) -> Result<(), ErrorCode> {
        if self.is_elsewhere(asker, room.room) {
            return Ok(());
        }
        let summary = self.room_of(room)?.summary();
        self.ok(asker, Reply::Summary(summary));
        Ok(())
    }

    pub(crate) fn wait_for_place(&mut self, asker: Asker, room: &RoomRef) -> Result<(), ErrorCode> {
        let found = self.room_of(room)?;
        if found.seats.iter().any(|seat| seat.device == asker.device) {
            return Err(ErrorCode::AlreadyInRoom);
        }
        if found.removed.contains(&asker.device) {
            return Err(ErrorCode::RoomRemoved);
        }
        let id = room.room;
        self.check_may_wait(asker.device, id)?;
        self.ok(asker, Reply::Done);
        self.wait(asker, id, Wants::Place);
        self.tell_of_place(id);
        Ok(())
    }

    pub(crate) fn withdraw(&mut self, asker: Asker, id: RoomId) -> Result<(), ErrorCode> {
        let room = self.rooms.get(&id).ok_or(ErrorCode::RoomUnknown)?;
        if !room.outside.iter().any(|waiter| waiter.place == asker.place) {
            return Err(ErrorCode::NotInRoom);
        }
        self.ok(asker, Reply::Done);
        self.wait_no_longer(id, asker.device);
        Ok(())
    }

    pub(crate) fn set_rules(&mut self, asker: Asker, id: RoomId, rules: RoomRules) -> Result<(), ErrorCode> {
        let room = self.check_host(asker, id)?;
        if room.seats.len() > usize::from(rules.capacity) {
            return Err(ErrorCode::RoomFull);
        }
        let changed = room.rules != rules;
        room.rules = rules.clone();
        let opened = rules.door == Door::Open && rules.password.is_none();
        self.ok(asker, Reply::Done);
        if changed {
            self.tell_room(id, asker.device, &Event::RulesChanged { room: id, rules });
        }
        if opened {
            let knocking: Vec<DeviceId> = self.knocking(id).collect();
            for device in knocking {
                self.let_in(id, device);
            }
        }
        self.tell_of_place(id);
        Ok(())
    }

    pub(crate) fn admit(&mut self, asker: Asker, id: RoomId, device: DeviceId) -> Result<(), ErrorCode> {
        self.check_in_room(asker, id)?;
        let room = self.rooms.get_mut(&id).ok_or(ErrorCode::RoomUnknown)?;
        let may = room.rules.door != Door::Locked && !room.removed.contains(&device);
        if room.host != asker.device && !may {
            return Err(ErrorCode::NotHost);
        }
        if room.admitted.len() >= MAX_REMEMBERED as usize && !room.admitted.contains(&device) {
            return Err(ErrorCode::RoomBusy);
        }
        room.removed.remove(&device);
        room.admitted.insert(device);
        self.ok(asker, Reply::Done);
        if self.knocking(id).any(|one| one == device) {
            self.let_in(id, device);
        }
        Ok(())
    }

    pub(crate) fn remove(&mut self, asker: Asker, id: RoomId, device: DeviceId) -> Result<(), ErrorCode> {
        let room = self.check_host(asker, id)?;
        let seat = room.seats.iter().find(|seat| seat.device == device).map(|seat| seat.place);
        let outside = room.outside.iter().find(|waiter| waiter.device == device).map(|waiter| waiter.place);
        let place =
            seat.or(outside).filter(|_| device != asker.device).ok_or(ErrorCode::ParticipantUnknown)?;
        room.admitted.remove(&device);
        // Beyond that they are out all the same, and the host may lock the door.
        if room.removed.len() < MAX_REMEMBERED as usize {
            room.removed.insert(device);
        }
        self.ok(asker, Reply::Done);
        let reason = LeaveReason::Removed;
        if seat.is_some() {
            if let Some(place) = self.places.get_mut(&place) {
                place.rooms.remove(&id);
            }
            self.tell(place, Event::RoomClosed { room: id, reason });
            self.vacate(id, device, reason);
        } else {
            self.wait_no_longer(id, device);
            self.tell(place, Event::RoomClosed { room: id, reason });
        }
        Ok(())
    }

    pub(crate) fn hand_over(&mut self, asker: Asker, id: RoomId, to: DeviceId) -> Result<(), ErrorCode> {
        let room = self.check_host(asker, id)?;
        if !room.seats.iter().any(|seat| seat.device == to) {
            return Err(ErrorCode::ParticipantUnknown);
        }
        self.ok(asker, Reply::Done);
        self.make_host(id, to);
        Ok(())
    }

    pub(crate) fn take_host(&mut self, asker: Asker, id: RoomId) -> Result<(), ErrorCode> {
        self.check_in_room(asker, id)?;
        if self.rooms.get(&id).is_none_or(|room| room.founder != asker.device) {
            return Err(ErrorCode::NotAllowed);
        }
        self.ok(asker, Reply::Done);
        self.make_host(id, asker.device);
        Ok(())
    }

    pub(crate) fn end_room(&mut self, asker: Asker, id: RoomId) -> Result<(), ErrorCode> {
        self.check_host(asker, id)?;
        self.ok(asker, Reply::Done);
        self.tell_room(id, asker.device, &Event::RoomClosed { room: id, reason: LeaveReason::Ended });
        let seats = self.rooms.get_mut(&id).map(|room| std::mem::take(&mut room.seats));
        for seat in seats.into_iter().flatten() {
            if let Some(place) = self.places.get_mut(&seat.place) {
                place.rooms.remove(&id);
            }
        }
        self.close_room(id);
        Ok(())
    }

    /// Takes away a room that nobody is in, and tells those before it.
    pub(crate) fn close_room(&mut self, id: RoomId) {
        let Some(room) = self.rooms.remove(&id) else { return };
        for waiter in room.outside {
            if let Some(place) = self.places.get_mut(&waiter.place) {
                place.outside.remove(&id);
            }
            self.tell(waiter.place, Event::RoomClosed { room: id, reason: LeaveReason::Ended });
        }
    }

    /// Makes a participant the host, if they are not, and tells everybody.
    pub(crate) fn make_host(&mut self, id: RoomId, host: DeviceId) {
        let Some(room) = self.rooms.get_mut(&id).filter(|room| room.host != host) else { return };
        room.host = host;
        let places: Vec<PlaceId> = room.seats.iter().map(|seat| seat.place).collect();
        for waiter in &mut room.outside {
            if let Wants::In { told, .. } = &mut waiter.wants {
                *told = false;
            }
        }
        for place in places {
            self.tell(place, Event::HostChanged { room: id, host });
        }
        self.tell_knocks(id);
    }

    /// Tells those who wait for a place that there is one; each once.
    pub(crate) fn tell_of_place(&mut self, id: RoomId) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        if room.seats.len() >= usize::from(room.rules.capacity) {
            return;
        }
        let all: Vec<Waiter> = room.outside.extract_if(.., |one| matches!(one.wants, Wants::Place)).collect();
        for waiter in all {
            if let Some(place) = self.places.get_mut(&waiter.place) {
                place.outside.remove(&id);
            }
            self.tell(waiter.place, Event::RoomHasPlace { room: id });
        }
    }

    /// A device is no longer before a room, for whatever reason; the host is told, the device is not.
    pub(crate) fn wait_no_longer(&mut self, id: RoomId, device: DeviceId) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        let Some(index) = room.outside.iter().position(|waiter| waiter.device == device) else { return };
        let waiter = room.outside.remove(index);
        let host = room.host_place();
        if let Some(place) = self.places.get_mut(&waiter.place) {
            place.outside.remove(&id);
        }
        if let (Wants::In { told: true, .. }, Some(host)) = (waiter.wants, host) {
            self.tell(host, Event::KnockEnded { room: id, device });
        }
    }

    /// A device has blocked others, or takes them back: what it hears of those who knock changes.
    pub(crate) fn hush_knocks(&mut self, host: DeviceId) {
        let hosted: Vec<RoomId> =
            self.rooms.iter().filter(|(_, room)| room.host == host).map(|(id, _)| *id).collect();
        for id in hosted {
            let Some(blocked) = self.devices.get(&host).map(|known| &known.blocked) else { return };
            let Some(room) = self.rooms.get_mut(&id) else { continue };
            let place = room.host_place();
            let mut hushed = Vec::new();
            for waiter in &mut room.outside {
                if let Wants::In { told, .. } = &mut waiter.wants
                    && *told
                    && blocked.contains(&waiter.device)
                {
                    *told = false;
                    hushed.push(waiter.device);
                }
            }
            for device in hushed {
                if let Some(place) = place {
                    self.tell(place, Event::KnockEnded { room: id, device });
                }
            }
            self.tell_knocks(id);
        }
    }

    /// Tells the host of everybody who knocks and of whom they have not heard. Who is blocked knocks unheard.
    fn tell_knocks(&mut self, id: RoomId) {
        let Some(room) = self.rooms.get(&id) else { return };
        let Some(place) = room.host_place() else { return };
        let host = room.host;
        let is_blocked = |device| self.devices.get(&host).is_some_and(|known| known.blocked.contains(device));
        let unheard: Vec<(DeviceId, Media)> = room
            .outside
            .iter()
            .filter_map(|waiter| match waiter.wants {
                Wants::In { media, told: false } if !is_blocked(&waiter.device) => {
                    Some((waiter.device, media))
                }
                _ => None,
            })
            .collect();
        for (device, media) in unheard {
            let Some(participant) = self.participant(device, None, media, host) else { continue };
            self.tell(place, Event::Knocking { room: id, participant });
            let waiters = self.rooms.get_mut(&id).map(|room| &mut room.outside);
            for waiter in waiters.into_iter().flatten().filter(|waiter| waiter.device == device) {
                waiter.wants = Wants::In { media, told: true };
            }
        }
    }

    /// Opens the door to somebody who knocks.
    fn let_in(&mut self, id: RoomId, device: DeviceId) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        let Some(place) = room.outside.iter().find(|one| one.device == device).map(|one| one.place) else {
            return;
        };
        if room.admitted.len() < MAX_REMEMBERED as usize {
            room.admitted.insert(device);
        }
        self.wait_no_longer(id, device);
        self.tell(place, Event::LetIn { room: id });
    }

    fn knocking(&self, id: RoomId) -> impl Iterator<Item = DeviceId> {
        let outside = self.rooms.get(&id).into_iter().flat_map(|room| &room.outside);
        outside.filter(|one| matches!(one.wants, Wants::In { .. })).map(|one| one.device)
    }

    /// Puts a device before a room. Where it waited already, it waits for this instead.
    fn wait(&mut self, asker: Asker, id: RoomId, wants: Wants) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        let before = room.outside.iter().find(|one| one.device == asker.device).map(|one| one.place);
        if let Some(before) = before {
            self.wait_no_longer(id, asker.device);
            if before != asker.place {
                self.tell(before, Event::RoomClosed { room: id, reason: LeaveReason::Left });
            }
        }
        let waiter = Waiter { device: asker.device, place: asker.place, wants };
        if let Some(room) = self.rooms.get_mut(&id) {
            room.outside.push(waiter);
        }
        if let Some(place) = self.places.get_mut(&asker.place) {
            place.outside.insert(id);
        }
    }

    fn check_may_wait(&self, device: DeviceId, id: RoomId) -> Result<(), ErrorCode> {
        let room = self.rooms.get(&id).ok_or(ErrorCode::RoomUnknown)?;
        if room.outside.iter().any(|waiter| waiter.device == device) {
            return Ok(());
        }
        let places = self.devices.get(&device).into_iter().flat_map(|device| &device.places);
        let waits: usize = places.filter_map(|place| Some(self.places.get(place)?.outside.len())).sum();
        if room.outside.len() >= MAX_WAITING as usize {
            Err(ErrorCode::RoomBusy)
        } else if waits >= MAX_ROOMS_PER_DEVICE as usize {
            Err(ErrorCode::TooManyRooms)
        } else {
            Ok(())
        }
    }

    fn check_host(&mut self, asker: Asker, id: RoomId) -> Result<&mut Room, ErrorCode> {
        self.check_in_room(asker, id)?;
        let room = self.rooms.get_mut(&id).ok_or(ErrorCode::RoomUnknown)?;
        if room.host == asker.device { Ok(room) } else { Err(ErrorCode::NotHost) }
    }

    fn room_of(&self, room: &RoomRef) -> Result<&Room, ErrorCode> {
        let found = self.rooms.get(&room.room).filter(|_| room.hub.device == self.config.hub);
        found.ok_or(ErrorCode::RoomUnknown)
    }
}

/// Compares without stopping at the first difference: the time taken tells the length at most.
fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let difference = one.iter().zip(other).fold(0, |difference, (a, b)| difference | (a ^ b));
    std::hint::black_box(difference) == 0 && one.len() == other.len()
}
