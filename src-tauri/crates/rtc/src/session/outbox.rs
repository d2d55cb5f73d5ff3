//! What waits to be read by the page, in order.
//!
//! Pictures have room of their own. When it is full a picture is left out, and with it all that follow on its line up
//! to the next keyframe, which is asked for. The rest may wait without loss: while there is too much of it, the session
//! takes nothing new from anybody ([`Outbox::is_full`]).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;

use crate::wire::{Line, Pc};

/// Bytes of pictures that wait; a single one may be larger.
const MAX_PICTURE_BYTES: usize = 2 * 1024 * 1024;

/// Bytes of the rest that wait before nothing more is taken in.
const FULL_BYTES: usize = 4 * 1024 * 1024;

/// How long a picture may wait to be written: an older one is of no use.
const MAX_PICTURE_AGE: Duration = Duration::from_millis(700);

/// Between two questions for a keyframe of a line.
const ASK_EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    /// Something waits.
    filled: Notify,
    /// Something was taken.
    relieved: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    queue: VecDeque<Entry>,
    bytes: usize,
    picture_bytes: usize,
    /// Lines whose pictures are left out until a keyframe, and when it was asked for.
    starved: HashMap<(Pc, Line), Option<Instant>>,
}

#[derive(Debug)]
struct Entry {
    message: Message,
    /// For pictures: since when.
    picture: Option<Instant>,
}

/// What became of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It waits to be read.
    Queued,
    /// It was left out.
    LeftOut,
    /// It was left out, and now is the time to ask for a keyframe.
    AskKeyframe,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing more is to be taken in until [`Outbox::relieved`].
    pub(super) fn is_full(&self) -> bool {
        self.lock().bytes >= FULL_BYTES
    }

    /// Something was taken out.
    pub(super) async fn relieved(&self) {
        self.relieved.notified().await;
    }

    pub(super) fn push(&self, message: Message) {
        let mut waiting = self.lock();
        waiting.bytes += message.len();
        waiting.queue.push_back(Entry { message, picture: None });
        drop(waiting);
        self.filled.notify_one();
    }

    /// A picture that came `since`.
    pub(super) fn push_picture(
        &self,
        now: Instant,
        since: Instant,
        from: (Pc, Line),
        keyframe: bool,
        message: Message,
    ) -> Fate {
        let mut waiting = self.lock();
        // In front is the oldest picture, if any waits for long.
        let oldest = waiting.queue.iter().find_map(|entry| entry.picture).unwrap_or(since).min(since);
        let stuck = now.saturating_duration_since(oldest) > MAX_PICTURE_AGE;
        let full = waiting.picture_bytes > 0 && waiting.picture_bytes + message.len() > MAX_PICTURE_BYTES;
        let starved = waiting.starved.contains_key(&from);
        if stuck || full || (starved && !keyframe) {
            let asked = waiting.starved.entry(from).or_default();
            // What is asked for while there is no room would be left out, too.
            let due = !stuck && !full && asked.is_none_or(|at| now - at >= ASK_EVERY);
            if due {
                *asked = Some(now);
                return Fate::AskKeyframe;
            }
            return Fate::LeftOut;
        }
        waiting.starved.remove(&from);
        waiting.picture_bytes += message.len();
        waiting.queue.push_back(Entry { message, picture: Some(since) });
        drop(waiting);
        self.filled.notify_one();
        Fate::Queued
    }

    /// A connection is gone.
    pub(super) fn forget(&self, pc: Pc) {
        self.lock().starved.retain(|(of, _), _| *of != pc);
    }

    /// The next frame, and whether it is the last that waits.
    pub(super) async fn next(&self) -> (Message, bool) {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.filled.notified().await;
        }
    }

    /// As [`Outbox::next`], without waiting.
    pub(super) fn take(&self) -> Option<(Message, bool)> {
        let mut waiting = self.lock();
        let entry = waiting.queue.pop_front()?;
        let length = entry.message.len();
        match entry.picture {
            Some(_) => waiting.picture_bytes -= length,
            None => waiting.bytes -= length,
        }
        let last = waiting.queue.is_empty();
        drop(waiting);
        self.relieved.notify_one();
        Some((entry.message, last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: (Pc, Line) = (1, 2);

    fn picture(bytes: usize) -> Message {
        Message::binary(vec![0; bytes])
    }

    #[test]
    fn a_full_outbox_leaves_pictures_out_up_to_a_keyframe() {
        let (outbox, now) = (Outbox::default(), Instant::now());
        let half = MAX_PICTURE_BYTES / 2;
        let push = |keyframe, at| outbox.push_picture(at, at, LINE, keyframe, picture(half));
        assert_eq!(push(true, now), Fate::Queued);
        assert_eq!(push(false, now), Fate::Queued);
        assert_eq!(push(false, now), Fate::LeftOut, "full");
        outbox.push(Message::text("still taken"));
        assert_eq!(
            outbox.push_picture(now, now, (1, 3), true, picture(9)),
            Fate::LeftOut,
            "nor another line's"
        );
        assert!(outbox.take().is_some());
        assert_eq!(push(false, now), Fate::AskKeyframe, "room, but what it needs is missing");
        assert_eq!(push(false, now), Fate::LeftOut, "asked already");
        assert_eq!(push(false, now + ASK_EVERY), Fate::AskKeyframe);
        assert_eq!(push(true, now), Fate::Queued);
        assert!(outbox.take().is_some());
        assert!(outbox.take().is_some());
        assert_eq!(push(false, now), Fate::Queued);
    }

    #[test]
    fn old_pictures_are_not_followed_by_more() {
        let (outbox, now) = (Outbox::default(), Instant::now());
        assert_eq!(outbox.push_picture(now, now, LINE, true, picture(9)), Fate::Queued);
        let later = now + MAX_PICTURE_AGE + Duration::from_millis(1);
        assert_eq!(outbox.push_picture(later, later, LINE, false, picture(9)), Fate::LeftOut);
        assert!(outbox.take().is_some());
        let old = outbox.push_picture(later, now, LINE, true, picture(9));
        assert_eq!(old, Fate::LeftOut, "it has waited before it came here");
        assert_eq!(outbox.push_picture(later, later, LINE, false, picture(9)), Fate::AskKeyframe);
    }

    #[test]
    fn one_large_picture_finds_room() {
        let (outbox, now) = (Outbox::default(), Instant::now());
        assert_eq!(outbox.push_picture(now, now, LINE, true, picture(2 * MAX_PICTURE_BYTES)), Fate::Queued);
    }

    #[tokio::test]
    async fn the_rest_is_kept_and_stops_what_comes() {
        let outbox = Outbox::default();
        outbox.push(Message::binary(vec![0; FULL_BYTES]));
        outbox.push(Message::text("more"));
        assert!(outbox.is_full());
        let (first, last) = outbox.next().await;
        assert_eq!((first.len(), last), (FULL_BYTES, false));
        outbox.relieved().await;
        assert!(!outbox.is_full());
        assert_eq!(outbox.next().await, (Message::text("more"), true));
    }
}
