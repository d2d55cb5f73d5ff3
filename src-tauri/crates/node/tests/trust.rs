//! What a node remembers of devices, and what follows from it, with whole nodes. What must hold: a device is known once
//! a call with it was taken up, and by its key alone; a name that does not fit is told before the ring is answered; and
//! whom the owner does not want to hear is not heard, whatever a hub says.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use earshot_discovery::memory::Ether;
use earshot_protocol::hub::{RingAnswer, RingEnd};
use earshot_protocol::owner::{Direction, SettingsChange};
use earshot_protocol::{
    DeviceId, ErrorCode, Event, FromNode, HubMessage, NameWarning, OwnerEvent, OwnerReply, OwnerRequest,
    Reply, Request, Standing, Status, Trust,
};

use common::{Person, call, options, start};

/// How long nothing must come for it to count as nothing. What is not held back comes within a few ms.
const SILENCE: Duration = Duration::from_secs(2);

async fn ann_and_bob() -> (Ether, Person, Person) {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    ann.sees(bob.device(), |_| true).await;
    bob.sees(ann.device(), |_| true).await;
    (ether, ann, bob)
}

/// Ann and Bob have talked and hung up.
async fn who_know_each_other() -> (Ether, Person, Person) {
    let (ether, mut ann, mut bob) = ann_and_bob().await;
    let (room, _) = call(&mut ann, &mut bob, None).await;
    for person in [&mut ann, &mut bob] {
        person.ask(Request::Leave { room: room.room }).await.expect("leaves");
        person.heard.clear();
    }
    (ether, ann, bob)
}

fn named(name: &str) -> SettingsChange {
    SettingsChange { name: Some(name.into()), ..SettingsChange::default() }
}

/// Rings from a room of one's own.
async fn rings(person: &mut Person, to: DeviceId) -> earshot_protocol::RingId {
    let room = person.open_room(None).await.room;
    let ring = person.ring(to, &room).await.expect("rings");
    person.ask(Request::Leave { room: room.room }).await.expect("leaves");
    ring
}

