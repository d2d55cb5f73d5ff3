//! Whole nodes on this machine: real TLS, real hubs, real files; only the announcements go through an ether in the
//! process. What must hold: two installs call each other without anything set up, and every way a ring can end
//! reaches both sides and both histories.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use earshot_discovery::memory::Ether;
use earshot_discovery::{Discovery, DiscoveryEvent, Found, InterfaceChoice};
use earshot_node::{Node, Options, StartError};
use earshot_protocol::hub::{Description, DescriptionKind, LeaveReason, RingAnswer, RingEnd, Signal};
use earshot_protocol::owner::{Direction, ServerState, SettingsChange};
use earshot_protocol::{
    DeviceId, ErrorCode, Event, FromNode, Media, OwnerEvent, OwnerReply, OwnerRequest, Reach, Reply, Request,
    RoomRules, Status,
};
use earshot_tests_signaling::Proxy;
use tokio::time::{Instant, timeout};

use common::{Person, call, notary, options, start};

fn offer() -> Signal {
    let description = Description { kind: DescriptionKind::Offer, sdp: "v=0".into(), round: 0, seal: None };
    Signal::Description { description }
}

#[tokio::test]
async fn two_installs_call_each_other() {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    let (anns, bobs) = (ann.device(), bob.device());
    let entry = ann.sees(bobs, |_| true).await;
    assert_eq!((entry.person.name.as_str(), entry.via), ("Bob", None));
    let (room, _) = call(&mut ann, &mut bob, None).await;
    let signal = Request::Signal { room: room.room, to: anns, signal: offer() };
    assert_eq!(bob.ask(signal).await, Ok(Reply::Done));
    let (from, signal) = ann
        .event("the offer", |event| match event {
            Event::Signal { from, signal, .. } => Some((*from, signal.clone())),
            _ => None,
        })
        .await;
    assert_eq!((from, signal), (bobs, offer()));
    ann.sees(bobs, |entry| entry.person.status == Status::InCall).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(bob.ask(Request::Leave { room: room.room }).await, Ok(Reply::Done));
    let (who, reason) = ann
        .event("the leave", |event| match event {
            Event::ParticipantLeft { device, reason, .. } => Some((*device, *reason)),
            _ => None,
        })
        .await;
    assert_eq!((who, reason), (bobs, LeaveReason::Left));
    ann.sees(bobs, |entry| entry.person.status == Status::Available).await;
    assert_eq!(ann.ask(Request::Leave { room: room.room }).await, Ok(Reply::Done));
    for (person, direction, name) in
        [(&mut ann, Direction::Outgoing, "Bob"), (&mut bob, Direction::Incoming, "Ann")]
    {
        let calls = person.calls().await;
        assert_eq!(calls.len(), 1);
        let call = &calls[0];
        assert_eq!((call.direction, call.name.as_str(), &call.end), (direction, name, &RingEnd::Accepted));
        assert!(call.seconds >= 1 && call.seen, "{call:?}");
    }
}

#[tokio::test]
async fn every_end_of_a_ring_reaches_both_sides_and_histories() {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    ann.sees(bob.device(), |_| true).await;
    let room = ann.open_room(None).await.room;
    let word = RingEnd::Declined { message: Some("In ten minutes".into()) };
    let ends = [
        (Some(RingAnswer::Declined { message: Some("In ten minutes".into()) }), word),
        (Some(RingAnswer::Busy), RingEnd::Busy),
        (None, RingEnd::Cancelled),
    ];
    for (answer, end) in ends {
        let ring = ann.ring(bob.device(), &room).await.expect("rings");
        let (heard, ..) = bob.is_rung().await;
        assert_eq!(heard, ring);
        match answer {
            Some(answer) => bob.answer(ring, answer).await,
            None => assert_eq!(ann.ask(Request::CancelRing { ring }).await, Ok(Reply::Done)),
        }
        assert_eq!(ann.ring_ends(ring).await, end);
        assert_eq!(bob.ring_ends(ring).await, end);
        assert_eq!(ann.calls().await[0].end, end);
        assert_eq!(bob.calls().await[0].end, end);
    }
    let missed = bob
        .hear("two missed calls", |message| match message {
            FromNode::Owner { event: OwnerEvent::CallsChanged { missed: 2 } } => Some(2),
            _ => None,
        })
        .await;
    assert_eq!(missed, 2);
    assert_eq!(bob.own(OwnerRequest::MarkCallsSeen).await, Ok(OwnerReply::Done));
    assert!(bob.calls().await.iter().all(|call| call.seen));
}

