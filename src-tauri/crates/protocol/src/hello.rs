//! How a visitor shows a hub who it is: the answer to the challenge (PROTOCOL.md, section 4).

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    DeviceId, DeviceKind, Digest, Nonce, PakeMessage, Person, PublicKey, ResumeToken, Seq, Signature,
};

/// Who knocks. The signature is over [`hello_to_sign`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Hello {
    /// Versions the visitor speaks.
    pub versions: Vec<u16>,
    /// The device's public key.
    pub key: PublicKey,
    /// An install or a guest.
    pub kind: DeviceKind,
    /// What the device says of itself.
    pub person: Person,
    /// What the signature is bound to beside hub and challenge.
    #[serde(default)]
    pub binding: Binding,
    /// Proof that the visitor holds the key, for this hub, this challenge and this connection.
    pub signature: Signature,
    /// Proof that the visitor knows the office's phrase; in answer to a challenge that asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub phrase: Option<PhraseProof>,
    /// A place to have back after a dropped connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub resume: Option<Resume>,
}

/// A place to have back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Resume {
    /// The token of the last welcome.
    pub token: ResumeToken,
    /// The highest number received: what comes after is sent again.
    pub seen: Seq,
}

/// What ties a hello to its connection, so that whoever stands between cannot pass it on. A hub takes from an install
/// the one that its challenge names, and nothing else; an install that is lied to about it signs what the hub it was
/// meant for does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Binding {
    /// Nothing: guests only. A browser's page cannot know its connection, and its key belongs to the server's origin.
    #[default]
    None,
    /// The TLS exporter of the connection (RFC 9266), where the hub ends TLS itself.
    TlsExporter,
    /// The host name that the visitor dialled, see [`server_name`]: where a proxy ends TLS, there are two connections.
    ServerName,
}

/// Proof of knowing the office's phrase: the visitor's half of SPAKE2 (RFC 9382) and its key confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PhraseProof {
    /// The visitor's message.
    pub message: PakeMessage,
    /// The visitor's confirmation.
    pub confirmation: Digest,
}

/// The bytes that a hello's signature covers: a label, the hub's device id, the nonce, the device's own key, and what
/// the hello is bound to: the TLS exporter of the connection, [`server_name`], or zeros with [`Binding::None`]. So a
/// proof made for one hub and connection is worth nothing at another.
#[must_use]
pub fn hello_to_sign(hub: &DeviceId, nonce: &Nonce, key: &PublicKey, bound: Option<&[u8; 32]>) -> Vec<u8> {
    let mut bytes = b"earshot hello v1\0".to_vec();
    bytes.extend_from_slice(&hub.0);
    bytes.extend_from_slice(&nonce.0);
    bytes.extend_from_slice(&key.0);
    bytes.extend_from_slice(bound.unwrap_or(&[0; 32]));
    bytes
}

/// What stands in a hello's signature with [`Binding::ServerName`]: SHA-256 over a label, a zero byte and the host, a
/// name in lower case without a dot at its end or an IP address without brackets; no port.
#[must_use]
pub fn server_name(host: &str) -> [u8; 32] {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    // An address has many spellings.
    let host = host.parse::<std::net::IpAddr>().map_or(host, |address| address.to_string());
    let mut hashed = b"earshot server name v1\0".to_vec();
    hashed.extend_from_slice(host.as_bytes());
    let mut name = [0; 32];
    name.copy_from_slice(digest::digest(&digest::SHA256, &hashed).as_ref());
    name
}
