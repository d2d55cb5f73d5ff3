//! Random stories: devices with several places come, drop, vanish, come back with right and wrong tokens, ask for
//! what makes sense and for what does not, and time passes evenly or in jumps.
//!
//! Checked after each input, in [`World::input`] and [`super::client`]: the hub's indexes agree (`audit`); nothing is
//! said on a connection that is not open; numbers have no gaps; each request is answered at most once, each ring ends
//! at most once for a side that was told of it; nobody is twice in a room and no room is over its capacity; a client
//! that has read everything sees exactly what the hub holds, so nothing is left untold; nobody who is blocked is told
//! what the blocker does, and the blocker hears no ring of theirs; the twin says the same.
//! Checked at the end of each story: every request is answered, every ring has ended, and when everybody has gone,
//! nothing is left.

use earshot_protocol::hub::{Description, DescriptionKind, RingAnswer, Signal};
use earshot_protocol::limits::{IDLE_TIMEOUT, RESUME_GRACE, RING_TIMEOUT};
use earshot_protocol::{
    DeviceId, Door, Event, HeldRoom, Home, HubRef, Media, Person, Reply, Request, ResumeToken, RingId,
    RoomCode, RoomId, RoomRef, RoomRules, Status, ToHub, Whereabouts,
};
use proptest::prelude::*;
use proptest::sample::Index;

use super::world::{HUB, Who, World};
use crate::{ConnectionId, Input};

/// Two of these are one device each with another: see [`NAMES`].
const CLIENTS: usize = 7;
const NAMES: [&str; CLIENTS] = ["ann", "ann's tab", "ann's other", "bob", "bob's tab", "carol", "dan"];

/// Those of rooms, and one that is none.
const PASSWORDS: [Option<&str>; 4] = [None, Some("tin can"), Some("string"), Some(" ")];

#[derive(Debug, Clone)]
enum Ask {
    SetPerson(u8),
    SetStatus(Status),
    Block(Vec<usize>),
    Create { capacity: u16, via: Option<DeviceId> },
    Join(Index),
    JoinWith { room: Index, password: usize },
    LookAt(Index),
    WaitForPlace(Index),
    Withdraw(Index),
    FindRoom(Index),
    SetRules { room: Index, door: Door, password: usize, capacity: u16 },
    Admit(Index, usize),
    Remove(Index, usize),
    HandOver(Index, usize),
    TakeHost(Index),
    EndRoom(Index),
    SetAddresses(u8),
    JoinElsewhere(Index),
    Return(Index),
    WhereIs(Index),
    Hold { room: Index, epoch: u32, members: Vec<usize> },
    Yield(Index),
    SetWhereabouts(Index, u8),
    Leave(Index),
    Ring { to: usize, elsewhere: bool },
    Cancel(Index),
    Answer(Index, RingAnswer),
    Signal { room: Index, to: usize, bytes: usize },
}

#[derive(Debug, Clone)]
enum Step {
    /// With the last token, if there is one and no connection.
    ComeBack,
    /// As somebody new.
    ComeAnew,
    /// With an older token or another's.
    ComeWrongly {
        whose: usize,
        token: Index,
        seen: u32,
    },
    /// Drops and comes back so many times without reading the welcome, then once more.
    Blink(u8),
    /// With the right token while the hub still takes the old connection for alive.
    TakeOver,
    Drop,
    Vanish,
    Goodbye,
    Ping,
    /// Acknowledges something else than what was seen.
    PingWrongly(u32),
    Read(usize),
    ReadAll,
    Ask(Ask),
    /// Asked, but the connection broke before the hub heard it.
    AskInVain(Ask),
    /// An old request again, or one that is out of order.
    AskAgain(u32, Ask),
    Flood(u32),
    RingFlood(u32),
    /// More than is kept for somebody who does not acknowledge, now and then.
    OfferFlood {
        room: Index,
        to: usize,
        count: usize,
    },
    SayOnNoConnection(u64),
}

#[derive(Debug, Clone)]
enum Move {
    Step(usize, Step),
    /// Everybody reads and pings meanwhile.
    Pass(u64),
    /// Nobody does; ticked when due.
    Silence(u64),
    /// Nobody does; ticked at the end.
    Jump(u64),
    Addresses,
}

