//! Attacks on a hub. Each gets in where one check is missing, so it is a real one, and gets nothing from the product.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use earshot_harness::attack::lan::{self, ring_without_looking};
use earshot_harness::attack::naive::{Lacks, NaiveHub};
use earshot_identity::DeviceKey;
use earshot_protocol::hub::{Description, DescriptionKind, HubMessage, RingAnswer, RingEnd, Signal};
use earshot_protocol::{
    DeviceId, ErrorCode, Event, FromHub, Hello, Media, Reply, Request, RequestId, Resume, RingId, RoomId,
    RoomRef, RoomRules, ToHub, Welcome,
};
use earshot_signaling::reconnect::Policy;
use earshot_signaling::{Link, Target};
use earshot_tests_signaling::{Office, Raw, SOON, device, ended, person, soon};
use tokio::net::TcpListener;
use tokio::time::timeout;

/// The host that [`Raw`] dials.
const HOST: &str = "earshot";

/// Nothing is awaited for longer, where nothing is to come.
const QUIET: Duration = Duration::from_millis(300);

/// A hub with or without a check.
enum AnyHub {
    Naive(NaiveHub),
    Product(Box<Office>),
}

impl AnyHub {
    fn address(&self) -> SocketAddr {
        match self {
            Self::Naive(hub) => hub.address,
            Self::Product(hub) => hub.served.address,
        }
    }
}

/// The hub that lacks one check, then the product.
async fn both(lacks: Lacks) -> [(bool, AnyHub); 2] {
    let naive = NaiveHub::start(lacks, HOST).await.unwrap();
    [(true, AnyHub::Naive(naive)), (false, AnyHub::Product(Box::new(Office::server().await)))]
}

/// Somebody at a hub, by hand.
struct Visitor {
    raw: Raw,
    key: Arc<DeviceKey>,
    welcome: Welcome,
    asked: RequestId,
}

impl Visitor {
    async fn enter(hub: &AnyHub) -> Self {
        let key = device();
        let mut raw = Raw::plain(hub.address()).await;
        let welcome = raw.enter(&key).await;
        Self { raw, key, welcome, asked: 0 }
    }

    fn id(&self) -> DeviceId {
        self.key.device_id()
    }

    /// Asks, and waits for the answer; what is told meanwhile is not looked at.
    async fn ask(&mut self, request: Request) -> Result<Reply, ErrorCode> {
        self.asked += 1;
        let asked = self.asked;
        self.raw.say(&ToHub::Request { id: asked, request }).await;
        loop {
            match self.raw.next().await {
                Some(FromHub::Message { message: HubMessage::Ok { id, reply }, .. }) if id == asked => {
                    return Ok(reply);
                }
                Some(FromHub::Message { message: HubMessage::Error { id, code }, .. }) if id == asked => {
                    return Err(code);
                }
                Some(_) => {}
                None => panic!("closed in place of an answer"),
            }
        }
    }

    /// The first event that `wanted` makes something of. Where none is to come, it is waited for shortly.
    async fn hears_if<T>(&mut self, is_to_come: bool, wanted: impl Fn(&Event) -> Option<T>) -> Option<T> {
        let heard = async {
            loop {
                match self.raw.next().await? {
                    FromHub::Message { message: HubMessage::Event { event }, .. } => {
                        if let Some(found) = wanted(&event) {
                            return Some(found);
                        }
                    }
                    _ => continue,
                }
            }
        };
        timeout(if is_to_come { SOON } else { QUIET }, heard).await.ok().flatten()
    }

    async fn make_room(&mut self) -> RoomRef {
        match self
            .ask(Request::CreateRoom { via: None, rules: RoomRules::open_to(2), media: Media::Video })
            .await
        {
            Ok(Reply::Room(state)) => state.room,
            other => panic!("{other:?} in place of a room"),
        }
    }

    async fn ring(&mut self, to: DeviceId) -> RingId {
        let room = self.make_room().await;
        match self.ask(Request::Ring { to, room, media: Media::Video }).await {
            Ok(Reply::Ring { ring }) => ring,
            other => panic!("{other:?} in place of a ring"),
        }
    }
}

