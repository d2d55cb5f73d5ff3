//! Offers and answers (RFC 8829). The page keeps the signaling state; here is what each description means.
//!
//! The engine takes part only when something is agreed: an offer of ours is made from it and kept pending, an offer of
//! theirs is held until its answer is made.

use std::collections::HashMap;

use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::ChannelConfig;

use super::codecs::CodecId;
use super::lines::{LineState, direction, engine_direction, engine_kind, receives, reversed, sends};
use super::ours::{self, Head, Plan};
use super::theirs::Theirs;
use super::{Output, Peer, candidates};
use crate::wire::{
    Codec, Direction, Event, Fault, Kind, Line, LineId, MAX_LINES, MAX_REMOTE_CANDIDATES, Reply, SdpType,
    Transceiver,
};

#[derive(Debug, Default)]
pub(super) struct Descriptions {
    /// Of the description of ours that holds, or is offered.
    pub(super) local_ufrag: String,
    /// What `local_ufrag` was before our offer that waits for its answer.
    settled_ufrag: String,
    offer: Option<Offer>,
    held: Option<Held>,
    /// Of the last description of theirs that holds.
    remote: Option<Remote>,
    version: u64,
}

/// An offer of ours.
#[derive(Debug)]
struct Offer {
    pending: SdpPendingOffer,
    /// As the engine wrote it.
    engine: String,
    /// Its lines that the engine does not have yet.
    new: Vec<(String, &'static str)>,
    /// It asks for a restart, with these credentials.
    restart: Option<(String, String)>,
    made: Made,
    /// What was made and then set.
    set: Option<Made>,
}

#[derive(Debug, Clone)]
struct Made {
    plans: Vec<Plan>,
    credentials: (String, String),
    restart: bool,
}

/// An offer of theirs.
#[derive(Debug)]
struct Held {
    theirs: Theirs,
    candidates: Vec<Vec<String>>,
    restart: bool,
    /// The answer that was made to it.
    answer: Option<Vec<Plan>>,
}

#[derive(Debug)]
struct Remote {
    ufrag: String,
    fingerprint: String,
    mids: Vec<String>,
}

impl Descriptions {
    /// The mids of their newest description.
    pub(super) fn remote_sections(&self) -> Option<Vec<String>> {
        let of = |theirs: &Theirs| theirs.sections.iter().map(|section| section.mid.clone()).collect();
        let held = self.held.as_ref().map(|held| of(&held.theirs));
        held.or_else(|| self.remote.as_ref().map(|remote| remote.mids.clone()))
    }

    pub(super) fn is_remote_ufrag(&self, ufrag: &str) -> bool {
        self.held.as_ref().is_some_and(|held| held.theirs.ufrag == ufrag)
            || self.remote.as_ref().is_some_and(|remote| remote.ufrag == ufrag)
    }

    /// Where candidates of this generation wait, if its offer has no answer yet.
    pub(super) fn held_candidates(&mut self, ufrag: Option<&str>) -> Option<&mut Vec<Vec<String>>> {
        let held = self.held.as_mut().filter(|held| held.answer.is_none())?;
        let is_its = ufrag.is_none_or(|ufrag| held.theirs.ufrag == ufrag);
        let is_new = held.restart || self.remote.is_none();
        (is_its && is_new).then_some(&mut held.candidates)
    }

    pub(super) fn is_described(&self) -> bool {
        self.remote.is_some()
    }

