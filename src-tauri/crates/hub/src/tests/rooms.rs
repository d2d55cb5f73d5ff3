//! Rooms: in and out, hosts, signals, bounds.

use earshot_protocol::hub::{LeaveReason, RoomState, Signal};
use earshot_protocol::limits::RESUME_GRACE;
use earshot_protocol::{
    DeviceId, ErrorCode, Event, HubRef, Media, Reply, Request, RoomId, RoomRef, RoomRules,
};

use super::world::{HUB, World, device};

fn state(reply: Result<Reply, ErrorCode>) -> RoomState {
    match reply {
        Ok(Reply::Room(state)) => state,
        other => panic!("not a room: {other:?}"),
    }
}

fn left(room: RoomId, name: &str, reason: LeaveReason) -> Event {
    Event::ParticipantLeft { room, device: device(name), reason }
}

fn host(room: RoomId, name: &str) -> Event {
    Event::HostChanged { room, host: device(name) }
}

#[test]
fn a_newcomer_finds_who_is_there_and_they_are_told() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    let room = world.create(ann, 3).unwrap();
    world.join(bob, room).unwrap();
    world.set_person(bob, "Bob B.").unwrap();
    for who in [ann, bob, carol] {
        world.news(who);
    }
    let found = state(world.join(carol, room));
    assert_eq!((found.host, found.rules.capacity, found.ice_servers.len()), (device("ann"), 3, 1));
    let names: Vec<_> = found.participants.iter().map(|one| (one.person.name.as_str(), one.media)).collect();
    assert_eq!(names, [("ann", Media::Voice), ("Bob B.", Media::Video)]);
    for who in [ann, bob] {
        let news = world.news(who);
        let [Event::ParticipantJoined { participant, .. }] = &news[..] else { panic!("{news:?}") };
        assert_eq!((participant.device, participant.media), (device("carol"), Media::Video));
    }
    assert_eq!(world.news(carol), []);
}

#[test]
fn rooms_elsewhere_unknown_or_full_are_refused() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    let room = world.create(ann, 2).unwrap();
    assert_eq!(world.join(bob, RoomId([7; 16])), Err(ErrorCode::RoomUnknown));
    let elsewhere = RoomRef { hub: HubRef { device: DeviceId([7; 32]), addresses: vec![] }, room };
    let request = Request::Join { room: elsewhere, media: Media::Voice, password: None };
    assert_eq!(world.ask(bob, request), Err(ErrorCode::RoomUnknown));
    assert_eq!(world.join(ann, room), Err(ErrorCode::AlreadyInRoom));
    world.join(bob, room).unwrap();
    assert_eq!(world.join(carol, room), Err(ErrorCode::RoomFull));
    assert_eq!(world.join(ann, room), Err(ErrorCode::AlreadyInRoom));
    let long = HubRef { device: HUB, addresses: vec!["x".repeat(257)] };
    let request = Request::Join { room: RoomRef { hub: long, room }, media: Media::Voice, password: None };
    assert_eq!(world.ask(carol, request), Err(ErrorCode::Malformed));
    world.leave(bob, room).unwrap();
    world.join(carol, room).unwrap();
}

#[test]
fn capacity_and_via_are_checked() {
    let mut world = World::server();
    let [ann] = world.arrive(["ann"]);
    for capacity in [0, 1, 17, u16::MAX] {
        assert_eq!(world.create(ann, capacity), Err(ErrorCode::Malformed));
    }
    let mut create =
        |via| world.ask(ann, Request::CreateRoom { via, rules: RoomRules::open_to(16), media: Media::Voice });
    assert_eq!(create(Some(DeviceId([7; 32]))), Err(ErrorCode::NotAllowed));
    assert!(create(Some(HUB)).is_ok());
    assert!(create(None).is_ok());
}

#[test]
fn on_a_lan_only_the_owner_makes_rooms() {
    let mut world = World::lan("olga");
    let [olga, bob] = world.arrive(["olga", "bob"]);
    assert_eq!(world.create(bob, 2), Err(ErrorCode::NotAllowed));
    let room = world.create(olga, 2).unwrap();
    assert_eq!(state(world.join(bob, room)).participants.len(), 1);
    assert_eq!(world.news(olga).len(), 1);
}

