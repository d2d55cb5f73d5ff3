//! What is signed and compared, byte for byte, in files: for this crate and for its twin in TypeScript, `ui/src/trust`.
//! With `EARSHOT_GENERATE=1` these tests write the files instead.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod code;
mod sdp;
mod seals;

use std::path::Path;

use earshot_identity::DeviceKey;
use serde_json::Value;

/// A device key from its 32 secret bytes (RFC 8032), by way of the file it would lie in (RFC 8410, section 7).
fn key_of(seed: [u8; 32]) -> DeviceKey {
    let mut pkcs8 = data_encoding::HEXLOWER.decode(b"302e020100300506032b657004220420").expect("hex");
    pkcs8.extend_from_slice(&seed);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("device.key");
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        data_encoding::BASE64.encode(&pkcs8)
    );
    std::fs::write(&path, pem).expect("written");
    DeviceKey::load_or_create(&path).expect("a key")
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn compare(name: &str, found: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    if std::env::var_os("EARSHOT_GENERATE").is_some() {
        let text = format!("{}\n", serde_json::to_string_pretty(found).expect("JSON"));
        std::fs::write(&path, text).expect("written");
    } else {
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        // By value: how keys are ordered depends on what else is built beside.
        let written: Value = serde_json::from_str(&written).unwrap_or_default();
        assert!(written == *found, "{name} is not what the code does; `make generate` writes it anew");
    }
}