fn join(room: &RoomRef) -> Request {
    Request::Join { room: room.clone(), media: Media::Video, password: None }
}

fn rings(event: &Event) -> Option<RingId> {
    match event {
        Event::Ringing { ring, .. } => Some(*ring),
        _ => None,
    }
}

fn end_of(event: &Event) -> Option<RingEnd> {
    match event {
        Event::RingEnded { end, .. } => Some(end.clone()),
        _ => None,
    }
}

fn signal_from(event: &Event) -> Option<DeviceId> {
    match event {
        Event::Signal { from, .. } => Some(*from),
        _ => None,
    }
}

fn offer() -> Signal {
    let description =
        Description { kind: DescriptionKind::Offer, sdp: "v=0\r\n".to_owned(), round: 0, seal: None };
    Signal::Description { description }
}

/// Says a hello that is not one's own; the device that the hub takes its sender for, or why it does not.
async fn let_in(raw: &mut Raw, hello: Hello) -> Result<DeviceId, ErrorCode> {
    raw.say(&ToHub::Hello(hello)).await;
    match raw.next().await {
        Some(FromHub::Welcome(welcome)) => Ok(welcome.you),
        Some(FromHub::Refused { code }) => Err(code),
        other => panic!("{other:?} in place of a welcome"),
    }
}

#[tokio::test]
async fn claiming_anothers_device_id() {
    for (naive, hub) in both(Lacks::Signature).await {
        let ann = device();
        let mut carl = Visitor::enter(&hub).await;
        // Eve gives Ann's key, and signs with her own.
        let mut raw = Raw::plain(hub.address()).await;
        let mut hello = raw.hello(&device());
        hello.key = ann.public_key();
        let entered = let_in(&mut raw, hello).await;
        if naive {
            assert_eq!(entered, Ok(ann.device_id()));
            // Who rings Ann now rings at Eve's.
            carl.ring(ann.device_id()).await;
            let heard = soon("Ann's ring at Eve's", async {
                loop {
                    match raw.next().await {
                        Some(FromHub::Message { message: HubMessage::Event { event }, .. }) => {
                            if rings(&event).is_some() {
                                return true;
                            }
                        }
                        Some(_) => {}
                        None => return false,
                    }
                }
            });
            assert!(heard.await);
        } else {
            assert_eq!(entered, Err(ErrorCode::BadSignature));
            let room = carl.make_room().await;
            let ring = Request::Ring { to: ann.device_id(), room, media: Media::Video };
            assert_eq!(carl.ask(ring).await, Err(ErrorCode::PersonUnknown), "nobody is there as Ann");
        }
    }
}

#[tokio::test]
async fn saying_anothers_hello_again() {
    for (naive, hub) in both(Lacks::Nonce).await {
        // Eve has heard Ann's hello, all of it.
        let ann = device();
        let mut first = Raw::plain(hub.address()).await;
        let hello = first.hello(&ann);
        assert_eq!(let_in(&mut first, hello.clone()).await, Ok(ann.device_id()));
        let mut second = Raw::plain(hub.address()).await;
        let entered = let_in(&mut second, hello).await;
        assert_eq!(entered, if naive { Ok(ann.device_id()) } else { Err(ErrorCode::BadSignature) });
    }
}

