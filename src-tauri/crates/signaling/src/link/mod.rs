//! The client: a visitor's connection to somebody else's hub, which heals itself.
//!
//! A link is dialled, says hello, and from then on keeps its **place** at the hub: when the connection is lost it
//! comes back with the resume token, requests without an answer are sent again under their old numbers, and the hub
//! says again what was missed. So nothing is lost and nothing is done twice, as long as the place is kept there
//! ([`RESUME_GRACE`](earshot_protocol::limits::RESUME_GRACE)).

mod dial;
mod place;
mod session;
mod target;
mod task;

use std::sync::Arc;
use std::time::Duration;

use earshot_identity::DeviceKey;
use earshot_identity::phrase::PhraseKey;
use earshot_protocol::limits::MAX_QUEUE;
use earshot_protocol::{DeviceId, ErrorCode, Event, Person, Reply, Request, Welcome};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::reconnect::Policy;
use place::Answer;
pub use target::ServerUrl;

/// Commands that wait for a link's task.
const MAX_COMMANDS: usize = MAX_QUEUE as usize;

/// How long [`Link::close`] waits for the goodbye to leave.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Whose hub is visited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A device, at any of these addresses: `ip:port`, `[ip]:port` (IPv6 link-local with a numeric scope,
    /// `[fe80::1%3]:port`), or a `wss://` URL. Best first. Whatever answers must prove to be that device.
    Device {
        /// Who must answer.
        device: DeviceId,
        /// Where, as in [`HubRef`](earshot_protocol::HubRef).
        addresses: Vec<String>,
    },
    /// A signaling server, trusted by the name in its certificate.
    Url(String),
}

/// What a link tells. In the order in which it happened.
#[derive(Debug, Clone, PartialEq)]
pub enum LinkEvent {
    /// The hub has let us in. [`Welcome::resumed`] says whether the place is the old one; if not, every room and ring
    /// of before is gone and requests without an answer have failed.
    Up(Welcome),
    /// The hub tells something.
    Said(Event),
    /// The answer to [`Link::ask`].
    Answered {
        /// As given to [`Link::ask`].
        tag: u64,
        /// As of [`Link::request`].
        result: Result<Reply, ErrorCode>,
    },
    /// Not connected; it will be tried again.
    Down {
        /// Why.
        code: ErrorCode,
        /// When.
        retry_in: Duration,
    },
    /// Not connected, and never will be; the last event. Not said after [`Link::close`].
    Ended {
        /// Why.
        code: ErrorCode,
    },
}

/// A link to a hub. Clones are the same link; when the last one is dropped, the link says goodbye and ends.
#[derive(Debug, Clone)]
pub struct Link {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    commands: mpsc::Sender<Command>,
    closing: watch::Sender<bool>,
    retry: Arc<Notify>,
}

/// What a link's owner wants of its task.
#[derive(Debug)]
enum Command {
    Ask { request: Box<Request>, answer: Answer },
    Person(Person),
    Often(bool),
    Moved(Vec<String>),
}

impl Link {
    /// Opens a link and returns at once; events tell how it goes. Must be called within a tokio runtime.
    ///
    /// The events must be read: a link that cannot tell its events waits, and is cut off by the hub when it waits for
    /// too long. Dropping the receiver ends the link.
    ///
    /// With a `phrase`, only a device that knows it too is spoken to, straight and by no URL, and the name of `person`
    /// is said when it has proven that. Else the link ends for good, with [`ErrorCode::PhraseWrong`]; so it does when
    /// only the other side has a phrase.
    #[must_use]
    pub fn open(
        key: Arc<DeviceKey>,
        target: Target,
        person: Person,
        policy: Policy,
        phrase: Option<Arc<PhraseKey>>,
    ) -> (Self, mpsc::Receiver<LinkEvent>) {
        let (commands, wanted) = mpsc::channel(MAX_COMMANDS);
        let (events, told) = mpsc::channel(MAX_QUEUE as usize);
        let (closing, is_closing) = watch::channel(false);
        let retry = Arc::new(Notify::new());
        let ends = task::Ends { commands: wanted, events, closing: is_closing, retry: Arc::clone(&retry) };
        tokio::spawn(task::run(key, target, person, policy, phrase, ends));
        (Self { shared: Arc::new(Shared { commands, closing, retry }) }, told)
    }

    /// Asks the hub for something and waits for the answer.
    ///
    /// While the link is down but may yet resume its place, the request waits; where there is no place to resume it
    /// fails at once. Do not await this in the task that reads the events, or neither may come to an end. An answer
    /// may overtake, or be overtaken by, events that the hub told around it: where that matters, use [`Link::ask`].
    ///
    /// # Errors
    /// The hub's code; [`ErrorCode::LinkLost`] when the place was lost before the answer came;
    /// [`ErrorCode::ServerDown`] or [`ErrorCode::Unreachable`] when there is no connection to be had;
    /// [`ErrorCode::TooLarge`] and [`ErrorCode::TooManyRequests`] without the hub being asked.
    pub async fn request(&self, request: Request) -> Result<Reply, ErrorCode> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::Ask { request: Box::new(request), answer: Answer::Future(answer) }).await?;
        answered.await.unwrap_or(Err(ErrorCode::LinkLost))
    }

    /// Asks the hub for something; the answer comes as [`LinkEvent::Answered`] with this tag, in its place among the
    /// other events.
    ///
    /// # Errors
    /// [`ErrorCode::LinkLost`] when the link has ended, [`ErrorCode::TooManyRequests`] when its queue is full; then no
    /// answer will come.
    pub fn ask(&self, tag: u64, request: Request) -> Result<(), ErrorCode> {
        let command = Command::Ask { request: Box::new(request), answer: Answer::Event(tag) };
        self.shared.commands.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => ErrorCode::TooManyRequests,
            mpsc::error::TrySendError::Closed(_) => ErrorCode::LinkLost,
        })
    }

    /// What the device says of itself from now on, also after a reconnect.
    pub async fn set_person(&self, person: Person) {
        let _ = self.command(Command::Person(person)).await;
    }

    /// Pings every [`ROOM_PING_INTERVAL`](earshot_protocol::limits::ROOM_PING_INTERVAL) ms from now on, or as seldom as
    /// usual; asks at once whether the hub is still there. Twice the interval without a sound, and the line is dead.
    pub async fn set_often(&self, often: bool) {
        let _ = self.command(Command::Often(often)).await;
    }

    /// The device is reached at these addresses now, best first; none of them: this machine has changed its own. A
    /// connection that leads elsewhere, or that may have been lost with an own address, is given up for a new one at once,
    /// which has the same place. Nothing on a link by a URL changes its goal.
    pub async fn moved(&self, addresses: Vec<String>) {
        let _ = self.command(Command::Moved(addresses)).await;
    }

    /// Tries again now, if the link is down and waiting: the network has changed.
    pub fn retry_now(&self) {
        self.shared.retry.notify_one();
    }

    /// Says goodbye, so that the hub gives the place up at once, and ends the link for all clones. Returns when the
    /// goodbye has left, or after a second.
    pub async fn close(&self) {
        let _ = self.shared.closing.send(true);
        let _ = timeout(CLOSE_TIMEOUT, self.shared.commands.closed()).await;
    }

    async fn command(&self, command: Command) -> Result<(), ErrorCode> {
        self.shared.commands.send(command).await.map_err(|_| ErrorCode::LinkLost)
    }
}
