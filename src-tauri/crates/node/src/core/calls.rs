//! Rooms the windows are in, rings made and received, and what of them goes into the history.

use earshot_identity::Place;
use earshot_protocol::hub::{LeaveReason, RingAnswer, RingEnd, RoomState};
use earshot_protocol::owner::Direction;
use earshot_protocol::{
    DeviceId, DeviceKind, ErrorCode, Event, FromNode, Media, OwnerEvent, Presence, Reply, Request, RequestId,
    RingId, RoomId, RoomRef,
};
use tokio::time::Instant;

use super::hubs::{HubKey, Pending, Purpose};
use super::{Core, now_ms, seconds_since};
use crate::store::NewCall;

/// A room that has moved is followed so often in a row.
const MAX_HOPS: u8 = 3;

/// A room that a window is in.
#[derive(Debug)]
pub(super) struct RoomSeat {
    pub(super) hub: HubKey,
    pub(super) window: u64,
    /// How the owner is in it.
    pub(super) media: Media,
    /// Participants beside the owner.
    pub(super) others: usize,
    /// The call's record, once its ring was accepted.
    pub(super) record: Option<u32>,
    /// Who was rung into it and is coming.
    pub(super) with: Option<DeviceId>,
    /// When somebody else was first in it.
    pub(super) since: Option<Instant>,
}

/// A room that a window knocks at, or waits for a place in.
#[derive(Debug)]
pub(super) struct WaitSeat {
    pub(super) hub: HubKey,
    pub(super) window: u64,
}

/// A ring that has not ended.
#[derive(Debug)]
pub(super) struct RingSeat {
    pub(super) hub: HubKey,
    /// The window that rings; none for a received ring, which is shown in all of them.
    pub(super) window: Option<u64>,
    pub(super) device: DeviceId,
    pub(super) name: String,
    pub(super) kind: DeviceKind,
    pub(super) media: Media,
    pub(super) at: u64,
    pub(super) room: RoomId,
}

/// A ring just accepted, whose room is not entered yet.
#[derive(Debug)]
pub(super) struct Accepted {
    room: RoomId,
    /// The call's record.
    record: Option<u32>,
    /// The caller and the name they gave, to be known once their key is proven.
    meets: Option<(DeviceId, String)>,
}

impl Core {
    /// Something happened at a hub.
    pub(super) fn hub_event(&mut self, hub: HubKey, event: Event) {
        match event {
            Event::PersonHere { presence } => self.server_person(hub, presence.device, Some(presence)),
            Event::PersonGone { device, .. } => self.server_person(hub, device, None),
            Event::RoomsChanged { here, gone, .. } => self.listing_changed(hub, here, gone),
            Event::Ringing { ring, from, room, media } => self.ring_received(hub, ring, from, room, media),
            Event::RingEnded { ring, end } => {
                if self.rings.get(&ring).is_some_and(|seat| seat.hub == hub) {
                    self.ring_ended(ring, end);
                }
            }
            Event::ParticipantSilent { .. } | Event::RoomSought { .. } | Event::RoomEmpty { .. } => {
                self.owner_event(hub, event);
            }
            // Only a node says so.
            Event::RoomMoved { .. } => {}
            Event::ParticipantJoined { room, .. }
            | Event::ParticipantReturned { room, .. }
            | Event::RoomYielded { room, .. }
            | Event::ParticipantChanged { room, .. }
            | Event::ParticipantLeft { room, .. }
            | Event::HostChanged { room, .. }
            | Event::RulesChanged { room, .. }
            | Event::Knocking { room, .. }
            | Event::KnockEnded { room, .. }
            | Event::Signal { room, .. } => self.room_event(hub, room, event),
            Event::RoomClosed { room, .. } if self.rooms.get(&room).is_some_and(|seat| seat.hub == hub) => {
                self.room_event(hub, room, event);
            }
            Event::RoomClosed { room, .. } | Event::LetIn { room } | Event::RoomHasPlace { room } => {
                if let Some(wait) = self.waits.remove(&room).filter(|wait| wait.hub == hub) {
                    self.windows.event(wait.window, event);
                }
            }
        }
    }

