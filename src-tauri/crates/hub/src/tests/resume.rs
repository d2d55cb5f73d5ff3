//! A place outlives its connection, and nothing said to it is missed.

use earshot_protocol::hub::{Description, DescriptionKind, LeaveReason, Signal};
use earshot_protocol::limits::{IDLE_TIMEOUT, MAX_UNSEEN, RESUME_GRACE};
use earshot_protocol::{ErrorCode, Event, Media, Request, ResumeToken, RoomRules, ToHub};

use super::world::{Who, World, device};
use crate::{ConnectionId, Input, Output};

/// Ann and bob in a room of three.
fn call() -> (World, Who, Who, earshot_protocol::RoomId) {
    let mut world = World::server();
    let [ann, bob] = world.arrive(["ann", "bob"]);
    let room = world.create(ann, 3).unwrap();
    world.join(bob, room).unwrap();
    world.news(ann);
    (world, ann, bob, room)
}

fn lost(room: earshot_protocol::RoomId, name: &str) -> Event {
    Event::ParticipantLeft { room, device: device(name), reason: LeaveReason::Lost }
}

#[test]
fn what_was_missed_is_said_again_and_nobody_sees_a_leave() {
    let (mut world, ann, bob, room) = call();
    world.drop_connection(bob);
    world.signal(ann, room, "bob").unwrap();
    world.pass(u64::from(RESUME_GRACE) - 1);
    world.set_person(ann, "Ann S.").unwrap();
    assert!(world.resume(bob));
    let news = world.news(bob);
    let [Event::Signal { .. }, Event::PersonHere { .. }, Event::ParticipantChanged { .. }] = &news[..] else {
        panic!("{news:?}")
    };
    assert!(world.clients[bob.0].rooms.contains_key(&room));
    assert_eq!(world.news(ann), []);
}

#[test]
fn what_was_on_the_wire_is_said_again_once() {
    let (mut world, ann, bob, room) = call();
    for _ in 0..5 {
        world.request(ann, Request::Signal { room, to: device("bob"), signal: Signal::RestartWanted });
    }
    assert!(world.clients[bob.0].read());
    world.drop_connection(bob);
    assert!(world.resume(bob));
    assert_eq!(world.news(bob).len(), 5);
}

#[test]
fn a_request_asked_again_is_carried_out_once() {
    let (mut world, _, bob, _) = call();
    let request = Request::CreateRoom { via: None, rules: RoomRules::open_to(2), media: Media::Voice };
    let id = world.request(bob, request.clone());
    world.drop_connection(bob);
    assert!(world.resume(bob));
    world.read_all();
    assert!(world.clients[bob.0].answers[&id].is_ok());
    assert_eq!(world.hub.counts().rooms, 2);
    for id in [id, 1, 0] {
        assert_eq!(world.say(bob, ToHub::Request { id, request: request.clone() }), []);
    }
    assert_eq!(world.hub.counts().rooms, 2);
}

#[test]
fn a_request_that_never_came_is_carried_out_when_asked_again() {
    let (mut world, _, bob, room) = call();
    let id = world.prepare(bob, &Request::Leave { room });
    world.drop_connection(bob);
    assert!(world.resume(bob));
    world.read_all();
    assert!(world.clients[bob.0].answers[&id].is_ok());
    assert!(world.clients[bob.0].rooms.is_empty());
}

#[test]
fn after_the_grace_the_place_is_lost() {
    let (mut world, ann, bob, room) = call();
    world.drop_connection(bob);
    world.pass(u64::from(RESUME_GRACE));
    assert_eq!(world.news(ann), [lost(room, "bob"), Event::PersonGone { device: device("bob"), via: None }]);
    assert!(!world.resume(bob));
    world.read_all();
    assert!(world.clients[bob.0].rooms.is_empty());
}

#[test]
fn each_welcome_has_a_token_of_its_own() {
    let (mut world, _, bob, _) = call();
    let first = world.clients[bob.0].tokens[0];
    world.drop_connection(bob);
    assert!(world.resume(bob));
    world.ping(bob);
    world.drop_connection(bob);
    let seen = world.clients[bob.0].seen;
    assert!(!world.resume_with(bob, first, seen), "a used token is worth nothing");
}

#[test]
fn a_lost_welcome_does_not_cost_the_place() {
    let (mut world, ann, bob, room) = call();
    for _ in 0..3 {
        world.drop_connection(bob);
        let resume = world.resume_of(bob);
        world.hello(bob, resume);
    }
    world.signal(ann, room, "bob").unwrap();
    world.drop_connection(bob);
    // A client that has read the last welcome may of course use it.
    assert!(world.resume(bob));
    assert!(world.clients[bob.0].rooms.contains_key(&room));
}

#[test]
fn a_token_opens_nothing_for_another_device() {
    let (mut world, ann, bob, room) = call();
    world.drop_connection(bob);
    let eve = world.stranger("eve");
    let token = *world.clients[bob.0].tokens.last().unwrap();
    // Eve reads a fresh welcome.
    assert!(!world.resume_with(eve, token, 0));
    assert!(world.clients[eve.0].rooms.is_empty());
    assert!(world.resume(bob), "and bob's place is still his");
    assert_eq!(world.signal(eve, room, "ann"), Err(ErrorCode::NotInRoom));
    assert!(world.clients[ann.0].rooms.contains_key(&room));
}

