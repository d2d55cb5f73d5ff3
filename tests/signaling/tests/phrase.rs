//! An office with a phrase: who does not know it gets nowhere, learns nothing, and has one guess a connection.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use earshot_identity::DeviceKey;
use earshot_identity::phrase::{Pake, PhraseKey, Role};
use earshot_identity::tls;
use earshot_protocol::hub::Binding;
use earshot_protocol::limits::MAX_UNGREETED_PER_ADDRESS;
use earshot_protocol::{
    DeviceId, Digest, ErrorCode, Event, FromHub, HubMessage, HubRef, Nonce, PakeMessage, Request,
    ResumeToken, RoomId, RoomRef, ToHub, VERSIONS, Welcome,
};
use earshot_signaling::reconnect::Policy;
use earshot_signaling::{Greeting, Limits, Link, LinkEvent, Local, Target};
use earshot_tests_signaling::{
    Course, Office, Proxy, Raw, Relay, device, ended, exporter, person, soon, until, up, up_again,
};
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::ServerName;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request as Upgrade, Response};

type Phrase = Option<Arc<PhraseKey>>;

fn phrase() -> Phrase {
    Some(Arc::new(PhraseKey::random().unwrap()))
}

async fn office(phrase: &Phrase) -> (Office, watch::Sender<Phrase>) {
    let (change, watched) = watch::channel(phrase.clone());
    (Office::with_phrase(watched).await, change)
}

fn visit(office: &Office, phrase: &Phrase) -> (Link, mpsc::Receiver<LinkEvent>) {
    Link::open(device(), office.target(), person("Ann"), Policy::call(), phrase.clone())
}

/// Into some room of somebody's.
fn ring(to: &Office) -> Request {
    let hub = HubRef { device: device().device_id(), addresses: Vec::new() };
    let room = RoomRef { hub, room: RoomId([5; 16]) };
    Request::Ring { to: to.device(), room, media: Default::default() }
}

async fn places(office: &Office) -> usize {
    office.hub.counts().await.unwrap().places
}

/// Everything that the owner of a hub is told, until `enough`.
async fn heard(owner: &mut Local, mut enough: impl FnMut(&Event) -> bool) -> Vec<Event> {
    let mut events = Vec::new();
    soon("what the owner is told", async {
        loop {
            if let Some(FromHub::Message { message: HubMessage::Event { event }, .. }) = owner.next().await {
                events.push(event);
                if enough(events.last().unwrap()) {
                    return;
                }
            }
        }
    })
    .await;
    events
}

#[tokio::test]
async fn those_who_know_it_meet() {
    let phrase = phrase();
    let (bob, _change) = office(&phrase).await;
    let mut owner = bob.owner("Bob").await;
    let (ann, mut events) = visit(&bob, &phrase);
    let welcome = up(&mut events).await;
    assert_eq!(welcome.people[0].person.name, "Bob");
    assert!(welcome.phrase.is_some());
    // What is asked at once is asked under the right name.
    soon("it rings", ann.request(ring(&bob))).await.unwrap();
    let events = heard(&mut owner, |event| matches!(event, Event::Ringing { .. })).await;
    let Some(Event::Ringing { from, .. }) = events.last() else { panic!("a ring") };
    assert_eq!(from.person.name, "Ann");
}

#[tokio::test]
async fn what_is_asked_before_the_line_is_up_comes_after_the_name() {
    let phrase = phrase();
    let (bob, _change) = office(&phrase).await;
    let mut owner = bob.owner("Bob").await;
    let (ann, mut events) = visit(&bob, &phrase);
    ann.set_person(person("Anna")).await;
    ann.ask(1, ring(&bob)).unwrap();
    up(&mut events).await;
    let events = heard(&mut owner, |event| matches!(event, Event::Ringing { .. })).await;
    let Some(Event::Ringing { from, .. }) = events.last() else { panic!("a ring") };
    assert_eq!(from.person.name, "Anna");
}

