//! Writes the seeds: a few small inputs for each target, in today's messages.
//!   cargo run --manifest-path fuzz/Cargo.toml --example seeds

use std::fs;
use std::num::NonZeroU16;
use std::path::Path;

use earshot_protocol::chat::{ChatReaction, PastMessage, PastReaction};
use earshot_protocol::hub::{
    Binding, Candidate, Description, DescriptionKind, HubMessage, PhraseProof, RingAnswer, RingEnd, Signal,
};
use earshot_protocol::owner::{OwnerRequest, SettingsChange, VerifyStep};
use earshot_protocol::{
    ChatMessage, Control, DeviceId, DeviceKind, Digest, ErrorCode, Event, FromHub, FromNode, Hello, HubRef,
    Media, MessageId, Nonce, PakeMessage, Person, Presence, PublicKey, Reach, Reply, Request, Resume,
    ResumeToken, RingId, RoomId, RoomRef, RoomRules, Seal, ShownSize, Signature, ToHub, ToNode, Verify,
    Welcome,
};
use serde::Serialize;

const DEVICE: DeviceId = DeviceId([7; 32]);
const ROOM: RoomId = RoomId([8; 16]);
const STRONG: &str = "a=fingerprint:sha-256 6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08\r\n";
const WEAK: &str = "a=fingerprint:sha-1 6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64\r\n";

fn write(target: &str, name: &str, bytes: impl AsRef<[u8]>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(name), bytes).expect("written");
}

fn json(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("JSON")
}

fn sdp(fingerprints: &[&str]) -> String {
    let media = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:s+lP\r\na=mid:0\r\n";
    ["v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", media, &fingerprints.concat()].concat()
}

fn hub_ref() -> HubRef {
    HubRef { device: DEVICE, addresses: vec!["192.0.2.1:4000".into()] }
}

fn description(kind: DescriptionKind) -> Description {
    let seal =
        Seal { key: PublicKey([9; 32]), kind: DeviceKind::Guest, sequence: 1, signature: Signature([3; 64]) };
    Description { kind, sdp: sdp(&[STRONG]), round: 1, seal: Some(seal) }
}

fn hello() -> Hello {
    Hello {
        versions: vec![1],
        key: PublicKey([9; 32]),
        kind: DeviceKind::Install,
        person: Person::named("Ann"),
        binding: Binding::TlsExporter,
        signature: Signature([3; 64]),
        phrase: Some(PhraseProof { message: PakeMessage([b'B'; 33]), confirmation: Digest([4; 32]) }),
        resume: Some(Resume { token: ResumeToken([5; 32]), seen: 3 }),
    }
}

fn challenge() -> FromHub {
    let phrase = Some(PakeMessage([b'A'; 33]));
    FromHub::Challenge {
        versions: vec![1],
        hub: DEVICE,
        nonce: Nonce([6; 32]),
        binding: Binding::TlsExporter,
        phrase,
    }
}

