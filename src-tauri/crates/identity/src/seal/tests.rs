//! What is opened is what was sealed, by whom it says, here; everything else is refused with its code.

use std::sync::Arc;

use earshot_protocol::hub::{Description, DescriptionKind};
use earshot_protocol::{DeviceId, DeviceKind, Digest, ErrorCode, PublicKey, RoomId, Seal, Signature};
use proptest::prelude::*;

use super::memory::{MAX_OFFERS_KEPT, MAX_ROOMS_KEPT, MAX_SENDERS_KEPT, Memory};
use super::{Notary, Place, Seals};
use crate::DeviceKey;

const NOW: u64 = 1_790_000_000_000;

fn place(room: u64) -> Place {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&room.to_be_bytes());
    Place { hub: DeviceId([7; 32]), room: RoomId(bytes) }
}

fn chromium(kind: DescriptionKind, round: u32) -> Description {
    let sdp = match kind {
        DescriptionKind::Offer => include_str!("../../tests/sdp/chromium-offer.sdp"),
        DescriptionKind::Answer => include_str!("../../tests/sdp/chromium-answer.sdp"),
    };
    Description { kind, sdp: sdp.replace('\n', "\r\n"), round, seal: None }
}

fn offer(round: u32) -> Description {
    chromium(DescriptionKind::Offer, round)
}

fn answer(round: u32) -> Description {
    chromium(DescriptionKind::Answer, round)
}

struct Device {
    id: DeviceId,
    key: PublicKey,
    notary: Notary,
}

fn device() -> Device {
    let key = Arc::new(DeviceKey::generate().unwrap());
    Device { id: key.device_id(), key: key.public_key(), notary: Notary::new(key, DeviceKind::Install) }
}

fn offered(from: &mut Device, to: &Device, place: Place, round: u32) -> Description {
    from.notary.seal(NOW, place, to.id, offer(round)).unwrap()
}

fn opened(
    at: &mut Device,
    place: Place,
    from: DeviceId,
    description: &Description,
) -> Result<Description, ErrorCode> {
    at.notary.open(place, from, description.clone()).map(|(description, _)| description)
}

#[test]
fn a_call_of_three_rounds() {
    let (mut ann, mut bob) = (device(), device());
    let here = place(1);
    assert_eq!(bob.notary.key_of(here, ann.id), None);
    for round in 0..3 {
        let from_ann = offered(&mut ann, &bob, here, round);
        assert_eq!(opened(&mut bob, here, ann.id, &from_ann), Ok(offer(round)));
        let from_bob = bob.notary.seal(NOW, here, ann.id, answer(round)).unwrap();
        assert_eq!(opened(&mut ann, here, bob.id, &from_bob), Ok(answer(round)));
        // Everything travels both ways.
        assert_eq!(opened(&mut bob, here, ann.id, &from_ann), Err(ErrorCode::DescriptionReplayed));
        assert_eq!(opened(&mut ann, here, bob.id, &from_bob), Err(ErrorCode::DescriptionReplayed));
    }
    assert_eq!(bob.notary.key_of(here, ann.id), Some(ann.key));
    assert_eq!(ann.notary.key_of(here, bob.id), Some(bob.key));
    assert_eq!(ann.notary.key_of(place(2), bob.id), None);
    ann.notary.leave(here);
    assert_eq!(ann.notary.key_of(here, bob.id), None);
}

#[test]
fn the_kind_is_what_its_sender_signed() {
    let mut bob = device();
    for kind in [DeviceKind::Install, DeviceKind::Guest, DeviceKind::Transient] {
        let key = Arc::new(DeviceKey::generate().unwrap());
        let from = key.device_id();
        let sealed = Notary::new(key, kind).seal(NOW, place(1), bob.id, offer(0)).unwrap();
        assert_eq!(bob.notary.open(place(1), from, sealed).unwrap().1, kind);
    }
}

#[test]
fn sequences_rise_also_when_the_clock_does_not() {
    let mut ann = device();
    let mut last = 0;
    for (now, expected) in [(5, 5), (5, 6), (3, 7), (100, 100), (0, 101)] {
        let sealed = ann.notary.seal(now, place(now), DeviceId([1; 32]), offer(0)).unwrap();
        let sequence = sealed.seal.unwrap().sequence;
        assert_eq!(sequence, expected);
        assert!(sequence > last);
        last = sequence;
    }
    // Beyond what a browser can count, nothing is sealed; nor does it wrap.
    for now in [(1 << 53) - 1, 1 << 53, u64::MAX] {
        let sealed = ann.notary.seal(now, place(1), DeviceId([1; 32]), offer(0));
        assert_eq!(sealed.is_ok(), now < 1 << 53, "{now}");
    }
}

