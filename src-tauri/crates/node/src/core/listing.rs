//! Which meetings are to be listed: those of the own hub, of the server, and of colleagues' hubs.
//!
//! A record on the network says whether a device's hub has rooms to list; one that says nothing of itself has another
//! number then, so that it is asked for its name again, and its hub tells of its rooms as well. While somebody looks
//! at the list, the node keeps a link to each of these hubs, which tell what changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use earshot_protocol::limits::{LISTING_PAUSE, MAX_LISTED};
use earshot_protocol::{DeviceId, ErrorCode, Event, HubRef, OpenRoom, RoomId};
use tokio::time::Instant;

use super::Core;
use super::hubs::HubKey;
use super::introductions::Introductions;

/// Colleagues' hubs whose rooms are listed at once; each costs a link while somebody looks. Those of the others are found
/// by link or code.
const MAX_HUBS: usize = 24;

/// The rooms of one hub.
#[derive(Debug, Default)]
struct HubRooms {
    rooms: BTreeMap<RoomId, OpenRoom>,
    /// The link to the hub is down: what it said may be of yesterday.
    down: bool,
}

/// The rooms of all hubs, and what windows have heard of them.
#[derive(Debug, Default)]
pub(super) struct Listings {
    hubs: HashMap<HubKey, HubRooms>,
    told: HashMap<HubKey, BTreeMap<RoomId, OpenRoom>>,
    /// The server, also when it has just gone.
    server: Option<HubRef>,
    /// When windows have heard something last.
    last: Option<Instant>,
    /// Somebody looks.
    looking: bool,
    /// Whose hubs are asked, in turn.
    asks: Introductions,
    /// Who lists rooms without a word in their record; at most [`MAX_HUBS`].
    silent: BTreeSet<DeviceId>,
}

impl Listings {
    /// Whether the own hub has rooms to list.
    pub(super) fn of_own(&self) -> bool {
        self.hubs.get(&HubKey::Own).is_some_and(|hub| !hub.rooms.is_empty())
    }

    /// Whether a link is to be kept for the rooms at its other end.
    pub(super) fn needs(&self, device: &DeviceId) -> bool {
        let rooms = self.hubs.get(&HubKey::Lan(*device));
        self.looking && (self.asks.is_asking(device) || rooms.is_some_and(|hub| !hub.rooms.is_empty()))
    }

    /// Whether a link was opened to hear of rooms, and they have not been told yet.
    pub(super) fn is_asking(&self, device: &DeviceId) -> bool {
        self.asks.is_asking(device)
    }

    pub(super) fn patience(&self, device: &DeviceId, phrase: bool) -> Duration {
        self.asks.patience(device, phrase)
    }

    /// Takes what a hub says of its rooms. A hub may say anything: what is out of bounds is left out.
    fn take(&mut self, key: HubKey, here: Vec<OpenRoom>, gone: &[RoomId]) {
        let lan = self.hubs.keys().filter(|key| matches!(key, HubKey::Lan(_))).count();
        if matches!(key, HubKey::Lan(_)) && !self.hubs.contains_key(&key) && lan >= MAX_HUBS {
            return;
        }
        let hub = self.hubs.entry(key).or_default();
        for room in gone {
            hub.rooms.remove(room);
        }
        for room in here {
            let known = hub.rooms.contains_key(&room.room);
            if room.check().is_ok() && (known || hub.rooms.len() < MAX_LISTED as usize) {
                hub.rooms.insert(room.room, room);
            }
        }
        if let HubKey::Lan(device) = key {
            if hub.rooms.is_empty() {
                self.hubs.remove(&key);
                self.silent.remove(&device);
            } else if self.silent.len() < MAX_HUBS {
                self.silent.insert(device);
            }
        }
    }

    /// What windows are to be told so that they have heard everything, hub by hub.
    fn news(&mut self, is_blocked: impl Fn(&DeviceId) -> bool) -> Vec<(HubKey, Vec<OpenRoom>, Vec<RoomId>)> {
        let mut keys: Vec<HubKey> = self.hubs.keys().chain(self.told.keys()).copied().collect();
        keys.sort_unstable();
        keys.dedup();
        let mut news = Vec::new();
        for key in keys {
            let hub = self.hubs.get(&key).filter(|hub| !hub.down);
            let rooms: BTreeMap<RoomId, OpenRoom> = hub
                .into_iter()
                .flat_map(|hub| &hub.rooms)
                .filter(|(_, room)| !is_blocked(&room.host))
                .map(|(id, room)| (*id, room.clone()))
                .collect();
            let told = self.told.remove(&key).unwrap_or_default();
            let here: Vec<_> = rooms
                .iter()
                .filter(|(id, room)| told.get(id) != Some(room))
                .map(|(_, room)| room.clone())
                .collect();
            let gone: Vec<_> = told.keys().filter(|id| !rooms.contains_key(id)).copied().collect();
            if !rooms.is_empty() {
                self.told.insert(key, rooms);
            }
            if !here.is_empty() || !gone.is_empty() {
                news.push((key, here, gone));
            }
        }
        news
    }
}

