//! Who a device is: its key, the certificate made from it, the TLS that accepts nobody else, and signatures.
//!
//! Invariants:
//! * A device *is* its Ed25519 key. No certificate authority, host name or date of a certificate is ever asked.
//! * A key that was once written is never replaced: a file that cannot be read as a key is an error and stays as it is.
//! * The secret half leaves [`DeviceKey`] only into the key file and into rustls. It is not in any `Debug`.
//!
//! Absent on purpose: a list of known devices, names, and the question whether somebody is to be trusted.

mod certificate;
mod file;
mod key;
pub mod tls;

pub use key::{DeviceKey, verify};

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
