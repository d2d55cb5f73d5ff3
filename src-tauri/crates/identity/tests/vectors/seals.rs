//! `seal.json`: what is signed, and what a notary gives or refuses, step by step.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use earshot_identity::{DeviceKey, Notary, Place, Seals, sdp};
use earshot_protocol::hub::{Description, DescriptionKind};
use earshot_protocol::seal::{Envelope, description_to_sign};
use earshot_protocol::{DeviceId, DeviceKind, Digest, PublicKey, RoomId, Seal, VERSIONS};
use serde_json::{Value, json};

use crate::sdp::session;
use crate::{hex, key_of};

const ANN: [u8; 32] = [1; 32];
const BOB: [u8; 32] = [2; 32];
const EVE: [u8; 32] = [3; 32];
const NOW: u64 = 1_790_000_000_000;

fn id(seed: [u8; 32]) -> DeviceId {
    key_of(seed).device_id()
}

fn place(room: u8) -> Place {
    Place { hub: id(ANN), room: RoomId([room; 16]) }
}

const AUDIO: &str = "m=audio 9 UDP/TLS/RTP/SAVPF 111";
const STRONG: &str = "a=fingerprint:sha-256 6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08";
const WEAK: &str = "a=fingerprint:sha-1 6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64";

fn sdp_of(ufrag: &str, fingerprints: &[&str]) -> String {
    let ufrag = format!("a=ice-ufrag:{ufrag}");
    session(&[&[AUDIO, "c=IN IP4 0.0.0.0", &ufrag], fingerprints].concat())
}

fn offer(round: u32) -> Description {
    let sdp = sdp_of("s+lP", &[STRONG]);
    Description { kind: DescriptionKind::Offer, sdp, round, seal: None }
}

fn answer(round: u32) -> Description {
    let sdp = sdp_of("e5a8c1b7", &[STRONG]);
    Description { kind: DescriptionKind::Answer, sdp, round, seal: None }
}

/// One notary, and all that it did.
struct Desk {
    seed: [u8; 32],
    kind: DeviceKind,
    notary: Notary,
    steps: Vec<Value>,
}

impl Desk {
    fn new(seed: [u8; 32], kind: DeviceKind) -> Self {
        Self { seed, kind, notary: Notary::new(Arc::new(key_of(seed)), kind), steps: Vec::new() }
    }

    fn seal(
        &mut self,
        now: u64,
        place: Place,
        to: DeviceId,
        description: Description,
    ) -> Option<Description> {
        let result = self.notary.seal(now, place, to, description.clone());
        let mut step = json!({
            "do": "seal", "now": now, "hub": place.hub, "room": place.room, "to": to, "description": description,
        });
        match &result {
            Ok(sealed) => step["gives"] = json!({ "description": sealed }),
            Err(code) => step["code"] = json!(code),
        }
        self.steps.push(step);
        result.ok()
    }

    fn open(&mut self, why: &str, place: Place, from: DeviceId, description: &Description) {
        let result = self.notary.open(place, from, description.clone());
        let mut step = json!({
            "do": "open", "why": why, "hub": place.hub, "room": place.room, "from": from, "description": description,
        });
        match &result {
            Ok((opened, kind)) => step["gives"] = json!({ "description": opened, "kind": kind }),
            Err(code) => step["code"] = json!(code),
        }
        self.steps.push(step);
    }

    fn leave(&mut self, place: Place) {
        self.notary.leave(place);
        self.steps.push(json!({ "do": "leave", "hub": place.hub, "room": place.room }));
    }

    fn done(self, name: &str) -> Value {
        let key = key_of(self.seed);
        json!({
            "name": name,
            "seed": hex(&self.seed),
            "key": key.public_key(),
            "device": key.device_id(),
            "kind": self.kind,
            "steps": self.steps,
        })
    }
}

fn sealed_by(seed: [u8; 32], now: u64, place: Place, to: DeviceId, description: Description) -> Description {
    Notary::new(Arc::new(key_of(seed)), DeviceKind::Install)
        .seal(now, place, to, description)
        .expect("sealed")
}

/// Signs what no notary would: an offer with any SDP that can be read.
fn signed_anyway(key: &DeviceKey, to: DeviceId, sequence: u64, description: Description) -> Description {
    let essence = match sdp::essence(&description.sdp) {
        Ok(essence) => essence,
        // Weak ones are named as well; of this SDP they are the only ones.
        Err(_) => earshot_protocol::seal::Essence {
            fingerprints: vec![WEAK.trim_start_matches("a=fingerprint:").to_owned()],
            ufrags: vec!["s+lP".to_owned()],
        },
    };
    let place = place(9);
    let envelope = Envelope { hub: &place.hub, room: &place.room, to: &to, answers: &Digest([0; 32]) };
    let public = key.public_key();
    let sender = (&public, DeviceKind::Install, sequence);
    let signed = description_to_sign(VERSIONS[0], &envelope, &description, sender, &essence);
    let seal = Seal { key: public, kind: DeviceKind::Install, sequence, signature: key.sign(&signed) };
    Description { seal: Some(seal), ..description }
}

