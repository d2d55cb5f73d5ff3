//! Candidates of both sides, gathering, and names instead of addresses (RFC 8445, RFC 8838, RFC 8839).

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use str0m::{Candidate, CandidateKind};

use super::stats::kind_of;
use super::{Output, Peer};
use crate::net::Found;
use crate::wire::{Event, Fault, Gathering, Line, LocalCandidate, MAX_REMOTE_CANDIDATES, PairEnd};

/// Names that are being looked up at once.
const MAX_RESOLVING: usize = 32;
/// Candidates of our own; more sockets than that are not used.
const MAX_LOCAL: usize = 64;

#[derive(Debug)]
pub(super) struct Candidates {
    pub(super) gathering: Gathering,
    pub(super) locals: Vec<Local>,
    /// Those of their current generation.
    pub(super) remotes: Vec<Remote>,
    /// So many of the current generation came, usable or not.
    came: usize,
    resolving: Vec<Resolving>,
    aim: Option<Aim>,
    /// How often the pair that is used became another one.
    pub(super) aims: u32,
    last_pair: Option<(SocketAddr, SocketAddr)>,
}

/// One of ours.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) found: Found,
    pub(super) candidate: Candidate,
}

/// One of theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remote {
    pub(super) address: SocketAddr,
    pub(super) kind: CandidateKind,
    pub(super) priority: u32,
    candidate: Candidate,
}

/// How long an address may be silent while they speak from another one. Each side checks every 2 s, and answers.
const MOVED: Duration = Duration::from_millis(2_500);

/// Their address that is sent to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Aim {
    address: SocketAddr,
    heard: Instant,
    /// They have checked from another one since.
    elsewhere: bool,
}

#[derive(Debug)]
struct Resolving {
    name: String,
    /// The words around the address.
    words: Vec<String>,
}

impl Default for Candidates {
    fn default() -> Self {
        Self {
            gathering: Gathering::New,
            locals: Vec::new(),
            remotes: Vec::new(),
            came: 0,
            resolving: Vec::new(),
            aim: None,
            aims: 0,
            last_pair: None,
        }
    }
}

impl Found {
    fn base(&self) -> SocketAddr {
        match self {
            Self::Host { address } => *address,
            Self::Reflexive { base, .. } | Self::Relayed { base, .. } => *base,
        }
    }

    fn address(&self) -> SocketAddr {
        match self {
            Self::Host { address } | Self::Reflexive { address, .. } | Self::Relayed { address, .. } => {
                *address
            }
        }
    }

    fn candidate(&self) -> Option<Candidate> {
        match *self {
            Self::Host { address } => Candidate::host(address, "udp"),
            Self::Reflexive { address, base } => Candidate::server_reflexive(address, base, "udp"),
            Self::Relayed { address, base } => Candidate::relayed(address, base, "udp"),
        }
        .ok()
    }
}

impl Peer {
    /// A candidate of ours was found.
    pub fn found(&mut self, now: Instant, found: Found) {
        self.now = now;
        let is_relay = matches!(found, Found::Relayed { .. });
        if self.is_over() || (self.configuration.relay_only && !is_relay) {
            return;
        }
        if let Some(known) = self.candidates.locals.iter().find(|local| local.found == found) {
            let candidate = known.candidate.clone();
            self.announce(candidate);
        } else if self.candidates.locals.len() < MAX_LOCAL
            && let Some(candidate) = found.candidate()
            && let Some(candidate) = self.rtc.add_local_candidate(candidate).cloned()
        {
            self.candidates.locals.push(Local { found, candidate: candidate.clone() });
            self.announce(candidate);
        }
        self.drain();
    }

    /// A socket or allocation is gone.
    pub fn gone(&mut self, now: Instant, base: SocketAddr) {
        self.now = now;
        let mut gone = Vec::new();
        self.candidates.locals.retain(|local| {
            let is_gone = local.found.base() == base || local.found.address() == base;
            if is_gone {
                gone.push(local.candidate.clone());
            }
            !is_gone
        });
        for candidate in &gone {
            self.rtc.direct_api().invalidate_candidate(candidate);
        }
        self.drain();
    }

    /// All candidates are found.
    pub fn gathered(&mut self, now: Instant) {
        self.now = now;
        if self.candidates.gathering == Gathering::Gathering {
            self.candidates.gathering = Gathering::Complete;
            self.event(Event::Candidate { candidate: None });
            self.event(Event::Gathering { state: Gathering::Complete });
        }
    }

