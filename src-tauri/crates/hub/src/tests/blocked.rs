//! Whom somebody has blocked: to them the blocker is away, whatever happens, and their rings come to nothing. They are not
//! told and cannot find out by what the hub says.

use earshot_protocol::hub::{RingAnswer, RingEnd};
use earshot_protocol::limits::{MAX_BLOCKED, MAX_OPEN_RINGS, RATE_WINDOW, RESUME_GRACE, RING_TIMEOUT};
use earshot_protocol::{
    DeviceId, ErrorCode, Event, FromHub, Media, Person, Reply, Request, RingId, RoomRules, Status,
};
use proptest::prelude::*;

use super::world::{Who, World, device};
use crate::{ConnectionId, Output};

fn in_call(name: &str) -> Person {
    Person { name: name.into(), status: Status::InCall, note: "back at 3".into() }
}

fn shown(event: &Event) -> (&str, Status, &str) {
    match event {
        Event::PersonHere { presence } => {
            (&presence.person.name, presence.person.status, &presence.person.note)
        }
        other => panic!("not somebody's coming: {other:?}"),
    }
}

fn ended(ring: RingId, end: RingEnd) -> Vec<Event> {
    vec![Event::RingEnded { ring, end }]
}

/// Bob has blocked mallory; ann sees both. All have read everything.
fn blocked() -> (World, [Who; 3]) {
    let mut world = World::server();
    let [ann, bob, mallory] = world.arrive(["ann", "bob", "mallory"]);
    assert_eq!(world.block(bob, &["mallory"]), Ok(Reply::Done));
    for who in [ann, bob, mallory] {
        world.news(who);
    }
    (world, [ann, bob, mallory])
}

#[test]
fn the_blocker_is_away_from_then_on_and_is_back_afterwards() {
    let mut world = World::server();
    let [ann, bob, mallory] = world.arrive(["ann", "bob", "mallory"]);
    world.be(bob, in_call("Bob")).unwrap();
    world.news(mallory);
    world.news(ann);
    world.block(bob, &["mallory", "nobody", "bob"]).unwrap();
    let news = world.news(mallory);
    assert_eq!(news.iter().map(shown).collect::<Vec<_>>(), [("Bob", Status::Away, "")]);
    assert_eq!((world.news(ann), world.news(bob)), (vec![], vec![]), "others are told nothing");
    world.block(bob, &["mallory"]).unwrap();
    assert_eq!(world.news(mallory), [], "the same again is no change");

    for status in [Status::Available, Status::Busy, Status::InCall] {
        world.be(bob, Person { status, ..in_call("Bob") }).unwrap();
        assert_eq!(world.news(mallory), [], "{status:?}");
    }
    assert_eq!(world.news(ann).len(), 3);
    world.be(bob, in_call("Robert")).unwrap();
    let news = world.news(mallory);
    assert_eq!(
        news.iter().map(shown).collect::<Vec<_>>(),
        [("Robert", Status::Away, "")],
        "a name is no secret"
    );

    // A tab of mallory's that comes later is of the same device.
    let [tab] = world.arrive(["mallory"]);
    assert_eq!(world.clients[tab.0].people[&device("bob")].person.status, Status::Away);
    world.block(bob, &[]).unwrap();
    for who in [mallory, tab] {
        let news = world.news(who);
        assert_eq!(news.iter().map(shown).collect::<Vec<_>>(), [("Robert", Status::InCall, "back at 3")]);
    }
}