/// Another hub that holds a room.
fn elsewhere() -> Home {
    Home { hub: HubRef { device: DeviceId([0xEE; 32]), addresses: vec!["192.0.2.9:4000".into()] }, epoch: 9 }
}

fn ask() -> impl Strategy<Value = Ask> {
    let answer = prop_oneof![
        3 => Just(RingAnswer::Accepted),
        1 => Just(RingAnswer::Busy),
        1 => prop_oneof![Just(None), Just(Some("later".to_owned())), Just(Some("x".repeat(201)))]
            .prop_map(|message| RingAnswer::Declined { message }),
    ];
    prop_oneof![
        2 => (0..5_u8).prop_map(Ask::SetPerson),
        2 => prop_oneof![Just(Status::Available), Just(Status::Away), Just(Status::InCall)]
            .prop_map(Ask::SetStatus),
        3 => prop::collection::vec(0..CLIENTS, 0..4).prop_map(Ask::Block),
        3 => (
            prop_oneof![8 => 2..5_u16, 1 => Just(16), 1 => Just(0), 1 => Just(1), 1 => Just(17)],
            prop_oneof![8 => Just(None), 1 => Just(Some(HUB)), 1 => Just(Some(DeviceId([1; 32])))],
        )
            .prop_map(|(capacity, via)| Ask::Create { capacity, via }),
        8 => any::<Index>().prop_map(Ask::Join),
        3 => (any::<Index>(), 0..3_usize).prop_map(|(room, password)| Ask::JoinWith { room, password }),
        1 => any::<Index>().prop_map(Ask::LookAt),
        3 => any::<Index>().prop_map(Ask::WaitForPlace),
        1 => any::<Index>().prop_map(Ask::Withdraw),
        4 => (
            any::<Index>(),
            prop_oneof![Just(Door::Open), Just(Door::Knock), Just(Door::Locked)],
            0..4_usize,
            1..5_u16,
        )
            .prop_map(|(room, door, password, capacity)| Ask::SetRules { room, door, password, capacity }),
        2 => any::<Index>().prop_map(Ask::FindRoom),
        3 => (any::<Index>(), 0..CLIENTS).prop_map(|(room, who)| Ask::Admit(room, who)),
        2 => (any::<Index>(), 0..CLIENTS).prop_map(|(room, who)| Ask::Remove(room, who)),
        2 => (any::<Index>(), 0..CLIENTS).prop_map(|(room, who)| Ask::HandOver(room, who)),
        1 => any::<Index>().prop_map(Ask::TakeHost),
        1 => any::<Index>().prop_map(Ask::EndRoom),
        1 => (0..3_u8).prop_map(Ask::SetAddresses),
        1 => any::<Index>().prop_map(Ask::JoinElsewhere),
        5 => any::<Index>().prop_map(Ask::Return),
        1 => any::<Index>().prop_map(Ask::WhereIs),
        2 => (any::<Index>(), 0..4_u32, prop::collection::vec(0..CLIENTS, 0..4))
            .prop_map(|(room, epoch, members)| Ask::Hold { room, epoch, members }),
        1 => any::<Index>().prop_map(Ask::Yield),
        1 => (any::<Index>(), 0..3_u8).prop_map(|(room, what)| Ask::SetWhereabouts(room, what)),
        3 => any::<Index>().prop_map(Ask::Leave),
        5 => (0..CLIENTS, any::<bool>()).prop_map(|(to, elsewhere)| Ask::Ring { to, elsewhere }),
        2 => any::<Index>().prop_map(Ask::Cancel),
        5 => (any::<Index>(), answer).prop_map(|(ring, answer)| Ask::Answer(ring, answer)),
        8 => (any::<Index>(), 0..CLIENTS, prop_oneof![Just(0), Just(200), Just(60_000)])
            .prop_map(|(room, to, bytes)| Ask::Signal { room, to, bytes }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::ComeBack),
        2 => Just(Step::ComeAnew),
        2 => (0..CLIENTS, any::<Index>(), prop_oneof![0..20_u32, any::<u32>()])
            .prop_map(|(whose, token, seen)| Step::ComeWrongly { whose, token, seen }),
        1 => Just(Step::TakeOver),
        2 => (0..3_u8).prop_map(Step::Blink),
        3 => Just(Step::Drop),
        1 => Just(Step::Vanish),
        1 => Just(Step::Goodbye),
        3 => Just(Step::Ping),
        1 => any::<u32>().prop_map(Step::PingWrongly),
        6 => (1..6_usize).prop_map(Step::Read),
        4 => Just(Step::ReadAll),
        40 => ask().prop_map(Step::Ask),
        2 => ask().prop_map(Step::AskInVain),
        2 => (0..10_u32, ask()).prop_map(|(back, ask)| Step::AskAgain(back, ask)),
        1 => prop_oneof![Just(250), Just(650)].prop_map(Step::Flood),
        1 => (5..25_u32).prop_map(Step::RingFlood),
        2 => (any::<Index>(), 0..CLIENTS, 10..25_usize)
            .prop_map(|(room, to, count)| Step::OfferFlood { room, to, count }),
        1 => any::<u64>().prop_map(Step::SayOnNoConnection),
    ]
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let time = || {
        prop_oneof![
            4 => 1..5_000_u64,
            1 => Just(u64::from(IDLE_TIMEOUT) - 1),
            1 => Just(u64::from(IDLE_TIMEOUT)),
            1 => Just(u64::from(RESUME_GRACE)),
            1 => Just(u64::from(RING_TIMEOUT)),
            1 => 1..100_000_u64,
        ]
    };
    let one = prop_oneof![
        60 => (0..CLIENTS, step()).prop_map(|(who, step)| Move::Step(who, step)),
        4 => time().prop_map(Move::Pass),
        1 => time().prop_map(Move::Silence),
        1 => time().prop_map(Move::Jump),
        1 => Just(Move::Addresses),
    ];
    prop::collection::vec(one, 1..150)
}

