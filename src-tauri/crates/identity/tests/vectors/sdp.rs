//! `sdp.json`: SDPs, what a seal names of them, and what is left of them without weak fingerprints.

use earshot_identity::sdp::{essence, without_weak};
use serde_json::{Value, json};

const A: &str =
    "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99";
const B: &str =
    "0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9";
const SHA1: &str = "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD";

/// Lines with CRLF after each.
pub(crate) fn lines(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [line, "\r\n"]).collect()
}

/// A session of these media lines and attributes.
pub(crate) fn session(rest: &[&str]) -> String {
    lines(&[&["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0"], rest].concat())
}

fn cases() -> Vec<(String, String)> {
    let strong = format!("a=fingerprint:sha-256 {A}");
    let other = format!("a=fingerprint:sha-256 {B}");
    let lower = format!("a=fingerprint:SHA-256 {}", A.to_lowercase());
    let weak = format!("a=fingerprint:sha-1 {SHA1}");
    let sha384 = format!("a=fingerprint:sha-384 {}", &[A, &A[..47]].join(":"));
    let sha512 = format!("a=fingerprint:sha-512 {A}:{B}");
    let (audio, video) = ("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=video 9 UDP/TLS/RTP/SAVPF 96");
    let ufrag = "a=ice-ufrag:s+lP";
    let many_fingerprints: Vec<String> = (0..17)
        .map(|index| format!("a=fingerprint:sha-256 {}", A.replace("AA", &format!("{index:02X}"))))
        .collect();
    let many = |count: usize| -> String {
        let mut all = vec![audio];
        all.extend(many_fingerprints[..count].iter().map(String::as_str));
        session(&all)
    };
    let mut cases: Vec<(&str, String)> = vec![
        ("no media at all", session(&[])),
        ("one of its own", session(&[audio, ufrag, &strong])),
        ("lone line feeds", session(&[audio, ufrag, &strong]).replace("\r\n", "\n")),
        ("letters of the other case", session(&[audio, ufrag, &lower])),
        ("the session's", session(&[&strong, audio, ufrag, video])),
        (
            "each section its own, ufrags sorted and once",
            session(&[
                audio,
                "a=ice-ufrag:zzzz",
                &other,
                video,
                "a=ice-ufrag:s+lP",
                &strong,
                video,
                ufrag,
                &strong,
            ]),
        ),
        ("the last section has none", session(&[audio, ufrag, &strong, video, ufrag])),
        ("only sha-1", session(&[audio, ufrag, &weak])),
        ("sha-1 for the session", session(&[&weak, audio, ufrag])),
        ("sha-1 beside sha-256", session(&[audio, ufrag, &weak, &strong])),
        ("sha-1 of its own, sha-256 the session's", session(&[&strong, audio, ufrag, &weak])),
        ("sha-256 in one section, sha-1 in the other", session(&[audio, ufrag, &strong, video, &weak])),
        ("sha-384", session(&[audio, ufrag, &sha384])),
        ("sha-512", session(&[audio, ufrag, &sha512])),
        ("a hash nobody knows", session(&[audio, ufrag, "a=fingerprint:sha3-256 AA:BB"])),
        (
            "a rejected section needs none",
            session(&[audio, ufrag, &strong, "m=video 0 UDP/TLS/RTP/SAVPF 96", "a=inactive"]),
        ),
        (
            "a bundle-only section needs one",
            session(&[audio, ufrag, &strong, "m=video 0 UDP/TLS/RTP/SAVPF 96", "a=bundle-only"]),
        ),
        (
            "a bundle-only section with one",
            session(&[audio, ufrag, &strong, "m=video 0 UDP/TLS/RTP/SAVPF 96", "a=bundle-only", &strong]),
        ),
        ("a number of ports", session(&["m=audio 49170/2 RTP/AVP 0", ufrag, &strong])),
        ("sixteen fingerprints", many(16)),
        ("seventeen fingerprints", many(17)),
        ("seventeen ufrags, all the same", session(&[&[audio, &strong] as &[&str], &[ufrag; 17]].concat())),
        ("sha-256 too short", session(&[audio, "a=fingerprint:sha-256 AA:BB"])),
        ("no hex", session(&[audio, "a=fingerprint:sha-1 XX:YY"])),
        ("one digit", session(&[audio, "a=fingerprint:sha-1 A:B"])),
        ("no value", session(&[audio, "a=fingerprint:sha-256"])),
        ("two spaces", session(&[audio, &strong.replace("sha-256 ", "sha-256  ")])),
        ("a space after it", session(&[audio, &format!("{strong} ")])),
        ("an unreadable one beside a strong one", session(&[audio, &strong, "a=fingerprint:"])),
        (
            "an attribute of another case is none",
            session(&[audio, &strong.replace("fingerprint", "Fingerprint")]),
        ),
        ("a ufrag too short", session(&[audio, &strong, "a=ice-ufrag:abc"])),
        ("a ufrag with a comma", session(&[audio, &strong, "a=ice-ufrag:ab,d"])),
        ("no port", session(&["m=audio", &strong])),
        ("a port with a sign", session(&["m=audio +9 RTP/AVP 0", &strong])),
        ("a port too high", session(&["m=audio 65536 RTP/AVP 0", &strong])),
        ("empty", String::new()),
        ("another version", session(&[]).replace("v=0", "v=1")),
        ("an empty line", session(&[audio, &strong, ""])),
        ("a line of one letter", session(&[audio, &strong, "a"])),
        ("a line without a type", session(&[audio, &strong, "=a"])),
        ("a carriage return in a line", session(&[audio, "a=x\ra=y", &strong])),
        ("two carriage returns", session(&[audio, &format!("{strong}\r")])),
        ("a NUL", session(&[audio, "a=x\0", &strong])),
        ("no line end at the end", session(&[audio, ufrag, &strong]).trim_end().to_owned()),
        ("other letters", session(&[audio, "a=x:\u{e9}\u{4e2d}", &strong])),
    ];
    for (name, text) in [
        ("an offer of Chromium", include_str!("../sdp/chromium-offer.sdp")),
        ("an answer of Chromium", include_str!("../sdp/chromium-answer.sdp")),
        ("an offer in the form of Firefox", include_str!("../sdp/firefox-offer.sdp")),
    ] {
        cases.push((name, text.replace('\n', "\r\n")));
    }
    cases.into_iter().map(|(name, sdp)| (name.to_owned(), sdp)).collect()
}

#[test]
fn sdps_are_what_the_file_says() {
    let cases: Vec<Value> = cases()
        .into_iter()
        .map(|(name, sdp)| {
            let without_weak = without_weak(&sdp);
            let mut case = json!({ "name": name, "without_weak": without_weak, "sdp": sdp });
            match essence(&sdp) {
                Ok(found) => {
                    case["essence"] = json!({ "fingerprints": found.fingerprints, "ufrags": found.ufrags });
                }
                Err(code) => case["code"] = json!(code),
            }
            case
        })
        .collect();
    crate::compare("sdp.json", &json!(cases));
}
