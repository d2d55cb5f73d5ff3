//! Doors: open, knocked at, locked; passwords; hosts and what they may do; who waits for a place.

use earshot_protocol::hub::{LeaveReason, Participant};
use earshot_protocol::limits::{MAX_WAITING, MAX_WRONG_PASSWORDS, RATE_WINDOW, RESUME_GRACE};
use earshot_protocol::{
    DeviceId, Door, ErrorCode, Event, HubRef, Media, Reply, Request, RoomId, RoomRules, RoomSummary,
};

use super::world::{Who, World, device};

const DONE: Result<Reply, ErrorCode> = Ok(Reply::Done);

pub(super) fn rules(door: Door, password: Option<&str>, capacity: u16) -> RoomRules {
    RoomRules { title: "Stand-up".into(), door, password: password.map(Into::into), capacity, listed: false }
}

pub(super) fn made(world: &mut World, who: Who, rules: RoomRules) -> RoomId {
    match world.ask(who, Request::CreateRoom { via: None, rules, media: Media::Voice }) {
        Ok(Reply::Room(state)) => state.room.room,
        other => panic!("not a room: {other:?}"),
    }
}

pub(super) fn join_with(
    world: &mut World,
    who: Who,
    room: RoomId,
    password: &str,
) -> Result<Reply, ErrorCode> {
    let (room, password) = (world.room_ref(room), Some(password.to_owned()));
    world.ask(who, Request::Join { room, media: Media::Video, password })
}

fn admit(world: &mut World, who: Who, room: RoomId, name: &str) -> Result<Reply, ErrorCode> {
    world.ask(who, Request::Admit { room, device: device(name) })
}

pub(super) fn remove(world: &mut World, who: Who, room: RoomId, name: &str) -> Result<Reply, ErrorCode> {
    world.ask(who, Request::Remove { room, device: device(name) })
}

fn set(world: &mut World, who: Who, room: RoomId, rules: RoomRules) -> Result<Reply, ErrorCode> {
    world.ask(who, Request::SetRules { room, rules })
}

fn wait(world: &mut World, who: Who, room: RoomId) -> Result<Reply, ErrorCode> {
    let room = world.room_ref(room);
    world.ask(who, Request::WaitForPlace { room })
}

/// The devices that somebody is told of as knocking, in the news since last asked.
fn knocks(world: &mut World, who: Who) -> Vec<DeviceId> {
    let news = world.news(who);
    let knock = |event| match event {
        Event::Knocking { participant: Participant { device, .. }, .. } => Some(device),
        _ => None,
    };
    news.into_iter().filter_map(knock).collect()
}

#[test]
fn a_locked_door_opens_to_whom_the_host_admits_and_to_whom_it_knows() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    let room = made(&mut world, ann, rules(Door::Locked, Some("tin can"), 4));
    assert_eq!(world.join(bob, room), Err(ErrorCode::RoomLocked));
    assert_eq!(join_with(&mut world, bob, room, "tin can"), Err(ErrorCode::RoomLocked));
    assert_eq!(admit(&mut world, ann, room, "bob"), DONE);
    assert!(matches!(world.join(bob, room), Ok(Reply::Room(_))));
    assert_eq!(admit(&mut world, bob, room, "carol"), Err(ErrorCode::NotHost));
    world.leave(bob, room).unwrap();
    assert!(matches!(world.join(bob, room), Ok(Reply::Room(_))), "who was in it may come back");
    assert_eq!(world.join(carol, room), Err(ErrorCode::RoomLocked));
}

#[test]
fn a_password_opens_and_wrong_ones_soon_cost_time() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    let room = made(&mut world, ann, rules(Door::Open, Some("tin can"), 4));
    assert_eq!(world.join(bob, room), Err(ErrorCode::PasswordNeeded));
    for _ in 0..MAX_WRONG_PASSWORDS {
        assert_eq!(join_with(&mut world, carol, room, "tin cans"), Err(ErrorCode::PasswordWrong));
    }
    assert_eq!(join_with(&mut world, carol, room, "tin can"), Err(ErrorCode::TooManyRequests));
    world.pass(u64::from(RATE_WINDOW));
    match join_with(&mut world, bob, room, "tin can") {
        Ok(Reply::Room(state)) => assert_eq!(state.rules.password.as_deref(), Some("tin can")),
        other => panic!("not let in: {other:?}"),
    }
    assert_eq!(join_with(&mut world, carol, room, " "), Err(ErrorCode::Malformed));
}

