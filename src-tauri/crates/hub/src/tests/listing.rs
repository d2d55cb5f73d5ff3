//! The list of rooms, and codes: who is told, how often, and who is not.

use earshot_protocol::hub::LeaveReason;
use earshot_protocol::limits::{LISTING_PAUSE, MAX_CODES, MAX_LISTED, MAX_ROOMS_PER_DEVICE, RATE_WINDOW};
use earshot_protocol::{
    DeviceId, Door, ErrorCode, Event, FoundRoom, Media, Reply, Request, RoomCode, RoomId, RoomRules,
    RoomSummary,
};

use super::world::{Who, World, device};

const DONE: Result<Reply, ErrorCode> = Ok(Reply::Done);

fn listed() -> RoomRules {
    RoomRules { title: "Stand-up".into(), listed: true, ..RoomRules::open_to(4) }
}

fn made(world: &mut World, who: Who, rules: RoomRules) -> RoomId {
    match world.ask(who, Request::CreateRoom { via: None, rules, media: Media::Voice }) {
        Ok(Reply::Room(state)) => state.room.room,
        other => panic!("not a room: {other:?}"),
    }
}

/// Title, host, their name, and how many are in each room of somebody's list.
fn list(world: &mut World, who: Who) -> Vec<(String, DeviceId, String, u16)> {
    world.read_all();
    let rooms = world.clients[who.0].listed.values();
    rooms.map(|one| (one.summary.title.clone(), one.host, one.name.clone(), one.summary.present)).collect()
}

fn find(world: &mut World, who: Who, room: RoomId) -> Result<Vec<FoundRoom>, ErrorCode> {
    match world.ask(who, Request::FindRoom { code: RoomCode::of(&room) })? {
        Reply::Found { rooms } => Ok(rooms),
        other => panic!("not an answer to a code: {other:?}"),
    }
}

/// How often somebody has heard of the list since last asked.
fn told(world: &mut World, who: Who) -> usize {
    world.news(who).iter().filter(|event| matches!(event, Event::RoomsChanged { .. })).count()
}

fn settle(world: &mut World) {
    world.pass(u64::from(LISTING_PAUSE));
}

#[test]
fn everybody_hears_of_a_listed_room_from_its_begin_to_its_end() {
    let mut world = World::server();
    let [ann, bob] = world.arrive(["ann", "bob"]);
    let room = made(&mut world, ann, listed());
    let entry = |name: &str, present| vec![("Stand-up".to_owned(), device(name), name.to_owned(), present)];
    assert_eq!(list(&mut world, bob), entry("ann", 1), "at once");
    assert_eq!(list(&mut world, ann), entry("ann", 1), "also who is in it, in another tab");
    let [carol] = world.arrive(["carol"]);
    assert_eq!(list(&mut world, carol), entry("ann", 1), "in the welcome");
    world.join(bob, room).expect("an open door");
    settle(&mut world);
    assert_eq!(list(&mut world, carol), entry("ann", 2));
    world.leave(ann, room).expect("leaves");
    settle(&mut world);
    assert_eq!(list(&mut world, carol), entry("bob", 1), "another host");
    world.set_person(bob, "bobby").expect("a name");
    settle(&mut world);
    assert_eq!(list(&mut world, carol)[0].2, "bobby");
    world.leave(bob, room).expect("leaves");
    settle(&mut world);
    assert_eq!(list(&mut world, carol), []);
    for who in [ann, bob, carol] {
        world.goodbye(who);
    }
    world.expect_empty();
}

#[test]
fn a_room_is_listed_when_its_host_wants_it_and_the_door_is_not_locked() {
    let mut world = World::lan("ann");
    let [ann, bob] = world.arrive(["ann", "bob"]);
    let room = made(&mut world, ann, RoomRules::open_to(4));
    settle(&mut world);
    assert_eq!(list(&mut world, bob), [], "a call of two is nobody's business");
    let set = |world: &mut World, rules: RoomRules| {
        assert_eq!(world.ask(ann, Request::SetRules { room, rules }), DONE);
        settle(world);
        list(world, bob).len()
    };
    assert_eq!(set(&mut world, listed()), 1);
    assert_eq!(set(&mut world, RoomRules { door: Door::Locked, ..listed() }), 0);
    assert_eq!(set(&mut world, RoomRules { door: Door::Knock, ..listed() }), 1);
    let secret = RoomRules { password: Some("tin can".into()), ..listed() };
    assert_eq!(set(&mut world, secret), 1);
    let summary = RoomSummary {
        title: "Stand-up".into(),
        door: Door::Open,
        has_password: true,
        capacity: 4,
        present: 1,
    };
    assert_eq!(world.clients[bob.0].listed[&room].summary, summary, "but not the password itself");
}

