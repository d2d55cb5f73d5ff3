//! What the network tells, and whether people still answer.

use std::net::SocketAddr;
use std::time::Duration;

use earshot_discovery::{DiscoveryEvent, InterfaceChoice};
use earshot_protocol::limits::MAX_ADDRESSES;
use earshot_protocol::{DeviceId, Event, Request};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::hubs::{HubKey, Purpose};
use super::{Core, Input, TICK};
use crate::people::Left;

/// How often each person's machine is asked while somebody looks, in ticks. Twice this and twice the timeout is the
/// longest that a dead machine is shown as present: 12 s.
const PROBE_EVERY: u64 = 4;

/// Changes of the list that windows hear of at once: a quarter of what waits for one of them
/// ([`MAX_QUEUE`](earshot_protocol::limits::MAX_QUEUE)).
const TOLD_AT_ONCE: usize = 64;

/// Until the next of them.
const TELL_PAUSE: Duration = Duration::from_millis(20);

/// How long a machine may take to answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the machine of somebody who is said to have left may take to answer. One that has left refuses at once, and
/// that is told at once; this is for a machine that is off, or silent by its firewall.
const LEFT_TIMEOUT: Duration = Duration::from_millis(300);

/// The same of somebody in a ring, in a call, or linked to: they need not vanish because of a slow moment.
const LEFT_TIMEOUT_IN_TOUCH: Duration = Duration::from_secs(1);

/// Machines asked at the same time whether somebody has left.
pub(super) const MAX_CHECKS: usize = 64;

/// Which adapters the owner has chosen.
pub(crate) fn choice(interfaces: &[String]) -> InterfaceChoice {
    if interfaces.is_empty() { InterfaceChoice::every() } else { InterfaceChoice::only(interfaces.to_vec()) }
}

impl Core {
    pub(super) fn discovered(&mut self, event: DiscoveryEvent) {
        match event {
            DiscoveryEvent::Seen(found) => {
                let device = found.device;
                if self.people.addresses(&device) != found.addresses {
                    self.close_lost_link(&device);
                    self.redirect_link(&device, &found.addresses);
                }
                let events = self.people.seen(found);
                self.tell_people(events);
                self.heard_record(device);
                self.heard_of_rooms(device);
            }
            DiscoveryEvent::Gone(device) => self.goodbye_heard(device),
            DiscoveryEvent::Interfaces { used, others, addresses } => {
                self.network.interfaces = used;
                self.network.others = others;
                self.set_addresses(&addresses);
                self.tell_state();
            }
            DiscoveryEvent::Problem(problem) => {
                self.network.problem = problem;
                self.tell_state();
            }
        }
    }

    /// Anybody on the network can say goodbye in somebody's name: before they are taken off the list, their machine is
    /// asked.
    fn goodbye_heard(&mut self, device: DeviceId) {
        match self.people.goodbye(device) {
            Some(addresses) => self.check_left(device, addresses),
            None => self.heard_record(device),
        }
    }

    fn check_left(&self, device: DeviceId, addresses: Vec<SocketAddr>) {
        let timeout = if self.is_in_touch(&device) { LEFT_TIMEOUT_IN_TOUCH } else { LEFT_TIMEOUT };
        let (inbox, checks) = (self.inbox.clone(), self.checks.clone());
        tokio::spawn(async move {
            // Never closed; at most one waits for each device on the network.
            let _place = checks.acquire_owned().await;
            let answered = answers(addresses, timeout).await;
            // The node may have ended meanwhile.
            let _ = inbox.send(Input::Left { device, answered }).await;
        });
    }

    fn is_in_touch(&self, device: &DeviceId) -> bool {
        self.links.get(device).is_some_and(|lan| lan.up)
            || self.rings.values().any(|ring| ring.device == *device)
            || self
                .rooms
                .values()
                .any(|room| room.hub == HubKey::Lan(*device) || room.with.as_ref() == Some(device))
    }

    /// Somebody who is said to have left did or did not answer.
    pub(super) fn left(&mut self, device: DeviceId, answered: bool) {
        match self.people.left(device, answered) {
            Left::Gone(events) => {
                self.tell_people(events);
                self.introductions.forget(&device);
                self.heard_of_rooms(device);
                self.close_lost_link(&device);
            }
            Left::Here { first: true } => {
                tracing::debug!("a goodbye is not believed");
                if let Some(discovery) = &self.discovery {
                    discovery.verify(device);
                }
            }
            Left::Here { first: false } | Left::Settled => {}
        }
    }

