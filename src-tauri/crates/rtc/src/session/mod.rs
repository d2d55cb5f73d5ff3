//! One page's socket: what it wishes goes to its connections and its sound, what they tell goes to it.
//!
//! Invariants:
//! * Nothing is lost between page and connections but pictures and 20 ms of voice, and those only when a queue is full.
//! * The session never waits for a connection without listening to all of them; see [`connection`].
//! * A page that does not read for [`READ_TIMEOUT`] is cut off. Until then it stops what comes: see [`outbox`].
//! * When the socket closes, all connections of the page close: the other sides are told.

mod clock;
mod connection;
mod lips;
mod outbox;
mod page;
mod report;
mod routes;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::net::Interfaces;
use crate::service::LocalNames;
use crate::sound::Sound;
use crate::wire::{Event, MAX_TEXT_BYTES, Pc, ToPage};
use clock::PageClock;
use connection::{Command, Held, Report, Reports, Who};
use lips::Lips;
use outbox::Outbox;
use routes::Routes;

/// How long the page may leave a frame unread.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Commands that wait for a connection.
const COMMAND_QUEUE: usize = 256;

/// Kilobytes of pictures and messages that wait for a connection.
const COMMAND_KILOBYTES: u32 = 6 * 1024;

/// Reports of all connections that wait for the session.
const REPORT_QUEUE: usize = 256;

/// Kilobytes of pictures and messages of all connections that wait for the session.
const REPORT_KILOBYTES: u32 = 8 * 1024;

/// Between two looks at what is heard.
const HEARD_EVERY: Duration = Duration::from_millis(50);

/// What connections have to say goodbye when their page has gone.
const FAREWELL: Duration = Duration::from_secs(1);

type Socket = WebSocketStream<TcpStream>;

/// One page.
struct Session {
    sound: Sound,
    connections: HashMap<Pc, Open>,
    tasks: JoinSet<()>,
    /// Whose task is whose.
    running: HashMap<Id, Who>,
    last_serial: u64,
    reports: Reports,
    names: Arc<dyn LocalNames>,
    interfaces: Interfaces,
    routes: Routes,
    lips: Lips,
    clock: PageClock,
    outbox: Arc<Outbox>,
    /// What the page wished of a connection that has no room for it. Nothing more is read from the page before it has.
    stuck: Option<Stuck>,
}

/// A connection that the page opened and has not closed.
struct Open {
    serial: u64,
    commands: mpsc::Sender<Held<Command>>,
    /// Kilobytes that commands may take up.
    room: Arc<Semaphore>,
    /// Lines whose pictures are left out until a keyframe: one before was.
    starved: Vec<crate::wire::Line>,
}

struct Stuck {
    who: Who,
    command: Command,
    kilobytes: u32,
    commands: mpsc::Sender<Held<Command>>,
    room: Arc<Semaphore>,
}

/// Serves a page until its socket closes or `stopped` does.
pub(crate) async fn run(
    socket: Socket,
    names: Arc<dyn LocalNames>,
    interfaces: Interfaces,
    mut stopped: watch::Receiver<()>,
) {
    let (sink, mut stream) = socket.split();
    let now = Instant::now();
    let (queue, mut inbox) = mpsc::channel(REPORT_QUEUE);
    let room = Arc::new(Semaphore::new(REPORT_KILOBYTES as usize));
    let outbox = Arc::new(Outbox::default());
    let mut session = Session {
        sound: Sound::default(),
        connections: HashMap::new(),
        tasks: JoinSet::new(),
        running: HashMap::new(),
        last_serial: 0,
        reports: Reports { queue, room },
        names,
        interfaces,
        routes: Routes::default(),
        lips: Lips::new(now),
        clock: PageClock::new(now),
        outbox: Arc::clone(&outbox),
        stuck: None,
    };
    let mut writing = pin!(write(sink, &outbox));
    let mut heard = interval(HEARD_EVERY);
    heard.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let full = outbox.is_full();
        let stuck = session.stuck.is_some();
        tokio::select! {
            _ = stopped.changed() => break,
            () = &mut writing => break,
            frame = next_frame(&mut stream), if !full && !stuck => match frame {
                Some(frame) => session.frame(frame),
                None => break,
            },
            room = make_room(session.stuck.as_ref()), if stuck => session.unstick(room),
            Some((who, report)) = inbox.recv(), if !full => session.report(who, report),
            () = outbox.relieved(), if full => {}
            Some(ended) = session.tasks.join_next_with_id() => session.ended(ended),
            _ = heard.tick(), if !session.connections.is_empty() => session.tell_heard(),
        }
    }
    session.close(inbox).await;
}

