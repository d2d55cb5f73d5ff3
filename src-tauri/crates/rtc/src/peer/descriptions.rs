//! Offers and answers (RFC 8829). The page keeps the signaling state; here is what each description means.
//!
//! The engine takes part only when something is agreed: an offer of ours is made from it and kept pending (`offers`), an
//! offer of theirs is held until its answer is made (`answers`).

use std::collections::HashMap;

use str0m::media::Mid;

use super::answers::Held;
use super::codecs::CodecId;
use super::layout::Layout;
use super::lines::{LineState, receives};
use super::offers::Offer;
use super::ours::Plan;
use super::theirs::{Section, Theirs};
use super::{Output, Peer, candidates};
use crate::wire::{Codec, Direction, Event, Fault, Line, Reply, SdpType};

#[derive(Debug, Default)]
pub(super) struct Descriptions {
    /// Of the description of ours that holds, or is offered.
    pub(super) local_ufrag: String,
    /// What `local_ufrag` was before our offer that waits for its answer.
    pub(super) settled_ufrag: String,
    pub(super) offer: Option<Offer>,
    pub(super) held: Option<Held>,
    /// Of the last description of theirs that holds.
    pub(super) remote: Option<Remote>,
    pub(super) layout: Layout,
    /// The session's id, as the engine tells it.
    pub(super) session: Option<String>,
    version: u64,
}

#[derive(Debug)]
pub(super) struct Remote {
    /// `a=ice-ufrag` and the fingerprint; None: no line has ever taken part.
    pub(super) transport: Option<(String, String)>,
    sections: Vec<RemoteSection>,
}

/// Where candidates may belong.
#[derive(Debug, Clone)]
pub(super) struct RemoteSection {
    pub(super) mid: String,
    ufrag: String,
    /// Else candidates for it are of no use.
    pub(super) takes_part: bool,
}

impl RemoteSection {
    fn of(section: &Section) -> Self {
        Self { mid: section.mid.clone(), ufrag: section.ufrag.clone(), takes_part: !section.rejected }
    }
}

impl Descriptions {
    /// Of their newest description.
    pub(super) fn remote_sections(&self) -> Option<Vec<RemoteSection>> {
        let held =
            self.held.as_ref().map(|held| held.theirs.sections.iter().map(RemoteSection::of).collect());
        held.or_else(|| self.remote.as_ref().map(|remote| remote.sections.clone()))
    }

    /// Of any of their sections.
    pub(super) fn is_remote_ufrag(&self, ufrag: &str) -> bool {
        self.is_transport_ufrag(ufrag)
            || self
                .held
                .as_ref()
                .is_some_and(|held| held.theirs.sections.iter().any(|section| section.ufrag == ufrag))
            || self
                .remote
                .as_ref()
                .is_some_and(|remote| remote.sections.iter().any(|section| section.ufrag == ufrag))
    }

    /// Of what carries everything.
    pub(super) fn is_transport_ufrag(&self, ufrag: &str) -> bool {
        let held = self.held.as_ref().and_then(|held| held.theirs.transport.as_ref());
        held.is_some_and(|transport| transport.ufrag == ufrag) || self.remote_ufrag() == Some(ufrag)
    }

    /// Of the description that holds.
    pub(super) fn remote_ufrag(&self) -> Option<&str> {
        self.remote.as_ref()?.transport.as_ref().map(|(ufrag, _)| ufrag.as_str())
    }

    /// Where candidates of this generation wait, if its offer has no answer yet.
    pub(super) fn held_candidates(&mut self, ufrag: Option<&str>) -> Option<&mut Vec<Vec<String>>> {
        let is_described = self.is_described();
        let held = self.held.as_mut().filter(|held| held.answer.is_none())?;
        let of = held.theirs.transport.as_ref().map(|transport| transport.ufrag.as_str());
        let is_its = ufrag.is_none_or(|ufrag| of == Some(ufrag));
        (is_its && (held.restart || !is_described)).then_some(&mut held.candidates)
    }

