//! Coming, dropping, coming back and going.

use std::collections::BTreeSet;

use earshot_protocol::hub::LeaveReason;
use earshot_protocol::limits::{IDLE_TIMEOUT, MAX_MEMBERS, MAX_MEMBERS_PER_DEVICE, RESUME_GRACE};
use earshot_protocol::{DeviceId, ErrorCode, FromHub, Resume, ResumeToken, Seq, Welcome};

use crate::mailbox::Mailbox;
use crate::place::{Place, PlaceId};
use crate::rate::Rate;
use crate::{ConnectionId, Due, Fresh, Hub, Output, Time, Visitor};

impl Hub {
    /// Lets a visitor in, or closes with the reason why not.
    pub(crate) fn hello(
        &mut self,
        connection: ConnectionId,
        visitor: Visitor,
        version: u16,
        resume: Option<Resume>,
        fresh: Fresh,
    ) {
        if self.connections.contains_key(&connection) {
            // The number was to be a new one; the visitor who holds it must not pay for that.
            return;
        }
        if self.closed {
            return self.close(connection, None);
        }
        if let Err(code) = visitor.person.check() {
            return self.close(connection, Some(code));
        }
        let token = ResumeToken(fresh.0);
        let mut lost = None;
        if let Some(Resume { token: old, seen }) = resume
            && let Some(place) = self.place_with(visitor.device, &old)
        {
            if self.places.get(&place).is_some_and(|place| place.mailbox.covers(seen)) {
                return self.come_back(place, connection, visitor, version, (old, token), seen);
            }
            // Something between then and now is forgotten: that place is of no use to anybody.
            lost = Some(place);
        }
        match self.make_room_for(visitor.device, lost) {
            Ok(replaced) => self.arrive(connection, visitor, version, token, replaced),
            Err(code) => self.close(connection, Some(code)),
        }
    }

    /// The place to end so that one more place of a device is within the limits: `lost` if there is one, else, when
    /// the device has as many as it may, the one that has been without a connection for longest.
    fn make_room_for(&self, device: DeviceId, lost: Option<PlaceId>) -> Result<Option<PlaceId>, ErrorCode> {
        let mut ended = lost;
        if ended.is_none()
            && let Some(known) = self.devices.get(&device)
            && known.places.len() >= MAX_MEMBERS_PER_DEVICE as usize
        {
            let dropped = known.places.iter().filter_map(|id| {
                let place = self.places.get(id).filter(|place| place.connection.is_none())?;
                Some((place.heard, *id))
            });
            ended = Some(dropped.min().ok_or(ErrorCode::TooManyPlaces)?.1);
        }
        if self.places.len() - usize::from(ended.is_some()) >= MAX_MEMBERS as usize {
            return Err(ErrorCode::HubFull);
        }
        Ok(ended)
    }

    /// Makes a new place. `replaced` ends only afterwards, so that nobody sees the device go and come.
    fn arrive(
        &mut self,
        connection: ConnectionId,
        visitor: Visitor,
        version: u16,
        token: ResumeToken,
        replaced: Option<PlaceId>,
    ) {
        let device = visitor.device;
        self.last_place += 1;
        let id = PlaceId(self.last_place);
        let timer = self.now.after(IDLE_TIMEOUT);
        let place = Place {
            device,
            connection: Some(connection),
            heard: self.now,
            timer,
            token,
            replaced: None,
            mailbox: Mailbox::default(),
            last_request: 0,
            rate: Rate::default(),
            codes: Rate::default(),
            rooms: BTreeSet::new(),
            outside: BTreeSet::new(),
            addresses: None,
            rings: BTreeSet::new(),
        };
        self.places.insert(id, place);
        self.timers.insert((timer, Due::Place(id)));
        self.connections.insert(connection, id);
        self.welcome(connection, device, version, token, false);
        self.list(visitor, id);
        if let Some(replaced) = replaced {
            self.end_place(replaced, LeaveReason::Lost);
        }
    }