#[test]
fn changes_are_told_together_and_not_too_often() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    let room = made(&mut world, ann, listed());
    assert_eq!(told(&mut world, carol), 1, "the first at once");
    for _ in 0..50 {
        world.join(bob, room).expect("an open door");
        world.leave(bob, room).expect("leaves");
    }
    assert_eq!(told(&mut world, carol), 0);
    settle(&mut world);
    assert_eq!(told(&mut world, carol), 0, "it is as it was");
    for _ in 0..100 {
        world.join(bob, room).expect("an open door");
        world.jump(100);
        world.leave(bob, room).expect("leaves");
        world.jump(100);
        world.ping(carol);
        world.ping(ann);
        world.read_all();
    }
    let times = told(&mut world, carol);
    assert!((1..=20).contains(&times), "{times} times in 20 s");
}

#[test]
fn who_is_blocked_or_removed_hears_nothing_and_finds_nothing() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    assert_eq!(world.block(ann, &["bob"]), DONE);
    let room = made(&mut world, ann, listed());
    assert_eq!(list(&mut world, bob), []);
    assert_eq!(list(&mut world, carol).len(), 1);
    assert_eq!(find(&mut world, bob, room), Err(ErrorCode::RoomUnknown));
    assert_eq!(find(&mut world, carol, room).map(|found| found.len()), Ok(1));
    assert_eq!(told(&mut world, bob), 0);
    world.block(ann, &[]).expect("takes it back");
    settle(&mut world);
    assert_eq!(list(&mut world, bob).len(), 1);
    world.join(carol, room).expect("an open door");
    world.ask(ann, Request::Remove { room, device: device("carol") }).expect("the host");
    settle(&mut world);
    assert_eq!(list(&mut world, carol), []);
    assert_eq!(find(&mut world, carol, room), Err(ErrorCode::RoomUnknown));
    let closed = Event::RoomClosed { room, reason: LeaveReason::Removed };
    assert!(world.news(carol).contains(&closed));
    assert_eq!(list(&mut world, bob).len(), 1);
}

#[test]
fn the_owner_of_a_lan_hub_hides_its_rooms_from_whom_they_block_whoever_is_host() {
    let mut world = World::lan("ann");
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    world.block(ann, &["bob"]).expect("the owner blocks");
    let room = made(&mut world, ann, listed());
    world.join(carol, room).expect("an open door");
    world.ask(ann, Request::HandOver { room, to: device("carol") }).expect("the host");
    settle(&mut world);
    assert_eq!(list(&mut world, bob), []);
    assert_eq!(find(&mut world, bob, room), Err(ErrorCode::RoomUnknown));
    assert_eq!(list(&mut world, carol)[0].1, device("carol"));
}

#[test]
fn a_code_leads_to_rooms_that_are_not_listed() {
    let mut world = World::server();
    let [ann, bob] = world.arrive(["ann", "bob"]);
    let room = made(&mut world, ann, RoomRules { door: Door::Locked, ..RoomRules::open_to(4) });
    let found = find(&mut world, bob, room).expect("found");
    assert_eq!(found[0].hub.device, world.room_ref(room).hub.device);
    assert_eq!((found[0].room.room, found[0].room.host), (room, device("ann")));
    assert_eq!(found[0].room.summary.door, Door::Locked, "so that one may be told");
    assert_eq!(find(&mut world, bob, RoomId([3; 16])), Err(ErrorCode::RoomUnknown));
}

#[test]
fn codes_cannot_be_tried_fast() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    let room = made(&mut world, ann, listed());
    for guess in 0..MAX_CODES {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&guess.to_be_bytes());
        assert_eq!(find(&mut world, bob, RoomId(id)), Err(ErrorCode::RoomUnknown));
    }
    assert_eq!(find(&mut world, bob, room), Err(ErrorCode::TooManyRequests), "also the right one");
    assert!(find(&mut world, carol, room).is_ok(), "nobody else has to wait");
    world.pass(u64::from(RATE_WINDOW));
    assert!(find(&mut world, bob, room).is_ok());
}

#[test]
fn the_list_has_an_end_and_what_is_in_it_stays() {
    let mut world = World::server();
    let mut rooms = Vec::new();
    let [carol] = world.arrive(["carol"]);
    for number in 0..=MAX_LISTED / MAX_ROOMS_PER_DEVICE {
        let who = world.stranger("x");
        world.clients[who.0].device.0[1] = u8::try_from(number).expect("few");
        world.hello(who, None);
        world.read_all();
        for _ in 0..MAX_ROOMS_PER_DEVICE {
            rooms.push((who, made(&mut world, who, listed())));
        }
        settle(&mut world);
    }
    let all = world.clients[carol.0].listed.keys().copied().collect::<Vec<_>>();
    assert_eq!(all.len(), MAX_LISTED as usize);
    assert!(rooms.len() > all.len());
    let (_, unlisted) = *rooms.iter().find(|(_, room)| !all.contains(room)).expect("one too many");
    assert!(find(&mut world, carol, unlisted).is_ok(), "its code leads there");
    let (first, room) = rooms[0];
    world.leave(first, room).expect("leaves");
    settle(&mut world);
    let now = &world.clients[carol.0].listed;
    assert_eq!(now.len(), MAX_LISTED as usize, "another one takes its place");
    assert_eq!(all.iter().filter(|room| now.contains_key(*room)).count(), all.len() - 1, "all others stay");
}
