//! The device key.

use std::fmt;
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use curve25519_dalek::edwards::CompressedEdwardsY;
use earshot_protocol::{DeviceId, PublicKey, Signature};
use zeroize::Zeroizing;

use crate::{IdentityError, file};

/// A device's Ed25519 key pair (RFC 8032). Made once, at the first start.
pub struct DeviceKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DeviceKey({:?})", self.device_id())
    }
}

impl DeviceKey {
    /// Makes a new key that lives in memory only.
    ///
    /// # Errors
    /// [`IdentityError::NoKey`] when the system has no randomness to give.
    pub fn generate() -> Result<Self, IdentityError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| IdentityError::NoKey)?;
        Self::of(pair).ok_or(IdentityError::NoKey)
    }

    /// Reads the key at `path` (PKCS#8 PEM, RFC 5958 and RFC 7468), or makes one and writes it there.
    ///
    /// The file has mode 0600 from its first byte and appears whole or not at all; a looser mode that is found is
    /// tightened. A folder that is missing is made with mode 0700. Of two programs that start at once, both get the
    /// key of the one that was first.
    ///
    /// # Errors
    /// [`IdentityError::CorruptKey`] when the file holds anything but such a key: it stays as it is.
    /// [`IdentityError::File`] when it cannot be read or written.
    pub fn load_or_create(path: impl AsRef<Path>) -> Result<Self, IdentityError> {
        let path = path.as_ref();
        if let Some(key) = Self::load(path)? {
            return Ok(key);
        }
        let key = Self::generate()?;
        if file::write_new_pem(path, &key.pkcs8()?)? {
            return Ok(key);
        }
        Self::load(path)?.ok_or(IdentityError::NoKey)
    }

    /// The same, but a file that holds anything but such a key is moved to `<name>.unreadable-N` beside it (the first N that
    /// is free), and a new key is made. The path it lies at now comes back: the owner has to be told, for nobody knows
    /// this device any more.
    ///
    /// # Errors
    /// [`IdentityError::File`] when something cannot be read or written. A key that the system fails to read is not
    /// unreadable: it is never replaced.
    pub fn load_or_replace(path: impl AsRef<Path>) -> Result<(Self, Option<PathBuf>), IdentityError> {
        let path = path.as_ref();
        match Self::load_or_create(path) {
            Err(IdentityError::CorruptKey { .. }) => {
                let aside = file::set_aside(path)?;
                Ok((Self::load_or_create(path)?, Some(aside)))
            }
            other => Ok((other?, None)),
        }
    }

    fn load(path: &Path) -> Result<Option<Self>, IdentityError> {
        let Some(pkcs8) = file::read_pem(path)? else { return Ok(None) };
        let corrupt = || IdentityError::CorruptKey { path: path.to_owned() };
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|_| corrupt())?;
        Self::of(pair).ok_or_else(corrupt).map(Some)
    }

    fn of(pair: Ed25519KeyPair) -> Option<Self> {
        let public = PublicKey(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { pair, public })
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    /// The device's id.
    #[must_use]
    pub fn device_id(&self) -> DeviceId {
        self.public.device_id()
    }

    /// Signs `message`. Every message begins with a label of its own, so that a signature for one purpose is worth
    /// nothing for another; see for example [`hello_to_sign`](earshot_protocol::hub::hello_to_sign).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        let mut signature = [0; 64];
        // Ed25519 signatures have 64 bytes, always (RFC 8032, section 5.1.6).
        signature.copy_from_slice(self.pair.sign(message).as_ref());
        Signature(signature)
    }

    /// PKCS#8 (RFC 5958) with both halves.
    pub(crate) fn pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
        let document = self.pair.to_pkcs8().map_err(|_| IdentityError::NoKey)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }
}

/// Whether `signature` over `message` was made with the secret half of `key`. Never with a key of small order, which has
/// no secret half that only one device could hold.
#[must_use]
pub fn verify(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    is_somebodys(key) && UnparsedPublicKey::new(&ED25519, key.0).verify(message, &signature.0).is_ok()
}

/// Whether a key can be one device's alone: a point of the curve, and none of the eight of small order, for which everybody
/// can make signatures that fit every message.
pub(crate) fn is_somebodys(key: &PublicKey) -> bool {
    CompressedEdwardsY(key.0).decompress().is_some_and(|point| !point.is_small_order())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_proves_its_key_and_nothing_else() {
        let (ann, bob) = (DeviceKey::generate().unwrap(), DeviceKey::generate().unwrap());
        let signature = ann.sign(b"hello");
        assert!(verify(&ann.public_key(), b"hello", &signature));
        assert!(!verify(&ann.public_key(), b"hellO", &signature));
        assert!(!verify(&bob.public_key(), b"hello", &signature));
        let mut bent = signature;
        bent.0[63] ^= 1;
        assert!(!verify(&ann.public_key(), b"hello", &bent));
    }

    /// Points of small order, the neutral element among them: such a key would be a device that everybody is.
    #[test]
    fn a_key_that_everybody_has_proves_nothing() {
        let neutral = {
            let mut bytes = [0; 32];
            bytes[0] = 1;
            bytes
        };
        let order_two = {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (0xec, 0x7f);
            bytes
        };
        let mut accepted = 0;
        for key in [neutral, order_two, [0; 32]] {
            for point in [neutral, order_two, [0; 32]] {
                let mut signature = Signature([0; 64]);
                signature.0[..32].copy_from_slice(&point);
                for message in 0u8..32 {
                    accepted += u32::from(verify(&PublicKey(key), &[message], &signature));
                }
            }
        }
        assert_eq!(accepted, 0);
    }

    #[test]
    fn the_secret_is_not_in_debug() {
        let key = DeviceKey::generate().unwrap();
        let debug = format!("{key:?}");
        assert_eq!(debug.len(), "DeviceKey(DeviceId(abcdefgh..))".len(), "{debug}");
        assert!(debug.contains(&key.device_id().to_string()[..8]));
    }
}
