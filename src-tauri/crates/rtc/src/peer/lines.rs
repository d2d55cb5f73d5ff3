//! The m-lines that are agreed, and what is sent and received on each.

use std::time::Instant;

use str0m::media::{MediaKind, Mid};

use super::codecs::CodecId;
use crate::wire::{Codec, Direction, Encoding, Kind, Priority};

/// An m-line, as the last answer left it.
#[derive(Debug)]
pub(super) struct LineState {
    pub(super) mid: String,
    /// `audio`, `video`, `application` or what else they offered.
    pub(super) media: String,
    /// The m-line that refuses it, if it is refused.
    pub(super) refused: Option<String>,
    pub(super) direction: Direction,
    /// What both can, in the order of the answer; the first is sent.
    pub(super) codecs: Vec<(CodecId, Codec)>,
    pub(super) sender: Sender,
    pub(super) receiver: Receiver,
}

/// What the page said of a line's sender, and what is known of its way.
#[derive(Debug)]
pub(super) struct Sender {
    /// Has a track that is live.
    pub(super) sending: bool,
    pub(super) encoding: Encoding,
    /// bit/s
    pub(super) useful: Option<u32>,
    /// bit/s, as last told; None: never.
    pub(super) target: Option<u32>,
    /// Pictures are left out until the next keyframe: some were dropped here.
    pub(super) broken: bool,
    /// When the page was last asked for that keyframe.
    pub(super) asked: Option<Instant>,
    /// RTP timestamp and its time of the last packet of a voice.
    pub(super) last: Option<(u64, Instant)>,
    /// Pictures that went out, and were dropped here.
    pub(super) frames: u64,
    pub(super) dropped: u64,
}

#[derive(Debug, Default)]
pub(super) struct Receiver {
    /// The last packet's sequence number, extended.
    pub(super) sequence: Option<u64>,
    /// Packets that came and those that did not (RFC 3550, section 6.4.1), after repair.
    pub(super) came: u64,
    pub(super) lost: u64,
    /// A keyframe is wanted, and when one was last asked for.
    pub(super) wants_keyframe: bool,
    pub(super) asked: Option<Instant>,
    /// Pictures that came whole.
    pub(super) frames: u64,
    pub(super) keyframes: u64,
    /// The page knows that something comes.
    pub(super) told: bool,
    /// What came last.
    pub(super) codec: Option<CodecId>,
    /// When it came.
    pub(super) last: Option<Instant>,
}

impl Default for Sender {
    fn default() -> Self {
        Self {
            sending: false,
            encoding: Encoding { active: true, max_bitrate: None, priority: Priority::Low },
            useful: None,
            target: None,
            broken: false,
            asked: None,
            last: None,
            frames: 0,
            dropped: 0,
        }
    }
}

pub(super) fn sends(direction: Direction) -> bool {
    matches!(direction, Direction::Sendrecv | Direction::Sendonly)
}

pub(super) fn receives(direction: Direction) -> bool {
    matches!(direction, Direction::Sendrecv | Direction::Recvonly)
}

pub(super) fn direction(sends: bool, receives: bool) -> Direction {
    match (sends, receives) {
        (true, true) => Direction::Sendrecv,
        (true, false) => Direction::Sendonly,
        (false, true) => Direction::Recvonly,
        (false, false) => Direction::Inactive,
    }
}

/// As the other side sees it.
pub(super) fn reversed(theirs: Direction) -> Direction {
    direction(receives(theirs), sends(theirs))
}

pub(super) fn engine_direction(of: Direction) -> str0m::media::Direction {
    match of {
        Direction::Sendrecv => str0m::media::Direction::SendRecv,
        Direction::Sendonly => str0m::media::Direction::SendOnly,
        Direction::Recvonly => str0m::media::Direction::RecvOnly,
        Direction::Inactive | Direction::Stopped => str0m::media::Direction::Inactive,
    }
}

pub(super) fn engine_kind(of: Kind) -> MediaKind {
    match of {
        Kind::Audio => MediaKind::Audio,
        Kind::Video => MediaKind::Video,
    }
}

impl LineState {
    pub(super) fn engine_mid(&self) -> Mid {
        Mid::from(self.mid.as_str())
    }

    /// "" for a line that is given up: another may take its place.
    pub(super) fn mid_in_use(&self) -> String {
        if self.refused.is_none() { self.mid.clone() } else { String::new() }
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        match self.media.as_str() {
            "audio" => Some(Kind::Audio),
            "video" => Some(Kind::Video),
            _ => None,
        }
    }

    /// What is sent, if anything may be.
    pub(super) fn sent(&self) -> Option<CodecId> {
        let (id, _) = self.codecs.first()?;
        (self.refused.is_none() && sends(self.direction)).then_some(*id)
    }
}
