//! The office's phrase at the door: SPAKE2 with a confirmation from both sides, over a connection between two devices.
//!
//! One connection is one guess: a half of SPAKE2 is used once, and the confirmations cover both device ids and the TLS
//! exporter, so that nobody can pass a proof on. The work is a few multiplications on a curve, done in the task of
//! the connection, and the places at the door bound how many do it at once.

use std::time::Duration;

use earshot_identity::phrase::{Context, Pake, PhraseKey, Role, confirmed};
use earshot_protocol::hub::PhraseProof;
use earshot_protocol::{DeviceId, Digest, ErrorCode, PakeMessage};

use crate::channel::{Channel, Exporter};

/// Who guessed wrong keeps its place at the door for so long before it is told: an address has
/// [`MAX_UNGREETED_PER_ADDRESS`](earshot_protocol::limits::MAX_UNGREETED_PER_ADDRESS) places, and so as many guesses a
/// second. Shorter than a caller waits, who is to hear what is wrong.
pub(crate) const WRONG_GUESS_WAITS: Duration = Duration::from_secs(1);

/// The hub's half for one connection.
pub(crate) struct Asked {
    pake: Pake,
    /// What the challenge says.
    pub(crate) message: PakeMessage,
}

impl Asked {
    pub(crate) fn new(key: &PhraseKey) -> Self {
        let (pake, message) = Pake::start(Role::Hub, key);
        Self { pake, message }
    }

    /// Checks a visitor's proof. Returns the hub's own confirmation, which only somebody who knows the phrase is given.
    pub(crate) fn check(
        self,
        proof: &PhraseProof,
        hub: DeviceId,
        visitor: DeviceId,
        exporter: Exporter,
    ) -> Result<Digest, ErrorCode> {
        let confirmations = self
            .pake
            .finish(&proof.message, &Context { hub, visitor, exporter })
            .map_err(|_| ErrorCode::PhraseWrong)?;
        if confirmed(&confirmations.visitor, &proof.confirmation) {
            Ok(confirmations.hub)
        } else {
            Err(ErrorCode::PhraseWrong)
        }
    }
}

/// The visitor's answer to a hub's half, and what the hub must confirm with.
pub(crate) fn answer(
    key: &PhraseKey,
    message: &PakeMessage,
    hub: DeviceId,
    visitor: DeviceId,
    channel: &Channel,
) -> Result<(PhraseProof, Digest), ErrorCode> {
    // Between devices only: a server's way has somebody in the middle, and is the server's to guard.
    let Channel::Device(exporter) = channel else { return Err(ErrorCode::PhraseWrong) };
    let (pake, own) = Pake::start(Role::Visitor, key);
    let confirmations = pake
        .finish(message, &Context { hub, visitor, exporter: *exporter })
        .map_err(|_| ErrorCode::PhraseWrong)?;
    Ok((PhraseProof { message: own, confirmation: confirmations.visitor }, confirmations.hub))
}
