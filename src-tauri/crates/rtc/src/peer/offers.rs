//! Offers of ours, and their answers. The engine's offer is kept pending: nothing is changed by it until it is answered.

use std::collections::HashMap;

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::channel::ChannelConfig;
use str0m::media::Mid;

use super::Peer;
use super::codecs::CodecId;
use super::descriptions::words;
use super::layout;
use super::lines::{direction, engine_direction, engine_kind, receives, reversed, sends};
use super::ours::{self, Head, Plan};
use super::theirs::Theirs;
use crate::wire::{
    Direction, Fault, Kind, Line, LineId, MAX_LINES, MAX_REMOTE_CANDIDATES, Reply, Transceiver,
};

#[derive(Debug)]
pub(super) struct Offer {
    pending: SdpPendingOffer,
    /// As the engine wrote it.
    engine: String,
    new: Vec<New>,
    /// It asks for a restart, with these credentials.
    restart: Option<(String, String)>,
    pub(super) made: Made,
    /// What was made and then set.
    pub(super) set: Option<Made>,
    /// It was set, and is no more: what was found since is not in its text.
    pub(super) taken_back: bool,
}

/// A line that is not agreed yet.
#[derive(Debug)]
struct New {
    mid: String,
    media: &'static str,
    /// Its place: a new one, or that of a line that both sides have given up (RFC 8829, section 5.2.2).
    line: usize,
    /// The engine does not have it yet.
    is_new_to_engine: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) plans: Vec<Plan>,
    pub(super) credentials: (String, String),
    pub(super) restart: bool,
}

fn media_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Audio => "audio",
        Kind::Video => "video",
    }
}

impl Peer {
    pub(super) fn create_offer(
        &mut self,
        transceivers: &[Transceiver],
        restart: bool,
    ) -> Result<Reply, Fault> {
        if self.descriptions.held.is_some() {
            return Err(Fault::InvalidStateError);
        }
        let restart = (restart || self.states.is_parked()) && self.descriptions.is_described();
        let is_kept = self.is_offer_kept(transceivers, restart);
        if !is_kept {
            self.offer_anew(transceivers, restart)?;
        }
        let credentials = self.credentials();
        let version = self.descriptions.next_version();
        let unplaced: Vec<bool> = transceivers.iter().map(|one| !is_kept && self.wants_line(one)).collect();
        let known = self.lines.len();
        let offer = self.descriptions.offer.as_mut().ok_or(Fault::OperationError)?;
        let mut plans: Vec<Plan> = self.lines.iter().map(Plan::of).collect();
        for new in &offer.new {
            let plan = new.plan();
            match plans.get_mut(new.line) {
                Some(stopped) => *stopped = plan,
                None => plans.push(plan),
            }
        }
        let mut ids = Vec::with_capacity(transceivers.len());
        // Lines of an offer that was never answered have been made anew, in the order of their transceivers.
        let mut fresh = offer.new.iter().filter(|new| new.media != "application").map(|new| new.line);
        for (transceiver, unplaced) in transceivers.iter().zip(unplaced) {
            let at = match transceiver.line.map(usize::from) {
                _ if unplaced => fresh.next(),
                Some(line) if is_kept || line < known => Some(line),
                _ => None,
            };
            let Some((at, plan)) = at.and_then(|at| Some((at, plans.get_mut(at)?))) else {
                ids.push(None);
                continue;
            };
            plan.work_in(transceiver, self.lines.get(at));
            let line = Line::try_from(at).map_err(|_| Fault::OperationError)?;
            ids.push(Some(LineId { line, mid: plan.mid.clone() }));
        }
        let shown = offer.restart.clone().unwrap_or(credentials);
        let is_restart = offer.restart.is_some();
        let head = Head { version, credentials: Some(shown.clone()), candidates: !is_restart };
        let sdp = ours::write(&offer.engine, &head, &plans);
        offer.made = Made { plans, credentials: shown, restart: is_restart };
        Ok(Reply::Description { sdp, lines: ids })
    }

