//! The node's one task: it owns all state and hears everything in one order.
//!
//! Windows, the own hub, links to other hubs, discovery and probes all send [`Input`]s. Nothing here waits for the
//! network: requests are handed to a hub with a tag, and the answer comes back as an input.

mod calls;
mod finding;
mod hubs;
mod introductions;
mod listing;
mod moving;
mod people;
mod phrase;
mod requests;
mod server;
mod trust;
mod windows;

pub(crate) use people::choice;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use earshot_discovery::{Announcement, Discovery, DiscoveryEvent};
use earshot_identity::seal::Seals;
use earshot_identity::{DeviceKey, PhraseKey};
use earshot_protocol::owner::{NetworkState, NodeState, ServerState, Settings, SettingsChange, StartNote};
use earshot_protocol::{
    DeviceId, ErrorCode, FromNode, HubRef, OwnerEvent, Person, RingId, RoomId, Status, ToNode,
};
use earshot_signaling::HubHandle;
use earshot_signaling::link::{Link, LinkEvent};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use self::calls::{Accepted, RingSeat, RoomSeat, WaitSeat};
use self::finding::Finding;
use self::hubs::{HubKey, LanLink, LocalHub, LocalSaid, Pending};
use self::introductions::Introductions;
use self::listing::Listings;
use self::moving::Moving;
use self::people::MAX_CHECKS;
use self::phrase::Deriving;
use self::server::ServerLink;
use self::trust::Talk;
use self::windows::Windows;
use crate::people::People;
use crate::settings::{SettingsFile, person};
use crate::store::Store;
use crate::trust::Memory;

/// Inputs waiting for the core. Whoever sends waits when it is full.
pub(crate) const INBOX: usize = 1024;

/// How long the hub's last words to its visitors may take to leave.
const LAST_WORDS: Duration = Duration::from_millis(20);

/// How often settings, links and people are looked after.
const TICK: Duration = Duration::from_secs(1);

/// What the core hears.
pub(crate) enum Input {
    /// A window opens.
    Attach { attached: oneshot::Sender<Result<(u64, mpsc::Receiver<FromNode>), ErrorCode>> },
    /// A window has closed.
    Detached(u64),
    /// A window says something.
    Said { window: u64, message: ToNode },
    /// From the network's announcements.
    Discovery(DiscoveryEvent),
    /// From the own hub.
    Local(LocalSaid),
    /// From a link to somebody's hub; the number tells an old link's last words from the present one's.
    Lan { device: DeviceId, generation: u64, event: LinkEvent },
    /// From the link to the signaling server.
    Server { generation: u64, event: LinkEvent },
    /// A request that begins something has been under way for long enough.
    Overdue(u64),
    /// Somebody's machine did or did not answer.
    Probed { device: DeviceId, answered: bool },
    /// The same of somebody who is said to have left.
    Left { device: DeviceId, answered: bool },
    /// The key of a new phrase was made and kept, or was not.
    PhraseKept(Result<Arc<PhraseKey>, ErrorCode>),
    /// A code has been looked for long enough.
    Searched(u64),
    /// A part of a long list of people is told; now the next.
    TellMore,
    /// A second start, or the system, asks the window to come to the front, perhaps to show where a link leads.
    Raise(Option<String>),
    /// The shell changes settings.
    Change { change: Box<SettingsChange>, changed: oneshot::Sender<Result<(), ErrorCode>> },
    /// The end: everybody is told.
    Shutdown(oneshot::Sender<()>),
}

/// The office's phrase, as everybody who has to know it right now sees it.
pub(crate) type Phrase = Option<Arc<PhraseKey>>;

/// Ends the hub's port: `close` asks for it, `closed` tells when nobody can connect any more.
pub(crate) struct Door {
    pub(crate) close: oneshot::Sender<()>,
    pub(crate) closed: oneshot::Receiver<()>,
}

