//! The hubs a node talks to, its own among them, and the requests under way at each.

use std::net::SocketAddr;
use std::time::Duration;

use earshot_hub::Visitor;
use earshot_hub::succession::Incarnation;
use earshot_protocol::limits::{DIAL_TIMEOUT, MAX_QUEUE};
use earshot_protocol::{
    DeviceId, DeviceKind, ErrorCode, Event, FromHub, HubMessage, Media, Person, Presence, Reply, Request,
    RequestId, RoomId, ToHub,
};
use earshot_signaling::link::{Link, LinkEvent, Target};
use earshot_signaling::reconnect::Policy;
use earshot_signaling::{HubHandle, Local};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Core, Input};

/// A link to somebody's hub is kept this long after its last use: the next call to them is then a little quicker.
const LINK_IDLE: Duration = Duration::from_secs(10);

/// How long a ring or a join at somebody's hub may go unanswered: a dial, and a little for the answer.
const BEGIN_TIMEOUT: Duration = Duration::from_millis(DIAL_TIMEOUT as u64 + 200);

/// Links to people's hubs at once; far more than anybody rings.
const MAX_LINKS: usize = 64;

/// Links that nothing needs any more and that are kept for [`LINK_IDLE`] all the same. In a large office where names are
/// hidden each colleague is asked once; not all of them at the same time.
const MAX_IDLE_LINKS: usize = 16;

/// Which hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum HubKey {
    /// The node's own.
    Own,
    /// That of a device on the network.
    Lan(DeviceId),
    /// The signaling server's.
    Server,
}

/// A request at a hub that is not answered yet.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) hub: HubKey,
    /// Who asked; nobody, when the node itself did.
    pub(super) asker: Option<(u64, RequestId)>,
    pub(super) purpose: Purpose,
    /// When it was sent.
    pub(super) made: Instant,
    /// What was asked, where the answer may be that the room has moved, and how often it has been asked elsewhere.
    pub(super) again: Option<(Box<Request>, u8)>,
}

/// What the answer to a request will mean.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// A room is made.
    Create { media: Media },
    /// A room is entered, or knocked at.
    Enter { room: RoomId, media: Media },
    /// A room is looked at from outside.
    Look,
    /// A hub is asked for the rooms of a code.
    Find { finding: u64 },
    /// A free place in a room is waited for.
    Wait { room: RoomId },
    /// A participant is asked where their room is.
    Seek { room: RoomId, device: DeviceId },
    /// A room is entered again where it is held now, or held at the own hub.
    Return { room: RoomId, to: Incarnation },
    /// A room of the server is entered again, after the server has come anew.
    Rejoin { room: RoomId },
    /// A ring begins.
    Ring { to: DeviceId, media: Media, room: RoomId, at: u64 },
    /// A room is left.
    Leave { room: RoomId },
    /// A room is ended for all, if its host asks for it.
    End { room: RoomId },
    /// A ring is answered or cancelled.
    EndRing,
    /// Nothing to keep.
    Other,
}

impl Purpose {
    fn begins(&self) -> bool {
        matches!(
            self,
            Self::Create { .. }
                | Self::Enter { .. }
                | Self::Look
                | Self::Wait { .. }
                | Self::Seek { .. }
                | Self::Return { .. }
                | Self::Ring { .. }
        )
    }
}

/// A link to the hub of somebody on the network.
pub(super) struct LanLink {
    pub(super) link: Link,
    pub(super) generation: u64,
    pub(super) used: Instant,
    /// It is asked often whether its hub is there.
    pub(super) often: bool,
    /// The link stands now.
    pub(super) up: bool,
    /// It stood, and looks for its hub again.
    pub(super) lost: bool,
    /// What the device has said of itself last, on this link.
    pub(super) person: Option<Person>,
}

/// Why a link is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// Somebody rings, or enters a room.
    Call,
    /// To hear a name.
    Introduction,
    /// To hear of rooms.
    Rooms,
}

/// What the own hub says.
pub(crate) enum LocalSaid {
    /// The answer to the request with this tag.
    Answered { tag: u64, result: Result<Reply, ErrorCode> },
    /// An event.
    Event(Event),
}

/// The node as a visitor of its own hub.
pub(super) struct LocalHub {
    work: mpsc::Sender<LocalWork>,
}

/// What the node tells its own hub, in this order.
enum LocalWork {
    Ask(u64, Request),
    Addresses(Vec<String>),
}

