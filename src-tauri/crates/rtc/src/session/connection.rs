//! The task of one connection: a [`Peer`] and its sockets.
//!
//! It may wait for the session, which always reads; the session never waits for it without reading. So a page that
//! reads slowly slows the network down, as far as it must, and nothing piles up.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use crate::net::{Change, Interfaces, MAX_DATAGRAM_BYTES, Net};
use crate::peer::{Output, Peer, Picture};
use crate::service::LocalNames;
use crate::sound::{SoundPacket, SoundStats};
use crate::wire::{ChannelKey, Event, Fault, Line, Pc, Reply, Request};

/// Names that are being resolved at once; more are dropped.
const MAX_NAMES: usize = 32;

/// How long a `.local` name may take.
const NAME_TIMEOUT: Duration = Duration::from_secs(5);

/// Datagrams in a row; then the page gets its turn.
const BURST: usize = 64;

/// Deadlines in a row without a pause; more would be a fault of the connection's.
const MAX_DUE: u32 = 100;

/// What the session tells a connection.
#[derive(Debug)]
pub(super) enum Command {
    /// The page's, to be answered.
    Request { id: u32, request: Request, sound: Vec<(Line, SoundStats)> },
    /// The session's own, not answered.
    WantKeyframe(Line),
    /// How the page's clock runs, see [`Peer::clock`].
    Clock { page: u64, at: Instant },
    /// A picture of the page's.
    Picture(Picture),
    /// 20 ms of a voice.
    Sound { line: Line, packet: SoundPacket },
    /// A channel's message.
    Data { channel: ChannelKey, text: bool, data: Vec<u8> },
}

/// What a connection tells the session.
#[derive(Debug)]
pub(super) enum Report {
    /// To [`Command::Request`].
    Reply { id: u32, reply: Result<Reply, Fault> },
    /// For the page.
    Event(Event),
    /// For the page.
    Picture(Picture),
    /// A voice's packet.
    Sound { line: Line, packet: SoundPacket },
    /// For the page.
    Data { channel: ChannelKey, text: bool, data: Vec<u8> },
    /// They lose so much of a line.
    Loss { line: Line, fraction: f32 },
    /// Nothing more comes.
    Ended,
}

/// Which connection speaks; its number may have been used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) pc: Pc,
    pub(super) serial: u64,
}

/// Something with the room that it takes up until it is done with.
#[derive(Debug)]
pub(super) struct Held<T> {
    pub(super) what: T,
    /// When it was told.
    pub(super) since: Instant,
    _room: Option<OwnedSemaphorePermit>,
}

impl<T> Held<T> {
    pub(super) fn new(what: T, room: Option<OwnedSemaphorePermit>) -> Self {
        Self { what, since: Instant::now(), _room: room }
    }
}

