//! Binary frames: a header of 24 bytes, little endian, then the payload.
//!
//! | at | bytes | what |
//! | --- | --- | --- |
//! | 0 | 1 | kind, see [`Kind`] |
//! | 1 | 1 | flags, see [`KEYFRAME`], [`CONTIGUOUS`], [`TEXT`] |
//! | 2 | 1 | codec of a picture ([`CODECS`]), channels of sound (1 or 2) |
//! | 3 | 1 | 0 |
//! | 4 | 4 | connection, or 0 for captured sound |
//! | 8 | 4 | m-line's index, channel's key, or sound source |
//! | 12 | 4 | to the page, pictures: ms to wait before it is shown, so that lips and voice agree; [`Kind::Played`]: how many of the frames were silence for want of sound, modulo 2^32; else 0 |
//! | 16 | 8 | µs: capture time of what the page sends, media time of what it gets; [`Kind::Played`]: frames consumed |

/// Bytes before the payload.
pub const HEADER_BYTES: usize = 24;

/// The picture needs no other.
pub const KEYFRAME: u8 = 1;
/// Nothing is missing between the picture before and this one.
pub const CONTIGUOUS: u8 = 2;
/// A data-channel message is text.
pub const TEXT: u8 = 4;

/// By a picture's codec byte. H.264 travels in Annex B both ways; the page may send length prefixes, too.
pub const CODECS: [&str; 3] = ["", "video/VP8", "video/H264"];

/// What a binary frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// One coded picture, either way.
    Picture = 1,
    /// From the page: captured f32 samples, interleaved, 48 kHz, any whole number of frames.
    Captured = 2,
    /// To the page: 10 ms of f32 samples, interleaved, 48 kHz, to be played.
    Sound = 3,
    /// From the page: how many frames of a line's sound were consumed since it began. No payload. Asks for more.
    Played = 4,
    /// One data-channel message, either way.
    Data = 5,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Self::Picture, Self::Captured, Self::Sound, Self::Played, Self::Data]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// A header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What follows.
    pub kind: Kind,
    /// See the table.
    pub flags: u8,
    /// See the table.
    pub codec: u8,
    /// See the table.
    pub pc: u32,
    /// See the table.
    pub stream: u32,
    /// See the table.
    pub hold_ms: u32,
    /// See the table.
    pub time: u64,
}

impl Header {
    /// Header and payload of a frame, or None for what is none.
    #[must_use]
    pub fn read(frame: &[u8]) -> Option<(Self, &[u8])> {
        let (head, payload) = frame.split_at_checked(HEADER_BYTES)?;
        let word = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
        let header = Self {
            kind: Kind::of(head[0])?,
            flags: head[1],
            codec: head[2],
            pc: word(4)?,
            stream: word(8)?,
            hold_ms: word(12)?,
            time: u64::from_le_bytes(head.get(16..24)?.try_into().ok()?),
        };
        Some((header, payload))
    }

    /// A frame of this header and `payload`.
    #[must_use]
    pub fn frame(&self, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::with_capacity(HEADER_BYTES + payload.len());
        frame.extend_from_slice(&[self.kind as u8, self.flags, self.codec, 0]);
        frame.extend_from_slice(&self.pc.to_le_bytes());
        frame.extend_from_slice(&self.stream.to_le_bytes());
        frame.extend_from_slice(&self.hold_ms.to_le_bytes());
        frame.extend_from_slice(&self.time.to_le_bytes());
        frame.extend_from_slice(payload);
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let header = Header {
            kind: Kind::Picture,
            flags: KEYFRAME | CONTIGUOUS,
            codec: 2,
            pc: 7,
            stream: 3,
            hold_ms: 40,
            time: u64::MAX - 1,
        };
        let frame = header.frame(b"picture");
        assert_eq!(Header::read(&frame), Some((header, &b"picture"[..])));
        assert_eq!(Header::read(&frame[..HEADER_BYTES - 1]), None);
        assert_eq!(Header::read(&[9; HEADER_BYTES]), None);
    }
}