/// What the core is made of.
pub(crate) struct Parts {
    pub(crate) link: Option<String>,
    pub(crate) folder: PathBuf,
    pub(crate) key: Arc<DeviceKey>,
    pub(crate) seals: Box<dyn Seals>,
    pub(crate) settings: SettingsFile,
    pub(crate) store: Store,
    pub(crate) memory: Memory,
    pub(crate) phrase: watch::Sender<Phrase>,
    pub(crate) notes: Vec<StartNote>,
    pub(crate) hub: HubHandle,
    pub(crate) door: Door,
    pub(crate) hub_port: u16,
    pub(crate) discovery: Option<(Box<dyn Discovery>, mpsc::Receiver<DiscoveryEvent>)>,
    pub(crate) network: NetworkState,
    pub(crate) quit: watch::Sender<bool>,
    pub(crate) open_in_browser: Box<dyn Fn() -> Result<(), ErrorCode> + Send>,
    pub(crate) state: watch::Sender<Settings>,
}

/// The core's state.
pub(crate) struct Core {
    folder: PathBuf,
    key: Arc<DeviceKey>,
    seals: Box<dyn Seals>,
    own: DeviceId,
    inbox: mpsc::Sender<Input>,
    settings: SettingsFile,
    published: watch::Sender<Settings>,
    store: Store,
    memory: Memory,
    /// The hub's door and the links hold it too.
    phrase: watch::Sender<Phrase>,
    deriving: Option<Deriving>,
    notes: Vec<StartNote>,
    hub: HubHandle,
    door: Option<Door>,
    hub_port: u16,
    addresses: Vec<String>,
    local: LocalHub,
    discovery: Option<Box<dyn Discovery>>,
    network: NetworkState,
    people: People,
    /// Entries of the list that windows have not heard of yet, by device and list.
    untold: BTreeSet<(DeviceId, Option<DeviceId>)>,
    telling: bool,
    introductions: Introductions,
    /// Bounds how many machines are asked at once whether somebody has left.
    checks: Arc<Semaphore>,
    links: HashMap<DeviceId, LanLink>,
    server: Option<ServerLink>,
    server_state: ServerState,
    windows: Windows,
    rooms: HashMap<RoomId, RoomSeat>,
    /// Rooms that can outlive the hub that holds them.
    moving: HashMap<RoomId, Moving>,
    /// From where the successions of rooms count time.
    began: Instant,
    waits: HashMap<RoomId, WaitSeat>,
    rings: HashMap<RingId, RingSeat>,
    accepted: Option<Accepted>,
    /// The rooms as their windows see them.
    talks: HashMap<RoomId, Talk>,
    pending: HashMap<u64, Pending>,
    listings: Listings,
    findings: HashMap<u64, Finding>,
    /// A link to be shown by the first window that says something.
    link: Option<String>,
    next: u64,
    said_person: Person,
    /// Whether the record holds no name, whether it asks for a phrase, and whether there are rooms to list; `None`:
    /// another record is due.
    said_record: Option<(bool, bool, bool)>,
    records: u64,
    ticks: u64,
    quit: watch::Sender<bool>,
    open_in_browser: Box<dyn Fn() -> Result<(), ErrorCode> + Send>,
}

/// Starts the core's task.
pub(crate) fn spawn(parts: Parts) -> mpsc::Sender<Input> {
    let (inbox, inputs) = mpsc::channel(INBOX);
    let own = parts.key.device_id();
    let said_person = person(&parts.settings.current());
    let local = LocalHub::attach(&parts.hub, own, said_person.clone(), inbox.clone());
    let discovery = parts.discovery.map(|(discovery, events)| {
        hubs::forward(events, inbox.clone(), Input::Discovery);
        discovery
    });
    let has_phrase = parts.phrase.borrow().is_some();
    let mut people = People::default();
    // Nobody is listed yet, so nothing is to be told.
    let _ = people.phrase_changed(has_phrase);
    let said_hidden = hidden(&parts.settings.current(), &parts.memory);
    let mut core = Core {
        folder: parts.folder,
        own,
        key: parts.key,
        seals: parts.seals,
        inbox: inbox.clone(),
        settings: parts.settings,
        published: parts.state,
        store: parts.store,
        memory: parts.memory,
        phrase: parts.phrase,
        deriving: None,
        notes: parts.notes,
        hub: parts.hub,
        door: Some(parts.door),
        hub_port: parts.hub_port,
        addresses: Vec::new(),
        local,
        discovery,
        network: parts.network,
        people,
        untold: BTreeSet::new(),
        telling: false,
        introductions: Introductions::default(),
        checks: Arc::new(Semaphore::new(MAX_CHECKS)),
        links: HashMap::new(),
        server: None,
        server_state: ServerState::None,
        windows: Windows::default(),
        rooms: HashMap::new(),
        moving: HashMap::new(),
        began: Instant::now(),
        waits: HashMap::new(),
        rings: HashMap::new(),
        accepted: None,
        talks: HashMap::new(),
        pending: HashMap::new(),
        listings: Listings::default(),
        findings: HashMap::new(),
        link: parts.link,
        next: 1,
        said_person,
        said_record: Some((said_hidden, has_phrase, false)),
        records: 0,
        ticks: 0,
        quit: parts.quit,
        open_in_browser: parts.open_in_browser,
    };
    core.refresh_addresses();
    core.say_blocked(HubKey::Own);
    core.link_server();
    tokio::spawn(core.run(inputs));
    inbox
}