    fn next_version(&mut self) -> u64 {
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

    pub(super) fn create_offer(
        &mut self,
        transceivers: &[Transceiver],
        restart: bool,
    ) -> Result<Reply, Fault> {
        if self.descriptions.held.is_some() {
            return Err(Fault::InvalidStateError);
        }
        let restart = restart && self.descriptions.is_described();
        let is_kept = self.descriptions.offer.as_ref().is_some_and(|offer| {
            let count = self.lines.len() + offer.new.len();
            // The same lines: the one that waits for its answer goes on waiting.
            offer.set.is_some()
                && transceivers.iter().all(|one| match one.line {
                    Some(line) => usize::from(line) < count,
                    None => one.direction == Direction::Stopped,
                })
                && (offer.new.iter().any(|(_, media)| *media == "application")
                    || self.has_channel_line()
                    || !self.channels.are_wanted())
                && (!restart || offer.restart.is_some())
        });
        if !is_kept {
            self.offer_anew(transceivers, restart)?;
        }
        let known = self.lines.len();
        let credentials = self.credentials();
        let head_version = self.descriptions.next_version();
        let offer = self.descriptions.offer.as_mut().ok_or(Fault::OperationError)?;
        let mut plans: Vec<Plan> = self.lines.iter().map(Plan::of).collect();
        plans.extend(offer.new.iter().map(|(mid, media)| Plan {
            mid: mid.clone(),
            refused: (*media != "application").then(|| format!("m={media} 0 UDP/TLS/RTP/SAVPF 0")),
            direction: Direction::Inactive,
            streams: Vec::new(),
            track: String::new(),
            codecs: Vec::new(),
        }));
        let mut ids = Vec::with_capacity(transceivers.len());
        let mut fresh = (known..plans.len()).filter(|at| offer.new[at - known].1 != "application");
        for transceiver in transceivers {
            // Lines of an offer that was never answered have been made anew, in the order of their transceivers.
            let line = transceiver.line.map(usize::from).filter(|line| is_kept || *line < known);
            let at = match line {
                Some(line) => Some(line).filter(|at| *at < plans.len()),
                None if transceiver.direction == Direction::Stopped => None,
                None => fresh.next(),
            };
            let Some(plan) = at.and_then(|at| plans.get_mut(at)) else {
                ids.push(None);
                continue;
            };
            plan.work_in(transceiver, self.lines.get(at.unwrap_or(usize::MAX)));
            let line = at.and_then(|at| Line::try_from(at).ok()).ok_or(Fault::OperationError)?;
            ids.push(Some(LineId { line, mid: plan.mid.clone() }));
        }
        let shown = offer.restart.clone().unwrap_or(credentials);
        let is_restart = offer.restart.is_some();
        let head = Head { version: head_version, credentials: Some(shown.clone()), candidates: !is_restart };
        let sdp = ours::write(&offer.engine, &head, &plans);
        offer.made = Made { plans, credentials: shown, restart: is_restart };
        Ok(Reply::Description { sdp, lines: ids })
    }

    /// Has the engine make an offer; the one before is void.
    fn offer_anew(&mut self, transceivers: &[Transceiver], restart: bool) -> Result<(), Fault> {
        let known = self.lines.len();
        let unnamed: Vec<&Transceiver> = transceivers
            .iter()
            .filter(|one| one.direction != Direction::Stopped)
            .filter(|one| one.line.is_none_or(|line| usize::from(line) >= known))
            .collect();
        let wants_channels = self.channels.are_wanted() && !self.has_channel_line();
        if known + unnamed.len() + usize::from(wants_channels) > MAX_LINES {
            return Err(Fault::QuotaExceededError);
        }
        if known == 0 && unnamed.is_empty() && !wants_channels {
            return Err(Fault::NotSupportedError);
        }
        // The engine has a line for channels only with a channel. Ours are its from the beginning and outlive offers, so
        // this is one that is never used.
        let stub = match wants_channels {
            true => Some(self.channels.stub().ok_or(Fault::QuotaExceededError)?),
            false => None,
        };
        self.descriptions.offer = None;
        let cname = self.cname.clone();
        let mut api = self.rtc.sdp_api();
        let mut new: Vec<(String, &'static str)> = Vec::new();
        for transceiver in &unnamed {
            let direction = engine_direction(transceiver.direction);
            let kind = engine_kind(transceiver.kind);
            let mid = api.add_media(kind, direction, None, Some(cname.clone()), None);
            let media = if transceiver.kind == Kind::Audio { "audio" } else { "video" };
            new.push((mid.to_string(), media));
        }
        if stub.is_some() {
            api.add_channel_with_config(ChannelConfig { negotiated: stub, ..ChannelConfig::default() });
            new.push((String::new(), "application"));
        }
        // Without a change there is no offer: new credentials are one, and if they are not shown nothing comes of them.
        let fresh = (restart || new.is_empty()).then(|| api.ice_restart(true));
        let (offer, pending) = api.apply().ok_or(Fault::OperationError)?;
        let engine = offer.to_sdp_string();
        if let Some((mid, _)) = new.iter_mut().find(|(_, media)| *media == "application") {
            let section = engine.split("m=application").nth(1).unwrap_or_default();
            *mid = ours::attribute(section, "mid").ok_or(Fault::OperationError)?.to_owned();
        }
        let restart = fresh.filter(|_| restart).map(|fresh| (fresh.ufrag, fresh.pass));
        let made = Made { plans: Vec::new(), credentials: (String::new(), String::new()), restart: false };
        self.descriptions.offer = Some(Offer { pending, engine, new, restart, made, set: None });
        Ok(())
    }

    fn credentials(&mut self) -> (String, String) {
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
                let restart = offer.made.restart && descriptions.local_ufrag != offer.made.credentials.0;
                descriptions.local_ufrag = offer.made.credentials.0.clone();
                self.gather(restart);
            }
            SdpType::Answer => {
                let answered = self.descriptions.held.as_ref().is_some_and(|held| held.answer.is_some());
                let held =
                    self.descriptions.held.take_if(|_| answered).ok_or(Fault::InvalidModificationError)?;
                let plans = held.answer.unwrap_or_default();
                self.descriptions.local_ufrag = self.credentials().0;
                self.agreed(&held.theirs, &plans, None);
                self.gather(held.restart);
            }
        }
        Ok(Reply::Done)
    }

