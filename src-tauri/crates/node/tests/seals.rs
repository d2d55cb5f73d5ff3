//! The device key vouches for descriptions, between windows of whole nodes. What must hold: what one window seals, the
//! window it is meant for can open, once; anything else is refused with the code that says why; and two people who
//! compared the short code know each other as verified from then on.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::collections::VecDeque;
use std::time::Duration;

use earshot_discovery::memory::Ether;
use earshot_protocol::owner::{Verification, VerifyStage, VerifyStep};
use earshot_protocol::{
    DeviceId, DeviceKind, ErrorCode, Event, FromNode, HubMessage, Nonce, OwnerEvent, OwnerReply,
    OwnerRequest, Reply, Request, RoomRef, Trust, Verify,
};

use common::{Person, an_offer, call, options, start};

/// Ann and Bob in a room of Ann's.
async fn two_in_a_call() -> (Person, Person, RoomRef) {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    ann.sees(bob.device(), |_| true).await;
    let (room, _) = call(&mut ann, &mut bob, None).await;
    (ann, bob, room)
}

#[tokio::test]
async fn a_sealed_description_is_opened_by_whom_it_is_for() {
    let (mut ann, mut bob, room) = two_in_a_call().await;
    let (anns, bobs) = (ann.device(), bob.device());
    let sealed = bob.seal(&room, anns, an_offer(0)).await.expect("seals");
    assert!(sealed.seal.is_some());
    let (offer, kind) = ann.opens(&room, bobs, sealed.clone()).await.expect("opens");
    assert_eq!((offer, kind), (an_offer(0), DeviceKind::Install));
    let mut answer = an_offer(0);
    answer.kind = earshot_protocol::hub::DescriptionKind::Answer;
    let sealed_answer = ann.seal(&room, bobs, answer.clone()).await.expect("seals");
    assert_eq!(bob.opens(&room, anns, sealed_answer.clone()).await, Ok((answer, DeviceKind::Install)));
    // Each once, and in order.
    assert_eq!(ann.opens(&room, bobs, sealed).await, Err(ErrorCode::DescriptionReplayed));
    assert_eq!(bob.opens(&room, anns, sealed_answer).await, Err(ErrorCode::DescriptionReplayed));
    let (first, second) = (
        bob.seal(&room, anns, an_offer(1)).await.expect("seals"),
        bob.seal(&room, anns, an_offer(2)).await.expect("seals"),
    );
    ann.opens(&room, bobs, second).await.expect("the later one");
    assert_eq!(ann.opens(&room, bobs, first).await, Err(ErrorCode::DescriptionReplayed));
}

#[tokio::test]
async fn what_is_not_as_it_was_sealed_is_refused_with_a_code() {
    let (mut ann, mut bob, room) = two_in_a_call().await;
    let (anns, bobs) = (ann.device(), bob.device());
    let good = bob.seal(&room, anns, an_offer(0)).await.expect("seals");
    let mut unsigned = good.clone();
    unsigned.seal = None;
    assert_eq!(ann.opens(&room, bobs, unsigned).await, Err(ErrorCode::DescriptionUnsigned));
    let mut altered = good.clone();
    altered.sdp = altered.sdp.replace("sha-256 AB", "sha-256 CD");
    assert_eq!(ann.opens(&room, bobs, altered).await, Err(ErrorCode::DescriptionForged));
    let mut moved = good.clone();
    moved.round = 7;
    assert_eq!(ann.opens(&room, bobs, moved).await, Err(ErrorCode::DescriptionForged));
    // As if it came from somebody else, or were for somebody else.
    let somebody = DeviceId([3; 32]);
    assert_eq!(ann.opens(&room, somebody, good.clone()).await, Err(ErrorCode::DescriptionForged));
    let for_somebody = bob.seal(&room, somebody, an_offer(0)).await.expect("seals");
    assert_eq!(ann.opens(&room, bobs, for_somebody).await, Err(ErrorCode::DescriptionForged));
    // As if it belonged to another room that Ann is in.
    let other = ann.open_room(None).await.room;
    assert_eq!(ann.opens(&other, bobs, good.clone()).await, Err(ErrorCode::DescriptionForged));
    let mut weak = an_offer(0);
    weak.sdp = weak.sdp.replace("sha-256", "sha-1").replace(&":AB".repeat(12), "");
    assert_eq!(bob.seal(&room, anns, weak).await, Err(ErrorCode::FingerprintWeak));
    // None of this has used the good one up.
    ann.opens(&room, bobs, good).await.expect("opens");
}

