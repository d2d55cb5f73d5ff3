//! What no retry can mend ends a link at once, with the code that says why.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::any;
use earshot_protocol::hub::Binding;
use earshot_protocol::{ErrorCode, FromHub, Nonce, SUBPROTOCOL};
use earshot_signaling::reconnect::Policy;
use earshot_signaling::{Limits, Link, LinkEvent, Target};
use earshot_tests_signaling::{Served, device, ended, next, person};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

async fn first(target: Target) -> LinkEvent {
    let (_link, mut events) = Link::open(device(), target, person("Ann"), Policy::server(), None);
    next(&mut events).await
}

fn url(text: impl Into<String>) -> Target {
    Target::Url(text.into())
}

#[tokio::test]
async fn urls_that_cannot_be_meant() {
    for (text, code) in [
        ("", ErrorCode::UrlInvalid),
        ("https://calls.example", ErrorCode::UrlInvalid),
        ("ws://calls.example", ErrorCode::UrlInsecure),
        ("ws://192.0.2.1:7447", ErrorCode::UrlInsecure),
    ] {
        assert_eq!(first(url(text)).await, LinkEvent::Ended { code }, "{text}");
    }
}

#[tokio::test]
async fn another_program_at_the_url() {
    let router = Router::new()
        .route("/ws", any(|| async { "hello" }))
        .route("/gone", any(|| async { StatusCode::NOT_FOUND }))
        .route("/moved", any(|| async { axum::response::Redirect::permanent("/ws").into_response() }))
        .route("/busy", any(|| async { StatusCode::SERVICE_UNAVAILABLE }));
    let served = Served::start(router, None, Limits::default()).await;
    for path in ["ws", "gone", "moved", "nowhere"] {
        let event = first(url(format!("ws://{}/{path}", served.address))).await;
        assert_eq!(event, LinkEvent::Ended { code: ErrorCode::UrlInvalid }, "{path}");
    }
    // Busy is not wrong.
    let event = first(url(format!("ws://{}/busy", served.address))).await;
    assert!(matches!(event, LinkEvent::Down { code: ErrorCode::Unreachable, .. }), "{event:?}");
}

/// A hub of another time, which says `first` and then `second` to whatever it hears.
async fn strange_hub(first: FromHub, second: Option<FromHub>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            #[expect(clippy::result_large_err, reason = "the signature is the library's")]
            let name_it = |_: &Request, mut response: Response| {
                response.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
                Ok(response)
            };
            let mut socket = accept_hdr_async(stream, name_it).await.unwrap();
            let say = |message: &FromHub| Message::text(serde_json::to_string(message).unwrap());
            socket.send(say(&first)).await.unwrap();
            if let (Some(Ok(_)), Some(second)) = (socket.next().await, &second) {
                socket.send(say(second)).await.unwrap();
            }
            while let Some(Ok(_)) = socket.next().await {}
        }
    });
    address
}

fn challenge(versions: Vec<u16>) -> FromHub {
    FromHub::Challenge {
        versions,
        hub: device().device_id(),
        nonce: Nonce([5; 32]),
        binding: Binding::ServerName,
        phrase: None,
    }
}

#[tokio::test]
async fn a_hub_without_a_common_version() {
    let address = strange_hub(challenge(vec![98, 99]), None).await;
    for policy in [Policy::call(), Policy::server()] {
        let (_link, mut events) =
            Link::open(device(), url(format!("ws://{address}")), person("Ann"), policy, None);
        assert_eq!(ended(&mut events).await, ErrorCode::VersionUnsupported);
    }
}

#[tokio::test]
async fn a_refusal_for_good_and_one_for_now() {
    let refused = |code| Some(FromHub::Refused { code });
    let at = async |code| url(format!("ws://{}", strange_hub(challenge(vec![1]), refused(code)).await));
    for code in [ErrorCode::BadSignature, ErrorCode::VersionUnsupported, ErrorCode::NameInvalid] {
        assert_eq!(first(at(code).await).await, LinkEvent::Ended { code });
    }
    for code in [ErrorCode::HubFull, ErrorCode::TooManyPlaces, ErrorCode::Internal] {
        let event = first(at(code).await).await;
        assert!(matches!(event, LinkEvent::Down { code: told, .. } if told == code), "{event:?}");
        // A call is told at once.
        let (_link, mut events) = Link::open(device(), at(code).await, person("Ann"), Policy::call(), None);
        assert_eq!(ended(&mut events).await, code);
    }
}

#[tokio::test]
async fn a_hub_that_speaks_nonsense() {
    let address = strange_hub(FromHub::Pong, None).await;
    let (_link, mut events) =
        Link::open(device(), url(format!("ws://{address}")), person("Ann"), Policy::call(), None);
    assert_eq!(ended(&mut events).await, ErrorCode::Malformed);
}