fn wire() {
    let request = |request| json(&ToHub::Request { id: 1, request });
    let room = || RoomRef { hub: hub_ref(), room: ROOM };
    let signal = |signal| Request::Signal { room: ROOM, to: DEVICE, signal };
    let ring = RingId([1; 16]);
    let declined = RingAnswer::Declined { message: Some("later".into()) };
    let candidate = Candidate {
        candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host ufrag s+lP".into(),
        sdp_mid: Some("0".into()),
        sdp_m_line_index: Some(0),
        username_fragment: Some("s+lP".into()),
    };
    let offer = || Signal::Description { description: description(DescriptionKind::Offer) };
    write("wire", "hello", json(&ToHub::Hello(hello())));
    write("wire", "ping", json(&ToHub::Ping { seen: 4 }));
    write("wire", "set-person", request(Request::SetPerson { person: Person::named("Ann") }));
    write(
        "wire",
        "create-room",
        request(Request::CreateRoom { via: Some(DEVICE), rules: RoomRules::open_to(2), media: Media::Voice }),
    );
    write("wire", "join", request(Request::Join { room: room(), media: Media::Video, password: None }));
    write("wire", "ring", request(Request::Ring { to: DEVICE, room: room(), media: Media::Voice }));
    write("wire", "answer", request(Request::AnswerRing { ring, answer: declined }));
    write("wire", "block", request(Request::SetBlocked { devices: vec![DEVICE, DeviceId([1; 32])] }));
    write("wire", "offer", request(signal(offer())));
    write("wire", "candidate", request(signal(Signal::Candidate { candidate: Some(candidate) })));
    let message = |message| json(&FromHub::Message { seq: 1, message });
    let presence = Presence {
        device: DEVICE,
        person: Person::named("Bob"),
        kind: DeviceKind::Install,
        reach: Reach::Here,
        via: Some(DEVICE),
        standing: None,
    };
    let welcome = Welcome {
        version: 1,
        you: DEVICE,
        hub: hub_ref(),
        title: "Office".into(),
        people: vec![presence.clone()],
        rooms: Vec::new(),
        ice_servers: Vec::new(),
        resume: ResumeToken([5; 32]),
        phrase: Some(Digest([4; 32])),
        resumed: false,
    };
    write("wire", "challenge", json(&challenge()));
    write("wire", "welcome", json(&FromHub::Welcome(welcome)));
    write("wire", "refused", json(&FromHub::Refused { code: ErrorCode::PhraseWrong }));
    write("wire", "ok", message(HubMessage::Ok { id: 1, reply: Reply::Ring { ring } }));
    write(
        "wire",
        "ringing",
        message(HubMessage::Event {
            event: Event::Ringing { ring, from: presence, room: room(), media: Media::Video },
        }),
    );
    write(
        "wire",
        "ring-ended",
        message(HubMessage::Event {
            event: Event::RingEnded { ring, end: RingEnd::Declined { message: None } },
        }),
    );
    let owner = |request| json(&ToNode::Owner { id: 2, request });
    let change =
        SettingsChange { only_known: Some(true), name: Some("Ann".into()), ..SettingsChange::default() };
    write("wire", "change-settings", owner(OwnerRequest::ChangeSettings { change: Box::new(change) }));
    write(
        "wire",
        "open",
        owner(OwnerRequest::Open {
            hub: DEVICE,
            room: ROOM,
            from: DEVICE,
            description: description(DescriptionKind::Answer),
        }),
    );
    let step = VerifyStep::Heard { verify: Verify::Reveal { nonce: Nonce([6; 32]) } };
    write("wire", "verify", owner(OwnerRequest::Verify { hub: DEVICE, room: ROOM, with: DEVICE, step }));
    write("wire", "owner-error", json(&FromNode::OwnerError { id: 2, code: ErrorCode::DeviceUnknown }));
    write(
        "wire",
        "control-state",
        json(&Control::State { microphone: true, camera: false, screen: false, full_hd: true, hand: None }),
    );
    write("wire", "control-signal", json(&Control::Signal { signal: offer() }));
    let size = NonZeroU16::new(640).map(|side| ShownSize { width: side, height: side });
    write("wire", "control-want", json(&Control::Want { camera: size, screen: None }));
    let (id, from) = (MessageId([2; 16]), DEVICE);
    let past = PastMessage { id, from, name: "Bob".into(), text: "hello".into(), at: 7 };
    let reactions = vec![PastReaction { from, author: from, id, reaction: ChatReaction::Heart }];
    let history = ChatMessage::History { now: 9, messages: vec![past], reactions, last: true };
    write("wire", "chat-text", json(&ChatMessage::Text { id, text: "hello".into(), at: 7 }));
    write("wire", "chat-history", json(&history));
    let verify = Verify::Commit { commitment: Digest([4; 32]) };
    write("wire", "control-verify", json(&Control::Verify { verify }));
}