/// Tags of the node's own words to its hub, whose answers nobody waits for.
const UNTAGGED: u64 = 0;

impl LocalHub {
    pub(super) fn attach(hub: &HubHandle, own: DeviceId, person: Person, inbox: mpsc::Sender<Input>) -> Self {
        let (work, queue) = mpsc::channel(MAX_QUEUE as usize);
        let visitor = Visitor { device: own, kind: DeviceKind::Install, person };
        tokio::spawn(run_local(hub.clone(), visitor, queue, inbox));
        Self { work }
    }

    /// Hands a request to the hub; the answer comes as [`LocalSaid::Answered`].
    pub(super) fn send(&self, tag: u64, request: Request) -> Result<(), ErrorCode> {
        self.work.try_send(LocalWork::Ask(tag, request)).map_err(|_| ErrorCode::TooManyRequests)
    }

    /// Where the hub is reached from now on.
    pub(super) fn set_addresses(&self, addresses: Vec<String>) {
        if self.work.try_send(LocalWork::Addresses(addresses)).is_err() {
            tracing::warn!("the own hub is too busy to hear of new addresses");
        }
    }

    pub(super) fn set_person(&self, person: Person) {
        if self.send(UNTAGGED, Request::SetPerson { person }).is_err() {
            tracing::warn!("the own hub is too busy to hear of a new status");
        }
    }
}

/// The hub keeps the place of a visitor within the process by itself: no pings, nothing to acknowledge.
async fn run_local(
    hub: HubHandle,
    visitor: Visitor,
    mut queue: mpsc::Receiver<LocalWork>,
    inbox: mpsc::Sender<Input>,
) {
    let mut local: Local = hub.attach(visitor).await;
    let mut id: RequestId = 0;
    let mut tags = std::collections::BTreeMap::new();
    loop {
        let (id, result) = tokio::select! {
            work = queue.recv() => {
                match work {
                    Some(LocalWork::Ask(tag, request)) => {
                        id = id.wrapping_add(1);
                        tags.insert(id, tag);
                        local.say(ToHub::Request { id, request }).await;
                    }
                    Some(LocalWork::Addresses(addresses)) => hub.set_addresses(addresses).await,
                    None => return,
                }
                continue;
            }
            message = local.next() => match message {
                Some(FromHub::Message { message, .. }) => match message {
                    HubMessage::Ok { id, reply } => (id, Ok(reply)),
                    HubMessage::Error { id, code } => (id, Err(code)),
                    HubMessage::Event { event } => {
                        if inbox.send(Input::Local(LocalSaid::Event(event))).await.is_err() {
                            return;
                        }
                        continue;
                    }
                },
                Some(_) => continue,
                None => return,
            },
        };
        if let Some(tag) = tags.remove(&id)
            && tag != UNTAGGED
            && inbox.send(Input::Local(LocalSaid::Answered { tag, result })).await.is_err()
        {
            return;
        }
    }
}

/// Says goodbye on a link, without waiting for it.
pub(super) fn close(link: Link) {
    tokio::spawn(async move { link.close().await });
}

/// Carries everything that arrives on one channel into the core's inbox.
pub(super) fn forward<T: Send + 'static>(
    mut from: mpsc::Receiver<T>,
    inbox: mpsc::Sender<Input>,
    wrap: impl Fn(T) -> Input + Send + 'static,
) {
    tokio::spawn(async move {
        while let Some(item) = from.recv().await {
            if inbox.send(wrap(item)).await.is_err() {
                return;
            }
        }
    });
}

impl Core {
    /// Hands a request to a hub. What cannot be sent is answered at once.
    pub(super) fn ask(
        &mut self,
        hub: HubKey,
        asker: Option<(u64, RequestId)>,
        purpose: Purpose,
        request: Request,
    ) {
        self.ask_again(hub, asker, purpose, request, 0);
    }

