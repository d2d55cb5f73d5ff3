//! A hub among visitors who come, drop, come back with right and wrong tokens, and ask for anything, on a clock that
//! jumps. It never panics, says nothing on a connection that is closed, leaves no number out, holds no more than it
//! may, and holds nothing once everybody is gone.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use earshot_hub::{Config, ConnectionId, Fresh, Hub, Input, Output, Time, Visitor};
use earshot_protocol::hub::{HubMessage, RingAnswer, Signal};
use earshot_protocol::limits::{
    MAX_MEMBERS_PER_DEVICE, MAX_OPEN_RINGS, MAX_RINGS, MAX_ROOMS_PER_DEVICE, MAX_UNSEEN,
};
use earshot_protocol::{
    DeviceId, DeviceKind, Door, Event, FromHub, HubRef, Media, Person, Reply, Request, RequestId, Resume,
    ResumeToken, RingId, RoomCode, RoomId, RoomRef, RoomRules, Seq, Status, ToHub,
};
use libfuzzer_sys::fuzz_target;

const HUB: DeviceId = DeviceId([0xff; 32]);
/// So many, with fewer devices than that.
const VISITORS: usize = 12;
const DEVICES: usize = 5;
/// Requests of one flood.
const FLOOD: u16 = 700;

/// Four bytes each: what, who, and two more that mean what the step makes of them. A story begins with one byte, `L` for a
/// LAN hub of the first visitor's.
#[derive(Clone, Copy)]
struct Step {
    what: u8,
    who: usize,
    one: u8,
    two: u8,
}

fn steps(data: &[u8]) -> impl Iterator<Item = Step> {
    data.chunks_exact(4).map(|bytes| Step {
        what: bytes[0],
        who: usize::from(bytes[1]) % VISITORS,
        one: bytes[2],
        two: bytes[3],
    })
}

/// Names that are good, and some that are not.
const NAMES: [&str; 6] = ["Ann", "Bob Builder", "", "   ", "A\u{202e}nn", "two\nlines"];

#[derive(Default)]
struct Client {
    connection: Option<ConnectionId>,
    tokens: Vec<ResumeToken>,
    last_seq: Seq,
    last_request: RequestId,
}

/// What was said on a connection so far.
#[derive(Default)]
struct Line {
    who: usize,
    /// What the visitor said it had seen before.
    seen: Seq,
    last_seq: Option<Seq>,
    answered: BTreeSet<RequestId>,
}

struct World {
    hub: Hub,
    now: u64,
    inputs: u64,
    clients: Vec<Client>,
    open: BTreeMap<ConnectionId, Line>,
    rooms: Vec<RoomId>,
    rings: Vec<RingId>,
    /// How often more the next request is asked.
    flood: u16,
    /// How far the next number is off from what it should be.
    off: i32,
}

fn device(who: usize) -> DeviceId {
    DeviceId([(who % DEVICES) as u8; 32])
}

/// One of a list by any number.
fn pick<T: Copy>(list: &[T], index: u8) -> Option<T> {
    list.get(usize::from(index) % list.len().max(1)).copied()
}

impl World {
    fn new(is_lan: bool) -> Self {
        let owner = is_lan.then(|| device(0));
        let config = Config {
            hub: owner.unwrap_or(HUB),
            addresses: Vec::new(),
            title: String::new(),
            owner,
            ice_servers: Vec::new(),
        };
        Self {
            hub: Hub::new(config),
            now: 0,
            inputs: 0,
            clients: (0..VISITORS).map(|_| Client::default()).collect(),
            open: BTreeMap::new(),
            rooms: Vec::new(),
            rings: Vec::new(),
            flood: 0,
            off: 0,
        }
    }

    fn input(&mut self, input: Input) {
        self.inputs += 1;
        let mut fresh = [0; 32];
        fresh[..8].copy_from_slice(&self.inputs.to_be_bytes());
        fresh[8] = 1;
        for output in self.hub.handle(Time(self.now), Fresh(fresh), input) {
            match output {
                Output::Close { connection, .. } => {
                    let line = self.open.remove(&connection).expect("an open connection is closed");
                    let client = &mut self.clients[line.who];
                    if client.connection == Some(connection) {
                        client.connection = None;
                    }
                }
                Output::Send { connection, message } => self.heard(connection, message),
            }
        }
        self.check();
    }