#[tokio::test]
async fn another_phrase_or_none_on_either_side_is_refused() {
    let (ours, theirs) = (phrase(), phrase());
    for (hub, visitor) in [(&ours, &theirs), (&ours, &None), (&None, &ours)] {
        let (bob, _change) = office(hub).await;
        let mut owner = bob.owner("Bob").await;
        for policy in [Policy::call(), Policy::server()] {
            let (_link, mut events) =
                Link::open(device(), bob.target(), person("Ann"), policy, visitor.clone());
            // The first thing that is told, and the last: for good, whatever the policy.
            let first = soon("an end", events.recv()).await.unwrap();
            assert_eq!(first, LinkEvent::Ended { code: ErrorCode::PhraseWrong });
        }
        assert_eq!(places(&bob).await, 1, "the owner, and nobody else");
        let told = timeout(Duration::from_millis(200), owner.next()).await;
        assert!(told.is_err() || matches!(told, Ok(Some(FromHub::Welcome(_)))), "{told:?}");
        assert!(
            timeout(Duration::from_millis(200), owner.next()).await.is_err(),
            "the owner hears of nobody"
        );
    }
}

#[tokio::test]
async fn a_hub_that_does_not_ask_and_one_that_does_not_know_hear_no_name() {
    let phrase = phrase();
    let half = Pake::start(Role::Hub, &PhraseKey::random().unwrap()).1;
    // Who asks for the phrase without knowing it hears a guess at most; who does not ask hears nothing.
    for (asks, heard_count) in [(Some(half), 1), (Some(PakeMessage([7; 33])), 0), (None, 0)] {
        let eve = device();
        let (address, said) = liar(&eve, asks, Some(Digest([9; 32]))).await;
        let target = Target::Device { device: eve.device_id(), addresses: vec![address.to_string()] };
        let ann = device();
        let (link, mut events) =
            Link::open(ann.clone(), target, person("Ann"), Policy::server(), phrase.clone());
        link.set_person(person("Annabel")).await;
        assert_eq!(ended(&mut events).await, ErrorCode::PhraseWrong);
        sleep(Duration::from_millis(100)).await;
        let said = said.lock().unwrap();
        assert_eq!(said.len(), heard_count, "{said:?}");
        for said in said.iter() {
            let ToHub::Hello(hello) = said else { panic!("{said:?} in place of a hello") };
            assert_eq!(hello.person.name, ann.device_id().short().to_string());
            assert!(!serde_json::to_string(said).unwrap().contains("Ann"));
        }
    }
    // A confirmation that is missing is as bad as a wrong one.
    let eve = device();
    let (address, _said) = liar(&eve, Some(half), None).await;
    let target = Target::Device { device: eve.device_id(), addresses: vec![address.to_string()] };
    let (_link, mut events) = Link::open(device(), target, person("Ann"), Policy::call(), phrase);
    assert_eq!(ended(&mut events).await, ErrorCode::PhraseWrong);
}

/// A hub that says it knows the phrase. Returns where it is and everything that visitors say to it.
async fn liar(
    key: &Arc<DeviceKey>,
    asks: Option<PakeMessage>,
    confirms: Option<Digest>,
) -> (SocketAddr, Arc<Mutex<Vec<ToHub>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(tls::server_config(key).unwrap());
    let hub = key.device_id();
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&said);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            #[expect(clippy::result_large_err, reason = "the signature is the library's")]
            let name_it = |_: &Upgrade, mut response: Response| {
                let name = earshot_protocol::SUBPROTOCOL.parse().unwrap();
                response.headers_mut().insert("sec-websocket-protocol", name);
                Ok(response)
            };
            let mut socket = accept_hdr_async(stream, name_it).await.unwrap();
            let text = |message: &FromHub| Message::text(serde_json::to_string(message).unwrap());
            let challenge = FromHub::Challenge {
                versions: VERSIONS.to_vec(),
                hub,
                nonce: Nonce([3; 32]),
                binding: Binding::TlsExporter,
                phrase: asks,
            };
            socket.send(text(&challenge)).await.unwrap();
            while let Some(Ok(message)) = socket.next().await {
                let Message::Text(message) = message else { continue };
                heard.lock().unwrap().push(serde_json::from_str(&message).unwrap());
                let welcome = Welcome {
                    version: VERSIONS[0],
                    you: DeviceId([0; 32]),
                    hub: HubRef { device: hub, addresses: Vec::new() },
                    title: String::new(),
                    people: Vec::new(),
                    rooms: Vec::new(),
                    ice_servers: Vec::new(),
                    resume: ResumeToken([1; 32]),
                    phrase: confirms,
                    resumed: false,
                };
                let _ = socket.send(text(&FromHub::Welcome(welcome))).await;
            }
        }
    });
    (address, said)
}