    /// Gives a place to a new connection and says again what was not seen.
    fn come_back(
        &mut self,
        id: PlaceId,
        connection: ConnectionId,
        visitor: Visitor,
        version: u16,
        (old, token): (ResumeToken, ResumeToken),
        seen: Seq,
    ) {
        let Some(place) = self.places.get_mut(&id) else { return };
        let kicked = place.connection.replace(connection);
        place.heard = self.now;
        place.replaced = Some(old);
        place.token = token;
        place.mailbox.seen(seen);
        if let Some(kicked) = kicked {
            self.connections.remove(&kicked);
            self.close(kicked, None);
        }
        self.connections.insert(connection, id);
        self.set_timer(id, self.now.after(IDLE_TIMEOUT));
        self.welcome(connection, visitor.device, version, token, true);
        if let Some(place) = self.places.get(&id) {
            let again = place.mailbox.kept().map(|(seq, message)| Output::Send {
                connection,
                message: FromHub::Message { seq, message: message.as_ref().clone() },
            });
            self.out.extend(again);
        }
        self.expect_sooner(id);
        self.list(visitor, id);
        self.tell_owner_of_silence(id, false);
    }

    fn welcome(
        &mut self,
        connection: ConnectionId,
        device: DeviceId,
        version: u16,
        token: ResumeToken,
        resumed: bool,
    ) {
        let welcome = Welcome {
            version,
            you: device,
            hub: self.hub_ref(),
            title: self.config.title.clone(),
            people: self.people_for(device),
            rooms: self.rooms_for(device),
            ice_servers: self.config.ice_servers.clone(),
            resume: token,
            phrase: None,
            resumed,
        };
        self.send(connection, FromHub::Welcome(welcome));
    }

    /// The place of a device that a token brings back.
    fn place_with(&self, device: DeviceId, token: &ResumeToken) -> Option<PlaceId> {
        let mut places = self.devices.get(&device)?.places.iter().copied();
        places.find(|id| self.places.get(id).is_some_and(|place| place.opens_with(token)))
    }

    /// A connection is no more.
    pub(crate) fn dropped(&mut self, connection: ConnectionId) {
        if let Some(place) = self.connections.remove(&connection) {
            self.begin_grace(place);
        }
    }

    /// Closes a place's connection; the place waits for another.
    pub(crate) fn cut(&mut self, id: PlaceId, code: Option<ErrorCode>) {
        if let Some(connection) = self.places.get(&id).and_then(|place| place.connection) {
            self.connections.remove(&connection);
            self.close(connection, code);
            self.begin_grace(id);
        }
    }

    fn begin_grace(&mut self, id: PlaceId) {
        if let Some(place) = self.places.get_mut(&id) {
            place.connection = None;
            place.heard = self.now;
            self.set_timer(id, self.now.after(RESUME_GRACE));
            self.tell_owner_of_silence(id, true);
        }
    }

    /// The timer of a place with a connection has come. It was set early when something has been heard since.
    pub(crate) fn may_be_idle(&mut self, id: PlaceId) {
        let Some(place) = self.places.get(&id) else { return };
        let silent = place.heard.after(self.idle_timeout(place));
        if silent > self.now {
            self.set_timer(id, silent);
        } else {
            self.cut(id, None);
        }
    }

    pub(crate) fn set_timer(&mut self, id: PlaceId, at: Time) {
        if let Some(place) = self.places.get_mut(&id) {
            self.timers.remove(&(place.timer, Due::Place(id)));
            place.timer = at;
            self.timers.insert((at, Due::Place(id)));
        }
    }

    /// Ends a place and all that hangs on it, and closes its connection.
    pub(crate) fn end_place(&mut self, id: PlaceId, reason: LeaveReason) {
        if let Some(place) = self.places.remove(&id) {
            self.part_with(id, place, reason);
        }
    }

    /// Ends what hangs on a place that has been taken out.
    pub(crate) fn part_with(&mut self, id: PlaceId, place: Place, reason: LeaveReason) {
        self.timers.remove(&(place.timer, Due::Place(id)));
        if let Some(connection) = place.connection {
            self.connections.remove(&connection);
            self.close(connection, None);
        }
        for room in place.rooms {
            self.vacate(room, place.device, reason);
        }
        for room in place.outside {
            self.wait_no_longer(room, place.device);
        }
        for ring in place.rings {
            self.leave_ring(ring, id);
        }
        self.unlist(place.device, id);
    }
}
