//! What the page wants of each m-line, worked into descriptions.

use std::collections::HashMap;

use super::codecs::CodecId;
use super::lines::{LineState, direction, receives, sends};
use super::ours::Plan;
use super::theirs::{Section, Theirs};
use crate::wire::{Codec, Direction, Kind, Line, RemoteMedia, Reply, Transceiver};

/// What the page prefers, of what is spoken here.
fn preferences(codecs: &[Codec]) -> Vec<CodecId> {
    let mut ids: Vec<CodecId> = Vec::new();
    for id in codecs.iter().filter_map(CodecId::of) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

impl Plan {
    /// Of a line of which nothing is wanted yet.
    pub(super) fn of(line: &LineState) -> Self {
        Self {
            mid: line.mid.clone(),
            unnamed: false,
            is_channels: line.media == "application",
            refused: line.refused.clone(),
            direction: Direction::Inactive,
            streams: Vec::new(),
            track: String::new(),
            codecs: Vec::new(),
        }
    }

    /// What the page wants of it in an offer. `line`: as it is agreed, if it is.
    pub(super) fn work_in(&mut self, transceiver: &Transceiver, line: Option<&LineState>) {
        let is_over = line.is_some_and(|line| line.refused.is_some() && line.mid == self.mid);
        if transceiver.direction == Direction::Stopped || is_over {
            let media = if transceiver.kind == Kind::Audio { "audio" } else { "video" };
            self.refused.get_or_insert_with(|| format!("m={media} 0 UDP/TLS/RTP/SAVPF 0"));
            return;
        }
        self.refused = None;
        self.direction = transceiver.direction;
        self.streams.clone_from(&transceiver.streams);
        self.track.clone_from(&transceiver.track);
        self.codecs = preferences(&transceiver.codecs);
        if self.codecs.is_empty() && transceiver.kind == Kind::Video {
            self.codecs = vec![CodecId::Vp8, CodecId::H264];
        }
    }

    /// Its answer: what they offer, as far as the page wants it.
    pub(super) fn answer(section: &Section, wanted: Option<&Transceiver>) -> Self {
        let none = Self {
            mid: section.mid.clone(),
            unnamed: section.unnamed,
            is_channels: section.is_channels(),
            refused: section.rejected.then(|| section.refusal()),
            direction: Direction::Inactive,
            streams: Vec::new(),
            track: String::new(),
            codecs: Vec::new(),
        };
        let (Some(wanted), false) = (wanted, section.rejected) else { return none };
        let spoken = |id: &CodecId| section.formats.iter().any(|format| format.id == *id);
        let mut codecs: Vec<CodecId> = preferences(&wanted.codecs).into_iter().filter(spoken).collect();
        if codecs.is_empty() {
            codecs = section.formats.iter().map(|format| format.id).collect();
        }
        Self {
            direction: direction(
                sends(wanted.direction) && receives(section.direction),
                receives(wanted.direction) && sends(section.direction),
            ),
            streams: wanted.streams.clone(),
            track: wanted.track.clone(),
            codecs,
            ..none
        }
    }
}

impl Section {
    /// What both can, in their order; of these only what is `preferred`, if anything is.
    pub(super) fn codecs(&self, preferred: Option<&Vec<CodecId>>) -> Vec<(CodecId, Codec)> {
        let all = || self.formats.iter().map(|format| (format.id, format.codec.clone()));
        let liked: Vec<_> =
            all().filter(|(id, _)| preferred.is_some_and(|preferred| preferred.contains(id))).collect();
        if liked.is_empty() { all().collect() } else { liked }
    }
}

impl Theirs {
    /// What the page is told of it; see [`Theirs::media`].
    pub(super) fn reply(&self, preferred: Option<&HashMap<usize, Vec<CodecId>>>) -> Reply {
        Reply::Remote {
            media: self.media(preferred),
            channels: self.taking_part().any(|(_, section)| section.is_channels()),
            ufrag: self.transport.as_ref().map(|transport| transport.ufrag.clone()).unwrap_or_default(),
        }
    }

    /// For the page. `preferred`: what our offer preferred on each line, if this is its answer. Of an offer the page sees
    /// what they wish, spoken here or not: the answer refuses the rest.
    fn media(&self, preferred: Option<&HashMap<usize, Vec<CodecId>>>) -> Vec<RemoteMedia> {
        let of = |(at, section): (usize, &Section)| {
            Some(RemoteMedia {
                line: Line::try_from(at).ok()?,
                mid: section.mid.clone(),
                kind: section.kind()?,
                direction: match preferred {
                    None if !section.closed => section.direction,
                    Some(_) if !section.rejected => section.direction,
                    _ => Direction::Stopped,
                },
                streams: section.streams.clone(),
                track: section.track.clone(),
                codecs: section
                    .codecs(preferred.and_then(|preferred| preferred.get(&at)))
                    .into_iter()
                    .map(|(_, codec)| codec)
                    .collect(),
            })
        };
        self.sections.iter().enumerate().filter_map(of).collect()
    }
}