#[tokio::test]
async fn one_connection_is_one_guess() {
    let phrase = phrase();
    let (bob, _change) = office(&phrase).await;
    let eve = device();
    let guesses = 12;
    let started = Instant::now();
    let mut heard = Vec::new();
    for guess in 0..guesses {
        let mut raw = Raw::tls(bob.served.address, &eve, bob.device()).await;
        let half = raw.phrase.expect("each connection is asked");
        assert!(!heard.contains(&half), "a half is used once");
        heard.push(half);
        // The first guess is wrong; the second, on the same connection, would have been right.
        let (wrong, _) = raw.proof(&eve, &PhraseKey::random().unwrap());
        let (right, _) = raw.proof(&eve, phrase.as_ref().unwrap());
        raw.say(&ToHub::Hello(wrong)).await;
        raw.say(&ToHub::Hello(right)).await;
        if guess < 2 {
            // Told late, and closed.
            assert_eq!(raw.refused().await, ErrorCode::PhraseWrong);
            assert!(started.elapsed() >= Duration::from_secs(1) * (guess + 1));
        } else {
            // Who does not wait for the answer leaves a place at the door taken for as long.
            drop(raw);
        }
    }
    assert_eq!(places(&bob).await, 0);
    // The right one on a connection of its own.
    let mut raw = Raw::tls(bob.served.address, &eve, bob.device()).await;
    let (hello, confirms) = raw.proof(&eve, phrase.as_ref().unwrap());
    raw.say(&ToHub::Hello(hello)).await;
    match raw.next().await {
        Some(FromHub::Welcome(welcome)) => assert_eq!(welcome.phrase, Some(confirms)),
        other => panic!("{other:?} in place of a welcome"),
    }
}

#[tokio::test]
async fn guesses_are_slow() {
    let phrase = phrase();
    let (bob, _change) = office(&phrase).await;
    let (started, span) = (Instant::now(), Duration::from_secs(3));
    let mut guessing = tokio::task::JoinSet::new();
    // Many at once; each comes again as soon as it was told, while its last place at the door is not quite free.
    for _ in 0..MAX_UNGREETED_PER_ADDRESS / 2 {
        let (address, hub) = (bob.served.address, bob.device());
        guessing.spawn(async move {
            let mut count = 0;
            let eve = device();
            while started.elapsed() < span {
                let mut raw = Raw::tls(address, &eve, hub).await;
                let (hello, _) = raw.proof(&eve, &PhraseKey::random().unwrap());
                raw.say(&ToHub::Hello(hello)).await;
                assert_eq!(raw.refused().await, ErrorCode::PhraseWrong);
                count += 1;
            }
            count
        });
    }
    let guesses: u32 = guessing.join_all().await.into_iter().sum();
    let seconds = started.elapsed().as_secs() as u32 + 1;
    let bound = MAX_UNGREETED_PER_ADDRESS / 2 * seconds;
    assert!(guesses <= bound, "{guesses} guesses in {seconds} s, more than {bound}");
}

