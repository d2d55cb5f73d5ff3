//! Rooms with doors, over real links between nodes: knocking, admitting, a third person in a call of two.

mod common;

use earshot_discovery::memory::Ether;
use earshot_protocol::hub::{LeaveReason, RingAnswer};
use earshot_protocol::{DeviceId, Door, ErrorCode, Event, Media, Reply, Request, RoomId, RoomRef, RoomRules};

use common::{Person, call};

/// A room at which one knocks.
async fn knocked_at(host: &mut Person, capacity: u16) -> RoomRef {
    let rules =
        RoomRules { title: "Stand-up".into(), door: Door::Knock, password: None, capacity, listed: false };
    match host.ask(Request::CreateRoom { via: None, rules, media: Media::Voice }).await {
        Ok(Reply::Room(state)) => state.room,
        other => panic!("{other:?}"),
    }
}

async fn asks_in(who: &mut Person, room: &RoomRef) -> Result<Reply, ErrorCode> {
    who.ask(Request::Join { room: room.clone(), media: Media::Voice, password: None }).await
}

async fn hears_knocking(host: &mut Person, room: RoomId) -> DeviceId {
    host.event("a knock", |event| match event {
        Event::Knocking { room: at, participant } if *at == room => Some(participant.device),
        _ => None,
    })
    .await
}

async fn admits(who: &mut Person, room: RoomId, device: DeviceId) {
    assert_eq!(who.ask(Request::Admit { room, device }).await, Ok(Reply::Done));
}

#[tokio::test]
async fn who_knocks_from_another_machine_is_let_in() {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    bob.sees(ann.device(), |_| true).await;
    let room = knocked_at(&mut ann, 4).await;
    match bob.ask(Request::LookAt { room: room.clone() }).await {
        Ok(Reply::Summary(summary)) => assert_eq!((summary.title.as_str(), summary.present), ("Stand-up", 1)),
        other => panic!("{other:?}"),
    }
    assert_eq!(asks_in(&mut bob, &room).await, Ok(Reply::Knocking));
    assert_eq!(hears_knocking(&mut ann, room.room).await, bob.device());
    // The link stays while one waits, longer than an idle one.
    tokio::time::sleep(std::time::Duration::from_secs(12)).await;
    admits(&mut ann, room.room, bob.device()).await;
    bob.event("the door", |event| matches!(event, Event::LetIn { .. }).then_some(())).await;
    assert!(matches!(asks_in(&mut bob, &room).await, Ok(Reply::Room(_))));
}

#[tokio::test]
async fn a_window_that_closes_knocks_no_more() {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    bob.sees(ann.device(), |_| true).await;
    let room = knocked_at(&mut ann, 4).await;
    assert_eq!(asks_in(&mut bob, &room).await, Ok(Reply::Knocking));
    hears_knocking(&mut ann, room.room).await;
    bob.window = bob.node.attach().await.expect("a second window");
    let gone = ann.event("its end", |event| match event {
        Event::KnockEnded { device, .. } => Some(*device),
        _ => None,
    });
    assert_eq!(gone.await, bob.device());
    assert_eq!(bob.ask(Request::Withdraw { room: room.room }).await, Err(ErrorCode::NotInRoom));
}

#[tokio::test]
async fn whom_the_host_does_not_let_in_is_told() {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    bob.sees(ann.device(), |_| true).await;
    let room = knocked_at(&mut ann, 4).await;
    assert_eq!(asks_in(&mut bob, &room).await, Ok(Reply::Knocking));
    hears_knocking(&mut ann, room.room).await;
    let request = Request::Remove { room: room.room, device: bob.device() };
    assert_eq!(ann.ask(request).await, Ok(Reply::Done));
    let closed = bob.event("the refusal", |event| match event {
        Event::RoomClosed { room, reason } => Some((*room, *reason)),
        _ => None,
    });
    assert_eq!(closed.await, (room.room, LeaveReason::Removed));
    assert_eq!(asks_in(&mut bob, &room).await, Err(ErrorCode::RoomRemoved));
}

#[tokio::test]
async fn a_call_of_two_becomes_one_of_three() {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    let mut carol = Person::arrive(&ether, "Carol").await;
    ann.sees(bob.device(), |_| true).await;
    bob.sees(carol.device(), |_| true).await;
    let (room, _) = call(&mut ann, &mut bob, None).await;
    let rules = RoomRules { door: Door::Knock, ..RoomRules::open_to(16) };
    assert_eq!(ann.ask(Request::SetRules { room: room.room, rules: rules.clone() }).await, Ok(Reply::Done));
    bob.event("the rules", |event| matches!(event, Event::RulesChanged { .. }).then_some(())).await;
    // Bob, who is not the host, rings Carol into the room at Ann's hub.
    admits(&mut bob, room.room, carol.device()).await;
    let ring = bob.ring(carol.device(), &room).await.expect("rings");
    let (heard, from, at) = carol.is_rung().await;
    assert_eq!((heard, from.device, at.hub.device), (ring, bob.device(), ann.device()));
    carol.answer(ring, RingAnswer::Accepted).await;
    let state = carol.join(&at).await;
    assert_eq!(state.rules, rules);
    let others: Vec<DeviceId> = state.participants.iter().map(|one| one.device).collect();
    assert_eq!(others, [ann.device(), bob.device()]);
    // Each knows where the others' hubs are reached.
    for participant in &state.participants {
        let hub = participant.hub.as_ref().expect("a hub of its own");
        assert!(hub.device == participant.device && !hub.addresses.is_empty(), "{hub:?}");
    }
    for who in [&mut ann, &mut bob] {
        let came = who.event("Carol", |event| match event {
            Event::ParticipantJoined { participant, .. } => Some(participant.device),
            _ => None,
        });
        assert_eq!(came.await, carol.device());
    }
    let request = Request::EndRoom { room: room.room };
    assert_eq!(bob.ask(request.clone()).await, Err(ErrorCode::NotHost));
    assert_eq!(ann.ask(request).await, Ok(Reply::Done));
    for who in [&mut bob, &mut carol] {
        let closed = who.event("the end", |event| match event {
            Event::RoomClosed { reason, .. } => Some(*reason),
            _ => None,
        });
        assert_eq!(closed.await, LeaveReason::Ended);
    }
}