#[test]
fn who_knocks_is_heard_by_the_host_and_let_in() {
    let mut world = World::server();
    let [ann, bob, carol, dan] = world.arrive(["ann", "bob", "carol", "dan"]);
    let room = made(&mut world, ann, rules(Door::Knock, Some("tin can"), 4));
    assert_eq!(world.join(bob, room), Ok(Reply::Knocking));
    assert_eq!(knocks(&mut world, ann), [device("bob")]);
    assert_eq!(admit(&mut world, ann, room, "bob"), DONE);
    assert_eq!(world.news(ann), [Event::KnockEnded { room, device: device("bob") }]);
    assert_eq!(world.news(bob), [Event::LetIn { room }]);
    assert!(matches!(world.join(bob, room), Ok(Reply::Room(_))));
    assert!(matches!(join_with(&mut world, carol, room, "tin can"), Ok(Reply::Room(_))), "needs not knock");
    world.news(ann);
    world.news(bob);
    // A participant invites; the host lets nobody wait who is already let in.
    assert_eq!(world.join(dan, room), Ok(Reply::Knocking));
    assert_eq!(admit(&mut world, bob, room, "dan"), DONE);
    assert_eq!(world.news(dan), [Event::LetIn { room }]);
    assert_eq!(world.news(bob), [], "only the host hears of knocking");
}

#[test]
fn who_is_not_let_in_knows_it_and_may_not_knock_again() {
    let mut world = World::server();
    let [ann, bob] = world.arrive(["ann", "bob"]);
    let room = made(&mut world, ann, rules(Door::Knock, None, 4));
    world.join(bob, room).unwrap();
    assert_eq!(remove(&mut world, ann, room, "bob"), DONE);
    assert_eq!(world.news(bob), [Event::RoomClosed { room, reason: LeaveReason::Removed }]);
    assert_eq!(world.join(bob, room), Err(ErrorCode::RoomRemoved));
    assert_eq!(wait(&mut world, bob, room), Err(ErrorCode::RoomRemoved));
    assert_eq!(admit(&mut world, ann, room, "bob"), DONE);
    assert!(matches!(world.join(bob, room), Ok(Reply::Room(_))), "the host has thought better of it");
}

#[test]
fn a_knock_ends_when_it_is_withdrawn_or_its_visitor_is_gone() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    let room = made(&mut world, ann, rules(Door::Knock, None, 4));
    for who in [bob, carol] {
        world.join(who, room).unwrap();
    }
    world.news(ann);
    assert_eq!(world.ask(bob, Request::Withdraw { room }), DONE);
    assert_eq!(world.news(ann), [Event::KnockEnded { room, device: device("bob") }]);
    assert_eq!(world.ask(bob, Request::Withdraw { room }), Err(ErrorCode::NotInRoom));
    world.drop_connection(carol);
    world.pass(u64::from(RESUME_GRACE) - 1);
    assert_eq!(world.news(ann), [], "a short break is none");
    world.pass(1);
    assert!(world.news(ann).contains(&Event::KnockEnded { room, device: device("carol") }));
}

#[test]
fn opening_the_door_lets_in_all_who_knock() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    let room = made(&mut world, ann, rules(Door::Knock, None, 4));
    for who in [bob, carol] {
        world.join(who, room).unwrap();
    }
    assert_eq!(set(&mut world, ann, room, rules(Door::Open, Some("tin can"), 4)), DONE);
    assert_eq!(world.news(bob), [], "a password is asked for: they still wait for the host");
    assert_eq!(set(&mut world, ann, room, rules(Door::Open, None, 4)), DONE);
    for who in [bob, carol] {
        assert_eq!(world.news(who), [Event::LetIn { room }]);
        assert!(matches!(world.join(who, room), Ok(Reply::Room(_))));
    }
}

#[test]
fn rules_are_the_hosts_and_told_to_all() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    let room = made(&mut world, ann, rules(Door::Open, None, 3));
    for who in [bob, carol] {
        world.join(who, room).unwrap();
    }
    let locked = rules(Door::Locked, None, 3);
    assert_eq!(set(&mut world, bob, room, locked.clone()), Err(ErrorCode::NotHost));
    assert_eq!(set(&mut world, ann, room, rules(Door::Open, None, 2)), Err(ErrorCode::RoomFull));
    assert_eq!(set(&mut world, ann, room, rules(Door::Open, None, 1)), Err(ErrorCode::Malformed));
    world.news(bob);
    assert_eq!(set(&mut world, ann, room, locked.clone()), DONE);
    assert_eq!(world.news(bob), [Event::RulesChanged { room, rules: locked.clone() }]);
    assert_eq!(set(&mut world, ann, room, locked), DONE);
    assert_eq!(world.news(bob), [], "nothing has changed");
}

