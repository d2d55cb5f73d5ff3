//! Records that anybody may announce on the network: what is believed of them is within bounds, and says the same when it
//! is announced again.
#![no_main]

use earshot_discovery::Announcement;
use earshot_discovery::record::{self, Farewell, Purpose, decode, encode, instance};
use earshot_protocol::{DeviceId, Person, VERSIONS, negotiate};
use libfuzzer_sys::fuzz_target;

/// A key and its value.
type Pair<'a> = (&'a str, Option<&'a [u8]>);

/// The instance's name and a zero byte, then what a TXT record's data is (RFC 6763, section 6.1): strings, each after
/// its length. An empty name stands for the one that fits the record's id, and `+` before it for a good id and version
/// in front of the record.
fn announced(data: &[u8]) -> Option<(&str, Vec<Pair<'_>>)> {
    let (name, mut rest) = data.split_at(data.iter().position(|byte| *byte == 0)?);
    rest = &rest[1..];
    let mut pairs = Vec::new();
    while let Some((length, after)) = rest.split_first() {
        let (string, after) = after.split_at_checked(usize::from(*length)).unwrap_or((after, &[]));
        rest = after;
        let (key, value) = match string.iter().position(|byte| *byte == b'=') {
            Some(at) => (&string[..at], Some(&string[at + 1..])),
            None => (string, None),
        };
        pairs.push((std::str::from_utf8(key).ok()?, value));
    }
    Some((std::str::from_utf8(name).ok()?, pairs))
}

fuzz_target!(|data: &[u8]| {
    let Some((name, said)) = announced(data) else { return };
    let id = DeviceId([7; 32]).to_string();
    let good = [("id", Some(id.as_bytes())), ("v", Some(b"1".as_slice()))];
    let (own, name) = match name.strip_prefix('+') {
        Some(name) => (good.as_slice(), name),
        None => (&[] as &[_], name),
    };
    let pairs: Vec<Pair<'_>> = own.iter().copied().chain(said).collect();
    let fits = || {
        let (_, id) = pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case("id"))?;
        let device: DeviceId = std::str::from_utf8((*id)?).ok()?.parse().ok()?;
        Some(instance(&device))
    };
    let name = if name.is_empty() { fits().unwrap_or_default() } else { name.to_owned() };
    let Ok(found) = decode(&name, pairs) else { return };

    assert!(name.eq_ignore_ascii_case(&instance(&found.device)));
    assert!(negotiate(VERSIONS, &found.versions).is_some());
    assert!(found.versions.len() <= record::MAX_VERSIONS);
    if let Some(person) = &found.person {
        assert_eq!(person.check(), Ok(()));
    }
    let announcement = Announcement {
        device: found.device,
        person: found.person.clone().unwrap_or_else(|| Person::named("nobody")),
        hidden: found.person.is_none(),
        phrase: found.phrase,
        rooms: found.rooms,
        port: 1,
        versions: found.versions.clone(),
    };
    let purpose = if found.leaving { Purpose::Leaving } else { Purpose::Present };
    let again = encode(&announcement, found.revision, &Farewell::default(), purpose)
        .expect("what is believed can be announced");
    let again: Vec<_> = again.iter().map(|(key, value)| (*key, Some(value.as_bytes()))).collect();
    let again = decode(&instance(&found.device), again).expect("what is announced is believed");
    assert_eq!(
        (
            again.device,
            again.person,
            again.phrase,
            again.rooms,
            again.revision,
            again.versions,
            again.leaving
        ),
        (
            found.device,
            found.person,
            found.phrase,
            found.rooms,
            found.revision,
            found.versions,
            found.leaving
        )
    );
});