    pub(super) fn rollback(&mut self) -> Reply {
        if self.descriptions.offer.take().is_some_and(|offer| offer.set.is_some()) {
            self.descriptions.local_ufrag = self.descriptions.settled_ufrag.clone();
        }
        // What an answer has already agreed with the engine stays: its lines are told again by the next offer.
        self.descriptions.held = None;
        Reply::Done
    }

    pub(super) fn set_remote(&mut self, kind: SdpType, sdp: &str) -> Result<Reply, Fault> {
        let theirs = Theirs::read(sdp)?;
        if self.descriptions.remote.as_ref().is_some_and(|remote| remote.fingerprint != theirs.fingerprint) {
            return Err(Fault::OperationError);
        }
        match kind {
            SdpType::Offer => self.set_remote_offer(theirs),
            SdpType::Answer => self.set_remote_answer(theirs),
        }
    }

    fn set_remote_offer(&mut self, theirs: Theirs) -> Result<Reply, Fault> {
        // Lines keep their place, kind and mid (RFC 8829, section 5.10).
        let moved = self.lines.iter().enumerate().any(|(at, line)| {
            theirs.sections.get(at).is_none_or(|section| {
                line.refused.is_none() && (section.mid != line.mid || section.media != line.media)
            })
        });
        if moved {
            return Err(Fault::OperationError);
        }
        // Both have offered: theirs goes first (RFC 8829, section 4.1.10.2).
        self.rollback();
        let restart = self.descriptions.remote.as_ref().is_some_and(|remote| remote.ufrag != theirs.ufrag);
        let reply = Reply::Remote {
            media: theirs.media(&HashMap::new()),
            channels: theirs.sections.iter().any(|section| section.is_channels() && !section.rejected),
            ufrag: theirs.ufrag.clone(),
        };
        let candidates =
            theirs.candidates.iter().take(MAX_REMOTE_CANDIDATES).filter_map(|candidate| words(candidate));
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
        let text = theirs.for_engine(&offered);
        let first = held.answer.replace(plans.clone()).is_none();
        let candidates = std::mem::take(&mut held.candidates);
        let restart = held.restart && first;
        let (ufrag, fingerprint) = (theirs.ufrag.clone(), theirs.fingerprint.clone());
        let offer = SdpOffer::from_sdp_string(&text).map_err(|_| Fault::OperationError)?;
        let answer = match self.rtc.sdp_api().accept_offer(offer) {
            Ok(answer) => answer.to_sdp_string(),
            Err(error) => {
                tracing::debug!("the engine refused an offer: {error}");
                self.descriptions.held = None;
                return Err(Fault::OperationError);
            }
        };
        self.described(&theirs, ufrag, fingerprint, restart);
        for words in candidates {
            let _ = self.take_candidate(words);
        }
        let head = Head { version, credentials: None, candidates: !restart };
        let sdp = ours::write(&answer, &head, &plans);
        let lines = transceivers
            .iter()
            .map(|one| {
                let plan = plans.get(usize::from(one.line?))?;
                Some(LineId { line: one.line?, mid: plan.mid.clone() })
            })
            .collect();
        Ok(Reply::Description { sdp, lines })
    }

