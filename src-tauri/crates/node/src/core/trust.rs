//! What the owner's memory of devices, and the device key, mean for the windows.
//!
//! Invariants:
//! * Each presence that a window hears of carries the standing made here; what a hub says of it is overwritten.
//! * A window seals and opens for rooms that it has entered and not left, also when their hub is gone: those who are
//!   connected talk on, and heal their connections by themselves.
//! * A change of the memory is on disk before anybody is told.

use std::collections::HashMap;

use earshot_identity::{Place, Verification};
use earshot_protocol::hub::{Description, Participant, RingEnd};
use earshot_protocol::limits::MAX_PARTICIPANTS;
use earshot_protocol::owner::{Verification as Answer, VerifyStage, VerifyStep};
use earshot_protocol::{
    DeviceId, DeviceKind, ErrorCode, Event, FromNode, Nonce, OwnerEvent, OwnerReply, Presence, Request,
    RingId, RoomId, Standing,
};

use super::hubs::{HubKey, Purpose};
use super::{Core, now_ms, say_person};
use crate::random;
use crate::trust::Edit;

/// Rooms that windows have entered and not left; those of hubs that are gone make room first.
const MAX_TALKS: usize = 64;

/// People of one room that are remembered while it lasts: all that may be in it, and those who came and went.
const MAX_OTHERS: usize = 4 * MAX_PARTICIPANTS as usize;

/// A room as its window sees it: from entering it to leaving it, whatever becomes of its hub.
#[derive(Debug)]
pub(super) struct Talk {
    window: u64,
    place: Place,
    others: HashMap<DeviceId, Other>,
    /// Who was rung, and under which name; known once a description has proven their key.
    meets: Option<(DeviceId, String)>,
}

/// Another participant.
#[derive(Debug, Default)]
struct Other {
    name: String,
    /// As the device itself has signed; meaningless until then.
    kind: DeviceKind,
    comparing: Option<Comparing>,
}

/// Comparing the short code with somebody.
#[derive(Debug)]
struct Comparing {
    exchange: Verification,
    /// The last that was told, so that each result counts once.
    stage: Option<VerifyStage>,
}

impl Core {
    // What windows hear of devices.

    /// Gives a presence its standing and notes the name it says.
    pub(super) fn with_standing(&mut self, mut presence: Presence) -> Presence {
        self.memory.heard_name(&presence.device, &presence.person.name);
        presence.standing = Some(self.memory.standing(&presence.device, &presence.person.name));
        presence
    }

    /// Everybody who is listed, for a window that opens.
    pub(super) fn people_for_windows(&self) -> Vec<Presence> {
        let mut people = self.people.all();
        for presence in &mut people {
            presence.standing = Some(self.memory.standing(&presence.device, &presence.person.name));
        }
        people
    }

    /// The name that a device gives now, wherever it is.
    fn name_of(&self, device: &DeviceId) -> Option<String> {
        let listed = self.people.name(device);
        let others = self.talks.values().find_map(|talk| talk.others.get(device));
        let ring = self.rings.values().find(|seat| seat.device == *device);
        listed
            .or(others.map(|other| other.name.as_str()).filter(|name| !name.is_empty()))
            .or(ring.map(|seat| seat.name.as_str()))
            .map(ToOwned::to_owned)
    }

    /// Keeps a change of the memory, and tells the windows what it changes.
    fn edit(&mut self, edit: Edit) -> Result<(), ErrorCode> {
        if edit == Edit::default() {
            return Ok(());
        }
        self.store.edit_devices(&edit).map_err(|error| {
            tracing::warn!(%error, "a device could not be remembered");
            ErrorCode::StoreFailed
        })?;
        let blocked = edit.changes_blocked(&self.memory);
        let concern = self.memory.concern(&edit);
        let listed = self.people.all().into_iter();
        let listed: Vec<(Presence, Standing)> = listed
            .filter(|presence| concern.includes(&presence.device, &presence.person.name))
            .map(|presence| {
                let standing = self.memory.standing(&presence.device, &presence.person.name);
                (presence, standing)
            })
            .collect();
        let touched: Vec<(Option<u64>, DeviceId, String, Standing)> = self
            .in_touch()
            .into_iter()
            .filter(|(_, device, name)| concern.includes(device, name))
            .map(|(window, device, name)| {
                let standing = self.memory.standing(&device, &name);
                (window, device, name, standing)
            })
            .collect();
        self.memory.apply(edit);
        self.windows.tell_all(&FromNode::Owner { event: OwnerEvent::DevicesChanged });
        let events = listed
            .into_iter()
            .filter(|(presence, before)| {
                self.memory.standing(&presence.device, &presence.person.name) != *before
            })
            .map(|(presence, _)| Event::PersonHere { presence })
            .collect();
        self.tell_people(events);
        for (window, device, name, before) in touched {
            let standing = self.memory.standing(&device, &name);
            if standing == before {
                continue;
            }
            let told = FromNode::Owner { event: OwnerEvent::Standing { device, standing } };
            match window {
                Some(window) => self.windows.tell(window, told),
                None => self.windows.tell_all(&told),
            }
        }
        if blocked {
            self.blocked_changed();
        }
        Ok(())
    }