#[tokio::test]
async fn two_who_ring_each_other_miss_nothing() {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    ann.sees(bob.device(), |_| true).await;
    bob.sees(ann.device(), |_| true).await;
    let (anns, bobs) = (ann.open_room(None).await.room, bob.open_room(None).await.room);
    let mine = ann.ring(bob.device(), &anns).await.expect("rings");
    let theirs = bob.ring(ann.device(), &bobs).await.expect("rings");
    ann.is_rung().await;
    bob.is_rung().await;
    // Bob gives his own up for Ann's.
    assert_eq!(bob.ask(Request::CancelRing { ring: theirs }).await, Ok(Reply::Done));
    bob.answer(mine, RingAnswer::Accepted).await;
    assert_eq!(ann.ring_ends(theirs).await, RingEnd::Cancelled);
    assert_eq!(ann.ring_ends(mine).await, RingEnd::Accepted);
    let calls = ann.calls().await;
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!((calls[0].direction, &calls[0].end), (Direction::Outgoing, &RingEnd::Accepted));
}

#[tokio::test]
async fn a_call_to_a_dead_machine_fails_within_three_seconds() {
    let ether = Ether::new();
    let mut ann = Person::arrive(&ether, "Ann").await;
    let bob = Person::arrive(&ether, "Bob").await;
    let bobs = bob.device();
    ann.sees(bobs, |_| true).await;
    // Dies without a goodbye.
    ether.kill(bobs);
    bob.node.shutdown().await;
    let room = ann.open_room(None).await.room;
    let begun = Instant::now();
    assert_eq!(ann.ring(bobs, &room).await, Err(ErrorCode::Unreachable));
    assert!(begun.elapsed() < Duration::from_secs(3));
    ann.sees(bobs, |entry| entry.reach == Reach::Unreachable).await;
    assert_eq!(ann.calls().await[0].end, RingEnd::Gone);
    let nobody = DeviceId([3; 32]);
    assert_eq!(ann.ring(nobody, &room).await, Err(ErrorCode::PersonUnknown));
    assert_eq!(ann.ring(ann.device(), &room).await, Err(ErrorCode::RingSelf));
}

#[tokio::test]
async fn a_link_that_stands_but_leads_nowhere_fails_as_fast() {
    let (anns, bobs) = (Ether::new(), Ether::new());
    let mut bob = Person::arrive(&bobs, "Bob").await;
    let hub = std::net::SocketAddr::from(([127, 0, 0, 1], bob.node.hub_port()));
    let cable = Proxy::to(hub).await;
    // Ann reaches Bob over a cable that can be pulled.
    let found = Found {
        device: bob.device(),
        person: Some(earshot_protocol::Person::named("Bob")),
        phrase: false,
        rooms: false,
        revision: 0,
        versions: vec![1],
        addresses: vec![cable.address],
        port: cable.address.port(),
    };
    let folder = tempfile::tempdir().expect("a folder");
    let find = |announcement, _: InterfaceChoice| {
        let (handle, _) = anns.join(announcement)?;
        let (events, told) = tokio::sync::mpsc::channel(4);
        events.try_send(DiscoveryEvent::Seen(found)).expect("there is room");
        Ok((Box::new(handle) as Box<dyn Discovery>, told))
    };
    let node = Node::start_with(&options(folder.path(), "Ann"), find, notary).await.expect("starts");
    let window = node.attach().await.expect("attaches");
    let mut ann = Person { node, window, heard: Vec::new(), next: 0, folder };
    ann.sees(bob.device(), |_| true).await;
    let room = ann.open_room(None).await.room;
    let ring = ann.ring(bob.device(), &room).await.expect("rings");
    bob.is_rung().await;
    bob.answer(ring, RingAnswer::Declined { message: None }).await;
    ann.ring_ends(ring).await;
    cable.silence(true);
    let begun = Instant::now();
    assert_eq!(ann.ring(bob.device(), &room).await, Err(ErrorCode::Unreachable));
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert_eq!(ann.calls().await[0].end, RingEnd::Gone);
    // What was on its way arrives late, and is taken back.
    cable.silence(false);
    let (late, ..) = bob.is_rung().await;
    assert_eq!(bob.ring_ends(late).await, RingEnd::Cancelled);
    assert_eq!(ann.calls().await.len(), 2);
}

#[tokio::test]
async fn a_silent_machine_is_shown_unreachable_while_somebody_looks() {
    let ether = Ether::new();
    let mut ann = Person::arrive(&ether, "Ann").await;
    let bob = Person::arrive(&ether, "Bob").await;
    let bobs = bob.device();
    ann.sees(bobs, |_| true).await;
    assert_eq!(ann.own(OwnerRequest::Watch { watching: true }).await, Ok(OwnerReply::Done));
    ether.kill(bobs);
    bob.node.shutdown().await;
    let begun = Instant::now();
    let found = timeout(Duration::from_secs(15), async {
        loop {
            let silent = ann.event("unreachable or gone", |event| match event {
                Event::PersonHere { presence } => Some(presence.reach == Reach::Unreachable),
                Event::PersonGone { .. } => Some(true),
                _ => None,
            });
            if silent.await {
                return;
            }
        }
    });
    found.await.expect("shown within 15 s");
    eprintln!("shown unreachable after {} ms", begun.elapsed().as_millis());
}

