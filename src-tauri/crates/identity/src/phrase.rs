//! The office's phrase: a key made from it, and the proof of knowing it that never tells it (PROTOCOL.md, section 4).
//!
//! How far it resists guessing:
//! * Who listens, also for years, learns nothing that a guess could be tried on: SPAKE2 (RFC 9382) hides the key in every
//!   message. (A quantum computer that breaks elliptic curves could try guesses on a recording later on.)
//! * Who takes part, as hub or as visitor, gets one guess for each connection. The confirmations are bound to both
//!   device ids and to the TLS connection, so that nobody passes them on.
//! * Who has the key file is in: the key is as good as the phrase at this protocol. To find the phrase itself they must
//!   pay for Argon2id (64 MiB, 3 passes) with each guess; the salt is the same for all offices, since the phrase is all that the
//!   devices of an office share, so a list of likely phrases can be computed once for all. A long phrase is the answer.

use std::fmt;
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::{hmac, rand};
use data_encoding::BASE64;
use earshot_protocol::limits::{MAX_PHRASE_CHARS, MIN_PHRASE_CHARS};
use earshot_protocol::{DeviceId, Digest, PakeMessage};
use spake2::{Ed25519Group, Identity, Password, Spake2};
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

use crate::file::{self, FileError};

/// The same for every office, and for nothing but this.
const SALT: &[u8] = b"earshot office phrase v1";

/// KiB of memory for each guess.
const MEMORY: u32 = 64 * 1024;

/// Passes over that memory.
const PASSES: u32 = 3;

/// The file's first words.
const FILE_LABEL: &str = "earshot-office-phrase-v1 ";

/// Bytes of SHA-256 in the file, so that a bent byte is noticed.
const CHECK_BYTES: usize = 8;

/// Why a phrase's key could not be had, or a proof not be made.
#[derive(Debug, thiserror::Error)]
pub enum PhraseError {
    /// The phrase is too short or too long.
    #[error("a phrase has {MIN_PHRASE_CHARS} to {MAX_PHRASE_CHARS} characters")]
    Length,
    /// The system had no memory or no randomness to give.
    #[error("no key could be made")]
    NoKey,
    /// The file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is there, but holds no key. It was left as it is.
    #[error("{path} is not a phrase's key; it was left as it is")]
    Unreadable {
        /// Which one.
        path: PathBuf,
    },
    /// The other side's message is none of SPAKE2, or is one's own.
    #[error("not a message of the other side")]
    BadMessage,
}

impl From<FileError> for PhraseError {
    fn from(FileError { path, source }: FileError) -> Self {
        Self::File { path, source }
    }
}

/// A key made from the office's phrase. Whoever has it is of that office.
#[derive(Clone)]
pub struct PhraseKey([u8; 32]);

impl Drop for PhraseKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for PhraseKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PhraseKey(..)")
    }
}

impl PhraseKey {
    /// The key of a phrase: Argon2id (RFC 9106) of it in Unicode NFKC, trimmed. Takes 64 MiB and a part of a second, on
    /// purpose; not for a thread that others wait for.
    ///
    /// # Errors
    /// [`PhraseError::Length`]; [`PhraseError::NoKey`] when there is no memory.
    pub fn derive(phrase: &str) -> Result<Self, PhraseError> {
        // Far more than any phrase of that many characters, so that normalizing is bounded too.
        if phrase.len() > MAX_PHRASE_CHARS as usize * 64 {
            return Err(PhraseError::Length);
        }
        let normalized = Zeroizing::new(phrase.nfkc().collect::<String>());
        let phrase = normalized.trim();
        if !(MIN_PHRASE_CHARS as usize..=MAX_PHRASE_CHARS as usize).contains(&phrase.chars().count()) {
            return Err(PhraseError::Length);
        }
        let mut key = Self([0; 32]);
        Params::new(MEMORY, PASSES, 1, Some(key.0.len()))
            .and_then(|params| {
                Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
                    phrase.as_bytes(),
                    SALT,
                    &mut key.0,
                )
            })
            .map_err(|_| PhraseError::NoKey)?;
        Ok(key)
    }

    /// A key of no phrase: nobody has the same one.
    ///
    /// # Errors
    /// [`PhraseError::NoKey`] when the system has no randomness to give.
    pub fn random() -> Result<Self, PhraseError> {
        let mut key = Self([0; 32]);
        rand::fill(&mut key.0).map_err(|_| PhraseError::NoKey)?;
        Ok(key)
    }

    /// Reads the key that [`save`](Self::save) has written, `None` where there is no file. A mode looser than 0600 is
    /// tightened.
    ///
    /// # Errors
    /// [`PhraseError::Unreadable`] when the file holds anything else; it stays as it is.
    /// [`PhraseError::File`] when the system fails to read it.
    pub fn load(path: impl AsRef<Path>) -> Result<Option<Self>, PhraseError> {
        let path = path.as_ref();
        let Some(text) = file::read_private(path)? else { return Ok(None) };
        let key = Self::decode(&text).ok_or_else(|| PhraseError::Unreadable { path: path.to_owned() })?;
        Ok(Some(key))
    }

    /// Writes the key, in the place of an older one: mode 0600 from the first byte, and whole or not at all.
    ///
    /// # Errors
    /// [`PhraseError::File`]; then an older file is still there.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PhraseError> {
        let mut bytes = Zeroizing::new(self.0.to_vec());
        bytes.extend_from_slice(&check_of(&self.0));
        let base64 = Zeroizing::new(BASE64.encode(&bytes));
        let text = Zeroizing::new([FILE_LABEL, &base64, "\n"].concat());
        Ok(file::replace(path.as_ref(), text.as_bytes())?)
    }

    fn decode(text: &[u8]) -> Option<Self> {
        let base64 = std::str::from_utf8(text).ok()?.trim_end().strip_prefix(FILE_LABEL)?;
        let bytes = Zeroizing::new(BASE64.decode(base64.as_bytes()).ok()?);
        let (key, check) = bytes.split_first_chunk::<32>()?;
        (check == check_of(key)).then(|| Self(*key))
    }
}

