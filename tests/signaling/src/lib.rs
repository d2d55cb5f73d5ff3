//! What the tests of signaling share: hubs on real sockets, a visitor that can misbehave, a proxy that can fail.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod certificates;
mod child;
mod hostile;
mod hubs;
mod proxy;
mod raw;
mod relay;

pub use certificates::{client_tls, elsewhere, first_of_link, server_tls, url_of_elsewhere};
pub use child::{Holds, HubProcess, Sort, be_a_hub, like_an_offer};
pub use earshot_harness::Certificates;
pub use hostile::{Flood, Tally, Victim, is_ring_of};
pub use hubs::{Office, Served};
pub use proxy::Proxy;
pub use raw::{Raw, RawSocket, Wire, connect_from, exporter, upgrade_status};
pub use relay::{Alter, Course, Relay};

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use earshot_identity::DeviceKey;
use earshot_protocol::{ErrorCode, Event, HubRef, Person, Reply, Request, RoomRef, RoomRules, Welcome};
use earshot_signaling::LinkEvent;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

/// Longer than anything that should happen at once takes on a busy machine.
pub const SOON: Duration = Duration::from_secs(15);

/// A new device.
///
/// # Panics
/// When the system has no randomness.
#[must_use]
pub fn device() -> Arc<DeviceKey> {
    Arc::new(DeviceKey::generate().expect("a key can be made"))
}

/// Somebody's name.
#[must_use]
pub fn person(name: &str) -> Person {
    Person::named(name)
}

/// Waits, but not for ever.
///
/// # Panics
/// When it takes longer than [`SOON`].
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(SOON, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within {SOON:?}"),
    }
}

/// Waits until something is so.
///
/// # Panics
/// When it is not within [`SOON`].
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    soon(what, async {
        while !is_so().await {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// The next event of a link.
///
/// # Panics
/// When none comes.
pub async fn next(events: &mut mpsc::Receiver<LinkEvent>) -> LinkEvent {
    soon("an event of the link", events.recv()).await.expect("the link goes on")
}

/// The welcome of a link that comes up.
///
/// # Panics
/// When something else happens first.
pub async fn up(events: &mut mpsc::Receiver<LinkEvent>) -> Welcome {
    match next(events).await {
        LinkEvent::Up(welcome) => welcome,
        other => panic!("{other:?} in place of a welcome"),
    }
}

/// The welcome of a link that comes up again, and what was told until then.
///
/// # Panics
/// When the link ends, or does not come up within ten seconds.
pub async fn up_again(events: &mut mpsc::Receiver<LinkEvent>) -> (Welcome, Vec<Event>) {
    let mut told = Vec::new();
    let end = Instant::now() + Duration::from_secs(10);
    while let Ok(Some(event)) = tokio::time::timeout_at(end, events.recv()).await {
        match event {
            LinkEvent::Up(welcome) => return (welcome, told),
            LinkEvent::Said(event) => told.push(event),
            LinkEvent::Down { .. } => {}
            other => panic!("{other:?} in place of a welcome"),
        }
    }
    panic!("the link does not come up again");
}

/// The next thing a hub tells on a link.
///
/// # Panics
/// When something else happens.
pub async fn told(events: &mut mpsc::Receiver<LinkEvent>) -> Event {
    match next(events).await {
        LinkEvent::Said(event) => event,
        other => panic!("{other:?} in place of an event"),
    }
}

/// Why a link has ended, whatever was told before.
///
/// # Panics
/// When it does not end.
pub async fn ended(events: &mut mpsc::Receiver<LinkEvent>) -> ErrorCode {
    soon("the end of the link", async {
        loop {
            match events.recv().await {
                Some(LinkEvent::Ended { code }) => return code,
                Some(_) => {}
                None => panic!("closed without a word"),
            }
        }
    })
    .await
}

/// Makes a room through a link.
///
/// # Panics
/// When the hub does not.
pub async fn make_room(link: &earshot_signaling::Link) -> RoomRef {
    let request = Request::CreateRoom { via: None, rules: RoomRules::open_to(8), media: Default::default() };
    match soon("a room", link.request(request)).await {
        Ok(Reply::Room(state)) => state.room,
        other => panic!("{other:?} in place of a room"),
    }
}

/// A reference to a hub's room, with other addresses.
#[must_use]
pub fn at(room: &RoomRef, addresses: Vec<String>) -> RoomRef {
    RoomRef { hub: HubRef { device: room.hub.device, addresses }, room: room.room }
}
