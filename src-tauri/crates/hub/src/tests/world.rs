//! The hub, its twin, the clock and the wires.

use std::collections::BTreeMap;

use earshot_protocol::hub::{HubMessage, IceServer, RingAnswer, Signal};
use earshot_protocol::limits::PING_INTERVAL;
use earshot_protocol::{
    DeviceId, DeviceKind, ErrorCode, Event, FromHub, HubRef, Media, Person, Reply, Request, RequestId,
    Resume, ResumeToken, RingId, RoomId, RoomRef, RoomRules, Seq, Status, ToHub,
};

use super::client::Client;
use crate::{Config, ConnectionId, Fresh, Hub, Input, Output, Time, Visitor};

/// A client's number in its world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Who(pub(crate) usize);

pub(crate) const HUB: DeviceId = DeviceId([b'H'; 32]);

pub(crate) struct World {
    pub(crate) hub: Hub,
    /// Gets the same inputs; must give the same outputs.
    twin: Hub,
    pub(crate) now: u64,
    inputs: u64,
    last_connection: u64,
    pub(crate) clients: Vec<Client>,
    /// What the hub takes for open, and who is at the other end; nobody, when they vanished without a word.
    pub(crate) open: BTreeMap<ConnectionId, Option<Who>>,
    /// Off for worlds too large to look at after each input.
    pub(crate) audited: bool,
}

/// The device of a name: its first letter, so that `ann` and `ann's tab` are one.
pub(crate) fn device(name: &str) -> DeviceId {
    DeviceId([name.as_bytes()[0]; 32])
}

impl World {
    /// A server with a directory.
    pub(crate) fn server() -> Self {
        Self::new(None)
    }

    /// A hub on the LAN.
    pub(crate) fn lan(owner: &str) -> Self {
        Self::new(Some(device(owner)))
    }

    pub(crate) fn new(owner: Option<DeviceId>) -> Self {
        let config = Config {
            hub: owner.unwrap_or(HUB),
            addresses: vec!["192.0.2.1:4000".into()],
            title: "Office".into(),
            owner,
            ice_servers: vec![IceServer {
                urls: vec!["stun:192.0.2.2".into()],
                username: None,
                credential: None,
            }],
        };
        Self {
            hub: Hub::new(config.clone()),
            twin: Hub::new(config),
            now: 1_000_000,
            inputs: 0,
            last_connection: 0,
            clients: Vec::new(),
            open: BTreeMap::new(),
            audited: true,
        }
    }

    /// The hub's process ends without a word, and another one goes on with what was kept.
    pub(crate) fn restart(&mut self) {
        let (config, rooms) = (self.hub.config.clone(), self.hub.kept_rooms());
        self.hub = Hub::with_rooms(config.clone(), rooms.clone());
        self.twin = Hub::with_rooms(config, rooms);
        self.open.clear();
        for client in &mut self.clients {
            client.connection = None;
            client.wire.clear();
        }
        self.input(Input::Tick);
    }

    /// Gives one input to the hub and puts what it says on the wires.
    pub(crate) fn input(&mut self, input: Input) -> Vec<Output> {
        self.inputs += 1;
        let fresh = fresh(self.inputs);
        let before = self.hub.counts();
        // What a place is told again is of the past, perhaps of before a block.
        let resumes = matches!(input, Input::Hello { resume: Some(_), .. });
        let outputs = self.hub.handle(Time(self.now), fresh, input.clone());
        assert_eq!(outputs, self.twin.handle(Time(self.now), fresh, input), "same inputs, same outputs");
        for output in &outputs {
            match output {
                Output::Send { connection, message } => {
                    let who = self.open.get(connection).expect("said on an open connection");
                    if let Some(who) = *who {
                        self.clients[who.0].wire.push_back(message.clone());
                    }
                }
                Output::Close { connection, .. } => {
                    let who = self.open.remove(connection).expect("an open connection is closed");
                    if let Some(who) = who {
                        self.clients[who.0].connection = None;
                    }
                }
            }
        }
        if self.audited {
            if !resumes {
                self.check_blocked(&outputs);
            }
            self.hub.audit();
            let connections = self.open.keys().copied();
            assert!(connections.eq(self.hub.connections.keys().copied()), "the hub knows what is open");
            if let Some(deadline) = self.hub.deadline() {
                assert!(deadline > Time(self.now), "what is due has been done; before: {before:?}");
            }
            assert_eq!(self.hub.deadline().is_some(), !self.hub.is_empty(), "what is held ends some time");
            self.compare_views();
        }
        outputs
    }

