//! The DNS-SD record of a device (RFC 6763), as pure functions: what is written into it and what is believed of it.
//!
//! | key | value |
//! | --- | --- |
//! | `v` | protocol versions, decimal, separated by commas |
//! | `id` | the device id, base32 |
//! | `n` | the person's name; absent, with `s` and `t`, where it is hidden |
//! | `p` | present where only those who know the office's phrase are let in; then the name is hidden too |
//! | `m` | present where the device's hub has rooms to list; absent where the name is hidden |
//! | `s` | status, see [`Status::as_str`] |
//! | `t` | the person's note; absent when empty |
//! | `r` | a number that no other record of this device ever has, so that no cache takes a new record for an old one |
//! | `g` | SHA-256 of a secret that this run of the device says only when it goes |
//! | `b` | only in the last record before a goodbye: that secret. Nobody else can have it, so it is believed at once |

use aws_lc_rs::{digest, rand};
use earshot_protocol::person::is_line;
use earshot_protocol::{DeviceId, Digest, Nonce, Person, Status, VERSIONS, limits, negotiate};

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
    /// A name that is empty, too long or has characters that mislead.
    #[error("name out of bounds")]
    Name,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Who.
    pub device: DeviceId,
    /// What it says of its person; `None` where that is hidden.
    pub person: Option<Person>,
    /// Only those who know the office's phrase are let in.
    pub phrase: bool,
    /// Its hub has rooms to list.
    pub rooms: bool,
    /// The record's number; 0 where it has none.
    pub revision: u64,
    /// Protocol versions.
    pub versions: Vec<u16>,
    /// What the secret of its goodbye hashes to.
    pub promise: Option<Digest>,
    /// It says that it is about to go.
    pub leaving: bool,
    /// The secret with which it says so.
    pub secret: Option<Nonce>,
}

/// What proves a goodbye: a secret that is said last of all, and its hash that is said before.
#[derive(Clone, Default)]
pub struct Farewell(Option<Nonce>);

impl Farewell {
    /// A new one. Without a source of randomness there is none, and others ask before they believe the goodbye.
    #[must_use]
    pub fn random() -> Self {
        let mut secret = Nonce([0; 32]);
        Self(rand::fill(&mut secret.0).ok().map(|()| secret))
    }

    fn promise(&self) -> Option<Digest> {
        self.0.as_ref().map(promise)
    }
}

impl std::fmt::Debug for Farewell {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Farewell(..)")
    }
}

/// What a goodbye's secret hashes to.
#[must_use]
pub fn promise(secret: &Nonce) -> Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, &secret.0).as_ref());
    Digest(bytes)
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

/// The pairs of a device's TXT record. `revision` differs from that of every earlier record; `farewell` is the same
/// for as long as the device is there.
///
/// # Errors
/// [`DiscoveryError`] when the person or the versions are out of bounds.
pub fn encode(
    announcement: &Announcement,
    revision: u64,
    farewell: &Farewell,
    purpose: Purpose,
) -> Result<Vec<(&'static str, String)>, DiscoveryError> {
    announcement.person.check().map_err(DiscoveryError::Person)?;
    if !(1..=MAX_VERSIONS).contains(&announcement.versions.len()) {
        return Err(DiscoveryError::Versions);
    }
    let versions: Vec<String> = announcement.versions.iter().map(u16::to_string).collect();
    let person = &announcement.person;
    // The version comes first (RFC 6763, section 6.7).
    let mut pairs =
        vec![("v", versions.join(",")), ("id", announcement.device.to_string()), ("r", revision.to_string())];
    if announcement.phrase {
        pairs.push(("p", String::new()));
    }
    if !announcement.hidden && !announcement.phrase {
        pairs.push(("n", person.name.clone()));
        pairs.push(("s", person.status.as_str().to_owned()));
        if announcement.rooms {
            pairs.push(("m", String::new()));
        }
        if !person.note.is_empty() {
            pairs.push(("t", person.note.clone()));
        }
    }
    if let Some(promise) = farewell.promise() {
        pairs.push(("g", promise.to_string()));
    }
    if purpose == Purpose::Leaving {
        pairs.push(("b", farewell.0.map_or_else(String::new, |secret| secret.to_string())));
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
    let pairs = Pairs::take(pairs)?;
    let device: DeviceId = pairs.id.and_then(|text| text.parse().ok()).ok_or(BadRecord::Device)?;
    if !instance_name.eq_ignore_ascii_case(&instance(&device)) {
        return Err(BadRecord::Instance);
    }
    let versions: Vec<u16> = pairs
        .v
        .unwrap_or_default()
        .split(',')
        .filter_map(|text| text.trim().parse().ok())
        .take(MAX_VERSIONS)
        .collect();
    negotiate(VERSIONS, &versions).ok_or(BadRecord::Version)?;
    // Whoever wants the phrase tells no name before it was proven; one that is there all the same is not theirs.
    let person = pairs.person()?.filter(|_| pairs.p.is_none());
    Ok(Record {
        device,
        phrase: pairs.p.is_some(),
        rooms: pairs.m.is_some() && person.is_some(),
        person,
        revision: pairs.r.and_then(|text| text.parse().ok()).unwrap_or_default(),
        versions,
        promise: pairs.g.and_then(|text| text.parse().ok()),
        leaving: pairs.b.is_some(),
        secret: pairs.b.and_then(|text| text.parse().ok()),
    })
}

/// The values of a record's keys; empty where they are not text.
#[derive(Default)]
struct Pairs<'a> {
    v: Option<&'a str>,
    id: Option<&'a str>,
    n: Option<&'a str>,
    p: Option<&'a str>,
    m: Option<&'a str>,
    s: Option<&'a str>,
    t: Option<&'a str>,
    r: Option<&'a str>,
    g: Option<&'a str>,
    b: Option<&'a str>,
}