#[test]
fn nothing_weak_or_unreadable_is_sealed() {
    let (mut ann, bob) = (device(), device());
    let weak = offer(0).sdp.replace("a=fingerprint:sha-256", "a=fingerprint:sha-1");
    let sealed = ann.notary.seal(NOW, place(1), bob.id, Description { sdp: weak, ..offer(0) });
    assert_eq!(sealed, Err(ErrorCode::FingerprintWeak));
    let sealed = ann.notary.seal(NOW, place(1), bob.id, Description { sdp: "x".to_owned(), ..offer(0) });
    assert_eq!(sealed, Err(ErrorCode::Malformed));
}

#[test]
fn an_answer_is_one_to_the_offer_that_was_opened() {
    let (mut ann, mut bob, mut eve) = (device(), device(), device());
    let here = place(1);
    assert_eq!(bob.notary.seal(NOW, here, ann.id, answer(0)), Err(ErrorCode::Malformed));
    let from_ann = offered(&mut ann, &bob, here, 0);
    opened(&mut bob, here, ann.id, &from_ann).unwrap();
    assert_eq!(bob.notary.seal(NOW, here, ann.id, answer(1)), Err(ErrorCode::Malformed));
    assert_eq!(bob.notary.seal(NOW, here, eve.id, answer(0)), Err(ErrorCode::Malformed));
    assert_eq!(bob.notary.seal(NOW, place(2), ann.id, answer(0)), Err(ErrorCode::Malformed));
    let good = bob.notary.seal(NOW, here, ann.id, answer(0)).unwrap();

    // Eve in the middle of the signalling lets Bob answer another offer of Ann's than the one that Ann waits for.
    let other = offered(&mut ann, &bob, here, 1);
    opened(&mut bob, here, ann.id, &other).unwrap();
    let to_other = bob.notary.seal(NOW, here, ann.id, answer(1)).unwrap();
    let moved = Description { round: 0, ..to_other };
    assert_eq!(opened(&mut ann, here, bob.id, &moved), Err(ErrorCode::DescriptionForged));
    assert_eq!(opened(&mut ann, here, bob.id, &good), Ok(answer(0)));

    // Eve answers herself what was offered to Bob.
    let from_bob = offered(&mut bob, &eve, here, 0);
    opened(&mut eve, here, bob.id, &from_bob).unwrap();
    let hers = eve.notary.seal(NOW, here, bob.id, answer(0)).unwrap();
    for from in [ann.id, bob.id] {
        assert_eq!(opened(&mut ann, here, from, &hers), Err(ErrorCode::DescriptionForged));
    }
}

#[test]
fn ones_own_words_thrown_back_are_refused() {
    let (mut ann, bob) = (device(), device());
    let mine = offered(&mut ann, &bob, place(1), 0);
    for from in [ann.id, bob.id] {
        assert_eq!(opened(&mut ann, place(1), from, &mine), Err(ErrorCode::DescriptionForged));
    }
    let id = ann.id;
    let to_myself = ann.notary.seal(NOW, place(1), id, offer(0)).unwrap();
    assert_eq!(opened(&mut ann, place(1), id, &to_myself), Err(ErrorCode::DescriptionForged));
}

#[test]
fn no_sequence_is_taken_twice_in_a_room_also_after_leaving() {
    let (mut ann, mut bob) = (device(), device());
    let here = place(1);
    let (first, second) = (offered(&mut ann, &bob, here, 0), offered(&mut ann, &bob, here, 1));
    assert!(opened(&mut bob, here, ann.id, &second).is_ok());
    assert_eq!(opened(&mut bob, here, ann.id, &first), Err(ErrorCode::DescriptionReplayed));
    for _ in 0..3 {
        bob.notary.leave(here);
        assert_eq!(opened(&mut bob, here, ann.id, &second), Err(ErrorCode::DescriptionReplayed));
    }
    // In another room they are others: what was sealed first may come last there.
    let (early, late) = (offered(&mut ann, &bob, place(2), 0), offered(&mut ann, &bob, place(3), 0));
    assert!(opened(&mut bob, place(3), ann.id, &late).is_ok());
    assert!(opened(&mut bob, place(2), ann.id, &early).is_ok());
}

