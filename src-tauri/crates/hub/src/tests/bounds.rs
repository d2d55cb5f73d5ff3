//! What is too much is refused with a code, and costs nobody else anything.

use earshot_protocol::limits::*;
use earshot_protocol::{ErrorCode, Media, Reply, Request, RoomRules, ToHub};

use super::world::{Who, World};
use crate::{Output, Time};

fn cut(outputs: &[Output]) -> Option<ErrorCode> {
    outputs.iter().find_map(|output| match output {
        Output::Close { code, .. } => *code,
        Output::Send { .. } => None,
    })
}

#[test]
fn a_device_holds_so_many_places() {
    let mut world = World::server();
    let [_, second, third, fourth] = world.arrive(["ann"; 4]);
    let fifth = world.stranger("ann");
    assert_eq!(cut(&world.hello(fifth, None)), Some(ErrorCode::TooManyPlaces));
    world.drop_connection(third);
    world.silence(1);
    world.drop_connection(second);
    world.hello(fifth, None);
    assert!(world.is_connected(fifth), "the place that waits for longest makes room");
    assert!(world.resume(second));
    assert!(!world.resume(third), "and is lost");
    assert!(!world.is_connected(third));
    world.goodbye(fourth);
    assert!(!world.resume(third));
    assert!(world.is_connected(third));
}

#[test]
fn a_device_is_in_so_many_rooms() {
    let mut world = World::server();
    let [ann, tab, bob] = world.arrive(["ann", "ann", "bob"]);
    let rooms: Vec<_> = [ann, tab, ann, tab].iter().map(|who| world.create(*who, 2).unwrap()).collect();
    assert_eq!(world.create(ann, 2), Err(ErrorCode::TooManyRooms));
    let room = world.create(bob, 2).unwrap();
    assert_eq!(world.join(tab, room), Err(ErrorCode::TooManyRooms));
    world.leave(ann, rooms[0]).unwrap();
    world.join(tab, room).unwrap();
}

#[test]
fn a_device_has_so_many_rings_open() {
    let mut world = World::server();
    let callers = world.arrive(["ann", "ben"]);
    let [zoe, yan] = world.arrive(["zoe", "yan"]);
    for _ in 0..MAX_OPEN_RINGS / 2 {
        for caller in callers {
            world.ring(caller, "zoe").unwrap();
        }
    }
    assert_eq!(world.ring(callers[0], "zoe"), Err(ErrorCode::TooManyRings), "as callee");
    world.ring(callers[0], "yan").unwrap();
    assert_eq!(world.ring(zoe, "yan"), Err(ErrorCode::TooManyRings), "as caller, made and received");
    world.pass(u64::from(RING_TIMEOUT));
    world.ring(zoe, "yan").unwrap();
    world.ring(yan, "zoe").unwrap();
}

fn set(world: &World, who: Who) -> Request {
    Request::SetPerson { person: world.clients[who.0].person.clone() }
}

#[test]
fn too_many_requests_are_refused_and_twice_too_many_cut_off() {
    let mut world = World::server();
    let [ann, bob] = world.arrive(["ann", "bob"]);
    let request = set(&world, ann);
    for _ in 0..MAX_REQUESTS {
        assert_eq!(world.ask(ann, request.clone()), Ok(Reply::Done));
    }
    assert_eq!(world.ask(ann, request.clone()), Err(ErrorCode::TooManyRequests));
    let request_of_bob = set(&world, bob);
    assert_eq!(world.ask(bob, request_of_bob), Ok(Reply::Done), "others do not suffer");
    for _ in 0..MAX_REQUESTS - 1 {
        assert_eq!(cut(&world.say(ann, ToHub::Ping { seen: 0 })), None);
    }
    let id = world.prepare(ann, &request);
    let outputs = world.say(ann, ToHub::Request { id, request: request.clone() });
    assert_eq!(cut(&outputs), Some(ErrorCode::TooManyRequests));
    assert!(world.resume(ann), "the place waits");
    assert!(!world.is_connected(ann), "but not for a flood: the request asked again is one too many as well");
    world.silence(u64::from(RATE_WINDOW));
    assert!(world.resume(ann));
    world.read_all();
    assert_eq!(world.clients[ann.0].answers[&id], Ok(Reply::Done), "the window is over");
}