#[test]
fn the_longest_present_succeeds_the_host_and_the_last_one_ends_the_room() {
    let mut world = World::server();
    let [ann, bob, carol, dan] = world.arrive(["ann", "bob", "carol", "dan"]);
    let room = world.create(ann, 4).unwrap();
    for who in [dan, carol, bob] {
        world.join(who, room).unwrap();
    }
    for who in [ann, bob, carol, dan] {
        world.news(who);
    }
    world.leave(carol, room).unwrap();
    assert_eq!(world.news(ann), [left(room, "carol", LeaveReason::Left)]);
    world.leave(ann, room).unwrap();
    assert_eq!(world.news(ann), [], "who leaves is answered, not told");
    assert_eq!(
        world.news(bob),
        [left(room, "carol", LeaveReason::Left), left(room, "ann", LeaveReason::Left), host(room, "dan")]
    );
    world.goodbye(dan);
    let gone = Event::PersonGone { device: device("dan"), via: None };
    assert_eq!(world.news(bob), [left(room, "dan", LeaveReason::Left), host(room, "bob"), gone]);
    world.leave(bob, room).unwrap();
    assert_eq!(world.hub.counts().rooms, 0);
    assert_eq!(world.join(ann, room), Err(ErrorCode::RoomUnknown));
    assert_eq!(world.leave(bob, room), Err(ErrorCode::RoomUnknown));
}

#[test]
fn a_seat_belongs_to_the_place_that_joined() {
    let mut world = World::server();
    let [ann, bob, tab] = world.arrive(["ann", "bob", "bob"]);
    let room = world.create(ann, 3).unwrap();
    world.join(bob, room).unwrap();
    assert_eq!(world.join(tab, room), Err(ErrorCode::AlreadyInRoom));
    assert_eq!(world.leave(tab, room), Err(ErrorCode::NotInRoom));
    assert_eq!(world.signal(tab, room, "ann"), Err(ErrorCode::NotInRoom));
    world.signal(ann, room, "bob").unwrap();
    assert_eq!((world.news(bob).len(), world.news(tab).len()), (1, 0));
    world.news(ann);
    world.goodbye(bob);
    assert_eq!(world.news(ann), [left(room, "bob", LeaveReason::Left)], "bob is out, and still here");
    world.join(tab, room).unwrap();
}

#[test]
fn a_device_that_comes_anew_takes_its_abandoned_seat() {
    let mut world = World::server();
    let [ann, bob] = world.arrive(["ann", "bob"]);
    let room = world.create(ann, 2).unwrap();
    world.join(bob, room).unwrap();
    for who in [ann, bob] {
        world.news(who);
    }
    world.drop_connection(ann);
    let [tab] = world.arrive(["ann"]);
    let found = state(world.join(tab, room));
    assert_eq!(found.host, device("bob"));
    let news = world.news(bob);
    assert_eq!(news[..2], [left(room, "ann", LeaveReason::Lost), host(room, "bob")]);
    assert!(matches!(news[2..], [Event::ParticipantJoined { .. }]));
    assert!(world.resume(ann));
    let reason = LeaveReason::Lost;
    assert_eq!(world.news(ann), [Event::RoomClosed { room, reason }], "the old place is told that it is out");
}

#[test]
fn a_room_survives_when_its_only_participant_comes_anew() {
    let mut world = World::server();
    let [ann] = world.arrive(["ann"]);
    let room = world.create(ann, 2).unwrap();
    world.drop_connection(ann);
    let [tab] = world.arrive(["ann"]);
    let found = state(world.join(tab, room));
    assert_eq!((found.host, found.participants.len()), (device("ann"), 0));
    world.pass(u64::from(RESUME_GRACE));
    assert_eq!(world.hub.counts().rooms, 1);
}

#[test]
fn signals_go_to_participants_only() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    let room = world.create(ann, 3).unwrap();
    world.join(bob, room).unwrap();
    world.news(ann);
    assert_eq!(world.signal(ann, room, "carol"), Err(ErrorCode::ParticipantUnknown));
    assert_eq!(world.signal(ann, room, "ann"), Err(ErrorCode::ParticipantUnknown));
    assert_eq!(world.signal(carol, room, "ann"), Err(ErrorCode::NotInRoom));
    assert_eq!(world.signal(ann, RoomId([7; 16]), "bob"), Err(ErrorCode::RoomUnknown));
    world.signal(bob, room, "ann").unwrap();
    let signal = Signal::RestartWanted;
    assert_eq!(world.news(ann), [Event::Signal { room, from: device("bob"), signal }]);
    assert_eq!((world.news(bob), world.news(carol)), (vec![], vec![]));
}

#[test]
fn nothing_is_left_when_everybody_has_gone() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    let room = world.create(ann, 3).unwrap();
    for who in [bob, carol] {
        world.join(who, room).unwrap();
        world.ring(who, "ann").unwrap();
    }
    world.goodbye(ann);
    world.drop_connection(bob);
    world.vanish(carol);
    assert!(!world.hub.is_empty());
    world.silence(100_000);
    world.expect_empty();
}