#[test]
fn an_unknown_token_makes_a_new_place() {
    let (mut world, _, bob, room) = call();
    world.drop_connection(bob);
    assert!(!world.resume_with(bob, ResumeToken([1; 32]), 0));
    assert_eq!(world.hub.counts().places, 3, "the old one waits for whoever knows it");
    assert!(world.clients[bob.0].rooms.is_empty(), "a new place is in no room");
    assert_eq!(world.leave(bob, room), Err(ErrorCode::NotInRoom));
}

#[test]
fn a_second_connection_takes_the_place_of_the_first() {
    let (mut world, ann, bob, room) = call();
    let first = world.clients[bob.0].connection.unwrap();
    world.vanish(bob);
    let resume = world.resume_of(bob);
    let outputs = world.hello(bob, resume);
    assert_eq!(outputs[0], Output::Close { connection: first, code: None });
    world.read_all();
    world.signal(ann, room, "bob").unwrap();
    assert_eq!(world.news(bob).len(), 1);
    assert_eq!(world.input(Input::Said { connection: first, message: ToHub::Goodbye }), []);
    assert_eq!(world.input(Input::Dropped { connection: first }), []);
    world.pass(u64::from(IDLE_TIMEOUT + RESUME_GRACE));
    assert!(world.is_connected(bob));
    assert_eq!(world.news(ann), []);
}

/// Bob, gone, is sent this many signals. Returns whether he then has his place back.
fn resumes_after(signals: u32, sdp_bytes: usize) -> (bool, World) {
    let (mut world, ann, bob, room) = call();
    world.drop_connection(bob);
    let description =
        Description { kind: DescriptionKind::Offer, sdp: "x".repeat(sdp_bytes), round: 0, seal: None };
    for sent in 0..signals {
        let signal = Signal::Description { description: description.clone() };
        world.request(ann, Request::Signal { room, to: device("bob"), signal });
        if sent % 250 == 249 {
            world.pass(10_000);
        }
    }
    world.read_all();
    assert!(world.clients[ann.0].answers.values().all(Result::is_ok));
    let resumed = world.resume(bob);
    if resumed {
        assert_eq!(world.news(bob).len(), signals as usize);
    } else {
        assert!(world.clients[bob.0].rooms.is_empty());
        assert_eq!(
            world.news(ann),
            [lost(room, "bob")],
            "the old place is lost; its person is here all along"
        );
        assert_eq!(world.hub.counts().places, 2);
    }
    (resumed, world)
}

#[test]
fn a_place_with_a_gap_is_lost() {
    // Two messages of the call's set-up have been read and not been acknowledged: they are kept as well.
    assert!(resumes_after(MAX_UNSEEN, 10).0);
    assert!(!resumes_after(MAX_UNSEEN + 1, 10).0);
}

#[test]
fn what_is_kept_is_bounded_in_bytes() {
    assert!(resumes_after(15, 60_000).0);
    assert!(!resumes_after(20, 60_000).0);
}

#[test]
fn a_connected_client_goes_on_past_the_bound() {
    let (mut world, ann, bob, room) = call();
    for round in 0..4 {
        for _ in 0..200 {
            world.request(ann, Request::Signal { room, to: device("bob"), signal: Signal::RestartWanted });
        }
        world.read_all();
        world.ping(ann);
        assert_eq!(world.news(bob).len(), 200, "round {round}");
        world.silence(10_000);
        world.say(bob, ToHub::Ping { seen: 0 });
    }
    world.drop_connection(bob);
    assert!(world.resume(bob), "whoever has seen everything can come back");
}

#[test]
fn who_knows_too_little_or_too_much_begins_anew() {
    // The second of two messages has been acknowledged: nothing before it is kept.
    for (seen, resumes) in [(0, false), (1, false), (2, true), (3, false), (u32::MAX, false)] {
        let (mut world, ann, bob, room) = call();
        world.signal(ann, room, "bob").unwrap();
        world.ping(bob);
        assert_eq!(world.clients[bob.0].seen, 2);
        world.drop_connection(bob);
        let token = world.clients[bob.0].tokens[0];
        assert_eq!(world.resume_with(bob, token, seen), resumes, "with {seen}");
        world.read_all();
        assert_eq!(world.clients[bob.0].rooms.contains_key(&room), resumes);
    }
}

#[test]
fn a_ping_ahead_of_its_time_does_no_harm() {
    let (mut world, ann, bob, room) = call();
    world.say(bob, ToHub::Ping { seen: u32::MAX });
    world.signal(ann, room, "bob").unwrap();
    assert_eq!(world.news(bob).len(), 1);
    world.drop_connection(bob);
    assert!(world.resume(bob));
}

#[test]
fn a_second_hello_is_out_of_order() {
    let (mut world, _, bob, _) = call();
    let connection = world.clients[bob.0].connection.unwrap();
    let hello = earshot_protocol::Hello {
        versions: vec![1],
        key: earshot_protocol::PublicKey([0; 32]),
        kind: earshot_protocol::DeviceKind::Install,
        person: earshot_protocol::Person::named("bob"),
        binding: earshot_protocol::hub::Binding::None,
        phrase: None,
        signature: earshot_protocol::Signature([0; 64]),
        resume: None,
    };
    let outputs = world.say(bob, ToHub::Hello(hello));
    assert_eq!(outputs, [Output::Close { connection, code: Some(ErrorCode::Malformed) }]);
    assert!(world.resume(bob));
}

#[test]
fn strange_connections_are_not_heard() {
    let (mut world, ..) = call();
    let connection = ConnectionId(999);
    assert_eq!(world.input(Input::Said { connection, message: ToHub::Ping { seen: 0 } }), []);
    assert_eq!(world.input(Input::Dropped { connection }), []);
}
