//! `ui/src/gen/protocol.ts` is what the types say. With `EARSHOT_GENERATE=1` this test writes the file instead.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::path::Path;

use earshot_protocol::{
    ErrorCode, chat, error, files, hub, limits, listing, owner, peer, person, room, seal, trust,
};
use ts_rs::{Config, TS};

macro_rules! declarations {
    ($config:expr, $($type:ty)*) => {
        [$(declaration::<$type>($config)),*]
    };
}

fn declaration<T: TS>(config: &Config) -> String {
    let docs = T::docs().unwrap_or_default();
    format!("{docs}export {}\n", T::decl(config))
}

fn typescript() -> String {
    let config = Config::new();
    let mut text =
        String::from("// Generated from src-tauri/crates/protocol by `make generate`. Do not edit.\n\n");
    for declaration in declarations!(&config,
        error::ErrorCode
        person::Status person::Person person::DeviceKind person::Reach person::Presence person::Media
        earshot_protocol::HubRef earshot_protocol::RoomRef
        hub::ToHub hub::Hello hub::Binding hub::PhraseProof hub::Resume hub::Request hub::RingAnswer hub::RingEnd
        hub::Signal hub::Description hub::DescriptionKind seal::Seal seal::Verify hub::Candidate
        hub::FromHub hub::Welcome hub::IceServer hub::HubMessage hub::Reply hub::Event
        room::Door room::RoomRules room::RoomState room::Participant room::Home room::Whereabouts room::HeldRoom
        room::RoomSummary room::LeaveReason
        listing::OpenRoom listing::FoundRoom
        owner::ToNode owner::FromNode owner::OwnerRequest owner::OwnerReply owner::OwnerEvent owner::NodeState
        owner::Settings owner::SettingsChange owner::Language owner::Theme owner::Capture owner::ServerState
        owner::NetworkState owner::NetworkProblem owner::Direction owner::CallRecord
        owner::Verification owner::VerifyStage owner::VerifyStep owner::StartNote
        trust::Trust trust::NameWarning trust::Standing trust::KnownDevice
        peer::Control peer::Reaction peer::ShownSize
        files::FileMessage files::FileEnd files::FileRequest files::FileReply
        chat::ChatMessage chat::PastMessage chat::PastReaction chat::ChatReaction
    ) {
        text.push_str(&declaration);
        text.push('\n');
    }
    // The ids are texts; the names keep their meaning.
    for (name, doc) in [
        ("DeviceId", "SHA-256 of a device's public key, base32."),
        ("PublicKey", "An Ed25519 public key, base32."),
        ("Signature", "An Ed25519 signature, base32."),
        ("Nonce", "What a hub asks a visitor to sign, base32."),
        ("Digest", "SHA-256 or a code made with it, base32."),
        ("PakeMessage", "One side's message of SPAKE2, base32."),
        ("FileId", "Names a file that somebody offers, base32."),
        ("MessageId", "Names one of somebody's chat messages, base32."),
        ("RoomId", "Names a room, base32."),
        ("RoomCode", "A room's code: nine digits."),
        ("RingId", "Names a ring, base32."),
        ("ResumeToken", "The secret that brings a place back, base32."),
    ] {
        let _ = writeln!(text, "/** {doc} */\nexport type {name} = string;\n");
    }
    let _ = writeln!(text, "/** Every error code. */\nexport const ERROR_CODES: readonly ErrorCode[] = [");
    for code in ErrorCode::ALL {
        let _ = writeln!(text, "  \"{code}\",");
    }
    text.push_str("];\n\n/** Every limit; times in ms, sizes in bytes. */\nexport const LIMITS = {\n");
    for (name, value) in limits::ALL {
        let _ = writeln!(text, "  {name}: {value},");
    }
    text.push_str("} as const;\n\n");
    let _ = writeln!(
        text,
        "/** The WebSocket subprotocol. */\nexport const SUBPROTOCOL = \"{}\";\n",
        earshot_protocol::SUBPROTOCOL
    );
    let _ = writeln!(
        text,
        "/** The protocol versions of this build, best first. */\nexport const VERSIONS: readonly number[] = {:?};",
        earshot_protocol::VERSIONS
    );
    text
}

#[test]
fn typescript_is_what_the_types_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../ui/src/gen/protocol.ts");
    let wanted = typescript();
    if std::env::var_os("EARSHOT_GENERATE").is_some() {
        std::fs::create_dir_all(path.parent().expect("the file has a folder"))
            .expect("the folder can be made");
        std::fs::write(&path, wanted).expect("the file can be written");
        return;
    }
    let found = std::fs::read_to_string(&path).expect("ui/src/gen/protocol.ts exists; run `make generate`");
    assert!(found == wanted, "ui/src/gen/protocol.ts is stale: run `make generate`");
}
