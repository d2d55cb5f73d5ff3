//! A client as the protocol wants it: counts what it has seen, remembers what it asked, and builds its view of the
//! hub from the welcome and the events alone. It panics when it is told something that cannot follow from before.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use earshot_protocol::hub::{HubMessage, Participant};
use earshot_protocol::limits::{MAX_FOUND, MAX_LISTED, MAX_PARTICIPANTS};
use earshot_protocol::{
    DeviceId, ErrorCode, Event, FromHub, OpenRoom, Person, Presence, Reply, Request, RequestId, ResumeToken,
    RingId, RoomCode, RoomId, RoomRules, Seq, Welcome,
};

use crate::ConnectionId;

/// A room as a participant knows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RoomView {
    /// It has moved, or somebody of before came back to it though it was full.
    pub(crate) outlived: bool,
    pub(crate) rules: RoomRules,
    pub(crate) host: DeviceId,
    /// In the order of coming, without oneself.
    pub(crate) others: Vec<Participant>,
    /// Told to the host alone.
    pub(crate) knocking: BTreeSet<DeviceId>,
}

/// Which side of a ring a client is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Caller,
    Callee,
}

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) device: DeviceId,
    pub(crate) person: Person,
    pub(crate) connection: Option<ConnectionId>,
    /// Said by the hub and not read yet.
    pub(crate) wire: VecDeque<FromHub>,
    /// Of the welcomes to this place that were read, the last one last.
    pub(crate) tokens: Vec<ResumeToken>,
    pub(crate) seen: Seq,
    /// The last number on this connection; before the first, what the hub was told was seen.
    last: Option<Seq>,
    pub(crate) next_id: RequestId,
    /// What has not been answered.
    pub(crate) asked: BTreeMap<RequestId, Request>,
    pub(crate) answers: BTreeMap<RequestId, Result<Reply, ErrorCode>>,
    pub(crate) people: BTreeMap<DeviceId, Presence>,
    pub(crate) rooms: BTreeMap<RoomId, RoomView>,
    /// The list of rooms.
    pub(crate) listed: BTreeMap<RoomId, OpenRoom>,
    /// Rooms that it waits before.
    pub(crate) outside: BTreeSet<RoomId>,
    pub(crate) rings: BTreeMap<RingId, Side>,
    /// What has happened since somebody looked.
    pub(crate) events: Vec<Event>,
    /// Whether the last welcome brought the old place back; `None` before a welcome was read on this connection.
    pub(crate) resumed: Option<bool>,
    pub(crate) pongs: u32,
    /// After a resume: what the view of people must be once this number has been seen.
    pub(crate) people_at: Option<(Seq, Vec<Presence>)>,
}

impl Client {
    pub(crate) fn new(device: DeviceId, person: Person) -> Self {
        Self {
            device,
            person,
            connection: None,
            wire: VecDeque::new(),
            tokens: Vec::new(),
            seen: 0,
            last: None,
            next_id: 1,
            asked: BTreeMap::new(),
            answers: BTreeMap::new(),
            people: BTreeMap::new(),
            rooms: BTreeMap::new(),
            listed: BTreeMap::new(),
            outside: BTreeSet::new(),
            rings: BTreeMap::new(),
            events: Vec::new(),
            resumed: None,
            pongs: 0,
            people_at: None,
        }
    }

    /// Begins anew on another connection; what was not read on the old one is lost.
    pub(crate) fn connect(&mut self, connection: ConnectionId, seen: Option<Seq>) {
        self.connection = Some(connection);
        self.wire.clear();
        self.last = seen;
        self.resumed = None;
        self.people_at = None;
    }

    /// Reads one message from the wire. Returns false when there is none.
    pub(crate) fn read(&mut self) -> bool {
        let Some(message) = self.wire.pop_front() else { return false };
        match message {
            FromHub::Welcome(welcome) => self.welcome(welcome),
            FromHub::Message { seq, message } => {
                assert!(self.resumed.is_some(), "{:?} is told something before a welcome", self.device);
                if let Some(last) = self.last {
                    assert_eq!(seq, last + 1, "{:?}: numbers follow each other on a connection", self.device);
                }
                self.last = Some(seq);
                if seq > self.seen {
                    assert_eq!(seq, self.seen + 1, "{:?} misses nothing", self.device);
                    self.seen = seq;
                    self.take(message);
                }
                self.check_people();
            }
            FromHub::Pong => self.pongs += 1,
            FromHub::Challenge { .. } | FromHub::Refused { .. } => panic!("not a hub's to say: {message:?}"),
        }
        true
    }

