//! A signaling server that says whatever it likes, by hand over a real socket. What must hold: what it says of standing,
//! names and rings moves nothing in the owner's memory, and a window hears the node's word and not the server's.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::get;
use earshot_discovery::memory::Ether;
use earshot_identity::{DeviceKey, Notary, Place, Seals as _};
use earshot_protocol::hub::{Binding, HubMessage, Participant, RingAnswer, RingEnd, RoomState};
use earshot_protocol::owner::{ServerState, SettingsChange};
use earshot_protocol::{
    DeviceId, DeviceKind, ErrorCode, Event, FromHub, HubRef, Media, NameWarning, Nonce, Presence, Reach,
    Reply, Request, ResumeToken, RingId, RoomId, RoomRef, RoomRules, SUBPROTOCOL, Seq, Standing, ToHub,
    Trust, VERSIONS, Welcome,
};
use tokio::sync::mpsc;

use common::{PATIENCE, Person, an_offer};

const SERVER: DeviceId = DeviceId([9; 32]);
const ROOM: RoomId = RoomId([4; 16]);
const RING: RingId = RingId([5; 16]);

/// The server's side of the one connection to it.
struct Liar {
    socket: WebSocket,
    seq: Seq,
    ann: DeviceId,
}

fn praised(device: DeviceId, name: &str) -> Presence {
    let standing =
        Standing { name: "Best friend".into(), trust: Trust::Verified, blocked: false, warning: None };
    Presence {
        device,
        person: earshot_protocol::Person::named(name),
        kind: DeviceKind::Install,
        reach: Reach::Here,
        via: None,
        standing: Some(standing),
    }
}

fn room() -> RoomRef {
    RoomRef { hub: HubRef { device: SERVER, addresses: Vec::new() }, room: ROOM }
}

impl Liar {
    async fn write(&mut self, message: &FromHub) {
        let text = serde_json::to_string(message).expect("has a JSON form");
        self.socket.send(Message::Text(text.into())).await.expect("the node reads");
    }

    async fn say(&mut self, message: HubMessage) {
        self.seq += 1;
        self.write(&FromHub::Message { seq: self.seq, message }).await;
    }

    async fn event(&mut self, event: Event) {
        self.say(HubMessage::Event { event }).await;
    }

    async fn rings(&mut self, ring: RingId, from: Presence) {
        self.event(Event::Ringing { ring, from, room: room(), media: Media::Voice }).await;
    }

