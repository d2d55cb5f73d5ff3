//! Who is to be seen: the local network's people beside those of the signaling server.
//!
//! Pure. Each change answers with the events that bring a window's list up to date. Somebody who is on both lists is
//! shown on the network's as long as they answer there, since that way is shorter. Somebody whose record holds no name
//! is listed once their device has told it ([`crate::core`] asks). A goodbye alone removes nobody who still answers.

use std::collections::HashMap;
use std::net::SocketAddr;

use earshot_discovery::Found;
use earshot_protocol::limits::MAX_PEOPLE;
use earshot_protocol::{DeviceId, DeviceKind, Event, Person, Presence, Reach};

/// Failed probes after which somebody need no longer be shown as unreachable: about a minute of them.
const LONG_SILENT: u32 = 15;

type Key = (DeviceId, Option<DeviceId>);

/// Everybody known to be present.
#[derive(Debug, Default)]
pub(crate) struct People {
    lan: HashMap<DeviceId, OnLan>,
    server: HashMap<DeviceId, Presence>,
    server_hub: Option<DeviceId>,
    shown: HashMap<Key, Presence>,
    /// An office's phrase is set: then only those are seen whose record asks for one, and otherwise only the others.
    phrase: bool,
}

#[derive(Debug)]
struct OnLan {
    found: Found,
    /// What it last said of itself; counts while its record holds no name.
    told: Option<Person>,
    reach: Reach,
    failed_probes: u32,
    goodbye: Goodbye,
}

/// Anybody can say goodbye in somebody's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goodbye {
    /// None was heard.
    No,
    /// One was heard, and the machine is asked.
    Checked,
    /// One was heard, but the machine answers all the same.
    Doubted,
}

/// What became of a goodbye.
#[derive(Debug, PartialEq)]
pub(crate) enum Left {
    /// They are gone.
    Gone(Vec<Event>),
    /// They are still there; `first`: until now nobody had doubted it.
    Here {
        /// See above.
        first: bool,
    },
    /// They have been heard again meanwhile, or were gone already.
    Settled,
}

impl People {
    /// Everybody, for a window that opens.
    #[must_use]
    pub(crate) fn all(&self) -> Vec<Presence> {
        self.shown.values().cloned().collect()
    }

    /// Somebody was announced on the network.
    #[must_use]
    pub(crate) fn seen(&mut self, mut found: Found) -> Vec<Event> {
        if found.phrase {
            // Where a phrase is asked for, a record's name proves nothing.
            found.person = None;
        }
        let device = found.device;
        let before = self.lan.remove(&device);
        let mut events = if before.is_none() { self.make_room() } else { Vec::new() };
        // A name that a record held stays until the device has told another one: the list does not flicker.
        let told = before
            .filter(|before| before.found.phrase == found.phrase)
            .and_then(|before| before.found.person.or(before.told));
        let person = OnLan { found, told, reach: Reach::Here, failed_probes: 0, goodbye: Goodbye::No };
        self.lan.insert(device, person);
        events.extend(self.refresh(device));
        events
    }

    /// Those who said goodbye, or do not answer, make room for somebody new.
    fn make_room(&mut self) -> Vec<Event> {
        if self.lan.len() < MAX_PEOPLE as usize {
            return Vec::new();
        }
        let last = self
            .lan
            .iter()
            .max_by_key(|(device, person)| (person.goodbye != Goodbye::No, person.failed_probes, **device))
            .map(|(device, _)| *device);
        last.map(|device| self.gone(device)).unwrap_or_default()
    }

    /// Somebody's announcement was taken back, has expired, or makes room.
    #[must_use]
    pub(crate) fn gone(&mut self, device: DeviceId) -> Vec<Event> {
        self.lan.remove(&device);
        self.refresh(device)
    }

    /// A goodbye was heard, or the announcement has expired. Gives the addresses at which to ask the machine, whose
    /// answer goes to [`Self::left`]; none where nobody is listed, who is then gone at once.
    #[must_use]
    pub(crate) fn goodbye(&mut self, device: DeviceId) -> Option<Vec<SocketAddr>> {
        let listed = self.shown.contains_key(&(device, None));
        let person = self.lan.get_mut(&device)?;
        if !listed {
            self.lan.remove(&device);
            return None;
        }
        if person.goodbye == Goodbye::Checked {
            return None;
        }
        // A doubt that is not the first stays one: see `left`.
        if person.goodbye == Goodbye::No {
            person.goodbye = Goodbye::Checked;
        }
        Some(person.found.addresses.clone())
    }

