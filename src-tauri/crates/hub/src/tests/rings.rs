//! Rings: each ends once, for everybody who was told of it.

use earshot_protocol::hub::{RingAnswer, RingEnd};
use earshot_protocol::limits::{RESUME_GRACE, RING_TIMEOUT};
use earshot_protocol::{ErrorCode, Event, Media, RingId, RoomId};

use super::world::{Who, World, device};

fn ended(ring: RingId, end: RingEnd) -> Vec<Event> {
    vec![Event::RingEnded { ring, end }]
}

/// Ann rings bob, who has a tab as well; the bell has been heard.
fn ringing() -> (World, Who, [Who; 2], RingId) {
    let mut world = World::server();
    let [ann, bob, tab] = world.arrive(["ann", "bob", "bob"]);
    let ring = world.ring(ann, "bob").unwrap();
    for who in [bob, tab] {
        let news = world.news(who);
        let [Event::Ringing { ring: told, from, room, media }] = &news[..] else { panic!("{news:?}") };
        assert_eq!(
            (*told, from.device, room.room, *media),
            (ring, device("ann"), RoomId([9; 16]), Media::Video)
        );
    }
    (world, ann, [bob, tab], ring)
}

#[test]
fn any_place_of_the_callee_answers_for_all() {
    let answers = [
        (RingAnswer::Accepted, RingEnd::Accepted),
        (RingAnswer::Busy, RingEnd::Busy),
        (RingAnswer::Declined { message: None }, RingEnd::Declined { message: None }),
        (
            RingAnswer::Declined { message: Some("in 5".into()) },
            RingEnd::Declined { message: Some("in 5".into()) },
        ),
    ];
    for (answer, end) in answers {
        let (mut world, ann, [bob, tab], ring) = ringing();
        world.answer(tab, ring, answer.clone()).unwrap();
        for who in [ann, bob, tab] {
            assert_eq!(world.news(who), ended(ring, end.clone()));
        }
        assert_eq!(world.answer(bob, ring, answer), Err(ErrorCode::RingUnknown), "the first answer counts");
        assert_eq!(world.cancel(ann, ring), Err(ErrorCode::RingUnknown));
        world.pass(u64::from(RING_TIMEOUT));
        assert_eq!(world.news(ann), []);
    }
}

#[test]
fn only_the_caller_cancels_and_only_the_callee_answers() {
    let (mut world, ann, bobs, ring) = ringing();
    let [eve, tab] = world.arrive(["eve", "ann"]);
    for who in [eve, tab, bobs[0]] {
        assert_eq!(world.cancel(who, ring), Err(ErrorCode::RingUnknown));
    }
    for who in [eve, tab, ann] {
        assert_eq!(world.answer(who, ring, RingAnswer::Accepted), Err(ErrorCode::RingUnknown));
    }
    for who in [ann, bobs[0], bobs[1]] {
        world.news(who);
    }
    world.cancel(ann, ring).unwrap();
    for who in [ann, bobs[0], bobs[1]] {
        assert_eq!(world.news(who), ended(ring, RingEnd::Cancelled));
    }
}

#[test]
fn nobody_answers() {
    let (mut world, ann, [bob, tab], ring) = ringing();
    world.pass(u64::from(RING_TIMEOUT) - 1);
    assert_eq!(world.news(ann), []);
    world.pass(1);
    for who in [ann, bob, tab] {
        assert_eq!(world.news(who), ended(ring, RingEnd::NoAnswer));
    }
}

#[test]
fn the_caller_goes() {
    let (mut world, ann, [bob, _], ring) = ringing();
    world.goodbye(ann);
    assert_eq!(world.news(bob)[0], ended(ring, RingEnd::Cancelled)[0]);
    let (mut world, ann, [bob, _], ring) = ringing();
    world.drop_connection(ann);
    world.pass(u64::from(RESUME_GRACE) - 1);
    assert_eq!(world.news(bob), []);
    world.pass(1);
    assert_eq!(world.news(bob)[0], ended(ring, RingEnd::Cancelled)[0]);
}

#[test]
fn the_callee_goes() {
    let (mut world, ann, [bob, tab], ring) = ringing();
    world.goodbye(bob);
    world.drop_connection(tab);
    assert_eq!(world.news(ann), [], "the tab may come back and answer");
    world.pass(u64::from(RESUME_GRACE));
    assert_eq!(world.news(ann)[0], ended(ring, RingEnd::Gone)[0]);
}

#[test]
fn a_place_that_comes_later_is_not_told_and_does_not_answer() {
    let (mut world, ann, [bob, tab], ring) = ringing();
    let [late] = world.arrive(["bob"]);
    assert_eq!(world.answer(late, ring, RingAnswer::Accepted), Err(ErrorCode::RingUnknown));
    world.goodbye(bob);
    world.goodbye(tab);
    assert_eq!(world.news(ann), ended(ring, RingEnd::Gone), "nobody who could answer is left");
    assert_eq!(world.news(late), []);
}

#[test]
fn a_ring_outlives_dropped_connections() {
    let (mut world, ann, [bob, _], ring) = ringing();
    world.drop_connection(ann);
    world.drop_connection(bob);
    assert!(world.resume(bob));
    world.answer(bob, ring, RingAnswer::Accepted).unwrap();
    assert!(world.resume(ann));
    assert_eq!(world.news(ann), ended(ring, RingEnd::Accepted));
}

#[test]
fn whom_one_cannot_ring() {
    let mut world = World::server();
    let [ann, _tab] = world.arrive(["ann", "ann"]);
    assert_eq!(world.ring(ann, "ann"), Err(ErrorCode::RingSelf));
    assert_eq!(world.ring(ann, "bob"), Err(ErrorCode::PersonUnknown));
    let long = RingAnswer::Declined { message: Some("x".repeat(201)) };
    assert_eq!(world.answer(ann, RingId([0; 16]), long), Err(ErrorCode::Malformed));
}

#[test]
fn on_a_lan_only_the_owner_is_rung() {
    let mut world = World::lan("olga");
    let [bob, carol] = world.arrive(["bob", "carol"]);
    assert_eq!(world.ring(bob, "olga"), Err(ErrorCode::PersonUnknown), "the owner is not here yet");
    let [olga] = world.arrive(["olga"]);
    assert_eq!(world.ring(bob, "carol"), Err(ErrorCode::PersonUnknown));
    assert_eq!(world.ring(olga, "carol"), Err(ErrorCode::PersonUnknown));
    assert_eq!(world.ring(olga, "olga"), Err(ErrorCode::RingSelf));
    assert_eq!(world.news(carol).len(), 1, "the owner's coming, and no bell");
    let ring = world.ring(bob, "olga").unwrap();
    let news = world.news(olga);
    let [Event::Ringing { from, .. }] = &news[..] else { panic!("{news:?}") };
    assert_eq!(from.person.name, "bob", "a callee learns who rings");
    world.answer(olga, ring, RingAnswer::Busy).unwrap();
}