#[test]
fn too_many_rings_are_refused_and_twice_too_many_cut_off() {
    let mut world = World::server();
    let [ann, tab, bob] = world.arrive(["ann", "ann", "bob"]);
    for _ in 0..MAX_RINGS / 2 {
        for who in [ann, tab] {
            let ring = world.ring(who, "bob").unwrap();
            world.cancel(who, ring).unwrap();
        }
    }
    assert_eq!(world.ring(ann, "bob"), Err(ErrorCode::TooManyRings), "a device counts, not a place");
    world.news(bob);
    world.goodbye(ann);
    world.goodbye(tab);
    let [ann] = world.arrive(["ann"]);
    world.news(bob);
    for _ in 0..MAX_RINGS - 1 {
        assert_eq!(world.ring(ann, "bob"), Err(ErrorCode::TooManyRings), "coming anew does not help");
    }
    let request = World::ring_request(super::world::device("bob"));
    let id = world.prepare(ann, &request);
    let outputs = world.say(ann, ToHub::Request { id, request });
    assert_eq!(cut(&outputs), Some(ErrorCode::TooManyRings));
    assert_eq!(world.news(bob), []);
    world.silence(u64::from(RATE_WINDOW));
    assert!(world.resume(ann));
    world.read_all();
    assert_eq!(world.clients[ann.0].answers[&id], Err(ErrorCode::TooManyRings), "each is answered");
    world.ring(ann, "bob").unwrap();
}

#[test]
fn the_rate_of_rings_outlives_a_device_by_one_window() {
    let mut world = World::server();
    let [ann, bob] = world.arrive(["ann", "bob"]);
    world.ring(ann, "bob").unwrap();
    world.goodbye(ann);
    world.goodbye(bob);
    let other = world.hub.counts().other;
    assert_eq!((other, world.hub.deadline()), (1, Some(Time(world.now).after(RATE_WINDOW))));
    world.expect_empty();
}

#[test]
fn a_hub_holds_so_many_places() {
    // A LAN hub tells nobody of its visitors, so a crowd is cheap.
    let mut world = World::lan("olga");
    world.audited = false;
    let mut crowd = Vec::new();
    for number in 0..MAX_MEMBERS {
        let who = world.stranger("visitor");
        world.clients[who.0].device.0[..4].copy_from_slice(&number.to_be_bytes());
        world.hello(who, None);
        assert!(world.is_connected(who));
        crowd.push(who);
    }
    let late = world.stranger("late");
    assert_eq!(cut(&world.hello(late, None)), Some(ErrorCode::HubFull));
    world.hub.audit();
    world.goodbye(crowd[5]);
    world.hello(late, None);
    assert!(world.is_connected(late));
    world.silence(u64::from(IDLE_TIMEOUT));
    assert_eq!(world.hub.counts().connections, 0);
    world.silence(u64::from(RESUME_GRACE));
    world.expect_empty();
}

#[test]
fn a_hub_holds_so_many_rooms() {
    let mut world = World::server();
    world.audited = false;
    let create = |world: &mut World, number: u32| {
        let who = world.stranger("maker");
        world.clients[who.0].device.0[..4].copy_from_slice(&number.to_be_bytes());
        world.hello(who, None);
        world.clients[who.0].read();
        for _ in 0..MAX_ROOMS_PER_DEVICE {
            world.request(
                who,
                Request::CreateRoom { via: None, rules: RoomRules::open_to(2), media: Media::Voice },
            );
        }
        who
    };
    let makers: Vec<_> =
        (0..MAX_ROOMS / MAX_ROOMS_PER_DEVICE).map(|number| create(&mut world, number)).collect();
    assert_eq!(world.hub.counts().rooms, MAX_ROOMS as usize);
    let late = create(&mut world, MAX_ROOMS);
    world.read_all();
    assert!(world.clients[late.0].answers.values().all(|one| *one == Err(ErrorCode::TooManyRooms)));
    for who in &makers {
        assert!(world.clients[who.0].answers.values().all(Result::is_ok));
    }
    world.hub.audit();
    world.goodbye(makers[0]);
    assert!(world.create(late, 2).is_ok());
}