    /// Whether the machine answered after the goodbye.
    #[must_use]
    pub(crate) fn left(&mut self, device: DeviceId, answered: bool) -> Left {
        let Some(person) = self.lan.get_mut(&device) else { return Left::Settled };
        match person.goodbye {
            Goodbye::No => Left::Settled,
            before if answered => {
                person.goodbye = Goodbye::Doubted;
                Left::Here { first: before == Goodbye::Checked }
            }
            _ => Left::Gone(self.gone(device)),
        }
    }

    /// Those who are there in spite of a goodbye, and where to ask them again: nobody else will say when they go.
    #[must_use]
    pub(crate) fn doubted(&self) -> Vec<(DeviceId, Vec<SocketAddr>)> {
        let doubted = self.lan.values().filter(|person| person.goodbye == Goodbye::Doubted);
        doubted.map(|person| (person.found.device, person.found.addresses.clone())).collect()
    }

    /// What a device said of itself over TLS. It counts while its record holds no name.
    #[must_use]
    pub(crate) fn told(&mut self, device: DeviceId, told: Person) -> Vec<Event> {
        let Some(person) = self.lan.get_mut(&device) else { return Vec::new() };
        person.told = Some(told);
        self.refresh(device)
    }

    /// A device is of another office: it is not listed.
    #[must_use]
    pub(crate) fn not_of_ours(&mut self, device: DeviceId) -> Vec<Event> {
        let Some(person) = self.lan.get_mut(&device) else { return Vec::new() };
        person.told = None;
        self.refresh(device)
    }

    /// The revision of a device's record, if its name has to be asked for.
    #[must_use]
    pub(crate) fn to_ask(&self, device: &DeviceId) -> Option<u64> {
        let person = self.lan.get(device)?;
        (person.found.phrase == self.phrase && person.found.person.is_none()).then_some(person.found.revision)
    }

    /// The revision of a device's record, if it says that its hub has rooms to list.
    #[must_use]
    pub(crate) fn with_rooms(&self, device: &DeviceId) -> Option<u64> {
        let person = self.lan.get(device)?;
        (person.found.phrase == self.phrase && person.found.rooms).then_some(person.found.revision)
    }

    /// Everybody whose record was heard.
    #[must_use]
    pub(crate) fn on_lan(&self) -> Vec<DeviceId> {
        self.lan.keys().copied().collect()
    }

    /// The office's phrase has changed, was set or taken away: what was told holds no longer.
    #[must_use]
    pub(crate) fn phrase_changed(&mut self, phrase: bool) -> Vec<Event> {
        self.phrase = phrase;
        for person in self.lan.values_mut() {
            person.told = None;
        }
        self.on_lan().into_iter().flat_map(|device| self.refresh(device)).collect()
    }

    /// Somebody's machine did or did not answer. Two failures in a row make them unreachable; a failed call does at
    /// once (`certain`).
    #[must_use]
    pub(crate) fn answered(&mut self, device: DeviceId, answered: bool, certain: bool) -> Vec<Event> {
        let Some(person) = self.lan.get_mut(&device) else { return Vec::new() };
        person.failed_probes = if answered { 0 } else { person.failed_probes + 1 };
        person.reach = if person.failed_probes >= 2 || (certain && !answered) {
            Reach::Unreachable
        } else {
            person.reach
        };
        if answered {
            person.reach = Reach::Here;
        }
        self.refresh(device)
    }

    /// Where somebody on the network is to be reached, best first.
    #[must_use]
    pub(crate) fn addresses(&self, device: &DeviceId) -> Vec<SocketAddr> {
        self.lan.get(device).map(|person| person.found.addresses.clone()).unwrap_or_default()
    }

    /// Whether somebody is listed on the network.
    #[must_use]
    pub(crate) fn is_on_lan(&self, device: &DeviceId) -> bool {
        self.shown.contains_key(&(*device, None))
    }

    /// One entry of the list.
    #[must_use]
    pub(crate) fn entry(&self, device: DeviceId, via: Option<DeviceId>) -> Option<Presence> {
        self.shown.get(&(device, via)).cloned()
    }

    /// Somebody's entry: the network's, else the server's.
    #[must_use]
    pub(crate) fn presence(&self, device: &DeviceId) -> Option<&Presence> {
        self.shown.get(&(*device, None)).or_else(|| self.shown.get(&(*device, self.server_hub)))
    }

