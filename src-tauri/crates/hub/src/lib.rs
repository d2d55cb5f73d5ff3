//! Presence, rings and rooms as a pure state machine: `(time, randomness, input) -> outputs`.
//!
//! **Absent here**: sockets, tasks, clocks, randomness, logs. Whoever runs a hub proves who a visitor is, bounds the
//! size of what is said, and does what the [`Output`]s say, in their order. The same inputs at the same times give
//! the same outputs; only ordered collections are used, so that no hasher's seed shows.
//!
//! A visitor has a **place**: what outlives a dropped connection. A place has a connection or is in its grace. What is
//! said to a place is numbered and kept until it has been seen, so that a resumed connection misses nothing.
//!
//! What always holds after an input:
//! * a device is at most once in a room, and no room holds more than its capacity or nobody;
//! * a device is in a room, before it, or neither; the host of a room is one of its participants, and hears of everybody who
//!   knocks and is not blocked;
//! * a ring has a caller's place and at least one callee's place that was told of it, and ends once for each of them;
//! * whoever is blocked is told nothing that differs with what the blocker does or says, but for name, coming and going,
//!   and the blocker nothing of their rings;
//! * a request that was carried out has one answer, which is kept with everything else;
//! * nothing is said on a connection that is closed or was never greeted;
//! * nothing is held for anybody whose place is gone, but for the rate of a device's rings
//!   ([`RATE_WINDOW`](earshot_protocol::limits::RATE_WINDOW)).
//!
//! Nothing a visitor says can make a hub panic.

mod directory;
mod door;
mod io;
mod listing;
mod mailbox;
mod moves;
mod place;
mod rate;
mod requests;
mod restart;
mod rings;
mod rooms;
pub mod succession;
#[cfg(test)]
mod tests;
mod visits;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use earshot_protocol::hub::{HubMessage, LeaveReason};
use earshot_protocol::limits::{MAX_ADDRESS_BYTES, MAX_ADDRESSES, MAX_ICE_SERVERS};
use earshot_protocol::{
    DeviceId, ErrorCode, Event, FromHub, HubRef, Request, RingId, RoomId, ToHub, Whereabouts,
};

pub use io::{Config, ConnectionId, Counts, Fresh, Input, Output, Time, Visitor};

use directory::Device;
use listing::Listing;
use place::{Place, PlaceId};
use rate::RingRates;
use restart::Kept;
use rings::Ring;
use rooms::Room;

/// What is due at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// A place's connection may have been silent for too long, or its grace is over.
    Place(PlaceId),
    /// Nobody has answered.
    Ring(RingId),
}

/// The state machine. See the [crate's documentation](crate) for what it guarantees.
pub struct Hub {
    config: Config,
    /// The time of the last input.
    now: Time,
    /// Shut down: nobody is let in any more.
    closed: bool,
    last_place: u64,
    connections: BTreeMap<ConnectionId, PlaceId>,
    places: BTreeMap<PlaceId, Place>,
    devices: BTreeMap<DeviceId, Device>,
    rooms: BTreeMap<RoomId, Room>,
    rings: BTreeMap<RingId, Ring>,
    listing: Listing,
    kept: Kept,
    /// One entry for each place and each ring.
    timers: BTreeSet<(Time, Due)>,
    ring_rates: RingRates,
    /// What is answered to whoever seeks a room that is not held here; at most [`moves::MAX_KNOWN`].
    whereabouts: BTreeMap<RoomId, Whereabouts>,
    /// What the input at hand has brought about so far.
    out: Vec<Output>,
}

impl Hub {
    /// An empty hub. Addresses and ICE servers beyond the protocol's limits are cut off.
    #[must_use]
    pub fn new(mut config: Config) -> Self {
        config.addresses = within_limits(config.addresses);
        config.ice_servers.truncate(MAX_ICE_SERVERS as usize);
        Self {
            config,
            now: Time::default(),
            closed: false,
            last_place: 0,
            connections: BTreeMap::new(),
            places: BTreeMap::new(),
            devices: BTreeMap::new(),
            rooms: BTreeMap::new(),
            rings: BTreeMap::new(),
            listing: Listing::default(),
            kept: Kept::default(),
            timers: BTreeSet::new(),
            ring_rates: RingRates::default(),
            whereabouts: BTreeMap::new(),
            out: Vec::new(),
        }
    }

    /// Takes one input and says what is to be done, in this order. What has become due by `now` is done first.
    /// `fresh` must be new for each input.
    pub fn handle(&mut self, now: Time, fresh: Fresh, input: Input) -> Vec<Output> {
        self.now = self.now.max(now);
        // A message that waited while the hub was held up still proves that its sender is alive.
        if let Input::Said { connection, .. } = &input
            && let Some(place) = self.connections.get(connection)
            && let Some(place) = self.places.get_mut(place)
        {
            place.heard = self.now;
        }
        let happened = self.do_what_is_due() || changes_rooms(&input);
        match input {
            Input::Hello { connection, visitor, version, resume } => {
                self.hello(connection, visitor, version, resume, fresh);
            }
            Input::Said { connection, message } => self.said(connection, message, fresh),
            Input::Dropped { connection } => self.dropped(connection),
            Input::Addresses(addresses) => self.config.addresses = within_limits(addresses),
            Input::Tick => {}
            Input::Shutdown => self.shut_down(),
        }
        if happened {
            self.mind_listing();
        }
        std::mem::take(&mut self.out)
    }

