//! ICE and DTLS states as the W3C has them. The engine knows neither `failed` nor how long nothing came.

use std::time::{Duration, Instant};

use str0m::IceConnectionState;

use crate::wire::{DtlsState, IceState};

/// Nothing came for so long: `disconnected`. Each side checks every 2 s.
const SILENCE: Duration = Duration::from_secs(5);
/// `disconnected` for so long: `failed`.
const LOST: Duration = Duration::from_secs(15);
/// Checks for so long without an answer: `disconnected`, for more candidates may come (W3C WebRTC 1.0, section 5.6.3).
const UNFOUND: Duration = Duration::from_secs(15);
/// And for so long: `failed`. Few say that there are no more.
const UNANSWERED: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct States {
    engine: IceConnectionState,
    /// Since the engine is connected, or is not.
    since: Instant,
    /// It was connected, and no restart has come since.
    was_connected: bool,
    /// When the other side was last heard.
    heard: Instant,
    ice: IceState,
    dtls: DtlsState,
    /// They said goodbye.
    left: Option<Instant>,
    /// No line takes part.
    parked: bool,
    /// An address of theirs is known, and both descriptions are set: checks have an aim.
    has_aim: bool,
    is_agreed: bool,
    /// What a restart found working, until the new checks have an outcome.
    kept: Option<IceState>,
}