    /// The name somebody gives, wherever they are.
    #[must_use]
    pub(crate) fn name(&self, device: &DeviceId) -> Option<&str> {
        let lan = self.lan.get(device).and_then(|person| self.person(person));
        lan.or_else(|| self.server.get(device).map(|presence| &presence.person))
            .map(|person| person.name.as_str())
    }

    /// Everybody listed on the network, to be probed.
    #[must_use]
    pub(crate) fn to_probe(&self) -> Vec<(DeviceId, Vec<SocketAddr>)> {
        let listed = self.lan.values().filter(|person| self.person(person).is_some());
        listed.map(|person| (person.found.device, person.found.addresses.clone())).collect()
    }

    /// What is known of somebody on the network; `None`: not to be listed, or not yet.
    fn person<'a>(&self, person: &'a OnLan) -> Option<&'a Person> {
        if person.found.phrase != self.phrase {
            return None;
        }
        person.found.person.as_ref().or(person.told.as_ref())
    }

    /// Those on the network who have not answered for so long that their announcement is probably a leftover.
    #[must_use]
    pub(crate) fn long_silent(&self) -> Vec<DeviceId> {
        let silent = self.lan.iter().filter(|(_, person)| person.failed_probes >= LONG_SILENT);
        silent.map(|(device, _)| *device).collect()
    }

    /// The server's whole list, at each (re)connection.
    #[must_use]
    pub(crate) fn server_list(&mut self, hub: DeviceId, people: Vec<Presence>) -> Vec<Event> {
        let mut events = if self.server_hub == Some(hub) { Vec::new() } else { self.server_closed() };
        self.server_hub = Some(hub);
        let before: Vec<DeviceId> = self.server.keys().copied().collect();
        self.server = people
            .into_iter()
            .map(|presence| {
                // What a hub says of standing is not asked for.
                let own = Presence { reach: Reach::Here, via: Some(hub), standing: None, ..presence };
                (own.device, own)
            })
            .collect();
        let mut touched: Vec<DeviceId> = self.server.keys().copied().collect();
        touched.extend(before.iter().filter(|device| !self.server.contains_key(device)));
        events.extend(touched.into_iter().flat_map(|device| self.refresh(device)));
        events
    }

    /// One change of the server's list.
    #[must_use]
    pub(crate) fn server_changed(&mut self, device: DeviceId, presence: Option<Presence>) -> Vec<Event> {
        match presence {
            Some(presence) => {
                let presence = Presence { via: self.server_hub, standing: None, ..presence };
                self.server.insert(device, presence);
            }
            None => {
                self.server.remove(&device);
            }
        }
        self.refresh(device)
    }

    /// The server does not answer for now: its people stay, but cannot be called.
    #[must_use]
    pub(crate) fn server_down(&mut self) -> Vec<Event> {
        let devices: Vec<DeviceId> = self.server.keys().copied().collect();
        for presence in self.server.values_mut() {
            presence.reach = Reach::Unreachable;
        }
        devices.into_iter().flat_map(|device| self.refresh(device)).collect()
    }

    /// No server is set any more.
    #[must_use]
    pub(crate) fn server_closed(&mut self) -> Vec<Event> {
        let devices: Vec<DeviceId> = std::mem::take(&mut self.server).into_keys().collect();
        let events = devices.into_iter().flat_map(|device| self.refresh(device)).collect();
        self.server_hub = None;
        events
    }

    /// Brings what is shown of one device up to date.
    fn refresh(&mut self, device: DeviceId) -> Vec<Event> {
        let lan = self.lan.get(&device).and_then(|person| {
            Some(Presence {
                device,
                person: self.person(person)?.clone(),
                kind: DeviceKind::Install,
                reach: person.reach,
                via: None,
                standing: None,
            })
        });
        let here_on_lan = lan.as_ref().is_some_and(|presence| presence.reach == Reach::Here);
        let server = self.server.get(&device).filter(|_| !here_on_lan).cloned();
        let mut events = Vec::new();
        self.show((device, None), lan, &mut events);
        if let Some(hub) = self.server_hub {
            self.show((device, Some(hub)), server, &mut events);
        }
        events
    }

    fn show(&mut self, key: Key, presence: Option<Presence>, events: &mut Vec<Event>) {
        match presence {
            Some(presence) if self.shown.get(&key) != Some(&presence) => {
                self.shown.insert(key, presence.clone());
                events.push(Event::PersonHere { presence });
            }
            Some(_) => {}
            None => {
                if self.shown.remove(&key).is_some() {
                    events.push(Event::PersonGone { device: key.0, via: key.1 });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: DeviceId = DeviceId([1; 32]);
    const SERVER: DeviceId = DeviceId([9; 32]);

    fn found(name: &str) -> Found {
        Found {
            device: ANN,
            person: Some(Person::named(name)),
            phrase: false,
            rooms: false,
            revision: 0,
            versions: vec![1],
            addresses: vec!["10.0.0.1:7000".parse().expect("an address")],
            port: 7000,
        }
    }

    fn listed(name: &str) -> Presence {
        Presence {
            device: ANN,
            person: Person::named(name),
            kind: DeviceKind::Install,
            reach: Reach::Here,
            via: None,
            standing: None,
        }
    }

    #[test]
    fn the_same_announcement_says_nothing_new() {
        let mut people = People::default();
        assert_eq!(people.seen(found("Ann")).len(), 1);
        assert_eq!(people.seen(found("Ann")), []);
        assert_eq!(people.seen(found("Anna")).len(), 1);
        assert_eq!(people.gone(ANN), [Event::PersonGone { device: ANN, via: None }]);
        assert!(people.all().is_empty());
    }

    #[test]
    fn unreachable_after_two_failures_or_one_failed_call() {
        let mut people = People::default();
        let _ = people.seen(found("Ann"));
        assert_eq!(people.answered(ANN, false, false), []);
        assert_eq!(people.answered(ANN, true, false), []);
        assert_eq!(people.answered(ANN, false, false), []);
        assert_eq!(people.answered(ANN, false, false).len(), 1);
        assert_eq!(people.all()[0].reach, Reach::Unreachable);
        assert_eq!(people.answered(ANN, true, false).len(), 1);
        assert_eq!(people.answered(ANN, false, true).len(), 1);
        assert_eq!(people.all()[0].reach, Reach::Unreachable);
        assert!(people.long_silent().is_empty());
        for _ in 0..LONG_SILENT {
            let _ = people.answered(ANN, false, false);
        }
        assert_eq!(people.long_silent(), [ANN]);
    }

    #[test]
    fn on_both_lists_the_network_wins_while_it_answers() {
        let mut people = People::default();
        let _ = people.server_list(SERVER, vec![listed("Ann")]);
        assert_eq!(people.all()[0].via, Some(SERVER));
        let _ = people.seen(found("Ann"));
        assert_eq!(people.all().len(), 1);
        assert_eq!(people.all()[0].via, None);
        let _ = people.answered(ANN, false, true);
        assert_eq!(people.all().len(), 2);
        let _ = people.gone(ANN);
        let _ = people.server_down();
        assert_eq!(people.all()[0].reach, Reach::Unreachable);
        let _ = people.server_list(SERVER, vec![]);
        assert!(people.all().is_empty());
        let _ = people.server_list(SERVER, vec![listed("Ann")]);
        assert_eq!(people.server_closed(), [Event::PersonGone { device: ANN, via: Some(SERVER) }]);
    }

    fn hidden(revision: u64) -> Found {
        Found { person: None, revision, ..found("") }
    }

    fn named(people: &People) -> Vec<String> {
        people.all().into_iter().map(|presence| presence.person.name).collect()
    }

    #[test]
    fn who_hides_the_name_is_listed_when_it_was_told() {
        let mut people = People::default();
        assert_eq!(people.seen(hidden(1)), []);
        assert!(!people.is_on_lan(&ANN) && people.to_probe().is_empty());
        assert_eq!(people.to_ask(&ANN), Some(1));
        assert_eq!(people.told(ANN, Person::named("Ann")).len(), 1);
        assert!(people.is_on_lan(&ANN));
        assert_eq!((people.name(&ANN), people.to_probe().len()), (Some("Ann"), 1));
        assert_eq!(people.seen(hidden(2)), [], "stays until another name was told");
        assert_eq!(people.to_ask(&ANN), Some(2));
        assert_eq!(people.seen(found("Anna")).len(), 1, "a record that holds a name counts");
        assert_eq!((people.to_ask(&ANN), named(&people)), (None, vec!["Anna".to_owned()]));
        assert_eq!(people.seen(hidden(3)), []);
        assert_eq!(people.told(ANN, Person::named("Ann")).len(), 1);
        assert_eq!(people.told(DeviceId([2; 32]), Person::named("Bob")), [], "whose record was never heard");
    }

    #[test]
    fn an_office_sees_its_own_only() {
        let mut people = People::default();
        let with_phrase = |revision| Found { phrase: true, ..hidden(revision) };
        let _ = people.seen(found("Ann"));
        assert_eq!(people.phrase_changed(true), [Event::PersonGone { device: ANN, via: None }]);
        assert_eq!(people.to_ask(&ANN), None, "nobody without a phrase is asked");
        assert_eq!(people.seen(with_phrase(1)), [], "what was announced without a phrase counts no longer");
        assert_eq!(people.to_ask(&ANN), Some(1));
        let named_record = Found { phrase: true, ..found("Mallory") };
        assert_eq!(people.seen(named_record), [], "a name in such a record proves nothing");
        assert_eq!(people.seen(with_phrase(2)).len() + people.told(ANN, Person::named("Ann")).len(), 1);
        assert_eq!(people.not_of_ours(ANN).len(), 1);
        assert_eq!(people.told(ANN, Person::named("Ann")).len(), 1);
        assert_eq!(people.phrase_changed(true).len(), 1, "another phrase: what was told is forgotten");
        assert!(people.all().is_empty());
        let _ = people.phrase_changed(false);
        assert_eq!((people.all().len(), people.to_ask(&ANN)), (0, None));
    }

    #[test]
    fn a_server_lists_whatever_the_phrase() {
        let mut people = People::default();
        let _ = people.seen(found("Ann"));
        let _ = people.server_list(SERVER, vec![listed("Ann")]);
        assert_eq!(people.all()[0].via, None);
        let _ = people.phrase_changed(true);
        assert_eq!(people.all().iter().map(|one| one.via).collect::<Vec<_>>(), [Some(SERVER)]);
        let _ = people.seen(Found { phrase: true, ..hidden(1) });
        let _ = people.told(ANN, Person::named("Ann"));
        assert_eq!(people.all().iter().map(|one| one.via).collect::<Vec<_>>(), [None]);
    }

    #[test]
    fn a_goodbye_is_believed_when_nobody_answers() {
        let mut people = People::default();
        assert_eq!(people.goodbye(ANN), None);
        let _ = people.seen(found("Ann"));
        assert_eq!(people.goodbye(ANN), Some(found("").addresses));
        assert_eq!(people.goodbye(ANN), None, "is being checked");
        assert_eq!(people.all().len(), 1);
        assert_eq!(people.left(ANN, false), Left::Gone(vec![Event::PersonGone { device: ANN, via: None }]));
        assert_eq!(people.left(ANN, false), Left::Settled);

        let _ = people.seen(found("Ann"));
        let _ = people.goodbye(ANN);
        assert_eq!(people.left(ANN, true), Left::Here { first: true });
        assert_eq!(people.doubted().len(), 1);
        assert!(people.goodbye(ANN).is_some());
        assert_eq!(people.left(ANN, true), Left::Here { first: false });
        assert!(matches!(people.left(ANN, false), Left::Gone(_)), "asked again, and silent");

        let _ = people.seen(found("Ann"));
        let _ = people.goodbye(ANN);
        let _ = people.seen(found("Ann"));
        assert_eq!(people.left(ANN, false), Left::Settled, "heard again meanwhile");
        assert_eq!(people.all().len(), 1);

        let _ = people.gone(ANN);
        let _ = people.seen(hidden(1));
        assert_eq!((people.goodbye(ANN), people.to_ask(&ANN)), (None, None), "nobody that is shown");
    }

    #[test]
    fn a_full_network_makes_room_for_somebody_new() {
        let mut people = People::default();
        let other = |number: u32| {
            let mut id = [0; 32];
            id[..4].copy_from_slice(&number.to_be_bytes());
            Found { device: DeviceId(id), ..found("Somebody") }
        };
        for number in 0..MAX_PEOPLE {
            let _ = people.seen(other(number));
        }
        let (doubted, silent) = (other(7).device, other(9).device);
        let _ = people.goodbye(doubted);
        let _ = people.left(doubted, true);
        let _ = people.answered(silent, false, true);
        assert_eq!(people.seen(found("Ann")).len(), 2);
        assert!(!people.is_on_lan(&doubted) && people.is_on_lan(&silent));
        let _ = people.seen(other(MAX_PEOPLE));
        assert!(!people.is_on_lan(&silent) && people.all().len() == MAX_PEOPLE as usize);
    }
}
