//! A room goes on when the machine that holds it dies, sleeps or is shut down: over real links between nodes.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::sync::mpsc;
use std::time::Duration;

use earshot_discovery::memory::Ether;
use earshot_protocol::hub::{LeaveReason, Signal};
use earshot_protocol::{
    DeviceId, Event, FromNode, HubMessage, HubRef, Media, Reply, Request, RoomRef, RoomRules, RoomState,
};
use tokio::runtime::Runtime;
use tokio::time::Instant;

use common::Person;

/// A machine of its own, which can be stopped.
struct Machine {
    runtime: Runtime,
}

impl Machine {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self { runtime: runtime.expect("a runtime") }
    }

    async fn arrives(&self, ether: &Ether, name: &'static str) -> Person {
        let ether = ether.clone();
        self.runtime.spawn(async move { Person::arrive(&ether, name).await }).await.expect("arrives")
    }

    /// Its sockets stay open, and nothing is heard of it, until the sender is dropped.
    fn sleeps(&self) -> mpsc::Sender<()> {
        let (wake, asleep) = mpsc::channel::<()>();
        self.runtime.spawn(async move {
            let _ = asleep.recv();
        });
        wake
    }

    /// Without a word.
    fn dies(self) {
        self.runtime.shutdown_background();
    }
}

async fn makes_room(host: &mut Person) -> RoomRef {
    let rules = RoomRules::open_to(4);
    match host.ask(Request::CreateRoom { via: None, rules, media: Media::Voice }).await {
        Ok(Reply::Room(state)) => state.room,
        other => panic!("{other:?}"),
    }
}

/// Everybody comes in after the host, in this order.
async fn meet(host: &mut Person, others: [&mut Person; 2]) -> RoomRef {
    let room = makes_room(host).await;
    for other in others {
        other.sees(host.device(), |_| true).await;
        other.join(&room).await;
        joined(host, other.device()).await;
    }
    room
}

async fn joined(who: &mut Person, device: DeviceId) {
    who.event("a newcomer", |event| match event {
        Event::ParticipantJoined { participant, .. } if participant.device == device => Some(()),
        _ => None,
    })
    .await;
}

async fn returned(who: &mut Person, device: DeviceId) {
    who.event("somebody who comes back", |event| match event {
        Event::ParticipantReturned { participant, .. } if participant.device == device => Some(()),
        _ => None,
    })
    .await;
}

async fn moved(who: &mut Person) -> RoomState {
    who.event("the room elsewhere", |event| match event {
        Event::RoomMoved { state, .. } => Some(state.clone()),
        _ => None,
    })
    .await
}

/// Whether anything says that somebody has left, or that the room is over.
fn tells_an_end(message: &FromNode) -> bool {
    matches!(
        message,
        FromNode::Message {
            message: HubMessage::Event { event: Event::ParticipantLeft { .. } | Event::RoomClosed { .. } },
            ..
        }
    )
}

/// What one says the other hears, through the room's hub.
async fn talk(one: &mut Person, other: &mut Person, room: &RoomRef) {
    for (from, to) in [(0, 1), (1, 0)] {
        let both = [&mut *one, &mut *other];
        let (sender, receiver) = (both[from].device(), both[to].device());
        let request = Request::Signal { room: room.room, to: receiver, signal: Signal::RestartWanted };
        assert_eq!(both[from].ask(request).await, Ok(Reply::Done));
        both[to]
            .event("a signal", |event| match event {
                Event::Signal { from, .. } if *from == sender => Some(()),
                _ => None,
            })
            .await;
    }
}

