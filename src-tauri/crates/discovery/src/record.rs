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