#[test]
fn a_ring_of_somebody_blocked_is_not_heard_and_not_answered() {
    let (mut world, [_, bob, mallory]) = blocked();
    let ring = world.ring(mallory, "bob").unwrap();
    assert_eq!(world.answer(bob, ring, RingAnswer::Busy), Err(ErrorCode::RingUnknown));
    world.pass(u64::from(RING_TIMEOUT) - 1);
    assert_eq!(world.news(mallory), []);
    world.pass(1);
    assert_eq!(world.news(mallory), ended(ring, RingEnd::NoAnswer));

    let ring = world.ring(mallory, "bob").unwrap();
    world.cancel(mallory, ring).unwrap();
    assert_eq!(world.news(mallory), ended(ring, RingEnd::Cancelled));
    let ring = world.ring(mallory, "bob").unwrap();
    world.goodbye(mallory);
    assert!(world.hub.rings.is_empty(), "{ring:?}");
    let news = world.news(bob);
    assert_eq!(
        news,
        [Event::PersonGone { device: device("mallory"), via: None }],
        "but for the going, nothing"
    );
}

#[test]
fn an_unheard_ring_ends_when_the_blocker_goes_as_any_ring_does() {
    for blocks in [true, false] {
        let mut world = World::server();
        let [bob, tab, mallory] = world.arrive(["bob", "bob", "mallory"]);
        if blocks {
            world.block(bob, &["mallory"]).unwrap();
        }
        world.news(mallory);
        let ring = world.ring(mallory, "bob").unwrap();
        let [_late] = world.arrive(["bob"]);
        world.goodbye(bob);
        world.drop_connection(tab);
        world.pass(u64::from(RESUME_GRACE));
        assert_eq!(world.news(mallory), ended(ring, RingEnd::Gone), "blocks: {blocks}");
    }
}

#[test]
fn blocked_while_it_rings_the_bell_stops_and_the_caller_learns_nothing() {
    let mut world = World::server();
    let [bob, tab, mallory, ann] = world.arrive(["bob", "bob", "mallory", "ann"]);
    let ring = world.ring(mallory, "bob").unwrap();
    let other = world.ring(ann, "bob").unwrap();
    for who in [bob, tab] {
        world.news(who);
    }
    world.be(bob, Person { status: Status::Away, ..Person::named("bob") }).unwrap();
    world.news(mallory);
    world.block(bob, &["mallory"]).unwrap();
    for who in [bob, tab] {
        assert_eq!(world.news(who), ended(ring, RingEnd::Cancelled));
        assert_eq!(world.answer(who, ring, RingAnswer::Accepted), Err(ErrorCode::RingUnknown));
    }
    assert_eq!(world.news(mallory), [], "nothing has changed for mallory");
    world.answer(bob, other, RingAnswer::Busy).unwrap();
    for who in [bob, tab] {
        world.news(who);
    }
    // Taken back: what was not heard stays so.
    world.block(bob, &[]).unwrap();
    world.pass(u64::from(RING_TIMEOUT));
    assert_eq!(world.news(mallory), ended(ring, RingEnd::NoAnswer));
    assert_eq!((world.news(bob), world.news(tab)), (vec![], vec![]));
}

#[test]
fn whoever_is_blocked_can_be_rung_and_met_in_a_room() {
    let (mut world, [_, bob, mallory]) = blocked();
    world.be(bob, in_call("bob")).unwrap();
    let room = world.create(bob, 2).unwrap();
    let ring = world.ring(bob, "mallory").unwrap();
    let news = world.news(mallory);
    let [Event::Ringing { from, .. }] = &news[..] else { panic!("{news:?}") };
    assert_eq!((from.person.status, from.person.note.as_str()), (Status::Away, ""));
    world.answer(mallory, ring, RingAnswer::Accepted).unwrap();
    assert_eq!(world.news(bob), ended(ring, RingEnd::Accepted));
    let Ok(Reply::Room(state)) = world.join(mallory, room) else { panic!("let in") };
    assert_eq!(state.participants[0].person.status, Status::Away);
    world.signal(mallory, room, "bob").unwrap();
    assert_eq!(world.news(bob).len(), 2, "the coming and the signal");
}

