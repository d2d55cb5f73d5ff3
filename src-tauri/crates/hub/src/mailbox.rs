//! What has been said to a place and not been seen yet.

use std::collections::VecDeque;
use std::sync::Arc;

use earshot_protocol::hub::{HubMessage, Signal};
use earshot_protocol::limits::{MAX_UNSEEN, MAX_UNSEEN_BYTES};
use earshot_protocol::{Event, HubRef, Person, Reply, RoomRef, Seq, Whereabouts};

/// Numbers messages and keeps them until they have been seen. Bounded by [`MAX_UNSEEN`] and [`MAX_UNSEEN_BYTES`]; on
/// overflow the oldest is forgotten, and whoever has not seen that one cannot resume.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    /// The number of the last message; 0 before the first. A hundred a second reach the end after more than a year.
    last: Seq,
    /// The last messages up to `last`, without gaps. A directory's event is one allocation for all places.
    kept: VecDeque<Arc<HubMessage>>,
    /// The weight of all that is kept.
    bytes: usize,
}

impl Mailbox {
    /// Keeps a message. Returns its number.
    pub(crate) fn keep(&mut self, message: Arc<HubMessage>) -> Seq {
        self.last = self.last.saturating_add(1);
        self.bytes += weight(&message);
        self.kept.push_back(message);
        while self.kept.len() > MAX_UNSEEN as usize || self.bytes > MAX_UNSEEN_BYTES as usize {
            self.forget_oldest();
        }
        self.last
    }

    /// Forgets what has been seen. A number not given out yet stands for the last one.
    pub(crate) fn seen(&mut self, seen: Seq) {
        while self.forgotten() < seen && !self.kept.is_empty() {
            self.forget_oldest();
        }
    }

    /// Whether everything after `seen` is still kept, and `seen` is a number given out.
    pub(crate) fn covers(&self, seen: Seq) -> bool {
        (self.forgotten()..=self.last).contains(&seen)
    }

    /// All that is kept, with its numbers.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (Seq, &Arc<HubMessage>)> {
        (self.forgotten().saturating_add(1)..).zip(&self.kept)
    }

    /// How many messages are kept.
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    /// The highest number that is no longer kept.
    fn forgotten(&self) -> Seq {
        // At most MAX_UNSEEN are kept, so the length fits.
        self.last.saturating_sub(self.kept.len() as Seq)
    }

    fn forget_oldest(&mut self) {
        if let Some(message) = self.kept.pop_front() {
            self.bytes = self.bytes.saturating_sub(weight(&message));
        }
    }
}

/// About how many bytes a message takes in memory.
fn weight(message: &HubMessage) -> usize {
    std::mem::size_of::<HubMessage>()
        + match message {
            HubMessage::Ok { reply: Reply::Room(state), .. } => {
                let urls = state.ice_servers.iter().flat_map(|server| {
                    server.urls.iter().chain(server.username.as_ref()).chain(server.credential.as_ref())
                });
                room_weight(&state.room)
                    + state.participants.iter().map(|one| 64 + person_weight(&one.person)).sum::<usize>()
                    + urls.map(|url| 32 + url.len()).sum::<usize>()
            }
            HubMessage::Event { event: Event::Signal { signal, .. } } => signal_weight(signal),
            HubMessage::Event { event: Event::Ringing { from, room, .. } } => {
                person_weight(&from.person) + room_weight(room)
            }
            HubMessage::Event { event: Event::PersonHere { presence } } => person_weight(&presence.person),
            HubMessage::Event {
                event:
                    Event::ParticipantJoined { participant, .. } | Event::ParticipantReturned { participant, .. },
            } => person_weight(&participant.person),
            HubMessage::Event {
                event: Event::RoomYielded { to: home, .. } | Event::RoomSought { home, .. },
            }
            | HubMessage::Ok { reply: Reply::Moved { to: home }, .. }
            | HubMessage::Ok {
                reply: Reply::Whereabouts { whereabouts: Whereabouts::In { home } }, ..
            } => hub_weight(&home.hub),
            // What is left has a bounded line of text at most.
            _ => 0,
        }
}

fn person_weight(person: &Person) -> usize {
    person.name.len() + person.note.len()
}

fn room_weight(room: &RoomRef) -> usize {
    hub_weight(&room.hub)
}

fn hub_weight(hub: &HubRef) -> usize {
    hub.addresses.iter().map(|address| 32 + address.len()).sum()
}

fn signal_weight(signal: &Signal) -> usize {
    match signal {
        Signal::Description { description } => description.sdp.len(),
        Signal::Candidate { candidate: Some(candidate) } => {
            candidate.candidate.len()
                + candidate.sdp_mid.as_ref().map_or(0, String::len)
                + candidate.username_fragment.as_ref().map_or(0, String::len)
        }
        Signal::Candidate { candidate: None } | Signal::RestartWanted | Signal::OfferWanted => 0,
    }
}

#[cfg(test)]
impl Mailbox {
    /// Panics when a bound is passed.
    pub(crate) fn audit(&self) {
        assert!(self.kept.len() <= MAX_UNSEEN as usize && self.kept.len() <= self.last as usize);
        assert_eq!(self.bytes, self.kept.iter().map(|message| weight(message)).sum::<usize>());
        assert!(self.bytes <= MAX_UNSEEN_BYTES as usize);
    }
}