#[tokio::test]
async fn taking_over_a_place_with_a_stolen_token() {
    for (naive, hub) in both(Lacks::TokenOwner).await {
        let (mut ann, mut bob) = (Visitor::enter(&hub).await, Visitor::enter(&hub).await);
        let room = ann.make_room().await;
        bob.ask(join(&room)).await.unwrap();
        // Ann's line drops, and Bob says something to her that is kept.
        let (ann_id, token) = (ann.id(), ann.welcome.resume);
        drop(ann);
        let said = Request::Signal { room: room.room, to: ann_id, signal: offer() };
        assert_eq!(bob.ask(said).await, Ok(Reply::Done));
        // Eve comes with Ann's token and a key of her own.
        let mut raw = Raw::plain(hub.address()).await;
        let eve = device();
        let mut hello = raw.hello(&eve);
        hello.resume = Some(Resume { token, seen: 0 });
        raw.say(&ToHub::Hello(hello)).await;
        let Some(FromHub::Welcome(welcome)) = raw.next().await else { panic!("a welcome") };
        assert_eq!(
            (welcome.resumed, welcome.you),
            if naive { (true, ann_id) } else { (false, eve.device_id()) }
        );
        let mut thief = Visitor { raw, key: eve, welcome, asked: 100 };
        let heard = thief.hears_if(naive, signal_from).await;
        assert_eq!(heard, naive.then(|| bob.id()), "what was said to Ann");
        let speaks = thief.ask(Request::Signal { room: room.room, to: bob.id(), signal: offer() }).await;
        assert_eq!(speaks, if naive { Ok(Reply::Done) } else { Err(ErrorCode::NotInRoom) });
        assert_eq!(bob.hears_if(naive, signal_from).await, naive.then_some(ann_id), "in Ann's name");
    }
}

#[tokio::test]
async fn answering_a_ring_in_anothers_place() {
    for (naive, hub) in both(Lacks::RingOwner).await {
        let (mut ann, mut bob, mut eve) =
            (Visitor::enter(&hub).await, Visitor::enter(&hub).await, Visitor::enter(&hub).await);
        let ring = ann.ring(bob.id()).await;
        assert_eq!(bob.hears_if(true, rings).await, Some(ring));
        // Eve has learned the ring's name, in whatever way.
        let accepted = Request::AnswerRing { ring, answer: RingAnswer::Accepted };
        eve.asked += 1;
        eve.raw.say(&ToHub::Request { id: eve.asked, request: accepted }).await;
        if naive {
            assert_eq!(ann.hears_if(true, end_of).await, Some(RingEnd::Accepted), "Bob has not said a word");
            continue;
        }
        assert_eq!(ann.hears_if(false, end_of).await, None);
        // Nor can she end it for Ann.
        assert_eq!(eve.ask(Request::CancelRing { ring }).await, Err(ErrorCode::RingUnknown));
        assert_eq!(bob.hears_if(false, end_of).await, None, "it rings on");
        let declined = RingAnswer::Declined { message: None };
        assert_eq!(bob.ask(Request::AnswerRing { ring, answer: declined }).await, Ok(Reply::Done));
        assert_eq!(ann.hears_if(true, end_of).await, Some(RingEnd::Declined { message: None }));
    }
}

#[tokio::test]
async fn racing_for_a_ring() {
    const ROUNDS: u32 = 10;
    for (naive, hub) in both(Lacks::RingOwner).await {
        let mut stolen = 0;
        for round in 0..ROUNDS {
            let (mut ann, mut bob, mut eve) =
                (Visitor::enter(&hub).await, Visitor::enter(&hub).await, Visitor::enter(&hub).await);
            let ring = ann.ring(bob.id()).await;
            // She also rings him herself, so that there are two.
            eve.ring(bob.id()).await;
            assert_eq!(bob.hears_if(true, rings).await, Some(ring));
            let answer = |answer, id| ToHub::Request { id, request: Request::AnswerRing { ring, answer } };
            let bobs = answer(RingAnswer::Busy, bob.asked + 1);
            let eves = answer(RingAnswer::Accepted, eve.asked + 1);
            // Both at once, now one first, now the other.
            if round % 2 == 0 {
                tokio::join!(biased; bob.raw.say(&bobs), eve.raw.say(&eves));
            } else {
                tokio::join!(biased; eve.raw.say(&eves), bob.raw.say(&bobs));
            }
            match ann.hears_if(true, end_of).await {
                Some(RingEnd::Accepted) => stolen += 1,
                Some(RingEnd::Busy) => {}
                other => panic!("{other:?}"),
            }
            assert_eq!(ann.hears_if(false, end_of).await, None, "a ring ends once");
        }
        eprintln!(
            "{stolen} of {ROUNDS} rings stolen from {}",
            if naive { "a naive hub" } else { "the product" }
        );
        assert_eq!(stolen > 0, naive);
    }
}