    fn room_event(&mut self, hub: HubKey, room: RoomId, event: Event) {
        // A hub speaks for its own rooms only.
        if self.rooms.get(&room).is_none_or(|seat| seat.hub != hub) || self.moving_event(room, &event) {
            return;
        }
        let Some(seat) = self.rooms.get_mut(&room) else { return };
        let window = seat.window;
        match event {
            Event::ParticipantJoined { .. } => {
                seat.others += 1;
                seat.since.get_or_insert_with(Instant::now);
            }
            Event::ParticipantLeft { .. } => seat.others = seat.others.saturating_sub(1),
            _ => {}
        }
        self.windows.event(window, event.clone());
        match event {
            Event::ParticipantJoined { participant, .. } | Event::ParticipantReturned { participant, .. } => {
                self.talk_joined(room, &participant);
            }
            Event::Knocking { participant, .. } => self.tell_standing_of(window, &participant),
            Event::ParticipantLeft { device, reason, .. } if is_over(reason) => self.talk_left(room, &device),
            Event::RoomClosed { reason, .. } => {
                self.room_left(room);
                // Where only the hub is gone, those who are connected talk on.
                if is_over(reason) {
                    self.talk_ends(window, room);
                }
            }
            _ => {}
        }
        self.announce_status();
    }

    fn ring_received(&mut self, hub: HubKey, ring: RingId, mut from: Presence, room: RoomRef, media: Media) {
        from.via = match hub {
            HubKey::Server => self.server_hub(),
            HubKey::Own => None,
            // A visitor is never rung by its host's hub.
            HubKey::Lan(_) => return,
        };
        // A hub may let through whom it was told to keep away, and say that one rings oneself.
        if self.memory.is_blocked(&from.device) || from.device == self.own {
            return;
        }
        let from = self.with_standing(from);
        if self.refuses(&from) {
            let answer = Request::AnswerRing { ring, answer: RingAnswer::Busy };
            self.ask(hub, None, Purpose::EndRing, answer);
            self.record(&NewCall {
                device: from.device,
                name: from.person.name,
                direction: Direction::Incoming,
                media,
                end: RingEnd::Busy,
                at: now_ms(),
            });
            return;
        }
        let seat = RingSeat {
            hub,
            window: None,
            device: from.device,
            name: from.person.name.clone(),
            kind: from.kind,
            media,
            at: now_ms(),
            room: room.room,
        };
        self.rings.insert(ring, seat);
        // The link is ready when the owner accepts. Only to somebody whose address we know by ourselves.
        if hub == HubKey::Own && room.hub.device == from.device && self.people.is_on_lan(&from.device) {
            // A link that cannot be had now is tried again, and its failure told, by the join.
            let _ = self.link_to(from.device, &[]);
        }
        self.windows.event_to_all(&Event::Ringing { ring, from, room, media });
    }

    /// Whether the owner does not want to hear of this ring. Whom they ring themselves is welcome.
    fn refuses(&self, from: &Presence) -> bool {
        let settings = self.settings.current();
        let unverified = settings.refuse_unverified && from.kind == DeviceKind::Transient;
        let unwanted = settings.do_not_disturb || settings.only_known && !self.memory.is_known(&from.device);
        unverified || unwanted && !self.is_with(&from.device)
    }

    fn ring_ended(&mut self, ring: RingId, end: RingEnd) {
        let Some(seat) = self.rings.remove(&ring) else { return };
        let direction = if seat.window.is_some() { Direction::Outgoing } else { Direction::Incoming };
        let accepted = end == RingEnd::Accepted;
        let event = Event::RingEnded { ring, end: end.clone() };
        match seat.window {
            Some(window) => self.windows.event(window, event),
            None => self.windows.event_to_all(&event),
        }
        // Both rang each other: the ring that was given up for the other is no missed call.
        if direction == Direction::Incoming && end == RingEnd::Cancelled && self.is_with(&seat.device) {
            return;
        }
        let record = self.record(&NewCall {
            device: seat.device,
            name: seat.name.clone(),
            direction,
            media: seat.media,
            end,
            at: seat.at,
        });
        if accepted {
            self.ring_accepted(seat, record);
        }
    }

