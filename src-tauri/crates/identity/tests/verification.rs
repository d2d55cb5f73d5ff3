//! Two people who compare the code are sure, or are told that something is wrong: nobody in the middle gets through.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::VecDeque;

use earshot_identity::{DeviceKey, Verification};
use earshot_protocol::limits::VERIFY_TIMEOUT;
use earshot_protocol::owner::{VerifyStage, VerifyStep};
use earshot_protocol::seal::{CODE_LENGTH, CODE_SYMBOLS, commitment_of};
use earshot_protocol::{Digest, ErrorCode, Nonce, PublicKey, RoomId, Verify};
use proptest::prelude::*;

const ROOM: RoomId = RoomId([9; 16]);

fn key() -> PublicKey {
    DeviceKey::generate().unwrap().public_key()
}

/// Two keys, the one with the smaller device id first.
fn two_keys() -> (PublicKey, PublicKey) {
    let (one, two) = (key(), key());
    if one.device_id() < two.device_id() { (one, two) } else { (two, one) }
}

/// One person's side, with random shares.
struct Side {
    verification: Verification,
    stage: Option<VerifyStage>,
    /// The next share; counts up, so that no two are the same.
    fresh: u64,
}

impl Side {
    fn new(own: PublicKey, other: PublicKey, seed: u64) -> Self {
        Self { verification: Verification::new(own, other, ROOM), stage: None, fresh: seed << 32 }
    }

    fn step_at(&mut self, now: u64, step: VerifyStep) -> Result<Vec<Verify>, ErrorCode> {
        self.fresh += 1;
        let mut nonce = [0; 32];
        nonce[..8].copy_from_slice(&self.fresh.to_be_bytes());
        let answer = self.verification.step(now, Nonce(nonce), step)?;
        self.stage = Some(answer.stage);
        Ok(answer.say)
    }

    fn step(&mut self, step: VerifyStep) -> Vec<Verify> {
        self.step_at(0, step).unwrap()
    }

    fn hear(&mut self, verify: Verify) -> Vec<Verify> {
        self.step(VerifyStep::Heard { verify })
    }

    fn code(&self) -> Option<[u8; CODE_LENGTH]> {
        match self.stage {
            Some(VerifyStage::Compare { code } | VerifyStage::Confirmed { code }) => Some(code),
            _ => None,
        }
    }
}

/// Carries what both say to the other until nobody says anything more.
fn carry(ann: &mut Side, bob: &mut Side, from_ann: Vec<Verify>, from_bob: Vec<Verify>) {
    let (mut to_bob, mut to_ann) = (VecDeque::from(from_ann), VecDeque::from(from_bob));
    loop {
        if let Some(word) = to_bob.pop_front() {
            to_ann.extend(bob.hear(word));
        } else if let Some(word) = to_ann.pop_front() {
            to_bob.extend(ann.hear(word));
        } else {
            return;
        }
    }
}

fn comparing() -> (Side, Side) {
    let (small, large) = two_keys();
    let (mut ann, mut bob) = (Side::new(small, large, 1), Side::new(large, small, 2));
    let said = ann.step(VerifyStep::Begin);
    carry(&mut ann, &mut bob, said, Vec::new());
    (ann, bob)
}

#[test]
fn both_see_the_same_code_and_both_become_verified() {
    for begins_second in [false, true] {
        let (mut ann, mut bob) = comparing();
        assert_eq!(ann.code(), bob.code());
        assert!(ann.code().unwrap().iter().all(|symbol| *symbol < CODE_SYMBOLS));
        let (one, two) = if begins_second { (&mut bob, &mut ann) } else { (&mut ann, &mut bob) };
        let said = one.step(VerifyStep::Confirm { matches: true });
        assert!(matches!(one.stage, Some(VerifyStage::Confirmed { .. })));
        carry(one, two, said, Vec::new());
        assert!(matches!(two.stage, Some(VerifyStage::Compare { .. })));
        let said = two.step(VerifyStep::Confirm { matches: true });
        carry(two, one, said, Vec::new());
        assert_eq!((&ann.stage, &bob.stage), (&Some(VerifyStage::Verified), &Some(VerifyStage::Verified)));
    }
}

#[test]
fn both_confirm_at_once() {
    let (mut ann, mut bob) = comparing();
    let from_ann = ann.step(VerifyStep::Confirm { matches: true });
    let from_bob = bob.step(VerifyStep::Confirm { matches: true });
    carry(&mut ann, &mut bob, from_ann, from_bob);
    assert_eq!((&ann.stage, &bob.stage), (&Some(VerifyStage::Verified), &Some(VerifyStage::Verified)));
}

