//! What of an SDP (RFC 8866) a seal names, and which of its fingerprints are good enough.
//!
//! Not a parser of SDP: it reads lines, and of those only media lines, fingerprints, ufrags and `bundle-only`. What it
//! cannot read it refuses, so that nobody's other reading of the same bytes is let through.

use earshot_protocol::ErrorCode;
use earshot_protocol::limits::{MAX_MESSAGE_BYTES, MAX_SDP_ITEMS};
use earshot_protocol::seal::Essence;

const FINGERPRINT: &str = "a=fingerprint:";
const UFRAG: &str = "a=ice-ufrag:";

/// What [`read`] found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// What a seal names, weak fingerprints among it.
    pub(crate) essence: Essence,
    /// A media section that is used has no strong fingerprint, neither its own nor the session's.
    pub(crate) weak: bool,
}

/// What a seal names of `sdp`: every fingerprint, weak ones among it, and every ufrag.
///
/// # Errors
/// [`ErrorCode::FingerprintWeak`] when a media section that is not rejected (port 0 and not `bundle-only`, RFC 8843
/// section 6) has no fingerprint of SHA-256 or stronger, neither its own nor the session's. [`ErrorCode::Malformed`]
/// when it cannot be read, or has more than [`MAX_SDP_ITEMS`] fingerprints or ufrags.
pub fn essence(sdp: &str) -> Result<Essence, ErrorCode> {
    let reading = read(sdp)?;
    if reading.weak { Err(ErrorCode::FingerprintWeak) } else { Ok(reading.essence) }
}

/// `sdp` without the fingerprints that are weaker than SHA-256 or unreadable; everything else stays byte for byte.
#[must_use]
pub fn without_weak(sdp: &str) -> String {
    sdp.split_inclusive('\n')
        .filter(|line| match strip_end(line).strip_prefix(FINGERPRINT) {
            Some(value) => fingerprint(value).is_ok_and(|fingerprint| is_strong(&fingerprint)),
            None => true,
        })
        .collect()
}

/// A session or media section while its lines go by.
#[derive(Default)]
struct Section {
    rejected_port: bool,
    bundle_only: bool,
    strong: bool,
}

pub(crate) fn read(sdp: &str) -> Result<Reading, ErrorCode> {
    if sdp.len() > MAX_MESSAGE_BYTES as usize || !(sdp.starts_with("v=0\r\n") || sdp.starts_with("v=0\n")) {
        return Err(ErrorCode::Malformed);
    }
    let mut essence = Essence::default();
    // The first section is the session.
    let mut sections = vec![Section::default()];
    for line in sdp.split_inclusive('\n') {
        let line = strip_end(line);
        let bytes = line.as_bytes();
        if bytes.len() < 2
            || !bytes[0].is_ascii_lowercase()
            || bytes[1] != b'='
            || bytes.iter().any(|byte| matches!(byte, b'\r' | 0))
        {
            return Err(ErrorCode::Malformed);
        }
        if let Some(media) = line.strip_prefix("m=") {
            sections.push(Section { rejected_port: port(media)? == 0, ..Section::default() });
            continue;
        }
        let Some(section) = sections.last_mut() else { continue };
        if let Some(value) = line.strip_prefix(FINGERPRINT) {
            let fingerprint = fingerprint(value)?;
            section.strong |= is_strong(&fingerprint);
            push(&mut essence.fingerprints, fingerprint)?;
        } else if let Some(value) = line.strip_prefix(UFRAG) {
            push(&mut essence.ufrags, ufrag(value)?.to_owned())?;
        } else if line == "a=bundle-only" {
            section.bundle_only = true;
        }
    }
    for list in [&mut essence.fingerprints, &mut essence.ufrags] {
        list.sort_unstable();
        list.dedup();
    }
    let session = sections.first().is_some_and(|session| session.strong);
    let weak = !session
        && sections.iter().skip(1).any(|media| !media.strong && (!media.rejected_port || media.bundle_only));
    Ok(Reading { essence, weak })
}

/// RFC 8866, section 9: CRLF, and a lone LF is taken as well.
fn strip_end(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

fn push(list: &mut Vec<String>, item: String) -> Result<(), ErrorCode> {
    if list.len() >= MAX_SDP_ITEMS as usize {
        return Err(ErrorCode::Malformed);
    }
    list.push(item);
    Ok(())
}

/// The port of a media line: `audio 9 UDP/TLS/RTP/SAVPF 111`, with or without a number of ports.
fn port(media: &str) -> Result<u16, ErrorCode> {
    let word = media.split(' ').nth(1).ok_or(ErrorCode::Malformed)?;
    let digits = word.split_once('/').map_or(word, |(port, _)| port);
    if digits.len() > 5 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ErrorCode::Malformed);
    }
    digits.parse().map_err(|_| ErrorCode::Malformed)
}

