//! Who is let in: the holder of a fresh ticket, from the right origin, once. Real sockets.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod page;

use std::time::{Duration, Instant};

use page::{ORIGIN, Page, knock, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use webview_rtc::frame::HEADER_BYTES;
use webview_rtc::wire::{Configuration, Fault, MAX_BINARY_BYTES, MAX_CONNECTIONS, MAX_TEXT_BYTES, Request};

fn refused(knocked: Result<page::Socket, Error>) {
    match knocked {
        Err(Error::Http(response)) => {
            assert_eq!(response.status(), 403);
            assert!(response.body().as_ref().is_none_or(Vec::is_empty));
            assert!(response.headers().is_empty());
        }
        Err(other) => panic!("refused otherwise: {other}"),
        Ok(_) => panic!("let in"),
    }
}

#[tokio::test]
async fn a_ticket_lets_in_once() {
    let rtc = start().await;
    let ticket = rtc.ticket().url;
    assert!(format!("{:?}", rtc.ticket()) == "Ticket", "it is a secret");
    let _in = knock(&ticket, |_| {}).await.expect("to be let in");
    refused(knock(&ticket, |_| {}).await);
}

#[tokio::test]
async fn two_who_come_at_once_with_one_ticket_are_one() {
    let rtc = start().await;
    for _ in 0..20 {
        let ticket = rtc.ticket().url;
        let (one, two) = tokio::join!(knock(&ticket, |_| {}), knock(&ticket, |_| {}));
        assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1);
    }
}

#[tokio::test]
async fn wrong_paths_origins_hosts_and_protocols_are_refused() {
    let rtc = start().await;
    let base = format!("ws://{}", rtc.address());
    refused(knock(&format!("{base}/"), |_| {}).await);
    refused(knock(&format!("{base}/{}", "0".repeat(64)), |_| {}).await);
    refused(knock(&format!("{}?x", rtc.ticket().url), |_| {}).await);
    refused(knock(&format!("{}/", rtc.ticket().url), |_| {}).await);
    for origin in ["tauri://localhost:1", "http://localhost", "null", "TAURI://LOCALHOST", ""] {
        let origin = HeaderValue::from_static(origin);
        refused(
            knock(&rtc.ticket().url, |request| drop(request.headers_mut().insert("Origin", origin))).await,
        );
    }
    refused(knock(&rtc.ticket().url, |request| drop(request.headers_mut().remove("Origin"))).await);
    let second = HeaderValue::from_static(ORIGIN);
    let twice = |request: &mut page::Handshake| assert!(request.headers_mut().append("Origin", second));
    refused(knock(&rtc.ticket().url, twice).await);
    let port = rtc.address().port();
    for host in [format!("localhost:{port}"), "127.0.0.1".to_owned(), format!("evil.example:{port}")] {
        let host = HeaderValue::from_str(&host).expect("a header");
        refused(knock(&rtc.ticket().url, |request| drop(request.headers_mut().insert("Host", host))).await);
    }
    let protocol = HeaderValue::from_static("chat");
    let asked = |request: &mut page::Handshake| {
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
    };
    refused(knock(&rtc.ticket().url, asked).await);
}

#[tokio::test]
async fn a_ticket_that_was_shown_by_the_wrong_one_is_used_up() {
    let rtc = start().await;
    let ticket = rtc.ticket().url;
    let evil = HeaderValue::from_static("https://evil.example");
    refused(knock(&ticket, |request| drop(request.headers_mut().insert("Origin", evil))).await);
    refused(knock(&ticket, |_| {}).await);
}

#[tokio::test]
async fn a_late_ticket_is_refused() {
    let rtc = start().await;
    let ticket = rtc.ticket().url;
    tokio::time::sleep(Duration::from_millis(10_200)).await;
    refused(knock(&ticket, |_| {}).await);
}

#[tokio::test]
async fn who_does_not_finish_the_handshake_is_hung_up_on_and_keeps_nobody_out() {
    let rtc = start().await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(rtc.address()).await.expect("to connect");
        let _ = stream.write_all(b"GET /").await;
        silent.push(stream);
    }
    let began = Instant::now();
    for mut stream in silent {
        let mut rest = Vec::new();
        // An end or a reset, but no word.
        let _ = timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await.expect("hung up on");
        assert!(rest.is_empty());
    }
    assert!(began.elapsed() < Duration::from_secs(5));
    let _page = Page::open(&rtc).await;
}

#[tokio::test]
async fn frames_beyond_the_bounds_end_the_session() {
    let rtc = start().await;
    let mut page = Page::open(&rtc).await;
    let text = tokio_tungstenite::tungstenite::Message::text(" ".repeat(MAX_TEXT_BYTES + 1));
    futures_util::SinkExt::send(&mut page.socket, text).await.expect("to send");
    assert!(page.hung_up().await);

    let mut page = Page::open(&rtc).await;
    let bytes = vec![1; HEADER_BYTES + MAX_BINARY_BYTES + 1];
    let frame = tokio_tungstenite::tungstenite::Message::binary(bytes);
    let _ = futures_util::SinkExt::send(&mut page.socket, frame).await;
    assert!(page.hung_up().await);

    let mut page = Page::open(&rtc).await;
    let most = tokio_tungstenite::tungstenite::Message::text(" ".repeat(MAX_TEXT_BYTES));
    futures_util::SinkExt::send(&mut page.socket, most).await.expect("to send");
    assert_eq!(page.ask(Request::GetStats { pc: 1 }).await, Err(Fault::Closed), "and within them it goes on");
}

#[tokio::test]
async fn one_connection_too_many_is_refused() {
    let rtc = start().await;
    let mut page = Page::open(&rtc).await;
    let most = u32::try_from(MAX_CONNECTIONS).expect("small");
    for pc in 0..most {
        page.open_connection(pc).await;
    }
    let open = |pc| Request::Open { pc, configuration: Configuration::default() };
    assert_eq!(page.ask(open(most)).await, Err(Fault::QuotaExceededError));
    assert_eq!(page.ask(open(3)).await, Err(Fault::InvalidStateError));
    page.done(Request::Close { pc: 3 }).await;
    assert_eq!(page.ask(Request::Close { pc: 3 }).await, Err(Fault::Closed));
    page.open_connection(most).await;
}

#[tokio::test]
async fn the_end_of_the_service_is_the_end_of_its_sessions() {
    let rtc = start().await;
    let address = rtc.address();
    let mut page = Page::open(&rtc).await;
    page.open_connection(1).await;
    drop(rtc);
    assert!(page.hung_up().await);
    assert!(TcpStream::connect(address).await.is_err());
}
