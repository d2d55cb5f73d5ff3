//! Chat, straight from one participant to every other: what is said on the data channel `chat`, as JSON texts.
//!
//! A message is its author's and an id of theirs, so that nobody takes another's id away. Each author says theirs
//! directly; what somebody tells of others is only what they have heard, and is shown as that.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{DeviceId, MessageId};

/// A message on the data channel `chat`. Times are ms since 1970, by the clock of whoever says them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ChatMessage {
    /// I say something.
    Text {
        /// Random; no other of mine has it.
        id: MessageId,
        /// Plain: at most [`MAX_CHAT_CHARS`](crate::limits::MAX_CHAT_CHARS), not empty.
        text: String,
        /// When I said it.
        #[ts(type = "number")]
        at: u64,
    },
    /// I react to something, or no longer do.
    React {
        /// Whose message.
        author: DeviceId,
        /// Which of theirs.
        id: MessageId,
        /// How.
        reaction: ChatReaction,
        /// Or no longer.
        on: bool,
    },
    /// What was said? Once for each new connection, and again of one who is asked for all.
    HistoryWanted {
        /// Not only by you.
        all: bool,
    },
    /// A part of the answer: as much as fits into a message.
    History {
        /// What the teller's clock shows.
        #[ts(type = "number")]
        now: u64,
        /// In their order.
        messages: Vec<PastMessage>,
        /// To these messages, or to others.
        reactions: Vec<PastReaction>,
        /// The last part.
        last: bool,
    },
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PastMessage {
    /// Which.
    pub id: MessageId,
    /// By whom; vouched for only where this is the teller.
    pub from: DeviceId,
    /// What they were called.
    pub name: String,
    /// As in [`ChatMessage::Text`].
    pub text: String,
    /// When.
    #[ts(type = "number")]
    pub at: u64,
}

/// A reaction that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PastReaction {
    /// Whose.
    pub from: DeviceId,
    /// To whose message.
    pub author: DeviceId,
    /// Which of theirs.
    pub id: MessageId,
    /// How.
    pub reaction: ChatReaction,
}

/// What can be answered without words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum ChatReaction {
    /// I agree.
    Yes,
    /// I like it.
    Heart,
    /// It makes me laugh.
    Laugh,
    /// Something to celebrate.
    Party,
    /// It is done.
    Done,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<ChatMessage> {
        serde_json::from_str(text).ok()
    }

    #[test]
    fn messages_are_read_as_they_are_written() {
        let id = MessageId([1; 16]);
        let author = DeviceId([2; 32]);
        let all = [
            (ChatMessage::Text { id, text: "hello".into(), at: 7 }, r#""type":"text""#),
            (
                ChatMessage::React { author, id, reaction: ChatReaction::Heart, on: true },
                r#""reaction":"heart""#,
            ),
            (ChatMessage::HistoryWanted { all: false }, r#""type":"history-wanted""#),
            (
                ChatMessage::History {
                    now: 9,
                    messages: vec![PastMessage {
                        id,
                        from: author,
                        name: "Bob".into(),
                        text: "hello".into(),
                        at: 7,
                    }],
                    reactions: vec![PastReaction { from: author, author, id, reaction: ChatReaction::Done }],
                    last: true,
                },
                r#""reaction":"done""#,
            ),
        ];
        for (message, part) in all {
            let text = serde_json::to_string(&message).unwrap_or_default();
            assert!(text.contains(part), "{text}");
            assert_eq!(read(&text), Some(message));
        }
        assert_eq!(read(r#"{"type":"text","id":"short","text":"a","at":1}"#), None);
        assert_eq!(read(r#"{"type":"text","id":"aeaqcaibaeaqcaibaeaqcaibae","text":"a","at":-1}"#), None);
    }
}