#[test]
fn a_refused_description_changes_nothing() {
    let (mut ann, mut bob) = (device(), device());
    let here = place(1);
    let good = offered(&mut ann, &bob, here, 0);
    let mut high = good.clone();
    if let Some(seal) = &mut high.seal {
        seal.sequence += 1_000;
    }
    assert_eq!(opened(&mut bob, here, ann.id, &high), Err(ErrorCode::DescriptionForged));
    assert_eq!(bob.notary.key_of(here, ann.id), None);
    assert_eq!(bob.notary.memory().rooms(), 0);
    assert!(opened(&mut bob, here, ann.id, &good).is_ok());
}

#[test]
fn many_rooms_and_senders_are_bounded_and_the_latest_are_kept() {
    let (mut ann, mut bob) = (device(), device());
    let count = MAX_ROOMS_KEPT as u64 + 50;
    let small = Description { sdp: "v=0\r\n".to_owned(), ..offer(0) };
    let mut said = Vec::new();
    for room in 0..count {
        let sealed = ann.notary.seal(NOW, place(room), bob.id, small.clone()).unwrap();
        assert!(opened(&mut bob, place(room), ann.id, &sealed).is_ok());
        bob.notary.leave(place(room));
        said.push(sealed);
    }
    assert_eq!((ann.notary.memory().rooms(), bob.notary.memory().rooms()), (MAX_ROOMS_KEPT, MAX_ROOMS_KEPT));
    for (room, sealed) in (0..count).zip(&said).skip(50) {
        let again = opened(&mut bob, place(room), ann.id, sealed);
        assert_eq!(again, Err(ErrorCode::DescriptionReplayed), "{room}");
    }
    let here = place(count);
    for _ in 0..MAX_SENDERS_KEPT + 10 {
        let mut other = device();
        let sealed = other.notary.seal(NOW, here, bob.id, small.clone()).unwrap();
        assert!(opened(&mut bob, here, other.id, &sealed).is_ok());
        assert!(bob.notary.memory().senders(here) <= MAX_SENDERS_KEPT);
    }
}

#[test]
fn offers_are_bounded_and_the_latest_are_kept() {
    let mut memory = Memory::new();
    let peer = memory.peer_mut(place(1), DeviceId([1; 32]));
    let count = MAX_OFFERS_KEPT as u32 + 3;
    for round in 0..count {
        peer.made.add(round, Digest([round as u8; 32]));
    }
    let kept: Vec<u32> = (0..count).filter(|round| peer.made.of_round(*round).next().is_some()).collect();
    assert_eq!(kept, (3..count).collect::<Vec<_>>());
}

#[test]
fn nothing_of_a_description_is_in_debug() {
    let mut ann = device();
    let sealed = ann.notary.seal(NOW, place(1), DeviceId([1; 32]), offer(0)).unwrap();
    assert_eq!(format!("{:?}", ann.notary), "Notary { kind: Install, .. }");
    assert!(!format!("{sealed:?}").contains("fingerprint"));
}

/// Ways to alter a sealed offer from Ann to Bob, or to say something else about it.
#[derive(Debug, Clone)]
enum Alteration {
    SdpByte { at: prop::sample::Index, with: u8 },
    SdpCut(prop::sample::Index),
    SdpLineTwice(prop::sample::Index),
    SdpLineGone(prop::sample::Index),
    Kind,
    Round(u32),
    SaidToBe(DeviceKind),
    Sequence(u64),
    SignatureBit(u16),
    KeyBit(u8),
    SwappedKey,
    Room(u64),
    Hub(u8),
    From,
    To,
    Unsealed,
}

fn alterations() -> impl Strategy<Value = Alteration> {
    use Alteration::*;
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, with)| SdpByte { at, with: with & 0x7f }),
        index().prop_map(SdpCut),
        index().prop_map(SdpLineTwice),
        index().prop_map(SdpLineGone),
        Just(Kind),
        any::<u32>().prop_map(Round),
        prop_oneof![Just(DeviceKind::Guest), Just(DeviceKind::Transient)].prop_map(SaidToBe),
        any::<u64>().prop_map(Sequence),
        (0u16..512).prop_map(SignatureBit),
        any::<u8>().prop_map(KeyBit),
        Just(SwappedKey),
        any::<u64>().prop_map(Room),
        any::<u8>().prop_map(Hub),
        Just(From),
        Just(To),
        Just(Unsealed),
    ]
}

