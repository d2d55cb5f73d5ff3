//! Who is seen by whom, and for how long.

use earshot_protocol::hub::LeaveReason;
use earshot_protocol::limits::{IDLE_TIMEOUT, PING_INTERVAL, RESUME_GRACE};
use earshot_protocol::{ErrorCode, Event, Person, Presence, Request, Status};

use super::world::{HUB, World, device};
use crate::{Input, Output};

fn here(event: &Event) -> &Presence {
    match event {
        Event::PersonHere { presence } => presence,
        other => panic!("not somebody's coming: {other:?}"),
    }
}

fn gone(name: &str) -> Event {
    Event::PersonGone { device: device(name), via: None }
}

#[test]
fn on_a_server_all_see_all_but_themselves() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    assert_eq!(world.sees(ann), ["bob", "carol"]);
    assert_eq!(world.sees(bob), ["ann", "carol"]);
    assert_eq!(world.sees(carol), ["ann", "bob"]);
    world.goodbye(bob);
    assert_eq!(world.news(ann), [gone("bob")]);
    assert_eq!(world.sees(carol), ["ann"]);
}

#[test]
fn a_device_with_several_places_is_one_entry() {
    let mut world = World::server();
    let [bob, ann] = world.arrive(["bob", "ann"]);
    let [tab] = world.arrive(["ann's tab"]);
    assert_eq!(world.sees(bob), ["ann's tab"], "what was said last counts");
    let [third] = world.arrive(["ann's tab"]);
    world.news(bob);
    world.goodbye(ann);
    world.goodbye(third);
    assert_eq!(world.news(bob), [], "somebody of ann is still here, and nothing has changed");
    assert_eq!(world.sees(tab), ["bob"], "ann is not in her own list");
    world.goodbye(tab);
    assert_eq!(world.news(bob), [gone("ann")]);
}

#[test]
fn a_change_is_told_once_and_only_when_it_is_one() {
    let mut world = World::server();
    let [ann, bob] = world.arrive(["ann", "bob"]);
    let busy = Person { name: "ann".into(), status: Status::Busy, note: "back at 3".into() };
    world.ask(ann, Request::SetPerson { person: busy.clone() }).unwrap();
    world.ask(ann, Request::SetPerson { person: busy.clone() }).unwrap();
    let news = world.news(bob);
    assert_eq!(news.len(), 1);
    assert_eq!(here(&news[0]).person, busy);
    assert_eq!(world.news(ann), []);
}

#[test]
fn a_name_out_of_bounds_is_refused() {
    let mut world = World::server();
    let [ann, bob] = world.arrive(["ann", "bob"]);
    assert_eq!(world.set_person(ann, "  "), Err(ErrorCode::NameInvalid));
    assert_eq!(world.set_person(ann, &"x".repeat(65)), Err(ErrorCode::NameInvalid));
    assert_eq!(world.news(bob), []);
    let nobody = world.stranger("nobody");
    world.clients[nobody.0].person.name = "a\nb".into();
    let outputs = world.hello(nobody, None);
    assert!(matches!(outputs[..], [Output::Close { code: Some(ErrorCode::NameInvalid), .. }]));
    assert_eq!(world.news(bob), []);
}

#[test]
fn on_a_lan_visitors_see_the_owner_and_nobody_sees_visitors() {
    let mut world = World::lan("olga");
    let [bob] = world.arrive(["bob"]);
    assert_eq!(world.sees(bob), [""; 0], "the owner is not here yet");
    let [olga, carol] = world.arrive(["olga", "carol"]);
    assert_eq!(world.sees(carol), ["olga"]);
    assert_eq!(world.sees(olga), [""; 0]);
    assert_eq!(here(&world.news(bob)[0]).device, device("olga"));
    world.set_person(carol, "carola").unwrap();
    world.goodbye(carol);
    assert_eq!((world.news(olga), world.news(bob)), (vec![], vec![]), "nobody is told of a visitor");
    world.set_person(olga, "Olga P.").unwrap();
    assert_eq!(world.sees(bob), ["Olga P."]);
    world.news(bob);
    world.goodbye(olga);
    assert_eq!(world.news(bob), [gone("olga")]);
}