/// The next text or binary frame within its bounds; None at the end.
async fn next_frame(stream: &mut SplitStream<Socket>) -> Option<Message> {
    loop {
        match stream.next().await? {
            Ok(Message::Text(text)) if text.len() > MAX_TEXT_BYTES => return None,
            Ok(frame @ (Message::Text(_) | Message::Binary(_))) => return Some(frame),
            Ok(Message::Close(_)) => return None,
            // tungstenite answers pings when the socket is written to next.
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
            Err(Error::Capacity(_)) => {
                tracing::debug!("a page sent more than is allowed");
                return None;
            }
            Err(_) => return None,
        }
    }
}

/// Writes what waits, until the page does not read.
async fn write(mut sink: SplitSink<Socket, Message>, outbox: &Outbox) {
    loop {
        let (message, last) = outbox.next().await;
        let written = async {
            sink.feed(message).await?;
            if last { sink.flush().await } else { Ok(()) }
        };
        match timeout(READ_TIMEOUT, written).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => {
                tracing::debug!("a page does not read and is cut off");
                return;
            }
        }
    }
}

/// Room in both bounds of a connection; None when it is gone.
type Room = Option<(OwnedSemaphorePermit, mpsc::OwnedPermit<Held<Command>>)>;

async fn make_room(stuck: Option<&Stuck>) -> Room {
    let stuck = stuck?;
    let room = Arc::clone(&stuck.room).acquire_many_owned(stuck.kilobytes).await.ok()?;
    let place = stuck.commands.clone().reserve_owned().await.ok()?;
    Some((room, place))
}

impl Session {
    fn unstick(&mut self, room: Room) {
        let Some(stuck) = self.stuck.take() else { return };
        match room {
            Some((room, place)) => drop(place.send(Held::new(stuck.command, Some(room)))),
            None => self.undeliverable(stuck.who.pc, stuck.command),
        }
    }

    fn tell(&self, told: &ToPage) {
        match serde_json::to_string(told) {
            Ok(text) => self.outbox.push(Message::text(text)),
            Err(error) => tracing::error!(%error, "an answer cannot be written"),
        }
    }

    fn tell_event(&self, pc: Pc, event: Event) {
        self.tell(&ToPage::Event { pc, event });
    }

    fn tell_heard(&mut self) {
        for heard in self.sound.poll_heard(Instant::now()) {
            if self.connections.contains_key(&heard.pc) {
                let crate::sound::Heard { pc, line, level, ssrc, rtp_timestamp } = heard;
                self.tell_event(pc, Event::Heard { line, level, ssrc, rtp_timestamp });
            }
        }
    }

    /// A connection's task has ended, as it should or by a fault of ours.
    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let (id, failed) = match ended {
            Ok((id, ())) => (id, false),
            Err(error) => (error.id(), error.is_panic()),
        };
        let Some(who) = self.running.remove(&id) else { return };
        if failed && self.connections.get(&who.pc).is_some_and(|open| open.serial == who.serial) {
            tracing::error!("a connection broke by a fault of its own");
            self.tell_event(who.pc, Event::Failed { message: "a fault of this side".to_owned() });
        }
    }

    /// Lets all connections say goodbye.
    async fn close(mut self, mut inbox: mpsc::Receiver<(Who, Held<Report>)>) {
        // Their tasks see the end of their commands, and close.
        self.connections.clear();
        self.stuck = None;
        drop(self.reports);
        let farewell = async {
            loop {
                tokio::select! {
                    ended = self.tasks.join_next() => if ended.is_none() { break },
                    Some(_) = inbox.recv() => {}
                }
            }
        };
        // What is left is ended with the tasks' owner.
        let _ = timeout(FAREWELL, farewell).await;
    }
}
