//! What two participants say on their data channel `control`, where no hub can hear.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Verify;
use crate::hub::Signal;

/// A message on the data channel `control`, as JSON text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Control {
    /// What I send now; first of all, and after each change.
    State {
        /// My microphone is heard.
        microphone: bool,
        /// My camera is seen.
        camera: bool,
        /// My screen is seen.
        screen: bool,
        /// I can send and show 1920x1080 at 30 frames a second; used where both can.
        #[serde(default)]
        full_hd: bool,
    },
    /// Heals the connection when the hub is gone: an ICE restart.
    Signal {
        /// The signal.
        signal: Signal,
    },
    /// A step of comparing the short code.
    Verify {
        /// The step.
        verify: Verify,
    },
    /// I hang up; so that nobody waits for a hub to say it.
    Bye,
}