    fn welcome(&mut self, welcome: Welcome) {
        assert_eq!(self.resumed, None, "{:?} is welcomed once on a connection", self.device);
        assert_eq!(welcome.you, self.device);
        assert!(welcome.people.iter().all(|one| one.device != self.device), "nobody is in their own list");
        if welcome.resumed {
            assert!(!self.tokens.is_empty(), "nothing to resume");
        } else {
            *self = Self {
                connection: self.connection,
                wire: std::mem::take(&mut self.wire),
                events: std::mem::take(&mut self.events),
                last: Some(0),
                people: welcome.people.iter().map(|one| (one.device, one.clone())).collect(),
                listed: welcome.rooms.into_iter().map(|one| (one.room, one)).collect(),
                ..Self::new(self.device, self.person.clone())
            };
            assert_eq!(self.people.len(), welcome.people.len(), "a device is one entry");
        }
        self.resumed = Some(welcome.resumed);
        assert!(!self.tokens.contains(&welcome.resume), "the token is new");
        self.tokens.push(welcome.resume);
        self.check_people();
    }

    fn check_people(&mut self) {
        if let Some((seq, people)) = &self.people_at
            && *seq <= self.seen
        {
            let view: Vec<_> = self.people.values().cloned().collect();
            assert_eq!(&view, people, "{:?}: the events lead to what the welcome says", self.device);
            self.people_at = None;
        }
    }

    fn take(&mut self, message: HubMessage) {
        match message {
            HubMessage::Ok { id, reply } => {
                let request = self.asked.remove(&id).expect("an answer to what was asked, and the first");
                self.answered(&request, &reply);
                self.answers.insert(id, Ok(reply));
            }
            HubMessage::Error { id, code } => {
                self.asked.remove(&id).expect("a refusal of what was asked, and the first");
                self.answers.insert(id, Err(code));
            }
            HubMessage::Event { event } => {
                self.happened(&event);
                self.events.push(event);
            }
        }
    }

    fn answered(&mut self, request: &Request, reply: &Reply) {
        match (request, reply) {
            (Request::CreateRoom { .. } | Request::Join { .. }, Reply::Room(state)) => {
                let view = RoomView {
                    outlived: state.epoch > 0,
                    rules: state.rules.clone(),
                    host: state.host,
                    others: state.participants.clone(),
                    knocking: BTreeSet::new(),
                };
                self.check_room(&view);
                self.outside.remove(&state.room.room);
                assert!(self.rooms.insert(state.room.room, view).is_none(), "in a room once");
            }
            (Request::Return { .. } | Request::HoldRoom { .. }, Reply::Room(state)) => {
                let id = state.room.room;
                let before = self.rooms.remove(&id);
                let view = RoomView {
                    outlived: state.epoch > 0,
                    rules: state.rules.clone(),
                    host: state.host,
                    others: state.participants.clone(),
                    knocking: before.map(|view| view.knocking).unwrap_or_default(),
                };
                self.outside.remove(&id);
                self.rooms.insert(id, view);
            }
            (Request::Return { room, .. } | Request::Join { room, .. }, Reply::Knocking)
            | (Request::WaitForPlace { room }, Reply::Done) => {
                self.outside.insert(room.room);
            }
            (Request::Withdraw { room }, Reply::Done) => {
                assert!(self.outside.remove(room), "goes from where it was");
            }
            (Request::SetRules { room, rules }, Reply::Done) => {
                self.rooms.get_mut(room).expect("one's own room").rules = rules.clone();
            }
            (Request::FindRoom { code }, Reply::Found { rooms }) => {
                assert!((1..=MAX_FOUND as usize).contains(&rooms.len()), "never none");
                assert!(rooms.iter().all(|one| RoomCode::of(&one.room.room) == *code));
            }
            (Request::LookAt { .. }, Reply::Summary(summary)) => {
                assert!(summary.present > 0);
            }
            (Request::Leave { room } | Request::EndRoom { room }, Reply::Done) => {
                assert!(self.rooms.remove(room).is_some(), "leaves what it was in");
            }
            (Request::Ring { .. }, Reply::Ring { ring }) => {
                assert!(self.rings.insert(*ring, Side::Caller).is_none(), "a ring begins once");
            }
            (
                Request::Join { room, .. } | Request::Return { room, .. } | Request::LookAt { room },
                Reply::Moved { to },
            ) => assert!(to.hub.device != room.hub.device, "it is not here"),
            (Request::WhereIs { .. }, Reply::Whereabouts { .. }) => {}
            (Request::YieldRoom { room, .. }, Reply::Done) => drop(self.rooms.remove(room)),
            (
                Request::SetWhereabouts { .. }
                | Request::SetPerson { .. }
                | Request::SetBlocked { .. }
                | Request::Signal { .. }
                | Request::CancelRing { .. }
                | Request::AnswerRing { .. }
                | Request::Admit { .. }
                | Request::Remove { .. }
                | Request::HandOver { .. }
                | Request::TakeHost { .. }
                | Request::SetAddresses { .. },
                Reply::Done,
            ) => {}
            _ => panic!("{reply:?} does not answer {request:?}"),
        }
    }

