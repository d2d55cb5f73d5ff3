//! Rooms that move from hub to hub.

use earshot_protocol::hub::LeaveReason;
use earshot_protocol::limits::ROOM_IDLE_TIMEOUT;
use earshot_protocol::{
    DeviceId, Door, ErrorCode, Event, HeldRoom, Home, HubRef, Media, Reply, Request, RoomId, RoomRules,
    RoomState, Whereabouts,
};

use super::world::{Who, World, device};

const ROOM: RoomId = RoomId([7; 16]);

fn away(epoch: u32) -> Home {
    Home { hub: HubRef { device: DeviceId([0xEE; 32]), addresses: vec!["192.0.2.9:1".into()] }, epoch }
}

fn held(epoch: u32, door: Door, host: &str, members: &[&str], removed: &[&str]) -> HeldRoom {
    HeldRoom {
        room: ROOM,
        epoch,
        origin: device("zoe"),
        rules: RoomRules { title: "Stand-up".into(), door, password: None, capacity: 2, listed: false },
        host: device(host),
        founder: device("zoe"),
        members: members.iter().map(|name| device(name)).collect(),
        removed: removed.iter().map(|name| device(name)).collect(),
        media: Media::Video,
    }
}

fn hold(world: &mut World, who: Who, held: HeldRoom) -> Result<Reply, ErrorCode> {
    world.ask(who, Request::HoldRoom { held: Box::new(held) })
}

fn come_back(world: &mut World, who: Who) -> Result<Reply, ErrorCode> {
    let room = world.room_ref(ROOM);
    world.ask(who, Request::Return { room, media: Media::Voice, password: None })
}

fn state(reply: Result<Reply, ErrorCode>) -> RoomState {
    match reply {
        Ok(Reply::Room(state)) => state,
        other => panic!("not a room: {other:?}"),
    }
}

#[test]
fn an_owner_holds_a_room_and_those_who_were_in_it_come_back_through_any_door() {
    let mut world = World::lan("ann");
    let [ann, bob, carol, dan, eve] = world.arrive(["ann", "bob", "carol", "dan", "eve"]);
    let room = held(3, Door::Locked, "carol", &["bob", "carol", "dan"], &["eve", "ann"]);
    assert_eq!(hold(&mut world, bob, room.clone()), Err(ErrorCode::NotAllowed), "not the owner");
    let never_moved = HeldRoom { epoch: 0, ..room.clone() };
    assert_eq!(hold(&mut world, ann, never_moved), Err(ErrorCode::Malformed));
    let found = state(hold(&mut world, ann, room));
    assert_eq!((found.epoch, found.origin, found.host), (3, Some(device("zoe")), device("ann")));
    // A room for two: who was in it is not turned away.
    state(come_back(&mut world, bob));
    let found = state(come_back(&mut world, carol));
    assert_eq!(found.participants.len(), 2);
    assert_eq!(found.epoch, 3);
    let news = world.news(ann);
    assert!(
        matches!(&news[0], Event::ParticipantReturned { participant, .. } if participant.device == device("bob"))
    );
    assert!(
        news.contains(&Event::HostChanged { room: ROOM, host: device("carol") }),
        "who ran it does again"
    );
    state(come_back(&mut world, dan));
    assert_eq!(come_back(&mut world, eve), Err(ErrorCode::RoomRemoved));
    assert_eq!(world.join(eve, ROOM), Err(ErrorCode::RoomRemoved));
}

#[test]
fn a_host_who_comes_back_late_is_a_participant() {
    let mut world = World::lan("ann");
    let [ann, carol] = world.arrive(["ann", "carol"]);
    state(hold(&mut world, ann, held(1, Door::Open, "carol", &["carol"], &[])));
    world.pass(10_000);
    assert_eq!(state(come_back(&mut world, carol)).host, device("ann"));
    assert!(!world.news(ann).iter().any(|event| matches!(event, Event::HostChanged { .. })));
}

#[test]
fn who_comes_back_twice_has_one_seat() {
    let mut world = World::lan("ann");
    let [ann, bob] = world.arrive(["ann", "bob"]);
    state(hold(&mut world, ann, held(1, Door::Open, "ann", &["bob"], &[])));
    state(come_back(&mut world, bob));
    assert_eq!(state(come_back(&mut world, bob)).participants.len(), 1);
    // From a new place, while the old one seems alive.
    world.vanish(bob);
    let again = world.stranger("bob");
    world.hello(again, None);
    world.read_all();
    assert_eq!(state(come_back(&mut world, again)).participants.len(), 1);
}

#[test]
fn a_room_that_is_yielded_is_told_to_all_who_are_in_it_and_to_whoever_asks() {
    let mut world = World::lan("ann");
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    state(hold(&mut world, ann, held(1, Door::Knock, "ann", &["bob"], &[])));
    state(come_back(&mut world, bob));
    assert_eq!(world.join(carol, ROOM), Err(ErrorCode::RoomFull));
    let full = world.room_ref(ROOM);
    world.ask(carol, Request::WaitForPlace { room: full }).unwrap();
    let to = away(2);
    assert_eq!(world.ask(bob, Request::YieldRoom { room: ROOM, to: to.clone() }), Err(ErrorCode::NotAllowed));
    world.ask(ann, Request::YieldRoom { room: ROOM, to: to.clone() }).unwrap();
    assert!(world.news(bob).contains(&Event::RoomYielded { room: ROOM, to: to.clone() }));
    let gone = Event::RoomClosed { room: ROOM, reason: LeaveReason::HubGone };
    assert_eq!(world.news(carol), [gone]);
    assert_eq!(come_back(&mut world, bob), Ok(Reply::Moved { to: to.clone() }));
    assert_eq!(world.join(carol, ROOM), Ok(Reply::Moved { to: to.clone() }), "late-comers find it");
    let asks = Request::WhereIs { room: ROOM, home: away(1), inside: true };
    let whereabouts = Whereabouts::In { home: to };
    assert_eq!(world.ask(bob, asks), Ok(Reply::Whereabouts { whereabouts }));
    let sought = Event::RoomSought { room: ROOM, by: device("bob"), home: away(1), inside: true };
    assert!(world.news(ann).contains(&sought), "the owner hears who asks");
    world.ask(ann, Request::SetWhereabouts { room: ROOM, whereabouts: None }).unwrap();
    assert_eq!(world.join(carol, ROOM), Err(ErrorCode::RoomUnknown));
}

#[test]
fn the_owner_hears_when_somebody_is_silent_and_when_a_room_is_empty() {
    let mut world = World::lan("ann");
    let [ann, bob] = world.arrive(["ann", "bob"]);
    state(hold(&mut world, ann, held(1, Door::Open, "ann", &["bob"], &[])));
    state(come_back(&mut world, bob));
    world.news(ann);
    let silent = |silent| Event::ParticipantSilent { room: ROOM, device: device("bob"), silent };
    world.vanish(bob);
    world.pass(u64::from(ROOM_IDLE_TIMEOUT));
    assert_eq!(world.news(ann), [silent(true)], "who is in a room pings often");
    assert!(world.resume(bob));
    world.read_all();
    assert_eq!(world.news(ann), [silent(false)]);
    world.leave(ann, ROOM).unwrap();
    world.leave(bob, ROOM).unwrap();
    assert_eq!(world.news(ann).last(), Some(&Event::RoomEmpty { room: ROOM }));
}