    /// Devices in rooms and rings, the names they give there, and the window that hears of them; none: all windows.
    fn in_touch(&self) -> Vec<(Option<u64>, DeviceId, String)> {
        let others = self.talks.values().flat_map(|talk| {
            talk.others.iter().map(|(device, other)| (Some(talk.window), *device, other.name.clone()))
        });
        let rings = self.rings.values().map(|seat| (seat.window, seat.device, seat.name.clone()));
        others.chain(rings).collect()
    }

    // Whom the owner has blocked.

    /// Tells a hub who is blocked. One that does not know of it answers so, and nothing is lost: the node drops their
    /// rings by itself.
    pub(super) fn say_blocked(&mut self, hub: HubKey) {
        let devices = self.memory.blocked();
        self.ask(hub, None, Purpose::Other, Request::SetBlocked { devices });
    }

    fn blocked_changed(&mut self) {
        self.say_blocked(HubKey::Own);
        if self.server.is_some() {
            self.say_blocked(HubKey::Server);
        }
        for (device, lan) in &self.links {
            say_person(lan.link.clone(), self.person_for(device));
        }
        self.announce();
        // What rings now is heard no longer; its caller is not told.
        let rings: Vec<RingId> = self
            .rings
            .iter()
            .filter(|(_, seat)| seat.window.is_none() && self.memory.is_blocked(&seat.device))
            .map(|(ring, _)| *ring)
            .collect();
        for ring in rings {
            self.rings.remove(&ring);
            self.windows.event_to_all(&Event::RingEnded { ring, end: RingEnd::Cancelled });
        }
    }

    // Whom the owner knows.

    /// A call with a device was taken up. A key that nobody can know again is not remembered.
    pub(super) fn met(&mut self, device: &DeviceId, name: &str, kind: DeviceKind) {
        if kind == DeviceKind::Transient {
            return;
        }
        match self.memory.met(device, name, now_ms()) {
            Some(edit) => {
                // What went wrong was logged; the call goes on.
                let _ = self.edit(edit);
            }
            None => tracing::warn!("there is no room to remember another device"),
        }
    }

    /// Answers what the owner asks about devices.
    pub(super) fn remember_device(&mut self, device: &DeviceId) -> Result<(), ErrorCode> {
        if self.people.presence(device).is_some_and(|presence| presence.kind == DeviceKind::Transient) {
            return Err(ErrorCode::NotAllowed);
        }
        if self.memory.is_known(device) {
            return Ok(());
        }
        let name = self.name_of(device).ok_or(ErrorCode::DeviceUnknown)?;
        let edit = self.memory.met(device, &name, now_ms()).ok_or(ErrorCode::SettingInvalid)?;
        self.edit(edit)
    }

    pub(super) fn rename_device(&mut self, device: &DeviceId, name: Option<String>) -> Result<(), ErrorCode> {
        let edit = self.memory.renamed(device, name)?;
        self.edit(edit)
    }

    pub(super) fn accept_name(&mut self, device: &DeviceId) -> Result<(), ErrorCode> {
        // Two hubs may say two names: the one that is shown is meant.
        if let Some(name) = self.name_of(device) {
            self.memory.heard_name(device, &name);
        }
        let edit = self.memory.name_accepted(device)?;
        self.edit(edit)
    }