    fn happened(&mut self, event: &Event) {
        let device = self.device;
        match event {
            Event::PersonHere { presence } => {
                assert_ne!(presence.device, device, "nobody is told of themselves");
                let before = self.people.insert(presence.device, presence.clone());
                assert_ne!(before.as_ref(), Some(presence), "{device:?} is told what it knows");
            }
            Event::PersonGone { device: gone, via: None } => {
                assert!(self.people.remove(gone).is_some(), "{device:?} is told that {gone:?} went");
            }
            Event::PersonGone { .. } => panic!("a hub's own list has no via"),
            Event::RoomsChanged { here, gone, .. } => {
                assert!(!here.is_empty() || !gone.is_empty(), "{device:?} is told nothing");
                for room in gone {
                    assert!(self.listed.remove(room).is_some(), "{device:?} was told of it");
                }
                for room in here {
                    let before = self.listed.insert(room.room, room.clone());
                    assert_ne!(before.as_ref(), Some(room), "{device:?} is told what it knows");
                    assert_eq!(room.check(), Ok(()));
                }
                assert!(self.listed.len() <= MAX_LISTED as usize);
            }
            Event::Ringing { ring, from, .. } => {
                assert_ne!(from.device, device);
                assert!(self.rings.insert(*ring, Side::Callee).is_none(), "a ring begins once");
            }
            Event::RingEnded { ring, .. } => {
                assert!(
                    self.rings.remove(ring).is_some(),
                    "{device:?}: a ring ends once, and after its begin"
                );
            }
            Event::ParticipantReturned { room, participant } => {
                let view = self.rooms.get_mut(room).expect("told of one's own rooms");
                assert!(view.others.iter().all(|other| other.device != participant.device), "returns once");
                view.others.push(participant.clone());
                view.outlived |= view.others.len() >= usize::from(view.rules.capacity);
            }
            Event::RoomYielded { room, .. } => {
                assert!(self.rooms.remove(room).is_some(), "told of one's own rooms");
            }
            Event::ParticipantSilent { .. } | Event::RoomSought { .. } | Event::RoomEmpty { .. } => {}
            Event::RoomMoved { .. } => panic!("a hub does not say it"),
            Event::ParticipantJoined { room, participant } => {
                let mut view = self.rooms.get(room).expect("told of one's own rooms").clone();
                view.others.push(participant.clone());
                self.check_room(&view);
                self.rooms.insert(*room, view);
            }
            Event::ParticipantLeft { room, device: left, .. } => {
                let view = self.rooms.get_mut(room).expect("told of one's own rooms");
                let before = view.others.len();
                view.others.retain(|other| other.device != *left);
                assert_eq!(view.others.len() + 1, before, "who leaves was there");
            }
            Event::HostChanged { room, host } => {
                let view = self.rooms.get_mut(room).expect("told of one's own rooms");
                assert_ne!(view.host, *host, "the host has changed");
                assert!(*host == device || view.others.iter().any(|other| other.device == *host));
                view.host = *host;
                // Who knocks is the new host's to know, who is told of all of them.
                view.knocking.clear();
            }
            Event::ParticipantChanged { room, participant } => {
                let view = self.rooms.get_mut(room).expect("told of one's own rooms");
                let other = view.others.iter_mut().find(|other| other.device == participant.device);
                let other = other.expect("a participant");
                assert_ne!(other, participant, "{device:?} is told what it knows");
                *other = participant.clone();
            }
            Event::RulesChanged { room, rules } => {
                let view = self.rooms.get_mut(room).expect("told of one's own rooms");
                assert_ne!(view.rules, *rules, "{device:?} is told what it knows");
                view.rules = rules.clone();
            }
            Event::Knocking { room, participant } => {
                let view = self.rooms.get_mut(room).expect("told of one's own rooms");
                assert_eq!(view.host, device, "the host is asked");
                assert!(view.knocking.insert(participant.device), "told once");
            }
            Event::KnockEnded { room, device: knocked } => {
                let view = self.rooms.get_mut(room).expect("told of one's own rooms");
                assert!(view.knocking.remove(knocked), "who was told of");
            }
            Event::LetIn { room } | Event::RoomHasPlace { room } => {
                assert!(self.outside.remove(room), "{device:?} waited before it");
            }
            Event::RoomClosed { room, .. } => {
                let inside = self.rooms.remove(room).is_some();
                assert!(self.outside.remove(room) != inside, "told of one's own rooms: {event:?}");
            }
            Event::Signal { room, from, .. } => {
                let view = self.rooms.get(room).expect("told of one's own rooms");
                assert!(
                    view.others.iter().any(|other| other.device == *from),
                    "signals come from participants"
                );
            }
        }
    }

    /// Nobody twice, and no more than fit; those of before a move may be more.
    fn check_room(&self, view: &RoomView) {
        let most = if view.outlived { MAX_PARTICIPANTS as usize } else { view.rules.capacity.into() };
        assert!(view.others.len() < most, "more than the room holds: {view:?}");
        let mut devices: Vec<_> = view.others.iter().map(|other| other.device).collect();
        devices.push(self.device);
        devices.sort_unstable();
        assert!(devices.windows(2).all(|pair| pair[0] != pair[1]), "a device twice in a room: {view:?}");
    }
}