    /// Nothing that was just said tells a blocked device what its blocker does, or the blocker of the blocked one's
    /// ring.
    fn check_blocked(&self, outputs: &[Output]) {
        for output in outputs {
            let Output::Send { connection, message } = output else { continue };
            let Some(Who(who)) = self.open.get(connection).copied().flatten() else { continue };
            let viewer = self.clients[who].device;
            let has_blocked = |one: DeviceId, other: DeviceId| {
                self.hub.devices.get(&one).is_some_and(|known| known.blocked.contains(&other))
            };
            let mut shown: Vec<(DeviceId, &Person)> = Vec::new();
            match message {
                FromHub::Welcome(welcome) => {
                    shown.extend(welcome.people.iter().map(|one| (one.device, &one.person)));
                }
                FromHub::Message { message: HubMessage::Ok { reply: Reply::Room(state), .. }, .. } => {
                    shown.extend(state.participants.iter().map(|one| (one.device, &one.person)));
                }
                FromHub::Message { message: HubMessage::Event { event }, .. } => match event {
                    Event::PersonHere { presence } => shown.push((presence.device, &presence.person)),
                    Event::ParticipantJoined { participant, .. }
                    | Event::ParticipantChanged { participant, .. } => {
                        shown.push((participant.device, &participant.person));
                    }
                    Event::Knocking { participant, .. } => {
                        shown.push((participant.device, &participant.person));
                        assert!(
                            !has_blocked(viewer, participant.device),
                            "a blocked device's knocking is heard"
                        );
                    }
                    Event::Ringing { from, .. } => {
                        shown.push((from.device, &from.person));
                        assert!(!has_blocked(viewer, from.device), "a blocked device's ring is heard");
                    }
                    _ => {}
                },
                _ => {}
            }
            for (device, person) in shown {
                if has_blocked(device, viewer) {
                    assert_eq!(
                        (person.status, person.note.as_str()),
                        (Status::Away, ""),
                        "shown to {viewer:?}"
                    );
                }
            }
        }
    }

    /// Blocks these and nobody else.
    pub(crate) fn block(&mut self, who: Who, names: &[&str]) -> Result<Reply, ErrorCode> {
        let devices = names.iter().map(|name| device(name)).collect();
        self.ask(who, Request::SetBlocked { devices })
    }

    /// Somebody who has not come yet.
    pub(crate) fn stranger(&mut self, name: &str) -> Who {
        self.clients.push(Client::new(device(name), Person::named(name)));
        Who(self.clients.len() - 1)
    }

    /// New visitors who have read their welcome.
    pub(crate) fn arrive<const N: usize>(&mut self, names: [&str; N]) -> [Who; N] {
        let all = names.map(|name| {
            let who = self.stranger(name);
            self.hello(who, None);
            assert!(self.is_connected(who), "{name} is let in");
            who
        });
        self.read_all();
        for who in all {
            self.news(who);
        }
        all
    }

    /// Knocks on a new connection. Returns what the hub does.
    pub(crate) fn hello(&mut self, who: Who, resume: Option<Resume>) -> Vec<Output> {
        self.last_connection += 1;
        let connection = ConnectionId(self.last_connection);
        let client = &mut self.clients[who.0];
        client.connect(connection, resume.as_ref().map(|resume| resume.seen));
        let visitor =
            Visitor { device: client.device, kind: DeviceKind::Install, person: client.person.clone() };
        self.open.insert(connection, Some(who));
        let outputs = self.input(Input::Hello { connection, visitor, version: 1, resume });
        // All that a resumed place is told at once is of the past: it leads to what its welcome says.
        let client = &mut self.clients[who.0];
        let mut people = None;
        let mut last = client.seen;
        for output in &outputs {
            match output {
                Output::Send { connection: to, message: FromHub::Welcome(welcome) } if *to == connection => {
                    people = welcome.resumed.then(|| welcome.people.clone());
                }
                Output::Send { connection: to, message: FromHub::Message { seq, .. } }
                    if *to == connection =>
                {
                    last = *seq;
                }
                _ => {}
            }
        }
        client.people_at = people.map(|people| (last, people));
        outputs
    }