fn sdps() {
    let with = |head: &[u8], sdp: &str| [head, sdp.as_bytes()].concat();
    let mixed = sdp(&[WEAK, STRONG]);
    write("sdp", "sealed", with(b"S__\0", &sdp(&[STRONG])));
    write("sdp", "weak", with(b"S__\0", &sdp(&[WEAK])));
    write("sdp", "mixed", with(b"S__\x01", &mixed));
    write("sdp", "answer", with(b"s__\0", &mixed));
    write("sdp", "made", with(&[b"M__\0".as_slice(), &[1; 104]].concat(), &sdp(&[STRONG])));
    write("sdp", "made-by-a-key", with(&[b"MK_\0".as_slice(), &[1; 104]].concat(), &sdp(&[STRONG])));
    write("sdp", "bent", with(b"BX_\0\0\x20", &sdp(&[STRONG])));
    write("sdp", "moved", with(b">CR\0", &sdp(&[STRONG])));
    write("sdp", "twice", with(b">BR\0", &mixed));
    write("sdp", "rejected", with(b"S__\0", &(sdp(&[STRONG]) + "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n")));
    let bundled = "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=bundle-only\r\n";
    write("sdp", "bundle-only", with(b"S__\0", &(sdp(&[STRONG]) + bundled)));
    let session = format!("v=0\r\n{STRONG}m=audio 9 RTP/AVP 0\r\n{bundled}");
    write("sdp", "session", with(b"S__\0", &session));
}

fn records() {
    let record = |name: &str, strings: &[&str]| {
        let mut bytes = name.as_bytes().to_vec();
        bytes.push(0);
        for string in strings {
            bytes.push(u8::try_from(string.len()).expect("short"));
            bytes.extend_from_slice(string.as_bytes());
        }
        bytes
    };
    let id = format!("id={DEVICE}");
    write("txt", "named", record("", &["v=1", &id, "n=Ann", "s=busy", "t=in a meeting", "r=7"]));
    write("txt", "hidden", record("", &["v=2,1", &id, "r=7"]));
    write("txt", "phrase", record("+", &["p=", "n=Ann"]));
    write("txt", "leaving", record("+", &["n=Ann", "b=", "r=18446744073709551615"]));
    write("txt", "misleading", record("+", &["n=A\u{202e}nn", "s=x"]));
    write("txt", "upper-case", record("+", &["N=Ann", "n=Bob", "S=away", "flag"]));
    write("txt", "another-instance", record("aaaaaaaaaaaaaaaa", &["v=1", &id]));
}

fn stories() {
    // Ann and Bob come; she makes a room, rings, he answers and joins; they drop and come back.
    let call = "C\0n\0C\x01n\0M\0_\x02R\0\x01\0A\x01\0yJ\x01\0\0>\x01\0\0D\x01__U___C\x01o\0P\x01__L\0\0_";
    for (name, first) in [("call", "S"), ("call-lan", "L")] {
        write("resume", name, [first, call].concat());
    }
    write("resume", "replaced-token", "SC\0n\0D\0__C\0o\0D\0__C\0o\x01P\0__D\0__C\0o\x01");
    write("resume", "anothers-token", "SC\0n\0C\x01n\0D\x01__C\x01\0\0");
    write("resume", "guessed-token", "SC\0g\x07C\x01g\x07");
    write("resume", "wrong-number", "SC\0n\0C\x01n\0D\0__O_\x7f\x7fC\0o\0O_\0\x09P\0__");
    write("resume", "grace-over", "SC\0n\0D\0__U___C\0o\0U___U___");
    write("resume", "flood", "SC\0n\0C\x01n\0F_\x02\x58S\0\0\0U___C\0o\0");
    write("resume", "rings-flood", "SC\0n\0C\x01n\0M\0_\x02F_\0\x20R\0\x01\0X\0\0_T_\x27\x10R\0\x01\0");
    write("resume", "block", "SC\0n\0C\x01n\0B\x01\0\x01M\0_\x02R\0\x01\0S\x01\0\0U___U___U___U___");
    write("resume", "vanish", "SC\0n\0V\0__C\0o\0U___N___@_\x10_H___C\x02n\0");
}