/// Kilobytes of a [`Semaphore`] that so many bytes take up.
pub(super) fn kilobytes(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

/// Where reports go.
#[derive(Debug, Clone)]
pub(super) struct Reports {
    pub(super) queue: mpsc::Sender<(Who, Held<Report>)>,
    /// Kilobytes that reports of all connections may take up.
    pub(super) room: Arc<Semaphore>,
}

/// What a connection needs to live.
pub(super) struct Surroundings {
    pub(super) reports: Reports,
    pub(super) names: Arc<dyn LocalNames>,
    pub(super) interfaces: Interfaces,
}

struct Connection {
    who: Who,
    peer: Peer,
    net: Net,
    reports: Reports,
    names: Arc<dyn LocalNames>,
    resolving: JoinSet<(String, Vec<IpAddr>)>,
    ended: bool,
}

/// Runs a connection until it ends or `commands` does.
pub(super) async fn run(
    who: Who,
    peer: Peer,
    mut commands: mpsc::Receiver<Held<Command>>,
    surroundings: Surroundings,
) {
    let mut this = Connection {
        who,
        peer,
        net: Net::new(surroundings.interfaces),
        reports: surroundings.reports,
        names: surroundings.names,
        resolving: JoinSet::new(),
        ended: false,
    };
    let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
    let mut due = 0;
    loop {
        this.settle().await;
        if this.ended {
            break;
        }
        // A deadline that has passed is met at once, but not for ever.
        let deadline = this.peer.deadline();
        let deadline = if due < MAX_DUE { deadline } else { deadline.max(Instant::now() + PAUSE) };
        tokio::select! {
            command = commands.recv() => match command {
                Some(command) => this.command(command.what).await,
                None => {
                    let _ = this.peer.request(Instant::now(), Request::Close { pc: who.pc }, &[]);
                    this.settle().await;
                    break;
                }
            },
            () = this.net.ready() => {
                for _ in 0..BURST {
                    let Some((local, source, length)) = this.net.receive(&mut buffer) else { break };
                    this.peer.datagram(Instant::now(), local, source, &buffer[..length]);
                    this.drain().await;
                }
            }
            Some(resolved) = this.resolving.join_next() => {
                if let Ok((name, addresses)) = resolved {
                    this.peer.resolved(Instant::now(), &name, &addresses);
                }
            }
            () = sleep_until(deadline.into()) => {
                due += 1;
                this.peer.timeout(Instant::now());
                continue;
            }
        }
        due = 0;
    }
    this.tell(Report::Ended).await;
    this.net.close().await;
}

/// Between deadlines that do not end.
const PAUSE: Duration = Duration::from_millis(1);

impl Connection {
    async fn command(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::Request { id, request, sound } => {
                let reply = self.peer.request(now, request, &sound);
                self.tell(Report::Reply { id, reply }).await;
            }
            Command::WantKeyframe(line) => {
                let request = Request::WantKeyframe { pc: self.who.pc, line };
                // The line may be gone; then nothing is missed.
                let _ = self.peer.request(now, request, &[]);
            }
            Command::Clock { page, at } => self.peer.clock(page, at),
            Command::Picture(picture) => self.peer.picture(now, picture),
            Command::Sound { line, packet } => self.peer.sound(now, line, packet),
            Command::Data { channel, text, data } => self.peer.data(now, channel, text, &data),
        }
    }

    /// Does all that peer and sockets want, until neither wants anything.
    async fn settle(&mut self) {
        self.drain().await;
        while let Some(change) = self.net.change() {
            let now = Instant::now();
            match change {
                Change::Found(found) => self.peer.found(now, found),
                Change::Gone(base) => self.peer.gone(now, base),
                Change::Gathered => self.peer.gathered(now),
            }
            self.drain().await;
        }
    }

    async fn drain(&mut self) {
        while let Some(output) = self.peer.poll() {
            match output {
                Output::Transmit { source, destination, contents } => {
                    self.net.send(source, destination, &contents);
                }
                Output::Gather { configuration, restart } => self.net.gather(&configuration, restart),
                Output::Resolve { name } => self.resolve(name),
                Output::Event(event) => self.tell(Report::Event(event)).await,
                Output::Picture(picture) => self.tell(Report::Picture(picture)).await,
                Output::Sound { line, packet } => self.tell(Report::Sound { line, packet }).await,
                Output::Data { channel, text, data } => {
                    self.tell(Report::Data { channel, text, data }).await;
                }
                Output::Loss { line, fraction } => self.tell(Report::Loss { line, fraction }).await,
                Output::Ended => self.ended = true,
            }
        }
    }

    fn resolve(&mut self, name: String) {
        if self.resolving.len() >= MAX_NAMES {
            tracing::debug!("too many names at once");
            return;
        }
        let answer = self.names.resolve(name.clone());
        self.resolving.spawn(async move {
            let addresses = timeout(NAME_TIMEOUT, answer).await.unwrap_or_default();
            (name, addresses)
        });
    }

    /// Waits for the session to have room. When there is no session any more, neither is this task for long.
    async fn tell(&self, report: Report) {
        let bytes = match &report {
            Report::Picture(picture) => picture.data.len(),
            Report::Data { data, .. } => data.len(),
            _ => 0,
        };
        let room = if bytes == 0 {
            None
        } else {
            let wanted = kilobytes(bytes).min(super::REPORT_KILOBYTES);
            Arc::clone(&self.reports.room).acquire_many_owned(wanted).await.ok()
        };
        let _ = self.reports.queue.send((self.who, Held::new(report, room))).await;
    }
}