impl<'a> Pairs<'a> {
    fn take(pairs: impl IntoIterator<Item = (&'a str, Option<&'a [u8]>)>) -> Result<Self, BadRecord> {
        let mut taken = Self::default();
        let mut bytes = 0;
        for (count, (key, value)) in pairs.into_iter().enumerate() {
            let value = value.unwrap_or_default();
            bytes += key.len() + value.len() + 2;
            if count >= MAX_PAIRS || bytes > MAX_TXT_BYTES {
                return Err(BadRecord::TooLarge);
            }
            let slot = match key.to_ascii_lowercase().as_str() {
                "v" => &mut taken.v,
                "id" => &mut taken.id,
                "n" => &mut taken.n,
                "p" => &mut taken.p,
                "m" => &mut taken.m,
                "s" => &mut taken.s,
                "t" => &mut taken.t,
                "r" => &mut taken.r,
                "g" => &mut taken.g,
                "b" => &mut taken.b,
                _ => continue,
            };
            if slot.is_none() {
                *slot = Some(std::str::from_utf8(value).unwrap_or_default());
            }
        }
        Ok(taken)
    }

    /// `None` where there is no name at all.
    fn person(&self) -> Result<Option<Person>, BadRecord> {
        let Some(name) = self.n else { return Ok(None) };
        let note = self.t.filter(|note| is_line(note, limits::MAX_NOTE_CHARS, limits::MAX_NOTE_BYTES));
        let person = Person {
            name: name.to_owned(),
            status: Status::parse(self.s.unwrap_or_default()),
            note: note.unwrap_or_default().to_owned(),
        };
        person.check().map_err(|_| BadRecord::Name)?;
        Ok(Some(person))
    }
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
        let person = good.person.unwrap();
        assert_eq!(person.name, "Ann");
        assert_eq!((person.status, person.note.as_str()), (Status::Busy, "in a meeting"));
        assert!(!good.leaving && !good.phrase && good.revision == 0 && good.promise.is_none());
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
            ("n", Some(b""), BadRecord::Name),
            ("n", Some(b"   "), BadRecord::Name),
            ("n", Some(b"\xff"), BadRecord::Name),
            ("n", Some("Ann\u{202e}".as_bytes()), BadRecord::Name),
            ("n", Some(long.as_bytes()), BadRecord::Name),
        ];
        for (key, value, error) in cases {
            assert_eq!(read(&with(&id, key, *value)), Err(*error), "{key} {value:?}");
        }
        let record = read(&with(&id, "t", Some("two\nlines".as_bytes()))).unwrap();
        assert_eq!(record.person.unwrap().note, "", "a bad note is left out");
        let record = read(&with(&id, "s", Some(b"dancing"))).unwrap();
        assert_eq!(record.person.unwrap().status, Status::Available, "what a later version may add");
        let mut many = with(&id, "", None);
        many.resize(MAX_PAIRS + 1, ("x", Some(b"y")));
        assert_eq!(read(&many), Err(BadRecord::TooLarge));
        let big = vec![b'x'; MAX_TXT_BYTES];
        let mut large = with(&id, "", None);
        large.insert(0, ("x", Some(&big)));
        assert_eq!(read(&large), Err(BadRecord::TooLarge));
        let mut twice = with(&id, "", None);
        twice.push(("N", Some(b"Mallory")));
        assert_eq!(read(&twice).unwrap().person.unwrap().name, "Ann", "the first of a kind counts");
    }

    #[test]
    fn a_name_is_hidden_where_there_is_none_and_where_the_phrase_is_wanted() {
        let id = device().to_string();
        let hidden = read(&with(&id, "n", None)).unwrap();
        assert_eq!((hidden.person, hidden.phrase), (None, false), "status and note are nobody's then");
        for value in [None, Some(b"".as_slice()), Some(b"yes")] {
            let mut phrase = with(&id, "n", None);
            phrase.push(("P", value));
            let record = read(&phrase).unwrap();
            assert_eq!((record.person, record.phrase), (None, true));
        }
        let mut both = with(&id, "", None);
        both.push(("p", None));
        assert_eq!(read(&both).unwrap().person, None, "a name that whoever wants the phrase would not tell");
        let mut bad = with(&id, "n", Some(b"two\nlines"));
        bad.push(("p", None));
        assert_eq!(read(&bad), Err(BadRecord::Name));
    }

    #[test]
    fn a_secret_keeps_its_promise_and_no_other() {
        let (one, other) = (Farewell::random(), Farewell::random());
        assert_eq!(one.promise(), one.0.as_ref().map(promise));
        assert!(one.promise().is_some() && one.promise() != other.promise());
        assert_eq!(format!("{one:?}"), "Farewell(..)");
        let id = device().to_string();
        for bad in [b"".as_slice(), b"not base32!", b"\xff"] {
            let mut pairs = with(&id, "", None);
            pairs.extend([("b", Some(bad)), ("g", Some(bad))]);
            let record = read(&pairs).unwrap();
            assert_eq!((record.leaving, record.secret, record.promise), (true, None, None));
        }
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
            Just("p".to_owned()),
            Just("m".to_owned()),
            Just("g".to_owned()),
            Just("r".to_owned()),
            "[ -~]{0,12}",
        ]
    }

    proptest! {
        #[test]
        fn what_can_be_announced_arrives(
            id in any::<[u8; 32]>(), name in lines(70), note in lines(90), leaving in any::<bool>(),
            hidden in any::<bool>(), phrase in any::<bool>(), rooms in any::<bool>(), port in any::<u16>(), more in proptest::collection::vec(any::<u16>(), 0..6), revision in any::<u64>(),
        ) {
            let versions: Vec<u16> = VERSIONS.iter().copied().chain(more).collect();
            let person = Person { name, note, status: Status::Away };
            let announcement =
                Announcement { device: DeviceId(id), person: person.clone(), hidden, phrase, rooms, port, versions };
            let purpose = if leaving { Purpose::Leaving } else { Purpose::Present };
            let farewell = Farewell::random();
            let encoded = encode(&announcement, revision, &farewell, purpose);
            prop_assert_eq!(encoded.is_ok(), person.check().is_ok());
            if let Ok(pairs) = encoded {
                for (key, value) in &pairs {
                    prop_assert!(key.len() + 1 + value.len() <= 255, "one TXT string (RFC 6763, section 6.1)");
                    let silent = hidden || phrase;
                    prop_assert!(!(silent && matches!(*key, "n" | "s" | "t" | "m")), "nothing of the person");
                }
                let pairs = pairs.iter().map(|(key, value)| (*key, Some(value.as_bytes())));
                let record = decode(&instance(&announcement.device), pairs).unwrap();
                let Announcement { device, person, versions, .. } = announcement;
                let person = (!hidden && !phrase).then_some(person);
                let rooms = rooms && person.is_some();
                let promise = farewell.promise();
                let secret = farewell.0.filter(|_| leaving);
                prop_assert_eq!(
                    record,
                    Record { device, person, phrase, rooms, revision, versions, promise, leaving, secret }
                );
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
                prop_assert!(record.person.is_none_or(|person| person.check().is_ok()));
                prop_assert!(record.versions.len() <= MAX_VERSIONS);
                prop_assert!(negotiate(VERSIONS, &record.versions).is_some());
            }
        }
    }
}