    pub(super) fn is_described(&self) -> bool {
        self.remote_ufrag().is_some()
    }

    pub(super) fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }
}

impl Peer {
    /// The first m-line that takes part: candidates belong to it.
    pub(super) fn tagged(&self) -> Option<(Line, String)> {
        let offered =
            self.descriptions.offer.as_ref().and_then(|offer| offer.set.as_ref()).map(|made| &made.plans);
        let answered = self.descriptions.held.as_ref().and_then(|held| held.answer.as_ref());
        let found = match answered.or(offered) {
            Some(plans) => {
                plans.iter().position(|plan| plan.refused.is_none()).map(|at| (at, plans[at].mid.clone()))
            }
            None => {
                let at = self.lines.iter().position(|line| line.refused.is_none());
                at.map(|at| (at, self.lines[at].mid.clone()))
            }
        }?;
        Some((Line::try_from(found.0).ok()?, found.1))
    }

    pub(super) fn credentials(&mut self) -> (String, String) {
        let credentials = self.rtc.direct_api().local_ice_credentials();
        (credentials.ufrag, credentials.pass)
    }

    pub(super) fn has_channel_line(&self) -> bool {
        self.lines.iter().any(|line| line.media == "application" && line.refused.is_none())
    }

    pub(super) fn set_local(&mut self, kind: SdpType) -> Result<Reply, Fault> {
        match kind {
            SdpType::Offer => {
                let descriptions = &mut self.descriptions;
                let offer = descriptions.offer.as_mut().ok_or(Fault::InvalidModificationError)?;
                let was_set = offer.set.replace(offer.made.clone()).is_some();
                if !was_set {
                    descriptions.settled_ufrag = descriptions.local_ufrag.clone();
                }
                // Without a line there is nothing that candidates could be for.
                if offer.made.plans.iter().any(|plan| plan.refused.is_none()) {
                    let restart = offer.made.restart && descriptions.local_ufrag != offer.made.credentials.0;
                    descriptions.local_ufrag = offer.made.credentials.0.clone();
                    let again = std::mem::take(&mut offer.taken_back) && !restart;
                    self.gather(restart);
                    if again {
                        self.announce_again();
                    }
                }
            }
            SdpType::Answer => {
                let answered = self.descriptions.held.as_ref().is_some_and(|held| held.answer.is_some());
                let held =
                    self.descriptions.held.take_if(|_| answered).ok_or(Fault::InvalidModificationError)?;
                let plans = held.answer.unwrap_or_default();
                self.descriptions.local_ufrag = self.credentials().0;
                self.agreed(&held.theirs, &plans, None);
                if plans.iter().any(|plan| plan.refused.is_none()) {
                    self.gather(held.restart);
                }
            }
        }
        Ok(Reply::Done)
    }

    pub(super) fn rollback(&mut self) -> Reply {
        // The offer itself can be set again, as long as no answer is made: the engine knows nothing of it.
        if let Some(offer) = self.descriptions.offer.as_mut().filter(|offer| offer.set.is_some()) {
            offer.set = None;
            offer.taken_back = true;
            self.descriptions.local_ufrag = self.descriptions.settled_ufrag.clone();
        }
        // What an answer has already agreed with the engine stays: its lines are told again by the next offer.
        self.descriptions.held = None;
        Reply::Done
    }

    pub(super) fn set_remote(&mut self, kind: SdpType, sdp: &str) -> Result<Reply, Fault> {
        let mids = match kind {
            SdpType::Offer => self.lines.iter().map(LineState::mid_in_use).collect(),
            SdpType::Answer => self.offered().into_iter().map(|(mid, _)| mid).collect::<Vec<_>>(),
        };
        let theirs = Theirs::read(sdp, &mids)?;
        // Another certificate is another end.
        let known = self.descriptions.remote.as_ref().and_then(|remote| remote.transport.as_ref());
        if let (Some((_, fingerprint)), Some(transport)) = (known, &theirs.transport)
            && transport.fingerprint != *fingerprint
        {
            return Err(Fault::OperationError);
        }
        match kind {
            SdpType::Offer => self.set_remote_offer(theirs),
            SdpType::Answer => self.set_remote_answer(theirs),
        }
    }