/// A world, and every room and ring there ever was in it.
struct Story {
    world: World,
    rooms: Vec<RoomId>,
    rings: Vec<RingId>,
}

impl Story {
    fn begin(owner: Option<DeviceId>) -> Self {
        let mut world = World::new(owner);
        for name in NAMES {
            let who = world.stranger(name);
            world.hello(who, None);
        }
        world.read_all();
        Self { world, rooms: vec![RoomId([1; 16])], rings: vec![RingId([1; 16])] }
    }

    fn go_on(&mut self, next: Move) {
        match next {
            Move::Step(who, step) => self.step(Who(who), step),
            Move::Pass(ms) => self.world.pass(ms),
            Move::Silence(ms) => self.world.silence(ms),
            Move::Jump(ms) => self.world.jump(ms),
            Move::Addresses => drop(self.world.input(Input::Addresses(vec!["192.0.2.7:1".into()]))),
        }
        self.learn();
    }

    /// Remembers rooms and rings, so that orders are about real ones, open or over.
    fn learn(&mut self) {
        for client in &mut self.world.clients {
            let replies = std::mem::take(&mut client.answers).into_values().filter_map(Result::ok);
            for reply in replies {
                match reply {
                    Reply::Room(state) if !self.rooms.contains(&state.room.room) => {
                        self.rooms.push(state.room.room);
                    }
                    Reply::Ring { ring } => self.rings.push(ring),
                    _ => {}
                }
            }
            for event in std::mem::take(&mut client.events) {
                if let Event::Ringing { ring, .. } = event
                    && !self.rings.contains(&ring)
                {
                    self.rings.push(ring);
                }
            }
        }
    }

