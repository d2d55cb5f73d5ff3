//! The DNS-SD record of a device (RFC 6763), as pure functions: what is written into it and what is believed of it.
//!
//! | key | value |
//! | --- | --- |
//! | `v` | protocol versions, decimal, separated by commas |
//! | `id` | the device id, base32 |
//! | `n` | the person's name |
//! | `s` | status, see [`Status::as_str`] |
//! | `t` | the person's note; absent when empty |
//! | `r` | a number that no other record of this device ever has, so that no cache takes a new record for an old one |
//! | `b` | present in the last record before a goodbye: gone at once, where caches keep a goodbye for a second |

use earshot_protocol::person::is_line;
use earshot_protocol::{DeviceId, Person, Status, VERSIONS, limits, negotiate};

use crate::{Announcement, DiscoveryError};

/// The DNS-SD service type.
pub const SERVICE: &str = "_earshot._tcp.local.";

/// Protocol versions in one record; far more than will ever be spoken at once.
pub const MAX_VERSIONS: usize = 8;

/// Key and value pairs looked at in one record.
pub const MAX_PAIRS: usize = 32;

/// All keys and values of one record together, bytes: what fits into one Ethernet frame (RFC 6763, section 6.2).
pub const MAX_TXT_BYTES: usize = 1_300;

/// Characters of the device id in the instance name: 80 bits, so no two devices meet by chance.
const INSTANCE_CHARS: usize = 16;

/// Why a record is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// More pairs or bytes than any Earshot writes.
    #[error("too large")]
    TooLarge,
    /// No device id, or one that does not parse.
    #[error("no device id")]
    Device,
    /// The instance's name is not made of its device id.
    #[error("instance and device id differ")]
    Instance,
    /// No protocol version in common.
    #[error("no version in common")]
    Version,
    /// A name that is absent, empty, too long or has characters that mislead.
    #[error("name out of bounds")]
    Name,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Who.
    pub device: DeviceId,
    /// What it says of its person.
    pub person: Person,
    /// Protocol versions.
    pub versions: Vec<u16>,
    /// It is about to go.
    pub leaving: bool,
}

/// What a record is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Being found.
    Present,
    /// Saying that one is about to go.
    Leaving,
}

/// The instance name of a device: the beginning of its id, never the person's name.
#[must_use]
pub fn instance(device: &DeviceId) -> String {
    let mut text = device.to_string();
    text.truncate(INSTANCE_CHARS);
    text
}

/// The full name of a device's instance.
#[must_use]
pub fn fullname(device: &DeviceId) -> String {
    format!("{}.{SERVICE}", instance(device))
}

/// The host name a device's addresses are announced under. Of the device, not of the machine: two people on one
/// machine have two.
#[must_use]
pub fn hostname(device: &DeviceId) -> String {
    format!("earshot-{}.local.", instance(device))
}

/// The pairs of a device's TXT record. `revision` differs from that of every earlier record.
///
/// # Errors
/// [`DiscoveryError`] when the person or the versions are out of bounds.
pub fn encode(
    announcement: &Announcement,
    revision: u64,
    purpose: Purpose,
) -> Result<Vec<(&'static str, String)>, DiscoveryError> {
    announcement.person.check().map_err(DiscoveryError::Person)?;
    if !(1..=MAX_VERSIONS).contains(&announcement.versions.len()) {
        return Err(DiscoveryError::Versions);
    }
    let versions: Vec<String> = announcement.versions.iter().map(u16::to_string).collect();
    let person = &announcement.person;
    // The version comes first (RFC 6763, section 6.7).
    let mut pairs = vec![
        ("v", versions.join(",")),
        ("id", announcement.device.to_string()),
        ("n", person.name.clone()),
        ("s", person.status.as_str().to_owned()),
        ("r", revision.to_string()),
    ];
    if !person.note.is_empty() {
        pairs.push(("t", person.note.clone()));
    }
    if purpose == Purpose::Leaving {
        pairs.push(("b", String::new()));
    }
    Ok(pairs)
}