#[tokio::test]
async fn a_window_that_closes_leaves_its_calls_and_rings() {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    ann.sees(bob.device(), |_| true).await;
    let room = ann.open_room(None).await.room;
    let ring = ann.ring(bob.device(), &room).await.expect("rings");
    bob.is_rung().await;
    ann.window = ann.node.attach().await.expect("a second window");
    assert_eq!(bob.ring_ends(ring).await, RingEnd::Cancelled);
    let (room, _) = call(&mut ann, &mut bob, None).await;
    ann.window = ann.node.attach().await.expect("a third window");
    let left = bob
        .event("the leave", |event| match event {
            Event::ParticipantLeft { room: left, .. } => Some(*left),
            _ => None,
        })
        .await;
    assert_eq!(left, room.room);
}

#[tokio::test]
async fn a_new_name_or_status_is_seen_at_once() {
    let ether = Ether::new();
    let mut ann = Person::arrive(&ether, "Ann").await;
    let bob = Person::arrive(&ether, "Bob").await;
    ann.sees(bob.device(), |_| true).await;
    let change = SettingsChange {
        name: Some("Robert".into()),
        status: Some(Status::Away),
        ..SettingsChange::default()
    };
    bob.node.change_settings(change).await.expect("changes");
    let entry = ann.sees(bob.device(), |entry| entry.person.name == "Robert").await;
    assert_eq!(entry.person.status, Status::Away);
    let bad = SettingsChange { name: Some(String::from(" ")), ..SettingsChange::default() };
    assert_eq!(bob.node.change_settings(bad).await, Err(ErrorCode::NameInvalid));
}