    /// The offer that waits for its answer goes on waiting: what is wanted has the same lines.
    fn is_offer_kept(&self, transceivers: &[Transceiver], restart: bool) -> bool {
        let Some(offer) = self.descriptions.offer.as_ref().filter(|offer| offer.set.is_some()) else {
            return false;
        };
        let count = offer.new.iter().map(|new| new.line + 1).max().unwrap_or(0).max(self.lines.len());
        let is_there = |one: &Transceiver| match one.line.map(usize::from) {
            None => one.direction == Direction::Stopped,
            Some(line) => {
                line < count && (!self.wants_line(one) || offer.new.iter().any(|new| new.line == line))
            }
        };
        let has_channels = offer.new.iter().any(|new| new.media == "application") || self.has_channel_line();
        transceivers.iter().all(is_there)
            && (has_channels || !self.channels.are_wanted())
            && (!restart || offer.restart.is_some())
    }

    /// It has no line that is agreed.
    fn wants_line(&self, transceiver: &Transceiver) -> bool {
        let line = transceiver.line.and_then(|line| self.lines.get(usize::from(line)));
        transceiver.direction != Direction::Stopped && line.is_none_or(|line| line.refused.is_some())
    }

    /// Has the engine make an offer; the one before is void.
    fn offer_anew(&mut self, transceivers: &[Transceiver], restart: bool) -> Result<(), Fault> {
        let known = self.lines.len();
        let unplaced: Vec<&Transceiver> = transceivers.iter().filter(|one| self.wants_line(one)).collect();
        let wants_channels = self.channels.are_wanted() && !self.has_channel_line();
        if known == 0 && unplaced.is_empty() && !wants_channels {
            return Err(Fault::NotSupportedError);
        }
        let is_named = |at: usize| {
            transceivers
                .iter()
                .any(|one| one.direction == Direction::Stopped && one.line.map(usize::from) == Some(at))
        };
        let given_up = |(at, line): (usize, &super::LineState)| line.refused.is_some() && !is_named(at);
        let mut free: Vec<usize> =
            self.lines.iter().enumerate().filter(|one| given_up(*one)).map(|(at, _)| at).collect();
        let mut count = known;
        let mut place = |media: &str| match free.iter().position(|at| self.lines[*at].media == media) {
            Some(at) => free.remove(at),
            None => {
                count += 1;
                count - 1
            }
        };
        let places: Vec<usize> = unplaced.iter().map(|one| place(media_of(one.kind))).collect();
        let channels_at = wants_channels.then(|| place("application"));
        if count > MAX_LINES || !self.descriptions.layout.has_room(unplaced.len() + 1) {
            return Err(Fault::QuotaExceededError);
        }
        let has_channels = self.descriptions.layout.channels().map(str::to_owned);
        // The engine has a line for channels only with a channel. Ours are its from the beginning and outlive offers, so
        // this is one that is never used.
        let stub = match wants_channels && has_channels.is_none() {
            true => Some(self.channels.stub().ok_or(Fault::QuotaExceededError)?),
            false => None,
        };
        self.descriptions.offer = None;
        for mid in self.descriptions.layout.prune() {
            self.rtc.direct_api().remove_media(Mid::from(mid.as_str()));
        }
        let cname = self.cname.clone();
        let mut api = self.rtc.sdp_api();
        let mut new: Vec<New> = Vec::new();
        for (transceiver, line) in unplaced.iter().zip(places) {
            let direction = engine_direction(transceiver.direction);
            let kind = engine_kind(transceiver.kind);
            let mid = api.add_media(kind, direction, None, Some(cname.clone()), None).to_string();
            new.push(New { mid, media: media_of(transceiver.kind), line, is_new_to_engine: true });
        }
        if stub.is_some() {
            api.add_channel_with_config(ChannelConfig { negotiated: stub, ..ChannelConfig::default() });
        }
        if let Some(line) = channels_at {
            let mid = has_channels.unwrap_or_default();
            new.push(New { mid, media: "application", line, is_new_to_engine: stub.is_some() });
        }
        // Without a change there is no offer: new credentials are one, and if they are not shown nothing comes of them.
        let is_changed = new.iter().any(|new| new.is_new_to_engine);
        let fresh = (restart || !is_changed).then(|| api.ice_restart(true));
        let (offer, pending) = api.apply().ok_or(Fault::OperationError)?;
        let engine = offer.to_sdp_string();
        if let Some(new) = new.iter_mut().find(|new| new.media == "application" && new.is_new_to_engine) {
            let section = engine.split("m=application").nth(1).unwrap_or_default();
            ours::attribute(section, "mid").ok_or(Fault::OperationError)?.clone_into(&mut new.mid);
        }
        let restart = fresh.filter(|_| restart).map(|fresh| (fresh.ufrag, fresh.pass));
        let made = Made { plans: Vec::new(), credentials: (String::new(), String::new()), restart: false };
        self.descriptions.session = ours::id(&engine);
        self.descriptions.offer =
            Some(Offer { pending, engine, new, restart, made, set: None, taken_back: false });
        Ok(())
    }