    fn set_remote_answer(&mut self, theirs: Theirs) -> Result<Reply, Fault> {
        let offer = self.descriptions.offer.as_ref().ok_or(Fault::InvalidStateError)?;
        let set = offer.set.clone().ok_or(Fault::InvalidStateError)?;
        let expected: Vec<(&str, &str)> = self
            .lines
            .iter()
            .map(|line| (line.mid.as_str(), line.media.as_str()))
            .chain(offer.new.iter().map(|(mid, media)| (mid.as_str(), *media)))
            .collect();
        let answered = theirs.sections.iter().map(|section| (section.mid.as_str(), section.media.as_str()));
        let changed = self.descriptions.remote.as_ref().is_some_and(|remote| remote.ufrag != theirs.ufrag);
        // An answer restarts ICE exactly when its offer does (RFC 8839, section 4.4.1.1.1).
        if !answered.eq(expected) || (changed && offer.restart.is_none()) {
            return Err(Fault::OperationError);
        }
        let mut given = theirs.clone();
        let mut directions = Vec::with_capacity(given.sections.len());
        for (section, plan) in given.sections.iter_mut().zip(&set.plans) {
            // A line of channels that they refuse stays without a peer; the engine cannot give it up.
            if section.is_channels() {
                section.rejected = false;
            }
            section.rejected |= plan.refused.is_some();
            // Never more than was offered.
            let offered = reversed(plan.direction);
            directions.push(direction(
                sends(section.direction) && sends(offered),
                receives(section.direction) && receives(offered),
            ));
        }
        let text = given.for_engine(&directions);
        let answer = SdpAnswer::from_sdp_string(&text).map_err(|_| Fault::OperationError)?;
        let Some(offer) = self.descriptions.offer.take() else { return Err(Fault::InvalidStateError) };
        for (line, plan) in self.lines.iter().zip(&set.plans) {
            // The engine takes an offer's direction as its own: it would not begin to send on a line it has inactive.
            if line.refused.is_none()
                && line.kind().is_some()
                && sends(plan.direction)
                && !sends(line.direction)
            {
                let mid = line.engine_mid();
                self.rtc.sdp_api().set_direction(mid, engine_direction(plan.direction));
            }
        }
        if let Err(error) = self.rtc.sdp_api().accept_answer(offer.pending, answer) {
            tracing::debug!("the engine refused an answer: {error}");
            self.descriptions.local_ufrag = self.descriptions.settled_ufrag.clone();
            return Err(Fault::OperationError);
        }
        let (ufrag, fingerprint) = (theirs.ufrag.clone(), theirs.fingerprint.clone());
        self.described(&theirs, ufrag, fingerprint, changed);
        let candidates: Vec<_> =
            theirs.candidates.iter().take(MAX_REMOTE_CANDIDATES).filter_map(|one| words(one)).collect();
        for words in candidates {
            let _ = self.take_candidate(words);
        }
        let preferred: HashMap<usize, Vec<CodecId>> =
            set.plans.iter().enumerate().map(|(at, plan)| (at, plan.codecs.clone())).collect();
        let mut plans = set.plans;
        for ((plan, section), direction) in plans.iter_mut().zip(&theirs.sections).zip(&directions) {
            if section.rejected {
                plan.refused = Some(section.refusal());
            }
            plan.direction = reversed(*direction);
        }
        let reply = Reply::Remote {
            media: theirs.media(&preferred),
            channels: theirs.sections.iter().any(|section| section.is_channels() && !section.rejected),
            ufrag: theirs.ufrag.clone(),
        };
        self.agreed(&theirs, &plans, Some(&preferred));
        Ok(reply)
    }

    fn described(&mut self, theirs: &Theirs, ufrag: String, fingerprint: String, restart: bool) {
        if restart {
            self.forget_remotes();
            self.states.restarted(self.now);
        }
        let mids = theirs.sections.iter().map(|section| section.mid.clone()).collect();
        self.descriptions.remote = Some(Remote { ufrag, fingerprint, mids });
    }

    /// What an answer has settled. `preferred`: of our offer; none: the order of `plans` is the answer's.
    fn agreed(&mut self, theirs: &Theirs, plans: &[Plan], preferred: Option<&HashMap<usize, Vec<CodecId>>>) {
        self.share.agreed();
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
            let line = &self.lines[at];
            if let (Some(_), Ok(number)) = (line.kind(), Line::try_from(at)) {
                let codec = line.sent().and_then(|id| line.codecs.iter().find(|(known, _)| *known == id));
                let codec: Option<Codec> = codec.map(|(_, codec)| codec.clone());
                self.outputs.push_back(Output::Event(Event::SendCodec { line: number, codec }));
            }
        }
        self.reckon();
    }
}

fn words(candidate: &str) -> Option<Vec<String>> {
    let words = candidate.split_ascii_whitespace().take(64).map(str::to_owned).collect();
    candidates::checked(words).ok()
}
