//! A ring and a room over real links, the way two installs do it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use earshot_hub::{Config, Visitor};
use earshot_protocol::hub::{HubMessage, LeaveReason, RingAnswer, RingEnd, Signal};
use earshot_protocol::{
    DeviceId, DeviceKind, ErrorCode, Event, FromHub, Media, Person, Reply, Request, RequestId, RoomRules,
    Status, ToHub,
};
use earshot_signaling::reconnect::Policy;
use earshot_signaling::{HubHandle, Link, LinkEvent, Local, Target};
use earshot_tests_signaling::{Office, device, next, person, soon, told, up};

/// The next event of an in-process visitor.
async fn local_event(local: &mut Local) -> Event {
    match soon("an event", local.next()).await {
        Some(FromHub::Message { message: HubMessage::Event { event }, .. }) => event,
        other => panic!("{other:?} in place of an event"),
    }
}

async fn local_reply(local: &mut Local, id: RequestId, request: Request) -> Reply {
    local.say(ToHub::Request { id, request }).await;
    match soon("a reply", local.next()).await {
        Some(FromHub::Message { message: HubMessage::Ok { id: answered, reply }, .. }) if answered == id => {
            reply
        }
        other => panic!("{other:?} in place of a reply"),
    }
}

async fn welcomed(local: &mut Local) {
    let first = soon("a welcome", local.next()).await;
    assert!(matches!(first, Some(FromHub::Welcome(_))), "{first:?}");
}

#[tokio::test]
async fn ann_calls_bob() {
    let (ann, bob) = (Office::install().await, Office::install().await);
    let mut anns_window = ann.owner("Ann").await;
    let mut bobs_window = bob.owner("Bob").await;
    welcomed(&mut anns_window).await;
    welcomed(&mut bobs_window).await;

    // Ann's hub opens a room, her node rings at Bob's hub with it.
    let create = Request::CreateRoom { via: None, rules: RoomRules::open_to(2), media: Media::Video };
    let Reply::Room(state) = local_reply(&mut anns_window, 1, create).await else { panic!("a room") };
    assert_eq!(state.room.hub.addresses, [ann.served.address.to_string()]);
    let (to_bob, mut from_bob) =
        Link::open(ann.key.clone(), bob.target(), person("Ann"), Policy::call(), None);
    up(&mut from_bob).await;
    let ring = Request::Ring { to: bob.device(), room: state.room.clone(), media: Media::Video };
    let Ok(Reply::Ring { ring }) = soon("a ring", to_bob.request(ring)).await else { panic!("a ring") };

    // It rings at Bob's, who accepts and comes over.
    let Event::Ringing { ring: rung, from, room, media } = local_event(&mut bobs_window).await else {
        panic!("ringing")
    };
    assert_eq!((rung, from.device, media), (ring, ann.device(), Media::Video));
    assert_eq!(from.person.name, "Ann");
    let answer = Request::AnswerRing { ring, answer: RingAnswer::Accepted };
    assert_eq!(local_reply(&mut bobs_window, 1, answer).await, Reply::Done);
    assert_eq!(told(&mut from_bob).await, Event::RingEnded { ring, end: RingEnd::Accepted });

    let target = Target::Device { device: room.hub.device, addresses: room.hub.addresses.clone() };
    let (to_ann, mut from_ann) = Link::open(bob.key.clone(), target, person("Bob"), Policy::call(), None);
    up(&mut from_ann).await;
    let join = Request::Join { room: room.clone(), media: Media::Video, password: None };
    let Ok(Reply::Room(found)) = soon("the room", to_ann.request(join)).await else { panic!("the room") };
    assert_eq!(found.participants.len(), 1);
    assert_eq!(found.participants[0].device, ann.device());

    // They exchange signals, both ways, in their order.
    let joined = local_event(&mut anns_window).await;
    assert!(
        matches!(&joined, Event::ParticipantJoined { participant, .. } if participant.device == bob.device()),
        "{joined:?}"
    );
    let id = room.room;
    let last = Signal::Candidate { candidate: None };
    for (tag, signal) in [(7, last.clone()), (8, Signal::RestartWanted)] {
        to_ann.ask(tag, Request::Signal { room: id, to: ann.device(), signal }).unwrap();
    }
    for tag in [7, 8] {
        assert_eq!(next(&mut from_ann).await, LinkEvent::Answered { tag, result: Ok(Reply::Done) });
    }
    for signal in [last.clone(), Signal::RestartWanted] {
        assert_eq!(
            local_event(&mut anns_window).await,
            Event::Signal { room: id, from: bob.device(), signal }
        );
    }
    let back = Request::Signal { room: id, to: bob.device(), signal: last.clone() };
    assert_eq!(local_reply(&mut anns_window, 2, back).await, Reply::Done);
    assert_eq!(told(&mut from_ann).await, Event::Signal { room: id, from: ann.device(), signal: last });

    // Bob's link closes: he is gone at once, without any grace.
    to_ann.close().await;
    assert_eq!(
        local_event(&mut anns_window).await,
        Event::ParticipantLeft { room: id, device: bob.device(), reason: LeaveReason::Left }
    );
    // Nothing is said after a close.
    assert_eq!(soon("the end", from_ann.recv()).await, None);
}