    pub(super) fn block_device(&mut self, device: &DeviceId, blocked: bool) -> Result<(), ErrorCode> {
        let name = match self.name_of(device) {
            Some(name) => Some(name),
            // Somebody who rang and went can be blocked too.
            None => self.store.name_in_calls(device).map_err(|error| {
                tracing::warn!(%error, "the history failed");
                ErrorCode::StoreFailed
            })?,
        };
        let name = name.filter(|_| *device != self.own);
        let edit = self.memory.blocked_or_not(device, name.as_deref(), blocked, now_ms())?;
        self.edit(edit)
    }

    pub(super) fn forget_device(&mut self, device: &DeviceId) -> Result<(), ErrorCode> {
        let edit = self.memory.forgotten(device)?;
        for talk in self.talks.values_mut() {
            if let Some(other) = talk.others.get_mut(device) {
                other.comparing = None;
            }
        }
        self.edit(edit)
    }

    // Rooms that windows are in.

    /// The device behind a hub.
    pub(super) fn hub_device(&self, hub: HubKey) -> Option<DeviceId> {
        match hub {
            HubKey::Own => Some(self.own),
            HubKey::Lan(device) => Some(device),
            HubKey::Server => self.server_hub(),
        }
    }

    /// A window has entered a room.
    pub(super) fn talk_begins(
        &mut self,
        window: u64,
        place: Place,
        participants: &[Participant],
        meets: Option<(DeviceId, String)>,
    ) {
        if let Some(before) = self.talks.get(&place.room).map(|talk| talk.window) {
            self.talk_ends(before, place.room);
        }
        if self.talks.len() >= MAX_TALKS {
            let left_behind = self.talks.iter().find(|(room, _)| !self.rooms.contains_key(room));
            if let Some((window, room)) = left_behind.map(|(room, talk)| (talk.window, *room)) {
                self.talk_ends(window, room);
            }
        }
        let mut talk = Talk { window, place, others: HashMap::new(), meets };
        for participant in participants {
            talk.note(participant);
        }
        self.talks.insert(place.room, talk);
    }

    /// Tells the standing of everybody whom a window found in a room.
    pub(super) fn tell_standings(&mut self, room: RoomId) {
        let Some(talk) = self.talks.get(&room) else { return };
        let devices: Vec<DeviceId> = talk.others.keys().copied().collect();
        for device in devices {
            self.tell_standing(room, device);
        }
    }

    fn tell_standing(&mut self, room: RoomId, device: DeviceId) {
        let Some(talk) = self.talks.get(&room) else { return };
        let (window, name) = (talk.window, talk.others.get(&device).map(|other| other.name.clone()));
        let name = name.unwrap_or_default();
        self.memory.heard_name(&device, &name);
        let standing = self.memory.standing(&device, &name);
        self.windows.tell(window, FromNode::Owner { event: OwnerEvent::Standing { device, standing } });
    }

    /// Tells a window the standing of somebody who is not in its room.
    pub(super) fn tell_standing_of(&mut self, window: u64, participant: &Participant) {
        let Participant { device, person, .. } = participant;
        let standing = self.memory.standing(device, &person.name);
        self.windows
            .tell(window, FromNode::Owner { event: OwnerEvent::Standing { device: *device, standing } });
    }

    /// Somebody came into a room; its window has been told.
    pub(super) fn talk_joined(&mut self, room: RoomId, participant: &Participant) {
        if let Some(talk) = self.talks.get_mut(&room) {
            talk.note(participant);
            self.tell_standing(room, participant.device);
        }
    }

    /// Somebody left a room on purpose. Who was only lost may still be talked to.
    pub(super) fn talk_left(&mut self, room: RoomId, device: &DeviceId) {
        if let Some(talk) = self.talks.get_mut(&room) {
            talk.others.remove(device);
        }
    }

    /// The device that was rung into a room is coming; it is known once its key is proven there.
    pub(super) fn talk_meets(&mut self, room: RoomId, device: DeviceId, name: String) {
        if let Some(talk) = self.talks.get_mut(&room) {
            talk.meets = Some((device, name));
        }
    }

    /// A window has left a room, or was made to.
    pub(super) fn talk_ends(&mut self, window: u64, room: RoomId) {
        if self.talks.get(&room).is_some_and(|talk| talk.window == window)
            && let Some(talk) = self.talks.remove(&room)
        {
            self.seals.leave(talk.place);
        }
    }

