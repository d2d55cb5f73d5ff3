//! One task owns the hub; everybody else talks to it through bounded queues. It never waits for a visitor.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use aws_lc_rs::rand;
use earshot_hub::{Config, ConnectionId, Counts, Fresh, Hub, Input, Output, Time, Visitor};
use earshot_protocol::limits::{MAX_QUEUE, MAX_UNSEEN, PING_INTERVAL};
use earshot_protocol::{DeviceId, ErrorCode, FromHub, HeldRoom, Resume, Seq, ToHub, VERSIONS};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Duration, Instant, MissedTickBehavior, interval, sleep_until};

use crate::waiting::{Bytes, Waiting};

/// Inputs waiting for the hub, of all connections together. Who finds it full waits, and is not read from meanwhile.
const MAX_INPUTS: usize = 1024;

/// Between two looks at what is to be kept of the rooms.
const KEEP_INTERVAL: Duration = Duration::from_secs(1);

/// What goes out on one connection.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// Say this; it counts as waiting until it has been said.
    Say(Box<FromHub>, Waiting),
    /// Say why, if there is a reason, and close.
    Close(Option<ErrorCode>),
}

/// The two ends that a connection's own task holds.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// What the hub says, in order. `None`: the hub is gone.
    pub(crate) queue: mpsc::Receiver<Outgoing>,
    /// Fires when the connection is to be closed without waiting for the queue.
    pub(crate) cut: oneshot::Receiver<ErrorCode>,
}

#[derive(Debug)]
struct Outbox {
    queue: mpsc::Sender<Outgoing>,
    cut: oneshot::Sender<ErrorCode>,
    /// Messages that may wait: [`MAX_QUEUE`], and what a resumed place had to be told at once.
    room: usize,
    /// Bytes that may wait.
    bytes: Bytes,
    /// The highest number said on an in-process connection, which sees all that it is told.
    local_seen: Option<Seq>,
}

#[derive(Debug)]
enum Command {
    Arrive { connection: ConnectionId, arrival: Box<Arrival>, outbox: Outbox },
    Said { connection: ConnectionId, message: Box<ToHub> },
    Dropped { connection: ConnectionId },
    Addresses(Vec<String>),
    Count(oneshot::Sender<Counts>),
    Shutdown(oneshot::Sender<()>),
}

#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) visitor: Visitor,
    pub(crate) version: u16,
    pub(crate) resume: Option<Resume>,
}

/// The way to a hub that runs in a task of its own. The hub ends when the last handle, [`Local`] and connection are
/// gone, or by [`HubHandle::shutdown`].
#[derive(Debug, Clone)]
pub struct HubHandle {
    commands: mpsc::Sender<Command>,
    next_connection: Arc<AtomicU64>,
    visitors: Arc<AtomicUsize>,
    hub: DeviceId,
}

impl HubHandle {
    /// Starts a hub. Must be called within a tokio runtime.
    #[must_use]
    pub fn spawn(config: Config) -> Self {
        Self::run(config.hub, Actor::new(Hub::new(config), None))
    }

    /// Starts a hub with the rooms of the one before, and tells what the next one has to know: what has changed is told
    /// within a second, and last before everybody is told that the hub ends. Must be called within a tokio runtime.
    #[must_use]
    pub fn spawn_keeping(config: Config, rooms: Vec<HeldRoom>) -> (Self, watch::Receiver<Vec<HeldRoom>>) {
        let (keeper, kept) = watch::channel(rooms.clone());
        let id = config.hub;
        (Self::run(id, Actor::new(Hub::with_rooms(config, rooms), Some(keeper))), kept)
    }

    fn run(hub: DeviceId, actor: Actor) -> Self {
        let (commands, inputs) = mpsc::channel(MAX_INPUTS);
        tokio::spawn(actor.run(inputs));
        Self { commands, next_connection: Arc::new(AtomicU64::new(1)), visitors: Arc::default(), hub }
    }

    /// How many visitors are connected.
    pub(crate) fn visitors(&self) -> usize {
        self.visitors.load(Ordering::Relaxed)
    }

    /// The hub's device id: what its challenge names.
    #[must_use]
    pub fn hub(&self) -> DeviceId {
        self.hub
    }

    /// The hub is reached elsewhere from now on, best first.
    pub async fn set_addresses(&self, addresses: Vec<String>) {
        let _ = self.commands.send(Command::Addresses(addresses)).await;
    }

    /// Comes in from within the process: no socket, no challenge. The hub's first word is a welcome or a refusal.
    pub async fn attach(&self, visitor: Visitor) -> Local {
        let version = VERSIONS.first().copied().unwrap_or(1);
        let (seat, inbox) = self.arrive(Arrival { visitor, version, resume: None }, true).await;
        Local { seat, inbox: Some(inbox) }
    }