#[tokio::test]
async fn a_visitor_may_not_use_another_install_as_a_server() {
    let bob = Office::install().await;
    let _owner = bob.owner("Bob").await;
    let (link, mut events) = Link::open(device(), bob.target(), person("Ann"), Policy::call(), None);
    up(&mut events).await;
    let create = Request::CreateRoom { via: None, rules: RoomRules::open_to(2), media: Media::Voice };
    assert_eq!(soon("an answer", link.request(create)).await, Err(ErrorCode::NotAllowed));
}

#[tokio::test]
async fn a_change_of_name_or_status_is_seen_at_once() {
    let server = Office::server().await;
    let ann = device();
    let (_bob, mut from_bob) = Link::open(device(), server.url(), person("Bob"), Policy::server(), None);
    up(&mut from_bob).await;
    let (link, mut events) = Link::open(ann.clone(), server.url(), person("Ann"), Policy::server(), None);
    up(&mut events).await;
    let name = |event| match event {
        Event::PersonHere { presence } if presence.device == ann.device_id() => presence.person,
        other => panic!("{other:?}"),
    };
    assert_eq!(name(told(&mut from_bob).await), person("Ann"));
    let busy = Person { status: Status::Busy, ..person("Ann B.") };
    link.set_person(busy.clone()).await;
    assert_eq!(name(told(&mut from_bob).await), busy);
    drop(link);
    let gone = told(&mut from_bob).await;
    assert_eq!(gone, Event::PersonGone { device: ann.device_id(), via: None });
}

#[tokio::test]
async fn everybody_is_told_when_a_hub_ends() {
    let office = Office::install().await;
    let mut owner = office.owner("Bob").await;
    welcomed(&mut owner).await;
    let create = Request::CreateRoom { via: None, rules: RoomRules::open_to(2), media: Media::Voice };
    let Reply::Room(state) = local_reply(&mut owner, 1, create).await else { panic!("a room") };
    let (link, mut events) = Link::open(device(), office.target(), person("Ann"), Policy::call(), None);
    up(&mut events).await;
    let join = Request::Join { room: state.room.clone(), media: Media::Voice, password: None };
    soon("the room", link.request(join)).await.unwrap();
    office.hub.shutdown().await;
    let closed = Event::RoomClosed { room: state.room.room, reason: LeaveReason::HubGone };
    assert_eq!(told(&mut events).await, closed);
    assert!(matches!(next(&mut events).await, LinkEvent::Down { code: ErrorCode::LinkLost, .. }));
    soon("the owner's end", async { while owner.next().await.is_some() {} }).await;
    assert_eq!(office.hub.counts().await, None);
    // The listener ends in order although a link is still dialling.
    office.served.stop().await;
    drop(link);
}

fn alone(owner: DeviceId) -> Config {
    Config {
        hub: owner,
        addresses: Vec::new(),
        title: String::new(),
        owner: Some(owner),
        ice_servers: Vec::new(),
    }
}

/// Virtual time: days pass in a moment.
#[tokio::test(start_paused = true)]
async fn the_owner_stays_without_pinging() {
    let owner = device().device_id();
    let hub = HubHandle::spawn(alone(owner));
    let visitor = Visitor { device: owner, kind: DeviceKind::Install, person: person("Bob") };
    let mut local = hub.attach(visitor).await;
    assert!(matches!(local.next().await, Some(FromHub::Welcome(_))));
    let day = std::time::Duration::from_secs(24 * 60 * 60);
    assert!(tokio::time::timeout(day, local.next()).await.is_err(), "nothing is said");
    assert_eq!(hub.counts().await.unwrap().connections, 1);
    drop(local);
    assert_eq!(hub.counts().await.unwrap().places, 0, "dropping says goodbye");
}

/// Virtual time: the queue is filled without waiting.
#[tokio::test(start_paused = true)]
async fn an_owner_who_does_not_listen_is_cut_off_too() {
    let owner = device().device_id();
    let hub = HubHandle::spawn(alone(owner));
    let visitor = Visitor { device: owner, kind: DeviceKind::Install, person: person("Bob") };
    let mut local = hub.attach(visitor).await;
    for id in 1..=300 {
        local
            .say(ToHub::Request { id, request: Request::Leave { room: earshot_protocol::RoomId([0; 16]) } })
            .await;
    }
    assert_eq!(hub.counts().await.unwrap().connections, 0);
    let refused = local.next().await;
    assert_eq!(refused, Some(FromHub::Refused { code: ErrorCode::SlowReader }));
    assert_eq!(local.next().await, None);
}
