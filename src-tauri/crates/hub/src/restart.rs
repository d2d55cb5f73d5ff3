//! Rooms that outlive a restart of the hub that holds them. Nobody is in them until somebody who was comes back.

use std::collections::{BTreeMap, BTreeSet};

use earshot_protocol::limits::{MAX_PARTICIPANTS, MAX_REMEMBERED, MAX_ROOMS, ROOM_KEPT};
use earshot_protocol::room::HeldRoom;
use earshot_protocol::{DeviceId, ErrorCode, Media, RoomId};

use crate::moves::HOST_TIME;
use crate::rate::Rate;
use crate::requests::Asker;
use crate::rooms::Room;
use crate::{Config, Hub, Time};

/// The rooms of the hub before this one that nobody has come back to yet.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    rooms: BTreeMap<RoomId, HeldRoom>,
    /// Set by the first input.
    until: Option<Time>,
}

impl Kept {
    pub(crate) fn len(&self) -> usize {
        self.rooms.len()
    }

    pub(crate) fn deadline(&self) -> Option<Time> {
        self.until.filter(|_| !self.rooms.is_empty())
    }

    pub(crate) fn forget_old(&mut self, now: Time) {
        if *self.until.get_or_insert(now.after(ROOM_KEPT)) <= now {
            self.rooms.clear();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.rooms.clear();
    }
}

impl Hub {
    /// A hub that goes on where one with the same device id has ended: whoever was in one of `rooms` finds it by `return`,
    /// for [`ROOM_KEPT`] from the first input on. What is beyond the protocol's bounds is left out.
    #[must_use]
    pub fn with_rooms(config: Config, rooms: Vec<HeldRoom>) -> Self {
        let mut hub = Self::new(config);
        let good = rooms.into_iter().filter(|room| room.check().is_ok()).take(MAX_ROOMS as usize);
        hub.kept.rooms = good.map(|held| (held.room, held)).collect();
        hub
    }

    /// What a hub that follows this one has to know of its rooms, ordered by id.
    #[must_use]
    pub fn kept_rooms(&self) -> Vec<HeldRoom> {
        let open = self.rooms.iter().map(|(id, room)| (*id, self.as_held(*id, room)));
        let kept = self.kept.rooms.iter().map(|(id, held)| (*id, held.clone()));
        kept.chain(open).collect::<BTreeMap<_, _>>().into_values().collect()
    }

    fn as_held(&self, id: RoomId, room: &Room) -> HeldRoom {
        let most = MAX_REMEMBERED as usize;
        let inside: BTreeSet<DeviceId> = room.seats.iter().map(|seat| seat.device).collect();
        // Until they are here, who ran it is waited for.
        let wanted = room.wanted_host.filter(|(_, until)| self.now < *until);
        let others = room.admitted.iter().filter(|device| !inside.contains(device)).copied();
        HeldRoom {
            room: id,
            epoch: room.epoch,
            origin: room.origin.unwrap_or(self.config.hub),
            rules: room.rules.clone(),
            host: wanted.map_or(room.host, |(host, _)| host),
            founder: room.founder,
            members: inside.iter().copied().chain(others).take(most).collect(),
            removed: room.removed.iter().copied().take(most).collect(),
            // Each says anew how they are in it.
            media: Media::Voice,
        }
    }

    /// Opens a room of before for who was in it.
    pub(crate) fn reopen(&mut self, asker: Asker, id: RoomId, media: Media) -> Result<(), ErrorCode> {
        let known = self.kept.rooms.get(&id).is_some_and(|held| held.members.contains(&asker.device));
        if !known {
            return Err(ErrorCode::RoomUnknown);
        }
        if self.rooms.len() >= MAX_ROOMS as usize {
            return Err(ErrorCode::TooManyRooms);
        }
        self.check_rooms_of(asker.device)?;
        let held = self.kept.rooms.remove(&id).ok_or(ErrorCode::RoomUnknown)?;
        let admitted: BTreeSet<DeviceId> = held.members.into_iter().collect();
        let room = Room {
            rules: held.rules,
            host: asker.device,
            founder: held.founder,
            seats: Vec::with_capacity(MAX_PARTICIPANTS as usize),
            outside: Vec::new(),
            removed: held.removed.into_iter().filter(|device| !admitted.contains(device)).collect(),
            admitted,
            wrong_passwords: Rate::default(),
            epoch: held.epoch,
            origin: Some(held.origin).filter(|origin| *origin != self.config.hub),
            outlived: true,
            wanted_host: (held.host != asker.device).then(|| (held.host, self.now.after(HOST_TIME))),
        };
        self.rooms.insert(id, room);
        self.take_seat(asker, id, media, true)
    }
}