    /// How much the hub holds; `None` when it has ended.
    pub async fn counts(&self) -> Option<Counts> {
        let (answer, counts) = oneshot::channel();
        self.commands.send(Command::Count(answer)).await.ok()?;
        counts.await.ok()
    }

    /// Ends the hub: everybody is told and closed. Returns once that is on its way to the connections.
    pub async fn shutdown(&self) {
        let (done, ended) = oneshot::channel();
        if self.commands.send(Command::Shutdown(done)).await.is_ok() {
            let _ = ended.await;
        }
    }

    pub(crate) async fn arrive(&self, arrival: Arrival, local: bool) -> (Seat, Inbox) {
        let connection = ConnectionId(self.next_connection.fetch_add(1, Ordering::Relaxed));
        // Room for what a resumed place is told at once, beside the ordinary queue and a last word.
        let (queue, said) = mpsc::channel((MAX_QUEUE + MAX_UNSEEN) as usize + 2);
        let (cut, is_cut) = oneshot::channel();
        let bytes = Bytes::default();
        let outbox = Outbox { queue, cut, room: MAX_QUEUE as usize, bytes, local_seen: local.then_some(0) };
        self.visitors.fetch_add(1, Ordering::Relaxed);
        let (commands, visitors) = (self.commands.clone(), Arc::clone(&self.visitors));
        let seat = Seat { connection, commands, visitors, goodbye: local };
        let arrive = Command::Arrive { connection, arrival: Box::new(arrival), outbox };
        // A hub that has ended drops the outbox, and the inbox says so.
        let _ = self.commands.send(arrive).await;
        (seat, Inbox { queue: said, cut: is_cut })
    }
}

/// A connection's claim on the hub; dropping it tells the hub.
#[derive(Debug)]
pub(crate) struct Seat {
    connection: ConnectionId,
    commands: mpsc::Sender<Command>,
    visitors: Arc<AtomicUsize>,
    goodbye: bool,
}

impl Seat {
    /// Hands a message to the hub; waits while the hub has much to do. `false`: the hub has ended.
    pub(crate) async fn say(&self, message: ToHub) -> bool {
        self.commands
            .send(Command::Said { connection: self.connection, message: Box::new(message) })
            .await
            .is_ok()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.visitors.fetch_sub(1, Ordering::Relaxed);
        let mut last = Vec::with_capacity(2);
        if self.goodbye {
            last.push(Command::Said { connection: self.connection, message: Box::new(ToHub::Goodbye) });
        }
        last.push(Command::Dropped { connection: self.connection });
        let mut last = last.into_iter();
        while let Some(command) = last.next() {
            if let Err(mpsc::error::TrySendError::Full(command)) = self.commands.try_send(command) {
                // The hub is busy: somebody else waits in this connection's place.
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    let commands = self.commands.clone();
                    runtime.spawn(async move {
                        for command in std::iter::once(command).chain(last) {
                            let _ = commands.send(command).await;
                        }
                    });
                }
                return;
            }
        }
    }
}

/// A visitor within the process: the node itself. Dropping it says goodbye.
#[derive(Debug)]
pub struct Local {
    seat: Seat,
    inbox: Option<Inbox>,
}

impl Local {
    /// Says something to the hub. Nothing is heard back from a hub that has ended; [`Local::next`] tells.
    pub async fn say(&self, message: ToHub) {
        let _ = self.seat.say(message).await;
    }

    /// What the hub says next. `None`: it has closed this connection or has ended; a refusal comes before that.
    /// No pings are needed and no pongs are heard.
    ///
    /// Cancel safe. Whoever does not call this for [`MAX_QUEUE`] messages is cut off with
    /// [`ErrorCode::SlowReader`].
    pub async fn next(&mut self) -> Option<FromHub> {
        let inbox = self.inbox.as_mut()?;
        let outgoing = tokio::select! {
            biased;
            Ok(code) = &mut inbox.cut, if !inbox.cut.is_terminated() => Some(Outgoing::Close(Some(code))),
            outgoing = inbox.queue.recv() => outgoing,
        };
        match outgoing {
            Some(Outgoing::Say(message, _)) => Some(*message),
            Some(Outgoing::Close(code)) => {
                self.inbox = None;
                code.map(|code| FromHub::Refused { code })
            }
            None => {
                self.inbox = None;
                None
            }
        }
    }
}

struct Actor {
    hub: Hub,
    outboxes: HashMap<ConnectionId, Outbox>,
    started: Instant,
    /// Who keeps what the next hub has to know.
    keeper: Option<watch::Sender<Vec<HeldRoom>>>,
}

impl Actor {
    fn new(hub: Hub, keeper: Option<watch::Sender<Vec<HeldRoom>>>) -> Self {
        Self { hub, outboxes: HashMap::new(), started: Instant::now(), keeper }
    }