impl Core {
    /// A hub has let us in and says which rooms it lists.
    pub(super) fn heard_rooms(&mut self, key: HubKey, resumed: bool, rooms: Vec<OpenRoom>) {
        if let HubKey::Lan(device) = key {
            self.listings.asks.told(Instant::now(), &device);
        }
        if key == HubKey::Server {
            let url = self.server.as_ref().map(|server| server.url.clone());
            self.listings.server =
                self.server_hub().map(|device| HubRef { device, addresses: url.into_iter().collect() });
        }
        if let Some(hub) = self.listings.hubs.get_mut(&key) {
            hub.down = false;
            if !resumed {
                hub.rooms.clear();
            }
        }
        // What happened meanwhile follows by itself.
        if !resumed {
            self.listings.take(key, rooms, &[]);
        }
        self.tell_listings();
    }

    /// A hub says what has changed in its list.
    pub(super) fn listing_changed(&mut self, key: HubKey, here: Vec<OpenRoom>, gone: Vec<RoomId>) {
        self.listings.take(key, here, &gone);
        if key == HubKey::Own {
            self.announce();
        }
        self.tell_listings();
    }

    /// The link to a hub is down, and looks for it.
    pub(super) fn listing_down(&mut self, key: HubKey, code: ErrorCode) {
        if let HubKey::Lan(device) = key {
            self.listings.asks.unless_told(Instant::now(), &device, code);
        }
        if let Some(hub) = self.listings.hubs.get_mut(&key) {
            hub.down = true;
        }
        self.tell_listings();
    }

    /// The link to a hub has ended.
    pub(super) fn listing_ended(&mut self, key: HubKey, code: ErrorCode) {
        if let HubKey::Lan(device) = key {
            self.listings.asks.failed(Instant::now(), &device, code);
        }
        self.listings.hubs.remove(&key);
        if key == HubKey::Server {
            // Another one may follow at once.
            self.listings.last = None;
        }
        self.tell_listings();
    }

    /// A record was heard, or is gone: its device's hub has rooms to list, or has none.
    pub(super) fn heard_of_rooms(&mut self, device: DeviceId) {
        if !self.listings.looking {
            return;
        }
        match self.people.with_rooms(&device) {
            // A hub that is linked to tells by itself.
            Some(_) if self.links.get(&device).is_some_and(|lan| lan.up) => {}
            Some(revision) => self.listings.asks.wanted(Instant::now(), device, revision),
            None if !self.listings.silent.contains(&device) => self.listings.asks.forget(&device),
            None => {}
        }
        self.ask_for_rooms();
    }

    /// Each second, and when somebody begins to look: links to hubs that have rooms, as long as somebody looks.
    pub(super) fn look_for_rooms(&mut self) {
        let looking = self.windows.anybody_watches();
        if looking && !self.listings.looking {
            self.listings.looking = true;
            let now = Instant::now();
            let silent: Vec<DeviceId> = self.listings.silent.iter().copied().collect();
            for device in self.people.on_lan() {
                let revision = self.people.with_rooms(&device).or_else(|| {
                    let known = silent.contains(&device);
                    known.then(|| self.people.to_ask(&device)).flatten()
                });
                let linked = self.links.get(&device).is_some_and(|lan| lan.up);
                if let Some(revision) = revision.filter(|_| !linked) {
                    self.listings.asks.wanted(now, device, revision);
                }
            }
        } else if !looking && self.listings.looking {
            self.listings.looking = false;
            self.listings.asks.clear();
        }
        if looking {
            self.ask_for_rooms();
        }
        self.tell_listings();
    }

    fn ask_for_rooms(&mut self) {
        let hubs = self.listings.hubs.keys().filter(|key| matches!(key, HubKey::Lan(_))).count();
        if hubs >= MAX_HUBS {
            return;
        }
        for device in self.listings.asks.next(Instant::now()) {
            match self.link_for_rooms(device) {
                Ok(true) => self.listings.asks.told(Instant::now(), &device),
                Ok(false) => {}
                Err(code) => self.listings.asks.failed(Instant::now(), &device, code),
            }
        }
    }

