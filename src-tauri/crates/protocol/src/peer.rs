//! What two participants say on their data channel `control`, where no hub can hear.

use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::hub::Signal;
use crate::{DeviceId, Verify};

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
        /// My hand is up, for so long, ms: whoever comes later sees the same order. Nothing while it is down.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        hand: Option<u32>,
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
    /// Shown on my tile for a moment.
    React {
        /// What.
        reaction: Reaction,
    },
    /// Of the host: take your hand down.
    LowerHand,
    /// Of the host: your microphone is muted. You can unmute at once.
    Mute {
        /// Everybody's is.
        everyone: bool,
    },
    /// Of the host: please unmute. Nothing happens until you do.
    AskUnmute,
    /// Of the host: who is large for everyone, unless you pinned somebody; after each change, and first of all to who comes.
    Spotlight {
        /// Who; nobody when it is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        device: Option<DeviceId>,
        /// The screen that they share.
        #[serde(default)]
        screen: bool,
    },
    /// I hang up; so that nobody waits for a hub to say it.
    Bye,
}

/// What can be said without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Reaction {
    /// Good.
    ThumbsUp,
    /// I love it.
    Heart,
    /// Funny.
    Laugh,
    /// Let us celebrate.
    Party,
    /// Applause.
    Clap,
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

    #[test]
    fn a_hand_is_an_age_and_may_be_left_out() {
        let older = read(r#"{"type":"state","microphone":true,"camera":false,"screen":false}"#);
        assert!(matches!(older, Some(Control::State { hand: None, .. })));
        let text = |hand: &str| {
            format!(r#"{{"type":"state","microphone":true,"camera":false,"screen":false,"hand":{hand}}}"#)
        };
        assert!(matches!(read(&text("4294967295")), Some(Control::State { hand: Some(u32::MAX), .. })));
        for bad in ["-1", "1.5", "4294967296", "true", "\"up\""] {
            assert_eq!(read(&text(bad)), None, "{bad}");
        }
    }

    #[test]
    fn what_the_host_says_has_one_form() {
        let device = "a".repeat(52);
        for (text, said) in [
            (r#"{"type":"lower-hand"}"#.to_owned(), Control::LowerHand),
            (r#"{"type":"mute","everyone":true}"#.to_owned(), Control::Mute { everyone: true }),
            (r#"{"type":"ask-unmute"}"#.to_owned(), Control::AskUnmute),
            (
                r#"{"type":"spotlight","screen":false}"#.to_owned(),
                Control::Spotlight { device: None, screen: false },
            ),
            (
                format!(r#"{{"type":"spotlight","device":"{device}","screen":true}}"#),
                Control::Spotlight { device: device.parse().ok(), screen: true },
            ),
        ] {
            assert_eq!(read(&text).as_ref(), Some(&said), "{text}");
            assert_eq!(serde_json::to_string(&said).ok(), Some(text));
        }
        for bad in [
            r#"{"type":"mute"}"#,
            r#"{"type":"spotlight","device":"bob","screen":false}"#,
            r#"{"type":"react"}"#,
            r#"{"type":"react","reaction":"fire"}"#,
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