    fn step(&mut self, who: Who, step: Step) {
        let connected = self.world.is_connected(who);
        match step {
            Step::ComeBack if !connected => {
                self.world.resume(who);
            }
            Step::ComeAnew if !connected => {
                self.world.hello(who, None);
            }
            // Two clients of one device with one token would be one client twice.
            Step::ComeWrongly { whose, token, seen }
                if !connected
                    && (whose == who.0
                        || self.world.clients[whose].device != self.world.clients[who.0].device) =>
            {
                let tokens = &self.world.clients[whose].tokens;
                let token = if tokens.is_empty() { ResumeToken([3; 32]) } else { *token.get(tokens) };
                self.come_wrongly(who, token, seen);
            }
            Step::Blink(times) if self.is_welcomed(who) => self.blink(who, times),
            Step::TakeOver if connected => {
                self.world.vanish(who);
                self.world.resume(who);
            }
            Step::Drop => self.world.drop_connection(who),
            Step::Vanish => self.world.vanish(who),
            Step::Goodbye => drop(self.world.goodbye(who)),
            Step::Ping => self.world.ping(who),
            // A lower number than what was seen only; a higher one is a client's harm to itself.
            Step::PingWrongly(seen) => {
                let seen = seen % (self.world.clients[who.0].seen + 1);
                self.world.say(who, ToHub::Ping { seen });
            }
            Step::Read(count) => {
                for _ in 0..count {
                    self.world.clients[who.0].read();
                }
            }
            Step::ReadAll => self.world.read_all(),
            Step::Ask(ask) if self.is_welcomed(who) => {
                let request = self.request(ask);
                self.world.request(who, request);
            }
            Step::AskInVain(ask) if self.is_welcomed(who) => {
                let request = self.request(ask);
                self.world.prepare(who, &request);
                self.world.drop_connection(who);
            }
            Step::AskAgain(back, ask) if self.is_welcomed(who) => {
                let id = self.world.clients[who.0].next_id.saturating_sub(1 + back);
                let request = self.request(ask);
                let outputs = self.world.say(who, ToHub::Request { id, request });
                assert!(outputs.len() <= 1, "at most a flood's end: {outputs:?}");
            }
            Step::Flood(count) => {
                for _ in 0..count {
                    self.world.ping(who);
                }
            }
            Step::RingFlood(count) if self.is_welcomed(who) => {
                let to = self.world.clients[(who.0 + 3) % CLIENTS].device;
                for _ in 0..count {
                    if self.world.is_connected(who) {
                        self.world.request(who, World::ring_request(to));
                    }
                }
            }
            Step::OfferFlood { room, to, count } if self.is_welcomed(who) => {
                for _ in 0..count {
                    let request = self.request(Ask::Signal { room, to, bytes: 60_000 });
                    self.world.request(who, request);
                }
            }
            Step::SayOnNoConnection(number) => {
                let connection = ConnectionId(number);
                if !self.world.open.contains_key(&connection) {
                    let ping = ToHub::Ping { seen: 0 };
                    assert_eq!(self.world.input(Input::Said { connection, message: ping }), []);
                    assert_eq!(self.world.input(Input::Dropped { connection }), []);
                }
            }
            _ => {}
        }
    }

    /// Whoever is back at once has the place back, unless too much was not acknowledged.
    fn blink(&mut self, who: Who, times: u8) {
        let world = &mut self.world;
        let connection = world.clients[who.0].connection.unwrap();
        let place = world.hub.connections[&connection];
        let seen = world.clients[who.0].seen;
        let expected = world.hub.places[&place].mailbox.covers(seen);
        for _ in 0..times {
            world.drop_connection(who);
            let resume = world.resume_of(who);
            world.hello(who, resume);
        }
        world.drop_connection(who);
        let resumed = world.resume(who);
        assert_eq!(resumed, expected && world.clients[who.0].resumed == Some(true));
        if expected && world.is_connected(who) {
            assert!(resumed, "a place is not lost within its grace");
            assert_eq!(world.hub.connections.get(&world.clients[who.0].connection.unwrap()), Some(&place));
        }
    }

    /// Comes with a token that may be old or another's, and a number that may be wrong. When the place comes back all
    /// the same, the client's view is what the number says, which nobody here can rebuild: so only numbers that a
    /// client could have seen are tried with its own last tokens.
    fn come_wrongly(&mut self, who: Who, token: ResumeToken, seen: u32) {
        let client = &self.world.clients[who.0];
        let seen = if client.tokens.contains(&token) { seen.min(client.seen) } else { seen };
        self.world.resume_with(who, token, seen);
    }

    /// Whether a client may ask: it knows in which place it is.
    fn is_welcomed(&self, who: Who) -> bool {
        self.world.is_connected(who) && self.world.clients[who.0].resumed.is_some()
    }