#[test]
fn rings_of_the_blocked_take_no_room_from_others() {
    let mut world = World::server();
    let [bob, ann, carol, mallory, nick] = world.arrive(["bob", "ann", "carol", "mallory", "nick"]);
    world.block(bob, &["mallory", "nick"]).unwrap();
    for who in [mallory, nick] {
        for _ in 0..MAX_OPEN_RINGS / 2 {
            world.ring(who, "bob").unwrap();
        }
    }
    assert_eq!(world.ring(mallory, "bob"), Err(ErrorCode::TooManyRings), "as if they rang all the while");
    for who in [ann, carol] {
        for _ in 0..MAX_OPEN_RINGS / 2 {
            world.ring(who, "bob").unwrap();
        }
    }
    world.pass(u64::from(RATE_WINDOW));
    assert_eq!(world.ring(ann, "bob"), Err(ErrorCode::TooManyRings));
    assert_eq!(world.ring(mallory, "bob"), Err(ErrorCode::TooManyRings));
    assert_eq!(world.news(bob).len(), MAX_OPEN_RINGS as usize);
}

#[test]
fn on_a_lan_the_owner_blocks_and_nobody_else() {
    let mut world = World::lan("olga");
    let [olga, bob, mallory] = world.arrive(["olga", "bob", "mallory"]);
    assert_eq!(world.block(bob, &["olga"]), Err(ErrorCode::NotAllowed));
    world.block(olga, &["mallory"]).unwrap();
    let ring = world.ring(mallory, "olga").unwrap();
    world.news(mallory);
    world.be(olga, in_call("olga")).unwrap();
    assert_eq!((world.news(olga), world.news(mallory)), (vec![], vec![]));
    assert_eq!(world.news(bob).len(), 1, "others are told as ever");
    world.cancel(mallory, ring).unwrap();
    let [back] = world.arrive(["mallory"]);
    assert_eq!(world.clients[back.0].people[&device("olga")].person.status, Status::Away);

    // The owner's place comes back with all it said.
    world.drop_connection(olga);
    assert!(world.resume(olga));
    world.ring(mallory, "olga").unwrap();
    assert_eq!(world.news(olga), []);
}

#[test]
fn what_can_be_blocked_is_bounded() {
    let mut world = World::server();
    let [bob] = world.arrive(["bob"]);
    let many = |count: u32| {
        let devices = (0..count)
            .map(|number| {
                let mut id = [0; 32];
                id[..4].copy_from_slice(&number.to_be_bytes());
                DeviceId(id)
            })
            .collect();
        Request::SetBlocked { devices }
    };
    assert_eq!(world.ask(bob, many(MAX_BLOCKED)), Ok(Reply::Done));
    assert_eq!(world.ask(bob, many(MAX_BLOCKED + 1)), Err(ErrorCode::Malformed));
    world.goodbye(bob);
    world.expect_empty();
}