    fn ring_accepted(&mut self, seat: RingSeat, record: Option<u32>) {
        let RingSeat { hub, device, name, kind, room, .. } = seat;
        // A server only says whose ring it is; a hub on the network is reached by nobody without the key.
        let meets = if hub == HubKey::Server {
            Some((device, name))
        } else {
            self.met(&device, &name, kind);
            None
        };
        match self.rooms.get_mut(&room) {
            Some(seat) => {
                if record.is_some() {
                    seat.record = record;
                }
                seat.with = Some(device);
                if let Some((device, name)) = meets {
                    self.talk_meets(room, device, name);
                }
            }
            // The join of an accepted ring comes a moment later.
            None => self.accepted = Some(Accepted { room, record, meets }),
        }
    }

    /// Whether a window rings this device, or is in a room that it was rung into.
    fn is_with(&self, device: &DeviceId) -> bool {
        self.rings.values().any(|ring| ring.window.is_some() && ring.device == *device)
            || self.rooms.values().any(|room| room.with.as_ref() == Some(device))
    }

    /// The answer to a request: what it means, and who is told.
    pub(super) fn finish(&mut self, pending: Pending, result: Result<Reply, ErrorCode>) {
        let Pending { hub, asker, purpose, again, .. } = pending;
        if let (Ok(Reply::Moved { to }), Some((request, times))) = (&result, again)
            && times < MAX_HOPS
        {
            match self.at_home(*request, to) {
                Ok((hub, request)) => return self.ask_again(hub, asker, purpose, request, times + 1),
                Err(code) => return self.finish_here(hub, asker, purpose, Err(code)),
            }
        }
        let result = match result {
            // In a circle, or where nothing of the kind was asked.
            Ok(Reply::Moved { .. }) if !matches!(purpose, Purpose::Return { .. }) => {
                Err(ErrorCode::RoomUnknown)
            }
            result => result,
        };
        self.finish_here(hub, asker, purpose, result);
    }

    fn finish_here(
        &mut self,
        hub: HubKey,
        asker: Option<(u64, RequestId)>,
        purpose: Purpose,
        result: Result<Reply, ErrorCode>,
    ) {
        let mut result = result;
        let mut entered = None;
        match purpose {
            Purpose::Create { media } | Purpose::Enter { media, .. } => {
                if let Ok(Reply::Room(state)) = &mut result {
                    match self.entered(hub, asker.map(|(window, _)| window), media, state) {
                        Ok(()) => entered = Some(state.room.room),
                        Err(code) => result = Err(code),
                    }
                } else if let (Purpose::Enter { room, .. }, Ok(Reply::Knocking)) = (&purpose, &result) {
                    self.waits_at(hub, asker.map(|(window, _)| window), *room);
                }
            }
            Purpose::Wait { room } if result.is_ok() => {
                self.waits_at(hub, asker.map(|(window, _)| window), room);
            }
            Purpose::Ring { to, media, room, at } => {
                let name = self.people.name(&to).unwrap_or_default().to_owned();
                match (&result, asker) {
                    (Ok(Reply::Ring { ring }), Some((window, _))) if self.windows.contains(window) => {
                        let kind = self.people.presence(&to).map(|presence| presence.kind);
                        let seat = RingSeat {
                            hub,
                            window: Some(window),
                            device: to,
                            name,
                            kind: kind.unwrap_or_default(),
                            media,
                            at,
                            room,
                        };
                        self.rings.insert(*ring, seat);
                    }
                    (Ok(Reply::Ring { ring }), _) => {
                        self.ask(hub, None, Purpose::EndRing, Request::CancelRing { ring: *ring });
                    }
                    // Given up before, and kept in the history then.
                    (Ok(_), _) | (Err(_), None) => {}
                    (Err(_), Some(_)) => {
                        let (direction, end) = (Direction::Outgoing, RingEnd::Gone);
                        self.record(&NewCall { device: to, name, direction, media, end, at });
                    }
                }
            }
            Purpose::Seek { room, device } => self.told_whereabouts(room, device, &result),
            Purpose::Return { room, to } => self.came_back(hub, room, to, &result),
            Purpose::Rejoin { room } => self.rejoined(room, &result),
            Purpose::End { .. } if result.is_err() => {}
            Purpose::Leave { room } | Purpose::End { room } => {
                self.moving_left(room);
                self.room_left(room);
                if let Some((window, _)) = asker {
                    self.talk_ends(window, room);
                }
            }
            Purpose::Find { finding } => return self.hub_searched(finding, hub, result),
            Purpose::Look | Purpose::Wait { .. } | Purpose::EndRing | Purpose::Other => {}
        }
        if let Some((window, id)) = asker {
            self.windows.answer(window, id, result);
        }
        if let Some(room) = entered {
            self.tell_standings(room);
        }
        self.announce_status();
    }