fn doors() {
    write("handshake", "hello", format!("h{}", json(&ToHub::Hello(hello()))));
    write("handshake", "challenge", format!("c{}", json(&challenge())));
    let bytes = |what: &[u8], parts: &[&[u8]]| [what, &parts.concat()].concat();
    write("handshake", "here", bytes(b"e", &[&[1; 32], &[2; 32], &[3; 32]]));
    write("handshake", "elsewhere", bytes(b"e", &[&[1; 32], &[2; 32], &[4; 32]]));
    write("handshake", "signature", bytes(b"s", &[&[1; 64]]));
    let mut neutral = [0; 32];
    neutral[0] = 1;
    write("handshake", "everybodys-key", bytes(b"a", &[&neutral, &neutral, &[0; 32]]));
    write("handshake", "anybodys-key", bytes(b"a", &[&[9; 32], &[3; 64]]));
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    let certificate = rcgen::CertificateParams::default().self_signed(&pair).expect("a certificate");
    write("handshake", "certificate", bytes(b"d", &[certificate.der()]));
    write("handshake", "good-certificate", b"b");
    write("handshake", "bent-certificate", b"b\0\x20\x01\0\x40\x02");
    // Found once: the outermost tag is not signed.
    write("handshake", "certificate-of-another-class", b"b\0\0\x70");
    for (name, what, side) in [("phrase-to-hub", b"p", b'B'), ("phrase-to-visitor", b"q", b'A')] {
        let mut point = [0x66; 33];
        (point[0], point[1]) = (side, 0x58);
        write("handshake", name, bytes(what, &[&point, &[4; 32]]));
    }
}

/// What browsers offer and answer, kept by the crate for its own tests.
fn calls() {
    let texts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src-tauri/crates/rtc/tests/sdp");
    let text = |name: &str| fs::read_to_string(texts.join(name)).expect("a text");
    let candidate = "Ccandidate:1 1 udp 2122187007 192.0.2.2 5000 typ host";
    for name in ["chromium-tracks", "firefox-tracks", "firefox-simulcast", "chromium-simulcast"] {
        let offer = text(&format!("{name}.sdp"));
        write("rtc_sdp", name, format!("O{offer}\x1e{candidate}\x1eW\x1eO{offer}"));
    }
    for name in ["safari-offer", "webview2-offer", "firefox-offer"] {
        write("rtc_sdp", name, format!("O{}", text(&format!("{name}.sdp"))));
    }
    let section = |at: usize, media: &str, more: &str| {
        let ice = "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:active\r\n";
        format!("m={media}\r\nc=IN IP4 0.0.0.0\r\na=mid:{{{at}}}\r\n{ice}{STRONG}{more}")
    };
    let audio = "a=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n";
    let video =
        "a=recvonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n";
    let answer = [
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {0} {1} {2}\r\n".to_owned(),
        section(0, "audio 9 UDP/TLS/RTP/SAVPF 111", audio),
        section(1, "video 9 UDP/TLS/RTP/SAVPF 96 97", video),
        section(2, "application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=sctp-port:5000\r\n"),
    ]
    .concat();
    write("rtc_sdp", "answer", format!("A{answer}\x1e{candidate}\x1eW\x1eR{answer}"));
    write(
        "rtc_sdp",
        "datagrams",
        b"W\x1eD\x00\x01\x00\x00\x21\x12\xa4\x42aaaaaaaaaaaa\x1eD\x16\xfe\xfd\x1eD\x80\x60",
    );
}

fn main() {
    wire();
    sdps();
    records();
    stories();
    doors();
    calls();
}