#[test]
fn a_removed_participant_is_out_and_the_others_know_why() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    let room = made(&mut world, ann, rules(Door::Open, None, 4));
    for who in [bob, carol] {
        world.join(who, room).unwrap();
    }
    world.news(carol);
    world.news(bob);
    assert_eq!(remove(&mut world, bob, room, "carol"), Err(ErrorCode::NotHost));
    assert_eq!(remove(&mut world, ann, room, "ann"), Err(ErrorCode::ParticipantUnknown));
    assert_eq!(remove(&mut world, ann, room, "bob"), DONE);
    let reason = LeaveReason::Removed;
    assert_eq!(world.news(bob), [Event::RoomClosed { room, reason }]);
    assert_eq!(world.news(carol), [Event::ParticipantLeft { room, device: device("bob"), reason }]);
    assert_eq!(world.join(bob, room), Err(ErrorCode::RoomRemoved));
    assert_eq!(admit(&mut world, carol, room, "bob"), Err(ErrorCode::NotHost), "not against the host's will");
    assert_eq!(world.signal(bob, room, "ann"), Err(ErrorCode::NotInRoom));
}

#[test]
fn the_hosts_role_is_handed_over_and_taken_back_by_the_founder() {
    let mut world = World::server();
    let [ann, bob, carol, dan] = world.arrive(["ann", "bob", "carol", "dan"]);
    let room = made(&mut world, ann, rules(Door::Knock, None, 4));
    for name in ["bob", "carol"] {
        admit(&mut world, ann, room, name).unwrap();
    }
    for who in [bob, carol] {
        world.join(who, room).unwrap();
    }
    world.join(dan, room).unwrap();
    for who in [ann, bob, carol] {
        world.news(who);
    }
    let to = device("bob");
    assert_eq!(world.ask(carol, Request::HandOver { room, to }), Err(ErrorCode::NotHost));
    let elsewhere = Request::HandOver { room, to: device("dan") };
    assert_eq!(world.ask(ann, elsewhere), Err(ErrorCode::ParticipantUnknown));
    assert_eq!(world.ask(ann, Request::HandOver { room, to }), DONE);
    assert_eq!(world.news(carol), [Event::HostChanged { room, host: to }]);
    assert_eq!(knocks(&mut world, bob), [device("dan")], "the new host hears who waits");
    assert_eq!(world.ask(carol, Request::TakeHost { room }), Err(ErrorCode::NotAllowed));
    assert_eq!(world.ask(ann, Request::TakeHost { room }), DONE);
    assert_eq!(knocks(&mut world, ann), [device("dan")]);
    // The founder leaves, and is a participant when they come back, until they take it.
    world.leave(ann, room).unwrap();
    assert!(world.news(bob).contains(&Event::HostChanged { room, host: to }));
    world.join(ann, room).unwrap();
    assert_eq!(world.ask(ann, Request::EndRoom { room }), Err(ErrorCode::NotHost));
    assert_eq!(world.ask(ann, Request::TakeHost { room }), DONE);
    assert_eq!(world.ask(ann, Request::TakeHost { room }), DONE, "and nobody is told twice");
}

#[test]
fn a_host_ends_the_room_for_all() {
    let mut world = World::server();
    let [ann, bob, carol, dan] = world.arrive(["ann", "bob", "carol", "dan"]);
    let room = made(&mut world, ann, rules(Door::Knock, None, 2));
    admit(&mut world, ann, room, "bob").unwrap();
    world.join(bob, room).unwrap();
    assert_eq!(world.join(carol, room), Err(ErrorCode::RoomFull));
    assert_eq!(wait(&mut world, carol, room), DONE);
    assert_eq!(world.ask(bob, Request::EndRoom { room }), Err(ErrorCode::NotHost));
    for who in [ann, bob] {
        world.news(who);
    }
    assert_eq!(world.ask(ann, Request::EndRoom { room }), DONE);
    for who in [bob, carol] {
        assert_eq!(world.news(who), [Event::RoomClosed { room, reason: LeaveReason::Ended }]);
    }
    assert_eq!((world.news(ann), world.news(dan)), (vec![], vec![]));
    assert_eq!(world.join(bob, room), Err(ErrorCode::RoomUnknown));
    assert_eq!(world.hub.counts().rooms, 0);
}

