//! The task behind a link: dials, attends to the connection, waits, dials again.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use earshot_identity::DeviceKey;
use earshot_identity::phrase::PhraseKey;
use earshot_protocol::limits::{MAX_UNSEEN, PING_INTERVAL, RESUME_GRACE, ROOM_PING_INTERVAL};
use earshot_protocol::{
    DeviceId, ErrorCode, FromHub, HubMessage, Person, Reply, Request, Seq, ToHub, Welcome,
};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{
    Instant, Interval, MissedTickBehavior, interval_at, sleep, sleep_until, timeout, timeout_at,
};
use tracing::debug;

use super::dial::{Dialer, Dialled, Socket};
use super::place::{Answer, Order, Place};
use super::session::{self, Heard, Visitor};
use super::{Command, LinkEvent, Target};
use crate::reconnect::{Decision, Policy, Situation};

const PING_EVERY: Duration = Duration::from_millis(PING_INTERVAL as u64);
const PING_OFTEN: Duration = Duration::from_millis(ROOM_PING_INTERVAL as u64);

/// A hub keeps [`MAX_UNSEEN`] messages: it is told that they were seen long before.
const TELL_SEEN_AFTER: Seq = MAX_UNSEEN / 4;

/// A connection that lasted this long counts as a success, and the waits begin anew.
const STABLE: Duration = Duration::from_secs(10);

/// How long the goodbye may take.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The task's ends of what it shares with the link's owner.
pub(super) struct Ends {
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) events: mpsc::Sender<LinkEvent>,
    pub(super) closing: watch::Receiver<bool>,
    pub(super) retry: Arc<Notify>,
}

/// Runs a link to its end.
pub(super) async fn run(
    key: Arc<DeviceKey>,
    target: Target,
    person: Person,
    policy: Policy,
    phrase: Option<Arc<PhraseKey>>,
    ends: Ends,
) {
    let Ends { commands, events, mut closing, retry } = ends;
    let dialer = match Dialer::new(&key, &target, phrase.is_some()) {
        Ok(dialer) => Arc::new(dialer),
        Err(code) => {
            let _ = events.send(LinkEvent::Ended { code }).await;
            return;
        }
    };
    let mut task = Task {
        key,
        target,
        dialer,
        at: None,
        person,
        policy,
        unnamed: phrase.is_some(),
        phrase,
        commands,
        events,
        retry,
        socket: None,
        place: Place::default(),
        down_since: None,
        failures: 0,
        first_dial: true,
        often: false,
    };
    let ended = tokio::select! {
        biased;
        // An error: the last handle is gone.
        _ = closing.wait_for(|closing| *closing) => None,
        ended = task.live() => Some(ended),
    };
    match ended {
        Some(code) => {
            task.fail_pending(code).await;
            // What was asked in the last moment is answered too.
            task.commands.close();
            while let Some(command) = task.commands.recv().await {
                if let Command::Ask { answer, .. } = command {
                    task.answer(answer, Err(code)).await;
                }
            }
            let _ = task.events.send(LinkEvent::Ended { code }).await;
        }
        None => task.say_goodbye().await,
    }
}

struct Task {
    key: Arc<DeviceKey>,
    target: Target,
    dialer: Arc<Dialer>,
    /// Where the connection leads.
    at: Option<SocketAddr>,
    person: Person,
    policy: Policy,
    phrase: Option<Arc<PhraseKey>>,
    /// The hub has yet to prove that it knows the phrase, and is told no name before.
    unnamed: bool,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<LinkEvent>,
    retry: Arc<Notify>,
    socket: Option<Socket>,
    place: Place,
    /// When the link was lost; `None` when it is up or never was.
    down_since: Option<Instant>,
    failures: u32,
    /// The first try is still on its way.
    first_dial: bool,
    /// Something depends on knowing soon whether the hub is there.
    often: bool,
}

impl Task {
    /// Returns why the link has ended.
    async fn live(&mut self) -> ErrorCode {
        if self.unnamed {
            // The first request of all: whatever follows it is asked under the right name.
            self.queue_person();
        }
        loop {
            let code = match self.connect().await {
                Ok((socket, at, welcome)) => {
                    (self.socket, self.at) = (Some(socket), at);
                    let up = Instant::now();
                    let code = self.attend(welcome).await;
                    self.socket = None;
                    self.down_since = Some(Instant::now());
                    if up.elapsed() >= STABLE {
                        self.failures = 0;
                    }
                    code
                }
                Err(code) => code,
            };
            debug!(%code, failures = self.failures, "link down");
            self.first_dial = false;
            if code == ErrorCode::ResumeUnknown {
                self.lose_place().await;
            }
            let situation = Situation {
                failures: self.failures,
                down_for: self.down_since.map(|since| since.elapsed()),
                code: self.settled(code),
            };
            let retry_in = match self.policy.decide(situation, random()) {
                Decision::RetryIn(wait) => wait,
                Decision::End(code) => return code,
            };
            self.failures = self.failures.saturating_add(1);
            if self.events.send(LinkEvent::Down { code: situation.code, retry_in }).await.is_err() {
                return ErrorCode::LinkLost;
            }
            let retry = Arc::clone(&self.retry);
            self.meanwhile(async move {
                tokio::select! {
                    () = sleep(retry_in) => {}
                    () = retry.notified() => {}
                }
            })
            .await;
        }
    }