#[tokio::test]
async fn a_window_seals_and_opens_for_its_own_rooms_only() {
    let (mut ann, mut bob, room) = two_in_a_call().await;
    let (anns, bobs) = (ann.device(), bob.device());
    let good = bob.seal(&room, anns, an_offer(0)).await.expect("seals");
    // Another window of Ann's is not in that room.
    let mut other = Person {
        window: ann.node.attach().await.expect("a second window"),
        node: start(&Ether::new(), &options(tempfile::tempdir().expect("a folder").path(), "Nobody"))
            .await
            .expect("starts"),
        heard: Vec::new(),
        next: 0,
        folder: tempfile::tempdir().expect("a folder"),
    };
    assert_eq!(other.seal(&room, bobs, an_offer(0)).await, Err(ErrorCode::NotInRoom));
    assert_eq!(other.opens(&room, bobs, good.clone()).await, Err(ErrorCode::NotInRoom));
    let step =
        OwnerRequest::Verify { hub: room.hub.device, room: room.room, with: bobs, step: VerifyStep::Begin };
    assert_eq!(other.own(step).await, Err(ErrorCode::NotInRoom));
    // The room's id at another hub is another room.
    let mut elsewhere = room.clone();
    elsewhere.hub.device = bobs;
    assert_eq!(ann.opens(&elsewhere, bobs, good.clone()).await, Err(ErrorCode::NotInRoom));
    assert_eq!(ann.seal(&elsewhere, bobs, an_offer(0)).await, Err(ErrorCode::NotInRoom));
    ann.opens(&room, bobs, good.clone()).await.expect("Ann's own window");
    ann.ask(Request::Leave { room: room.room }).await.expect("leaves");
    assert_eq!(ann.seal(&room, bobs, an_offer(1)).await, Err(ErrorCode::NotInRoom));
}

#[tokio::test]
async fn what_was_opened_before_is_refused_after_coming_back() {
    let (mut ann, mut bob, room) = two_in_a_call().await;
    let (anns, bobs) = (ann.device(), bob.device());
    let offer = ann.seal(&room, bobs, an_offer(0)).await.expect("seals");
    bob.opens(&room, anns, offer.clone()).await.expect("opens");
    bob.ask(Request::Leave { room: room.room }).await.expect("leaves");
    bob.join(&room).await;
    assert_eq!(bob.opens(&room, anns, offer).await, Err(ErrorCode::DescriptionReplayed));
}

#[tokio::test]
async fn a_call_whose_hub_is_gone_can_still_be_healed() {
    let (mut ann, mut bob, room) = two_in_a_call().await;
    let (anns, bobs) = (ann.device(), bob.device());
    let first = ann.seal(&room, bobs, an_offer(0)).await.expect("seals");
    let restart = ann.seal(&room, bobs, an_offer(1)).await.expect("seals");
    bob.opens(&room, anns, first).await.expect("opens");
    ann.node.shutdown().await;
    bob.event("the room elsewhere", |event| {
        matches!(event, Event::RoomMoved { room: moved, .. } if *moved == room.room).then_some(())
    })
    .await;
    // What comes on the data channel, and the answer to it.
    bob.opens(&room, anns, restart).await.expect("opens without the hub");
    bob.seal(&room, anns, an_offer(2)).await.expect("seals without the hub");
    assert_eq!(bob.ask(Request::Leave { room: room.room }).await, Ok(Reply::Done));
    assert_eq!(bob.seal(&room, anns, an_offer(3)).await, Err(ErrorCode::NotInRoom));
}