/// Bob's notary, and every way in which what it hears from Ann is not what she said.
fn refused() -> Value {
    let (ann, bob, eve) = (id(ANN), id(BOB), id(EVE));
    let here = place(9);
    let good = sealed_by(ANN, NOW, here, bob, offer(0));
    let mut desk = Desk::new(BOB, DeviceKind::Install);
    let bent = |bend: &dyn Fn(&mut Description)| {
        let mut description = good.clone();
        bend(&mut description);
        description
    };
    let seal_bent =
        |bend: &dyn Fn(&mut Seal)| bent(&|description| description.seal.iter_mut().for_each(bend));

    desk.open("no seal", here, ann, &bent(&|description| description.seal = None));
    desk.open(
        "another fingerprint",
        here,
        ann,
        &bent(&|description| {
            description.sdp = description.sdp.replace("6B:8B", "6B:8C");
        }),
    );
    desk.open(
        "another ufrag",
        here,
        ann,
        &bent(&|description| {
            description.sdp = description.sdp.replace("s+lP", "s+lQ");
        }),
    );
    desk.open(
        "another word in the SDP",
        here,
        ann,
        &bent(&|description| {
            description.sdp = description.sdp.replace("t=0 0", "t=0 1");
        }),
    );
    desk.open(
        "a weak fingerprint instead",
        here,
        ann,
        &bent(&|description| {
            description.sdp = description.sdp.replace(STRONG, WEAK);
        }),
    );
    desk.open("an SDP that cannot be read", here, ann, &bent(&|description| description.sdp.push('x')));
    desk.open("another round", here, ann, &bent(&|description| description.round = 1));
    desk.open("an answer", here, ann, &bent(&|description| description.kind = DescriptionKind::Answer));
    desk.open("another kind", here, ann, &seal_bent(&|seal| seal.kind = DeviceKind::Guest));
    desk.open("another sequence", here, ann, &seal_bent(&|seal| seal.sequence += 1));
    desk.open("another signature", here, ann, &seal_bent(&|seal| seal.signature.0[0] ^= 1));
    desk.open("another's key", here, ann, &seal_bent(&|seal| seal.key = key_of(EVE).public_key()));
    desk.open(
        "another's key, and said to be theirs",
        here,
        eve,
        &seal_bent(&|seal| {
            seal.key = key_of(EVE).public_key();
        }),
    );
    desk.open(
        "no key at all",
        here,
        PublicKey([0xff; 32]).device_id(),
        &seal_bent(&|seal| {
            seal.key = PublicKey([0xff; 32]);
        }),
    );
    desk.open("said to be another's", here, eve, &good);
    desk.open("of another room", place(8), ann, &good);
    desk.open("of another hub", Place { hub: eve, ..here }, ann, &good);
    desk.open("for somebody else", here, ann, &sealed_by(ANN, NOW, here, eve, offer(0)));
    desk.open("one's own", here, bob, &sealed_by(BOB, NOW, here, bob, offer(0)));
    let high = signed_anyway(&key_of(ANN), bob, 1 << 53, offer(0));
    desk.open("a sequence that is too high", here, ann, &high);
    let weak = Description { sdp: sdp_of("s+lP", &[WEAK]), ..offer(0) };
    desk.open("weak, and signed", here, ann, &signed_anyway(&key_of(ANN), bob, NOW, weak));
    desk.open("as it was sent", here, ann, &good);
    desk.open("a second time", here, ann, &good);
    desk.open("sealed earlier", here, ann, &sealed_by(ANN, NOW - 1, here, bob, offer(1)));
    desk.open("sealed later", here, ann, &sealed_by(ANN, NOW + 1, here, bob, offer(1)));
    desk.leave(here);
    desk.open("after leaving, what was said before", here, ann, &good);
    desk.open("after leaving, something new", here, ann, &sealed_by(ANN, NOW + 2, here, bob, offer(0)));
    desk.done("what is refused")
}

