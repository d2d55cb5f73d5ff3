//! Who knows the phrase is let in, who does not is not, and neither learns anything else.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::LazyLock;
use std::time::Instant;

use earshot_identity::PhraseKey;
use earshot_identity::phrase::{Confirmations, Context, Pake, PhraseError, Role, confirmed};
use earshot_protocol::{DeviceId, PakeMessage};

const PHRASE: &str = "correct horse battery";

/// Derived once: it is slow on purpose.
static KEY: LazyLock<PhraseKey> = LazyLock::new(|| PhraseKey::derive(PHRASE).unwrap());

const CONTEXT: Context = Context { hub: DeviceId([1; 32]), visitor: DeviceId([2; 32]), exporter: [3; 32] };

fn exchange(
    (hub_key, hub_context): (&PhraseKey, Context),
    (visitor_key, visitor_context): (&PhraseKey, Context),
) -> (Confirmations, Confirmations) {
    let (hub, from_hub) = Pake::start(Role::Hub, hub_key);
    let (visitor, from_visitor) = Pake::start(Role::Visitor, visitor_key);
    (hub.finish(&from_visitor, &hub_context).unwrap(), visitor.finish(&from_hub, &visitor_context).unwrap())
}

fn agree((at_hub, at_visitor): (Confirmations, Confirmations)) -> (bool, bool) {
    (confirmed(&at_hub.visitor, &at_visitor.visitor), confirmed(&at_visitor.hub, &at_hub.hub))
}

#[test]
fn the_same_phrase_is_confirmed_on_both_sides() {
    let both = exchange((&KEY, CONTEXT), (&KEY, CONTEXT));
    assert_eq!(agree(both), (true, true));
    // Neither can give the other's confirmation back for its own.
    assert!(!confirmed(&both.0.visitor, &both.0.hub));
    // No exchange repeats another's words.
    assert_ne!(both.0, exchange((&KEY, CONTEXT), (&KEY, CONTEXT)).0);
}

#[test]
fn another_phrase_is_not() {
    let other = PhraseKey::random().unwrap();
    assert_eq!(agree(exchange((&KEY, CONTEXT), (&other, CONTEXT))), (false, false));
    assert_eq!(agree(exchange((&other, CONTEXT), (&KEY, CONTEXT))), (false, false));
}

#[test]
fn another_connection_or_other_devices_are_not() {
    for other in [
        Context { exporter: [4; 32], ..CONTEXT },
        Context { hub: DeviceId([5; 32]), ..CONTEXT },
        Context { visitor: DeviceId([6; 32]), ..CONTEXT },
        Context { hub: CONTEXT.visitor, visitor: CONTEXT.hub, ..CONTEXT },
    ] {
        assert_eq!(agree(exchange((&KEY, CONTEXT), (&KEY, other))), (false, false), "{other:?}");
    }
}

#[test]
fn a_message_thrown_back_is_refused() {
    for role in [Role::Hub, Role::Visitor] {
        let (pake, own) = Pake::start(role, &KEY);
        assert!(matches!(pake.finish(&own, &CONTEXT), Err(PhraseError::BadMessage)));

        // Nor does it help to say that it is the other side's.
        let (pake, mut own) = Pake::start(role, &KEY);
        own.0[0] = if role == Role::Hub { b'B' } else { b'A' };
        let (other, _) = Pake::start(if role == Role::Hub { Role::Visitor } else { Role::Hub }, &KEY);
        let fooled = pake.finish(&own, &CONTEXT).unwrap();
        let honest = other
            .finish(
                &{
                    let (_, first) = Pake::start(role, &KEY);
                    first
                },
                &CONTEXT,
            )
            .unwrap();
        assert!(!confirmed(&fooled.hub, &honest.hub) && !confirmed(&fooled.visitor, &honest.visitor));
    }
}

#[test]
fn what_is_no_point_of_the_curve_is_refused() {
    // About every second y has no x.
    let refused = (2..34).filter(|y| {
        let (pake, _) = Pake::start(Role::Hub, &KEY);
        let mut bytes = [0; 33];
        (bytes[0], bytes[1]) = (b'B', *y);
        pake.finish(&PakeMessage(bytes), &CONTEXT).is_err()
    });
    assert!((4..28).contains(&refused.count()));
}

#[test]
fn one_bit_of_a_message_changes_everything() {
    for bit in 0..256 {
        let (hub, from_hub) = Pake::start(Role::Hub, &KEY);
        let (visitor, mut from_visitor) = Pake::start(Role::Visitor, &KEY);
        from_visitor.0[1 + bit / 8] ^= 1 << (bit % 8);
        let at_visitor = visitor.finish(&from_hub, &CONTEXT).unwrap();
        if let Ok(at_hub) = hub.finish(&from_visitor, &CONTEXT) {
            assert_eq!(agree((at_hub, at_visitor)), (false, false), "bit {bit}");
        }
    }
}

#[test]
fn the_same_words_written_otherwise_are_the_same_phrase() {
    // Full-width letters, a composed and a decomposed umlaut, white space around.
    let one = PhraseKey::derive("  gr\u{fc}ne Wiese \u{ff11}\n").unwrap();
    let two = PhraseKey::derive("gru\u{308}ne Wiese 1").unwrap();
    assert_eq!(agree(exchange((&one, CONTEXT), (&two, CONTEXT))), (true, true));
    // Another case is another phrase.
    let three = PhraseKey::derive("gr\u{fc}ne wiese 1").unwrap();
    assert_eq!(agree(exchange((&one, CONTEXT), (&three, CONTEXT))), (false, false));
}

#[test]
fn the_key_is_what_argon2id_says() {
    // argon2 -id -t 3 -k 65536 -p 1 -l 32, with the salt "earshot office phrase v1".
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("office-phrase.key");
    KEY.save(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let bytes = data_encoding::BASE64
        .decode(text.trim_end().strip_prefix("earshot-office-phrase-v1 ").unwrap().as_bytes())
        .unwrap();
    assert_eq!(
        data_encoding::HEXLOWER.encode(&bytes[..32]),
        "c6543e6dfd4d6fe6fda521b6cee2840d611a7515e75e2dc949f60cecc470adc2"
    );
}

#[test]
fn too_short_and_too_long_ones_are_refused() {
    for bad in ["", "1234567", "  1234567  ", &"a".repeat(129), &"a".repeat(1_000_000)] {
        assert!(matches!(PhraseKey::derive(bad), Err(PhraseError::Length)));
    }
    // By the clock of the machine that runs this, a guess costs something.
    let began = Instant::now();
    PhraseKey::derive("12345678").unwrap();
    assert!(began.elapsed().as_millis() >= 20, "{:?}", began.elapsed());
}

#[test]
fn the_secret_is_not_in_debug() {
    assert_eq!(format!("{:?}", *KEY), "PhraseKey(..)");
    assert_eq!(format!("{:?}", Pake::start(Role::Hub, &KEY).0), "Pake(..)");
}