async fn step(person: &mut Person, room: &RoomRef, with: DeviceId, step: VerifyStep) -> Verification {
    let request = OwnerRequest::Verify { hub: room.hub.device, room: room.room, with, step };
    match person.own(request).await {
        Ok(OwnerReply::Verification(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

/// Carries what both say to the other until nobody has anything to say; gives the last stages of both.
async fn carry(
    (ann, bob): (&mut Person, &mut Person),
    room: &RoomRef,
    begun: Verification,
) -> (VerifyStage, VerifyStage) {
    let (anns, bobs) = (ann.device(), bob.device());
    let mut stages = (begun.stage, VerifyStage::Cancelled);
    let mut words: VecDeque<(bool, Verify)> = begun.say.into_iter().map(|word| (true, word)).collect();
    while let Some((from_ann, verify)) = words.pop_front() {
        let heard = VerifyStep::Heard { verify };
        let answer =
            if from_ann { step(bob, room, anns, heard).await } else { step(ann, room, bobs, heard).await };
        words.extend(answer.say.into_iter().map(|word| (!from_ann, word)));
        *(if from_ann { &mut stages.1 } else { &mut stages.0 }) = answer.stage;
    }
    stages
}

async fn both_open(ann: &mut Person, bob: &mut Person, room: &RoomRef, round: u32) {
    let (anns, bobs) = (ann.device(), bob.device());
    let offer = bob.seal(room, anns, an_offer(round)).await.expect("seals");
    ann.opens(room, bobs, offer).await.expect("opens");
    let offer = ann.seal(room, bobs, an_offer(round)).await.expect("seals");
    bob.opens(room, anns, offer).await.expect("opens");
}

#[tokio::test]
async fn two_people_who_compare_the_code_are_verified_and_stay_so() {
    let (mut ann, mut bob, room) = two_in_a_call().await;
    let (anns, bobs) = (ann.device(), bob.device());
    let begin =
        OwnerRequest::Verify { hub: room.hub.device, room: room.room, with: bobs, step: VerifyStep::Begin };
    assert_eq!(ann.own(begin).await, Err(ErrorCode::ParticipantUnknown), "no key was proven yet");
    both_open(&mut ann, &mut bob, &room, 0).await;
    let begun = step(&mut ann, &room, bobs, VerifyStep::Begin).await;
    assert_eq!(begun.stage, VerifyStage::Waiting);
    let stages = carry((&mut ann, &mut bob), &room, begun).await;
    let (VerifyStage::Compare { code: left }, VerifyStage::Compare { code: right }) = stages else {
        panic!("{stages:?}");
    };
    assert_eq!(left, right);
    let confirmed = step(&mut ann, &room, bobs, VerifyStep::Confirm { matches: true }).await;
    assert_eq!(confirmed.stage, VerifyStage::Confirmed { code: left });
    assert_eq!(ann.devices().await[0].standing.trust, Trust::Met, "Bob has not confirmed yet");
    let stages = carry((&mut ann, &mut bob), &room, confirmed).await;
    assert_eq!(stages.1, VerifyStage::Compare { code: left });
    ann.heard.clear();
    let confirmed = step(&mut bob, &room, anns, VerifyStep::Confirm { matches: true }).await;
    assert_eq!(confirmed.stage, VerifyStage::Verified);
    for verify in confirmed.say {
        assert_eq!(
            step(&mut ann, &room, bobs, VerifyStep::Heard { verify }).await.stage,
            VerifyStage::Verified
        );
    }
    for (person, other) in [(&mut ann, bobs), (&mut bob, anns)] {
        person.stands(other, |standing| standing.trust == Trust::Verified).await;
        person
            .sees(other, |entry| entry.standing.as_ref().is_some_and(|own| own.trust == Trust::Verified))
            .await;
        person
            .hear("the list has changed", |message| {
                matches!(message, FromNode::Owner { event: OwnerEvent::DevicesChanged }).then_some(())
            })
            .await;
        assert_eq!(person.devices().await[0].standing.trust, Trust::Verified);
    }
    // Whoever was forgotten is not verified by a late word.
    ann.does(OwnerRequest::ForgetDevice { device: bobs }).await;
    let late = VerifyStep::Heard { verify: Verify::Result { matches: true } };
    let request = OwnerRequest::Verify { hub: room.hub.device, room: room.room, with: bobs, step: late };
    assert_eq!(ann.own(request).await, Err(ErrorCode::VerificationFailed));
    assert!(ann.devices().await.is_empty());
    // Bob's node remembers over a restart.
    let Person { node, window, folder, .. } = bob;
    drop(window);
    node.shutdown().await;
    drop(node);
    let node = start(&Ether::new(), &options(folder.path(), "Bob")).await.expect("starts again");
    let window = node.attach().await.expect("attaches");
    let mut bob = Person { node, window, heard: Vec::new(), next: 0, folder };
    let devices = bob.devices().await;
    assert_eq!((devices.len(), devices[0].device, devices[0].standing.trust), (1, anns, Trust::Verified));
    assert_eq!(devices[0].kept_name, "Ann");
}

#[tokio::test]
async fn codes_that_differ_take_the_trust_back_on_both_sides() {
    let (mut ann, mut bob, room) = two_in_a_call().await;
    let (anns, bobs) = (ann.device(), bob.device());
    both_open(&mut ann, &mut bob, &room, 0).await;
    for (matches, trust) in [(true, Trust::Verified), (false, Trust::Met)] {
        let begun = step(&mut bob, &room, anns, VerifyStep::Begin).await;
        let stages = carry((&mut bob, &mut ann), &room, begun).await;
        assert!(matches!(stages.0, VerifyStage::Compare { .. }), "{stages:?}");
        let said = step(&mut ann, &room, bobs, VerifyStep::Confirm { matches: true }).await;
        carry((&mut ann, &mut bob), &room, said).await;
        let said = step(&mut bob, &room, anns, VerifyStep::Confirm { matches }).await;
        carry((&mut bob, &mut ann), &room, said).await;
        assert_eq!(ann.devices().await[0].standing.trust, trust);
        assert_eq!(bob.devices().await[0].standing.trust, trust);
    }
    // A share that is not what was committed to.
    let begun = step(&mut bob, &room, anns, VerifyStep::Begin).await;
    let commit = begun.say.into_iter().next().expect("a commitment");
    step(&mut ann, &room, bobs, VerifyStep::Heard { verify: commit }).await;
    let lie = VerifyStep::Heard { verify: Verify::Reveal { nonce: Nonce([7; 32]) } };
    let request = OwnerRequest::Verify { hub: room.hub.device, room: room.room, with: bobs, step: lie };
    assert_eq!(ann.own(request).await, Err(ErrorCode::VerificationFailed));
    assert!(
        !ann.hears_within(Duration::from_millis(50), |message| matches!(
            message,
            FromNode::Message { message: HubMessage::Error { .. }, .. }
        ))
        .await
    );
}