/// A call, and both notaries of it.
fn calls() -> Vec<Value> {
    let (ann, bob) = (id(ANN), id(BOB));
    let here = place(9);
    let mut at_ann = Desk::new(ANN, DeviceKind::Install);
    let mut at_bob = Desk::new(BOB, DeviceKind::Transient);

    at_ann.seal(NOW, here, bob, answer(0));
    let first = at_bob.seal(NOW, here, ann, offer(0)).expect("sealed");
    at_ann.open("an offer", here, bob, &first);
    at_ann.seal(NOW, here, bob, answer(1));
    let answered = at_ann.seal(NOW, here, bob, answer(0)).expect("sealed");
    at_bob.open("an answer to it", here, ann, &answered);
    at_bob.open("a late copy", here, ann, &answered);

    // An ICE restart, while the clock stands still or goes back.
    let mixed = Description { sdp: sdp_of("aaaa", &[WEAK, STRONG]), ..offer(1) };
    let second = at_bob.seal(NOW - 5, here, ann, mixed).expect("sealed");
    at_ann.open("the next round, with a weak fingerprint beside a strong one", here, bob, &second);
    let next = at_ann.seal(NOW, here, bob, answer(1)).expect("sealed");
    let moved = Description { round: 0, ..next.clone() };
    at_bob.open("the answer of another round", here, ann, &moved);
    at_bob.open("the answer of this round", here, ann, &next);
    at_bob.open("the answer of the first round again", here, ann, &answered);

    // The same round sealed again: an answer to either is one to us.
    let third = at_bob.seal(NOW + 9, here, ann, offer(2)).expect("sealed");
    let again = at_bob.seal(NOW + 9, here, ann, offer(2)).expect("sealed");
    at_ann.open("sealed once", here, bob, &third);
    let to_third = at_ann.seal(NOW + 9, here, bob, answer(2)).expect("sealed");
    at_bob.open("an answer to the first copy", here, ann, &to_third);
    at_ann.open("sealed twice", here, bob, &again);
    let to_again = at_ann.seal(NOW + 9, here, bob, answer(2)).expect("sealed");
    at_bob.open("an answer to the second copy", here, ann, &to_again);

    // Another's answer to the same offer, and one to an offer that was never made.
    let mut eve = Notary::new(Arc::new(key_of(EVE)), DeviceKind::Install);
    eve.open(here, bob, sealed_by(BOB, NOW, here, id(EVE), offer(3))).expect("opened");
    let hers = eve.seal(NOW, here, bob, answer(3)).expect("sealed");
    at_bob.open("an answer to no offer of mine", here, id(EVE), &hers);
    at_bob.leave(here);
    at_bob.open("an answer after leaving", here, ann, &to_again);

    let weak = Description { sdp: sdp_of("s+lP", &[WEAK]), ..offer(4) };
    at_ann.seal(NOW, here, bob, weak);
    at_ann.seal(NOW, here, bob, Description { sdp: "v=0".to_owned(), ..offer(4) });
    vec![at_ann.done("a call, who was there"), at_bob.done("a call, the newcomer")]
}

fn signed() -> Vec<Value> {
    let cases = [
        ("an offer", offer(0), DeviceKind::Install, Digest([0; 32]), NOW),
        ("an answer", answer(7), DeviceKind::Guest, Digest([0xab; 32]), 1),
        (
            "several fingerprints and ufrags",
            Description {
                sdp: sdp_of(
                    "zzzz",
                    &[WEAK, STRONG, "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=ice-ufrag:AAAA", STRONG],
                ),
                ..offer(u32::MAX)
            },
            DeviceKind::Transient,
            Digest([0; 32]),
            (1 << 53) - 1,
        ),
        (
            "no media, other letters",
            Description { sdp: session(&["a=tool:\u{e9}\u{4e2d}"]), ..offer(1) },
            DeviceKind::Install,
            Digest([0; 32]),
            NOW,
        ),
    ];
    cases
        .into_iter()
        .map(|(name, description, kind, answers, sequence)| {
            let (here, to, key) = (place(9), id(BOB), key_of(ANN));
            let public = key.public_key();
            let essence = sdp::essence(&description.sdp).expect("strong");
            let envelope = Envelope { hub: &here.hub, room: &here.room, to: &to, answers: &answers };
            let sender = (&public, kind, sequence);
            let bytes = description_to_sign(VERSIONS[0], &envelope, &description, sender, &essence);
            json!({
                "name": name, "seed": hex(&ANN), "hub": here.hub, "room": here.room, "key": public, "kind": kind,
                "to": to, "sequence": sequence, "answers": answers, "description": description,
                "essence": { "fingerprints": essence.fingerprints, "ufrags": essence.ufrags },
                "signed": hex(&bytes),
                "digest": hex(digest(&SHA256, &bytes).as_ref()),
                "signature": key.sign(&bytes),
            })
        })
        .collect()
}

#[test]
fn seals_are_what_the_file_says() {
    let mut desks = calls();
    desks.push(refused());
    crate::compare("seal.json", &json!({ "signed": signed(), "notaries": desks }));
}
