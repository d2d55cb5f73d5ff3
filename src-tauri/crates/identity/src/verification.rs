//! Comparing a short code: the state of one exchange between two devices (PROTOCOL.md, section 7).
//!
//! Commit and reveal: the initiator fixes its share before it knows the responder's, and the responder says its own before
//! it knows the initiator's. So nobody in the middle, who must run one exchange with each side, can look for shares that
//! make the two codes the same; one in 2^42 is luck.
//!
//! Pure: time and randomness are arguments.

use std::fmt;

use earshot_protocol::limits::VERIFY_TIMEOUT;
use earshot_protocol::owner::{Verification as Answer, VerifyStage, VerifyStep};
use earshot_protocol::seal::{CODE_LENGTH, code_of, commitment_of};
use earshot_protocol::{Digest, ErrorCode, Nonce, PublicKey, RoomId, Verify};

/// One side of comparing the short code with one participant. It can be used again and again, one exchange at a time.
pub struct Verification {
    own: PublicKey,
    other: PublicKey,
    room: RoomId,
    /// When the exchange began, in ms.
    began: u64,
    state: State,
}

enum State {
    /// Nothing is under way; how the last exchange ended, if there was one.
    Over(Option<VerifyStage>),
    /// The initiator waits for the responder's share.
    Committed { nonce: Nonce },
    /// The responder waits for the share that was committed to.
    Shared { commitment: Digest, nonce: Nonce },
    /// Both see the code.
    Comparing { code: [u8; CODE_LENGTH], confirmed: bool, other_confirmed: bool },
}

impl fmt::Debug for Verification {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Over(_) => "over",
            State::Committed { .. } => "committed",
            State::Shared { .. } => "shared",
            State::Comparing { .. } => "comparing",
        };
        write!(formatter, "Verification({state})")
    }
}

fn answer(stage: VerifyStage, say: Vec<Verify>) -> Result<Answer, ErrorCode> {
    Ok(Answer { stage, say })
}

impl Verification {
    /// Nothing is under way yet. The keys are those of descriptions that were sealed and opened in `room`.
    #[must_use]
    pub fn new(own: PublicKey, other: PublicKey, room: RoomId) -> Self {
        Self { own, other, room, began: 0, state: State::Over(None) }
    }

    /// Takes a step. `now_ms` only rises; `fresh` is random and used at most once.
    ///
    /// An exchange that takes longer than [`VERIFY_TIMEOUT`] is cancelled by the next step. Words that come after the end
    /// of an exchange change nothing. When both begin at once, the smaller device id is the initiator.
    ///
    /// # Errors
    /// [`ErrorCode::VerificationFailed`] for a step out of order and for a share that does not fit the commitment. Then the
    /// exchange is over here, and `cancel` ends it on the other side.
    pub fn step(&mut self, now_ms: u64, fresh: Nonce, step: VerifyStep) -> Result<Answer, ErrorCode> {
        let under_way = !matches!(self.state, State::Over(_));
        if under_way && now_ms.saturating_sub(self.began) > u64::from(VERIFY_TIMEOUT) {
            self.state = State::Over(Some(VerifyStage::Cancelled));
            let begins_anew =
                matches!(step, VerifyStep::Begin | VerifyStep::Heard { verify: Verify::Commit { .. } });
            if !begins_anew {
                return answer(VerifyStage::Cancelled, vec![Verify::Cancel]);
            }
        }
        match step {
            VerifyStep::Begin => self.begin(now_ms, fresh),
            VerifyStep::Confirm { matches } => self.confirm(matches),
            VerifyStep::Cancel => self.cancel(true),
            VerifyStep::Heard { verify } => match verify {
                Verify::Commit { commitment } => self.heard_commit(now_ms, fresh, commitment),
                Verify::Nonce { nonce } => self.heard_nonce(nonce),
                Verify::Reveal { nonce } => self.heard_reveal(nonce),
                Verify::Result { matches } => self.heard_result(matches),
                Verify::Cancel => self.cancel(false),
            },
        }
    }

    fn begin(&mut self, now_ms: u64, fresh: Nonce) -> Result<Answer, ErrorCode> {
        if !matches!(self.state, State::Over(_)) {
            return answer(self.stage(), Vec::new());
        }
        let commitment = commitment_of(&self.own, &self.other, &self.room, &fresh);
        self.began = now_ms;
        self.state = State::Committed { nonce: fresh };
        answer(VerifyStage::Waiting, vec![Verify::Commit { commitment }])
    }