#[test]
fn a_dropped_connection_is_not_seen_until_its_grace_is_over() {
    let mut world = World::server();
    let [ann, bob] = world.arrive(["ann", "bob"]);
    world.drop_connection(bob);
    let [carol] = world.arrive(["carol"]);
    assert_eq!(world.sees(carol), ["bob", "ann"].map(String::from).into_iter().rev().collect::<Vec<_>>());
    world.news(ann);
    world.pass(u64::from(RESUME_GRACE) - 1);
    assert_eq!(world.news(ann), []);
    world.silence(1);
    assert_eq!(world.news(ann), [gone("bob")]);
}

#[test]
fn a_silent_connection_is_closed_and_counts_as_dropped() {
    let mut world = World::server();
    let [ann, bob] = world.arrive(["ann", "bob"]);
    world.vanish(bob);
    for _ in 0..2 {
        world.silence(u64::from(PING_INTERVAL));
        world.ping(ann);
    }
    world.silence(u64::from(IDLE_TIMEOUT - 2 * PING_INTERVAL) - 1);
    assert_eq!(world.hub.counts().connections, 2);
    world.silence(1);
    assert_eq!(world.hub.counts().connections, 1);
    assert!(world.is_connected(ann), "pings keep a connection");
    assert_eq!(world.clients[ann.0].wire.len(), 2, "and are answered");
    world.pass(u64::from(RESUME_GRACE) - 1);
    assert_eq!(world.news(ann), []);
    world.pass(1);
    assert_eq!(world.news(ann), [gone("bob")]);
}

#[test]
fn a_message_that_waited_proves_that_its_sender_lives() {
    let mut world = World::server();
    let [ann] = world.arrive(["ann"]);
    world.now += u64::from(IDLE_TIMEOUT) + 1;
    world.ping(ann);
    assert!(world.is_connected(ann));
}

#[test]
fn time_does_not_run_backwards() {
    let mut world = World::server();
    let [ann] = world.arrive(["ann"]);
    world.silence(10_000);
    world.audited = false;
    world.now -= 900_000;
    world.ping(ann);
    world.now += 900_000 + u64::from(IDLE_TIMEOUT) - 1;
    world.input(Input::Tick);
    assert!(world.is_connected(ann), "heard ten seconds after the begin, not before it");
    world.now += 1;
    world.input(Input::Tick);
    assert!(!world.is_connected(ann));
}

#[test]
fn a_hub_that_ends_tells_everybody_and_lets_nobody_in() {
    let mut world = World::server();
    let [ann, bob, carol] = world.arrive(["ann", "bob", "carol"]);
    let room = world.create(ann, 3).unwrap();
    world.join(bob, room).unwrap();
    let ring = world.ring(ann, "carol").unwrap();
    world.drop_connection(bob);
    for who in [ann, carol] {
        world.news(who);
    }
    let outputs = world.input(Input::Shutdown);
    let closed = outputs.iter().filter(|output| matches!(output, Output::Close { code: None, .. }));
    assert_eq!(closed.count(), 2);
    let reason = LeaveReason::HubGone;
    let end = |end| Event::RingEnded { ring, end };
    use earshot_protocol::hub::RingEnd::{Cancelled, Gone};
    assert_eq!(world.news(ann), [end(Gone), Event::RoomClosed { room, reason }]);
    assert_eq!(world.news(carol), [end(Cancelled)]);
    assert!(world.hub.is_empty());
    assert!(matches!(world.hello(bob, None)[..], [Output::Close { code: None, .. }]));
    assert_eq!(world.input(Input::Shutdown), []);
    assert!(world.hub.is_empty());
}

#[test]
fn the_hub_says_where_it_is_now() {
    let mut world = World::server();
    let many = (0..20).map(|port| format!("192.0.2.1:{port}")).chain(["x".repeat(300)]).rev().collect();
    world.input(Input::Addresses(many));
    let [ann] = world.arrive(["ann"]);
    let id = world.create(ann, 2).unwrap();
    let reply = world.clients[ann.0].answers.values().next().unwrap().clone().unwrap();
    let earshot_protocol::Reply::Room(state) = reply else { panic!("not a room") };
    assert_eq!((state.room.hub.device, state.room.room), (HUB, id));
    assert_eq!(state.room.hub.addresses.len(), 12);
    assert_eq!(state.room.hub.addresses[0], "192.0.2.1:19", "what is too long is left out");
}
