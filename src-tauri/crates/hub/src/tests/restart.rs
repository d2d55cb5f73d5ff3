//! A hub that is restarted, and the rooms that it finds again.

use earshot_protocol::limits::ROOM_KEPT;
use earshot_protocol::room::HeldRoom;
use earshot_protocol::{Door, ErrorCode, Event, Media, Reply, Request, RoomId, RoomState};

use super::doors::{join_with, made, remove, rules};
use super::world::{Who, World, device};

fn come_back(world: &mut World, who: Who, room: RoomId) -> Result<RoomState, ErrorCode> {
    let room = world.room_ref(room);
    match world.ask(who, Request::Return { room, media: Media::Video, password: None })? {
        Reply::Room(state) => Ok(state),
        other => panic!("not a room: {other:?}"),
    }
}

fn kept(world: &World) -> Vec<HeldRoom> {
    let mut rooms = world.hub.kept_rooms();
    rooms.iter_mut().for_each(|room| room.members.sort());
    rooms
}

/// Ann has a locked room with Bob and Carol in it, and has removed Dan; then the hub is restarted, and all come anew.
fn restarted(world: &mut World) -> ([Who; 4], RoomId) {
    let all = world.arrive(["ann", "bob", "carol", "dan"]);
    let room = made(world, all[0], rules(Door::Open, Some("tin can"), 3));
    join_with(world, all[1], room, "tin can").unwrap();
    join_with(world, all[3], room, "tin can").unwrap();
    remove(world, all[0], room, "dan").unwrap();
    join_with(world, all[2], room, "tin can").unwrap();
    let locked = Request::SetRules { room, rules: rules(Door::Locked, Some("tin can"), 3) };
    world.ask(all[0], locked).unwrap();
    world.restart();
    for who in all {
        world.hello(who, None);
    }
    world.read_all();
    (all, room)
}

#[test]
fn a_room_is_as_it_was_for_those_who_were_in_it() {
    let mut world = World::server();
    let ([ann, bob, carol, dan], room) = restarted(&mut world);
    assert_eq!(world.join(dan, room), Err(ErrorCode::RoomUnknown), "nobody is in it yet");
    assert_eq!(
        come_back(&mut world, dan, room),
        Err(ErrorCode::RoomUnknown),
        "who was removed opens no room"
    );
    let found = come_back(&mut world, bob, room).unwrap();
    assert_eq!((found.rules, found.founder), (rules(Door::Locked, Some("tin can"), 3), device("ann")));
    assert_eq!((found.epoch, found.origin, found.participants.len()), (0, None, 0));
    assert_eq!(come_back(&mut world, dan, room), Err(ErrorCode::RoomRemoved));
    let found = come_back(&mut world, carol, room).unwrap();
    assert_eq!(found.participants.len(), 1);
    assert!(world.news(bob).iter().any(|event| matches!(event, Event::ParticipantReturned { .. })));
    come_back(&mut world, ann, room).unwrap();
    let host = Event::HostChanged { room, host: device("ann") };
    assert!(world.news(carol).contains(&host), "who ran it does so again");
    world.signal(ann, room, "carol").unwrap();
}

#[test]
fn a_room_is_found_again_after_two_restarts_and_not_for_ever() {
    let mut world = World::server();
    let ([_, bob, ..], room) = restarted(&mut world);
    world.restart();
    world.pass(u64::from(ROOM_KEPT) - 1);
    world.hello(bob, None);
    world.read_all();
    let held = kept(&world);
    assert_eq!(held.iter().map(|held| held.room).collect::<Vec<_>>(), [room]);
    come_back(&mut world, bob, room).unwrap();
    assert_eq!(kept(&world), held, "also who is to run it, though Bob does for now");

    let mut late = World::server();
    let ([_, bob, ..], room) = restarted(&mut late);
    late.pass(u64::from(ROOM_KEPT));
    assert_eq!(come_back(&mut late, bob, room), Err(ErrorCode::RoomUnknown));
    assert!(late.hub.kept_rooms().is_empty());
}

#[test]
fn what_was_kept_is_checked_and_bounded() {
    let mut world = World::server();
    let ([_, bob, ..], room) = restarted(&mut world);
    come_back(&mut world, bob, room).unwrap();
    let good = world.hub.kept_rooms().remove(0);
    let endless = HeldRoom { members: vec![device("bob"); 100_000], ..good.clone() };
    let config = world.hub.config.clone();
    let hub =
        crate::Hub::with_rooms(config, vec![endless, HeldRoom { room: RoomId([9; 16]), ..good.clone() }]);
    assert_eq!(hub.kept_rooms(), [HeldRoom { room: RoomId([9; 16]), ..good }]);
}

#[test]
fn only_those_of_before_come_in_beyond_what_a_room_holds() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    let room = made(&mut world, ann, rules(Door::Open, None, 2));
    world.ask(ann, Request::Admit { room, device: device("carol") }).unwrap();
    world.join(bob, room).unwrap();
    assert_eq!(come_back(&mut world, carol, room), Err(ErrorCode::RoomFull), "she was never in it");
}