    fn heard_commit(&mut self, now_ms: u64, fresh: Nonce, commitment: Digest) -> Result<Answer, ErrorCode> {
        match self.state {
            State::Over(_) => self.began = now_ms,
            // Both began at once.
            State::Committed { .. } if self.own.device_id() < self.other.device_id() => {
                return answer(VerifyStage::Waiting, Vec::new());
            }
            State::Committed { .. } => {}
            State::Shared { .. } | State::Comparing { .. } => return self.fail(),
        }
        self.state = State::Shared { commitment, nonce: fresh };
        answer(VerifyStage::Waiting, vec![Verify::Nonce { nonce: fresh }])
    }

    fn heard_nonce(&mut self, theirs: Nonce) -> Result<Answer, ErrorCode> {
        match self.state {
            State::Committed { nonce } => {
                let code = code_of(&self.own, &self.other, &self.room, &nonce, &theirs);
                self.compare(code, vec![Verify::Reveal { nonce }])
            }
            _ => self.late_or_wrong(),
        }
    }

    fn heard_reveal(&mut self, theirs: Nonce) -> Result<Answer, ErrorCode> {
        match self.state {
            State::Shared { commitment, nonce } => {
                if commitment_of(&self.other, &self.own, &self.room, &theirs) != commitment {
                    return self.fail();
                }
                let code = code_of(&self.other, &self.own, &self.room, &theirs, &nonce);
                self.compare(code, Vec::new())
            }
            _ => self.late_or_wrong(),
        }
    }

    fn compare(&mut self, code: [u8; CODE_LENGTH], say: Vec<Verify>) -> Result<Answer, ErrorCode> {
        self.state = State::Comparing { code, confirmed: false, other_confirmed: false };
        answer(self.stage(), say)
    }

    fn heard_result(&mut self, matches: bool) -> Result<Answer, ErrorCode> {
        match &mut self.state {
            State::Comparing { .. } if !matches => self.end(VerifyStage::Mismatch, Vec::new()),
            State::Comparing { other_confirmed: true, .. } => self.fail(),
            State::Comparing { confirmed: true, .. } => self.end(VerifyStage::Verified, Vec::new()),
            State::Comparing { other_confirmed, .. } => {
                *other_confirmed = true;
                answer(self.stage(), Vec::new())
            }
            _ => self.late_or_wrong(),
        }
    }

    fn confirm(&mut self, matches: bool) -> Result<Answer, ErrorCode> {
        let say = vec![Verify::Result { matches }];
        match &mut self.state {
            State::Comparing { .. } if !matches => self.end(VerifyStage::Mismatch, say),
            State::Comparing { confirmed: true, .. } => answer(self.stage(), Vec::new()),
            State::Comparing { other_confirmed: true, .. } => self.end(VerifyStage::Verified, say),
            State::Comparing { confirmed, .. } => {
                *confirmed = true;
                answer(self.stage(), say)
            }
            _ => self.late_or_wrong(),
        }
    }

    fn cancel(&mut self, tell: bool) -> Result<Answer, ErrorCode> {
        match &self.state {
            State::Over(Some(stage)) => answer(stage.clone(), Vec::new()),
            State::Over(None) => answer(VerifyStage::Cancelled, Vec::new()),
            _ => self.end(VerifyStage::Cancelled, if tell { vec![Verify::Cancel] } else { Vec::new() }),
        }
    }

    fn end(&mut self, stage: VerifyStage, say: Vec<Verify>) -> Result<Answer, ErrorCode> {
        self.state = State::Over(Some(stage.clone()));
        answer(stage, say)
    }

    /// After the end, a word that was on its way; else one that has no place here.
    fn late_or_wrong(&mut self) -> Result<Answer, ErrorCode> {
        match &self.state {
            State::Over(Some(stage)) => answer(stage.clone(), Vec::new()),
            _ => self.fail(),
        }
    }

    fn fail(&mut self) -> Result<Answer, ErrorCode> {
        self.state = State::Over(Some(VerifyStage::Cancelled));
        Err(ErrorCode::VerificationFailed)
    }

    fn stage(&self) -> VerifyStage {
        match &self.state {
            State::Over(Some(stage)) => stage.clone(),
            State::Over(None) => VerifyStage::Cancelled,
            State::Committed { .. } | State::Shared { .. } => VerifyStage::Waiting,
            State::Comparing { code, confirmed: true, .. } => VerifyStage::Confirmed { code: *code },
            State::Comparing { code, .. } => VerifyStage::Compare { code: *code },
        }
    }
}