    /// Brings every window's list up to date; a long list in parts, so that no window is cut off for reading slowly.
    pub(super) fn tell_people(&mut self, events: Vec<Event>) {
        if self.untold.is_empty() && events.len() <= TOLD_AT_ONCE {
            for event in events {
                self.tell_person(event);
            }
            return;
        }
        for event in events {
            match event {
                Event::PersonHere { presence } => self.untold.insert((presence.device, presence.via)),
                Event::PersonGone { device, via } => self.untold.insert((device, via)),
                _ => false,
            };
        }
        self.tell_more();
    }

    /// Tells the next part of a long list, as it is now.
    pub(super) fn tell_more(&mut self) {
        for _ in 0..TOLD_AT_ONCE {
            let Some((device, via)) = self.untold.pop_first() else { return };
            let event = match self.people.entry(device, via) {
                Some(presence) => Event::PersonHere { presence },
                None => Event::PersonGone { device, via },
            };
            self.tell_person(event);
        }
        if !self.untold.is_empty() && !std::mem::replace(&mut self.telling, true) {
            let inbox = self.inbox.clone();
            tokio::spawn(async move {
                tokio::time::sleep(TELL_PAUSE).await;
                // The node may have ended meanwhile.
                let _ = inbox.send(Input::TellMore).await;
            });
        }
    }

    fn tell_person(&mut self, event: Event) {
        let event = match event {
            Event::PersonHere { presence } => Event::PersonHere { presence: self.with_standing(presence) },
            event => event,
        };
        self.windows.event_to_all(&event);
    }

    pub(super) fn choose_interfaces(&mut self) {
        if let Some(discovery) = &self.discovery {
            discovery.choose(choice(&self.settings.current().interfaces));
        }
    }

    /// Where colleagues reach this hub, as far as can be told before discovery has looked.
    pub(super) fn refresh_addresses(&mut self) {
        let chosen = choice(&self.settings.current().interfaces);
        let addresses = earshot_discovery::own_addresses(self.hub_port, &chosen);
        self.set_addresses(&addresses);
    }

    fn set_addresses(&mut self, addresses: &[SocketAddr]) {
        // A scope id means something on this machine only.
        let usable =
            addresses.iter().filter(|address| !matches!(address, SocketAddr::V6(v6) if v6.scope_id() != 0));
        let before = std::mem::take(&mut self.addresses);
        self.addresses = usable.map(ToString::to_string).take(MAX_ADDRESSES as usize).collect();
        if before.iter().any(|address| !self.addresses.contains(address)) {
            self.renew_links();
        }
        self.local.set_addresses(self.addresses.clone());
        self.say_addresses(HubKey::Own);
        let visited: Vec<HubKey> =
            self.links.iter().filter(|(_, lan)| lan.up).map(|(device, _)| HubKey::Lan(*device)).collect();
        for hub in visited {
            self.say_addresses(hub);
        }
    }

    /// Where the own hub is reached, for those in a room of that hub. A server's visitors need not know.
    pub(super) fn say_addresses(&mut self, hub: HubKey) {
        let addresses = self.addresses.clone();
        self.ask(hub, None, Purpose::Other, Request::SetAddresses { addresses });
    }

    /// Asks everybody's machine whether it is still there, while somebody looks at the list; those whose goodbye was not
    /// believed always, for nobody else tells when they go.
    pub(super) fn probe_people(&mut self) {
        if !self.ticks.is_multiple_of(PROBE_EVERY) {
            return;
        }
        for (device, addresses) in self.people.doubted() {
            self.check_left(device, addresses);
        }
        if !self.windows.anybody_watches() {
            return;
        }
        for (device, addresses) in self.people.to_probe() {
            let inbox = self.inbox.clone();
            // Ends by itself within the timeout; the next round comes later than that.
            const { assert!(PROBE_TIMEOUT.as_millis() < TICK.as_millis() * PROBE_EVERY as u128) };
            tokio::spawn(async move {
                let answered = answers(addresses, PROBE_TIMEOUT).await;
                // The node may have ended meanwhile.
                let _ = inbox.send(Input::Probed { device, answered }).await;
            });
        }
        if let Some(discovery) = &self.discovery {
            for device in self.people.long_silent() {
                discovery.verify(device);
            }
        }
    }
}

/// Whether a machine takes a connection at one of these addresses. A refused one is an answer too: the machine is
/// there, but Earshot is not, and its record is a leftover; so that counts as no.
async fn answers(addresses: Vec<SocketAddr>, timeout: Duration) -> bool {
    let mut tries = JoinSet::new();
    for address in addresses {
        tries.spawn(async move {
            matches!(tokio::time::timeout(timeout, TcpStream::connect(address)).await, Ok(Ok(_)))
        });
    }
    while let Some(result) = tries.join_next().await {
        if result.unwrap_or(false) {
            return true;
        }
    }
    false
}