    async fn run(mut self, mut inputs: mpsc::Receiver<Command>) {
        let mut heartbeat = interval(Duration::from_millis(PING_INTERVAL.into()));
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut keeping = interval(KEEP_INTERVAL);
        keeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let deadline = self.hub.deadline().map(|time| self.started + Duration::from_millis(time.0));
            tokio::select! {
                command = inputs.recv() => match command {
                    Some(Command::Shutdown(done)) => {
                        self.keep();
                        self.handle(Input::Shutdown);
                        let _ = done.send(());
                        return;
                    }
                    Some(command) => self.obey(command),
                    None => return,
                },
                () = sleep_until(deadline.unwrap_or(self.started)), if deadline.is_some() => {
                    self.handle(Input::Tick);
                }
                _ = heartbeat.tick() => self.ping_for_locals(),
                _ = keeping.tick(), if self.keeper.is_some() => self.keep(),
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Arrive { connection, arrival, outbox } => {
                self.outboxes.insert(connection, outbox);
                let Arrival { visitor, version, resume } = *arrival;
                self.handle(Input::Hello { connection, visitor, version, resume });
            }
            Command::Said { connection, message } => {
                self.handle(Input::Said { connection, message: *message });
            }
            Command::Dropped { connection } => {
                self.outboxes.remove(&connection);
                self.handle(Input::Dropped { connection });
            }
            Command::Addresses(addresses) => self.handle(Input::Addresses(addresses)),
            Command::Count(answer) => {
                let _ = answer.send(self.hub.counts());
            }
            // Taken care of by the loop.
            Command::Shutdown(_) => {}
        }
    }

    fn keep(&self) {
        if let Some(keeper) = &self.keeper {
            let rooms = self.hub.kept_rooms();
            keeper.send_if_modified(|kept| {
                let changed = *kept != rooms;
                *kept = rooms;
                changed
            });
        }
    }

    /// In-process visitors do not ping; the hub hears of what they have been told all the same.
    fn ping_for_locals(&mut self) {
        let locals: Vec<_> = self
            .outboxes
            .iter()
            .filter_map(|(connection, outbox)| Some((*connection, outbox.local_seen?)))
            .collect();
        for (connection, seen) in locals {
            self.handle(Input::Said { connection, message: ToHub::Ping { seen } });
        }
    }

    /// Feeds the hub one input, and then what follows from it: a connection that could not take its message is a
    /// dropped one.
    fn handle(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let arriving = match &input {
                Input::Hello { connection, .. } => Some(*connection),
                _ => None,
            };
            let Some(fresh) = fresh() else {
                // Tokens and ids that can be guessed are worse than no hub: everybody is closed.
                self.outboxes.clear();
                return;
            };
            let outputs = self.hub.handle(self.now(), fresh, input);
            if let Some(connection) = arriving
                && let Some(outbox) = self.outboxes.get_mut(&connection)
            {
                for message in outputs.iter().filter_map(|output| said_on(output, connection)) {
                    outbox.room += 1;
                    outbox.bytes.allow(message);
                }
            }
            for output in outputs {
                if let Some(dropped) = self.carry_out(output) {
                    inputs.push_back(Input::Dropped { connection: dropped });
                }
            }
        }
    }

    /// Returns the connection when it had to be cut.
    fn carry_out(&mut self, output: Output) -> Option<ConnectionId> {
        match output {
            Output::Send { connection, message } => {
                let outbox = self.outboxes.get_mut(&connection)?;
                if let Some(seen) = &mut outbox.local_seen {
                    match &message {
                        FromHub::Message { seq, .. } => *seen = *seq,
                        FromHub::Pong => return None,
                        _ => {}
                    }
                }
                let waiting = outbox.queue.max_capacity() - outbox.queue.capacity();
                let counted = outbox.bytes.add(&message).filter(|_| waiting < outbox.room);
                if let Some(counted) = counted
                    && outbox.queue.try_send(Outgoing::Say(Box::new(message), counted)).is_ok()
                {
                    return None;
                }
                let outbox = self.outboxes.remove(&connection)?;
                let _ = outbox.cut.send(ErrorCode::SlowReader);
                Some(connection)
            }
            Output::Close { connection, code } => {
                let outbox = self.outboxes.remove(&connection)?;
                if outbox.queue.try_send(Outgoing::Close(code)).is_err() {
                    let _ = outbox.cut.send(code.unwrap_or(ErrorCode::SlowReader));
                }
                None
            }
        }
    }

    fn now(&self) -> Time {
        // A process that runs for 584 million years has other worries.
        Time(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

fn said_on(output: &Output, to: ConnectionId) -> Option<&FromHub> {
    match output {
        Output::Send { connection, message } if *connection == to => Some(message),
        _ => None,
    }
}

fn fresh() -> Option<Fresh> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).ok()?;
    Some(Fresh(bytes))
}