    fn request(&self, ask: Ask) -> Request {
        match ask {
            Ask::SetPerson(0) => Request::SetPerson { person: Person::named("") },
            Ask::SetPerson(number) => Request::SetPerson { person: Person::named(format!("Name {number}")) },
            Ask::SetStatus(status) => {
                let person = Person { name: "Name 1".into(), status, note: "here and there".into() };
                Request::SetPerson { person }
            }
            Ask::Block(who) => {
                let devices = who.into_iter().map(|who| self.world.clients[who].device).collect();
                Request::SetBlocked { devices }
            }
            Ask::Create { capacity, via } => {
                Request::CreateRoom { via, rules: RoomRules::open_to(capacity), media: Media::Voice }
            }
            Ask::Join(room) => Request::Join {
                room: self.world.room_ref(*room.get(&self.rooms)),
                media: Media::Video,
                password: None,
            },
            Ask::JoinElsewhere(room) => {
                let hub = HubRef { device: DeviceId([2; 32]), addresses: vec![] };
                Request::Join {
                    room: RoomRef { hub, room: *room.get(&self.rooms) },
                    media: Media::Video,
                    password: None,
                }
            }
            Ask::JoinWith { room, password } => Request::Join {
                room: self.world.room_ref(*room.get(&self.rooms)),
                media: Media::Voice,
                password: PASSWORDS[password].map(Into::into),
            },
            Ask::FindRoom(room) => Request::FindRoom { code: RoomCode::of(room.get(&self.rooms)) },
            Ask::LookAt(room) => Request::LookAt { room: self.world.room_ref(*room.get(&self.rooms)) },
            Ask::WaitForPlace(room) => {
                Request::WaitForPlace { room: self.world.room_ref(*room.get(&self.rooms)) }
            }
            Ask::Withdraw(room) => Request::Withdraw { room: *room.get(&self.rooms) },
            Ask::SetRules { room, door, password, capacity } => Request::SetRules {
                room: *room.get(&self.rooms),
                rules: RoomRules {
                    title: "Stand-up".into(),
                    door,
                    password: PASSWORDS[password].map(Into::into),
                    capacity,
                    listed: capacity % 2 == 0,
                },
            },
            Ask::Admit(room, who) => {
                Request::Admit { room: *room.get(&self.rooms), device: self.device(who) }
            }
            Ask::Remove(room, who) => {
                Request::Remove { room: *room.get(&self.rooms), device: self.device(who) }
            }
            Ask::HandOver(room, who) => {
                Request::HandOver { room: *room.get(&self.rooms), to: self.device(who) }
            }
            Ask::TakeHost(room) => Request::TakeHost { room: *room.get(&self.rooms) },
            Ask::EndRoom(room) => Request::EndRoom { room: *room.get(&self.rooms) },
            Ask::SetAddresses(number) => {
                Request::SetAddresses { addresses: vec![format!("192.0.2.{number}:4000")] }
            }
            Ask::Return(room) => Request::Return {
                room: self.world.room_ref(*room.get(&self.rooms)),
                media: Media::Video,
                password: None,
            },
            Ask::WhereIs(room) => {
                Request::WhereIs { room: *room.get(&self.rooms), home: elsewhere(), inside: false }
            }
            Ask::Hold { room, epoch, members } => {
                let members: Vec<DeviceId> = members.into_iter().map(|who| self.device(who)).collect();
                let held = HeldRoom {
                    room: *room.get(&self.rooms),
                    epoch,
                    origin: HUB,
                    rules: RoomRules::open_to(2),
                    host: members.first().copied().unwrap_or(HUB),
                    founder: HUB,
                    removed: members.iter().skip(2).copied().collect(),
                    members,
                    media: Media::Voice,
                };
                Request::HoldRoom { held: Box::new(held) }
            }
            Ask::Yield(room) => Request::YieldRoom { room: *room.get(&self.rooms), to: elsewhere() },
            Ask::SetWhereabouts(room, what) => {
                let room = *room.get(&self.rooms);
                let whereabouts = match what {
                    0 => None,
                    1 => Some(Whereabouts::Looking),
                    _ => Some(Whereabouts::In { home: elsewhere() }),
                };
                Request::SetWhereabouts { room, whereabouts }
            }
            Ask::Leave(room) => Request::Leave { room: *room.get(&self.rooms) },
            Ask::Ring { to, elsewhere } => {
                let to = if elsewhere { DeviceId([5; 32]) } else { self.world.clients[to].device };
                World::ring_request(to)
            }
            Ask::Cancel(ring) => Request::CancelRing { ring: *ring.get(&self.rings) },
            Ask::Answer(ring, answer) => Request::AnswerRing { ring: *ring.get(&self.rings), answer },
            Ask::Signal { room, to, bytes } => {
                let description = Description {
                    kind: DescriptionKind::Offer,
                    sdp: "x".repeat(bytes),
                    round: 0,
                    seal: None,
                };
                Request::Signal {
                    room: *room.get(&self.rooms),
                    to: self.world.clients[to].device,
                    signal: Signal::Description { description },
                }
            }
        }
    }