/// What happens around mallory, whom bob has blocked.
#[derive(Debug, Clone)]
enum Move {
    /// Bob does something that mallory must not learn of: in one world the one, in the other the other.
    Secret(Status, Status),
    BobRenames(u8),
    BobRings {
        mallory: bool,
    },
    BobCreates,
    BobLeaves,
    /// Bob comes with one place more, or parts with one of several; never the last.
    BobComes,
    BobDrops,
    BlocksMore(bool),
    MalloryRings,
    MalloryCancels,
    MalloryAnswers,
    MalloryJoins,
    MalloryDrops,
    MalloryComesAnew,
    AnnRings,
    AnnJoins,
    BobAnswersAnn,
    Pass(u64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let status =
        || prop_oneof![Just(Status::Available), Just(Status::Away), Just(Status::Busy), Just(Status::InCall)];
    let one = prop_oneof![
        6 => (status(), status()).prop_map(|(one, other)| Move::Secret(one, other)),
        1 => (0..3_u8).prop_map(Move::BobRenames),
        2 => any::<bool>().prop_map(|mallory| Move::BobRings { mallory }),
        1 => Just(Move::BobCreates),
        1 => Just(Move::BobLeaves),
        1 => Just(Move::BobComes),
        1 => Just(Move::BobDrops),
        1 => any::<bool>().prop_map(Move::BlocksMore),
        5 => Just(Move::MalloryRings),
        2 => Just(Move::MalloryCancels),
        1 => Just(Move::MalloryAnswers),
        2 => Just(Move::MalloryJoins),
        2 => Just(Move::MalloryDrops),
        1 => Just(Move::MalloryComesAnew),
        2 => Just(Move::AnnRings),
        1 => Just(Move::AnnJoins),
        2 => Just(Move::BobAnswersAnn),
        3 => prop_oneof![1..5_000_u64, Just(u64::from(RING_TIMEOUT)), Just(u64::from(RESUME_GRACE))]
            .prop_map(Move::Pass),
    ];
    prop::collection::vec(one, 1..80)
}

/// One of two worlds that differ in what bob does, and all that mallory was told in it.
struct Tale {
    world: World,
    first: bool,
    name: String,
    bob: Who,
    tab: Option<Who>,
    ann: Who,
    mallory: Who,
    connections: Vec<ConnectionId>,
    told: Vec<FromHub>,
}

impl Tale {
    fn begin(first: bool) -> Self {
        let mut world = World::server();
        let [bob, ann] = world.arrive(["bob", "ann"]);
        world.block(bob, &["mallory"]).unwrap();
        let [mallory] = world.arrive(["mallory"]);
        let mut tale = Self {
            world,
            first,
            name: "bob".into(),
            bob,
            tab: None,
            ann,
            mallory,
            connections: Vec::new(),
            told: Vec::new(),
        };
        tale.listen();
        tale
    }

    /// Where mallory hears from now on.
    fn listen(&mut self) {
        self.connections.extend(self.world.clients[self.mallory.0].connection);
    }

    /// All that the hub has said to mallory is read here, as it comes.
    fn hear(&mut self, who: Who, request: Request) {
        if self.world.is_connected(who) {
            let before = self.world.clients[self.mallory.0].wire.clone();
            assert!(before.is_empty());
            self.world.request(who, request);
        }
        self.read();
    }

    fn read(&mut self) {
        self.told.extend(self.world.clients[self.mallory.0].wire.iter().cloned());
        self.world.read_all();
    }

    fn room(&self) -> Option<earshot_protocol::RoomId> {
        self.world.clients[self.bob.0].rooms.keys().next().copied()
    }

    fn ring(&self, who: Who, side: super::client::Side) -> Option<RingId> {
        let rings = &self.world.clients[who.0].rings;
        rings.iter().find(|(_, one)| **one == side).map(|(ring, _)| *ring)
    }

