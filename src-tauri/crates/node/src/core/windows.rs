//! The windows attached to the node: bounded in number, each with a bounded queue.

use std::collections::BTreeMap;

use earshot_protocol::limits::{MAX_QUEUE, MAX_WINDOWS};
use earshot_protocol::{ErrorCode, Event, FromNode, HubMessage, Reply, RequestId, Seq};
use tokio::sync::mpsc;

/// All windows.
#[derive(Debug, Default)]
pub(super) struct Windows {
    windows: BTreeMap<u64, Attached>,
    slow: Vec<u64>,
}

#[derive(Debug)]
struct Attached {
    queue: mpsc::Sender<FromNode>,
    seq: Seq,
    watching: bool,
    /// It has asked for something: there is a page, and not only somebody who listens.
    spoken: bool,
}

impl Windows {
    /// Takes a window in.
    pub(super) fn attach(&mut self, id: u64) -> Result<mpsc::Receiver<FromNode>, ErrorCode> {
        if self.windows.len() >= MAX_WINDOWS as usize {
            return Err(ErrorCode::TooManyWindows);
        }
        let (queue, messages) = mpsc::channel(MAX_QUEUE as usize);
        self.windows.insert(id, Attached { queue, seq: 0, watching: false, spoken: false });
        Ok(messages)
    }

    pub(super) fn detach(&mut self, id: u64) -> bool {
        self.windows.remove(&id).is_some()
    }

    pub(super) fn contains(&self, id: u64) -> bool {
        self.windows.contains_key(&id)
    }

    pub(super) fn ids(&self) -> Vec<u64> {
        self.windows.keys().copied().collect()
    }

    pub(super) fn watch(&mut self, id: u64, watching: bool) {
        if let Some(window) = self.windows.get_mut(&id) {
            window.watching = watching;
        }
    }

    /// A window has said something; whether that was its first word.
    pub(super) fn spoke(&mut self, id: u64) -> bool {
        self.windows.get_mut(&id).is_some_and(|window| !std::mem::replace(&mut window.spoken, true))
    }

    /// The window that a person is most likely to see: one whose list is looked at, else the newest page.
    pub(super) fn foremost(&self) -> Option<u64> {
        let pages = self.windows.iter().filter(|(_, window)| window.spoken);
        pages.max_by_key(|(id, window)| (window.watching, **id)).map(|(id, _)| *id)
    }

    /// Whether somebody looks at the list of people.
    pub(super) fn anybody_watches(&self) -> bool {
        self.windows.values().any(|window| window.watching)
    }

    /// Says something to one window. One whose queue is full is noted as slow.
    pub(super) fn tell(&mut self, id: u64, message: FromNode) {
        if let Some(window) = self.windows.get_mut(&id)
            && window.queue.try_send(message).is_err()
        {
            self.slow.push(id);
        }
    }

    /// Says something to every window.
    pub(super) fn tell_all(&mut self, message: &FromNode) {
        for id in self.ids() {
            self.tell(id, message.clone());
        }
    }

    /// Says a numbered message, as a hub would.
    pub(super) fn say(&mut self, id: u64, message: HubMessage) {
        if let Some(window) = self.windows.get_mut(&id) {
            window.seq = window.seq.wrapping_add(1);
            let seq = window.seq;
            self.tell(id, FromNode::Message { seq, message });
        }
    }

    /// Tells an event to one window.
    pub(super) fn event(&mut self, id: u64, event: Event) {
        self.say(id, HubMessage::Event { event });
    }

    /// Tells an event to every window.
    pub(super) fn event_to_all(&mut self, event: &Event) {
        for id in self.ids() {
            self.event(id, event.clone());
        }
    }

    /// Answers a request.
    pub(super) fn answer(&mut self, id: u64, request: RequestId, result: Result<Reply, ErrorCode>) {
        self.say(
            id,
            match result {
                Ok(reply) => HubMessage::Ok { id: request, reply },
                Err(code) => HubMessage::Error { id: request, code },
            },
        );
    }

    /// Windows that read too slowly since the last call; each was told and is to be detached.
    pub(super) fn take_slow(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.slow)
    }
}