#[tokio::test]
async fn speaking_in_a_room_one_is_not_in() {
    for (naive, hub) in both(Lacks::Membership).await {
        let (mut ann, mut bob, mut eve) =
            (Visitor::enter(&hub).await, Visitor::enter(&hub).await, Visitor::enter(&hub).await);
        let room = ann.make_room().await;
        bob.ask(join(&room)).await.unwrap();
        let said = eve.ask(Request::Signal { room: room.room, to: ann.id(), signal: offer() }).await;
        assert_eq!(said, Err(ErrorCode::NotInRoom));
        assert_eq!(ann.hears_if(naive, signal_from).await, naive.then(|| eve.id()));
        if naive {
            continue;
        }
        // From a room of her own she reaches nobody in another, nor does the room of the two have a place for her.
        let own = eve.make_room().await;
        let said = eve.ask(Request::Signal { room: own.room, to: ann.id(), signal: offer() }).await;
        assert_eq!(said, Err(ErrorCode::ParticipantUnknown));
        assert_eq!(eve.ask(join(&room)).await, Err(ErrorCode::RoomFull));
        assert_eq!(eve.ask(Request::Leave { room: room.room }).await, Err(ErrorCode::NotInRoom));
        assert_eq!(ann.hears_if(false, signal_from).await, None);
        let still = Request::Signal { room: room.room, to: ann.id(), signal: offer() };
        assert_eq!(bob.ask(still).await, Ok(Reply::Done));
        assert_eq!(ann.hears_if(true, signal_from).await, Some(bob.id()));
    }
}

#[tokio::test]
async fn guessing_the_room_of_others() {
    for (naive, hub) in both(Lacks::Randomness).await {
        let (mut eve, mut ann) = (Visitor::enter(&hub).await, Visitor::enter(&hub).await);
        let own = eve.make_room().await;
        let anns = ann.make_room().await;
        // Names near her own, in each byte.
        let mut found = None;
        'guessing: for byte in 0..own.room.0.len() {
            for step in [1, 2, 3, 4, 255, 254] {
                let mut guess = own.clone();
                guess.room.0[byte] = guess.room.0[byte].wrapping_add(step);
                if let Ok(Reply::Room(state)) = eve.ask(join(&guess)).await {
                    found = Some(state.room.room);
                    break 'guessing;
                }
            }
        }
        assert_eq!(found, naive.then_some(anns.room));
        if !naive {
            // And nobody guesses for long.
            let mut refused = Ok(Reply::Done);
            for guess in 0..300_u32 {
                let mut room = own.clone();
                room.room = RoomId([0; 16]);
                room.room.0[..4].copy_from_slice(&guess.to_be_bytes());
                refused = eve.ask(join(&room)).await;
                if refused == Err(ErrorCode::TooManyRequests) {
                    break;
                }
            }
            assert_eq!(refused, Err(ErrorCode::TooManyRequests));
        }
    }
}

#[tokio::test]
async fn another_certificate_at_somebodys_address() {
    let bob = device().device_id();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&told);
    let impostor = tokio::spawn(lan::answer(listener, bob, "Bob", move |line| {
        notes.lock().unwrap().push(line.to_owned());
    }));
    // Who does not look at the certificate believes to have rung Bob, who takes the call.
    let heard = soon("the naive call", Box::pin(ring_without_looking(address, bob, "Ann"))).await.unwrap();
    assert_eq!(heard, ["challenge of the one that was dialled: true", "welcome", "the ring ended: Accepted"]);
    assert_eq!(
        std::mem::take(&mut *told.lock().unwrap()),
        ["somebody asks", "hello of Ann", "took the ring of Ann"]
    );
    // The product hangs up within the handshake, and says nothing, not even a name.
    let target = Target::Device { device: bob, addresses: vec![address.to_string()] };
    let (_link, mut events) = Link::open(device(), target, person("Ann"), Policy::call(), None);
    assert_eq!(ended(&mut events).await, ErrorCode::WrongDevice);
    assert!(told.lock().unwrap().is_empty(), "{:?}", told.lock().unwrap());
    impostor.abort();
}