    /// Brings windows up to date, at most once in [`LISTING_PAUSE`]; the tick sees to the rest.
    fn tell_listings(&mut self) {
        // A link that was closed tells no more.
        let links = &self.links;
        self.listings.hubs.retain(|key, _| match key {
            HubKey::Lan(device) => links.contains_key(device),
            HubKey::Own | HubKey::Server => true,
        });
        let pause = Duration::from_millis(LISTING_PAUSE.into());
        if self.listings.last.is_some_and(|last| last.elapsed() < pause) {
            return;
        }
        let memory = &self.memory;
        let news = self.listings.news(|device| memory.is_blocked(device));
        if !news.is_empty() {
            self.listings.last = Some(Instant::now());
        }
        for (key, here, gone) in news {
            let Some(hub) = self.listing_hub(key) else { continue };
            self.windows.event_to_all(&Event::RoomsChanged { hub, here, gone });
        }
    }

    /// Tells a window that opens of all rooms.
    pub(super) fn tell_rooms_to(&mut self, window: u64) {
        let mut all: Vec<(HubKey, Vec<OpenRoom>)> =
            self.listings.told.iter().map(|(key, rooms)| (*key, rooms.values().cloned().collect())).collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        for (key, here) in all {
            let Some(hub) = self.listing_hub(key) else { continue };
            self.windows.event(window, Event::RoomsChanged { hub, here, gone: Vec::new() });
        }
    }

    /// A hub as windows know it.
    fn listing_hub(&self, key: HubKey) -> Option<HubRef> {
        match key {
            HubKey::Own => Some(self.own_ref()),
            HubKey::Lan(device) => {
                let addresses = self.people.addresses(&device).iter().map(ToString::to_string).collect();
                Some(HubRef { device, addresses })
            }
            HubKey::Server => self.listings.server.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use earshot_protocol::{Door, RoomSummary};

    use super::*;

    const ANN: HubKey = HubKey::Lan(DeviceId([1; 32]));

    fn room(number: u32, name: &str) -> OpenRoom {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let summary = RoomSummary {
            title: "Stand-up".into(),
            door: Door::Open,
            has_password: false,
            capacity: 16,
            present: 1,
        };
        OpenRoom { room: RoomId(id), summary, host: DeviceId([1; 32]), name: name.into() }
    }

    fn news(listings: &mut Listings) -> (usize, usize) {
        let news = listings.news(|_| false);
        (news.iter().map(|one| one.1.len()).sum(), news.iter().map(|one| one.2.len()).sum())
    }

    #[test]
    fn windows_hear_what_has_changed() {
        let mut all = Listings::default();
        all.take(ANN, vec![room(1, "Ann"), room(2, "Ann")], &[]);
        assert_eq!(news(&mut all), (2, 0));
        assert_eq!(news(&mut all), (0, 0));
        all.take(ANN, vec![room(2, "Anna")], &[room(1, "").room]);
        assert_eq!(news(&mut all), (1, 1));
        all.take(ANN, Vec::new(), &[room(2, "").room]);
        assert_eq!(news(&mut all), (0, 1));
        assert!(all.hubs.is_empty() && all.told.is_empty(), "nothing is kept");
    }

    #[test]
    fn a_hub_that_says_too_much_is_cut_short() {
        let mut all = Listings::default();
        all.take(ANN, (0..10_000).map(|number| room(number, "Ann")).collect(), &[]);
        assert_eq!(news(&mut all), (MAX_LISTED as usize, 0));
        all.take(ANN, vec![room(3, "x\u{202e}"), room(4, ""), room(5, &"x".repeat(1000))], &[]);
        assert_eq!(news(&mut all), (0, 0), "names that mislead are not believed");
        for number in 0..100_u8 {
            all.take(HubKey::Lan(DeviceId([number + 2; 32])), vec![room(1, "Ann")], &[]);
        }
        assert_eq!(all.hubs.len(), MAX_HUBS);
        all.take(HubKey::Server, vec![room(1, "Ann")], &[]);
        all.take(HubKey::Own, vec![room(1, "Ann")], &[]);
        assert_eq!(all.hubs.len(), MAX_HUBS + 2, "one's own and the server's have their place");
    }

    #[test]
    fn whom_the_owner_has_blocked_holds_no_meeting() {
        let mut all = Listings::default();
        all.take(ANN, vec![room(1, "Ann")], &[]);
        assert!(all.news(|device| *device == DeviceId([1; 32])).is_empty());
        assert_eq!(news(&mut all), (1, 0), "and holds it when they are not blocked any more");
    }
}