#[test]
fn both_begin_at_once() {
    let (small, large) = two_keys();
    for swapped in [false, true] {
        let (own, other) = if swapped { (large, small) } else { (small, large) };
        let (mut ann, mut bob) = (Side::new(own, other, 1), Side::new(other, own, 2));
        let from_ann = ann.step(VerifyStep::Begin);
        let from_bob = bob.step(VerifyStep::Begin);
        carry(&mut ann, &mut bob, from_ann, from_bob);
        assert!(ann.code().is_some());
        assert_eq!(ann.code(), bob.code());
    }
}

#[test]
fn a_mismatch_ends_it_on_both_sides() {
    let (mut ann, mut bob) = comparing();
    let from_ann = ann.step(VerifyStep::Confirm { matches: true });
    let from_bob = bob.step(VerifyStep::Confirm { matches: false });
    carry(&mut ann, &mut bob, from_ann, from_bob);
    assert_eq!((&ann.stage, &bob.stage), (&Some(VerifyStage::Mismatch), &Some(VerifyStage::Mismatch)));
    // Nothing said afterwards makes it good.
    bob.step(VerifyStep::Confirm { matches: true });
    ann.hear(Verify::Result { matches: true });
    assert_eq!((&ann.stage, &bob.stage), (&Some(VerifyStage::Mismatch), &Some(VerifyStage::Mismatch)));
}

#[test]
fn nobody_is_verified_who_has_not_compared() {
    let (mut ann, _) = comparing();
    ann.hear(Verify::Result { matches: true });
    assert!(matches!(ann.stage, Some(VerifyStage::Compare { .. })));
}

#[test]
fn who_changes_their_mind_is_heard() {
    let (mut ann, mut bob) = comparing();
    let said = ann.step(VerifyStep::Confirm { matches: true });
    carry(&mut ann, &mut bob, said, Vec::new());
    let said = ann.step(VerifyStep::Confirm { matches: false });
    carry(&mut ann, &mut bob, said, Vec::new());
    assert_eq!((&ann.stage, &bob.stage), (&Some(VerifyStage::Mismatch), &Some(VerifyStage::Mismatch)));
}

#[test]
fn a_share_that_was_not_committed_to_is_refused() {
    let (ann, bob) = two_keys();
    let mut side = Side::new(bob, ann, 1);
    side.hear(Verify::Commit { commitment: commitment_of(&ann, &bob, &ROOM, &Nonce([1; 32])) });
    let reveal = VerifyStep::Heard { verify: Verify::Reveal { nonce: Nonce([2; 32]) } };
    assert_eq!(side.step_at(0, reveal), Err(ErrorCode::VerificationFailed));
    // The right one comes too late.
    assert_eq!(side.hear(Verify::Reveal { nonce: Nonce([1; 32]) }), []);
    assert_eq!(side.stage, Some(VerifyStage::Cancelled));
    // A new exchange is possible.
    assert!(matches!(side.step(VerifyStep::Begin)[..], [Verify::Commit { .. }]));
}

#[test]
fn a_commitment_of_other_keys_or_another_room_is_none() {
    let (ann, bob) = two_keys();
    let nonce = Nonce([1; 32]);
    for commitment in [
        commitment_of(&bob, &ann, &ROOM, &nonce),
        commitment_of(&key(), &bob, &ROOM, &nonce),
        commitment_of(&ann, &key(), &ROOM, &nonce),
        commitment_of(&ann, &bob, &RoomId([8; 16]), &nonce),
    ] {
        let mut side = Side::new(bob, ann, 1);
        side.hear(Verify::Commit { commitment });
        let reveal = VerifyStep::Heard { verify: Verify::Reveal { nonce } };
        assert_eq!(side.step_at(0, reveal), Err(ErrorCode::VerificationFailed));
    }
}

#[test]
fn it_does_not_last_for_ever() {
    let timeout = u64::from(VERIFY_TIMEOUT);
    let (small, large) = two_keys();
    let (mut ann, mut bob) = (Side::new(small, large, 1), Side::new(large, small, 2));
    let commit = ann.step_at(1_000, VerifyStep::Begin).unwrap().remove(0);
    bob.step_at(1_000, VerifyStep::Heard { verify: commit }).unwrap();
    // In time, nothing has changed; a moment later it has.
    assert_eq!(ann.step_at(1_000 + timeout, VerifyStep::Begin), Ok(Vec::new()));
    assert_eq!(ann.stage, Some(VerifyStage::Waiting));
    let late = VerifyStep::Heard { verify: Verify::Nonce { nonce: Nonce([1; 32]) } };
    assert_eq!(ann.step_at(1_001 + timeout, late), Ok(vec![Verify::Cancel]));
    assert_eq!(ann.stage, Some(VerifyStage::Cancelled));
    // Who wants to begin anew can.
    assert_eq!(bob.step_at(1_001 + timeout, VerifyStep::Begin).unwrap().len(), 1);
    assert_eq!(bob.stage, Some(VerifyStage::Waiting));
}

