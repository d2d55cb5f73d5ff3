//! Rooms that outlive the hub that holds them: does what [`Succession`] says, and tells it what came of it.
//!
//! Invariants:
//! * There is an entry for each room on the network that a window is in, and for each that the own hub holds for others
//!   after the owner has left.
//! * A window is told that somebody is gone when they left, or by [`Step::Gone`]; never because a hub is gone.
//! * What an answer says of where a room is leads to a device whose key is proven before it is spoken to.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use earshot_hub::Time;
use earshot_hub::succession::{Happened, Incarnation, Step, Succession, Whereabouts};
use earshot_protocol::hub::{LeaveReason, Participant, RoomState};
use earshot_protocol::limits::{MAX_ICE_SERVERS, MAX_REMEMBERED};
use earshot_protocol::{
    DeviceId, DeviceKind, ErrorCode, Event, HeldRoom, Home, HubRef, Media, Reply, Request, RoomId, RoomRef,
    RoomRules,
};
use tokio::time::Instant;

use super::Core;
use super::hubs::{HubKey, Purpose};

/// A room that can move.
#[derive(Debug)]
pub(super) struct Moving {
    succession: Succession,
    /// As its hub said last.
    rules: RoomRules,
    host: DeviceId,
    founder: DeviceId,
    /// The hub that it was made at.
    origin: DeviceId,
    media: Media,
    /// Where hubs are reached, as participants say.
    hubs: HashMap<DeviceId, HubRef>,
    removed: Vec<DeviceId>,
    /// Whom the window takes for present.
    shown: BTreeSet<DeviceId>,
    /// What the own hub was told to answer to whoever seeks it.
    said: Option<earshot_protocol::Whereabouts>,
}

impl Moving {
    fn learn(&mut self, participant: &Participant) {
        if let Some(hub) = participant.hub.as_ref().filter(|hub| hub.device == participant.device) {
            self.hubs.insert(hub.device, hub.clone());
        }
    }

    fn learn_state(&mut self, state: &RoomState) {
        self.rules = state.rules.clone();
        self.host = state.host;
        self.founder = state.founder;
        self.hubs.insert(state.room.hub.device, state.room.hub.clone());
        for participant in &state.participants {
            self.learn(participant);
        }
    }

    fn home_of(&self, Incarnation { epoch, hub }: Incarnation) -> Home {
        let known = self.hubs.get(&hub).cloned();
        Home { hub: known.unwrap_or_else(|| HubRef { device: hub, addresses: Vec::new() }), epoch }
    }
}

fn incarnation(home: &Home) -> Incarnation {
    Incarnation { epoch: home.epoch, hub: home.hub.device }
}

fn members(own: DeviceId, state: &RoomState) -> Vec<DeviceId> {
    let others = state.participants.iter().filter(|one| one.kind == DeviceKind::Install);
    others.map(|one| one.device).chain([own]).collect()
}