    /// What a client says to have its place back.
    pub(crate) fn resume_of(&self, who: Who) -> Option<Resume> {
        let client = &self.clients[who.0];
        client.tokens.last().map(|token| Resume { token: *token, seen: client.seen })
    }

    /// Comes back on a new connection. Returns whether the place is the old one.
    pub(crate) fn resume(&mut self, who: Who) -> bool {
        let resume = self.resume_of(who);
        self.come_with(who, resume)
    }

    /// As [`Self::resume`], with any token and number.
    pub(crate) fn resume_with(&mut self, who: Who, token: ResumeToken, seen: Seq) -> bool {
        self.come_with(who, Some(Resume { token, seen }))
    }

    /// Knocks, and does as a real client does: asks again for what was not answered when the place is the old one.
    fn come_with(&mut self, who: Who, resume: Option<Resume>) -> bool {
        self.hello(who, resume);
        // The welcome alone; what follows it is still on the wire while the client asks again.
        let client = &mut self.clients[who.0];
        if !client.read() || client.resumed != Some(true) {
            return false;
        }
        for (id, request) in client.asked.clone() {
            self.say(who, ToHub::Request { id, request });
        }
        true
    }

    pub(crate) fn is_connected(&self, who: Who) -> bool {
        self.clients[who.0].connection.is_some()
    }

    /// Says something, if there is a connection.
    pub(crate) fn say(&mut self, who: Who, message: ToHub) -> Vec<Output> {
        match self.clients[who.0].connection {
            Some(connection) => self.input(Input::Said { connection, message }),
            None => Vec::new(),
        }
    }

    /// Numbers a request without saying it.
    pub(crate) fn prepare(&mut self, who: Who, request: &Request) -> RequestId {
        let client = &mut self.clients[who.0];
        let id = client.next_id;
        client.next_id += 1;
        client.asked.insert(id, request.clone());
        id
    }

    /// Asks without waiting for the answer.
    pub(crate) fn request(&mut self, who: Who, request: Request) -> RequestId {
        let id = self.prepare(who, &request);
        self.say(who, ToHub::Request { id, request });
        id
    }

    /// Asks and reads up to the answer, and all else that everybody has been told.
    pub(crate) fn ask(&mut self, who: Who, request: Request) -> Result<Reply, ErrorCode> {
        let id = self.request(who, request);
        self.read_all();
        self.clients[who.0].answers.get(&id).cloned().expect("an answer")
    }

    /// Everybody reads everything.
    pub(crate) fn read_all(&mut self) {
        for client in &mut self.clients {
            while client.read() {}
        }
        if self.audited {
            self.compare_views();
        }
    }

    /// What a client has been told since last asked.
    pub(crate) fn news(&mut self, who: Who) -> Vec<Event> {
        let client = &mut self.clients[who.0];
        while client.read() {}
        std::mem::take(&mut client.events)
    }

    /// The connection breaks and the hub knows; what is on the wire is lost.
    pub(crate) fn drop_connection(&mut self, who: Who) {
        if let Some(connection) = self.clients[who.0].connection.take() {
            self.clients[who.0].wire.clear();
            self.open.remove(&connection);
            self.input(Input::Dropped { connection });
        }
    }

    /// The connection breaks and the hub does not know.
    pub(crate) fn vanish(&mut self, who: Who) {
        if let Some(connection) = self.clients[who.0].connection.take() {
            self.clients[who.0].wire.clear();
            self.open.insert(connection, None);
        }
    }

    pub(crate) fn goodbye(&mut self, who: Who) -> Vec<Output> {
        let outputs = self.say(who, ToHub::Goodbye);
        self.clients[who.0].wire.clear();
        outputs
    }