    fn entered(
        &mut self,
        hub: HubKey,
        window: Option<u64>,
        media: Media,
        state: &mut RoomState,
    ) -> Result<(), ErrorCode> {
        let room = state.room.room;
        let Some(window) = window.filter(|window| self.windows.contains(*window)) else {
            // The window closed while it was on its way in.
            self.ask(hub, None, Purpose::Other, Request::Leave { room });
            return Ok(());
        };
        // A hub has rooms of its own only: it may neither name another hub nor take another's room over.
        let place = self.hub_device(hub).map(|hub| Place { hub, room });
        let place = place.filter(|place| {
            state.room.hub.device == place.hub && self.rooms.get(&room).is_none_or(|seat| seat.hub == hub)
        });
        let Some(place) = place else {
            self.ask(hub, None, Purpose::Other, Request::Leave { room });
            return Err(ErrorCode::Malformed);
        };
        // Of a room that has moved, what is sealed names the hub that it was made at.
        let place = Place { hub: state.origin.unwrap_or(place.hub), room };
        let own = self.settings.current().ice_servers;
        state.ice_servers.extend(own);
        state.ice_servers.truncate(earshot_protocol::limits::MAX_ICE_SERVERS as usize);
        let others = state.participants.len();
        let accepted = self.accepted.take_if(|accepted| accepted.room == room);
        let (record, meets) = accepted.map_or((None, None), |accepted| (accepted.record, accepted.meets));
        let since = (others > 0).then(Instant::now);
        self.rooms.insert(room, RoomSeat { hub, window, media, others, with: None, record, since });
        self.moving_begins(hub, media, state);
        self.talk_begins(window, place, &state.participants, meets);
        Ok(())
    }

    /// A window waits before a room.
    fn waits_at(&mut self, hub: HubKey, window: Option<u64>, room: RoomId) {
        match window.filter(|window| self.windows.contains(*window)) {
            Some(window) => drop(self.waits.insert(room, WaitSeat { hub, window })),
            // The window closed meanwhile.
            None => self.ask(hub, None, Purpose::Other, Request::Withdraw { room }),
        }
    }

    /// A room is over for this device: its call gets its length.
    pub(super) fn room_left(&mut self, room: RoomId) {
        let Some(seat) = self.rooms.remove(&room) else { return };
        if let (Some(record), Some(since)) = (seat.record, seat.since) {
            if let Err(error) = self.store.set_seconds(record, seconds_since(since)) {
                tracing::warn!(%error, "a call's length could not be kept");
            }
            self.calls_changed();
        }
    }

