//! What the network tells, and whether people still answer.

use std::net::SocketAddr;
use std::time::Duration;

use earshot_discovery::{DiscoveryEvent, InterfaceChoice};
use earshot_protocol::Event;
use earshot_protocol::limits::MAX_ADDRESSES;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::{Core, Input, TICK};

/// How often each person's machine is asked while somebody looks, in ticks. Twice this and twice the timeout is the
/// longest that a dead machine is shown as present: 12 s.
const PROBE_EVERY: u64 = 4;

/// How long a machine may take to answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Which adapters the owner has chosen.
pub(crate) fn choice(interfaces: &[String]) -> InterfaceChoice {
    if interfaces.is_empty() { InterfaceChoice::every() } else { InterfaceChoice::only(interfaces.to_vec()) }
}

impl Core {
    pub(super) fn discovered(&mut self, event: DiscoveryEvent) {
        match event {
            DiscoveryEvent::Seen(found) => {
                let events = self.people.seen(found);
                self.tell_people(events);
            }
            DiscoveryEvent::Gone(device) => {
                let events = self.people.gone(device);
                self.tell_people(events);
            }
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

    /// Brings every window's list up to date.
    pub(super) fn tell_people(&mut self, events: Vec<Event>) {
        for event in events {
            self.windows.event_to_all(&event);
        }
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
        self.addresses = usable.map(ToString::to_string).take(MAX_ADDRESSES as usize).collect();
        self.local.set_addresses(self.addresses.clone());
    }

    /// Asks everybody's machine whether it is still there, while somebody looks at the list.
    pub(super) fn probe_people(&mut self) {
        if !self.ticks.is_multiple_of(PROBE_EVERY) || !self.windows.anybody_watches() {
            return;
        }
        for (device, addresses) in self.people.to_probe() {
            let inbox = self.inbox.clone();
            // Ends by itself within the timeout; the next round comes later than that.
            const { assert!(PROBE_TIMEOUT.as_millis() < TICK.as_millis() * PROBE_EVERY as u128) };
            tokio::spawn(async move {
                let answered = answers(addresses).await;
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
async fn answers(addresses: Vec<SocketAddr>) -> bool {
    let mut tries = JoinSet::new();
    for address in addresses {
        tries.spawn(async move {
            matches!(tokio::time::timeout(PROBE_TIMEOUT, TcpStream::connect(address)).await, Ok(Ok(_)))
        });
    }
    while let Some(result) = tries.join_next().await {
        if result.unwrap_or(false) {
            return true;
        }
    }
    false
}
