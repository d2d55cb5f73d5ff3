//! Who a device is and what it vouches for: its key, the certificate made from it, the TLS that accepts nobody else,
//! signatures, seals on session descriptions, the short code that two people compare, and the office's phrase.
//!
//! Invariants:
//! * A device *is* its Ed25519 key. No certificate authority, host name or date of a certificate is ever asked.
//! * A key that was once written is never overwritten. A file that is there but holds no key is an error and stays as it
//!   is ([`DeviceKey::load_or_create`]), or is moved aside under another name and told ([`DeviceKey::load_or_replace`]).
//!   What the system fails to read is always an error, and nothing is moved.
//! * A file with a secret has mode 0600 from its first byte, and appears whole or not at all: at a kill, a power cut, a
//!   full disk.
//! * The secret half leaves [`DeviceKey`] only into the key file and into rustls. No secret is in any `Debug`.
//!
//! Absent on purpose: a list of known devices, names, and the question whether somebody is to be trusted. Nothing but key
//! and phrase files is IO, and beside the age of files left unfinished no clock is asked.

mod certificate;
mod file;
mod key;
pub mod phrase;
pub mod sdp;
pub mod seal;
pub mod tls;
pub mod verification;

pub use file::replace_private;
pub use key::{DeviceKey, verify};
pub use phrase::PhraseKey;
pub use seal::{Notary, Place, Seals};
pub use verification::Verification;

use std::path::PathBuf;

/// Why a key or a TLS configuration could not be had.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The system gave no key.
    #[error("no key could be made")]
    NoKey,
    /// The key file or its folder could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The key file is there, but holds no Ed25519 key. It was left as it is.
    #[error("{path} is not a device key (PKCS#8 PEM, Ed25519); it was left as it is")]
    CorruptKey {
        /// Which one.
        path: PathBuf,
    },
    /// The device's certificate could not be made.
    #[error("no certificate could be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// rustls refused the configuration.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}
