//! Nobody reaches a hub without proving a key: to this hub, over this connection, in time.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use earshot_identity::tls;
use earshot_protocol::hub::hello_to_sign;
use earshot_protocol::limits::{HELLO_TIMEOUT, MAX_MESSAGE_BYTES};
use earshot_protocol::{ErrorCode, FromHub, Nonce, SUBPROTOCOL, Signature, ToHub};
use earshot_signaling::reconnect::Policy;
use earshot_signaling::{Limits, Link, LinkEvent, Target};
use earshot_tests_signaling::{Office, Raw, Served, device, ended, next, person, soon, up, upgrade_status};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};

#[tokio::test]
async fn two_installs_prove_themselves_to_each_other() {
    let bob = Office::install().await;
    let _owner = bob.owner("Bob").await;
    let ann = device();
    let (link, mut events) = Link::open(ann.clone(), bob.target(), person("Ann"), Policy::call(), None);
    let welcome = up(&mut events).await;
    assert_eq!((welcome.you, welcome.hub.device), (ann.device_id(), bob.device()));
    assert!(!welcome.resumed);
    assert_eq!(welcome.people.len(), 1, "a visitor sees the owner and nobody else");
    assert_eq!(welcome.people[0].person.name, "Bob");
    link.close().await;
}

#[tokio::test]
async fn another_device_fails_inside_the_handshake() {
    // Eve's machine has Bob's address now: her whole hub is there, and it must not hear a word.
    let (bob, eve) = (device(), device());
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&requests);
    let router = Router::new().route(
        "/{*any}",
        any(move || {
            counter.fetch_add(1, Ordering::SeqCst);
            async { "heard" }
        }),
    );
    let served = Served::start(router, Some(&eve), Limits::default()).await;
    let target = Target::Device { device: bob.device_id(), addresses: vec![served.address.to_string()] };
    let (_link, mut events) = Link::open(device(), target, person("Ann"), Policy::call(), None);
    assert_eq!(next(&mut events).await, LinkEvent::Ended { code: ErrorCode::WrongDevice });
    assert_eq!(requests.load(Ordering::SeqCst), 0);

    // The same seen from Eve's side of the wire: her handshake does not end, so there is nothing she could decrypt.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let acceptor = TlsAcceptor::from(tls::server_config(&eve).unwrap());
    let target = Target::Device { device: bob.device_id(), addresses: vec![address] };
    let (_link, mut events) = Link::open(device(), target, person("Ann"), Policy::call(), None);
    let (stream, _) = soon("a connection", listener.accept()).await.unwrap();
    assert!(soon("the handshake", acceptor.accept(stream)).await.is_err());
    assert_eq!(ended(&mut events).await, ErrorCode::WrongDevice);
}

