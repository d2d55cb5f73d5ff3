//! Files, straight from one participant to another: what is said on the data channel `files`, and what a window asks its
//! node about a file that it receives.
//!
//! On the channel, texts are a [`FileMessage`] as JSON; everything else is a *piece*: the number of [`FileMessage::Start`]
//! (u32, big endian), then bytes of the file. Pieces come in order and leave nothing out.
//!
//! A file is checked block by block, [`FILE_BLOCK_BYTES`](crate::limits::FILE_BLOCK_BYTES) each, the last one shorter:
//! the digest at a block's end is SHA-256 over the digest at its beginning (32 zeros at the file's) and the block's
//! bytes ([`chain`]). So one digest stands for all of the file before it, and whoever holds a part can say which.

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::limits::MAX_FILE_NAME_BYTES;
use crate::{DeviceId, Digest, ErrorCode, FileId};

/// The greatest size of a file, in bytes: what a number in JavaScript counts exactly (RFC 8259, section 6).
pub const MAX_FILE_BYTES: u64 = (1 << 53) - 1;

/// A text on the data channel `files`. Places in a file are bytes from its beginning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FileMessage {
    /// I have a file for you. Said again on a new connection, it asks to go on.
    Offer {
        /// The same file, unchanged, has the same id each time; see `PROTOCOL.md`.
        file: FileId,
        /// What its sender calls it: to be made safe before it is shown or used.
        name: String,
        /// In bytes.
        #[ts(type = "number")]
        size: u64,
    },
    /// I want it.
    Accept {
        /// Which.
        file: FileId,
        /// Up to where I have it: 0, or the end of a block.
        #[ts(type = "number")]
        at: u64,
        /// The digest there.
        digest: Digest,
    },
    /// Pieces follow.
    Start {
        /// Which.
        file: FileId,
        /// What its pieces begin with.
        number: u32,
        /// From where: what was accepted, or 0 where the two do not have the same beginning.
        #[ts(type = "number")]
        at: u64,
    },
    /// A block's pieces have all been sent.
    Block {
        /// Which file.
        file: FileId,
        /// Where the block ends.
        #[ts(type = "number")]
        end: u64,
        /// The digest there.
        digest: Digest,
    },
    /// A block was checked and written; more may be sent.
    Got {
        /// Which file.
        file: FileId,
        /// Where the block ends.
        #[ts(type = "number")]
        end: u64,
    },
    /// All of it is here.
    Done {
        /// Which.
        file: FileId,
    },
    /// I do not want it, or no longer: said by whom it was offered to.
    Refuse {
        /// Which.
        file: FileId,
        /// Why.
        why: FileEnd,
    },
    /// It is no longer to be had: said by who offered it.
    Cancel {
        /// Which.
        file: FileId,
        /// Why.
        why: FileEnd,
    },
}

/// Why a file does not get there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum FileEnd {
    /// The person said no.
    Declined,
    /// The person ended it.
    Cancelled,
    /// What was sent is not what was there before: the file changed meanwhile.
    Changed,
    /// The sender can no longer read it.
    Unreadable,
    /// The receiver has no room for it.
    NoSpace,
    /// More than this receiver can take.
    TooLarge,
    /// Too many at once.
    TooMany,
    /// Another fault.
    Failed,
}

/// What a window asks its node about a file that it receives. Its blocks go another way, see `PROTOCOL.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FileRequest {
    /// The person has accepted: opens the file, or what there is of it. Answered by [`FileReply::Begun`].
    Begin {
        /// Who sends it.
        from: DeviceId,
        /// Which.
        file: FileId,
        /// What its sender calls it.
        name: String,
        /// In bytes.
        #[ts(type = "number")]
        size: u64,
    },
    /// Throws away what there is from the beginning on: the sender's file is another one.
    Again {
        /// Which.
        handle: u32,
    },
    /// All blocks are written: gives it its name. Answered by [`FileReply::Kept`].
    Finish {
        /// Which.
        handle: u32,
    },
    /// Not now: what there is stays for later.
    Pause {
        /// Which.
        handle: u32,
    },
    /// Never: what there is goes.
    Discard {
        /// Which.
        handle: u32,
    },
    /// Shows the folder with what was received.
    Show,
}