#[tokio::test]
async fn a_reflected_half_proves_nothing() {
    let phrase = phrase();
    let (bob, _change) = office(&phrase).await;
    let eve = device();
    for half in [None, Some(PakeMessage([0; 33])), Some(PakeMessage([0x42; 33]))] {
        let mut raw = Raw::tls(bob.served.address, &eve, bob.device()).await;
        let (mut hello, hubs) = raw.proof(&eve, &PhraseKey::random().unwrap());
        let proof = hello.phrase.as_mut().unwrap();
        // The hub's own half, and what the hub itself would say.
        proof.message = half.or(raw.phrase).unwrap();
        proof.confirmation = hubs;
        raw.say(&ToHub::Hello(hello)).await;
        assert_eq!(raw.refused().await, ErrorCode::PhraseWrong);
    }
    // Who knows the phrase and says the hub's confirmation in place of the visitor's is not in either.
    let mut raw = Raw::tls(bob.served.address, &eve, bob.device()).await;
    let (mut hello, hubs) = raw.proof(&eve, phrase.as_ref().unwrap());
    hello.phrase.as_mut().unwrap().confirmation = hubs;
    raw.say(&ToHub::Hello(hello)).await;
    assert_eq!(raw.refused().await, ErrorCode::PhraseWrong);
    // A proof for nobody in particular: none at all.
    let mut raw = Raw::tls(bob.served.address, &eve, bob.device()).await;
    let hello = raw.hello(&eve);
    raw.say(&ToHub::Hello(hello)).await;
    assert_eq!(raw.refused().await, ErrorCode::PhraseWrong);
    assert_eq!(places(&bob).await, 0);
}

#[tokio::test]
async fn nobody_between_two_who_know_it_gets_in() {
    let phrase = phrase();
    let (bob, _change) = office(&phrase).await;
    // Eve is found under her own id; she asks Ann what Bob asks Eve, and says to Bob what Ann says to her.
    let eve = device();
    let (eve_id, bob_id) = (eve.device_id(), bob.device());
    let config = tls::client_config(&eve, bob_id).unwrap();
    let signer = Arc::clone(&eve);
    let nonce = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&nonce);
    let course = Course {
        tls: Some((config, ServerName::try_from("127.0.0.1").unwrap())),
        from_hub: Arc::new(move |said| match said {
            FromHub::Challenge { hub, nonce, .. } => {
                *seen.lock().unwrap() = Some(*nonce);
                *hub = eve_id;
            }
            FromHub::Welcome(welcome) => welcome.hub.device = eve_id,
            _ => {}
        }),
        // With a hello of her own where Ann's would not do; only the proof is Ann's. Its exporter is that of Ann's
        // connection, so that this signature, too, is refused: take it for a hub that checked nothing else.
        to_hub: Arc::new(move |said| {
            if let ToHub::Hello(hello) = said {
                let nonce = nonce.lock().unwrap().unwrap();
                hello.key = signer.public_key();
                let signed = earshot_protocol::hub::hello_to_sign(&bob_id, &nonce, &hello.key, None);
                hello.signature = signer.sign(&signed);
            }
        }),
        ..Course::to(bob.served.address, "earshot")
    };
    let relay = Relay::start(Some(tls::server_config(&eve).unwrap()), course).await;
    let target = Target::Device { device: eve_id, addresses: vec![relay.address.to_string()] };
    let (_link, mut events) = Link::open(device(), target, person("Ann"), Policy::call(), phrase.clone());
    assert!(matches!(ended(&mut events).await, ErrorCode::PhraseWrong | ErrorCode::BadSignature));
    assert_eq!(places(&bob).await, 0);

    // Eve with everything right but the phrase: her own connection, her own hello, and a proof that Ann made for Eve's
    // hub with Bob's half.
    let ann = device();
    let mut to_bob = Raw::tls(bob.served.address, &eve, bob_id).await;
    let proof_for_eve = {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (client, server) = tokio::join!(
            tokio_rustls::TlsConnector::from(tls::client_config(&ann, eve_id).unwrap())
                .connect(ServerName::try_from("127.0.0.1").unwrap(), near),
            TlsAcceptor::from(tls::server_config(&eve).unwrap()).accept(far)
        );
        let (client, _server) = (client.unwrap(), server.unwrap());
        let (pake, message) = Pake::start(Role::Visitor, phrase.as_ref().unwrap());
        let context = earshot_identity::phrase::Context {
            hub: eve_id,
            visitor: ann.device_id(),
            exporter: exporter(client.get_ref().1),
        };
        let confirmations = pake.finish(&to_bob.phrase.unwrap(), &context).unwrap();
        earshot_protocol::hub::PhraseProof { message, confirmation: confirmations.visitor }
    };
    let mut hello = to_bob.hello(&eve);
    hello.phrase = Some(proof_for_eve);
    to_bob.say(&ToHub::Hello(hello)).await;
    assert_eq!(to_bob.refused().await, ErrorCode::PhraseWrong);
    assert_eq!(places(&bob).await, 0);
}