    fn heard(&mut self, connection: ConnectionId, message: FromHub) {
        let line = self.open.get_mut(&connection).expect("said on an open connection");
        let client = &mut self.clients[line.who];
        match message {
            FromHub::Welcome(welcome) => {
                client.tokens.push(welcome.resume);
                if welcome.resumed {
                    line.last_seq = Some(line.seen);
                } else {
                    client.last_request = 0;
                    line.last_seq = Some(0);
                }
            }
            FromHub::Message { seq, message } => {
                if let Some(last) = line.last_seq {
                    assert_eq!(seq, last + 1, "no number is left out");
                }
                line.last_seq = Some(seq);
                client.last_seq = seq;
                match message {
                    HubMessage::Ok { id, reply } => {
                        assert!(line.answered.insert(id), "answered once");
                        match reply {
                            Reply::Room(state) => self.rooms.push(state.room.room),
                            Reply::Ring { ring } => self.rings.push(ring),
                            Reply::Done
                            | Reply::Knocking
                            | Reply::Summary(_)
                            | Reply::Found { .. }
                            | Reply::Whereabouts { .. }
                            | Reply::Moved { .. } => {}
                        }
                    }
                    HubMessage::Error { id, .. } => assert!(line.answered.insert(id), "answered once"),
                    HubMessage::Event { event: Event::Ringing { ring, .. } } => self.rings.push(ring),
                    HubMessage::Event { .. } => {}
                }
            }
            FromHub::Challenge { .. } | FromHub::Refused { .. } | FromHub::Pong => {}
        }
    }

    fn check(&self) {
        let counts = self.hub.counts();
        let max = |each: u32| DEVICES * each as usize;
        assert_eq!(counts.connections, self.open.len());
        assert!(counts.places <= max(MAX_MEMBERS_PER_DEVICE), "{counts:?}");
        assert!(counts.devices <= DEVICES && counts.devices <= counts.places, "{counts:?}");
        assert!(counts.rooms <= max(MAX_ROOMS_PER_DEVICE), "{counts:?}");
        assert!(counts.rings <= max(MAX_OPEN_RINGS), "{counts:?}");
        assert!(counts.kept <= counts.places * MAX_UNSEEN as usize, "{counts:?}");
        assert!(counts.other <= counts.places + counts.rings + max(MAX_RINGS), "{counts:?}");
        if let Some(deadline) = self.hub.deadline() {
            assert!(deadline > Time(self.now), "what is due has been done");
        }
        assert_eq!(self.hub.deadline().is_some(), !self.hub.is_empty(), "what is held ends some time");
    }

    /// With no token, the last one, an older one, another's, or one that never was.
    fn come(&mut self, who: usize, token: u8, back: u8) {
        if self.clients[who].connection.is_some() {
            return;
        }
        let older = |of: usize, back: u8| {
            let tokens = &self.clients[of].tokens;
            tokens.len().checked_sub(1 + usize::from(back)).map(|index| tokens[index])
        };
        let token = match token {
            b'n' => None,
            b'o' => older(who, back),
            b'g' => Some(ResumeToken([back; 32])),
            whose => older(usize::from(whose) % VISITORS, back),
        };
        let seen = self.clients[who].last_seq.wrapping_add_signed(self.off);
        let connection = ConnectionId(self.inputs + 1);
        self.clients[who].connection = Some(connection);
        self.open.insert(connection, Line { who, seen, ..Line::default() });
        let visitor =
            Visitor { device: device(who), kind: DeviceKind::Install, person: Person::named("Somebody") };
        let resume = token.map(|token| Resume { token, seen });
        self.input(Input::Hello { connection, visitor, version: 1, resume });
    }

    fn say(&mut self, who: usize, message: ToHub) {
        if let Some(connection) = self.clients[who].connection {
            self.input(Input::Said { connection, message });
        }
    }

    fn ask(&mut self, who: usize, request: &Request) {
        let last = &mut self.clients[who].last_request;
        let id = last.wrapping_add(1).wrapping_add_signed(self.off);
        *last = id;
        for _ in 0..=std::mem::take(&mut self.flood) {
            self.say(who, ToHub::Request { id: self.clients[who].last_request, request: request.clone() });
            let last = &mut self.clients[who].last_request;
            *last = last.wrapping_add(1);
        }
        let last = &mut self.clients[who].last_request;
        *last = last.wrapping_sub(1);
    }