    /// A hub no longer knows us: its rooms and rings are over.
    pub(super) fn hub_forgot(&mut self, hub: HubKey) {
        self.place_lost(hub);
        for room in self.rooms_at(hub) {
            if self.moving.contains_key(&room) {
                continue;
            }
            self.hub_event(hub, Event::RoomClosed { room, reason: LeaveReason::HubGone });
        }
    }

    pub(super) fn rooms_at(&self, hub: HubKey) -> Vec<RoomId> {
        self.rooms.iter().filter(|(_, seat)| seat.hub == hub).map(|(room, _)| *room).collect()
    }

    /// A hub no longer knows us: the rings there are over, and so is waiting before its rooms.
    pub(super) fn place_lost(&mut self, hub: HubKey) {
        let rings: Vec<RingId> =
            self.rings.iter().filter(|(_, seat)| seat.hub == hub).map(|(ring, _)| *ring).collect();
        for ring in rings {
            self.ring_ended(ring, RingEnd::Gone);
        }
        let waits: Vec<RoomId> =
            self.waits.iter().filter(|(_, wait)| wait.hub == hub).map(|(room, _)| *room).collect();
        self.hub_lost(hub);
        for room in waits {
            self.hub_event(hub, Event::RoomClosed { room, reason: LeaveReason::HubGone });
        }
    }

    /// A window has gone: its rooms are left, its rings cancelled.
    pub(super) fn detach(&mut self, window: u64) {
        if !self.windows.detach(window) {
            return;
        }
        let rings: Vec<(RingId, HubKey)> = self
            .rings
            .iter()
            .filter(|(_, seat)| seat.window == Some(window))
            .map(|(ring, seat)| (*ring, seat.hub))
            .collect();
        for (ring, hub) in rings {
            self.ask(hub, None, Purpose::EndRing, Request::CancelRing { ring });
        }
        let rooms: Vec<(RoomId, HubKey)> = self
            .rooms
            .iter()
            .filter(|(_, seat)| seat.window == window)
            .map(|(room, seat)| (*room, seat.hub))
            .collect();
        for (room, hub) in rooms {
            self.ask(hub, None, Purpose::Other, Request::Leave { room });
            self.moving_left(room);
            self.room_left(room);
        }
        let waits: Vec<(RoomId, HubKey)> = self
            .waits
            .iter()
            .filter(|(_, wait)| wait.window == window)
            .map(|(room, wait)| (*room, wait.hub))
            .collect();
        for (room, hub) in waits {
            self.ask(hub, None, Purpose::Other, Request::Withdraw { room });
            self.waits.remove(&room);
        }
        self.talks_end(window);
        self.announce_status();
    }

    /// In a call or not: others see it.
    pub(super) fn announce_status(&mut self) {
        let before = self.said_person.status;
        self.announce();
        if before != self.said_person.status {
            self.tell_state();
        }
    }

    fn record(&mut self, call: &NewCall) -> Option<u32> {
        match self.store.add_call(call) {
            Ok(id) => {
                self.calls_changed();
                Some(id)
            }
            Err(error) => {
                tracing::warn!(%error, "a call could not be kept in the history");
                None
            }
        }
    }

    /// Missed calls that nobody has looked at.
    pub(super) fn missed(&self) -> u32 {
        self.store.missed().unwrap_or_else(|error| {
            tracing::warn!(%error, "missed calls could not be counted");
            0
        })
    }

    pub(super) fn calls_changed(&mut self) {
        let missed = self.missed();
        self.windows.tell_all(&FromNode::Owner { event: OwnerEvent::CallsChanged { missed } });
    }

    /// The name that a device gives now.
    pub(super) fn remember(&mut self, device: &DeviceId, name: &str) {
        self.memory.heard_name(device, name);
    }
}

/// Whether somebody's part in a room has ended on purpose. Those who only lost their hub may talk on.
fn is_over(reason: LeaveReason) -> bool {
    matches!(reason, LeaveReason::Left | LeaveReason::Removed | LeaveReason::Ended)
}