impl Core {
    async fn run(mut self, mut inputs: mpsc::Receiver<Input>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let due = self.moving_due();
            tokio::select! {
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.moving_is_due();
                }
                input = inputs.recv() => match input {
                    Some(Input::Shutdown(done)) => {
                        self.shut_down().await;
                        // Closes the history before the process may end.
                        drop(self);
                        // Nobody may be waiting any more.
                        let _ = done.send(());
                        return;
                    }
                    Some(input) => self.handle(input),
                    None => return,
                },
                _ = tick.tick() => self.tick(),
            }
        }
    }

    fn handle(&mut self, input: Input) {
        match input {
            Input::Attach { attached } => self.attach(attached),
            Input::Detached(window) => self.detach(window),
            Input::Said { window, message } => self.window_said(window, message),
            Input::Discovery(event) => self.discovered(event),
            Input::Local(said) => self.local_said(said),
            Input::Lan { device, generation, event } => self.lan_link_said(device, generation, event),
            Input::Server { generation, event } => self.server_said(generation, event),
            Input::Probed { device, answered } => {
                let events = self.people.answered(device, answered, false);
                self.tell_people(events);
            }
            Input::Left { device, answered } => self.left(device, answered),
            Input::PhraseKept(kept) => self.phrase_kept(kept),
            Input::TellMore => {
                self.telling = false;
                self.tell_more();
            }
            Input::Overdue(tag) => self.overdue(tag),
            Input::Searched(finding) => self.search_over(finding),
            Input::Raise(link) => {
                self.windows.tell_all(&FromNode::Owner { event: OwnerEvent::Raise });
                self.link = link.or(self.link.take());
                self.hand_out_link();
            }
            Input::Change { change, changed } => {
                // The shell may have stopped waiting.
                let _ = changed.send(self.change_settings(&change));
            }
            Input::Shutdown(_) => {}
        }
        self.drop_slow_windows();
    }

    fn tick(&mut self) {
        self.ticks += 1;
        if self.ticks.is_multiple_of(2) && self.settings.reread() {
            self.settings_changed();
        }
        self.probe_people();
        self.close_idle_links();
        self.introduce();
        self.look_for_rooms();
        self.drop_slow_windows();
    }

    /// Counts up: tags of requests, windows, links.
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn change_settings(&mut self, change: &SettingsChange) -> Result<(), ErrorCode> {
        self.settings.change(change)?;
        self.settings_changed();
        Ok(())
    }

    fn settings_changed(&mut self) {
        self.announce();
        self.choose_interfaces();
        self.link_server();
        self.tell_state();
    }

    /// What others see: the settings, and whether the owner is in a call.
    fn person_now(&self) -> Person {
        let mut person = person(&self.settings.current());
        if self.rooms.values().any(|room| room.others > 0) {
            person.status = Status::InCall;
        }
        person
    }

    /// Tells everybody who should know when what others see, or how much of it, has changed.
    fn announce(&mut self) {
        let person = self.person_now();
        let hidden = hidden(&self.settings.current(), &self.memory);
        let phrase = self.phrase.borrow().is_some();
        let rooms = self.listings.of_own();
        let new_person = person != self.said_person;
        if !new_person && self.said_record == Some((hidden, phrase, rooms)) {
            return;
        }
        self.said_person = person.clone();
        self.said_record = Some((hidden, phrase, rooms));
        self.records += 1;
        if new_person {
            self.local.set_person(person.clone());
            for (device, lan) in &self.links {
                say_person(lan.link.clone(), self.person_for(device));
            }
            if let Some(server) = &self.server {
                say_person(server.link.clone(), person.clone());
            }
        }
        if let Some(discovery) = &self.discovery {
            let told = (!hidden).then_some(person);
            let announcement = announcement(self.own, told, (phrase, rooms), self.hub_port, self.records);
            // A person that the settings took is within every bound of a record.
            if let Err(error) = discovery.announce(announcement) {
                tracing::warn!(%error, "the network was not told of a new status");
            }
        }
    }

    /// What a device on the network is told: one that is blocked does not see whether the owner is available.
    fn person_for(&self, device: &DeviceId) -> Person {
        let mut person = self.said_person.clone();
        if self.memory.is_blocked(device) {
            person.status = Status::Away;
            person.note.clear();
        }
        person
    }

    fn state(&self) -> NodeState {
        NodeState {
            device: self.own,
            short_id: self.own.short().to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            person: self.said_person.clone(),
            settings: self.settings.current(),
            server: self.server_state.clone(),
            network: self.network.clone(),
            missed: self.missed(),
            has_phrase: self.phrase.borrow().is_some(),
            notes: self.notes.clone(),
        }
    }

    fn tell_state(&mut self) {
        let state = self.state();
        self.published.send_replace(state.settings.clone());
        self.windows.tell_all(&FromNode::State(Box::new(state)));
    }

    fn own_ref(&self) -> HubRef {
        HubRef { device: self.own, addresses: self.addresses.clone() }
    }

    async fn shut_down(&mut self) {
        for window in self.windows.ids() {
            self.detach(window);
        }
        let links = self.links.drain().map(|(_, lan)| lan.link);
        let links: JoinSet<()> = links
            .chain(self.server.take().map(|server| server.link))
            .map(|link| async move { link.close().await })
            .collect();
        let goodbye = async {
            let visited = self.hub.counts().await.is_some_and(|counts| counts.connections > 1);
            self.hub.shutdown().await;
            if visited {
                // The visitors' last words are on their way; a port that is closed ends their connections.
                tokio::time::sleep(LAST_WORDS).await;
            }
            if let Some(Door { close, closed }) = self.door.take()
                && close.send(()).is_ok()
            {
                // A goodbye is believed when this port takes no connection. An error: it is closed already.
                let _ = closed.await;
            }
            if let Some(discovery) = self.discovery.take() {
                discovery.shutdown().await;
            }
        };
        // A link to a machine that died takes a second to close: nobody else waits for it.
        tokio::join!(links.join_all(), goodbye);
    }
}

fn say_person(link: Link, person: Person) {
    tokio::spawn(async move { link.set_person(person).await });
}

/// Whether name, status and note are kept out of the record: because the owner wants it, or because somebody who is
/// blocked would read the status there.
pub(crate) fn hidden(settings: &Settings, memory: &Memory) -> bool {
    settings.hide_name || !memory.blocked().is_empty()
}

/// What a node announces of itself. Without a person, and where a phrase is asked for, not even discovery is told a name:
/// `record` stands in its place, another number for each change, so that others hear that there is something to ask; nor
/// is it told that there are rooms to list.
pub(crate) fn announcement(
    device: DeviceId,
    person: Option<Person>,
    (phrase, rooms): (bool, bool),
    port: u16,
    record: u64,
) -> Announcement {
    let person = person.filter(|_| !phrase);
    Announcement {
        rooms: rooms && person.is_some(),
        device,
        hidden: person.is_none(),
        person: person.unwrap_or_else(|| Person::named(record.to_string())),
        phrase,
        port,
        versions: earshot_protocol::VERSIONS.to_vec(),
    }
}

fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Whole seconds since `start`.
fn seconds_since(start: Instant) -> u32 {
    u32::try_from(start.elapsed().as_secs()).unwrap_or(u32::MAX)
}