    /// A window has gone.
    pub(super) fn talks_end(&mut self, window: u64) {
        let talks = self.talks.iter().filter(|(_, talk)| talk.window == window);
        let rooms: Vec<RoomId> = talks.map(|(room, _)| *room).collect();
        for room in rooms {
            self.talk_ends(window, room);
        }
    }

    // What the device key vouches for.

    /// The room that a window means, if it is in it.
    fn place(&self, window: u64, hub: DeviceId, room: RoomId) -> Result<Place, ErrorCode> {
        let place = Place { hub, room };
        match self.talks.get(&room) {
            Some(talk) if talk.window == window && talk.place == place => Ok(place),
            _ => Err(ErrorCode::NotInRoom),
        }
    }

    pub(super) fn seal(
        &mut self,
        window: u64,
        (hub, room): (DeviceId, RoomId),
        to: DeviceId,
        description: Description,
    ) -> Result<OwnerReply, ErrorCode> {
        let place = self.place(window, hub, room)?;
        let description = self.seals.seal(now_ms(), place, to, description)?;
        Ok(OwnerReply::Sealed { description })
    }

    pub(super) fn open(
        &mut self,
        window: u64,
        (hub, room): (DeviceId, RoomId),
        from: DeviceId,
        description: Description,
    ) -> Result<OwnerReply, ErrorCode> {
        let place = self.place(window, hub, room)?;
        let (description, kind) = self.seals.open(place, from, description)?;
        if kind == DeviceKind::Transient && self.settings.current().refuse_unverified {
            return Err(ErrorCode::UnverifiedRefused);
        }
        let mut met = None;
        if let Some(talk) = self.talks.get_mut(&room) {
            if talk.others.contains_key(&from) || talk.others.len() < MAX_OTHERS {
                talk.others.entry(from).or_default().kind = kind;
            }
            met = talk.meets.take_if(|(device, _)| *device == from);
        }
        if let Some((device, name)) = met {
            self.met(&device, &name, kind);
        }
        Ok(OwnerReply::Opened { description, kind })
    }

    pub(super) fn verify(
        &mut self,
        window: u64,
        (hub, room): (DeviceId, RoomId),
        with: DeviceId,
        step: VerifyStep,
    ) -> Result<OwnerReply, ErrorCode> {
        let place = self.place(window, hub, room)?;
        // Only a description that was opened has proven a key.
        let theirs = self.seals.key_of(place, with).ok_or(ErrorCode::ParticipantUnknown)?;
        let ours = self.key.public_key();
        let other = self.talks.get_mut(&room).and_then(|talk| talk.others.get_mut(&with));
        let other = other.ok_or(ErrorCode::ParticipantUnknown)?;
        let comparing = other.comparing.get_or_insert_with(|| Comparing {
            exchange: Verification::new(ours, theirs, room),
            stage: None,
        });
        let answer = match comparing.exchange.step(now_ms(), Nonce(random::bytes()), step) {
            Ok(answer) => answer,
            Err(code) => {
                comparing.stage = None;
                return Err(code);
            }
        };
        let is_new = comparing.stage.replace(answer.stage.clone()).as_ref() != Some(&answer.stage);
        let (name, kind) = (other.name.clone(), other.kind);
        if is_new {
            self.compared(with, &name, kind, &answer)?;
        }
        Ok(OwnerReply::Verification(answer))
    }

    /// Keeps the result of comparing, if this is one.
    fn compared(
        &mut self,
        device: DeviceId,
        name: &str,
        kind: DeviceKind,
        answer: &Answer,
    ) -> Result<(), ErrorCode> {
        let same = match answer.stage {
            VerifyStage::Verified => true,
            VerifyStage::Mismatch => false,
            _ => return Ok(()),
        };
        // A key that is gone with its page cannot stay verified.
        if kind == DeviceKind::Transient {
            return Ok(());
        }
        match self.memory.compared(&device, name, same, now_ms()) {
            Some(edit) => self.edit(edit),
            None if same => Err(ErrorCode::StoreFailed),
            None => Ok(()),
        }
    }
}

impl Talk {
    fn note(&mut self, participant: &Participant) {
        if self.others.contains_key(&participant.device) || self.others.len() < MAX_OTHERS {
            let other = self.others.entry(participant.device).or_default();
            other.name.clone_from(&participant.person.name);
        }
    }
}