impl Core {
    fn moving_now(&self) -> Time {
        Time(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// When something is due for a room.
    pub(super) fn moving_due(&self) -> Option<Instant> {
        let due = self.moving.values().filter_map(|moving| moving.succession.deadline()).min();
        due.map(|at| self.began + Duration::from_millis(at.0))
    }

    pub(super) fn moving_is_due(&mut self) {
        let now = self.moving_now();
        let due = |moving: &Moving| moving.succession.deadline().is_some_and(|at| at <= now);
        let due: Vec<RoomId> =
            self.moving.iter().filter(|(_, moving)| due(moving)).map(|(room, _)| *room).collect();
        for room in due {
            self.happened(room, Happened::Tick);
        }
        self.drop_slow_windows();
    }

    fn happened(&mut self, room: RoomId, happened: Happened) {
        let now = self.moving_now();
        let Some(moving) = self.moving.get_mut(&room) else { return };
        for step in moving.succession.handle(now, happened) {
            self.take_step(room, step);
        }
        self.say_whereabouts(room);
    }

    /// A window has entered a room.
    pub(super) fn moving_begins(&mut self, hub: HubKey, media: Media, state: &RoomState) {
        // Rooms of a server stay there.
        if hub == HubKey::Server {
            return;
        }
        let at = Incarnation { epoch: state.epoch, hub: state.room.hub.device };
        let mut moving = Moving {
            succession: Succession::new(self.own, at, members(self.own, state)),
            rules: state.rules.clone(),
            host: state.host,
            founder: state.founder,
            origin: state.origin.unwrap_or(state.room.hub.device),
            media,
            hubs: HashMap::new(),
            removed: Vec::new(),
            shown: state.participants.iter().map(|one| one.device).collect(),
            said: None,
        };
        moving.learn_state(state);
        self.moving.insert(state.room.room, moving);
        self.say_whereabouts(state.room.room);
        self.pace_links();
    }

    /// The window leaves a room. If its hub is the own one, that goes on holding it for those who stay.
    pub(super) fn moving_left(&mut self, room: RoomId) {
        let Some(moving) = self.moving.get(&room) else { return };
        let stays = moving.succession.current().hub == self.own && !moving.shown.is_empty();
        self.happened(room, Happened::Leaving);
        if !stays {
            self.moving_ends(room);
        }
    }

    fn moving_ends(&mut self, room: RoomId) {
        if self.moving.remove(&room).is_some_and(|moving| moving.said.is_some()) {
            self.ask(HubKey::Own, None, Purpose::Other, Request::SetWhereabouts { room, whereabouts: None });
        }
        self.pace_links();
    }

    /// Whether an event of a room's hub is not for the window.
    pub(super) fn moving_event(&mut self, room: RoomId, event: &Event) -> bool {
        let Some(moving) = self.moving.get_mut(&room) else { return false };
        let at = moving.succession.current();
        match event {
            Event::ParticipantJoined { participant, .. } | Event::ParticipantReturned { participant, .. } => {
                moving.learn(participant);
                let device = participant.device;
                moving.removed.retain(|removed| *removed != device);
                let is_new = moving.shown.insert(device);
                if participant.kind == DeviceKind::Install {
                    self.happened(room, Happened::Came { incarnation: at, device });
                }
                if !is_new && let Some(seat) = self.rooms.get_mut(&room) {
                    // Counted before.
                    seat.others = seat.others.saturating_sub(1);
                }
                if matches!(event, Event::ParticipantReturned { .. }) {
                    self.tell_returned(room, participant);
                    return true;
                }
                false
            }
            Event::ParticipantChanged { participant, .. } => {
                moving.learn(participant);
                false
            }
            Event::ParticipantLeft { device, reason, .. } => {
                let device = *device;
                let on_purpose = matches!(reason, LeaveReason::Left | LeaveReason::Removed);
                if *reason == LeaveReason::Removed && moving.removed.len() < MAX_REMEMBERED as usize {
                    moving.removed.push(device);
                }
                let seeks = moving.succession.knows(&device);
                if on_purpose || !seeks {
                    moving.shown.remove(&device);
                }
                self.happened(room, Happened::Went { incarnation: at, device, on_purpose });
                !on_purpose && seeks
            }
            Event::HostChanged { host, .. } => {
                moving.host = *host;
                false
            }
            Event::RulesChanged { rules, .. } => {
                moving.rules = rules.clone();
                false
            }
            Event::RoomYielded { to, .. } => {
                let to_there = incarnation(to);
                moving.hubs.insert(to.hub.device, to.hub.clone());
                self.happened(room, Happened::Moved { from: at, to: to_there });
                true
            }
            Event::RoomClosed { reason: LeaveReason::HubGone | LeaveReason::Lost, .. } => {
                self.happened(room, Happened::Lost);
                true
            }
            Event::RoomClosed { .. } => {
                self.moving_ends(room);
                false
            }
            _ => false,
        }
    }

    fn tell_returned(&mut self, room: RoomId, participant: &Participant) {
        let Some(seat) = self.rooms.get_mut(&room) else { return };
        seat.others += 1;
        seat.since.get_or_insert_with(Instant::now);
        let window = seat.window;
        self.windows.event(window, Event::ParticipantReturned { room, participant: participant.clone() });
        self.talk_joined(room, participant);
        self.announce_status();
    }

    /// What the own hub tells its owner alone.
    pub(super) fn owner_event(&mut self, hub: HubKey, event: Event) {
        if hub != HubKey::Own {
            return;
        }
        match event {
            Event::ParticipantSilent { room, device, silent } => {
                self.happened(room, if silent { Happened::Silent(device) } else { Happened::Back(device) });
            }
            Event::RoomSought { room, by, home, inside } => {
                let Some(moving) = self.moving.get_mut(&room) else { return };
                if !moving.succession.knows(&by) {
                    return;
                }
                let theirs = incarnation(&home);
                moving.hubs.entry(home.hub.device).or_insert(home.hub);
                self.happened(room, Happened::Asked { device: by, theirs, inside });
            }
            Event::RoomEmpty { room } if !self.rooms.contains_key(&room) => self.moving_ends(room),
            _ => {}
        }
    }

    /// A hub does not answer.
    pub(super) fn hub_lost(&mut self, hub: HubKey) {
        for room in self.moving_at(hub) {
            self.happened(room, Happened::Lost);
        }
    }

    /// It is there and lets us in no longer: its rooms are over for us.
    pub(super) fn shut_out(&mut self, hub: HubKey) {
        for room in self.moving_at(hub) {
            self.moving_ends(room);
        }
    }

    /// It answers again, and our place there is as it was.
    pub(super) fn hub_regained(&mut self, hub: HubKey) {
        for room in self.moving_at(hub) {
            self.happened(room, Happened::Regained);
        }
    }

    fn moving_at(&self, hub: HubKey) -> Vec<RoomId> {
        let seats =
            self.rooms.iter().filter(|(room, seat)| seat.hub == hub && self.moving.contains_key(room));
        seats.map(|(room, _)| *room).collect()
    }

    fn take_step(&mut self, room: RoomId, step: Step) {
        let Some(moving) = self.moving.get(&room) else { return };
        match step {
            Step::Ask(device) => {
                let at = moving.succession.current();
                let inside = moving.succession.whereabouts() == Whereabouts::In(at);
                let home = if at.hub == self.own {
                    Home { hub: self.own_ref(), epoch: at.epoch }
                } else {
                    moving.home_of(at)
                };
                let asked = Purpose::Seek { room, device };
                match self.link_of(room, device) {
                    Ok(hub) => self.ask(hub, None, asked, Request::WhereIs { room, home, inside }),
                    Err(_) => self.happened(room, Happened::Unreachable(device)),
                }
            }
            Step::Check => {
                if let Some(lan) = self.links.get(&moving.succession.current().hub) {
                    let link = lan.link.clone();
                    tokio::spawn(async move { link.set_often(true).await });
                }
            }
            Step::Join(to) => {
                let home = moving.home_of(to);
                let password = moving.rules.password.clone();
                let media = moving.media;
                let room_ref = RoomRef { hub: home.hub, room };
                match self.link_of(room, to.hub).ok().filter(|_| to.hub != self.own) {
                    Some(hub) => {
                        let request = Request::Return { room: room_ref, media, password };
                        self.ask(hub, None, Purpose::Return { room, to }, request);
                    }
                    None => self.happened(room, Happened::NotEntered { incarnation: to }),
                }
            }
            Step::Hold(epoch) => {
                let held = HeldRoom {
                    room,
                    epoch,
                    origin: moving.origin,
                    rules: moving.rules.clone(),
                    host: moving.host,
                    founder: moving.founder,
                    members: moving.shown.iter().copied().collect(),
                    removed: moving.removed.clone(),
                    media: moving.media,
                };
                let to = Incarnation { epoch, hub: self.own };
                self.ask(
                    HubKey::Own,
                    None,
                    Purpose::Return { room, to },
                    Request::HoldRoom { held: Box::new(held) },
                );
            }
            Step::Yield(to) => {
                let to = moving.home_of(to);
                self.ask(HubKey::Own, None, Purpose::Other, Request::YieldRoom { room, to });
                // The own hub knows it now.
                if !self.rooms.contains_key(&room) {
                    self.moving.remove(&room);
                }
            }
            Step::Gone(device) => self.tell_gone(room, device),
        }
    }

    /// Somebody has been missing for too long.
    fn tell_gone(&mut self, room: RoomId, device: DeviceId) {
        let Some(moving) = self.moving.get_mut(&room) else { return };
        if !moving.shown.remove(&device) {
            return;
        }
        let Some(seat) = self.rooms.get_mut(&room) else { return };
        seat.others = seat.others.saturating_sub(1);
        let window = seat.window;
        self.windows.event(window, Event::ParticipantLeft { room, device, reason: LeaveReason::Lost });
        self.announce_status();
    }

    fn link_of(&mut self, room: RoomId, device: DeviceId) -> Result<HubKey, ErrorCode> {
        let hints = self.moving.get(&room).and_then(|moving| moving.hubs.get(&device));
        let hints = hints.map(|hub| hub.addresses.clone()).unwrap_or_default();
        self.link_to(device, &hints)
    }

    /// The hub that holds a room now, and what to ask there.
    pub(super) fn at_home(
        &mut self,
        mut request: Request,
        to: &Home,
    ) -> Result<(HubKey, Request), ErrorCode> {
        let (Request::Join { room, .. } | Request::LookAt { room }) = &mut request else {
            return Err(ErrorCode::RoomUnknown);
        };
        room.hub = to.hub.clone();
        let room = room.clone();
        Ok((self.hub_of(&room)?, request))
    }

    /// A participant's node has said where the room is, or could not be asked.
    pub(super) fn told_whereabouts(
        &mut self,
        room: RoomId,
        device: DeviceId,
        result: &Result<Reply, ErrorCode>,
    ) {
        use earshot_protocol::Whereabouts as Said;
        let whereabouts = match result {
            Ok(Reply::Whereabouts { whereabouts: Said::In { home } }) => {
                if let Some(moving) = self.moving.get_mut(&room)
                    && home.hub.addresses.len() <= earshot_protocol::limits::MAX_ADDRESSES as usize
                    && home.hub.device != self.own
                {
                    moving.hubs.insert(home.hub.device, home.hub.clone());
                }
                Whereabouts::In(incarnation(home))
            }
            Ok(Reply::Whereabouts { whereabouts: Said::Looking }) => Whereabouts::Looking,
            Ok(Reply::Whereabouts { whereabouts: Said::Left }) | Err(ErrorCode::RoomUnknown) => {
                Whereabouts::Left
            }
            _ => return self.happened(room, Happened::Unreachable(device)),
        };
        let gone = whereabouts == Whereabouts::Left;
        self.happened(room, Happened::Answered { device, whereabouts });
        if gone {
            self.tell_gone(room, device);
        }
    }

    /// The answer to a `return`, or to holding the room at the own hub.
    pub(super) fn came_back(
        &mut self,
        hub: HubKey,
        room: RoomId,
        to: Incarnation,
        result: &Result<Reply, ErrorCode>,
    ) {
        let not_entered = Happened::NotEntered { incarnation: to };
        let in_it = self.rooms.contains_key(&room) && self.moving.contains_key(&room);
        match result {
            Ok(Reply::Room(state)) if !in_it => {
                self.ask(hub, None, Purpose::Other, Request::Leave { room: state.room.room });
            }
            Ok(Reply::Room(state))
                if state.room.room == room && Some(state.room.hub.device) == self.hub_device(hub) =>
            {
                self.entered_again(hub, room, state.clone());
            }
            Ok(Reply::Moved { to: home }) => {
                self.happened(room, not_entered);
                let answer = Reply::Whereabouts {
                    whereabouts: earshot_protocol::Whereabouts::In { home: home.clone() },
                };
                self.told_whereabouts(room, to.hub, &Ok(answer));
            }
            Ok(Reply::Knocking) => {
                self.ask(hub, None, Purpose::Other, Request::Withdraw { room });
                self.happened(room, not_entered);
            }
            _ => self.happened(room, not_entered),
        }
    }

    fn entered_again(&mut self, hub: HubKey, room: RoomId, state: RoomState) {
        let own = self.own;
        let Some(moving) = self.moving.get_mut(&room) else { return };
        moving.learn_state(&state);
        moving.shown.extend(state.participants.iter().map(|one| one.device));
        let others = moving.shown.len();
        tracing::debug!(epoch = state.epoch, "a room has moved");
        let incarnation = Incarnation { epoch: state.epoch, hub: state.room.hub.device };
        let members = members(own, &state);
        self.room_entered_again(hub, state);
        if let Some(seat) = self.rooms.get_mut(&room) {
            seat.others = others;
        }
        self.happened(room, Happened::Entered { incarnation, members });
        self.pace_links();
        self.announce_status();
    }

    /// A window is in its room again, at `hub`: it hears how the room is now.
    pub(super) fn room_entered_again(&mut self, hub: HubKey, mut state: RoomState) {
        let room = state.room.room;
        let Some(seat) = self.rooms.get_mut(&room) else { return };
        (seat.hub, seat.others) = (hub, state.participants.len());
        let window = seat.window;
        state.ice_servers.extend(self.settings.current().ice_servers);
        state.ice_servers.truncate(MAX_ICE_SERVERS as usize);
        let participants = state.participants.clone();
        self.windows.event(window, Event::RoomMoved { room, state });
        for participant in &participants {
            self.talk_joined(room, participant);
        }
    }

    /// Tells the own hub what to answer to whoever seeks a room that it does not hold.
    fn say_whereabouts(&mut self, room: RoomId) {
        use earshot_protocol::Whereabouts as Said;
        let Some(moving) = self.moving.get_mut(&room) else { return };
        let said = match moving.succession.whereabouts() {
            // Then it knows by itself.
            Whereabouts::In(at) if at.hub == self.own => None,
            Whereabouts::In(at) => Some(Said::In { home: moving.home_of(at) }),
            Whereabouts::Looking => Some(Said::Looking),
            Whereabouts::Left => None,
        };
        if moving.said == said {
            return;
        }
        moving.said.clone_from(&said);
        let request = Request::SetWhereabouts { room, whereabouts: said };
        self.ask(HubKey::Own, None, Purpose::Other, request);
    }

    /// Hubs that hold a room of ours are asked often whether they are there.
    fn pace_links(&mut self) {
        let holding: Vec<HubKey> = self.rooms.values().map(|seat| seat.hub).collect();
        for (device, lan) in &mut self.links {
            let often = holding.contains(&HubKey::Lan(*device));
            if often != lan.often {
                lan.often = often;
                let link = lan.link.clone();
                tokio::spawn(async move { link.set_often(often).await });
            }
        }
    }
}