#[test]
fn a_room_tells_what_it_is_and_when_there_is_a_place() {
    let mut world = World::server();
    let [ann, bob, carol, dan] = world.arrive(["ann", "bob", "carol", "dan"]);
    let room = made(&mut world, ann, rules(Door::Open, Some("tin can"), 2));
    let look = Request::LookAt { room: world.room_ref(room) };
    let summary = RoomSummary {
        title: "Stand-up".into(),
        door: Door::Open,
        has_password: true,
        capacity: 2,
        present: 1,
    };
    assert_eq!(world.ask(carol, look), Ok(Reply::Summary(summary)));
    assert_eq!(wait(&mut world, ann, room), Err(ErrorCode::AlreadyInRoom));
    assert_eq!(wait(&mut world, dan, room), DONE);
    assert_eq!(world.news(dan), [Event::RoomHasPlace { room }], "there is one now");
    join_with(&mut world, bob, room, "tin can").unwrap();
    for who in [carol, dan] {
        assert_eq!(wait(&mut world, who, room), DONE);
    }
    assert_eq!(set(&mut world, ann, room, rules(Door::Locked, None, 2)), DONE);
    assert_eq!(world.news(carol), []);
    world.leave(bob, room).unwrap();
    for who in [carol, dan] {
        assert_eq!(world.news(who), [Event::RoomHasPlace { room }]);
    }
    world.join(bob, room).unwrap();
    assert_eq!(wait(&mut world, carol, room), DONE);
    assert_eq!(set(&mut world, ann, room, rules(Door::Locked, None, 3)), DONE);
    assert_eq!(world.news(carol), [Event::RoomHasPlace { room }], "more may be in it now");
}

#[test]
fn so_many_may_wait_before_a_room() {
    let mut world = World::server();
    world.audited = false;
    let [ann, bob] = world.arrive(["ann", "bob"]);
    let room = made(&mut world, ann, rules(Door::Knock, None, 16));
    for number in 0..MAX_WAITING as u8 {
        let who = world.stranger("x");
        world.clients[who.0].device = DeviceId([128 + number; 32]);
        world.hello(who, None);
        world.read_all();
        assert_eq!(world.join(who, room), Ok(Reply::Knocking));
    }
    assert_eq!(world.join(bob, room), Err(ErrorCode::RoomBusy));
}

#[test]
fn nobody_hears_a_blocked_device_knock() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    let room = made(&mut world, ann, rules(Door::Knock, None, 4));
    world.block(ann, &["bob"]).unwrap();
    world.news(bob);
    assert_eq!(world.join(bob, room), Ok(Reply::Knocking));
    assert_eq!(knocks(&mut world, ann), []);
    world.join(carol, room).unwrap();
    world.news(ann);
    world.block(ann, &["bob", "carol"]).unwrap();
    assert_eq!(world.news(ann), [Event::KnockEnded { room, device: device("carol") }]);
    world.block(ann, &[]).unwrap();
    assert_eq!(knocks(&mut world, ann), [device("bob"), device("carol")]);
}

#[test]
fn a_device_waits_at_one_of_its_places() {
    let mut world = World::server();
    let [ann, bob, tab] = world.arrive(["ann", "bob", "bob's tab"]);
    let room = made(&mut world, ann, rules(Door::Knock, None, 4));
    world.join(bob, room).unwrap();
    world.join(tab, room).unwrap();
    let closed = Event::RoomClosed { room, reason: LeaveReason::Left };
    assert_eq!(world.news(bob), [closed], "the newer one knocks on");
    assert_eq!(admit(&mut world, ann, room, "bob"), DONE);
    assert!(matches!(world.join(bob, room), Ok(Reply::Room(_))));
    assert_eq!(world.news(tab), [Event::LetIn { room }]);
    assert_eq!(world.join(tab, room), Err(ErrorCode::AlreadyInRoom));
}

#[test]
fn participants_know_where_the_others_hubs_are() {
    let mut world = World::lan("ann");
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    let room = made(&mut world, ann, rules(Door::Open, None, 4));
    let addresses = vec!["192.0.2.7:4000".to_owned()];
    let told = world.ask(bob, Request::SetAddresses { addresses: addresses.clone() });
    assert_eq!(told, DONE);
    world.join(bob, room).unwrap();
    match world.join(carol, room) {
        Ok(Reply::Room(state)) => {
            let hubs: Vec<_> = state.participants.into_iter().map(|one| one.hub).collect();
            assert_eq!(hubs, [None, Some(HubRef { device: device("bob"), addresses })]);
        }
        other => panic!("not a room: {other:?}"),
    }
    world.news(ann);
    let moved = vec!["198.51.100.3:4000".to_owned()];
    world.ask(bob, Request::SetAddresses { addresses: moved.clone() }).unwrap();
    let news = world.news(ann);
    let [Event::ParticipantChanged { participant, .. }] = &news[..] else { panic!("{news:?}") };
    assert_eq!(participant.hub, Some(HubRef { device: device("bob"), addresses: moved.clone() }));
    world.ask(bob, Request::SetAddresses { addresses: moved }).unwrap();
    assert_eq!(world.news(ann), [], "nothing has changed");
    let many = vec![String::new(); 13];
    assert_eq!(world.ask(bob, Request::SetAddresses { addresses: many }), Err(ErrorCode::Malformed));
}