    fn device(&self, who: usize) -> DeviceId {
        self.world.clients[who].device
    }

    /// Everybody comes back, time passes, and everything that began has ended or goes on for everybody alike.
    fn settle(&mut self) {
        let world = &mut self.world;
        world.silence(10_000);
        for who in (0..CLIENTS).map(Who) {
            if !world.is_connected(who) {
                world.resume(who);
            }
        }
        world.read_all();
        // Long enough for abandoned places and for rings.
        world.pass(u64::from(IDLE_TIMEOUT + RESUME_GRACE).max(u64::from(RING_TIMEOUT)));
        let connected: Vec<_> = (0..CLIENTS).map(Who).filter(|who| world.is_connected(*who)).collect();
        assert_eq!(world.hub.counts().places, connected.len());
        let mut rooms = std::collections::BTreeSet::new();
        for Who(who) in connected {
            let client = &world.clients[who];
            assert!(client.wire.is_empty());
            assert!(client.asked.is_empty(), "{:?} is still waiting: {:?}", client.device, client.asked);
            assert!(client.rings.is_empty(), "{:?} still rings: {:?}", client.device, client.rings);
            rooms.extend(client.rooms.keys().copied());
        }
        assert_eq!(world.hub.counts().rooms, rooms.len(), "every room has somebody who knows of it");
        assert_eq!(world.hub.counts().rings, 0);
    }

    /// Everybody goes, one way or another.
    fn end(mut self, how: u8) {
        match how % 3 {
            0 => {
                for who in (0..CLIENTS).map(Who) {
                    match who.0 % 3 {
                        0 => drop(self.world.goodbye(who)),
                        1 => self.world.drop_connection(who),
                        _ => self.world.vanish(who),
                    }
                }
                self.world.silence(u64::from(IDLE_TIMEOUT + RESUME_GRACE));
            }
            1 => {
                for who in (0..CLIENTS).map(Who) {
                    self.world.vanish(who);
                }
                self.world.jump(u64::from(IDLE_TIMEOUT));
                self.world.jump(u64::from(RESUME_GRACE));
            }
            _ => {
                let connected: Vec<_> = self.world.open.values().copied().flatten().collect();
                self.world.input(Input::Shutdown);
                assert!(self.world.open.is_empty());
                for Who(who) in connected {
                    let client = &mut self.world.clients[who];
                    while client.read() {}
                    assert!(
                        client.rooms.is_empty() && client.rings.is_empty(),
                        "everybody is told of the end"
                    );
                }
            }
        }
        self.world.expect_empty();
    }
}

fn tell(owner: Option<DeviceId>, moves: Vec<Move>, settles: bool, how: u8) {
    let mut story = Story::begin(owner);
    for next in moves {
        story.go_on(next);
    }
    if settles {
        story.settle();
    }
    story.end(how);
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn a_server_holds_in_any_story(moves in moves(), settles: bool, how: u8) {
        tell(None, moves, settles, how);
    }

    #[test]
    fn a_lan_hub_holds_in_any_story(moves in moves(), settles: bool, how: u8) {
        tell(Some(super::world::device("ann")), moves, settles, how);
    }
}
