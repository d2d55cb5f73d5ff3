//! What two participants say on their data channel `control`, where no hub can hear.

use std::num::NonZeroU16;

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
    /// How large I show your pictures, after each change. Who never says it gets them whole.
    Want {
        /// Your camera; nothing while it is out of sight, and then it is not sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        camera: Option<ShownSize>,
        /// Your screen, likewise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        screen: Option<ShownSize>,
    },
    /// I hang up; so that nobody waits for a hub to say it.
    Bye,
}

/// The size at which a picture is shown, in pixels of the screen; neither side is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ShownSize {
    /// Across.
    pub width: NonZeroU16,
    /// Down.
    pub height: NonZeroU16,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Control> {
        serde_json::from_str(text).ok()
    }

    #[test]
    fn a_size_is_bounded_and_may_be_left_out() {
        let none = Control::Want { camera: None, screen: None };
        assert_eq!(read(r#"{"type":"want"}"#), Some(none.clone()));
        assert_eq!(serde_json::to_string(&none).ok().as_deref(), Some(r#"{"type":"want"}"#));
        assert!(read(r#"{"type":"want","camera":{"width":640,"height":360}}"#).is_some());
        for bad in ["0", "-1", "1.5", "65536", "null"] {
            let text = format!(r#"{{"type":"want","camera":{{"width":{bad},"height":360}}}}"#);
            assert_eq!(read(&text), None, "{text}");
        }
    }
}
