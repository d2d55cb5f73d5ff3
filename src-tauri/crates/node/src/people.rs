//! Who is to be seen: the local network's people beside those of the signaling server.
//!
//! Pure. Each change answers with the events that bring a window's list up to date. Somebody who is on both lists is
//! shown on the network's as long as they answer there, since that way is shorter.

use std::collections::HashMap;
use std::net::SocketAddr;

use earshot_discovery::Found;
use earshot_protocol::{DeviceId, DeviceKind, Event, Presence, Reach};

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
}

#[derive(Debug)]
struct OnLan {
    found: Found,
    reach: Reach,
    failed_probes: u32,
}

impl People {
    /// Everybody, for a window that opens.
    #[must_use]
    pub(crate) fn all(&self) -> Vec<Presence> {
        self.shown.values().cloned().collect()
    }

    /// Somebody was announced on the network.
    #[must_use]
    pub(crate) fn seen(&mut self, found: Found) -> Vec<Event> {
        let device = found.device;
        self.lan.insert(device, OnLan { found, reach: Reach::Here, failed_probes: 0 });
        self.refresh(device)
    }

    /// Somebody's announcement was taken back, or has expired.
    #[must_use]
    pub(crate) fn gone(&mut self, device: DeviceId) -> Vec<Event> {
        self.lan.remove(&device);
        self.refresh(device)
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

    /// Whether somebody is announced on the network.
    #[must_use]
    pub(crate) fn is_on_lan(&self, device: &DeviceId) -> bool {
        self.lan.contains_key(device)
    }

    /// The name somebody gives, wherever they are.
    #[must_use]
    pub(crate) fn name(&self, device: &DeviceId) -> Option<&str> {
        let lan = self.lan.get(device).and_then(|person| person.found.person.as_ref());
        lan.or_else(|| self.server.get(device).map(|presence| &presence.person))
            .map(|person| person.name.as_str())
    }

    /// Everybody on the network, to be probed.
    #[must_use]
    pub(crate) fn to_probe(&self) -> Vec<(DeviceId, Vec<SocketAddr>)> {
        self.lan.values().map(|person| (person.found.device, person.found.addresses.clone())).collect()
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
            .map(|presence| (presence.device, Presence { reach: Reach::Here, via: Some(hub), ..presence }))
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
                let presence = Presence { via: self.server_hub, ..presence };
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
                person: person.found.person.clone()?,
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
    use earshot_protocol::Person;

    const ANN: DeviceId = DeviceId([1; 32]);
    const SERVER: DeviceId = DeviceId([9; 32]);

    fn found(name: &str) -> Found {
        Found {
            device: ANN,
            person: Some(Person::named(name)),
            phrase: false,
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
}