#[tokio::test]
async fn a_second_start_knocks_at_the_first() {
    let ether = Ether::new();
    let mut ann = Person::arrive(&ether, "Ann").await;
    match start(&ether, &options(ann.folder.path(), "Ann")).await {
        Err(StartError::AlreadyRunning { ui }) => {
            assert!(ui.starts_with("http://127.0.0.1:") && ui.contains("/open?key="), "{ui}");
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("two nodes in one folder"),
    }
    ann.hear("the knock", |message| match message {
        FromNode::Owner { event: OwnerEvent::Raise } => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn a_link_of_a_second_start_is_shown_in_one_window_of_the_first() {
    let ether = Ether::new();
    let mut ann = Person::arrive(&ether, "Ann").await;
    let follows = |message: &FromNode| match message {
        FromNode::Owner { event: OwnerEvent::FollowLink { link } } => Some(link.clone()),
        _ => None,
    };
    let with_link =
        |folder: &std::path::Path, link: &str| Options { link: Some(link.into()), ..options(folder, "Ann") };
    // Whoever only listens, as the shell does, cannot show it: it waits for a page.
    let second = start(&ether, &with_link(ann.folder.path(), "earshot:room?id=a")).await;
    assert!(matches!(second, Err(StartError::AlreadyRunning { .. })));
    ann.hear("the knock", |message| {
        matches!(message, FromNode::Owner { event: OwnerEvent::Raise }).then_some(())
    })
    .await;
    assert!(!ann.heard.iter().any(|message| follows(message).is_some()));
    ann.calls().await;
    assert_eq!(ann.hear("the link", follows).await, "earshot:room?id=a");
    let second = start(&ether, &with_link(ann.folder.path(), "earshot:room?id=b")).await;
    assert!(matches!(second, Err(StartError::AlreadyRunning { .. })));
    assert_eq!(ann.hear("the other link", follows).await, "earshot:room?id=b");
    // One that is none is not passed on.
    let second = start(&ether, &with_link(ann.folder.path(), "https://example.com/")).await;
    assert!(matches!(second, Err(StartError::AlreadyRunning { .. })));
    ann.calls().await;
    assert!(!ann.heard.iter().any(|message| follows(message).is_some()));
    // The first start has its link from the beginning.
    let folder = tempfile::tempdir().expect("a folder");
    let node = start(&ether, &with_link(folder.path(), "earshot:room?id=c")).await.expect("starts");
    let window = node.attach().await.expect("attaches");
    let mut bob = Person { node, window, heard: Vec::new(), next: 0, folder };
    bob.calls().await;
    assert_eq!(bob.hear("the link of the first start", follows).await, "earshot:room?id=c");
}

#[tokio::test]
async fn a_start_right_after_a_quit_waits_for_the_folder() {
    let ether = Ether::new();
    let folder = tempfile::tempdir().expect("a folder");
    // As of a process that ends: it holds the folder, and nobody answers.
    let lock = std::fs::File::create(folder.path().join("earshot.lock")).expect("a file");
    lock.lock().expect("a lock");
    let options = options(folder.path(), "Ann");
    let (node, ()) = tokio::join!(start(&ether, &options), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(lock);
    });
    assert!(node.is_ok(), "{:?}", node.err());
}

#[tokio::test]
async fn a_restart_keeps_device_settings_and_history() {
    let ether = Ether::new();
    let mut ann = Person::arrive(&ether, "Ann").await;
    let device = ann.device();
    let room = ann.open_room(None).await.room;
    assert_eq!(ann.ring(DeviceId([3; 32]), &room).await, Err(ErrorCode::PersonUnknown));
    let change = SettingsChange { note: Some("second floor".into()), ..SettingsChange::default() };
    ann.node.change_settings(change).await.expect("changes");
    let Person { node, folder, window, .. } = ann;
    drop(window);
    node.shutdown().await;
    drop(node);
    let again = start(&ether, &options(folder.path(), "Ann")).await.expect("starts again");
    assert_eq!(again.device(), device);
    assert_eq!(again.settings().note, "second floor");
    assert!(again.notes().is_empty());
}

/// A signaling server in this process: its URL, and what ends it.
async fn server(port: u16) -> (String, earshot_signaling::HubHandle, tokio::task::JoinHandle<()>) {
    use earshot_signaling::{Greeting, HubHandle, Limits, hub_router, serve};
    let key = std::sync::Arc::new(earshot_identity::DeviceKey::generate().expect("a key"));
    let hub = HubHandle::spawn(earshot_hub::Config {
        hub: key.device_id(),
        addresses: Vec::new(),
        title: "Our company".into(),
        owner: None,
        ice_servers: Vec::new(),
    });
    let listener = loop {
        // The port of a server that has just ended is free a moment later.
        match tokio::net::TcpListener::bind(("127.0.0.1", port)).await {
            Ok(listener) => break listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    let url = format!("ws://{}", listener.local_addr().expect("an address"));
    let router = hub_router(hub.clone(), Greeting::without_phrase(key, false));
    let task = tokio::spawn(async move {
        let served = serve(listener, None, router, Limits::default(), std::future::pending()).await;
        served.expect("serves");
    });
    (url, hub, task)
}

#[tokio::test]
async fn a_server_joins_two_networks_and_may_go_down() {
    let (one, other) = (Ether::new(), Ether::new());
    let (mut ann, mut bob) = (Person::arrive(&one, "Ann").await, Person::arrive(&other, "Bob").await);
    let mut cat = Person::arrive(&one, "Cat").await;
    let (url, hub, task) = server(0).await;
    for person in [&mut ann, &mut bob] {
        let change = SettingsChange { signaling_url: Some(url.clone()), ..SettingsChange::default() };
        person.node.change_settings(change).await.expect("changes");
        let state =
            person.state("connected", |state| matches!(state.server, ServerState::Connected { .. })).await;
        assert!(matches!(state.server, ServerState::Connected { title, .. } if title == "Our company"));
    }
    let via = Some(hub.hub());
    ann.sees(bob.device(), |entry| entry.via == via).await;
    let (room, _) = call(&mut ann, &mut bob, via).await;
    assert_eq!(room.hub.device, hub.hub());
    task.abort();
    hub.shutdown().await;
    ann.state("connecting again", |state| matches!(state.server, ServerState::Connecting { code: Some(_) }))
        .await;
    ann.sees(bob.device(), |entry| entry.reach == Reach::Unreachable).await;
    assert_eq!(
        ann.ask(Request::CreateRoom { via, rules: RoomRules::open_to(2), media: Media::Voice }).await,
        Err(ErrorCode::ServerDown)
    );
    // The local network goes on.
    ann.sees(cat.device(), |_| true).await;
    call(&mut ann, &mut cat, None).await;
}

#[tokio::test]
async fn a_server_that_comes_back_is_found_again() {
    let ether = Ether::new();
    let mut ann = Person::arrive(&ether, "Ann").await;
    let (url, hub, task) = server(0).await;
    let change = SettingsChange { signaling_url: Some(url.clone()), ..SettingsChange::default() };
    ann.node.change_settings(change).await.expect("changes");
    ann.state("connected", |state| matches!(state.server, ServerState::Connected { .. })).await;
    task.abort();
    hub.shutdown().await;
    ann.state("down", |state| matches!(state.server, ServerState::Connecting { .. })).await;
    let port = url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let _again = server(port).await;
    ann.state("connected again", |state| matches!(state.server, ServerState::Connected { .. })).await;
}