#[tokio::test]
async fn a_changed_phrase_holds_at_once() {
    let (first, second) = (phrase(), phrase());
    let (bob, change) = office(&first).await;
    let _owner = bob.owner("Bob").await;
    let (_ann, mut from_ann) = visit(&bob, &first);
    up(&mut from_ann).await;
    change.send_replace(second.clone());
    // Who is in under the old one has to come anew, and does not get in.
    assert_eq!(ended(&mut from_ann).await, ErrorCode::PhraseWrong);
    assert_eq!(bob.hub.counts().await.unwrap().connections, 1);
    let (_old, mut events) = visit(&bob, &first);
    assert_eq!(ended(&mut events).await, ErrorCode::PhraseWrong);
    let (_new, mut events) = visit(&bob, &second);
    up(&mut events).await;
    // The phrase is taken away again.
    change.send_replace(None);
    assert_eq!(ended(&mut events).await, ErrorCode::PhraseWrong);
    let (_none, mut events) = visit(&bob, &None);
    up(&mut events).await;
    // And it comes while somebody stands at the door.
    let mut raw = Raw::tls(bob.served.address, &device(), bob.device()).await;
    assert_eq!(raw.phrase, None);
    change.send_replace(second.clone());
    raw.closed().await;
    // Whoever held the sender is gone: the last phrase stays.
    drop(change);
    let (_new, mut events) = visit(&bob, &second);
    up(&mut events).await;
}

#[tokio::test]
async fn a_lost_line_resumes_with_the_phrase() {
    let phrase = phrase();
    let (bob, change) = office(&phrase).await;
    let mut owner = bob.owner("Bob").await;
    let proxy = Proxy::to(bob.served.address).await;
    let ann = device();
    let (link, mut events) =
        Link::open(ann.clone(), bob.target_at(proxy.address), person("Ann"), Policy::call(), phrase.clone());
    up(&mut events).await;
    proxy.cut();
    let (welcome, _) = up_again(&mut events).await;
    assert!(welcome.resumed && welcome.phrase.is_some());
    // Set again: everybody comes anew, and keeps what they had.
    change.send_replace(phrase.clone());
    let (welcome, _) = up_again(&mut events).await;
    assert!(welcome.resumed);
    soon("it rings", link.request(ring(&bob))).await.unwrap();
    let told = heard(&mut owner, |event| matches!(event, Event::Ringing { .. })).await;
    let Some(Event::Ringing { from, .. }) = told.last() else { panic!("a ring") };
    assert_eq!(from.person.name, "Ann");
}

#[tokio::test]
async fn without_tls_between_devices_there_is_no_phrase() {
    // A hub that was given a phrase and no TLS lets nobody in.
    let phrase = phrase();
    let key = device();
    let greeting = Greeting { key: key.clone(), mutual: false, phrase: watch::channel(phrase.clone()).1 };
    let hub = Office::greeting(greeting, None, Limits::default()).await;
    let ann = device();
    let mut raw = Raw::plain(hub.served.address).await;
    raw.bound.1 = raw.bound.1.or(Some([0; 32]));
    let (hello, _) = raw.proof(&ann, phrase.as_ref().unwrap());
    raw.say(&ToHub::Hello(hello)).await;
    assert_eq!(raw.refused().await, ErrorCode::PhraseWrong);
    // A link with a phrase goes straight to a device and by no URL.
    let addresses = vec![format!("ws://{}", hub.served.address)];
    let target = Target::Device { device: hub.device(), addresses };
    let (_link, mut events) = Link::open(device(), target, person("Ann"), Policy::call(), phrase.clone());
    assert_eq!(ended(&mut events).await, ErrorCode::Unreachable);
    let (_link, mut events) = Link::open(device(), hub.url(), person("Ann"), Policy::call(), phrase);
    assert_eq!(ended(&mut events).await, ErrorCode::Unreachable);
    until("nobody", async || places(&hub).await == 0).await;
}