proptest! {
    /// The whole of a sealed description is sealed: nothing can be altered, moved or said to be another's.
    #[test]
    fn whatever_is_altered_is_refused(alteration in alterations(), round in 0u32..4) {
        let (mut ann, mut bob, mut eve) = (device(), device(), device());
        let (mut here, mut from) = (place(1), ann.id);
        let good = offered(&mut ann, &bob, here, round);
        let mut altered = good.clone();
        let seal = altered.seal.as_mut().unwrap();
        let mut at_eve = false;
        let lines: Vec<&str> = good.sdp.split_inclusive("\r\n").collect();
        match &alteration {
            Alteration::SdpByte { at, with } => {
                let mut bytes = good.sdp.clone().into_bytes();
                bytes[at.index(good.sdp.len())] = *with;
                altered.sdp = String::from_utf8(bytes).unwrap();
            }
            Alteration::SdpCut(at) => altered.sdp.truncate(at.index(good.sdp.len())),
            Alteration::SdpLineTwice(at) => {
                let at = at.index(lines.len());
                altered.sdp = [&lines[..at], &lines[at..=at], &lines[at..]].concat().concat();
            }
            Alteration::SdpLineGone(at) => {
                let at = at.index(lines.len());
                altered.sdp = [&lines[..at], &lines[at + 1..]].concat().concat();
            }
            Alteration::Kind => altered.kind = DescriptionKind::Answer,
            Alteration::Round(other) => altered.round = *other,
            Alteration::SaidToBe(kind) => seal.kind = *kind,
            Alteration::Sequence(sequence) => seal.sequence = *sequence,
            Alteration::SignatureBit(bit) => seal.signature.0[usize::from(bit / 8)] ^= 1 << (bit % 8),
            Alteration::KeyBit(bit) => seal.key.0[usize::from(bit / 8)] ^= 1 << (bit % 8),
            Alteration::SwappedKey => {
                seal.key = eve.key;
                from = eve.id;
            }
            Alteration::Room(room) => here = place(*room),
            Alteration::Hub(byte) => here.hub = DeviceId([*byte; 32]),
            Alteration::From => from = eve.id,
            Alteration::To => at_eve = true,
            Alteration::Unsealed => altered.seal = None,
        }
        prop_assume!(altered != good || here != place(1) || from != ann.id || at_eve);
        let at = if at_eve { &mut eve } else { &mut bob };
        let expected = if matches!(alteration, Alteration::Unsealed) {
            ErrorCode::DescriptionUnsigned
        } else {
            ErrorCode::DescriptionForged
        };
        prop_assert_eq!(opened(at, here, from, &altered), Err(expected));
        // And the good one is as good as before.
        prop_assert!(opened(&mut bob, place(1), ann.id, &good).is_ok());
    }

    /// Nothing that is not sealed by Ann is opened as hers, whatever its bytes.
    #[test]
    fn no_bytes_are_a_seal(
        signature in prop::array::uniform32(any::<u8>()),
        sequence: u64,
        round: u32,
        is_offer: bool,
    ) {
        let (mut bob, ann) = (device(), device());
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&signature);
        bytes[32..].copy_from_slice(&signature);
        let seal = Seal { key: ann.key, kind: DeviceKind::Install, sequence, signature: Signature(bytes) };
        let made = if is_offer { offer(round) } else { answer(round) };
        let forged = Description { seal: Some(seal), ..made };
        prop_assert_eq!(opened(&mut bob, place(1), ann.id, &forged), Err(ErrorCode::DescriptionForged));
    }

    /// In whatever order copies come: each at most once, none after a later one, and the others are replays.
    #[test]
    fn copies_in_any_order(order in prop::collection::vec(0usize..6, 0..30)) {
        let (mut ann, mut bob) = (device(), device());
        let said: Vec<Description> =
            (0..6).map(|round| offered(&mut ann, &bob, place(1), round)).collect();
        let mut last = None;
        for index in order {
            let result = opened(&mut bob, place(1), ann.id, &said[index]);
            if last.is_none_or(|last| index > last) {
                prop_assert_eq!(result, Ok(offer(index as u32)));
                last = Some(index);
            } else {
                prop_assert_eq!(result, Err(ErrorCode::DescriptionReplayed));
            }
        }
    }
}