    fn go_on(&mut self, next: &Move) {
        use super::client::Side::{Callee, Caller};
        let (bob, mallory, ann) = (self.bob, self.mallory, self.ann);
        match next {
            Move::Secret(one, other) => {
                let status = if self.first { *one } else { *other };
                let note = format!("{status:?}");
                self.hear(
                    bob,
                    Request::SetPerson { person: Person { name: self.name.clone(), status, note } },
                );
            }
            Move::BobRenames(number) => {
                self.name = format!("bob {number}");
                self.hear(bob, Request::SetPerson { person: Person::named(self.name.clone()) });
            }
            Move::BobRings { mallory } => {
                self.hear(bob, World::ring_request(device(if *mallory { "mallory" } else { "ann" })));
            }
            Move::BobCreates => {
                self.hear(
                    bob,
                    Request::CreateRoom { via: None, rules: RoomRules::open_to(3), media: Media::Voice },
                );
            }
            Move::BobLeaves => {
                if let Some(room) = self.room() {
                    self.hear(bob, Request::Leave { room });
                }
            }
            Move::BobComes if self.tab.is_none() => {
                let tab = self.world.stranger(&self.name);
                self.world.clients[tab.0].device = device("bob");
                self.world.hello(tab, None);
                self.tab = Some(tab);
                self.read();
            }
            Move::BobDrops => {
                if let Some(tab) = self.tab.take() {
                    self.world.goodbye(tab);
                    self.read();
                }
            }
            Move::BlocksMore(more) => {
                let others =
                    if *more { vec![device("mallory"), device("ann")] } else { vec![device("mallory")] };
                self.hear(bob, Request::SetBlocked { devices: others });
            }
            Move::MalloryRings => self.hear(mallory, World::ring_request(device("bob"))),
            Move::MalloryCancels => {
                if let Some(ring) = self.ring(mallory, Caller) {
                    self.hear(mallory, Request::CancelRing { ring });
                }
            }
            Move::MalloryAnswers => {
                if let Some(ring) = self.ring(mallory, Callee) {
                    self.hear(mallory, Request::AnswerRing { ring, answer: RingAnswer::Accepted });
                }
            }
            Move::MalloryJoins | Move::AnnJoins => {
                if let Some(room) = self.room() {
                    let room = self.world.room_ref(room);
                    let who = if matches!(next, Move::AnnJoins) { ann } else { mallory };
                    self.hear(who, Request::Join { room, media: Media::Video, password: None });
                }
            }
            Move::MalloryDrops => {
                self.world.drop_connection(mallory);
                self.world.resume(mallory);
                self.listen();
                self.read();
            }
            Move::MalloryComesAnew => {
                self.world.goodbye(mallory);
                self.world.hello(mallory, None);
                self.listen();
                self.read();
            }
            Move::AnnRings => self.hear(ann, World::ring_request(device("bob"))),
            Move::BobAnswersAnn => {
                if let Some(ring) = self.ring(bob, Callee) {
                    self.hear(bob, Request::AnswerRing { ring, answer: RingAnswer::Busy });
                }
            }
            Move::Pass(ms) => {
                for _ in 0..ms.div_ceil(5_000) {
                    self.world.silence((*ms).min(5_000));
                    self.read();
                    for who in 0..self.world.clients.len() {
                        self.world.ping(Who(who));
                    }
                    self.read();
                }
            }
            Move::BobComes => {}
        }
        let heard = &self.world.clients[bob.0].events;
        for event in heard {
            assert!(
                !matches!(event, Event::Ringing { from, .. } if from.device == device("mallory")),
                "bob hears nothing of mallory"
            );
        }
    }
}

proptest! {
    #[test]
    fn whoever_is_blocked_cannot_tell_what_the_blocker_does(moves in moves()) {
        let (mut one, mut other) = (Tale::begin(true), Tale::begin(false));
        for next in &moves {
            one.go_on(next);
            other.go_on(next);
            prop_assert_eq!(&one.connections, &other.connections);
            prop_assert_eq!(&one.told, &other.told, "after {:?}", next);
        }
        for message in &one.told {
            if let FromHub::Message { message: earshot_protocol::hub::HubMessage::Event { event }, .. } = message
                && let Event::PersonHere { presence } = event
                && presence.device == device("bob")
            {
                prop_assert_eq!(presence.person.status, Status::Away);
            }
        }
    }
}

#[test]
fn outputs_of_a_status_go_past_the_blocked() {
    let (mut world, [ann, bob, _]) = blocked();
    let id = world.prepare(bob, &Request::SetPerson { person: in_call("bob") });
    let message =
        earshot_protocol::ToHub::Request { id, request: Request::SetPerson { person: in_call("bob") } };
    let outputs = world.say(bob, message);
    let to: Vec<_> = outputs
        .iter()
        .map(|output| match output {
            Output::Send { connection, .. } | Output::Close { connection, .. } => *connection,
        })
        .collect();
    let connection = |who: Who| world.clients[who.0].connection.unwrap();
    assert_eq!(to, [connection(bob), connection(ann)]);
}
