//! Discovery by multicast DNS (RFC 6762) and DNS-SD (RFC 6763), on the crate `mdns-sd`.
//!
//! One task owns everything. `mdns-sd` runs a thread of its own and follows adapters as they come and go; the task
//! watches over it, because that thread says nothing when its sockets could not be opened, when no packet passes any
//! more, or when it closes a queue. The sign of life is the device's own record: it must come back over the network
//! within [`ECHO_TIMEOUT`], otherwise the network is reported and the thread is started anew.
//!
//! Names are not probed for (RFC 6762, section 8.1): they are made of 80 bits of a hash and so are unique already.
//! That saves 750 ms before a person appears, and the same again before each change of name or status.

//!
//! Whoever is on the network can say anything. What is done about it stands in `people`; what is left to a false speaker:
//! * to have somebody listed who is not there, or with another name, status or note, until nobody says so any more;
//! * to fill the list with people who are not there, as long as it answers for each of them;
//! * to come before somebody with so many addresses that the true ones are left out;
//! * to have everybody ask, at most every two seconds;
//! * by drowning every answer, or by keeping them from passing, to have somebody vanish from the list while that lasts.
//!
//! None of this leads to a call with somebody else: TLS proves the device.

mod daemon;
mod people;
mod task;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use earshot_protocol::DeviceId;
use tokio::sync::{mpsc, watch};

use crate::{Announcement, Discovery, DiscoveryError, DiscoveryEvent, EVENT_QUEUE, InterfaceChoice};

/// From [`Discovery::verify`] to [`DiscoveryEvent::Gone`] without an answer. Two questions, a second apart, and two
/// more for the answer. RFC 6762, section 10.4, has ten seconds, for records that nobody is looking at.
pub const VERIFY_TIMEOUT: Duration = Duration::from_secs(3);

/// How soon the device's own announcement is heard back; it takes some milliseconds where multicast works.
pub const ECHO_TIMEOUT: Duration = Duration::from_secs(4);

/// From a fresh start to when those who were known before and have not been heard again are gone. Three questions
/// are asked in that time.
const HEARD_AGAIN: Duration = Duration::from_secs(5);

/// The same for somebody whose goodbye was said by who knows whom, and for an address that was contradicted. Two
/// questions, a second apart because a record is not sent twice within one (RFC 6762, section 6), and time to answer.
const DOUBT_TIMEOUT: Duration = Duration::from_secs(2);

/// From a fresh start to looking at who has not answered. What it has brought is read once more: `mdns-sd` says nothing
/// of a record that it holds already, from whomever, when the true one comes. And addresses are asked for by themselves.
const INQUIRE_AFTER: Duration = Duration::from_millis(1_100);

/// Devices whose addresses are asked for by themselves at once.
const MAX_INQUIRIES: usize = 16;

/// From a silent or failed start to the next one.
const RESTART_AFTER: Duration = Duration::from_secs(10);

/// Between two looks at the machine's adapters. The look costs well under a millisecond.
const INTERFACE_CHECK: Duration = Duration::from_secs(1);

/// Between two looks at how much `mdns-sd` remembers.
const CACHE_CHECK: Duration = Duration::from_secs(5);

/// Records that `mdns-sd` may remember; beyond that it is started anew. Three times what
/// [`MAX_PEOPLE`](earshot_protocol::limits::MAX_PEOPLE) on two networks take.
const MAX_CACHED: i64 = 50_000;

/// Between two fresh series of questions. `mdns-sd` doubles the time between its questions up to an hour; who was
/// missed would be missing for that long.
const BROWSE_AGAIN: Duration = Duration::from_secs(120);

/// Verifications waiting to be started; more are left out, since the caller asks again anyway.
const VERIFY_QUEUE: usize = 64;

/// What the owner of the handle wants at the moment.
#[derive(Debug, Clone)]
struct Wanted {
    announcement: Announcement,
    choice: InterfaceChoice,
    stop: bool,
}

/// A running discovery. Dropping it says goodbye too, without waiting for it.
#[derive(Debug)]
pub struct Handle {
    wanted: watch::Sender<Wanted>,
    verify: mpsc::Sender<DeviceId>,
    /// Closed when the task has ended.
    done: watch::Receiver<()>,
}

/// Starts to announce this device and to look for others, on a task of the current Tokio runtime. A network that
/// cannot be used is not an error but an event, and so is its return.
///
/// # Errors
/// [`DiscoveryError`] when the announcement is out of bounds.
///
/// # Panics
/// Outside a Tokio runtime.
pub fn start(
    announcement: Announcement,
    choice: InterfaceChoice,
) -> Result<(Handle, mpsc::Receiver<DiscoveryEvent>), DiscoveryError> {
    announcement.check()?;
    let (wanted, wanted_receiver) = watch::channel(Wanted { announcement, choice, stop: false });
    let (verify, verify_receiver) = mpsc::channel(VERIFY_QUEUE);
    let (events, events_receiver) = mpsc::channel(EVENT_QUEUE);
    let (done_sender, done) = watch::channel(());
    let task = task::Task::new(wanted_receiver, verify_receiver, events);
    tokio::spawn(async move {
        task.run().await;
        drop(done_sender);
    });
    Ok((Handle { wanted, verify, done }, events_receiver))
}

impl Discovery for Handle {
    fn announce(&self, announcement: Announcement) -> Result<(), DiscoveryError> {
        announcement.check()?;
        self.wanted.send_if_modified(|wanted| {
            let differs = wanted.announcement != announcement;
            wanted.announcement = announcement;
            differs
        });
        Ok(())
    }

    fn choose(&self, choice: InterfaceChoice) {
        self.wanted.send_if_modified(|wanted| {
            let differs = wanted.choice != choice;
            wanted.choice = choice;
            differs
        });
    }

    fn verify(&self, device: DeviceId) {
        let _ = self.verify.try_send(device);
    }

    fn shutdown(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            self.wanted.send_modify(|wanted| wanted.stop = true);
            let mut done = self.done.clone();
            while done.changed().await.is_ok() {}
        })
    }
}