#[tokio::test]
async fn the_room_goes_on_when_its_machine_dies() {
    let ether = Ether::new();
    let machine = Machine::new();
    let mut ann = machine.arrives(&ether, "Ann").await;
    let mut bob = Person::arrive(&ether, "Bob").await;
    let mut carol = Person::arrive(&ether, "Carol").await;
    let room = meet(&mut ann, [&mut bob, &mut carol]).await;
    joined(&mut bob, carol.device()).await;
    let died = Instant::now();
    machine.dies();
    let (at_bob, at_carol) = (moved(&mut bob).await, moved(&mut carol).await);
    println!("the room was held again after {} ms", died.elapsed().as_millis());
    for state in [&at_bob, &at_carol] {
        assert_eq!(
            (state.room.room, state.room.hub.device),
            (room.room, bob.device()),
            "who came first holds it"
        );
        assert_eq!((state.epoch, state.host, state.origin), (1, bob.device(), Some(ann.device())));
    }
    returned(&mut bob, carol.device()).await;
    talk(&mut bob, &mut carol, &room).await;
    // Who is only missing is not told as gone, and the room is not over.
    assert!(!bob.hears_within(Duration::from_secs(2), tells_an_end).await);
    assert!(!carol.hears_within(Duration::from_millis(10), tells_an_end).await);
    // A late-comer asks any of them, and comes in where the room is.
    let mut dan = Person::arrive(&ether, "Dan").await;
    dan.sees(carol.device(), |_| true).await;
    let at_carol = RoomRef { hub: HubRef { device: carol.device(), addresses: Vec::new() }, room: room.room };
    let state = dan.join(&at_carol).await;
    assert_eq!((state.room.hub.device, state.participants.len()), (bob.device(), 2));
    joined(&mut carol, dan.device()).await;
}

#[tokio::test]
async fn a_machine_that_has_slept_comes_back_as_a_participant() {
    let ether = Ether::new();
    let machine = Machine::new();
    let mut ann = machine.arrives(&ether, "Ann").await;
    let mut bob = Person::arrive(&ether, "Bob").await;
    let mut carol = Person::arrive(&ether, "Carol").await;
    let room = meet(&mut ann, [&mut bob, &mut carol]).await;
    joined(&mut bob, carol.device()).await;
    let slept = Instant::now();
    let wake = machine.sleeps();
    let (at_bob, _) = (moved(&mut bob).await, moved(&mut carol).await);
    println!("the room was held again after {} ms", slept.elapsed().as_millis());
    assert_eq!(at_bob.room.hub.device, bob.device());
    returned(&mut bob, carol.device()).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    drop(wake);
    let at_ann = moved(&mut ann).await;
    assert_eq!((at_ann.room.hub.device, at_ann.host), (bob.device(), bob.device()));
    assert_eq!(at_ann.participants.len(), 2);
    returned(&mut carol, ann.device()).await;
    talk(&mut ann, &mut carol, &room).await;
    for who in [&mut ann, &mut bob, &mut carol] {
        assert!(!who.hears_within(Duration::from_millis(200), tells_an_end).await, "nobody left");
    }
    machine.dies();
}

#[tokio::test]
async fn a_host_that_quits_has_left_and_the_room_goes_on() {
    let ether = Ether::new();
    let mut ann = Person::arrive(&ether, "Ann").await;
    let mut bob = Person::arrive(&ether, "Bob").await;
    let mut carol = Person::arrive(&ether, "Carol").await;
    let room = meet(&mut ann, [&mut bob, &mut carol]).await;
    joined(&mut bob, carol.device()).await;
    let left = ann.device();
    ann.node.shutdown().await;
    for who in [&mut bob, &mut carol] {
        let reason = who.event("who left", |event| match event {
            Event::ParticipantLeft { device, reason, .. } if *device == left => Some(*reason),
            _ => None,
        });
        assert_eq!(reason.await, LeaveReason::Left);
    }
    let (at_bob, at_carol) = (moved(&mut bob).await, moved(&mut carol).await);
    assert_eq!((at_bob.room.hub.device, at_carol.room.hub.device), (bob.device(), bob.device()));
    talk(&mut bob, &mut carol, &room).await;
    // Whoever holds it now leaves; the last one is still in it.
    assert_eq!(bob.ask(Request::Leave { room: room.room }).await, Ok(Reply::Done));
    let gone = carol.event("who left", |event| match event {
        Event::ParticipantLeft { device, reason, .. } => Some((*device, *reason)),
        _ => None,
    });
    assert_eq!(gone.await, (bob.device(), LeaveReason::Left));
}