/// Reads the pairs of somebody's TXT record; keys are case-insensitive and the first of a kind counts (RFC 6763,
/// section 6.4). A note out of bounds is left out; anything else out of bounds spoils the record.
///
/// # Errors
/// [`BadRecord`] says what is wrong with it.
pub fn decode<'a>(
    instance_name: &str,
    pairs: impl IntoIterator<Item = (&'a str, Option<&'a [u8]>)>,
) -> Result<Record, BadRecord> {
    let (mut versions, mut device, mut name, mut status, mut note) = (None, None, None, None, None);
    let mut leaving = false;
    let mut bytes = 0;
    for (count, (key, value)) in pairs.into_iter().enumerate() {
        let value = value.unwrap_or_default();
        bytes += key.len() + value.len() + 2;
        if count >= MAX_PAIRS || bytes > MAX_TXT_BYTES {
            return Err(BadRecord::TooLarge);
        }
        let slot = match key {
            "v" | "V" => &mut versions,
            "n" | "N" => &mut name,
            "s" | "S" => &mut status,
            "t" | "T" => &mut note,
            key if key.eq_ignore_ascii_case("id") => &mut device,
            "b" | "B" => {
                leaving = true;
                continue;
            }
            _ => continue,
        };
        if slot.is_none() {
            *slot = Some(std::str::from_utf8(value).unwrap_or_default());
        }
    }
    let device: DeviceId = device.and_then(|text| text.parse().ok()).ok_or(BadRecord::Device)?;
    if !instance_name.eq_ignore_ascii_case(&instance(&device)) {
        return Err(BadRecord::Instance);
    }
    let versions: Vec<u16> = versions
        .unwrap_or_default()
        .split(',')
        .filter_map(|text| text.trim().parse().ok())
        .take(MAX_VERSIONS)
        .collect();
    negotiate(VERSIONS, &versions).ok_or(BadRecord::Version)?;
    let note =
        note.filter(|note| is_line(note, limits::MAX_NOTE_CHARS, limits::MAX_NOTE_BYTES)).unwrap_or_default();
    let person = Person {
        name: name.unwrap_or_default().to_owned(),
        status: Status::parse(status.unwrap_or_default()),
        note: note.to_owned(),
    };
    person.check().map_err(|_| BadRecord::Name)?;
    Ok(Record { device, person, versions, leaving })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn device() -> DeviceId {
        DeviceId([7; 32])
    }

    fn read(pairs: &[(&str, Option<&[u8]>)]) -> Result<Record, BadRecord> {
        decode(&instance(&device()), pairs.iter().copied())
    }

    /// A good record with one value replaced, or left out where that is `None`.
    fn with<'a>(id: &'a str, key: &str, value: Option<&'a [u8]>) -> Vec<(&'static str, Option<&'a [u8]>)> {
        let good: [(&str, &[u8]); 5] =
            [("v", b"1"), ("id", id.as_bytes()), ("n", b"Ann"), ("s", b"busy"), ("t", b"in a meeting")];
        good.into_iter()
            .map(|(name, old)| (name, if name == key { value } else { Some(old) }))
            .filter(|(_, value)| value.is_some())
            .collect()
    }

    #[test]
    fn names_carry_the_device_and_never_the_person() {
        let instance = instance(&device());
        assert_eq!(instance.len(), INSTANCE_CHARS);
        assert!(device().to_string().starts_with(&instance));
        assert_eq!(fullname(&device()), format!("{instance}._earshot._tcp.local."));
        assert_eq!(hostname(&device()), format!("earshot-{instance}.local."));
    }

    #[test]
    fn what_is_out_of_bounds_is_not_believed() {
        let id = device().to_string();
        let other = DeviceId([8; 32]).to_string();
        let good = read(&with(&id, "", None)).unwrap();
        assert_eq!(good.person.name, "Ann");
        assert_eq!((good.person.status, good.person.note.as_str()), (Status::Busy, "in a meeting"));
        assert!(!good.leaving);
        let long = "x".repeat(65);
        let cases: &[(&str, Option<&[u8]>, BadRecord)] = &[
            ("id", None, BadRecord::Device),
            ("id", Some(b""), BadRecord::Device),
            ("id", Some(b"not base32!"), BadRecord::Device),
            ("id", Some(b"\xff\xfe"), BadRecord::Device),
            ("id", Some(other.as_bytes()), BadRecord::Instance),
            ("v", None, BadRecord::Version),
            ("v", Some(b"0,2,65536,-1,x"), BadRecord::Version),
            ("v", Some(b"9,9,9,9,9,9,9,9,1"), BadRecord::Version),
            ("n", None, BadRecord::Name),
            ("n", Some(b"   "), BadRecord::Name),
            ("n", Some(b"\xff"), BadRecord::Name),
            ("n", Some("Ann\u{202e}".as_bytes()), BadRecord::Name),
            ("n", Some(long.as_bytes()), BadRecord::Name),
        ];
        for (key, value, error) in cases {
            assert_eq!(read(&with(&id, key, *value)), Err(*error), "{key} {value:?}");
        }
        let record = read(&with(&id, "t", Some("two\nlines".as_bytes()))).unwrap();
        assert_eq!(record.person.note, "", "a bad note is left out");
        let record = read(&with(&id, "s", Some(b"dancing"))).unwrap();
        assert_eq!(record.person.status, Status::Available, "what a later version may add");
        let mut many = with(&id, "", None);
        many.resize(MAX_PAIRS + 1, ("x", Some(b"y")));
        assert_eq!(read(&many), Err(BadRecord::TooLarge));
        let big = vec![b'x'; MAX_TXT_BYTES];
        let mut large = with(&id, "", None);
        large.insert(0, ("x", Some(&big)));
        assert_eq!(read(&large), Err(BadRecord::TooLarge));
        let mut twice = with(&id, "", None);
        twice.push(("N", Some(b"Mallory")));
        assert_eq!(read(&twice).unwrap().person.name, "Ann", "the first of a kind counts");
    }

    fn lines(max: usize) -> impl Strategy<Value = String> {
        proptest::collection::vec(any::<char>(), 0..max).prop_map(|chars| chars.into_iter().collect())
    }

    fn key() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("v".to_owned()),
            Just("id".to_owned()),
            Just("n".to_owned()),
            Just("s".to_owned()),
            Just("t".to_owned()),
            Just("b".to_owned()),
            "[ -~]{0,12}",
        ]
    }

    proptest! {
        #[test]
        fn what_can_be_announced_arrives(
            id in any::<[u8; 32]>(), name in lines(70), note in lines(90), leaving in any::<bool>(),
            port in any::<u16>(), more in proptest::collection::vec(any::<u16>(), 0..6), revision in any::<u64>(),
        ) {
            let versions: Vec<u16> = VERSIONS.iter().copied().chain(more).collect();
            let person = Person { name, note, status: Status::Away };
            let announcement = Announcement { device: DeviceId(id), person: person.clone(), hidden: false, phrase: false, port, versions };
            let purpose = if leaving { Purpose::Leaving } else { Purpose::Present };
            let encoded = encode(&announcement, revision, purpose);
            prop_assert_eq!(encoded.is_ok(), person.check().is_ok());
            if let Ok(pairs) = encoded {
                for (key, value) in &pairs {
                    prop_assert!(key.len() + 1 + value.len() <= 255, "one TXT string (RFC 6763, section 6.1)");
                }
                let pairs = pairs.iter().map(|(key, value)| (*key, Some(value.as_bytes())));
                let record = decode(&instance(&announcement.device), pairs).unwrap();
                let Announcement { device, person, versions, .. } = announcement;
                prop_assert_eq!(record, Record { device, person, versions, leaving });
            }
        }

        #[test]
        fn whatever_is_heard_is_bounded(
            name in ".{0,80}",
            pairs in proptest::collection::vec(
                (key(), proptest::option::of(proptest::collection::vec(any::<u8>(), 0..300))), 0..40),
            genuine in any::<bool>(),
        ) {
            let id = device().to_string();
            let own = instance(&device());
            let mut all: Vec<(&str, Option<&[u8]>)> =
                pairs.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect();
            if genuine {
                // Past the first checks, so that the later ones are reached too.
                all.splice(0..0, [("id", Some(id.as_bytes())), ("v", Some(b"1".as_slice()))]);
            }
            if let Ok(record) = decode(if genuine { &own } else { &name }, all) {
                prop_assert!(record.person.check().is_ok());
                prop_assert!(record.versions.len() <= MAX_VERSIONS);
                prop_assert!(negotiate(VERSIONS, &record.versions).is_some());
            }
        }
    }
}