fn check_of(key: &[u8; 32]) -> [u8; CHECK_BYTES] {
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&digest(&SHA256, key).as_ref()[..CHECK_BYTES]);
    check
}

/// Which side of a connection one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Answers the connection, and speaks first.
    Hub,
    /// Has dialled.
    Visitor,
}

/// What both confirmations are bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The hub's device id.
    pub hub: DeviceId,
    /// The visitor's device id.
    pub visitor: DeviceId,
    /// 32 bytes of the connection's TLS exporter (RFC 9266).
    pub exporter: [u8; 32],
}

/// What each side says to prove that it knows the phrase. Equal on both sides only if both know the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmations {
    /// The hub's, which the visitor checks.
    pub hub: Digest,
    /// The visitor's, which the hub checks.
    pub visitor: Digest,
}

/// One side of SPAKE2 (RFC 9382) over edwards25519, for one connection.
pub struct Pake {
    // It does not wipe its copy of the key on drop; it lives as long as one handshake.
    spake: Spake2<Ed25519Group>,
}

impl fmt::Debug for Pake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pake(..)")
    }
}

impl Pake {
    /// Begins: what to keep, and what to say. Used once.
    #[must_use]
    pub fn start(role: Role, key: &PhraseKey) -> (Self, PakeMessage) {
        let (hub, visitor) = (Identity::new(b"earshot hub"), Identity::new(b"earshot visitor"));
        let password = Password::new(key.0);
        let (spake, said) = match role {
            Role::Hub => Spake2::start_a(&password, &hub, &visitor),
            Role::Visitor => Spake2::start_b(&password, &hub, &visitor),
        };
        let mut message = PakeMessage([0; 33]);
        // A side's letter and a compressed point, always.
        message.0.copy_from_slice(&said);
        (Self { spake }, message)
    }

    /// Takes the other side's message. Whether they know the phrase shows only in their confirmation.
    ///
    /// # Errors
    /// [`PhraseError::BadMessage`].
    pub fn finish(self, theirs: &PakeMessage, context: &Context) -> Result<Confirmations, PhraseError> {
        let key = Zeroizing::new(self.spake.finish(&theirs.0).map_err(|_| PhraseError::BadMessage)?);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        Ok(Confirmations {
            hub: confirmation(&key, b"hub", context),
            visitor: confirmation(&key, b"visitor", context),
        })
    }
}

/// HMAC-SHA256 over a label, the role that says it, both ids and the exporter, each preceded by its length (u32, big
/// endian).
fn confirmation(key: &hmac::Key, role: &[u8], context: &Context) -> Digest {
    let parts: [&[u8]; 5] =
        [b"earshot phrase confirm v1", role, &context.hub.0, &context.visitor.0, &context.exporter];
    let mut said = hmac::Context::with_key(key);
    for part in parts {
        // None is longer than 32 bytes.
        said.update(&(part.len() as u32).to_be_bytes());
        said.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(said.sign().as_ref());
    Digest(out)
}

/// Whether the other side's confirmation is the one expected, in constant time.
#[must_use]
pub fn confirmed(expected: &Digest, said: &Digest) -> bool {
    verify_slices_are_equal(&expected.0, &said.0).is_ok()
}