    pub(crate) fn ping(&mut self, who: Who) {
        let seen = self.clients[who.0].seen;
        self.say(who, ToHub::Ping { seen });
    }

    /// Time passes in silence; the hub is ticked whenever it asks for it.
    pub(crate) fn silence(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(Time(at)) = self.hub.deadline().filter(|at| at.0 <= end) {
            self.now = at;
            self.input(Input::Tick);
        }
        self.now = end;
        self.input(Input::Tick);
    }

    /// Time passes while everybody with a connection reads and pings.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        while self.now < end {
            self.silence((end - self.now).min(u64::from(PING_INTERVAL)));
            self.read_all();
            for who in 0..self.clients.len() {
                self.ping(Who(who));
            }
        }
        self.read_all();
    }

    /// Time passes with one tick at its end.
    pub(crate) fn jump(&mut self, ms: u64) {
        self.now += ms;
        self.input(Input::Tick);
    }

    pub(crate) fn room_ref(&self, room: RoomId) -> RoomRef {
        RoomRef { hub: HubRef { device: self.hub.config.hub, addresses: Vec::new() }, room }
    }

    pub(crate) fn create(&mut self, who: Who, capacity: u16) -> Result<RoomId, ErrorCode> {
        match self.ask(
            who,
            Request::CreateRoom { via: None, rules: RoomRules::open_to(capacity), media: Media::Voice },
        )? {
            Reply::Room(state) => Ok(state.room.room),
            other => panic!("not a room: {other:?}"),
        }
    }

    pub(crate) fn join(&mut self, who: Who, room: RoomId) -> Result<Reply, ErrorCode> {
        let room = self.room_ref(room);
        self.ask(who, Request::Join { room, media: Media::Video, password: None })
    }

    pub(crate) fn leave(&mut self, who: Who, room: RoomId) -> Result<Reply, ErrorCode> {
        self.ask(who, Request::Leave { room })
    }

    pub(crate) fn signal(&mut self, who: Who, room: RoomId, to: &str) -> Result<Reply, ErrorCode> {
        let to = device(to);
        self.ask(who, Request::Signal { room, to, signal: Signal::RestartWanted })
    }

    /// Rings into a room of another hub, as on a LAN.
    pub(crate) fn ring(&mut self, who: Who, to: &str) -> Result<RingId, ErrorCode> {
        match self.ask(who, Self::ring_request(device(to)))? {
            Reply::Ring { ring } => Ok(ring),
            other => panic!("not a ring: {other:?}"),
        }
    }

    pub(crate) fn ring_request(to: DeviceId) -> Request {
        let hub = HubRef { device: DeviceId([b'X'; 32]), addresses: vec!["192.0.2.9:1".into()] };
        Request::Ring { to, room: RoomRef { hub, room: RoomId([9; 16]) }, media: Media::Video }
    }

    pub(crate) fn answer(&mut self, who: Who, ring: RingId, answer: RingAnswer) -> Result<Reply, ErrorCode> {
        self.ask(who, Request::AnswerRing { ring, answer })
    }

    pub(crate) fn cancel(&mut self, who: Who, ring: RingId) -> Result<Reply, ErrorCode> {
        self.ask(who, Request::CancelRing { ring })
    }

    pub(crate) fn set_person(&mut self, who: Who, name: &str) -> Result<Reply, ErrorCode> {
        self.be(who, Person::named(name))
    }

    pub(crate) fn be(&mut self, who: Who, person: Person) -> Result<Reply, ErrorCode> {
        let reply = self.ask(who, Request::SetPerson { person: person.clone() })?;
        self.clients[who.0].person = person;
        Ok(reply)
    }

    /// The names in a client's list.
    pub(crate) fn sees(&mut self, who: Who) -> Vec<String> {
        self.read_all();
        self.clients[who.0].people.values().map(|one| one.person.name.clone()).collect()
    }
}

/// Numbers that do not repeat; their spread does not matter here.
fn fresh(input: u64) -> Fresh {
    let mut bytes = [0; 32];
    for half in bytes.chunks_exact_mut(16) {
        half[..8].copy_from_slice(&input.to_be_bytes());
    }
    Fresh(bytes)
}