    /// Returns whether the connection leads nowhere any more.
    fn has_moved(&mut self, addresses: Vec<String>) -> bool {
        if addresses.is_empty() {
            return true;
        }
        let Target::Device { device, .. } = self.target else { return false };
        self.target = Target::Device { device, addresses };
        // The key has made one before; without another the old addresses are tried on.
        if let Ok(dialer) = Dialer::new(&self.key, &self.target, self.phrase.is_some()) {
            self.dialer = Arc::new(dialer);
        }
        self.at.is_some_and(|at| !self.dialer.leads_to(at))
    }

    /// What answers like something else while a server restarts behind its proxy is not a wrong URL any more.
    fn settled(&self, code: ErrorCode) -> ErrorCode {
        if code == ErrorCode::UrlInvalid && self.down_since.is_some() { ErrorCode::Unreachable } else { code }
    }

    async fn connect(&mut self) -> Result<(Socket, Option<SocketAddr>, Welcome), ErrorCode> {
        let dialer = Arc::clone(&self.dialer);
        let key = Arc::clone(&self.key);
        let phrase = self.phrase.clone();
        let person = if self.unnamed { nobody(key.public_key().device_id()) } else { self.person.clone() };
        let resume = self.place.resume();
        let deadline = Instant::now() + self.policy.dial;
        let work = async move {
            let visitor =
                Visitor { key: &key, expect: dialer.expect, person, phrase: phrase.as_deref(), resume };
            connect(&dialer, visitor, deadline).await
        };
        self.meanwhile(work).await
    }

    fn queue_person(&mut self) {
        let request = Request::SetPerson { person: self.person.clone() };
        let _ = self.place.ask(request, Answer::Nobody);
    }

