//! An ether within one process: everybody who joins hears everybody else at once. For tests of other crates.

use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use earshot_protocol::DeviceId;
use tokio::sync::mpsc;

use crate::{Announcement, Discovery, DiscoveryError, DiscoveryEvent, Found, InterfaceChoice};

/// Events that wait for one member. A test that leaves more unread loses the rest.
const QUEUE: usize = 4_096;

/// The shared medium. Clones are the same ether.
#[derive(Debug, Clone, Default)]
pub struct Ether(Arc<Mutex<HashMap<DeviceId, Member>>>);

#[derive(Debug)]
struct Member {
    announcement: Announcement,
    found: Found,
    alive: bool,
    events: mpsc::Sender<DiscoveryEvent>,
}

/// One member's place in the ether. Dropping it says goodbye.
#[derive(Debug)]
pub struct Handle {
    ether: Ether,
    device: DeviceId,
}

impl Ether {
    /// An ether with nobody in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Joins under 127.0.0.1 and the announced port, where the other members of this process can dial.
    ///
    /// # Errors
    /// [`DiscoveryError`] when the announcement is out of bounds.
    pub fn join(
        &self,
        announcement: Announcement,
    ) -> Result<(Handle, mpsc::Receiver<DiscoveryEvent>), DiscoveryError> {
        announcement.check()?;
        let (events, receiver) = mpsc::channel(QUEUE);
        let found = found(announcement.clone(), 0);
        let device = found.device;
        let mut members = self.members();
        let interfaces = DiscoveryEvent::Interfaces {
            used: vec!["ether".to_owned()],
            others: Vec::new(),
            addresses: found.addresses.clone(),
        };
        let seen = members
            .values()
            .filter(|member| member.alive)
            .map(|member| DiscoveryEvent::Seen(member.found.clone()));
        for event in std::iter::once(interfaces).chain(seen) {
            let _ = events.try_send(event);
        }
        tell(&members, device, &DiscoveryEvent::Seen(found.clone()));
        members.insert(device, Member { announcement, found, alive: true, events });
        Ok((Handle { ether: self.clone(), device }, receiver))
    }

    /// Has a member die without a goodbye, as a machine whose plug is pulled: others find out by
    /// [`verify`](Discovery::verify).
    pub fn kill(&self, device: DeviceId) {
        if let Some(member) = self.members().get_mut(&device) {
            member.alive = false;
        }
    }

    fn leave(&self, device: DeviceId) {
        let mut members = self.members();
        if members.remove(&device).is_some_and(|member| member.alive) {
            tell(&members, device, &DiscoveryEvent::Gone(device));
        }
    }

    fn members(&self) -> MutexGuard<'_, HashMap<DeviceId, Member>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn found(announcement: Announcement, revision: u64) -> Found {
    let Announcement { device, person, hidden, phrase, rooms, port, versions } = announcement;
    let person = (!hidden && !phrase).then_some(person);
    let rooms = rooms && person.is_some();
    let addresses = vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)];
    Found { device, person, phrase, rooms, revision, versions, addresses, port }
}

fn tell(members: &HashMap<DeviceId, Member>, about: DeviceId, event: &DiscoveryEvent) {
    for (device, member) in members {
        if *device != about && member.alive {
            let _ = member.events.try_send(event.clone());
        }
    }
}

impl Discovery for Handle {
    fn announce(&self, announcement: Announcement) -> Result<(), DiscoveryError> {
        announcement.check()?;
        let mut members = self.ether.members();
        if let Some(member) = members.get_mut(&self.device) {
            if !member.alive || member.announcement == announcement {
                return Ok(());
            }
            // What is hidden changes too, and others ask for it again.
            let found = found(announcement.clone(), member.found.revision + 1);
            (member.announcement, member.found) = (announcement, found.clone());
            tell(&members, self.device, &DiscoveryEvent::Seen(found));
        }
        Ok(())
    }

    fn choose(&self, _choice: InterfaceChoice) {}

    fn verify(&self, device: DeviceId) {
        let members = self.ether.members();
        if members.get(&device).is_none_or(|member| !member.alive)
            && let Some(own) = members.get(&self.device)
        {
            let _ = own.events.try_send(DiscoveryEvent::Gone(device));
        }
    }

    fn shutdown(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.ether.leave(self.device);
        Box::pin(std::future::ready(()))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.ether.leave(self.device);
    }
}

#[cfg(test)]
mod tests {
    use earshot_protocol::{Person, VERSIONS};

    use super::*;

    fn announcement(seed: u8, name: &str) -> Announcement {
        let device = DeviceId([seed; 32]);
        Announcement {
            device,
            person: Person::named(name),
            hidden: false,
            phrase: false,
            rooms: false,
            port: 4000 + u16::from(seed),
            versions: VERSIONS.to_vec(),
        }
    }

    #[tokio::test]
    async fn members_hear_each_other_and_never_themselves() {
        let ether = Ether::new();
        let (ann, mut to_ann) = ether.join(announcement(1, "Ann")).unwrap();
        let (bob, mut to_bob) = ether.join(announcement(2, "Bob")).unwrap();
        assert!(matches!(to_ann.recv().await, Some(DiscoveryEvent::Interfaces { .. })));
        assert!(matches!(to_bob.recv().await, Some(DiscoveryEvent::Interfaces { .. })));
        let seen = |event| match event {
            Some(DiscoveryEvent::Seen(found)) => (found.person.unwrap().name, found.addresses[0].to_string()),
            other => panic!("{other:?}"),
        };
        assert_eq!(seen(to_ann.recv().await), ("Bob".to_owned(), "127.0.0.1:4002".to_owned()));
        assert_eq!(seen(to_bob.recv().await).0, "Ann");

        bob.announce(announcement(2, "Robert")).unwrap();
        assert_eq!(seen(to_ann.recv().await).0, "Robert");
        assert_eq!(
            bob.announce(announcement(2, "")),
            Err(DiscoveryError::Person(earshot_protocol::ErrorCode::NameInvalid))
        );

        let hidden = Announcement { hidden: true, ..announcement(2, "Robert") };
        bob.announce(hidden.clone()).unwrap();
        bob.announce(hidden.clone()).unwrap();
        bob.announce(Announcement { person: Person::named("Rob"), ..hidden }).unwrap();
        for revision in [2, 3] {
            let Some(DiscoveryEvent::Seen(found)) = to_ann.recv().await else { panic!("no change is told") };
            assert_eq!((found.person, found.revision), (None, revision), "a hidden change is one too");
        }

        ann.verify(DeviceId([2; 32]));
        assert!(to_ann.try_recv().is_err(), "Bob is there");
        ether.kill(DeviceId([2; 32]));
        assert!(to_ann.try_recv().is_err(), "nobody is told of a death");
        ann.verify(DeviceId([2; 32]));
        assert_eq!(to_ann.recv().await, Some(DiscoveryEvent::Gone(DeviceId([2; 32]))));

        let (carl, _) = ether.join(announcement(3, "Carl")).unwrap();
        assert_eq!(seen(to_ann.recv().await).0, "Carl");
        carl.shutdown().await;
        drop(carl);
        assert_eq!(to_ann.recv().await, Some(DiscoveryEvent::Gone(DeviceId([3; 32]))));
        assert!(to_ann.try_recv().is_err(), "one goodbye");
    }
}