    /// Mid and kind of each line of our offer.
    pub(super) fn offered(&self) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> =
            self.lines.iter().map(|line| (line.mid.clone(), line.media.clone())).collect();
        for new in self.descriptions.offer.iter().flat_map(|offer| &offer.new) {
            let line = (new.mid.clone(), new.media.to_owned());
            match all.get_mut(new.line) {
                Some(stopped) => *stopped = line,
                None => all.push(line),
            }
        }
        all
    }

    pub(super) fn set_remote_answer(&mut self, theirs: Theirs) -> Result<Reply, Fault> {
        let offer = self.descriptions.offer.as_ref().ok_or(Fault::InvalidStateError)?;
        let set = offer.set.clone().ok_or(Fault::InvalidStateError)?;
        let expected = self.offered();
        let expected = expected.iter().map(|(mid, media)| (mid.as_str(), media.as_str()));
        let answered = theirs.sections.iter().map(|section| (section.mid.as_str(), section.media.as_str()));
        let ufrag = theirs.transport.as_ref().map(|transport| transport.ufrag.as_str());
        let mut given = theirs.clone();
        let mut directions = Vec::with_capacity(given.sections.len());
        for (section, plan) in given.sections.iter_mut().zip(&set.plans) {
            section.rejected |= plan.refused.is_some();
            // Never more than was offered.
            let offered = reversed(plan.direction);
            directions.push(direction(
                sends(section.direction) && sends(offered),
                receives(section.direction) && receives(offered),
            ));
        }
        let takes_part = given.taking_part().next().is_some();
        let changed =
            takes_part && self.descriptions.is_described() && self.descriptions.remote_ufrag() != ufrag;
        // An answer restarts ICE exactly when its offer does (RFC 8839, section 4.4.1.1.1).
        if !answered.eq(expected) || (changed && offer.restart.is_none()) {
            return Err(Fault::OperationError);
        }
        if takes_part {
            self.accept_answer(&given, &set, &directions)?;
        } else {
            // The engine knows nothing of the offer, and hears nothing of the end.
            self.descriptions.offer = None;
            self.descriptions.local_ufrag = self.descriptions.settled_ufrag.clone();
        }
        self.described(&given, changed);
        if takes_part {
            let candidates = theirs.candidates.iter().take(MAX_REMOTE_CANDIDATES);
            for words in candidates.filter_map(|one| words(one)).collect::<Vec<_>>() {
                let _ = self.take_candidate(words);
            }
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
        let reply = theirs.reply(Some(&preferred));
        self.agreed(&theirs, &plans, Some(&preferred));
        Ok(reply)
    }

    /// The engine takes the answer to its offer.
    fn accept_answer(&mut self, theirs: &Theirs, set: &Made, directions: &[Direction]) -> Result<(), Fault> {
        let transport = theirs.transport.as_ref().ok_or(Fault::OperationError)?;
        let offer = self.descriptions.offer.take().ok_or(Fault::InvalidStateError)?;
        let new = offer.new.iter().filter(|new| new.is_new_to_engine);
        let places = self.descriptions.layout.of_answer(theirs, new.map(|new| (new.mid.as_str(), new.media)));
        let text = layout::write(&places, theirs, transport, directions);
        let answer = SdpAnswer::from_sdp_string(&text).map_err(|_| Fault::OperationError)?;
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
        self.descriptions.layout.took(places);
        Ok(())
    }
}

impl New {
    fn plan(&self) -> Plan {
        let Self { mid, media, .. } = self;
        let is_channels = *media == "application";
        Plan {
            mid: mid.clone(),
            unnamed: false,
            is_channels,
            refused: (!is_channels).then(|| format!("m={media} 0 UDP/TLS/RTP/SAVPF 0")),
            direction: Direction::Inactive,
            streams: Vec::new(),
            track: String::new(),
            codecs: Vec::new(),
        }
    }
}