    /// As [`Self::ask`], for what has been asked elsewhere before.
    pub(super) fn ask_again(
        &mut self,
        hub: HubKey,
        asker: Option<(u64, RequestId)>,
        purpose: Purpose,
        request: Request,
        times: u8,
    ) {
        let tag = self.number();
        let may_move = matches!(request, Request::Join { .. } | Request::LookAt { .. });
        let again = may_move.then(|| (Box::new(request.clone()), times));
        let sent = match hub {
            HubKey::Own => self.local.send(tag, request),
            HubKey::Lan(device) => match self.links.get_mut(&device) {
                Some(lan) => {
                    lan.used = Instant::now();
                    match lan.link.ask(tag, request) {
                        // It has just ended. Its last event is on the way, says why, and fails what is pending.
                        Err(ErrorCode::LinkLost) => Ok(()),
                        sent => sent,
                    }
                }
                None => Err(ErrorCode::LinkLost),
            },
            HubKey::Server => match &self.server {
                // What a call under way needs waits for the link to come back; nothing new begins.
                Some(server) if server.up || !purpose.begins() => server.link.ask(tag, request),
                _ => Err(ErrorCode::ServerDown),
            },
        };
        let pending = Pending { hub, asker, purpose, made: Instant::now(), again };
        match sent {
            Ok(()) => {
                if matches!(hub, HubKey::Lan(_)) && pending.purpose.begins() {
                    self.bound(tag);
                }
                self.pending.insert(tag, pending);
            }
            Err(code) => self.finish(pending, Err(code)),
        }
    }

