//! Offers of theirs, and our answers. An offer is held until its answer is made: the engine learns of both at once.

use str0m::change::SdpOffer;
use str0m::media::Mid;

use super::Peer;
use super::descriptions::words;
use super::layout;
use super::lines::reversed;
use super::ours::{self, Head, Plan};
use super::theirs::Theirs;
use crate::wire::{Direction, Fault, LineId, MAX_REMOTE_CANDIDATES, Reply, Transceiver};

#[derive(Debug)]
pub(super) struct Held {
    pub(super) theirs: Theirs,
    pub(super) candidates: Vec<Vec<String>>,
    pub(super) restart: bool,
    /// The answer that was made to it.
    pub(super) answer: Option<Vec<Plan>>,
}

impl Peer {
    pub(super) fn set_remote_offer(&mut self, theirs: Theirs) -> Result<Reply, Fault> {
        // Lines keep their place, kind and mid (RFC 8829, section 5.10).
        let moved = self.lines.iter().enumerate().any(|(at, line)| {
            theirs.sections.get(at).is_none_or(|section| {
                line.refused.is_none() && (section.mid != line.mid || section.media != line.media)
            })
        });
        if moved {
            return Err(Fault::OperationError);
        }
        self.descriptions.layout.of_offer(&theirs)?;
        // Both have offered: theirs goes first (RFC 8829, section 4.1.10.2).
        self.rollback();
        let told = theirs.transport.as_ref().filter(|_| theirs.taking_part().next().is_some());
        let restart = self.descriptions.is_described()
            && told.is_some_and(|told| self.descriptions.remote_ufrag() != Some(told.ufrag.as_str()));
        let reply = theirs.reply(None);
        let candidates = theirs.candidates.iter().take(MAX_REMOTE_CANDIDATES).filter_map(|one| words(one));
        let candidates = candidates.collect();
        self.descriptions.held = Some(Held { theirs, candidates, restart, answer: None });
        Ok(reply)
    }

    pub(super) fn create_answer(&mut self, transceivers: &[Transceiver]) -> Result<Reply, Fault> {
        let version = self.descriptions.next_version();
        let held = self.descriptions.held.as_mut().ok_or(Fault::InvalidStateError)?;
        let mut plans = Vec::with_capacity(held.theirs.sections.len());
        let mut offered = Vec::with_capacity(held.theirs.sections.len());
        let mut theirs = held.theirs.clone();
        for (at, section) in theirs.sections.iter_mut().enumerate() {
            let wanted = transceivers.iter().find(|one| one.line.map(usize::from) == Some(at));
            section.rejected |= wanted.is_some_and(|one| one.direction == Direction::Stopped);
            let plan = Plan::answer(section, wanted);
            offered.push(reversed(plan.direction));
            plans.push(plan);
        }
        let first = held.answer.replace(plans.clone()).is_none();
        let candidates = std::mem::take(&mut held.candidates);
        let restart = held.restart && first && theirs.taking_part().next().is_some();
        let sdp = match theirs.taking_part().next() {
            Some(_) => {
                let engine = self.accept_offer(&theirs, &offered)?;
                self.descriptions.session = ours::id(&engine);
                self.described(&theirs, restart);
                for words in candidates {
                    let _ = self.take_candidate(words);
                }
                ours::write(&engine, &Head { version, credentials: None, candidates: !restart }, &plans)
            }
            None => {
                self.described(&theirs, false);
                let id = self.descriptions.session.as_deref().unwrap_or("1");
                ours::refuse_all(id, &Head { version, credentials: None, candidates: false }, &plans)
            }
        };
        let lines = transceivers
            .iter()
            .map(|one| {
                let plan = plans.get(usize::from(one.line?))?;
                Some(LineId { line: one.line?, mid: plan.mid.clone() })
            })
            .collect();
        Ok(Reply::Description { sdp, lines })
    }

    /// The engine's answer.
    fn accept_offer(&mut self, theirs: &Theirs, offered: &[Direction]) -> Result<String, Fault> {
        let transport = theirs.transport.as_ref().ok_or(Fault::OperationError)?.as_chosen();
        let places = self.descriptions.layout.of_offer(theirs)?;
        let text = layout::write(&places, theirs, &transport, offered);
        let offer = SdpOffer::from_sdp_string(&text).map_err(|_| Fault::OperationError)?;
        for place in places.iter().filter(|place| place.revived) {
            self.rtc.direct_api().remove_media(Mid::from(place.mid()));
        }
        // It makes our own offer void, if there is one.
        self.descriptions.offer = None;
        match self.rtc.sdp_api().accept_offer(offer) {
            Ok(answer) => {
                self.descriptions.layout.took(places);
                Ok(answer.to_sdp_string())
            }
            Err(error) => {
                tracing::debug!("the engine refused an offer: {error}");
                self.descriptions.held = None;
                Err(Fault::OperationError)
            }
        }
    }
}