/// RFC 8122, section 5, in the form that seals name: `sha-256 AB:CD:…`.
fn fingerprint(value: &str) -> Result<String, ErrorCode> {
    let (algorithm, hex) = value.split_once(' ').ok_or(ErrorCode::Malformed)?;
    let algorithm = algorithm.to_ascii_lowercase();
    let hex = hex.to_ascii_uppercase();
    let is_token = (1..=32).contains(&algorithm.len())
        && algorithm.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let pairs = hex.split(':').count();
    let is_hex = pairs <= 64
        && hex.split(':').all(|pair| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if !is_token || !is_hex || length_of(&algorithm).is_some_and(|length| length != pairs) {
        return Err(ErrorCode::Malformed);
    }
    Ok(format!("{algorithm} {hex}"))
}

/// The bytes of the strong hash functions; of others nothing is asked, for they are taken out.
fn length_of(algorithm: &str) -> Option<usize> {
    match algorithm {
        "sha-256" => Some(32),
        "sha-384" => Some(48),
        "sha-512" => Some(64),
        _ => None,
    }
}

fn is_strong(fingerprint: &str) -> bool {
    fingerprint.split_once(' ').is_some_and(|(algorithm, _)| length_of(algorithm).is_some())
}

/// RFC 8839, section 5.4: 4 to 256 letters, digits, `+` and `/`.
fn ufrag(value: &str) -> Result<&str, ErrorCode> {
    let is_ice = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    if (4..=256).contains(&value.len()) && is_ice { Ok(value) } else { Err(ErrorCode::Malformed) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SAMPLES: [&str; 3] = [
        include_str!("../tests/sdp/chromium-offer.sdp"),
        include_str!("../tests/sdp/chromium-answer.sdp"),
        include_str!("../tests/sdp/firefox-offer.sdp"),
    ];
    const WEAK: &str = "a=fingerprint:sha-1 AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD\r\n";

    fn samples() -> Vec<String> {
        SAMPLES.iter().map(|sample| sample.replace('\n', "\r\n")).collect()
    }

    #[test]
    fn browsers_descriptions_are_read() {
        for sdp in samples() {
            let essence = essence(&sdp).unwrap();
            assert_eq!((essence.fingerprints.len(), essence.ufrags.len()), (1, 1));
            assert!(sdp.contains(&essence.fingerprints[0]) && sdp.contains(&essence.ufrags[0]));
            assert_eq!(without_weak(&sdp), sdp);
        }
    }

    #[test]
    fn without_their_strong_fingerprint_they_are_weak() {
        for sdp in samples() {
            let none: String =
                sdp.split_inclusive('\n').filter(|line| !line.starts_with(FINGERPRINT)).collect();
            assert_eq!(essence(&none), Err(ErrorCode::FingerprintWeak));
            let sha1 = none.replace("a=setup", &format!("{WEAK}a=setup"));
            assert_eq!(essence(&sha1), Err(ErrorCode::FingerprintWeak));
            assert_eq!(without_weak(&sha1), none);
        }
    }

    #[test]
    fn one_section_without_is_enough_to_be_weak() {
        let sdp = samples().remove(0);
        let lines: Vec<&str> = sdp.split_inclusive('\n').collect();
        let strong = lines.iter().enumerate().filter(|(_, line)| line.starts_with(FINGERPRINT));
        for (index, _) in strong {
            let without = [&lines[..index], &lines[index + 1..]].concat().concat();
            assert_eq!(essence(&without), Err(ErrorCode::FingerprintWeak));
            let replaced = [&lines[..index], &[WEAK], &lines[index + 1..]].concat().concat();
            assert_eq!(essence(&replaced), Err(ErrorCode::FingerprintWeak));
        }
    }

    #[test]
    fn weak_ones_are_named_and_taken_out() {
        let sdp = samples().remove(0);
        let mixed = sdp.replace("a=setup", &format!("{WEAK}a=setup"));
        let found = essence(&mixed).unwrap();
        assert_eq!(found.fingerprints.len(), 2);
        assert!(found.fingerprints[0].starts_with("sha-1 "));
        assert_eq!(without_weak(&mixed), sdp);
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(text in "(?s).{0,200}") {
            let _ = (essence(&text), without_weak(&text));
        }

        /// Of lines that matter: what is left without weak fingerprints reads as strong or weak as before.
        #[test]
        fn taking_weak_ones_out_changes_nothing_else(picks in prop::collection::vec(0usize..12, 0..24)) {
            let lines = [
                "m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=video 0 UDP/TLS/RTP/SAVPF 96", "a=bundle-only",
                "a=ice-ufrag:abcd", "a=mid:0", "a=fingerprint:sha-1 AA:BB", "a=fingerprint:md5 AA",
                "a=fingerprint:SHA-256 aa", "a=fingerprint:x", "m=audio", "a=setup:actpass",
                "a=fingerprint:sha-256 6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08",
            ];
            let sdp: String = std::iter::once("v=0\r\n".to_owned())
                .chain(picks.iter().map(|pick| format!("{}\r\n", lines[*pick])))
                .collect();
            let left = without_weak(&sdp);
            prop_assert_eq!(&without_weak(&left), &left);
            match (essence(&sdp), essence(&left)) {
                (Ok(before), Ok(after)) => {
                    prop_assert_eq!(before.ufrags, after.ufrags);
                    let strong: Vec<String> =
                        before.fingerprints.into_iter().filter(|one| is_strong(one)).collect();
                    prop_assert_eq!(strong, after.fingerprints);
                }
                // An unreadable fingerprint is gone as well.
                (Err(ErrorCode::Malformed), _) => {}
                (before, after) => prop_assert_eq!(before, after),
            }
        }
    }
}
