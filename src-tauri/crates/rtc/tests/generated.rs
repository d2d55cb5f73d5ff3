//! `ui/src/rtc/wire.ts` is what the types say. With `WEBVIEW_RTC_GENERATE=1` this test writes the file instead.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::path::Path;

use ts_rs::{Config, TS};
use webview_rtc::{frame, wire};

macro_rules! declarations {
    ($config:expr, $($type:ident)*) => {
        [$(declaration::<wire::$type>($config)),*]
    };
}

fn declaration<T: TS>(config: &Config) -> String {
    let docs = T::docs().unwrap_or_default();
    format!("{docs}export {}\n", T::decl(config))
}

fn typescript() -> String {
    let config = Config::new();
    let mut text =
        String::from("// Generated from the crate webview-rtc by `make generate`. Do not edit.\n\n");
    for declaration in declarations!(&config,
        FromPage ToPage Fault IceServer Configuration Kind Direction Codec Transceiver SdpType ChannelInit Encoding
        Priority SourceOptions Request Reply LineId RemoteMedia Event LocalCandidate PairEnd Gathering IceState DtlsState
    ) {
        text.push_str(&declaration);
        text.push('\n');
    }
    let constants: [(&str, u64); 14] = [
        ("FIRST_REMOTE_CHANNEL", wire::FIRST_REMOTE_CHANNEL.into()),
        ("MAX_MESSAGE_BYTES", wire::MAX_MESSAGE_BYTES as u64),
        ("MAX_CHANNELS", wire::MAX_CHANNELS as u64),
        ("MAX_CONNECTIONS", wire::MAX_CONNECTIONS as u64),
        ("HEADER_BYTES", frame::HEADER_BYTES as u64),
        ("KEYFRAME", frame::KEYFRAME.into()),
        ("CONTIGUOUS", frame::CONTIGUOUS.into()),
        ("TEXT", frame::TEXT.into()),
        ("FRAME_PICTURE", frame::Kind::Picture as u64),
        ("FRAME_CAPTURED", frame::Kind::Captured as u64),
        ("FRAME_SOUND", frame::Kind::Sound as u64),
        ("FRAME_PLAYED", frame::Kind::Played as u64),
        ("FRAME_DATA", frame::Kind::Data as u64),
        ("MAX_BINARY_BYTES", wire::MAX_BINARY_BYTES as u64),
    ];
    for (name, value) in constants {
        let _ = writeln!(text, "export const {name} = {value};");
    }
    let _ = writeln!(
        text,
        "/** By a picture's codec byte. */\nexport const CODECS = {:?} as const;",
        frame::CODECS
    );
    text
}

#[test]
fn the_typescript_is_what_the_types_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../ui/src/rtc/wire.ts");
    let now = typescript();
    if std::env::var_os("WEBVIEW_RTC_GENERATE").is_some() {
        std::fs::write(&path, now).expect("the file is written");
        return;
    }
    let committed = std::fs::read_to_string(&path).expect("the file is there");
    assert!(committed == now, "ui/src/rtc/wire.ts is not what the types say: run `make generate`");
}