    /// Does what can be done without a connection, until `work` is done.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            let forgotten = self.down_since.filter(|_| self.place.resume().is_some());
            let forgotten = forgotten.map(|since| since + Duration::from_millis(RESUME_GRACE.into()));
            tokio::select! {
                done = &mut work => return done,
                Some(command) = self.commands.recv() => self.take_while_down(command).await,
                () = sleep_until(forgotten.unwrap_or_else(Instant::now)), if forgotten.is_some() => {
                    // The hub has given the place up.
                    self.lose_place().await;
                }
            }
        }
    }

    async fn take_while_down(&mut self, command: Command) {
        let hopeful = self.first_dial || self.place.resume().is_some();
        match command {
            Command::Ask { request, answer } if hopeful => {
                if let Err((code, answer)) = self.place.ask(*request, answer) {
                    self.answer(answer, Err(code)).await;
                }
            }
            Command::Ask { answer, .. } => {
                let code = if self.policy.patient { ErrorCode::ServerDown } else { ErrorCode::LinkLost };
                self.answer(answer, Err(code)).await;
            }
            Command::Often(often) => self.often = often,
            Command::Moved(addresses) => {
                self.has_moved(addresses);
                self.retry.notify_one();
            }
            Command::Person(person) => {
                // The hello will say it; but requests that are sent again must not have the last word.
                self.person = person;
                if self.unnamed || self.place.resume().is_some() {
                    self.queue_person();
                }
            }
        }
    }

    /// Attends to a connection. Returns why it was lost.
    async fn attend(&mut self, welcome: Welcome) -> ErrorCode {
        if !welcome.resumed && self.place.resume().is_some() {
            self.lose_place().await;
        }
        self.place.welcomed(welcome.resume);
        self.unnamed = false;
        self.down_since = None;
        if self.events.send(LinkEvent::Up(welcome)).await.is_err() {
            return ErrorCode::LinkLost;
        }
        match self.converse().await {
            Ok(never) => match never {},
            Err(code) => code,
        }
    }

    async fn converse(&mut self) -> Result<std::convert::Infallible, ErrorCode> {
        let Some(socket) = self.socket.as_mut() else { return Err(ErrorCode::LinkLost) };
        for text in self.place.unanswered() {
            session::say_text(socket, text).await?;
        }
        let mut often = self.often;
        let mut pings = pings(often, false);
        let mut heard_at = Instant::now();
        let mut told_seen = self.place.seen();
        loop {
            let Some(socket) = self.socket.as_mut() else { return Err(ErrorCode::LinkLost) };
            // A hub answers each ping: two of them without a sound, and the line is dead.
            let dead = heard_at + 2 * pings.period();
            tokio::select! {
                heard = session::next(socket) => {
                    self.hear(heard?).await?;
                    heard_at = Instant::now();
                    if self.place.seen() - told_seen < TELL_SEEN_AFTER {
                        continue;
                    }
                }
                Some(command) = self.commands.recv() => {
                    let asks = matches!(command, Command::Often(true));
                    self.obey(command).await?;
                    if often != self.often {
                        // At the slow pace nothing may have been said for long.
                        heard_at = Instant::now();
                    }
                    if asks || often != self.often {
                        often = self.often;
                        pings = self::pings(often, asks);
                    }
                    continue;
                }
                _ = pings.tick() => {}
                () = sleep_until(dead) => return Err(ErrorCode::LinkLost),
            }
            told_seen = self.place.seen();
            if let Some(socket) = self.socket.as_mut() {
                session::say(socket, &ToHub::Ping { seen: told_seen }).await?;
            }
        }
    }

    async fn hear(&mut self, heard: Heard) -> Result<(), ErrorCode> {
        let (seq, message) = match heard {
            Heard::Noise => return Ok(()),
            Heard::Unknown(seq) => (seq, None),
            Heard::Said(said) => match *said {
                FromHub::Message { seq, message } => (seq, Some(message)),
                FromHub::Refused { code } => return Err(code),
                FromHub::Pong | FromHub::Challenge { .. } | FromHub::Welcome(_) => return Ok(()),
            },
        };
        match self.place.take_note(seq) {
            Order::Next => {}
            Order::Known => return Ok(()),
            // Coming back says again what is missing.
            Order::Gap => return Err(ErrorCode::LinkLost),
        }
        match message {
            None => Ok(()),
            Some(HubMessage::Event { event }) => {
                self.events.send(LinkEvent::Said(event)).await.map_err(|_| ErrorCode::LinkLost)
            }
            Some(HubMessage::Ok { id, reply }) => {
                if let Some(answer) = self.place.answered(id) {
                    self.answer(answer, Ok(reply)).await;
                }
                Ok(())
            }
            Some(HubMessage::Error { id, code }) => {
                if let Some(answer) = self.place.answered(id) {
                    self.answer(answer, Err(code)).await;
                }
                Ok(())
            }
        }
    }

    async fn obey(&mut self, command: Command) -> Result<(), ErrorCode> {
        let (request, answer) = match command {
            Command::Ask { request, answer } => (*request, answer),
            Command::Person(person) => {
                self.person = person.clone();
                (Request::SetPerson { person }, Answer::Nobody)
            }
            Command::Often(often) => {
                self.often = often;
                return Ok(());
            }
            Command::Moved(addresses) => {
                return if self.has_moved(addresses) { Err(ErrorCode::LinkLost) } else { Ok(()) };
            }
        };
        match self.place.ask(request, answer) {
            Ok(text) => {
                let text = text.to_owned();
                match self.socket.as_mut() {
                    Some(socket) => session::say_text(socket, text).await,
                    None => Err(ErrorCode::LinkLost),
                }
            }
            Err((code, answer)) => {
                self.answer(answer, Err(code)).await;
                Ok(())
            }
        }
    }

    async fn answer(&self, answer: Answer, result: Result<Reply, ErrorCode>) {
        match answer {
            Answer::Future(future) => {
                let _ = future.send(result);
            }
            // Without a reader of events the link is about to end.
            Answer::Event(tag) => {
                let _ = self.events.send(LinkEvent::Answered { tag, result }).await;
            }
            Answer::Nobody => {}
        }
    }

    async fn lose_place(&mut self) {
        self.fail_pending(ErrorCode::LinkLost).await;
    }

    async fn fail_pending(&mut self, code: ErrorCode) {
        for answer in self.place.lose() {
            self.answer(answer, Err(code)).await;
        }
    }

    async fn say_goodbye(&mut self) {
        let Some(mut socket) = self.socket.take() else { return };
        let _ = timeout(LAST_WORDS, async {
            session::say(&mut socket, &ToHub::Goodbye).await?;
            // The hub closes when it has heard it.
            while session::next(&mut socket).await.is_ok() {}
            socket.close(None).await.map_err(|_| ErrorCode::LinkLost)
        })
        .await;
    }
}

fn pings(often: bool, now: bool) -> Interval {
    let every = if often { PING_OFTEN } else { PING_EVERY };
    let first = if now { Instant::now() } else { Instant::now() + every };
    let mut pings = interval_at(first, every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings
}

async fn connect(
    dialer: &Dialer,
    visitor: Visitor<'_>,
    deadline: Instant,
) -> Result<(Socket, Option<SocketAddr>, Welcome), ErrorCode> {
    let Dialled { mut socket, channel, at } = dialer.dial(deadline).await?;
    let welcome = session::greet(&mut socket, &channel, visitor);
    let welcome = timeout_at(deadline, welcome).await.unwrap_or(Err(ErrorCode::Unreachable))?;
    Ok((socket, at, welcome))
}

/// What is said in place of a name.
fn nobody(device: DeviceId) -> Person {
    Person::named(device.short().to_string())
}

fn random() -> u32 {
    let mut bytes = [0; 4];
    // Without randomness the wait is the shortest one; nothing secret hangs on it.
    let _ = rand::fill(&mut bytes);
    u32::from_le_bytes(bytes)
}