impl States {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            engine: IceConnectionState::New,
            since: now,
            was_connected: false,
            heard: now,
            ice: IceState::New,
            dtls: DtlsState::New,
            left: None,
            parked: false,
            has_aim: false,
            is_agreed: false,
            kept: None,
        }
    }

    pub(super) fn ice(&self) -> IceState {
        self.ice
    }

    pub(super) fn dtls(&self) -> DtlsState {
        self.dtls
    }

    pub(super) fn engine(&mut self, now: Instant, state: IceConnectionState) {
        if state == self.engine {
            return;
        }
        let was_connected = self.engine.is_connected();
        let was_new = self.engine == IceConnectionState::New;
        self.engine = state;
        if was_new || was_connected != state.is_connected() {
            self.since = now;
            self.heard = now;
        }
        self.was_connected |= was_connected;
        if state.is_connected() {
            self.kept = None;
        }
    }

    /// Checks begin anew, with new credentials. What works goes on working meanwhile, by the way that it has.
    pub(super) fn restarted(&mut self, now: Instant) {
        self.kept = Some(self.ice).filter(|ice| matches!(ice, IceState::Connected | IceState::Completed));
        self.engine = IceConnectionState::Checking;
        self.since = now;
        if self.kept.is_none() {
            self.heard = now;
        }
        self.was_connected = false;
    }

    /// An address of theirs is known.
    pub(super) fn aim(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.has_aim, true) && self.is_agreed {
            self.since = now;
        }
    }

    /// An answer is set.
    pub(super) fn agreed(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.is_agreed, true) && self.has_aim {
            self.since = now;
        }
    }

    /// No line takes part, or some do again.
    pub(super) fn park(&mut self, now: Instant, parked: bool) {
        if std::mem::replace(&mut self.parked, parked) && !parked {
            self.since = now;
            self.heard = now;
        }
    }

    pub(super) fn is_parked(&self) -> bool {
        self.parked
    }

    /// A datagram of theirs, and no other's.
    pub(super) fn heard(&mut self, now: Instant) {
        self.aim(now);
        self.heard = now;
    }

    /// `close_notify` came.
    pub(super) fn left(&mut self, now: Instant) {
        self.left.get_or_insert(now);
    }

    /// The new state, if it is another.
    pub(super) fn ice_change(&mut self, now: Instant) -> Option<IceState> {
        let state = self.ice_now(now);
        (std::mem::replace(&mut self.ice, state) != state).then_some(state)
    }

    /// The new state, if it is another. `closed` and `failed` are for good.
    pub(super) fn dtls_change(&mut self, state: DtlsState) -> Option<DtlsState> {
        if matches!(self.dtls, DtlsState::Closed | DtlsState::Failed) {
            return None;
        }
        (std::mem::replace(&mut self.dtls, state) != state).then_some(state)
    }

    fn ice_now(&self, now: Instant) -> IceState {
        if self.parked {
            return IceState::New;
        }
        if let Some(left) = self.left {
            return if now >= left + LOST { IceState::Failed } else { IceState::Disconnected };
        }
        // Who waits for candidates does not check yet (W3C WebRTC 1.0, section 5.6.3).
        if !(self.has_aim && self.is_agreed) {
            return IceState::New;
        }
        match self.engine {
            IceConnectionState::New => IceState::New,
            // The engine begins again and again with pairs that it has given up.
            IceConnectionState::Checking | IceConnectionState::Disconnected => {
                if now >= self.since + self.patience() {
                    IceState::Failed
                } else if let Some(kept) = self.kept {
                    if now >= self.heard + SILENCE { IceState::Disconnected } else { kept }
                } else if self.was_connected || now >= self.since + UNFOUND {
                    IceState::Disconnected
                } else {
                    IceState::Checking
                }
            }
            _ if now >= self.heard + SILENCE + LOST => IceState::Failed,
            _ if now >= self.heard + SILENCE => IceState::Disconnected,
            // Connected comes first, if only for a moment: pages wait for it.
            IceConnectionState::Completed
                if !matches!(self.ice, IceState::Connected | IceState::Completed) =>
            {
                IceState::Connected
            }
            IceConnectionState::Completed => IceState::Completed,
            // More candidates to try do not make it less complete.
            IceConnectionState::Connected if self.ice == IceState::Completed => IceState::Completed,
            IceConnectionState::Connected => IceState::Connected,
        }
    }

    fn patience(&self) -> Duration {
        if self.was_connected { LOST } else { UNANSWERED }
    }

    /// When a state may change by time alone.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.ice == IceState::Failed || self.parked {
            return None;
        }
        if let Some(left) = self.left {
            return Some(left + LOST);
        }
        match (self.engine, self.ice) {
            (IceConnectionState::New, _) => None,
            _ if !(self.has_aim && self.is_agreed) => None,
            (IceConnectionState::Checking | IceConnectionState::Disconnected, ice)
                if self.kept.is_some() && ice != IceState::Disconnected =>
            {
                Some((self.since + self.patience()).min(self.heard + SILENCE))
            }
            (IceConnectionState::Checking | IceConnectionState::Disconnected, IceState::Checking) => {
                Some(self.since + UNFOUND)
            }
            (IceConnectionState::Checking | IceConnectionState::Disconnected, _) => {
                Some(self.since + self.patience())
            }
            (_, IceState::Disconnected) => Some(self.heard + SILENCE + LOST),
            _ => Some(self.heard + SILENCE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With an address of theirs, after an answer.
    fn states(start: Instant) -> States {
        let mut states = States::new(start);
        states.aim(start);
        states.agreed(start);
        states
    }

    #[test]
    fn checks_begin_with_an_answer_and_a_candidate() {
        let start = Instant::now();
        for answer_first in [true, false] {
            let mut states = States::new(start);
            states.engine(start, IceConnectionState::Checking);
            assert_eq!((states.ice_change(start), states.deadline()), (None, None));
            if answer_first {
                states.agreed(start)
            } else {
                states.aim(start)
            }
            assert_eq!((states.ice_change(start + UNANSWERED), states.deadline()), (None, None));
            let later = start + UNANSWERED;
            if answer_first {
                states.heard(later)
            } else {
                states.agreed(later)
            }
            assert_eq!(states.ice_change(later), Some(IceState::Checking));
            assert_eq!(states.deadline(), Some(later + UNFOUND));
        }
    }

    #[test]
    fn a_restart_of_what_works_is_not_seen_unless_it_breaks() {
        let start = Instant::now();
        let mut states = states(start);
        states.engine(start, IceConnectionState::Connected);
        states.engine(start, IceConnectionState::Completed);
        assert_eq!(states.ice_change(start), Some(IceState::Connected));
        assert_eq!(states.ice_change(start), Some(IceState::Completed));
        states.restarted(start);
        assert_eq!(states.ice_change(start), None);
        states.engine(start, IceConnectionState::Connected);
        assert_eq!(states.ice_change(start), None, "more candidates to try");
        states.restarted(start);
        // The old way dies before the new one is found.
        let silent = states.deadline().expect("waits for silence");
        assert_eq!(states.ice_change(silent), Some(IceState::Disconnected));
        assert_eq!(states.deadline(), Some(start + UNANSWERED));
        // And what is broken is seen to be checked.
        states.restarted(silent);
        assert_eq!(states.ice_change(silent), Some(IceState::Checking));
        states.engine(silent, IceConnectionState::Connected);
        assert_eq!(states.ice_change(silent), Some(IceState::Connected));
    }

    #[test]
    fn silence_disconnects_and_then_fails() {
        let start = Instant::now();
        let mut states = states(start);
        states.engine(start, IceConnectionState::Checking);
        assert_eq!(states.ice_change(start), Some(IceState::Checking));
        states.engine(start, IceConnectionState::Connected);
        assert_eq!(states.ice_change(start), Some(IceState::Connected));
        let silent = states.deadline().expect("waits for silence");
        assert_eq!(states.ice_change(silent), Some(IceState::Disconnected));
        states.heard(silent);
        assert_eq!(states.ice_change(silent), Some(IceState::Connected));
        let silent = states.deadline().expect("waits for silence");
        assert_eq!(states.ice_change(silent), Some(IceState::Disconnected));
        let lost = states.deadline().expect("waits for the end");
        assert_eq!(states.ice_change(lost), Some(IceState::Failed));
        assert_eq!(states.deadline(), None);
    }

    #[test]
    fn checks_without_an_answer_fail() {
        let start = Instant::now();
        let mut states = states(start);
        assert_eq!(states.deadline(), None);
        states.engine(start, IceConnectionState::Checking);
        assert_eq!(states.ice_change(start), Some(IceState::Checking));
        let unfound = states.deadline().expect("waits for an answer");
        assert_eq!(states.ice_change(unfound), Some(IceState::Disconnected));
        let unanswered = states.deadline().expect("waits for another candidate");
        assert_eq!((unanswered, states.ice_change(unanswered)), (start + UNANSWERED, Some(IceState::Failed)));
    }

    #[test]
    fn the_end_of_dtls_is_for_good() {
        let mut states = States::new(Instant::now());
        assert_eq!(states.dtls_change(DtlsState::Closed), Some(DtlsState::Closed));
        assert_eq!(states.dtls_change(DtlsState::Connected), None);
    }
}
