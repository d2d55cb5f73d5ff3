//! What a link remembers of its place at the hub, from one connection to the next.

use std::collections::BTreeMap;

use earshot_protocol::limits::MAX_QUEUE;
use earshot_protocol::{ErrorCode, Reply, Request, RequestId, Resume, ResumeToken, Seq, ToHub};
use tokio::sync::oneshot;

/// Who wants to know the answer to a request.
#[derive(Debug)]
pub(super) enum Answer {
    /// A future.
    Future(oneshot::Sender<Result<Reply, ErrorCode>>),
    /// The reader of the events.
    Event(u64),
    /// Nobody.
    Nobody,
}

/// A request that has no answer yet.
#[derive(Debug)]
struct Pending {
    text: String,
    answer: Answer,
}

/// The place, and the requests made in it.
#[derive(Debug, Default)]
pub(super) struct Place {
    token: Option<ResumeToken>,
    /// The highest number received.
    seen: Seq,
    last_request: RequestId,
    pending: BTreeMap<RequestId, Pending>,
}

/// What a numbered message is to the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The next one.
    Next,
    /// Known already.
    Known,
    /// Something before it is missing.
    Gap,
}

impl Place {
    /// What brings the place back, if there is one.
    pub(super) fn resume(&self) -> Option<Resume> {
        self.token.map(|token| Resume { token, seen: self.seen })
    }

    /// The highest number received.
    pub(super) fn seen(&self) -> Seq {
        self.seen
    }

    /// The token of a new welcome.
    pub(super) fn welcomed(&mut self, token: ResumeToken) {
        self.token = Some(token);
    }

    /// Takes note of a numbered message.
    pub(super) fn take_note(&mut self, seq: Seq) -> Order {
        if seq <= self.seen {
            Order::Known
        } else if seq == self.seen + 1 {
            self.seen = seq;
            Order::Next
        } else {
            Order::Gap
        }
    }

    /// Numbers a request and keeps it until it is answered. Returns its text, ready to be sent.
    ///
    /// # Errors
    /// The code, and who wants to hear of it.
    pub(super) fn ask(&mut self, request: Request, answer: Answer) -> Result<&str, (ErrorCode, Answer)> {
        if self.pending.len() >= MAX_QUEUE as usize {
            return Err((ErrorCode::TooManyRequests, answer));
        }
        let id = self.last_request + 1;
        let Ok(text) = serde_json::to_string(&ToHub::Request { id, request }) else {
            return Err((ErrorCode::Malformed, answer));
        };
        if text.len() > earshot_protocol::limits::MAX_MESSAGE_BYTES as usize {
            return Err((ErrorCode::TooLarge, answer));
        }
        self.last_request = id;
        Ok(&self.pending.entry(id).or_insert(Pending { text, answer }).text)
    }

    /// Who wants to know the answer to this request. `None`: there is no such request.
    pub(super) fn answered(&mut self, id: RequestId) -> Option<Answer> {
        self.pending.remove(&id).map(|pending| pending.answer)
    }

    /// The texts of all requests without an answer, in their order.
    pub(super) fn unanswered(&self) -> Vec<String> {
        self.pending.values().map(|pending| pending.text.clone()).collect()
    }

    /// Begins anew. Returns whom to tell that there will be no answer.
    pub(super) fn lose(&mut self) -> Vec<Answer> {
        std::mem::take(self).pending.into_values().map(|pending| pending.answer).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leave() -> Request {
        Request::Leave { room: earshot_protocol::RoomId([7; 16]) }
    }

    #[test]
    fn requests_are_numbered_and_kept_in_order_until_answered() {
        let mut place = Place::default();
        for _ in 0..12 {
            place.ask(leave(), Answer::Nobody).unwrap();
        }
        assert!(place.answered(3).is_some());
        assert!(place.answered(3).is_none());
        let ids: Vec<_> = place
            .unanswered()
            .iter()
            .map(|text| match serde_json::from_str(text).unwrap() {
                ToHub::Request { id, .. } => id,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(ids, [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(place.lose().len(), 11);
        // A new place counts from 1 again.
        assert!(place.ask(leave(), Answer::Nobody).unwrap().contains("\"id\":1"));
    }

    #[test]
    fn unanswered_requests_are_bounded() {
        let mut place = Place::default();
        for _ in 0..MAX_QUEUE {
            place.ask(leave(), Answer::Nobody).unwrap();
        }
        assert!(matches!(
            place.ask(leave(), Answer::Event(5)),
            Err((ErrorCode::TooManyRequests, Answer::Event(5)))
        ));
    }

    #[test]
    fn numbers_come_one_after_the_other() {
        let mut place = Place::default();
        assert_eq!(place.resume(), None);
        place.welcomed(ResumeToken([1; 32]));
        assert_eq!(
            [1, 2, 2, 1, 4, 3].map(|seq| place.take_note(seq)),
            [Order::Next, Order::Next, Order::Known, Order::Known, Order::Gap, Order::Next]
        );
        assert_eq!(place.resume(), Some(Resume { token: ResumeToken([1; 32]), seen: 3 }));
    }
}