    fn request(&self, Step { what, one, two, .. }: Step) -> Option<Request> {
        let room = |index| pick(&self.rooms, index).unwrap_or(RoomId([0; 16]));
        let room_ref = |index: u8| {
            let hub = HubRef { device: if index == b'x' { device(4) } else { HUB }, addresses: Vec::new() };
            RoomRef { hub, room: room(index) }
        };
        let ring = |index| pick(&self.rings, index).unwrap_or(RingId([0; 16]));
        let name = |index: u8| NAMES[usize::from(index) % NAMES.len()].to_owned();
        let statuses = [Status::Available, Status::Away, Status::Busy, Status::InCall];
        Some(match what {
            b'S' => Request::SetPerson {
                person: Person { name: name(one), note: name(two), status: statuses[usize::from(one >> 6)] },
            },
            b'B' => Request::SetBlocked {
                devices: (0..usize::from(two)).map(|more| device(usize::from(one) + more)).collect(),
            },
            b'M' => Request::CreateRoom {
                via: (one == b'x').then_some(device(4)),
                rules: RoomRules::open_to(u16::from(two) % 32),
                media: Media::Voice,
            },
            b'J' => Request::Join { room: room_ref(one), media: Media::Video, password: None },
            b'L' => Request::Leave { room: room(one) },
            b'p' => Request::Join {
                room: room_ref(one),
                media: Media::Voice,
                password: Some(if two % 2 == 0 { "tin can" } else { "string" }.into()),
            },
            b'd' => Request::SetRules {
                room: room(one),
                rules: RoomRules {
                    door: [Door::Open, Door::Knock, Door::Locked][usize::from(two) % 3],
                    password: (two & 4 != 0).then(|| "tin can".into()),
                    listed: two & 8 != 0,
                    ..RoomRules::open_to(2 + u16::from(two >> 4))
                },
            },
            b'#' => Request::FindRoom { code: RoomCode::of(&room(one)) },
            b'v' => Request::WaitForPlace { room: room_ref(one) },
            b'w' => Request::Withdraw { room: room(one) },
            b'+' => Request::Admit { room: room(one), device: device(usize::from(two)) },
            b'-' => Request::Remove { room: room(one), device: device(usize::from(two)) },
            b'h' => Request::HandOver { room: room(one), to: device(usize::from(two)) },
            b't' => Request::TakeHost { room: room(one) },
            b'e' => Request::EndRoom { room: room(one) },
            b'R' => Request::Ring { to: device(usize::from(one)), room: room_ref(two), media: Media::Voice },
            b'X' => Request::CancelRing { ring: ring(one) },
            b'A' => Request::AnswerRing {
                ring: ring(one),
                answer: match two {
                    b'y' => RingAnswer::Accepted,
                    b'b' => RingAnswer::Busy,
                    word => RingAnswer::Declined { message: Some(name(word)) },
                },
            },
            b'>' => Request::Signal {
                room: room(one),
                to: device(usize::from(two)),
                signal: Signal::RestartWanted,
            },
            _ => return None,
        })
    }

    fn step(&mut self, step: Step) {
        let Step { what, who, one, two } = step;
        if let Some(request) = self.request(step) {
            self.ask(who, &request);
            self.off = 0;
            return;
        }
        match what {
            b'C' => self.come(who, one, two),
            b'D' => {
                if let Some(connection) = self.clients[who].connection.take() {
                    self.open.remove(&connection);
                    self.input(Input::Dropped { connection });
                }
            }
            // The hub does not hear of it.
            b'V' => self.clients[who].connection = None,
            b'G' => self.say(who, ToHub::Goodbye),
            b'P' => {
                let seen = self.clients[who].last_seq.wrapping_add_signed(self.off);
                self.say(who, ToHub::Ping { seen });
            }
            b'N' => {
                let connection = ConnectionId(u64::from(one) | 1 << 63);
                self.input(Input::Said { connection, message: ToHub::Ping { seen: 0 } });
                self.input(Input::Dropped { connection });
            }
            b'T' => {
                self.now += u64::from(u16::from_be_bytes([one, two]));
                self.input(Input::Tick);
            }
            b'U' => {
                self.now = self.hub.deadline().map_or(self.now, |deadline| deadline.0);
                self.input(Input::Tick);
            }
            b'@' => {
                let address = |index| "x".repeat(usize::from(index) * 8);
                self.input(Input::Addresses((0..one).map(address).collect()));
            }
            b'H' => {
                self.input(Input::Shutdown);
                assert!(self.open.is_empty() && self.hub.is_empty(), "nobody is left after the end");
            }
            // The next request is asked so often; the next number is that far off.
            b'F' => self.flood = u16::from_be_bytes([one, two]) % FLOOD,
            b'O' => {
                self.off = i32::from(i16::from_be_bytes([one, two]));
                return;
            }
            _ => {}
        }
        self.off = 0;
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((first, story)) = data.split_first() else { return };
    let mut world = World::new(*first == b'L');
    for step in steps(story) {
        world.step(step);
        // A long story tells no more than a short one.
        if world.inputs > 20_000 {
            break;
        }
    }
    for connection in world.open.keys().copied().collect::<Vec<_>>() {
        if world.open.remove(&connection).is_some() {
            world.input(Input::Dropped { connection });
        }
    }
    // Everything that is held has an end: the grace of places, then the rates of rings.
    let mut ends = 0;
    while let Some(deadline) = world.hub.deadline() {
        world.now = deadline.0;
        world.input(Input::Tick);
        ends += 1;
        assert!(ends < 10_000, "it never ends");
    }
    assert!(world.hub.is_empty());
});
