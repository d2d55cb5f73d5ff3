//! Session descriptions of anybody's making: what a seal names of them, what is left of them, and opening them. Nothing
//! that Ann has not sealed is ever opened as hers; what she has sealed is, and no altered copy of it.
#![no_main]

use std::sync::{Arc, LazyLock};

use earshot_identity::sdp::{essence, without_weak};
use earshot_identity::{DeviceKey, Notary, Place, Seals};
use earshot_protocol::hub::{Description, DescriptionKind};
use earshot_protocol::{DeviceId, DeviceKind, ErrorCode, PublicKey, RoomId, Seal, Signature};
use libfuzzer_sys::fuzz_target;

static ANN: LazyLock<Arc<DeviceKey>> = LazyLock::new(key);
static BOB: LazyLock<Arc<DeviceKey>> = LazyLock::new(key);

fn key() -> Arc<DeviceKey> {
    Arc::new(DeviceKey::generate().expect("randomness"))
}

/// How the description differs from what Ann has sealed, if she has.
enum Origin {
    /// As it is in the input, with these bytes for a seal.
    Made { key: Option<[u8; 32]>, signature: [u8; 64], sequence: u64 },
    /// Sealed by Ann.
    Sealed,
    /// Sealed by Ann, and then one of its bytes was changed.
    Bent { at: usize, with: u8 },
    /// Sealed by Ann, perhaps for somebody else, or elsewhere; opened twice.
    Moved { to: DeviceId, room: u8 },
}

struct Case<'a> {
    origin: Origin,
    is_offer: bool,
    round: u32,
    sdp: &'a str,
}

/// Four bytes, then the SDP. The first says what is done: `M`ade, `S`ealed, `B`ent or moved (`>`), in lower case for an answer;
/// `made` takes 104 bytes more for a seal. The second and third mean what their origin makes of them, the last is the round.
fn case(data: &[u8]) -> Option<Case<'_>> {
    let ([what, one, two, round], rest) = data.split_first_chunk::<4>()?;
    let (origin, rest) = match what.to_ascii_uppercase() {
        b'M' => {
            let (key, rest) = rest.split_first_chunk::<32>()?;
            let (signature, rest) = rest.split_first_chunk::<64>()?;
            let (sequence, rest) = rest.split_first_chunk::<8>()?;
            let key = (*one == b'K').then_some(*key);
            let sequence = u64::from_be_bytes(*sequence);
            (Origin::Made { key, signature: *signature, sequence }, rest)
        }
        b'B' => {
            let (at, rest) = rest.split_first_chunk::<2>()?;
            (Origin::Bent { at: u16::from_be_bytes(*at).into(), with: *one }, rest)
        }
        b'>' => {
            let to = if *one == b'B' { BOB.device_id() } else { DeviceId([*one; 32]) };
            (Origin::Moved { to, room: *two }, rest)
        }
        _ => (Origin::Sealed, rest),
    };
    let sdp = std::str::from_utf8(rest).ok()?;
    Some(Case { origin, is_offer: !what.is_ascii_lowercase(), round: u32::from(*round), sdp })
}

const HERE: Place = Place { hub: DeviceId([1; 32]), room: RoomId([b'R'; 16]) };

fn open(place: Place, description: &Description) -> Result<Description, ErrorCode> {
    let mut bob = Notary::new(Arc::clone(&BOB), DeviceKind::Install);
    bob.open(place, ANN.device_id(), description.clone()).map(|(opened, _)| opened)
}

fn read(sdp: &str) {
    let left = without_weak(sdp);
    assert_eq!(without_weak(&left), left);
    match (essence(sdp), essence(&left)) {
        (Ok(before), Ok(after)) => {
            assert_eq!(before.ufrags, after.ufrags);
            assert!(after.fingerprints.iter().all(|one| before.fingerprints.contains(one)));
            assert!(after.fingerprints.iter().all(|one| {
                ["sha-256 ", "sha-384 ", "sha-512 "].iter().any(|strong| one.starts_with(strong))
            }));
        }
        // An unreadable fingerprint is gone from what is left.
        (Err(ErrorCode::Malformed), _) => {}
        (before, after) => assert_eq!(before, after),
    }
}

fuzz_target!(|data: &[u8]| {
    let Some(case) = case(data) else { return };
    read(case.sdp);
    let kind = if case.is_offer { DescriptionKind::Offer } else { DescriptionKind::Answer };
    let description = Description { kind, sdp: case.sdp.to_owned(), round: case.round, seal: None };
    let mut ann = Notary::new(Arc::clone(&ANN), DeviceKind::Guest);
    if let Origin::Made { key, signature, sequence } = case.origin {
        let key = key.map_or_else(|| ANN.public_key(), PublicKey);
        let seal = Seal { key, kind: DeviceKind::Guest, sequence, signature: Signature(signature) };
        let refused = open(HERE, &Description { seal: Some(seal), ..description });
        assert_eq!(refused, Err(ErrorCode::DescriptionForged));
        return;
    }
    let to = match case.origin {
        Origin::Moved { to, .. } => to,
        _ => BOB.device_id(),
    };
    let sealed = match ann.seal(1, HERE, to, description.clone()) {
        Ok(sealed) => sealed,
        Err(code) => {
            // Or an answer to nothing.
            let expected = essence(case.sdp).err().unwrap_or(ErrorCode::Malformed);
            assert_eq!(code, expected);
            return;
        }
    };
    let good = Ok(Description { sdp: without_weak(case.sdp), ..description });
    match case.origin {
        Origin::Bent { at, with } => {
            let mut bytes = sealed.sdp.clone().into_bytes();
            let at = at % bytes.len();
            bytes[at] = with;
            let Ok(sdp) = String::from_utf8(bytes) else { return };
            let bent = Description { sdp, ..sealed.clone() };
            let expected = if bent == sealed { good } else { Err(ErrorCode::DescriptionForged) };
            assert_eq!(open(HERE, &bent), expected);
        }
        Origin::Moved { to, room } => {
            let place = Place { room: RoomId([room; 16]), ..HERE };
            let fits = to == BOB.device_id() && place == HERE;
            let expected = if fits { good } else { Err(ErrorCode::DescriptionForged) };
            assert_eq!(open(place, &sealed), expected);
            if fits {
                let mut bob = Notary::new(Arc::clone(&BOB), DeviceKind::Install);
                bob.open(place, ANN.device_id(), sealed.clone()).expect("it is good");
                let again = bob.open(place, ANN.device_id(), sealed);
                assert_eq!(again.err(), Some(ErrorCode::DescriptionReplayed));
            }
        }
        _ => assert_eq!(open(HERE, &sealed), good),
    }
});