async fn changed(person: &mut Person) {
    person
        .hear("the list has changed", |message| {
            matches!(message, FromNode::Owner { event: OwnerEvent::DevicesChanged }).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_ring_that_is_taken_makes_both_known_and_another_does_not() {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    let (anns, bobs) = (ann.device(), bob.device());
    let entry = ann.sees(bobs, |_| true).await;
    let stranger = Standing { name: "Bob".into(), trust: Trust::Stranger, blocked: false, warning: None };
    assert_eq!(entry.standing.as_ref(), Some(&stranger));
    let ring = rings(&mut ann, bobs).await;
    let (_, from, _) = bob.is_rung().await;
    assert_eq!(from.standing.map(|standing| standing.trust), Some(Trust::Stranger));
    bob.answer(ring, RingAnswer::Declined { message: None }).await;
    ann.ring_ends(ring).await;
    assert!(ann.devices().await.is_empty() && bob.devices().await.is_empty());
    assert!(
        ann.heard
            .iter()
            .all(|message| { !matches!(message, FromNode::Owner { event: OwnerEvent::DevicesChanged }) })
    );
    call(&mut ann, &mut bob, None).await;
    for (person, other, name) in [(&mut ann, bobs, "Bob"), (&mut bob, anns, "Ann")] {
        changed(person).await;
        let standing = person.stands(other, |_| true).await;
        assert_eq!((standing.name.as_str(), standing.trust), (name, Trust::Met));
        person.sees(other, |entry| entry.standing.as_ref().is_some_and(|own| own.trust == Trust::Met)).await;
        let devices = person.devices().await;
        assert_eq!(devices.len(), 1);
        assert_eq!((devices[0].device, devices[0].kept_name.as_str()), (other, name));
        assert_eq!(devices[0].short_id, other.short().to_string());
        assert!(devices[0].first_met > 1_700_000_000_000 && devices[0].last_met >= devices[0].first_met);
    }
}

#[tokio::test]
async fn another_name_is_told_before_the_ring_is_answered() {
    let (_ether, mut ann, mut bob) = who_know_each_other().await;
    let (anns, bobs) = (ann.device(), bob.device());
    bob.change(named("Robert")).await;
    let warned = Some(NameWarning::Changed { from: "Bob".into(), to: "Robert".into() });
    let entry = ann.sees(bobs, |entry| entry.person.name == "Robert").await;
    let standing = entry.standing.expect("a standing");
    assert_eq!((standing.name.as_str(), &standing.warning), ("Bob", &warned));
    rings(&mut bob, anns).await;
    let (_, from, _) = ann.is_rung().await;
    assert_eq!(from.standing.expect("a standing").warning, warned);
    assert_eq!(ann.devices().await[0].standing.warning, warned);
    // A window that opens hears the same.
    ann.window = ann.node.attach().await.expect("another window");
    ann.heard.clear();
    assert_eq!(ann.sees(bobs, |_| true).await.standing.expect("a standing").warning, warned);
    ann.does(OwnerRequest::AcceptName { device: bobs }).await;
    let entry = ann.sees(bobs, |_| true).await;
    let expected = Standing { name: "Robert".into(), trust: Trust::Met, blocked: false, warning: None };
    assert_eq!(entry.standing, Some(expected));
    assert_eq!(ann.devices().await[0].kept_name, "Robert");
    let nobody = DeviceId([3; 32]);
    assert_eq!(ann.own(OwnerRequest::AcceptName { device: nobody }).await, Err(ErrorCode::DeviceUnknown));
}

#[tokio::test]
async fn another_key_under_a_known_name_is_told_before_the_ring_is_answered() {
    let (ether, mut ann, bob) = who_know_each_other().await;
    let (anns, bobs) = (ann.device(), bob.device());
    // The o is Cyrillic.
    let mut eve = Person::arrive(&ether, "B\u{43e}b").await;
    let warned = Some(NameWarning::Taken { by: bobs, name: "Bob".into() });
    let entry = ann.sees(eve.device(), |_| true).await;
    assert_eq!(entry.standing.expect("a standing").warning, warned);
    eve.sees(anns, |_| true).await;
    rings(&mut eve, anns).await;
    let (_, from, _) = ann.is_rung().await;
    let standing = from.standing.expect("a standing");
    assert_eq!((from.device, standing.trust, standing.warning), (eve.device(), Trust::Stranger, warned));
    // When Bob is forgotten, the name is nobody's.
    ann.heard.clear();
    ann.does(OwnerRequest::ForgetDevice { device: bobs }).await;
    let entry = ann.sees(eve.device(), |_| true).await;
    assert_eq!(entry.standing.expect("a standing").warning, None);
    let standing = ann.stands(eve.device(), |_| true).await;
    assert_eq!(standing.warning, None, "and whoever rings now is shown without a warning");
}

#[tokio::test]
async fn the_owner_may_call_somebody_as_they_like() {
    let (ether, mut ann, bob) = who_know_each_other().await;
    let bobs = bob.device();
    let rename = |name: Option<&str>| OwnerRequest::RenameDevice { device: bobs, name: name.map(Into::into) };
    ann.does(rename(Some("Uncle Bob"))).await;
    changed(&mut ann).await;
    let renamed = |own: &Standing| own.name == "Uncle Bob";
    let entry = ann.sees(bobs, |entry| entry.standing.as_ref().is_some_and(renamed)).await;
    assert_eq!(entry.person.name, "Bob");
    assert_eq!(ann.own(rename(Some("\n"))).await, Err(ErrorCode::NameInvalid));
    // Over a restart, and before Bob is seen again.
    let Person { node, window, folder, .. } = ann;
    drop((window, bob));
    node.shutdown().await;
    drop(node);
    let node = start(&ether, &options(folder.path(), "Ann")).await.expect("starts again");
    let window = node.attach().await.expect("attaches");
    let mut ann = Person { node, window, heard: Vec::new(), next: 0, folder };
    let devices = ann.devices().await;
    assert_eq!(devices[0].own_name.as_deref(), Some("Uncle Bob"));
    assert_eq!((devices[0].standing.name.as_str(), devices[0].kept_name.as_str()), ("Uncle Bob", "Bob"));
    ann.does(rename(None)).await;
    assert_eq!(ann.devices().await[0].standing.name, "Bob");
    let nobody = OwnerRequest::RenameDevice { device: DeviceId([3; 32]), name: None };
    assert_eq!(ann.own(nobody).await, Err(ErrorCode::DeviceUnknown));
}

#[tokio::test]
async fn the_blocked_are_not_heard_and_see_nobody_available() {
    let (_ether, mut ann, mut bob) = ann_and_bob().await;
    let (anns, bobs) = (ann.device(), bob.device());
    let block = |blocked| OwnerRequest::BlockDevice { device: bobs, blocked };
    // A stranger who is only listed.
    ann.does(block(true)).await;
    let entry = ann.sees(bobs, |entry| entry.standing.as_ref().is_some_and(|own| own.blocked)).await;
    assert_eq!(entry.standing.expect("a standing").trust, Trust::Stranger);
    assert_eq!(ann.devices().await.len(), 1);
    bob.sees(anns, |entry| entry.person.status == Status::Away).await;
    let before = ann.calls().await.len();
    let ring = rings(&mut bob, anns).await;
    assert!(!ann.rings_within(SILENCE).await);
    assert!(
        !bob.hears_within(Duration::ZERO, |message| format!("{message:?}").contains("RingEnded")).await,
        "nobody answers"
    );
    assert_eq!(ann.calls().await.len(), before, "nothing is kept of it");
    assert_eq!(bob.ask(Request::CancelRing { ring }).await, Ok(Reply::Done));
    bob.heard.clear();
    // A restart forgets no block.
    let Person { node, window, folder, .. } = ann;
    drop(window);
    node.shutdown().await;
    drop(node);
    let node = start(&_ether, &options(folder.path(), "Ann")).await.expect("starts again");
    let window = node.attach().await.expect("attaches");
    let mut ann = Person { node, window, heard: Vec::new(), next: 0, folder };
    ann.sees(bobs, |entry| entry.standing.as_ref().is_some_and(|own| own.blocked)).await;
    rings(&mut bob, anns).await;
    assert!(!ann.rings_within(SILENCE).await);
    let available = |message: &FromNode| {
        matches!(message, FromNode::Message {
            message: HubMessage::Event { event: Event::PersonHere { presence } }, ..
        } if presence.device == anns && presence.person.status == Status::Available)
    };
    assert!(!bob.hears_within(Duration::ZERO, available).await, "away from the first moment on");
    ann.does(block(false)).await;
    assert!(ann.devices().await.is_empty(), "a stranger is forgotten with the block");
    bob.sees(anns, |entry| entry.person.status == Status::Available).await;
    rings(&mut bob, anns).await;
    ann.is_rung().await;
    assert_eq!(
        ann.own(OwnerRequest::BlockDevice { device: DeviceId([3; 32]), blocked: true }).await,
        Err(ErrorCode::DeviceUnknown)
    );
    assert_eq!(
        ann.own(OwnerRequest::BlockDevice { device: anns, blocked: true }).await,
        Err(ErrorCode::DeviceUnknown)
    );
}

#[tokio::test]
async fn a_ring_of_somebody_who_is_blocked_meanwhile_is_over_here() {
    let (_ether, mut ann, mut bob) = ann_and_bob().await;
    let (anns, bobs) = (ann.device(), bob.device());
    let ring = rings(&mut bob, anns).await;
    ann.is_rung().await;
    ann.does(OwnerRequest::BlockDevice { device: bobs, blocked: true }).await;
    ann.ring_ends(ring).await;
    assert_eq!(
        ann.ask(Request::AnswerRing { ring, answer: RingAnswer::Accepted }).await,
        Err(ErrorCode::RingUnknown)
    );
    assert!(
        !bob.hears_within(Duration::from_millis(300), |message| format!("{message:?}").contains("RingEnded"))
            .await,
        "and Bob is not told"
    );
}

#[tokio::test]
async fn forgetting_unblocks_and_the_next_meeting_is_the_first() {
    let (_ether, mut ann, mut bob) = who_know_each_other().await;
    let (anns, bobs) = (ann.device(), bob.device());
    ann.does(OwnerRequest::BlockDevice { device: bobs, blocked: true }).await;
    bob.sees(anns, |entry| entry.person.status == Status::Away).await;
    ann.heard.clear();
    ann.does(OwnerRequest::ForgetDevice { device: bobs }).await;
    changed(&mut ann).await;
    let entry = ann.sees(bobs, |_| true).await;
    let standing = entry.standing.expect("a standing");
    assert_eq!((standing.trust, standing.blocked), (Trust::Stranger, false));
    bob.sees(anns, |entry| entry.person.status == Status::Available).await;
    rings(&mut bob, anns).await;
    ann.is_rung().await;
    assert_eq!(ann.own(OwnerRequest::ForgetDevice { device: bobs }).await, Err(ErrorCode::DeviceUnknown));
}

#[tokio::test]
async fn whoever_does_not_want_to_be_disturbed_is_busy() {
    let (_ether, mut ann, mut bob) = who_know_each_other().await;
    let (anns, bobs) = (ann.device(), bob.device());
    ann.change(SettingsChange { do_not_disturb: Some(true), ..SettingsChange::default() }).await;
    bob.sees(anns, |entry| entry.person.status == Status::Busy).await;
    let ring = rings(&mut bob, anns).await;
    assert_eq!(bob.ring_ends(ring).await, RingEnd::Busy);
    assert!(!ann.rings_within(Duration::from_millis(500)).await);
    let missed = &ann.calls().await[0];
    assert_eq!((missed.device, missed.direction, &missed.end), (bobs, Direction::Incoming, &RingEnd::Busy));
    assert!(!missed.seen);
    ann.hear("one missed call", |message| {
        matches!(message, FromNode::Owner { event: OwnerEvent::CallsChanged { missed: 1 } }).then_some(())
    })
    .await;
    // Whom Ann rings herself may ring at the same time.
    let (own, theirs) = (ann.open_room(None).await.room, bob.open_room(None).await.room);
    let mine = ann.ring(bobs, &own).await.expect("rings");
    let crossing = bob.ring(anns, &theirs).await.expect("rings");
    assert_eq!(ann.is_rung().await.0, crossing);
    assert_eq!(bob.is_rung().await.0, mine);
    assert_eq!(bob.ask(Request::CancelRing { ring: crossing }).await, Ok(Reply::Done));
    bob.answer(mine, RingAnswer::Accepted).await;
    assert_eq!(ann.ring_ends(crossing).await, RingEnd::Cancelled);
    assert_eq!(ann.ring_ends(mine).await, RingEnd::Accepted);
    // The crossing ring is no missed call.
    assert_eq!(ann.calls().await.iter().filter(|call| !call.seen).count(), 1);
    ann.change(SettingsChange { do_not_disturb: Some(false), ..SettingsChange::default() }).await;
    ann.state("free again", |state| state.person.status != Status::Busy).await;
}

#[tokio::test]
async fn only_those_who_are_known_may_ring() {
    let (_ether, mut ann, mut bob) = ann_and_bob().await;
    let (anns, bobs) = (ann.device(), bob.device());
    ann.change(SettingsChange { only_known: Some(true), ..SettingsChange::default() }).await;
    let ring = rings(&mut bob, anns).await;
    assert_eq!(bob.ring_ends(ring).await, RingEnd::Busy);
    assert!(!ann.rings_within(Duration::from_millis(500)).await);
    assert_eq!(ann.calls().await[0].end, RingEnd::Busy);
    assert!(ann.devices().await.is_empty(), "a ring makes nobody known");
    assert_eq!(ann.own(OwnerRequest::RememberDevice { device: bobs }).await, Ok(OwnerReply::Done));
    assert_eq!(ann.devices().await[0].standing.trust, Trust::Met);
    let ring = rings(&mut bob, anns).await;
    assert_eq!(ann.is_rung().await.0, ring);
    assert_eq!(bob.ask(Request::CancelRing { ring }).await, Ok(Reply::Done));
    ann.ring_ends(ring).await;
    ann.does(OwnerRequest::ForgetDevice { device: bobs }).await;
    let ring = rings(&mut bob, anns).await;
    assert_eq!(bob.ring_ends(ring).await, RingEnd::Busy);
    let nobody = OwnerRequest::RememberDevice { device: DeviceId([3; 32]) };
    assert_eq!(ann.own(nobody).await, Err(ErrorCode::DeviceUnknown));
}

#[tokio::test]
async fn a_third_window_hears_of_a_change_too() {
    let (_ether, mut ann, bob) = who_know_each_other().await;
    let bobs = bob.device();
    let mut other = ann.node.attach().await.expect("another window");
    ann.does(OwnerRequest::RenameDevice { device: bobs, name: Some("Uncle".into()) }).await;
    let told = async {
        let (mut changed, mut shown) = (false, false);
        while !(changed && shown) {
            match other.next().await.expect("attached") {
                FromNode::Owner { event: OwnerEvent::DevicesChanged } => changed = true,
                FromNode::Message {
                    message: HubMessage::Event { event: Event::PersonHere { presence } },
                    ..
                } if presence.device == bobs => {
                    shown = presence.standing.is_some_and(|standing| standing.name == "Uncle");
                }
                _ => {}
            }
        }
    };
    tokio::time::timeout(common::PATIENCE, told).await.expect("both windows are told");
}