#[tokio::test]
async fn the_right_device_is_found_among_wrong_and_silent_addresses() {
    let bob = Office::install().await;
    let eve = Office::install().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addresses = [silent.local_addr().unwrap(), eve.served.address, bob.served.address];
    let target = Target::Device {
        device: bob.device(),
        addresses: addresses.iter().map(SocketAddr::to_string).collect(),
    };
    let started = Instant::now();
    let (_link, mut events) = Link::open(device(), target, person("Ann"), Policy::call(), None);
    up(&mut events).await;
    assert!(started.elapsed() < Duration::from_millis(2000), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_wrong_device_is_told_even_when_another_address_is_silent() {
    let eve = Office::install().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addresses = vec![eve.served.address.to_string(), silent.local_addr().unwrap().to_string()];
    let target = Target::Device { device: device().device_id(), addresses };
    let (_link, mut events) = Link::open(device(), target, person("Ann"), Policy::call(), None);
    assert_eq!(ended(&mut events).await, ErrorCode::WrongDevice);
}

#[tokio::test]
async fn a_hello_of_another_key_than_the_handshakes_is_refused() {
    let bob = Office::install().await;
    let (ann, eve) = (device(), device());
    let mut raw = Raw::tls(bob.served.address, &eve, bob.device()).await;
    // Eve has made Ann sign it, in whatever way: Ann is not at this end of the wire.
    let hello = raw.hello(&ann);
    raw.say(&ToHub::Hello(hello)).await;
    assert_eq!(raw.refused().await, ErrorCode::WrongDevice);
}

#[tokio::test]
async fn a_signature_proves_one_key_at_one_hub_for_one_challenge() {
    let server = Office::server().await;
    let elsewhere = Office::server().await;
    let ann = device();
    let address = server.served.address;

    let mut raw = Raw::plain(address).await;
    let mut hello = raw.hello(&ann);
    hello.signature.0[10] ^= 1;
    raw.say(&ToHub::Hello(hello)).await;
    assert_eq!(raw.refused().await, ErrorCode::BadSignature);

    // For another hub, with this hub's nonce.
    let mut raw = Raw::plain(address).await;
    raw.hub = elsewhere.device();
    let hello = raw.hello(&ann);
    raw.say(&ToHub::Hello(hello)).await;
    assert_eq!(raw.refused().await, ErrorCode::BadSignature);

    // For another connection's challenge.
    let (first, mut second) = (Raw::plain(address).await, Raw::plain(address).await);
    let hello = first.hello(&ann);
    second.say(&ToHub::Hello(hello)).await;
    assert_eq!(second.refused().await, ErrorCode::BadSignature);

    // Somebody else's key with one's own signature.
    let mut raw = Raw::plain(address).await;
    let mut hello = raw.hello(&ann);
    hello.key = device().public_key();
    raw.say(&ToHub::Hello(hello)).await;
    assert_eq!(raw.refused().await, ErrorCode::BadSignature);

    let mut raw = Raw::plain(address).await;
    let mut hello = raw.hello(&ann);
    hello.signature = Signature([0; 64]);
    raw.say(&ToHub::Hello(hello)).await;
    assert_eq!(raw.refused().await, ErrorCode::BadSignature);

    // And the good one is let in, by the same steps.
    let mut raw = Raw::plain(address).await;
    assert_eq!(raw.enter(&ann).await.you, ann.device_id());
}

#[tokio::test]
async fn versions_and_names_are_checked_before_anybody_is_let_in() {
    let server = Office::server().await;
    let ann = device();
    let mut raw = Raw::plain(server.served.address).await;
    let mut hello = raw.hello(&ann);
    hello.versions = vec![0, 99];
    raw.say(&ToHub::Hello(hello)).await;
    assert_eq!(raw.refused().await, ErrorCode::VersionUnsupported);

    let mut raw = Raw::plain(server.served.address).await;
    let mut hello = raw.hello(&ann);
    hello.person = person("  ");
    raw.say(&ToHub::Hello(hello)).await;
    assert_eq!(raw.refused().await, ErrorCode::NameInvalid);
    assert_eq!(server.hub.counts().await.unwrap().places, 0);
}

#[tokio::test]
async fn only_a_hello_may_come_first() {
    let server = Office::server().await;
    let address = server.served.address;
    let early = serde_json::to_string(&ToHub::Ping { seen: 0 }).unwrap();
    for (text, code) in [
        (early.as_str(), ErrorCode::HelloExpected),
        ("", ErrorCode::HelloExpected),
        ("{", ErrorCode::HelloExpected),
        (r#"{"type":"applause"}"#, ErrorCode::HelloExpected),
        (r#"{"type":"request","id":1,"request":{"type":"leave","room":"x"}}"#, ErrorCode::HelloExpected),
        (r#"{"type":"hello"}"#, ErrorCode::Malformed),
        (r#"{"type":"hello","versions":"all"}"#, ErrorCode::Malformed),
    ] {
        let mut raw = Raw::plain(address).await;
        raw.say_text(text).await;
        assert_eq!(raw.refused().await, code, "{text}");
    }
    let mut raw = Raw::plain(address).await;
    raw.send(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(raw.refused().await, ErrorCode::HelloExpected);
    let mut raw = Raw::plain(address).await;
    raw.say_text(" ".repeat(MAX_MESSAGE_BYTES as usize + 1)).await;
    assert_eq!(raw.refused().await, ErrorCode::TooLarge);
}

#[tokio::test]
async fn who_is_silent_is_not_waited_for() {
    let server = Office::server().await;
    let bob = Office::install().await;
    let limit = Duration::from_millis(HELLO_TIMEOUT.into());
    let started = Instant::now();
    let no_hello = async {
        let mut raw = Raw::plain(server.served.address).await;
        match timeout(limit * 2, futures_util::StreamExt::next(&mut raw.socket)).await {
            Ok(Some(Ok(Message::Text(text)))) => {
                let said: FromHub = serde_json::from_str(&text).unwrap();
                assert_eq!(said, FromHub::Refused { code: ErrorCode::HelloTimeout });
            }
            other => panic!("{other:?} in place of a refusal"),
        }
        // A hello that comes now is too late.
        let hello = raw.hello(&device());
        raw.say(&ToHub::Hello(hello)).await;
        assert_eq!(raw.next().await, None);
    };
    let no_handshake = async {
        let mut stream = TcpStream::connect(bob.served.address).await.unwrap();
        let read = timeout(limit * 2, stream.read(&mut [0; 16])).await.expect("closed in time");
        assert!(matches!(read, Ok(0) | Err(_)));
    };
    let no_request = async {
        let mut stream = TcpStream::connect(server.served.address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"GET /ws HTTP/1.1\r\nHost: a").await.unwrap();
        let mut answer = Vec::new();
        let _ = timeout(limit * 2, stream.read_to_end(&mut answer)).await.expect("closed in time");
    };
    tokio::join!(no_hello, no_handshake, no_request);
    assert!(started.elapsed() >= limit - Duration::from_millis(100), "{:?}", started.elapsed());
    assert!(started.elapsed() < limit + Duration::from_secs(3), "{:?}", started.elapsed());
}

#[tokio::test]
async fn the_subprotocol_must_be_named() {
    let server = Office::server().await;
    let address = server.served.address;
    let request = || ClientRequestBuilder::new(http::Uri::from_static("ws://earshot/ws"));
    assert_eq!(upgrade_status(address, request()).await, 400);
    assert_eq!(upgrade_status(address, request().with_sub_protocol("earshot.v0")).await, 400);
    let several = request().with_sub_protocol("earshot.v0").with_sub_protocol(SUBPROTOCOL);
    assert_eq!(upgrade_status(address, several).await, 101);
}

#[tokio::test]
async fn a_link_believes_no_hub_of_another_device() {
    // The directory's URL leads to some hub, but the room is said to be at another.
    let server = Office::server().await;
    let addresses = vec![format!("ws://{}", server.served.address)];
    let target = Target::Device { device: device().device_id(), addresses: addresses.clone() };
    let (_link, mut events) = Link::open(device(), target, person("Ann"), Policy::call(), None);
    assert_eq!(ended(&mut events).await, ErrorCode::WrongDevice);
    let target = Target::Device { device: server.device(), addresses };
    let (_link, mut events) = Link::open(device(), target, person("Ann"), Policy::call(), None);
    up(&mut events).await;
}

#[tokio::test]
async fn a_proof_covers_hub_nonce_and_key() {
    // What the documents promise about the bytes, with the real signature check.
    let key = device();
    let (hub, nonce) = (device().device_id(), Nonce([3; 32]));
    let signed = hello_to_sign(&hub, &nonce, &key.public_key(), None);
    let signature = key.sign(&signed);
    assert!(earshot_identity::verify(&key.public_key(), &signed, &signature));
    for other in [
        hello_to_sign(&device().device_id(), &nonce, &key.public_key(), None),
        hello_to_sign(&hub, &Nonce([4; 32]), &key.public_key(), None),
        hello_to_sign(&hub, &nonce, &device().public_key(), None),
    ] {
        assert!(!earshot_identity::verify(&key.public_key(), &other, &signature));
    }
}