/// What a node answers to a [`FileRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FileReply {
    /// It is open.
    Begun {
        /// What its blocks and further requests name.
        handle: u32,
        /// Up to where it is here.
        #[ts(type = "number")]
        at: u64,
        /// The digest there.
        digest: Digest,
    },
    /// It is in its folder, under this name.
    Kept {
        /// Safe, and nobody else's.
        name: String,
    },
    /// Nothing to say.
    Done,
}

impl FileRequest {
    /// Checks what a window says.
    ///
    /// # Errors
    /// [`ErrorCode::Malformed`] for a name or a size out of bounds.
    pub fn check(&self) -> Result<(), ErrorCode> {
        match self {
            Self::Begin { name, size, .. }
                if name.len() > MAX_FILE_NAME_BYTES as usize || *size > MAX_FILE_BYTES =>
            {
                Err(ErrorCode::Malformed)
            }
            _ => Ok(()),
        }
    }
}

/// The digest at a block's end, from the one at its beginning: SHA-256 (FIPS 180-4) over both.
#[must_use]
pub fn chain(before: &Digest, block: &[u8]) -> Digest {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&before.0);
    context.update(block);
    let mut after = [0; 32];
    after.copy_from_slice(context.finish().as_ref());
    Digest(after)
}

/// A block as a window hands it to its node: the handle (u32, big endian), where the block begins (u64, big endian),
/// the digest at its end, and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockFrame<'a> {
    /// Which file.
    pub handle: u32,
    /// Where the block begins, in bytes.
    pub at: u64,
    /// The digest at its end.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: &'a [u8],
}

impl<'a> BlockFrame<'a> {
    /// What comes before the bytes.
    pub const HEAD_BYTES: usize = 4 + 8 + 32;

    /// Reads a frame; `None` for one that is too short to be one.
    #[must_use]
    pub fn read(frame: &'a [u8]) -> Option<Self> {
        let (handle, rest) = frame.split_first_chunk()?;
        let (at, rest) = rest.split_first_chunk()?;
        let (digest, bytes) = rest.split_first_chunk()?;
        Some(Self {
            handle: u32::from_be_bytes(*handle),
            at: u64::from_be_bytes(*at),
            digest: Digest(*digest),
            bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_digest_stands_for_all_before_it() {
        let zero = Digest([0; 32]);
        let one = chain(&zero, b"one");
        assert_ne!(one, zero);
        assert_eq!(chain(&one, b"two"), chain(&chain(&zero, b"one"), b"two"));
        assert_ne!(chain(&one, b"two"), chain(&chain(&zero, b"onE"), b"two"));
        // The value the page's test has, too.
        let text = serde_json::to_string(&chain(&one, b"two")).expect("a text");
        assert_eq!(text, "\"xhymyut5hdverwb4jrbyciiydkyb3gpigqkta27cvsehslcavdzq\"");
    }

    #[test]
    fn frames_are_read_back() {
        let mut frame = vec![0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2];
        frame.extend([9; 32]);
        assert_eq!(BlockFrame::read(&frame[..43]), None);
        frame.extend(b"bytes");
        let read = BlockFrame::read(&frame).expect("a frame");
        let expected = BlockFrame { handle: 7, at: (1 << 32) + 2, digest: Digest([9; 32]), bytes: b"bytes" };
        assert_eq!(read, expected);
    }

    #[test]
    fn what_a_window_asks_is_bounded() {
        let begin = |name: &str, size| {
            let (from, file) = (DeviceId([1; 32]), FileId([2; 16]));
            FileRequest::Begin { from, file, name: name.to_owned(), size }.check()
        };
        assert_eq!(begin("a", MAX_FILE_BYTES), Ok(()));
        assert_eq!(begin("a", MAX_FILE_BYTES + 1), Err(ErrorCode::Malformed));
        assert_eq!(begin(&"a".repeat(2000), 1), Err(ErrorCode::Malformed));
    }
}