    /// What a `.local` name is; empty: nobody knows it.
    pub fn resolved(&mut self, now: Instant, name: &str, addresses: &[IpAddr]) {
        self.now = now;
        let mut waiting = Vec::new();
        self.candidates.resolving.retain_mut(|resolving| {
            let is_named = resolving.name.eq_ignore_ascii_case(name);
            if is_named {
                waiting.push(std::mem::take(&mut resolving.words));
            }
            !is_named
        });
        for mut words in waiting {
            for address in addresses {
                words[4] = address.to_string();
                // One that cannot be used is as good as none.
                let _ = self.add_words(&words);
            }
        }
        self.drain();
    }

    /// Begins to gather: at the first description of ours, and anew after each ICE restart.
    pub(super) fn gather(&mut self, restart: bool) {
        if self.candidates.gathering != Gathering::New && !restart {
            return;
        }
        self.candidates.gathering = Gathering::Gathering;
        self.event(Event::Gathering { state: Gathering::Gathering });
        let configuration = self.configuration.clone();
        self.outputs.push_back(Output::Gather { configuration, restart });
    }

    /// There is nothing left that candidates could be for.
    pub(super) fn reset_gathering(&mut self) {
        if self.candidates.gathering != Gathering::New {
            self.candidates.gathering = Gathering::New;
            self.event(Event::Gathering { state: Gathering::New });
        }
    }

    /// What was found before, for a description that does not have it.
    pub(super) fn announce_again(&mut self) {
        let known: Vec<Candidate> =
            self.candidates.locals.iter().map(|local| local.candidate.clone()).collect();
        for candidate in known {
            self.announce(candidate);
        }
    }

    fn announce(&mut self, mut candidate: Candidate) {
        let Some((line, mid)) = self.tagged() else { return };
        let ufrag = self.descriptions.local_ufrag.clone();
        candidate.set_ufrag(&ufrag);
        let candidate = LocalCandidate { candidate: candidate.to_sdp_string(), mid, line, ufrag };
        self.event(Event::Candidate { candidate: Some(candidate) });
    }

    /// The engine uses this pair, ours and theirs.
    pub(super) fn aimed(&mut self, pair: Option<(SocketAddr, SocketAddr)>) {
        if pair.is_some() && self.candidates.last_pair != pair {
            self.candidates.last_pair = pair;
            self.candidates.aims += 1;
            if let Some((local, remote)) = pair {
                let event = Event::Pair { local: self.local_end(local), remote: self.remote_end(remote) };
                self.event(event);
            }
        }
        let address = pair.map(|(_, theirs)| theirs);
        if self.candidates.aim.map(|aim| aim.address) != address {
            self.candidates.aim = address.map(|address| Aim { address, heard: self.now, elsewhere: false });
        }
    }

    /// The candidate of ours at `base`.
    fn local_end(&self, base: SocketAddr) -> PairEnd {
        let known = self.candidates.locals.iter().map(|local| &local.candidate);
        let known = known.into_iter().find(|candidate| candidate.addr() == base);
        PairEnd {
            address: base.ip().to_string(),
            port: base.port(),
            kind: kind_of(known.map_or(CandidateKind::Host, Candidate::kind)).to_owned(),
            priority: known.map_or(0, Candidate::prio),
        }
    }

    /// The candidate of theirs at `address`.
    fn remote_end(&self, address: SocketAddr) -> PairEnd {
        let known = self.candidates.remotes.iter().find(|remote| remote.address == address);
        PairEnd {
            address: address.ip().to_string(),
            port: address.port(),
            kind: kind_of(known.map_or(CandidateKind::PeerReflexive, |remote| remote.kind)).to_owned(),
            priority: known.map_or(0, |remote| remote.priority),
        }
    }

    /// The pair that is used, as far as there is one.
    pub(super) fn pair(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.candidates.last_pair.filter(|_| !self.states.is_parked())
    }

    /// Something of theirs came from `source`, a check if `is_check`.
    pub(super) fn heard_from(&mut self, source: SocketAddr, is_check: bool) {
        let now = self.now;
        if let Some(aim) = &mut self.candidates.aim {
            if source == aim.address {
                *aim = Aim { heard: now, elsewhere: false, ..*aim };
            } else {
                aim.elsewhere |= is_check;
            }
        }
    }

    /// The engine stays with an address for 15 s after its last check. When they have moved they say so earlier, by
    /// checks from elsewhere while the old address is silent.
    pub(super) fn follow(&mut self) {
        let now = self.now;
        let Some(aim) = self.candidates.aim.take_if(|aim| aim.elsewhere && now >= aim.heard + MOVED) else {
            return;
        };
        for remote in self.candidates.remotes.extract_if(.., |remote| remote.address == aim.address) {
            self.rtc.direct_api().invalidate_candidate(&remote.candidate);
        }
    }

    /// Their generation begins anew.
    pub(super) fn forget_remotes(&mut self) {
        self.candidates.remotes.clear();
        self.candidates.resolving.clear();
        self.candidates.came = 0;
    }