    /// When the hub wants an input again, at the latest; [`Input::Tick`] will do. It may turn out that nothing was due
    /// then. `None`: not before something happens.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        let timer = self.timers.first().map(|(at, _)| *at);
        timer
            .into_iter()
            .chain(self.ring_rates.deadline())
            .chain(self.listing.deadline())
            .chain(self.kept.deadline())
            .min()
    }

    /// How much is held; takes time in proportion to the number of places.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            places: self.places.len(),
            connections: self.connections.len(),
            devices: self.devices.len(),
            rooms: self.rooms.len(),
            rings: self.rings.len(),
            kept: self.places.values().map(|place| place.mailbox.len()).sum(),
            other: self.timers.len() + self.ring_rates.len() + self.listing.len() + self.kept.len(),
        }
    }

    /// Whether nothing at all is held for anybody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
            && self.places.is_empty()
            && self.devices.is_empty()
            && self.rooms.is_empty()
            && self.rings.is_empty()
            && self.timers.is_empty()
            && self.ring_rates.len() == 0
            && self.listing.len() == 0
            && self.kept.len() == 0
    }

    /// Returns whether anything was.
    fn do_what_is_due(&mut self) -> bool {
        let mut all_due = Vec::new();
        while let Some(&(at, due)) = self.timers.first()
            && at <= self.now
        {
            self.timers.pop_first();
            all_due.push(due);
        }
        // Taken out together, so that a crowd that is lost at once is not told of each other.
        let mut lost = BTreeMap::new();
        let any = !all_due.is_empty() || self.listing.deadline().is_some_and(|due| due <= self.now);
        for due in &all_due {
            if let Due::Place(id) = due
                && self.places.get(id).is_some_and(|place| place.connection.is_none())
                && let Some(place) = self.places.remove(id)
            {
                lost.insert(*id, place);
            }
        }
        for due in all_due {
            match due {
                Due::Place(id) => match lost.remove(&id) {
                    Some(place) => self.part_with(id, place, LeaveReason::Lost),
                    None => self.may_be_idle(id),
                },
                Due::Ring(ring) => self.ring_is_due(ring),
            }
        }
        self.ring_rates.forget_old(self.now);
        self.kept.forget_old(self.now);
        any
    }

    /// Everybody is told what ends with the hub, then closed.
    fn shut_down(&mut self) {
        self.closed = true;
        self.end_all_rings();
        self.close_all_rooms();
        for connection in std::mem::take(&mut self.connections).into_keys() {
            self.close(connection, None);
        }
        self.places.clear();
        self.devices.clear();
        self.timers.clear();
        self.ring_rates = RingRates::default();
        self.listing = Listing::default();
        self.kept.clear();
        self.whereabouts.clear();
    }

    /// Numbers and keeps an event for a place, and says it when there is a connection. A place that is gone is told
    /// nothing.
    fn tell(&mut self, place: PlaceId, event: Event) {
        self.say(place, HubMessage::Event { event });
    }

    /// As [`Self::tell`], for any message.
    fn say(&mut self, place: PlaceId, message: HubMessage) {
        if let Some(place) = self.places.get_mut(&place) {
            place.say(&Arc::new(message), &mut self.out);
        }
    }

    /// As [`Self::tell`], to every place but those of `device`.
    fn tell_all_but(&mut self, device: DeviceId, event: Event) {
        let message = Arc::new(HubMessage::Event { event });
        for place in self.places.values_mut().filter(|place| place.device != device) {
            place.say(&message, &mut self.out);
        }
    }

    fn send(&mut self, connection: ConnectionId, message: FromHub) {
        self.out.push(Output::Send { connection, message });
    }

    fn close(&mut self, connection: ConnectionId, code: Option<ErrorCode>) {
        self.out.push(Output::Close { connection, code });
    }

    fn hub_ref(&self) -> HubRef {
        HubRef { device: self.config.hub, addresses: self.config.addresses.clone() }
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Names and addresses stay out of every log.
        formatter.debug_struct("Hub").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

/// Whether the list of rooms may be another after this. What is said most often leaves it as it is.
fn changes_rooms(input: &Input) -> bool {
    !matches!(
        input,
        Input::Said {
            message: ToHub::Ping { .. } | ToHub::Request { request: Request::Signal { .. }, .. },
            ..
        }
    )
}

fn within_limits(mut addresses: Vec<String>) -> Vec<String> {
    addresses.retain(|address| address.len() <= MAX_ADDRESS_BYTES as usize);
    addresses.truncate(MAX_ADDRESSES as usize);
    addresses
}