    /// A link that stands may lead to a machine that died a moment ago: the person who waits is told in the same time
    /// as for one that cannot be dialled.
    fn bound(&self, tag: u64) {
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            tokio::time::sleep(BEGIN_TIMEOUT).await;
            // The node may have ended meanwhile.
            let _ = inbox.send(Input::Overdue(tag)).await;
        });
    }

    /// Nobody waits for this answer any more. Should it still come, what it began is ended again.
    pub(super) fn overdue(&mut self, tag: u64) {
        let Some(pending) = self.pending.get_mut(&tag) else { return };
        let Some(asker) = pending.asker.take() else {
            if matches!(pending.purpose, Purpose::Seek { .. } | Purpose::Return { .. }) {
                self.answered(tag, Err(ErrorCode::Unreachable));
            }
            return;
        };
        let (hub, purpose) = (pending.hub, pending.purpose);
        if let HubKey::Lan(device) = hub {
            let events = self.people.answered(device, false, true);
            self.tell_people(events);
        }
        let given_up = Pending { hub, asker: Some(asker), purpose, made: Instant::now(), again: None };
        self.finish(given_up, Err(ErrorCode::Unreachable));
    }

    /// The answer to a request has come.
    pub(super) fn answered(&mut self, tag: u64, result: Result<Reply, ErrorCode>) {
        if let Some(pending) = self.pending.remove(&tag) {
            tracing::debug!(hub = ?pending.hub, ok = result.is_ok(), ms = pending.made.elapsed().as_millis(), "answered");
            self.finish(pending, result);
        }
    }

    /// A hub is gone: whatever was under way there has failed.
    pub(super) fn fail_pending(&mut self, hub: HubKey, code: ErrorCode) {
        let mut tags: Vec<u64> =
            self.pending.iter().filter(|(_, pending)| pending.hub == hub).map(|(tag, _)| *tag).collect();
        tags.sort_unstable();
        for tag in tags {
            self.answered(tag, Err(code));
        }
    }

    /// Sees to a link to a device's hub. `hints` are addresses the device itself has given.
    pub(super) fn link_to(&mut self, device: DeviceId, hints: &[String]) -> Result<HubKey, ErrorCode> {
        self.link_for(Want::Call, device, hints)
    }

    fn link_for(&mut self, want: Want, device: DeviceId, hints: &[String]) -> Result<HubKey, ErrorCode> {
        let key = HubKey::Lan(device);
        if let Some(lan) = self.links.get_mut(&device) {
            lan.used = Instant::now();
            return Ok(key);
        }
        if self.links.len() >= MAX_LINKS {
            self.close_links(0);
        }
        if self.links.len() >= MAX_LINKS {
            return Err(ErrorCode::TooManyRequests);
        }
        let mut addresses: Vec<String> =
            self.people.addresses(&device).iter().map(ToString::to_string).collect();
        for hint in hints {
            // A hint is an address and nothing else: no name is looked up and no URL is opened for it.
            if hint.parse::<std::net::SocketAddr>().is_ok() && !addresses.contains(hint) {
                addresses.push(hint.clone());
            }
        }
        addresses.truncate(earshot_protocol::limits::MAX_ADDRESSES as usize);
        if addresses.is_empty() {
            return Err(ErrorCode::Unreachable);
        }
        let generation = self.number();
        let phrase = self.phrase.borrow().clone();
        let (link, events) = Link::open(
            self.key.clone(),
            Target::Device { device, addresses },
            self.person_for(&device),
            match want {
                Want::Call => Policy::call(),
                Want::Introduction => {
                    let dial = self.introductions.patience(&device, phrase.is_some());
                    Policy { dial, ..Policy::call() }
                }
                Want::Rooms => {
                    let dial = self.listings.patience(&device, phrase.is_some());
                    Policy { dial, ..Policy::call() }
                }
            },
            phrase,
        );
        forward(events, self.inbox.clone(), move |event| Input::Lan { device, generation, event });
        let lan = LanLink {
            link,
            generation,
            used: Instant::now(),
            often: false,
            up: false,
            lost: false,
            person: None,
        };
        self.links.insert(device, lan);
        Ok(key)
    }

    /// Sees to a link to a hub that has rooms to list; whether it stands already, and tells by itself.
    pub(super) fn link_for_rooms(&mut self, device: DeviceId) -> Result<bool, ErrorCode> {
        self.link_for(Want::Rooms, device, &[])?;
        Ok(self.links.get(&device).is_some_and(|lan| lan.up))
    }

    /// Asks those whose record holds no name, as many as may be asked now.
    pub(super) fn introduce(&mut self) {
        for device in self.introductions.next(Instant::now()) {
            let asked = self.link_for(Want::Introduction, device, &[]);
            let failed = match self.links.get(&device) {
                _ if asked.is_err() => asked.err(),
                // It stands already, and its hub has not said who its owner is.
                Some(lan) if lan.up => Some(ErrorCode::Malformed),
                _ => None,
            };
            tracing::debug!(failed = ?failed, "a device is asked for its name");
            if let Some(code) = failed {
                self.introductions.failed(Instant::now(), &device, code);
            }
        }
    }

    /// A record was heard: its name is to be asked for, or not any more.
    pub(super) fn heard_record(&mut self, device: DeviceId) {
        let Some(revision) = self.people.to_ask(&device) else {
            self.introductions.forget(&device);
            return;
        };
        let now = Instant::now();
        self.introductions.wanted(now, device, revision);
        // A hub that is linked to tells by itself what changes; what is on its way will be heard.
        if let Some(lan) = self.links.get_mut(&device)
            && lan.up
            && let Some(person) = lan.person.clone()
        {
            lan.used = now;
            self.introductions.told(now, &device);
            let events = self.people.told(device, person);
            self.tell_people(events);
        }
        self.introduce();
    }

    /// A device says of itself, its key proven, who sits before it.
    fn lan_person(&mut self, device: DeviceId, presence: &Presence) {
        if presence.device != device || presence.person.check().is_err() {
            return;
        }
        let Some(lan) = self.links.get_mut(&device) else { return };
        lan.person = Some(presence.person.clone());
        self.remember(&device, &presence.person.name);
        if self.people.to_ask(&device).is_some() {
            tracing::debug!("a device has told its name");
            self.introductions.told(Instant::now(), &device);
            let events = self.people.told(device, presence.person.clone());
            self.tell_people(events);
        }
    }

    pub(super) fn local_said(&mut self, said: LocalSaid) {
        match said {
            LocalSaid::Answered { tag, result } => self.answered(tag, result),
            LocalSaid::Event(event) => self.hub_event(HubKey::Own, event),
        }
    }

    pub(super) fn lan_link_said(&mut self, device: DeviceId, generation: u64, event: LinkEvent) {
        if self.links.get(&device).is_none_or(|lan| lan.generation != generation) {
            return;
        }
        let key = HubKey::Lan(device);
        match event {
            LinkEvent::Up(welcome) => {
                if let Some(lan) = self.links.get_mut(&device) {
                    (lan.up, lan.lost) = (true, false);
                }
                let events = self.people.answered(device, true, false);
                self.tell_people(events);
                if let Some(presence) = welcome.people.iter().find(|person| person.device == device) {
                    self.lan_person(device, presence);
                }
                self.heard_rooms(key, welcome.resumed, welcome.rooms);
                // A hub that does not say who its owner is tells nothing.
                self.introductions.unless_told(Instant::now(), &device, ErrorCode::Malformed);
                if welcome.resumed {
                    self.hub_regained(key);
                } else {
                    self.hub_forgot(key);
                    self.say_addresses(key);
                }
                self.close_links(MAX_IDLE_LINKS);
                self.introduce();
            }
            LinkEvent::Answered { tag, result } => self.answered(tag, result),
            LinkEvent::Said(event) => {
                if let Event::PersonHere { presence } = &event {
                    self.lan_person(device, presence);
                }
                self.hub_event(key, event);
            }
            LinkEvent::Down { code, .. } => {
                if let Some(lan) = self.links.get_mut(&device) {
                    (lan.up, lan.lost) = (false, true);
                }
                self.hub_lost(key);
                self.introductions.unless_told(Instant::now(), &device, code);
                self.listing_down(key, code);
                self.introduce();
            }
            LinkEvent::Ended { code } => {
                self.links.remove(&device);
                // Who did not tell a name in a short time may still be there: probes see to that.
                let for_a_name = (self.introductions.is_asking(&device) || self.listings.is_asking(&device))
                    && !self.pending.values().any(|pending| pending.hub == key);
                self.introductions.failed(Instant::now(), &device, code);
                self.listing_ended(key, code);
                if code == ErrorCode::PhraseWrong {
                    let events = self.people.not_of_ours(device);
                    self.tell_people(events);
                }
                if matches!(code, ErrorCode::Unreachable | ErrorCode::WrongDevice) && !for_a_name {
                    let events = self.people.answered(device, false, true);
                    self.tell_people(events);
                }
                self.fail_pending(key, code);
                if code == ErrorCode::PhraseWrong {
                    // It is there, and does not want us any more.
                    self.shut_out(key);
                }
                self.hub_forgot(key);
                self.introduce();
            }
        }
    }

    /// Ends all links to people's hubs, and what was under way there.
    pub(super) fn close_all_links(&mut self) {
        let links: Vec<(DeviceId, LanLink)> = self.links.drain().collect();
        for (device, lan) in links {
            close(lan.link);
            self.fail_pending(HubKey::Lan(device), ErrorCode::LinkLost);
            self.hub_forgot(HubKey::Lan(device));
        }
    }

    /// Closes links that no room and no ring has needed for a while.
    pub(super) fn close_idle_links(&mut self) {
        self.close_links(MAX_IDLE_LINKS);
    }

    /// A device is gone, or is reached elsewhere: a link that looks for it where it was is of no use, unless something
    /// waits for it to come back.
    pub(super) fn close_lost_link(&mut self, device: &DeviceId) {
        if self.links.get(device).is_some_and(|lan| lan.lost)
            && !self.needed_hubs().contains(&HubKey::Lan(*device))
            && let Some(lan) = self.links.remove(device)
        {
            close(lan.link);
            self.introductions.unless_told(Instant::now(), device, ErrorCode::LinkLost);
        }
    }

    /// A device is reached elsewhere now.
    pub(super) fn redirect_link(&self, device: &DeviceId, addresses: &[SocketAddr]) {
        let Some(lan) = self.links.get(device).filter(|_| !addresses.is_empty()) else { return };
        let (link, addresses) = (lan.link.clone(), addresses.iter().map(ToString::to_string).collect());
        tokio::spawn(async move { link.moved(addresses).await });
    }

    /// This machine has lost an address, and with it perhaps the connections from there: that shows only after seconds.
    pub(super) fn renew_links(&self) {
        let links = self.links.values().map(|lan| &lan.link);
        for link in links.chain(self.server.as_ref().map(|server| &server.link)).cloned().collect::<Vec<_>>()
        {
            tokio::spawn(async move { link.moved(Vec::new()).await });
        }
    }

    /// The hubs where a room, a ring or a request is.
    fn needed_hubs(&self) -> Vec<HubKey> {
        let rooms = self.rooms.values().map(|room| room.hub);
        let rings = self.rings.values().map(|ring| ring.hub);
        let rooms = rooms.chain(self.waits.values().map(|wait| wait.hub));
        rooms.chain(rings).chain(self.pending.values().map(|pending| pending.hub)).collect()
    }

    /// Closes links that nothing needs: those of a while ago, and all but the last `keep`.
    fn close_links(&mut self, keep: usize) {
        let needed = self.needed_hubs();
        let mut idle: Vec<(Instant, DeviceId)> = self
            .links
            .iter()
            .filter(|(device, _)| {
                !needed.contains(&HubKey::Lan(**device))
                    && !self.introductions.is_asking(device)
                    && !self.listings.needs(device)
            })
            .map(|(device, lan)| (lan.used, *device))
            .collect();
        idle.sort_unstable();
        let beyond = idle.len().saturating_sub(keep);
        for (index, (used, device)) in idle.into_iter().enumerate() {
            if (index < beyond || used.elapsed() >= LINK_IDLE)
                && let Some(lan) = self.links.remove(&device)
            {
                close(lan.link);
            }
        }
    }
}