    async fn hears(&mut self) -> ToHub {
        let said = async {
            loop {
                match self.socket.recv().await.expect("connected").expect("a frame") {
                    Message::Text(text) => match serde_json::from_str(&text).expect("a message") {
                        ToHub::Ping { .. } => self.write(&FromHub::Pong).await,
                        other => return other,
                    },
                    other => panic!("{other:?}"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, said).await.expect("the node speaks")
    }

    /// Answers everything with `done` until the request that `pick` takes.
    async fn asked<T>(&mut self, pick: impl Fn(&Request) -> Option<T>) -> (u32, T) {
        loop {
            if let ToHub::Request { id, request } = self.hears().await {
                if let Some(found) = pick(&request) {
                    return (id, found);
                }
                self.say(HubMessage::Ok { id, reply: Reply::Done }).await;
            }
        }
    }

    /// Lets Ann into the room that she wants to join.
    async fn lets_in(&mut self, participants: Vec<Participant>, room: RoomRef) {
        let (id, ()) = self.asked(|request| matches!(request, Request::Join { .. }).then_some(())).await;
        let state = RoomState {
            room,
            epoch: 0,
            origin: None,
            rules: RoomRules::open_to(2),
            host: SERVER,
            founder: SERVER,
            participants,
            ice_servers: Vec::new(),
        };
        self.say(HubMessage::Ok { id, reply: Reply::Room(state) }).await;
    }
}

/// Ann's node, linked to a server that shows `people`.
async fn linked(people: Vec<Presence>, settings: SettingsChange) -> (Person, Liar) {
    let (sockets, mut opened) = mpsc::channel(1);
    let upgrade = move |upgrade: WebSocketUpgrade| {
        let sockets = sockets.clone();
        async move {
            upgrade.protocols([SUBPROTOCOL]).on_upgrade(async move |socket| {
                sockets.send(socket).await.expect("the test waits");
            })
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ws://{}", listener.local_addr().expect("an address"));
    let router = Router::new().route("/ws", get(upgrade));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut ann = Person::arrive(&Ether::new(), "Ann").await;
    ann.change(SettingsChange { signaling_url: Some(url), ..settings }).await;
    let socket = opened.recv().await.expect("Ann's node comes");
    let mut liar = Liar { socket, seq: 0, ann: ann.device() };
    liar.write(&FromHub::Challenge {
        versions: VERSIONS.to_vec(),
        hub: SERVER,
        nonce: Nonce([1; 32]),
        binding: Binding::ServerName,
        phrase: None,
    })
    .await;
    assert!(matches!(liar.hears().await, ToHub::Hello(_)));
    let welcome = Welcome {
        version: VERSIONS[0],
        you: liar.ann,
        hub: HubRef { device: SERVER, addresses: Vec::new() },
        title: "Liars & Co".into(),
        people,
        rooms: Vec::new(),
        ice_servers: Vec::new(),
        resume: ResumeToken([2; 32]),
        phrase: None,
        resumed: false,
    };
    liar.write(&FromHub::Welcome(welcome)).await;
    ann.state("connected", |state| matches!(state.server, ServerState::Connected { .. })).await;
    (ann, liar)
}

#[tokio::test]
async fn a_servers_word_on_standing_is_overwritten() {
    let (bob, eve) = (DeviceId([6; 32]), DeviceId([7; 32]));
    let (mut ann, mut liar) = linked(vec![praised(bob, "Bob")], SettingsChange::default()).await;
    let stranger = |name: &str| {
        Some(Standing { name: name.into(), trust: Trust::Stranger, blocked: false, warning: None })
    };
    assert_eq!(ann.sees(bob, |_| true).await.standing, stranger("Bob"));
    liar.event(Event::PersonHere { presence: praised(eve, "Eve") }).await;
    assert_eq!(ann.sees(eve, |_| true).await.standing, stranger("Eve"));
    liar.rings(RING, praised(eve, "Eve")).await;
    assert_eq!(ann.is_rung().await.1.standing, stranger("Eve"));
    // Nor is a name taken that is none.
    liar.event(Event::PersonHere { presence: praised(eve, "E\u{202e}ve\n") }).await;
    let entry = ann.sees(eve, |entry| entry.person.name != "Eve").await;
    assert_eq!(entry.standing, stranger("Eve"));
}

#[tokio::test]
async fn a_servers_word_alone_makes_nobody_known() {
    let key = Arc::new(DeviceKey::generate().expect("a key"));
    let (bob, eve) = (key.device_id(), DeviceId([7; 32]));
    let (mut ann, mut liar) = linked(Vec::new(), SettingsChange::default()).await;
    let anns = ann.device();
    liar.rings(RING, praised(bob, "Bob")).await;
    ann.is_rung().await;
    let accept = Request::AnswerRing { ring: RING, answer: RingAnswer::Accepted };
    let (answered, ()) = tokio::join!(ann.ask(accept), async {
        let answers = |request: &Request| matches!(request, Request::AnswerRing { .. }).then_some(());
        let (id, ()) = liar.asked(answers).await;
        liar.say(HubMessage::Ok { id, reply: Reply::Done }).await;
        liar.event(Event::RingEnded { ring: RING, end: RingEnd::Accepted }).await;
    });
    assert_eq!(answered, Ok(Reply::Done));
    assert_eq!(ann.ring_ends(RING).await, RingEnd::Accepted);
    let participant = |device, name: &str| Participant {
        device,
        person: earshot_protocol::Person::named(name),
        kind: DeviceKind::Install,
        media: Media::Voice,
        hub: None,
    };
    let at = room();
    tokio::join!(ann.join(&at), liar.lets_in(vec![participant(bob, "Bob")], room()));
    let standing = ann.stands(bob, |_| true).await;
    assert_eq!((standing.name.as_str(), standing.trust), ("Bob", Trust::Stranger));
    // Somebody else in his place, and a description that is nobody's.
    liar.event(Event::ParticipantJoined { room: ROOM, participant: participant(eve, "Eve") }).await;
    ann.stands(eve, |standing| standing.trust == Trust::Stranger).await;
    let mut eves = Notary::new(Arc::new(DeviceKey::generate().expect("a key")), DeviceKind::Install);
    let place = Place { hub: SERVER, room: ROOM };
    let forged = eves.seal(1_700_000_000_000, place, anns, an_offer(0)).expect("seals");
    assert_eq!(ann.opens(&at, bob, forged).await, Err(ErrorCode::DescriptionForged));
    assert!(ann.devices().await.is_empty(), "no key was proven");
    // He himself.
    let mut bobs = Notary::new(key, DeviceKind::Install);
    let offer = bobs.seal(1_700_000_000_000, place, anns, an_offer(0)).expect("seals");
    ann.opens(&at, bob, offer).await.expect("opens");
    ann.stands(bob, |standing| standing.trust == Trust::Met).await;
    let devices = ann.devices().await;
    assert_eq!((devices.len(), devices[0].device, devices[0].kept_name.as_str()), (1, bob, "Bob"));
    // Now that he is known, nobody else is Bob.
    liar.event(Event::PersonHere { presence: praised(eve, "BOB") }).await;
    let entry = ann.sees(eve, |_| true).await;
    let warned = Some(NameWarning::Taken { by: bob, name: "Bob".into() });
    assert_eq!(entry.standing.expect("a standing").warning, warned);
}

#[tokio::test]
async fn a_server_has_rooms_of_its_own_only() {
    let (mut ann, mut liar) = linked(Vec::new(), SettingsChange::default()).await;
    let own = ann.open_room(None).await.room;
    let mut elsewhere = room();
    elsewhere.hub.device = ann.device();
    // Another hub's room, and the id of a room that Ann is in elsewhere.
    for answered in [elsewhere, RoomRef { room: own.room, ..room() }] {
        let join = Request::Join { room: room(), media: Media::Voice, password: None };
        let (joined, ()) = tokio::join!(ann.ask(join), liar.lets_in(Vec::new(), answered));
        assert_eq!(joined, Err(ErrorCode::Malformed));
    }
    ann.seal(&own, SERVER, an_offer(0)).await.expect("Ann's own room is as it was");
}

#[tokio::test]
async fn calls_that_nobody_can_know_again_are_refused_where_the_owner_wants_it() {
    let refuse = SettingsChange { refuse_unverified: Some(true), ..SettingsChange::default() };
    let key = Arc::new(DeviceKey::generate().expect("a key"));
    let guest = key.device_id();
    let (mut ann, mut liar) = linked(Vec::new(), refuse).await;
    let anns = ann.device();
    liar.rings(RING, Presence { kind: DeviceKind::Transient, ..praised(guest, "Guest") }).await;
    let answers = |request: &Request| match request {
        Request::AnswerRing { ring: RING, answer } => Some(answer.clone()),
        _ => None,
    };
    assert_eq!(liar.asked(answers).await.1, RingAnswer::Busy);
    assert!(!ann.rings_within(Duration::from_millis(300)).await);
    assert_eq!(ann.calls().await[0].end, RingEnd::Busy);
    // A server may hide what they are; their seal does not.
    let at = room();
    tokio::join!(ann.join(&at), liar.lets_in(Vec::new(), room()));
    let place = Place { hub: SERVER, room: ROOM };
    let mut guests = Notary::new(key, DeviceKind::Transient);
    let offer = guests.seal(1_700_000_000_000, place, anns, an_offer(0)).expect("seals");
    assert_eq!(ann.opens(&at, guest, offer).await, Err(ErrorCode::UnverifiedRefused));
    ann.change(SettingsChange { refuse_unverified: Some(false), ..SettingsChange::default() }).await;
    let offer = guests.seal(1_700_000_000_000, place, anns, an_offer(1)).expect("seals");
    assert_eq!(ann.opens(&at, guest, offer).await.map(|(_, kind)| kind), Ok(DeviceKind::Transient));
    // They are not remembered: their key is gone with the page.
    let ring = RingId([8; 16]);
    liar.rings(ring, Presence { kind: DeviceKind::Transient, ..praised(guest, "Guest") }).await;
    ann.is_rung().await;
    let request = earshot_protocol::OwnerRequest::RememberDevice { device: guest };
    liar.event(Event::PersonHere {
        presence: Presence { kind: DeviceKind::Transient, ..praised(guest, "Guest") },
    })
    .await;
    ann.sees(guest, |_| true).await;
    assert_eq!(ann.own(request).await, Err(ErrorCode::NotAllowed));
    assert!(ann.devices().await.is_empty());
}

#[tokio::test]
async fn a_server_that_lets_the_blocked_ring_is_not_heard() {
    let eve = DeviceId([7; 32]);
    let (mut ann, mut liar) = linked(vec![praised(eve, "Eve")], SettingsChange::default()).await;
    ann.sees(eve, |_| true).await;
    ann.does(earshot_protocol::OwnerRequest::BlockDevice { device: eve, blocked: true }).await;
    let told = |request: &Request| match request {
        Request::SetBlocked { devices } if !devices.is_empty() => Some(devices.clone()),
        _ => None,
    };
    let (id, devices) = liar.asked(told).await;
    assert_eq!(devices, [eve]);
    // An old server does not know of it.
    liar.say(HubMessage::Error { id, code: ErrorCode::Malformed }).await;
    liar.rings(RING, praised(eve, "Eve")).await;
    assert!(!ann.rings_within(Duration::from_secs(1)).await);
    assert!(ann.calls().await.is_empty());
}

#[tokio::test]
async fn a_thousand_of_one_name_cut_no_window_off() {
    let people: Vec<Presence> = (0..1000_u32)
        .map(|number| {
            let mut device = [7; 32];
            device[..4].copy_from_slice(&number.to_be_bytes());
            praised(DeviceId(device), "Bob")
        })
        .collect();
    let (first, last) = (people[0].device, people[999].device);
    let (mut ann, _liar) = linked(people, SettingsChange::default()).await;
    ann.sees(last, |_| true).await;
    ann.sees(first, |_| true).await;
    ann.heard.clear();
    // All others have a warning from now on.
    ann.does(earshot_protocol::OwnerRequest::RememberDevice { device: first }).await;
    let warned = |entry: &Presence| entry.standing.as_ref().is_some_and(|own| own.warning.is_some());
    ann.sees(last, warned).await;
    ann.does(earshot_protocol::OwnerRequest::ForgetDevice { device: first }).await;
    ann.sees(last, |entry| !warned(entry)).await;
}
