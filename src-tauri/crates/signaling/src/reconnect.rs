//! When to dial again, and when to give up: pure, with time and randomness as arguments.

use std::time::Duration;

use earshot_protocol::ErrorCode;
use earshot_protocol::limits::{DIAL_TIMEOUT, RESUME_GRACE};

/// How a link behaves when it is not up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How long one try may take, from the first packet to the welcome.
    pub dial: Duration,
    /// The wait before the first new try; it doubles from then on.
    pub first: Duration,
    /// The longest wait.
    pub cap: Duration,
    /// How long a link that was up may be down before it is given up; `None`: for ever.
    pub grace: Option<Duration>,
    /// Whether a link that was never up is tried again.
    pub patient: bool,
}

/// How a link stands when a try has failed or the connection was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation {
    /// Tries that failed since the link was last up; 0 when it was up a moment ago.
    pub failures: u32,
    /// Since when it is down, if it ever was up.
    pub down_for: Option<Duration>,
    /// Why it failed.
    pub code: ErrorCode,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Dial again after this long.
    RetryIn(Duration),
    /// Never again, for this reason.
    End(ErrorCode),
}

impl Policy {
    /// For a call: the first connection succeeds within [`DIAL_TIMEOUT`] or not at all, so that the caller is told;
    /// a later loss may heal within [`RESUME_GRACE`].
    #[must_use]
    pub const fn call() -> Self {
        Self {
            dial: Duration::from_millis(DIAL_TIMEOUT as u64),
            first: Duration::from_millis(200),
            cap: Duration::from_secs(2),
            grace: Some(Duration::from_millis(RESUME_GRACE as u64)),
            patient: false,
        }
    }

    /// For the signaling server of the settings: tried for ever, at least every half minute.
    #[must_use]
    pub const fn server() -> Self {
        Self {
            dial: Duration::from_secs(10),
            first: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            grace: None,
            patient: true,
        }
    }

    /// Decides. `random` is any number; equal arguments give equal decisions.
    ///
    /// The wait is `first` × 2^failures, at most `cap`, and of that between half and all: many links that were
    /// lost in the same moment do not come back in the same moment.
    #[must_use]
    pub fn decide(&self, situation: Situation, random: u32) -> Decision {
        let Situation { failures, down_for, code } = situation;
        if is_final(code) {
            return Decision::End(code);
        }
        match (down_for, self.grace) {
            (None, _) if !self.patient => return Decision::End(code),
            (Some(down_for), Some(grace)) if down_for >= grace => return Decision::End(ErrorCode::LinkLost),
            _ => {}
        }
        let full = self.first.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).min(self.cap);
        let wait = full.mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX));
        Decision::RetryIn(match (down_for, self.grace) {
            // The last try is made within the grace.
            (Some(down_for), Some(grace)) => wait.min(grace.saturating_sub(down_for)),
            _ => wait,
        })
    }
}

/// Whether trying again cannot help: the same hello would get the same answer.
#[must_use]
pub const fn is_final(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::VersionUnsupported
            | ErrorCode::BadSignature
            | ErrorCode::UrlInvalid
            | ErrorCode::UrlInsecure
            | ErrorCode::NameInvalid
            | ErrorCode::SettingInvalid
            | ErrorCode::NotAllowed
            | ErrorCode::PhraseWrong
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(failures: u32, down_for: Option<u64>) -> Situation {
        Situation { failures, down_for: down_for.map(Duration::from_millis), code: ErrorCode::LinkLost }
    }

    fn wait(policy: Policy, situation: Situation, random: u32) -> Duration {
        match policy.decide(situation, random) {
            Decision::RetryIn(wait) => wait,
            Decision::End(code) => panic!("ended with {code}"),
        }
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        let policy = Policy::server();
        let waits: Vec<_> = (0..9).map(|n| wait(policy, lost(n, Some(0)), u32::MAX).as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
        for failures in [31, 32, 33, u32::MAX] {
            assert_eq!(wait(policy, lost(failures, Some(0)), u32::MAX), policy.cap);
        }
    }

    #[test]
    fn jitter_takes_up_to_half() {
        let policy = Policy::server();
        for failures in 0..40 {
            let most = wait(policy, lost(failures, Some(0)), u32::MAX);
            for random in [0, 1, u32::MAX / 3, u32::MAX / 2, u32::MAX - 1] {
                let some = wait(policy, lost(failures, Some(0)), random);
                assert!(some >= most / 2 && some <= most, "{some:?} of {most:?}");
            }
            assert!(wait(policy, lost(failures, Some(0)), 0) < most);
        }
    }

    #[test]
    fn a_call_that_never_was_ends_at_once() {
        for code in [ErrorCode::Unreachable, ErrorCode::WrongDevice, ErrorCode::HubFull] {
            let situation = Situation { failures: 1, down_for: None, code };
            assert_eq!(Policy::call().decide(situation, 7), Decision::End(code));
            assert!(matches!(Policy::server().decide(situation, 7), Decision::RetryIn(_)));
        }
    }

    #[test]
    fn a_call_that_was_lost_ends_when_its_place_is_gone() {
        let grace = u64::from(RESUME_GRACE);
        let policy = Policy::call();
        assert_eq!(wait(policy, lost(0, Some(0)), u32::MAX), policy.first);
        // The wait never reaches past the grace.
        assert_eq!(wait(policy, lost(9, Some(grace - 100)), u32::MAX), Duration::from_millis(100));
        assert_eq!(policy.decide(lost(9, Some(grace)), 0), Decision::End(ErrorCode::LinkLost));
        // A server is waited for, for ever.
        assert!(wait(Policy::server(), lost(9, Some(grace * 1000)), 0) >= Duration::from_secs(15));
    }

    #[test]
    fn what_cannot_get_better_ends_every_link() {
        for policy in [Policy::call(), Policy::server()] {
            for code in [
                ErrorCode::VersionUnsupported,
                ErrorCode::BadSignature,
                ErrorCode::UrlInsecure,
                ErrorCode::PhraseWrong,
            ] {
                for down_for in [None, Some(Duration::ZERO)] {
                    let situation = Situation { failures: 0, down_for, code };
                    assert_eq!(policy.decide(situation, 0), Decision::End(code));
                }
            }
        }
    }
}
