//! `code.json`: commitments, codes, and whole exchanges of steps.

use earshot_identity::Verification;
use earshot_protocol::owner::VerifyStep;
use earshot_protocol::seal::{code_of, commitment_of};
use earshot_protocol::{Nonce, PublicKey, RoomId, Verify};
use serde_json::{Value, json};

use crate::key_of;

const ROOM: RoomId = RoomId([7; 16]);

struct Side {
    verification: Verification,
    keys: (PublicKey, PublicKey),
    steps: Vec<Value>,
}

impl Side {
    fn new(own: PublicKey, other: PublicKey) -> Self {
        Self { verification: Verification::new(own, other, ROOM), keys: (own, other), steps: Vec::new() }
    }

    fn step(&mut self, now: u64, fresh: u8, step: VerifyStep) -> Vec<Verify> {
        let fresh = Nonce([fresh; 32]);
        let result = self.verification.step(now, fresh, step.clone());
        let mut entry = json!({ "now": now, "fresh": fresh, "step": step });
        match &result {
            Ok(gives) => entry["gives"] = json!(gives),
            Err(code) => entry["code"] = json!(code),
        }
        self.steps.push(entry);
        result.map(|answer| answer.say).unwrap_or_default()
    }

    fn heard(&mut self, now: u64, fresh: u8, said: Vec<Verify>) -> Vec<Verify> {
        said.into_iter().flat_map(|verify| self.step(now, fresh, VerifyStep::Heard { verify })).collect()
    }

    fn done(self, name: &str) -> Value {
        json!({ "name": name, "own": self.keys.0, "other": self.keys.1, "room": ROOM, "steps": self.steps })
    }
}

fn exchanges() -> Vec<Value> {
    let (one, two) = (key_of([1; 32]).public_key(), key_of([2; 32]).public_key());
    let (small, large) = if one.device_id() < two.device_id() { (one, two) } else { (two, one) };
    let begin = || VerifyStep::Begin;
    let confirm = |matches| VerifyStep::Confirm { matches };
    let mut all = Vec::new();

    let (mut ann, mut bob) = (Side::new(one, two), Side::new(two, one));
    let said = ann.step(1_000, 11, begin());
    let said = bob.heard(1_100, 12, said);
    let said = ann.heard(1_200, 13, said);
    bob.heard(1_300, 14, said);
    let said = ann.step(9_000, 15, confirm(true));
    bob.heard(9_100, 16, said);
    let said = bob.step(9_500, 17, confirm(true));
    ann.heard(9_600, 18, said);
    all.push(ann.done("both confirm, the initiator"));
    all.push(bob.done("both confirm, the responder"));

    let (mut ann, mut bob) = (Side::new(small, large), Side::new(large, small));
    let from_ann = ann.step(0, 21, begin());
    let from_bob = bob.step(0, 22, begin());
    ann.heard(50, 23, from_bob);
    let said = bob.heard(50, 24, from_ann);
    let said = ann.heard(100, 25, said);
    bob.heard(150, 26, said);
    let said = bob.step(200, 27, confirm(false));
    ann.heard(250, 28, said);
    ann.step(300, 29, confirm(true));
    all.push(ann.done("both begin, the smaller id is the initiator; a mismatch"));
    all.push(bob.done("both begin, the larger id is the responder; a mismatch"));

    let mut bob = Side::new(two, one);
    bob.heard(0, 31, vec![Verify::Commit { commitment: commitment_of(&one, &two, &ROOM, &Nonce([1; 32])) }]);
    bob.heard(1, 32, vec![Verify::Reveal { nonce: Nonce([2; 32]) }]);
    bob.step(2, 33, begin());
    all.push(bob.done("a share that does not fit the commitment, and then a new exchange"));

    let mut bob = Side::new(two, one);
    bob.heard(0, 41, vec![Verify::Result { matches: true }]);
    bob.step(1, 42, begin());
    bob.heard(2, 43, vec![Verify::Reveal { nonce: Nonce([2; 32]) }]);
    all.push(bob.done("words out of order"));

    let mut bob = Side::new(two, one);
    bob.step(0, 51, begin());
    bob.step(120_001, 52, confirm(true));
    bob.heard(120_002, 53, vec![Verify::Nonce { nonce: Nonce([3; 32]) }]);
    all.push(bob.done("too late"));

    let mut bob = Side::new(two, one);
    bob.step(0, 61, VerifyStep::Cancel);
    bob.step(1, 62, begin());
    bob.step(2, 63, begin());
    bob.step(3, 64, VerifyStep::Cancel);
    bob.heard(4, 65, vec![Verify::Nonce { nonce: Nonce([3; 32]) }, Verify::Cancel]);
    bob.step(5, 66, begin());
    bob.heard(6, 67, vec![Verify::Cancel]);
    all.push(bob.done("cancelled by either"));
    all
}

#[test]
fn codes_are_what_the_file_says() {
    let codes: Vec<Value> = (0u8..8)
        .map(|index| {
            let (initiator, responder) =
                (key_of([index + 1; 32]).public_key(), key_of([index + 101; 32]).public_key());
            let room = RoomId([index; 16]);
            let (first, second) = (Nonce([index ^ 0x5a; 32]), Nonce([0xff - index; 32]));
            json!({
                "initiator": initiator,
                "responder": responder,
                "room": room,
                "initiator_nonce": first,
                "responder_nonce": second,
                "commitment": commitment_of(&initiator, &responder, &room, &first),
                "code": code_of(&initiator, &responder, &room, &first, &second),
            })
        })
        .collect();
    crate::compare("code.json", &json!({ "codes": codes, "exchanges": exchanges() }));
}