#[test]
fn cancelling_ends_it_on_both_sides() {
    let (mut ann, mut bob) = comparing();
    let said = ann.step(VerifyStep::Cancel);
    assert_eq!(said, [Verify::Cancel]);
    carry(&mut ann, &mut bob, said, Vec::new());
    assert_eq!((&ann.stage, &bob.stage), (&Some(VerifyStage::Cancelled), &Some(VerifyStage::Cancelled)));
    // What was still on its way changes nothing.
    assert_eq!(ann.hear(Verify::Result { matches: true }), []);
    assert_eq!(ann.stage, Some(VerifyStage::Cancelled));
}

/// Eve shows each of them her own key for the other's, and runs one exchange with each. She may wait with her words as
/// she likes: whatever she has chosen on one side before the other is known decides nothing.
#[test]
fn a_man_in_the_middle_shows_two_codes() {
    for seed in 0..50 {
        let (ann_key, bob_key, eve_key) = (key(), key(), key());
        let (mut ann, mut bob) = (Side::new(ann_key, eve_key, 1), Side::new(bob_key, eve_key, 2));
        let (mut to_ann, mut to_bob) =
            (Side::new(eve_key, ann_key, 3 + seed), Side::new(eve_key, bob_key, 100 + seed));
        let said = ann.step(VerifyStep::Begin);
        carry(&mut ann, &mut to_ann, said, Vec::new());
        let said = to_bob.step(VerifyStep::Begin);
        carry(&mut to_bob, &mut bob, said, Vec::new());
        assert!(ann.code().is_some() && bob.code().is_some());
        assert_ne!(ann.code(), bob.code());
    }
}

/// The same with the honest people's own words, passed on: the keys are in the hash.
#[test]
fn passing_words_on_between_two_other_keys_fails() {
    let (ann_key, bob_key, eve_key) = (key(), key(), key());
    let (mut ann, mut bob) = (Side::new(ann_key, eve_key, 1), Side::new(bob_key, eve_key, 2));
    let commit = ann.step(VerifyStep::Begin).remove(0);
    let nonce = bob.hear(commit).remove(0);
    let reveal = ann.hear(nonce).remove(0);
    assert_eq!(bob.step_at(0, VerifyStep::Heard { verify: reveal }), Err(ErrorCode::VerificationFailed));
}

#[test]
fn shares_are_not_in_debug() {
    let mut side = Side::new(key(), key(), 1);
    side.step(VerifyStep::Begin);
    assert_eq!(format!("{:?}", side.verification), "Verification(committed)");
}

fn any_step() -> impl Strategy<Value = VerifyStep> {
    let nonce = (0u8..3).prop_map(|byte| Nonce([byte; 32]));
    let heard = prop_oneof![
        (0u8..3).prop_map(|byte| Verify::Commit { commitment: Digest([byte; 32]) }),
        nonce.clone().prop_map(|nonce| Verify::Nonce { nonce }),
        nonce.prop_map(|nonce| Verify::Reveal { nonce }),
        any::<bool>().prop_map(|matches| Verify::Result { matches }),
        Just(Verify::Cancel),
    ];
    prop_oneof![
        Just(VerifyStep::Begin),
        heard.prop_map(|verify| VerifyStep::Heard { verify }),
        any::<bool>().prop_map(|matches| VerifyStep::Confirm { matches }),
        Just(VerifyStep::Cancel),
    ]
}

proptest! {
    /// Whatever is said in whatever order: nobody is verified without the owner's own yes since the code was shown, a share
    /// is revealed at most once for each commitment, and nothing panics.
    #[test]
    fn no_order_of_words_verifies_by_itself(
        steps in prop::collection::vec((any_step(), 0u64..60_000), 0..40),
    ) {
        let (small, large) = two_keys();
        let mut side = Side::new(small, large, 1);
        let (mut now, mut said_yes) = (0, false);
        let mut committed: Vec<Digest> = Vec::new();
        for (step, pause) in steps {
            now += pause;
            let was_over = matches!(
                side.stage,
                None | Some(VerifyStage::Verified | VerifyStage::Mismatch | VerifyStage::Cancelled)
            );
            let yes = step == (VerifyStep::Confirm { matches: true });
            let was_comparing = side.code().is_some();
            match side.step_at(now, step) {
                Ok(said) => {
                    for word in said {
                        match word {
                            Verify::Commit { commitment } => committed.push(commitment),
                            Verify::Reveal { nonce } => {
                                let of = commitment_of(&small, &large, &ROOM, &nonce);
                                prop_assert_eq!(committed.pop(), Some(of));
                            }
                            _ => {}
                        }
                    }
                }
                Err(code) => {
                    prop_assert_eq!(code, ErrorCode::VerificationFailed);
                    side.stage = Some(VerifyStage::Cancelled);
                }
            }
            said_yes = if was_comparing { said_yes || yes } else { false };
            if side.stage == Some(VerifyStage::Verified) && !was_over {
                prop_assert!(said_yes);
            }
        }
    }
}
