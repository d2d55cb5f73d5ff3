//! How many bytes wait in one connection's queue. [`MAX_QUEUE`](earshot_protocol::limits::MAX_QUEUE) long messages are
//! megabytes, and a reader who takes nothing could have them for many connections at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use earshot_protocol::hub::{HubMessage, Participant, Signal};
use earshot_protocol::limits::MAX_UNSEEN_BYTES;
use earshot_protocol::{Event, FromHub, Person, Reply};

/// The bytes of one queue.
#[derive(Debug, Default)]
pub(crate) struct Bytes {
    waiting: Arc<AtomicUsize>,
    /// What was told at once on arrival: it is not the reader's fault.
    allowed: usize,
}

/// A message's bytes, counted as long as this lives.
#[derive(Debug)]
pub(crate) struct Waiting {
    all: Arc<AtomicUsize>,
    own: usize,
}

impl Bytes {
    /// So much more may wait.
    pub(crate) fn allow(&mut self, message: &FromHub) {
        self.allowed += weight(message);
    }

    /// Counts a message; `None` when too much waits already.
    pub(crate) fn add(&self, message: &FromHub) -> Option<Waiting> {
        if self.waiting.load(Ordering::Relaxed) > MAX_UNSEEN_BYTES as usize + self.allowed {
            return None;
        }
        let own = weight(message);
        self.waiting.fetch_add(own, Ordering::Relaxed);
        Some(Waiting { all: Arc::clone(&self.waiting), own })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.all.fetch_sub(self.own, Ordering::Relaxed);
    }
}

/// About how many bytes a message takes. What has a bounded line of text at most is not looked into.
fn weight(message: &FromHub) -> usize {
    const LINE: usize = 512;
    match message {
        FromHub::Welcome(welcome) => {
            LINE + welcome.people.iter().map(|one| 128 + of_person(&one.person)).sum::<usize>()
        }
        FromHub::Message { message: HubMessage::Event { event: Event::Signal { signal, .. } }, .. } => {
            LINE + match signal {
                Signal::Description { description } => description.sdp.len(),
                Signal::Candidate { candidate: Some(candidate) } => candidate.candidate.len(),
                Signal::Candidate { candidate: None } | Signal::RestartWanted | Signal::OfferWanted => 0,
            }
        }
        FromHub::Message { message: HubMessage::Ok { reply: Reply::Room(room), .. }, .. } => {
            LINE + room.participants.iter().map(of_participant).sum::<usize>()
        }
        FromHub::Message {
            message:
                HubMessage::Event {
                    event:
                        Event::ParticipantJoined { participant, .. }
                        | Event::ParticipantReturned { participant, .. }
                        | Event::ParticipantChanged { participant, .. },
                },
            ..
        } => LINE + of_participant(participant),
        _ => LINE,
    }
}

fn of_participant(participant: &Participant) -> usize {
    let hub = participant.hub.iter().flat_map(|hub| &hub.addresses);
    128 + of_person(&participant.person) + hub.map(|address| 8 + address.len()).sum::<usize>()
}

fn of_person(person: &Person) -> usize {
    person.name.len() + person.note.len()
}

#[cfg(test)]
mod tests {
    use earshot_protocol::hub::Candidate;
    use earshot_protocol::{DeviceId, RoomId};

    use super::*;

    fn long() -> FromHub {
        let candidate = "x".repeat(60_000);
        let candidate =
            Candidate { candidate, sdp_mid: None, sdp_m_line_index: None, username_fragment: None };
        let signal = Signal::Candidate { candidate: Some(candidate) };
        let event = Event::Signal { room: RoomId([0; 16]), from: DeviceId([0; 32]), signal };
        FromHub::Message { seq: 1, message: HubMessage::Event { event } }
    }

    #[test]
    fn long_messages_are_too_much_long_before_the_queue_is_full() {
        let mut bytes = Bytes::default();
        let waiting: Vec<_> = std::iter::from_fn(|| bytes.add(&long())).collect();
        assert!((16..20).contains(&waiting.len()), "{}", waiting.len());
        bytes.allow(&long());
        assert!(bytes.add(&long()).is_some());
        drop(waiting);
        assert_eq!(bytes.waiting.load(Ordering::Relaxed), 0);
    }
}