    /// `theirs` holds, with those lines that take part.
    pub(super) fn described(&mut self, theirs: &Theirs, restart: bool) {
        if restart {
            self.forget_remotes();
            self.states.restarted(self.now);
        }
        let told = theirs.transport.as_ref().filter(|_| theirs.taking_part().next().is_some());
        let told = told.map(|transport| (transport.ufrag.clone(), transport.fingerprint.clone()));
        // Where no line takes part, what carried them before is still what the engine knows.
        let before = self.descriptions.remote.take().and_then(|remote| remote.transport);
        let sections = theirs.sections.iter().map(RemoteSection::of).collect();
        self.descriptions.remote = Some(Remote { transport: told.or(before), sections });
    }

    /// What an answer has settled. `preferred`: of our offer; none: the order of `plans` is the answer's.
    pub(super) fn agreed(
        &mut self,
        theirs: &Theirs,
        plans: &[Plan],
        preferred: Option<&HashMap<usize, Vec<CodecId>>>,
    ) {
        self.share.agreed();
        self.states.agreed(self.now);
        self.park(plans.iter().all(|plan| plan.refused.is_some()));
        for (at, (section, plan)) in theirs.sections.iter().zip(plans).enumerate() {
            let mut codecs = section.codecs(preferred.and_then(|preferred| preferred.get(&at)));
            if preferred.is_none() && !plan.codecs.is_empty() {
                codecs = plan
                    .codecs
                    .iter()
                    .filter_map(|id| codecs.iter().find(|(known, _)| known == id).cloned())
                    .collect();
            }
            let agreed = LineState {
                mid: section.mid.clone(),
                media: section.media.clone(),
                refused: plan.refused.clone(),
                direction: if plan.refused.is_some() { Direction::Stopped } else { plan.direction },
                codecs,
                sender: Default::default(),
                receiver: Default::default(),
            };
            match self.lines.get_mut(at) {
                // Another line in the place of one that was stopped begins with nothing.
                Some(line) if line.mid != agreed.mid => *line = agreed,
                Some(line) => {
                    let sender = std::mem::take(&mut line.sender);
                    let receiver = std::mem::take(&mut line.receiver);
                    *line = LineState { sender, receiver, ..agreed };
                }
                None => self.lines.push(agreed),
            }
            if let Some((sending, encoding, useful)) =
                Line::try_from(at).ok().and_then(|at| self.early.remove(&at))
            {
                let sender = &mut self.lines[at].sender;
                sender.sending = sending;
                sender.encoding = encoding;
                sender.useful = useful;
            }
            let line = &mut self.lines[at];
            line.receiver.told &= receives(line.direction);
            if let (Some(_), Ok(number)) = (line.kind(), Line::try_from(at)) {
                let codec = line.sent().and_then(|id| line.codecs.iter().find(|(known, _)| *known == id));
                let codec: Option<Codec> = codec.map(|(_, codec)| codec.clone());
                self.outputs.push_back(Output::Event(Event::SendCodec { line: number, codec }));
            }
        }
        self.reckon();
    }

    /// With its last line a transport is gone (RFC 8829, section 5.11): nothing goes out or comes in until there is a line
    /// again.
    fn park(&mut self, parked: bool) {
        if parked {
            for mid in self.descriptions.layout.stop_all() {
                self.rtc.sdp_api().stop_media(Mid::from(mid.as_str()));
            }
            self.reset_gathering();
        }
        self.states.park(self.now, parked);
    }
}

pub(super) fn words(candidate: &str) -> Option<Vec<String>> {
    let words = candidate.split_ascii_whitespace().take(64).map(str::to_owned).collect();
    candidates::checked(words).ok()
}