    pub(super) fn add_candidate(
        &mut self,
        candidate: &str,
        mid: Option<&str>,
        line: Option<Line>,
        ufrag: Option<&str>,
    ) -> Result<(), Fault> {
        let sections = self.descriptions.remote_sections().ok_or(Fault::InvalidStateError)?;
        let section = match (mid, line) {
            (Some(mid), _) => sections.iter().find(|section| section.mid == mid),
            (None, Some(line)) => sections.get(usize::from(line)),
            (None, None) => sections.first(),
        };
        let section = section.ok_or(Fault::OperationError)?;
        let is_any = mid.is_none() && line.is_none();
        let candidate = candidate.strip_prefix("a=").unwrap_or(candidate).trim();
        let words: Vec<String> = candidate.split_ascii_whitespace().take(64).map(str::to_owned).collect();
        let told = words.iter().position(|word| word == "ufrag").and_then(|at| words.get(at + 1)).cloned();
        let ufrag = ufrag.or(told.as_deref());
        if !ufrag.is_none_or(|ufrag| self.descriptions.is_remote_ufrag(ufrag)) {
            return Err(Fault::OperationError);
        }
        // The end of candidates: nothing waits for it.
        if words.is_empty() {
            return Ok(());
        }
        let words = checked(words)?;
        // Good, but for a transport that there is not: of a line that takes no part, or that others of its bundle carry.
        let takes_part = is_any || section.takes_part;
        if !takes_part || ufrag.is_some_and(|ufrag| !self.descriptions.is_transport_ufrag(ufrag)) {
            return Ok(());
        }
        if let Some(held) = self.descriptions.held_candidates(ufrag) {
            // They belong to an offer that the engine has not seen yet.
            if held.len() < MAX_REMOTE_CANDIDATES {
                held.push(words);
            }
            return Ok(());
        }
        self.take_candidate(words)
    }

    /// One of the description that holds.
    pub(super) fn take_candidate(&mut self, words: Vec<String>) -> Result<(), Fault> {
        if self.candidates.came >= MAX_REMOTE_CANDIDATES {
            return Ok(());
        }
        self.candidates.came += 1;
        let name = words[4].to_ascii_lowercase();
        if !name.ends_with(".local") {
            return self.add_words(&words);
        }
        if self.candidates.resolving.len() < MAX_RESOLVING {
            let is_asked = self.candidates.resolving.iter().any(|resolving| resolving.name == name);
            self.candidates.resolving.push(Resolving { name: name.clone(), words });
            if !is_asked {
                self.outputs.push_back(Output::Resolve { name });
            }
        }
        Ok(())
    }

    fn add_words(&mut self, words: &[String]) -> Result<(), Fault> {
        let address: IpAddr = words[4].parse().map_err(|_| Fault::OperationError)?;
        let port: u16 = words[5].parse().map_err(|_| Fault::OperationError)?;
        // Bundled and multiplexed: only the first component is used. No TCP (RFC 6544).
        let is_usable = words[1] == "1"
            && words[2].eq_ignore_ascii_case("udp")
            && port != 0
            && !address.is_unspecified()
            && !address.is_multicast()
            && self.candidates.remotes.len() < MAX_REMOTE_CANDIDATES;
        if !is_usable {
            return Ok(());
        }
        let candidate =
            Candidate::from_sdp_string(&words[..8].join(" ")).map_err(|_| Fault::OperationError)?;
        let remote = Remote {
            address: candidate.addr(),
            kind: candidate.kind(),
            priority: candidate.prio(),
            candidate: candidate.clone(),
        };
        if !self.candidates.remotes.contains(&remote) {
            self.candidates.remotes.push(remote);
            self.rtc.add_remote_candidate(candidate);
            self.states.aim(self.now);
        }
        Ok(())
    }
}

/// The words of a `candidate:…`, each of the eight that must be there of its form.
pub(super) fn checked(words: Vec<String>) -> Result<Vec<String>, Fault> {
    let is_form = words.len() >= 8
        && words[0].strip_prefix("candidate:").is_some_and(|foundation| !foundation.is_empty() && foundation.len() <= 32)
        && words[1].parse::<u16>().is_ok_and(|component| (1..=256).contains(&component))
        // Priorities above 2^31 would overflow those of pairs (RFC 8445, section 5.1.2).
        && words[3].parse::<u32>().is_ok_and(|priority| (1..1 << 31).contains(&priority))
        && words[5].parse::<u16>().is_ok()
        && words[6] == "typ"
        && ["host", "srflx", "prflx", "relay"].contains(&words[7].as_str());
    let is_address = |text: &str| {
        text.parse::<IpAddr>().is_ok()
            || (text.len() <= 255 && text.to_ascii_lowercase().ends_with(".local") && text.is_ascii())
    };
    if is_form && is_address(&words[4]) { Ok(words) } else { Err(Fault::OperationError) }
}
